import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import nbformat
import pytest
from conftest import make_report, run_killed
from nbformat.v4 import new_code_cell, new_notebook

import htanalysis as ht
from htanalysis.errors import HtanalysisError, NotebookError
from htanalysis.report import build, pages
from htanalysis.report import folder as drafts
from htanalysis.report.cache import Outcome
from htanalysis.report.notebooks import find_notebooks, read_executed
from htanalysis.report.request import Wanted, find_unchanged

ROOT = Path(__file__).resolve().parents[1]


def files(folder):
    """Give the bytes of every file of a report, by name."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(("name", "pdf"), [("xlsxwriter", False), ("latex2mathml", False), ("pikepdf", True)])
def test_what_a_report_lacks_is_told_before_a_notebook_runs(tmp_path, monkeypatch, name, pdf):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError) as caught:
        build.make_reports([Wanted("2012Q2", pdf=pdf)], tmp_path, run=lambda *_, **__: pytest.fail("a notebook ran"))
    assert caught.value.name == name and not list(tmp_path.iterdir())


def test_all_that_writes_a_report_and_is_imported_late_is_looked_for_at_its_start():
    code = """
import sys
import htanalysis.report.build
before = set(sys.modules)
from htanalysis.report import editions, glossary, pages, scenarios, workbook
# Of some only parts are imported, which leave no trace.
print(*{name.partition(".")[0] for name in {*sys.modules, *glossary._PARTS} - before})
"""
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT).stdout.split())
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert loaded & {re.match(r"[\w-]+", each)[0] for each in extras["report"]} == {*build._WRITING, *build._JOINING}


def test_a_report_holds_what_it_promises(report):
    names = set(files(report))
    assert report.name == "2012Q2"
    pages = ("index", "codebook", "methods", "00-start-here", "03-county-convictions", "07-the-report-checked")
    assert {f"{name}.html" for name in pages} <= names
    assert {"findings.csv", "tables.xlsx", "manifest.json", "search.js"} <= names
    assert len([name for name in names if name.startswith("notebooks/")]) == 9
    assert not [name for name in names if "plotly" in name]
    assert not list(report.parent.glob(".2012Q2*")), "nothing half done is left"


def test_findings_csv_holds_every_finding_with_basis_and_source(report):
    with (report / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = [pair for path in sorted((report / "notebooks").iterdir()) for pair in read_executed(path).shown]
    assert [row["id"] for row in rows] == [content["id"] for kind, content in shown if kind == "finding"]
    assert len({row["id"] for row in rows}) == len(rows) >= 40
    assert all(row["basis"] and row["source"] and row["sentence"] for row in rows)
    growth = next(row for row in rows if row["id"] == "victims-identified-growth")
    assert (growth["value"], growth["unit"], growth["basis"]) == ("3.04", "times", "computed")
    assert growth["source"] == "Chapter 3, California’s Nine Regional Task Forces"
    assert growth["formula"] == "last ÷ first = 304 ÷ 100"
    assert growth["source_ids"] == "quarters-victims; totals-victims; san-jose-joins"
    assert (growth["quarter"], growth["as_of"], growth["version"]) == ("2012Q2", "report", ht.__version__)
    assert growth["permanent_id"] == f"htanalysis:{ht.__version__}/2012Q2/as-of-report/victims-identified-growth"
    assert len({row["permanent_id"] for row in rows}) == len(rows)


def test_the_manifest_names_inputs_parameters_and_versions(report):
    manifest = json.loads((report / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["parameters"] == {"quarter": "2012Q2", "as_of": "report", "audience": "public"}
    assert "data/report/penal_code_236_1.csv" in manifest["inputs"]
    assert "notebooks/01-quarterly-trends.ipynb" in manifest["inputs"]
    assert all(len(digest) == 64 for digest in manifest["inputs"].values())
    assert {"python", "pandas", "papermill", "htanalysis"} <= set(manifest["versions"])
    assert manifest["seconds"] > 0 and manifest["started"].endswith("+00:00")


def test_the_same_inputs_give_the_same_bytes_at_any_number_of_jobs(report, tmp_path):
    again = make_report(tmp_path, jobs=3).parent
    first, second = files(report), files(again)
    manifests = [json.loads(content.pop("manifest.json")) for content in (first, second)]
    assert first.pop("SHA256SUMS") != second.pop("SHA256SUMS"), "the manifests hold times"
    assert first == second
    for manifest in manifests:
        del manifest["started"], manifest["seconds"]
    assert manifests[0] == manifests[1]


def reports_in(out):
    """List what lies in a folder of reports, but for what is kept for the next one."""
    return sorted(path.name for path in out.iterdir() if path.name not in (".history", ".kept"))


def fill_with(monkeypatch, *names):
    """Let reports consist of some files that say "new", and their notebooks of nothing."""

    def fill(plan, _):
        for name in names:
            (plan.draft / name).write_text("new")
        return []

    monkeypatch.setattr(build, "_fill", fill)
    for name in ("write_data_pages", "write_page"):
        monkeypatch.setattr(pages, name, lambda *_: None)
    as_they_are = lambda tasks, *_: [(task, Outcome(task.source.read_bytes())) for task in tasks]  # noqa: E731
    monkeypatch.setattr(build, "run_or_find", as_they_are)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Let a report consist of one page, and give the folder of reports, which holds an earlier one."""
    fill_with(monkeypatch, "index.html")
    out = tmp_path / "reports"
    (out / "2012Q2").mkdir(parents=True)
    (out / "2012Q2" / "index.html").write_text("earlier")
    return out


@pytest.fixture
def one_notebook(tmp_path, monkeypatch):
    """Let a report consist of one notebook with the given code."""

    def use(code: str):
        parameters = new_code_cell('quarter: str = "2012Q2"  # quarter', metadata={"tags": ["parameters"]})
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        path = tmp_path / "00-only.ipynb"
        nbformat.write(new_notebook(cells=[parameters, new_code_cell(code)], metadata=kernel), path)
        monkeypatch.setattr(build, "find_notebooks", lambda: [path])
        return tmp_path / "reports"

    return use


def test_a_failing_notebook_leaves_the_earlier_report_and_keeps_what_ran(one_notebook):
    out = one_notebook("raise RuntimeError('no data')")
    earlier = out / "2012Q2"
    earlier.mkdir(parents=True)
    (earlier / "index.html").write_text("earlier")
    with pytest.raises(NotebookError) as caught:
        make_report(out)
    kept = out / "2012Q2-failed" / "notebooks" / "00-only.ipynb"
    assert str(kept) in str(caught.value) and "RuntimeError: no data" in str(caught.value)
    assert nbformat.read(kept, as_version=4).cells[1].outputs[0].evalue == "no data"
    assert files(out).keys() == {"2012Q2/index.html", "2012Q2-failed/notebooks/00-only.ipynb"}
    assert not (out / ".kept").exists(), "what stopped runs again"
    assert (earlier / "index.html").read_text() == "earlier"


@pytest.mark.parametrize("audience", ["public", "internal"])
def test_a_notebook_that_fails_does_not_withhold_the_pages_of_the_others(tmp_path, monkeypatch, audience):
    mark = "-internal" if audience == "internal" else ""
    bad = nbformat.read(find_notebooks()[3], as_version=4)
    bad.cells[6].source = "raise RuntimeError('no <data>')"
    nbformat.write(bad, tmp_path / find_notebooks()[3].name)
    paths = [*find_notebooks()[:2], tmp_path / find_notebooks()[3].name]
    monkeypatch.setattr(build, "find_notebooks", lambda: paths)
    out = tmp_path / "reports"
    with pytest.raises(NotebookError) as caught:
        make_report(out, audience=audience)
    beside = out / f"2012Q2{mark}-failed"
    assert str(caught.value).split("\n") == [
        "The notebook 03-county-convictions stopped.",
        "Cell: 7, counted from 1.",
        "Error: RuntimeError: no <data>",
        f"Partly executed notebook: {beside / 'notebooks' / f'03-county-convictions{mark}.ipynb'}",
        f"The pages of the other notebooks: {beside / f'index{mark}.html'}",
        "Send these lines to whoever looks after the collection, and to nobody else.",
    ]
    assert [name for name in reports_in(out) if "2012Q2" in name] == [beside.name]
    failed = (beside / f"03-county-convictions{mark}.html").read_text(encoding="utf-8")
    assert "This page could not be made." in failed and "stopped in cell 7" in failed and "RuntimeError" not in failed
    index = (beside / f"index{mark}.html").read_text(encoding="utf-8")
    told = re.sub(r"<[^>]+>", "", index.partition('class="failed"')[2].partition("</p>")[0])
    assert "Of 3 pages 1 could not be made" in told and "Where were convictions" in told
    with (beside / f"findings{mark}.csv").open(encoding="utf-8") as file:
        assert {row["notebook"] for row in csv.DictReader(file)} == {"00-start-here", "01-quarterly-trends"}


def test_a_report_that_cannot_be_written_leaves_nothing(one_notebook, monkeypatch):
    out = one_notebook("1")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(pages, "write_other_pages", fail)
    with pytest.raises(OSError, match="disk full"):
        make_report(out)
    assert reports_in(out) == []


def test_an_interrupted_move_is_made_good(one_notebook):
    out = one_notebook("raise RuntimeError")
    (out / ".2012Q2-earlier").mkdir(parents=True)
    (out / ".2012Q2-earlier" / "index.html").write_text("earlier")
    with pytest.raises(NotebookError):
        make_report(out)
    assert (out / "2012Q2" / "index.html").read_text() == "earlier"


def test_a_new_report_takes_the_place_of_the_earlier_one_and_of_what_an_interrupted_move_left(written):
    (written / "2012Q2" / "old.html").write_text("earlier")
    (written / ".2012Q2-earlier").mkdir()
    assert make_report(written).read_text() == "new"
    assert reports_in(written) == ["2012Q2"] and not (written / "2012Q2" / "old.html").exists()


@pytest.mark.parametrize("fail_at", [1, 2])
def test_an_interrupt_within_the_move_brings_the_earlier_report_back(written, monkeypatch, fail_at):
    rename, calls = Path.rename, []

    def interrupt(path, target):
        calls.append(path)
        if len(calls) == fail_at:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_report(written)
    assert len(calls) >= fail_at
    assert {name: content.decode() for name, content in files(written).items()} == {"2012Q2/index.html": "earlier"}
    assert reports_in(written) == ["2012Q2"]


@pytest.mark.parametrize("name", ["2012Q2", ".2012Q2-earlier", "2012Q2-failed"])
@pytest.mark.parametrize("kind", ["file", "link", "link to nothing"])
def test_a_place_that_is_no_folder_is_refused_before_anything_runs(tmp_path, monkeypatch, name, kind):
    monkeypatch.setattr(build, "run_or_find", lambda *_: pytest.fail("it ran"))
    out = tmp_path / "reports"
    out.mkdir()
    (tmp_path / "elsewhere").mkdir()
    if kind == "file":
        (out / name).write_text("mine")
    else:
        (out / name).symlink_to(tmp_path / ("elsewhere" if kind == "link" else "nothing"))
    with pytest.raises(HtanalysisError, match="is not a folder") as caught:
        make_report(out)
    assert str(out / name) in str(caught.value) and "another folder" in str(caught.value)
    assert [path.name for path in out.iterdir()] == [name], "it stays, and no draft is left"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("file", "it is not a folder"), ("file/below", "Not a directory"), ("n" * 300, "File name too long")],
)
def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, name, reason):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(HtanalysisError) as caught:
        make_report(tmp_path / name)
    assert str(caught.value) == f"Nothing can be written to {tmp_path / name}: {reason}. Name another folder."


def test_a_folder_that_takes_no_file_is_one_sentence(tmp_path, monkeypatch):
    def refuse(**given):
        raise PermissionError(13, "Permission denied", given["dir"])

    monkeypatch.setattr(drafts.tempfile, "mkdtemp", refuse)
    with pytest.raises(HtanalysisError, match=r"Permission denied\. Name another folder\.$"):
        make_report(tmp_path)


def test_a_collection_without_notebooks_leaves_the_earlier_report(tmp_path, monkeypatch):
    monkeypatch.setattr("htanalysis.settings.find_notebooks", lambda: tmp_path / "none")
    (tmp_path / "2012Q2").mkdir()
    (tmp_path / "2012Q2" / "index.html").write_text("earlier")
    with pytest.raises(HtanalysisError, match="holds no notebook"):
        make_report(tmp_path)
    assert list(files(tmp_path)) == ["2012Q2/index.html"] and len(list(tmp_path.iterdir())) == 1


def test_make_notebooks_builds_and_copies_the_latest_quarter_whatever_is_asked_for():
    make = [shutil.which("make"), "--dry-run", "notebooks", "QUARTER=2011Q4"]
    plan = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "htanalysis report --quarter latest\n" in plan and "2011Q4" not in plan


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"quarter": "2013Q1"}, "not held"),
        ({"as_of": "2999-01-01"}, 'as_of is "2999-01-01", a day to come; it must be a day such as'),
    ],
)
def test_a_period_that_is_not_held_and_a_day_to_come_run_nothing(tmp_path, wanted, told):
    with pytest.raises(HtanalysisError, match=told):
        make_report(tmp_path / "reports", **wanted)
    assert not (tmp_path / "reports").exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_an_internal_report_and_what_is_kept_for_it_are_for_the_user_alone(one_notebook, monkeypatch):
    out = one_notebook("1")
    monkeypatch.setattr(pages, "write_index", lambda _, folder: (folder / "index.html").write_text("new"))
    before = os.umask(0o022)
    try:
        inside = make_report(out, audience="internal").parent
        outside = make_report(out).parent
    finally:
        os.umask(before)
    for folder in (inside, out / ".kept-internal", out / ".history-internal"):
        modes = {path: path.stat().st_mode & 0o077 for path in (folder, *folder.rglob("*"))}
        assert len(modes) > 1 and not any(modes.values()), modes
    assert outside.stat().st_mode & 0o777 == 0o755


def test_two_notebooks_with_one_finding_are_refused(tmp_path, monkeypatch):
    copy = tmp_path / "09-arrests-again.ipynb"
    shutil.copy(find_notebooks()[6], copy)
    monkeypatch.setattr(build, "find_notebooks", lambda: [find_notebooks()[6], copy])
    with pytest.raises(HtanalysisError) as caught:
        make_report(tmp_path / "reports")
    assert str(caught.value).startswith("The notebooks 06-services and 09-arrests-again both have a finding ")
    assert reports_in(tmp_path / "reports") == []


def test_a_range_and_a_look_back_have_a_folder_and_a_title_of_their_own_and_no_part_in_what_changed(
    one_notebook, monkeypatch
):
    out = one_notebook("1")
    monkeypatch.setattr(pages, "write_index", lambda whole, folder: (folder / "index.html").write_text(whole["period"]))
    index = make_report(out, "2011Q3:2012Q2")
    assert index.parent.name == "2011Q3-2012Q2" and index.read_text() == "2011Q3 to 2012Q2"
    current = make_report(out)
    kept = sorted(path.name for path in (out / ".history").iterdir())
    places = {day: make_report(out, as_of=day) for day in ("2009-01-01", "2014-07-20", "report")}
    assert {day: (index.parent.name, index.read_text()) for day, index in places.items()} == {
        "2009-01-01": ("2012Q2-as-of-2009-01-01", "2012Q2 as known on January 1, 2009"),
        "2014-07-20": ("2012Q2-as-of-2014-07-20", "2012Q2 as known on July 20, 2014"),
        "report": ("2012Q2-as-of-report", "2012Q2 without returns"),
    }
    assert (current.parent.name, current.read_text()) == ("2012Q2", "2012Q2")
    assert sorted(path.name for path in (out / ".history").iterdir()) == kept
    assert find_unchanged(Wanted("2012Q2"), out) == current
    assert find_unchanged(Wanted("2012Q2", "2014-07-20"), out) == places["2014-07-20"]


@pytest.mark.skipif(os.name != "posix", reason="no kill -9 elsewhere")
def test_killed_at_any_write_there_is_the_earlier_report_or_the_new_one(tmp_path, monkeypatch):
    fill_with(monkeypatch, "index.html", "findings.csv", "manifest.json")
    monkeypatch.setattr(build, "find_notebooks", lambda: find_notebooks()[:1])
    outcomes = []
    for step in range(80):
        out = tmp_path / str(step)
        (out / "2012Q2").mkdir(parents=True)
        for name in ("index.html", "findings.csv", "manifest.json"):
            (out / "2012Q2" / name).write_text("earlier")
        code = run_killed(partial(make_report, out), out, step)
        # What stands aside in the moment of the move is put back by the next run.
        place = next(path for path in (out / "2012Q2", out / ".2012Q2-earlier") if path.exists())
        texts = [path.read_text() for path in place.iterdir() if path.is_file()]
        assert code in (0, -9) and len(set(texts)) == 1 and len(texts) == 3
        outcomes.append((code, texts[0]))
        make_report(out)
        assert reports_in(out) == ["2012Q2"] and (out / "2012Q2" / "index.html").read_text() == "new"
        if code == 0:
            break
    assert outcomes[0] == (-9, "earlier") and outcomes[-1] == (0, "new") and (-9, "new") in outcomes
