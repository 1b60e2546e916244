"""The client library: follows redirects, sending each hop to the fetcher that owns its domain."""
