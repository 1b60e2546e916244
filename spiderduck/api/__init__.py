"""The HTTP API on Litestar: thin handlers over services.

`app.py` lists every group of calls. `front/` stands before each call (keys, rates, browsers), `contract/` is what all
promise; `sharing/`, `urls/`, `notices/` and `admin/` are the calls, `compat/` speaks other products' shapes, and
`pages/` is for people.
"""
