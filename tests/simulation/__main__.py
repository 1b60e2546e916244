"""`python -m tests.simulation`: one run of any size, or one for each of several seeds."""

import argparse
import logging
import sys
import tempfile
from dataclasses import fields, replace
from pathlib import Path

from tests.simulation.scenario import Report, Scenario, run


def main() -> int:
    """1 where a run was no good."""
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    for one in fields(Scenario):
        kind = type(one.default)
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=kind, default=one.default)
    parser.add_argument("--seeds", type=int, default=1, help="so many runs, with this seed and the next ones")
    arguments = vars(parser.parse_args())
    seeds = arguments.pop("seeds")
    scenario, failed = Scenario(**arguments), 0
    for seed in range(scenario.seed, scenario.seed + seeds):
        with tempfile.TemporaryDirectory() as folder:
            report = run(replace(scenario, seed=seed), Path(folder))
        failed += bool(report.violations)
        show(report)
    return int(bool(failed))


def show(report: Report) -> None:
    """On standard output."""
    outcomes = ", ".join(f"{count} {name}" for name, count in report.outcomes.most_common())
    half, late = (report.waited[int(len(report.waited) * share)] for share in (0.5, 0.99))
    print(
        f"seed {report.scenario.seed}: {report.shares} shares ({outcomes}); {report.seen.requests} requests, "
        f"{report.seen.worst:.0%} of its burst at the domain that saw most; notices after {half:.1f} s (p50) and "
        f"{late:.1f} s (p99); {len(report.faults)} faults; {report.seconds:.0f} s in {report.cpu:.1f} s of CPU; "
        f"{report.digest}",
        flush=True,
    )
    if report.violations:
        print(report.failure())


if __name__ == "__main__":
    sys.exit(main())
