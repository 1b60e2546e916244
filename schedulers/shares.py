"""How often a page was shared, as records and cards carry it. `spiderduck.shares` counts."""

import msgspec


class Shares(msgspec.Struct, frozen=True):
    """Shares of a page under all its addresses: short links, tracking variants and redirects count for where they lead.

    A share is one event and one URL in it. `sharers` are the different people who shared it, as far as events told who.
    """

    total: int
    last_hour: int
    last_day: int
    sharers: int
