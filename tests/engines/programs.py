"""Finds the programs that engines run, also in folders that a service's or a cron job's PATH leaves out."""

import os
import shutil
from pathlib import Path

from tests.engines.errors import CannotInstall

_EXTRA_FOLDERS = ("/usr/sbin", "/usr/lib/rabbitmq/bin", "/usr/local/go/bin")


def find(program: str) -> str | None:
    """The program's full path, or None where it is not installed."""
    return shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *_EXTRA_FOLDERS]))


def require(program: str) -> str:
    path = find(program)
    if path is None:
        raise CannotInstall(f"the program {program!r} is not installed")
    return path


def java() -> str:
    """Java 17 where it stands beside others: Cassandra 5.0 names 11 and 17 as the versions it supports."""
    beside = sorted(Path("/usr/lib/jvm").glob("java-17-openjdk*/bin/java"))
    return str(beside[0]) if beside else require("java")
