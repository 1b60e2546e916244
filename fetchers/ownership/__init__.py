"""Who may send to which domain (port `Ownership`), as one of many fetchers: `zookeeper.py`."""
