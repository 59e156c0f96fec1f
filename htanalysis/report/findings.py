"""The findings, by question, with what is not known beside what is; and the files to take away."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from htanalysis.report.notebooks import Executed

#: Above what a notebook says that cannot be known.
UNKNOWN = "What we cannot know"

#: The findings that stand first, with what stands above each: what the number is and not how it comes out, which
#: parameters and returns can change.
HEADLINES = {
    "task-forces-reporting": "Task forces that reported",
    "quarterly-counts-of-the-period": "Counts of the quarter that are known",
    "quarterly-counts-published": "Quarterly counts that are known",
    "victims-identified-growth": "Victims identified in a quarter",
    "growth-before-san-jose": "Change in investigations before the joining task force",
    "arrests-against-year-before": "Arrests under § 236.1, against the year before",
    "task-force-arrests-on-other-charges": "Task forces’ arrests not recorded under § 236.1",
    "convictions-to-come": "Convictions still to come",
    "largest-published-county": "Largest published share of convictions",
    "labor-victims-missed": "How likely sex trafficking victims are to be counted, against labor victims",
    "labor-among-foreign-victims": "Labor among foreign victims whom federally funded task forces count",
    "served-beyond-identified": "Victims served, against victims identified",
    "claims-that-differ": "Facts that do not reproduce from the report’s other numbers",
    "returns-complete": "Totals that the returns give",
}
#: What other findings are about whose ids do not say it in words that a reader knows.
_TOPICS = {
    "victims-in-words": "victims identified",
    "convictions-in-words": "convictions of the county whose count is published",
    "convictions-elsewhere": "convictions of the other named counties",
    "american-victims": "Americans among victims of known origin",
    "arrests-in-all": "arrests under § 236.1",
    "convictions-in-all": "convictions under § 236.1",
    "straight-line": "measures that changed evenly",
    "table-1-covers": "the time of Table 1",
    "county-period": "the time of the counties’ counts",
    "type-period": "the time of the task forces’ shares",
    "htrs-period": "the time of the federal data",
    "services-period": "the time of the task forces’ counts",
    "task-force-counties": "home counties of a task force with convictions",
    "arrests-dispersion": "how much arrests vary beside their trend",
    "counted-mix": "labor trafficking among victims served",
    "counted-sex": "sex trafficking among victims served",
    "counted-other": "victims served who were “other”",
    "bias-analysis": "how likely, with all assumptions uncertain",
    "specifications": "how likely, in every combination of assumptions",
    "other-effect": "labor trafficking, however the “other” are classified",
    "growth-from-san-jose": "growth that came with the task force that joined",
    "victims-identified-growth-before-san-jose": "victims identified, growth before a task force joined",
    "arrests-growth-before-san-jose": "arrests, growth before a task force joined",
    "heat-unit-share": "convictions of one unit under § 236.1",
    "california-outside-vice": "labor trafficking in the state outside vice units",
    "california-sex-outside-vice": "sex trafficking in the state outside vice units",
    "vice-selection-odds": "sex trafficking in vice units, against others",
    "vice-and-others": "cases that vice units handle",
    "providers-labor": "labor trafficking among foreign victims of service providers",
    "selection-e-value": "how strong selection would have to be",
}
#: How names are written that stand in ids.
_PROPER = {"tcvap": "TCVAP", "gini": "Gini", "ilo": "ILO", "americans": "Americans", r"(\d{4})q(\d)": r"\1Q\2"}
#: How the findings end that stand before those where a report is about a later quarter than the 2012 report is.
_IN_QUARTER = "-in-quarter"
#: What is found of each measure, by how the finding's id ends.
_ENDINGS = {
    _IN_QUARTER: " in the quarter",
    "-trend-quarterly": " from one quarter to the next",
    "-next-quarter": ", forecast of the next quarter",
    "-mean-between": ", mean of the quarters between",
    "-returned": " as returned",
}

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
    words = HEADLINES.get(name) or _TOPICS.get(name)
    if not words:
        ending = next((each for each in _ENDINGS if name.endswith(each)), "")
        words = name.removesuffix(ending).replace("-", " ") + _ENDINGS.get(ending, "")
    for plain, proper in _PROPER.items():
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
