"""Adapters of the `HostStateStore` port, a file per technology."""
