"""Search: what can be found on the pages, as a script that a page from disk can load."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from babel import Locale

from htanalysis.languages import say
from htanalysis.report.findings import DOWNLOADS, UNKNOWN, list_unknown
from htanalysis.report.glossary import GLOSSARY, section_id
from htanalysis.report.notebooks import Executed

#: Scripts, styles, fonts and their licenses.
ASSETS = Path(__file__).resolve().parents[1] / "assets"


def read_asset(name: str) -> str:
    """Read a script or a style without indents and our comments, which weigh on every page."""
    text = (ASSETS / name).read_text(encoding="utf-8")
    if name.endswith(".css"):
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        return re.sub(r"\s*([{}])\s*|([:;,])\s+", r"\1\2", text).replace(";}", "}").strip()
    lines = (re.sub(r"(^|\s+)// .*", "", line.strip()) for line in text.splitlines())
    return "\n".join(filter(None, lines))


def write_search(
    notebooks: Mapping[str, Executed],
    resources: Sequence[Mapping[str, Any]],
    modules: Sequence[Mapping[str, Any]],
    languages: Mapping[str, tuple[str, str]],
) -> str:
    """Write the script with everything that can be found, the index of words, and the box to type in.

    Each of the `languages` has its own name and what the names of its pages end in.
    """
    entries = [
        *(entry for code, (name, end) in languages.items() for entry in _list_sheets(code, name, end)),
        *(entry for name, notebook in notebooks.items() for entry in _list_shown(name, notebook)),
        *(entry for resource in resources for entry in _list_described(resource)),
        *(entry for module in modules for entry in map(_describe_function, module["functions"])),
        *((term, meaning, "", "word") for term, (_, meaning) in GLOSSARY.items()),
        *((f"{words} ({kind})", name, name, "file") for name, (kind, words) in DOWNLOADS.items()),
    ]
    files_of = [href.partition("#")[0] for _, _, href, *_ in entries]
    held = {"files": list(dict.fromkeys(files_of)), "kinds": list(dict.fromkeys(entry[3] for entry in entries))}
    held["entries"] = [
        [title, text, held["files"].index(file), href.partition("#")[2], held["kinds"].index(kind), *names]
        for file, (title, text, href, kind, *names) in zip(files_of, entries, strict=True)
    ]
    written = json.dumps(held, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    library, box = map(read_asset, ("minisearch.min.js", "search.js"))
    return f"{library}\nconst HELD = {written};\n{box}"


def _list_sheets(code: str, name: str, end: str) -> Iterator[tuple[str, str, str, str]]:
    """Go through what there is in a language, by its own name and by the English one."""
    for page, title in {"index": "title", "brief": "brief"}.items():
        yield say(title, code), f"{name}, {Locale(code).get_display_name('en')}", f"{page}{end}.html", "page"


def _list_shown(name: str, notebook: Executed) -> Iterator[tuple[str, ...]]:
    """Go through a page: its question, its headings, its findings, its figures and tables."""
    page = f"{name}.html"
    yield notebook.title, "", page, "page"
    for line in list_unknown(notebook):
        yield line, "not known, unknown", f"{page}#{section_id(UNKNOWN)}", "not known"
    for heading in re.findall(r"^##+ (.+)$", notebook.prose, flags=re.MULTILINE):
        yield heading, "", f"{page}#{section_id(heading)}", "heading"
    for kind, item in notebook.shown:
        href = f"{page}#{item['id']}"
        if kind == "finding":
            about = item["id"].replace("-", " ")
            yield item["sentence"], "", href, "what-if" if item["basis"] == "assumed" else kind, about
        else:
            kind, names = kind.replace("whatif", "what-if"), _name_rows(item.get("rows", ()))
            yield item["title"], item["subtitle"], href, kind, names


def _name_rows(rows: Sequence[Sequence[Any]]) -> str:
    """Give the words that rows are called by, and the names in their other cells, each once."""
    first = " ".join(str(row[0]) for row in rows)
    others = " ".join(str(cell) for row in rows for cell in row[1:])
    return " ".join(dict.fromkeys(re.findall(r"[^\W\d_]{3,}", first) + re.findall(r"\b[A-Z]\w{2,}", others)))


def _list_described(resource: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Go through a data set: what it is, its columns, and the phrases that state its numbers."""
    columns = ", ".join(field["name"] for field in resource["schema"]["fields"])
    href = f"data-{resource['name']}.html"
    yield resource["title"], f"{resource['name']}: {resource['row']}. Columns: {columns}", href, "data set"
    for item in resource["evidence"]:
        yield f"“{item['quote']}”", item["place"], f"{href}#{item['id']}", "phrase of the report"


def _describe_function(function: Mapping[str, Any]) -> tuple[str, str, str, str]:
    first = " ".join(function["paragraphs"][0].replace("`", "").split())
    return first, function["name"], f"methods.html#{function['name']}", "method"
