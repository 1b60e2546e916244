"""The public name of the address guard; see `groundwork.address_guard`."""

from groundwork.address_guard import AddressPolicy, is_allowed

__all__ = ["AddressPolicy", "is_allowed"]
