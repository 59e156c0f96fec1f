import datetime

import pytest
from test_checks import NORTH_BAY, NOTHING, TODAY, line, write

from htanalysis.checks import _names, check_files
from htanalysis.habits import read_count, read_day, suggest


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("0031", 31), ("1,204", 1204), ("1,204.00", 1204), ("31.0", 31), ("9,999,999", 9_999_999)],
)
def test_a_count_that_can_mean_but_one_number_is_read(text, count):
    number, told = read_count(text)
    assert number == count and told == (f'"{text}" is read as {count}.' if "," in text or "." in text else None)


@pytest.mark.parametrize(
    ("texts", "todo"),
    [
        (("<11", "< 11", "≤10", "[c]", "*", "***", "fewer than 11", "suppressed", "count withheld"), "is withheld"),
        (("31+", "~31", "≈ 31", "30-32", "30–32", "31 or 32", "30 to 40", ">30", "ca. 31", "at least 31"), "exact"),
        (("31*", "31 *", "31†", "31¹", "31⁰", "31 [r]", "31[note 1]", "31 (a)", "31r", "31 p"), "without the mark"),
        (("31 arrests", "31 (five of them minors)", "14 sex, 17 labor"), "Write the number alone"),
        (("1.204", "1 204", "1'204", "1\u00a0204", "1\u202f204", "(31)"), "can be read in two ways"),
        (("-31", "−31", "–31"), "is below 0"),
        (("31%", "3.1 %"), "is a percentage"),
        (("31.5", "3,1", "1,20", "0,031"), "is not a whole number"),
        (("３１", "٣١", "Ⅲ", "3_1", "1e1", "=31", "'31", "31 14", "3I", "n/a", "-", "—", "?", ""), "is not a number"),
    ],
)
def test_any_other_count_is_refused_with_what_to_do(texts, todo):
    for text in texts:
        number, told = read_count(text)
        assert number is None and todo in told, text
    assert (
        todo in ("is not a number", "is below 0", "is a percentage", "is not a whole number")
        or "0 for none" not in told
    )


@pytest.mark.parametrize(
    "text",
    [
        *("10/15/2012", "15.10.2012", "2012/10/15", "Oct 15, 2012", "October 15th 2012", "15-Oct-2012"),
        *("15th October 2012", "Monday, October 15, 2012", "2012-10-15 00:00:00", "2012-10-15T00:00:00Z"),
        "10/15/2012 12:00 AM",
    ],
)
def test_a_day_that_can_mean_but_one_is_read(text):
    assert read_day(text, []) == (datetime.date(2012, 10, 15), f'"{text}" is read as 2012-10-15.')


@pytest.mark.parametrize(
    "text",
    ["11/10/2012", "10/15/12", "15-Oct-12", "Oct 2012", "2012", "41197", "2012-10-15 14:30", "31.11.2012", "None"],
)
def test_any_other_day_is_refused(text):
    assert read_day(text, [])[0] is None


def test_the_days_of_a_row_prove_whether_the_month_comes_first(tmp_path):
    american = line(12, period="7/1/2012,9/30/2012", as_of="11/5/2012")
    british = line(12, period="1/7/2012,30/9/2012", as_of="5/11/2012")
    for row in (american, british):
        (day,) = check_files([write(tmp_path, row)], NOTHING, TODAY).rows["as_of"]
        assert day == datetime.datetime(2012, 11, 5)
    both = line(12, period="7/1/2012,9/30/2012", as_of="15/11/2012")
    told = [problem for problem in check_files([write(tmp_path, both)], NOTHING, TODAY).problems if problem.value]
    assert told[0].message == '"7/1/2012" can be 2012-07-01 or 2012-01-07. Write it as YYYY-MM-DD.'


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("sacremento task force", "Sacramento Innocence Lost Task Force"),
        ("north bay human traficking task force", NORTH_BAY),
        ("orange", "Orange County Human Trafficking Task Force"),
        ("los angeles county", "Los Angeles Metro Area Task Force on Human Trafficking"),
        *((f"{place} county human trafficking task force", None) for place in ("kern", "san mateo", "santa clara")),
        *((name, None) for name in ("bay area task force", "san bernardino", "human trafficking task force", "bay")),
        *((name, None) for name in ("sacramento and fresno", "north county task force", "easton", "san", "")),
    ],
)
def test_a_name_is_suggested_where_no_word_speaks_against_it(text, name):
    assert suggest(text, _names("task_force")) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("arests", "arrests"), ("victim served", "victims served"), ("victims", None), ("convictions", None)],
)
def test_a_measure_is_suggested_likewise(text, name):
    assert suggest(text, _names("measure")) == name


def test_the_as_of_of_one_row_is_taken_for_its_task_force_and_period(tmp_path):
    rows = [line(12, as_of=""), line(3, measure="people trained"), line(4, measure="victims served", as_of="")]
    checked = check_files([write(tmp_path, *rows)], NOTHING, TODAY)
    assert checked.rows["count"].tolist() == [12, 3, 4] and checked.rows["as_of"].nunique() == 1
    assert [str(problem) for problem in checked.problems] == [
        "a.csv, row 2, as_of: it is empty in rows 2 and 4; 2012-10-31 is taken, as row 3 says for this task force."
    ]
    other = line(5, measure="victims identified", as_of="2012-11-30")
    problems = check_files([write(tmp_path, *rows, other)], NOTHING, TODAY).problems
    assert [problem.message for problem in problems] == ["it is empty. Write a day as YYYY-MM-DD."] * 2
