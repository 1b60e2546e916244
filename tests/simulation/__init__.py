"""The real schedulers and fetchers in virtual time, on simulated hosts, with faults. Seeded: a run can be repeated.

    scenario.py   READ FIRST: what is run, with which faults, and what must hold in the end
    loop.py       an event loop whose time jumps; processes in it can be killed
    web.py        the hosts, and what they saw
    network.py    links between processes, which can be cut; the way to a fetcher in another process
    coordinator.py  ZooKeeper, as far as kazoo's calls show it
    durable.py    broker and store: what outlives a process
    embedded.py, cluster.py   the two ways to run the product, composed of the real parts
    checks.py     what must hold

`python -m tests.simulation --help` runs larger ones (`make simulate`).
"""
