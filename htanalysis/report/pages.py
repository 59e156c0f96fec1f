"""The pages: an index, one page a notebook, the code book and the methods, as files that work without a network."""

import base64
import csv
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, pass_context
from markupsafe import Markup

from htanalysis import settings
from htanalysis.charts import svg, tables
from htanalysis.data import list_described, name_facts, read_descriptor
from htanalysis.languages import LOCALES, say, tell_what_if
from htanalysis.quarters import is_later, name_report
from htanalysis.report.findings import list_downloads, list_questions, name_topic
from htanalysis.report.folder import mark as mark_of
from htanalysis.report.glossary import GLOSSARY, Words, mend, sanitize, show_marks, slug
from htanalysis.report.index import summarize
from htanalysis.report.methods import describe_methods, highlight
from htanalysis.report.notebooks import Executed
from htanalysis.report.notes import make_notes, open_note, open_numbers
from htanalysis.report.search import ASSETS, read_asset, write_search
from htanalysis.results import source_in_words
from htanalysis.returns.views import tell_day
from htanalysis.settings import REPORT_ALONE

#: A parameter as notebooks declare it, in a line: its name, its value, and what it means.
_PARAMETER = re.compile(r"^(\w+)\s*(?::[^=#]*)?=\s*(.*?)(?:\s*#\s*(.*))?$", flags=re.MULTILINE)


def share(parameters: Mapping[str, str], titles: Mapping[str, str]) -> dict[str, Any]:
    """Give what all pages of a report say, which is known before any notebook is executed."""
    version, mark, period = read_descriptor()["version"], mark_of(parameters["audience"]), name_report(parameters)
    on_paper = f"{say('brand', 'en')}: report for {period}{', internal' if mark else ''}"
    return {
        "period": period,
        "assumption": parameters.get("assumption"),
        "known": tell_day(parameters["as_of"]),
        "language": "en",
        "say": partial(say, language="en"),
        "mark": mark,
        "style": Markup(read_asset("pages.css").replace("(report)", on_paper)),  # noqa: S704, ours
        "titles": titles,
        "made": {},
        **{name: name_facts()[name] for name in ("report", "report_year")},
        "version": version,
        "quarter": parameters["quarter"].split(":")[-1],
        "as_of": parameters["as_of"],
        "created": read_descriptor()["created"][:10],
        "later": is_later(pd.PeriodIndex(parameters["quarter"].split(":"), freq="Q")),
        "year": read_descriptor()["created"][:4] if parameters["as_of"] == REPORT_ALONE else parameters["as_of"][:4],
    }


def write_page(
    name: str, notebook: Executed, shared: Mapping[str, Any], folder: Path, moved: Sequence[Mapping[str, Any]]
) -> None:
    """Write the page of a notebook, which needs no other notebook and tells its own of the findings that moved."""
    content = {
        "heading": notebook.title,
        "notebook": notebook,
        "settings": _settings(notebook),
        "made": notebook.made,
        "moved": [item for item in moved if item["notebook"] == name],
        "notes": make_notes([item for _, item in notebook.shown]),
        "description": next((item["sentence"] for kind, item in notebook.shown if kind == "finding"), notebook.title),
    }
    _write("notebook", name, shared | content, folder)


def sum_up(
    shared: Mapping[str, Any],
    notebooks: Mapping[str, Executed],
    found: Sequence[Mapping[str, Any]],
    failed: Mapping[str, int],
    changes: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Give what the pages say that tell of all notebooks.

    That is what each shows, what they find, in which cell one stopped, and what changed, as the build finds it.
    """
    return {
        **shared,
        "notebooks": notebooks,
        "found": found,
        "failed": failed,
        "changes": changes and _tell_changes(changes),
        "made": {name: cell for notebook in notebooks.values() for name, cell in notebook.made.items()},
    }


def write_index(whole: Mapping[str, Any], folder: Path) -> None:
    """Write the index and the brief in each language and the page of all findings, from what `sum_up` gives.

    They offer the files that are there.
    """
    downloads = list_downloads(folder, whole["notebooks"], whole["mark"])
    for language, (_, end) in _list_languages().items():
        first = summarize(whole["notebooks"], whole, language)
        content = whole | first | {"heading": first["say"]("title"), "end": end, "downloads": downloads}
        _write("index", f"index{end}", content | {"notes": make_notes(first["used"])}, folder)
        style = Markup(read_asset("index.css") + read_asset("brief.css"))  # noqa: S704, ours
        _write("brief", f"brief{end}", content | {"notes": {}, "index_style": style}, folder)
    content = {
        "heading": f"What {name_facts()['place']}’s numbers on human trafficking say, and what they do not",
        "description": "Every finding, by question, with its basis and source, and what is not known.",
        "notes": make_notes(whole["found"]),
        "questions": list_questions(whole["notebooks"], whole["found"], whole["later"]),
        "downloads": downloads,
    }
    _write("findings", "findings", whole | content, folder)


def write_data_pages(shared: Mapping[str, Any], folder: Path) -> None:
    """Write the code book, the pages of data sets and the files that pages load, which need no notebook."""
    resources = _list_resources(shared["as_of"])
    words = "The data sets behind every number, with their columns, sources and limits."
    content = {"heading": "Where each number comes from", "description": words, "notes": {}}
    _write("codebook", "codebook", shared | content | {"resources": resources}, folder)
    for resource in resources:
        own = {"heading": resource["title"], "description": f"{resource['title']}: {resource['row']}.", "r": resource}
        own["notes"] = {"about": _note_dataset(resource)}
        _write("dataset", f"data-{resource['name']}", shared | own, folder)
    _copy_assets(folder / "assets")


def write_other_pages(whole: Mapping[str, Any], folder: Path) -> None:
    """Write what changed, the methods, what failed and what can be searched, from what `sum_up` gives."""
    notebooks, changes, mark = whole["notebooks"], whole["changes"], whole["mark"]
    methods = describe_methods(_used(notebooks))
    moved = {item["id"] for item in changes["findings"]} if changes else set()
    notes = make_notes([item for item in whole["found"] if item["id"] in moved])
    words = "Findings that moved since the last report, counts newly known, and counts revised."
    content = {"heading": "What changed since the last report", "description": words, "notes": notes}
    _write("changes", "changes", whole | content, folder)
    words = "Each function that computes a number of the report, with its formula."
    content = {"heading": "How each number is computed", "description": words} | methods
    script = read_asset("pages.js")  # Functions and their code, no figures: without what serves these.
    _write("methods", "methods", whole | content | {"script": script}, folder)
    for name, cell in whole["failed"].items():
        _write("failed", name, whole | {"heading": whole["titles"].get(name, name), "cell": cell}, folder)
    search = write_search(notebooks, _list_resources(whole["as_of"]), methods["modules"], _list_languages())
    (folder / f"search{mark}.js").write_text(search, encoding="utf-8")


def _list_languages() -> dict[str, tuple[str, str]]:
    """Give each language's name and what the names of its pages end in."""
    return {code: (say("language", code), "" if code == "en" else f"-{code}") for code in LOCALES}


def _write(template: str, name: str, content: Mapping[str, Any], folder: Path) -> None:
    """Write a page by its template."""
    page = fill_template(template, {**content, "page": name})
    (folder / f"{name}{content['mark']}.html").write_text(page, encoding="utf-8")


def fill_template(template: str, content: Mapping[str, Any]) -> str:
    """Write the text of a page, or of a part of one, by its template."""
    words = Words(content["mark"], content.get("linked", ()))
    return show_marks(_environment().get_template(f"{template}.html.j2").render(content, words=words))


@cache
def _environment() -> Environment:
    """Give what fills templates: whatever is no HTML yet is escaped, with its words mended."""
    templates = str(ASSETS.with_name("templates"))
    stored = f"{templates}/__pycache__"  # As Python’s own: it is there where the collection was set up by make.
    environment = Environment(
        loader=FileSystemLoader(templates),
        bytecode_cache=FileSystemBytecodeCache(stored) if os.access(stored, os.W_OK) else None,
        autoescape=True,
        trim_blocks=True,
        finalize=lambda value: mend(value) if type(value) is str else value,
    )
    environment.filters |= {
        "allow": allow,
        "code": highlight,
        "embed": _embed,
        "drawing": lambda figure: Markup(mend(svg.draw(figure))),  # noqa: S704, it escapes every word
        "opening": open_note,
        "sanitize": sanitize,
        "source_in_words": source_in_words,
        "slug": slug,
        "shorten": tables.keep_last,
        "table": lambda content, row_id="": Markup(  # noqa: S704, it escapes every cell
            mend(tables.render_table(content, on_page=True, row_id=row_id))
        ),
        "tell": tell_what_if,
        "topic": name_topic,
        # Those that write the page's words in their order.
        "docstring": _of_page(Words.write_docstring),
        "markdown": _of_page(Words.write_markdown),
        "numbered": _of_page(Words.number),
        "numbers": _of_page(lambda words, text, note, stop=True: open_numbers(text, note, stop, words.explain)),
        "words": _of_page(Words.explain),
    }
    environment.globals |= {
        "bases": settings.BASES,
        "fonts": "for (const font of document.fonts) font.load();",
        "glossary": GLOSSARY,
        "languages": _list_languages(),
        **{f"{name}_style": Markup(read_asset(f"{name}.css")) for name in ("index", "lists", "whatif")},  # noqa: S704, ours
        "script": read_asset("pages.js") + read_asset("figures.js"),
        "whatif_script": read_asset("whatif.js"),
    }
    return environment


def _of_page(write: Callable[..., Markup]) -> Callable[..., Markup]:
    return pass_context(lambda context, text, *given: write(context["words"], text, *given))


def _embed(content: Mapping[str, Any]) -> Markup:
    """Write what a script looks up as JSON that ends no element."""
    return Markup(json.dumps(content, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704


def allow(text: str) -> Markup:
    """Give what a content security policy names to allow one text as script or style: its hash."""
    return Markup(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'")  # noqa: S704


def _used(notebooks: Mapping[str, Executed]) -> dict[str, dict[str, str]]:
    """List for each function that a page names the pages with their titles."""
    used: dict[str, dict[str, str]] = {}
    for name, notebook in notebooks.items():
        for _, item in notebook.shown:
            if item["method"]:
                used.setdefault(item["method"], {})[name] = notebook.title
    return used


def _settings(notebook: Executed) -> dict[str, Any]:
    """Tabulate a notebook's parameters with the values that it ran with and what they mean."""
    declared, given = (
        _PARAMETER.findall(next((cell.source for cell in notebook.cells if tag in cell.tags), ""))
        for tag in ("parameters", "injected-parameters")
    )
    values = {name: value for name, value, _ in given}
    rows = [[name, values.get(name, value).strip("\"'"), words] for name, value, words in declared]
    return _as_table("Parameters of the notebook", ["name", "value", "meaning"], rows)


def _tell_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Put what changed into the form in which pages show it."""
    heads = {
        "revisions": ["quarter", "task force", "measure", "type", "old", "new", "difference"],
        "gone": ["quarter", "task force", "measure", "type", "then", "why"],
        "known": ["quarter", "measure", "count"],
        "corrections": ["measure", "period", "old", "new", "source"],
    }
    titles = {"revisions": "Counts of returns that were revised", "known": "Counts newly known"}
    titles["gone"] = "Counts that were known and are not now"
    titles["corrections"] = f"Counts of the {name_facts()['report_year']} report that were corrected"
    changes = changes | {name: changes[name].astype({"quarter": "str"}) for name in ("revisions", "gone", "known")}
    rows = {name: changes[name].astype(object).to_numpy().tolist() for name in heads}
    return {
        "earlier": f"{changes['earlier']['quarter'].replace(':', ' to ')}, {tell_day(changes['earlier']['as_of'])}",
        "findings": changes["findings"],
        "quarter": changes["quarter"],
    } | {name: _as_table(titles[name], heads[name], rows[name]) for name in heads}


# The code book


def _list_resources(as_of: str) -> list[dict[str, Any]]:
    """Give the data sets with their columns and their rows as tables; the rows of returns stay with the agency."""
    shown = {"column": "name", "meaning": "description", "unit": "unit", "empty means": "missing", "basis": "basis"}
    held = read_descriptor()["resources"]
    resources = []
    for entry in list_described():
        columns = [[field[key] for key in shown.values()] for field in entry["schema"]["fields"]]
        rows = _read_rows(entry, as_of) if entry in held else None
        table = _as_table(f"Columns of {entry['name']}", list(shown), columns)
        resources.append(entry | {"columns": table, "rows": rows})
    return resources


def _note_dataset(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Make the note of a data set; what its sources say stands beside it on the page."""
    bases = {field["basis"] for field in entry["schema"]["fields"]}
    return {
        "id": f"data-{entry['name']}",
        "number": 1,
        "title": entry["title"],
        "bases": [basis for basis in settings.BASES if basis in bases],
        "cited": "; ".join(source["title"] for source in entry["sources"]),
    }


def _read_rows(entry: Mapping[str, Any], as_of: str) -> dict[str, Any]:
    """Tabulate a data set as its file states it; of dated records, which begin with a day, those known on one."""
    path = settings.HOME / "data" / entry["path"]
    with path.open(newline="", encoding="utf-8") as file:
        heads, *rows = csv.reader(file)
    if heads[0] == "as_of":
        rows = [row for row in rows if not row[0] or row[0] <= as_of != REPORT_ALONE]
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


def _as_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]], digits: Any = 0) -> dict[str, Any]:
    """Put rows into the form in which notebooks hand over tables."""
    columns = [{"name": head, "label": head, "digits": digits} for head in heads]
    return {"title": title, "subtitle": title, "columns": columns, "rows": rows, "missing": "empty"}


# What all pages share


def _copy_assets(folder: Path) -> None:
    """Put what all pages share beside them: fonts, scripts, and licenses."""
    folder.mkdir()
    (folder / "fonts.css").write_text(_join_fonts(), encoding="utf-8")
    for path in ASSETS.glob("*-LICENSE.txt"):
        shutil.copyfile(path, folder / path.name)


@cache
def _join_fonts() -> str:
    """Give all fonts in one style, since some browsers refuse fonts from other files on disk."""
    style = (ASSETS / "fonts.css").read_text(encoding="utf-8")
    for font in re.findall(r'url\("([\w-]+\.woff2)"\)', style):
        data = base64.b64encode((ASSETS / font).read_bytes()).decode()
        style = style.replace(f'url("{font}")', f'url("data:font/woff2;base64,{data}")')
    return style
