"""Ids over HTTP: start at `server.py` (what is answered) and `client.py` (how others mint from range leases)."""
