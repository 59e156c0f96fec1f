"""The cells of an XLSX workbook. Nothing in it is run or computed, and what is packed into it is looked at first.

Its XML is read here and not by a library: those that we tried join a raised footnote to the number before it, know no
strict workbook, or hold all of it in memory to see which rows a filter hides.
"""

import io
import posixpath
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

from htanalysis.cells import EMPTY, MAGIC, MOST_COLUMNS, MOST_ROWS, SAVE, Cell, Table, UnreadableError, show, too_wide

#: Most tags of a part of a workbook: four for each cell, of eight cells a row.
_MOST_TAGS = 4 * 8 * MOST_ROWS
#: Points of type that only a footnote has, beside text of another size.
_SMALL = 7
_UNPACKED, _RATIO, _PARTS = 200 * 2**20, 100, 1000
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
#: Of that, what makes another number of them.
_CHANGED = re.compile(r"[0-9<>≤≥~≈±%‰+*†‡¹²³]|\b(k|m|hundreds?|thousands?)\b", re.IGNORECASE)
#: Functions whose saved value may be another one today.
_VOLATILE = re.compile(r"\b(TODAY|NOW|RAND|RANDBETWEEN|OFFSET|INDIRECT)\(", re.IGNORECASE)


def read_workbook(path: Path) -> list[Table]:
    """Read all sheets of an XLSX file. Nothing in it is run or computed.

    Parameters
    ----------
    path : pathlib.Path
        The workbook.

    Raises
    ------
    UnreadableError
        If it is no workbook, or holds what a return does not need.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if not start.startswith(b"PK"):
        kind = next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), "text or something else")
        raise UnreadableError(f"it is {kind}, not an XLSX workbook. {SAVE}, without a password.")
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_parts(archive.infolist())
            return _Book(archive).read()
    except (UnreadableError, MemoryError):
        raise
    except Exception as error:  # whatever a damaged workbook makes its readers stumble over
        raise UnreadableError(f"the workbook is damaged. {SAVE} again.") from error


def _refuse_parts(parts: Sequence[zipfile.ZipInfo]) -> None:
    """Look at what is packed into a workbook before any of it is unpacked."""
    names = [part.filename.casefold() for part in parts]
    swollen = any(part.file_size > max(2**20, _RATIO * part.compress_size) for part in parts)
    if len(parts) > _PARTS or sum(part.file_size for part in parts) > _UNPACKED or swollen:
        raise UnreadableError("it would unpack to far more than a return needs. Copy the rows into a new workbook.")
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableError(f"it is protected by a password. {SAVE} without one.")
    if any("vbaproject" in name for name in names):
        raise UnreadableError("it holds macros. Save it as XLSX without them.")
    if any("externallinks/" in name for name in names):
        raise UnreadableError("it holds links to other workbooks. Replace them by their values and save it again.")
    if kind := next((kind for name, kind in _KINDS.items() if name in names), None):
        raise UnreadableError(f"it is {kind}, not an XLSX workbook. {SAVE}.")
    if len(set(names)) < len(names):
        raise UnreadableError(f"it holds a part twice. {SAVE} again.")


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
    other = not shown or re.search(r"[0#?],+(?![0#?,])", plain) or _CHANGED.search(added)
    return _Look("share" if "%" in plain else "number", mark, bool(other))


class _Book:
    """The parts of a workbook that hold its cells."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = {name.casefold(): name for name in archive.namelist()}
        main = next((target for kind, target in self._related("").values() if kind == "officeDocument"), "")
        if main.casefold() not in self.names:
            raise UnreadableError(f"it is an archive, not an XLSX workbook. {SAVE}.")
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
            raise UnreadableError(f"it holds XML entities, which no spreadsheet program writes. {SAVE} again.")
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
                last = min(int(element.get("max", 0)), MOST_COLUMNS)
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
                if column > MOST_COLUMNS:
                    raise too_wide(number)
                cells += [EMPTY] * (column - 1 - len(cells)) + [cell]
        return cells

    def _read_cell(self, element: Element, where: str) -> Cell:
        children = {_name(child.tag): child for child in element}
        if not children:
            return EMPTY
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
            return EMPTY
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
