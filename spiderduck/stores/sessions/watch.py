"""Whether the cluster answers, asked for its own sake: a process that nobody calls must know it, too.

Beside the flow's and the API's sessions, for `/readyz`. It asks for what every node has, and changes nothing.
"""

from groundwork.clock import Clock
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.errors import StatementRefused
from spiderduck.stores.sessions.ports import Session, Statement

QUESTION = Statement("SELECT key FROM system.local", reads=True)
PAUSE_SECONDS = 2.0


class Watch:
    """`trouble` says why the cluster does not answer; None while it does."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self.trouble: str | None = None

    async def run(self) -> None:
        """Ask every two seconds until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(PAUSE_SECONDS)

    async def look(self) -> None:
        """Ask once."""
        try:
            await self._session.execute(QUESTION, ())
        except (StoreUnavailable, StatementRefused) as error:
            self.trouble = str(error)
        else:
            self.trouble = None
