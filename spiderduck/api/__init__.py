"""Everything that is asked over HTTP, a file per group of calls; `app.py` puts them together."""
