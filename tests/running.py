"""Running a notebook whole in this process, and reading all that it says, for sweeps and simulated returns."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import nbformat
from IPython.display import DisplayObject

from htanalysis import results
from htanalysis.charts import tables
from htanalysis.charts.tables import format_cell
from htanalysis.report.notebooks import find_notebooks

CHART = "application/vnd.htanalysis.chart+json"
#: What no sentence says, whatever the numbers are: an empty value, an endless one, or a range that is none.
BROKEN = {
    "an empty or endless value": re.compile(
        r"\bnan\b|<NA>|\bNA\b|\bNaT\b|\bNone\b|\binf\b|∞|not finite|not published to"
    ),
    "a range of one number": re.compile(r"\b(?:from|between )?(?<!of )([\d.,]+%?) (?:to|and) \1(?![\d.,%]*\d|%)"),
    "a number said twice": re.compile(r"([\d.,]+%) \(\1\)"),
    "what Python calls things": re.compile(r"Int64|float64|Period\(|Timestamp|\['|datetime"),
}


@dataclass(frozen=True)
class Shown:
    """One thing that a notebook shows: "finding", "table", "chart" or "words", and its content as it travels."""

    kind: str
    content: Any

    def texts(self) -> Iterator[str]:
        """Give every text in it, cells of tables as they are written for people."""
        if self.kind == "words":
            yield self.content
        elif self.kind == "finding":
            yield from filter(None, map(self.content.get, ("sentence", "formula", "assumption", "amount")))
        else:
            yield from filter(None, map(self.content.get, ("title", "subtitle", "formula", "alt")))
            for row in self.content["rows"]:
                for column, value in zip(self.content["columns"], row, strict=True):
                    yield format_cell(value, column["digits"], self.content["missing"])


def run_notebook(name: str, **parameters: Any) -> list[Shown]:
    """Run all cells of a notebook in this process, with values that follow its cell tagged "parameters"."""
    path = next(path for path in find_notebooks() if path.stem.startswith(name))
    displayed: list[Any] = []
    names: dict[str, Any] = {"display": lambda *objects: displayed.extend(objects), "__name__": "__main__"}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, path.name, "exec"), names)
            displayed.append(eval(compile(ast.Expression(last.value), path.name, "eval"), names) if last else None)
            if "parameters" in cell.metadata.get("tags", []):
                names |= parameters
    return [shown for item in displayed for shown in _read(item)]


def _read(item: Any) -> Iterator[Shown]:
    if isinstance(item, DisplayObject):
        yield Shown("words", item.data)
        return
    bundle = item._repr_mimebundle_() if hasattr(item, "_repr_mimebundle_") else {}
    for content in bundle.get(results.MIME, {}).get("findings", []):
        yield Shown("finding", content)
    for kind, mime in (("table", tables.MIME), ("chart", CHART)):
        if mime in bundle:
            yield Shown(kind, bundle[mime])


def find_faults(shown: list[Shown]) -> list[str]:
    """List what is wrong in what a notebook shows, whatever its parameters and returns are."""
    texts = [text for each in shown for text in each.texts()]
    faults = [f"{what}: {text}" for text in texts for what, pattern in BROKEN.items() if pattern.search(text)]
    for each in shown:
        if each.kind == "finding":
            sentence = each.content["sentence"]
            ends = [each.content[key] for key in ("low", "value", "high") if each.content[key] is not None]
            if ends != sorted(ends):
                faults.append(f"{ends} is no range: {sentence}")
            elif each.content["unit"] != "share" and ends and ends[0] < 0 and not re.search("[-−]", sentence):
                faults.append(f"{ends} below 0: {sentence}")
    ids = [each.content["id"] for each in shown if each.kind == "finding"]
    return faults + [f"two findings are called {name}" for name in set(ids) if ids.count(name) > 1]
