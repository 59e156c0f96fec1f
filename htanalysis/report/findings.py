"""The findings, by question, with what is not known beside what is; and the files to take away."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from htanalysis.report.notebooks import Executed

#: Above what a notebook says that cannot be known.
UNKNOWN = "What we cannot know"

#: What findings are about, by their ids: `headlines` are those that stand first.
_TOPICS = tomllib.loads((files("htanalysis") / "words" / "topics.toml").read_text(encoding="utf-8"))
HEADLINES = _TOPICS["headlines"]
#: How the findings end that stand before those where a report is about a later quarter than the 2012 report is.
_IN_QUARTER = "-in-quarter"

#: The files beside the pages.
DOWNLOADS = {
    "findings.csv": ("CSV", "every finding with value, range, basis, source and formula"),
    "tables.xlsx": ("Excel workbook", "every table shown, a sheet each"),
    "manifest.json": ("JSON", "what it was made from and with"),
    "SHA256SUMS": ("text", "the hash of each file, for sha256sum -c"),
}
#: Made of the pages once these are written.
_EDITIONS = {
    "report.html": ("HTML", "the whole report as one file, to be mailed"),
    "report.pdf": ("PDF", "the report to be read from beginning to end, with contents and notes"),
    "brief.pdf": ("PDF", "one page"),
    "brief-es.pdf": ("PDF", "one page, in Spanish"),
}


def name_topic(name: str) -> str:
    """Say in a few words what a finding, figure or table is about."""
    words = HEADLINES.get(name) or _TOPICS["topics"].get(name)
    if not words:
        endings = _TOPICS["endings"]
        ending = next((each for each in endings if name.endswith(each)), "")
        words = name.removesuffix(ending).replace("-", " ") + endings.get(ending, "")
    for plain, proper in _TOPICS["proper"].items():
        words = re.sub(rf"\b{plain}\b", proper, words)
    return words[0].upper() + words[1:]


def list_questions(
    notebooks: Mapping[str, Executed], found: Sequence[Mapping[str, Any]], later: bool = False
) -> list[dict[str, Any]]:
    """Give each notebook's question with its findings, those that matter most first, and what is not known.

    In a report about a later quarter than the 2012 report, what is about the two years of this one is history.
    """
    questions = []
    for name, notebook in notebooks.items():
        own = [finding for finding in found if finding["notebook"] == name]
        past = notebook.history if later else set()
        now = [finding for finding in own if finding["id"] not in past]
        first = [finding for finding in now if finding["id"].endswith(_IN_QUARTER)]
        first += [finding for finding in now if finding["id"] in HEADLINES]
        question = {
            "name": name,
            "title": notebook.title,
            "first": first,
            "others": [finding for finding in now if finding not in first],
            "history": [finding for finding in own if finding["id"] in past],
            "unknown": list_unknown(notebook),
            "change": notebook.read_section("What would change it").partition("\n\n")[0],
        }
        questions.append(question)
    return questions


def list_unknown(notebook: Executed) -> list[str]:
    """List what a notebook says that cannot be known."""
    return re.findall(r"^- (.+)$", notebook.read_section(UNKNOWN), flags=re.MULTILINE)


def tell_size(path: Path) -> str:
    """Say how large a file is."""
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 999_500 else f"{max(1, round(size / 1000))} kB"


def list_downloads(folder: Path, notebooks: Iterable[str], mark: str) -> list[dict[str, str]]:
    """List the files beside the pages that are there; the manifest and the hashes, written last, have no size yet."""
    executed = {f"notebooks/{name}.ipynb": ("Jupyter notebook", "as executed") for name in notebooks}
    listed = _EDITIONS | DOWNLOADS | executed
    downloads = []
    for name, (kind, words) in listed.items():
        path = folder / name.replace(".", f"{mark}.")
        size = f", {tell_size(path)}" if path.exists() else ""
        if size or name in ("manifest.json", "SHA256SUMS"):
            place = path.relative_to(folder).as_posix()
            downloads.append({"path": place, "name": path.name, "format": kind, "words": words, "size": size})
    return downloads
