"""The workbook of a report: every table on a sheet of its own, ready for a screen reader, for paper and for reuse.

It follows the guidance of the UK Government Analysis Function, "Releasing statistics in spreadsheets".
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import xlsxwriter
from xlsxwriter.utility import quote_sheetname, xl_range_abs

from htanalysis import settings
from htanalysis.charts.tables import format_cell
from htanalysis.data import evidence, name_facts, read_descriptor
from htanalysis.quarters import name_report
from htanalysis.report.glossary import GLOSSARY
from htanalysis.results import source_in_words
from htanalysis.returns.views import tell_day
from htanalysis.wording import join_words

#: What a cell says that has no value: one that could be known, and one that cannot be.
NOT_AVAILABLE, NOT_APPLICABLE = "[x]", "[z]"
_MISSING = (None, "")

_INTERNAL = "Internal: it shows counts that could point at a person. Do not pass it on."
_AUTHOR = "htanalysis developers"
_FONT = {"font_name": "Arial", "font_size": 12, "font_scheme": "none"}
#: Text is never read as a formula, a link or a number. 80 pixels is what a column of this font has by default.
_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
    "default_format_properties": _FONT,
    "default_column_width": 80,
}
#: Widest column, in digits; a text that needs more is wrapped.
_WIDEST, _COVER_WIDTH = 60, 90
#: Most lines of a column's head, where no word of it is longer.
_HEAD_LINES = 3
#: Names that sheets of ours have, and the one that Excel keeps for itself.
_TAKEN = ("cover", "contents", "notes", "history")
#: Excel's own headings for two of the looks: name, number, and place behind the two styles that xlsxwriter has.
_HEADINGS = {"title": ("Heading 1", 16, 2), "heading": ("Heading 2", 17, 3)}
_PERCENT, _CHAPTER = "percent", "chapter"


@dataclass(frozen=True)
class _Sheet:
    """A sheet with its table: what stands above it, its columns and its rows."""

    name: str
    stem: str
    title: str
    lines: Sequence[str]
    heads: Sequence[str]
    digits: Sequence[int | str]
    rows: Sequence[Sequence[Any]]

    @property
    def top(self) -> int:
        """The row of the heads: below the title, the lines and the link back."""
        return len(self.lines) + 2

    def column(self, place: int) -> list[Any]:
        return [row[place] for row in self.rows]


def write_workbook(shown: Sequence[Mapping[str, Any]], path: Path, parameters: Mapping[str, str]) -> None:
    """Write every table (`Table.to_json`) to a sheet of its own, after a cover, the contents and the notes."""
    notes = _list_notes(shown)
    sheets = _lay_out(shown, notes)
    mark = "Internal: " if parameters["audience"] == "internal" else ""
    title = f"{mark}Human trafficking in {name_facts()['place']}, tables of the report for {name_report(parameters)}"
    about = {"title": title, "author": _AUTHOR, "subject": f"Numbers {tell_day(parameters['as_of'])}"}
    # Its bytes are written by us: xlsxwriter has an error of its own for a full disk.
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, _OPTIONS) as book:
        # A fixed date, since the same tables give the same bytes.
        book.set_properties(about | {"created": datetime(2012, 11, 1)})
        book.set_custom_property("Language", "en-US")
        looks = _make_looks(book, [_number_format(digits) for sheet in sheets for digits in sheet.digits])
        _write_cover(book, looks, title, parameters)
        for sheet in [*_introduce_tables(shown, sheets, notes), *sheets]:
            _write_sheet(book, looks, sheet)
        for sheet in book.worksheets():
            _set_page(sheet, parameters)
    path.write_bytes(_tag_headings(content.getvalue()))


def _lay_out(shown: Sequence[Mapping[str, Any]], notes: Mapping[str, str]) -> list[_Sheet]:
    """Give each table its sheet, named by its id in Excel's 31 characters, and a range whose name a link can keep."""
    titles = _tell_apart([table["title"] for table in shown], "{} ({})")
    names = _tell_apart([table["id"] for table in shown], "{}-{}", 31, _TAKEN)
    plain = [re.sub(r"[^a-z0-9]+", "_", table["id"].lower()) for table in shown]
    stems = _tell_apart(plain, "{}_{}", 200, _TAKEN)
    sheets = []
    for table, name, stem, title in zip(shown, names, stems, titles, strict=True):
        rests_on = f"Basis: {', '.join(table['basis'])}. Source: {source_in_words(table['source'])}."
        lines = [_tell_scope(table), _tell_notes(table, notes), rests_on]
        digits = [column["digits"] for column in table["columns"]]
        rows = table["rows"] or [[None] * len(digits)]  # Excel knows no table without a row.
        sheets.append(_Sheet(name, stem, title, lines, _name_columns(table), digits, rows))
    return sheets


def _tell_apart(texts: Sequence[str], form: str, longest: int = 30_000, taken: Sequence[str] = ()) -> list[str]:
    """Give texts with a number behind those that Excel, which sees no case, would take for another."""
    told = list(taken)
    for text in texts:
        name, number = text[:longest], 1
        while name.lower() in map(str.lower, told):
            number += 1
            name = form.format(text[: longest - 3], number)
        told.append(name)
    return told[len(taken) :]


def _name_columns(table: Mapping[str, Any]) -> list[str]:
    """Give the columns' heads, in one line each, none empty and none like another."""
    labels = [" ".join(column["label"].split()) or "row" for column in table["columns"]]
    return _tell_apart(labels, "{} ({})", 250)


def _tell_scope(table: Mapping[str, Any]) -> str:
    """Give the subtitle, and the heads of the columns that are shown in percent."""
    heads = zip(_name_columns(table), table["columns"], strict=True)
    shares = [head for head, column in heads if _is_share(column["digits"])]
    return f"{table['subtitle'].rstrip('.')}. In percent: {'; '.join(shares)}." if shares else table["subtitle"]


def _tell_notes(table: Mapping[str, Any], notes: Mapping[str, str]) -> str:
    """Say that a sheet has one table, which notes belong to it and what its shorthand stands for."""
    used = _use_notes(table)
    numbers = [str(number) for number, about in enumerate(notes, 1) if about in used]
    words = table["missing"] if re.search(r"\w", table["missing"]) else "no value stands here"
    meaning = f" {NOT_AVAILABLE} means “{words}”." if NOT_AVAILABLE in used else ""
    return f"This sheet holds one table. See notes {join_words(numbers)}.{meaning}"


def _use_notes(table: Mapping[str, Any]) -> set[str]:
    places = {evidence(reference)["place"] for reference in table["source"]}
    used = {*table["basis"], *places}
    if not table["rows"] or any(value in _MISSING for row in table["rows"] for value in row):
        used.add(NOT_AVAILABLE)
    if any(_is_share(column["digits"]) for column in table["columns"]):
        used.add(_PERCENT)
    if any(place.startswith("Chapter") for place in places):
        used.add(_CHAPTER)
    return used


def _write_cover(
    book: xlsxwriter.Workbook, looks: Mapping[str, Any], title: str, parameters: Mapping[str, str]
) -> None:
    sheet = book.add_worksheet("cover")
    sheet.set_column(0, 0, _COVER_WIDTH)
    sheet.write_string(0, 0, title, looks["title"])
    told = list(_introduce(parameters))
    for place, (heading, text) in enumerate(told):
        sheet.write_string(1 + 2 * place, 0, heading, looks["heading"])
        sheet.write_string(2 + 2 * place, 0, text, looks["text"])
    for row, name in enumerate(("contents", "notes"), 1 + 2 * len(told)):
        _write_link(sheet, row, name, f"Go to the {name}", looks)


def _introduce(parameters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    internal = parameters["audience"] == "internal"
    version, known = read_descriptor()["version"], tell_day(parameters["as_of"])
    yield (
        "What this workbook is",
        "Every table of the report, and the numbers behind every figure, in the order of its pages. Each has a sheet of"
        " its own, and each sheet has one table. Cells hold the full value; how it is shown is the cell's format.",
    )
    quarter = GLOSSARY["quarter"][1]
    yield "Period", f"{name_report(parameters)}. A quarter is {quarter[0].lower()}{quarter[1:]}"
    if "assumption" in parameters:
        yield "Scenario", f"All is true only if this is: {parameters['assumption']}."
    yield "Numbers", f"{known[0].upper()}{known[1:]}."
    yield "For whom", _INTERNAL if internal else "For everyone: it holds no count of a single task force."
    yield (
        "Missing values",
        f"No cell of a table is empty. {NOT_AVAILABLE} stands where a value is not available, and the sheet says why;"
        f" {NOT_APPLICABLE} where none is possible. Neither is a zero.",
    )
    yield "Version", f"htanalysis {version}"
    use = ", for internal use" if internal else ""
    yield (
        "How to cite",
        f"{_AUTHOR}. Human trafficking in {name_facts()['place']}, tables of the report for {name_report(parameters)},"
        f" numbers {known}{use}. Version {version}. The numbers: {read_descriptor()['sources'][0]['title']}.",
    )
    yield (
        "License",
        "Numbers as the sources state them are free of rights; the analyses and this workbook are under the BSD"
        " 3-Clause license.",
    )


def _list_notes(shown: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    notes = {name: f"Basis: {meaning}." for name, meaning in settings.BASES.items()}
    notes[NOT_AVAILABLE] = "Shorthand: the value is not available; the sheet that uses it says why."
    notes[NOT_APPLICABLE] = "Shorthand: not applicable; there can be no value."
    notes[_PERCENT] = "Unit: a cell that shows 46% holds the share 0.46, with all digits that are known of it."
    notes[_CHAPTER] = f"Source: chapters are those of {read_descriptor()['sources'][0]['title']}."
    used = [evidence(reference) for table in shown for reference in table["source"]]
    for place in dict.fromkeys(item["place"] for item in used):
        quotes = dict.fromkeys(f"“{item['quote']}”" for item in used if item["place"] == place and item["quote"])
        notes[place] = f"Source: {'; '.join(quotes) or 'named by whoever gave the numbers'}."
    return notes


def _introduce_tables(
    shown: Sequence[Mapping[str, Any]], sheets: Sequence[_Sheet], notes: Mapping[str, str]
) -> list[_Sheet]:
    numbered = [[number, about, text] for number, (about, text) in enumerate(notes.items(), 1)]
    rows = [["cover", "Cover", NOT_APPLICABLE, NOT_APPLICABLE], ["notes", "Notes", NOT_APPLICABLE, len(notes)]]
    for sheet, table in zip(sheets, shown, strict=True):
        rows.append([sheet.name, sheet.title, ", ".join(table["basis"]), len(table["rows"])])
    told = f"This sheet holds one table. It links to every sheet. {NOT_APPLICABLE} means that there is none."
    named = "This sheet holds one table. The sheets of the tables name its notes by their numbers."
    heads = ["sheet", "title", "basis", "rows"], ["note", "about", "meaning"]
    return [
        _Sheet("contents", "contents", "Contents", [told], heads[0], ["plain"] * 4, rows),
        _Sheet("notes", "notes", "Notes", [named], heads[1], ["plain"] * 3, numbered),
    ]


def _make_looks(book: xlsxwriter.Workbook, codes: Sequence[str]) -> dict[str, Any]:
    """Give the formats of cells, those of numbers under their codes; nothing is told by color alone."""
    head = {"bold": True, "text_wrap": True, "bottom": 1}
    looks = {
        "title": {"bold": True, "font_size": 16},
        "heading": {"bold": True, "font_size": 14},
        "line": {},
        "link": {"hyperlink": True, "valign": "top"},
        "head": head,
        "number head": head | {"align": "right"},
        "text": {"text_wrap": True, "valign": "top"},
        "no number": {"align": "right", "valign": "top"},
    }
    looks |= {code: {"num_format": code, "valign": "top"} for code in [_number_format("plain"), *codes]}
    made = {name: book.add_format(_FONT | look) for name, look in looks.items()}
    for name, (_, _, place) in _HEADINGS.items():
        made[name].xf_id = place
    return made


def _number_format(digits: int | str) -> str:
    """Give the code by which Excel shows a number as the pages do.

    Examples
    --------
    >>> _number_format(0), _number_format(2), _number_format("1%"), _number_format("year"), _number_format("plain")
    ('#,##0', '#,##0.00', '0.0%', '0', 'General')
    """
    if digits in ("year", "plain"):
        return "0" if digits == "year" else "General"
    places = int(str(digits).rstrip("%"))
    decimals = "." + "0" * places if places > 0 else ""
    return f"0{decimals}%" if _is_share(digits) else f"#,##0{decimals}"


def _is_share(digits: int | str) -> bool:
    return str(digits).endswith("%")


def _is_numeric(values: Sequence[Any]) -> bool:
    return any(isinstance(value, int | float) for value in values)


def _write_sheet(book: xlsxwriter.Workbook, looks: Mapping[str, Any], content: _Sheet) -> None:
    sheet = book.add_worksheet(content.name)
    sheet.write_string(0, 0, content.title, looks["title"])
    for row, line in enumerate(content.lines, 1):
        sheet.write_string(row, 0, line, looks["line"])
    back = "cover" if content.name == "contents" else "contents"
    _write_link(sheet, content.top - 1, back, f"Back to the {back}", looks)
    for place in range(len(content.heads)):
        _write_column(sheet, looks, content, place)
    if content.name == "contents":
        for row, (name, *_) in enumerate(content.rows, content.top + 1):
            _write_link(sheet, row, name, name, looks)
    _mark_up(book, sheet, looks, content)
    sheet.freeze_panes(content.top + 1, 0)
    sheet.repeat_rows(content.top)


def _write_column(sheet: Any, looks: Mapping[str, Any], content: _Sheet, place: int) -> None:
    """Write a column's cells: numbers as numbers, all else as text, so that nothing becomes a formula."""
    values, digits = content.column(place), content.digits[place]
    other = looks["no number" if _is_numeric(values) else "text"]
    for row, value in enumerate(values, content.top + 1):
        if isinstance(value, int | float):
            sheet.write_number(row, place, value, looks[_number_format(digits)])
        else:
            sheet.write_string(row, place, NOT_AVAILABLE if value in _MISSING else value, other)
    texts = [format_cell(value, digits, NOT_AVAILABLE) for value in values]
    sheet.set_column(place, place, _fit(content.heads[place], texts))


def _fit(head: str, texts: Sequence[str]) -> int:
    """Give a column's width: room for its head's longest word, and for its cells, but for texts that are to wrap.

    Examples
    --------
    >>> _fit("count", ["1,277"]), _fit("mean of the quarters between", ["145.5"]), _fit("why", ["a long text " * 9])
    (7, 12, 62)
    """
    word = max(map(len, head.split()))
    wanted = max(word, -(-len(head) // _HEAD_LINES), *map(len, texts))
    return max(word, min(wanted, _WIDEST)) + 2


def _mark_up(book: xlsxwriter.Workbook, sheet: Any, looks: Mapping[str, Any], content: _Sheet) -> None:
    columns = [
        {"header": head, "header_format": looks["number head" if _is_numeric(content.column(place)) else "head"]}
        for place, head in enumerate(content.heads)
    ]
    options = {"name": f"table_{content.stem}", "columns": columns}
    # No colors of Excel's own, and no buttons above the heads.
    options |= {"style": None, "banded_rows": False, "autofilter": False}
    last, right = content.top + len(content.rows), len(columns) - 1
    sheet.add_table(content.top, 0, last, right, options)
    place = f"{quote_sheetname(content.name)}!{xl_range_abs(content.top + 1, 0, last, right)}"
    book.define_name(f"data_{content.stem}", f"={place}")


def _write_link(sheet: Any, row: int, name: str, text: str, looks: Mapping[str, Any]) -> None:
    sheet.write_url(row, 0, f"internal:{quote_sheetname(name)}!A1", looks["link"], text)


def _set_page(sheet: Any, parameters: Mapping[str, str]) -> None:
    """Set up paper: what stands at its edges is no more than the sheet's name, the page, and the mark of the cover."""
    sheet.set_landscape()
    sheet.set_paper(1)  # letter, 8.5 by 11 inches
    sheet.fit_to_pages(1, 0)
    mark = f"&R&12{_INTERNAL}" if parameters["audience"] == "internal" else ""
    sheet.set_header(f'&L&"Arial,Regular"&12&A{mark}')
    sheet.set_footer('&R&"Arial,Regular"&12Page &P of &N')


def _tag_headings(content: bytes) -> bytes:
    """Declare the looks of titles as Excel's own headings, by which screen readers go; xlsxwriter cannot."""
    tagged = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(tagged, "w", ZIP_DEFLATED) as new:
        for item in old.infolist():
            part = old.read(item)
            new.writestr(item, _add_headings(part.decode()) if item.filename == "xl/styles.xml" else part)
    return tagged.getvalue()


def _add_headings(styles: str) -> str:
    for name, number, place in _HEADINGS.values():
        font = re.search(rf'<xf [^>]*fontId="(\d+)"[^>]* xfId="{place}"', styles)[1]
        own = f'<xf numFmtId="0" fontId="{font}" fillId="0" borderId="0"/>'
        named = f'<cellStyle name="{name}" xfId="{place}" builtinId="{number}"/>'
        styles = styles.replace("</cellStyleXfs>", f"{own}</cellStyleXfs>")
        styles = styles.replace("</cellStyles>", f"{named}</cellStyles>")
    return re.sub(r'<(cellStyleXfs|cellStyles) count="2"', r'<\1 count="4"', styles)
