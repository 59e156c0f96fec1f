import csv
import json

import nbformat
import openpyxl
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from htanalysis import reports
from htanalysis.errors import HtanalysisError, NotebookError
from htanalysis.runs import read_outputs


def files(folder):
    """Give the bytes of every file of a report, by name."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_report_holds_what_it_promises(report):
    names = set(files(report))
    assert report.name == "2012Q2"
    assert {"index.html", "codebook.html", "methods.html", "findings.csv", "tables.xlsx", "manifest.json"} <= names
    assert {f"{name}.html" for name in ("00-start-here", "03-county-convictions", "07-the-report-checked")} <= names
    assert len([name for name in names if name.startswith("notebooks/")]) == 8
    assert [name for name in names if "plotly" in name] == ["assets/plotly.min.js"]
    assert not list(report.parent.glob(".2012Q2*")), "nothing half done is left"


def test_findings_csv_holds_every_finding_with_basis_and_source(report):
    with (report / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [
        c for path in sorted((report / "notebooks").iterdir()) for kind, c in read_outputs(path) if kind == "finding"
    ]
    assert [row["id"] for row in rows] == [content["id"] for content in found]
    assert len({row["id"] for row in rows}) == len(rows) >= 40
    assert all(row["basis"] and row["source"] and row["sentence"] for row in rows)
    growth = next(row for row in rows if row["id"] == "victims-identified-growth")
    assert (growth["value"], growth["unit"], growth["basis"]) == ("3.04", "times", "computed")
    assert growth["source"] == "Chapter 3, California’s Nine Regional Task Forces"


def test_the_workbook_has_a_sheet_for_each_table_and_no_formula(report):
    book = openpyxl.load_workbook(report / "tables.xlsx")
    shown = [
        c for path in sorted((report / "notebooks").iterdir()) for kind, c in read_outputs(path) if kind == "table"
    ]
    assert book.sheetnames == ["contents", *[content["id"][:31] for content in shown]]
    sheet = book["two-year-totals"]
    assert [cell.value for cell in sheet[6]] == ["measure", "total of eight quarters"]
    assert [cell.value for cell in sheet[7]] == ["investigations initiated", 2552]
    assert sheet["A3"].value.startswith("Basis: reported. Source: Chapter 3")
    cells = [cell for name in book.sheetnames for row in book[name].iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]


def test_the_manifest_names_inputs_outputs_parameters_and_versions(report):
    manifest = json.loads((report / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["parameters"] == {"quarter": "2012Q2"}
    assert set(manifest["outputs"]) == set(files(report)) - {"manifest.json"}
    assert "data/report/penal_code_236_1.csv" in manifest["inputs"]
    assert "notebooks/01-quarterly-trends.ipynb" in manifest["inputs"]
    assert all(len(digest) == 64 for digest in (manifest["inputs"] | manifest["outputs"]).values())
    assert {"python", "pandas", "papermill", "htanalysis"} <= set(manifest["versions"])
    assert manifest["seconds"] > 0 and manifest["started"].endswith("+00:00")


def test_the_same_inputs_give_the_same_bytes_at_any_number_of_jobs(report, tmp_path):
    again = reports.make_report("2012Q2", tmp_path, jobs=3).parent
    first, second = files(report), files(again)
    manifests = [json.loads(content.pop("manifest.json")) for content in (first, second)]
    assert first == second
    for manifest in manifests:
        del manifest["started"], manifest["seconds"]
    assert manifests[0] == manifests[1]


@pytest.fixture
def one_notebook(tmp_path, monkeypatch):
    """Let a report consist of one notebook with the given code."""

    def use(code: str):
        parameters = new_code_cell('quarter: str = "2012Q2"  # quarter', metadata={"tags": ["parameters"]})
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        path = tmp_path / "00-only.ipynb"
        nbformat.write(new_notebook(cells=[parameters, new_code_cell(code)], metadata=kernel), path)
        monkeypatch.setattr(reports, "find_notebooks", lambda: [path])
        return tmp_path / "reports"

    return use


def test_a_failing_notebook_leaves_the_earlier_report_and_keeps_what_ran(one_notebook):
    out = one_notebook("raise RuntimeError('no data')")
    earlier = out / "2012Q2"
    earlier.mkdir(parents=True)
    (earlier / "index.html").write_text("earlier")
    with pytest.raises(NotebookError) as caught:
        reports.make_report("2012Q2", out)
    kept = out / "2012Q2-failed" / "notebooks" / "00-only.ipynb"
    assert str(kept) in str(caught.value) and "RuntimeError: no data" in str(caught.value)
    assert nbformat.read(kept, as_version=4).cells[1].outputs[0].evalue == "no data"
    assert files(out).keys() == {"2012Q2/index.html", "2012Q2-failed/notebooks/00-only.ipynb"}
    assert (earlier / "index.html").read_text() == "earlier"


def test_a_report_that_cannot_be_written_leaves_nothing(one_notebook, monkeypatch):
    out = one_notebook("1")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(reports, "write_pages", fail)
    with pytest.raises(OSError, match="disk full"):
        reports.make_report("2012Q2", out)
    assert list(out.iterdir()) == []


def test_a_new_report_takes_the_place_of_the_earlier_one(one_notebook, monkeypatch):
    out = one_notebook("1")
    monkeypatch.setattr(reports, "write_pages", lambda *given: (given[3] / "index.html").write_text("new"))
    (out / "2012Q2").mkdir(parents=True)
    (out / "2012Q2" / "old.html").write_text("old")
    assert reports.make_report("2012Q2", out).read_text() == "new"
    assert not (out / "2012Q2" / "old.html").exists() and [path.name for path in out.iterdir()] == ["2012Q2"]


def test_an_interrupted_move_is_made_good(one_notebook):
    out = one_notebook("raise RuntimeError")
    (out / ".2012Q2-earlier").mkdir(parents=True)
    (out / ".2012Q2-earlier" / "index.html").write_text("earlier")
    with pytest.raises(NotebookError):
        reports.make_report("2012Q2", out)
    assert (out / "2012Q2" / "index.html").read_text() == "earlier"


def test_a_period_that_is_not_held_runs_nothing(tmp_path):
    with pytest.raises(HtanalysisError, match="not held"):
        reports.make_report("2013Q1", tmp_path / "reports")
    assert not (tmp_path / "reports").exists()


def test_a_range_has_a_folder_of_its_own(one_notebook, monkeypatch):
    out = one_notebook("1")
    monkeypatch.setattr(reports, "write_pages", lambda *given: (given[3] / "index.html").write_text(given[2]))
    index = reports.make_report("2011Q3:2012Q2", out)
    assert index.parent.name == "2011Q3-2012Q2" and index.read_text() == "2011Q3:2012Q2"
