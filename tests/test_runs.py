import json
import os
import signal
import time
from contextlib import contextmanager
from threading import Thread

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import htanalysis as ht
from htanalysis import forks, inputs, runs
from htanalysis.notebooks import find_notebooks, read_outputs
from htanalysis.runs import Turns, plan_tasks, read_declared, run_here, run_tasks

PARAMETERS = new_code_cell('quarter: str = "2012Q2"  # quarter', metadata={"tags": ["parameters"]})


def write(folder, name, *cells):
    """Write a small notebook; the parameters cell comes first."""
    path = folder / f"{name}.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=list(cells), metadata=kernel), path)
    return path


def run(*sources, jobs=2, where_declared=None, **parameters):
    """Run notebooks; give the outcome of each by name."""
    tasks = plan_tasks([read_declared(path) for path in sources], {"quarter": "2012Q2"} | parameters, where_declared)
    outcomes = {task.source.stem: outcome for task, outcome in run_tasks(tasks, Turns(jobs), run_here)}
    assert sorted(outcomes) == sorted(path.stem for path in sources)
    return outcomes


def cells(outcome):
    return nbformat.reads(outcome.notebook.decode(), as_version=4).cells


@contextmanager
def interrupted_when(ready):
    """Press Ctrl-C, as it were, as soon as something is so; the block must end by it."""

    def press():
        deadline = time.monotonic() + 60
        while not ready() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        yield


def test_the_notebooks_are_found_in_reading_order():
    names = [path.stem for path in find_notebooks()]
    assert names[0] == "00-start-here" and names[-1] == "08-returns" and len(names) == 9


def test_outputs_are_read_and_nothing_of_the_machine_is_kept(tmp_path):
    code = (
        "import htanalysis as ht\n"
        'ht.Finding(id="a-finding", sentence=quarter, basis="computed", source=["table-1"], value=1, formula="1")'
    )
    source = write(tmp_path, "one", PARAMETERS, new_code_cell(code))
    before = source.read_bytes()
    target = tmp_path / "executed.ipynb"
    target.write_bytes(run(source, quarter="2011Q4")["one"].notebook)
    ((kind, content),) = read_outputs(target)
    assert kind == "finding" and content["sentence"] == "2011Q4"
    text = target.read_text(encoding="utf-8")
    assert str(tmp_path) not in text and "papermill" not in text.replace("injected-parameters", "")
    assert 'execution"' not in text and "start_time" not in text
    assert source.read_bytes() == before


def test_a_default_run_leaves_the_notebook_without_a_cell_of_parameters(tmp_path):
    source = write(tmp_path, "one", PARAMETERS)
    assert len(cells(run(source)["one"])) == 1


def test_a_notebook_that_stops_says_where_and_the_others_still_run(tmp_path):
    bad = write(
        tmp_path, "bad", new_markdown_cell("# A question"), PARAMETERS, new_code_cell("x = 1"), new_code_cell("1 / 0")
    )
    good = write(tmp_path, "good", PARAMETERS, new_code_cell("quarter"))
    outcomes = run(bad, good, quarter="2011Q4")
    # The cell of the new parameters stands third, so the failing cell is the fifth.
    assert str(outcomes["bad"].failure.kept_as(tmp_path / "bad.ipynb")).split("\n") == [
        "The notebook bad stopped.",
        "Cell: 5, counted from 1.",
        "Error: ZeroDivisionError: division by zero",
        f"Partly executed notebook: {tmp_path / 'bad.ipynb'}",
    ]
    partly = cells(outcomes["bad"])
    assert partly[4].source == "1 / 0" and partly[4].outputs[0].ename == "ZeroDivisionError"
    assert outcomes["good"].failure is None
    assert cells(outcomes["good"])[-1].outputs[0].data["text/plain"] == "'2011Q4'"


def test_a_kernel_that_dies_is_a_failure_like_any_other(tmp_path):
    bad = write(tmp_path, "bad", PARAMETERS, new_code_cell("x = 1\nx"), new_code_cell("import os\nos._exit(1)"))
    outcomes = run(bad, write(tmp_path, "good", PARAMETERS))
    assert str(outcomes["bad"].failure).split("\n") == [
        "The notebook bad stopped.",
        "Cell: 3, counted from 1.",
        "Error: DeadKernelError: Kernel died",
    ]
    assert cells(outcomes["bad"])[1].outputs[0].data["text/plain"] == "1"
    assert b"papermill" not in outcomes["bad"].notebook
    assert outcomes["good"].failure is None


@pytest.mark.parametrize("text", ["", '{"cells": [', "[]", "{}", '{"nbformat": 99, "metadata": {}, "cells": []}'])
def test_a_file_that_is_no_notebook_is_a_failure_like_any_other(tmp_path, text):
    bad = tmp_path / "bad.ipynb"
    bad.write_text(text, encoding="utf-8")
    outcomes = run(bad, write(tmp_path, "good", PARAMETERS))
    lines = str(outcomes["bad"].failure).split("\n")
    assert lines[:2] == ["The notebook bad stopped.", "Cell: none was reached."]
    assert lines[2].startswith("Error: ") and len(lines) == 3
    assert outcomes["bad"].notebook.decode() == text
    assert outcomes["good"].failure is None


def test_what_the_system_refuses_is_no_failure_of_a_notebook(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs.papermill, "execute_notebook", fail)
    with pytest.raises(OSError, match="No space left"):
        run(write(tmp_path, "one", PARAMETERS))


def test_a_stopped_run_ends_what_runs_and_starts_nothing_more(tmp_path):
    started, later = tmp_path / "started", tmp_path / "later"
    code = f"import os, pathlib, time\npathlib.Path({str(started)!r}).write_text(str(os.getpid()))\ntime.sleep(60)"
    # The second one's kernel is made ready while the first one computes, so that either can come first.
    slow = [write(tmp_path, name, PARAMETERS, new_code_cell(code)) for name in ("first", "second")]
    touch = f"import pathlib\npathlib.Path({str(later)!r}).touch()"
    third = write(tmp_path, "third", PARAMETERS, new_code_cell(touch))
    began = time.monotonic()
    with interrupted_when(lambda: started.exists() and started.read_text()):
        run(*slow, third, jobs=1)
    assert time.monotonic() - began < 30 and not later.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_a_stopped_run_does_not_go_on_to_the_next_cell(tmp_path):
    started, later = tmp_path / "started", tmp_path / "later"
    quick = new_code_cell(f"import pathlib, time\npathlib.Path({str(started)!r}).touch()\ntime.sleep(0.5)")
    last = new_code_cell(f"pathlib.Path({str(later)!r}).touch()")
    with interrupted_when(started.exists):
        run(write(tmp_path, "one", PARAMETERS, quick, last))
    assert not later.exists()


def test_no_more_notebooks_compute_at_the_same_time_than_there_are_jobs(tmp_path):
    code = (
        "import pathlib, time\n"
        f"place = pathlib.Path({str(tmp_path)!r})\n"
        "mine = place / f'{time.monotonic_ns()}.at-work'\n"
        "mine.touch()\ntime.sleep(0.3)\nprint(len(list(place.glob('*.at-work'))))\nmine.unlink()"
    )
    outcomes = run(*(write(tmp_path, name, PARAMETERS, new_code_cell(code)) for name in "abcd"), jobs=2)
    seen = [int(cells(outcome)[-1].outputs[0].text) for outcome in outcomes.values()]
    assert 1 <= max(seen) <= 2


def test_a_folder_without_notebooks_is_refused(tmp_path):
    with pytest.raises(ht.HtanalysisError, match="holds no notebook") as caught:
        find_notebooks(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_folder_may_have_braces_in_its_name(tmp_path):
    folder = tmp_path / "{quarter}"
    folder.mkdir()
    assert run(write(folder, "one", PARAMETERS))["one"].failure is None


def test_a_parameter_that_a_notebook_does_not_declare_stops_the_run_before_it_begins(tmp_path):
    source = write(tmp_path, "one", PARAMETERS)
    with pytest.raises(ht.HtanalysisError) as caught:
        run(source, qarter="2012Q2")
    assert 'one.ipynb has no parameter "qarter"' in str(caught.value) and "it has: quarter" in str(caught.value)


def test_a_value_goes_to_the_notebooks_that_declare_it_in_their_type(tmp_path):
    share = new_code_cell('quarter: str = "2012Q2"\nshare: float = 0.5', metadata={"tags": ["parameters"]})
    sources = [write(tmp_path, "one", PARAMETERS), write(tmp_path, "two", share)]
    declared = [read_declared(path) for path in sources]
    tasks = plan_tasks(declared, {"quarter": "2012Q2"}, {"share": 1})
    assert [task.parameters for task in tasks] == [{}, {"share": 1.0}]
    assert [task.parameters for task in plan_tasks(declared, {"quarter": "2012Q2"}, {"share": 0.5})] == [{}, {}]
    with pytest.raises(ht.HtanalysisError, match=r"two\.ipynb is of type float, and 'half' is not"):
        plan_tasks(declared, {"quarter": "2012Q2"}, {"share": "half"})


SEES = (
    "import json, os, pandas, sys, threading\n"
    "import htanalysis as ht\n"
    "ht.load('tcvap')\n"
    "print(json.dumps([os.environ['OPENBLAS_NUM_THREADS'], os.environ['HTANALYSIS_HOME'], os.getpgid(0) == os.getpid(),"
    " os.environ['IPYTHONDIR'].startswith('/') and sorted(n for n in globals() if n.startswith('left'))]))\n"
    "left = 1"
)


@pytest.mark.parametrize("forked", [True, False])
def test_a_kernel_has_a_namespace_and_a_process_of_its_own_forked_or_not(tmp_path, monkeypatch, forked):
    monkeypatch.setattr(forks, "AVAILABLE", forked)
    outcomes = run(*(write(tmp_path, name, PARAMETERS, new_code_cell(SEES)) for name in "ab"), jobs=1)
    for outcome in outcomes.values():
        assert outcome.failure is None
        assert json.loads(cells(outcome)[-1].outputs[0].text) == ["1", str(runs.kernels.settings.HOME), True, []]
        assert outcome.noted[inputs.WATCHED] == ["yes"] and "file data/report/tcvap.csv" in outcome.noted
        assert not [name for name in outcome.noted if name.startswith(inputs.PAST_LOADERS)]


def test_where_nothing_can_be_forked_a_kernel_starts_as_ever(tmp_path, monkeypatch):
    def fail(*_):
        raise EOFError

    monkeypatch.setattr(forks, "Fork", fail)
    assert run(write(tmp_path, "one", PARAMETERS, new_code_cell("1 + 1")))["one"].failure is None


def test_kernels_that_are_forked_draw_their_own_random_numbers(tmp_path):
    code = "import random, numpy\nprint(random.random(), numpy.random.default_rng().random(), numpy.random.rand())"
    outcomes = run(*(write(tmp_path, name, PARAMETERS, new_code_cell(code)) for name in "ab"))
    drawn = [cells(outcome)[-1].outputs[0].text.split() for outcome in outcomes.values()]
    assert all(one != other for one, other in zip(*drawn, strict=True))


@pytest.mark.parametrize(
    ("code", "noticed"),
    [
        ("open({file!r}).read()", True),
        ("import pandas\npandas.read_csv({file!r})", True),
        ("import os\nos.close(os.open({file!r}, os.O_RDONLY))", True),
        ("import subprocess\nsubprocess.run(['true'])", True),
        ("import socket\nsocket.socket().connect_ex(('127.0.0.1', 9))", True),
        ("import sqlite3\nsqlite3.connect({file!r})", True),
        ("open({file!r}, 'r+').read()", True),
        ("import io, pathlib\nio.FileIO(pathlib.Path({file!r}))", True),
        ("import os\nos.fork() or os._exit(0)", True),
        ("import sqlite3\nsqlite3.connect(':memory:')", False),
        ("open({file!r}, 'w').write('x')", False),
        ("1 + 1", False),
    ],
)
def test_what_is_read_past_the_loaders_is_noticed(tmp_path, code, noticed):
    file = tmp_path / "own.csv"
    file.write_text("a,b\n1,2\n")
    outcome = run(write(tmp_path, "one", PARAMETERS, new_code_cell(code.format(file=str(file)))))["one"]
    assert outcome.failure is None
    assert any(name.startswith(inputs.PAST_LOADERS) for name in outcome.noted) == noticed
