import pandas as pd
import pytest

import htanalysis as ht
from htanalysis.quarters import read_quarter
from htanalysis.report.request import write_out


def test_eight_quarters_are_held():
    assert [str(quarter) for quarter in ht.held_quarters()][::7] == ["2010Q3", "2012Q2"]


@pytest.mark.parametrize(
    ("text", "quarters"),
    [("latest", ["2012Q2"]), ("2011Q4", ["2011Q4"]), ("2011Q4:2012Q2", ["2011Q4", "2012Q1", "2012Q2"])],
)
def test_a_period_is_read(text, quarters):
    assert [str(quarter) for quarter in ht.parse_period(text)] == quarters


@pytest.mark.parametrize(
    "text", ["2012q2", "2012 Q2", "2012-q2", "2012/Q2", "Q2 2012", "q2-2012", "2Q2012", " 2Q 2012 "]
)
def test_a_quarter_is_read_however_it_is_typed(text):
    assert str(read_quarter(text)) == "2012Q2" == ht.period_label(ht.parse_period(text))
    assert write_out(f"2011q4:{text}") == ["2011Q4", "2012Q1", "2012Q2"]
    ht.check_parameters(quarter=text)


@pytest.mark.parametrize(
    "text", ["2012", "2012Q0", "2012Q5", "12Q2", "Q22012Q2", "2012Q22", "2012--Q2", "２０１２Q2", "", "Q2"]
)
def test_what_could_be_another_quarter_is_not_read(text):
    with pytest.raises(ht.HtanalysisError, match="is not a quarter"):
        read_quarter(text)


HELD = "is not held: the data cover 2010Q3 to 2012Q2. Choose quarters among these, or add the returns first."
NONE = "is not a quarter. Write it as 2012Q2, 2011Q3:2012Q2 or latest."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *(("2013Q1", f"2013Q1 {HELD}"), ("2010Q2:2012Q2", f"2010Q2 {HELD}")),
        ("2012Q2:2011Q1", '"2012Q2:2011Q1" ends before it begins. Write it as 2011Q1:2012Q2.'),
        *((text, f'"{text}" {NONE}') for text in ("2012Q5", "2012", "2011Q1:2011Q2:2011Q3")),
    ],
)
def test_a_wrong_period_is_answered_in_one_sentence(text, message):
    for day, then in (("latest", ""), ("2013-01-31", " as known on 2013-01-31")):
        with pytest.raises(ht.HtanalysisError) as caught:
            ht.parse_period(text, day)
        assert str(caught.value) == message.replace("is not held", f"is not held{then}")


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


def test_ranges_are_written_out():
    assert write_out("2010Q3:2012Q2") == [
        *("2010Q3", "2010Q4", "2011Q1", "2011Q2", "2011Q3", "2011Q4", "2012Q1", "2012Q2")
    ]
    assert write_out("latest") == ["latest"] and write_out("2012Q5") == ["2012Q5"]
    for range_, told in (("2012Q2:2010Q3", "ends before it begins"), ("2012Q5:2013Q1", "is not a quarter")):
        with pytest.raises(ht.HtanalysisError, match=told):
            write_out(range_)
