"""The three caches of a pipeline. Their shared arithmetic is `lru.py`, which is pure."""
