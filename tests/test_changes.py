"""What changed between two reports, and what returns would change: the same in one process as in two."""

import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pandas as pd
import pytest
from test_checks import line, write

import htanalysis as ht
from htanalysis.report import changes
from htanalysis.report.changes import (
    compare_findings,
    find_findings,
    list_newly_known,
    list_revisions,
    list_verdicts,
)
from htanalysis.returns import store
from htanalysis.returns.checks import check_files


def finding(name, value, low=None, high=None, basis="computed", **more):
    amount = "" if value is None else f"{value:g} times"
    content = {
        "notebook": "01-trends",
        "id": name,
        "sentence": f"{name} is {amount}.",
        "amount": amount,
        "value": value,
    }
    return content | {"low": low, "high": high, "basis": basis, "unit": "times", "digits": 1} | more


def test_findings_whose_value_range_or_basis_changed_are_told():
    before = [
        finding("same", 1),
        finding("value", 2),
        finding("range", 3, 1, 4),
        finding("basis", 5),
        finding("gone", 6),
    ]
    after = [
        finding("same", 1, sentence="Other words.", formula="1 ÷ 1"),
        *(finding("value", 2.5), finding("range", 3, 2, 4)),
        *(finding("basis", 5, basis="reported"), finding("new", 7)),
    ]
    assert [(change["id"], change["old"], change["new"]) for change in compare_findings(before, after)] == [
        ("value", "2 times, computed", "2.5 times, computed"),
        ("range", "3 times (1.0 to 4.0), computed", "3 times (2.0 to 4.0), computed"),
        ("basis", "5 times, computed", "5 times, reported"),
        ("new", "none", "7 times, computed"),
        ("gone", "6 times, computed", "none"),
    ]
    assert compare_findings(after, after) == []


def told_for(quarter, months, count, **more):
    """Give what a report finds of its own quarter, of its returns, and of no quarter."""
    return [
        finding("arrests-in-quarter", count, sentence=f"Arrests in {quarter}: {count}."),
        finding("victims-in-words", count, sentence=f"Victims identified from {months}: {count}."),
        finding(f"arrests-{quarter.lower()}-returned", count, sentence=f"Arrests in {quarter}: {count}; all reported."),
        *(finding(name, value, sentence=sentence) for name, (value, sentence) in more.items()),
    ]


def test_a_new_quarter_is_news_and_no_loss():
    before = told_for(
        *("2012Q3", "July to September 2012", 90),
        trend=(1.1, "It grew."),
        last=(2, "Arrests in 2012Q3 were many."),
        lost=(3, "It is told."),
    )
    after = told_for("2012Q4", "October to December 2012", 95, trend=(1.2, "It grew."), new=(4, "It is new."))
    quarters = ("2012Q3", "2012Q4")
    came = compare_findings(before, after, quarters, revised=False)
    assert [(each["id"], each["old"], each["new"], each["cause"]) for each in came] == [
        ("arrests-in-quarter", "90 times, computed", "95 times, computed", "quarter"),
        ("victims-in-words", "90 times, computed", "95 times, computed", "quarter"),
        ("arrests-2012q4-returned", "90 times, computed", "95 times, computed", "quarter"),
        ("trend", "1.1 times, computed", "1.2 times, computed", "quarter"),
        ("new", "none", "4 times, computed", "quarter"),
        ("lost", "3 times, computed", "none", "quarter"),
    ]
    assert {(each["then"], each["now"]) for each in came} == {quarters}
    # Where counts were revised, too, only what is said of the quarter itself is sure to come from it.
    both = {each["id"]: each["cause"] for each in compare_findings(before, after, quarters, revised=True)}
    assert both["trend"] == "either" and both["arrests-in-quarter"] == both["new"] == "quarter"
    same = compare_findings(before, told_for("2012Q3", "July to September 2012", 91), ("2012Q3", "2012Q3"))
    assert {each["cause"] for each in same} == {"revisions"} and len(same) == 6
    assert {(each["then"], each["now"]) for each in same} == {("before", "now")}


def counts(*given):
    cell = {"quarter": "2012Q3", "measure": "arrests", "trafficking_type": "all"}
    rows = [cell | {"task_force": name, "count": count} for name, count in given]
    return pd.DataFrame(rows).astype({"count": "Int64"})


def test_only_counts_that_are_shown_both_times_are_revisions():
    before = counts(("A", 12), ("B", 20), ("C", None), ("D", 5))
    after = counts(("A", 15), ("B", 20), ("C", 30), ("E", 6))
    revised = list_revisions(before, after)
    assert revised[["task_force", "old", "new", "difference"]].to_numpy().tolist() == [["A", 12, 15, 3]]


def test_counts_of_the_state_that_were_not_known_are_new():
    before = pd.DataFrame(
        {"quarter": ["2012Q2", "2012Q3"], "measure": "arrests", "count": pd.array([377, None], "Int64")}
    )
    after = before.assign(count=pd.array([380, 90], "Int64"))
    assert list_newly_known(before, after).to_dict("records") == [
        {"quarter": "2012Q3", "measure": "arrests", "count": 90}
    ]
    assert list_newly_known(after, before).empty


def test_statements_with_another_verdict_are_told():
    before = pd.DataFrame(
        {
            "claim_id": ["a", "b"],
            "chapter": "1",
            "quote": "q",
            "stated": "5",
            "recomputed": "5",
            "verdict": "reproduces",
        }
    )
    after = before.assign(verdict=["reproduces", "differs"], recomputed=["5", "6"])
    told = list_verdicts(before, after)
    assert told[["claim_id", "recomputed", "old", "new"]].to_numpy().tolist() == [["b", "6", "reproduces", "differs"]]


# What would change


def test_findings_are_found_in_their_order_and_nothing_is_drawn(tmp_path):
    def say(name, value):
        return f'ht.Finding(id="{name}", sentence="", value={value}, basis="reported", source=["collection"])'

    sources = [
        "import sys\nimport htanalysis as ht\ndrawn = 'plotly' in sys.modules",
        "quarter: str = 'none'\nnumber: int = 1",
        f"display({say('first', 'number')})\nht.draw_known(1)\nprint(2)",
        f"ht.draw_known(1) if quarter == 'none' else {say('second', 2)}",
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[1].metadata["tags"] = ["parameters"]
    path = tmp_path / "01-one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    found = find_findings(path, {"quarter": "2012Q2", "number": 7})
    assert [(each["notebook"], each["id"], each["value"]) for each in found] == [
        *(("01-one", "first", 7), ("01-one", "second", 2))
    ]
    assert callable(ht.draw_known) and "draw_known" not in vars(ht), "drawing is there again"
    cells[3].source = "1 / 0"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(ZeroDivisionError):
        find_findings(path, {})


#: Runs the command line once some lines have changed how it looks at the store.
RUN = """
import os, pathlib, sys, time
from htanalysis import cli
from htanalysis.report import changes
look, own = changes._look, os.getpid()
{lines}
sys.exit(cli.main())
"""
ONE, TWO = (f"changes._can_fork = lambda: {answer}\n" for answer in (False, True))
linux = pytest.mark.skipif(sys.platform != "linux", reason="no process is forked elsewhere")


@pytest.fixture
def returned(home, tmp_path, monkeypatch):
    """Give a file of a new quarter, of a part of the next, and of the report's years, which it contradicts."""
    names = ht.load("task_forces")["task_force"]
    monkeypatch.setenv("HTANALYSIS_HOME", str(home))
    # Nearly all are of one task force: the state’s count is known, and not for the public.
    rows = [line(1 if number else 200, name) for number, name in enumerate(names)]
    rows += [line(9, name, "2012-10-01,2012-12-31", as_of="2013-01-31") for name in names[:4]]
    quarters = [
        f"{quarter.start_time.date()},{quarter.end_time.date()}" for quarter in ht.parse_period("2010Q3:2012Q2")
    ]
    return write(tmp_path, *rows, *[line(230, "Statewide", quarter) for quarter in quarters])


def rows_of(path):
    return check_files([path], store.read_store(), datetime.date.today()).rows


def command(lines, *arguments):
    return [sys.executable, "-c", RUN.format(lines=lines), "check", *map(str, arguments)]


@linux
def test_two_processes_tell_the_same_as_one(returned):
    told = changes.preview(rows_of(returned))
    assert list(told) == [
        "known",
        "gone",
        "revisions",
        "again",
        "statements",
        "hidden",
        "late",
        "news",
        "findings",
        "failed",
    ]
    assert told["known"] and told["statements"] and told["hidden"] and told["news"] and told["findings"]
    elsewhere = [
        "changes._look = lambda *given: look(*given) if os.getpid() == own else 1 / 0",
        "changes._look = lambda *given: look(*given) if os.getpid() == own else os._exit(1)",
    ]
    # What fails in the other process is done in this one.
    for lines in (ONE, TWO, *(TWO + each for each in elsewhere)):
        shutil.rmtree(store.folder() / ".kept")
        done = subprocess.run(command(lines, returned, "--format", "json"), capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["changes"] == told and done.stderr == ""


def test_what_the_last_check_saw_is_not_looked_at_again(home, returned, monkeypatch):
    """The counts that were checked and added are what the next check begins with."""
    rows, looked, look = rows_of(returned), [], changes._look
    monkeypatch.setattr(changes, "_can_fork", lambda: False)
    monkeypatch.setattr(changes, "_look", lambda states, parts: looked.append(len(states)) or look(states, parts))
    told = changes.preview(rows)
    assert looked == [2] and changes.preview(rows) == told and looked == [2]
    with store.locked():
        store.append(rows)
    (home / "next.csv").write_text(
        returned.read_text().splitlines()[0] + "\n" + line(3, "Statewide", as_of="2013-03-01")
    )
    more = rows_of(home / "next.csv")
    later = changes.preview(more)
    assert looked == [2, 1], "one state alone is new"
    kept = sorted((store.folder() / ".kept").glob("*/*"))
    assert len(kept) == 2 and {path.stat().st_mode & 0o77 for path in kept} == {0}
    for path in kept:
        path.unlink()
    assert changes.preview(more) == later and looked == [2, 1, 2]


def test_a_kept_look_that_was_touched_is_not_read(returned, monkeypatch, capsys):
    monkeypatch.setattr(changes, "_can_fork", lambda: False)
    told = changes.preview(rows_of(returned))
    for path in (store.folder() / ".kept").glob("*/*"):
        seal, _, _ = path.read_bytes().partition(b"\n")
        path.write_bytes(seal + b"\nno pickle")
    assert changes.preview(rows_of(returned)) == told
    assert capsys.readouterr().err.count("was changed by hand, and is computed again") == 2


@linux
def test_what_fails_in_both_processes_is_told_once(returned):
    fail = "from htanalysis.errors import HtanalysisError\ndef fail(*_):\n    raise HtanalysisError('It failed.')\n"
    lines = f"{TWO}{fail}changes._look = fail"
    done = subprocess.run(command(lines, returned), capture_output=True, text=True, check=False)
    assert done.returncode == 1 and re.sub("Notice: .*\n", "", done.stderr) == "It failed.\n"
    assert done.stdout.endswith("What adding 21 counts would change:\n")


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_check_ends_both_processes(returned, tmp_path, number):
    running = tmp_path / "running"
    running.mkdir()
    slow = f"changes._look = lambda *_: (pathlib.Path({str(running)!r}, str(os.getpid())).touch(), time.sleep(60))"
    options = {"start_new_session": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command(TWO + slow, returned), **options)
    while process.poll() is None and len(list(running.iterdir())) < 2:
        time.sleep(0.05)
    os.killpg(process.pid, number)  # as a terminal does
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and re.sub("Notice: .*\n", "", err) == "Stopped. Nothing half done is left.\n"
    for path in running.iterdir():
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.name), 0)


def test_a_notebook_that_would_fail_is_told_with_all_else(returned, monkeypatch):
    find = changes.find_findings

    def fail(path, parameters):
        if path.stem == "01-quarterly-trends" and parameters["quarter"] != "2012Q2":
            raise KeyError("arrests")
        return find(path, parameters)

    monkeypatch.setattr(changes, "find_findings", fail)
    monkeypatch.setattr(changes, "_can_fork", lambda: False)
    told = changes.preview(rows_of(returned))
    assert told["failed"] == [{"notebook": "01-quarterly-trends", "error": "KeyError: 'arrests'"}]
    assert told["findings"] and not [each for each in told["findings"] if each["notebook"] == "01-quarterly-trends"]
    assert list(changes.tell(told))[-1] == (
        "With these counts the page 01-quarterly-trends could not be made: KeyError: 'arrests'. You can store them all"
        " the same; send this line to whoever looks after the collection."
    )


def test_where_nothing_would_be_added_nothing_changes(returned, monkeypatch):
    monkeypatch.setattr(changes, "_look", None)
    told = changes.preview(rows_of(returned)[:0])
    assert set(map(tuple, told.values())) == {()}
    assert next(changes.tell(told)) == "Counts of the state newly known: none"


def test_statements_change_only_where_returns_say_what_the_report_does(monkeypatch):
    counts = ht.count_quarters()
    monkeypatch.setattr(changes, "recompute_claims", None)
    later = counts.assign(count=counts["count"].fillna(7))
    assert changes._list_statements(counts, later).empty
