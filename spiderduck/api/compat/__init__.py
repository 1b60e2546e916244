"""Ends that other programs already speak, so that they use this server without a change. READ FIRST.

    a client's own request ─► handlers.py (whose key, how long) ─► the unfurl of /v1 ─► shapes.py (its own answer)

Each is switched on by `[compat]`. None passes on HTML of a provider, and none says more than the card does.
"""
