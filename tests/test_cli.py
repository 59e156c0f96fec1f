import os
import re
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from htanalysis import cli, settings
from htanalysis.errors import NotebookError
from htanalysis.report import build
from htanalysis.report.notebooks import find_notebooks
from htanalysis.report.request import Scenario, Wanted

COMMAND = [sys.executable, "-c", "from htanalysis.cli import main; raise SystemExit(main())"]


def run(capsys, *arguments):
    """Run the command line; give exit code, stdout and stderr."""
    try:
        code = cli.main(arguments)
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    return code, out, err


def run_apart(*arguments, stdout, unbuffered):
    """Run the command line in a process of its own, which writes what it prints at once or at its end."""
    given = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    return subprocess.run(
        [*COMMAND, *arguments], stdout=stdout, stderr=subprocess.PIPE, env=given, text=True, check=False
    )


def test_quarters_says_what_is_held_and_by_whom(capsys):
    code, out, err = run(capsys, "quarters")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "2010Q3  3 of 5 counts known, 8 of 8 task forces reported"
    assert out.splitlines()[5] == "2011Q4  none of 5 counts known, 9 of 9 task forces reported"
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
    todo = "Choose quarters among these, or add the returns first."
    assert (code, out, err) == (1, "", f"2013Q1 is not held: the data cover 2010Q3 to 2012Q2. {todo}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["repot"], ["report", "--out", ""]),
        *(["report", "--jobs", number] for number in ("0", "-1", "1.5", "many", "٣", "²", "")),
    ],
)
def test_wrong_usage_is_exit_2(capsys, arguments):
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == "" and err.startswith("usage: htanalysis")


def test_a_failed_notebook_is_exit_3_and_a_ready_report_says_where(capsys, monkeypatch):
    def fail(*_):
        raise NotebookError("The notebook x stopped.")

    monkeypatch.setattr(cli, "find_unchanged", lambda *_: None)
    monkeypatch.setattr(build, "make_reports", fail)
    assert run(capsys, "report") == (3, "", "The notebook x stopped.\n")
    given = []
    monkeypatch.setattr(build, "make_reports", lambda *arguments: given.append(arguments) or [Path("r/index.html")])
    result = run(capsys, "report", "--quarter", "2011Q3:2012Q2", "--out", "r", "--jobs", "3")
    assert result == (0, "The report is ready: r/index.html\n", "")
    assert given == [([Wanted("2011Q3:2012Q2", pdf=True)], Path("r"), 3)]
    run(capsys, "report", "--single-file", "--no-pdf", "--as-of", "report", "--audience", "internal")
    assert given[-1][0] == [Wanted("latest", "report", "internal", None, single_file=True, pdf=False)]


def test_a_report_is_made_for_each_quarter_and_scenario_that_changed(capsys, monkeypatch, tmp_path):
    path = tmp_path / "few.toml"
    path.write_text('title = "Few"\n[parameters]\nvice_share = 0.2\n')
    few = Scenario("few", "Few", {"vice_share": 0.2})
    here = Path("r/2011Q4-few/index.html")
    monkeypatch.setattr(cli, "find_unchanged", lambda wanted, _: here if wanted.quarter == "2011Q4" else None)
    given = []
    monkeypatch.setattr(build, "make_reports", lambda *arguments: given.append(arguments[0]) or ["first", "other"])
    code, out, _ = run(
        capsys, "report", "--quarter", "2011Q3:2012Q1", "--each-quarter", "--scenario", str(path), str(path), "--no-pdf"
    )
    assert code == 0 and given == [[Wanted(quarter, scenario=few) for quarter in ("2011Q3", "2012Q1")]]
    assert out.splitlines() == [
        f"Nothing changed since this report was made: {here}",
        "The report is ready: first",
        "The report is ready: other",
    ]


def test_where_a_notebook_stops_the_other_reports_are_told(capsys, monkeypatch):
    there = {"2011Q4": [None, Path("r/2011Q4/index.html")], "2012Q1": [None, None]}

    def fail(*_):
        raise NotebookError("The notebook x stopped.")

    monkeypatch.setattr(cli, "find_unchanged", lambda wanted, _: there[wanted.quarter].pop(0))
    monkeypatch.setattr(build, "make_reports", fail)
    result = run(capsys, "report", "--quarter", "2011Q4:2012Q1", "--each-quarter")
    assert result == (3, f"The report is ready: {Path('r/2011Q4/index.html')}\n", "The notebook x stopped.\n")


@pytest.mark.parametrize("command", ["report", "data", "quarters"])
def test_every_command_has_help_with_an_example(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0 and f"example: htanalysis {command}" in out


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device"), "No space left on device."),
        (PermissionError(13, "Permission denied", "r/index.html"), "r/index.html: Permission denied."),
        (OSError("no number"), "no number."),
    ],
)
def test_what_the_system_refuses_is_one_line_and_exit_1(capsys, monkeypatch, error, message):
    def fail(*_):
        raise error

    monkeypatch.setattr(cli, "find_unchanged", lambda *_: None)
    monkeypatch.setattr(build, "make_reports", fail)
    assert run(capsys, "report") == (1, "", f"{message} Put this right and run the command again.\n")


@pytest.mark.parametrize("command", ["report", "data", "quarters"])
def test_a_home_without_data_is_one_line_and_exit_1(capsys, monkeypatch, tmp_path, command):
    monkeypatch.setattr(settings, "HOME", tmp_path / "nowhere")
    code, out, err = run(capsys, command)
    assert (code, out) == (1, "") and len(err.splitlines()) == 1
    assert err.startswith(f"{tmp_path / 'nowhere'} holds no data/datapackage.json. Set HTANALYSIS_HOME")


def test_an_empty_home_means_the_packages_own(monkeypatch, tmp_path):
    own = Path(settings.__file__).resolve().parents[1]
    for value, home in (("", own), (str(tmp_path), tmp_path)):
        monkeypatch.setenv("HTANALYSIS_HOME", value)
        assert runpy.run_path(settings.__file__)["HOME"] == home


@pytest.fixture
def slow_home():
    """Give a short-named folder that holds the data and two notebooks that say that they run, and go on for long."""
    own = Path(settings.__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory(prefix="h") as name:
        home = Path(name)
        for part in ("notebooks", "reports", "temporary", "running"):
            (home / part).mkdir()
        for part in ("data", "shapefiles"):
            (home / part).symlink_to(own / part)
        touch = f"(pathlib.Path({name!r}) / 'running' / str(os.getpid())).touch()"
        code = f"import os, pathlib, time\n{touch}\ntime.sleep(90)"
        parameters = new_code_cell('quarter: str = "2012Q2"', metadata={"tags": ["parameters"]})
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        for number in (1, 2):
            notebook = new_notebook(cells=[parameters, new_code_cell(code)], metadata=kernel)
            nbformat.write(notebook, home / "notebooks" / f"0{number}-slow.ipynb")
        yield home


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_report_leaves_nothing_and_changes_nothing(slow_home, number):
    earlier = slow_home / "reports" / "2012Q2"
    earlier.mkdir()
    given = os.environ | {"HTANALYSIS_HOME": str(slow_home), "TMPDIR": str(slow_home / "temporary")}
    process = subprocess.Popen([*COMMAND, "report", "--jobs", "1"], env=given, stderr=subprocess.PIPE, text=True)
    running = []
    while process.poll() is None and not running:
        time.sleep(0.05)
        running = list((slow_home / "running").iterdir())
    process.send_signal(number)
    time.sleep(0.2)
    process.send_signal(number)  # as the impatient do
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "Stopped. Nothing half done is left.\n")
    assert list((slow_home / "reports").iterdir()) == [earlier]
    assert list((slow_home / "temporary").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(running[0].name), 0)


def test_a_signal_means_afterwards_what_it_meant_before(capsys):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run(capsys, "quarters")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_the_installed_command_works():
    command = Path(sys.executable).with_name("htanalysis")
    result = subprocess.run([command, "quarters"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "") and result.stdout.startswith("2010Q3")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_is_no_error(unbuffered):
    read, write = os.pipe()
    os.close(read)
    result = run_apart("quarters", stdout=write, unbuffered=unbuffered)
    os.close(write)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_one_line_and_exit_1(unbuffered):
    with Path("/dev/full").open("w") as full:
        result = run_apart("quarters", stdout=full, unbuffered=unbuffered)
    assert result.returncode == 1
    assert result.stderr == "No space left on device. Put this right and run the command again.\n"


@pytest.mark.parametrize("arguments", [["--help"], ["report", "--help"], ["nonsense"]])
def test_help_and_wrong_usage_import_neither_pandas_nor_jupyter(arguments):
    code = (
        "import sys\nfrom htanalysis.cli import main\ntry:\n    main()\nexcept SystemExit:\n    "
        "print(sorted({'pandas', 'numpy', 'nbformat', 'papermill', 'plotly'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert done.stderr.endswith("[]\n")


HEAVY = {"scipy", "statsmodels", "plotly", "geopandas", "openpyxl", "nbformat", "papermill", "IPython"}


def test_a_file_with_problems_is_refused_without_what_analyses_need(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("period_start,count\n2012-07-01,x\n", encoding="utf-8")
    code = "import sys\nfrom htanalysis.cli import main\nprint(main(), sorted(sys.modules))"
    command = [sys.executable, "-c", code, "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("1 ") and "Correct this, and check again." in done.stderr
    assert not HEAVY & set(re.findall(r"'(\w+)'", done.stdout)) and "'pandas'" in done.stdout


def test_a_good_file_is_looked_at_without_what_only_draws(home, tmp_path, monkeypatch):
    monkeypatch.setenv("HTANALYSIS_HOME", str(home))
    row = "2012-07-01,2012-09-30,North Bay Human Trafficking Task Force,arrests,all,12,2012-10-31"
    path = tmp_path / "good.csv"
    path.write_text(f"period_start,period_end,task_force,measure,trafficking_type,count,as_of\n{row}\n", "utf-8")
    code = "import sys\nfrom htanalysis.cli import main\nmain()\nprint(sorted(sys.modules))"
    command = [sys.executable, "-c", code, "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("No problem found in 1 file.\nWhat adding 1 count would change:\n")
    # The ranges of unknown quarters need scipy.
    assert not HEAVY - {"scipy", "IPython", "nbformat"} & set(re.findall(r"'(\w+)'", done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import htanalysis.report.build", {"scipy", "nbconvert", "nbformat", "pikepdf", "xlsxwriter", "jinja2"}),
        ("from htanalysis.report import execute; execute._find_translator()", {"papermill", "nbclient", "requests"}),
        (
            "import htanalysis.report.preload",
            {
                "scipy.stats",
                "scipy.optimize",
                "numpy.f2py",
                "numpy.testing",
                "charset_normalizer",
                "ipywidgets",
                "geopandas",
                "plotly.graph_objs",
            },
        ),
        ("import htanalysis.report.preload, numpy.f2py as own; assert own.__file__, own", {"ipywidgets"}),
        ("import htanalysis.report.preload, numpy.testing as own; assert own.assert_allclose, own", {"ipywidgets"}),
        ("import htanalysis.report.pages", {"nbconvert", "nbclient", "jupyter_client", "nbconvert.filters"}),
        ("import htanalysis.report.pages, nbconvert; assert nbconvert.filters.markdown_mistune", {"papermill"}),
    ],
)
def test_a_report_begins_to_run_notebooks_without_what_is_needed_later(code, heavy):
    code = f"{code}; import sys; print(sorted({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_a_command_refuses_to_work_on_another_collection_than_the_one_it_is_called_in(tmp_path, capsys, monkeypatch):
    copy = tmp_path / "a copy"
    (copy / "data" / "quarters").mkdir(parents=True)
    (copy / "data" / "datapackage.json").write_text("{}")
    monkeypatch.chdir(copy / "data" / "quarters")
    code, out, err = run(capsys, "quarters")
    assert (code, out) == (1, "")
    assert err.startswith(f"You are in {copy}, and this command belongs to the collection in {settings.HOME}. Nothing")
    monkeypatch.setenv("HTANALYSIS_HOME", str(settings.HOME))
    assert run(capsys, "quarters")[0] == 0


COMMAND = [sys.executable, "-c", "import sys; from htanalysis.cli import main; sys.exit(main())"]


@pytest.mark.skipif(os.name != "posix", reason="a shell closes streams, and limits files")
@pytest.mark.parametrize(
    ("before", "after", "code", "said"),
    [
        ("", "0<&- 1>&- 2>&-", 0, ""),
        ("", "2>&-", 0, "The report is ready"),
        ("export TMPDIR=%s" % ("/tmp/" + "x" * 120), "2>/dev/null", 0, "The report is ready"),
        ("ulimit -n 64", "2>&1", 1, "lets a program open 64 files at once, and a report needs 512"),
    ],
)
def test_a_report_is_made_in_odd_surroundings_or_says_in_a_line_why_not(tmp_path, before, after, code, said):
    home = tmp_path / "home"
    for name in ("data", "shapefiles"):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).symlink_to(settings.HOME / name)
    (home / "notebooks").mkdir()
    for path in find_notebooks()[5:7]:
        shutil.copy(path, home / "notebooks")
    temporary = Path("/tmp") / ("x" * 120)
    temporary.mkdir(exist_ok=True)
    words = " ".join(shlex.quote(word) for word in [*COMMAND, "report", "--no-pdf", "--out", str(tmp_path / "reports")])
    shell = ["bash", "-c", f"{before or ':'}; {words} {after}"]
    ended = subprocess.run(shell, env=os.environ | {"HTANALYSIS_HOME": str(home)}, capture_output=True, text=True)
    temporary.rmdir()
    assert ended.returncode == code and said in ended.stdout and len(ended.stdout.splitlines()) <= 1
    assert (tmp_path / "reports" / "2012Q2" / "index.html").is_file() == (code == 0)
