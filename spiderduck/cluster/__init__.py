"""Which processes an installation has, and what each tells of itself.

registry.py   a process that knows the store writes down that it runs
view.py       one process asks for all of them, and names those that are silent
"""
