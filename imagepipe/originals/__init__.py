"""Originals: the bytes as their origin sent them. Start reading at `lookup.py`, which holds the order of the search."""
