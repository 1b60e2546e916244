"""When two events are one share: the same id of the same kind of sender. Pure.

Ids are unique among the events of one kind only: a tweet and somebody's own event may both be number 42. So the queue,
the store and the notices know an event by its kind and its id. People and subscribers are shown the id as it was sent.
"""

KINDS = frozenset(("bluesky", "cloudevent", "generic", "mastodon", "slack", "tweet"))


ASKED = ("lookup:", "refresh:", "stale:", "recheck:")
"""How the identities of our own messages begin: somebody looked at a link, or it was due. Those of events never do."""


def is_share(identity: str) -> bool:
    """Whether somebody shared something, and not only looked at it."""
    return not identity.startswith(ASKED)


def identity_of(kind: str, sent_id: str) -> str:
    """Of an event of one of `KINDS`; "" where its sender gave no id, for then it is a share of its own each time."""
    return f"{kind} {sent_id}" if sent_id else ""


def sent_id(identity: str) -> str:
    """The id as it was sent; the whole where `identity` names an event whose sender gave none.

    Former versions remembered this alone of an event, so that whoever remembers events asks for both.
    """
    kind, _, sent = identity.partition(" ")
    return sent if kind in KINDS and sent else identity
