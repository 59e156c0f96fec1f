"""What returns would change is the same whether one process looks at the store twice, or two at the same time."""

import datetime
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from test_checks import line, write

import htanalysis as ht
from htanalysis import previews, store
from htanalysis.checks import check_files

#: Runs the command line once some lines have changed how it looks at the store.
RUN = """
import os, pathlib, sys, time
from htanalysis import cli, previews
look, own = previews._look, os.getpid()
{lines}
sys.exit(cli.main())
"""
ONE, TWO = (f"previews._can_fork = lambda: {answer}\n" for answer in (False, True))
linux = pytest.mark.skipif(sys.platform != "linux", reason="no process is forked elsewhere")


@pytest.fixture
def returned(tmp_path):
    """Give a file of a new quarter, of a part of the next, and of the report's years, which it contradicts."""
    names = ht.load("task_forces")["task_force"]
    rows = [line(20 + number, name) for number, name in enumerate(names)]
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
    told = previews.preview(rows_of(returned))
    assert list(told) == ["known", "revisions", "statements", "hidden", "late", "findings", "failed"]
    assert told["known"] and told["statements"] and told["hidden"] and told["findings"]
    elsewhere = [
        "previews._look = lambda: look() if os.getpid() == own else 1 / 0",
        "previews._look = lambda: look() if os.getpid() == own else os._exit(1)",
    ]
    # What fails in the other process is done in this one.
    for lines in (ONE, TWO, *(TWO + each for each in elsewhere)):
        done = subprocess.run(command(lines, returned, "--format", "json"), capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["changes"] == told and done.stderr == ""


@linux
def test_what_fails_in_both_processes_is_told_once(returned):
    fail = "from htanalysis.errors import HtanalysisError\ndef fail():\n    raise HtanalysisError('It failed.')\n"
    lines = f"{TWO}{fail}previews._look = fail"
    done = subprocess.run(command(lines, returned), capture_output=True, text=True, check=False)
    assert done.returncode == 1 and re.sub("Notice: .*\n", "", done.stderr) == "It failed.\n"
    assert done.stdout == "What adding 21 counts would change:\n"


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_check_ends_both_processes(returned, tmp_path, number):
    running = tmp_path / "running"
    running.mkdir()
    slow = f"previews._look = lambda: (pathlib.Path({str(running)!r}, str(os.getpid())).touch(), time.sleep(60))"
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
    find = previews.find_findings

    def fail(path, parameters):
        if path.stem == "01-quarterly-trends" and parameters["quarter"] != "2012Q2":
            raise KeyError("arrests")
        return find(path, parameters)

    monkeypatch.setattr(previews, "find_findings", fail)
    monkeypatch.setattr(previews, "_can_fork", lambda: False)
    told = previews.preview(rows_of(returned))
    assert told["failed"] == [{"notebook": "01-quarterly-trends", "error": "KeyError: 'arrests'"}]
    assert told["findings"] and not [each for each in told["findings"] if each["notebook"] == "01-quarterly-trends"]
    assert list(previews.tell(told))[-1] == "With these counts 01-quarterly-trends would fail: KeyError: 'arrests'"


def test_where_nothing_would_be_added_nothing_changes(returned, monkeypatch):
    monkeypatch.setattr(previews, "_look", None)
    told = previews.preview(rows_of(returned)[:0])
    assert set(map(tuple, told.values())) == {()}
    assert next(previews.tell(told)) == "Counts of the state newly known: none"


def test_statements_change_only_where_returns_say_what_the_report_does(monkeypatch):
    counts = ht.count_quarters()
    monkeypatch.setattr(previews, "recompute_claims", None)
    later = counts.assign(count=counts["count"].fillna(7))
    assert previews._list_statements(counts, later).empty
