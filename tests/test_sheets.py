import datetime
import random
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as running
from hypothesis import strategies as st
from openpyxl.worksheet.formula import ArrayFormula
from test_checks import FOLDER, HELD, TODAY, line, write

from htanalysis import files, sheets
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
    path.write_text(HEAD + "\nx" * (files.MOST_ROWS + 1), encoding="utf-8")
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
    monkeypatch.setattr(files, "MOST_ROWS", 5)
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
    assert message(path) == "it has more than 4,000,000 cells. Delete what stands beside the columns."


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
    monkeypatch.setattr(sheets, "_UNPACKED", total - 1)
    assert message(repack(tmp_path / "a.xlsx", parts_of())).startswith("it would unpack to far more")
    monkeypatch.setattr(sheets, "_UNPACKED", total)
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
    assert files.show(f"a{sign}b") == f"a\\u{ord(sign):04x}b"


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
