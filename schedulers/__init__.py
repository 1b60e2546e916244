"""The flow: from an event to a link that is understood. Start reading at `pipeline.py`.

Imports nothing here, so that a pure part (`schedulers.urls`, `schedulers.metadata`) loads without the rest.
"""
