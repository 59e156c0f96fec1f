"""The notebooks as files: finding them, and reading what they show."""

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from htanalysis import findings, settings, tables
from htanalysis.errors import HtanalysisError

#: How a notebook is named that becomes a page; JupyterLab names copies 01-trends-Copy1.
_NAME = re.compile(r"[0-9]+(-[a-z0-9]+)+")


def find_notebooks(folder: Path | None = None) -> list[Path]:
    """List the notebooks in reading order: those named as 01-trends.ipynb, so that no copy becomes a page by itself.

    Raises
    ------
    HtanalysisError
        If there is none.
    """
    folder = folder or settings.HOME / "notebooks"
    found = sorted(path for path in folder.glob("*.ipynb") if _NAME.fullmatch(path.stem))
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
    from htanalysis import figures  # Here alone: it imports plotly, which finding findings does without.

    for cell in _read_cells(path):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for content in data.get(findings.MIME, {}).get("findings", []):
                yield "finding", content
            for mime in (tables.MIME, figures.MIME):
                if mime in data:
                    yield "table", data[mime]


def find_findings(source: Path, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run what a notebook's findings rest on in this process, without a kernel, and give what it finds.

    For a quick look at what would change; a report runs its notebooks whole, in kernels of their own.

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
    cells = [cell for cell in _read_cells(source) if cell["cell_type"] == "code"]
    for cell, tree in zip(cells, _keep_needed(["".join(cell["source"]) for cell in cells]), strict=True):
        shown.append(_run_cell(tree, names))
        if "parameters" in cell["metadata"].get("tags", []):
            names |= parameters
    bundles = [item._repr_mimebundle_() for item in shown if isinstance(item, findings.Finding | findings.Answer)]
    return [{"notebook": source.stem} | found for bundle in bundles for found in bundle[findings.MIME]["findings"]]


def _keep_needed(cells: Sequence[str]) -> list[ast.Module]:
    """Parse cells, and empty the statements that only draw or only give names, if they give none that another needs."""
    trees, wanted = [ast.parse(cell) for cell in cells], set()
    for tree in reversed(trees):
        for place, statement in reversed(list(enumerate(tree.body))):
            if (_only_draws(statement) or _only_names(statement)) and wanted.isdisjoint(_list_given(statement)):
                tree.body[place] = ast.copy_location(ast.Pass(), statement)
            else:
                wanted |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return trees


def _list_given(statement: ast.stmt) -> Iterator[str]:
    """List the names that a statement gives anywhere, also in a loop or inside of an expression."""
    for node in ast.walk(statement):
        if isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _only_names(statement: ast.stmt) -> bool:
    """Say whether a statement is an import or a plain assignment: one to a part of something may change more."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return isinstance(statement, ast.Import | ast.ImportFrom)
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    parts = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return all(isinstance(part, ast.Name) for part in parts)


def _only_draws(node: ast.AST) -> bool:
    """Say whether a statement or an expression only shows figures, tables or words, which hold no finding."""
    match node:
        case ast.For(body=body, orelse=[]):
            return all(_only_draws(each) for each in body)
        case ast.Expr(value=value):
            return _only_draws(value)
        case ast.IfExp(body=body, orelse=other):
            return _only_draws(body) and _only_draws(other)
        case ast.Call(func=ast.Name(id="display"), args=shown):
            return all(_only_draws(each) for each in shown)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="ht"), attr=name)):
            return name in ("Table", "Chart") or name.startswith("draw_")
        case ast.Call(func=ast.Name(id=name)):
            return name in ("Markdown", "print")
    return False


def _run_cell(tree: ast.Module, names: dict[str, Any]) -> Any:
    """Run a cell, and give the value of its last line where that is an expression."""
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "notebook", "exec"), names)  # noqa: S102, the collection's own notebooks
    return eval(compile(ast.Expression(last.value), "notebook", "eval"), names) if last else None  # noqa: S307


def _read_cells(path: Path) -> list[dict[str, Any]]:
    """Read the cells as the file holds them: nbformat, which checks them as well, takes long to import."""
    return json.loads(path.read_text(encoding="utf-8"))["cells"]
