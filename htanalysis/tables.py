"""Tables that a notebook shows: titled, sourced, readable without a mouse and by a screen reader."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from htanalysis import settings
from htanalysis.datasets import evidence
from htanalysis.errors import HtanalysisError
from htanalysis.findings import number, percent

MIME = "application/vnd.htanalysis.table+json"

#: A table with more columns, or with a longer text in a cell, does not fit on a phone.
_MOST_COLUMNS, _LONGEST_TEXT = 4, 60

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Caption:
    """What stands around a chart or table.

    Attributes
    ----------
    id : str
        Lower-case words joined by hyphens; never changes, so that links keep working.
    title : str
        The finding that the chart or table shows.
    subtitle : str
        Measure, unit, place and period.
    source : sequence of str
        Entries of "evidence" in the descriptor.
    basis : sequence of str
        Every basis of a number in it.
    method : str, optional
        Function of `htanalysis` that computed the numbers.
    formula : str, optional
        How the numbers were computed, where no function of `htanalysis` did.
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

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows; the first column names them.
    caption : Caption
        Title, sources and basis.
    labels : mapping of str to str
        Column heads, with units. Columns without a label are not shown.
    digits : mapping of str to int or str
        Decimals of a column; "1%" shows a fraction in percent with one decimal, "year" a number without commas, set
        like a word, and "plain" one without commas, set like a number. Default: 0.
    missing : str
        What an empty cell says.
    column_bases : mapping of str to str
        Bases of columns, where they differ; "row" where the row's own column says it.
    """

    frame: pd.DataFrame
    caption: Caption
    labels: Mapping[str, str]
    digits: Mapping[str, int | str] = field(default_factory=dict)
    missing: str = "not published"
    column_bases: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give the table as plain values, as it travels in a notebook's outputs."""
        columns = [
            {"name": name, "label": label, "digits": self.digits.get(name, 0)}
            | ({"basis": self.column_bases[name]} if name in self.column_bases else {})
            for name, label in self.labels.items()
        ]
        cells = self.frame[list(self.labels)].astype(object)
        return {
            "id": self.caption.id,
            "title": self.caption.title,
            "subtitle": self.caption.subtitle,
            "source": list(self.caption.source),
            "basis": list(self.caption.basis),
            "method": self.caption.method,
            "formula": self.caption.formula,
            "missing": self.missing,
            "columns": columns,
            "rows": [[_cell(value) for value in row] for row in cells.itertuples(index=False)],
        }

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        content = self.to_json()
        text = f"{content['title']} ({len(content['rows'])} rows)"
        return {"text/html": render_table(content), "text/plain": text, MIME: content}


def render_table(content: Mapping[str, Any], on_page: bool = False, row_id: str = "") -> str:
    """Write a table as HTML with a caption, column heads and row heads.

    Parameters
    ----------
    content : mapping
        A table as `Table.to_json` gives it.
    on_page : bool
        Whether a page shows it, which writes the title beside it and stacks the cells of a wide table on a phone.
    row_id : str
        Where given, each row gets it as its id, with the row's number from 1 behind it.
    """
    title = "" if on_page else f"<strong>{html.escape(content['title'])}</strong> "
    wide = on_page and _is_wide(content)
    aligned = [_align(content, place) for place in range(len(content["columns"]))]
    head = "".join(
        f'<th scope="col"{align}{_tell_basis(column, on_page)}>{html.escape(_label(column))}</th>'
        for align, column in zip(aligned, content["columns"], strict=True)
    )
    body = "".join(
        (f'<tr id="{row_id}-{place}">' if row_id else "<tr>") + _render_row(content, aligned, row) + "</tr>"
        for place, row in enumerate(content["rows"], 1)
    )
    return (
        f'<table class="{"ht-table wide" if wide else "ht-table"}">'
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


def _render_row(content: Mapping[str, Any], aligned: Sequence[str], row: Sequence[Any]) -> str:
    cells = []
    for place, (column, align, value) in enumerate(zip(content["columns"], aligned, row, strict=True)):
        text = html.escape(format_cell(value, column["digits"], content["missing"]))
        if value in settings.BASES and column["name"] == "basis":
            text = f'<span class="basis basis-{value}">{value}</span>'
        elif value is None:
            text = f'<span class="missing">{text}</span>'
        cells.append(f"<td{align}>{text}</td>" if place else f'<th scope="row"{align}>{text}</th>')
    return "".join(cells)


def _tell_basis(column: Mapping[str, Any], on_page: bool) -> str:
    """Tell a page's script the basis of a column's numbers."""
    return f' data-basis="{column["basis"]}"' if on_page and "basis" in column else ""


def _label(column: Mapping[str, Any]) -> str:
    """Give a column's head; a column that only names the rows has one, too."""
    return column["label"] or "row"


def _is_wide(content: Mapping[str, Any]) -> bool:
    """Say whether a phone has no room for a table's columns beside each other."""
    texts = [value for row in content["rows"] for value in row if isinstance(value, str)]
    return len(content["columns"]) > _MOST_COLUMNS or max(map(len, texts), default=0) > _LONGEST_TEXT


def _align(content: Mapping[str, Any], place: int) -> str:
    """Mark columns of numbers, so that their digits stand below each other, and of days, so that they do not break."""
    values = [row[place] for row in content["rows"] if row[place] is not None]
    if values and all(isinstance(value, str) and _DATE.fullmatch(value) for value in values):
        return ' class="date"'
    numeric = values and all(isinstance(value, int | float) for value in values)
    return ' class="number"' if numeric and content["columns"][place]["digits"] != "year" else ""


def _cell(value: Any) -> str | int | float | None:
    """Make a value plain: what JSON, a page and a spreadsheet can all hold."""
    if not isinstance(value, str) and pd.isna(value):
        return None
    if isinstance(value, str | pd.Period | pd.Timestamp):
        return str(value.date() if isinstance(value, pd.Timestamp) else value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    plain = float(f"{float(value):.10g}")
    return int(plain) if plain.is_integer() else plain
