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
from htanalysis.sheets import COLUMNS
from htanalysis.store import find_quarters
from htanalysis.template import write_template

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
            words = ("times", "fifth", "zeros", "equals", "below", "above", "without", "contradicts")
            odd = any(word in case["file"] for word in words)
            assert ("error" in {problem.severity for problem in checked.problems}) == odd, case["file"]


def test_files_are_checked_together(tmp_path):
    one, two = write(tmp_path, line(12), name="one.csv"), write(tmp_path, line(13), name="two.csv")
    checked = check(one, two)
    assert checked.rows.empty
    assert [str(problem) for problem in checked.problems] == [
        "two.csv, row 2, count: 13 contradicts row 2 of one.csv, which gives 12 for the same count and day. Delete one."
    ]


def test_files_of_the_same_name_are_told_apart(tmp_path):
    paths = []
    for count, folder in enumerate(("north", "south"), 12):
        (tmp_path / folder).mkdir()
        paths.append(write(tmp_path / folder, line(count)))
    assert [str(problem) for problem in check(*paths).problems] == [
        "south/a.csv, row 2, count: 13 contradicts row 2 of north/a.csv, which gives 12 for the same count and day. "
        "Delete one."
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


@pytest.mark.parametrize("text", ["1" * 5000, "1" + ",111" * 3000])
def test_a_number_of_thousands_of_digits_is_told(tmp_path, text):
    (problem,) = check(write(tmp_path, line(f'"{text}"'))).problems
    assert "… is too large to be a count." in problem.message


@pytest.mark.parametrize(("text", "count"), [("9999999", 9_999_999), ("0010000000", None), ("0" * 5000 + "7", 7)])
def test_a_count_may_have_seven_digits(tmp_path, text, count):
    assert check(write(tmp_path, line(text, measure="people trained"))).rows["count"].tolist() == [count] * bool(count)


def test_a_held_row_without_a_count_contradicts_nothing(tmp_path):
    held = HELD.assign(count=pd.array([pd.NA] * len(HELD), "Int64"))
    checked = check(write(tmp_path, line(12, period="2012-04-01,2012-06-30", as_of="2012-07-31")), held=held)
    assert checked.problems == [] and checked.rows["count"].tolist() == [12]


def test_a_period_counts_in_the_same_quarter_as_in_the_store(tmp_path):
    # 46 of 92 days lie in 2011Q4 and 46 of 91 in 2012Q1.
    rows = check(write(tmp_path, line(12, period="2011-11-16,2012-02-15"))).rows
    assert rows["quarter"].tolist() == find_quarters(rows).tolist() == [pd.Period("2011Q4", freq="Q")]


def test_a_file_full_of_misspelt_names_is_told_in_time(tmp_path):
    path = write(tmp_path, *[line(12, name=f"North Bay Humn {number}", measure="arests") for number in range(1000)])
    messages = [problem.message for problem in check(path).problems]
    assert len(messages) == 2000
    assert '"arests" is not a measure. Did you mean "arrests"?' in messages[:4]
    assert not any("Did you mean" in message for message in messages[1000:])


def test_a_message_shows_no_control_character(tmp_path):
    signs = [chr(number) for number in (*range(1, 32), 127, 0x9B, 0x200B, 0x202E, 0xFEFF)]
    rows = [line("12", name=f'"x{sign}y"') for sign in signs if sign not in '\r\n"']
    for problem in check(write(tmp_path, *rows)).problems:
        assert str(problem).isprintable() and problem.value.isprintable()


def test_the_values_of_an_unknown_column_are_never_shown():
    problems = check(FOLDER / "bad-column-unknown.csv").problems
    assert "Jane" not in repr(problems)


# The edges


def held_in(quarter, as_of="2012-07-31", **counts):
    return rows_of(
        pd.Period(quarter, freq="Q"), {name.replace("_", " "): count for name, count in counts.items()}, as_of
    )


@pytest.mark.parametrize("as_of", ["2012-09-30", TODAY.isoformat()], ids=["the period's end", "today"])
def test_a_count_may_be_known_on_the_last_day_of_its_period_and_today(tmp_path, as_of):
    checked = check(write(tmp_path, line(12, as_of=as_of)))
    assert checked.problems == [] and checked.rows["as_of"].tolist() == [pd.Timestamp(as_of)]


def test_a_task_force_reports_in_its_first_quarter(tmp_path):
    name = "San Jose/South Bay Human Trafficking Task Force"
    checked = check(write(tmp_path, line(12, name=name, period="2011-07-01,2011-09-30")))
    assert checked.problems == [] and checked.rows["task_force"].tolist() == [name]


@pytest.mark.parametrize("period", ["1850-07-01,1850-09-30", "2250-07-01,2250-09-30"])
def test_a_year_of_another_age_is_no_date(tmp_path, period):
    (first, second) = check(write(tmp_path, line(12, period=period))).problems
    assert (first.column, second.column) == ("period_start", "period_end")
    assert first.message == f'"{period[:10]}" is not a date. Write it as YYYY-MM-DD.'


def test_two_versions_in_one_file_are_both_kept_in_order(tmp_path):
    rows = [line(13, as_of="2012-11-30"), line(12), line(9, measure="people trained")]
    checked = check(write(tmp_path, *rows))
    assert checked.problems == []
    assert checked.rows[["measure", "count"]].to_numpy().tolist() == [
        ["arrests", 12],
        ["arrests", 13],
        ["people trained", 9],
    ]


def test_problems_come_in_the_order_of_the_rows(tmp_path):
    path = write(tmp_path, line(12), line(13), line(-1, measure="people trained"))
    assert [problem.row for problem in check(path).problems] == [3, 4]


@pytest.mark.parametrize("place", [0, 2, 3, 4])
def test_a_total_is_found_in_any_column_that_may_name_it(tmp_path, place):
    cells = ["", "", "", "", "", "12", ""]
    cells[place] = "Total"
    (problem,) = check(write(tmp_path, ",".join(cells))).problems
    assert problem.message == '"Total" looks like a total. Delete the row; totals are computed.'


def test_what_is_reported_without_a_type_counts_among_the_types(tmp_path):
    kinds = {"all": 12, "sex": 5, "labor": 5, "other": 3}
    (problem,) = check(write(tmp_path, *[line(count, kind=kind) for kind, count in kinds.items()])).problems
    assert problem.message.startswith("5 sex and 5 labor and 3 other are more than all, 12, for arrests")


def test_the_version_known_last_is_compared_wherever_the_store_has_it(tmp_path):
    held = pd.concat([held_in("2012Q2", "2012-09-30", arrests=50), held_in("2012Q2", arrests=20)], ignore_index=True)
    row = line(24, kind="sex", period="2012-04-01,2012-06-30")
    assert check(write(tmp_path, row), held=held).problems == []


@pytest.mark.parametrize(
    ("held", "rows"),
    [
        (held_in("2012Q2", arrests=0), [line(50)]),
        (pd.concat([held_in("2012Q1", arrests=1000), held_in("2012Q2", arrests=20)]), [line(25)]),
        (pd.concat([held_in("2012Q2", arrests=20), held_in("2012Q3", "2012-12-31", arrests=22)]), [line(500)]),
        (held_in("2012Q2", arrests=20, people_trained=0), [line(20), line(0, measure="people trained")]),
        (NOTHING, [line(30, measure="victims served"), line(30, measure="victims identified")]),
        (
            NOTHING,
            [
                line(n, measure=f"victims {m}", kind=k)
                for k, n, m in (
                    ("all", 30, "served"),
                    ("all", 30, "identified"),
                    ("sex", 10, "served"),
                    ("sex", 20, "identified"),
                )
            ],
        ),
    ],
    ids=["after 0", "the last of two", "an old version", "one count above 0", "as many served", "fewer of a type"],
)
def test_what_is_not_suspicious_is_not_told(tmp_path, held, rows):
    assert check(write(tmp_path, *rows), held=held.reset_index(drop=True)).problems == []


def test_periods_that_share_days_are_refused_with_both_rows(tmp_path):
    autumn = line(12, period="2012-09-01,2012-11-30", as_of="2012-12-15")
    winter = line(20, period="2012-10-01,2012-12-31", as_of="2013-01-15")
    checked = check(write(tmp_path, autumn, winter, line(30, measure="people trained")))
    assert checked.rows.empty and [str(problem) for problem in checked.problems] == [
        f"a.csv, row 3, period_start: {NORTH_BAY}: 2012-10-01 to 2012-12-31 shares days with 2012-09-01 to 2012-11-30, "
        "row 2 of a.csv. Correct one of them."
    ]


def test_a_period_that_shares_days_with_another_that_is_held_is_told(tmp_path):
    later = line(21, period="2012-04-16,2012-07-15", as_of="2012-08-31")
    checked = check(write(tmp_path, later))
    assert checked.rows["count"].tolist() == [21] and [str(problem) for problem in checked.problems] == [
        f"a.csv, row 2, period_start: {NORTH_BAY}: 2012-04-16 to 2012-07-15 shares days with 2012-04-01 to 2012-06-30, "
        "what is held. Ask whether both are right."
    ]


def test_periods_are_compared_beyond_the_next_one(tmp_path):
    long, short = line(12, period="2012-04-01,2012-06-30"), line(9, period="2012-05-16,2012-08-15", as_of="2012-11-30")
    held = rows_of(QUARTER - 1, {"arrests": 20}, "2012-07-31").assign(period_start=pd.Timestamp("2012-04-16"))
    problems = check(write(tmp_path, long, short), held=held).problems
    assert [problem.severity for problem in problems] == ["notice", "error", "notice"]


@pytest.mark.parametrize("period", ["2012-04-01,2012-06-30", "2012-07-01,2012-09-30"])
def test_periods_that_are_the_same_or_follow_each_other_are_no_matter(tmp_path, period):
    assert check(write(tmp_path, line(21, period=period, as_of="2012-10-31"))).problems == []


def test_a_note_under_the_table_is_one_problem(tmp_path):
    (problem,) = check(write(tmp_path, line(12), "Note: not final,,,,,,", name="a.csv")).problems
    assert str(problem) == (
        "a.csv, row 3: it is no row of a return, but a note or a total. Move it out of the sheet; it is not read."
    )


# What looks wrong

NINE = ht.load("task_forces")["task_force"].tolist()
REPORT = [str(quarter) for quarter in ht.parse_period("2010Q3:2012Q2")]


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
        (
            NOTHING,
            [line(9_000, measure="people trained")],
            2,
            "9000 is more than all task forces together had in a mean quarter of the 2012 report, 3198.",
        ),
        (NOTHING, [line(40), line(50_000, period="2012-10-01,2012-12-31", as_of="2013-01-20")], 3, "40 in 2012Q3."),
        (NOTHING, [line(50_000), line(40, period="2012-10-01,2012-12-31", as_of="2013-01-20")], 2, "in 2012Q2, 377."),
        (NOTHING, [line(40), line(50_000, as_of="2012-11-30")], 3, "in 2012Q2, 377."),
        (held_in("2012Q3", "2012-10-31", arrests=40), [line(50_000, as_of="2012-11-30")], 2, "what is held, 40."),
        (held_in("2012Q4", "2013-01-31", arrests=40), [line(50_000)], 2, "the next count, 40 in 2012Q4."),
        (
            pd.concat([held_in("2012Q1", arrests=40), held_in("2012Q2", arrests=0)]),
            [line(50_000)],
            2,
            "the last count, 40 in 2012Q1.",
        ),
    ],
    ids=["first", "never published", "second of a file", "first of a file", "new version", "revision", "earlier", "0"],
)
def test_a_typing_error_is_told_with_what_it_is_far_from(tmp_path, held, rows, row, expected):
    notices = told(tmp_path, *rows, held=held.reset_index(drop=True))
    ((number, message),) = [notice for notice in notices if ": returns give" not in notice[1]]
    assert number == row and expected in message and message.endswith("Ask whether it is right.")


def test_a_level_that_stays_is_told_once_and_a_version_that_comes_back_is_not(tmp_path):
    later = ["2012-10-01,2012-12-31", "2012-07-01,2012-09-30"]
    held = held_in("2012Q2", arrests=20)
    rows = [line(110, period=later[1]), line(105, period=later[0], as_of="2013-01-20")]
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


def test_types_that_fall_short_of_all_are_told(tmp_path):
    rows = [line(count, kind=kind) for kind, count in (("sex", 0), ("labor", 0), ("other", 0), ("all", 40))]
    ((_, message),) = told(tmp_path, *rows)
    assert message == (
        f"0 sex and 0 labor and 0 other are less than all, 40, for arrests of {NORTH_BAY}. Count as other what is of no"
        " known type."
    )
    assert told(tmp_path, *rows[:2], rows[3]) == []  # the rest can be of a type that was not returned


def test_a_type_alone_is_told_since_all_stays_unknown(tmp_path):
    ((_, message),) = told(tmp_path, line(30, kind="sex"))
    assert message == f"30 sex without all: all arrests of {NORTH_BAY} stay unknown. Send the count of all, too."
    assert told(tmp_path, line(30, kind="sex"), line(30)) == told(tmp_path, line(30, "Statewide", kind="sex")) == []
    assert told(tmp_path, *[line(10, kind=kind) for kind in ("sex", "labor", "other")]) == []


@pytest.mark.parametrize(("statewide", "names", "wrong"), [(10, NINE, True), (300, NINE, True), (300, NINE[:8], False)])
def test_a_statewide_total_that_contradicts_the_task_forces_is_told(tmp_path, statewide, names, wrong):
    notices = told(tmp_path, line(statewide, "Statewide"), *[line(30, name) for name in names])
    text = (
        f"arrests, 2012Q3: {statewide} statewide, and the task forces’ add up to {30 * len(names)}. Ask which is right."
    )
    assert notices == [(2, text)] * wrong


def test_what_contradicts_the_published_total_is_told_before_it_is_stored(tmp_path):
    known = [line(count, "Statewide", days(quarter)) for quarter, count in zip(REPORT, range(200, 208), strict=True)]
    short = told(tmp_path, *known)
    text = "arrests: the quarters from 2010Q3 to 2012Q2 add up to 1628, and the 2012 report’s total is 1798."
    assert short == [
        (2, "arrests, 2010Q3: returns give 200, and the 2012 report says 180. Ask which is right."),
        (2, f"{text} It would no longer hold. Ask which is right."),
        (9, "arrests, 2012Q2: returns give 207, and the 2012 report says 377. Ask which is right."),
    ]
    # One quarter and the two that are published: 1,242 + 180 + 377.
    ((_, more),) = told(tmp_path, line(1242, "Statewide", days("2011Q1")))
    assert "add up to 1799 or more, and the 2012 report’s total is 1798." in more
    assert told(tmp_path, line(1241, "Statewide", days("2011Q1"))) == []
    held = rows_of(pd.Period("2011Q1", freq="Q"), {"arrests": 370}, "2012-07-31")
    ((_, more),) = told(tmp_path, *[line(370, name, days("2011Q1")) for name in NINE[:3]], held=held)
    assert "add up to 2037 or more" in more and told(tmp_path, line(100), held=held) == []


def test_strict_makes_an_error_of_a_contradiction(tmp_path):
    assert told(tmp_path, line(10, "Statewide"), *[line(30, name) for name in NINE], strict=True)


@running(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), suffix=st.sampled_from([".csv", ".xlsx"]), head=st.booleans())
def test_any_bytes_have_a_message_and_no_traceback(tmp_path, content, suffix, head):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(",".join(COLUMNS).encode() * head + b"\n" * head + content)
    checked = check(path)
    assert checked.rows.empty and (checked.problems or (head and not content.strip()))


WORDS = ["", "0", "40", "50000", "-1", "1e3", "all", "sex", "Total", "arrests", "Statewide", NORTH_BAY]
DAYS = ["2010-07-01", "2010-09-30", "2012-07-01", "2012-09-30", "2012-10-20", "2013-01-20", "9999-12-31", "\u202e"]
CELLS = st.sampled_from(WORDS + DAYS)


@running(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=9), max_size=8))
def test_any_cells_have_a_message_or_are_stored(tmp_path, rows):
    checked = check(write(tmp_path, *map(",".join, rows)))
    assert checked.rows.empty or all(problem.severity == "notice" for problem in checked.problems)


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
    assert sheet.auto_filter.ref == "A1:G181" and book.properties.created == datetime.datetime(2012, 11, 1)
    early = openpyxl.load_workbook(tmp_path / "early.xlsx")["Returns"]
    assert early.max_row == 1 + 8 * 5 * 4
    write_template(pd.Period("2011Q3", freq="Q"), tmp_path / "first.xlsx")
    assert openpyxl.load_workbook(tmp_path / "first.xlsx")["Returns"].max_row == 1 + 9 * 5 * 4


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
