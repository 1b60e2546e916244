"""When a domain may be asked: its slot and queue, the heap of ready queues, back-off, eviction, pace of addresses."""
