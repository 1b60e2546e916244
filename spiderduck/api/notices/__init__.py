"""Notices go out: the stream of server-sent events, and durable queues."""
