"""Adapters of the `Session` port: how CQL reaches Cassandra, a file per driver."""
