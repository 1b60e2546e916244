"""The composition root: the only place that chooses adapters and builds the product. Start at `processes.py`."""
