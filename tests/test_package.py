"""The package as a researcher gets it: a wheel, its extras, what tools know of it, and frames that other tools take."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pandas as pd
import plotly.express as px
import pytest
from IPython.core.completer import provisionalcompleter
from packaging.requirements import Requirement

import htanalysis as ht
from htanalysis.data import load_with_periods, read_descriptor
from htanalysis.report.execute import make_shell
from htanalysis.shell import prepare

ROOT = Path(__file__).resolve().parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
NAMES = [entry["name"] for entry in read_descriptor()["resources"]]
TYPES = ROOT / "tests" / "types"


def run(*command, cwd, code=0, **places):
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=os.environ | places, check=False)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist and the wheel of a copy in which staff work: with returns, and copies that JupyterLab made."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("built")
    for name in filter(None, run("git", "ls-files", "-z", cwd=ROOT).split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    for name in (
        *("data/quarters/2012Q3.csv", "data/quarters/.key", "data/report/.ipynb_checkpoints/htrs.csv"),
        *("notebooks/Untitled.ipynb", "notebooks/01-quarterly-trends-Copy1.ipynb"),
    ):
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text("confidential")
    build = f"import hatchling.build as b; b.build_sdist({str(out)!r}); b.build_wheel({str(out)!r})"
    run(sys.executable, "-c", build, cwd=copy)
    return next(out.glob("*.tar.gz")), next(out.glob("*.whl"))


def test_a_package_carries_the_collection_and_never_a_return(built):
    sdist, wheel = built
    with tarfile.open(sdist) as bundle:
        in_sdist = {name.partition("/")[2] for name in bundle.getnames()}
    with zipfile.ZipFile(wheel) as bundle:
        in_wheel = set(bundle.namelist())
        assert not [name for name in in_wheel if bundle.read(name) == b"confidential"]
    tracked = run("git", "ls-files", cwd=ROOT).split("\n")
    folders = ("data/", "shapefiles/", "notebooks/", "scenarios/")
    carried = {name for name in tracked if name.startswith(folders)} | {"docs/methods.md"}
    assert {name for name in in_sdist if name.startswith((*folders, "docs/"))} == carried
    inside = "htanalysis/collection/"
    assert {name.removeprefix(inside) for name in in_wheel if name.startswith(inside)} == carried
    assert {"htanalysis/py.typed", "htanalysis/__init__.pyi"} <= in_wheel & in_sdist


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """An environment elsewhere: the wheel, as pip installs it, and the libraries that the tests have."""
    folder = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", "--without-pip", "environment", cwd=folder)
    python = folder / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python))
    run(*pip, "install", "--no-index", "--no-deps", str(built[1]), cwd=folder)
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    libraries = Path(pd.__file__).parents[1]
    Path(site, "libraries.pth").write_text(f"{libraries}\n")  # What is editable there stays behind.
    return folder, python, Path(site)


def test_what_pip_installed_loads_in_any_folder(installed):
    folder, python, site = installed
    code = (
        "import htanalysis as ht, json\n"
        "sizes = {name: len(ht.load(name)) for name in ht.catalogue()['name']}\n"
        "print(json.dumps([ht.__file__, ht.__version__, sizes, len(ht.load_counties())]))"
    )
    file, version, sizes, counties = json.loads(run(python, "-c", code, cwd=folder))
    assert Path(file).is_relative_to(site) and version == VERSION and counties == 58
    assert sizes == {name: len(ht.load(name)) for name in NAMES}


def test_what_pip_installed_makes_reports_where_one_stands_and_keeps_no_returns(installed):
    folder, python, site = installed
    command = python.with_name("htanalysis")
    collection = site / "htanalysis" / "collection"
    for notebook in (collection / "notebooks").glob("0[1-8]*"):
        notebook.unlink()  # One is enough, and quicker.
    told = run(command, "report", "--no-pdf", cwd=folder)
    assert "The report is ready: reports/2012Q2/index.html" in told
    assert (folder / "reports" / "2012Q2" / "00-start-here.html").is_file()
    told = run(command, "correct", "arrests", "2010Q3", "5", "--source", "a letter", cwd=folder, code=1)
    assert told == (
        "This collection was installed by pip, and nothing is kept in it. Set HTANALYSIS_HOME to a copy of the whole"
        " collection, and run the command again.\n"
    )
    assert {path.name for path in (collection / "data").rglob("quarters/*")} <= {".key"}


def list_needed(names):
    """Name what some distributions need to be installed, themselves included."""
    found, waiting = set(), [Requirement(name) for name in names]
    while waiting:
        wanted = waiting.pop()
        if wanted.name in found:
            continue
        found.add(wanted.name)
        further = map(Requirement, distribution(wanted.name).requires or ())
        waiting += [each for each in further if not each.marker or each.marker.evaluate({"extra": ""})]
    return {name.lower().replace("_", "-") for name in found}


def test_loading_analysing_and_drawing_need_few_libraries_and_a_report_says_what_it_lacks():
    needed = list_needed(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])
    assert len(needed) <= 21
    own = {"htanalysis", *sys.stdlib_module_names}
    closed = {
        module
        for module, owners in packages_distributions().items()
        if module not in own and not {owner.lower().replace("_", "-") for owner in owners} & needed
    }
    assert {"jinja2", "IPython", "papermill", "xlsxwriter", "duckdb", "nbformat"} <= closed
    code = f"""
import sys
sys.modules.update(dict.fromkeys({sorted(closed)!r}))
import htanalysis as ht
from htanalysis.cli import main
for name in ht.__all__:
    try:
        getattr(ht, name)
    except ModuleNotFoundError as error:
        print(name, error)
bounds = ht.bound_quarters(ht.load("task_force_quarters"), ht.load("task_force_totals"))
ht.draw(bounds, "quarters", "{{hidden}} counts are ranges", "Counts of each quarter")
print(float(ht.pick(ht.load("hotline"), "count", measure="cases identified", geography="California")))
sys.exit(main(["report"]))
"""
    told = run(sys.executable, "-c", code, cwd=ROOT, code=1)
    assert re.search(r"(?m)^\d+\.0$", told)
    lacking = r"(?m)^(\w+) ht\.\1 needs \w+, which is not installed\. Run: pip install 'htanalysis\[(\w+)\]'$"
    assert re.findall(lacking, told) == [("compare", "report"), ("explore", "lab"), ("link_counties", "lab")]
    assert re.search(r"(?m)^\w+ is not installed\. Run: pip install 'htanalysis\[report\]'$", told)


# What tools know


def test_the_version_is_the_same_everywhere():
    cited = re.search(r'^version: "(.+)"$', (ROOT / "CITATION.cff").read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    assert ht.__version__ == VERSION == cited == first == read_descriptor()["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)


def test_the_names_that_tools_allow_are_those_of_the_data_sets():
    listed = re.findall(r'^    "(\w+)",$', (ROOT / "htanalysis" / "names.pyi").read_text(), flags=re.MULTILINE)
    assert listed == sorted(NAMES)


def test_every_name_that_the_stub_lists_is_given():
    assert ht.__all__ == sorted(set(ht.__all__)) and {"load", "draw", "Result"} <= set(ht.__all__)
    assert {getattr(ht, name).__name__ for name in ht.__all__ if callable(getattr(ht, name))} <= set(ht.__all__)


#: The mistakes in tests/types/mistakes.py, by line, with the code that each checker gives.
NAME, ARGUMENT = ("attr-defined", "reportAttributeAccessIssue"), ("arg-type", "reportArgumentType")
MISTAKES = {5: NAME, 6: ARGUMENT, 7: ARGUMENT, 9: NAME}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts")
    for path in TYPES.glob("*.py"):
        shutil.copy(path, folder)
    return folder


def test_mypy_finds_the_mistakes_of_a_script_and_nothing_else(scripts):
    told = run(sys.executable, "-m", "mypy", "--strict", "--no-error-summary", ".", cwd=scripts, code=1)
    found = re.findall(r"^(\w+)\.py:(\d+): error: .*\[([\w-]+)\]$", told, flags=re.MULTILINE)
    assert found == [("mistakes", str(line), codes[0]) for line, codes in MISTAKES.items()], told


def test_pyright_finds_the_mistakes_of_a_script_and_nothing_else(scripts):
    (scripts / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}))
    node, pyright = Path(sys.executable).with_name("node"), ROOT / "tests/html/node_modules/pyright/index.js"
    told = run(node, pyright, "--pythonpath", sys.executable, "--outputjson", ".", cwd=scripts, code=1)
    found = json.loads(told)["generalDiagnostics"]
    places = {(Path(each["file"]).stem, each["range"]["start"]["line"] + 1) for each in found}
    assert places == {("mistakes", line) for line in MISTAKES}, told
    assert {codes[1] for codes in MISTAKES.values()} <= {each["rule"] for each in found}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ('ht.load("', NAMES),
        ('table = ht.load("task_force_', ["task_force_quarters", "task_force_totals"]),
        ("ht.describe('ret", ["returns"]),
    ],
)
def test_a_shell_completes_the_names_of_data_sets(tmp_path, typed, offered):
    shell = make_shell(tmp_path)
    prepare(shell)
    with provisionalcompleter():
        found = list(shell.Completer.completions(typed, len(typed)))
    names = [each.text for each in found]
    assert sorted(name for name in names if name != "returns" or offered == ["returns"]) == sorted(offered)
    assert all(typed[each.start :] == typed.rpartition('"')[2].rpartition("'")[2] for each in found)


def test_a_notebook_that_imports_the_package_plots_with_plotly():
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\nshell.run_cell('import htanalysis as ht')\n"
        'shell.run_cell(\'print(type(ht.load("penal_code_236_1").plot.bar(x="year", y="arrests")).__module__)\')'
    )
    assert "plotly.graph_objs" in run(sys.executable, "-c", code, cwd=ROOT)


def test_the_readmes_chart_of_ones_own_is_four_lines_that_draw():
    lines = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)[1]
    assert len(lines.split("\n")) - lines.count("\n\n") == 5  # The last is empty.
    place = {}
    exec(lines.replace("px.bar", "chart = px.bar").replace(".show()", ""), place)  # It would open a browser.
    assert [(bar.name, list(bar.y)) for bar in place["chart"].data] == [
        (name, [*ht.load("penal_code_236_1")[name]]) for name in ("arrests", "convictions")
    ]


# Frames that other tools take


@pytest.mark.parametrize("name", NAMES)
def test_every_data_set_goes_to_sql_as_it_is(name):
    frame, connection = ht.load(name), sqlite3.connect(":memory:")
    frame.to_sql(name, connection, index=False)
    back = pd.read_sql(f"SELECT * FROM {name}", connection)
    assert back.shape == frame.shape
    for column in frame.select_dtypes("str"):
        assert back[column].astype("str").equals(frame[column])


def test_quarters_are_text_that_a_chart_takes_in_order():
    quarters = ht.load("task_force_quarters").query("measure == 'arrests'")
    chart = px.scatter(quarters, x="quarter", y="count")
    assert list(chart.data[0].x[:3]) == ["2010Q3", "2010Q4", "2011Q1"]
    assert json.loads(chart.to_json())["data"][0]["x"] == sorted(quarters["quarter"])
    missing = [load("task_forces")["reports_from"].isna().sum() for load in (ht.load, load_with_periods)]
    assert missing[0] == missing[1]


def test_an_analysis_gives_the_same_with_quarters_as_text_and_as_periods():
    text, periods = ht.load("task_force_quarters"), load_with_periods("task_force_quarters")
    totals, last = ht.load("task_force_totals"), ht.parse_period("2012Q2")
    for analyse, *more in (
        *((ht.bound_quarters, totals), (ht.bound_period, totals, last), (ht.date_growth, totals, last[0])),
        *((ht.compare_quarter, totals, last[0]), (ht.follow_growth,)),
    ):
        of_text, of_periods = analyse(text, *more), analyse(periods, *more)
        pd.testing.assert_frame_equal(of_text.frame, of_periods.frame)
        assert (of_text.given, of_text.source) == (of_periods.given, of_periods.source)
