"""The product's cluster on one machine: a process for each part, on the engines that `tests/engines` starts.

`settings.py` says what each process is told, `machine.py` starts and stops them, `__main__.py` is `make up-cluster`.
"""
