"""Reports with returns: what the public one gives away, what a report of an earlier day shows, and what changed."""

import re
import subprocess
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from conftest import frame_of, make_row
from public_files import MEASURES, NAMES, QUARTERS, add, compare_files, contents, make_home, report

COUNTS = [4, 7, 43, 52, 61, 38, 95, 84, 77]
#: Other counts with the same sum, and with the same sum of their halves.
OTHERS = [60, 1, 3, 84, 61, 52, 95, 38, 67]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("homes")


def rows(quarter, names, counts, as_of, kinds=("all",)):
    table = [
        make_row(quarter, name, count if kind == "all" else count // 2, measure, kind, as_of)
        for measure in MEASURES
        for name, count in zip(names, counts, strict=True)
        for kind in kinds
    ]
    return frame_of(table)


@pytest.fixture(scope="module")
def homes(place):
    """Give two homes whose stores differ in the task forces' counts, and not in their sums."""
    made = {}
    for name, counts in (("one", COUNTS), ("other", OTHERS)):
        home = made[name] = make_home(place, name)
        add(home, rows(QUARTERS[0], NAMES, counts, "2012-10-31", ("all", "sex")))
    return made


@pytest.fixture(scope="module")
def first(homes):
    return report(homes["one"], "--no-pdf")


def test_stores_that_differ_in_the_task_forces_counts_give_the_same_public_reports(homes, first):
    own, others = contents(first), contents(report(homes["other"], "--no-pdf"))
    assert own.keys() == others.keys()
    assert [name for name in own if own[name] != others[name]] == []
    assert "data/quarters" not in (first / "manifest.json").read_text(encoding="utf-8")


def read_table(folder, name, first):
    """Read a table of a report's workbook, by its first column."""
    book = openpyxl.load_workbook(next(folder.glob("tables*.xlsx")))
    rows = [[cell.value for cell in row] for row in book[name].iter_rows(min_row=first)]
    return {row[0]: row[1:] for row in rows}


def test_the_public_report_tells_who_returned_and_no_count_of_a_task_force(first):
    by_name = read_table(first, "returned-by-task-force", 6)
    assert {name: row[:5] for name, row in by_name.items() if name in NAMES} == {
        name: ["returned"] * 5 for name in NAMES
    }
    text = (first / "08-returns.html").read_text(encoding="utf-8")
    assert "the counts are not published" in text and "Not published: it would tell" in text
    found = pd.read_csv(first / "findings.csv").set_index("id")
    own = found[found.index.str.endswith("-in-quarter")]
    assert own["value"].tolist() == [sum(COUNTS)] * 5
    assert own["formula"].eq("counts of 9 task forces, added up = 461").all()
    assert not found.index.str.endswith("-returned").any(), "a count stands once"


def test_the_internal_report_shows_all_and_says_so_everywhere(homes):
    folder = report(homes["one"], "--audience", "internal")
    assert folder.name == "2012Q3-internal"
    names = [path for path in contents(folder) if not path.startswith("assets/")]
    assert names and all(Path(name).stem.endswith("-internal") for name in names)
    book = openpyxl.load_workbook(folder / "tables-internal.xlsx")
    assert [row[1].value for row in book["returned-by-task-force"].iter_rows(min_row=7, max_row=8)] == ["4", "7"]
    said = {"en": "Internal: it shows counts that could point at a person. Do not pass it on."}
    said |= {"es": "Interno: muestra cifras que podrían señalar a una persona. No se debe compartir."}
    languages = {}
    for page in folder.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        languages[page.name] = language = re.search(r'<html lang="(\w+)"', text)[1]
        assert f'<p class="internal">{said[language]}</p>' in text, page.name
        title = re.search("<title>(.*?)</title>", text)[1]
        assert title.startswith(said[language].partition(" ")[0]), (page.name, title)
        links = {part.split('"')[0].split("#")[0] for part in text.split('href="')[1:]}
        assert not [link for link in links if link and "://" not in link and not (folder / link).is_file()]
    spanish = {name for name, language in languages.items() if language == "es"}
    assert spanish == {"index-es-internal.html", "brief-es-internal.html"}


def told_in(folder):
    """Give what a report tells, whatever it is called: its findings, also as the page lists them, and its notebooks."""
    told = {name: text for name, text in contents(folder).items() if name.startswith(("findings", "notebooks"))}
    begin, end = (told["findings.html"].index(part) for part in (b'<section class="question"', b'<h2 id="downloads">'))
    return told | {"findings.html": told["findings.html"][begin:end]}


def test_a_report_as_of_a_day_tells_what_the_report_of_that_day_did(homes, first, place):
    home, before = homes["one"], contents(first)
    states = report(homes["one"], "--no-pdf", "--as-of", "2012-10-30", out="empty")
    empty = make_home(place, "empty")
    assert told_in(report(empty, "--no-pdf")) == told_in(states) and states.name == "2012Q2-as-of-2012-10-30"
    add(home, rows(QUARTERS[1], NAMES[:6], [20, *COUNTS[1:6]], "2013-01-31"))
    add(home, rows(QUARTERS[0], NAMES[2:3], [50], "2013-02-15"))
    latest = report(home, "--no-pdf")
    assert latest.name == "2012Q4" and "6 of 9" in (latest / "08-returns.html").read_text(encoding="utf-8")
    again = report(home, "--no-pdf", "--quarter", "2012Q3", "--as-of", "2013-01-30")
    assert again.name == "2012Q3-as-of-2013-01-30" and told_in(again) == told_in(first)
    assert contents(first) == before, "the report of that quarter stays as it was"
    changed = (latest / "changes.html").read_text(encoding="utf-8")
    words = " ".join(re.sub(r"<[^>]+>", " ", changed).split())
    assert "Compared with the report for 2012Q3 , as known on 2012-10-31." in words
    assert "2012Q3 all task forces arrests all 461 468 7" in words
    # The 2012 report's own phrase names one of them, and no count of it.
    assert not any(name in re.sub("“[^”]*”", "", words) for name in NAMES)
    assert "nothing to compare it with" in (first / "changes.html").read_text(encoding="utf-8")
    assert 'id="changed"' in (latest / "00-start-here.html").read_text(encoding="utf-8")


def test_a_store_touched_by_hand_gives_no_report(homes):
    home = homes["other"]
    path = home / "data" / "quarters" / "2012Q3.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",84,", ",85,", 1), encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        report(home)
    assert stopped.value.returncode == 1 and "touched by hand" in stopped.value.stderr
    assert len(stopped.value.stderr.splitlines()) == 1


def test_files_tell_the_sums_of_the_view_and_nothing_else_of_thirty_random_histories(place):
    view, files, differ = compare_files(place, 7, "08")
    whole = {cell: count for cell, count in view.items() if cell[2] == "all"}
    assert len(whole) >= 5 and len(view) > len(whole)
    for name in ("the workbook", "the page", "the notebook"):
        assert files[name] == view, name
    for name in ("findings.csv", "the notebook's findings"):
        assert files[name] == {}, "a sum stands once on the page, in its table"
    assert differ == []
