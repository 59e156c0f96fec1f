import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.rates import confint_poisson

import htanalysis as ht


@pytest.fixture
def years() -> pd.DataFrame:
    """Three years, the last one of nine months."""
    starts = pd.to_datetime(["2010-01-01", "2011-01-01", "2012-01-01"])
    ends = pd.to_datetime(["2010-12-31", "2011-12-31", "2012-09-30"])
    return pd.DataFrame(
        {
            "year": pd.array([2010, 2011, 2012], "Int64"),
            "period_start": starts,
            "period_end": ends,
            "arrests": pd.array([40, 80, 60], "Int64"),
            "convictions": pd.array([10, 16, 3], "Int64"),
        }
    )


@pytest.mark.parametrize("count", [1, 7, 52, 441])
def test_intervals_agree_with_statsmodels(count):
    assert ht.poisson_interval(count) == pytest.approx(confint_poisson(count, 1, method="exact-c"))


def test_p_value_and_interval_come_from_one_method():
    # An interval that ends at 1 belongs to a p-value of 0.05.
    for count in (11, 30, 60):
        result = ht.compare_rates(count, 1, 20, 1)
        edge = ht.compare_rates(count, result.low, 20, 1)
        assert edge.low == pytest.approx(1) and edge.p_value == pytest.approx(0.05)


def test_ratios_that_do_not_exist_are_refused():
    for bad in ((0, 1, 0, 1), (-1, 1, 2, 1), (1, 0, 2, 1), (2.9, 1, 2, 1), (1, float("nan"), 2, 1)):
        with pytest.raises(ht.HtanalysisError, match="No ratio"):
            ht.compare_rates(*bad)
    with pytest.raises(ht.HtanalysisError, match='"midp" is not a method'):
        ht.compare_rates(3, 1, 2, 1, method="midp")
    assert ht.compare_rates(3, 1, 0, 1).ratio == float("inf")
    assert ht.compare_rates(0, 1, 3, 1).low == 0
    with pytest.raises(ht.HtanalysisError, match="a count is"):
        ht.poisson_interval(-1)
    with pytest.raises(ht.HtanalysisError, match="a confidence in 0 to 1"):
        ht.poisson_interval(1, confidence=95)


def test_nine_months_stand_beside_twelve_as_a_rate(years):
    rates = ht.rate_by_year(years, "arrests").set_index("year")
    assert rates["days"].tolist() == [365, 365, 274]
    assert rates.loc[2012, "per_month"] == pytest.approx(60 / 274 * 365.25 / 12)
    assert rates["partial"].tolist() == [False, False, True]
    assert rates.loc[2011, "low"] == pytest.approx(stats.chi2.ppf(0.025, 160) / 2 / 365 * 365.25 / 12)


def test_the_last_years_are_compared_by_day(years):
    assert ht.compare_last_years(years, "arrests").ratio == pytest.approx((60 / 274) / (80 / 365))
    assert ht.expect_at_pace(years, "arrests") == pytest.approx(80 * 274 / 365)
    assert ht.expect_at_pace(ht.load("penal_code_236_1"), "arrests") == pytest.approx(99.84, abs=0.01)


def test_later_convictions_are_projected_from_settled_years(years):
    outlook = ht.project_convictions(years, 2011).set_index("year")
    # 2010: 10 of 40 = 0.25; 2011: 16 of 80 = 0.20; so 60 arrests give 12 to 15.
    assert outlook.loc[2012, ["low", "high", "basis"]].tolist() == [12, 15, "assumed"]
    assert outlook.loc[2011, ["low", "high", "basis"]].tolist() == [16, 16, "reported"]


def test_a_projection_is_never_below_what_is_reported(years):
    years.loc[2, "convictions"] = 14
    outlook = ht.project_convictions(years, 2011).set_index("year")
    assert outlook.loc[2012, ["low", "high"]].tolist() == [14, 15]


def test_a_projection_needs_a_settled_year(years):
    for bad in (2009, 2012):
        with pytest.raises(ht.HtanalysisError, match="some but not all of 2010 to 2012"):
            ht.project_convictions(years, bad)
    years.loc[0, "arrests"] = 0
    with pytest.raises(ht.HtanalysisError, match="arrests in each up to 2010"):
        ht.project_convictions(years, 2010)
    with pytest.raises(ht.HtanalysisError, match="Two years with arrests"):
        ht.compare_last_years(years.head(1), "arrests")


def test_arrests_on_other_charges_are_bounded(years):
    start, end = pd.Timestamp("2011-07-01"), pd.Timestamp("2012-06-30")
    assert ht.bound_other_arrests(200, years, start, end) == (200 - 80 - 60, 200)
    assert ht.bound_other_arrests(100, years, start, end) == (0, 100)
    # A row that ends on the period's first day touches it.
    assert ht.bound_other_arrests(200, years, pd.Timestamp("2010-12-31"), pd.Timestamp("2010-12-31")) == (160, 200)
