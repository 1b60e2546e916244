"""Builds a program from a Go module with the Go toolchain and keeps the binary."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.engines.errors import CannotInstall
from tests.engines.model import Requirement
from tests.engines.programs import require

REQUIREMENTS = (Requirement("go", "golang-go"),)


def fetch(module: str, version: str, target: Path) -> None:
    """Build the command package `module` at `version` into the file `target`, whole or not at all."""
    if target.exists():
        return
    print(f"engines: building {module} {version}", file=sys.stderr, flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        environment = {**os.environ, "GOBIN": work}
        command = [require("go"), "install", f"{module}@{version}"]
        # Run in the empty folder, so that no go.mod above takes part.
        result = subprocess.run(
            command, cwd=work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            raise CannotInstall(f"Go could not build it: {' / '.join(result.stderr.strip().splitlines()[-3:])}")
        shutil.move(str(Path(work, module.rsplit("/", 1)[-1])), target)
