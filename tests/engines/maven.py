"""Fetches a Java server and all it depends on from Maven's repository, by a pom of a few lines."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.engines.errors import CannotInstall
from tests.engines.model import Requirement
from tests.engines.programs import require

REQUIREMENTS = (Requirement("java", "openjdk-17-jre-headless"), Requirement("mvn", "maven"))


def fetch(coordinates: Sequence[str], target: Path) -> None:
    """Put the jars of `group:artifact:version` coordinates and what they need into `target`, all or none."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        pom = Path(work, "pom.xml")
        pom.write_text(_pom(coordinates), encoding="utf-8")
        _copy_dependencies(pom, Path(work, "lib"))
        shutil.move(str(Path(work, "lib")), target)


def _copy_dependencies(pom: Path, folder: Path) -> None:
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
    command = [require("mvn"), "--batch-mode", "--quiet", "--file", str(pom), *goal]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        last = (result.stdout + result.stderr).strip().splitlines()[-3:]
        raise CannotInstall(f"Maven could not fetch it: {' / '.join(last)}")


def _pom(coordinates: Sequence[str]) -> str:
    dependencies = "".join(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(
            *coordinate.split(":")
        )
        for coordinate in coordinates
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>spiderduck</groupId><artifactId>engine</artifactId>"
        f"<version>1</version><dependencies>{dependencies}</dependencies></project>"
    )
