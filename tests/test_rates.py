import pandas as pd
import pytest
from scipy import stats

import htanalysis as ht


@pytest.fixture
def years() -> pd.DataFrame:
    """Three years, the last one of nine months."""
    counts = {"year": [2010, 2011, 2012], "arrests": [40, 80, 60], "convictions": [10, 16, 3]}
    starts = pd.to_datetime(["2010-01-01", "2011-01-01", "2012-01-01"])
    ends = pd.to_datetime(["2010-12-31", "2011-12-31", "2012-09-30"])
    return pd.DataFrame(counts, dtype="Int64").assign(period_start=starts, period_end=ends)


def _ends(result: ht.Result) -> tuple[float, float]:
    return result.low, result.high


def test_p_value_and_interval_come_from_one_method():
    # An interval that ends at 1 belongs to a p-value of 0.05, whatever the dispersion.
    for count, dispersion in ((11, 1), (30, 1), (60, 1), (30, 1.5), (60, 6.1)):
        low = ht.compare_rates(count, 1, 20, 1, dispersion=dispersion).low
        edge = ht.compare_rates(count, low, 20, 1, dispersion=dispersion)
        assert edge.low == pytest.approx(1) and edge.given["p_value"] == pytest.approx(0.05)


def test_twice_the_count_at_a_dispersion_of_two_has_the_limits_of_the_count_alone():
    assert ht.poisson_interval(20, dispersion=2) == pytest.approx([2 * limit for limit in ht.poisson_interval(10)])
    wide, plain = ht.compare_rates(22, 800, 42, 3011, 2), ht.compare_rates(11, 800, 21, 3011)
    assert (wide.low, wide.high) == pytest.approx((plain.low, plain.high))
    assert wide.given["p_value"] == pytest.approx(plain.given["p_value"]) and wide.value == plain.value


@pytest.mark.parametrize(
    "find",
    [lambda d: ht.poisson_interval(7, dispersion=d), lambda d: _ends(ht.compare_rates(7, 3, 9, 2, dispersion=d))],
)
def test_the_limits_of_a_count_grow_with_its_dispersion(find):
    # The effective counts, 7 / 1.5 and the like, are not whole.
    lows, highs = zip(*map(find, (1, 1.01, 1.5, 3, 6.1)), strict=True)
    assert [*lows] == sorted(lows, reverse=True) and [*highs] == sorted(highs) and len({*highs}) == 5


def test_the_arrests_have_the_dispersion_of_their_trend_in_every_limit():
    table = ht.load("penal_code_236_1")
    spread = float(ht.measure_dispersion(table, "arrests"))
    assert spread == ht.fit_trend(table["arrests"], ht.count_days(table), 365).dispersion == pytest.approx(1.524941)
    pace = ht.compare_last_years(table, "arrests")
    assert _ends(pace) == _ends(ht.compare_rates(113, 274, 133, 365, dispersion=spread))
    assert _ends(pace) == pytest.approx((0.8190, 1.5605), abs=5e-5) and "÷ 1.52494" in pace.formula
    last = ht.rate_by_year(table, "arrests").frame.iloc[-1]
    limits = [limit / 274 * 365.25 / 12 for limit in ht.poisson_interval(113, dispersion=spread)]
    assert last[["low", "high"]].tolist() == pytest.approx(limits)


def test_counts_that_vary_no_more_than_chance_keep_their_exact_limits():
    table = ht.load("penal_code_236_1")
    assert float(ht.measure_dispersion(table, "convictions")) == 1.0
    assert _ends(ht.compare_last_years(table, "convictions")) == _ends(ht.compare_rates(21, 274, 28, 365))
    # One conviction in six years has no trend.
    rare = ht.rate_by_year(table.assign(convictions=[0] * 5 + [1]), "convictions").frame.iloc[-1]
    assert rare[["low", "high"]].tolist() == pytest.approx([r / 274 * 365.25 / 12 for r in ht.poisson_interval(1)])


def test_sections_are_added_up_over_all_years_and_the_largest_is_named_with_its_part():
    related = ht.load("related_convictions")
    found = ht.compare_sections(related)
    assert found.frame["value"].sum() == related["convictions"].sum() and found.frame["value"].is_monotonic_decreasing
    loitering = "§ 653.22(A) Loitering with intent to commit prostitution"
    assert found.frame.iloc[0].tolist() == [loitering, 8881, "computed"]
    told = "91% under § 653.22(A), loitering with intent to commit prostitution"
    assert found.write("{part} under § {section}, {offense}") == told


def test_a_ratio_to_none_is_endless_and_one_of_none_begins_at_0():
    assert ht.compare_rates(3, 1, 0, 1).value == ht.compare_rates(3, 1, 0, 1).high == float("inf")
    assert ht.compare_rates(0, 1, 3, 1).low == 0


def of_other_arrests(section, start="2011-07-01", end="2012-06-30", count=200):
    """Bound all arrests of a period, the section's being these years'."""
    row = {"period_start": pd.to_datetime([start]), "period_end": pd.to_datetime([end]), "count": [count]}
    return ht.bound_other_arrests(pd.DataFrame(row), section)


REFUSED = "some but not all of 2010 to 2012"
NO_RATIO = [(0, 1, 0, 1), (-1, 1, 2, 1), (1, 0, 2, 1), (2.9, 1, 2, 1), (1, float("nan"), 2, 1)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        *((lambda _, bad=bad: ht.compare_rates(*bad), "No ratio") for bad in NO_RATIO),
        (lambda _: ht.compare_rates(3, 1, 2, 1, dispersion=0.9), "with dispersion 0.9"),
        (lambda _: ht.poisson_interval(-1), "count is -1, dispersion 1.0; the first must be whole"),
        (lambda _: ht.poisson_interval(2.5), "count is 2.5"),
        (lambda _: ht.poisson_interval(2, dispersion=0.5), "dispersion 0.5"),
        (lambda _: ht.poisson_interval(1, confidence=95), "confidence is 95; it must be above 0 and below 1"),
        (lambda t: ht.rate_by_year(t, "victims"), "table has no column victims"),
        (lambda t: ht.expect_at_pace(t.drop(columns="period_end"), "arrests"), "table has no column period_end"),
        (lambda t: ht.compare_last_years(t.assign(arrests=[40, -1, 60]), "arrests"), "table: arrests must be whole"),
        (lambda t: ht.compare_last_years(t.assign(arrests=[0.4, 0.8, 0.6]), "arrests"), "table: arrests must be whole"),
        (lambda t: ht.compare_last_years(t.assign(arrests=[40, None, 60]), "arrests"), "0 or more, none missing"),
        (lambda t: ht.compare_last_years(t.assign(period_end=t.period_end.min()), "arrests"), "period_end must follow"),
        (lambda t: ht.compare_last_years(t.assign(year=[2009, 2010, 2012]), "arrests"), "one after the other"),
        (lambda t: ht.compare_last_years(t.head(1), "arrests"), "two years with arrests"),
        (lambda t: ht.fit_years(t, "arrests"), "Three points: no trend is fitted"),
        (lambda t: ht.project_convictions(t.drop(columns="convictions"), 2011), "table has no column convictions"),
        (lambda t: ht.project_convictions(t, 2009), REFUSED),
        (lambda t: ht.project_convictions(t, 2012), REFUSED),
        (
            lambda t: ht.project_convictions(t.assign(arrests=[0, 80, 60], convictions=0), 2010),
            "in each year up to 2010",
        ),
        (lambda t: ht.project_convictions(t.assign(convictions=[10, 81, 3]), 2010), "no more than these"),
        (lambda t: ht.project_convictions(t.assign(convictions=[-1, 16, 3]), 2010), "each year needs arrests"),
        (lambda t: ht.project_convictions(t.assign(year=[2010, 2010, 2012]), 2010), "a year stands twice"),
        (lambda t: of_other_arrests(t.drop(columns="arrests")), "section has no column arrests"),
        # A year that is missing may have had arrests under the section, so that "at least" would be too much.
        (lambda t: of_other_arrests(t.drop(1)), "do not cover all days from"),
        (lambda t: of_other_arrests(t.drop(2)), "do not cover all days from"),
        (lambda t: of_other_arrests(t, start="2009-12-31"), "do not cover all days from"),
        (lambda t: of_other_arrests(t, count=-1), "arrests: count must be whole numbers"),
        (lambda t: of_other_arrests(t, start="2012-07-01"), "each period_end must follow"),
    ],
)
def test_what_cannot_be_is_refused_and_named(years, call, message):
    with pytest.raises(ht.HtanalysisError, match=message):
        call(years)


def test_nine_months_stand_beside_twelve_as_a_rate(years):
    found = ht.rate_by_year(years, "arrests", "convictions")
    assert found.frame["what"].tolist() == ["arrests"] * 3 + ["convictions"] * 3
    assert found.given["change"] == "rose from 3.3 in 2010 to 6.7 in 2012"
    rates = found.frame.head(3).set_index("year")
    assert rates["days"].tolist() == [365, 365, 274]
    assert rates.loc[2012, "per_month"] == pytest.approx(60 / 274 * 365.25 / 12)
    assert rates["partial"].tolist() == [False, False, True]
    assert rates.loc[2011, "low"] == pytest.approx(stats.chi2.ppf(0.025, 160) / 2 / 365 * 365.25 / 12)


def test_the_last_years_are_compared_by_day(years):
    assert ht.compare_last_years(years, "arrests").value == pytest.approx((60 / 274) / (80 / 365))
    assert float(ht.expect_at_pace(years, "arrests")) == pytest.approx(80 * 274 / 365)
    assert float(ht.expect_at_pace(ht.load("penal_code_236_1"), "arrests")) == pytest.approx(99.84, abs=0.01)


def test_a_year_is_whole_only_with_its_leap_day(years):
    leap = years.assign(period_start=pd.to_datetime(["2008-01-01", "2009-01-01", "2012-01-02"]))
    leap["period_end"] = pd.to_datetime(["2008-12-31", "2009-12-31", "2012-12-31"])
    assert ht.rate_by_year(leap, "arrests").frame["partial"].tolist() == [False, False, True]


def test_two_rates_that_differ_are_told_from_chance(years):
    grown = years.assign(arrests=[40, 80, 200])
    told = [ht.compare_last_years(table, "arrests").given["verdict"] for table in (years, grown)]
    assert told == ["no more than chance would bring", "more than chance would bring"]


def test_convictions_under_sections_are_added_up_and_set_against_those_under_236_1():
    related, table = ht.load("related_convictions"), ht.load("penal_code_236_1")
    assert ht.add_sections(related, "266h", "266i").value == 404 + 263
    ratio = ht.add_sections(related, "266h", "266i", table=table)
    assert ratio.value == pytest.approx(667 / 113) and "table-1" in ratio.source and "table-2" in ratio.source
    assert ratio.formula == "(pimping + pandering) ÷ convictions under § 236.1 = (404 + 263) ÷ 113"


def test_later_convictions_have_the_exact_limits_of_the_settled_years_ratios(years):
    outlook = ht.project_convictions(years, 2011).frame.set_index("year")
    # Clopper and Pearson: 10 of 40 is 0.1269 to 0.4120, 16 of 80 is 0.1189 to 0.3044; so of 60 arrests 7.13 to 24.72.
    assert outlook.loc[2010, ["ratio_low", "ratio_high"]].tolist() == pytest.approx([0.1269, 0.4120], abs=5e-5)
    assert outlook.loc[2012, ["low", "high"]].tolist() == pytest.approx([60 * 0.11892, 60 * 0.41198], abs=5e-3)
    assert outlook.loc[[2011, 2012], "basis"].tolist() == ["reported", "assumed"]
    assert outlook.loc[2011, ["low", "high"]].tolist() == [16, 16] and pd.isna(outlook.loc[2012, "ratio_low"])


def test_a_projection_is_never_below_what_is_reported(years):
    years.loc[2, "convictions"] = 30
    assert _ends(ht.project_convictions(years, 2011)) == (0, 0)


def test_arrests_on_other_charges_are_bounded(years):
    assert _ends(of_other_arrests(years)) == (200 - 80 - 60, 200)
    assert _ends(of_other_arrests(years, count=100)) == (0, 100)
    # A row that ends on the period's first day touches it.
    assert _ends(of_other_arrests(years, "2010-12-31", "2010-12-31")) == (160, 200)


def test_the_counts_of_all_years_are_added_up_with_their_formula():
    told = ht.add_years(ht.load("penal_code_236_1"), "arrests").say("x", "{value:bare} {since}")
    assert (told.sentence, told.basis) == ("441 from 2007 to September 2012", "computed")
    assert told.formula == "33 + 34 + 52 + 76 + 133 + 113 = 441"
