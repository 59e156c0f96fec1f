"""The notebooks as files: finding them, and reading what they show."""

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from htanalysis import figures, findings, settings, tables
from htanalysis.errors import HtanalysisError


def find_notebooks(folder: Path | None = None) -> list[Path]:
    """List the notebooks in reading order.

    Raises
    ------
    HtanalysisError
        If there is none.
    """
    folder = folder or settings.HOME / "notebooks"
    found = sorted(folder.glob("[0-9]*.ipynb"))
    if not found:
        raise HtanalysisError(f"{folder} holds no notebook. Put one there with a name such as 01-trends.ipynb.")
    return found


def read_title(path: Path) -> str:
    """Give the question that a notebook begins with, which running it does not change."""
    return tell_title("".join(_read_cells(path)[0]["source"]))


def tell_title(text: str) -> str:
    """Give the title of a notebook by the text of its first cell.

    Examples
    --------
    >>> tell_title("# How much is known?")
    'How much is known?'
    """
    return text.split("\n")[0].removeprefix("# ")


def read_outputs(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Go through what an executed notebook shows: pairs of "finding" or "table" and the content.

    A chart counts as a table: the numbers behind it.
    """
    for cell in _read_cells(path):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for content in data.get(findings.MIME, {}).get("findings", []):
                yield "finding", content
            for mime in (tables.MIME, figures.MIME):
                if mime in data:
                    yield "table", data[mime]


def find_findings(source: Path, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run a notebook's code in this process, without a kernel, and give what it finds.

    For a quick look at what would change; a report runs its notebooks in kernels of their own.

    Parameters
    ----------
    source : pathlib.Path
        The notebook.
    parameters : mapping
        Values that follow its cell tagged "parameters".

    Returns
    -------
    list of dict
        Its findings, each with the notebook's name under "notebook".
    """
    shown: list[Any] = []
    names: dict[str, Any] = {"display": lambda *objects: shown.extend(objects), "print": lambda *_, **__: None}
    for cell in _read_cells(source):
        if cell["cell_type"] == "code":
            shown.append(_run_cell("".join(cell["source"]), names))
            if "parameters" in cell["metadata"].get("tags", []):
                names |= parameters
    bundles = [item._repr_mimebundle_() for item in shown if isinstance(item, findings.Finding | findings.Answer)]
    return [{"notebook": source.stem} | found for bundle in bundles for found in bundle[findings.MIME]["findings"]]


def _run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell, and give the value of its last line where that is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "notebook", "exec"), names)  # noqa: S102, the collection's own notebooks
    return eval(compile(ast.Expression(last.value), "notebook", "eval"), names) if last else None  # noqa: S307


def _read_cells(path: Path) -> list[dict[str, Any]]:
    """Read the cells as the file holds them: nbformat, which checks them as well, takes long to import."""
    return json.loads(path.read_text(encoding="utf-8"))["cells"]
