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
            assert (row["low_assumed"], row["high_assumed"]) == (min(values), max(values))
        else:
            assert pd.isna(row["low_assumed"]) and pd.isna(row["high_assumed"])


def test_published_quarters_are_reported_and_stay_as_they_are():
    bounds = ht.bound_quarters(counts_of(3, None, 5), total_of(12))
    assert bounds["basis"].tolist() == ["reported", "bounded", "reported"]
    assert bounds[["low", "high"]].to_numpy().tolist() == [[3, 3], [4, 4], [5, 5]]


def test_the_published_series_have_these_ranges():
    bounds = ht.bound_quarters(ht.load("task_force_quarters"), ht.load("task_force_totals"))
    row = bounds[bounds["measure"].eq("investigations initiated") & bounds["quarter"].eq(pd.Period("2011Q2"))].iloc[0]
    # 2,552 - 135 - 390 = 2,027. If rising, at least (2,027 - 3 x 390) / 3 and at most 390.
    assert row[["low", "high", "low_assumed", "high_assumed"]].tolist() == [0, 2027, 286, 390]


def test_an_assumption_that_no_series_meets_gives_no_range():
    bounds = ht.bound_quarters(counts_of(5, None, 5), total_of(11))
    assert bounds.loc[1, ["low", "high"]].tolist() == [1, 1]
    assert bounds.loc[1, ["low_assumed", "high_assumed"]].isna().all()


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
    assert first[["low", "high", "basis"]].isna().all()


def test_a_straight_line_is_compared_with_the_total():
    line = ht.compare_with_line(ht.load("task_force_quarters"), ht.load("task_force_totals")).set_index("measure")
    assert line["line_total"].tolist() == [2100, 1616, 2228]
    assert line["difference"].tolist() == [452, -339, -430]
    assert not line["compatible"].any()
    even = ht.compare_with_line(counts_of(1, None, None, 4), total_of(10)).iloc[0]
    assert even["compatible"] and even["mean_between"] == 2.5 and even["ratio"] == 4
    # The line is 1, 2, 3, 4: whole already, so that no other total fits.
    assert not ht.compare_with_line(counts_of(1, None, None, 4), total_of(11)).iloc[0]["compatible"]
    # The line is 1, 1.5, 2: its middle is 1 or 2.
    fitting = [ht.compare_with_line(counts_of(1, None, 2), total_of(t)).iloc[0]["compatible"] for t in (4, 5)]
    assert fitting == [True, True]
    assert not ht.compare_with_line(counts_of(1, None, 2), total_of(6)).iloc[0]["compatible"]
    assert pd.isna(ht.compare_with_line(counts_of(0, None, 2), total_of(3)).iloc[0]["ratio"])
    assert ht.compare_with_line(counts_of(1, 2), total_of(3)).empty


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


def test_counts_that_no_series_agrees_with_are_refused():
    with pytest.raises(ht.HtanalysisError, match="add up to 8, more than its total of 7"):
        ht.bound_quarters(counts_of(3, 5), total_of(7))
    with pytest.raises(ht.HtanalysisError, match="add up to 8, less than its total of 9"):
        ht.bound_quarters(counts_of(3, 5), total_of(9))
    with pytest.raises(ht.HtanalysisError, match="a count below 0"):
        ht.bound_quarters(counts_of(-3, None), total_of(9))
    with pytest.raises(ht.HtanalysisError, match="2011Q1 twice"):
        ht.bound_quarters(pd.concat([counts_of(3), counts_of(3)]), total_of(9))
    with pytest.raises(ht.HtanalysisError, match='"arrests" has two totals'):
        ht.bound_quarters(counts_of(3, None), pd.concat([total_of(9), total_of(9)]))
    with pytest.raises(ht.HtanalysisError, match="does not hold all of 2011Q2 to 2011Q3"):
        ht.bound_period(counts_of(3, None), total_of(9), pd.period_range("2011Q2", "2011Q3", freq="Q"))


def test_without_a_total_a_quarter_has_no_upper_limit():
    bounds = ht.bound_quarters(counts_of(3, None), total_of(7, measure="victims served"))
    assert bounds.loc[1, "low"] == 0 and pd.isna(bounds.loc[1, "high"])
    # With the quarter before it and a limited change, it has both limits.
    limited = ht.bound_quarters(
        counts_of(4, None), total_of(7, measure="victims served"), ht.Shape("limited change", 0.5)
    )
    assert limited.loc[1, ["low_assumed", "high_assumed"]].tolist() == [2, 6]


def test_a_total_binds_only_the_quarters_that_it_covers():
    total = total_of(7).assign(period_start=pd.Timestamp("2011-01-01"), period_end=pd.Timestamp("2011-06-30"))
    bounds = ht.bound_quarters(counts_of(3, None, None), total)
    assert bounds.loc[1, ["low", "high"]].tolist() == [4, 4]
    assert bounds.loc[2, "low"] == 0 and pd.isna(bounds.loc[2, "high"])


def test_a_partial_return_is_a_lower_limit():
    counts = counts_of(3, None, None).assign(at_least=[0, 2, 0])
    assert ht.bound_quarters(counts, total_of(9))[["low", "high"]].iloc[1:].to_numpy().tolist() == [[2, 6], [0, 4]]


@settings(max_examples=40, deadline=None)
@given(
    series=st.lists(st.integers(0, 4), min_size=3, max_size=4),
    shown=st.sets(st.integers(0, 3)),
    shape=st.sampled_from([ht.Shape("convex"), ht.Shape("limited change", 0.5), ht.Shape("never falling")]),
)
def test_bounds_under_each_assumption_are_attained_and_never_exceeded(series, shown, shape):
    counts = [value if place in shown else None for place, value in enumerate(series)]
    every = [s for s in enumerate_series(counts, sum(series)) if agrees(s, shape)]
    bounds = ht.bound_quarters(counts_of(*counts), total_of(sum(series)), shape)
    for place, row in bounds.iterrows():
        found = row[["low_assumed", "high_assumed"]]
        if every:
            assert found.tolist() == [min(s[place] for s in every), max(s[place] for s in every)]
        else:
            assert found.isna().all()


def agrees(series, shape):
    """Say whether a series has a shape, step by step."""
    steps = list(itertools.pairwise(series))
    if shape.name == "never falling":
        return all(after >= before for before, after in steps)
    if shape.name == "limited change":
        return all(abs(after - before) <= shape.max_change * before + 1e-9 for before, after in steps)
    changes = [after - before for before, after in steps]
    return changes == sorted(changes)


def test_growth_is_bounded_under_each_assumption():
    growth = ht.bound_growth(counts_of(None, None, None), total_of(9), [ht.Shape(), ht.Shape("convex")])
    assert growth["assumed"].tolist() == ["nothing", ht.Shape().words, ht.Shape("convex").words]
    # 9, 0, 0 and 0, 0, 9 are convex, and only the second never falls, which 3, 3, 3 does not either.
    assert growth[["low", "high"]].to_numpy().tolist() == [[-9, 9], [0, 9], [-9, 9]]
    assert growth["basis"].tolist() == ["bounded", "assumed", "assumed"]
    known = ht.bound_growth(counts_of(2, None, 5), total_of(9), [])
    assert known.loc[0, ["low", "high", "basis"]].tolist() == [3, 3, "computed"]


def test_an_assumption_that_is_not_known_is_refused():
    with pytest.raises(ht.HtanalysisError, match='"convexe" is not a shape'):
        ht.Shape("convexe")
    with pytest.raises(ht.HtanalysisError, match=r"max_change is 1\.5"):
        ht.Shape("limited change", 1.5)
    assert ht.Shape("limited change", 0.3).words == "no quarter differed from the one before it by more than 30%"


def test_the_order_of_rows_changes_nothing():
    counts, total = counts_of(3, None, None, 5), total_of(12)
    shuffled = ht.bound_quarters(counts.iloc[::-1], total)
    pd.testing.assert_frame_equal(shuffled, ht.bound_quarters(counts, total))
