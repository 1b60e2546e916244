"""The values that travel through the flow. Each is frozen: a stage that learns something makes a new copy."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was shared, read from any of the known shapes (`schedulers.events`).

    `id` is the sender's, or a hash of the content where it gave none. `urls` are the links as the sender marked them
    (entities, facets, link lists), in order; where there are any, `text` was not searched. `refresh` forces a fetch.
    """

    id: str
    urls: tuple[str, ...] = ()
    created_at: datetime | None = None
    refresh: bool = False
    shape: str = "generic"
