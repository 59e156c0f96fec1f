"""The workbook of tables: what the guidance on statistics in spreadsheets asks for, in a report and by hand."""

import re
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from htanalysis import settings
from htanalysis.charts.tables import format_cell
from htanalysis.data import evidence
from htanalysis.report.notebooks import read_executed
from htanalysis.report.workbook import NOT_APPLICABLE, NOT_AVAILABLE, write_workbook

PUBLIC = {"quarter": "2012Q2", "as_of": "report", "audience": "public"}
FIRST = ["cover", "contents", "notes"]


@pytest.fixture(scope="module")
def shown(report):
    """Give the tables that the report's notebooks show, in reading order."""
    paths = sorted((report / "notebooks").iterdir())
    return [content for path in paths for kind, content in read_executed(path).shown if kind in ("figure", "table")]


@pytest.fixture(scope="module")
def book(report):
    return openpyxl.load_workbook(report / "tables.xlsx")


@pytest.fixture(scope="module")
def pairs(shown, book):
    """Give each table with its sheet."""
    return list(zip(shown, book.worksheets[len(FIRST) :], strict=True))


def cells(sheet):
    """Give the cells of a sheet that hold something."""
    return [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]


def table_of(sheet):
    """Give the rows of a sheet's only table, heads first."""
    (table,) = sheet.tables.values()
    return list(sheet[table.ref])


def values_of(sheet):
    return [[cell.value for cell in row] for row in table_of(sheet)]


def widths_of(sheet):
    """Give each column's width; neighbors of the same width are kept as one."""
    kept = sheet.column_dimensions.values()
    return {place: column.width for column in kept for place in range(column.min, column.max + 1)}


def as_excel_shows(value, code):
    """Write a number as Excel does with a code; what the pages set as a minus sign is a hyphen there."""
    if code == "General":
        return str(value)
    decimals = len(code.rstrip("%").partition(".")[2])
    comma = "," if "," in code else ""
    return f"{value:{comma}.{decimals}{'%' if code.endswith('%') else 'f'}}"


# A report's workbook


def test_there_is_a_sheet_for_each_table_in_reading_order(shown, book, pairs):
    assert book.sheetnames[: len(FIRST)] == FIRST and len(shown) >= 43
    assert [sheet["A1"].value for _, sheet in pairs] == [table["title"] for table in shown]
    assert [sheet.title for _, sheet in pairs] == [table["id"] for table in shown]
    assert book.active.title == "cover"


def test_titles_and_names_are_unlike_each_other(book):
    titles = [sheet["A1"].value for sheet in book]
    names = [name for sheet in book for name in sheet.tables]
    for texts in (titles, names, book.sheetnames, list(book.defined_names)):
        assert all(texts) and len({text.lower() for text in texts}) == len(texts)
    assert all(len(name) <= 31 for name in book.sheetnames)


def test_nothing_is_merged_hidden_or_computed(book):
    for sheet in book:
        assert not sheet.merged_cells.ranges and sheet.sheet_state == "visible", sheet.title
        hidden = [*sheet.row_dimensions.values(), *sheet.column_dimensions.values()]
        assert not [dimension for dimension in hidden if dimension.hidden], sheet.title
        assert {cell.data_type for cell in cells(sheet)} <= {"s", "n"}, sheet.title


def test_each_sheet_has_one_marked_up_table_that_begins_in_column_a_and_nothing_beside_or_below_it(book):
    assert not book["cover"].tables
    for sheet in book.worksheets[1:]:
        (table,) = sheet.tables.values()
        left, top, right, bottom = range_boundaries(table.ref)
        assert left == 1 and (right, bottom) == (sheet.max_column, sheet.max_row), sheet.title
        assert [column.name for column in table.tableColumns] == [cell.value for cell in sheet[top]], sheet.title
        assert table.headerRowCount == 1 and not table.totalsRowCount and table.autoFilter is None
        assert table.tableStyleInfo.name is None and not table.tableStyleInfo.showRowStripes


def test_no_cell_of_a_table_is_empty_and_no_head_is_like_another(book):
    for sheet in book.worksheets[1:]:
        heads, *rows = values_of(sheet)
        assert rows and all(isinstance(head, str) and head.strip() for head in heads), sheet.title
        assert len({head.lower() for head in heads}) == len(heads), sheet.title
        assert all(value is not None and value != "" for row in rows for value in row), sheet.title


def test_above_a_table_is_one_cell_a_row_without_a_gap_and_its_heads_stay_in_view_and_on_every_printed_page(book):
    for sheet in book.worksheets[1:]:
        top = table_of(sheet)[0][0].row
        assert sheet.freeze_panes == f"A{top + 1}" and sheet.print_title_rows == f"${top}:${top}"
        above = [[cell.value for cell in row] for row in sheet.iter_rows(max_row=top - 1)]
        assert all(first and not any(others) for first, *others in above), sheet.title


def test_a_table_says_its_scope_its_notes_its_basis_and_source_and_leads_back(pairs):
    for table, sheet in pairs:
        assert sheet["A2"].value.startswith(table["subtitle"].rstrip("."))
        for head, column in zip(values_of(sheet)[0], table["columns"], strict=True):
            if str(column["digits"]).endswith("%"):
                assert head in sheet["A2"].value.partition("In percent: ")[2]
        assert sheet["A3"].value.startswith("This sheet holds one table. See notes ")
        assert sheet["A4"].value.startswith(f"Basis: {', '.join(table['basis'])}. Source: ")
        assert sheet["A5"].value == "Back to the contents" and sheet["A6"] == table_of(sheet)[0][0]


def test_the_notes_that_a_sheet_names_are_those_of_its_bases_sources_and_shorthand(book, pairs):
    notes = {number: about for number, about, _ in values_of(book["notes"])[1:]}
    assert list(notes) == list(range(1, len(notes) + 1)) and list(notes.values())[:4] == list(settings.BASES)
    for table, sheet in pairs:
        named = {notes[int(number)] for number in re.findall(r"\d+", sheet["A3"].value.partition("[x]")[0])}
        places = {evidence(reference)["place"] for reference in table["source"]}
        lacks = any(value == NOT_AVAILABLE for row in values_of(sheet) for value in row)
        assert named - {"percent", "chapter"} == {*table["basis"], *places} | ({NOT_AVAILABLE} if lacks else set())
        assert ("[x] means" in sheet["A3"].value) == lacks
        assert ("percent" in named) == ("In percent" in sheet["A2"].value)


def test_the_values_are_those_of_the_notebooks(pairs):
    missing = 0
    for table, sheet in pairs:
        for row, cells_of_row in zip(table["rows"], values_of(sheet)[1:], strict=True):
            missing += row.count(None)
            assert cells_of_row == [NOT_AVAILABLE if value is None else value for value in row], sheet.title
    assert missing > 100


def test_numbers_are_shown_as_the_pages_show_them(pairs):
    codes = set()
    for table, sheet in pairs:
        for row in table_of(sheet)[1:]:
            for cell, column in zip(row, table["columns"], strict=True):
                if cell.data_type == "n":
                    on_page = format_cell(cell.value, column["digits"], "").replace("−", "-")
                    assert as_excel_shows(cell.value, cell.number_format).replace("-0%", "0%") == on_page
                    codes.add((str(column["digits"]), cell.number_format))
    assert codes == {("0", "#,##0"), ("1", "#,##0.0"), ("2", "#,##0.00"), ("0%", "0%"), ("year", "0")}


def test_columns_have_room_for_each_word_of_a_head_and_every_number_and_long_texts_are_wrapped(book):
    for sheet in book.worksheets[1:]:
        widths = widths_of(sheet)
        for head, *column in zip(*table_of(sheet), strict=True):
            shown = [as_excel_shows(cell.value, cell.number_format) for cell in column if cell.data_type == "n"]
            longest = max(map(len, [*head.value.split(), *shown]))
            assert longest + 2 <= widths[head.column] <= 64, (sheet.title, head.value)
            assert head.alignment.wrap_text and head.font.bold
        long = [cell for row in table_of(sheet)[1:] for cell in row if len(str(cell.value)) > widths[cell.column]]
        assert all(cell.alignment.wrap_text for cell in long if cell.data_type == "s"), sheet.title


def test_fonts_are_large_titles_are_headings_and_no_cell_is_filled(book):
    for sheet in book:
        for cell in cells(sheet):
            assert cell.font.name == "Arial" and cell.font.sz >= 12 and cell.font.scheme is None
            assert cell.fill.fill_type is None
            assert (cell.style == "Heading 1") == (cell.coordinate == "A1"), (sheet.title, cell.coordinate)
            assert (cell.style == "Hyperlink") == bool(cell.hyperlink) == (cell.font.underline == "single")
    heads = [cell.value for cell in cells(book["cover"]) if cell.style == "Heading 2"]
    assert heads[:2] == ["What this workbook is", "Period"]


def test_each_table_has_a_name_for_its_rows(book):
    assert len(book.defined_names) == len(book.sheetnames) - 1
    for sheet in book.worksheets[1:]:
        (table,) = sheet.tables.values()
        name = book.defined_names["data" + table.name.removeprefix("table")]
        ((title, place),) = name.destinations
        rows = table_of(sheet)[1:]
        assert title == sheet.title
        assert place.replace("$", "") == f"{rows[0][0].coordinate}:{rows[-1][-1].coordinate}", title
    assert book.defined_names["data_two_year_totals"].attr_text == "'two-year-totals'!$A$7:$B$11"


def test_every_link_leads_to_a_sheet_and_the_contents_list_them_all(book, pairs):
    links = {cell: cell.hyperlink.location for sheet in book for cell in cells(sheet) if cell.hyperlink}
    for cell, location in links.items():
        name, _, place = location.rpartition("!")
        assert name.strip("'") in book.sheetnames and place == "A1" and not cell.hyperlink.target
    heads, *rows = table_of(book["contents"])
    assert [cell.value for cell in heads] == ["sheet", "title", "basis", "rows"]
    assert [row[0].value for row in rows] == ["cover", "notes", *book.sheetnames[3:]]
    assert all(links[row[0]].rpartition("!")[0].strip("'") == row[0].value for row in rows)
    told = [[cell.value for cell in row[1:]] for row in rows[2:]]
    assert told == [[table["title"], ", ".join(table["basis"]), len(table["rows"])] for table, _ in pairs]
    assert {links[sheet["A5"]] for _, sheet in pairs} == {"contents!A1"}


def test_sheets_print_on_one_page_across_with_name_and_page(book):
    for sheet in book:
        setup = sheet.page_setup
        assert (setup.orientation, setup.fitToWidth, setup.fitToHeight) == ("landscape", None, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.oddHeader.left.text == "&A" and sheet.oddFooter.right.text == "Page &P of &N"
        assert sheet.oddHeader.left.size == sheet.oddFooter.right.size == 12


def test_the_workbook_says_what_it_is(book):
    assert book.properties.title == book["cover"]["A1"].value
    assert book.properties.title == "Human trafficking in California, tables of the report for 2012Q2"
    assert book.properties.creator == "htanalysis developers"
    assert book.properties.created == datetime(2012, 11, 1), "the same on any day"
    assert book.custom_doc_props["Language"].value == "en-US"
    text = "\n".join(cell.value for cell in cells(book["cover"]))
    for words in ("2012Q2. A quarter is three", "as the 2012 report states them", "Version 1.0.0", "BSD 3-Clause"):
        assert words in text
    assert "[x] stands where a value is not available" in text and "Internal" not in text


# Workbooks by hand


def make_table(name="one", title="A title", rows=(("a", 1),), heads=("word", "count"), digits=(0, 0), **more):
    columns = [{"name": head, "label": head, "digits": code} for head, code in zip(heads, digits, strict=True)]
    table = {"id": name, "title": title, "subtitle": "words", "basis": ["reported"], "source": ["table-1"]}
    return table | {"missing": "not published", "columns": columns, "rows": [list(row) for row in rows]} | more


@pytest.fixture
def write(tmp_path):
    """Give a function that writes tables and reads the workbook."""

    def write_and_read(*tables, **changed):
        write_workbook(tables, tmp_path / "tables.xlsx", PUBLIC | changed)
        return openpyxl.load_workbook(tmp_path / "tables.xlsx")

    return write_and_read


def test_text_stays_text(write):
    words = ["=1+1", "+1", "@A1", "https://example.org", "007", "{=1}"]
    table = make_table(title="=A title", subtitle="=words", heads=("=head", "b"), rows=[(word, 1) for word in words])
    sheet = write(table)["one"]
    assert [row[0] for row in values_of(sheet)] == ["=head", *words]
    assert [sheet[place].value for place in ("A1", "A2")] == ["=A title", "=words"]
    texts = [sheet["A1"], sheet["A2"], *(row[0] for row in table_of(sheet))]
    assert {cell.data_type for cell in texts} == {"s"} and not any(cell.hyperlink for cell in texts)


def test_a_missing_value_is_shorthand_that_the_sheet_explains(write):
    rows = [("a", None), (None, 2), ("", 3)]
    book = write(make_table(rows=rows), make_table("two", "Another", rows, missing="–"), make_table("three", "No gap"))
    assert values_of(book["one"])[1:] == [["a", "[x]"], ["[x]", 2], ["[x]", 3]]
    assert book["one"]["A3"].value.endswith(" [x] means “not published”.")
    assert book["two"]["A3"].value.endswith(" [x] means “no value stands here”.")
    assert "[x]" not in book["three"]["A3"].value
    notes = {about: meaning for _, about, meaning in values_of(book["notes"])[1:]}
    assert NOT_AVAILABLE in notes and NOT_APPLICABLE in notes


def test_a_table_without_rows_has_one_of_shorthand(write):
    book = write(make_table(rows=[]))
    assert values_of(book["one"]) == [["word", "count"], ["[x]", "[x]"]]
    assert values_of(book["contents"])[-1] == ["one", "A title", "reported", 0]


def test_tables_of_the_same_name_get_sheets_and_names_of_their_own(write):
    ids = ["one", "One", "one", "a-b", "a_b", "a" * 31 + "b", "a" * 31 + "c", "contents", "history", "b2", "z" * 300]
    book = write(*(make_table(name, "Alike") for name in ids))
    names = ["one", "One-2", "one-3", "a-b", "a_b", "a" * 31, "a" * 28 + "-2", "contents-2", "history-2", "b2"]
    assert book.sheetnames[3:] == [*names, "z" * 31]
    assert [sheet["A1"].value for sheet in book.worksheets[3:6]] == ["Alike", "Alike (2)", "Alike (3)"]
    tables = [name for sheet in book for name in sheet.tables]
    assert len({name.lower() for name in tables}) == len(ids) + 2
    assert {"table_one_2", "table_a_b_2", "table_contents_2"} <= set(tables)
    assert book.defined_names["data_one_3"].attr_text == "'one-3'!$A$7:$B$7"
    contents = {row[0].value: row[0].hyperlink.location for row in table_of(book["contents"])[1:]}
    assert contents["a" * 28 + "-2"] == f"'{'a' * 28}-2'!A1"


def test_heads_that_are_alike_or_empty_are_told_apart(write):
    heads = ("", "largest", "Largest", "two\nlines", "row")
    sheet = write(make_table(heads=heads, digits=[0] * 5, rows=[("a", 1, 2, 3, 4)]))["one"]
    assert values_of(sheet)[0] == ["row", "largest", "Largest (2)", "two lines", "row (2)"]


def test_every_kind_of_digits_has_its_format(write):
    digits = (0, 3, "1%", "0%", "year", "plain")
    sheet = write(make_table(heads="abcdef", digits=digits, rows=[(1234.5, 0.12345, 0.4602, 1, 2012, 1277)]))["one"]
    assert [cell.number_format for cell in table_of(sheet)[1]] == ["#,##0", "#,##0.000", "0.0%", "0%", "0", "General"]
    assert values_of(sheet)[1] == [1234.5, 0.12345, 0.4602, 1, 2012, 1277]
    assert sheet["A2"].value == "words. In percent: c; d."


def test_an_internal_workbook_says_so_on_its_cover_in_its_title_and_on_paper(write):
    book = write(make_table(), audience="internal", as_of="2012-10-31", quarter="2011Q3:2012Q2")
    assert book.properties.title.startswith("Internal: ") and book["cover"]["A1"].value == book.properties.title
    text = "\n".join(cell.value for cell in cells(book["cover"]))
    assert "Do not pass it on." in text and "as known on 2012-10-31" in text and "2011Q3 to 2012Q2" in text
    assert all("Do not pass it on." in sheet.oddHeader.right.text for sheet in book)


def test_the_same_tables_give_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        write_workbook([make_table(), make_table("two", digits=("plain", "1%"))], tmp_path / name, PUBLIC)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_workbook_that_finds_the_disk_full_says_so():
    with pytest.raises(OSError, match="No space left on device"):
        write_workbook([], Path("/dev/full"), PUBLIC)
