"""The notebooks as files: finding them, and reading what they show."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from htanalysis import results, settings
from htanalysis.charts import look, tables
from htanalysis.errors import HtanalysisError

#: How a notebook is named that becomes a page; JupyterLab names copies 01-trends-Copy1.
_NAME = re.compile(r"[0-9]+(-[a-z0-9]+)+")
#: What an output can be that is more than words.
_RICH = {results.MIME: "findings", look.MIME: "figure", tables.MIME: "table", results.WHAT_IF: "whatif"}


def find_notebooks() -> list[Path]:
    """List the notebooks in reading order: those named as 01-trends.ipynb, so that no copy becomes a page by itself."""
    folder = settings.find_notebooks()
    found = sorted(path for path in folder.glob("*.ipynb") if _NAME.fullmatch(path.stem))
    if not found:
        raise HtanalysisError(f"{folder} holds no notebook. Put one there with a name such as 01-trends.ipynb.")
    return found


class Cell(NamedTuple):
    """A cell of a notebook, and in `parts` what it shows: each with what it is, and its content.

    A part is "findings", a "figure", a "table", a "whatif", or words in "html", "markdown" or "plain".
    """

    id: str
    kind: str
    source: str
    tags: Sequence[str]
    parts: Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Executed:
    """A notebook with what it shows."""

    cells: Sequence[Cell]

    @property
    def title(self) -> str:
        """The question that it begins with, which running it does not change."""
        return self.cells[0].source.partition("\n")[0].removeprefix("# ")

    @property
    def prose(self) -> str:
        """All that its page says in Markdown."""
        return "\n".join(cell.source for cell in self.on_page if cell.kind == "markdown")

    def read_section(self, head: str) -> str:
        """Give the Markdown between a heading and the next."""
        return re.split(r"\n##+ ", self.prose.partition(f"## {head}\n")[2])[0].strip()

    @property
    def on_page(self) -> list[Cell]:
        """The cells of its page: none tagged "researchers"; one tagged "method" stands at the end of its section."""
        placed: list[Cell] = []
        methods: list[Cell] = []
        for cell in self.cells:
            begins = cell.kind == "markdown" and cell.source.startswith("## ")
            if methods and (begins or ("history" in cell.tags) != ("history" in methods[0].tags)):
                placed, methods = placed + methods, []
            if "researchers" not in cell.tags:
                (methods if "method" in cell.tags else placed).append(cell)
        return placed + methods

    @property
    def shown(self) -> list[tuple[str, dict[str, Any]]]:
        """What its page shows in its order: pairs of "finding", "figure", "table" or "whatif" and the content."""
        return [pair for cell in self.on_page for pair in list_shown(cell)]

    @property
    def history(self) -> set[str]:
        """The findings that are about the 2012 report's two years, in cells tagged "history"."""
        cells = [cell for cell in self.cells if "history" in cell.tags]
        return {item["id"] for cell in cells for kind, item in list_shown(cell) if kind == "finding"}

    @property
    def made(self) -> dict[str, str]:
        """The cell that makes what it shows, by the id of this: the last that names it, or the one that shows it."""
        code = [cell for cell in self.cells if cell.kind == "code"]
        return {
            item["id"]: next((each for each in code[place::-1] if f'"{item["id"]}"' in each.source), cell).id
            for place, cell in enumerate(code)
            for _, item in list_shown(cell)
        }


def list_shown(cell: Cell) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give what a cell shows, as pairs of "finding", "figure", "table" or "whatif" and the content."""
    for kind, content in cell.parts:
        if kind == "findings":
            yield from (("finding", item) for item in content["findings"])
        elif kind in ("figure", "table", "whatif"):
            yield kind, content


def list_findings(notebooks: Mapping[str, Executed]) -> list[dict[str, Any]]:
    """List what the pages of notebooks find, with the name of each."""
    shown = [(name, *pair) for name, notebook in notebooks.items() for pair in notebook.shown]
    return [{"notebook": name} | content for name, kind, content in shown if kind == "finding"]


def read_executed(source: Path | bytes) -> Executed:
    """Read a notebook, or its content, and what it shows; a figure's content holds what plotly draws as `figure`."""
    cells = []
    # As the file holds them: nbformat, which checks them as well, takes long to import.
    for cell in json.loads(source if isinstance(source, bytes) else source.read_bytes())["cells"]:
        parts = [part for output in cell.get("outputs", []) for part in _read_output(output)]
        tags = cell["metadata"].get("tags", [])
        cells.append(Cell(cell.get("id", ""), cell["cell_type"], "".join(cell["source"]), tags, parts))
    return Executed(cells)


def _read_output(output: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give what an output shows, in the best form that it has."""
    data = output.get("data", {})
    words = [kind for kind in ("html", "markdown", "plain") if f"text/{kind}" in data]
    rich = next((mime for mime in _RICH if mime in data), None)
    if rich == look.MIME:
        yield "figure", data[rich] | {"figure": data["application/vnd.plotly.v1+json"]}
    elif rich:
        yield _RICH[rich], data[rich]
    elif words:
        yield words[0], "".join(data[f"text/{words[0]}"])
    elif "text" in output:
        yield "plain", "".join(output["text"])
