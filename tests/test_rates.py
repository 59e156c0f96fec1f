import numpy as np
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


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0, 3.69), (1, 0.03, 5.57), (5, 1.62, 11.67), (20, 12.22, 30.89)]
)
def test_intervals_are_garwoods(count, low, high):
    # Garwood (1936), Table 1, 95 %, two decimals.
    assert ht.poisson_interval(count) == pytest.approx((low, high), abs=0.006)


@pytest.mark.parametrize("count", [1, 7, 52, 441])
def test_intervals_agree_with_statsmodels(count):
    assert ht.poisson_interval(count) == pytest.approx(confint_poisson(count, 1, method="exact-c"))


def test_the_rate_ratio_of_rs_documentation_is_reproduced():
    # R, help(poisson.test): 11 in 800 against 21 in 3011 gives 1.971488, interval 0.8584264 to 4.2772659.
    result = ht.compare_rates(11, 800, 21, 3011)
    assert (result.ratio, result.low, result.high) == pytest.approx((1.971488, 0.8584264, 4.2772659), rel=1e-6)


def test_p_value_and_interval_come_from_one_method():
    # An interval that ends at 1 belongs to a p-value of 0.05.
    for count in (11, 30, 60):
        result = ht.compare_rates(count, 1, 20, 1)
        edge = ht.compare_rates(count, result.low, 20, 1)
        assert edge.low == pytest.approx(1) and edge.p_value == pytest.approx(0.05)


def test_the_exact_interval_covers_at_least_as_often_as_it_says():
    rng = np.random.default_rng(20120930)
    first, second = rng.poisson(6, 4000), rng.poisson(4, 4000)
    keep = first + second > 0
    hits = [
        (r := ht.compare_rates(a, 1, b, 1)).low <= 1.5 <= r.high for a, b in zip(first[keep], second[keep], strict=True)
    ]
    # Monte Carlo error of 4,000 draws at 0.95: 0.0034; three of them are allowed.
    assert np.mean(hits) >= 0.95 - 3 * 0.0034


def test_ratios_that_do_not_exist_are_refused():
    for bad in ((0, 1, 0, 1), (-1, 1, 2, 1), (1, 0, 2, 1)):
        with pytest.raises(ht.HtanalysisError, match="No ratio"):
            ht.compare_rates(*bad)
    assert ht.compare_rates(3, 1, 0, 1).ratio == float("inf")
    assert ht.compare_rates(0, 1, 3, 1).low == 0
    with pytest.raises(ht.HtanalysisError, match="cannot be below 0"):
        ht.poisson_interval(-1)


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
    with pytest.raises(ht.HtanalysisError, match="up to 2009"):
        ht.project_convictions(years, 2009)


def test_arrests_on_other_charges_are_bounded(years):
    start, end = pd.Timestamp("2011-07-01"), pd.Timestamp("2012-06-30")
    assert ht.bound_other_arrests(200, years, start, end) == (200 - 80 - 60, 200)
    assert ht.bound_other_arrests(100, years, start, end) == (0, 100)
