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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ht.poisson_interval(-1), "count is -1; it must be a whole number"),
        (lambda: ht.poisson_interval(2.5), "count is 2.5"),
        (lambda: ht.poisson_interval(1, confidence=95), "confidence is 95; it must be above 0 and below 1"),
        (lambda: ht.compare_rates(3, 1, 2, 1, confidence=95), "confidence is 95"),
        (lambda: ht.binomial_interval(4, 3), "count is 4 and total 3"),
        (lambda: ht.binomial_interval(0, 0), "count is 0 and total 0"),
        (lambda: ht.binomial_interval(1, 3, 95), "confidence is 95"),
    ],
)
def test_counts_and_confidences_that_cannot_be_are_named(call, message):
    with pytest.raises(ht.HtanalysisError, match=message):
        call()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"arrests": pd.array([40, -1, 60], "Int64")}, "table: arrests must be whole numbers of 0 or more"),
        ({"arrests": [0.4, 0.8, 0.6]}, "table: arrests must be whole"),
        (
            {"arrests": pd.array([40, None, 60], "Int64")},
            "table: arrests must be whole numbers of 0 or more, none miss",
        ),
        ({"period_end": pd.to_datetime(["2010-12-31", "2010-12-31", "2012-09-30"])}, "each period_end must follow"),
        ({"year": pd.array([2009, 2010, 2012], "Int64")}, "two years with arrests, one after the other"),
    ],
)
def test_years_that_cannot_be_are_named(years, change, message):
    with pytest.raises(ht.HtanalysisError, match=message):
        ht.compare_last_years(years.assign(**change), "arrests")


def test_a_column_that_is_missing_is_named_with_its_frame(years):
    start, end = pd.Timestamp("2011-07-01"), pd.Timestamp("2012-06-30")
    calls = {
        "table has no column victims": lambda: ht.rate_by_year(years, "victims"),
        "table has no column period_end": lambda: ht.expect_at_pace(years.drop(columns="period_end"), "arrests"),
        "table has no column convictions": lambda: ht.project_convictions(years.drop(columns="convictions"), 2011),
        "section has no column arrests": lambda: ht.bound_other_arrests(9, years.drop(columns="arrests"), start, end),
    }
    for message, call in calls.items():
        with pytest.raises(ht.HtanalysisError, match=message):
            call()


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


def test_a_year_is_whole_only_with_its_leap_day(years):
    leap = years.assign(period_start=pd.to_datetime(["2008-01-01", "2009-01-01", "2012-01-02"]))
    leap["period_end"] = pd.to_datetime(["2008-12-31", "2009-12-31", "2012-12-31"])
    assert ht.rate_by_year(leap, "arrests")["partial"].tolist() == [False, False, True]


def test_later_convictions_have_the_exact_limits_of_the_settled_years_ratios(years):
    outlook = ht.project_convictions(years, 2011).set_index("year")
    # Clopper and Pearson: 10 of 40 is 0.1269 to 0.4120, 16 of 80 is 0.1189 to 0.3044; so of 60 arrests 7.13 to 24.72.
    assert outlook.loc[2010, ["ratio_low", "ratio_high"]].tolist() == pytest.approx([0.1269, 0.4120], abs=5e-5)
    assert outlook.loc[2012, ["low", "high"]].tolist() == pytest.approx([60 * 0.11892, 60 * 0.41198], abs=5e-3)
    assert outlook.loc[[2011, 2012], "basis"].tolist() == ["reported", "assumed"]
    assert outlook.loc[2011, ["low", "high"]].tolist() == [16, 16] and pd.isna(outlook.loc[2012, "ratio_low"])


def test_between_0_and_160_convictions_were_to_come_and_not_31_to_104():
    outlook = ht.project_convictions(ht.load("penal_code_236_1"), 2009)
    later = outlook[outlook["basis"].eq("assumed")]
    # 322 arrests at the upper limit of 18 in 34, 0.7022, less 66 convictions; the lower limit of 10 in 33 adds none.
    ends = (later[["low", "high"]].sum() - later["convictions"].sum()).tolist()
    assert ends == pytest.approx([0, 322 * 0.7022133 - 66], abs=1e-3)


def test_one_settled_year_leaves_a_range_and_no_exact_number():
    outlook = ht.project_convictions(ht.load("penal_code_236_1"), 2007)
    later = outlook[outlook["basis"].eq("assumed")]
    assert later["low"].sum() == 103 and later["high"].sum() == pytest.approx(200.18, abs=5e-3)


def test_a_projection_is_never_below_what_is_reported(years):
    years.loc[2, "convictions"] = 30
    outlook = ht.project_convictions(years, 2011).set_index("year")
    assert outlook.loc[2012, ["low", "high"]].tolist() == [30, 30]


def test_a_projection_needs_a_settled_year(years):
    for bad in (2009, 2012):
        with pytest.raises(ht.HtanalysisError, match="some but not all of 2010 to 2012"):
            ht.project_convictions(years, bad)
    with pytest.raises(ht.HtanalysisError, match="two years with arrests"):
        ht.compare_last_years(years.head(1), "arrests")
    for change, message in (
        ({"arrests": [0, 80, 60], "convictions": [0, 16, 3]}, "arrests in each year up to 2010"),
        ({"convictions": [10, 81, 3]}, "convictions that are no more than these"),
        ({"convictions": [-1, 16, 3]}, "each year needs arrests"),
        ({"year": [2010, 2010, 2012]}, "a year stands twice"),
    ):
        with pytest.raises(ht.HtanalysisError, match=message):
            ht.project_convictions(years.assign(**change), 2010)


def test_arrests_on_other_charges_are_bounded(years):
    start, end = pd.Timestamp("2011-07-01"), pd.Timestamp("2012-06-30")
    assert ht.bound_other_arrests(200, years, start, end) == (200 - 80 - 60, 200)
    assert ht.bound_other_arrests(100, years, start, end) == (0, 100)
    # A row that ends on the period's first day touches it.
    assert ht.bound_other_arrests(200, years, pd.Timestamp("2010-12-31"), pd.Timestamp("2010-12-31")) == (160, 200)
    for gone, first, last in ((1, start, end), (2, start, end), (0, pd.Timestamp("2009-12-31"), end)):
        # A year that is missing may have had arrests under the section, so that "at least" would be too much.
        with pytest.raises(ht.HtanalysisError, match="do not cover all days from"):
            ht.bound_other_arrests(200, years.drop(gone), first, last)
    with pytest.raises(ht.HtanalysisError, match="arrests is -1"):
        ht.bound_other_arrests(-1, years, start, end)
    with pytest.raises(ht.HtanalysisError, match="from 2012-06-30 to 2011-07-01"):
        ht.bound_other_arrests(200, years, end, start)
