"""READ FIRST. The outer side of an HTTP server, around any ASGI application:

    socket ─► connections.py (how many) ─► tls.py ─► protocol.py (sizes, deadlines) ─► browsers.py (Host, Origin)

`server.py` puts it together on uvicorn; `limits.py` holds the numbers.
"""
