"""Adapters of the `RobotsCache` port, a file per technology."""
