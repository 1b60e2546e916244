"""The public name of the address guard; see `fetchers.transport.address_guard`."""

from fetchers.transport.address_guard import AddressPolicy, is_allowed

__all__ = ["AddressPolicy", "is_allowed"]
