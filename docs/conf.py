"""Sphinx's settings. `make docs` builds; a warning or a broken internal link fails."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent / "_extensions")]

from fetchers.config import VERSION  # noqa: E402

project = "SpiderDuck"
author = "The SpiderDuck contributors"
copyright = "The SpiderDuck contributors; Apache-2.0"
release = version = VERSION

extensions = ["myst_parser", "diagrams", "generated_reference"]
myst_enable_extensions = ["deflist", "colon_fence"]
myst_fence_as_directive = ["mermaid"]  # so that code hosts and this documentation show the same source
myst_heading_anchors = 3
suppress_warnings = ["myst.header"]  # generated and included pages begin where they stand

exclude_patterns = ["_build", "_extensions"]
html_theme = "furo"
html_title = f"SpiderDuck {VERSION}"
html_copy_source = False
html_show_sphinx = False
html_favicon = "../spiderduck/console/static/duck.svg"
