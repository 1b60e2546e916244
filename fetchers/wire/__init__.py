"""What goes between the client library and a fetcher's service."""
