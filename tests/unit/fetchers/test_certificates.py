"""Whose certificate is believed: it names the host where the standards look, and nowhere else."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fetchers.transport.dialler import make_ssl_context

HOST = "www.pond.test"


def certificate(folder: Path, common_name: str, names: list[str]) -> Path:
    """Of a server, signed by itself: certificate and key in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


def shake_hands(pem: Path) -> None:
    """Both sides in memory. Raises what the fetcher's side has against the certificate."""
    ours, theirs = make_ssl_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_verify_locations(pem)
    theirs.load_cert_chain(pem)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [ours.wrap_bio(back, there, server_hostname=HOST), theirs.wrap_bio(there, back, server_side=True)]
    while sides:
        for side in list(sides):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            sides.remove(side)


@pytest.mark.parametrize("names", [[HOST], ["other.test", HOST], ["*.pond.test"]])
def test_a_certificate_that_names_its_host_is_believed(names: list[str], tmp_path: Path) -> None:
    shake_hands(certificate(tmp_path, "any", names))


@pytest.mark.parametrize("names", [[], ["other.test"], ["*.www.pond.test"]])
def test_a_certificate_with_the_host_in_its_common_name_alone_is_refused(names: list[str], tmp_path: Path) -> None:
    """RFC 9525, section 6.1: with or without alternative names, the common name is none."""
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        shake_hands(certificate(tmp_path, HOST, names))
