"""The service: it wires the four parts together and offers them over HTTP, queues and a command line.

Start reading at `bootstrap/processes.py`. Imports nothing here, so that `spiderduck --help` answers at once.
"""
