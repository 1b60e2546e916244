"""What at least two packages of this wheel use and what knows nothing of links, pictures or ids.

Charter: a module belongs here when two packages need it and a stranger's project could use it unchanged. Nothing here
imports another package of ours. Each primitive exists once:

- `address_guard.py`: which addresses may be dialled; `interfaces.py` tells it this machine's own.
- `clock.py`: time, as a port and as this machine's.
- `commands.py`: a Typer application as a process, with errors as lines and exit codes.
- `memory.py`: what a process holds, and how its allocator and garbage collector are set.
- `problems.py`: problem details, the body of every refusal.
- `settings.py`: settings from a file, the environment and the command line; `secret_files.py`: secrets from files.
- `single_flight.py`: one call for all who ask for the same at the same moment.
- `queries.py`: a query parameter stands once.
- `terminal.py`: what may go to a terminal or into a log.
- `workers/`: blocking work in threads or in processes that may crash, within a memory budget.
- `zookeeper.py`: a client of ZooKeeper, for whoever has the extra `cluster`.
- `front/`: the HTTP server's outer side. Limits on what a connection may send and how slowly, TLS, and the rules that
  keep web pages of others away.
"""
