"""The pages: an index, one page a notebook, the code book and the methods, as files that work without a network."""

import base64
import csv
import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from markupsafe import Markup
from nbconvert import HTMLExporter
from traitlets.config import Config

from htanalysis import drawings, figures, findings, settings, tables
from htanalysis.datasets import evidence, list_described, read_descriptor
from htanalysis.methods import describe_methods, highlight
from htanalysis.notebooks import tell_title
from htanalysis.notes import make_notes, open_note, open_numbers
from htanalysis.periods import name_report
from htanalysis.returns import REPORT_ALONE, tell_day
from htanalysis.search import write_search
from htanalysis.summaries import HEADLINES, draw_scale, range_in_words, summarize
from htanalysis.words import polish, sanitize, write_markdown

#: What plotly writes as style into a page: an empty element, which it fills by script, and bold letters.
_PLOTLY_STYLES = ("", "font-weight:bold")
#: A parameter as notebooks declare it, in a line: its name, its value, and what it means.
_PARAMETER = re.compile(r"^(\w+)\s*(?::[^=#]*)?=\s*(.*?)(?:\s*#\s*(.*))?$", flags=re.MULTILINE)
#: What a notebook's page shows of it.
_PARTS = dict.fromkeys(("include_code", "include_markdown", "include_input", "include_output"), True)
_PRIORITY = [findings.MIME, figures.MIME, tables.MIME, "text/html", "text/markdown", "text/plain"]


def write_pages(
    executed: Sequence[Path],
    found: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, str],
    folder: Path,
    changes: Mapping[str, Any] | None,
) -> None:
    """Write the index, a page for each notebook, what changed, the code book and the methods, and what they all share.

    Parameters
    ----------
    executed : sequence of pathlib.Path
        The executed notebooks, in reading order.
    found : sequence of dict
        The findings of all notebooks, each with its notebook's name under "notebook".
    parameters : mapping of str to str
        The report's `quarter` ("2012Q2" or "2011Q3:2012Q2"), `as_of` (a day or "report") and `audience`.
    folder : pathlib.Path
        Where the pages go, beside the files that they offer.
    changes : mapping, optional
        What changed since the last report: its parameters under `earlier`, the `findings` that moved, the `revisions`
        and the counts newly `known`. None where no report came before.
    """
    notebooks = {path.stem: read_executed(path) for path in executed}
    shared = share(parameters, {name: _title(notebook) for name, notebook in notebooks.items()})
    moved = changes["findings"] if changes else []
    for name, notebook in notebooks.items():
        write_page(name, notebook, shared, folder, [item for item in moved if item["notebook"] == name])
    write_other_pages(notebooks, found, shared, folder, changes)


def share(parameters: Mapping[str, str], titles: Mapping[str, str]) -> dict[str, Any]:
    """Give what all pages of a report say, which is known before any notebook is executed.

    Parameters
    ----------
    parameters : mapping of str to str
        The report's `quarter` ("2012Q2" or "2011Q3:2012Q2"), `as_of` (a day or "report"), `audience` and, where it has
        one, the `scenario` with its `assumption` as a sentence.
    titles : mapping of str to str
        The question of each notebook by its name, in reading order, as `read_title` gives it.
    """
    version = read_descriptor()["version"]
    return {
        "period": name_report(parameters),
        "assumption": parameters.get("assumption"),
        "known": tell_day(parameters["as_of"]),
        "internal": parameters["audience"] == "internal",
        "menu": [{"name": name, "title": title} for name, title in titles.items()],
        "failed": {},
        "bases": settings.BASES,
        "version": version,
        "year": version[:4] if parameters["as_of"] == REPORT_ALONE else parameters["as_of"][:4],
    }


def read_executed(path: Path) -> nbformat.NotebookNode:
    """Read an executed notebook, and give all that it shows its topic and the code that makes it."""
    notebook = nbformat.read(path, as_version=4)
    _point_to_code(notebook)
    return notebook


def write_page(
    name: str,
    notebook: nbformat.NotebookNode,
    shared: Mapping[str, Any],
    folder: Path,
    moved: Sequence[Mapping[str, Any]],
) -> None:
    """Write the page of a notebook, which needs no other notebook.

    Parameters
    ----------
    name : str
        The notebook, without its ending.
    notebook : nbformat.NotebookNode
        What `read_executed` gives.
    shared : mapping
        What `share` gives.
    folder : pathlib.Path
        Where the page goes.
    moved : sequence of mapping
        The notebook's findings that moved since the last report, as `compare_findings` gives them.
    """
    content = {
        "heading": _title(notebook),
        "settings": _settings(notebook),
        "moved": moved,
        "notes": make_notes([item for cell in notebook.cells for item in _shown(cell)]),
    }
    _write("index.html.j2", name, shared | content, folder, notebook)


def write_other_pages(
    notebooks: Mapping[str, nbformat.NotebookNode],
    found: Sequence[Mapping[str, Any]],
    shared: Mapping[str, Any],
    folder: Path,
    changes: Mapping[str, Any] | None,
) -> None:
    """Write the pages that tell of all notebooks, and what all pages share.

    Parameters
    ----------
    notebooks : mapping of str to nbformat.NotebookNode
        What `read_executed` gives of each notebook by its name, in reading order.
    found : sequence of dict
        The findings of all notebooks, each with its notebook's name under "notebook".
    shared : mapping
        What `share` gives, and under `failed` the cell in which each notebook without a page stopped, by its name.
    folder : pathlib.Path
        Where the pages go, beside the files that they offer.
    changes : mapping, optional
        What changed since the last report, as for `write_pages`.
    """
    titles = {item["name"]: item["title"] for item in shared["menu"]}
    made = {name: _point_to_code(notebook) for name, notebook in notebooks.items()}
    whole = [made[item["notebook"]][item["id"]] | item for item in found]
    resources, methods = _resources(), describe_methods(_used(notebooks))
    contents = {
        "index": {"heading": "What California’s numbers on human trafficking say, and what they do not"}
        | summarize(notebooks, whole, titles, folder)
        | {"notes": make_notes(whole)},
        "changes": {"heading": "What changed since the last report", "notes": _note_moved(changes, whole)},
        "codebook": {"heading": "Where each number comes from", "resources": resources, "notes": _note_datasets()},
        "methods": {"heading": "How each number is computed"} | methods,
    }
    told = {"changes": _tell_changes(changes) if changes else None}
    for name, content in contents.items():
        _write(f"{name}-page.html.j2", name, shared | told | content, folder)
    for name, cell in shared["failed"].items():
        _write("failed-page.html.j2", name, shared | {"heading": titles.get(name, name), "cell": cell}, folder)
    search = write_search(notebooks, titles, resources, methods["modules"])
    (folder / "search.js").write_text(search, encoding="utf-8")
    _copy_assets(folder / "assets", f"report for {shared['period']}{', internal' if shared['internal'] else ''}")


def _write(
    template: str,
    name: str,
    content: Mapping[str, Any],
    folder: Path,
    notebook: nbformat.NotebookNode | None = None,
) -> None:
    """Write a page by its template."""
    # The exporter itself would copy and check each notebook several times before it writes it.
    resources = {"ht": content | {"page": name}, "global_content_filter": _PARTS}
    text = _exporter().environment.get_template(template).render(nb=notebook, resources=resources)
    (folder / f"{name}.html").write_text(polish(text.lstrip("\n")), encoding="utf-8")


@cache
def _exporter() -> HTMLExporter:
    config = Config({"HTMLExporter": {"extra_template_basedirs": [str(files("htanalysis") / "templates")]}})
    config.NbConvertBase.display_data_priority = _PRIORITY
    exporter = HTMLExporter(config=config, template_name="htanalysis")
    exporter.environment.filters |= {
        "brief": _write_brief,
        "by_place": _by_place,
        "drawing": lambda figure: Markup(drawings.draw(figure)),  # noqa: S704, it escapes every word
        "markdown2html": write_markdown,
        "numbers": open_numbers,
        "opening": open_note,
        "code": highlight,
        "scale": draw_scale,
        "range_in_words": range_in_words,
        "sanitize": sanitize,
        "table": _to_table,
    }
    exporter.environment.globals |= {
        "findings_mime": findings.MIME,
        "charts_mime": figures.MIME,
        "tables_mime": tables.MIME,
        "plotly_styles": " ".join(map(allow, _PLOTLY_STYLES)),
    }
    return exporter


def allow(text: str) -> str:
    """Give what a content security policy names to allow one text as script or style, by its hash.

    Examples
    --------
    >>> allow("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _write_brief(figure: Mapping[str, Any]) -> Markup:
    """Write a figure as JSON for a script's element, with as many digits as a screen can show."""
    brief = json.loads(json.dumps(figure), parse_float=_shorten)
    return Markup(json.dumps(brief, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704


def _shorten(text: str) -> float:
    value = float(f"{float(text):.5g}")
    return int(value) if value.is_integer() else value


# What a notebook says


def _shown(cell: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    """Go through the findings, figures and tables that a cell shows."""
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        yield from data.get(findings.MIME, {}).get("findings", [])
        yield from (data[mime] for mime in (tables.MIME, figures.MIME) if mime in data)


def _point_to_code(notebook: nbformat.NotebookNode) -> dict[str, dict[str, str]]:
    """Give all that a notebook shows its topic and the cell that makes it, and say both by id.

    The cell that makes something names it; where none does, the cell that shows it counts.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    made = {}
    for place, cell in enumerate(cells):
        for item in _shown(cell):
            makers = (other for other in cells[place::-1] if f'"{item["id"]}"' in other.source)
            topic = HEADLINES.get(item["id"], item["id"].replace("-", " "))
            made[item["id"]] = {"topic": topic, "code": f"code-{next(makers, cell).id}"}
            item.update(made[item["id"]])
    return made


def _used(notebooks: Mapping[str, nbformat.NotebookNode]) -> dict[str, dict[str, str]]:
    """List for each function that a page names the pages with their titles."""
    used: dict[str, dict[str, str]] = {}
    for name, notebook in notebooks.items():
        for item in (item for cell in notebook.cells for item in _shown(cell) if item["method"]):
            used.setdefault(item["method"], {})[name] = _title(notebook)
    return used


def _title(notebook: nbformat.NotebookNode) -> str:
    """Give the question that a notebook begins with."""
    return tell_title(notebook.cells[0].source)


def _settings(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """Tabulate a notebook's parameters with the values that it ran with and what they mean."""
    given = dict(re.findall(r"^(\w+) = (.*)$", _tagged(notebook, "injected-parameters"), flags=re.MULTILINE))
    declared = _PARAMETER.findall(_tagged(notebook, "parameters"))
    rows = [[name, given.get(name, value).strip("\"'"), words] for name, value, words in declared]
    return _as_table("Parameters of the notebook", ["name", "value", "meaning"], rows)


def _tagged(notebook: nbformat.NotebookNode, tag: str) -> str:
    """Give the code of the first cell with a tag."""
    return next((cell.source for cell in notebook.cells if tag in cell.metadata.get("tags", [])), "")


# What changed


def _tell_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Put what changed into the form in which pages show it."""
    revised, known = changes["revisions"], changes["known"]
    heads = ["quarter", "task force", "measure", "type", "old", "new", "difference"]
    return {
        "earlier": f"{changes['earlier']['quarter'].replace(':', ' to ')}, {tell_day(changes['earlier']['as_of'])}",
        "findings": changes["findings"],
        "revisions": _as_table("Counts of returns that were revised", heads, _plain_rows(revised)),
        "known": _as_table("Counts newly known", ["quarter", "measure", "count"], _plain_rows(known)),
    }


def _plain_rows(frame: pd.DataFrame) -> list[list[Any]]:
    return [
        [
            str(value) if isinstance(value, pd.Period) else value if isinstance(value, str) else int(value)
            for value in row
        ]
        for row in frame.itertuples(index=False)
    ]


# Sources


def _by_place(references: Sequence[str]) -> list[tuple[str, list[dict[str, str]]]]:
    """Group sources by where they stand, in order, so that a place is named once."""
    places: dict[str, list[dict[str, str]]] = {}
    for reference in references:
        item = evidence(reference)
        places.setdefault(item["place"], []).append(item | {"short": _short_quotes()[reference]})
    return list(places.items())


@cache
def _short_quotes() -> dict[str, str]:
    """Cut each quote to its first words, as many as tell it from the other quotes of its place."""
    quotes = [item for entry in list_described() for item in entry["evidence"]]
    short = {}
    for item in quotes:
        words = item["quote"].split()
        rivals = [other["quote"].split() for other in quotes if other["place"] == item["place"] and other != item]
        fits = (end for end in range(4, len(words)) if words[:end] not in [rival[:end] for rival in rivals])
        end = next(fits, len(words))
        short[item["id"]] = " ".join(words[:end]).rstrip(".,;:–") + ("…" if end < len(words) else "")
    return short


def _note_moved(changes: Mapping[str, Any] | None, found: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Make the notes of what moved since the last report and is still there."""
    moved = {item["id"] for item in changes["findings"]} if changes else set()
    return make_notes([item for item in found if item["id"] in moved])


# The code book


def _resources() -> list[dict[str, Any]]:
    """Give the data sets with their columns and their rows as tables; the rows of returns stay with the agency."""
    heads = ["column", "meaning", "unit", "empty means", "basis"]
    return [
        entry
        | {
            "columns": _as_table(
                f"Columns of {entry['name']}",
                heads,
                [
                    [field[key] for key in ("name", "description", "unit", "missing", "basis")]
                    for field in entry["schema"]["fields"]
                ],
            ),
            "rows": _read_rows(entry) if entry in read_descriptor()["resources"] else None,
        }
        for entry in list_described()
    ]


def _note_datasets() -> dict[str, dict[str, Any]]:
    """Make a note for each data set; what its sources say stands beside it on the page."""
    notes = {}
    for number, entry in enumerate(list_described(), 1):
        bases = {field["basis"] for field in entry["schema"]["fields"]}
        notes[entry["name"]] = {
            "id": f"data-{entry['name']}",
            "number": number,
            "title": entry["title"],
            "bases": [basis for basis in settings.BASES if basis in bases],
            "datasets": {},
            "quotes": [],
            "cited": "; ".join(source["title"] for source in entry["sources"]),
        }
    return notes


def _read_rows(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Tabulate a data set as its file states it."""
    path = settings.HOME / "data" / entry["path"]
    with path.open(newline="", encoding="utf-8") as file:
        heads, *rows = csv.reader(file)
    numeric = {field["name"] for field in entry["schema"]["fields"] if field["type"] in ("integer", "number")}
    cells = [[_read_cell(text, head in numeric) for head, text in zip(heads, row, strict=True)] for row in rows]
    table = _as_table(f"Rows of {entry['name']}", heads, cells, "plain")
    for column, described in zip(table["columns"], entry["schema"]["fields"], strict=True):
        column["basis"] = described["basis"]
    return table


def _read_cell(text: str, numeric: bool) -> str | int | float | None:
    if not numeric or not text:
        return text or None
    return float(text) if "." in text else int(text)


def _as_table(subtitle: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], digits: Any = 0) -> dict[str, Any]:
    """Put rows into the form in which notebooks hand over tables."""
    columns = [{"name": head, "label": head, "digits": digits} for head in heads]
    return {"title": subtitle, "subtitle": subtitle, "columns": columns, "rows": rows, "missing": "empty"}


def _to_table(content: Mapping[str, Any], row_id: str = "") -> Markup:
    return Markup(tables.render_table(content, on_page=True, row_id=row_id))  # noqa: S704, it escapes every cell


# What all pages share


def _copy_assets(folder: Path, name: str) -> None:
    """Put what all pages share beside them: style, which writes the report's name on paper, scripts, and licenses."""
    folder.mkdir()
    assets = files("htanalysis") / "assets"
    (folder / "pages.css").write_text(_style().replace("(report)", name), encoding="utf-8")
    licenses = [path.name for path in assets.iterdir() if path.name.endswith("-LICENSE.txt")]
    for name in ("pages.js", "plotly-basic.min.js", *licenses):
        shutil.copyfile(str(assets / name), folder / name)


@cache
def _style() -> str:
    """Give the style with its fonts inside, since some browsers refuse fonts from other files on disk."""
    assets = files("htanalysis") / "assets"
    style = (assets / "pages.css").read_text(encoding="utf-8")
    for font in re.findall(r'url\("([\w-]+\.woff2)"\)', style):
        data = base64.b64encode((assets / font).read_bytes()).decode()
        style = style.replace(f'url("{font}")', f'url("data:font/woff2;base64,{data}")')
    return style
