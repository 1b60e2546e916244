"""Adapters of the `AdditionalCache` port: read-only stores that are asked before the network."""
