import hashlib
import json
import shutil

import pandas as pd
import pytest

from htanalysis import inputs, settings
from htanalysis.claims import evaluate
from htanalysis.datasets import counties, load
from htanalysis.periods import parse_period
from htanalysis.returns import load_returns
from htanalysis.sheets import COLUMNS
from htanalysis.store import fingerprint, read_store


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


def test_the_returns_are_read_anew_when_the_store_changes_and_are_the_callers_own(tmp_path, monkeypatch):
    folder = tmp_path / "data" / "quarters"
    folder.mkdir(parents=True)
    monkeypatch.setattr(settings, "HOME", tmp_path)
    row = "2012-07-01,2012-09-30,Fresno,arrests,all,{},2012-10-31"
    for count in ("20", "21"):
        (folder / "2012Q3.csv").write_text("\n".join([",".join(COLUMNS), row.format(count), ""]), encoding="utf-8")
        held = read_store()
        assert held["count"].tolist() == [int(count)]
        held.loc[0, "count"] = 0
        assert read_store()["count"].tolist() == [int(count)]


def test_all_that_the_returns_show_follows_from_is_noted_each_time(log, tmp_path, monkeypatch):
    load_returns()
    noted = inputs.read_log(log)
    assert {"returns", "file data/report/task_forces.csv", "file data/report/task_force_quarters.csv"} <= set(noted)
    other = tmp_path / "other.jsonl"
    monkeypatch.setenv(inputs.LOG, str(other))
    load_returns()
    assert inputs.read_log(other) == noted


def test_a_claim_notes_each_data_set_that_it_could_ask_each_time(log, tmp_path, monkeypatch):
    evaluate("SELECT 1")
    noted = inputs.read_log(log)
    assert "file data/report/tcvap.csv" in noted and "file data/report/report_claims.csv" not in noted
    other = tmp_path / "other.jsonl"
    monkeypatch.setenv(inputs.LOG, str(other))
    evaluate("SELECT 1")
    assert inputs.read_log(other) == noted


def test_a_claim_is_recomputed_from_a_data_set_that_changed(tmp_path, monkeypatch):
    question = "SELECT victims FROM tcvap LIMIT 1"
    before = evaluate(question)
    shutil.copytree(settings.HOME / "data", tmp_path / "data", ignore=shutil.ignore_patterns("quarters"))
    monkeypatch.setattr(settings, "HOME", tmp_path)
    path = tmp_path / "data" / "report" / "tcvap.csv"
    content = path.read_text(encoding="utf-8")
    row = content.splitlines()[1]
    path.write_text(content.replace(row, row.rpartition(",")[0] + ",987654"), encoding="utf-8")
    assert evaluate(question) == 987654 != before
    monkeypatch.undo()
    assert evaluate(question) == before


def test_who_reports_is_seen_anew_in_what_the_returns_show(tmp_path, monkeypatch):
    shutil.copytree(settings.HOME / "data", tmp_path / "data", ignore=shutil.ignore_patterns("quarters"))
    (tmp_path / "data" / "quarters").mkdir()
    rows = [
        ",".join(COLUMNS),
        "2012-07-01,2012-09-30,Fresno Coalition Against Human Trafficking,arrests,all,20,2012-10-31",
        "",
    ]
    (tmp_path / "data" / "quarters" / "2012Q3.csv").write_text("\n".join(rows), encoding="utf-8")
    monkeypatch.setattr(settings, "HOME", tmp_path)
    names = set(load_returns()["task_force"])
    path = tmp_path / "data" / "report" / "task_forces.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    gone = next(line for line in lines[1:] if not line.startswith("Fresno"))
    path.write_text("\n".join([*(line for line in lines if line != gone), ""]), encoding="utf-8")
    assert names - set(load_returns()["task_force"]) == {gone.partition(",")[0]}
