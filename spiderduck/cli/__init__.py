"""The command line, a file per command; `app.py` puts them together. Heavy imports happen inside the commands."""
