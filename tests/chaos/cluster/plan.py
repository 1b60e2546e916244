"""What goes wrong, and when: a plan made from a seed alone, so that the seed repeats it.

Read by `conductor.py`. Pure. Whatever is broken is whole again after its seconds, and nothing is broken twice at once;
so at the end of the plan the cluster can finish what it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

KINDS_OF_PROCESS = ("kill", "kill", "pause", "restart")
"""kill -9 and start again; SIGSTOP and SIGCONT; SIGTERM and start again."""
KINDS_OF_LINK = ("cut", "delay", "half_open")
"""Closed and refused; slow; open and silent."""
LONGEST_SECONDS = {"kill": 3.0, "pause": 14.0, "restart": 1.0, "cut": 8.0, "delay": 8.0, "half_open": 12.0}
"""A pause can outlast the broker's and the coordinator's patience: what the paused one held is given to others, and it
wakes up believing that it holds it still."""
LONGEST_GAP_SECONDS = 2.5


@dataclass(frozen=True, slots=True)
class Action:
    """At `at` seconds after the start `kind` happens to `target`, and ends `seconds` later."""

    at: float
    kind: str
    target: str
    seconds: float

    @property
    def until(self) -> float:
        return self.at + self.seconds

    def __str__(self) -> str:
        return f"{self.at:7.2f} s  {self.kind:9} {self.target} for {self.seconds:.2f} s"


def make_plan(seed: int, count: int, processes: Sequence[str], links: Sequence[str]) -> tuple[Action, ...]:
    """`count` actions in the order of their time. Every kind takes its turn, so that a short plan has them all."""
    random = Random(seed)
    free_at = dict.fromkeys([*processes, *links], 0.0)
    plan: list[Action] = []
    at = 0.0
    while len(plan) < count:
        at += random.uniform(0.1, LONGEST_GAP_SECONDS)
        kind = _turn(random, len(plan))
        target = random.choice(processes if kind in KINDS_OF_PROCESS else links)
        at = max(at, free_at[target])
        action = Action(at, kind, target, random.uniform(0.2, LONGEST_SECONDS[kind]))
        free_at[target] = action.until + LONGEST_GAP_SECONDS
        plan.append(action)
    return tuple(plan)


def _turn(random: Random, number: int) -> str:
    kinds = [*dict.fromkeys((*KINDS_OF_PROCESS, *KINDS_OF_LINK))]
    return kinds[number] if number < len(kinds) else random.choice([*KINDS_OF_PROCESS, *KINDS_OF_LINK])
