"""The engines as clusters of three nodes, each on a machine of its own (`machines.py`), with its usual ports there.

Each node is the plain engine with other settings. Started by the chaos trials of three of each, for themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tests.engines.cassandra import OPTIONS_FRAME, SUPPORTED, Cassandra
from tests.engines.machines import Machine
from tests.engines.model import Command
from tests.engines.probes import ask
from tests.engines.rabbitmq import METHOD_FRAME, PROTOCOL_HEADER, RabbitMQ, control_environment
from tests.engines.zookeeper import ZooKeeper

NODES = 3
CQL, STORAGE = 9042, 7000
AMQP, DISTRIBUTION, MAPPER = 5672, 25672, 4369
CLIENT, QUORUM, ELECTION = 2181, 2888, 3888
HEAP = "-Xmx320m"
TICK_SECONDS = 8
"""After so long without a word from another node RabbitMQ counts it as gone."""


class _Node:
    """One of `machines`, the `number`th from 0."""

    port_count = 0

    def __init__(self, machines: Sequence[Machine], number: int) -> None:
        self.machines = machines
        self.number = number
        self.machine = machines[number]

    @property
    def address(self) -> str:
        return self.machine.address

    def environment(self, cache: Path, ports: Sequence[int]) -> Mapping[str, str]:
        return {}

    def there(self, commands: Sequence[Command]) -> Sequence[Command]:
        return [replace(one, argv=self.machine.command(one.argv)) for one in commands]


class CassandraNode(_Node, Cassandra):
    """All start at once: each knows its token, and none has data that another would need."""

    def __init__(self, machines: Sequence[Machine], number: int) -> None:
        super().__init__(machines, number)
        self.name = f"cassandra-{number + 1}"

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        (command,) = Cassandra.commands(self, cache, folder, (CQL, STORAGE))
        settings = folder / "cassandra.yaml"
        seeds = f'seeds: "{self.machines[0].address}:{STORAGE},{self.machines[1].address}:{STORAGE}"'
        text = settings.read_text(encoding="utf-8").replace(f'seeds: "127.0.0.1:{STORAGE}"', seeds)
        text = text.replace("127.0.0.1", self.address)
        token = -(2**63) + (self.number + 1) * (2**64 // (NODES + 1))
        text += f"initial_token: {token}\nauto_bootstrap: false\nconcurrent_reads: 8\nconcurrent_writes: 8\n"
        settings.write_text(text, encoding="utf-8")
        argv = list(command.argv)
        argv[2:2] = ["-Xms128m", HEAP, "-XX:ReservedCodeCacheSize=96m"]  # behind the file's, which are for one node
        return self.there([replace(command, argv=argv)])

    def answers(self, ports: Sequence[int]) -> bool:
        answer = ask(CQL, OPTIONS_FRAME, host=self.address)
        return len(answer) > 4 and answer[4] == SUPPORTED


class RabbitMQNode(_Node, RabbitMQ):
    """A node that sees fewer than two pauses, as the documentation tells operators to set it."""

    def __init__(self, machines: Sequence[Machine], number: int) -> None:
        super().__init__(machines, number)
        self.name = f"rabbitmq-{number + 1}"

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        mapper, server = RabbitMQ.commands(self, cache, folder, (AMQP, DISTRIBUTION, MAPPER))
        settings = folder / "rabbitmq.conf"
        lines = settings.read_text(encoding="utf-8").replace("127.0.0.1", self.address)
        lines += "loopback_users = none\ncluster_partition_handling = pause_minority\n"
        lines += "cluster_formation.peer_discovery_backend = classic_config\n"
        lines += "".join(
            f"cluster_formation.classic_config.nodes.{number + 1} = rabbit@{one.address}\n"
            for number, one in enumerate(self.machines)
        )
        settings.write_text(lines, encoding="utf-8")
        cookie = folder / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text("OFTHREE", encoding="ascii")
            cookie.chmod(0o400)
        environment = self.control(folder)
        epmd = [*mapper.argv[:3]]  # on all addresses of that machine
        return self.there([Command("epmd", epmd, environment), Command("rabbitmq", server.argv, environment)])

    def control(self, folder: Path) -> dict[str, str]:
        """What `rabbitmqctl` needs as well, over there."""
        environment = control_environment(folder, (AMQP, DISTRIBUTION, MAPPER))
        del environment["ERL_EPMD_ADDRESS"]
        return environment | {
            "RABBITMQ_NODENAME": f"rabbit@{self.address}",
            "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_NODE_IP_ADDRESS": self.address,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none "
            f"-kernel net_ticktime {TICK_SECONDS}",
        }

    def answers(self, ports: Sequence[int]) -> bool:
        return ask(AMQP, PROTOCOL_HEADER, host=self.address).startswith(METHOD_FRAME)


class ZooKeeperNode(_Node, ZooKeeper):
    def __init__(self, machines: Sequence[Machine], number: int) -> None:
        super().__init__(machines, number)
        self.name = f"zookeeper-{number + 1}"

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        (command,) = ZooKeeper.commands(self, cache, folder, (CLIENT,))
        settings = folder / "zoo.cfg"
        lines = settings.read_text(encoding="utf-8").replace("127.0.0.1", self.address)
        lines += "initLimit=60\nsyncLimit=8\n"
        lines += "".join(
            f"server.{number + 1}={one.address}:{QUORUM}:{ELECTION}\n" for number, one in enumerate(self.machines)
        )
        settings.write_text(lines, encoding="utf-8")
        data = folder / "data"
        data.mkdir(exist_ok=True)
        Path(data, "myid").write_text(f"{self.number + 1}\n", encoding="ascii")
        return self.there([replace(command, argv=["-Xmx96m" if one == "-Xmx256m" else one for one in command.argv])])

    def answers(self, ports: Sequence[int]) -> bool:
        """A node without a leader says so, and serves nobody."""
        return ask(CLIENT, b"srvr", host=self.address, size=4096).startswith(b"Zookeeper version")
