"""Adapters of the fetchers' `HostStateStore` port."""
