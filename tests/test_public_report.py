"""Reports with returns: what the public one gives away, what a report of an earlier day shows, and what changed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import htanalysis as ht
from htanalysis import settings, store
from htanalysis.returns import list_reporting

MEASURES = ht.load("task_force_totals")["measure"].tolist()
QUARTERS = pd.period_range("2012Q3", "2012Q4", freq="Q")
NAMES = sorted(list_reporting(QUARTERS[0]))
#: Each row has two small counts, which can be exchanged, and what protects them.
COUNTS = [4, 7, 43, 52, 61, 38, 95, 84, 77]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("homes")


def make_home(place, name):
    """Copy the collection with the notebooks that read returns, and an empty store of them."""
    home = place / name
    for folder in ("data", "notebooks", "shapefiles"):
        shutil.copytree(settings.HOME / folder, home / folder, ignore=shutil.ignore_patterns("quarters"))
    for notebook in (home / "notebooks").glob("*.ipynb"):
        if "as_of" not in notebook.read_text(encoding="utf-8"):
            notebook.unlink()
    return home


def rows(quarter, names, counts, as_of, kinds=("all",)):
    days = {
        "period_start": quarter.start_time,
        "period_end": quarter.end_time.normalize(),
        "as_of": pd.Timestamp(as_of),
    }
    table = [
        {"quarter": quarter, "task_force": name, "measure": measure, "trafficking_type": kind}
        | {"count": count if kind == "all" else count // 2}
        | days
        for measure in MEASURES
        for name, count in zip(names, counts, strict=True)
        for kind in kinds
    ]
    return pd.DataFrame(table).astype({"count": "Int64"})


def add(home, table):
    before, settings.HOME = settings.HOME, home
    try:
        with store.locked():
            store.append(table)
    finally:
        settings.HOME = before


def report(home, *arguments, out="reports"):
    """Make a report in a process of its own, and give its folder."""
    code = "import sys; from htanalysis.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "report", "--out", str(home / out), *arguments]
    ended = subprocess.run(
        command, env=os.environ | {"HTANALYSIS_HOME": str(home)}, check=True, capture_output=True, text=True
    )
    return Path(ended.stdout.rstrip().removeprefix("The report is ready: ")).parent


def contents(folder):
    """Give all files of a report but the manifest, which holds times."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("manifest")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def homes(place):
    """Give two homes whose stores differ in hidden counts alone, with a report of each."""
    made = {}
    for name, counts in (("one", COUNTS), ("other", [7, 4, *COUNTS[2:]])):
        home = made[name] = make_home(place, name)
        add(home, rows(QUARTERS[0], NAMES, counts, "2012-10-31", ("all", "sex")))
    return made


@pytest.fixture(scope="module")
def first(homes):
    return report(homes["one"])


def test_stores_that_differ_in_hidden_counts_give_the_same_public_report(homes, first):
    own, others = contents(first), contents(report(homes["other"]))
    assert own.keys() == others.keys()
    assert [name for name in own if own[name] != others[name]] == []
    assert "data/quarters" not in (first / "manifest.json").read_text(encoding="utf-8")


def test_hidden_counts_are_words_in_the_tables_of_the_public_report(first):
    book = openpyxl.load_workbook(first / "tables.xlsx")
    table = [[cell.value for cell in row] for row in book["returned-by-task-force"].iter_rows(min_row=6)]
    by_name = {row[0]: row[1:6] for row in table}
    assert by_name[NAMES[0]] == by_name[NAMES[1]] == ["fewer than 11"] * 5
    assert by_name[NAMES[2]] == ["43"] * 5
    text = (first / "08-returns.html").read_text(encoding="utf-8")
    assert "fewer than 11" in text and "9 of 9" in text


def test_the_internal_report_shows_all_and_says_so_everywhere(homes):
    folder = report(homes["one"], "--audience", "internal")
    assert folder.name == "2012Q3-internal"
    names = [path for path in contents(folder) if not path.startswith("assets/")]
    assert names and all(Path(name).stem.endswith("-internal") for name in names)
    book = openpyxl.load_workbook(folder / "tables-internal.xlsx")
    assert [row[1].value for row in book["returned-by-task-force"].iter_rows(min_row=7, max_row=8)] == ["4", "7"]
    for page in folder.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "Internal: it shows counts that could point at a person" in text
        links = {part.split('"')[0].split("#")[0] for part in text.split('href="')[1:]}
        assert not [link for link in links if link and "://" not in link and not (folder / link).is_file()]


def test_a_report_as_of_a_day_is_the_report_of_that_day(homes, first, place):
    home, before = homes["one"], contents(first)
    states = contents(report(homes["one"], "--as-of", "2012-10-30", out="empty"))
    empty = make_home(place, "empty")
    assert contents(report(empty)) == states
    add(home, rows(QUARTERS[1], NAMES[:6], [20, *COUNTS[1:6]], "2013-01-31"))
    add(home, rows(QUARTERS[0], NAMES[2:3], [50], "2013-02-15"))
    latest = report(home)
    assert latest.name == "2012Q4" and "6 of 9" in (latest / "08-returns.html").read_text(encoding="utf-8")
    again = report(home, "--quarter", "2012Q3", "--as-of", "2013-01-30")
    assert again == first and contents(again) == before
    changed = (latest / "changes.html").read_text(encoding="utf-8")
    words = " ".join(re.sub(r"<[^>]+>", " ", changed).split())
    assert "Compared with the report for 2012Q3 , as known on 2012-10-31." in words
    assert f"2012Q3 {NAMES[2]} arrests all 43 50 7" in words and "2012Q3 all task forces arrests all 461 468 7" in words
    assert "nothing to compare it with" in (first / "changes.html").read_text(encoding="utf-8")
    assert 'id="changed"' in (latest / "00-start-here.html").read_text(encoding="utf-8")


def test_a_store_touched_by_hand_gives_no_report(homes):
    home = homes["other"]
    path = home / "data" / "quarters" / "2012Q3.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",43,", ",44,", 1), encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        report(home)
    assert stopped.value.returncode == 1 and "touched by hand" in stopped.value.stderr
    assert len(stopped.value.stderr.splitlines()) == 1
