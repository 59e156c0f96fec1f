"""Notes: what opens at a number of a page, and stands numbered at its end on paper."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from htanalysis.data import evidence, resource
from htanalysis.report.methods import read_formula

#: A number in a sentence: not a quarter, a day, a year, a section of law, a table or the level of an interval. No line
#: ends between it and what stands before and after it; a browser would end one on either side of what opens a note.
_NUMBER = re.compile(
    r"([(“]*)(?<![\w§.,–-])(?<!§ )(?<!§\xa0)(?<!Table )(?<!Chapter )(?<!note )"
    r"(?!(?:19|20)\d\d(?![\d%]|[,.]\d))(?!\d\d?, (?:19|20)\d\d\b)(?!\d+% (?:confidence )?interval)"
    r"([−-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?)(?!\w|[.,]\d)([)”.,;:?]*)"
)


def open_numbers(text: str, note: str, stop: bool = True, write: Callable[[str], Markup] = escape) -> Markup:
    """Make each number of a sentence open a note; the first is a stop for the tab key. `write` does what is between.

    Where a button beside the sentence is that stop, numbers are only marked: the page's script makes them open it, too.

    Examples
    --------
    >>> print(open_numbers("Up from 100 in 2010Q3", "growth"))
    Up from <button type="button" class="opens" popovertarget="note-growth">100</button> in 2010Q3
    """
    parts, end = [], 0
    for match in _NUMBER.finditer(text):
        opened, whole = open_note(match[2], note, stop=not end), Markup('<span class="whole">{}{}{}</span>')
        opened = whole.format(match[1], opened, match[3]) if match[1] or match[3] else opened
        opened = opened if stop else Markup("<u>{}</u>").format(match[0])
        parts += [write(text[end : match.start()]), opened]
        end = match.end()
    return Markup("").join([*parts, write(text[end:])])


def open_note(words: str, note: str, stop: bool = True, after: str = "") -> Markup:
    """Make words, and what stands after them, open a note."""
    skip = Markup() if stop else Markup(' tabindex="-1"')
    button = Markup('<button type="button" class="opens"{} popovertarget="note-{}">{}{}</button>')
    return button.format(skip, note, words, after)


def make_notes(items: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Give what a page shows, by its id, with `number` from 1, `bases`, `formula`, `datasets` by name, and `quotes`.

    A quote has in `first` the number of the note that quotes it first.
    """
    notes: dict[str, dict[str, Any]] = {}
    first: dict[str, int] = {}
    for item in items:
        for reference in item["source"]:
            first.setdefault(reference, len(notes) + 1)
        quotes = [evidence(reference) | {"first": first[reference]} for reference in item["source"]]
        bases = [item["basis"]] if isinstance(item["basis"], str) else item["basis"]
        computed = item["method"] if bases != ["reported"] else None
        names = dict.fromkeys(quote["dataset"] for quote in quotes if quote["dataset"])
        notes[item["id"]] = {
            **item,
            "number": len(notes) + 1,
            "bases": bases,
            "formula": item.get("formula") or (computed and read_formula(item["method"])),
            "datasets": {name: resource(name)["title"] for name in names},
            "quotes": quotes,
        }
    return notes
