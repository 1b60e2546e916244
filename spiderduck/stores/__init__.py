"""Adapters of the `MetadataStore` and `Lookups` ports, a file per technology."""
