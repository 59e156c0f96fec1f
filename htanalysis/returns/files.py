"""From the bytes of a file that somebody sent to its tables: their cells as text.

A file is not trusted: its size, its kind and what is packed into it are looked at before it is read, and nothing in it
is run or computed. The XML of a workbook is read here and not by a library: those that we tried join a raised footnote
to the number before it, know no strict workbook, or hold all of it in memory to see which rows a filter hides.
"""

import codecs
import csv
import io
import posixpath
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, reduce
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

from htanalysis.returns.looks import BUILT_IN, Look, read_look, tell_unseen

#: Most bytes, rows and columns that are read (a return has seven columns), cells of a CSV file, and tags of a part of a
#: workbook: four for each cell, of eight cells a row.
MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 20 * 2**20, 200_000, 200
_MOST_CELLS, _MOST_TAGS = 20 * MOST_ROWS, 4 * 8 * MOST_ROWS
#: Most bytes that a workbook may unpack to, how many times its size a part may, and how many parts it may have.
_UNPACKED, _RATIO, _PARTS = 200 * 2**20, 100, 1000
_SAVE = "Save it as XLSX or CSV"
#: Files that programs leave beside a workbook, and what to do.
_BESIDE = {
    "~$": "it is a mark that the workbook is open in Excel. Save and close it, and give its own file.",
    ".~lock.": "it is a mark that the workbook is open in LibreOffice. Save and close it, and give its own file.",
    "._": "it is a companion file of macOS, and holds no counts. Leave it out.",
}
#: How files of other kinds begin.
_MAGIC = {
    b"\xd0\xcf\x11\xe0": "an old or a password-protected workbook",
    b"PK\x03\x04": "a workbook or an archive",
    b"%PDF": "a PDF",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}
#: Parts that tell what an archive is, if it is no XLSX workbook.
_KINDS = {
    "content.xml": "an OpenDocument file (ODS)",
    "xl/workbook.bin": "a binary workbook (XLSB)",
    "word/document.xml": "a Word document",
    "index/document.iwa": "a Numbers document",
}
_PLACE = re.compile("([A-Z]{1,3})([0-9]+)")
_TRUE = ("1", "true", "on")
#: How the namespaces of workbooks begin, and of those that Excel calls strict.
_SPACES = ("{http://schemas.openxmlformats.org/", "{http://purl.oclc.org/ooxml/")
_UNSEEN = re.compile("[\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_PLAIN = Element("font")
_SMALL = 7  # points of type that only a footnote has, beside text of another size
#: Functions whose saved value may be another one today.
_VOLATILE = re.compile(r"\b(TODAY|NOW|RAND|RANDARRAY|RANDBETWEEN|OFFSET|INDIRECT)\(", re.IGNORECASE)


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


@dataclass
class Table:
    """A sheet or a CSV file: its rows that hold something, by number, and what its reader does not see."""

    sheet: str | None = None
    hidden: bool = False
    rows: dict[int, list[Cell]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[str, int, int, int, int]] = field(default_factory=list)  # name, first and last row and column
    altered: bool = False  # by conditional formatting

    def keep(self, number: int, cells: list[Cell]) -> None:
        """Keep a row that holds something."""
        last = next((place for place in range(len(cells), 0, -1) if cells[place - 1].filled), 0)
        if last > MOST_COLUMNS:
            told = f"row {number} has more than {MOST_COLUMNS} columns; a return has 7"
            raise UnreadableError(f"{told}. Send a copy without what stands beside them.")
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
    """Write text so that every terminal shows it: control, escape and invisible characters by their code."""
    signs = (f"\\u{ord(sign):04x}" if find_hidden(sign) or not sign.isprintable() else sign for sign in text[:80])
    return "".join(signs) + "…" * (len(text) > 80)


def list_tables(folder: Path) -> list[Path]:
    """List the workbooks and CSV files of a folder, but for what programs leave beside them."""
    files = (path for path in folder.iterdir() if path.suffix.lower() in (".xlsx", ".csv") and path.is_file())
    return sorted(path for path in files if not path.name.startswith((".", *_BESIDE)))


def read_tables(path: Path) -> list[Table]:
    """Read the tables of a file: one of a CSV file in UTF-8 or Windows-1252, one a sheet of an XLSX workbook."""
    size, suffix = path.stat().st_size, path.suffix.lower()
    if beside := next((advice for start, advice in _BESIDE.items() if path.name.startswith(start)), None):
        raise UnreadableError(beside)
    if size > MOST_BYTES:
        raise UnreadableError(f"it has {size / 2**20:,.0f} MiB; at most {MOST_BYTES >> 20} are read. Split it.")
    if size == 0:
        raise UnreadableError("it is empty. Send the file again.")
    if suffix not in (".xlsx", ".csv"):
        raise UnreadableError(f"files of this kind are not read. {_SAVE}.")
    data = path.read_bytes()
    kind = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)
    if suffix == ".csv" and data.count(b"\0") > len(data) / 4:
        kind = "text in UTF-16"
    if suffix == ".csv" and kind:
        raise UnreadableError(f"it is {kind}, not a CSV file in UTF-8. {_SAVE} (UTF-8).")
    if suffix == ".xlsx" and not data.startswith(b"PK"):
        kind = kind or "text or something else"
        without = ", without a password" * ("password" in kind)
        raise UnreadableError(f"it is {kind}, not an XLSX workbook. {_SAVE}{without}.")
    return _read_workbook(data) if suffix == ".xlsx" else [_read_text(data)]


# CSV


def _read_text(data: bytes) -> Table:
    """Read a CSV file; its rows are counted as a spreadsheet does, which shows no line that names a separator."""
    text = None
    for encoding in ("cp1252", "utf-8"):
        with suppress(UnicodeDecodeError):
            text = data.removeprefix(codecs.BOM_UTF8).decode(encoding)
    if text is None:
        raise UnreadableError(f"it is text neither in UTF-8 nor in Windows-1252. {_SAVE} (UTF-8).")
    named = re.match(r'"?sep=([,;|\t])"?(\r\n|\r|\n)', text, re.IGNORECASE)
    # Otherwise the sign that parts the first lines into most cells.
    separator = named[1] if named else max(",;\t|", key="\n".join(text[:20_000].splitlines()[:50]).count)
    if text.count(separator) > _MOST_CELLS:
        told = f"it has more than {_MOST_CELLS:,} cells"
        raise UnreadableError(f"{told}. Send a copy without what stands beside the columns.")
    table, content = Table(), io.StringIO(text[named.end() :] if named else text, newline="")
    number = 0
    try:
        for number, texts in enumerate(csv.reader(content, delimiter=separator, strict=True), 1):
            table.keep(number, list(map(Cell, texts)))
    except csv.Error as error:
        raise UnreadableError(f"its quotation marks do not match, from row {number + 1} on. {_SAVE} again.") from error
    return table


# Workbooks


def _read_workbook(data: bytes) -> list[Table]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
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
        raise UnreadableError(f"the workbook is damaged: it holds a part twice. {_SAVE} again.")


class _Book:
    """The parts of a workbook that hold its cells."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = {name.casefold(): name for name in archive.namelist()}
        self.related = self._relate("")
        main = next(self._parts("officeDocument"), "")
        if main.casefold() not in self.names:
            raise UnreadableError(f"it is an archive, not an XLSX workbook. {_SAVE}.")
        self.related = self._relate(main)
        own = [(name, dict(element.attrib)) for name, element in self._each(main, "workbookPr", "calcPr", "sheet")]
        self.sheets = [given for name, given in own if name == "sheet"]
        options = {key: value for name, given in own if name != "sheet" for key, value in given.items()}
        self.base = datetime(1904, 1, 1) if options.get("date1904") in _TRUE else datetime(1899, 12, 30)
        self.manual = options.get("calcMode") == "manual"
        # Programs that compute nothing leave that to Excel, and save 0 for each formula.
        self.uncomputed = options.get("fullCalcOnLoad") in _TRUE
        strings = (item for part in self._parts("sharedStrings") for _, item in self._each(part, "si"))
        self.strings = list(map(_read_string, strings))
        self.looks = self._read_looks()

    def read(self) -> list[Table]:
        """Read the sheets in their order."""
        tables = []
        for sheet in self.sheets:
            kind, part = self.related[next(value for key, value in sheet.items() if key.endswith("}id"))]
            if kind == "worksheet":
                table = Table(sheet.get("name"), sheet.get("state", "visible") != "visible")
                self._read_sheet(table, part)
                tables.append(table)
        return tables

    def _each(self, part: str, *names: str) -> Iterator[tuple[str, Element]]:
        """Go through some elements of a part; what an element holds is given up behind it."""
        content = self.archive.read(self.names[part.casefold()])
        plain = content.replace(b"\0", b"")  # UTF-16 looks like this
        if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
            raise UnreadableError(f"it holds what no spreadsheet program writes (XML entities). {_SAVE} again.")
        if plain.count(b"<") > _MOST_TAGS:
            raise UnreadableError(f"it has more than {MOST_ROWS:,} rows. Delete the empty ones below, or split it.")
        for _, element in ElementTree.iterparse(io.BytesIO(content)):  # noqa: S314
            if (name := _name(element.tag)) in names:
                yield name, element
                element.clear()

    def _relate(self, part: str) -> dict[str, tuple[str, str]]:
        """Give the kinds and names of the parts that a part refers to, by their identifiers."""
        folder, name = posixpath.split(part)
        name = posixpath.join(folder, "_rels", f"{name}.rels")
        if name.casefold() not in self.names:
            return {}
        return {
            element.get("Id", ""): (
                element.get("Type", "").rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, element.get("Target", ""))).lstrip("/"),
            )
            for _, element in self._each(name, "Relationship")
        }

    def _parts(self, kind: str) -> Iterator[str]:
        return (part for related, part in self.related.values() if related == kind)

    def _read_looks(self) -> list[Look]:
        kinds = ("numFmts", "fonts", "fills", "cellXfs", "dxfs")
        found = (self._each(part, *kinds) for part in self._parts("styles"))
        lists = {name: list(items) for each in found for name, items in each}
        codes = BUILT_IN | {int(item.get("numFmtId", 0)): item.get("formatCode") for item in lists.get("numFmts", [])}
        fonts, fills = (dict(enumerate(lists.get(name, []))) for name in ("fonts", "fills"))
        self.altering = {str(place) for place, look in enumerate(lists.get("dxfs", [])) if _alters(look)}
        looks = []
        for item in lists.get("cellXfs", []):
            font, fill = fonts.get(int(item.get("fontId", 0)), _PLAIN), fills.get(int(item.get("fillId", 0)))
            mark = _read_mark(font) or tell_unseen(font, fill)
            looks.append(read_look(codes.get(int(item.get("numFmtId", 0))) or "", mark))
        return looks

    def _read_sheet(self, table: Table, part: str) -> None:
        before, self.no_zeros = 0, False
        for name, element in self._each(part, "sheetView", "row", "col", "mergeCell", "cfRule"):
            if name == "row":
                number = int(element.get("r") or before + 1)
                if number <= before:
                    raise ValueError("rows out of order")
                before = number
                table.keep(number, self._read_row(element, number))
                if _is_hidden(element, "ht"):
                    table.hidden_rows.add(number)
            elif name == "cfRule":
                bare = any(child.get("showValue") in ("0", "false") for child in element)  # icons or bars alone
                table.altered |= bare or element.get("dxfId") in self.altering
            elif name == "sheetView":
                self.no_zeros = element.get("showZeros") in ("0", "false")
            elif name == "mergeCell":
                area = element.get("ref", "")
                (left, top), *_, (right, bottom) = map(_place, (*area.split(":"), area.rpartition(":")[2]))
                table.merged.append((area, top, bottom, left, right))
            elif _is_hidden(element, "width"):
                last = min(int(element.get("max", 0)), MOST_COLUMNS)
                table.hidden_columns.update(range(int(element.get("min", 0)), last + 1))

    def _read_row(self, row: Element, number: int) -> list[Cell]:
        cells, column = [], 0
        for element in row:
            if _name(element.tag) == "c":
                before, where = column, element.get("r")
                column, stated = _place(where) if where else (column + 1, number)
                if column <= before or stated != number:
                    raise ValueError("cells out of order")
                cell = self._read_cell(element)
                if cell.wrong or cell.told:
                    told = (text and f"{where or f'column {column}'} {text}" for text in (cell.wrong, cell.told))
                    cell = Cell(cell.text, *told)
                if cell.filled:
                    cells += [Cell("")] * (column - 1 - len(cells)) + [cell]
        return cells

    def _read_cell(self, element: Element) -> Cell:
        """Read a cell; what is told of it begins with its name, which is put there later."""
        children = {_name(child.tag): child for child in element}
        if not children:
            return Cell("")
        if len(children) < len(element) or len(children.get("v", ())):
            raise ValueError("a cell with two values")
        style, kind = int(element.get("s", 0)), element.get("t", "n")
        look = self.looks[style] if style < len(self.looks) else Look()
        value = children["v"].text if "v" in children else None
        inline = kind == "inlineStr" and "is" in children
        cell = _read_string(children["is"]) if inline else self._read_value(kind, value, look)
        if look.no_text and cell.filled and kind in ("s", "str", "inlineStr"):
            cell = Cell("", f"holds {show(cell.text)}, and its format shows another text. Set its format to General.")
        if look.mark and cell.filled:
            cell = Cell("", f"is {look.mark.replace('-', ' ')}. Write what is meant, or empty the cell.")
        return self._trust(cell, children["f"].text, value) if "f" in children else cell

    def _read_value(self, kind: str, value: str | None, look: Look) -> Cell:
        """Write a value as text: days as YYYY-MM-DD, whole numbers without decimals, shares with their sign."""
        if value is None:
            return Cell("")
        if kind == "s":
            return self.strings[int(value)]
        if kind == "b":
            return Cell("TRUE" if value == "1" else "FALSE")
        if kind == "e":
            return Cell("", f"holds the error {show(value)}. Write the value.")
        if kind == "d":
            return _read_day(datetime.fromisoformat(value).replace(tzinfo=None), look)
        if kind == "n" and re.fullmatch(r"[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?", value):
            if float(value) == 0 and look.kind == "number" and (look.no_zero or self.no_zeros):
                shown = "the sheet shows no zeros" if self.no_zeros else "its format shows no 0"
                return Cell("", f"holds 0, and {shown}. Show it, and see whether it is meant.")
            return _read_number(float(value), look, self.base)
        return Cell(_unescape(value))

    def _trust(self, cell: Cell, formula: str | None, value: str | None) -> Cell:
        """Take the value that was saved with a formula, if it is sure to be the formula's."""
        told = f"holds the formula {show(f'={formula}')}" if formula else "holds a formula"
        doubtful = self.manual or (self.uncomputed and cell.text in ("", "0")) or _VOLATILE.search(formula or "")
        if cell.wrong or value is None or doubtful:
            return Cell("", f"{told}. Replace it by its value.")
        return cell._replace(told=f"{told}. Its saved value, {show(cell.text)}, is read.")


@lru_cache(maxsize=1024)
def _name(tag: str) -> str:
    """Give the name of a spreadsheet's element; none where it is another kind's."""
    space, _, name = tag.rpartition("}")
    return name if space.startswith(_SPACES) else ""


def _alters(look: Element) -> bool:
    """Say whether conditional formatting shows a cell as another, or so that nobody sees it."""
    font = next(look.iterfind("{*}font"), _PLAIN)
    unseen = tell_unseen(font, look.find("{*}fill"), "bgColor")
    return bool(unseen or _read_mark(font) or look.find("{*}numFmt") is not None)


def _is_hidden(element: Element, size: str) -> bool:
    return element.get("hidden") in _TRUE or float(element.get(size, 1)) < 1  # which nobody can read


def _place(where: str) -> tuple[int, int]:
    """Give the column and the row of a cell by its name: 6 and 2 of F2."""
    letters, digits = _PLACE.fullmatch(where).groups()
    return reduce(lambda column, letter: 26 * column + ord(letter) - ord("A") + 1, letters, 0), int(digits)


@lru_cache(maxsize=4096)
def _read_number(number: float, look: Look, base: datetime) -> Cell:
    if "day" in look.kind and 0 <= number < 2_958_466:
        return _read_day(base + timedelta(days=number), look)
    if look.kind == "share":
        return Cell(f"{number * 100:g}%")
    number = float(f"{number:.15g}")  # Excel shows no more digits.
    text = str(int(number)) if number.is_integer() else str(number)
    other = f"its format shows another number. Set its format to General, and see whether {text} is right."
    return Cell("", f"holds {text}, and {other}") if look.other else Cell(text)


def _read_day(moment: datetime, look: Look) -> Cell:
    moment = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
    if moment.hour or moment.minute or moment.second:
        return Cell("", f"holds a time of day, {moment:%Y-%m-%d %H:%M}. Write the day alone.")
    if look.kind == "part of a day":
        todo = "Set its format to one that shows day, month and year (General for a count), and see whether it is right"
        return Cell("", f"holds {moment:%Y-%m-%d}, and its format hides a part of it. {todo}.")
    return Cell(f"{moment:%Y-%m-%d}")


def _unescape(text: str) -> str:
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _read_string(item: Element) -> Cell:
    """Read a text; it is refused where a part of it is raised, lowered, struck out or small."""
    runs = []
    for child in item:
        if _name(child.tag) == "t":
            runs.append((_unescape(child.text or ""), None))
        elif _name(child.tag) == "r":
            text = _unescape(child.findtext("{*}t", ""))
            runs.append((text, _read_mark(child.iterfind("{*}rPr/*"), text)))
    text = "".join(text for text, _ in runs)
    marked = [f"a {mark} {show(text.strip())}" for text, mark in runs if mark and text.strip()]
    if not marked:
        return Cell(text)
    plain = show("".join(text for text, mark in runs if not mark).strip())
    what = "day" if re.match("[0-9]+[-/]", text) else "number" if text[:1].isdecimal() else "text"
    return Cell("", f"holds {' and '.join([plain] * bool(plain) + marked)}: write the {what} alone.")


def _read_mark(font: Iterable[Element], text: str = "") -> str | None:
    """Say what sets a text apart from the one beside it."""
    for child in font:
        name, value = _name(child.tag), child.get("val", "1")
        if name == "vertAlign" and value in ("superscript", "subscript"):
            return "raised" if value == "superscript" else "lowered"
        if name == "strike" and value in _TRUE:
            return "struck-out"
        if name == "sz" and re.search("[0-9*]", text) and float(value) <= _SMALL:
            return "small"
    return None
