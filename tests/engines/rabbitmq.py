"""RabbitMQ from Debian's package, with a port mapper (epmd), cookie and node name of its own.

Erlang would otherwise start one epmd for the whole machine and leave it behind. Runs as whoever calls it, root too:
the package's wrapper in /usr/sbin would change to its own user, the script behind it does not.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.engines.model import Command, Requirement
from tests.engines.probes import ask
from tests.engines.programs import require

_SCRIPTS = "/usr/lib/rabbitmq/bin"
# A client's opening; the broker answers it with the method frame Connection.Start (frame type 1).
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"
_CONF = """\
listeners.tcp.1 = 127.0.0.1:{port}
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 50MB
log.console = true
log.console.level = warning
"""


class RabbitMQ:
    name = "rabbitmq"
    requirements = (Requirement(f"{_SCRIPTS}/rabbitmq-server", "rabbitmq-server"), Requirement("epmd", "erlang-base"))
    port_count = 3

    def fetch(self, cache: Path) -> None:
        """Nothing: Debian's package is complete."""

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        port, _, mapper_port = ports
        Path(folder, "rabbitmq.conf").write_text(_CONF.format(port=port), encoding="utf-8")
        Path(folder, "enabled_plugins").write_text("[].\n", encoding="utf-8")
        environment = control_environment(folder, ports)
        return [
            Command("epmd", [require("epmd"), "-port", str(mapper_port), "-address", "127.0.0.1"], environment),
            Command("rabbitmq", [f"{_SCRIPTS}/rabbitmq-server"], environment),
        ]

    def answers(self, ports: Sequence[int]) -> bool:
        return ask(ports[0], PROTOCOL_HEADER).startswith(METHOD_FRAME)

    def environment(self, cache: Path, ports: Sequence[int]) -> Mapping[str, str]:
        return {"SPIDERDUCK_TEST_RABBITMQ": f"amqp://guest:guest@127.0.0.1:{ports[0]}//"}


def control_environment(folder: Path, ports: Sequence[int]) -> dict[str, str]:
    """What the server needs, and what `rabbitmqctl` needs to reach it."""
    port, distribution_port, mapper_port = ports
    return {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"spiderduck{port}@localhost",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "absent.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_LOGS": "-",
        # Two schedulers and no busy waiting: the broker shares the machine with what is tested.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        "ERL_EPMD_PORT": str(mapper_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
