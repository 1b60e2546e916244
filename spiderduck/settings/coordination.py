"""Settings of ZooKeeper, memcached and the parts that run elsewhere, with defaults. Frozen; `validate()` says what is
wrong."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from groundwork.engine_tls import EngineTls

LEASES = ("file", "ordinal", "zookeeper")


@dataclass(frozen=True, slots=True)
class ZookeeperConfig:
    """`hosts` as `host:port`. Everything of ours lies below `chroot`. `auth` is `user:password` (digest): with it, what
    we make there can be read and written by that user only. A process that fell silent loses its worker id after
    `session_seconds`, and the domains of its fetcher after a quarter of them, two and a half seconds at the least.
    """

    hosts: tuple[str, ...] = ()
    chroot: str = "/spiderduck"
    auth: str = field(default="", repr=False)
    session_seconds: float = 10.0
    tls: EngineTls = field(default_factory=EngineTls)

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        if self.chroot and (not self.chroot.startswith("/") or self.chroot.endswith("/")):
            raise ValueError(f'zookeeper.chroot is {self.chroot!r}; it takes a path such as "/spiderduck"')
        if self.auth and ":" not in self.auth:
            raise ValueError('zookeeper.auth takes "user:password"')
        if not 1.0 <= self.session_seconds <= 60.0:
            raise ValueError(f"zookeeper.session_seconds is {self.session_seconds}; it takes 1 to 60")
        self.tls.validate("zookeeper.tls")


@dataclass(frozen=True, slots=True)
class MemcachedConfig:
    """`hosts` as `host:port`: robots.txt files and politeness, shared by all fetchers. `auth` is `user:password`, as in
    the file of a server that was started with `-Y`."""

    hosts: tuple[str, ...] = ()
    auth: str = field(default="", repr=False)
    tls: EngineTls = field(default_factory=EngineTls)

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        if self.auth and (":" not in self.auth or not self.auth.isprintable()):
            raise ValueError('memcached.auth takes "user:password"')
        self.tls.validate("memcached.tls")


@dataclass(frozen=True, slots=True)
class IdsConfig:
    """`urls` of the id services, one of which must answer; none: this process mints its own ids. `url` names a single
    one. Where ids are minted, `lease` says who gives out worker ids: a lock `file` in the data folder, the `ordinal` at
    the end of the host's name (a StatefulSet), or `zookeeper`.
    """

    url: str = ""
    urls: tuple[str, ...] = ()
    lease: str = "file"

    @property
    def services(self) -> tuple[str, ...]:
        """Every id service that is named, each once."""
        return tuple(dict.fromkeys((*((self.url,) if self.url else ()), *self.urls)))

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        if self.lease not in LEASES:
            raise ValueError(f"ids.lease is {self.lease!r}; it takes {', '.join(LEASES)}")
        for url in self.services:
            if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
                raise ValueError(f'ids.urls holds {url!r}; it takes addresses such as "http://ids-0:8080"')
