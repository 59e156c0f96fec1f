"""Tables that a notebook shows: titled, sourced, readable without a mouse and by a screen reader."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from htanalysis import settings
from htanalysis.data import evidence
from htanalysis.errors import HtanalysisError
from htanalysis.results import Column, round_off
from htanalysis.settings import LARGE, LONG
from htanalysis.wording import number, percent

MIME = "application/vnd.htanalysis.table+json"

#: A table with more columns, or with a longer text in a cell, does not fit on a phone.
_MOST_COLUMNS, _LONGEST_TEXT = 4, 60

_SIDES = (' style="text-align: left"', ' style="text-align: right"')
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Caption:
    """What stands around a chart or table.

    Title and subtitle say the finding that is shown, and measure, unit, place and period. The id is as for a finding;
    `source` has entries of "evidence" in the descriptor, and `basis` every basis of a number in it. `method` is the
    function of `htanalysis` that computed the numbers, `formula` how they were computed where none did.
    """

    id: str
    title: str
    subtitle: str
    source: Sequence[str]
    basis: Sequence[str]
    method: str | None = None
    formula: str | None = None

    def __post_init__(self) -> None:
        for reference in self.source:
            evidence(reference)
        if not self.basis or not set(self.basis) <= set(settings.BASES):
            names = ", ".join(settings.BASES)
            raise HtanalysisError(f'Caption "{self.id}": its basis is {list(self.basis)}; name some of {names}.')


@dataclass(frozen=True)
class Table:
    """A table with its caption.

    Its columns are those that are shown; the first names the rows. `missing` is what an empty cell says.
    """

    frame: pd.DataFrame
    caption: Caption
    columns: Mapping[str, Column]
    missing: str = "not published"

    def to_json(self) -> dict[str, Any]:
        """Give the table as plain values, as it travels in a notebook's outputs."""
        columns = [
            {"name": name, "label": column.title, "digits": column.form}
            | ({"basis": column.basis} if column.basis else {})
            for name, column in self.columns.items()
        ]
        cells = self.frame[list(self.columns)].astype(object)
        rows = [[_cell(value) for value in row] for row in cells.itertuples(index=False)]
        around = vars(self.caption) | {"source": list(self.caption.source), "basis": list(self.caption.basis)}
        return around | {"missing": self.missing, "columns": columns, "rows": rows}

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        content = self.to_json()
        text = f"{content['title']} ({len(content['rows'])} rows)"
        return {"text/html": render_table(content), "text/plain": text, MIME: content}


def keep_last(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep of a table by quarter that is too long for a page the last eight; the workbook has them all."""
    names = ("quarter", "period")
    places = [at for at, column in enumerate(content["columns"]) if {column["name"], column["label"]} & {*names}]
    times = sorted({row[place] for place in places[:1] for row in content["rows"] if row[place]})
    if len(times) <= LONG:
        return content
    rows = [row for row in content["rows"] if row[places[0]] in times[-LARGE:]]
    words = f"; the last {LARGE} of {len(times)} quarters, all of them in tables.xlsx"
    return {**content, "rows": rows, "subtitle": content["subtitle"] + words}


def render_table(content: Mapping[str, Any], on_page: bool = False, row_id: str = "") -> str:
    """Write a table, as `Table.to_json` gives it, as HTML with a caption, column heads and row heads.

    A page writes the title beside it, tells its script the columns' bases, and stacks a wide table's cells on a phone.
    A notebook is shown with the style of whatever shows it, so that cells say themselves on which side they stand.
    Where there is a `row_id`, each row gets it as its id, with the row's number from 1 behind it.
    """
    columns, rows = content["columns"], content["rows"]
    title = "" if on_page else f"<strong>{html.escape(content['title'])}</strong><br>"
    # A phone has no room for many columns, or long texts, beside each other.
    texts = [value for row in rows for value in row if isinstance(value, str)]
    wide = len(columns) > _MOST_COLUMNS or max(map(len, texts), default=0) > _LONGEST_TEXT
    kinds = [_align(column["digits"], [row[place] for row in rows]) for place, column in enumerate(columns)]
    # Where most columns hold numbers, these are the plain ones of a page: hundreds of cells say nothing.
    counted = on_page and kinds[1:].count("number") > kinds[1:].count("")
    if counted:
        kinds[1:] = [{"number": "", "": "text"}.get(kind, kind) for kind in kinds[1:]]
    head = ""
    for column, kind in zip(columns, kinds, strict=True):
        basis = f' data-basis="{column["basis"]}"' if on_page and "basis" in column else ""
        head += f'<th scope="col"{_mark_cell(kind, on_page)}{basis}>{html.escape(column["label"] or "row")}</th>'
    body = "".join(
        (f'<tr id="{row_id}-{place}">' if row_id else "<tr>") + _render_row(content, kinds, on_page, row) + "</tr>"
        for place, row in enumerate(rows, 1)
    )
    return (
        f'<table class="ht-table{" wide" * (wide and on_page)}{" counted" * counted}">'
        f"<caption>{title}<span>{html.escape(content['subtitle'])}</span></caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def format_cell(value: Any, digits: int | str, missing: str) -> str:
    """Write a cell for people.

    Examples
    --------
    >>> format_cell(1277, 0, "–"), format_cell(0.4602, "1%", "–"), format_cell(None, 0, "not published")
    ('1,277', '46.0%', 'not published')
    """
    if value is None:
        return missing
    if isinstance(value, str):
        return value
    if isinstance(digits, str):
        return percent(value, int(digits.rstrip("%"))) if digits.endswith("%") else str(value)
    return number(value, digits)


def _mark_cell(kind: str, on_page: bool, missing: bool = False) -> str:
    names = " ".join([kind] * bool(kind) + ["missing"] * missing)
    return (f' class="{names}"' if names else "") if on_page else _SIDES[kind == "number"]


def _render_row(content: Mapping[str, Any], kinds: Sequence[str], on_page: bool, row: Sequence[Any]) -> str:
    cells = []
    for place, (column, kind, value) in enumerate(zip(content["columns"], kinds, row, strict=True)):
        text = html.escape(format_cell(value, column["digits"], content["missing"]))
        if value in settings.BASES and column["name"] in ("basis", "status"):
            text = f'<span class="basis basis-{value}">{value}</span>'
        elif value is None and not on_page:
            text = f'<span class="missing">{text}</span>'
        align = _mark_cell(kind, on_page, value is None)
        cells.append(f"<td{align}>{text}</td>" if place else f'<th scope="row"{align}>{text}</th>')
    return "".join(cells)


def _align(digits: int | str, values: Sequence[Any]) -> str:
    """Tell columns of numbers, whose digits stand below each other, and of days, which do not break, from others."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, str) and _DATE.fullmatch(value) for value in known):
        return "date"
    numeric = known and all(isinstance(value, int | float) for value in known)
    return "number" if numeric and digits != "year" else ""


def _cell(value: Any) -> str | int | float | None:
    """Make a value plain: what JSON, a page and a spreadsheet can all hold."""
    if not isinstance(value, str) and pd.isna(value):
        return None
    if isinstance(value, str | pd.Period | pd.Timestamp):
        return str(value.date() if isinstance(value, pd.Timestamp) else value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return round_off(value)


def make_plain(value: Any) -> Any:
    """Make a drawing plain, part by part, without what is None in it."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, Mapping):
        return {name: make_plain(part) for name, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [make_plain(part) for part in value]
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value if isinstance(value, bool) else _cell(value)
