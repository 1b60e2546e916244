"""From bytes to a variant's bytes. Start reading at `steps.py`, where the order stands."""
