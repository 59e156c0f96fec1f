"""Spreadsheets: reading the rows of a return, whatever style it comes in, and writing the one that is sent out.

What the cells mean is checked elsewhere. A file is not trusted: its size, its kind and what is packed into it are
looked at before it is read, nothing in it is run, and a message shows no character that a terminal would obey.
"""

import codecs
import csv
import io
import os
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from htanalysis.datasets import list_described, load

# openpyxl is to read XML with defusedxml, also where lxml is installed.
os.environ["OPENPYXL_LXML"] = "False"

#: Largest file and most rows that are read.
MOST_BYTES = 20 * 2**20
MOST_ROWS = 200_000
#: Most cells: a small workbook can state millions of empty ones.
_MOST_CELLS = 20 * MOST_ROWS

#: The columns of a return.
COLUMNS = ("period_start", "period_end", "task_force", "measure", "trafficking_type", "count", "as_of")

_UNPACKED, _RATIO, _PARTS = 200 * 2**20, 100, 1000
_GUIDES = ("Guide", "Lists")
_UNSEEN = re.compile("[\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SAVE = "Save it as XLSX or CSV"
_MAGIC = {
    b"\xd0\xcf\x11\xe0": "an old or a password-protected workbook",
    b"PK\x03\x04": "a workbook or an archive",
    b"%PDF": "a PDF",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}


@dataclass(frozen=True)
class Problem:
    """Something to tell about a file.

    Attributes
    ----------
    file : str
        The file's name without its folder, made printable.
    sheet : str or None
        The sheet of a workbook.
    row : int or None
        The row as the spreadsheet shows it: the first is 1.
    column : str or None
        The column's name.
    value : str or None
        What was found.
    message : str
        What was found, what was expected and what to do.
    severity : str
        "error", or "notice" for what is only worth a look.
    """

    file: str
    sheet: str | None
    row: int | None
    column: str | None
    value: str | None
    message: str
    severity: str = "error"

    def __str__(self) -> str:
        sheet, row = self.sheet and f"sheet {self.sheet}", self.row and f"row {self.row}"
        return f"{', '.join(filter(None, (self.file, sheet, row, self.column)))}: {self.message}"


@dataclass(frozen=True)
class Row:
    """A row of a return: its cells as text, and the columns whose cell could not be read and was told as a problem."""

    file: str
    sheet: str | None
    number: int
    cells: dict[str, str]
    broken: frozenset[str] = frozenset()

    def problem(self, column: str | None, value: str | None, message: str, severity: str = "error") -> Problem:
        """Make a problem of this row."""
        return Problem(self.file, self.sheet, self.number, column, value and show(value), message, severity)


class _UnreadableError(Exception):
    """What keeps a whole file from being read, in a sentence."""


@dataclass(frozen=True)
class _Cell:
    """A cell as text, and what is wrong with it."""

    text: str
    wrong: str | None = None


def show(text: str) -> str:
    r"""Write text so that every terminal shows it: control, escape and invisible characters by their code.

    Examples
    --------
    >>> print(show("ab\x1b[31m\u200b"))
    ab\u001b[31m\u200b
    """
    printable = "".join(
        f"\\u{ord(sign):04x}" if _is_hidden(sign) or not sign.isprintable() else sign for sign in text[:81]
    )
    return printable if len(text) <= 80 else f"{printable[:80]}…"


def read_sheet(path: Path, name: str) -> tuple[list[Row], list[Problem]]:
    """Read the rows of a return.

    Parameters
    ----------
    path : pathlib.Path
        A CSV file (comma, semicolon or tab; UTF-8 or Windows-1252) or an XLSX workbook.
    name : str
        What the file is called in problems.

    Returns
    -------
    rows : list of Row
        The rows below the one that names the columns; none where the file cannot be read.
    problems : list of Problem
        What is wrong with the file, its columns or single cells.
    """
    try:
        _refuse_size(path)
        sheets = _read_workbook(path) if path.suffix.lower() == ".xlsx" else {None: _read_text(path)}
        sheet, strangers = _choose_sheet(sheets)
        problems = [
            Problem(
                name, show(other), None, None, None, f"data on a second sheet is not read. Move it to {show(sheet)}."
            )
            for other in strangers
        ]
        rows, more = _name_cells(name, sheet and show(sheet), sheets[sheet])
    except _UnreadableError as error:
        return [], [Problem(name, None, None, None, None, str(error))]
    return rows, problems + more


# The file


def _refuse_size(path: Path) -> None:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise _UnreadableError(f"it has {size / 2**20:,.0f} MiB; at most {MOST_BYTES >> 20} are read. Split it.")
    if size == 0:
        raise _UnreadableError("it is empty. Send the file again.")


def _read_text(path: Path) -> list[tuple[int, list[_Cell]]]:
    """Read a CSV file; its rows are counted as a spreadsheet counts them."""
    if path.suffix.lower() != ".csv":
        raise _UnreadableError(f"files of this kind are not read. {_SAVE}.")
    data = path.read_bytes()
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            raise _UnreadableError(f"it is {kind}, not a CSV file in UTF-8. {_SAVE} (UTF-8).")
    if max(data.count(b"\n"), data.count(b"\r")) > MOST_ROWS:
        raise _UnreadableError(f"it has more than {MOST_ROWS:,} rows. Split it.")
    text = _decode(data)
    separator = max(",;\t", key=lambda sign: len(_known(_split(text.lstrip("\r\n").splitlines()[0], sign))))
    if text.count(separator) > _MOST_CELLS:
        raise _UnreadableError(f"it has more than {_MOST_CELLS:,} cells. Delete what stands beside the columns.")
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise _UnreadableError(f"its quotation marks do not match. {_SAVE} again.") from error
    return [(number, [_Cell(text) for text in cells]) for number, cells in enumerate(lines, 1)]


def _split(line: str, separator: str) -> list[str]:
    return [cell.strip('"') for cell in line.split(separator)]


def _decode(data: bytes) -> str:
    """Decode UTF-8 or Windows-1252."""
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError as error:
            raise _UnreadableError(f"it is text neither in UTF-8 nor in Windows-1252. {_SAVE} (UTF-8).") from error
    if not text.strip():
        raise _UnreadableError("it holds nothing. Send the file again.")
    return text


def _read_workbook(path: Path) -> dict[str, list[tuple[int, list[_Cell]]]]:
    """Read all sheets of an XLSX file. Nothing in it is run or computed."""
    _inspect(path)
    # Imported where it is needed: a CSV file is checked without it.
    import openpyxl

    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
            return {sheet.title: list(_read_rows(sheet)) for sheet in book.worksheets}
    except (_UnreadableError, MemoryError):
        raise
    except Exception as error:  # whatever a damaged workbook makes the library stumble over
        raise _UnreadableError(f"the workbook is damaged ({show(type(error).__name__)}). {_SAVE} again.") from error


def _inspect(path: Path) -> None:
    """Look at what is packed into a workbook before any of it is unpacked."""
    with path.open("rb") as file:
        start = file.read(8)
    if not start.startswith(b"PK"):
        kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "text or something else")
        raise _UnreadableError(f"it is {kind}, not an XLSX workbook. {_SAVE}, without a password.")
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _refuse_parts(parts)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    _refuse_content(part.filename, archive.read(part))
    except _UnreadableError:
        raise
    except Exception as error:  # whatever a damaged archive makes the library stumble over
        raise _UnreadableError(f"the workbook is damaged. {_SAVE} again.") from error


def _refuse_parts(parts: Sequence[zipfile.ZipInfo]) -> None:
    names = [part.filename for part in parts]
    swollen = any(part.file_size > max(2**20, _RATIO * part.compress_size) for part in parts)
    if len(parts) > _PARTS or sum(part.file_size for part in parts) > _UNPACKED or swollen:
        raise _UnreadableError("it would unpack to far more than a return needs. Save it anew, without pictures.")
    if any(part.flag_bits & 1 for part in parts):
        raise _UnreadableError(f"it is protected by a password. {_SAVE} without one.")
    if any("vbaproject" in name.lower() for name in names):
        raise _UnreadableError("it holds macros. Save it as XLSX without them.")
    if any("externallinks/" in name.lower() for name in names):
        raise _UnreadableError("it holds links to other workbooks. Replace them by their values and save it again.")
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise _UnreadableError(f"it is an archive, not an XLSX workbook. {_SAVE}.")


def _refuse_content(name: str, content: bytes) -> None:
    plain = content.replace(b"\0", b"")  # UTF-16 looks like this
    if name.startswith("xl/worksheets/") and len(re.findall(rb"<(?:\w+:)?row[ >/]", plain)) > MOST_ROWS + 1:
        raise _UnreadableError(f"it has more than {MOST_ROWS:,} rows. Split it.")
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        raise _UnreadableError(f"it holds XML entities, which no spreadsheet program writes. {_SAVE} again.")


def _read_rows(sheet: Any) -> Iterator[tuple[int, list[_Cell]]]:
    sheet.reset_dimensions()  # a workbook may state fewer rows than it has
    width = 0
    for number, cells in enumerate(sheet.iter_rows(), 1):
        width += len(cells)
        if number > MOST_ROWS + 1:
            raise _UnreadableError(f"sheet {show(sheet.title)} has more than {MOST_ROWS:,} rows. Split it.")
        if width > _MOST_CELLS:
            raise _UnreadableError(
                f"sheet {show(sheet.title)} has more than {_MOST_CELLS:,} cells. Delete what stands beside the columns."
            )
        last = next((place for place in range(len(cells), 0, -1) if cells[place - 1].value is not None), 0)
        yield number, [_read_cell(cell) for cell in cells[:last]]


def _read_cell(cell: Any) -> _Cell:
    """Write a workbook's cell as text: days as YYYY-MM-DD, whole numbers without decimals, percentages with a sign."""
    value, kind = cell.value, getattr(cell, "data_type", "n")
    if value is None:
        return _Cell("")
    if kind == "f":
        formula = getattr(value, "text", value)
        return _Cell("", f"{cell.coordinate} holds the formula {show(str(formula))}. Replace it by its value.")
    if kind == "e":
        return _Cell("", f"{cell.coordinate} holds the error {show(str(value))}. Write the value.")
    if isinstance(value, datetime) and (value.hour or value.minute or value.second or value.microsecond):
        return _Cell("", f"{cell.coordinate} holds a time of day, {value:%Y-%m-%d %H:%M}. Write the day alone.")
    if isinstance(value, date):
        return _Cell(value.strftime("%Y-%m-%d") if value.year >= 1000 else str(value))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float) and "%" in str(cell.number_format):
        return _Cell(f"{value * 100:g}%")
    return _Cell(str(value))


# The sheet and its columns


def _choose_sheet(sheets: dict[Any, list[tuple[int, list[_Cell]]]]) -> tuple[Any, list[str]]:
    """Find the sheet that has the columns, and others that hold something and are no guide of the template."""
    known = {name: len(_known(_head(table)[1])) for name, table in sheets.items()}
    if not known or max(known.values()) == 0:
        raise _UnreadableError(f"no row names the columns. The first row must be: {', '.join(COLUMNS)}.")
    best = max(known, key=lambda name: known[name])
    guides = {name for name in known if best == "Returns" and name in _GUIDES and known[name] <= len(COLUMNS) / 2}
    return best, [name for name in known if name != best and name not in guides and _head(sheets[name])[1]]


def _head(table: list[tuple[int, list[_Cell]]]) -> tuple[int, list[str]]:
    """Give the number and the texts of the first row that is not empty."""
    for number, cells in table:
        texts = [cell.text for cell in cells]
        if any(cell.text.strip() or cell.wrong for cell in cells):
            return number, texts
    return 0, []


def _column(text: str) -> str:
    return text.strip().casefold().replace(" ", "_").replace("-", "_")


def _known(texts: Iterable[str]) -> set[str]:
    return {_column(text) for text in texts} & set(COLUMNS)


def _name_cells(file: str, sheet: str | None, table: list[tuple[int, list[_Cell]]]) -> tuple[list[Row], list[Problem]]:
    """Give each row's cells their column's name."""
    top, head = _head(table)
    while head and not head[-1].strip():
        head.pop()
    columns = [_column(text) for text in head]
    first = Row(file, sheet, top, {})
    named = next((cells for number, cells in table if number == top), [])
    problems = [first.problem(None, None, cell.wrong) for cell in named if cell.wrong]
    problems += _check_head(first, columns)
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        found = (
            f"the column{'s' * (len(missing) > 1)} {', '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing."
        )
        return [], [*problems, first.problem(None, None, f"{found} The columns must be {', '.join(COLUMNS)}.")]
    rows = []
    for number, cells in table:
        if number > top and any(cell.text.strip() or cell.wrong for cell in cells):
            row, wrong = _name_row(Row(file, sheet, number, {}), columns, cells)
            rows.append(row)
            problems += wrong
    if not rows:
        problems.append(first.problem(None, None, "no row follows the names of the columns. Send the file again."))
    return rows, problems


def _check_head(first: Row, columns: Sequence[str]) -> Iterator[Problem]:
    for place, name in enumerate(columns):
        shown = show(name)
        if name not in COLUMNS:
            words = f'"{shown}" is not a column of a return' if name else "a column has no name"
            yield first.problem(None, name, f"{words}. It may hold a name, and is never stored: delete the column.")
        elif name in columns[:place]:
            yield first.problem(name, name, "this column is there twice. Delete one of them.")


def _name_row(row: Row, columns: Sequence[str], cells: Sequence[_Cell]) -> tuple[Row, list[Problem]]:
    texts, broken, problems = {}, set(), []
    for name, cell in zip(columns, cells, strict=False):
        if name not in COLUMNS:
            continue
        texts[name] = text = cell.text.strip()
        hidden = next((sign for sign in text if _is_hidden(sign)), None)
        wrong = cell.wrong or (
            hidden and f'"{show(text)}" holds the invisible character {show(hidden)}. Type it again.'
        )
        if wrong:
            broken.add(name)
            problems.append(row.problem(name, text, wrong))
    if any(cell.text.strip() or cell.wrong for cell in cells[len(columns) :]):
        more = "it has more cells than there are columns. Delete what stands beside the columns."
        problems.append(row.problem(None, None, more))
    texts |= {name: "" for name in COLUMNS if name not in texts}
    return Row(row.file, row.sheet, row.number, texts, frozenset(broken)), problems


def _is_hidden(sign: str) -> bool:
    """Say whether nobody sees a sign: controls, and those that only choose a form or fill a place."""
    kind = unicodedata.category(sign)
    return kind in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") or _UNSEEN.fullmatch(sign) is not None


# The template

_GUIDE = (
    "How to fill in the sheet Returns",
    "A row is one count of one task force in one quarter. Fill in the count, and in as_of the day when it was known.",
    "Leave the count empty if it was not reported. Write 0 if there was none.",
    "Counts are whole numbers. Days are dates, written YYYY-MM-DD.",
    "A trafficking type is sex, labor or other (reported without classifying); all is every kind together.",
    "If your period is not the quarter, change period_start and period_end; both days are included.",
    "To correct a count that was sent before, send it again with a later as_of.",
    "Write no totals, no formulas, and no name of any person. Do not add columns.",
)


def write_template(quarter: pd.Period, path: Path) -> None:
    """Write a workbook for a quarter, ready to be filled in.

    Parameters
    ----------
    quarter : pandas.Period
        The quarter.
    path : pathlib.Path
        Where it goes.
    """
    import xlsxwriter

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"title": f"Returns for {quarter}", "created": datetime(2012, 11, 1)})
        lists = _list_values(quarter)
        _fill_returns(book, quarter, lists)
        guide = book.add_worksheet("Guide")
        guide.set_column(0, 0, 110)
        guide.write_column(0, 0, _GUIDE)
        values = book.add_worksheet("Lists")
        for place, (name, entries) in enumerate(lists.items()):
            values.write_column(0, place, [name.replace("_", " "), *entries])
        values.set_column(0, len(lists), 40)
    path.write_bytes(content.getvalue())


def _list_values(quarter: pd.Period) -> dict[str, list[str]]:
    """List what may stand in the columns that have a list."""
    forces = load("task_forces")
    since = pd.PeriodIndex(forces["reports_from"], freq="Q")
    enums = {field["name"]: field["constraints"].get("enum") for field in list_described()[-1]["schema"]["fields"]}
    names = forces.loc[since <= quarter, "task_force"].tolist()
    return {"task_force": names, "measure": enums["measure"], "trafficking_type": enums["trafficking_type"]}


def _fill_returns(book: Any, quarter: pd.Period, lists: dict[str, list[str]]) -> None:
    sheet = book.add_worksheet("Returns")
    day, bold = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"bold": True})
    rows = [
        (force, measure, kind)
        for force in lists["task_force"]
        for measure in lists["measure"]
        for kind in lists["trafficking_type"]
    ]
    sheet.write_row(0, 0, COLUMNS, bold)
    for number, row in enumerate(rows, 1):
        sheet.write_datetime(number, 0, quarter.start_time.to_pydatetime(), day)
        sheet.write_datetime(number, 1, quarter.end_time.normalize().to_pydatetime(), day)
        sheet.write_row(number, 2, row)
        sheet.write_blank(number, 6, None, day)
    last = len(rows)
    for place, (name, values) in enumerate(lists.items()):
        column, letter = COLUMNS.index(name), "ABC"[place]
        source = f"=Lists!${letter}$2:${letter}${len(values) + 1}"
        sheet.data_validation(1, column, last, column, {"validate": "list", "source": source})
    whole = {"validate": "integer", "criteria": ">=", "value": 0, "error_message": "Write a whole number, 0 or more."}
    sheet.data_validation(1, COLUMNS.index("count"), last, COLUMNS.index("count"), whole)
    begun = {"validate": "date", "criteria": ">=", "value": quarter.start_time.to_pydatetime()}
    sheet.data_validation(1, COLUMNS.index("as_of"), last, COLUMNS.index("as_of"), begun)
    for place, width in enumerate((12, 12, 52, 24, 16, 10, 12)):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
