import itertools

import pandas as pd
import pytest
from conftest import counts_of, total_of
from hypothesis import given, settings
from hypothesis import strategies as st

import htanalysis as ht


def enumerate_series(counts, total, rising=False):
    """List every series of whole numbers that agrees with the counts and the total, by trying all."""
    ranges = [range(total + 1) if count is None else [count] for count in counts]
    fits = (series for series in itertools.product(*ranges) if sum(series) == total)
    return [series for series in fits if not rising or list(series) == sorted(series)]


@settings(max_examples=40, deadline=None)
@given(
    ends=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    hidden=st.lists(st.integers(0, 4), min_size=1, max_size=3),
    last_known=st.booleans(),
)
def test_bounds_are_attained_and_never_exceeded(ends, hidden, last_known):
    counts = [ends[0], *[None] * len(hidden), ends[1] if last_known else None]
    total = sum(ends) + sum(hidden)
    bounds = ht.bound_quarters(counts_of(*counts), total_of(total))
    every, rising = enumerate_series(counts, total), enumerate_series(counts, total, rising=True)
    for place, row in bounds.iterrows():
        values = [series[place] for series in every]
        assert (row["low"], row["high"]) == (min(values), max(values))
        if rising:
            values = [series[place] for series in rising]
            assert (row["low_rising"], row["high_rising"]) == (min(values), max(values))
        else:
            assert pd.isna(row["low_rising"]) and pd.isna(row["high_rising"])


def test_published_quarters_are_reported_and_stay_as_they_are():
    bounds = ht.bound_quarters(counts_of(3, None, 5), total_of(12))
    assert bounds["basis"].tolist() == ["reported", "bounded", "reported"]
    assert bounds[["low", "high"]].to_numpy().tolist() == [[3, 3], [4, 4], [5, 5]]


def test_the_published_series_have_these_ranges():
    bounds = ht.bound_quarters(ht.load("task_force_quarters"), ht.load("task_force_totals"))
    row = bounds[bounds["measure"].eq("investigations initiated") & bounds["quarter"].eq(pd.Period("2011Q2"))].iloc[0]
    # 2,552 - 135 - 390 = 2,027. If rising, at least (2,027 - 3 x 390) / 3 and at most 390.
    assert row[["low", "high", "low_rising", "high_rising"]].tolist() == [0, 2027, 286, 390]


def test_an_assumption_that_no_series_meets_gives_no_range():
    bounds = ht.bound_quarters(counts_of(5, None, 5), total_of(11))
    assert bounds.loc[1, ["low", "high"]].tolist() == [1, 1]
    assert bounds.loc[1, ["low_rising", "high_rising"]].isna().all()


@pytest.mark.parametrize(
    ("period", "low", "high", "basis"),
    [
        ("2011Q1", 3, 3, "reported"),
        ("2011Q2", 0, 4, "bounded"),
        ("2011Q1:2011Q2", 3, 7, "bounded"),
        ("2011Q1:2011Q4", 12, 12, "reported"),
    ],
)
def test_a_period_adds_up(period, low, high, basis):
    first, _, last = period.partition(":")
    quarters = pd.period_range(first, last or first, freq="Q")
    result = ht.bound_period(counts_of(3, None, None, 5), total_of(12), quarters).iloc[0]
    assert result[["low", "high", "basis"]].tolist() == [low, high, basis]


def test_published_quarters_add_up_to_a_computed_number():
    quarters = pd.period_range("2011Q1", "2011Q2", freq="Q")
    result = ht.bound_period(counts_of(3, 4, None), total_of(12), quarters).iloc[0]
    assert result[["low", "high", "basis"]].tolist() == [7, 7, "computed"]


def test_a_change_is_a_range_unless_both_quarters_are_known():
    counts, total = counts_of(3, None, 5), total_of(12)
    change = ht.bound_change(counts, total, pd.Period("2011Q3")).iloc[0]
    assert change[["count", "mean_of_others", "low", "high", "basis"]].tolist() == [5, 3.5, 1, 1, "bounded"]
    known = ht.bound_change(counts_of(3, 4, None), total, pd.Period("2011Q2")).iloc[0]
    assert known[["low", "high", "basis"]].tolist() == [1, 1, "computed"]
    first = ht.bound_change(counts, total, pd.Period("2011Q1")).iloc[0]
    assert first[["low", "high"]].isna().all()


def test_a_straight_line_is_compared_with_the_total():
    line = ht.compare_with_line(ht.load("task_force_quarters"), ht.load("task_force_totals")).set_index("measure")
    assert line["line_total"].tolist() == [2100, 1616, 2228]
    assert line["difference"].tolist() == [452, -339, -430]
    assert not line["compatible"].any()
    even = ht.compare_with_line(counts_of(1, None, None, 4), total_of(10)).iloc[0]
    assert even["compatible"] and even["mean_between"] == 2.5 and even["ratio"] == 4
    # Two quarters can each be half off the line, not more.
    assert ht.compare_with_line(counts_of(1, None, None, 4), total_of(11)).iloc[0]["compatible"]
    assert not ht.compare_with_line(counts_of(1, None, None, 4), total_of(12)).iloc[0]["compatible"]


def test_growth_is_split_with_a_joiner():
    split = ht.split_growth(counts_of(100, None, 300), 0.25).iloc[0]
    assert split[["growth", "joiner_count", "explained"]].tolist() == [200, 75, 0.375]
    assert split["share_for_all"] == pytest.approx(2 / 3)
    assert ht.split_growth(counts_of(100, None, 300), 1.0).iloc[0]["explained"] == 1
    falling = ht.split_growth(counts_of(300, None, 100), 0.25).iloc[0]
    assert pd.isna(falling["explained"]) and pd.isna(falling["share_for_all"])
    curve = ht.curve_growth(counts_of(100, None, 300), [0.0, 0.25])
    assert curve["arrests"].tolist() == [0, 0.375] and curve["joiner_share"].tolist() == [0, 0.25]
    with pytest.raises(ht.HtanalysisError, match=r"joiner_share is 1\.2"):
        ht.split_growth(counts_of(1, 2), 1.2)


def test_quarters_above_their_total_and_measures_without_one_are_refused():
    with pytest.raises(ht.HtanalysisError, match="add up to 8, more than its 7"):
        ht.bound_quarters(counts_of(3, 5), total_of(7))
    with pytest.raises(ht.HtanalysisError, match='"arrests" has no total'):
        ht.bound_quarters(counts_of(3, None), total_of(7, measure="victims served"))


def test_the_order_of_rows_changes_nothing():
    counts, total = counts_of(3, None, None, 5), total_of(12)
    shuffled = ht.bound_quarters(counts.iloc[::-1], total)
    pd.testing.assert_frame_equal(shuffled, ht.bound_quarters(counts, total))
