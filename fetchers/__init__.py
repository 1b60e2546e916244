"""The polite, safe fetching service. Start reading at `fetcher.py`.

Imports nothing here, so that `fetchers.model` and `fetchers.urls` load without an HTTP library.
"""
