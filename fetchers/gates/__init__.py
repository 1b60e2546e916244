"""Names that other software relies on; the address guard itself is part of `fetchers.transport`."""
