import itertools
from fractions import Fraction

import pandas as pd
import pytest
from conftest import counts_of, total_of
from hypothesis import given, settings
from hypothesis import strategies as st

import htanalysis as ht
from htanalysis.trends import Trend


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
    bounds = ht.bound_quarters(counts_of(*counts), total_of(total)).frame
    every, rising = enumerate_series(counts, total), enumerate_series(counts, total, rising=True)
    for place, row in bounds.iterrows():
        values = [series[place] for series in every]
        assert (row["low"], row["high"]) == (min(values), max(values))
        if rising:
            values = [series[place] for series in rising]
            assert (row["low_assumed"], row["high_assumed"]) == (min(values), max(values))
        else:
            assert pd.isna(row["low_assumed"]) and pd.isna(row["high_assumed"])


def test_published_quarters_stay_as_they_are_and_an_assumption_that_no_series_meets_gives_no_range():
    bounds = ht.bound_quarters(counts_of(3, None, 5), total_of(12)).frame
    assert bounds["basis"].tolist() == ["reported", "bounded", "reported"]
    assert bounds[["low", "high"]].to_numpy().tolist() == [[3, 3], [4, 4], [5, 5]]
    bounds = ht.bound_quarters(counts_of(5, None, 5), total_of(11)).frame
    assert bounds.loc[1, ["low", "high"]].tolist() == [1, 1]
    assert bounds.loc[1, ["low_assumed", "high_assumed"]].isna().all()


def test_the_published_series_have_these_ranges():
    bounds = ht.bound_quarters(ht.load("task_force_quarters"), ht.load("task_force_totals")).frame
    row = bounds[bounds["measure"].eq("investigations initiated") & bounds["quarter"].eq(pd.Period("2011Q2"))].iloc[0]
    # 2,552 - 135 - 390 = 2,027. If rising, at least (2,027 - 3 x 390) / 3 and at most 390.
    assert row[["low", "high", "low_assumed", "high_assumed"]].tolist() == [0, 2027, 286, 390]


@pytest.mark.parametrize(
    ("counts", "period", "low", "high", "basis"),
    [
        ((3, None, None, 5), "2011Q1", 3, 3, "reported"),
        ((3, None, None, 5), "2011Q2", 0, 4, "bounded"),
        ((3, None, None, 5), "2011Q1:2011Q2", 3, 7, "bounded"),
        ((3, None, None, 5), "2011Q1:2011Q4", 12, 12, "reported"),
        ((3, 4, None), "2011Q1:2011Q2", 7, 7, "computed"),
    ],
)
def test_a_period_adds_up(counts, period, low, high, basis):
    first, _, last = period.partition(":")
    quarters = pd.period_range(first, last or first, freq="Q")
    result = ht.bound_period(counts_of(*counts), total_of(12), quarters).frame.iloc[0]
    assert result[["low", "high", "basis"]].tolist() == [low, high, basis]


def test_a_quarter_that_is_a_sum_of_returns_is_computed_in_a_period_too():
    counts, quarter = counts_of(3, 4).assign(basis=["reported", "computed"]), pd.PeriodIndex(["2011Q2"], freq="Q")
    assert ht.bound_period(counts, total_of(7), quarter).frame["basis"].tolist() == ["computed"]
    assert ht.bound_period(counts, total_of(7), quarter - 1).frame["basis"].tolist() == ["reported"]


def test_a_quarter_is_compared_with_the_mean_of_the_others():
    last = ht.compare_quarter(counts_of(3, None, 5), total_of(12), pd.Period("2011Q3"))
    assert last.value == 0 and last.at("arrests").value == 5 / 3.5
    assert last.at("arrests").formula.endswith("= 5 ÷ ((12 − 5) ÷ 2)")
    alone = ht.compare_quarter(counts_of(5, None), total_of(5), pd.Period("2011Q1")).at("arrests")
    assert alone.value is None and alone.given["against"] == "; the other quarter had 0.0 on average"
    hidden = ht.compare_quarter(counts_of(3, None, 5), total_of(12), pd.Period("2011Q2"))
    assert (hidden.value, hidden.given["names"], len(hidden.rows)) == (1, ": arrests", 0)


def test_a_straight_line_is_compared_with_the_total():
    line = ht.compare_with_line(ht.load("task_force_quarters"), ht.load("task_force_totals")).frame.set_index("measure")
    assert line["line_total"].tolist() == [2100, 1616, 2228]
    assert line["difference"].tolist() == [452, -339, -430] and not line["compatible"].any()
    even = ht.compare_with_line(counts_of(1, None, None, 4), total_of(10)).frame.iloc[0]
    assert even["compatible"] and even["mean_between"] == 2.5
    # The line 1, 2, 3, 4 is whole already, so that no other total fits; of 1, 1.5, 2 the middle is 1 or 2.
    for counts, total, fits in (((1, None, None, 4), 11, False), *(((1, None, 2), t, t < 6) for t in (4, 5, 6))):
        assert ht.compare_with_line(counts_of(*counts), total_of(total)).frame["compatible"].tolist() == [fits]
    assert ht.compare_with_line(counts_of(1, 2), total_of(3)).frame.empty


def test_whether_counts_changed_evenly_and_what_refutes_an_assumption_is_said_in_plain_words():
    told = ht.compare_with_line(ht.load("task_force_quarters"), ht.load("task_force_totals")).given["evenly"]
    assert (
        told == "Investigations initiated, victims identified and arrests did not change evenly from 2010Q3 to 2012Q2"
    )
    counts = pd.concat([counts_of(1, None, None, 4, measure=name) for name in ("arrests", "people trained")])
    totals = pd.concat([total_of(10, "arrests"), total_of(11, "people trained")])
    span = f"evenly from {counts['quarter'].min()} to {counts['quarter'].max()}"
    both = f"People trained did not change {span}; arrests can have changed {span}"
    assert ht.compare_with_line(counts, totals).given["evenly"] == both
    none = f"Whether a count changed {span} cannot be told without a total that holds"
    assert ht.compare_with_line(counts, totals.head(0)).given["evenly"] == none
    fell, convex = (counts_of(9, None, 2), total_of(13)), (counts_of(1, 5, 6), total_of(12))
    for each, shape, words in (
        (fell, ht.Shape("never falling"), "Arrests fell in at least one quarter"),
        (convex, ht.Shape("convex"), "Arrests did not grow by more and more each quarter"),
        (fell, ht.Shape("limited change", 0.1), "Arrests changed by more than 10% in at least one quarter"),
        ((counts_of(1, 2, 3), total_of(6)), ht.Shape(), "What is known agrees with each of the assumptions"),
    ):
        assert ht.bound_growth(*each, [shape]).given["refuted"] == words


def test_growth_is_split_with_a_joiner():
    split = ht.split_growth(counts_of(100, None, 300), 0.25)
    assert (split.low, split.high, split.basis) == (0.375, 0.375, "assumed")
    assert split.formula.endswith("lowest = 0.25 × 300 ÷ (300 − 100); highest = 0.25 × 300 ÷ (300 − 100)")
    assert ht.share_of_all_growth(counts_of(100, None, 300)).low == pytest.approx(2 / 3)
    assert ht.split_growth(counts_of(100, None, 300), 1.0).low == 1
    falling = ht.split_growth(counts_of(300, None, 100), 0.25)
    assert falling.low is None and falling.frame.empty and falling.given["between"] == "no part"
    curve = ht.split_over(counts_of(100, None, 300), 0.25).frame
    assert curve["arrests"].iloc[[0, 1, 50]].tolist() == [0, 0.03, 1] and curve["joiner_share"].iloc[1] == 0.02
    assert ht.split_over(counts_of(300, None, 100), 0.25).frame.empty
    with pytest.raises(ht.HtanalysisError, match=r"joiner_share is 1\.2"):
        ht.split_growth(counts_of(1, 2), 1.2)


def test_growth_is_told_as_a_ratio_or_as_what_keeps_it_from_one():
    told = ht.follow_growth(counts_of(0, None, 2)).at("arrests")
    assert told.value is None and told.formula == "no ratio, since the first is 0; last 2"
    none = ht.follow_growth(counts_of(2, None, 0)).at("arrests")
    assert (none.value, none.given["more"]) == (0, "")
    grown = ht.follow_growth(ht.load("task_force_quarters")).at("victims identified")
    assert (grown.value, grown.source) == (3.04, ("quarters-victims", "totals-victims", "san-jose-joins"))
    contradicted = counts_of(None, None, 304, measure="victims identified").assign(origin="report")
    lost = ht.follow_growth(contradicted).at("victims identified").say("growth", "{measure} {change}{more}.")
    assert lost.sentence.startswith("Victims identified changed from 2011Q1 to 2011Q3 in a way that is not known")


@pytest.mark.parametrize(
    ("counts", "total", "told"),
    [
        (counts_of(3, 5), total_of(7), "add up to 8, more than its total of 7"),
        (counts_of(3, 5), total_of(9), "add up to 8, less than its total of 9"),
        (counts_of(-3, None), total_of(9), "has a count of -3; counts are whole numbers of 0 or more"),
        (pd.concat([counts_of(3)] * 2), total_of(9), "2011Q1 twice"),
        (
            counts_of(3).assign(quarter=None),
            total_of(9),
            "quarter must hold quarters such as 2012Q3, .*; one is missing",
        ),
        (
            counts_of(3).assign(quarter="2012Q7"),
            total_of(9),
            "quarter must hold quarters such as 2012Q3, or days in them",
        ),
        (counts_of(3, None), pd.concat([total_of(9)] * 2), '"arrests" has two totals'),
    ],
)
def test_counts_that_no_series_agrees_with_are_refused(counts, total, told):
    with pytest.raises(ht.HtanalysisError, match=told):
        ht.bound_quarters(counts, total)


def test_without_a_total_a_quarter_has_no_upper_limit_and_a_total_binds_only_the_quarters_that_it_covers():
    served = total_of(7, measure="victims served")
    bounds = ht.bound_quarters(counts_of(3, None), served).frame
    assert bounds.loc[1, "low"] == 0 and pd.isna(bounds.loc[1, "high"])
    # With the quarter before it and a limited change, it has both limits.
    limited = ht.bound_quarters(counts_of(4, None), served, ht.Shape("limited change", 0.5)).frame
    assert limited.loc[1, ["low_assumed", "high_assumed"]].tolist() == [2, 6]
    total = total_of(7).assign(period_start=pd.Timestamp("2011-01-01"), period_end=pd.Timestamp("2011-06-30"))
    bounds = ht.bound_quarters(counts_of(3, None, None), total).frame
    assert bounds.loc[1, ["low", "high"]].tolist() == [4, 4]
    assert bounds.loc[2, "low"] == 0 and pd.isna(bounds.loc[2, "high"])


def test_a_partial_return_is_a_lower_limit():
    bounds = ht.bound_quarters(counts_of(3, None, None).assign(at_least=[0, 2, 0]), total_of(9)).frame
    assert bounds[["low", "high"]].to_numpy().tolist() == [[3, 3], [2, 6], [0, 4]]


@settings(max_examples=40, deadline=None)
@given(
    series=st.lists(st.integers(0, 4), min_size=3, max_size=4),
    shown=st.sets(st.integers(0, 3)),
    shape=st.sampled_from([ht.Shape("convex"), ht.Shape("limited change", 0.5), ht.Shape("never falling")]),
)
def test_bounds_under_each_assumption_are_attained_and_never_exceeded(series, shown, shape):
    counts = [value if place in shown else None for place, value in enumerate(series)]
    every = [s for s in enumerate_series(counts, sum(series)) if agrees(s, shape)]
    bounds = ht.bound_quarters(counts_of(*counts), total_of(sum(series)), shape).frame
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
        return all(abs(after - before) <= Fraction(str(shape.max_change)) * before for before, after in steps)
    changes = [after - before for before, after in steps]
    return changes == sorted(changes)


def test_growth_is_bounded_under_each_assumption():
    growth = ht.bound_growth(counts_of(None, None, None), total_of(9), [ht.Shape(), ht.Shape("convex")]).frame
    assert growth["assumed"].tolist() == ["nothing", ht.Shape().words, ht.Shape("convex").words]
    # 9, 0, 0 and 0, 0, 9 are convex, and only the second never falls, which 3, 3, 3 does not either.
    assert growth[["low", "high"]].to_numpy().tolist() == [[-9, 9], [0, 9], [-9, 9]]
    assert growth["basis"].tolist() == ["bounded", "assumed", "assumed"]
    known = ht.bound_growth(counts_of(2, None, 5), total_of(9), []).frame
    assert known.loc[0, ["low", "high", "basis"]].tolist() == [3, 3, "computed"]


def test_an_assumption_that_is_not_known_and_a_period_that_is_not_covered_are_refused():
    with pytest.raises(ht.HtanalysisError, match="do not hold all of 2011Q2 to 2011Q3"):
        ht.bound_period(counts_of(3, None), total_of(9), pd.period_range("2011Q2", "2011Q3", freq="Q"))
    with pytest.raises(ht.HtanalysisError, match='"convexe" is not a shape'):
        ht.Shape("convexe")
    with pytest.raises(ht.HtanalysisError, match=r"max_change is 1\.5"):
        ht.Shape("limited change", 1.5)
    words = "no quarter that the published total covers was over 12.5% off the one before it"
    assert ht.Shape("limited change", 0.125).words == words


BIG = st.integers(0, 10**6)
SHAPES = [ht.Shape(), ht.Shape("convex"), *(ht.Shape("limited change", change) for change in (0, 0.1, 0.25, 0.5, 1))]


@pytest.mark.parametrize(
    ("first", "last", "total", "quarter", "high"),
    [(8_867, 18_667, 122_509, 2, 17_221), (15_426, 37_026, 270_326, 1, 36_312)],
)
def test_large_counts_are_bounded_exactly(first, last, total, quarter, high):
    bounds = ht.bound_quarters(counts_of(first, *[None] * 6, last), total_of(total)).frame
    assert bounds.loc[quarter, "high_assumed"] == high


def test_a_convex_series_that_a_solver_in_floating_point_misses_is_found():
    series = [0, 0, 1, 1240, 2479, 3718, 4957, 13196]
    assert agrees(series, ht.Shape("convex")) and sum(series) == 25_591
    counts = counts_of(*[None] * 4, 2479, *[None] * 3)
    bounds = ht.bound_quarters(counts, total_of(25_591), ht.Shape("convex")).frame
    assert bounds.loc[7, "high_assumed"] == 13_196


@settings(max_examples=200, deadline=None)
@given(ends=st.tuples(BIG, BIG).map(sorted), number=st.integers(3, 9), data=st.data())
def test_between_known_ends_the_bounds_have_a_closed_form(ends, number, data):
    (first, last), inner = ends, number - 2
    total = first + last + data.draw(st.integers(inner * first, inner * last))
    bounds = ht.bound_quarters(counts_of(first, *[None] * inner, last), total_of(total)).frame
    for place, row in bounds.iloc[1:-1].iterrows():
        rest = number - 1 - place
        assert row["high_assumed"] == min(last, (total - last - place * first) // rest)
        assert row["low_assumed"] == max(first, -((first + rest * last - total) // place))


@settings(max_examples=60, deadline=None)
@given(
    series=st.lists(st.integers(0, 5), min_size=2, max_size=5),
    hidden=st.lists(st.booleans(), min_size=5, max_size=5),
    window=st.tuples(st.integers(0, 4), st.integers(0, 4)).map(sorted),
    shape=st.sampled_from(SHAPES),
    data=st.data(),
)
def test_periods_changes_and_growth_agree_with_enumeration(series, hidden, window, shape, data):
    # Counts to 9, some with a least value, and a total over some of the quarters, of which alone the shape is assumed.
    first, last = min(window[0], len(series) - 1), min(window[1], len(series) - 1)
    known = [
        None if hide and first <= place <= last else count
        for place, (count, hide) in enumerate(zip(series, hidden, strict=False))
    ]
    least = [min(count, 2) if known[place] is None else 0 for place, count in enumerate(series)]
    counts, total = counts_of(*known).assign(at_least=least), sum(series[first : last + 1])
    quarters = counts["quarter"]
    ends = {"period_start": quarters[first].start_time, "period_end": quarters[last].end_time.normalize()}
    totals = total_of(total).assign(**ends)
    ranges = [range(low, total + 1) if count is None else [count] for count, low in zip(known, least, strict=False)]
    every = [way for way in itertools.product(*ranges) if sum(way[first : last + 1]) == total]
    shaped = [way for way in every if agrees(way[first : last + 1], shape)]
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(series) - 1)] * 2)))
    frame = ht.bound_period(counts, totals, pd.PeriodIndex(quarters[start : end + 1]), shape).frame
    for ways, (low, high) in ((every, ("low", "high")), (shaped, ("low_assumed", "high_assumed"))):
        sums = [sum(way[start : end + 1]) for way in ways]
        found = frame.loc[0, [low, high]].replace("no such series", pd.NA)
        assert found.tolist() == [min(sums), max(sums)] if ways else pd.isna(found[low])
    # Where the growth is known, an assumption that is not refuted is not listed.
    growth = ht.bound_growth(counts, totals, [shape]).frame.iloc[-1]
    grown = [way[-1] - way[0] for way in shaped]
    assert pd.isna(growth["low"]) if not grown else [growth["low"], growth["high"]] == [min(grown), max(grown)]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), shape=st.sampled_from(SHAPES), number=st.integers(2, 9))
def test_any_series_to_a_million_lies_within_its_own_bounds_which_are_attained(data, shape, number):
    if shape.name == "convex":
        changes = sorted(data.draw(st.lists(st.integers(-(10**5), 10**5), min_size=number - 1, max_size=number - 1)))
        series = [0, *itertools.accumulate(changes)]
        series = [count - min(series) for count in series]
    else:
        change = Fraction(str(shape.max_change))
        series = [data.draw(BIG)]
        while len(series) < number:
            up = (1 + change) * series[-1] // 1 if shape.name == "limited change" else 10**6
            down = -((change - 1) * series[-1] // 1) if shape.name == "limited change" else series[-1]
            series.append(data.draw(st.integers(down, max(up, down))))
    known = [count if data.draw(st.booleans()) else None for count in series]
    counts, totals = counts_of(*known), total_of(sum(series))
    bounds = ht.bound_quarters(counts, totals, shape).frame
    place = data.draw(st.integers(0, number - 1))
    for found in ("low", "high"):
        assert (bounds[f"{found}_assumed"] <= series if found == "low" else bounds[f"{found}_assumed"] >= series).all()
        # The bound can be had: with it as the quarter's count there is a series, and with one more there is none.
        limit = int(bounds.loc[place, f"{found}_assumed"])
        if known[place] is None:
            beyond = limit - 1 if found == "low" else limit + 1
            for value, there_is in ((limit, True), (beyond, False)):
                if value >= 0:
                    pinned = counts_of(*known[:place], value, *known[place + 1 :])
                    try:
                        again = ht.bound_quarters(pinned, totals, shape).frame["low_assumed"]
                    except ht.HtanalysisError:
                        assert not there_is
                    else:
                        assert again.notna().all() == there_is


def test_quarters_without_a_row_are_on_the_calendar():
    counts = pd.DataFrame({
        "measure": "arrests", "quarter": pd.PeriodIndex(["2020Q4", "2019Q2", "2019Q1"], freq="Q"),
        "count": pd.array([40, None, 10], "Int64"),
    })  # fmt: skip
    dated = total_of(200).assign(period_start=pd.Timestamp("2019-01-01"), period_end=pd.Timestamp("2020-12-31"))
    for totals in (dated, total_of(200)):
        bounds = ht.bound_quarters(counts, totals).frame
        assert bounds["quarter"].astype(str).tolist() == [f"{year}Q{n}" for year in (2019, 2020) for n in (1, 2, 3, 4)]
        assert bounds.loc[1:6, ["low", "high"]].to_numpy().tolist() == [[0, 150]] * 6
        assert bounds.loc[1, "high_assumed"] == 25
        line = ht.compare_with_line(counts, totals).frame.iloc[0]
        assert line[["line_total", "mean_between"]].tolist() == [200, 25] and line["compatible"]
        year = pd.period_range("2020Q1", "2020Q4", freq="Q")
        assert ht.bound_period(counts, totals, year).frame.loc[0, ["low", "high"]].tolist() == [40, 190]
        assert ht.bound_growth(counts, totals, []).frame.loc[0, ["low", "high"]].tolist() == [30, 30]
    # Only the last quarter has a row; the total's period begins the calendar.
    assert len(ht.bound_quarters(counts.iloc[:1], dated).frame) == 8


def test_a_quarter_outside_the_period_of_the_total_refutes_no_assumption():
    total = total_of(9).assign(period_start=pd.Timestamp("2011-01-01"), period_end=pd.Timestamp("2011-09-30"))
    falling = counts_of(1, None, 5, 2, None)
    for shape in (ht.Shape(), ht.Shape("convex")):
        bounds = ht.bound_quarters(falling, total, shape).frame
        assert bounds.loc[1, ["low_assumed", "high_assumed"]].tolist() == [3, 3]
        # Of later quarters nothing is assumed.
        assert bounds.loc[3:, "low_assumed"].tolist() == [2, 0] and pd.isna(bounds.loc[4, "high_assumed"])
    # A known quarter within the period can refute it.
    within = total.assign(period_end=pd.Timestamp("2011-12-31"), count=11)
    for shape in (ht.Shape(), ht.Shape("convex")):
        assert ht.bound_quarters(falling, within, shape).frame[["low_assumed", "high_assumed"]].isna().all(axis=None)


def test_a_tenth_is_a_tenth():
    # 1.1 × 30 is 33, which floating point makes 33.000000000000004 or 32.99…; ten percent of 9 allow no change.
    tenth = ht.Shape("limited change", 0.1)
    assert ht.bound_quarters(counts_of(30, None), total_of(63), tenth).frame.loc[1, "high_assumed"] == 33
    assert ht.bound_quarters(counts_of(9, None), total_of(19), tenth).frame["low_assumed"].isna()[1]


def test_bounds_and_a_line_are_the_same_in_any_order_of_rows():
    counts, total = counts_of(3, None, None, 5), total_of(12)
    shuffled = ht.bound_quarters(counts.iloc[::-1], total).frame
    pd.testing.assert_frame_equal(shuffled, ht.bound_quarters(counts, total).frame)
    counts, totals = ht.load("task_force_quarters"), ht.load("task_force_totals")
    for frame in (counts, counts.astype({"measure": "str"})):
        shuffled, plain = (ht.compare_with_line(c, totals).frame for c in (frame.sample(frac=1, random_state=1), frame))
        pd.testing.assert_frame_equal(shuffled, plain)


def test_trends_and_forecasts_of_quarters_name_the_counts_that_they_rest_on():
    known = [20, 24, 29, 35, 41, 50, 60, 72, 86]
    counts = counts_of(*known).assign(task_forces_reporting=9, task_forces_next=9, origin="returns")
    totals = total_of(1).assign(count=pd.array([None], "Int64"))
    trends = ht.fit_measures(counts, pd.Period("2012Q1"), totals)
    listed = ht.list_trends(counts, trends)
    assert (listed.value, listed.given["which"]) == (1, "A trend is fitted for arrests")
    (told,) = ht.tell_trends(counts, totals, trends)
    assert told.value == pytest.approx(1.2, abs=0.01) and "forces: 2011Q1 20 of 9, 2011Q2 24 of 9," in told.formula
    assert told.source == ("quarters-arrests", "totals-arrests", "returns")
    # Where the curve begins after the report's quarters, it rests on the returns alone.
    later = [300, 320, 310, 290, 330, 305, 315, 300, 310, 325]
    flat = counts_of(100, *[None] * 6, 304, *later).assign(origin="returns")
    stated = total_of(1277).assign(period_start=pd.Timestamp("2011-01-01"), period_end=pd.Timestamp("2012-12-31"))
    (since,) = ht.tell_trends(flat, stated, ht.fit_measures(flat, None, stated))
    assert (since.given["since"], since.source, told.given["since"]) == (" since 2013Q1", ("returns",), "")
    assert "1,277" not in since.formula and "counts: 2013Q1 300, 2013Q2 320," in since.formula
    # A measure that was asked for later, and not in 2012Q4, keeps its own quarters.
    asked = counts_of(*[None] * 4, *range(50, 60), measure="certified").assign(origin="returns")
    asked = pd.concat([flat, asked[asked["count"].notna() & asked["quarter"].ne("2012Q4")]])
    certified = ht.fit_measures(asked)["certified"]
    assert certified.fit["count"].isna().tolist() == [place == 3 for place in range(10)]
    (own,) = ht.tell_trends(asked, totals, {"certified": certified})
    assert ht.draw(own, "own", "a title", "a subtitle").alt.startswith("2012Q1: 50 published, 50 expected; 2012Q2: 51 ")
    assert own.picture[1]["next_label"] == "2014Q3" and own.given["since"] == ""
    ahead = ht.forecast_quarters(counts, trends).at("arrests")
    assert ahead.low <= ahead.value <= ahead.high and ahead.given["following"] == "2013Q2"
    assert set(ht.list_back_tests(counts, trends).frame["model"]) >= {"last value", "log-linear trend"}
    few = ht.fit_measures(counts.head(2), pd.Period("2012Q1"), totals)
    assert ht.list_trends(counts.head(2), few).given["which"].startswith("No trend is fitted: no count has four")
    assert ht.tell_trends(counts.head(2), totals, few) == []
    # Zeros are one of two reasons.
    neither = ht.list_trends(counts, {"arrests": Trend("No curve of this kind goes through the counts.")})
    assert neither.given["which"].startswith("No trend is fitted: no curve of this kind goes through the known counts")
    # A long series is named by its ends; all of it stands in the workbook.
    for length, start in (
        (24, "2011Q1 100, 2011Q2 101, "),
        (25, "2011Q1 100, 16 between, whose counts stand in tables.xlsx, "),
    ):
        long = counts_of(*range(100, 100 + length)).assign(origin="returns")
        (told,) = ht.tell_trends(long, totals, ht.fit_measures(long, None, totals))
        listed = told.formula.partition("counts: ")[2].partition("; factor")[0]
        assert listed.startswith(start) and listed.count(", ") == {24: 23, 25: 10}[length]
        assert listed.endswith(f", {long['quarter'].iloc[-1]} {99 + length}"), listed


def test_where_there_is_nothing_to_draw_the_title_is_said_and_each_row_is_said_with_an_id_of_its_own():
    falling = ht.split_over(counts_of(300, None, 100), 0.25)
    assert ht.draw(falling, "joiner", "it had {between}{depending}", "part").text.startswith("It had no part, since")
    growth = ht.follow_growth(ht.load("task_force_quarters"))
    said = [row.say("{measure}-growth", "{measure} {change}.") for row in growth.rows]
    ids = ["investigations-initiated-growth", "victims-identified-growth", "arrests-growth"]
    assert [each.id for each in said] == ids
    assert said[1].sentence == "Victims identified rose from 100 in 2010Q3 to 304 in 2012Q2."


def test_quarters_that_are_not_known_are_listed_together_with_their_sum_if_the_total_leaves_no_other():
    counts = counts_of(100, None, None, 304).assign(basis="reported")
    last = counts["quarter"].iloc[-1]
    runs = ht.list_runs(counts, total_of(873 + 404), "arrests", last).frame
    columns = ["first", "last", "quarters", "count", "mean", "basis"]
    assert runs[columns].astype(object).where(runs[columns].notna(), None).to_numpy().tolist() == [
        ["2011Q1", "2011Q1", 1, 100, None, "reported"],
        ["2011Q2", "2011Q3", 2, 873, 436.5, "computed"],
        ["2011Q4", "2011Q4", 1, 304, None, "reported"],
    ]
    assert runs["times"].iloc[-1] == pytest.approx(304 / 436.5) and runs["times"].iloc[:2].isna().all()
    # Two runs share what the total leaves, and without a total nothing is known of any.
    some = counts_of(100, None, 50, None).assign(basis="reported")
    missing = ht.list_runs(some, total_of(900), "arrests", last).frame["count"].isna()
    assert missing.tolist() == [False, True, False, True]
    assert pd.isna(ht.list_runs(counts, total_of(900).iloc[:0], "arrests", last).frame["count"].iloc[1])
    assert len(ht.list_runs(counts, total_of(900), "arrests", last - 1).frame) == 2


def test_a_total_that_holds_is_a_finding_and_one_that_does_not_is_called_unknown():
    totals = ht.total_quarters(ht.count_quarters("report", "public"))
    told = ht.list_known_totals(totals).at("victims identified").say("x", "They identified {told} victims.")
    assert (told.sentence, told.value) == ("They identified 1,277 victims.", 1277)
    assert (told.basis, told.formula) == ("reported", None)
    assert told.source == ("totals-victims",)
    gone = ht.list_known_totals(totals.assign(count=pd.array([None] * 5, "Int64"), origin=None))
    told = gone.at("victims identified").say("x", "They identified {told} victims.")
    assert (told.sentence, told.value) == ("They identified an unknown number of victims.", None)
