"""Notes: what opens at a number of a page, and stands numbered at its end on paper."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from htanalysis.datasets import evidence, resource
from htanalysis.methods import read_formula

#: A number in a sentence: not a quarter, a year, a section of law, a table or the level of an interval.
_NUMBER = re.compile(
    r"(?<![\w§.,–-])(?<!§ )(?<!§\xa0)(?<!Table )(?<!Chapter )(?<!note )"
    r"(?!(?:19|20)\d\d(?![\d%]|[,.]\d))(?!\d+% (?:confidence )?interval)"
    r"[−-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?(?!\w|[.,]\d)"
)


def open_numbers(text: str, note: str, stop: bool = True) -> Markup:
    """Make each number of a sentence open a note; the first is a stop for the tab key, unless another one is.

    Examples
    --------
    >>> print(open_numbers("Up from 100 in 2010Q3", "growth"))
    Up from <button type="button" class="opens" popovertarget="note-growth">100</button> in 2010Q3
    """
    parts, end = [], 0
    for match in _NUMBER.finditer(text):
        parts += [escape(text[end : match.start()]), open_note(match[0], note, stop)]
        end, stop = match.end(), False
    return Markup("").join([*parts, escape(text[end:])])


def open_note(words: str, note: str, stop: bool = True, after: str = "") -> Markup:
    """Make words, and what stands after them, open a note."""
    skip = Markup() if stop else Markup(' tabindex="-1"')
    button = Markup('<button type="button" class="opens"{} popovertarget="note-{}">{}{}</button>')
    return button.format(skip, note, words, after)


def make_notes(items: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Give what a page shows its number, its data sets and what its sources say.

    Parameters
    ----------
    items : sequence of mapping
        Findings, figures and tables in the order of the page, each with `id`, `basis` and `source`.

    Returns
    -------
    dict
        By id: what was given, with `number` from 1, `bases`, `formula`, `datasets` (name and title) and
        `quotes`.
    """
    notes: dict[str, dict[str, Any]] = {}
    for item in items:
        quotes = [evidence(reference) for reference in item["source"]]
        bases = [item["basis"]] if isinstance(item["basis"], str) else item["basis"]
        names = dict.fromkeys(quote["dataset"] for quote in quotes)
        notes[item["id"]] = {
            **item,
            "number": len(notes) + 1,
            "bases": bases,
            "formula": item.get("formula") or _read_formula(item),
            "datasets": {name: resource(name)["title"] for name in names},
            "quotes": quotes,
        }
    return notes


def _read_formula(item: Mapping[str, Any]) -> str | None:
    """Give the formula of the function that computed what is shown; a reported number has none."""
    return read_formula(item["method"]) if item["method"] and item["basis"] not in ("reported", ["reported"]) else None
