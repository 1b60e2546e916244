"""Ways to the network: each one is an `httpx.AsyncBaseTransport`, so that any other plugs in."""
