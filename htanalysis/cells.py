"""Cells of a file as text, the tables that they stand in, and how untrusted text is shown."""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

#: Most rows and columns that are read; a return has seven columns.
MOST_ROWS, MOST_COLUMNS = 200_000, 200

SAVE = "Save it as XLSX or CSV"
#: How files of other kinds begin.
MAGIC = {
    b"\xd0\xcf\x11\xe0": "an old or a password-protected workbook",
    b"PK\x03\x04": "a workbook or an archive",
    b"%PDF": "a PDF",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}
_UNSEEN = re.compile("[\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class UnreadableError(Exception):
    """What keeps a whole file from being read, in a sentence."""


class Cell(NamedTuple):
    """A cell as text, what is wrong with it, and what is to tell of it."""

    text: str
    wrong: str | None = None
    told: str | None = None

    @property
    def filled(self) -> bool:
        """Whether something stands in it."""
        return bool(self.wrong or self.text.strip())


EMPTY = Cell("")


@dataclass
class Table:
    """A sheet or a CSV file: its rows that hold something, by number, and what its reader does not see.

    Attributes
    ----------
    sheet : str or None
        The sheet's name.
    hidden : bool
        Whether the sheet is hidden.
    rows : dict of int to list of Cell
        Rows as the spreadsheet counts them.
    hidden_rows, hidden_columns : set of int
        Rows and columns that are hidden, both from 1.
    merged : list of tuple
        What is merged: its name, its first and last row, and its first and last column.
    """

    sheet: str | None = None
    hidden: bool = False
    rows: dict[int, list[Cell]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[str, int, int, int, int]] = field(default_factory=list)

    def keep(self, number: int, cells: list[Cell]) -> None:
        """Keep a row that holds something."""
        last = next((place for place in range(len(cells), 0, -1) if cells[place - 1].filled), 0)
        if last:
            self.rows[number] = cells[:last]
        if len(self.rows) > MOST_ROWS:
            raise UnreadableError(f"it has more than {MOST_ROWS:,} rows. Split it.")


@lru_cache(maxsize=65536)
def find_hidden(text: str) -> str | None:
    """Find the first sign that nobody sees: controls, and those that only choose a form or fill a place."""
    kinds = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return next((sign for sign in text if unicodedata.category(sign) in kinds or _UNSEEN.fullmatch(sign)), None)


def show(text: str) -> str:
    r"""Write text so that every terminal shows it: control, escape and invisible characters by their code.

    Examples
    --------
    >>> print(show("ab\x1b[31m\u200b"))
    ab\u001b[31m\u200b
    """
    printable = "".join(
        f"\\u{ord(sign):04x}" if find_hidden(sign) or not sign.isprintable() else sign for sign in text[:81]
    )
    return printable if len(text) <= 80 else f"{printable[:80]}…"


def too_wide(number: int) -> UnreadableError:
    """Refuse a row that goes far beyond the columns of a return."""
    told = f"row {number} has more than {MOST_COLUMNS} columns; a return has 7"
    return UnreadableError(f"{told}. Send a copy without what stands beside them.")
