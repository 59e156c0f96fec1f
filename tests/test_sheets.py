import datetime
import random
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as running
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.worksheet.formula import ArrayFormula
from test_checks import FOLDER, HELD, TODAY, line, write

from htanalysis import books, cells, files, sheets
from htanalysis.checks import check_files

HEAD = ",".join(sheets.COLUMNS)


def message(path):
    """Give the one problem of a file that cannot be read."""
    rows, problems = sheets.read_sheet(path, "a.xlsx")
    assert rows == [] and len(problems) == 1
    return problems[0].message


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(files.MOST_BYTES + 1)
    monkeypatch.setattr(type(path), "read_bytes", lambda _: pytest.fail("it was read"))
    assert message(path) == "it has 20 MiB; at most 20 are read. Split it."


def test_too_many_rows_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + "\nx" * (cells.MOST_ROWS + 1), encoding="utf-8")
    assert message(path) == "it has more than 200,000 rows. Split it."


def repack(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def parts_of(name="good-workbook.xlsx"):
    with zipfile.ZipFile(FOLDER / name) as archive:
        return {part.filename: archive.read(part) for part in archive.infolist()}


def with_rows(path, *rows):
    """Write a good workbook with further rows of XML."""
    name, parts = "xl/worksheets/sheet1.xml", parts_of()
    sheet = parts[name].replace(b"</sheetData>", "".join(rows).encode() + b"</sheetData>")
    return repack(path, parts | {name: sheet})


def test_too_many_rows_of_a_workbook_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "MOST_ROWS", 5)
    rows = [f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in range(4, 8)]
    assert message(with_rows(tmp_path / "a.xlsx", *rows)) == "it has more than 5 rows. Split it."


@pytest.mark.parametrize("far", ['<row r="1048576"><c r="A1048576" s="1"/></row>', '<row r="9"><c r="XFD9"/></row>'])
def test_formatted_cells_far_out_that_hold_nothing_are_no_matter(tmp_path, far):
    rows, problems = sheets.read_sheet(with_rows(tmp_path / "a.xlsx", far), "a.xlsx")
    assert [row.number for row in rows] == [2, 3] and problems == []


def test_a_million_columns_are_told_at_once(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x," * 1_000_000 + "x\n", encoding="utf-8")
    told = "row 1 has more than 200 columns; a return has 7. Send a copy without what stands beside them."
    assert message(path) == told
    far = '<row r="9"><c r="XFD9"><v>1</v></c></row>'
    assert message(with_rows(tmp_path / "a.xlsx", far)) == told.replace("row 1", "row 9")


def test_too_many_cells_of_a_text_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + "\n" + "," * 4_000_001, encoding="utf-8")
    monkeypatch.setattr(files.csv, "reader", lambda *_, **__: pytest.fail("it was read"))
    assert message(path) == "it has more than 4,000,000 cells. Send a copy without what stands beside the columns."


@pytest.mark.parametrize(
    "more",
    [
        {"xl/media/bomb.xml": b"0" * (30 * 2**20)},
        {f"xl/media/{number}.xml": random.Random(number).randbytes(100) for number in range(1001)},
    ],
    ids=["ratio", "parts"],
)
def test_what_would_unpack_to_far_too_much_is_refused(tmp_path, monkeypatch, more):
    path = repack(tmp_path / "a.xlsx", parts_of() | more)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))
    assert message(path) == "it would unpack to far more than a return needs. Copy the rows into a new workbook."


def test_entities_are_refused_in_any_encoding(tmp_path):
    parts = parts_of()
    name = "xl/worksheets/sheet1.xml"
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    assert "XML entities" in message(repack(tmp_path / "a.xlsx", parts | {name: text.encode("utf-16")}))


def test_a_workbook_that_states_fewer_rows_than_it_has_is_read_whole(tmp_path):
    parts = parts_of()
    name = "xl/worksheets/sheet1.xml"
    sheet = parts[name].replace(b'<dimension ref="A1:G3"/>', b'<dimension ref="A1:A1"/>')
    assert sheet != parts[name]
    rows, problems = sheets.read_sheet(repack(tmp_path / "a.xlsx", parts | {name: sheet}), "a.xlsx")
    assert [row.number for row in rows] == [2, 3] and problems == []


def test_a_part_with_a_password_is_refused(tmp_path):
    content = bytearray((FOLDER / "good-workbook.xlsx").read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the first part of the archive's directory
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    assert message(path) == "it is protected by a password. Save it as XLSX or CSV without one."


def test_a_document_of_another_program_is_no_workbook(tmp_path):
    parts = parts_of()
    del parts["xl/workbook.xml"]
    assert (
        message(repack(tmp_path / "a.xlsx", parts)) == "it is an archive, not an XLSX workbook. Save it as XLSX or CSV."
    )


def test_many_parts_are_added_up(tmp_path, monkeypatch):
    total = sum(map(len, parts_of().values()))
    monkeypatch.setattr(books, "_UNPACKED", total - 1)
    assert message(repack(tmp_path / "a.xlsx", parts_of())).startswith("it would unpack to far more")
    monkeypatch.setattr(books, "_UNPACKED", total)
    assert sheets.read_sheet(repack(tmp_path / "a.xlsx", parts_of()), "a.xlsx")[1] == []


def change(path, edit):
    """Change a good workbook in openpyxl."""
    book = openpyxl.load_workbook(FOLDER / "good-workbook.xlsx")
    edit(book)
    book.save(path)
    return [str(problem) for problem in sheets.read_sheet(path, "a.xlsx")[1]]


@pytest.mark.parametrize("hour", ["14:00", "00:30"])
def test_any_time_of_day_is_told(tmp_path, hour):
    day = datetime.datetime.fromisoformat(f"2012-10-31 {hour}")
    (problem,) = change(tmp_path / "a.xlsx", lambda book: book["Returns"].__setitem__("G3", day))
    assert problem == (
        f"a.xlsx, sheet Returns, row 3, as_of: G3 holds a time of day, 2012-10-31 {hour}. Write the day alone."
    )


def test_an_array_formula_is_told(tmp_path):
    formula = ArrayFormula("F3:F3", "=SUM(F2:F2)")
    (problem,) = change(tmp_path / "a.xlsx", lambda book: book["Returns"].__setitem__("F3", formula))
    assert problem.endswith("count: F3 holds the formula =SUM(F2:F2). Replace it by its value.")


def test_the_guide_of_the_template_is_no_fault_of_a_renamed_sheet(tmp_path):
    def rename(book):
        book["Returns"].title = "Q3"
        book.create_sheet("Guide").append(["How to fill it in"])
        book.create_sheet("Lists").append(["task force", "measure", "trafficking type"])

    assert change(tmp_path / "a.xlsx", rename) == []


def test_a_formula_among_the_names_of_the_columns_is_told(tmp_path):
    problems = change(tmp_path / "a.xlsx", lambda book: book["Returns"].__setitem__("G1", "=A1"))
    assert problems[0] == "a.xlsx, sheet Returns, row 1: G1 holds the formula =A1. Replace it by its value."


def test_an_empty_second_sheet_is_no_matter(tmp_path):
    assert change(tmp_path / "a.xlsx", lambda book: book.create_sheet("Sheet2")) == []


def test_names_of_columns_may_stand_in_quotation_marks(tmp_path):
    path = tmp_path / "a.csv"
    text = (FOLDER / "good-semicolon.csv").read_text(encoding="utf-8")
    path.write_text(";".join(f'"{name}"' for name in sheets.COLUMNS) + text[text.index("\n") :], encoding="utf-8")
    rows, problems = sheets.read_sheet(path, "a.xlsx")
    assert len(rows) == 1 and problems == []


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\ud800", "\u200b", "\u202e", "\x9b", "\ufe0f", "\u3164"])
def test_a_sign_that_a_terminal_may_obey_is_shown_by_its_code(sign):
    assert cells.show(f"a{sign}b") == f"a\\u{ord(sign):04x}b"


# Workbooks as people make them


def put(place, value, look="General"):
    """Give an edit that writes a cell of the sheet Returns."""

    def edit(book):
        book["Returns"][place].value = value
        book["Returns"][place].number_format = look

    return edit


def runs(text, other, **font):
    return CellRichText(text, TextBlock(InlineFont(**font), other))


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("F2", runs("31", "1", vertAlign="superscript"), "count: F2 holds 31 and a raised 1: write the number alone."),
        ("F2", runs("31", "2", vertAlign="subscript"), "count: F2 holds 31 and a lowered 2: write the number alone."),
        ("F2", runs("31", "30", strike=True), "count: F2 holds 31 and a struck-out 30: write the number alone."),
        ("F2", runs("31", "1", sz=6), "count: F2 holds 31 and a small 1: write the number alone."),
        (
            *("A2", runs("2012-07-0", "1", vertAlign="superscript")),
            "period_start: A2 holds 2012-07-0 and a raised 1: write the day alone.",
        ),
        (
            *("D2", runs("arrests", "a", vertAlign="superscript")),
            "measure: D2 holds arrests and a raised a: write the text alone.",
        ),
    ],
)
def test_digits_that_are_raised_or_struck_out_are_never_joined_to_a_count(tmp_path, place, value, told):
    assert change(tmp_path / "a.xlsx", put(place, value)) == [f"a.xlsx, sheet Returns, row 2, {told}"]


def test_text_that_is_bold_in_part_is_read(tmp_path):
    assert change(tmp_path / "a.xlsx", put("F2", runs("3", "1", b=True))) == []
    assert sheets.read_sheet(tmp_path / "a.xlsx", "a.xlsx")[0][0].cells["count"] == "31"


def test_a_row_that_is_struck_out_is_one_problem(tmp_path):
    def strike(book):
        for cell in book["Returns"][3]:
            cell.font = Font(strike=True)

    (problem,) = change(tmp_path / "a.xlsx", strike)
    assert problem.endswith("row 3, period_start: A3 is struck out. Write what is meant, or empty the cell.")


OTHER = "F3 holds 31, and its format shows another number. Set its format to General, and see whether 31 is right."
PART = "and its format hides a part of it. Set its format to one that shows day, month and year, and see whether it is"


@pytest.mark.parametrize(
    ("look", "told"),
    [
        *(
            (look, OTHER)
            for look in ("0,", '0"00"', "0\\1", '[<11]"<11";0', ";;;", '"withheld"', '0"k"', '0"*"', '0.0" %"')
        ),
        *(
            (look, None)
            for look in ("#,##0", "0.00", '0" arrests"', "_(* #,##0_);_(* (#,##0)", "[Red]0", "$#,##0", "@")
        ),
        ("mmm yyyy", f"F3 holds 1900-01-30, {PART} right."),
    ],
)
def test_a_format_that_shows_another_number_is_told(tmp_path, look, told):
    problems = change(tmp_path / "a.xlsx", put("F3", 31, look))
    assert problems == ([f"a.xlsx, sheet Returns, row 3, count: {told}"] if told else [])


def test_a_day_of_which_a_part_is_hidden_is_told(tmp_path):
    (problem,) = change(tmp_path / "a.xlsx", put("B3", datetime.datetime(2012, 9, 1), "mmm-yy"))
    assert problem.endswith(f"period_end: B3 holds 2012-09-01, {PART} right.")


@pytest.mark.parametrize(
    ("formula", "value", "told"),
    [
        ("30+1", "31", "F2 holds the formula =30+1. Its saved value, 31, is read."),
        (
            "SUM(F3:F9)",
            "0",
            "F2 holds the formula =SUM(F3:F9). Replace it by its value.",
        ),  # not computed by who wrote it
        ("30+1", None, "F2 holds the formula =30+1. Replace it by its value."),
        ("DAY(TODAY())", "31", "F2 holds the formula =DAY(TODAY()). Replace it by its value."),
    ],
)
def test_the_saved_value_of_a_formula_is_read_if_it_is_sure(tmp_path, formula, value, told):
    parts = parts_of()
    name = "xl/worksheets/sheet1.xml"
    saved = f"<v>{value}</v>" if value else ""
    sheet = parts[name].replace(b'<c r="F2"><v>40</v></c>', f'<c r="F2"><f>{formula}</f>{saved}</c>'.encode())
    rows, (problem,) = sheets.read_sheet(repack(tmp_path / "a.xlsx", parts | {name: sheet}), "a.xlsx")
    assert problem.message == told and rows[0].cells["count"] == ("31" if "read" in told else "")
    assert problem.severity == ("notice" if "read" in told else "error")


def test_what_a_filter_hides_is_named(tmp_path):
    def hide(book):
        book["Returns"].row_dimensions[3].hidden = True
        book["Returns"].column_dimensions["E"].hidden = True

    assert change(tmp_path / "a.xlsx", hide) == [
        "a.xlsx, sheet Returns, row 3: it is hidden, and its count was read. Show it, and see whether it is meant.",
        "a.xlsx, sheet Returns, row 1, trafficking_type: this column is hidden, and was read. See whether it is right.",
    ]


@pytest.mark.parametrize(("area", "refused"), [("F2:F3", True), ("E2:F2", True), ("C2:C3", True), ("G2:G3", False)])
def test_a_count_that_stands_for_several_cells_is_refused(tmp_path, area, refused):
    told = change(tmp_path / "a.xlsx", lambda book: book["Returns"].merge_cells(area))
    text = f"row 1: {area} is one merged cell. Unmerge it, and write into each cell what is meant for it."
    assert any(text in problem for problem in told) == refused


@pytest.mark.parametrize(
    ("title", "told"),
    [
        (
            ["Quarterly return, July to September 2012"],
            "it names the columns; what stands above it is a title, and is not",
        ),
        (
            ["Exploitation and Trafficking Unit", "October 10"],
            "it names the columns; what stands above it is a title, and",
        ),
        (["Counts in thousands"], "what stands above the names of the columns speaks of parts or multiples."),
        (
            ["2012-07-01", "2012-09-30", "x", "arrests"],
            "it names the columns, and rows above it hold more than a title.",
        ),
    ],
)
def test_a_title_above_the_columns_is_not_read(tmp_path, title, told):
    def head(book):
        book["Returns"].insert_rows(1, 2)
        for place, text in enumerate(title, 1):
            book["Returns"].cell(1, place).value = text

    (problem,) = change(tmp_path / "a.xlsx", head)
    assert problem.startswith(f"a.xlsx, sheet Returns, row 3: {told}")
    assert [row.number for row in sheets.read_sheet(tmp_path / "a.xlsx", "a.xlsx")[0]] == [4, 5]


@pytest.mark.parametrize(
    ("state", "row", "told"),
    [
        ("visible", ["by J."], "this sheet names no columns, and is not read."),
        ("hidden", ["by J."], "this hidden sheet names no columns, and is not read."),
        (
            *("hidden", list(sheets.COLUMNS)),
            "this hidden sheet names columns too, and only Returns is read. Put all rows on one sheet, or send a copy "
            "without it.",
        ),
        (
            *("visible", ["x"] * 7),
            "this sheet holds a table, and only Returns is read. If it holds counts, put them on Returns; if not, send "
            "a copy without it.",
        ),
    ],
)
def test_another_sheet_is_refused_where_it_may_hold_counts(tmp_path, state, row, told):
    def more(book):
        book.create_sheet("More", 0).append(row)
        book["More"].sheet_state = state
        book.active = 1

    assert change(tmp_path / "a.xlsx", more) == [f"a.xlsx, sheet More: {told}"]
    (problem,) = sheets.read_sheet(tmp_path / "a.xlsx", "a.xlsx")[1]
    assert problem.severity == ("notice" if len(row) == 1 else "error")


def test_a_table_that_starts_further_in_is_read(tmp_path):
    def shift(book):
        book["Returns"].insert_cols(1)
        book["Returns"].insert_rows(1)

    assert change(tmp_path / "a.xlsx", shift) == []


def test_a_strict_workbook_whose_parts_have_other_names_is_read(tmp_path):
    parts = {}
    for name, content in parts_of().items():
        for space in (b"spreadsheetml/2006/main", b"officeDocument/2006/relationships"):
            old = b"http://schemas.openxmlformats.org/" + space
            content = content.replace(old, b"http://purl.oclc.org/ooxml/" + space.replace(b"/2006", b""))
        parts[name.replace("workbook.xml", "book.xml")] = content.replace(b"xl/workbook.xml", b"xl/book.xml")
    rows, problems = sheets.read_sheet(repack(tmp_path / "a.xlsx", parts), "a.xlsx")
    assert problems == [] and [row.cells["as_of"] for row in rows] == ["2012-10-31"] * 2


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("~$a.xlsx", b"\x05user", "it is a mark that the workbook is open in Excel. Save, close"),
        ("._a.xlsx", b"\0\5\x16\7", "it is a companion file of macOS"),
        ("a.csv", HEAD.encode("utf-16-le"), "it is text in UTF-16"),
        (
            "b.csv",
            b"Agency,Date,Arrests,X\nA,2012,31,1\n",
            'row 1 holds "Agency", "Date", "Arrests" and 1 more. Fill in the',
        ),
    ],
)
def test_what_is_no_return_is_told_in_one_line(tmp_path, name, content, told):
    path = tmp_path / name
    path.write_bytes(content)
    assert told in message(path)


@pytest.mark.parametrize(("part", "kind"), [("content.xml", "OpenDocument"), ("Index/Document.iwa", "Numbers")])
def test_a_workbook_of_another_program_is_called_so(tmp_path, part, kind):
    assert kind in message(repack(tmp_path / "a.xlsx", {part: b"x"}))


@pytest.mark.parametrize("separator", ",;\t|")
def test_a_line_that_names_the_separator_is_no_row(tmp_path, separator):
    path = tmp_path / "a.csv"
    path.write_text(f"sep={separator}\n{HEAD}\n{line(31)}\n".replace(",", separator), encoding="utf-8")
    (row,), problems = sheets.read_sheet(path, "a.csv")
    assert (row.number, row.cells["count"], problems) == (2, "31", [])


@pytest.mark.parametrize(
    ("heading", "told"),
    [
        *((heading, []) for heading in ("Count", "count\u00a0", '"Count\n"', "\ufeffCOUNT", "co unt")),
        *(
            (heading, [f'"{heading}" is taken as count.'])
            for heading in ("Count [note 1]", "Count*", "count¹", "Count (2)")
        ),
        *(
            (heading, [f'"{heading}" is not a column. Did you mean count? Name it so.'])
            for heading in ("counts", "Count of arrests")
        ),
        *(
            (heading, [f'"{heading}" is not a column of a return. What is meant as one of the columns needs its name.'])
            for heading in ("Number", "Count (hundreds)", "Count [000]", "Count %")
        ),
    ],
)
def test_a_heading_is_read_as_it_is_meant_or_suggested(tmp_path, heading, told):
    path = tmp_path / "a.csv"
    path.write_text(f"{HEAD.replace('count', heading)}\n{line(31)}\n", encoding="utf-8")
    rows, problems = sheets.read_sheet(path, "a.csv")
    missing = [f"the column count is missing. The columns must be {', '.join(sheets.COLUMNS)}."]
    refused = any("is not a column" in text for text in told)
    assert [problem.message for problem in problems] == told + missing * refused
    assert len(rows) == (not refused)


# Whatever comes


def is_told(path):
    """Check a file, and see that what is said about it is readable."""
    for problem in check_files([path], HELD, TODAY).problems:
        assert str(problem).isprintable() and problem.file == path.name and problem.message


STARTS = st.sampled_from([b"", HEAD.encode() + b"\n", b"PK\x03\x04"])
FUZZ = running(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(content=st.binary(max_size=300), kind=st.sampled_from([".csv", ".xlsx"]), start=STARTS)
def test_any_bytes_are_told(tmp_path, content, kind, start):
    path = tmp_path / f"a{kind}"
    path.write_bytes(start + content)
    is_told(path)


@FUZZ
@given(cells=st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=8), max_size=4))
def test_any_cells_are_told(tmp_path, cells):
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells]
    is_told(write(tmp_path, line(12), *quoted))


@FUZZ
@given(data=st.data())
def test_any_change_of_a_workbook_is_told(tmp_path, data):
    parts = parts_of()
    name = data.draw(st.sampled_from(sorted(parts)))
    content = bytearray(parts[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    is_told(repack(tmp_path / "a.xlsx", parts | {name: bytes(content)}))


@FUZZ
@given(data=st.data())
def test_any_change_of_an_archive_is_told(tmp_path, data):
    content = bytearray((FOLDER / "good-workbook.xlsx").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.xlsx"
    path.write_bytes(bytes(content))
    is_told(path)
