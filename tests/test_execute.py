"""Notebooks in processes of their own: what they show, how they stop, and what of the machine they do not see."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Thread

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import htanalysis as ht
from htanalysis import settings
from htanalysis.report import execute
from htanalysis.report.cache import Failure, Kept, Outcome, Task, pack
from htanalysis.report.execute import plan_task, read_task, run_or_find, run_tasks
from htanalysis.report.notebooks import find_notebooks, read_executed
from htanalysis.returns.views import hand_over

PARAMETERS = new_code_cell('quarter: str = "2012Q2"  # quarter', metadata={"tags": ["parameters"]})
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
DATA = pack(settings.HOME)


def write(folder, name, *cells):
    """Write a small notebook; the parameters cell comes first."""
    path = folder / f"{name}.ipynb"
    cells = [cell if isinstance(cell, dict) else new_code_cell(cell) for cell in cells]
    nbformat.write(new_notebook(cells=cells, metadata=KERNEL), path)
    return path


def plan(*sources, where_declared=None, **parameters):
    returns = hand_over("report", "public")
    given = {"quarter": "2012Q2"} | parameters
    return [plan_task(read_task(path), given, where_declared or {}, returns) for path in sources]


def run(*sources, jobs=2, **parameters):
    """Run notebooks; give the outcome of each by name."""
    outcomes = {task.source.stem: outcome for task, outcome in run_tasks(plan(*sources, **parameters), DATA, jobs)}
    assert sorted(outcomes) == sorted(path.stem for path in sources)
    return outcomes


def cells(outcome):
    return nbformat.reads(outcome.notebook.decode(), as_version=4).cells


def shown_by(tmp_path, *codes):
    """Give the outputs of the last cell of a notebook."""
    outcome = run(write(tmp_path, "one", PARAMETERS, *codes))["one"]
    return cells(outcome)[-1].outputs


@contextmanager
def interrupted_when(ready):
    """Press Ctrl-C, as it were, as soon as something is so; the block must end by it."""

    def press():
        wait_until(ready)
        os.kill(os.getpid(), signal.SIGINT)

    Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        yield


def wait_until(so, seconds=60):
    """Wait until something is so, though not for ever, and say whether it is."""
    deadline = time.monotonic() + seconds
    while not so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return so()


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# What a notebook shows


def test_outputs_are_read_and_nothing_of_the_machine_is_kept(tmp_path):
    told = 'ht.Finding(id="a-finding", sentence=quarter, basis="computed", source=["table-1"], value=1, formula="1")'
    source = write(tmp_path, "one", PARAMETERS, f"import htanalysis as ht\n{told}")
    before = source.read_bytes()
    target = tmp_path / "executed.ipynb"
    target.write_bytes(run(source, quarter="2011Q4")["one"].notebook)
    ((kind, content),) = read_executed(target).shown
    assert kind == "finding" and content["sentence"] == "2011Q4"
    text = target.read_text(encoding="utf-8")
    assert str(tmp_path) not in text and "papermill" not in text.replace("injected-parameters", "")
    assert source.read_bytes() == before


def test_a_cell_shows_what_a_kernel_would_in_the_same_order(tmp_path):
    assert len(cells(run(write(tmp_path, "one", PARAMETERS))["one"])) == 1, "by default no cell of parameters is added"
    code = (
        "import sys\nfrom IPython.display import Markdown\n"
        "print('one', 2)\nprint('three')\nprint('wrong', file=sys.stderr)\n"
        "display(Markdown('*four*'))\nprint('five')\n6"
    )
    outputs = shown_by(tmp_path, "None", code)
    assert [(each.output_type, each.get("name")) for each in outputs] == [
        *(("stream", "stdout"), ("stream", "stderr"), ("display_data", None), ("stream", "stdout")),
        ("execute_result", None),
    ]
    assert [each.text for each in outputs if "text" in each] == ["one 2\nthree\n", "wrong\n", "five\n"]
    assert outputs[2].data["text/markdown"] == "*four*"
    assert outputs[4].data == {"text/plain": "6"} and outputs[4].execution_count == 3
    assert shown_by(tmp_path, "1 + 1", "_ * 10")[0].data["text/plain"] == "20"


@pytest.mark.parametrize("path", find_notebooks()[::4], ids=lambda path: path.stem)
def test_a_committed_notebook_comes_out_as_it_was_proved_in_a_kernel(path):
    outcome = run(path)[path.stem]
    assert outcome.failure is None and outcome.notebook == path.read_bytes()


# How a notebook stops


def test_a_notebook_that_stops_says_where_and_the_others_still_run(tmp_path):
    bad = write(tmp_path, "bad", new_markdown_cell("# A question"), PARAMETERS, "x = 1", "1 / 0", "print('never')")
    outcomes = run(bad, write(tmp_path, "good", PARAMETERS, "quarter"), quarter="2011Q4")
    # The cell of the new parameters stands third, so the failing cell is the fifth.
    assert outcomes["bad"].failure == Failure("bad", 5, "ZeroDivisionError: division by zero")
    assert str(outcomes["bad"].failure).split("\n") == [
        *("The notebook bad stopped.", "Cell: 5, counted from 1.", "Error: ZeroDivisionError: division by zero")
    ]
    partly = cells(outcomes["bad"])
    assert partly[4].outputs[0].ename == "ZeroDivisionError" and partly[4].outputs[0].traceback
    assert partly[5].outputs == [] and partly[5].execution_count is None
    assert outcomes["good"].failure is None
    assert cells(outcomes["good"])[-1].outputs[0].data["text/plain"] == "'2011Q4'"


KILLED = "was killed (SIGKILL), as happens where memory is short"


@pytest.mark.parametrize(("code", "how"), [("os._exit(1)", "ended (1)"), ("os.kill(os.getpid(), 9)", KILLED)])
def test_a_process_that_dies_is_a_failure_like_any_other(tmp_path, code, how):
    code = f"import os, subprocess\nsubprocess.Popen(['sleep', '60'])\n{code}"
    bad = write(tmp_path, "bad", PARAMETERS, "x = 1\nx", code)
    outcomes = run(bad, write(tmp_path, "good", PARAMETERS))
    assert outcomes["bad"].failure == Failure("bad", 3, f"The process that ran it {how}.")
    partly = cells(outcomes["bad"])
    assert (partly[1].outputs[0].data["text/plain"], partly[1].execution_count) == ("1", 2)
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


def test_a_stopped_run_ends_what_runs_with_all_that_it_started_and_starts_nothing_more(tmp_path):
    started, later = tmp_path / "started", tmp_path / "later"
    code = (
        "import os, pathlib, subprocess, time\nother = subprocess.Popen(['sleep', '60'])\n"
        f"pathlib.Path({str(started)!r}).write_text(f'{{os.getpid()}} {{other.pid}}')\ntime.sleep(60)"
    )
    slow = write(tmp_path, "first", PARAMETERS, code)
    touch = write(tmp_path, "second", PARAMETERS, f"import pathlib\npathlib.Path({str(later)!r}).touch()")
    began = time.monotonic()
    with interrupted_when(lambda: started.exists() and started.read_text()):
        run(slow, touch, jobs=1)
    assert time.monotonic() - began < 30 and not later.exists()
    assert wait_until(lambda: not any(map(is_there, map(int, started.read_text().split()))), 10)


def test_no_more_notebooks_compute_at_the_same_time_than_there_are_jobs(tmp_path):
    code = (
        "import pathlib, time\n"
        f"place = pathlib.Path({str(tmp_path)!r})\n"
        "mine = place / f'{time.monotonic_ns()}.at-work'\n"
        "mine.touch()\ntime.sleep(0.3)\nprint(len(list(place.glob('*.at-work'))))\nmine.unlink()"
    )
    outcomes = run(*(write(tmp_path, name, PARAMETERS, code) for name in "abcd"), jobs=2)
    assert 1 <= max(int(cells(outcome)[-1].outputs[0].text) for outcome in outcomes.values()) <= 2


# Parameters


def test_a_parameter_that_a_notebook_does_not_declare_stops_the_run_before_it_begins(tmp_path):
    source = write(tmp_path, "one", PARAMETERS)
    with pytest.raises(ht.HtanalysisError) as caught:
        run(source, qarter="2012Q2")
    assert 'one.ipynb has no parameter "qarter"' in str(caught.value) and "it has: quarter" in str(caught.value)


def test_a_value_goes_to_the_notebooks_that_declare_it_in_their_type(tmp_path):
    share = new_code_cell('quarter: str = "2012Q2"\nshare: float = 0.5', metadata={"tags": ["parameters"]})
    sources = [write(tmp_path, "one", PARAMETERS), write(tmp_path, "two", share)]
    tasks = plan(*sources, where_declared={"share": 1})
    assert [task.parameters for task in tasks] == [{}, {"share": 1.0}]
    assert "share = 1.0" in tasks[1].content.decode()
    assert [task.parameters for task in plan(*sources, where_declared={"share": 0.5})] == [{}, {}]
    with pytest.raises(ht.HtanalysisError, match=r"two\.ipynb must be a number, and 'half' is not"):
        plan(*sources, where_declared={"share": "half"})


# The process


SEES = (
    "import json, os, pathlib, random, numpy\nimport htanalysis as ht\nfrom htanalysis import settings\n"
    "print(json.dumps([os.environ['OPENBLAS_NUM_THREADS'], len(ht.load('tcvap')) > 0,"
    " str(settings.HOME) == os.environ['HTANALYSIS_HOME'] == os.getcwd(), os.getpgid(0) == os.getpid(),"
    " (settings.HOME / 'data' / 'quarters').exists(), [name for name in globals() if name.startswith('left')]]))\n"
    "left = 1\nprint(random.random(), numpy.random.rand(), os.getcwd())"
)


@pytest.mark.parametrize("way", ["forkserver", "spawn"])
def test_a_notebook_has_a_process_a_namespace_and_a_copy_of_the_data_of_its_own(tmp_path, monkeypatch, way):
    monkeypatch.setattr(execute, "_WAY", way)
    outcomes = run(*(write(tmp_path, name, PARAMETERS, SEES) for name in "ab"), jobs=1)
    drawn = []
    for outcome in outcomes.values():
        assert outcome.failure is None
        seen, last = cells(outcome)[-1].outputs[0].text.splitlines()
        assert json.loads(seen) == ["1", True, True, True, False, []]
        drawn.append(last.split())
    one, other = drawn
    assert one[0] != other[0] and one[1] != other[1]
    assert not Path(one[2]).exists(), "the copy of the data is gone with the run"


def test_where_nothing_can_be_forked_processes_start_anew(tmp_path, monkeypatch):
    from multiprocessing import forkserver

    def fail(*_):
        raise EOFError

    monkeypatch.setattr(forkserver._forkserver, "connect_to_new_process", fail)
    assert run(write(tmp_path, "one", PARAMETERS, "1 + 1"))["one"].failure is None


def test_what_jupyter_and_ipython_are_set_up_with_is_not_read(tmp_path):
    spec = tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json"
    startup = tmp_path / "ipython" / "profile_default" / "startup" / "00-own.py"
    configuration = tmp_path / "ipython" / "profile_default" / "ipython_config.py"
    for path in (spec, startup):
        path.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["/bin/false", "-m", "ipykernel"], "display_name": "x", "language": "python"}))
    startup.write_text("raise SystemExit('start-up file')")
    configuration.write_text("raise SystemExit('configuration')\n")
    code = (
        "from pathlib import Path\nfrom test_execute import cells, run, write, PARAMETERS\n"
        f"(outcome,) = run(write(Path({str(tmp_path)!r}), 'one', PARAMETERS, '1 + 1')).values()\n"
        "print(outcome.failure, cells(outcome)[-1].outputs[0].data)"
    )
    own = os.environ | {"JUPYTER_PATH": str(tmp_path / "jupyter"), "IPYTHONDIR": str(tmp_path / "ipython")}
    own |= {"PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", code], env=own, capture_output=True, text=True, check=True)
    assert done.stdout == "None {'text/plain': '2'}\n"
    files = sorted(path.name for path in (tmp_path / "ipython").rglob("*") if path.is_file())
    assert files == ["00-own.py", "ipython_config.py"]


PROGRAM = """
import sys, time
from htanalysis import settings
from htanalysis.report.cache import Task, pack
from htanalysis.report.execute import run_tasks, warm_up
from htanalysis.returns.views import hand_over
print("begun", flush=True)
cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None, "source": sys.argv[1]}
notebook = '{"cells": [%s], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}' % __import__("json").dumps(cell)
task = Task(settings.HOME / "one.ipynb", notebook.encode(), returns=hand_over("report", "public"))
for _, outcome in run_tasks([task], pack(settings.HOME), 1):
    print(outcome.failure, flush=True)
"""


@pytest.fixture
def program(tmp_path):
    """Give a program without a guard that runs one cell of code."""
    path = tmp_path / "elsewhere" / "program.py"
    path.parent.mkdir()
    path.write_text(PROGRAM)
    return path


def test_a_program_runs_once_and_imports_not_what_lies_where_it_was_started(program, tmp_path):
    (tmp_path / "htanalysis").mkdir()
    (tmp_path / "htanalysis" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    command = [sys.executable, program, "import htanalysis; htanalysis.load('tcvap')"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("begun\nNone\n", "")


@pytest.mark.skipif(os.name != "posix", reason="no signals there")
def test_nothing_stays_behind_where_the_one_that_asked_is_killed(program, tmp_path):
    noted = tmp_path / "pid"
    code = f"import os, time\nopen({str(noted)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, program, code], stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: noted.exists() and noted.read_text())
        process.kill()
    assert wait_until(lambda: not is_there(int(noted.read_text())))


@pytest.mark.skipif(os.name != "posix", reason="no signals there")
def test_ctrl_c_while_imports_go_on_leaves_no_traceback():
    code = "import time; from htanalysis.report.execute import warm_up; warm_up(); print(1, flush=True); time.sleep(60)"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, **pipes)
    process.stdout.readline()
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=60)
    assert err.count("Traceback") == 1, "only that of the program itself"


# How far it is


@pytest.fixture
def three(tmp_path):
    """Give what is kept and three tasks, of which one is; and a way to run the others, of which one stops."""
    names = {"01-trends": "Did counts grow?", "02-arrests": "What of arrests?", "03-counties": "Where?"}
    tasks = [Task(tmp_path / f"{name}.ipynb", name.encode(), title=title) for name, title in names.items()]
    tasks[0] = replace(tasks[0], parameters={"quarter": "2012Q3"})
    kept = Kept(tmp_path / "kept", b"", "")
    kept.keep(tasks[2], Outcome(b"true"))
    failures = {"02-arrests": Failure("02-arrests", 1, "Error")}
    go = lambda waiting: ((task, Outcome(b"", failures.get(task.source.stem))) for task in waiting)  # noqa: E731
    return partial(run_or_find, tasks, kept, 2, go)


def test_progress_is_a_line_a_page_with_its_title_where_there_is_no_terminal(three, capsys):
    assert [task.source.stem for task, _ in three()] == ["03-counties", "01-trends", "02-arrests"]
    assert capsys.readouterr().err.splitlines() == [
        "1 of 3: Where? (as it was)",
        "2 of 3: Did counts grow? (2012Q3)",
        "3 of 3: What of arrests? (stopped, as is told at the end)",
    ]


def test_a_page_is_called_in_the_progress_as_its_notebook_is_titled():
    titles = [read_task(path).title for path in find_notebooks()]
    assert titles == [read_executed(path).title for path in find_notebooks()] and all(titles)


def test_progress_is_a_bar_on_a_terminal(three, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", shown := Terminal())
    assert len(list(three())) == 3
    states = [state for state in shown.getvalue().strip().split("\r") if state]
    assert re.fullmatch(r"3 done, 0 running, 1 failed of 3 pages \|\S{12}\| 00:\d\d, 00:00 left", states[-1])
