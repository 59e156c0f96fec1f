"""Returns as they come: each fault has a file of its own in tests/returns, and its message in expected.csv."""

import csv
import datetime
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as running
from hypothesis import strategies as st

import htanalysis as ht
from htanalysis.returns.checks import check_files
from htanalysis.returns.sheets import COLUMNS
from htanalysis.returns.template import require_returnable, write_template, write_templates

FOLDER = Path(__file__).parent / "returns"
TODAY = datetime.date(2013, 3, 31)
QUARTER = pd.Period("2012Q3", freq="Q")
NORTH_BAY = "North Bay Human Trafficking Task Force"
with (FOLDER / "expected.csv").open(newline="", encoding="utf-8") as file:
    EXPECTED = list(csv.DictReader(file))


def held_in(quarter, as_of="2012-07-31", name=NORTH_BAY, **counts):
    """Give rows of one task force as the store holds them."""
    quarter = pd.Period(quarter, freq="Q")
    row = {"quarter": quarter, "task_force": name, "trafficking_type": "all", "batch": 1, "withdrawn": ""}
    row |= {"period_start": quarter.start_time, "period_end": quarter.end_time.normalize()}
    row |= {"as_of": pd.Timestamp(as_of)}
    rows = [row | {"measure": measure.replace("_", " "), "count": count} for measure, count in counts.items()]
    return pd.DataFrame(rows, columns=["quarter", *COLUMNS, "withdrawn", "batch"]).astype({"count": "Int64"})


HELD = held_in("2012Q2", arrests=20, victims_identified=30)
NOTHING = HELD[:0]


def check(*paths, held=HELD, **given):
    return check_files(paths, held, TODAY, **given)


def write(folder, *rows, name="a.csv"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
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


@pytest.mark.parametrize("count", [31, 12])
def test_two_periods_that_count_in_one_quarter_are_no_repetition(tmp_path, count):
    periods = (31, "2012-09-01,2012-11-30"), (count, "2012-10-01,2012-12-31")
    rows = [line(number, period=period, as_of="2013-01-31") for number, period in periods]
    (wrong,) = (each for each in check(write(tmp_path, *rows)).problems if each.severity == "error")
    told = "2012-10-01 to 2012-12-31 and 2012-09-01 to 2012-11-30, row 2, both count in 2012Q4."
    assert str(wrong) == f"a.csv, row 3, period_start: {told} Correct one of the periods."
    held = check(write(tmp_path, rows[0], name="b.csv")).rows.assign(withdrawn="", batch=1)
    (wrong,) = (each for each in check(write(tmp_path, rows[1]), held=held).problems if each.severity == "error")
    assert f"{count} contradicts 31" in str(wrong) and str(wrong).endswith("A revision needs a later as_of.")


def test_a_period_off_the_quarter_counts_where_it_overlaps_most_or_where_its_middle_lies(tmp_path):
    rows = check(FOLDER / "good-riverside-period.csv").rows
    assert str(rows.loc[0, "quarter"]) == "2012Q3" and str(rows.loc[0, "period_start"].date()) == "2012-07-16"
    # 46 of 92 days lie in 2011Q4 and 46 of 91 in 2012Q1.
    rows = check(write(tmp_path, line(12, period="2011-11-16,2012-02-15"))).rows
    assert rows["quarter"].tolist() == [pd.Period("2011Q4", freq="Q")]


@pytest.mark.parametrize("name", [case["file"] for case in EXPECTED if case["outcome"] == "notice"])
def test_strict_makes_errors_of_what_is_suspicious_alone(name):
    words = ("times", "fifth", "zeros", "equals", "below", "above", "without", "contradicts")
    severities = {problem.severity for problem in check(FOLDER / name, strict=True).problems}
    assert ("error" in severities) == any(word in name for word in words)


@pytest.mark.parametrize(("one", "two"), [("one.csv", "two.csv"), ("north/a.csv", "south/a.csv")])
def test_files_are_checked_together_and_told_apart(tmp_path, one, two):
    checked = check(write(tmp_path, line(12), name=one), write(tmp_path, line(13), name=two))
    assert checked.rows.empty and [str(problem) for problem in checked.problems] == [
        f"{two}, row 2, count: 13 contradicts row 2 of {one}, which gives 12 for the same count and day. Delete one."
    ]


def test_all_problems_of_all_rows_are_told(tmp_path):
    rows = [line("-1", name="Nobody", as_of="soon") for _ in range(70)]
    problems = check(write(tmp_path, *rows)).problems
    assert len(problems) == 210 and [problem.row for problem in problems] == sorted(problem.row for problem in problems)


def test_types_are_compared_with_what_will_be_known(tmp_path):
    early = "2012-04-01,2012-06-30"
    grown = write(tmp_path, line(25, period=early), line(24, kind="sex", period=early))
    assert check(grown).problems == []
    shrunk = write(tmp_path, line(24, kind="sex", period=early, as_of="2012-08-31"))
    assert "24 sex are more than all, 20" in str(check(shrunk).problems[0])
    # The version known last is compared wherever the store has it.
    held = pd.concat([held_in("2012Q2", "2012-09-30", arrests=50), held_in("2012Q2", arrests=20)], ignore_index=True)
    assert check(write(tmp_path, line(24, kind="sex", period=early)), held=held).problems == []


def test_a_held_row_without_a_count_contradicts_nothing(tmp_path):
    held = HELD.assign(count=pd.array([pd.NA] * len(HELD), "Int64"))
    checked = check(write(tmp_path, line(12, period="2012-04-01,2012-06-30", as_of="2012-07-31")), held=held)
    assert checked.problems == [] and checked.rows["count"].tolist() == [12]


def test_a_file_full_of_misspelt_names_is_told_in_time(tmp_path):
    path = write(tmp_path, *[line(12, name=f"North Bay Humn {number}", measure="arests") for number in range(1000)])
    messages = [problem.message for problem in check(path).problems]
    assert len(messages) == 2000
    assert '"arests" is not a measure. Did you mean "arrests"?' in messages[:4]
    assert not any("Did you mean" in message for message in messages[1000:])


def test_a_message_shows_no_control_character_and_no_value_of_an_unknown_column(tmp_path):
    signs = [chr(number) for number in (*range(1, 32), 127, 0x9B, 0x200B, 0x202E, 0xFEFF)]
    rows = [line("12", name=f'"x{sign}y"') for sign in signs if sign not in '\r\n"']
    for problem in check(write(tmp_path, *rows)).problems:
        assert str(problem).isprintable() and problem.value.isprintable()
    assert "Jane" not in repr(check(FOLDER / "bad-column-unknown.csv").problems)


def test_two_versions_in_one_file_are_both_kept_in_order(tmp_path):
    rows = [line(13, as_of="2012-11-30"), line(12), line(9, measure="people trained")]
    checked = check(write(tmp_path, *rows))
    assert checked.problems == [] and checked.rows["count"].tolist() == [12, 13, 9]


FEWER = (("all", 30, "served"), ("all", 30, "identified"), ("sex", 10, "served"), ("sex", 20, "identified"))


@pytest.mark.parametrize(
    ("held", "rows"),
    [
        (held_in("2012Q2", arrests=0), [line(50)]),
        (pd.concat([held_in("2012Q1", arrests=1000), held_in("2012Q2", arrests=20)]), [line(25)]),
        (pd.concat([held_in("2012Q2", arrests=20), held_in("2012Q3", "2012-12-31", arrests=22)]), [line(500)]),
        (held_in("2012Q2", arrests=20, people_trained=0), [line(20), line(0, measure="people trained")]),
        (NOTHING, [line(30, measure="victims served"), line(30, measure="victims identified")]),
        (NOTHING, [line(number, measure=f"victims {name}", kind=kind) for kind, number, name in FEWER]),
    ],
    ids=["after 0", "the last of two", "an old version", "one count above 0", "as many served", "fewer of a type"],
)
def test_what_is_not_suspicious_is_not_told(tmp_path, held, rows):
    assert check(write(tmp_path, *rows), held=held.reset_index(drop=True)).problems == []


def test_periods_are_compared_beyond_the_next_one(tmp_path):
    long, short = line(12, period="2012-04-01,2012-06-30"), line(9, period="2012-05-16,2012-08-15", as_of="2012-11-30")
    held = held_in("2012Q2", arrests=20).assign(period_start=pd.Timestamp("2012-04-16"))
    problems = check(write(tmp_path, long, short), held=held).problems
    assert [problem.severity for problem in problems] == ["notice", "notice", "error", "notice"]


# What looks wrong

NINE = ht.load("task_forces")["task_force"].tolist()
REPORT = [str(quarter) for quarter in ht.parse_period("2010Q3:2012Q2")]
MEAN = "9000 is more than all task forces together had in a mean quarter of the 2012 report, 3198."
EARLIER = pd.concat([held_in("2012Q1", arrests=40), held_in("2012Q2", arrests=0)])


def days(quarter):
    quarter = pd.Period(quarter, freq="Q")
    return f"{quarter.start_time.date()},{quarter.end_time.date()}"


def told(tmp_path, *rows, held=NOTHING, **given):
    """Give the row and the message of each notice."""
    problems = check(write(tmp_path, *rows), held=held, **given).problems
    assert {problem.severity for problem in problems} <= {"error" if given.get("strict") else "notice"}
    return [(problem.row, problem.message) for problem in problems]


@pytest.mark.parametrize(
    ("held", "rows", "row", "expected"),
    [
        (NOTHING, [line(50_000)], 2, "50000 is more than all task forces together had in 2012Q2, 377."),
        (NOTHING, [line(9_000, measure="people trained")], 2, MEAN),
        (NOTHING, [line(40), line(50_000, period="2012-10-01,2012-12-31", as_of="2013-01-20")], 3, "40 in 2012Q3."),
        (NOTHING, [line(50_000), line(40, period="2012-10-01,2012-12-31", as_of="2013-01-20")], 2, "in 2012Q2, 377."),
        (NOTHING, [line(40), line(50_000, as_of="2012-11-30")], 3, "in 2012Q2, 377."),
        (held_in("2012Q3", "2012-10-31", arrests=40), [line(50_000, as_of="2012-11-30")], 2, "what is held, 40."),
        (held_in("2012Q4", "2013-01-31", arrests=40), [line(50_000)], 2, "the next count, 40 in 2012Q4."),
        (EARLIER, [line(50_000)], 2, "the last count, 40 in 2012Q1."),
    ],
    ids=["first", "never published", "second of a file", "first of a file", "new version", "revision", "earlier", "0"],
)
def test_a_typing_error_is_told_with_what_it_is_far_from(tmp_path, held, rows, row, expected):
    notices = told(tmp_path, *rows, held=held.reset_index(drop=True))
    ((number, message),) = [notice for notice in notices if ": returns give" not in notice[1]]
    assert number == row and expected in message and message.endswith("Ask whether it is right.")


def test_a_level_that_stays_is_told_once_and_a_version_that_comes_back_is_not(tmp_path):
    held = held_in("2012Q2", arrests=20)
    rows = [line(110), line(105, period="2012-10-01,2012-12-31", as_of="2013-01-20")]
    assert [row for row, _ in told(tmp_path, *rows, held=held)] == [2]
    wrong = pd.concat([held, held_in("2012Q3", "2012-10-31", arrests=300)], ignore_index=True)
    assert told(tmp_path, line(25, as_of="2012-11-30"), held=wrong) == []


def test_nine_times_a_typing_error_is_told_for_each_and_for_the_state(tmp_path):
    notices = told(tmp_path, *[line(50_000, name, measure="victims identified") for name in NINE])
    assert [row for row, _ in notices] == [2, *range(2, 11)]
    text = "victims identified, 2012Q3: returns give 450000, over 5 times the most known so far, 304."
    assert (2, f"{text} Ask whether it is right.") in notices
    each = told(tmp_path, *[line(300, name, measure="victims identified") for name in NINE])
    assert [(row, "returns give 2700, over 5 times" in message) for row, message in each] == [(2, True)]


def test_types_that_fall_short_of_all_and_a_type_alone_are_told(tmp_path):
    rows = [line(count, kind=kind) for kind, count in (("sex", 0), ("labor", 0), ("other", 0), ("all", 40))]
    ((_, message),) = told(tmp_path, *rows)
    short = f"0 sex and 0 labor and 0 other are less than all, 40, for arrests of {NORTH_BAY}."
    assert message == f"{short} Count as other what is of no known type."
    assert told(tmp_path, *rows[:2], rows[3]) == []  # the rest can be of a type that was not returned
    ((_, message),) = told(tmp_path, line(30, kind="sex"))
    unknown = f"30 sex, and no row for all: the number of all arrests of {NORTH_BAY} stays unknown."
    assert message == f"{unknown} Send it, too."
    assert told(tmp_path, line(30, kind="sex"), line(30)) == told(tmp_path, line(30, "Statewide", kind="sex")) == []
    assert told(tmp_path, *[line(10, kind=kind) for kind in ("sex", "labor", "other")]) == []


@pytest.mark.parametrize(("statewide", "names", "wrong"), [(10, NINE, True), (300, NINE, True), (300, NINE[:8], False)])
def test_a_statewide_total_that_contradicts_the_task_forces_is_told(tmp_path, statewide, names, wrong):
    for kind, of in (("all", ""), ("sex", ", sex")):
        rows = [line(30, name, kind=kind) for name in names] + [line(99, name) for name in names if of]
        notices = told(tmp_path, line(statewide, "Statewide", kind=kind), *rows)
        text = f"arrests{of}, 2012Q3: {statewide} statewide, and the task forces’ add up to {30 * len(names)}."
        text += " Ask which is right."
        assert [each for each in notices if "statewide" in each[1]] == [(2, text)] * wrong
        assert of or notices == [(2, text)] * wrong


def test_what_contradicts_the_published_total_is_told_before_it_is_stored(tmp_path):
    known = [line(count, "Statewide", days(quarter)) for quarter, count in zip(REPORT, range(200, 208), strict=True)]
    short = told(tmp_path, *known)
    text = "arrests: the quarters from 2010Q3 to 2012Q2 add up to 1628, and the published total is 1798."
    assert short == [
        (2, "arrests, 2010Q3: returns give 200, and 180 is published. Ask which is right."),
        (2, f"{text} It would no longer hold. Ask which is right."),
        (9, "arrests, 2012Q2: returns give 207, and 377 is published. Ask which is right."),
    ]
    # One quarter and the two that are published: 1,242 + 180 + 377.
    ((_, more),) = told(tmp_path, line(1242, "Statewide", days("2011Q1")))
    assert "add up to 1799 or more, and the published total is 1798." in more
    assert told(tmp_path, line(1241, "Statewide", days("2011Q1"))) == []
    held = held_in("2011Q1", arrests=370)
    ((_, more),) = told(tmp_path, *[line(370, name, days("2011Q1")) for name in NINE[:3]], held=held)
    assert "add up to 2037 or more" in more and told(tmp_path, line(100), held=held) == []


# The template


def fill(path, counts, as_of=datetime.date(2012, 10, 31)):
    """Fill in a template: the day, and counts of all types together by their place among these."""
    book = openpyxl.load_workbook(path)
    sheet = book["Returns"]
    sheet["B3"].value = as_of
    wholes = [row[5] for row in sheet.iter_rows(min_row=5) if row[4].value == "all"]
    for place, count in counts.items():
        wholes[place].value = count
    book.save(path)
    return path


def read_template(quarter, path, *name):
    write_template(pd.Period(quarter, freq="Q"), path, *name)
    sheet = openpyxl.load_workbook(path)["Returns"]
    return sheet, [row for row in sheet.iter_rows(min_row=5, values_only=True) if row[3]]


def test_the_template_has_a_row_for_each_task_force_measure_and_type_that_makes_sense(tmp_path):
    sheet, rows = read_template("2012Q3", tmp_path / "t.xlsx")
    assert len(rows) == 9 * (4 * 4 + 1) == len({row[2:5] for row in rows})
    assert {row[4] for row in rows if row[3] == "people trained"} == {"all"}
    assert {row[0] for row in rows} == {datetime.datetime(2012, 7, 1)} and {row[5] for row in rows} == {None}
    assert sheet.parent.properties.created == datetime.datetime(2012, 11, 1)
    assert len(read_template("2011Q2", tmp_path / "early.xlsx")[1]) == 8 * 17
    assert len(read_template("2011Q3", tmp_path / "first.xlsx")[1]) == 9 * 17


def test_what_is_seen_first_in_the_template_says_what_to_do(tmp_path):
    sheet, _ = read_template("2012Q3", tmp_path / "t.xlsx", NORTH_BAY)
    book = sheet.parent
    assert book.sheetnames == ["Returns", "Guide", "Lists"] and book.active is sheet
    assert sheet["A1"].value == f"Return for July to September 2012, {NORTH_BAY}"
    assert sheet["A2"].value.startswith("Fill in the yellow cells: the day on which the counts were known, and each")
    assert (sheet["A3"].value, sheet["B3"].value) == ("as_of", None) and sheet.freeze_panes == "A5"
    assert [cell.value for cell in sheet[4]] == [*COLUMNS[:-1]] and sheet.auto_filter.ref == "A4:F21"
    assert book["Lists"].sheet_state == "hidden" and book["Guide"]["A2"].value.startswith("1. In the yellow cell")


def test_in_the_template_nothing_but_what_is_to_be_filled_in_can_be_changed(tmp_path):
    sheet, rows = read_template("2012Q3", tmp_path / "t.xlsx")
    assert all(each.protection.sheet and not each.protection.password for each in sheet.parent)
    free = {cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
    last = 4 + len(rows)
    filled = {f"{letter}{row}" for row in range(5, last + 1) for letter in "ABF"}
    assert free == {"B3"} | filled | {f"{letter}{row}" for row in range(last + 1, last + 11) for letter in "ABCDEF"}


def test_the_template_offers_lists_to_choose_from(tmp_path):
    sheet, rows = read_template("2012Q3", tmp_path / "t.xlsx", NORTH_BAY)
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    types = {"B3": "date", "C5:C31": "list", "D5:D31": "list", "E5:E31": "list", "F5:F31": "whole"}
    assert {place: rule.type for place, rule in rules.items()} == types
    listed = [[cell.value for cell in column if cell.value] for column in sheet.parent["Lists"].iter_cols()]
    formulas = ["Lists!$A$2:$A$2", "Lists!$B$2:$B$6", "Lists!$C$2:$C$5"]
    assert [rules[f"{letter}5:{letter}31"].formula1 for letter in "CDE"] == formulas
    assert listed[0] == ["task force", NORTH_BAY] and {row[2] for row in rows} == {NORTH_BAY} and len(rows) == 17
    values = read_template("2012Q3", tmp_path / "all.xlsx")[0].parent["Lists"]
    assert [cell.value for cell in values["A"]] == ["task force", *sorted(NINE), "Statewide"]


def test_each_task_force_gets_its_own_template(tmp_path):
    assert write_templates(QUARTER, tmp_path / "each") == 9
    paths = sorted((tmp_path / "each").iterdir())
    assert [path.name for path in paths][-1] == "San-Jose-South-Bay-Human-Trafficking-Task-Force-2012Q3.xlsx"
    assert [openpyxl.load_workbook(path)["Returns"]["C5"].value for path in paths] == sorted(NINE)
    assert [path.name for path in tmp_path.iterdir()] == ["each"]
    for number, path in enumerate(paths):
        fill(path, dict.fromkeys(range(5), number + 10))
    checked = check(*paths, held=NOTHING)
    assert checked.rows.groupby("task_force")["count"].agg(list).tolist() == [[n + 10] * 5 for n in range(9)]
    assert all("empty means not reported" in str(problem) for problem in checked.problems)


@pytest.mark.parametrize(
    ("quarter", "told"),
    [
        ("2013Q1", "2013Q1 ends on 2013-03-31. Ask for its template after that day."),
        ("2099Q1", "2099Q1 ends on 2099-03-31. Ask for its template after that day."),
        ("2010Q2", "No task force reports for 2010Q2. Ask for 2010Q3 or a later quarter."),
    ],
)
def test_a_quarter_that_cannot_be_returned_has_no_template(quarter, told):
    with pytest.raises(ht.HtanalysisError) as caught:
        require_returnable(pd.Period(quarter, freq="Q"), TODAY)
    assert str(caught.value) == told
    require_returnable(pd.Period("2010Q3", freq="Q"), TODAY)
    require_returnable(pd.Period("2013Q1", freq="Q"), TODAY + datetime.timedelta(1))


def test_an_unfilled_template_is_no_error_and_one_without_its_day_is_told_once_with_the_cells_place(tmp_path):
    write_template(QUARTER, tmp_path / "t.xlsx")
    checked = check(tmp_path / "t.xlsx")
    text = "t.xlsx, count: empty means not reported (153 rows). What is held for it stays as it is."
    assert checked.rows.empty and [str(problem) for problem in checked.problems] == [text]
    told = {str(problem) for problem in check(fill(tmp_path / "t.xlsx", {0: 3, 1: 4}, None)).problems[:-1]}
    assert "t.xlsx, sheet Returns, row 3, as_of: it is empty. Write a day as YYYY-MM-DD." in told and len(told) == 2


OFFICE = shutil.which("soffice")


@pytest.mark.skipif(not OFFICE, reason="needs LibreOffice, which apt-get install libreoffice-calc-nogui brings")
def test_what_libreoffice_saves_of_a_template_comes_back_the_same_where_it_is_installed(tmp_path):
    write_template(QUARTER, tmp_path / "t.xlsx", NORTH_BAY)
    book = openpyxl.load_workbook(fill(tmp_path / "t.xlsx", {0: 40, 1: 25, 2: "12", 3: "1,204"}))
    sheet = book["Returns"]
    sheet["A10"].value, sheet["B10"].value = datetime.date(2012, 7, 5), "2012-10-04"
    sheet["F9"].value = 0
    spare = (datetime.date(2012, 4, 1), datetime.date(2012, 6, 30), NORTH_BAY, "arrests", "all", "7")
    for place, value in enumerate(spare, 1):
        sheet.cell(22, place).value = value
    book.save(tmp_path / "t.xlsx")
    for kind in ("xlsx:Calc MS Excel 2007 XML", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"):
        out = tmp_path / kind[:4]
        profile = f"-env:UserInstallation=file://{tmp_path}/profile"
        command = [OFFICE, profile, "--headless", "--convert-to", kind, "--outdir", out, tmp_path / "t.xlsx"]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        (saved,) = out.iterdir()
        before, after = (check(path, held=NOTHING) for path in (tmp_path / "t.xlsx", saved))
        pd.testing.assert_frame_equal(before.rows, after.rows)
        assert len(after.rows) == 6 and after.rows["count"].sum() == 40 + 25 + 12 + 1204 + 0 + 7
    again = openpyxl.load_workbook(tmp_path / "xlsx" / "t.xlsx")
    rules = again["Returns"].data_validations.dataValidation
    assert sorted(rule.type for rule in rules) == ["date", "list", "list", "list", "whole"]
    assert again["Returns"].protection.sheet and again["Returns"]["C5"].protection.locked
    assert not again["Returns"]["F5"].protection.locked


@running(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.dictionaries(st.integers(0, 44), st.integers(0, 9_999_999), max_size=20))
def test_a_filled_template_gives_its_counts(tmp_path, counts):
    write_template(QUARTER, tmp_path / "t.xlsx")
    checked = check(fill(tmp_path / "t.xlsx", counts), held=NOTHING)
    measures = ht.load("task_force_totals")["measure"].cat.categories
    expected = {(NINE[number // 5], measures[number % 5]): count for number, count in counts.items()}
    assert checked.rows.set_index(["task_force", "measure"])["count"].to_dict() == expected
