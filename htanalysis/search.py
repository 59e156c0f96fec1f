"""Search: what can be found on the pages, as a script that a page from disk can load."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import nbformat

from htanalysis import figures, findings, tables
from htanalysis.summaries import DOWNLOADS, UNKNOWN, list_unknown
from htanalysis.words import GLOSSARY, section_id


def write_search(
    notebooks: Mapping[str, nbformat.NotebookNode],
    titles: Mapping[str, str],
    resources: Sequence[Mapping[str, Any]],
    modules: Sequence[Mapping[str, Any]],
) -> str:
    """Write the script with everything that can be found, the index of words, and the box to type in.

    Parameters
    ----------
    notebooks : mapping of str to NotebookNode
        The executed notebooks by name.
    titles : mapping of str to str
        The question of each notebook.
    resources : sequence of mapping
        The data sets, as the descriptor describes them.
    modules : sequence of mapping
        The modules with their functions, as the page of methods shows them.

    Returns
    -------
    str
        JavaScript.
    """
    entries = [
        *(entry for name, notebook in notebooks.items() for entry in _list_shown(name, notebook, titles[name])),
        *(entry for resource in resources for entry in _list_described(resource)),
        *(
            (_plain(function["summary"]), function["name"], f"methods.html#{function['name']}", "method")
            for module in modules
            for function in module["functions"]
        ),
        *((term, meaning, "", "word") for term, (_, meaning) in GLOSSARY.items()),
        *((f"{words} ({kind})", name, name, "file") for name, (kind, words) in DOWNLOADS.items()),
    ]
    kinds = list(dict.fromkeys(kind for *_, kind in entries))
    short = [[*entry[:3], kinds.index(entry[3])] for entry in entries]
    found, kinds = (
        json.dumps(item, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c") for item in (short, kinds)
    )
    library, box = (
        (files("htanalysis") / "assets" / name).read_text(encoding="utf-8")
        for name in ("minisearch.min.js", "search.js")
    )
    whole = f"{found}.map(entry => [...entry.slice(0, 3), {kinds}[entry[3]]])"
    return f"{library}\nconst ENTRIES = {whole};\n{box}"


def _list_shown(name: str, notebook: nbformat.NotebookNode, title: str) -> Iterator[tuple[str, str, str, str]]:
    """Go through a page: its question, its headings, its findings, its figures and tables."""
    yield title, "", f"{name}.html", "page"
    for line in list_unknown(notebook):
        yield line, "not known, unknown", f"{name}.html#{section_id(UNKNOWN)}", "not known"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for heading in re.findall(r"^##+ (.+)$", cell.source, flags=re.MULTILINE):
                yield heading, "", f"{name}.html#{section_id(heading)}", "heading"
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for finding in data.get(findings.MIME, {}).get("findings", []):
                yield finding["sentence"], "", f"{name}.html#{finding['id']}", "finding"
            for mime, kind in ((figures.MIME, "figure"), (tables.MIME, "table")):
                if mime in data:
                    yield data[mime]["title"], data[mime]["subtitle"], f"{name}.html#{data[mime]['id']}", kind


def _list_described(resource: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Go through a data set: what it is, its columns, and the phrases that state its numbers."""
    columns = ", ".join(field["name"] for field in resource["schema"]["fields"])
    href = f"codebook.html#data-{resource['name']}"
    yield resource["title"], f"{resource['name']}: {resource['row']}. Columns: {columns}", href, "data set"
    for item in resource["evidence"]:
        yield f"“{item['quote']}”", item["place"], f"codebook.html#{item['id']}", "phrase of the report"


def _plain(text: str) -> str:
    return re.sub("<[^>]+>", "", text)
