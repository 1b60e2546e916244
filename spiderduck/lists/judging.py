"""The verdict on what is known of a URL, by the lists as they are in force now."""

from collections.abc import Sequence

import msgspec

from groundwork.clock import Clock
from schedulers.metadata import Image
from schedulers.model import Known
from schedulers.verdict import Verdict, previous_to
from spiderduck.lists.signals import signals
from spiderduck.lists.verdict import Facts, judge
from spiderduck.lists.watching import Lists


class _Pictures(msgspec.Struct):
    """What of the metadata a card shows."""

    image: Image | None = None
    icon: Image | None = None


_decode = msgspec.json.Decoder(_Pictures).decode


class Judge:
    """Over the lists of a process."""

    def __init__(self, lists: Lists, clock: Clock) -> None:
        self._lists = lists
        self._clock = clock

    def verdict(self, url: str, known: Known) -> Verdict:
        """Of `url` and every hop behind it, its page's body and pictures. With what was said before, where that is
        stored."""
        lists, now = self._lists.current, self._clock.now()
        hops = _hops(url, known)
        has_pictures = lists and known.page is not None
        facts = Facts(
            hops=hops,
            pictures=_pictures(known) if has_pictures else (),
            content=None if known.page is None else known.page.content.sha256,
            seen=known.state is not None,
            signals=tuple(signals(hops, known, now)),
        )
        verdict = judge(facts, lists, now, self._lists.takedowns.matched(hops))
        previous = previous_to(verdict, None if known.state is None else known.state.judged)
        return verdict if previous is None else msgspec.structs.replace(verdict, previous=previous)


def _hops(url: str, known: Known) -> Sequence[str]:
    state = known.state
    if state is None:
        return (url,)
    found = (url, *(step.url for step in state.redirects), state.resolved_url or url)
    return tuple(dict.fromkeys(found))


def _pictures(known: Known) -> Sequence[str]:
    if known.page is None:
        return ()
    found = _decode(known.page.metadata)
    return tuple(one.url for one in (found.image, found.icon) if one is not None)
