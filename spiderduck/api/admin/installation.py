"""`GET /v1/settings` and `GET /v1/keys`: how this process is set up, for admins. No secret is told."""

from typing import Any

import msgspec
from litestar import Request, get
from litestar.handlers import HTTPRouteHandler

from schedulers.record import Time, iso_time
from spiderduck.api.front.keys import ADMIN, guard_of
from spiderduck.api.services import Services
from spiderduck.config import Config
from spiderduck.settings.in_force import settings_of


class Setting(msgspec.Struct, kw_only=True):
    """A setting in force. `is_default`: nobody set another value. A secret that is set is `(hidden)`."""

    name: str
    value: Any
    is_default: bool


class Settings(msgspec.Struct):
    """Of the answering process, in the order of `spiderduck.toml`."""

    settings: list[Setting]


class KnownKey(msgspec.Struct, kw_only=True):
    """A key. `start`: its first characters. `used_at`: when this process was last shown it, null if never."""

    name: str
    start: str
    scopes: list[str]
    expires_at: Time | None
    has_expired: bool
    used_at: Time | None


class KnownKeys(msgspec.Struct):
    """The keys that this process takes, by name; `since` is when it began to note their use. None where keys are not
    asked for."""

    keys: list[KnownKey]
    since: Time


def installation_routes(services: Services) -> list[HTTPRouteHandler]:
    """The handlers."""
    defaults = dict(settings_of(Config()))
    since = iso_time(services.clock.now())

    @get("/v1/settings", opt={"scope": ADMIN}, tags=["health"], summary="The settings in force")
    async def get_settings() -> Settings:
        """Without secrets; `spiderduck config show` says as well where each comes from."""
        named = settings_of(services.config)
        return Settings([Setting(name=name, value=one, is_default=one == defaults[name]) for name, one in named])

    @get("/v1/keys", opt={"scope": ADMIN}, tags=["keys"], summary="The keys, and when each was used last")
    async def list_keys(request: Request[Any, Any, Any]) -> KnownKeys:
        """Names, scopes and first characters; `spiderduck keys` makes and revokes them. Processes note the use of keys
        for themselves and forget it when they end."""
        now, known = services.clock.now(), guard_of(request).known()
        shown = [
            KnownKey(
                name=key.name,
                start=key.start,
                scopes=list(key.scopes),
                expires_at=None if key.expires is None else iso_time(key.expires),
                has_expired=key.has_expired(now),
                used_at=None if used is None else iso_time(used),
            )
            for key, used in known
        ]
        return KnownKeys(sorted(shown, key=lambda one: one.name), since)

    return [get_settings, list_keys]
