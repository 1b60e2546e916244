"""robots.txt after RFC 9309: a pure parser, the loader that gets it, and the gate that asks it.

    body ─► `lines` (directives) ─► `parsing` (groups) ─► `rules` (RobotsTxt) ─► `matching` (one agent, one path)

No input makes the parser raise or take long; what cannot be read says nothing. Where the RFC leaves room it follows
Google's open-source parser, which site owners test their files with, and also in one place where that parser differs
from the RFC's table: unreserved characters that a rule percent-encodes stay encoded. `fetchers.robots_txt` is the
parser's public name.
"""
