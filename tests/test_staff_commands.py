"""From a folder of returns to the store, as staff do it: template, check, add, quarters, data returns."""

import csv
import datetime
import io
import json
import shutil

import openpyxl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as running
from hypothesis import strategies as st
from test_checks import fill, line, write
from test_cli import run

import htanalysis as ht
from htanalysis import commands
from htanalysis.report import changes
from htanalysis.returns import store
from htanalysis.returns.sheets import COLUMNS

NOTHING = "No count is filled in there. Name the XLSX or CSV files that came back, or their folder.\n"
BELOW = "-3 is below 0. Write a whole number, 0 for none, or leave it empty if it was not reported."
GOOD = "No problem found in 1 file. See whether what the notices say is meant.\n"
SAN_DIEGO = "San Diego North County Anti-Trafficking Task Force"


def test_from_template_to_store(home, tmp_path, capsys):
    assert run(capsys, "template", "2012Q3") == (0, "Ready to be filled in: returns-2012Q3.xlsx\n", "")
    code, _, err = run(capsys, "template", "2012Q3")
    assert code == 1 and err == "returns-2012Q3.xlsx is there already, perhaps filled in. Move it away first.\n"
    fill(tmp_path / "returns-2012Q3.xlsx", {0: 40, 1: 25, 44: 12})
    code, out, err = run(capsys, "check", "returns-2012Q3.xlsx")
    told = "What adding 3 counts would change:\nCounts of the state newly known: none\n"
    assert code == 0 and out.startswith(f"{GOOD}{told}")
    assert out.endswith("\nTo store the counts, run htanalysis add with the same files.\n")
    empty = "count: empty means not reported (150 rows). What is held for it stays as it is."
    assert err == f"Notice: returns-2012Q3.xlsx, {empty}\n"
    assert not list((home / "data").glob("quarters/*.csv"))
    stored = f"Stored 3 counts in 2012Q3.csv, in {store.folder()}.\n"
    assert run(capsys, "add", "returns-2012Q3.xlsx")[:2] == (0, stored)
    before = (home / "data" / "quarters" / "2012Q3.csv").read_bytes()
    assert run(capsys, "add", "returns-2012Q3.xlsx")[:2] == (0, "Nothing was stored: there is no new count.\n")
    held = "Adding would change nothing: there is no new count.\n"
    assert run(capsys, "check", "returns-2012Q3.xlsx")[1] == f"{GOOD}{held}"
    assert (home / "data" / "quarters" / "2012Q3.csv").read_bytes() == before


@pytest.mark.usefixtures("home")
def test_from_a_folder_of_templates_to_the_store(tmp_path, capsys):
    told = "Ready to be sent out: 9 workbooks in the folder returns-2012Q3, one for each task force.\n"
    assert run(capsys, "template", "q3 2012", "--each") == (0, told, "")
    folder = tmp_path / "returns-2012Q3"
    code, _, err = run(capsys, "template", "2012Q3", "--each")
    assert code == 1 and err == "returns-2012Q3 is there already, perhaps filled in. Move it away first.\n"
    code, _, err = run(capsys, "check", str(folder))
    assert code == 1 and err == NOTHING
    paths = sorted(folder.iterdir())
    for path in paths[:-2]:
        fill(path, dict.fromkeys(range(5), 12))
    (folder / "~$open.xlsx").write_bytes(b"x")
    (folder / "notes.docx").write_bytes(b"x")
    (folder / "more.csv").mkdir()
    code, out, err = run(capsys, "check", str(folder))
    assert code == 0 and out.startswith("No problem found in 7 files.") and "What adding 35 counts" in out
    left = ", ".join(path.name for path in paths[-2:])
    assert err.splitlines()[0] == f"Notice: returns-2012Q3: no count is filled in, and so it is left out: {left}."
    empty = ", ".join(f"{path.name} (12 rows)" for path in paths[:-2])
    told = f"Notice: count in {empty}: empty means not reported. What is held for it stays as it is."
    assert err.splitlines()[1] == told
    assert run(capsys, "add", str(folder))[1] == f"Stored 35 counts in 2012Q3.csv, in {store.folder()}.\n"


@pytest.mark.usefixtures("home")
def test_a_folder_without_a_return_and_no_name_at_all_and_a_file_that_is_not_there_are_told(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for command in ("check", "add"):
        assert run(capsys, command, "empty") == (1, "", NOTHING)
    write(tmp_path, line(12))  # No name is not the folder that one stands in.
    code, _, err = run(capsys, "add", "")
    assert code == 2 and '"" names no file and no folder. Name one.' in err
    code, out, err = run(capsys, "check", "none.csv")
    assert (code, out) == (1, "") and err.startswith("none.csv: No such file") and len(err.splitlines()) == 1


@pytest.mark.usefixtures("home")
def test_a_problem_of_a_cell_above_the_table_counts_once(tmp_path, capsys):
    path = tmp_path / "a.csv"
    short = [line(12, measure=measure).rpartition(",")[0] for measure in ("arrests", "people trained")]
    path.write_text("\n".join(["as_of,2099-01-01", ",".join(COLUMNS[:-1]), *short]) + "\n", encoding="utf-8")
    assert run(capsys, "check", "a.csv")[2].splitlines() == [
        "a.csv, row 1, as_of: 2099-01-01 is in the future. Write the day on which the count was known.",
        "1 problem in 1 row of 1 file. Correct this, and check again.",
    ]


def test_what_is_wrong_is_told_and_nothing_stored(home, tmp_path, capsys):
    good, bad = write(tmp_path, line(12), name="good.csv"), write(tmp_path, line("-3"), name="bad.csv")
    todos = {"check": "Correct this, and check again.", "add": "Nothing was stored. Correct this, and add again."}
    for command, todo in todos.items():
        code, out, err = run(capsys, command, str(good), str(bad))
        assert (code, out) == (1, "")
        assert err.splitlines() == [f"bad.csv, row 2, count: {BELOW}", f"1 problem in 1 row of 2 files. {todo}"]
    assert not list((home / "data").glob("quarters/*.csv"))


@pytest.mark.usefixtures("home")
def test_fifty_problems_are_shown_errors_first_and_the_rest_counted(tmp_path, capsys):
    good = write(tmp_path, line('"1,277"', measure="people trained"))
    bad = [write(tmp_path, line("x"), name=f"{number}.csv") for number in range(70)]
    code, _, err = run(capsys, "check", str(good), *map(str, bad))
    lines = err.splitlines()
    assert code == 1 and len(lines) == 52 and "0.csv, row 2" in lines[0]
    assert lines[-2:] == ["... and 21 more.", "70 problems in 70 rows of 71 files. Correct this, and check again."]


@pytest.mark.usefixtures("home")
def test_like_problems_are_one_line(tmp_path, capsys):
    rows = [line(12, measure=measure, as_of="2012-10-31 14:30") for measure in ("arrests", "people trained")]
    code, _, err = run(capsys, "check", str(write(tmp_path, *rows, line("-3"), line("-4", kind="sex"))))
    assert code == 1 and err.splitlines() == [
        'a.csv, 2 cells of as_of, rows 2 and 3: "2012-10-31 14:30" is not a date. Write it as YYYY-MM-DD.',
        f"a.csv, 2 cells of count, rows 4 and 5: {BELOW}",
        "4 problems in 4 rows of 1 file. Correct this, and check again.",
    ]


@pytest.mark.usefixtures("home")
def test_programs_get_the_same_as_json(tmp_path, capsys):
    code, out, err = run(capsys, "check", "--format", "json", str(write(tmp_path, line("-3"))))
    told = json.loads(out)
    assert code == 1 and err.strip() == "" and told["changes"] == {}
    assert told["problems"][0]["column"] == "count" and told["problems"][0]["severity"] == "error"
    code, out, _ = run(capsys, "check", "--format", "json", str(write(tmp_path, line(12))))
    assert code == 0 and json.loads(out)["problems"] == []


def add(capsys, tmp_path, *rows):
    code, out, err = run(capsys, "add", str(write(tmp_path, *rows)))
    assert code == 0, err
    return out


@pytest.mark.usefixtures("home")
def test_what_would_change_is_told_before_a_number_is_stored(tmp_path, capsys):
    names = ht.load("task_forces")["task_force"].tolist()
    add(capsys, tmp_path, *[line(20, name) for name in names[:-1]])
    later = [line(9, names[-1], as_of="2012-11-30"), line(26, names[0], as_of="2012-11-30")]
    # A revision of what the report published: eight quarters of the state that add up to more than its 1,798 arrests.
    quarters = [f"{q.start_time.date()},{q.end_time.date()}" for q in ht.parse_period("2010Q3:2012Q2")]
    whole = [line(230, "Statewide", period, as_of="2012-10-01") for period in quarters]
    code, out, _ = run(capsys, "check", str(write(tmp_path, *later, *whole)))
    lines = out.splitlines()
    assert code == 0 and lines[1] == "What adding 10 counts would change:"
    assert "- 2012Q3 arrests: 175" in lines
    assert f"- 2012Q3 {names[0]}, arrests, all: 20 becomes 26 (+6)" in lines
    assert "- Arrests in the quarter: before at least 160 arrests, bounded; now 175 arrests, computed" in lines
    moved = [line.partition(": before ")[2].split("; now ") for line in lines if ": before " in line]
    assert moved and not [line for line in moved if line[0] == line[-1]]
    assert "- “arrested 1,798 individuals” (Executive Summary): reproduces becomes differs" in lines
    more = lines.index("Days before the last that is held, on which reports would now show more: 1")
    assert "- 2012-10-01" in lines[more:]
    assert len(store.read_store()) == 8


@pytest.mark.usefixtures("home")
def test_that_a_file_is_good_is_told_before_what_would_change_is_computed(tmp_path, capsys, monkeypatch):
    told = []
    monkeypatch.setattr(changes, "preview", lambda rows, _: told.append((len(rows), *capsys.readouterr())) or {})
    monkeypatch.setattr(changes, "tell", lambda _: ["nothing"])
    path = write(tmp_path, line('"1,277"', measure="people trained"))
    said = "nothing\nTo store the counts, run htanalysis add with the same files.\n"
    assert run(capsys, "check", str(path)) == (0, said, "")
    notice = 'Notice: a.csv, row 2, count: "1,277" is read as 1277.\n'
    assert told == [(1, f"{GOOD}What adding 1 count would change:\n", notice)]


@pytest.mark.usefixtures("home")
def test_a_file_that_is_named_twice_is_read_once_and_files_of_one_name_are_told_apart(tmp_path, capsys):
    write(tmp_path, line(20))
    write(tmp_path / "sub", line(21))
    code, _, err = run(capsys, "check", "a.csv", str(tmp_path / "a.csv"), "sub/a.csv")
    assert code == 1 and err.splitlines() == [
        f"sub/a.csv, row 2, count: 21 contradicts row 2 of {tmp_path.name}/a.csv, which gives 20 for the same count and"
        " day. Delete one.",
        "1 problem in 1 row of 2 files. Correct this, and check again.",
    ]


@pytest.mark.usefixtures("home")
def test_quarters_says_who_reported_and_what_was_revised(tmp_path, capsys):
    add(capsys, tmp_path, line(20), line(30, SAN_DIEGO))
    assert run(capsys, "quarters", "--revisions")[1] == "No count that was known has changed.\n"
    add(capsys, tmp_path, line(26, as_of="2012-11-30"), line(21, as_of="2012-11-15"))
    add(capsys, tmp_path, line(30, SAN_DIEGO, as_of="2012-11-30"))  # It is the same, and no revision.
    out = run(capsys, "quarters")[1].splitlines()
    assert out[8] == "2012Q3  none of 5 counts known, 2 of 9 task forces reported, none of them all 5 counts"
    assert out[9] == f"        returned by: North Bay Human Trafficking Task Force; {SAN_DIEGO}"
    assert out[10].startswith("        missing: East Bay Human Trafficking Task Force; Fresno") and len(out) == 11
    assert run(capsys, "quarters", "--revisions")[1].splitlines() == [
        "2012Q3 North Bay Human Trafficking Task Force, arrests, all: 20 (2012-10-31) became 21 (2012-11-15), +1",
        "2012Q3 North Bay Human Trafficking Task Force, arrests, all: 21 (2012-11-15) became 26 (2012-11-30), +5",
    ]


@pytest.mark.usefixtures("home")
def test_data_returns_gives_the_numbers_as_known_on_a_day(tmp_path, capsys):
    add(capsys, tmp_path, line(20))
    add(capsys, tmp_path, line(26, as_of="2012-11-30"))
    for day, count in (("2012-10-31", "20"), ("2012-11-29", "20"), ("2012-11-30", "26"), ("latest", "26")):
        code, out, _ = run(capsys, "data", "returns", "--as-of", day)
        head, row = csv.reader(io.StringIO(out))
        assert code == 0 and tuple(head) == COLUMNS and row[5] == count
    assert run(capsys, "data", "returns", "--as-of", "2012-10-30")[1] == ",".join(COLUMNS) + "\n"
    code, _, err = run(capsys, "data", "htrs", "--as-of", "2012-10-30")
    assert code == 1 and err.startswith("--as-of goes with the returns alone")
    code, out, _ = run(capsys, "data", "returns")
    assert code == 0 and out.startswith("Staff’s quarterly returns") and "Not to be passed on" in out


def test_the_store_is_checked_without_a_file(home, tmp_path, capsys):
    add(capsys, tmp_path, line(20))
    code, out, err = run(capsys, "check")
    assert (code, err) == (0, "") and out == f"No problem found in {store.folder()}: 1 row, as they were added.\n"
    path = home / "data" / "quarters" / "2012Q3.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",20,", ",21,"), encoding="utf-8")
    code, out, err = run(capsys, "check")
    assert (code, out) == (1, "") and "2012Q3.csv, row 2: this row was touched by hand" in err
    code, _, err = run(capsys, "add", str(write(tmp_path, line(30, SAN_DIEGO))))
    assert code == 1 and "touched by hand" in err
    code, out, _ = run(capsys, "check", "--format", "json")
    assert code == 1 and json.loads(out)["problems"][0]["row"] == 2


@running(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.dictionaries(st.integers(0, 44), st.integers(0, 500), min_size=1, max_size=12))
def test_from_template_to_export_no_count_changes(home, tmp_path, capsys, counts):
    shutil.rmtree(home / "data" / "quarters", ignore_errors=True)
    (tmp_path / "returns-2012Q3.xlsx").unlink(missing_ok=True)
    run(capsys, "template", "2012Q3")
    fill(tmp_path / "returns-2012Q3.xlsx", counts)
    assert run(capsys, "add", "returns-2012Q3.xlsx")[0] == 0
    exported = list(csv.DictReader(io.StringIO(run(capsys, "data", "returns", "--as-of", "latest")[1])))
    sheet = openpyxl.load_workbook(tmp_path / "returns-2012Q3.xlsx")["Returns"]
    filled = {row[2:5]: row[5] for row in sheet.iter_rows(min_row=5, values_only=True) if row[5] is not None}
    assert {tuple(row[name] for name in COLUMNS[2:5]): int(row["count"]) for row in exported} == filled
    # The export is a return again.
    again = tmp_path / "export.csv"
    again.write_text(run(capsys, "data", "returns", "--as-of", "latest")[1], encoding="utf-8")
    assert run(capsys, "add", "export.csv")[1] == "Nothing was stored: there is no new count.\n"


def test_today_is_the_last_day_on_which_a_return_is_known(home, tmp_path, capsys, monkeypatch):
    class Day(datetime.date):
        @classmethod
        def today(cls):
            return cls(2012, 10, 30)

    monkeypatch.setattr(commands, "date", Day)
    assert "2012-10-31 is in the future" in run(capsys, "add", str(write(tmp_path, line(20))))[2]
    assert not list((home / "data").glob("quarters/*.csv"))
