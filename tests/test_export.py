"""What researchers take home: read back with other programs than the one that wrote it, number by number."""

import json
import shutil
import sqlite3

import duckdb
import pandas as pd
import pytest
from frictionless import Package

import htanalysis as ht
from htanalysis import export, settings
from htanalysis.cli import main
from htanalysis.data import read_descriptor
from htanalysis.errors import HtanalysisError

NAMES = [entry["name"] for entry in read_descriptor()["resources"]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    target = tmp_path_factory.mktemp("export") / "numbers"
    assert main(["export", str(target)]) == 0
    return target


def plain(frame):
    """Write a frame's cells in one way, whoever read it."""

    def write(cell):
        if pd.isna(cell):
            return "missing"
        if isinstance(cell, int | float):
            return float(cell)
        return str(cell)[:10] if hasattr(cell, "isoformat") else cell

    return [[write(cell) for cell in row] for row in frame.astype("object").itertuples(index=False)]


@pytest.mark.parametrize("name", NAMES)
def test_duckdb_and_sqlite_read_what_load_gives(exported, name):
    table = ht.load(name)
    columns = ", ".join(f'"{column}"' for column in table.columns)
    parquet = duckdb.sql(f"SELECT {columns} FROM '{exported / 'parquet' / f'{name}.parquet'}'").fetchall()
    with sqlite3.connect(exported / "htanalysis.sqlite") as connection:
        sqlite = connection.execute(f'SELECT {columns} FROM "{name}"').fetchall()
    expected = plain(table)
    assert plain(pd.DataFrame(parquet, columns=table.columns, dtype=object)) == expected
    assert plain(pd.DataFrame(sqlite, columns=table.columns, dtype=object)) == expected


def test_quarters_and_codes_are_text_in_every_format(exported):
    query = "SELECT typeof(fips), min(fips) FROM '{}' GROUP BY 1"
    assert duckdb.sql(query.format(exported / "parquet" / "counties.parquet")).fetchall() == [("VARCHAR", "06001")]
    with sqlite3.connect(exported / "htanalysis.sqlite") as connection:
        told = connection.execute("SELECT DISTINCT typeof(quarter), typeof(count) FROM task_force_quarters ORDER BY 2")
        assert told.fetchall() == [("text", "integer"), ("text", "null")]
    assert "\nAlameda,06001," in (exported / "csv" / "counties.csv").read_text(encoding="utf-8")


def test_what_nobody_reported_is_told_apart_from_0_and_from_what_was_not_published(exported):
    path = exported / "parquet" / "county_convictions.parquet"
    told = duckdb.sql(
        f"SELECT convictions, convictions_told, count(*) FROM '{path}' GROUP BY ALL ORDER BY 1"
    ).fetchall()
    assert told == [
        (0, "none reported to CJIS, which need not mean that none happened", 49),
        (52, "stated", 1),
        (None, "the report names the county and gives no count", 8),
    ]


def test_what_the_tables_mean_and_rest_on_lies_beside_them(exported):
    report = Package(str(exported / "datapackage.json")).validate()
    assert report.valid, report.to_summary()
    with sqlite3.connect(exported / "htanalysis.sqlite") as connection:
        quotes = dict(connection.execute("SELECT id, quote FROM evidence WHERE data_set = 'county_convictions'"))
        cautions = connection.execute("SELECT text FROM cautions WHERE data_set = 'county_convictions'").fetchall()
        units = connection.execute("SELECT unit FROM columns WHERE data_set = 'heat_unit' AND name = 'count'")
        assert units.fetchall() == [("convictions",)]
    assert quotes["county-alameda"] == ht.evidence("county-alameda")["quote"]
    caveats = ht.describe("county_convictions").attrs["caveats"]
    assert [text for (text,) in cautions] == [each["text"] for each in caveats]
    assert "ht.load" in (exported / "README.txt").read_text(encoding="utf-8")


def test_an_export_holds_no_return_and_is_the_same_whoever_holds_some(exported, tmp_path, monkeypatch):
    home = tmp_path / "home"
    shutil.copytree(settings.HOME / "data", home / "data")
    (home / "data" / "quarters").mkdir(exist_ok=True)
    (home / "data" / "quarters" / "2012Q3.csv").write_text("confidential,7\n")
    monkeypatch.setattr(settings, "HOME", home)
    export.write_export(tmp_path / "numbers")
    files = {path.relative_to(exported) for path in exported.rglob("*.csv")}
    assert files == {path.relative_to(tmp_path / "numbers") for path in (tmp_path / "numbers").rglob("*.csv")}
    assert "returns" not in json.loads((exported / "datapackage.json").read_text(encoding="utf-8"))
    assert not [path for path in (tmp_path / "numbers").rglob("*.*") if b"confidential,7" in path.read_bytes()]


def test_an_export_appears_whole_or_not_at_all(exported, tmp_path, monkeypatch):
    target = tmp_path / "numbers"
    shutil.copytree(exported, target)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    monkeypatch.setattr(export, "_write_sqlite", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export.write_export(target)
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["numbers"]


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(HtanalysisError) as caught:
        export.write_export(tmp_path)
    assert str(caught.value) == f"{tmp_path} holds something else than an export. Name a new folder."
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_code_book_shows_its_cautions():
    book = ht.describe("county_convictions")
    for text in (repr(book), book._repr_html_()):
        assert "0 means that none was reported to CJIS, not that none happened (end note 13)." in text
        assert "Not a map of trafficking" in text and "convictions" in text
    assert type(book.loc[:1]) is pd.DataFrame
