"""The engines as a careful operator runs them: TLS alone, a certificate of the client asked for, and a password.

Each is the plain engine with other settings. Started by the tests of TLS, for themselves.
"""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.engines.authority import PASSWORD, Authority
from tests.engines.cassandra import Cassandra
from tests.engines.memcached import Memcached
from tests.engines.model import Command
from tests.engines.rabbitmq import RabbitMQ
from tests.engines.zookeeper import ZooKeeper

USER, SECRET = "duck", "quack:quack"


class _Encrypted:
    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._certificate, self._key = authority.issue("engine")
        context = ssl.create_default_context(cafile=str(authority.file))
        context.load_cert_chain(*authority.issue("starter"))
        self._context = context

    def answers(self, ports: Sequence[int]) -> bool:
        """A handshake is what comes last in a start."""
        try:
            with (
                socket.create_connection(("127.0.0.1", ports[0]), timeout=1) as plain,
                self._context.wrap_socket(plain, server_hostname="127.0.0.1"),
            ):
                return True
        except OSError:
            return False


class EncryptedMemcached(_Encrypted, Memcached):
    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        (command,) = Memcached.commands(self, cache, folder, ports)
        users = folder / "users"
        users.write_text(f"{USER}:{SECRET}\n", encoding="utf-8")
        files = f"ssl_chain_cert={self._certificate},ssl_key={self._key},ssl_ca_cert={self._authority.file}"
        more = ["-Z", "-o", f"{files},ssl_verify_mode=2", "-Y", str(users)]
        return [replace(command, argv=[*command.argv, *more])]


class EncryptedRabbitMQ(_Encrypted, RabbitMQ):
    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        commands = RabbitMQ.commands(self, cache, folder, ports)
        settings = folder / "rabbitmq.conf"
        lines = settings.read_text(encoding="utf-8").replace("listeners.tcp.1", "listeners.tcp = none\nlisteners.ssl.1")
        files = {"cacertfile": self._authority.file, "certfile": self._certificate, "keyfile": self._key}
        lines += "".join(f"ssl_options.{name} = {file}\n" for name, file in files.items())
        lines += "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n"
        lines += f"default_user = {USER}\ndefault_pass = {SECRET}\n"
        settings.write_text(lines, encoding="utf-8")
        without = ("RABBITMQ_NODE_PORT", "RABBITMQ_NODE_IP_ADDRESS")  # they would open a plain port
        return [
            replace(one, environment={name: value for name, value in one.environment.items() if name not in without})
            for one in commands
        ]


class EncryptedZooKeeper(_Encrypted, ZooKeeper):
    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        commands = ZooKeeper.commands(self, cache, folder, ports)
        settings = folder / "zoo.cfg"
        plain = ("clientPort=", "clientPortAddress=")
        lines = [line for line in settings.read_text(encoding="utf-8").splitlines() if not line.startswith(plain)]
        store = self._authority.folder / "engine.p12"
        lines += [
            f"secureClientPort={ports[0]}",
            "secureClientPortAddress=127.0.0.1",
            "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
            f"ssl.keyStore.location={store}",
            f"ssl.keyStore.password={PASSWORD}",
            "ssl.keyStore.type=PKCS12",
            f"ssl.trustStore.location={self._authority.file}",
            "ssl.trustStore.type=PEM",
            "ssl.clientAuth=need",
            "ssl.clientHostnameVerification=false",
        ]
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return commands


class EncryptedCassandra(_Encrypted, Cassandra):
    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        commands = Cassandra.commands(self, cache, folder, ports)
        settings = folder / "cassandra.yaml"
        key = self._authority.folder / "engine-chain.pem"
        key.write_bytes(self._key.read_bytes() + self._certificate.read_bytes())
        more = f"""\
authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
role_manager: CassandraRoleManager
client_encryption_options:
  enabled: true
  optional: false
  require_client_auth: true
  ssl_context_factory:
    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory
  keystore: {key}
  truststore: {self._authority.file}
"""
        settings.write_text(settings.read_text(encoding="utf-8") + more, encoding="utf-8")
        return commands
