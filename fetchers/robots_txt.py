"""The public name of the robots.txt parser; see `fetchers.robots`."""

from fetchers.robots.parsing import parse
from fetchers.robots.rules import RobotsTxt, Verdict

__all__ = ["RobotsTxt", "Verdict", "parse"]
