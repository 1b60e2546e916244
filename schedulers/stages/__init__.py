"""The stages, one per file, in the order that `pipeline.py` gives them. None imports another."""
