"""The pages: an index, one page a notebook, the code book and the methods, as files that work without a network."""

import base64
import csv
import math
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import papermill
import plotly
from markupsafe import Markup
from nbconvert import HTMLExporter
from traitlets.config import Config

from htanalysis import figures, findings, settings, tables
from htanalysis.datasets import evidence, list_described, read_descriptor
from htanalysis.methods import describe_methods, highlight
from htanalysis.returns import REPORT_ALONE, tell_day
from htanalysis.words import polish

#: The findings that the index shows first, the most important before the others, and what stands above each.
HEADLINES = {
    "victims-identified-growth": "Victims identified in a quarter",
    "quarterly-counts-published": "Quarterly counts that are known",
    "growth-before-san-jose": "Growth in investigations before the ninth task force",
    "task-force-arrests-on-other-charges": "Task forces’ arrests not recorded under § 236.1",
    "arrests-against-year-before": "Arrests under § 236.1, against the year before",
    "convictions-to-come": "Convictions still to come",
    "largest-published-county": "Alameda’s share of convictions",
    "labor-victims-missed": "Labor victims, less likely to be counted",
    "labor-among-foreign-victims": "Labor among foreign victims whom task forces count",
    "claims-that-differ": "Statements of the report that differ",
}

#: How many of them stand above what nobody knows.
FIRST = 4

#: The notebooks whose first unknown the index shows as large as a finding, and what stands above each.
UNKNOWNS = {
    "00-start-here": "People trafficked in California",
    "03-county-convictions": "Convictions of each county",
    "04-sex-and-labor": "Sex and labor trafficking, as they are",
}

_UNKNOWN = "## What we cannot know"
_PRIORITY = [findings.MIME, figures.MIME, tables.MIME, "text/html", "text/markdown", "text/plain"]
_DOWNLOADS = {
    "findings.csv": ("CSV", "every finding with value, range, basis, source and formula"),
    "tables.xlsx": ("Excel workbook", "every table shown, a sheet each"),
    "manifest.json": ("JSON", "what went in and came out, with SHA-256"),
}


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
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in executed}
    made = {name: _point_to_code(notebook) for name, notebook in notebooks.items()}
    shared = {
        "period": parameters["quarter"].replace(":", " to "),
        "known": tell_day(parameters["as_of"]),
        "internal": parameters["audience"] == "internal",
        "changes": _tell_changes(changes) if changes else None,
        "menu": [{"name": name, "title": _title(notebook)} for name, notebook in notebooks.items()],
        "bases": settings.BASES,
        "version": read_descriptor()["version"],
        "year": parameters["as_of"][:4] if parameters["as_of"] != REPORT_ALONE else read_descriptor()["version"][:4],
    }
    exporter = _exporter()
    for path in executed:
        page = shared | {"page": path.stem, "heading": _title(notebooks[path.stem]), "settings": _settings(path)}
        text, _ = exporter.from_notebook_node(notebooks[path.stem], resources={"ht": page})
        (folder / f"{path.stem}.html").write_text(polish(text), encoding="utf-8")
    contents = {
        "index": {"heading": "What California’s numbers on human trafficking say, and what they do not"}
        | _sort_findings([made[item["notebook"]][item["id"]] | item for item in found])
        | {"unknown": {name: _unknown(notebook) for name, notebook in notebooks.items()}}
        | {"unknowns": UNKNOWNS, "downloads": _downloads(folder, list(notebooks))},
        "changes": {"heading": "What changed since the last report"},
        "codebook": {"heading": "Where each number comes from", "resources": _resources()},
        "methods": {"heading": "How each number is computed"} | describe_methods(_used(notebooks)),
    }
    for name, content in contents.items():
        template = exporter.environment.get_template(f"{name}-page.html.j2")
        text = template.render(resources={"ht": shared | {"page": name} | content})
        (folder / f"{name}.html").write_text(polish(text), encoding="utf-8")
    _copy_assets(folder / "assets")


def _exporter() -> HTMLExporter:
    config = Config({"HTMLExporter": {"extra_template_basedirs": [str(files("htanalysis") / "templates")]}})
    config.NbConvertBase.display_data_priority = _PRIORITY
    exporter = HTMLExporter(config=config, template_name="htanalysis")
    exporter.environment.filters |= {
        "by_place": _by_place,
        "code": highlight,
        "scale": _draw_scale,
        "range_in_words": _range_in_words,
        "table": _to_table,
    }
    exporter.environment.globals |= {
        "findings_mime": findings.MIME,
        "charts_mime": figures.MIME,
        "tables_mime": tables.MIME,
    }
    return exporter


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
    return notebook.cells[0].source.split("\n")[0].removeprefix("# ")


def _settings(path: Path) -> dict[str, Any]:
    """Tabulate a notebook's parameters with the values that it ran with and what they mean."""
    declared = papermill.inspect_notebook(str(path))
    injected = next(
        (
            cell.source
            for cell in nbformat.read(path, as_version=4).cells
            if "injected-parameters" in cell.metadata.get("tags", [])
        ),
        "",
    )
    given = dict(re.findall(r"^(\w+) = (.*)$", injected, flags=re.MULTILINE))
    rows = [
        [name, given.get(name, item["default"]).strip("\"'"), item["help"] or ""] for name, item in declared.items()
    ]
    return _as_table("Parameters of the notebook", ["name", "value", "meaning"], rows)


def _unknown(notebook: nbformat.NotebookNode) -> list[str]:
    """List what a notebook says that cannot be known."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    section = text.partition(_UNKNOWN)[2].partition("\n## ")[0]
    return re.findall(r"^- (.+)$", section, flags=re.MULTILINE)


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


# The index


def _sort_findings(found: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Part the findings into those above what nobody knows, those below it, and all others."""
    by_id = {finding["id"]: finding for finding in found}
    headlines = [by_id[name] for name in HEADLINES if name in by_id]
    others = [finding for finding in found if finding["id"] not in HEADLINES]
    return {"first": headlines[:FIRST], "next": headlines[FIRST:], "others": others}


def _downloads(folder: Path, notebooks: Sequence[str]) -> list[dict[str, str]]:
    """List the files beside the pages; the manifest, which is written last, has no size yet."""
    listed = _DOWNLOADS | {f"notebooks/{name}.ipynb": ("Jupyter notebook", "as executed") for name in notebooks}
    return [
        {"path": path, "name": Path(path).name, "format": kind, "words": words, "size": _size(folder / path)}
        for path, (kind, words) in listed.items()
    ]


def _size(path: Path) -> str:
    return f", {max(1, round(path.stat().st_size / 1000))} kB" if path.exists() else ""


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


def _draw_scale(finding: Mapping[str, Any]) -> Markup:
    """Draw a finding's value and range to scale, as a small picture that says nothing the text does not.

    The scale reaches from 0, or a round number below it, to a round number. There is none where it would be empty.
    """
    low, high, value = finding["low"], finding["high"], finding["value"]
    share = finding["unit"] == "share"
    ends = [end for end in (low, high, value) if end is not None]
    if not ends or (low is None and not share):
        return Markup()
    start = -_round_up(-min(*ends, 0))
    top = 1.0 if share and max(ends) <= 1 else _round_up(max(*ends, 0))
    if start == top:
        return Markup()
    places = {
        name: 100 * (end - start) / (top - start)
        for name, end in (("low", low), ("high", high), ("value", value), ("one", 1))
        if end is not None
    }
    parts = []
    if finding["unit"] == "times" and start < 1 < top:
        parts.append(f'<span class="tick" style="left:{places["one"]:.1f}%"><span>1</span></span>')
    if low is not None and low < high:
        width = places["high"] - places["low"]
        parts.append(f'<span class="range" style="left:{places["low"]:.1f}%;width:{width:.1f}%"></span>')
    dot = places.get("value", places["low"] if low == high and low is not None else None)
    if dot is not None:
        parts.append(f'<span class="dot" style="left:{dot:.1f}%"></span>')
    limits = [findings.percent(end) if share else findings.number(end, _decimals(end)) for end in (start, top)]
    return Markup(  # noqa: S704, made of numbers alone
        f'<span class="scale scale-{finding["basis"]}" aria-hidden="true">{"".join(parts)}</span>'
        f'<span class="limits" aria-hidden="true"><span>{limits[0]}</span><span>{limits[1]}</span></span>'
    )


def _round_up(value: float) -> float:
    """Give the next number of the form 1, 2 or 5 with zeros.

    Examples
    --------
    >>> _round_up(1798), _round_up(1.47), _round_up(0.44), _round_up(20), _round_up(0)
    (2000, 2, 0.5, 20, 0)
    """
    if value <= 0:
        return 0
    power = math.floor(math.log10(value))
    steps = (step * 10**power if power >= 0 else step / 10**-power for step in (1, 2, 5, 10))
    return next(step for step in steps if step >= value)


def _decimals(value: float) -> int:
    """Say how many decimals a round number needs."""
    return 0 if value == 0 else max(0, -math.floor(math.log10(abs(value))))


def _range_in_words(finding: Mapping[str, Any]) -> str:
    """Say what a finding's range is, with its ends where the amount does not give them."""
    low, high = finding["low"], finding["high"]
    if low is None or low == high:
        return ""
    words = {
        "computed": f"{settings.CONFIDENCE:.0%} interval",
        "bounded": "bounds",
        "assumed": "if the assumption holds",
        "reported": "range of the source",
    }[finding["basis"]]
    if finding["value"] is None:
        return words
    unit = "share" if finding["unit"] == "share" else ""
    return f"{words}: {findings.span(low, high, unit, finding['digits'], between=False)}"


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


def _read_rows(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Tabulate a data set as its file states it."""
    path = settings.HOME / "data" / entry["path"]
    with path.open(newline="", encoding="utf-8") as file:
        heads, *rows = csv.reader(file)
    numeric = {field["name"] for field in entry["schema"]["fields"] if field["type"] in ("integer", "number")}
    cells = [[_read_cell(text, head in numeric) for head, text in zip(heads, row, strict=True)] for row in rows]
    return _as_table(f"Rows of {entry['name']}", heads, cells, "plain")


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


def _copy_assets(folder: Path) -> None:
    """Put what all pages share beside them: style, script, and plotly.js once."""
    folder.mkdir()
    assets = files("htanalysis") / "assets"
    (folder / "pages.css").write_text(_style(), encoding="utf-8")
    for source in (assets / "pages.js", Path(plotly.__file__).parent / "package_data" / "plotly.min.js"):
        shutil.copyfile(str(source), folder / source.name)


@cache
def _style() -> str:
    """Give the style with its fonts inside, since some browsers refuse fonts from other files on disk."""
    assets = files("htanalysis") / "assets"
    style = (assets / "pages.css").read_text(encoding="utf-8")
    for font in ("source-sans-3", "source-serif-4"):
        data = base64.b64encode((assets / f"{font}-latin-wght-normal.woff2").read_bytes()).decode()
        style = style.replace(f'url("{font}-latin-wght-normal.woff2")', f'url("data:font/woff2;base64,{data}")')
    return style
