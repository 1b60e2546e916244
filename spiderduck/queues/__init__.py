"""Adapters of the `EventQueue` port, a file per technology."""
