"""What stands in a file that somebody sent: its tables, as text.

A file is not trusted: its size and its kind are looked at before it is read.
"""

import codecs
import csv
import io
import re
from pathlib import Path

from htanalysis.books import read_workbook
from htanalysis.cells import MAGIC, MOST_COLUMNS, MOST_ROWS, SAVE, Cell, Table, UnreadableError, too_wide

#: Largest file that is read, and most cells of a CSV file.
MOST_BYTES, _MOST_CELLS = 20 * 2**20, 20 * MOST_ROWS
#: Files that programs leave beside a workbook, and what to do.
_BESIDE = {
    "~$": "it is a mark that the workbook is open in Excel. Save, close and name the workbook itself.",
    ".~lock.": "it is a mark that the workbook is open in LibreOffice. Save, close and name the workbook itself.",
    "._": "it is a companion file of macOS, and holds no counts. Leave it out.",
}


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
        return read_workbook(path)
    if path.suffix.lower() != ".csv":
        raise UnreadableError(f"files of this kind are not read. {SAVE}.")
    return [_read_text(path.read_bytes())]


# CSV


def _read_text(data: bytes) -> Table:
    """Read a CSV file; its rows are counted as a spreadsheet does, which shows no line that names a separator."""
    for magic, kind in MAGIC.items():
        if data.startswith(magic):
            raise UnreadableError(f"it is {kind}, not a CSV file in UTF-8. {SAVE} (UTF-8).")
    if data.count(b"\0") > len(data) / 4:
        raise UnreadableError(f"it is text in UTF-16, not a CSV file in UTF-8. {SAVE} (UTF-8).")
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
            if any(cells[MOST_COLUMNS:]):
                raise too_wide(number)
            table.keep(number, [Cell(text) for text in cells[:MOST_COLUMNS]])
    except csv.Error as error:
        raise UnreadableError(f"its quotation marks do not match. {SAVE} again.") from error
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
            raise UnreadableError(f"it is text neither in UTF-8 nor in Windows-1252. {SAVE} (UTF-8).") from error
    if not text.strip():
        raise UnreadableError("it holds nothing. Send the file again.")
    return text
