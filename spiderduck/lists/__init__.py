"""Lists of bad links, from files: blocklists, hash prefixes, hashes of content. READ FIRST.

    a file ─► formats.py (entries) ─► table.py (twelve bytes an entry) ─► loaded.py (one list: what matches)
    a URL  ─► expressions.py (what of it a list may name) ───────────────┘

`about.py` is what a list says of an entry that matched. `verdict.py` says what all lists and a URL's own look
(`signals.py`) come to. Up to there all is pure. `watching.py` reads the files again, `judging.py` judges what is known
of a URL, `rejudging.py` all that is stored (in one process of several, `walks.py`), and `pictures.py` says which
pictures must not be served. What an admin took down goes before all lists (`spiderduck.takedowns`).
"""
