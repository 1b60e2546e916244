"""Rows for analytics and questions about them, as the settings say. Their libraries are the extra `analytics`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spiderduck.bootstrap.composition import Composition
from spiderduck.bootstrap.extras import needed_for
from spiderduck.bootstrap.storage import ForApi, Work
from spiderduck.config import Config
from spiderduck.errors import NotInstalled

if TYPE_CHECKING:
    from spiderduck.analytics.querying import Queries
    from spiderduck.analytics.recording import Recorder

FOLDER = "analytics"
EXTRA = "analytics"


@dataclass(frozen=True, slots=True)
class AnalyticsParts:
    """What runs beside, where rows are written."""

    recorder: "Recorder | None" = None
    work: tuple[Work, ...] = ()

    async def gauges(self) -> Mapping[str, tuple[str, float]]:
        """For `/metrics`."""
        if self.recorder is None:
            return {}
        return {"analytics_rows_total": ("Rows for analytics that this process wrote.", self.recorder.rows_total)}


def open_analytics(given: Composition, api: ForApi | None) -> AnalyticsParts:
    """Raises `BadSetting` where rows are to be written and the extra is not installed."""
    if api is None or not given.config.analytics.write:
        return AnalyticsParts()
    with needed_for("analytics.write", extra=EXTRA):
        from spiderduck.analytics.files import ParquetFiles
        from spiderduck.analytics.recording import Recorder
    files = ParquetFiles(given.folder / FOLDER, given.config.analytics)
    recorder = Recorder(api.subscriptions, api.store, files, given.config.analytics, given.clock)
    return AnalyticsParts(recorder, (("analytics", recorder.run),))


def open_queries(config: Config, folder: Path) -> "Queries":
    """Raises `NotInstalled`. `folder` is the data folder."""
    try:
        from spiderduck.analytics.files import ParquetFiles
        from spiderduck.analytics.querying import Queries
    except ModuleNotFoundError as error:
        raise NotInstalled(f"analytics need {error.name}: pip install 'spiderduck[{EXTRA}]'") from error
    return Queries(ParquetFiles(folder / FOLDER, config.analytics).dataset)
