"""`python -m groundwork.front.probe 127.0.0.1:8080/healthz`: is the server there alive? For containers' health checks.

It speaks HTTP, and where that is not understood HTTPS. The certificate is not checked: it names the server for others,
and the address is this machine's own. Imports little, because it runs every few seconds.
"""

import http.client
import ssl
import sys

TIMEOUT_SECONDS = 1.0
GOOD = 200


def is_alive(target: str) -> bool:
    """Whether `HOST:PORT/PATH` answers 200. Never raises; takes `TIMEOUT_SECONDS` for each protocol at the most."""
    authority, _, path = target.partition("/")
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    return _answers(http.client.HTTPConnection(authority, timeout=TIMEOUT_SECONDS), path) or _answers(
        http.client.HTTPSConnection(authority, timeout=TIMEOUT_SECONDS, context=anybody), path
    )


def _answers(connection: http.client.HTTPConnection, path: str) -> bool:
    try:
        connection.request("GET", f"/{path}")
        return connection.getresponse().status == GOOD
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_alive(sys.argv[1]) else 1)
