"""The stages, one per file, in the order that `pipeline.py` gives them. None imports another, and only the pipeline
imports them."""
