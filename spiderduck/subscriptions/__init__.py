"""Adapters of the `Subscriptions` port: how notices reach whoever subscribed."""
