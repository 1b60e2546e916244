"""The command line of the package alone. Start at `commands.py`."""
