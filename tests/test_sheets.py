import random
import zipfile

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as running
from hypothesis import strategies as st
from test_checks import FOLDER, HELD, TODAY, line, write

from htanalysis import sheets
from htanalysis.checks import check_files

HEAD = ",".join(sheets.COLUMNS)


def message(path):
    """Give the one problem of a file that cannot be read."""
    rows, problems = sheets.read_sheet(path)
    assert rows == [] and len(problems) == 1
    return problems[0].message


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(sheets.MOST_BYTES + 1)
    monkeypatch.setattr(type(path), "read_bytes", lambda _: pytest.fail("it was read"))
    assert message(path) == "it has 20 MiB; at most 20 are read. Split it."


def test_too_many_rows_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + "\n" * (sheets.MOST_ROWS + 1), encoding="utf-8")
    assert message(path) == "it has more than 200,000 rows. Split it."


def repack(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def parts_of(name="good-workbook.xlsx"):
    with zipfile.ZipFile(FOLDER / name) as archive:
        return {part.filename: archive.read(part) for part in archive.infolist()}


def test_too_many_rows_of_a_workbook_are_refused(tmp_path):
    parts = parts_of()
    sheet = parts["xl/worksheets/sheet1.xml"].replace(
        b"</sheetData>", b'<row r="1000000"><c r="A1000000"/></row></sheetData>'
    )
    path = repack(tmp_path / "a.xlsx", parts | {"xl/worksheets/sheet1.xml": sheet})
    assert message(path) == "sheet Returns has more than 200,000 rows. Split it."


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
    assert message(path) == "it would unpack to far more than a return needs. Save it anew, without pictures."


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
    rows, problems = sheets.read_sheet(repack(tmp_path / "a.xlsx", parts | {name: sheet}))
    assert [row.number for row in rows] == [2, 3] and problems == []


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
