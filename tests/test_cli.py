import os
import subprocess
import sys
from pathlib import Path

import pytest

from htanalysis import cli
from htanalysis.errors import NotebookError


def run(capsys, *arguments):
    """Run the command line; give exit code, stdout and stderr."""
    try:
        code = cli.main(arguments)
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    return code, out, err


def test_quarters_says_what_is_held_and_by_whom(capsys):
    code, out, err = run(capsys, "quarters")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "2010Q3  3 of 5 counts published, 8 task forces reporting"
    assert out.splitlines()[5] == "2011Q4  0 of 5 counts published, 9 task forces reporting"
    assert len(out.splitlines()) == 8


def test_data_lists_and_explains(capsys):
    code, out, _ = run(capsys, "data")
    assert code == 0 and "county_population" in out and "348 rows" in out
    code, out, _ = run(capsys, "data", "county_convictions")
    assert code == 0 and out.startswith("Convictions under § 236.1 by county")
    assert "upper (integer; convictions; bounded)" in out
    assert "0 means that none was reported to CJIS" in out


def test_a_wrong_name_is_one_line_on_stderr_and_exit_1(capsys):
    code, out, err = run(capsys, "data", "heat-unit")
    assert (code, out) == (1, "") and err.startswith('"heat-unit" is not a data set. Did you mean "heat_unit"?')
    assert len(err.splitlines()) == 1


def test_a_quarter_that_is_not_held_is_one_sentence_and_exit_1(capsys, tmp_path):
    code, out, err = run(capsys, "report", "--quarter", "2013Q1", "--out", str(tmp_path))
    assert (code, out, err) == (1, "", "2013Q1 is not held: the data cover 2010Q3 to 2012Q2.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["repot"], ["report", "--jobs", "0"], ["report", "--jobs", "many"], []])
def test_wrong_usage_is_exit_2(capsys, arguments):
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == "" and err.startswith("usage: htanalysis")


def test_a_failed_notebook_is_exit_3_and_a_ready_report_says_where(capsys, monkeypatch):
    def fail(*_):
        raise NotebookError("The notebook x stopped.")

    monkeypatch.setattr(cli, "make_report", fail)
    assert run(capsys, "report") == (3, "", "The notebook x stopped.\n")
    given = []
    monkeypatch.setattr(cli, "make_report", lambda *arguments: given.append(arguments) or Path("r/index.html"))
    result = run(capsys, "report", "--quarter", "2011Q3:2012Q2", "--out", "r", "--jobs", "3")
    assert result == (0, "The report is ready: r/index.html\n", "")
    assert given == [("2011Q3:2012Q2", Path("r"), 3)]


@pytest.mark.parametrize("command", ["report", "data", "quarters"])
def test_every_command_has_help_with_an_example(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0 and f"example: htanalysis {command}" in out


def test_the_installed_command_works_and_a_closed_pipe_is_no_error():
    command = Path(sys.executable).with_name("htanalysis")
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run([command, "data"], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert "Traceback" not in result.stderr
