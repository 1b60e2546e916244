"""TLS between a fetcher's service and those who ask it, both sides with a certificate (mTLS).

Used by `service/server.py` and `client/running.py`. Only the authority that is named here is believed, on both sides. A
probe without a certificate may still ask for health and metrics, so the service looks at each request.
"""

import ssl

from fetchers.config import Tls


def server_context(tls: Tls) -> ssl.SSLContext | None:
    """For who answers; None where nothing is set. Raises ValueError for files that cannot be used."""
    if not tls.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, tls)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_context(tls: Tls) -> ssl.SSLContext | None:
    """For who asks; the name in the address must be one of the certificate's."""
    if not tls.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _load(context, tls)
    return context


def _load(context: ssl.SSLContext, tls: Tls) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        context.load_verify_locations(tls.authority)
    except OSError as error:
        raise ValueError(
            f"fetchers.tls: certificate, key and authority take PEM files that belong together: {error}"
        ) from error
