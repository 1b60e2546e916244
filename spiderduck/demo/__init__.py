"""A small web of its own on loopback, to see the whole flow without a network."""
