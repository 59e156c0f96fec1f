import io
import os
import re
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import htanalysis as ht
from htanalysis import runs
from htanalysis.errors import NotebookError
from htanalysis.notebooks import find_notebooks, read_outputs
from htanalysis.runs import run_notebooks

PARAMETERS = new_code_cell('quarter: str = "2012Q2"  # quarter', metadata={"tags": ["parameters"]})


def write(folder, name, *cells):
    """Write a small notebook; the parameters cell comes first."""
    path = folder / f"{name}.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=list(cells), metadata=kernel), path)
    return path


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
    target = run_notebooks([source], tmp_path / "out", {"quarter": "2011Q4"})[0]
    ((kind, content),) = read_outputs(target)
    assert kind == "finding" and content["sentence"] == "2011Q4"
    text = target.read_text(encoding="utf-8")
    assert str(tmp_path) not in text and "papermill" not in text.replace("injected-parameters", "")
    assert 'execution"' not in text and "start_time" not in text
    assert source.read_bytes() == before


def test_a_default_run_leaves_the_notebook_without_a_cell_of_parameters(tmp_path):
    source = write(tmp_path, "one", PARAMETERS)
    target = run_notebooks([source], tmp_path / "out", {"quarter": "2012Q2"})[0]
    assert len(nbformat.read(target, as_version=4).cells) == 1


def test_a_notebook_that_stops_says_where_and_the_others_still_run(tmp_path):
    bad = write(
        tmp_path, "bad", new_markdown_cell("# A question"), PARAMETERS, new_code_cell("x = 1"), new_code_cell("1 / 0")
    )
    good = write(tmp_path, "good", PARAMETERS, new_code_cell("quarter"))
    with pytest.raises(NotebookError) as caught:
        run_notebooks([bad, good], tmp_path / "out", {"quarter": "2011Q4"}, jobs=2)
    lines = str(caught.value).split("\n")
    # The cell of the new parameters stands third, so the failing cell is the fifth.
    assert lines == [
        "The notebook bad stopped.",
        "Cell: 5, counted from 1.",
        "Error: ZeroDivisionError: division by zero",
        f"Partly executed notebook: {tmp_path / 'out' / 'bad.ipynb'}",
    ]
    partly = nbformat.read(tmp_path / "out" / "bad.ipynb", as_version=4)
    assert partly.cells[4].source == "1 / 0" and partly.cells[4].outputs[0].ename == "ZeroDivisionError"
    finished = nbformat.read(tmp_path / "out" / "good.ipynb", as_version=4)
    assert finished.cells[-1].outputs[0].data["text/plain"] == "'2011Q4'"


def test_a_kernel_that_dies_is_a_failure_like_any_other(tmp_path):
    bad = write(tmp_path, "bad", PARAMETERS, new_code_cell("x = 1\nx"), new_code_cell("import os\nos._exit(1)"))
    good = write(tmp_path, "good", PARAMETERS)
    with pytest.raises(NotebookError) as caught:
        run_notebooks([bad, good], tmp_path / "out", {"quarter": "2012Q2"})
    kept = tmp_path / "out" / "bad.ipynb"
    assert str(caught.value).split("\n") == [
        "The notebook bad stopped.",
        "Cell: 3, counted from 1.",
        "Error: DeadKernelError: Kernel died",
        f"Partly executed notebook: {kept}",
    ]
    assert nbformat.read(kept, as_version=4).cells[1].outputs[0].data["text/plain"] == "1"
    assert "papermill" not in kept.read_text(encoding="utf-8")
    assert (tmp_path / "out" / "good.ipynb").exists()


@pytest.mark.parametrize("text", ["", '{"cells": [', "[]", "{}", '{"nbformat": 99, "metadata": {}, "cells": []}'])
def test_a_file_that_is_no_notebook_is_a_failure_like_any_other(tmp_path, text):
    bad = tmp_path / "bad.ipynb"
    bad.write_text(text, encoding="utf-8")
    good = write(tmp_path, "good", PARAMETERS)
    with pytest.raises(NotebookError) as caught:
        run_notebooks([bad, good], tmp_path / "out", {"quarter": "2012Q2"})
    lines = str(caught.value).split("\n")
    assert lines[:2] == ["The notebook bad stopped.", "Cell: none was reached."]
    assert lines[2].startswith("Error: ") and len(lines) == 4
    assert lines[3] == f"Partly executed notebook: {tmp_path / 'out' / 'bad.ipynb'}"
    assert (tmp_path / "out" / "bad.ipynb").read_text(encoding="utf-8") == text
    assert (tmp_path / "out" / "good.ipynb").exists()


def test_what_the_system_refuses_is_no_failure_of_a_notebook(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs.papermill, "execute_notebook", fail)
    with pytest.raises(OSError, match="No space left"):
        run_notebooks([write(tmp_path, "one", PARAMETERS)], tmp_path / "out", {"quarter": "2012Q2"})


def test_a_stopped_run_ends_what_runs_and_starts_nothing_more(tmp_path, monkeypatch):
    started, later = tmp_path / "started", tmp_path / "later"
    code = f"import os, pathlib, time\npathlib.Path({str(started)!r}).write_text(str(os.getpid()))\ntime.sleep(60)"
    first = write(tmp_path, "first", PARAMETERS, new_code_cell(code))
    touch = f"import pathlib\npathlib.Path({str(later)!r}).touch()"
    second = write(tmp_path, "second", PARAMETERS, new_code_cell(touch))

    def interrupt(_):
        while not (started.exists() and started.read_text()):
            time.sleep(0.05)
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "_follow", interrupt)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_notebooks([first, second], tmp_path / "out", {"quarter": "2012Q2"}, jobs=1)
    assert time.monotonic() - began < 30 and not later.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_a_stopped_run_does_not_go_on_to_the_next_cell(tmp_path, monkeypatch):
    started, later = tmp_path / "started", tmp_path / "later"
    quick = new_code_cell(f"import pathlib, time\npathlib.Path({str(started)!r}).touch()\ntime.sleep(0.5)")
    last = new_code_cell(f"pathlib.Path({str(later)!r}).touch()")
    source = write(tmp_path, "one", PARAMETERS, quick, last)

    def interrupt(_):
        while not started.exists():
            time.sleep(0.05)
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "_follow", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_notebooks([source], tmp_path / "out", {"quarter": "2012Q2"})
    assert not later.exists()


def test_a_folder_without_notebooks_is_refused(tmp_path):
    with pytest.raises(ht.HtanalysisError, match="holds no notebook") as caught:
        find_notebooks(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_folder_may_have_braces_in_its_name(tmp_path):
    folder = tmp_path / "{quarter}"
    folder.mkdir()
    source = write(folder, "one", PARAMETERS)
    assert run_notebooks([source], folder / "{out}", {"quarter": "2012Q2"}) == [folder / "{out}" / "one.ipynb"]
    assert (folder / "{out}" / "one.ipynb").exists()


def test_a_parameter_that_a_notebook_does_not_declare_stops_the_run_before_it_begins(tmp_path):
    source = write(tmp_path, "one", PARAMETERS)
    with pytest.raises(ht.HtanalysisError) as caught:
        run_notebooks([source], tmp_path / "out", {"quarter": "2012Q2", "qarter": "2012Q2"})
    assert 'one.ipynb has no parameter "qarter"' in str(caught.value) and "it has: quarter" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_progress_is_a_line_a_notebook_where_there_is_no_terminal(tmp_path, capsys):
    run_notebooks([write(tmp_path, "one", PARAMETERS)], tmp_path / "out", {"quarter": "2012Q2"})
    assert capsys.readouterr().err == "1/1 one done\n"


def test_progress_is_a_bar_on_a_terminal(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", shown := Terminal())
    run_notebooks([write(tmp_path, "one", PARAMETERS)], tmp_path / "out", {"quarter": "2012Q2"})
    states = shown.getvalue().strip().split("\r")
    assert states[0] == "notebooks: 0 of 1 |            | 00:00"
    assert re.fullmatch(r"notebooks: 1 of 1 \|\S{12}\| 00:\d\d", states[-1])
