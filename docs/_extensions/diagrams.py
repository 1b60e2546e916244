"""Shows Mermaid diagrams as the drawings in `docs/diagrams`, so that no page loads a script from elsewhere. Code hosts
draw the same source themselves. `make diagrams` draws anew what was changed."""

from hashlib import sha256
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDER = "diagrams"
DIGITS = 16


class Diagram(SphinxDirective):
    """The directive `mermaid`: its content names the drawing, by its digest."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        source = "\n".join(self.content).strip()
        name = f"{sha256(source.encode()).hexdigest()[:DIGITS]}.svg"
        if not (Path(self.env.srcdir) / FOLDER / name).is_file():
            raise self.error("this diagram is new or was changed, and is not drawn yet; run `make diagrams`")
        picture = nodes.image(uri=f"/{FOLDER}/{name}", alt="A diagram of what the text says")
        self.set_source_info(picture)
        return [picture]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx's entry point."""
    app.add_directive("mermaid", Diagram)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
