"""What the product imports in one process is installed without the extra `cluster`; who asks for more is told of it."""

import os
import subprocess
import sys

BLOCKED = """
import sys
MISSING = {"kombu", "amqp", "cassandra", "acsylla", "fsspec", "kazoo", "aiomcache", "duckdb", "pyarrow"}
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
"""

EVERYTHING = """
import asyncio, tempfile
from spiderduck.bootstrap.processes import serve
from spiderduck.config import load

async def main():
    stop = asyncio.Event()
    with tempfile.TemporaryDirectory() as data:
        await serve(load(None, {}, {"data": data, "port": 0}), lambda started: stop.set(), stop=stop)
    print("ended well")

asyncio.run(main())
"""


def run(code: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPIDERDUCK_")} | more
    return subprocess.run(
        [sys.executable, "-c", BLOCKED + code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_one_process_needs_no_client_of_an_engine() -> None:
    done = run(EVERYTHING)
    assert (done.returncode, done.stdout) == (0, "ended well\n"), done.stderr


def test_a_missing_package_is_named_with_what_brings_it() -> None:
    done = run("from spiderduck.__main__ import main; main()", "up", "--only", "fetchers", "--port", "0")
    assert done.returncode == 2
    assert "--only fetchers needs" in done.stderr
    assert "pip install 'spiderduck[cluster]'" in done.stderr


def test_analytics_without_their_libraries_say_so() -> None:
    """Where rows are to be written, and where they are asked for."""
    main = "from spiderduck.__main__ import main; main()"
    for words, more in ((("up", "--port", "0"), {"SPIDERDUCK_ANALYTICS__WRITE": "true"}), (("sql", "SELECT 1"), {})):
        done = run(main, *words, **more)
        assert done.returncode == 2, done.stderr
        assert "pip install 'spiderduck[analytics]'" in done.stderr
