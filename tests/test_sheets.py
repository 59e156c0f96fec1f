"""Files as people send them: what is read of them, and what is told of the rest."""

import datetime
import io
import random
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as running
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.formatting.rule import DataBarRule, Rule
from openpyxl.styles import Color, Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from openpyxl.worksheet.formula import ArrayFormula
from test_checks import FOLDER, HELD, NORTH_BAY, NOTHING, TODAY, line, write

from htanalysis.returns import files, sheets, written
from htanalysis.returns.checks import _names, check_files

HEAD = ",".join(sheets.COLUMNS)
SHEET = "xl/worksheets/sheet1.xml"
with zipfile.ZipFile(FOLDER / "good-workbook.xlsx") as good:
    PARTS = {part.filename: good.read(part) for part in good.infolist()}


def save(path, content):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def packed(parts):
    """Give what a workbook of some parts is on disk."""
    with zipfile.ZipFile(content := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def with_sheet(path, old, new):
    """Write a good workbook with a change in the XML of its sheet."""
    assert old in PARTS[SHEET].decode()
    return save(path, packed(PARTS | {SHEET: PARTS[SHEET].decode().replace(old, new).encode()}))


def read(path):
    """Give the rows and the problems of a file."""
    rows, problems = sheets.read_sheet(path, "a.xlsx")
    return {row.number: row.cells for row in rows}, [str(problem).removeprefix("a.xlsx") for problem in problems]


def message(path):
    """Give the one problem of a file that cannot be read."""
    rows, (problem,) = sheets.read_sheet(path, "a.xlsx")
    assert rows == []
    return problem.message


# What is not read


ENTITIES = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16")
LOCKED = bytearray((FOLDER / "good-workbook.xlsx").read_bytes())
LOCKED[LOCKED.index(b"PK\x01\x02") + 8] |= 1  # the first part of the archive's directory


OTHER = 'no row names the columns of a return; row 1 holds "Agency", "Date", "Arrests" and 1 more. Fill in'


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", HEAD + "\nx" * (files.MOST_ROWS + 1), "it has more than 200,000 rows. Split it."),
        ("a.csv", "x," * 1_000_000 + "x", "row 1 has more than 200 columns; a return has 7. Send a copy without"),
        ("a.csv", HEAD + "\n" + "," * 4_000_001, "it has more than 4,000,000 cells. Send a copy without what stands"),
        ("a.csv", HEAD.encode("utf-16-le"), "it is text in UTF-16"),
        ("~$a.xlsx", b"\x05user", "it is a mark that the workbook is open in Excel. Save and close"),
        ("._a.xlsx", b"\0\5\x16\7", "it is a companion file of macOS"),
        ("b.csv", "Agency,Date,Arrests,X\nA,2012,31,1", OTHER),
        ("ODS.xlsx", packed({"content.xml": b"x"}), "it is an OpenDocument file (ODS), not an XLSX workbook."),
        ("Numbers.xlsx", packed({"Index/Document.iwa": b"x"}), "it is a Numbers document, not an XLSX workbook."),
        ("a.xlsx", packed(PARTS | {SHEET: ENTITIES}), "it holds what no spreadsheet program writes (XML entities)."),
        ("a.xlsx", LOCKED, "it is protected by a password. Save it as XLSX or CSV without one."),
    ],
    ids=[
        *("rows", "columns", "cells", "UTF-16", "open", "macOS", "another table", "ODS", "Numbers", "XML", "password")
    ],
)
def test_what_is_no_return_or_far_too_much_of_one_is_told_in_one_line(tmp_path, name, content, told):
    assert message(save(tmp_path / name, content)).startswith(told)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(files.MOST_BYTES + 1)
    monkeypatch.setattr(type(path), "read_bytes", lambda _: pytest.fail("it was read"))
    assert message(path) == "it has 20 MiB; at most 20 are read. Split it."


def test_a_workbook_with_too_many_rows_or_columns_is_refused(tmp_path, monkeypatch):
    far = '<row r="9"><c r="XFD9"><v>1</v></c></row></sheetData>'
    assert message(with_sheet(tmp_path / "a.xlsx", "</sheetData>", far)).startswith("row 9 has more than 200 columns")
    monkeypatch.setattr(files, "MOST_ROWS", 5)
    rows = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in range(4, 8))
    path = with_sheet(tmp_path / "a.xlsx", "</sheetData>", f"{rows}</sheetData>")
    assert message(path) == "it has more than 5 rows. Split it."


@pytest.mark.parametrize(
    ("more", "most"),
    [
        ({"xl/media/bomb.xml": b"0" * (30 * 2**20)}, 200 * 2**20),
        ({f"xl/media/{number}.xml": random.Random(number).randbytes(100) for number in range(1001)}, 200 * 2**20),
        ({}, sum(map(len, PARTS.values())) - 1),
    ],
    ids=["ratio", "parts", "sum"],
)
def test_what_would_unpack_to_far_too_much_is_refused(tmp_path, monkeypatch, more, most):
    path = save(tmp_path / "a.xlsx", packed(PARTS | more))
    monkeypatch.setattr(files, "_UNPACKED", most)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))
    assert message(path) == "it would unpack to far more than a return needs. Copy the rows into a new workbook."


# Workbooks as people make them


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</sheetData>", '<row r="1048576"><c r="A1048576" s="1"/></row></sheetData>'),
        ("</sheetData>", '<row r="9"><c r="XFD9"/></row></sheetData>'),
        ('<dimension ref="A1:G3"/>', '<dimension ref="A1:A1"/>'),
    ],
    ids=["a formatted last row", "a formatted last column", "fewer rows stated"],
)
def test_a_workbook_is_read_as_far_as_it_holds_something(tmp_path, old, new):
    rows, problems = read(with_sheet(tmp_path / "a.xlsx", old, new))
    assert list(rows) == [2, 3] and problems == []


def test_a_strict_workbook_whose_parts_have_other_names_is_read(tmp_path):
    parts = {}
    for name, content in PARTS.items():
        for space in (b"spreadsheetml/2006/main", b"officeDocument/2006/relationships"):
            old = b"http://schemas.openxmlformats.org/" + space
            content = content.replace(old, b"http://purl.oclc.org/ooxml/" + space.replace(b"/2006", b""))
        parts[name.replace("workbook.xml", "book.xml")] = content.replace(b"xl/workbook.xml", b"xl/book.xml")
    rows, problems = read(save(tmp_path / "a.xlsx", packed(parts)))
    assert problems == [] and [cells["as_of"] for cells in rows.values()] == ["2012-10-31"] * 2


@pytest.mark.parametrize(
    ("formula", "value", "told"),
    [
        ("30+1", "31", "F2 holds the formula =30+1. Its saved value, 31, is read."),
        # Excel shows 15 digits.
        ("3.1*10", "30.999999999999996", "F2 holds the formula =3.1*10. Its saved value, 31, is read."),
        # Not computed by the program that wrote it.
        ("SUM(F3:F9)", "0", "F2 holds the formula =SUM(F3:F9). Replace it by its value."),
        ("30+1", None, "F2 holds the formula =30+1. Replace it by its value."),
        ("DAY(TODAY())", "31", "F2 holds the formula =DAY(TODAY()). Replace it by its value."),
    ],
)
def test_the_saved_value_of_a_formula_is_read_if_it_is_sure(tmp_path, formula, value, told):
    saved = f'<c r="F2"><f>{formula}</f>{f"<v>{value}</v>" if value else ""}</c>'
    path = with_sheet(tmp_path / "a.xlsx", '<c r="F2"><v>40</v></c>', saved)
    (row, _), (problem,) = sheets.read_sheet(path, "a.xlsx")
    assert problem.message == told and row.cells["count"] == ("31" if "read" in told else "")
    assert problem.severity == ("notice" if "read" in told else "error")


def change(path, *edits):
    """Change the sheet Returns of a good workbook in openpyxl, and give what is told of it."""
    book = openpyxl.load_workbook(FOLDER / "good-workbook.xlsx")
    sheet = book["Returns"]
    for edit in edits:
        edit(sheet)
    book.save(path)
    return [problem.removeprefix(", sheet Returns, ") for problem in read(path)[1]]


def put(place, value, look="General"):
    """Give an edit that writes a cell."""

    def edit(sheet):
        sheet[place].value, sheet[place].number_format = value, look

    return edit


def more(name, *rows, state="visible", place=None):
    """Give an edit that writes another sheet."""

    def edit(sheet):
        other = sheet.parent.create_sheet(name, place)
        for row in rows:
            other.append(row)
        other.sheet_state, sheet.parent.active = state, sheet

    return edit


def head(*title):
    """Give an edit that puts two rows above the table."""

    def edit(sheet):
        sheet.insert_rows(1, 2)
        for place, text in enumerate(title, 1):
            sheet.cell(1, place).value = text

    return edit


def strike(sheet):
    for cell in sheet[3]:
        cell.font = Font(strike=True)


def hide(kind, place):
    return lambda sheet: setattr(getattr(sheet, f"{kind}_dimensions")[place], "hidden", True)


def merge(area):
    return lambda sheet: sheet.merge_cells(area)


def runs(text, other, **font):
    return CellRichText(text, TextBlock(InlineFont(**font), other))


def rule(look):
    """Give an edit that shows counts below 100 in another way."""
    below = Rule(type="cellIs", operator="lessThan", formula=["100"], dxf=look)
    return lambda sheet: sheet.conditional_formatting.add("F2:F9", below)


def ink(color):
    return lambda sheet: setattr(sheet["F3"], "font", Font(color=color))


def paper(color):
    return lambda sheet: setattr(sheet["F3"], "fill", PatternFill("solid", fgColor=color))


WHITE, BLACK = Font(color="FFFFFFFF"), PatternFill(bgColor="FF000000")
WHITES = ("FFFFFFFF", "FFFDFDFD", Color(theme=0), Color(indexed=9))


def bars(value):
    """Give an edit that shows counts as bars, with or without their value."""
    shown = DataBarRule("min", 0, "max", 100, color="FF638EC6", showValue=value)
    return lambda sheet: sheet.conditional_formatting.add("F2:F9", shown)


ALTERING = (
    *(DifferentialStyle(numFmt=NumberFormat(200, '"<100"')), DifferentialStyle(font=Font(strike=True))),
    *(DifferentialStyle(font=WHITE), DifferentialStyle(fill=BLACK)),
)
NO_ZEROS = [put("F3", 0), lambda sheet: setattr(sheet.sheet_view, "showZeros", False)]
GUIDES = [more("Guide", ["How to"]), more("Lists", ["a", "b", "c"]), lambda sheet: setattr(sheet, "title", "Q3")]
SHOWS_OTHER = (
    "[White]0",
    *("0,", '0"00"', "0\\1", '[<11]"<11";0', ";;;", '"withheld"', '0"k"', '0"*"', '0.0" %"', '[>=40]0;"few"', "<0"),
    *("0+", "~0", "0-0", "0/0", "0 0", "0E+0", "0*0", "0‰", "1##", "0x0", "(0)", "-0", "\\-0", "#.##0", "00-00-00"),
    *("[>=40]0;", '0" Mio"', '0" dozen"', '"up to "0', '"minus "0', '0" or more"', '0" (est.)"'),
)
SHOWS_OTHER_TEXT = (";;;", '0;0;0;"x"', '"<"@', '@"0"', '@"%"')
NO_0 = ("#", "0;-0;;@", "0;-0;", '0;-0;"n/a"')
SHOWS_31 = ("#,##0", "0.00", '0" arrests"', "_(* #,##0_);_(* (#,##0)", "[Red]0", "$#,##0", "@")
RAISED, NIGHT = {"vertAlign": "superscript"}, datetime.datetime(2012, 10, 31, 0, 30)
PLAIN = " speaks of thousands, percent or the like. Write plain counts in a column named count."
SCALES = ("Counts in thousands", "in tens", "Counts in millions", "All figures ×10", "Averages per month")
TOLD = [
    *(("row 3, count: F3 holds 31, and its format shows another", put("F3", 31, look)) for look in SHOWS_OTHER),
    *(("", put("F3", 31, look)) for look in SHOWS_31),
    *(("row 3, count: F3 holds 0, and its format shows no 0", put("F3", 0, look)) for look in NO_0),
    *(("", put("F3", 0, look)) for look in ("0;-0", '0;-0;"-"', '_(* #,##0_);_(* (#,##0);_(* "-"??_)')),
    *(("row 3, count: F3 holds 31, and its format shows another text", put("F3", "31", x)) for x in SHOWS_OTHER_TEXT),
    *(("row 3, count: F3 is white as its background. Write what is meant", ink(color)) for color in WHITES),
    *(("", ink(color)) for color in (Color(theme=0, tint=-0.5), "FFDDDDDD", Color(theme=4))),
    ("", ink("FFFFFFFF"), paper("FF000000")),
    ("row 3, count: F3 is colored as its background.", ink("FF101010"), paper("FF000000")),
    ("row 3, count: F3 is colored as its background.", paper("FF000000")),
    *(("row 1: its conditional formatting strikes out, hides or alters counts.", rule(look)) for look in ALTERING),
    ("row 1: its conditional formatting strikes out, hides or alters counts.", bars(False)),
    ("", bars(True)),
    *(
        ("", rule(look))
        for look in (DifferentialStyle(font=Font(bold=True)), DifferentialStyle(font=WHITE, fill=BLACK))
    ),
    ("row 3, count: F3 holds 0, and the sheet shows no zeros. Show it, and see whether it is meant.", *NO_ZEROS),
    ("row 3, count: F3 holds 1900-01-30, and its format hides a part of it. Set", put("F3", 31, "mmm yyyy")),
    ("row 3, period_end: B3 holds 2012-10-31, and its format hides", put("B3", datetime.date(2012, 10, 31), "mmm-yy")),
    ("row 3, as_of: G3 holds a time of day, 2012-10-31 00:30. Write the day alone.", put("G3", NIGHT, "d/m/y")),
    ("row 3, count: F3 holds the formula =A1. Replace it by its value.", put("F3", ArrayFormula("F3:F3", "=A1"))),
    ("", put("F2", runs("3", "1", b=True))),
    ("row 2, count: F2 holds 15 and a struck-out 14: write the number", put("F2", runs("15 ", "14", strike=True))),
    ("row 3, count: F3 holds 2012-03-01, and its format hides a part", put("F3", datetime.date(2012, 3, 1), "d-mmm")),
    ("row 2, count: F2 holds 31 and a raised 1: write the number alone.", put("F2", runs("31", "1", **RAISED))),
    ("row 2, count: F2 holds 31 and a lowered 2", put("F2", runs("31", "2", vertAlign="subscript"))),
    ("row 2, count: F2 holds 31 and a struck-out 30", put("F2", runs("31", "30", strike=True))),
    ("row 2, count: F2 holds 31 and a small 1", put("F2", runs("31", "1", sz=6))),
    (
        "row 2, period_start: A2 holds 2012-07-0 and a raised 1: write the day",
        put("A2", runs("2012-07-0", "1", **RAISED)),
    ),
    ("row 2, measure: D2 holds arrests and a raised a: write the text", put("D2", runs("arrests", "a", **RAISED))),
    ("row 3, period_start: A3 is struck out. Write what is meant, or empty the cell.", strike),  # not seven problems
    ("row 3: it is hidden, and its count was read. Show it, and see whether it is meant.", hide("row", 3)),
    ("row 1, trafficking_type: this column is hidden, and was read. See whether it is right.", hide("column", "E")),
    ("row 3: it is hidden, and its count was read.", lambda sheet: setattr(sheet.row_dimensions[3], "height", 0.75)),
    ("row 1, count: this column is hidden", lambda sheet: setattr(sheet.column_dimensions["F"], "width", 0.1)),
    ("row 3, count: F3 is too small to be read.", lambda sheet: setattr(sheet["F3"], "font", Font(size=1))),
    ("", put("F3", 31), lambda sheet: setattr(sheet["F3"], "font", Font(size=6))),
    ("row 2: F2:F3 is one merged cell. Unmerge it, and write into each cell what is meant for it.", merge("F2:F3")),
    ("row 2: C2:C3 is one merged cell.", merge("C2:C3")),
    ("", put("G3", None), merge("G2:G3")),
    ("row 2: G2:G3 is one merged cell.", lambda sheet: sheet.merged_cells.add("G2:G3")),
    (
        "row 3: it names the columns; what stands above it is a title, and is not read.",
        head("Return, July to September"),
    ),
    (
        "row 3: it names the columns; what stands above it is a title",
        head("Exploitation and Trafficking Unit", "May 10"),
    ),
    *((f"row 3: what stands above the names of the columns{PLAIN.partition('.')[0]}.", head(x)) for x in SCALES),
    ("row 3: it names the columns, and rows above it hold more than a title.", head("2012-07-01", "2012-09-30", "x")),
    ("", lambda sheet: sheet.insert_cols(1), lambda sheet: sheet.insert_rows(1)),
    ("", more("Sheet2")),
    ("", *GUIDES),
    (", sheet More: this sheet names no columns, and is not read.", more("More", ["by J."])),
    (", sheet More: this hidden sheet names no columns", more("More", ["by J."], state="hidden", place=0)),
    (", sheet More: this sheet names columns too, and only Returns is read.", more("More", sheets.COLUMNS)),
    (", sheet More: this sheet holds a table, and only Returns is read.", more("More", ["x"] * 7, place=0)),
]


@pytest.mark.parametrize("case", TOLD)
def test_a_workbook_is_read_as_its_sender_sees_it_or_told(tmp_path, case):
    told, *edits = case
    found = change(tmp_path / "a.xlsx", *edits)
    assert len(found) == bool(told) and all(problem.startswith(told) for problem in found)


SIX = ",".join(sheets.COLUMNS[:-1])
SHORT = line(12).rpartition(",")[0]
OTHER_DAY = line(12, measure="victims identified", as_of="2012-11-15")


def dated(tmp_path, *lines):
    """Give the days that were read of a CSV file, by row, and the errors and notices."""
    checked = check_files([save(tmp_path / "a.csv", "\n".join(lines) + "\n")], NOTHING, TODAY)
    return [str(day.date()) for day in checked.rows["as_of"]], [str(told) for told in checked.problems]


@pytest.mark.parametrize("label", ["as_of", "As of:", "AS-OF", "as_of (yyyy-mm-dd)"])
@pytest.mark.parametrize("day", ["2012-10-31", "Oct 31, 2012"])
def test_the_day_above_the_table_is_every_rows(tmp_path, label, day):
    lines = "Fill in", f'{label},"{day}"', SIX, SHORT, "", SHORT.replace("arrests", "people trained")
    told = set() if day[0] == "2" else {'a.csv, row 2, as_of: "Oct 31, 2012" is read as 2012-10-31.'}
    days, found = dated(tmp_path, *lines)
    assert days == ["2012-10-31"] * 2 and set(found) == told


def test_a_row_with_a_day_of_its_own_keeps_it(tmp_path):
    days, told = dated(tmp_path, "as_of,2012-10-31", HEAD, f"{SHORT},", OTHER_DAY)
    assert days == ["2012-10-31", "2012-11-15"] and told == []
    assert dated(tmp_path, "as_of,", HEAD, OTHER_DAY) == (["2012-11-15"], [])


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["as_of,"], "row 1, as_of: it is empty. Write a day as YYYY-MM-DD."),
        (["as_of,soon"], 'row 1, as_of: "soon" is not a date. Write it as YYYY-MM-DD.'),
        (["as_of,2012-31-10"], 'row 1, as_of: "2012-31-10" is not a date.'),
        (["as_of,2099-10-31"], "row 1, as_of: 2099-10-31 is in the future."),
        (["as_of,2012-09-29"], "row 1, as_of: 2012-09-29 is before the period’s end, 2012-09-30."),
        (["as_of,11/10/2012"], 'row 1, as_of: "11/10/2012" can be 2012-11-10 or 2012-10-11.'),
        (["as_of,2012-10-31", "as_of,2012-11-30"], "row 3, as_of: as_of stands above it more than once."),
        (["as_of,2012-10-31,x"], "row 2: it names the columns, and rows above it hold more than a title."),
        (["as_of the last day", "x,as_of"], "row 3: the column as_of is missing."),
        (["as_of,2012-10-\u200b31"], 'row 1, as_of: "2012-10-\\u200b31" holds the invisible character'),
    ],
)
def test_a_day_above_the_table_that_is_none_is_told_once_where_it_stands(tmp_path, lines, told):
    days, problems = dated(tmp_path, *lines, SIX, SHORT, SHORT.replace("arrests", "people trained"))
    problems = {problem.removeprefix("a.csv, ") for problem in problems if "is a title" not in problem}
    assert days == [] and len(problems) == 1 and problems.pop().startswith(told)


def test_below_the_names_of_the_columns_as_of_is_no_day_for_all_and_a_note_is_still_a_note(tmp_path):
    days, told = dated(tmp_path, SIX, SHORT, "as_of,2012-10-31")
    assert days == [] and any("the column as_of is missing" in each for each in told)
    _, told = dated(tmp_path, "as_of,2012-10-31", SIX, SHORT, "seen by the lead,2")
    assert ["it is no row of a return, but a note" in each for each in told] == [True]


def test_a_day_above_the_table_is_read_as_its_sender_sees_it(tmp_path):
    day = datetime.date(2012, 10, 31)

    def put_above(value, look=None, hidden=False):
        def edit(sheet):
            head("as_of", value)(sheet)
            sheet["B1"].number_format = look or sheet["B1"].number_format
            sheet.row_dimensions[1].hidden = hidden

        return edit

    assert change(tmp_path / "a.xlsx", put_above(day)) == []
    for edit, told in (
        (put_above(day, "mmm-yy"), "row 1, as_of: B1 holds 2012-10-31, and its format hides a part"),
        (put_above(day, hidden=True), "row 1, as_of: its row is hidden. Show it, and see whether it is right."),
        (put_above("=TODAY()"), "row 1, as_of: B1 holds the formula =TODAY(). Replace it by its value."),
    ):
        (found,) = change(tmp_path / "a.xlsx", edit)
        assert found.startswith(told)


def test_titles_and_bold_digits_leave_the_rows_as_they_are_and_a_formula_among_the_heads_is_told(tmp_path):
    change(tmp_path / "a.xlsx", head("A title"), put("F4", runs("3", "1", b=True)))
    assert {number: cells["count"] for number, cells in read(tmp_path / "a.xlsx")[0].items()} == {4: "31", 5: "12"}
    told = change(tmp_path / "a.xlsx", put("G1", "=A1"))
    assert told[0] == "row 1: G1 holds the formula =A1. Replace it by its value."


@pytest.mark.parametrize(("row", "severity"), [(["by J."], "notice"), (["x"] * 7, "error"), (sheets.COLUMNS, "error")])
def test_another_sheet_is_an_error_where_it_may_hold_counts(tmp_path, row, severity):
    change(tmp_path / "a.xlsx", more("More", row))
    assert [told.severity for told in sheets.read_sheet(tmp_path / "a.xlsx", "a.xlsx")[1]] == [severity]


# CSV files


@pytest.mark.parametrize("separator", ",;\t|")
def test_a_line_that_names_the_separator_is_no_row_and_names_may_be_quoted(tmp_path, separator):
    names = ",".join(f'"{name}"' for name in sheets.COLUMNS)
    text = f"sep={separator}\n{names}\n{line(31)}\n".replace(",", separator)
    rows, problems = read(save(tmp_path / "a.csv", text))
    assert rows[2]["count"] == "31" and problems == []


TAKEN = ("Count [note 1]", "Count*", "count¹", "Count (2)")
MEANT = ("counts", "Count of arrests")
SCALED = ("Count (hundreds)", "Count [000]", "Count %")
STRANGE = " is not a column of a return. If it stands for a column that is missing, give it that column’s name."


@pytest.mark.parametrize(
    ("heading", "told"),
    [
        *((heading, None) for heading in ("Count", "count\u00a0", '"Count\n"', "\ufeffCOUNT", "co unt")),
        *((heading, " is taken as count.") for heading in TAKEN),
        *((heading, " is not a column. Did you mean count? Name it so.") for heading in MEANT),
        *((heading, PLAIN) for heading in SCALED),
        ("Number", STRANGE),
    ],
)
def test_a_heading_is_read_as_it_is_meant_or_suggested(tmp_path, heading, told):
    path = save(tmp_path / "a.csv", f"{HEAD.replace('count', heading)}\n{line(31)}\n")
    rows, problems = sheets.read_sheet(path, "a.csv")
    refused = heading in (*MEANT, *SCALED, "Number")
    missing = f"the column count is missing. The columns must be {', '.join(sheets.COLUMNS)}."
    assert [each.message for each in problems] == [f'"{heading}"{told}'] * bool(told) + [missing] * (told == STRANGE)
    assert len(rows) == (not refused)


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\ud800", "\u200b", "\u202e", "\x9b", "\ufe0f", "\u3164"])
def test_a_sign_that_a_terminal_may_obey_is_shown_by_its_code(sign):
    assert files.show(f"a{sign}b") == f"a\\u{ord(sign):04x}b"


# What a cell can mean


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *(("0", 0), ("0031", 31), ("1,204", 1204), ("1,204.00", 1204), ("31.0", 31), ("9999999", 9_999_999)),
        ("0" * 5000, 0),
    ],
)
def test_a_count_that_can_mean_but_one_number_is_read(text, count):
    told = f'"{text}" is read as {count}.' if "," in text or "." in text else None
    assert written.read_count(text) == (count, told)


@pytest.mark.parametrize(
    ("texts", "todo"),
    [
        (("<11", "< 11", "≤10", "[c]", "*", "***", "fewer than 11", "suppressed", "count withheld"), "is withheld"),
        (("<= 10", "<11*", "<eleven", "&lt;11", "n<11", "less then 11", "S", "(D)", "[low]"), "is withheld"),
        (("below 11", "no more than 10", "max. 10", "between 1 and 10", "1..10", "1 thru 10", "several"), "exact"),
        (("10ish", "30?", "nearly 30", "c. 30", "est. 30", "30 est", "30 (approx.)", "30 or so", "30 plus"), "exact"),
        (("31^1", "31{1}", "*31", "† 31"), "beside the number. Write the number alone, without the mark"),
        (("2012-10-20",), "a day. Write the count, and set the format of its cell to General."),
        (("31+", "~31", "≈ 31", "30-32", "30–32", "31 or 32", "30 to 40", ">30", "ca. 31", "at least 31"), "exact"),
        (("31*", "31 *", "31†", "31¹", "31⁰", "31 [r]", "31[note 1]", "31 (a)", "31r", "31 p"), "without the mark"),
        (("31 arrests", "31 (five of them minors)", "14 sex, 17 labor", "2 dozen"), "Write the count in digits alone"),
        (("1.204", "1 204", "1'204", "1\u00a0204", "1\u202f204", "(31)"), "can be read in two ways"),
        (("10000000", "1" * 5000, "1" + ",111" * 3000), "is too large to be a count"),
        (("-31", "−31", "–31"), "is below 0"),
        (("31%", "3.1 %"), "is a percentage"),
        (("31.5", "3,1", "1,20", "0,031"), "is not a whole number"),
        (
            ("３１", "٣١", "Ⅲ", "3_1", "1e1", "=31", "'31", "31 14", "3I", "n/a", "-", "—", "?", "", "3k"),
            "is not a number",
        ),
    ],
)
def test_any_other_count_is_refused_with_what_to_do(texts, todo):
    for text in texts:
        number, told = written.read_count(text)
        assert number is None and todo in told, text
        # A count that is there but withheld or marked must not become 0.
        assert ("0 for none" in told) == todo.startswith("is ") - (todo == "is withheld"), text


@pytest.mark.parametrize(
    "text",
    [
        *("10/15/2012", "15.10.2012", "2012/10/15", "Oct 15, 2012", "October 15th 2012", "15-Oct-2012"),
        *("15th October 2012", "Monday, October 15, 2012", "2012-10-15 00:00:00", "2012-10-15T00:00:00Z"),
        *("10/15/2012 12:00 AM", "15 Oct., 2012"),
    ],
)
def test_a_day_that_can_mean_but_one_is_read(text):
    assert written.read_day(text, []) == (datetime.date(2012, 10, 15), f'"{text}" is read as 2012-10-15.')


@pytest.mark.parametrize(
    "text",
    ["11/10/2012", "10/15/12", "15-Oct-12", "Oct 2012", "2012", "41197", "2012-10-15 14:30", "31.11.2012", "None"],
)
def test_any_other_day_is_refused(text):
    assert written.read_day(text, [])[0] is None


def test_the_days_of_a_row_prove_whether_the_month_comes_first(tmp_path):
    american = line(12, period="7/1/2012,9/30/2012", as_of="11/5/2012")
    british = line(12, period="1/7/2012,30/9/2012", as_of="5/11/2012")
    for row in (american, british):
        (day,) = check_files([write(tmp_path, row)], NOTHING, TODAY).rows["as_of"]
        assert day == datetime.datetime(2012, 11, 5)
    both = line(12, period="7/1/2012,9/30/2012", as_of="15/11/2012")
    (told, *_) = (each for each in check_files([write(tmp_path, both)], NOTHING, TODAY).problems if each.value)
    assert told.message == '"7/1/2012" can be 2012-07-01 or 2012-01-07. Write it as YYYY-MM-DD.'


COUNTIES = [f"{place} county human trafficking task force" for place in ("kern", "san mateo", "santa clara")]
FOREIGN = ["bay area task force", "san bernardino", "sacramento and fresno", "easton"]
OPEN = ["human trafficking task force", "bay", "north county task force", "san", ""]


@pytest.mark.parametrize(
    ("column", "text", "name"),
    [
        ("task_force", "sacremento task force", "Sacramento Innocence Lost Task Force"),
        *(("task_force", f"north bay {x}", NORTH_BAY) for x in ("human traficking task force", "taskforce", "ht tf")),
        ("task_force", "san josé/south bay", "San Jose/South Bay Human Trafficking Task Force"),
        ("task_force", "orange", "Orange County Human Trafficking Task Force"),
        ("task_force", "los angeles county", "Los Angeles Metro Area Task Force on Human Trafficking"),
        *(("task_force", text, None) for text in (*COUNTIES, *FOREIGN, *OPEN)),
        *(("measure", "arests", "arrests"), ("measure", "victim served", "victims served")),
        *(("measure", "victims", None), ("measure", "convictions", None)),
    ],
)
def test_a_name_is_suggested_where_no_word_speaks_against_it(column, text, name):
    assert written.suggest(text, _names(column)) == name


def test_the_as_of_of_one_row_is_taken_for_its_task_force_and_period(tmp_path):
    rows = [line(12, as_of=""), line(3, measure="people trained"), line(4, measure="victims served", as_of="")]
    checked = check_files([write(tmp_path, *rows)], NOTHING, TODAY)
    assert checked.rows["count"].tolist() == [12, 3, 4] and checked.rows["as_of"].nunique() == 1
    assert [str(problem) for problem in checked.problems] == [
        "a.csv, row 2, as_of: it is empty in rows 2 and 4; 2012-10-31 is taken, as row 3 says for this task force."
    ]
    other = line(5, measure="victims identified", as_of="2012-11-30")
    problems = check_files([write(tmp_path, *rows, other)], NOTHING, TODAY).problems
    assert [problem.message for problem in problems] == ["it is empty. Write a day as YYYY-MM-DD."] * 2


# Whatever comes


def is_told(path):
    """Check a file: what is said about it is readable, and nothing of it is stored beside an error."""
    checked = check_files([path], HELD, TODAY)
    for problem in checked.problems:
        assert str(problem).isprintable() and problem.file == path.name and problem.message
    assert checked.rows.empty or all(problem.severity == "notice" for problem in checked.problems)


STARTS = st.sampled_from([b"", HEAD.encode() + b"\n", b"PK\x03\x04"])
WORDS = ["", "0", "40", "50000", "-1", "1e3", "all", "sex", "Total", "arrests", "Statewide", NORTH_BAY]
DAYS = ["2010-07-01", "2010-09-30", "2012-07-01", "2012-09-30", "2012-10-20", "2013-01-20", "9999-12-31", "\u202e"]
CELLS = st.sampled_from(WORDS + DAYS) | st.text(max_size=12)
FUZZ = running(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(content=st.binary(max_size=300), kind=st.sampled_from([".csv", ".xlsx"]), start=STARTS)
def test_any_bytes_are_told(tmp_path, content, kind, start):
    is_told(save(tmp_path / f"a{kind}", start + content))


@FUZZ
@given(cells=st.lists(st.lists(CELLS, min_size=1, max_size=9), max_size=8))
def test_any_cells_are_told_or_stored(tmp_path, cells):
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells]
    is_told(write(tmp_path, line(12), *quoted))


@FUZZ
@given(data=st.data())
def test_any_change_of_a_workbook_is_told(tmp_path, data):
    name = data.draw(st.sampled_from(sorted(PARTS)))
    content = bytearray(PARTS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    is_told(save(tmp_path / "a.xlsx", packed(PARTS | {name: bytes(content)})))


@FUZZ
@given(data=st.data())
def test_any_change_of_an_archive_is_told(tmp_path, data):
    content = bytearray((FOLDER / "good-workbook.xlsx").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    is_told(save(tmp_path / "a.xlsx", bytes(content)))
