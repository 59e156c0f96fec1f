"""A cache that could be wrong is worse than none: each input's change is seen."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from htanalysis import inputs, kept, reports, settings
from htanalysis.kept import Failure, Kept, Outcome, Task, describe_environment
from htanalysis.notebooks import find_notebooks
from htanalysis.scenarios import Scenario
from htanalysis.wanted import Wanted, find_unchanged, write_out

READ = {"file data/report/tcvap.csv": ["one"], "last-quarter latest": ["2012Q2"]}
NOW = {name: values[0] for name, values in READ.items()}
CELL = {"cell_type": "code", "id": "a", "metadata": {}, "source": ["1"], "outputs": [], "execution_count": None}


def write(path, *cells, **parameters):
    """Write a notebook; give the task of running it."""
    path.write_text(json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return Task(path, path.read_bytes(), parameters)


@pytest.fixture
def task(tmp_path):
    return write(tmp_path / "01-one.ipynb", CELL, quarter="2012Q1")


def outcome(noted=READ, **given):
    return Outcome(b"executed", {inputs.WATCHED: ["yes"], **noted}, **given)


def test_what_is_still_true_is_found_with_what_it_read(tmp_path, task):
    store = Kept(tmp_path / "kept", NOW.get)
    assert store.find(task) is None
    store.keep(task, outcome())
    assert Kept(tmp_path / "kept", NOW.get).find(task) == Outcome(b"executed", READ)


def test_any_input_that_changed_is_seen(tmp_path, task):
    Kept(tmp_path / "kept", NOW.get).keep(task, outcome())
    for name in NOW:
        for other in ("two", None):
            assert Kept(tmp_path / "kept", (NOW | {name: other}).get).find(task) is None
    # Both states are kept, each for itself.
    changed = NOW | {"last-quarter latest": "2012Q3"}
    Kept(tmp_path / "kept", changed.get).keep(task, outcome(READ | {"last-quarter latest": ["2012Q3"]}))
    assert Kept(tmp_path / "kept", NOW.get).find(task) and Kept(tmp_path / "kept", changed.get).find(task)


@pytest.mark.parametrize(
    "change",
    [
        {"source": ["2"]},
        {"cell_type": "markdown"},
        {"metadata": {"tags": ["parameters"]}},
        {"id": "b"},
    ],
)
def test_other_code_is_another_task_and_other_outputs_are_not(task, change):
    executed = CELL | {"outputs": [{"text": "1"}], "execution_count": 7}
    assert write(task.source, executed, **task.parameters).key == task.key
    assert write(task.source, CELL | change, **task.parameters).key != task.key


def test_other_parameters_or_another_environment_are_another_task(task, monkeypatch):
    others = [{"quarter": "2012Q2"}, {}, {"quarter": "2012Q1", "share": 1.0}]
    keys = {task.key, *(replace(task, parameters=other).key for other in others)}
    # A copy of a notebook is another one: it has a page of its own.
    keys.add(replace(task, source=task.source.with_name("01-one-Copy1.ipynb")).key)
    monkeypatch.setattr(kept, "describe_environment", lambda: "another")
    assert len(keys | {replace(task).key}) == 6


def test_whatever_is_installed_and_each_file_of_the_package_belong_to_the_environment(tmp_path, monkeypatch):
    def describe():
        describe_environment.cache_clear()
        return describe_environment()

    package = tmp_path / "htanalysis"
    shutil.copytree(Path(kept.__file__).parent, package)
    monkeypatch.setattr(kept, "__file__", str(package / "kept.py"))
    before = describe()
    assert before == describe()
    for name in ("series.py", "assets/pages.css", "templates/htanalysis/head.html.j2"):
        text = (package / name).read_text(encoding="utf-8")
        (package / name).write_text(text + "\n", encoding="utf-8")
        assert describe() != before, name
        (package / name).write_text(text, encoding="utf-8")
    assert describe() == before
    site = tmp_path / "site"
    (site / "pandas-9.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    assert describe() != before
    monkeypatch.undo()
    describe_environment.cache_clear()


@pytest.mark.parametrize(
    "given",
    [
        outcome(failure=Failure("01-one", 1, "Error")),
        outcome(READ | {"returns": ["one", "two"]}),
        outcome(READ | {f"{inputs.PAST_LOADERS} own.csv": ["read"]}),
        outcome(READ | {"last-quarter latest": ["2011Q1"]}),
        Outcome(b"executed", READ),
    ],
    ids=["stopped", "changed meanwhile", "read past the loaders", "changed since the start", "not watched"],
)
def test_what_may_be_wrong_is_not_kept(tmp_path, task, given):
    store = Kept(tmp_path / "kept", (NOW | {"returns": "one"}).get)
    store.keep(task, given)
    assert store.find(task) is None


def test_a_kept_notebook_that_was_touched_or_lost_is_not_used(tmp_path, task):
    store = Kept(tmp_path / "kept", NOW.get)
    store.keep(task, outcome())
    (path,) = (tmp_path / "kept").glob("*/*/*.ipynb")
    path.write_bytes(b"touched")
    assert store.find(task) is None
    path.unlink()
    assert store.find(task) is None


@pytest.mark.parametrize("name", ["*/*/*.json", "seconds.json"])
def test_a_record_that_was_cut_short_is_as_if_it_were_not_there(tmp_path, task, name):
    Kept(tmp_path / "kept", NOW.get).keep(task, outcome(seconds=9.0))
    (path,) = (tmp_path / "kept").glob(name)
    path.write_text(path.read_text()[:5])
    store = Kept(tmp_path / "kept", NOW.get)
    assert store.find(task) is None or store.expect(task) == len(task.content)


@pytest.mark.parametrize(
    ("code", "closed"),
    [
        ("import htanalysis as ht\nht.load('tcvap').assign(x=1)\nht.read_ilo", True),
        ("from IPython.display import Markdown\nimport pandas as pd\npd.Period('2012Q2')", True),
        ("import random", False),
        ("import os, htanalysis", False),
        ("from datetime import date", False),
        ("open('own.csv')", False),
        ("__import__('os')", False),
        ("import pandas as pd\npd.read_parquet('own')", False),
        ("import pandas as pd\npd.Timestamp.now()", False),
        ("import pandas as pd\npd.DataFrame().sample()", False),
        ("import pandas as pd\npd.io.parsers", False),
        ("get_ipython().system('date')", False),
        ("!date", False),
        ("import helper", False),
    ],
)
def test_a_notebook_is_kept_only_where_its_code_can_reach_nothing_but_what_the_loaders_note(tmp_path, code, closed):
    task = write(tmp_path / "01-one.ipynb", CELL | {"source": [code]})
    Kept(tmp_path / "kept", NOW.get).keep(task, outcome())
    assert (Kept(tmp_path / "kept", NOW.get).find(task) is not None) == closed


def test_no_count_can_be_found_by_trial_from_what_is_kept(tmp_path, task, monkeypatch):
    monkeypatch.setattr(settings, "HOME", tmp_path)
    (tmp_path / "data" / "quarters").mkdir(parents=True)
    now = {"returns": "the hash of a count"}
    Kept(tmp_path / "kept", now.get).keep(task, outcome({name: [value] for name, value in now.items()}))
    assert Kept(tmp_path / "kept", now.get).find(task)
    (record,) = (tmp_path / "kept").glob("*/*/*.json")
    assert "the hash of a count" not in record.read_text() and len(json.loads(record.read_text())["inputs"]) == 1
    key = tmp_path / "data" / "quarters" / ".key"
    assert key.stat().st_mode & 0o777 == 0o600 and len(key.read_bytes()) == 64
    sealed = kept.seal("the hash of a count")
    assert sealed == kept.seal("the hash of a count") and sealed != inputs.digest(b"the hash of a count")
    key.unlink()
    assert kept.seal("the hash of a count") != sealed


def test_files_behind_a_link_to_a_folder_are_hashed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.csv").write_text("1")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "quarters").symlink_to(tmp_path / "elsewhere")
    assert kept.hash_files(tmp_path, ("data",)) == {"data/quarters/a.csv": inputs.digest(b"1")}


def test_what_another_version_left_is_deleted(tmp_path, task):
    store = Kept(tmp_path / "kept", NOW.get)
    store.keep(task, outcome())
    (tmp_path / "kept" / "0123").mkdir()
    store.prune()
    assert not (tmp_path / "kept" / "0123").exists() and store.find(task)


def test_the_longest_notebook_is_expected_to_be_the_longest_again(tmp_path, task):
    other = write(tmp_path / "02-two.ipynb", CELL, CELL)
    assert Kept(tmp_path / "kept", NOW.get).expect(other) > Kept(tmp_path / "kept", NOW.get).expect(task)
    for each, seconds in ((task, 9.0), (other, 2.0)):
        Kept(tmp_path / "kept", NOW.get).keep(each, outcome(seconds=seconds))
    assert [Kept(tmp_path / "kept", NOW.get).expect(each) for each in (task, other)] == [9.0, 2.0]


# The collection's own notebooks


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Give a copy of the collection and a report that was made from it."""
    home = tmp_path_factory.mktemp("home")
    for name in ("data", "notebooks", "shapefiles"):
        shutil.copytree(settings.HOME / name, home / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "HOME", home)
        reports.make_report("latest", home / "reports")
    return home


@pytest.fixture
def at_home(home, tmp_path, monkeypatch):
    """Give the copy, which a test may change, with what was kept."""
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.setattr(settings, "HOME", tmp_path / "home")
    return tmp_path / "home"


def remake(home, *wanted, run=reports.run_here, **given):
    """Make reports again; give their indexes and the notebooks that ran."""
    ran = []

    def note(task, turns):
        ran.append(task.source.stem[:2])
        return run(task, turns)

    return reports.make_reports(wanted or [Wanted()], home / "reports", run=note, **given), sorted(ran)


def records(home):
    """Give for each notebook what it read."""
    found = [json.loads(path.read_text()) for path in home.glob("reports/.kept/*/*/*.json")]
    return {record["notebook"]: record["inputs"] for record in found}


def test_every_notebook_is_kept_and_reads_nothing_past_the_loaders(home):
    assert sorted(records(home)) == [path.stem for path in find_notebooks()]


def test_a_rerun_executes_no_notebook(at_home):
    assert remake(at_home) == ([at_home / "reports" / "2012Q2" / "index.html"], [])


def test_a_change_of_any_file_runs_just_the_notebooks_that_read_it(at_home):
    read = records(at_home)
    tasks = {path.stem: Task(path, path.read_bytes()) for path in find_notebooks()}
    files = [path for folder in ("data", "shapefiles") for path in (at_home / folder).rglob("*") if path.is_file()]
    assert len(files) > 25
    for path in files:
        content, name = path.read_bytes(), f"file {path.relative_to(at_home).as_posix()}"
        # Other bytes that say the same: a data set that says what it must not is refused.
        path.write_bytes(content.replace(b"\n", b"\r\n") if path.suffix == ".csv" else content + b"\n")
        # The description of the data is read once a process: another one would read it anew.
        store = Kept(at_home / "reports" / ".kept", reports.look_up_input)
        again = {stem for stem, task in tasks.items() if store.find(task) is None}
        assert again == {stem for stem, own in read.items() if name in own}, name
        path.write_bytes(content)
    used = {name for own in read.values() for name in own}
    assert "file shapefiles/california_counties.dbf" in used and "file data/report/county_convictions.csv" in used


def test_a_return_runs_just_the_notebooks_that_read_returns(at_home):
    before = {path.name: path.read_bytes() for path in (at_home / "reports" / "2012Q2" / "notebooks").iterdir()}
    add_return(at_home)
    (index,), ran = remake(at_home)
    assert ran == ["00", "01", "07", "08"]
    after = {path.name: path.read_bytes() for path in (index.parent / "notebooks").iterdir()}
    assert {name[:2] for name in after if after[name] != before[name]} == {"00", "01", "07", "08"}
    assert remake(at_home)[1] == []
    # What is kept says the same as what is run.
    shutil.rmtree(at_home / "reports")
    (index,), ran = remake(at_home)
    assert len(ran) == 9
    assert {path.name: path.read_bytes() for path in (index.parent / "notebooks").iterdir()} == after


def add_return(home):
    """Add a return of the last quarter of the report, by one task force."""
    path = home / "2012Q2.csv"
    path.write_text(
        "period_start,period_end,task_force,measure,trafficking_type,count,as_of\n"
        "2012-04-01,2012-06-30,Fresno Coalition Against Human Trafficking,arrests,all,40,2012-11-30\n"
    )
    code = "import sys; from htanalysis.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "add", str(path)]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def environment(home):
    return os.environ | {"HTANALYSIS_HOME": str(home)}


def add_line(home, line):
    """Add a line to the code of a notebook."""
    path = home / "notebooks" / "06-services.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    cell["source"] = [*cell["source"], f"\n{line}"]
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_changed_code_runs_just_its_notebook(at_home):
    add_line(at_home, "# a remark")
    assert remake(at_home)[1] == ["06"]


def test_another_quarter_runs_all_and_a_scenario_just_the_notebooks_that_declare_its_values(at_home):
    scenario = Scenario("few-from-vice", "Few", {"vice_share": 0.2})
    indexes, ran = remake(at_home, Wanted(scenario=scenario), Wanted("2012Q1"), Wanted("2012Q1", scenario=scenario))
    assert ran == ["00", "01", "02", "03", "04", "05", "05", "05", "06", "07", "08"]
    assert [index.parent.name for index in indexes] == ["2012Q2-few-from-vice", "2012Q1", "2012Q1-few-from-vice"]
    one, other = ((index.parent / "notebooks" / "05-task-force-selection.ipynb").read_text() for index in indexes[1:])
    assert "vice_share = 0.2\\n" not in one and "vice_share = 0.2" in other
    for name in ("index", "01-quarterly-trends", "codebook"):
        plain, assuming = ((index.parent / f"{name}.html").read_text(encoding="utf-8") for index in indexes[1:])
        assert "true only if this is: Few.</p>" in assuming and "Report for 2012Q1 assuming few-from-vice" in assuming
        assert "true only if this is" not in plain and "assuming" not in plain.partition("<main")[0]


def test_an_interrupted_run_goes_on_where_it_was(at_home):
    shutil.rmtree(at_home / "reports")
    begun = []

    def stop_after_three(task, turns):
        if len(begun) == 3:
            raise KeyboardInterrupt
        begun.append(task)
        return reports.run_here(task, turns)

    with pytest.raises(KeyboardInterrupt):
        remake(at_home, run=stop_after_three, jobs=1)
    done = len(list(at_home.glob("reports/.kept/*/*/*.ipynb")))
    assert 1 <= done <= 3 and [path.name for path in (at_home / "reports").iterdir()] == [".kept"]
    assert len(remake(at_home)[1]) == 9 - done


def test_data_that_change_meanwhile_are_told_and_no_report_mixes_them(at_home):
    shutil.rmtree(at_home / "reports")
    tcvap = at_home / "data" / "report" / "tcvap.csv"

    def touch(task, turns):
        if task.source.stem == "06-services":
            tcvap.write_bytes(tcvap.read_bytes()[:-2] + b"9\n")
        return reports.run_here(task, turns)

    with pytest.raises(reports.HtanalysisError, match=r"changed while they ran: data/report/tcvap\.csv") as caught:
        remake(at_home, run=touch, jobs=1)
    assert "Run the command again" in str(caught.value) and not (at_home / "reports" / "2012Q2").exists()
    assert {"06", "07"} <= set(remake(at_home)[1]) and (at_home / "reports" / "2012Q2").exists()


# Whole reports


CHECK = """
import sys
from htanalysis.cli import main
code = main(["report", "--no-pdf"])
print(sorted({"pandas", "numpy", "nbformat", "papermill"} & set(sys.modules)), code)
"""


def test_where_nothing_changed_the_command_says_so_and_imports_no_pandas(at_home):
    def run():
        command = [sys.executable, "-c", CHECK]
        done = subprocess.run(command, env=environment(at_home), capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    index = at_home / "reports" / "2012Q2" / "index.html"
    assert run()[0] == f"Nothing changed since this report was made: {index}"
    assert run()[1] == "[] 0"
    (index.parent / "03-county-convictions.html").unlink()
    assert run()[0] == f"The report is ready: {index}"
    assert run()[1] == "[] 0"


@pytest.mark.parametrize(
    "name", ["data/report/tcvap.csv", "notebooks/06-services.ipynb", "shapefiles/california_counties.prj"]
)
def test_a_change_of_what_a_report_is_made_of_is_a_change(at_home, name):
    out = at_home / "reports"
    assert find_unchanged(Wanted(), out) == out / "2012Q2" / "index.html"
    path = at_home / name
    path.write_bytes(path.read_bytes() + b"\n")
    assert find_unchanged(Wanted(), out) is None


@pytest.mark.parametrize("place", ["data/quarters/2012Q3.csv", "data/quarters/.added/2012Q3.csv"])
def test_a_return_is_a_change_even_where_its_addition_was_stopped_half_way(at_home, place):
    (at_home / place).parent.mkdir(parents=True, exist_ok=True)
    (at_home / place).write_text("period_start\n")
    assert find_unchanged(Wanted(), at_home / "reports") is None


def test_a_report_with_a_notebook_that_reads_past_the_loaders_is_made_each_time(at_home):
    add_line(at_home, "import os")
    assert [remake(at_home)[1], remake(at_home)[1]] == [["06"], ["06"]]
    assert find_unchanged(Wanted(), at_home / "reports") is None


def test_a_notebook_with_another_name_and_other_findings_has_a_page_of_its_own(at_home):
    text = (at_home / "notebooks" / "06-services.ipynb").read_text(encoding="utf-8")
    again = text.replace('id=\\"', 'id=\\"again-')
    (at_home / "notebooks" / "09-again.ipynb").write_text(again, encoding="utf-8")
    (index,), ran = remake(at_home)
    assert ran == ["09"] and (index.parent / "09-again.html").exists()


def test_a_notebook_that_is_edited_meanwhile_runs_as_it_was_read(at_home):
    shutil.rmtree(at_home / "reports")
    path = at_home / "notebooks" / "06-services.ipynb"
    good = path.read_bytes()

    def edit(task, turns):
        path.write_bytes(good.replace(b"import htanalysis as ht", b"import htanalysis as ht\\nprint('edited')", 1))
        return reports.run_here(task, turns)

    (index,), _ = remake(at_home, run=edit)
    path.write_bytes(good)
    assert "edited" not in (index.parent / "notebooks" / path.name).read_text(encoding="utf-8")


def test_one_folder_holds_one_report(at_home):
    with pytest.raises(reports.HtanalysisError, match="would hold two of the reports"):
        remake(at_home, Wanted("2012Q2"), Wanted("latest"))


@pytest.mark.parametrize("touch", ["page", "extra", "history", "option", "package", "methods"])
def test_a_report_that_was_touched_or_would_be_another_is_made_again(at_home, monkeypatch, touch):
    out, wanted = at_home / "reports", Wanted()
    if touch == "page":
        (out / "2012Q2" / "index.html").write_text("touched")
    elif touch == "extra":
        (out / "2012Q2" / "more.html").write_text("more")
    elif touch == "history":
        monkeypatch.setattr("htanalysis.history.find_last", lambda *_: at_home / "data" / "datapackage.json")
    elif touch == "methods":
        monkeypatch.setattr("htanalysis.wanted.METHODS", at_home / "data" / "datapackage.json")
    elif touch == "option":
        wanted = Wanted(single_file=True)
    else:
        monkeypatch.setattr("htanalysis.wanted.describe_environment", lambda: "another")
    assert find_unchanged(wanted, out) is None


def test_ranges_are_written_out():
    assert write_out("2010Q3:2012Q2") == [
        *("2010Q3", "2010Q4", "2011Q1", "2011Q2", "2011Q3", "2011Q4", "2012Q1", "2012Q2")
    ]
    assert write_out("2012Q2:2010Q3") == ["2012Q2:2010Q3"] and write_out("2012Q5:2013Q1") == ["2012Q5:2013Q1"]
