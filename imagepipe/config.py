"""Settings of the image pipelines, with defaults, units and the reason for each figure. Frozen; `validate()` explains.

Filled by `imagepipe.settings` or by the product around.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from imagepipe.errors import InvalidSetting

MIB = 1024 * 1024
_LEAST_MEMORY = 64 * MIB


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What a picture may be before anything of it is decoded. Caps are checked on header and block structure."""

    bytes: int = 32 * MIB
    pixels: int = 60_000_000  # a 50 MP camera passes; at 4 bytes a pixel one frame is 240 MB at most
    animated_pixels: int = 16_000_000  # a canvas is held up to three times while frames are laid on one another
    total_pixels: int = 120_000_000  # over all frames of an animation
    frames: int = 600  # a minute at ten a second; 10,000 tiny frames are a known bomb
    scans: int = 100  # libjpeg-turbo's own fuzzers stop at 500; cameras and encoders write about ten
    scan_pixels: int = 800_000_000  # every pass of a progressive JPEG walks all pixels, 5 to 10 ns each
    output_pixels: int = 40_000_000
    formats: tuple[str, ...] = ()  # allow-list of codec names; none = all that are registered


@dataclass(frozen=True, slots=True)
class TierLimits:
    """Room of one tier. `bytes=0` turns it off. `seconds` to live, counted from the last use if `sliding`."""

    bytes: int
    entries: int = 100_000
    seconds: float = 30 * 86_400.0
    sliding: bool = True
    largest_share: int = 6

    @property
    def entry_bytes(self) -> int:
        """One entry takes at most a sixth (one part in `largest_share`), so that none empties a tier (TIP's rule)."""
        return self.bytes // self.largest_share


@dataclass(frozen=True, slots=True)
class Tiers:
    """The three tiers; the phone's figures were 80, 48 and 128 MiB."""

    rendered: TierLimits = TierLimits(128 * MIB)
    encoded: TierLimits = TierLimits(128 * MIB)
    disk: TierLimits = TierLimits(1024 * MIB)


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """One named pipeline. `presets` map a name to a query string (`"w=400&h=400&fit=cover"`).

    `sizes_per_picture`: rendered variants kept of one picture. `warm_up`: query strings rendered as soon as a picture
    is stored. `fallback`: a picture answered instead of an error, or, from settings, the name of its file.
    `allow_hosts`: where pictures may come from (`*.example.com`); empty = anywhere the source reaches.
    `additional_folders` and `additional_urls` are asked, in that order, before the network. `avif_at_once_pixels`:
    above it, `auto` first answers WebP, and AVIF is made when idle. `progressive`: "idle" sends a JPEG as baseline
    first and, once it is asked for again, re-encodes it in a quiet moment.

    `min_fresh_seconds` holds also where an origin says less. `stale_while_revalidate`: so long beyond its time a
    picture is answered while its origin is asked; `stale_if_error`: so long where the origin is in trouble (RFC 5861).
    `store_private`: keep for everybody also what its origin marks `private` or `no-store`. `share`: take originals
    from the other pipelines that share, and give them.
    """

    name: str
    tiers: Tiers = Tiers()
    presets: Mapping[str, str] = field(default_factory=dict)
    warm_up: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    fallback: bytes | None = None
    fallback_file: str = ""
    additional_folders: tuple[str, ...] = ()
    additional_urls: tuple[str, ...] = ()
    sizes_per_picture: int = 12
    quality: int | Literal["fine"] | None = None
    min_fresh_seconds: float = 3600.0
    max_fresh_seconds: float = 30 * 86_400.0
    stale_while_revalidate: float = 86_400.0
    stale_if_error: float = 7 * 86_400.0
    store_private: bool = False
    share: bool = True
    avif_at_once_pixels: int = 300_000  # AVIF at speed 8 takes about 0.25 µs a pixel: 75 ms is where a visitor notices
    progressive: Literal["off", "idle", "at_once"] = "idle"  # encoding costs seven times a baseline one's
    progressive_bytes: int = 10 * 1024  # below it a progressive JPEG is not smaller, and nobody sees the passes

    def bounded_freshness(self, said: float | None) -> float:
        """For how many seconds a picture is fresh whose origin `said` so (None: it said nothing), within the bounds."""
        return min(max(said or 0.0, self.min_fresh_seconds), self.max_fresh_seconds)


@dataclass(frozen=True, slots=True)
class ImagesConfig:
    """Everything together. `keys` sign URLs: the first signs, all verify, so that a key can be rotated.

    `unsigned_hosts`: whose pictures anybody may ask for without a signature, redirects included (`example.com`,
    `*.example.com`, `*`). `loads` originals are fetched at a time, of one host and for one client fewer, so that others
    get theirs; `loads_waiting` may wait for their place. `queue` renders wait, at most half of them for one client.
    """

    pipelines: tuple[PipelineConfig, ...] = ()
    global_tiers: Tiers = Tiers()
    limits: PictureLimits = PictureLimits()
    keys: tuple[str, ...] = field(default=(), repr=False)
    allow_unsigned: bool = False
    unsigned_hosts: tuple[str, ...] = ()
    admin_key: str = field(default="", repr=False)
    loads: int = 256  # originals being fetched; most of them wait for their origin's turn and hold nothing
    loads_per_host: int = 32
    loads_per_client: int = 64
    loads_waiting: int = 4096  # some 500 bytes each
    renders_per_client: int = 0  # at a time; 0 = all cores but one, two at least
    queue: int = 2048  # renders waiting, half of them of one client: a gallery of 1,000; who waits too long gets 504
    queue_bytes: int = 256 * MIB  # of the pictures that wait to be rendered, half of them of one client
    render_seconds: float = 10.0
    request_seconds: float = 30.0
    partial_bytes: int = 64 * MIB
    memory_bytes: int = 512 * MIB  # of all decodes and renders together; with the caches and workers within 1 GiB
    isolate: bool = True
    isolated_workers: int = 0  # 0 = the number of cores
    isolated_memory: int = 1024 * MIB

    def validate(self) -> "ImagesConfig":
        """This configuration, or `InvalidSetting` that names the setting, what it was and what it may be."""
        names = [pipeline.name for pipeline in self.pipelines]
        _require(len(set(names)) == len(names), "pipelines: every name once", names)
        for name in names:
            _require(name.replace("-", "").replace("_", "").isalnum(), "pipelines: letters, digits, - and _", name)
        _require(self.queue >= 1, "queue: at least 1", self.queue)
        _require(self.queue_bytes >= 1, "queue_bytes: at least 1", self.queue_bytes)
        _require(self.loads >= 1, "loads: at least 1", self.loads)
        _require(self.renders_per_client >= 0, "renders_per_client: 0 or more", self.renders_per_client)
        for name in ("loads_per_host", "loads_per_client", "loads_waiting"):
            _require(getattr(self, name) >= 1, f"{name}: at least 1", getattr(self, name))
        _require(self.render_seconds > 0, "render_seconds: more than 0 seconds", self.render_seconds)
        _require(self.request_seconds > 0, "request_seconds: more than 0 seconds", self.request_seconds)
        _require(all(len(key) >= 16 for key in self.keys), "keys: at least 16 characters each", "(hidden)")
        _require(self.memory_bytes >= _LEAST_MEMORY, f"memory_bytes: at least {_LEAST_MEMORY}", self.memory_bytes)
        _require(self.limits.pixels > 0 and self.limits.bytes > 0, "limits: more than 0", self.limits)
        return self


def default_config() -> ImagesConfig:
    """`cards` for pages' pictures and `avatars` for faces, each with a few presets."""
    cards = PipelineConfig("cards", presets={"small": "w=360", "large": "w=680", "square": "w=400&h=400&fit=cover"})
    avatars = PipelineConfig("avatars", presets={"small": "w=48&h=48&fit=cover", "large": "w=400&h=400&fit=cover"})
    return ImagesConfig(pipelines=(cards, avatars))


def _require(fine: bool, expected: str, got: object) -> None:
    if not fine:
        raise InvalidSetting(f"{expected}; got {got!r}")
