"""Rows for analytics and questions about them, as the settings say. Their libraries are the extra `analytics`."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spiderduck.analytics.noting import Noting
from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.extras import needed_for
from spiderduck.bootstrap.storage import ForApi, Storage, Work
from spiderduck.config import Config
from spiderduck.errors import NotInstalled
from spiderduck.settings.analytics import AnalyticsConfig
from spiderduck.takedowns.in_force import InForce
from spiderduck.takedowns.notices import RedactedSubscriptions
from spiderduck.takedowns.ports import Rows

if TYPE_CHECKING:
    from spiderduck.analytics.querying import Queries
    from spiderduck.analytics.recording import Recorder
    from spiderduck.analytics.rows import Row

log = logging.getLogger(__name__)

FOLDER = "analytics"
EXTRA = "analytics"


@dataclass(frozen=True, slots=True)
class AnalyticsParts:
    """What runs beside, where rows are written. `rows` are those that are there, also where none are written now."""

    recorder: "Recorder | None" = None
    rows: Rows | None = None
    work: tuple[Work, ...] = ()

    async def gauges(self) -> Mapping[str, tuple[str, float]]:
        """For `/metrics`."""
        if self.recorder is None:
            return {}
        return {"analytics_rows_total": ("Rows for analytics that this process wrote.", self.recorder.rows_total)}


def open_noting(given: Composition, storage: Storage) -> Noting | None:
    """None where no rows are written, or this process reaches no subscribers."""
    announcing = storage.api.announcing if storage.api is not None else None
    if announcing is None and storage.removable is not None:
        announcing = storage.removable.announcing
    return Noting(announcing, given.clock) if announcing is not None and given.config.analytics.write else None


def open_analytics(given: Composition, api: ForApi | None, in_force: InForce) -> AnalyticsParts:
    """Raises `BadSetting` where rows are to be written and the extra is not installed."""
    config, folder = given.config.analytics, given.folder / FOLDER
    if api is None or not config.write:
        return AnalyticsParts(rows=_former_rows(folder, config) if api is not None and folder.exists() else None)
    with needed_for("analytics.write", extra=EXTRA):
        from spiderduck.analytics.files import ParquetFiles
        from spiderduck.analytics.forgetting import ForgettingRows, names_gone
        from spiderduck.analytics.recording import Recorder
    files = ParquetFiles(folder, config)

    def is_gone(row: "Row") -> bool:
        return names_gone(row, in_force.names)

    subscriptions = RedactedSubscriptions(api.subscriptions, in_force)
    recorder = Recorder(subscriptions, api.store, files, config, given.clock, is_gone)
    return AnalyticsParts(recorder, ForgettingRows(files), (("analytics", recorder.run),))


def _former_rows(folder: Path, config: AnalyticsConfig) -> Rows | None:
    """Those that were written under other settings."""
    try:
        from spiderduck.analytics.files import ParquetFiles
        from spiderduck.analytics.forgetting import ForgettingRows
    except ModuleNotFoundError as error:
        log.warning("%s holds rows, out of which nothing can be taken down without %s", folder, error.name)
        return None
    return ForgettingRows(ParquetFiles(folder, config))


def open_queries(config: Config, folder: Path) -> "Queries":
    """Raises `NotInstalled`. `folder` is the data folder."""
    try:
        from spiderduck.analytics.files import ParquetFiles
        from spiderduck.analytics.querying import Queries
    except ModuleNotFoundError as error:
        raise NotInstalled(f"analytics need {error.name}: pip install 'spiderduck[{EXTRA}]'") from error
    return Queries(ParquetFiles(folder / FOLDER, config.analytics).dataset)
