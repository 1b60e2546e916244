"""Takedowns: a URL, its page and everything kept of both goes, and stays away until an admin lifts it. READ FIRST.

    an admin ─► taking.py (what belongs to it; in force, then removed) ─► ports.py (stores, archive, pictures, notices)
                    └─► in_force.py (what this process refuses and hides) ◄── following.py (what other processes took)

`model.py` is what is kept of a takedown, `notices.py` what a notice of it still says. `sqlite.py` and `cassandra.py`
keep the list; `remote.py` is for image processes, which have neither.
"""
