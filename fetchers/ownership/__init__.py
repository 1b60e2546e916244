"""Who may send to which domain (port `Ownership`): alone (`local.py`), or one of many fetchers (`zookeeper.py`)."""
