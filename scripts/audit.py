"""Looks the locked packages up in databases of known vulnerabilities: `make audit`.

    python scripts/audit.py requirements/development.txt

Asks OSV, and PyPI where OSV cannot be reached. The exit code is 0 where every package was looked up and none is known to
be vulnerable, 1 where one is, and 2 where a package was not looked up: silence of a database is no answer.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SERVICES = ("osv", "pypi")
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2


def main(arguments: list[str]) -> int:
    """Prints what was found. Raises nothing that a person could mend."""
    reasons = []
    for service in SERVICES:
        found, reason = ask(service, arguments)
        code, lines = judge(found)
        if code != UNKNOWN:
            print("\n".join(lines))
            return code
        reasons.append(f"{service}: {reason or lines[-1]}")
    print("The packages could not be looked up, so nothing is known of them:\n  " + "\n  ".join(reasons))
    return UNKNOWN


def ask(service: str, files: list[str]) -> tuple[list[dict[str, Any]], str]:
    """What pip-audit says of each package; nothing, and why, where it did not come to an end."""
    tool = Path(sys.executable).with_name("pip-audit")
    command = [str(tool), "--vulnerability-service", service, "--disable-pip", "--require-hashes", "--format", "json"]
    for file in files:
        command += ["--requirement", file]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return json.loads(ended.stdout)["dependencies"], ""
    except (ValueError, KeyError):
        said = ended.stderr.strip().splitlines() or ["it said nothing"]
        return [], said[-1][:200]


def judge(packages: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """The exit code and the lines to print."""
    vulnerable = [one for one in packages if one.get("vulns")]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    lines = [
        f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no version yet'}"
        for one in vulnerable
        for fault in one["vulns"]
    ]
    if vulnerable:
        return VULNERABLE, lines
    if skipped or not packages:
        return UNKNOWN, [f"{len(skipped)} of {len(packages)} packages are not known there"]
    return CLEAN, [f"{len(packages)} packages, and no known vulnerability"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
