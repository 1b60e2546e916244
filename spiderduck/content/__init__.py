"""Adapters of the `Archive` port: where the bytes of pages are kept."""
