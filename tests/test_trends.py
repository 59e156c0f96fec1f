import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import settings as running
from hypothesis import strategies as st

import htanalysis as ht


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        *(([], "No count is known: {} At least 4 are needed."), ([3], "One point: {} At least 4 are needed.")),
        ([1, None, 2], "Two points: {} At least 4 are needed."),
        *(([1, 2, 3], "Three points: {} At least 4 are needed."), ([0, 0, 0, 0], "Every known count is 0: {}")),
        ([0] * 7 + [9], "With these zeros a factor of change would be endless: {}"),
    ],
)
def test_where_no_trend_can_be_fitted_its_reason_is_told(counts, words):
    words = words.format("no trend is fitted.")
    trend = ht.fit_trend(counts, [1.0] * len(counts), 1.0)
    assert (trend.model, trend.reason, trend.prediction, trend.spread) == ("", words, None, 1.0) and trend.terms.empty


def test_an_exact_trend_is_found_and_missing_periods_keep_their_place():
    counts = [100, None, 400, 800, 1600]
    trend = ht.fit_trend(counts, [1.0] * 5, 1.0)
    assert trend.model == "Poisson" and trend.terms.loc[0, "ratio"] == pytest.approx(2)
    assert trend.fit["time"].tolist() == [0, 1, 2, 3, 4]
    assert trend.fit["expected"].tolist() == pytest.approx([100, 200, 400, 800, 1600])
    assert trend.fit["residual"].abs().max() < 1e-6 and np.isnan(trend.fit.loc[1, "residual"])


def test_a_rate_is_for_one_unit_of_exposure():
    # Twice the bodies, twice the count: no trend in the rate.
    trend = ht.fit_trend([80, 80, 160, 160], [4, 4, 8, 8], 4)
    assert trend.terms.loc[0, "ratio"] == pytest.approx(1)


def test_terms_are_added_only_where_enough_is_known():
    step, season = [False] * 3 + [True] * 5, [1, 2, 3, 4] * 2
    counts = [50, 60, 55, 70, 90, 100, 95, 120]
    terms = ht.fit_trend(counts, [1.0] * 8, 1.0, season, step).terms["term"].tolist()
    assert terms == ["a period", "after joining", *(f"quarter {n} against 1" for n in (2, 3, 4))]
    # After exactly a year the step, the trend and the season are the same columns, so the season is left out.
    year = ht.fit_trend(counts, [1.0] * 8, 1.0, season, [False] * 4 + [True] * 4)
    assert year.terms["term"].tolist() == ["a period", "after joining"]
    few = ht.fit_trend([*counts[:4], None, None, None, None], [1.0] * 8, 1.0, season, step)
    assert few.terms["term"].tolist() == ["a period"]


def test_the_model_follows_how_the_counts_vary():
    even, wild = [20, 22, 24, 26], [10, 60, 5, 80]
    assert ht.fit_trend(even, [1.0] * 4, 1.0).model == "Poisson"
    few, many = (ht.fit_trend(wild * n, [1.0] * 4 * n, 1.0) for n in (1, 2))
    assert few.model == "quasi-Poisson" and few.reason.startswith("Quasi-Poisson, since Pearson’s dispersion is")
    assert many.model == "negative binomial" and many.dispersion > 1
    # The negative binomial's residuals have the size that they should have.
    assert (many.fit["residual"] ** 2).sum() == pytest.approx(8 - 2, rel=1e-3)


@running(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.one_of(st.none(), st.integers(0, 2), st.integers(0, 10**9)), max_size=24),
    zeros=st.integers(0, 12),
    after=st.booleans(),
    total=st.none() | st.integers(0, 10**6),
)
# Sizes along some directions are below 0 by rounding there.
@example(counts=[None, None, None, 56038025, None, None, None, 0], zeros=6, after=False, total=None)
def test_any_series_has_a_trend_or_a_reason_without_a_warning(counts, zeros, after, total):
    counts = counts + [0] * zeros if after else [0] * zeros + counts
    number = len(counts)
    step, season = [place >= number // 2 for place in range(number)], [place % 4 + 1 for place in range(number)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trend = ht.fit_trend(counts, [1.0] * number, 1.0, season, step, total, [place < 8 for place in range(number)])
    assert trend.reason.endswith(".")
    if trend.model:
        limits, later = trend.terms[["low", "ratio", "high"]].to_numpy(), "begins after it" in trend.reason
        assert np.isfinite(limits).all() and (np.diff(limits) >= 0).all()
        assert np.isfinite(trend.fit["expected"]).tolist() == [not later or place >= 8 for place in range(number)]
    else:
        assert trend.reason.endswith(("no trend is fitted.", "are needed.")) and trend.terms.empty


def test_zeros_that_make_a_factor_endless_are_not_fitted():
    # Without the step the trend has a maximum; with it, whatever the step's factor, a larger one fits better.
    step = [False] * 4 + [True] * 4
    trend = ht.fit_trend([0, 0, 0, 0, 5, 6, 7, 8], [1.0] * 8, 1.0, step=step)
    assert trend.terms["term"].tolist() == ["a period"]
    assert trend.reason.endswith("With these zeros no step can be told.")
    assert 1 < trend.terms.loc[0, "low"] < trend.terms.loc[0, "high"] < 10


def test_counts_from_1_to_a_thousand_million_stop_nothing():
    counts = [*[0] * 12, 1, 19381526, None, None, 54046, None, 25425, 1, 1, None, 10**9, 0, 1, 543, 526, None, 1, 0]
    number = len(counts)
    season, step = [place % 4 + 1 for place in range(number)], [place >= number // 2 for place in range(number)]
    assert ht.fit_trend(counts, [1.0] * number, 1.0, season, step).model == "quasi-Poisson"


def test_four_points_have_a_trend_and_no_forecast():
    trend = ht.fit_trend([10, 60, 5, 80], [1.0] * 4, 1.0)
    assert trend.model == "quasi-Poisson" and trend.prediction is None
    assert trend.forecast.reason == "Nothing is forecast from fewer than 8 known counts; 4 are known."


def test_the_curve_gives_unpublished_quarters_the_sum_that_the_report_leaves_them():
    counts = [135, *[None] * 6, 390, 350, 340, 360, 345]
    bodies, inside = [8] * 4 + [9] * 8, [True] * 8 + [False] * 4
    alone = ht.fit_trend(counts, bodies, 9).fit["expected"]
    assert alone[1:7].sum() == pytest.approx(1385, abs=1)
    trend = ht.fit_trend(counts, bodies, 9, total=2552, of_total=inside)
    assert trend.fit["expected"][1:7].sum() == pytest.approx(2027, abs=0.5)
    # Returns that fill the quarters, or contradict the total, leave nothing to be met.
    for total in (500, None):
        assert ht.fit_trend(counts, bodies, 9, total=total, of_total=inside).fit["expected"].equals(alone)


def test_a_curve_that_does_not_lead_back_to_the_total_begins_after_it():
    later = [300, 320, 310, 290, 330, 305, 315, 300, 310, 325]
    counts, inside = [100, *[None] * 6, 304, *later], [True] * 8 + [False] * 10
    trend = ht.fit_trend(counts, [9] * 18, 9, total=1277, of_total=inside)
    alone = ht.fit_trend(later, [9] * 10, 9)
    assert trend.fit["expected"][:8].isna().all() and trend.fit["count"][7] == 304
    assert trend.fit["expected"][8:].to_list() == pytest.approx(alone.fit["expected"].to_list())
    assert trend.terms["ratio"][0] == pytest.approx(alone.terms["ratio"][0])
    assert trend.reason == f"{alone.reason} The curve does not lead back to the published total, and begins after it."
    # Three counts have no curve of their own; and to 2,400 the ten lead back.
    for known, total in ((counts[:11], 1277), (counts, 2400)):
        trend = ht.fit_trend(known, [9] * len(known), 9, total=total, of_total=inside[: len(known)])
        assert trend.fit["expected"][1:7].sum() == pytest.approx(total - 404, abs=0.5)


def test_a_growth_that_slowed_is_said_not_to_fit_one_factor():
    words = "One factor does not fit all periods: it changed on the way."
    belgium = [12, 14, 33, 50, 67, 74, 123, 141, 165, 204, 253, 246]
    assert ht.fit_trend(belgium, [1.0] * 12, 1.0).reason.endswith(words)
    steady = np.random.default_rng(1).negative_binomial(20, 20 / (20 + 50 * 1.1 ** np.arange(16)))
    assert words not in ht.fit_trend(steady, [1.0] * 16, 1.0).reason


def test_a_measures_total_is_part_of_its_fit():
    quarters = pd.period_range("2010Q3", "2013Q2", freq="Q")
    rows = {"measure": "arrests", "quarter": quarters, "task_forces_reporting": [8] * 4 + [9] * 8}
    rows["task_forces_next"] = 9
    rows["count"] = pd.array([180, *[None] * 6, 377, 350, 340, 360, 345], dtype="Int64")
    totals = ht.load("task_force_totals")
    trend = ht.fit_measures(pd.DataFrame(rows), quarters[4], totals)["arrests"]
    assert trend.fit["expected"][1:7].sum() == pytest.approx(1798 - 180 - 377, abs=0.5)


def test_a_task_force_that_ends_is_left_out_of_the_forecast_for_the_quarter_after():
    rows = {"measure": "arrests", "quarter": pd.period_range("2010Q3", periods=12, freq="Q")}
    rows |= {"count": range(100, 220, 10), "task_forces_reporting": 9}
    frames = (pd.DataFrame(rows).assign(task_forces_next=number) for number in (9, 8))
    nine, eight = (ht.fit_measures(frame, pd.Period("2011Q3"))["arrests"].forecast for frame in frames)
    assert nine.model == eight.model and eight.value == pytest.approx(nine.value * 8 / 9, abs=1)


def test_a_quarter_in_which_no_task_force_reports_is_no_part_of_a_trend_and_has_no_forecast():
    rows = {"measure": "arrests", "quarter": pd.period_range("2010Q3", periods=12, freq="Q")}
    rows |= {"count": range(100, 220, 10), "task_forces_reporting": [9] * 11 + [0], "task_forces_next": 0}
    trend = ht.fit_measures(pd.DataFrame(rows))["arrests"]
    assert trend.fit["count"].tolist()[:-1] == [*range(100, 210, 10)] and pd.isna(trend.fit["count"].iloc[-1])
    assert trend.prediction is None and trend.forecast.reason == "Nothing is forecast: no task force reports then."


def test_what_cannot_be_fitted_is_refused():
    for counts, exposure in (([-1, 2, 3, 4], [1.0] * 4), ([1, 2, 3, 4], [1, 1, 0, 1])):
        with pytest.raises(ht.HtanalysisError, match="A trend needs counts of 0 or more"):
            ht.fit_trend(counts, exposure, 1.0)
    with pytest.raises(ht.HtanalysisError, match="as many exposures"):
        ht.fit_trend([1, 2, 3, 4], [1.0], 1.0)
    with pytest.raises(ht.HtanalysisError, match="each of the 5 periods"):
        ht.fit_trend([1, 2, None, 4, 5], [1.0] * 5, 1.0, total=19, of_total=[True])


def test_a_chart_shows_the_curve_over_a_gap_and_dots_only_where_counts_are_known():
    counts = [135, *[None] * 6, 390, 350, 340, 360, 345]
    trend = ht.fit_trend(counts, [9] * 12, 9, total=2552, of_total=[True] * 8 + [False] * 4)
    labels = [str(quarter) for quarter in pd.period_range("2010Q3", "2013Q2", freq="Q")]
    about = ht.Caption("chart", "A finding", "Counts", ["table-1"], ["reported"])
    chart = ht.draw_fit(trend.fit, labels, trend.prediction, "2013Q3", {}, about)
    line, dots = (each for each in chart.figure.data if each.x)
    assert len(line.y) == 12 and dots.y == (135, 390, 350, 340, 360, 345)
    assert f"2010Q4: {trend.fit['expected'][1]:.0f} expected" in chart.alt and "hollow" not in chart.alt
