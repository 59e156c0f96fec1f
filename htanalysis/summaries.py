"""The summary: what the index shows of all pages, with what is not known beside what is."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from markupsafe import Markup

from htanalysis import drawings, figures, findings, settings, tables
from htanalysis.claims import BY_RETURNS

#: Above what a notebook says that cannot be known.
UNKNOWN = "What we cannot know"

#: The notebook that says first how much is not known.
_START = "00-start-here"

#: The findings that a policy maker can say aloud, first of all.
ALOUD = ("victims-in-words", "convictions-in-words")

#: The findings that the index shows as cards, with what stands above each; the others are folded below them. What
#: stands above says what the number is and not how it comes out, which parameters and returns can change.
HEADLINES = {
    "quarterly-counts-published": "Quarterly counts that are known",
    "victims-identified-growth": "Victims identified in a quarter",
    "growth-before-san-jose": "Change in investigations before the ninth task force",
    "arrests-against-year-before": "Arrests under § 236.1, against the year before",
    "task-force-arrests-on-other-charges": "Task forces’ arrests not recorded under § 236.1",
    "convictions-to-come": "Convictions still to come",
    "largest-published-county": "Largest published share of convictions",
    "labor-victims-missed": "A sex trafficking victim’s chance to be counted, against a labor victim’s",
    "labor-among-foreign-victims": "Labor among foreign victims whom task forces count",
    "served-beyond-identified": "Victims served, against victims identified",
    "claims-that-differ": "Facts that do not reproduce from the report’s other numbers",
}

#: The small pictures: the figure, the panel of it (or None), and what stands above.
PICTURES = (
    ("quarters-and-ranges", "victims identified", "Victims identified, by quarter"),
    ("county-map", None, "Convictions, by county"),
)

#: The report's own statements by verdict: the table that lists them, what is said of one, and what of all.
VERDICTS = {
    "claims-agree": ("Reproduces", "What agrees with the report’s other numbers"),
    "claims-differ": ("Does not reproduce", "What does not reproduce from the report’s other numbers"),
    "claims-unknown": (
        "Cannot be checked",
        "What has no number to be compared with, or one that counts something else",
    ),
}
_EXAMPLES = 2

_FILES = '<ul class="files">'
#: The files beside the pages.
DOWNLOADS = {
    "findings.csv": ("CSV", "every finding with value, range, basis, source and formula"),
    "tables.xlsx": ("Excel workbook", "every table shown, a sheet each"),
    "manifest.json": ("JSON", "what went in and came out, with SHA-256"),
}
#: Made of the pages once these are written.
_EDITIONS = {
    "report.html": ("HTML", "the whole report as one file, to be mailed"),
    "report.pdf": ("PDF", "the whole report, to be printed"),
}


def summarize(
    notebooks: Mapping[str, nbformat.NotebookNode],
    found: Sequence[Mapping[str, Any]],
    titles: Mapping[str, str],
    folder: Path,
) -> dict[str, Any]:
    """Give what the index shows.

    Parameters
    ----------
    notebooks : mapping of str to NotebookNode
        The executed notebooks by name, in reading order.
    found : sequence of mapping
        All findings, each with its `notebook`, `topic` and `code`.
    titles : mapping of str to str
        The question of each notebook.
    folder : pathlib.Path
        The report's folder, for the sizes of its files.

    Returns
    -------
    dict
        `aloud` (findings), `nobody` (what nobody knows), `pictures`, `sections` (one a question), `verdicts` and
        `downloads`.
    """
    sections = [_summarize_question(name, notebooks[name], found, titles[name]) for name in notebooks]
    shown = {content["id"]: (name, kind, content) for name in notebooks for kind, content in _show(notebooks[name])}
    by_id = {finding["id"]: finding for finding in found}
    return {
        "aloud": [by_id[name] for name in ALOUD if name in by_id],
        "nobody": (list_unknown(notebooks[_START]) or [""])[0] if _START in notebooks else "",
        "pictures": list(_list_pictures(shown)),
        "sections": sections,
        "verdicts": _sum_up_verdicts(shown),
        "downloads": _list_downloads(folder, list(notebooks)),
    }


def _show(notebook: nbformat.NotebookNode) -> list[tuple[str, dict[str, Any]]]:
    """List the figures, as plotly holds them, and the tables of a notebook."""
    outputs = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    charts = [
        ("figure", data[figures.MIME] | {"figure": data["application/vnd.plotly.v1+json"]})
        for data in outputs
        if figures.MIME in data
    ]
    return charts + [("table", data[tables.MIME]) for data in outputs if tables.MIME in data]


def _summarize_question(
    name: str, notebook: nbformat.NotebookNode, found: Sequence[Mapping[str, Any]], title: str
) -> dict[str, Any]:
    own = {finding["id"]: finding for finding in found if finding["notebook"] == name}
    return {
        "name": name,
        "title": title,
        "cards": [own[finding] for finding in HEADLINES if finding in own],
        "others": [finding for key, finding in own.items() if key not in HEADLINES and key not in ALOUD],
        "unknown": list_unknown(notebook),
        "change": _read_section(notebook, "What would change it").partition("\n\n")[0],
    }


def list_unknown(notebook: nbformat.NotebookNode) -> list[str]:
    """List what a notebook says that cannot be known."""
    return re.findall(r"^- (.+)$", _read_section(notebook, UNKNOWN), flags=re.MULTILINE)


def _read_section(notebook: nbformat.NotebookNode, head: str) -> str:
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return text.partition(f"## {head}\n")[2].partition("\n## ")[0].strip()


# Pictures


def _list_pictures(shown: Mapping[str, tuple[str, str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Draw the small pictures, each with the link to its figure and with what a sighted reader sees."""
    pictures = []
    for name, panel, title in PICTURES:
        if name in shown:
            notebook, _, content = shown[name]
            small = drawings.shrink(content["figure"], panel)
            if small is None:
                continue
            alt = content["alt"]
            if panel:
                alt = next((part for part in re.split(r"(?<=\.) ", alt) if part.lower().startswith(panel)), alt)
            pictures.append({"href": f"{notebook}.html#{name}", "title": title, "figure": small, "alt": alt})
    return pictures


def draw_scale(finding: Mapping[str, Any]) -> Markup:
    """Draw a finding's value and range to scale, as a small picture that says nothing the text does not.

    The scale reaches from 0, or a round number below it, to a round number. There is none where it would be empty.
    """
    low, high, value = finding["low"], finding["high"], finding["value"]
    share = finding["unit"] == "share"
    ends = [end for end in (low, high, value) if end is not None]
    endless = low is not None and high is None  # no scale holds what nothing limits
    if not ends or endless or (low is None and not share):
        return Markup()
    start = -_round_up(-min(*ends, 0))
    top = 1.0 if share and max(ends) <= 1 else _round_up(max(*ends, 0))
    if start == top:
        return Markup()

    def place(end: float) -> str:
        return f"{100 * (end - start) / (top - start):.1f}%"

    parts = ['<line x1="0" x2="100%" y1="7" y2="7"/>']
    if finding["unit"] == "times" and start < 1 < top:
        parts.append(f'<line class="tick" x1="{place(1)}" x2="{place(1)}" y1="0" y2="14"/>')
    if low is not None and low < high:
        width = f"{100 * (high - low) / (top - start):.1f}%"
        tall = 3 if finding["basis"] in ("reported", "computed") else 10
        box = f'x="{place(low)}" y="{7 - tall / 2}" width="{width}" height="{tall}"'
        hatch = f'<svg {box}><use class="hatch" href="#mark-hatch"/></svg>' if finding["basis"] == "assumed" else ""
        parts.append(f"<rect {box}/>{hatch}")
    dot = value if value is not None else low if low == high else None
    if dot is not None:
        shape = "diamond" if finding["basis"] == "assumed" else "circle"
        parts.append(f'<use href="#mark-{shape}" x="{place(dot)}" y="7"/>')
    limits = [findings.percent(end) if share else findings.number(end, _decimals(end)) for end in (start, top)]
    return Markup(  # noqa: S704, made of numbers alone
        f'<svg class="scale scale-{finding["basis"]}" height="14" aria-hidden="true">{"".join(parts)}</svg>'
        f'<p class="limits" aria-hidden="true"><span>{limits[0]}</span><span>{limits[1]}</span></p>'
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


def range_in_words(finding: Mapping[str, Any]) -> str:
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
    ends = findings.span(low, high, unit, finding["digits"], between=False)
    # Where both ends read as the amount does, it is said once.
    return words if ends == findings.with_unit(finding["value"], unit, finding["digits"]) else f"{words}: {ends}"


# The report's statements, and the files


def _sum_up_verdicts(shown: Mapping[str, tuple[str, str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Count the statements of each verdict and the facts that they are about, and quote some."""
    return [_sum_up_verdict(name, *VERDICTS[name], shown[name]) for name in VERDICTS if name in shown]


def _sum_up_verdict(name: str, title: str, words: str, shown: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    notebook, _, table = shown
    heads = [column["name"] for column in table["columns"]]
    rows = [dict(zip(heads, row, strict=True)) for row in table["rows"]]
    # A fact that is stated five times is quoted once.
    facts = {row["fact"]: row for row in reversed(rows)}
    examples = [
        f"“{row['quote']}” ({row['chapter']})"
        + (f": stated {row['stated']}, recomputed {row['recomputed']}" if name == "claims-differ" else "")
        for row in [*facts.values()][: -_EXAMPLES - 1 : -1]
    ]
    changed = sum(row["note"].startswith(BY_RETURNS) for row in rows)
    returned = f" {changed} of them {findings.choose(changed, 'is', 'are')} compared with returns." if changed else ""
    return {
        "id": name,
        "title": f"{title}: {len(rows)} {findings.choose(len(rows), 'statement', 'statements')}",
        "words": f"{words}, on {len(facts)} {findings.choose(len(facts), 'fact', 'facts')}.{returned}",
        "examples": examples,
        "href": f"{notebook}.html#{name}",
    }


def _list_downloads(folder: Path, notebooks: Sequence[str]) -> list[dict[str, str]]:
    """List the files beside the pages that are there; the manifest, which is written last, has no size yet."""
    listed = DOWNLOADS | {f"notebooks/{name}.ipynb": ("Jupyter notebook", "as executed") for name in notebooks}
    return [
        {"path": path, "name": Path(path).name, "format": kind, "words": words, "size": _size(folder / path)}
        for path, (kind, words) in listed.items()
        if (folder / path).exists() or path == "manifest.json"
    ]


def offer(index: str, folder: Path, names: Sequence[str]) -> str:
    """Add editions of the report to the files that its index offers."""
    lines = [
        f'<li><a href="{name}">{name}</a> ({_EDITIONS[name][0]}{_size(folder / name)}): {_EDITIONS[name][1]}</li>'
        for name in names
    ]
    return index.replace(_FILES, "\n".join([_FILES, *lines]))


def _size(path: Path) -> str:
    return f", {max(1, round(path.stat().st_size / 1000))} kB" if path.exists() else ""
