"""Apache ZooKeeper 3.9 from Maven's repository: one standalone server on loopback, ready within a second or two."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.engines import maven
from tests.engines.model import Command
from tests.engines.probes import ask
from tests.engines.programs import java

_VERSION = "3.9.4"
_LOGBACK = Path(__file__).with_name("settings") / "logback.xml"
# The server needs the last three at run time, yet its own pom calls them optional.
_COORDINATES = (
    f"org.apache.zookeeper:zookeeper:{_VERSION}",
    "io.dropwizard.metrics:metrics-core:4.1.12.1",
    "org.xerial.snappy:snappy-java:1.1.10.5",
    "ch.qos.logback:logback-classic:1.3.15",
)
# Short ticks allow sessions of one second (twice the tick), so that tests of a lost session need not wait long.
_CFG = """\
tickTime=500
dataDir={folder}/data
clientPort={client}
clientPortAddress=127.0.0.1
admin.enableServer=false
maxClientCnxns=0
4lw.commands.whitelist=srvr,cons,mntr
"""


class ZooKeeper:
    name = "zookeeper"
    requirements = maven.REQUIREMENTS
    port_count = 1

    def fetch(self, cache: Path) -> None:
        maven.fetch(_COORDINATES, self._jars(cache))

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        settings = folder / "zoo.cfg"
        settings.write_text(_CFG.format(folder=folder, client=ports[0]), encoding="utf-8")
        shutil.copy(_LOGBACK, folder)
        classes = f"{folder}:{self._jars(cache)}/*"
        server = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
        argv = [java(), "-Xmx256m", "-Dzookeeper.jmx.log4j.disable=true", "-cp", classes, server, str(settings)]
        return [Command("zookeeper", argv, {"JMXDISABLE": "true"})]

    def answers(self, ports: Sequence[int]) -> bool:
        return ask(ports[0], b"srvr").startswith(b"Zookeeper version")

    def environment(self, cache: Path, ports: Sequence[int]) -> Mapping[str, str]:
        return {"SPIDERDUCK_TEST_ZOOKEEPER": f"127.0.0.1:{ports[0]}"}

    def _jars(self, cache: Path) -> Path:
        return cache / f"zookeeper-{_VERSION}"
