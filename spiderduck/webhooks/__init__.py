"""Webhooks by the Standard Webhooks specification (1.0.0). READ FIRST.

    notices ─► a durable queue for each webhook ─► courier.py ─► sender.py: sign, post through a fetcher ─► receiver
                                                       │ not taken: noted, tried again by schedule.py
                                                       └► `Deliveries`: what became of each, for log and replay

`dispatcher.py` runs one courier for each webhook that this process owns; in a cluster one process owns each, by a lease
in the store. A notice is acknowledged in its queue only when it was taken or its next attempt is durable, so that a
crash loses none. It may send one twice, with the same `webhook-id`.
"""
