"""The pages: an index, one page a notebook, the code book and the methods, as files that work without a network."""

import base64
import inspect
import re
import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import nbformat
import papermill
import plotly
from markupsafe import Markup
from nbconvert import HTMLExporter
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from traitlets.config import Config

import htanalysis
from htanalysis import charts, findings, settings, tables
from htanalysis.datasets import evidence, read_descriptor

#: The findings that the index shows first, the most important before the others, and what stands above each.
HEADLINES = {
    "victims-identified-growth": "Victims identified in a quarter",
    "quarterly-counts-published": "Quarterly counts that are published",
    "growth-before-san-jose": "Growth before the ninth task force",
    "task-force-arrests-on-other-charges": "Task forces’ arrests on other charges",
    "arrests-against-year-before": "Arrests under § 236.1, against the year before",
    "convictions-to-come": "Convictions still to come",
    "largest-published-county": "Alameda’s share of convictions",
    "labor-victims-missed": "Labor victims, less likely to be counted",
    "labor-among-foreign-victims": "Labor among foreign victims whom police count",
    "claims-that-differ": "Statements of the report that differ",
}

_UNKNOWN = "## What we cannot know"
_PRIORITY = [findings.MIME, charts.MIME, tables.MIME, "text/html", "text/markdown", "text/plain"]


def write_pages(executed: Sequence[Path], found: Sequence[dict[str, Any]], period: str, folder: Path) -> None:
    """Write the index, a page for each notebook, the code book and the methods, and what they all share.

    Parameters
    ----------
    executed : sequence of pathlib.Path
        The executed notebooks, in reading order.
    found : sequence of dict
        The findings of all notebooks, each with its notebook's name under "notebook".
    period : str
        The report's period, as "2012Q2" or "2011Q3:2012Q2".
    folder : pathlib.Path
        Where the pages go.
    """
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in executed}
    shared = {
        "period": period.replace(":", " to "),
        "menu": [{"name": name, "title": _title(notebook)} for name, notebook in notebooks.items()],
        "bases": settings.BASES,
        "version": htanalysis.datasets.read_descriptor()["version"],
    }
    exporter = _exporter()
    for path in executed:
        page = shared | {"page": path.stem, "heading": _title(notebooks[path.stem]), "settings": _settings(path)}
        html, _ = exporter.from_notebook_node(notebooks[path.stem], resources={"ht": page})
        (folder / f"{path.stem}.html").write_text(html, encoding="utf-8")
    by_id = {finding["id"]: finding for finding in found}
    first = [by_id[name] | {"topic": topic} for name, topic in HEADLINES.items() if name in by_id]
    others = [finding for finding in found if finding["id"] not in HEADLINES]
    unknown = {name: _unknown(notebook) for name, notebook in notebooks.items()}
    contents = {
        "index": {
            "heading": "What California's numbers on human trafficking say, and what they do not",
            "first": first,
            "others": others,
            "unknown": unknown,
        },
        "codebook": {"heading": "Where each number comes from", "resources": read_descriptor()["resources"]},
        "methods": {"heading": "How each number is computed", "functions": _functions(found)},
    }
    for name, content in contents.items():
        template = exporter.environment.get_template(f"{name}-page.html.j2")
        html = template.render(resources={"ht": shared | {"page": name} | content})
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    _copy_assets(folder / "assets")


def _exporter() -> HTMLExporter:
    config = Config({"HTMLExporter": {"extra_template_basedirs": [str(files("htanalysis") / "templates")]}})
    config.NbConvertBase.display_data_priority = _PRIORITY
    exporter = HTMLExporter(config=config, template_name="htanalysis")
    exporter.environment.filters |= {"by_place": _by_place, "scale": _draw_scale, "slug": _slug, "to_table": _to_table}
    exporter.environment.globals |= {
        "findings_mime": findings.MIME,
        "charts_mime": charts.MIME,
        "tables_mime": tables.MIME,
    }
    return exporter


def _by_place(references: Sequence[str]) -> list[tuple[str, list[dict[str, str]]]]:
    """Group sources by where they stand, in order, so that a place is named once."""
    places: dict[str, list[dict[str, str]]] = {}
    for reference in references:
        item = evidence(reference)
        places.setdefault(item["place"], []).append(item)
    return list(places.items())


def _to_table(content: Mapping[str, Any], with_title: bool = True) -> Markup:
    return Markup(tables.render_table(content, with_title))  # noqa: S704, render_table escapes every cell


def _title(notebook: nbformat.NotebookNode) -> str:
    """Give the question that a notebook begins with."""
    return notebook.cells[0].source.split("\n")[0].removeprefix("# ")


def _settings(path: Path) -> list[dict[str, str]]:
    """List a notebook's parameters with the values that it ran with and what they mean."""
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
    return [
        {"name": name, "value": given.get(name, item["default"]).strip("\"'"), "help": item["help"]}
        for name, item in declared.items()
    ]


def _unknown(notebook: nbformat.NotebookNode) -> list[str]:
    """List what a notebook says that cannot be known."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    section = text.partition(_UNKNOWN)[2].partition("\n## ")[0]
    return re.findall(r"^- (.+)$", section, flags=re.MULTILINE)


def _functions(found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Document what a notebook may call: the signature, the docstring and the source."""
    used: dict[str, set[str]] = {}
    for finding in found:
        if finding["method"]:
            used.setdefault(finding["method"], set()).add(finding["notebook"])
    functions = []
    for name in sorted(htanalysis.__all__):
        function = getattr(htanalysis, name)
        if inspect.isfunction(function):
            source = highlight(inspect.getsource(function), PythonLexer(), HtmlFormatter(nowrap=True))
            summary, _, rest = inspect.getdoc(function).partition("\n")
            functions.append(
                {
                    "name": name,
                    "signature": f"{name}{inspect.signature(function)}",
                    "summary": summary,
                    "rest": rest.strip("\n"),
                    "source": Markup(source),  # noqa: S704, Pygments escapes the code
                    "module": function.__module__,
                    "used": sorted(used.get(name, [])),
                }
            )
    return functions


def _draw_scale(finding: Mapping[str, Any]) -> Markup:
    """Draw a finding's value and range to scale, as a small picture that says nothing the text does not."""
    ends = [finding[key] for key in ("value", "low", "high") if finding[key] is not None]
    if finding["low"] is None or not ends:
        return Markup()
    top = 1.0 if finding["unit"] == "share" else max(ends)
    place = {key: 100 * finding[key] / top for key in ("value", "low", "high") if finding[key] is not None}
    width = max(place["high"] - place["low"], 0.8)
    parts = [f'<rect class="range" x="{place["low"]:.1f}" y="4" width="{width:.1f}" height="6" />']
    if "value" in place:
        parts.append(f'<rect class="value" x="{place["value"] - 0.6:.1f}" y="1" width="1.2" height="12" />')
    limits = ("0%", "100%") if finding["unit"] == "share" else ("0", findings.number(top, finding["digits"]))
    return Markup(  # noqa: S704, made of numbers alone
        f'<svg class="scale scale-{finding["basis"]}" viewBox="0 0 100 14" preserveAspectRatio="none"'
        f' aria-hidden="true"><rect class="track" x="0" y="6.5" width="100" height="1" />{"".join(parts)}</svg>'
        f'<span class="limits" aria-hidden="true"><span>{limits[0]}</span><span>{limits[1]}</span></span>'
    )


def _slug(text: str) -> str:
    """Make an id of a heading."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))


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
    return style + HtmlFormatter(style="friendly").get_style_defs(".highlight")
