"""Returns as they come: each fault has a file of its own in tests/returns, and its message in expected.csv."""

import csv
import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as running
from hypothesis import strategies as st

import htanalysis as ht
from htanalysis.checks import check_files
from htanalysis.sheets import COLUMNS, write_template

FOLDER = Path(__file__).parent / "returns"
TODAY = datetime.date(2013, 3, 31)
QUARTER = pd.Period("2012Q3", freq="Q")
NORTH_BAY = "North Bay Human Trafficking Task Force"
with (FOLDER / "expected.csv").open(newline="", encoding="utf-8") as file:
    EXPECTED = list(csv.DictReader(file))


def rows_of(quarter, counts, as_of):
    """Give rows of one task force as the store holds them."""
    days = {
        "period_start": quarter.start_time,
        "period_end": quarter.end_time.normalize(),
        "as_of": pd.Timestamp(as_of),
    }
    rows = [
        {"quarter": quarter, "task_force": NORTH_BAY, "measure": measure, "trafficking_type": "all", "count": count}
        | days
        | {"batch": 1}
        for measure, count in counts.items()
    ]
    columns = ["quarter", *COLUMNS, "batch"]
    return pd.DataFrame(rows, columns=columns).astype({"count": "Int64"})


HELD = rows_of(QUARTER - 1, {"arrests": 20, "victims identified": 30}, "2012-07-31")
NOTHING = HELD[:0]


def check(*paths, held=HELD, **given):
    return check_files(paths, held, TODAY, **given)


def write(folder, *rows, name="a.csv"):
    path = folder / name
    path.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")
    return path


def line(count, name=NORTH_BAY, period="2012-07-01,2012-09-30", measure="arrests", kind="all", as_of="2012-10-31"):
    return f"{period},{name},{measure},{kind},{count},{as_of}"


@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: case["file"])
def test_each_file_has_the_message_that_is_expected(case):
    checked = check(FOLDER / case["file"])
    assert "\n".join(map(str, checked.problems)) == case["messages"]
    errors = [problem for problem in checked.problems if problem.severity == "error"]
    assert (case["outcome"] == "error") == bool(errors) == checked.rows.empty
    assert (case["outcome"] == "good") == (not checked.problems)


def test_there_is_a_file_for_each_fault():
    listed = [case["file"] for case in EXPECTED]
    assert set(listed) == {path.name for path in FOLDER.iterdir()} - {"expected.csv", "make_workbooks.py"}
    assert sum(case["outcome"] == "error" for case in EXPECTED) >= 60


def test_good_styles_give_the_same_rows():
    styles = ("comma", "crlf", "cr", "blank-lines", "workbook", "workbook-text-dates")
    paths = [next(FOLDER.glob(f"good-{style}.*")) for style in styles]
    frames = [check(path).rows for path in paths]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0])
    assert frames[0]["count"].tolist() == [40, 12] and str(frames[0]["quarter"].unique()[0]) == "2012Q3"
    singles = [check(FOLDER / f"good-{style}.csv").rows for style in ("semicolon", "tab", "bom", "other-order")]
    for frame in singles:
        pd.testing.assert_frame_equal(frame, frames[0][:1])


def test_a_period_off_the_quarter_counts_where_it_overlaps_most():
    rows = check(FOLDER / "good-riverside-period.csv").rows
    assert str(rows.loc[0, "quarter"]) == "2012Q3" and str(rows.loc[0, "period_start"].date()) == "2012-07-16"


def test_strict_makes_errors_of_what_is_suspicious_alone():
    for case in EXPECTED:
        if case["outcome"] == "notice":
            checked = check(FOLDER / case["file"], strict=True)
            odd = any(word in case["file"] for word in ("times", "fifth", "zeros", "equals", "below"))
            assert ("error" in {problem.severity for problem in checked.problems}) == odd, case["file"]


def test_files_are_checked_together(tmp_path):
    one, two = write(tmp_path, line(12), name="one.csv"), write(tmp_path, line(13), name="two.csv")
    checked = check(one, two)
    assert checked.rows.empty
    assert [str(problem) for problem in checked.problems] == [
        "two.csv, row 2, count: 13 contradicts row 2 of one.csv, which gives 12 for the same count and day. Delete one."
    ]


def test_all_problems_of_all_rows_are_told(tmp_path):
    rows = [line("-1", name="Nobody", as_of="soon") for _ in range(70)]
    problems = check(write(tmp_path, *rows)).problems
    assert len(problems) == 210 and [problem.row for problem in problems] == sorted(problem.row for problem in problems)


def test_a_revision_back_in_time_is_kept_beside_the_later_one(tmp_path):
    checked = check(write(tmp_path, line(18, period="2012-04-01,2012-06-30", as_of="2012-07-15")))
    assert checked.problems == [] and checked.rows["count"].tolist() == [18]


def test_types_are_compared_with_what_will_be_known(tmp_path):
    early = "2012-04-01,2012-06-30"
    grown = write(tmp_path, line(25, period=early), line(24, kind="sex", period=early))
    assert check(grown).problems == []
    shrunk = write(tmp_path, line(24, kind="sex", period=early, as_of="2012-08-31"))
    assert "24 sex are more than all, 20" in str(check(shrunk).problems[0])


def test_a_message_shows_no_control_character(tmp_path):
    signs = [chr(number) for number in (*range(1, 32), 127, 0x9B, 0x200B, 0x202E, 0xFEFF)]
    rows = [line("12", name=f'"x{sign}y"') for sign in signs if sign not in '\r\n"']
    for problem in check(write(tmp_path, *rows)).problems:
        assert str(problem).isprintable() and problem.value.isprintable()


def test_the_values_of_an_unknown_column_are_never_shown():
    problems = check(FOLDER / "bad-column-unknown.csv").problems
    assert "Jane" not in repr(problems)


# The template


def fill(path, counts, as_of=datetime.date(2012, 10, 31)):
    """Fill in a template by row."""
    book = openpyxl.load_workbook(path)
    sheet = book["Returns"]
    for number, count in counts.items():
        sheet.cell(number + 2, COLUMNS.index("count") + 1).value = count
        sheet.cell(number + 2, COLUMNS.index("as_of") + 1).value = as_of
    book.save(path)


def test_the_template_has_a_row_for_each_task_force_measure_and_type(tmp_path):
    write_template(QUARTER, tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert book.sheetnames == ["Returns", "Guide", "Lists"]
    sheet = book["Returns"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert len(rows) == 9 * 5 * 4 == len({row[2:5] for row in rows})
    assert {row[0] for row in rows} == {datetime.datetime(2012, 7, 1)} and {row[5] for row in rows} == {None}
    kinds = sorted(rule.type for rule in sheet.data_validations.dataValidation)
    assert kinds == ["date", "list", "list", "list", "whole"] and sheet.freeze_panes == "A2"
    write_template(pd.Period("2011Q2", freq="Q"), tmp_path / "early.xlsx")
    early = openpyxl.load_workbook(tmp_path / "early.xlsx")["Returns"]
    assert early.max_row == 1 + 8 * 5 * 4


def test_an_unfilled_template_is_no_error(tmp_path):
    write_template(QUARTER, tmp_path / "t.xlsx")
    checked = check(tmp_path / "t.xlsx")
    assert checked.rows.empty
    assert [str(problem) for problem in checked.problems] == [
        "t.xlsx, count: 180 empty counts were taken as not reported. What is held for them stays as it is."
    ]


@running(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.dictionaries(st.integers(0, 44), st.integers(0, 9_999_999), max_size=20))
def test_a_filled_template_gives_its_counts(tmp_path, counts):
    path = tmp_path / "t.xlsx"
    write_template(QUARTER, path)
    # The rows of type "all" alone: those of the other types are never more.
    by_row = {4 * number + 3: count for number, count in counts.items()}
    fill(path, by_row)
    checked = check_files([path], NOTHING, TODAY)
    assert not [problem for problem in checked.problems if problem.severity == "error"]
    forces = ht.load("task_forces")["task_force"].tolist()
    measures = ht.load("task_force_totals")["measure"].cat.categories.tolist()
    expected = {(forces[number // 5], measures[number % 5]): count for number, count in counts.items()}
    found = {
        (row.task_force, row.measure): row.count_
        for row in checked.rows.rename(columns={"count": "count_"}).itertuples()
    }
    assert found == expected
