"""A cache that could be wrong is worse than none: each input's change is seen, and so is a change of what is kept."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from test_checks import write as write_return

from htanalysis import settings
from htanalysis.report import build, cache, execute
from htanalysis.report.cache import Failure, Kept, Outcome, describe_environment, pack
from htanalysis.report.notebooks import find_notebooks
from htanalysis.report.request import Scenario, Wanted, find_unchanged

CELL = {"cell_type": "code", "id": "a", "metadata": {}, "source": ["1"], "outputs": [], "execution_count": None}
STORE = "the hash of a store"


def write(path, *cells):
    """Write a notebook; give the task of running it."""
    path.write_text(json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return execute.read_task(path)


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """Let the store of returns, and its key, be empty ones."""
    (tmp_path / "own" / "data").mkdir(parents=True)
    monkeypatch.setattr(settings, "HOME", tmp_path / "own")
    return tmp_path / "own" / "data" / "quarters"


@pytest.fixture
def task(tmp_path):
    """Give the task of a notebook that reads returns."""
    return replace(write(tmp_path / "01-one.ipynb", CELL), declared={"as_of": ("str", "report")})


@pytest.fixture
def kept(tmp_path, task):
    """Give what is kept, with one notebook."""
    kept = Kept(tmp_path / "kept", b"data", STORE)
    kept.keep(task, Outcome(b"executed"))
    return kept


def test_what_is_still_true_is_found_and_other_data_and_for_a_notebook_that_reads_returns_another_store_are_seen(
    tmp_path, task, kept
):
    for each in (kept, Kept(tmp_path / "kept", b"data", STORE)):
        assert each.find(task) == Outcome(b"executed")
    assert Kept(tmp_path / "kept", b"others", STORE).find(task) is None
    assert Kept(tmp_path / "kept", b"data", "another").find(task) is None
    plain = replace(task, declared={})
    kept.keep(plain, Outcome(b"without returns"))
    assert Kept(tmp_path / "kept", b"data", "another").find(plain) == Outcome(b"without returns")
    # Both states are kept, each for itself.
    Kept(tmp_path / "kept", b"data", "another").keep(task, Outcome(b"later"))
    assert kept.find(task) == Outcome(b"executed")


@pytest.mark.parametrize(
    "change", [{"source": ["2"]}, {"cell_type": "markdown"}, {"metadata": {"tags": ["parameters"]}}, {"id": "b"}]
)
def test_other_code_is_another_task_and_other_outputs_are_not(task, change):
    executed = CELL | {"outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}], "execution_count": 7}
    assert write(task.source, executed).key == task.key
    assert write(task.source, CELL | change).key != task.key


def test_other_parameters_or_another_environment_are_another_task(task, monkeypatch):
    task = replace(task, declared={"quarter": ("str", "2012Q2")})
    keys = {execute.plan_task(task, {"quarter": each}, {}, None).key for each in ("2012Q1", "2012Q2", "2011Q4")}
    # A copy of a notebook is another one: it has a page of its own.
    keys |= {task.key, replace(task, source=task.source.with_name("01-one-Copy1.ipynb")).key}
    monkeypatch.setattr(cache, "describe_environment", lambda: "another")
    assert len(keys | {replace(task).key}) == 5


def test_whatever_is_installed_and_each_file_of_the_package_belong_to_the_environment(tmp_path, monkeypatch):
    def describe():
        describe_environment.cache_clear()
        return describe_environment()

    package = tmp_path / "htanalysis"
    shutil.copytree(Path(cache.__file__).parents[1], package)
    monkeypatch.setattr(cache, "__file__", str(package / "report" / "cache.py"))
    before = describe()
    assert before == describe()
    for name in ("quarterly.py", "assets/pages.css", "templates/page.html.j2"):
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


def test_a_kept_notebook_that_was_changed_is_named_and_runs_anew_even_with_a_hash_that_fits(task, kept, capsys):
    (path,) = kept._own.iterdir()
    seal = path.read_bytes().partition(b"\n")[0]
    assert kept.find(task) and capsys.readouterr().err == ""
    plain = cache.digest(kept._own.name).encode()
    for content in (seal + b"\nchanged", plain + b"\nchanged", seal, seal[:20], b""):
        path.write_bytes(content)
        assert kept.find(task) is None
        assert capsys.readouterr().err == f"{path} was changed by hand, and is computed again: 01-one\n"
    # What was kept of another notebook does not take its place either.
    other = replace(task, content=b"other")
    kept.keep(other, Outcome(b"false"))
    path.write_bytes(next(each for each in kept._own.iterdir() if each != path).read_bytes())
    assert kept.find(task) is None and "01-one" in capsys.readouterr().err


def test_what_functions_gave_for_texts_is_kept_for_the_next_run_and_computed_again_where_it_was_touched(
    tmp_path, kept, monkeypatch, capsys
):
    seen = []

    @cache.remembered
    def double(text):
        seen.append(text)
        return 2 * text

    def run(*texts):
        monkeypatch.setattr(cache, "_remembered", {})  # as in another process
        with cache.remembering(kept):
            return [double(text) for text in texts]

    assert run("a", "b", "a") == ["aa", "bb", "aa"] and seen == ["a", "b"]
    assert run("a", "c") == ["aa", "cc"] and seen == ["a", "b", "c"]
    (path,) = tmp_path.rglob("texts-*")
    told, _, content = path.read_bytes().partition(b"\n")
    assert set(pickle.loads(content).values()) == {"aa", "bb", "cc"}
    path.write_bytes(told + b"\n" + pickle.dumps({}))
    assert run("a") == ["aa"] and seen == ["a", "b", "c", "a"]
    assert "was changed by hand, and is computed again: texts" in capsys.readouterr().err
    monkeypatch.setattr(cache, "_MOST_REMEMBERED", 2)
    run(*"abcde")
    assert len(cache._remembered) <= 2


def test_no_count_can_be_found_by_trial_from_what_is_kept(store, task, kept):
    (path,) = kept._own.iterdir()
    assert STORE not in path.read_text() and path.name != kept._path(replace(task, declared={})).name
    key = store / ".key"
    assert key.stat().st_mode & 0o777 == 0o600 and len(key.read_bytes()) == 64
    sealed = cache.seal(STORE)
    assert sealed == cache.seal(STORE) != cache.digest(STORE)
    key.unlink()
    assert cache.seal(STORE) != sealed and kept.find(task) is None


def test_what_notebooks_read_is_packed_without_the_store_and_the_same_data_are_the_same_bytes(tmp_path):
    home = tmp_path / "home"
    path, count = home / "data" / "report" / "a.csv", home / "data" / "quarters" / "2012Q3.csv"
    for folder in (path.parent, count.parent):
        folder.mkdir(parents=True)
    path.write_text("a\n")
    first = pack(home)
    count.write_text("a count\n")
    os.utime(path, (0, 0))
    assert pack(home) == first
    path.write_text("b\n")
    assert pack(home) != first
    cache.unpack(pack(home), tmp_path / "there")
    assert [each.name for each in (tmp_path / "there").rglob("*") if each.is_file()] == ["a.csv"]


def test_files_behind_a_link_to_a_folder_are_hashed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.csv").write_text("1")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "quarters").symlink_to(tmp_path / "elsewhere")
    assert list(cache.hash_files(tmp_path, ("data",))) == ["data/quarters/a.csv"]


def test_what_stopped_is_not_kept_and_what_another_version_left_is_deleted(tmp_path, task, kept):
    other = Kept(tmp_path / "other", b"data", STORE)
    other.keep(task, Outcome(b"executed", Failure("01-one", 1, "Error")))
    assert other.find(task) is None and not (tmp_path / "other").exists()
    (tmp_path / "kept" / "0123").mkdir()
    kept.prune()
    assert not (tmp_path / "kept" / "0123").exists() and kept.find(task)


# The collection's own notebooks


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Give a copy of the collection with four of its notebooks, and a report that was made from it."""
    home = tmp_path_factory.mktemp("home")
    others = shutil.ignore_patterns("0[12347]-*.ipynb")
    for name in ("data", "notebooks", "shapefiles"):
        shutil.copytree(settings.HOME / name, home / name, ignore=others)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "HOME", home)
        build.make_reports([Wanted()], home / "reports")
    return home


@pytest.fixture
def at_home(home, store, tmp_path, monkeypatch):
    """Give the copy, which a test may change, with what was kept."""
    assert not store.exists()
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.setattr(settings, "HOME", tmp_path / "home")
    return tmp_path / "home"


def remake(home, *wanted, run=execute.run_tasks, **given):
    """Make reports again; give their indexes and the notebooks that ran."""
    ran = []

    def note(tasks, data):
        ran.extend(task.source.stem[:2] for task in tasks)
        return run(tasks, data, jobs=2)

    return build.make_reports(wanted or [Wanted()], home / "reports", run=note, **given), sorted(ran)


def test_a_change_of_any_file_of_the_data_runs_all(at_home):
    tasks = [execute.read_task(path) for path in find_notebooks()]
    files = [path for folder in ("data", "shapefiles") for path in (at_home / folder).rglob("*") if path.is_file()]
    assert len(files) > 25
    for path in files[::5]:
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        kept = Kept(at_home / "reports" / ".kept", pack(at_home), "")
        assert path.name == ".key" or [task for task in tasks if kept.find(task)] == [], path.name
        path.write_bytes(content)


def test_a_return_runs_just_the_notebooks_that_read_returns(at_home):
    before = {path.name: path.read_bytes() for path in (at_home / "reports" / "2012Q2" / "notebooks").iterdir()}
    add_return(at_home)
    (index,), ran = remake(at_home)
    assert ran == ["00", "08"]
    after = {path.name: path.read_bytes() for path in (index.parent / "notebooks").iterdir()}
    assert {name[:2] for name in after if after[name] != before[name]} == {"00", "08"}
    assert remake(at_home)[1] == []
    # What is kept says the same as what is run.
    shutil.rmtree(at_home / "reports")
    (index,), ran = remake(at_home)
    assert len(ran) == 4
    assert {path.name: path.read_bytes() for path in (index.parent / "notebooks").iterdir()} == after


def add_return(home):
    """Add a return of the last quarter of the report, by one task force."""
    row = "2012-04-01,2012-06-30,Fresno Coalition Against Human Trafficking,arrests,all,40,2012-11-30"
    path = write_return(home, row, name="2012Q2.csv")
    command = [sys.executable, "-c", "import sys; from htanalysis.cli import main; sys.exit(main())", "add", str(path)]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def environment(home):
    return os.environ | {"HTANALYSIS_HOME": str(home)}


def add_line(home, line):
    path = home / "notebooks" / "06-services.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    cell["source"] = [*cell["source"], f"\n{line}"]
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_another_quarter_runs_all_and_a_scenario_just_the_notebooks_that_declare_its_values(at_home):
    scenario = Scenario("few-from-vice", "Few", {"vice_share": 0.2})
    indexes, ran = remake(at_home, Wanted(scenario=scenario), Wanted("2012Q1"), Wanted("2012Q1", scenario=scenario))
    assert ran == ["00", "05", "05", "05", "06", "08"]
    assert [index.parent.name for index in indexes] == ["2012Q2-few-from-vice", "2012Q1", "2012Q1-few-from-vice"]
    one, other = ((index.parent / "notebooks" / "05-task-force-selection.ipynb").read_text() for index in indexes[1:])
    assert "vice_share = 0.2\\n" not in one and "vice_share = 0.2" in other
    for name in ("index", "06-services", "codebook"):
        plain, assuming = ((index.parent / f"{name}.html").read_text(encoding="utf-8") for index in indexes[1:])
        assert "true only if this is: Few.</p>" in assuming and "Report for 2012Q1 assuming few-from-vice" in assuming
        assert "true only if this is" not in plain and "assuming" not in plain.partition("<main")[0]


def test_an_interrupted_run_goes_on_where_it_was(at_home):
    shutil.rmtree(at_home / "reports")

    def stop_after_two(tasks, data, jobs):
        for place, given in enumerate(execute.run_tasks(tasks, data, jobs)):
            if place == 2:
                raise KeyboardInterrupt
            yield given

    with pytest.raises(KeyboardInterrupt):
        remake(at_home, run=stop_after_two)
    assert len(list(at_home.glob("reports/.kept/*/*"))) == 2
    assert [path.name for path in (at_home / "reports").iterdir()] == [".kept"]
    assert len(remake(at_home)[1]) == 2


def test_data_that_change_meanwhile_are_told_and_no_report_mixes_them(at_home):
    shutil.rmtree(at_home / "reports")
    tcvap = at_home / "data" / "report" / "tcvap.csv"
    content = tcvap.read_bytes()

    def touch(tasks, data, jobs):
        tcvap.write_bytes(content[:-2] + b"9\n")
        return execute.run_tasks(tasks, data, jobs)

    with pytest.raises(build.HtanalysisError, match=r"made from them: data/report/tcvap\.csv") as caught:
        remake(at_home, run=touch)
    assert "Run the command again" in str(caught.value) and not (at_home / "reports" / "2012Q2").exists()
    tcvap.write_bytes(content)  # The notebooks ran with the data as they were, and are kept for these.
    assert remake(at_home)[1] == [] and (at_home / "reports" / "2012Q2").exists()


def test_what_changes_while_a_report_is_planned_is_told(at_home, monkeypatch):
    shutil.rmtree(at_home / "reports")
    parse = build.parse_period

    def parse_and_add(*given):
        period = parse(*given)
        (at_home / "data" / "quarters" / "2012Q3.csv").touch()
        return period

    monkeypatch.setattr(build, "parse_period", parse_and_add)
    with pytest.raises(build.HtanalysisError, match=r"Files changed while .*: data/quarters/2012Q3\.csv\. No report"):
        remake(at_home)
    assert [path.name for path in (at_home / "reports").iterdir()] == [".kept"]


def test_a_page_does_not_take_a_number_from_a_kept_notebook_that_was_changed(at_home, capfd):
    page = at_home / "reports" / "2012Q2" / "06-services.html"
    (path,) = (at_home / "reports" / ".kept").glob("*/06-services-*")
    content = path.read_bytes()
    assert b"761" in content
    path.write_bytes(content.replace(b"761", b"690"))
    page.write_text("touched")
    assert remake(at_home)[1] == ["06"]
    assert "was changed by hand, and is computed again: " in capfd.readouterr().err
    assert "761" in page.read_text(encoding="utf-8") and path.read_bytes() == content


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
    unchanged = [f"Nothing changed since this report was made: {index}", "[] 0"]
    assert run() == unchanged
    (index.parent / "06-services.html").unlink()
    assert run()[0] == f"The report is ready: {index}"
    assert run() == unchanged


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


def test_a_rerun_executes_no_notebook_and_changed_code_just_its_own_which_is_kept_though_it_imports_numpy(at_home):
    assert remake(at_home) == ([at_home / "reports" / "2012Q2" / "index.html"], [])
    add_line(at_home, "import numpy, os")
    assert [remake(at_home)[1], remake(at_home)[1]] == [["06"], []]
    assert find_unchanged(Wanted(), at_home / "reports")


def test_a_notebook_with_another_name_and_other_findings_has_a_page_of_its_own(at_home):
    path = at_home / "notebooks" / "06-services.ipynb"
    text = path.read_text(encoding="utf-8")
    text = re.sub(r'\\"([a-z]+(-[a-z]+)+)\\"', r'\\"again-\1\\"', text)
    path.with_name("09-again.ipynb").write_text(text, encoding="utf-8")
    (index,), ran = remake(at_home)
    assert ran == ["09"] and (index.parent / "09-again.html").exists()


def test_a_notebook_that_is_edited_meanwhile_runs_as_it_was_read(at_home):
    shutil.rmtree(at_home / "reports")
    path = at_home / "notebooks" / "06-services.ipynb"
    good = path.read_bytes()

    def edit(tasks, data, jobs):
        path.write_bytes(good.replace(b"import htanalysis as ht", b"import htanalysis as ht\\nprint('edited')", 1))
        return execute.run_tasks(tasks, data, jobs)

    (index,), _ = remake(at_home, run=edit)
    path.write_bytes(good)
    assert "edited" not in (index.parent / "notebooks" / path.name).read_text(encoding="utf-8")


def test_one_folder_holds_one_report(at_home):
    with pytest.raises(build.HtanalysisError, match="Two of the reports would lie in"):
        remake(at_home, Wanted("2012Q2"), Wanted("latest"))


@pytest.mark.parametrize("touch", ["page", "extra", "record", "history", "option", "package", "methods"])
def test_a_report_that_was_touched_or_would_be_another_is_made_again(at_home, monkeypatch, touch):
    out, wanted = at_home / "reports", Wanted()
    if touch == "page":
        (out / "2012Q2" / "index.html").write_text("touched")
    elif touch == "extra":
        (out / "2012Q2" / "more.html").write_text("more")
    elif touch == "record":
        (out / "2012Q2" / "index.html").write_text("touched")
        (record,) = out.glob(".kept/*/report-*.json")
        outputs = cache.digest(cache.hash_files(out / "2012Q2", ("",)))
        record.write_text(json.dumps(json.loads(record.read_text()) | {"outputs": outputs}))
    elif touch == "history":
        monkeypatch.setattr("htanalysis.report.folder.find_last", lambda *_: at_home / "data" / "datapackage.json")
    elif touch == "methods":
        monkeypatch.setattr("htanalysis.report.request.METHODS", at_home / "data" / "datapackage.json")
    elif touch == "option":
        wanted = Wanted(single_file=True)
    else:
        monkeypatch.setattr("htanalysis.report.request.describe_environment", lambda: "another")
    assert find_unchanged(wanted, out) is None
