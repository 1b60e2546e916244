"""Adapters of the `Source` port: a folder, plain HTTP. In the product the polite fetcher takes their place."""
