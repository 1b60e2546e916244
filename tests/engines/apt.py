"""Brings the system packages that engines need, all in one call.

Uses apt-get as root, or through sudo where that asks for no password; elsewhere it says which command a person
can run. Services of the packages are not started (`apt_install.sh`).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.engines.errors import CannotInstall
from tests.engines.model import Requirement
from tests.engines.programs import find

_SCRIPT = Path(__file__).with_name("apt_install.sh")


def missing(requirements: Iterable[Requirement]) -> list[Requirement]:
    """Those whose program is not on this machine, each once."""
    return [needed for needed in dict.fromkeys(requirements) if find(needed.program) is None]


def install(requirements: Iterable[Requirement]) -> None:
    """Install the packages of what is missing. Raises CannotInstall where that is impossible or fails."""
    packages = sorted({needed.package for needed in missing(requirements)})
    if not packages:
        return
    advice = f"install it by hand: apt-get install {' '.join(packages)}"
    if shutil.which("apt-get") is None:
        raise CannotInstall(f"not installed, and this machine has no apt-get ({advice})")
    command = [*_as_root(advice), "sh", str(_SCRIPT), *packages]
    print(f"engines: installing {', '.join(packages)}", file=sys.stderr, flush=True)
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        last = (result.stderr.strip() or result.stdout.strip()).splitlines()[-3:]
        raise CannotInstall(f"apt-get failed: {' / '.join(last)} ({advice})")


def _as_root(advice: str) -> list[str]:
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    if shutil.which("sudo") and subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode == 0:
        return sudo
    raise CannotInstall(f"not installed, and only root may install it ({advice})")
