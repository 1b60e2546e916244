"""What at least two packages of this wheel use and what knows nothing of links, pictures or ids.

Charter: a module belongs here when two packages need it and a stranger's project could use it unchanged. Nothing here
imports another package of ours. `front/` is the HTTP server's outer side: limits on what a connection may send and how
slowly, TLS, and the rules that keep web pages of others away.
"""
