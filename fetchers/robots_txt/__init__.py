"""robots.txt after RFC 9309, pure: `parse(body)` gives the rules, which say what a crawler may fetch.

    body ─► `lines` (directives) ─► `parsing` (groups) ─► `rules` (RobotsTxt) ─► `matching` (one agent, one path)

Asked by `gates/robots.py`. No input makes it raise or take long; what cannot be read says nothing. Where the RFC leaves
room it follows Google's open-source parser, which site owners test their files with, and also in one place where that
parser differs from the RFC's table: unreserved characters that a rule percent-encodes stay encoded.
"""

from fetchers.robots_txt.parsing import parse
from fetchers.robots_txt.rules import RobotsTxt, Verdict

__all__ = ["RobotsTxt", "Verdict", "parse"]
