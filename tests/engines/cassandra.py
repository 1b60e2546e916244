"""Apache Cassandra 5.0 from Maven's repository: one node on loopback, about seven seconds to its first answer."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.engines import maven
from tests.engines.model import Command
from tests.engines.probes import ask
from tests.engines.programs import java

_VERSION = "5.0.6"
_SETTINGS = Path(__file__).with_name("settings")
# Native protocol v4: a request frame on stream 0 with opcode OPTIONS (5) and no body; SUPPORTED (6) answers it.
OPTIONS_FRAME = bytes([0x04, 0, 0, 0, 0x05, 0, 0, 0, 0])
SUPPORTED = 0x06

# `batch` acknowledges a write after its commit log is synced, so that a killed node has lost nothing it promised.
# `periodic`, Cassandra's default, leaves that to replicas, which one node has not; it takes four times as many writes
# (measured here, 1.5 KB rows, 64 in flight: 15,000 a second against 3,800), which a benchmark may want.
_SYNC = {"batch": "batch", "periodic": "periodic\ncommitlog_sync_period: 1000ms"}
_YAML = """\
cluster_name: spiderduck-test
num_tokens: 1
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: {sync}
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
native_transport_port: {native}
storage_port: {storage}
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "127.0.0.1:{storage}"
data_file_directories: ["{data}/data"]
commitlog_directory: "{data}/commitlog"
saved_caches_directory: "{data}/saved"
hints_directory: "{data}/hints"
cdc_raw_directory: "{data}/cdc"
auto_snapshot: false
"""


class Cassandra:
    name = "cassandra"
    requirements = maven.REQUIREMENTS
    port_count = 2

    def fetch(self, cache: Path) -> None:
        maven.fetch([f"org.apache.cassandra:cassandra-all:{_VERSION}"], self._jars(cache))

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        native, storage = ports
        settings = folder / "cassandra.yaml"
        sync = _SYNC[os.environ.get("SPIDERDUCK_TEST_CASSANDRA_SYNC", "batch")]
        settings.write_text(_YAML.format(native=native, storage=storage, data=folder, sync=sync), encoding="utf-8")
        shutil.copy(_SETTINGS / "logback.xml", folder)
        argv = [
            java(),
            f"@{_SETTINGS / 'cassandra-jvm17.options'}",
            f"-Dcassandra.config=file://{settings}",
            f"-Dcassandra.storagedir={folder}",
            f"-Djava.io.tmpdir={folder}",
            "-cp",
            f"{folder}:{self._jars(cache)}/*",
            "org.apache.cassandra.service.CassandraDaemon",
        ]
        return [Command("cassandra", argv)]

    def answers(self, ports: Sequence[int]) -> bool:
        answer = ask(ports[0], OPTIONS_FRAME)
        return len(answer) > 4 and answer[4] == SUPPORTED

    def environment(self, cache: Path, ports: Sequence[int]) -> Mapping[str, str]:
        return {"SPIDERDUCK_TEST_CASSANDRA": f"127.0.0.1:{ports[0]}"}

    def _jars(self, cache: Path) -> Path:
        return cache / f"cassandra-{_VERSION}"
