"""Where real inputs lie: in the folder that SPIDERDUCK_CORPORA names. Without it, what needs them is skipped."""

import os
from pathlib import Path

CORPORA = Path(os.environ.get("SPIDERDUCK_CORPORA") or "no-corpora").resolve()
