"""The fetcher as a server: one hop per request, health and metrics."""
