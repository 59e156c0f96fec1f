import hashlib
import json

import pandas as pd
import pytest

from htanalysis import inputs, settings
from htanalysis.datasets import counties, load
from htanalysis.periods import parse_period
from htanalysis.returns import load_returns
from htanalysis.store import fingerprint


@pytest.fixture
def log(tmp_path, monkeypatch):
    path = tmp_path / "inputs.jsonl"
    monkeypatch.setenv(inputs.LOG, str(path))
    return path


def of_file(name):
    return hashlib.sha256((settings.HOME / name).read_bytes()).hexdigest()


def test_a_data_set_is_noted_with_its_description_each_time_it_is_loaded(log, tmp_path, monkeypatch):
    load("tcvap")
    names = ("data/datapackage.json", "data/report/tcvap.csv")
    expected = {f"file {name}": [of_file(name)] for name in names}
    assert inputs.read_log(log) == expected
    # Another kernel forked from the same process has a log of its own, though the process has parsed all before.
    other = tmp_path / "other.jsonl"
    monkeypatch.setenv(inputs.LOG, str(other))
    load("tcvap")
    assert inputs.read_log(other) == expected


def test_each_file_of_the_boundaries_is_noted(log):
    counties()
    parts = {f"file {path.relative_to(settings.HOME)}" for path in (settings.HOME / "shapefiles").glob("*_counties.*")}
    assert len(parts) >= 4 and parts < set(inputs.read_log(log))


def test_the_last_quarter_is_noted_and_not_the_returns_that_it_follows_from(log):
    parse_period("2012Q2")
    noted = inputs.read_log(log)
    assert noted["last-quarter latest"] == ["2012Q2"] and "returns" not in noted


def test_the_returns_are_noted_as_a_whole(log):
    load_returns()
    assert inputs.read_log(log)["returns"] == [fingerprint()]


def test_an_input_that_changed_meanwhile_has_two_values(log):
    inputs.note("returns", "one")
    inputs.note("returns", "two")
    inputs.note("returns", "one")
    assert inputs.read_log(log) == {"returns": ["one", "two"]}


def test_nothing_is_noted_where_nobody_asks(tmp_path, monkeypatch):
    monkeypatch.delenv(inputs.LOG, raising=False)
    monkeypatch.chdir(tmp_path)
    load("tcvap")
    assert inputs.read_log(tmp_path / "none") == {} and not list(tmp_path.iterdir())


def test_a_changed_file_is_read_anew_and_a_loaded_table_is_the_callers_own(tmp_path, monkeypatch):
    (tmp_path / "data" / "report").mkdir(parents=True)
    content = (settings.HOME / "data" / "report" / "tcvap.csv").read_text(encoding="utf-8")
    copy = tmp_path / "data" / "report" / "tcvap.csv"
    copy.write_text(content, encoding="utf-8")
    first = load("tcvap")
    first.loc[0, "victims"] = 0
    monkeypatch.setattr(settings, "HOME", tmp_path)
    again = load("tcvap")
    assert again.loc[0, "victims"] != 0
    row = content.splitlines()[1]
    copy.write_text(content.replace(row, row.rpartition(",")[0] + ",987654"), encoding="utf-8")
    assert load("tcvap").loc[0, "victims"] == 987654
    pd.testing.assert_frame_equal(load("tcvap").iloc[1:], again.iloc[1:])


def test_the_log_is_a_pair_a_line(log):
    inputs.note("a", "b")
    assert json.loads(log.read_text(encoding="utf-8")) == ["a", "b"]
