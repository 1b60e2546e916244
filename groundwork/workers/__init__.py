"""Blocking work beside the event loop: in threads (`threads.py`), or in processes that may crash (`processes.py`).

Start with `interface.py`. Both refuse what cannot be queued, take memory from one budget (`budget.py`) before they
begin, and end what takes too long. `child.py` is what runs in a process.
"""
