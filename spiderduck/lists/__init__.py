"""Lists of bad links, from files: blocklists, hash prefixes, hashes of content. READ FIRST.

    a file ─► formats.py (entries) ─► table.py (eight bytes an entry) ─► loaded.py (one list: what matches)
    a URL  ─► expressions.py (what of it a list may name) ───────────────┘

`verdict.py` says what all lists and a URL's own look come to. Pure; the files are watched in `watching.py`.
"""
