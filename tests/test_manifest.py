"""Whether a report is as it was made, for those who have us and those who have not, and why it was made anew."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from test_staff_commands import run

from htanalysis import settings
from htanalysis.report import manifest
from htanalysis.report.cache import Task

INPUTS = {"data/report/tcvap.csv": "a", "notebooks/06-services.ipynb": "b", "htanalysis/rates.py": "c"}
ORIGIN = {"versions": {"python": "3.11.7"}, "inputs": INPUTS, "returns": "d"}
ORIGIN |= {"parameters": {"quarter": "2012Q2", "as_of": "report", "audience": "public"}}
DAY = datetime(2012, 11, 30, tzinfo=UTC)


@pytest.fixture
def made(tmp_path):
    """Give a small report."""
    folder = tmp_path / "2012Q2"
    (folder / "notebooks").mkdir(parents=True)
    for name in ("index.html", "findings.csv", "notebooks/06-services.ipynb"):
        (folder / name).write_text(f"{name}, 377\n")
    manifest.finish(folder, "", ORIGIN, None, DAY)
    return folder


def check_sums(folder):
    """Check a report as its recipient does, without us."""
    return subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)


def test_a_report_that_is_as_it_was_made_is_told_with_the_hash_of_its_hashes(made, capsys):
    told = re.compile(rf"{made}: 4 files, as they were made\. SHA256SUMS itself has the SHA-256 [0-9a-f]{{64}}\.\n")
    code, out, err = run(capsys, "verify", str(made))
    assert (code, err) == (0, "") and told.fullmatch(out)
    assert check_sums(made).returncode == 0
    listed = [line.split("  ")[1] for line in (made / "SHA256SUMS").read_text().splitlines()]
    assert listed == ["findings.csv", "index.html", "manifest.json", "notebooks/06-services.ipynb"]


def test_each_file_that_was_changed_added_or_taken_away_is_named(made, capsys):
    (made / "index.html").write_text("index.html, 477\n")
    (made / "findings.csv").unlink()
    (made / "assets").mkdir()
    (made / "assets" / ".new.js").write_text("alert(1)")
    code, out, err = run(capsys, "verify", str(made))
    assert (code, out) == (1, "") and err.splitlines() == [
        f"{made}/index.html was changed.",
        f"{made}/findings.csv is missing.",
        f"{made}/assets/.new.js was added.",
        "The report is not as it was made. Make it anew, or ask for it again where it came from.",
    ]
    assert check_sums(made).returncode == 1


def test_a_folder_that_is_no_report_is_one_line(tmp_path, capsys):
    code, out, err = run(capsys, "verify", str(tmp_path / "nowhere"))
    assert (code, out) == (1, "") and "holds no SHA256SUMS, so it is no report." in err


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"returns": "e"}, "because the returns changed"),
        ({"inputs": INPUTS | {"data/report/tcvap.csv": "e"}}, "because the data changed"),
        ({"inputs": INPUTS | {"shapefiles/new.shp": "e"}, "returns": "e"}, "because the returns and the data"),
        ({"inputs": INPUTS | {"data/quarters/2012Q3.csv": "e"}, "returns": "e"}, "because the returns changed"),
        ({"inputs": {"data/report/tcvap.csv": "a"}}, "because the notebooks and the package changed"),
        ({"versions": {"python": "3.13.0"}}, "because what is installed changed"),
        ({"parameters": {"quarter": "2012Q2"}}, "because the day or the assumption that was asked for changed"),
        ({}, "though nothing that it is made from changed"),
    ],
)
def test_a_report_that_is_made_anew_says_why(made, change, reason):
    told = manifest.tell_rebuilt(ORIGIN | change, made / "manifest.json", datetime(2012, 12, 3, tzinfo=UTC))
    assert told.startswith(f"Made anew on 2012-12-03 {reason}")
    assert told.endswith("; the earlier one was made on 2012-11-30.")


CODE = {"inputs": INPUTS | {"notebooks/06-services.ipynb": "e", "htanalysis/rates.py": "e"}}


@pytest.mark.parametrize(
    ("change", "own", "other"),
    [
        ({"returns": "e"}, "because the returns changed", "though nothing that it is made from changed"),
        (CODE, "because the package changed", "because the notebooks and the package changed"),
    ],
)
def test_a_page_tells_of_nothing_that_it_is_not_made_from(made, change, own, other):
    pages = Task(Path("08-returns.ipynb"), b"", {"as_of": ("str", "latest")}), Task(Path("06-services.ipynb"), b"", {})
    told = [manifest.tell_rebuilt(ORIGIN | change, made / "manifest.json", DAY, page) for page in pages]
    assert [sentence.split("2012-11-30 ")[1].split(";")[0] for sentence in told] == [own, other]


def test_of_a_report_without_a_whole_manifest_no_reason_is_told(made):
    assert manifest.tell_rebuilt(ORIGIN, made / "none.json", DAY) is None
    (made / "manifest.json").write_text('{"started": "2012-11-30"}')
    told = "Made anew on 2012-11-30; what the earlier one was made from is not known."
    assert manifest.tell_rebuilt(ORIGIN, made / "manifest.json", DAY) == told


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Give a home with one notebook."""
    shutil.copytree(settings.HOME / "data", tmp_path / "data", ignore=shutil.ignore_patterns("quarters"))
    shutil.copytree(settings.HOME / "shapefiles", tmp_path / "shapefiles")
    (tmp_path / "notebooks").mkdir()
    shutil.copy(settings.HOME / "notebooks" / "00-start-here.ipynb", tmp_path / "notebooks")
    monkeypatch.setattr(settings, "HOME", tmp_path)
    monkeypatch.setenv("HTANALYSIS_HOME", str(tmp_path))
    return tmp_path


def test_pages_and_manifest_say_that_a_report_was_made_anew_and_a_false_digit_makes_none(home, capsys):
    folder, report = home / "reports" / "2012Q2", ("report", "--no-pdf")
    assert run(capsys, *report)[0] == 0 and "Made anew" not in (folder / "index.html").read_text(encoding="utf-8")
    register = home / "data" / "register.csv"
    entry = ",Kern County Task Force,Kern County Task Force,2012Q3,,,,,\n"
    register.write_text(register.read_text(encoding="utf-8") + entry, encoding="utf-8")
    assert run(capsys, *report)[0] == 0 and run(capsys, "verify", str(folder))[0] == 0
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["rebuilt"]
    assert "because the data changed" in told
    for name in ("index", "00-start-here", "methods"):
        assert f'<p class="rebuilt">{told}</p>' in (folder / f"{name}.html").read_text(encoding="utf-8")
    path = home / "data" / "report" / "task_force_quarters.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("2012Q2,377", "2012Q2,477"), encoding="utf-8")
    for command in (report, ("check",)):
        code, out, err = run(capsys, *command)
        assert (code, out) == (1, "") and err.startswith("data/report/task_force_quarters.csv is not the file that")
