"""A throw-away certificate authority, for engines that speak TLS."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

PASSWORD = "throw-away"
ADDRESS = "127.0.0.1"


class Authority:
    """Signs for two days. Its files lie in `folder`: `authority.pem`, and NAME.pem and NAME.key of whoever it signs
    for. Certificates name 127.0.0.1 and no host."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.file = folder / "authority.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a throw-away authority")])
        own = self._begun("a throw-away authority", self._key).add_extension(x509.BasicConstraints(True, None), True)
        self._certificate = own.sign(self._key, SHA256())
        self.file.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        """The files of a certificate and its key; NAME.p12 beside them has both and the authority, as Java reads it."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(ADDRESS))])
        made = self._begun(name, key).add_extension(names, False).sign(self._key, SHA256())
        certificate, secret = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(made.public_bytes(Encoding.PEM))
        secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        store = pkcs12.serialize_key_and_certificates(
            name.encode(), key, made, [self._certificate], BestAvailableEncryption(PASSWORD.encode())
        )
        (self.folder / f"{name}.p12").write_bytes(store)
        return certificate, secret

    def _begun(self, name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )
