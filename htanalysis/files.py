"""What stands in a file that somebody sent: the cells of a CSV file or of an XLSX workbook, as text.

A file is not trusted: its size, its kind and what is packed into it are looked at before it is read, and nothing in it
is run. A workbook's XML is read here and not by a library: those that we tried join a raised footnote to the number
before it, know no strict workbook, or hold all of it in memory to see which rows a filter hides.
"""

import codecs
import csv
import io
import posixpath
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

#: Largest file and most rows that are read.
MOST_BYTES = 20 * 2**20
MOST_ROWS = 200_000
#: Most cells of a CSV file, and most columns: a return has seven.
_MOST_CELLS, _MOST_COLUMNS = 20 * MOST_ROWS, 200

#: Most tags of a part of a workbook: four for each cell, of eight cells a row.
_MOST_TAGS = 4 * 8 * MOST_ROWS
#: Points of type that only a footnote has, beside text of another size.
_SMALL = 7
_UNPACKED, _RATIO, _PARTS = 200 * 2**20, 100, 1000
_SAVE = "Save it as XLSX or CSV"
_MAGIC = {
    b"\xd0\xcf\x11\xe0": "an old or a password-protected workbook",
    b"PK\x03\x04": "a workbook or an archive",
    b"%PDF": "a PDF",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}
#: Files that programs leave beside a workbook, and what to do.
_BESIDE = {
    "~$": "it is a mark that the workbook is open in Excel. Save, close and name the workbook itself.",
    ".~lock.": "it is a mark that the workbook is open in LibreOffice. Save, close and name the workbook itself.",
    "._": "it is a companion file of macOS, and holds no counts. Leave it out.",
}
#: Parts that tell what an archive is, if it is no XLSX workbook.
_KINDS = {
    "content.xml": "an OpenDocument file (ODS)",
    "xl/workbook.bin": "a binary workbook (XLSB)",
    "word/document.xml": "a Word document",
    "index/document.iwa": "a Numbers document",
}
_SPACES = (
    "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}",
    "{http://purl.oclc.org/ooxml/spreadsheetml/main}",  # what Excel calls a strict workbook
)
#: Excel's own formats of shares, days and times, by number: which parts of a day they show.
_BUILT_IN = {9: "%", 10: "%", 14: "mdy", 15: "dmy", 16: "dm", 17: "my", 22: "mdyh", 45: "ms", 46: "hms", 47: "ms"}
_BUILT_IN |= dict.fromkeys((18, 19, 20, 21), "hm") | dict.fromkeys((*range(27, 37), *range(50, 59)), "m")
#: What a format only adds to the digits: quoted text, an escaped sign, a color or language, blanks.
_ADDED = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]|[_*].')
#: Functions whose saved value may be another one today.
_VOLATILE = re.compile(r"\b(TODAY|NOW|RAND|RANDBETWEEN|OFFSET|INDIRECT)\(", re.IGNORECASE)
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


_EMPTY = Cell("")


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


def read_tables(path: Path) -> list[Table]:
    """Read the tables of a file: one of a CSV file, one a sheet of a workbook.

    Parameters
    ----------
    path : pathlib.Path
        A CSV file (comma, semicolon, tab or bar; UTF-8 or Windows-1252) or an XLSX workbook.

    Raises
    ------
    UnreadableError
        If it cannot be read; the message says why and what to do.
    """
    beside = next((advice for start, advice in _BESIDE.items() if path.name.startswith(start)), None)
    if beside:
        raise UnreadableError(beside)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise UnreadableError(f"it has {size / 2**20:,.0f} MiB; at most {MOST_BYTES >> 20} are read. Split it.")
    if size == 0:
        raise UnreadableError("it is empty. Send the file again.")
    if path.suffix.lower() == ".xlsx":
        return _read_workbook(path)
    if path.suffix.lower() != ".csv":
        raise UnreadableError(f"files of this kind are not read. {_SAVE}.")
    return [_read_text(path.read_bytes())]


def _too_wide(number: int) -> UnreadableError:
    told = f"row {number} has more than {_MOST_COLUMNS} columns; a return has 7"
    return UnreadableError(f"{told}. Send a copy without what stands beside them.")


# CSV


def _read_text(data: bytes) -> Table:
    """Read a CSV file; its rows are counted as a spreadsheet does, which shows no line that names a separator."""
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            raise UnreadableError(f"it is {kind}, not a CSV file in UTF-8. {_SAVE} (UTF-8).")
    if data.count(b"\0") > len(data) / 4:
        raise UnreadableError(f"it is text in UTF-16, not a CSV file in UTF-8. {_SAVE} (UTF-8).")
    text = _decode(data)
    named = re.match(r'"?sep=([,;|\t])"?(\r\n|\r|\n)', text, re.IGNORECASE)
    separator = named[1] if named else _find_separator(text)
    if text.count(separator) > _MOST_CELLS:
        raise UnreadableError(
            f"it has more than {_MOST_CELLS:,} cells. Send a copy without what stands beside the columns."
        )
    table = Table()
    try:
        content = io.StringIO(text[named.end() :] if named else text, newline="")
        for number, cells in enumerate(csv.reader(content, delimiter=separator, strict=True), 1):
            if any(cells[_MOST_COLUMNS:]):
                raise _too_wide(number)
            table.keep(number, [Cell(text) for text in cells[:_MOST_COLUMNS]])
    except csv.Error as error:
        raise UnreadableError(f"its quotation marks do not match. {_SAVE} again.") from error
    return table


def _find_separator(text: str) -> str:
    """Take the sign that parts the first lines into most cells."""
    return max(",;\t|", key="\n".join(text[:20_000].splitlines()[:50]).count)


def _decode(data: bytes) -> str:
    """Decode UTF-8 or Windows-1252."""
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError as error:
            raise UnreadableError(f"it is text neither in UTF-8 nor in Windows-1252. {_SAVE} (UTF-8).") from error
    if not text.strip():
        raise UnreadableError("it holds nothing. Send the file again.")
    return text


# A workbook


def _read_workbook(path: Path) -> list[Table]:
    """Read all sheets of an XLSX file. Nothing in it is run or computed."""
    with path.open("rb") as file:
        start = file.read(8)
    if not start.startswith(b"PK"):
        kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "text or something else")
        raise UnreadableError(f"it is {kind}, not an XLSX workbook. {_SAVE}, without a password.")
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_parts(archive.infolist())
            return _Book(archive).read()
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:  # whatever a damaged workbook makes its readers stumble over
        raise UnreadableError(f"the workbook is damaged. {_SAVE} again.") from error


def _refuse_parts(parts: Sequence[zipfile.ZipInfo]) -> None:
    """Look at what is packed into a workbook before any of it is unpacked."""
    names = [part.filename.casefold() for part in parts]
    swollen = any(part.file_size > max(2**20, _RATIO * part.compress_size) for part in parts)
    if len(parts) > _PARTS or sum(part.file_size for part in parts) > _UNPACKED or swollen:
        raise UnreadableError("it would unpack to far more than a return needs. Copy the rows into a new workbook.")
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableError(f"it is protected by a password. {_SAVE} without one.")
    if any("vbaproject" in name for name in names):
        raise UnreadableError("it holds macros. Save it as XLSX without them.")
    if any("externallinks/" in name for name in names):
        raise UnreadableError("it holds links to other workbooks. Replace them by their values and save it again.")
    if kind := next((kind for name, kind in _KINDS.items() if name in names), None):
        raise UnreadableError(f"it is {kind}, not an XLSX workbook. {_SAVE}.")
    if len(set(names)) < len(names):
        raise UnreadableError(f"it holds a part twice. {_SAVE} again.")


class _Look(NamedTuple):
    """How a cell is shown: as a number, a share, a day or a part of one; struck out or raised; as another number."""

    kind: str = "number"
    mark: str | None = None
    other: bool = False


def _read_look(code: str, mark: str | None) -> _Look:
    """Read a number format: the part of it that is for numbers above 0."""
    plain = _ADDED.sub("", code).lower().split(";")[0]
    added = "".join(found[1] or found[2] or "" for found in _ADDED.finditer(code))
    parts = set(plain) & set("dmyhs")
    if parts:
        return _Look("day" if parts >= set("dmy") else "part of a day", mark)
    shown = not code or re.search("[0#?@]|general|standard", plain)
    other = not shown or re.search(r"[0#?],+(?![0#?,])", plain) or re.search("[0-9<>≤≥~]", added)
    return _Look("share" if "%" in plain else "number", mark, bool(other))


class _Book:
    """The parts of a workbook that hold its cells."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = {name.casefold(): name for name in archive.namelist()}
        main = next((target for kind, target in self._related("").values() if kind == "officeDocument"), "")
        if main.casefold() not in self.names:
            raise UnreadableError(f"it is an archive, not an XLSX workbook. {_SAVE}.")
        self.related = self._related(main)
        self.own = [element for _, element in ElementTree.iterparse(self._open(main))]  # noqa: S314
        self.base = datetime(1904, 1, 1) if self._is_set("workbookPr", "date1904") else datetime(1899, 12, 30)
        self.manual = any(element.get("calcMode") == "manual" for element in self.own)
        # Programs that compute nothing leave that to Excel, and save 0 for each formula.
        self.uncomputed = self._is_set("calcPr", "fullCalcOnLoad")
        self.strings = [_read_string(item) for item in self._each("sharedStrings", "si")]
        self.looks = self._read_looks()
        self.seen: dict[tuple, Cell] = {}

    def read(self) -> list[Table]:
        """Read the sheets in their order."""
        tables = []
        for element in self.own:
            if _name(element.tag) == "sheet":
                identity = next(value for key, value in element.items() if key.endswith("}id"))
                kind, target = self.related[identity]
                if kind == "worksheet":
                    hidden = element.get("state", "visible") != "visible"
                    tables.append(self._read_sheet(Table(element.get("name"), hidden), target))
        return tables

    def _open(self, name: str) -> io.BytesIO:
        content = self.archive.read(self.names[name.casefold()])
        plain = content.replace(b"\0", b"")  # UTF-16 looks like this
        if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
            raise UnreadableError(f"it holds XML entities, which no spreadsheet program writes. {_SAVE} again.")
        if plain.count(b"<") > _MOST_TAGS:
            raise UnreadableError(f"it has more than {MOST_ROWS:,} rows. Delete the empty ones below, or split it.")
        return io.BytesIO(content)

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """Give the kinds and names of the parts that a part refers to, by their identifiers."""
        folder, name = posixpath.split(part)
        name = posixpath.join(folder, "_rels", f"{name}.rels")
        if name.casefold() not in self.names:
            return {}
        found = [element for _, element in ElementTree.iterparse(self._open(name)) if element.get("Target")]  # noqa: S314
        return {
            element.get("Id", ""): (
                element.get("Type", "").rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, element.get("Target", ""))).lstrip("/"),
            )
            for element in found
        }

    def _each(self, kind: str, tag: str) -> Iterator[Element]:
        """Go through the elements of a part of which there is at most one."""
        for related, target in self.related.values():
            if related == kind:
                for _, element in ElementTree.iterparse(self._open(target)):  # noqa: S314
                    if _name(element.tag) == tag:
                        yield element
                        element.clear()

    def _is_set(self, tag: str, attribute: str) -> bool:
        return any(_is_true(element.get(attribute)) for element in self.own if _name(element.tag) == tag)

    def _read_looks(self) -> list[_Look]:
        looks = []
        for sheet in self._each("styles", "styleSheet"):
            lists = {_name(element.tag): list(element) for element in sheet}
            codes = {int(item.get("numFmtId", 0)): item.get("formatCode", "") for item in lists.get("numFmts", [])}
            marks = [_read_mark(font) for font in lists.get("fonts", [])]
            for item in lists.get("cellXfs", []):
                number, font = int(item.get("numFmtId", 0)), int(item.get("fontId", 0))
                code = codes.get(number, _BUILT_IN.get(number, ""))
                looks.append(_read_look(code, marks[font] if font < len(marks) else None))
        return looks

    def _read_sheet(self, table: Table, part: str) -> Table:
        number = 0
        for _, element in ElementTree.iterparse(self._open(part)):  # noqa: S314
            name = _name(element.tag)
            if name == "row":
                before, number = number, int(element.get("r") or number + 1)
                if number <= before:
                    raise ValueError("rows out of order")
                table.keep(number, self._read_row(element, number))
                if _is_true(element.get("hidden")) or float(element.get("ht", 1)) == 0:
                    table.hidden_rows.add(number)
                element.clear()
            elif name == "col" and (_is_true(element.get("hidden")) or float(element.get("width", 1)) == 0):
                last = min(int(element.get("max", 0)), _MOST_COLUMNS)
                table.hidden_columns.update(range(int(element.get("min", 0)), last + 1))
            elif name == "mergeCell":
                area = element.get("ref", "")
                (left, top), (right, bottom) = map(_place, area.split(":") if ":" in area else [area, area])
                table.merged.append((area, top, bottom, left, right))
        return table

    def _read_row(self, row: Element, number: int) -> list[Cell]:
        cells, column = [], 0
        for element in row:
            if _name(element.tag) != "c":
                continue
            before, where = column, element.get("r")
            column, stated = _place(where) if where else (column + 1, number)
            if column <= before or stated != number:
                raise ValueError("cells out of order")
            cell = self._read_cell(element, where or f"column {column}")
            if cell.filled:
                if column > _MOST_COLUMNS:
                    raise _too_wide(number)
                cells += [_EMPTY] * (column - 1 - len(cells)) + [cell]
        return cells

    def _read_cell(self, element: Element, where: str) -> Cell:
        children = {_name(child.tag): child for child in element}
        if not children:
            return _EMPTY
        if len(children) < len(element):
            raise ValueError("a cell with two values")
        style = int(element.get("s", 0))
        look = self.looks[style] if style < len(self.looks) else _Look()
        value = children["v"].text if "v" in children else None
        if element.get("t") == "inlineStr" and "is" in children:
            cell = _show_string(*_read_string(children["is"]), where)
        else:
            cell = self._read_again(element.get("t", "n"), value, look, where)
        if look.mark and cell.filled:
            cell = Cell("", f"{where} is {look.mark.replace('-', ' ')}. Write what is meant, or empty the cell.")
        return self._trust(cell, children["f"].text, value, where) if "f" in children else cell

    def _read_again(self, kind: str, value: str | None, look: _Look, where: str) -> Cell:
        """Read a value as before: a return has the same days and names in most of its rows."""
        if (known := self.seen.get((kind, value, look))) is not None:
            return known
        cell = self._read_value(kind, value, look, where)
        if not cell.wrong:
            self.seen[kind, value, look] = cell
        return cell

    def _read_value(self, kind: str, value: str | None, look: _Look, where: str) -> Cell:
        """Write a value as text: days as YYYY-MM-DD, whole numbers without decimals, shares with their sign."""
        if value is None:
            return _EMPTY
        if kind == "s":
            return _show_string(*self.strings[int(value)], where)
        if kind == "b":
            return Cell("TRUE" if value == "1" else "FALSE")
        if kind == "e":
            return Cell("", f"{where} holds the error {show(value)}. Write the value.")
        if kind == "d":
            return _read_day(datetime.fromisoformat(value).replace(tzinfo=None), look, where)
        if kind == "n" and re.fullmatch(r"[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?", value):
            return self._read_number(float(value), look, where)
        return Cell(_unescape(value))

    def _read_number(self, number: float, look: _Look, where: str) -> Cell:
        if "day" in look.kind and 0 <= number < 2_958_466:
            return _read_day(self.base + timedelta(days=number), look, where)
        if look.kind == "share":
            return Cell(f"{number * 100:g}%")
        text = str(int(number)) if number.is_integer() else str(number)
        if look.other:
            todo = f"Set its format to General, and see whether {text} is right"
            return Cell("", f"{where} holds {text}, and its format shows another number. {todo}.")
        return Cell(text)

    def _trust(self, cell: Cell, formula: str | None, value: str | None, where: str) -> Cell:
        """Take the value that was saved with a formula, if it is sure to be the formula's."""
        told = f"{where} holds the formula {show(f'={formula}')}" if formula else f"{where} holds a formula"
        doubtful = self.manual or (self.uncomputed and cell.text in ("", "0")) or _VOLATILE.search(formula or "")
        if cell.wrong or value is None or doubtful:
            return Cell("", f"{told}. Replace it by its value.")
        return cell._replace(told=f"{told}. Its saved value, {show(cell.text)}, is read.")


@lru_cache(maxsize=1024)
def _name(tag: str) -> str:
    """Give the name of an element of a spreadsheet; none where it is another kind's."""
    return next((tag.removeprefix(space) for space in _SPACES if tag.startswith(space)), "")


def _is_true(value: str | None) -> bool:
    return value in ("1", "true", "on")


def _place(where: str) -> tuple[int, int]:
    """Give the column and the row of a cell by its name.

    Examples
    --------
    >>> _place("F2"), _place("AA10")
    ((6, 2), (27, 10))
    """
    letters = where.rstrip("0123456789")
    return _count_column(letters), int(where[len(letters) :])


@lru_cache(maxsize=1024)
def _count_column(letters: str) -> int:
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise ValueError("no column")
    column = 0
    for letter in letters:
        column = 26 * column + ord(letter) - ord("A") + 1
    return column


def _read_day(moment: datetime, look: _Look, where: str) -> Cell:
    moment = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
    if moment.hour or moment.minute or moment.second:
        return Cell("", f"{where} holds a time of day, {moment:%Y-%m-%d %H:%M}. Write the day alone.")
    if look.kind == "part of a day":
        todo = "Set its format to one that shows day, month and year, and see whether it is right"
        return Cell("", f"{where} holds {moment:%Y-%m-%d}, and its format hides a part of it. {todo}.")
    return Cell(f"{moment:%Y-%m-%d}")


def _unescape(text: str) -> str:
    """Write the signs that a workbook gives by their codes."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _read_string(item: Element) -> tuple[str, str | None]:
    """Give the text of a cell, and what it holds where a part of it is raised, lowered, struck out or small."""
    runs = []
    if len(item) == 1 and _name(item[0].tag) == "t":
        return _unescape(item[0].text or ""), None
    for child in item:
        if _name(child.tag) == "t":
            runs.append((child.text or "", None))
        elif _name(child.tag) == "r":
            parts = {_name(part.tag): part for part in child}
            text = parts["t"].text or "" if "t" in parts else ""
            runs.append((text, _read_mark(parts["rPr"], text) if "rPr" in parts else None))
    runs = [(_unescape(text), mark) for text, mark in runs]
    text = "".join(text for text, _ in runs)
    plain = "".join(text for text, mark in runs if not mark).strip()
    marked = [f"a {mark} {show(text.strip())}" for text, mark in runs if mark and text.strip()]
    return text, " and ".join([show(plain)] * bool(plain) + marked) if marked else None


def _read_mark(font: Element, text: str = "") -> str | None:
    """Say what sets a text apart from the one beside it."""
    for child in font:
        name, value = _name(child.tag), child.get("val", "1")
        if name == "vertAlign" and value in ("superscript", "subscript"):
            return "raised" if value == "superscript" else "lowered"
        if name == "strike" and _is_true(value):
            return "struck-out"
        if name == "sz" and re.search("[0-9*]", text) and float(value) <= _SMALL:
            return "small"
    return None


def _show_string(text: str, marked: str | None, where: str) -> Cell:
    if not marked:
        return Cell(text)
    what = "number" if text.strip().isdecimal() else "day" if text[:1].isdecimal() else "text"
    return Cell("", f"{where} holds {marked}: write the {what} alone.")
