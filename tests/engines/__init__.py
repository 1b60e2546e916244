"""The engines that the tests and `make up-cluster` run against, started on loopback from nothing.

`python -m tests.engines install [NAME…]` fetches what is missing, `python -m tests.engines start [NAME…] [-- COMMAND…]`
runs them. Read `catalogue.py` (which engines) and `fleet.py` (start, wait, stop) first; every engine is one file.
Rule: the standard library alone, so that it works before anything of the project is installed.
"""
