import pandas as pd
import pytest

import htanalysis as ht


def test_eight_quarters_are_held():
    assert [str(quarter) for quarter in ht.held_quarters()][::7] == ["2010Q3", "2012Q2"]


@pytest.mark.parametrize(
    ("text", "quarters"),
    [("latest", ["2012Q2"]), ("2011Q4", ["2011Q4"]), ("2011Q4:2012Q2", ["2011Q4", "2012Q1", "2012Q2"])],
)
def test_a_period_is_read(text, quarters):
    assert [str(quarter) for quarter in ht.parse_period(text)] == quarters


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2013Q1", "2013Q1 is not held: the data cover 2010Q3 to 2012Q2."),
        ("2010Q2:2012Q2", "2010Q2 is not held: the data cover 2010Q3 to 2012Q2."),
        ("2012Q2:2011Q1", '"2012Q2:2011Q1" ends before it begins. Write it as 2011Q1:2012Q2.'),
        ("2012Q5", '"2012Q5" is not a quarter. Write it as 2012Q2, 2011Q3:2012Q2 or latest.'),
        ("2012", '"2012" is not a quarter. Write it as 2012Q2, 2011Q3:2012Q2 or latest.'),
        (
            "2011Q1:2011Q2:2011Q3",
            '"2011Q1:2011Q2:2011Q3" is not a quarter. Write it as 2012Q2, 2011Q3:2012Q2 or latest.',
        ),
    ],
)
def test_a_wrong_period_is_answered_in_one_sentence(text, message):
    with pytest.raises(ht.HtanalysisError) as caught:
        ht.parse_period(text)
    assert str(caught.value) == message


def test_days_are_counted_with_both_ends_and_leap_days():
    frame = pd.DataFrame({"period_start": pd.to_datetime(["2012-01-01", "2011-01-01"])})
    frame["period_end"] = pd.to_datetime(["2012-09-30", "2011-12-31"])
    assert ht.count_days(frame).tolist() == [274, 365]


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2012Q2", "which includes 2012Q2"),
        ("2010Q3", "and nothing of 2010Q3"),
        ("2011Q2:2011Q4", "and part of 2011Q2 to 2011Q4"),
    ],
)
def test_a_table_is_related_to_the_period(period, words):
    start, end = pd.Timestamp("2011-06-01"), pd.Timestamp("2012-06-30")
    assert ht.relate_to_period(ht.parse_period(period), start, end) == words


def test_the_times_of_data_sets_are_listed():
    times = ht.list_periods({"heat_unit": "unit"})
    assert times.loc[0].tolist() == ["unit", pd.Timestamp("2006-01-01"), pd.Timestamp("2012-08-31")]
