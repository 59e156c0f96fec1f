import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from shapely.geometry import box

import htanalysis as ht
from htanalysis.intervals import limit_share


def smooth(counts, population) -> np.ndarray:
    """Marshall's estimate for 100,000 residents, by its formula."""
    counts, population = np.array(counts, float), np.array(population, float)
    mean, rates = counts.sum() / population.sum(), counts / population
    spread = (population * (rates - mean) ** 2).sum() / population.sum()
    true = max(spread - mean / population.mean(), 0)
    return 1e5 * (mean + (rates - mean) * true / (true + mean / population))


def residents(places, *years, each=100_000) -> pd.DataFrame:
    """So many residents of each county in each year."""
    rows = [(fips, year, each) for fips in places["fips"] for year in years]
    return pd.DataFrame(rows, columns=["fips", "year", "population"])


def days(start: str, end: str) -> pd.DataFrame:
    """A row that covers so many days."""
    return pd.DataFrame({"period_start": [pd.Timestamp(start)], "period_end": [pd.Timestamp(end)]})


@pytest.fixture
def places() -> gpd.GeoDataFrame:
    """Five counties; the first three have a task force."""
    frame = pd.DataFrame({"county": list("ABCDE"), "fips": ["06001", "06003", "06005", "06007", "06009"]})
    frame["population_2010"] = pd.array([100_000, 200_000, 50_000, 100_000, 1_000], "Int64")
    frame["task_force"] = ["T1", "T2", "T3", None, None]
    return gpd.GeoDataFrame(frame, geometry=[box(i, 0, i + 1, 1) for i in range(5)], crs=4269)


@pytest.fixture
def convictions(places) -> pd.DataFrame:
    """A has 10, B and D share 6 and have at least one each, the others report none."""
    counts = {"convictions": [10, None, 0, None, 0], "lower": [10, 1, 0, 1, 0], "upper": [10, 5, 0, 5, 0]}
    counts = {name: pd.array(values, "Int64") for name, values in counts.items()}
    return places[["county", "fips"]].assign(**counts, named_in_report=[True, True, False, True, False])


def test_rates_are_for_each_100_000_residents_with_exact_limits(convictions, places):
    found = ht.rate_counties(convictions, places)
    rates = found.frame.set_index("county")
    assert rates["status"].tolist() == ["reported", "bounded", "none reported", "bounded", "none reported"]
    told = {"counties": 5, "named": 3, "others": 2, "silent": 2, "are": "are"}
    assert found.given == told and found.bases == ("reported", "bounded")
    assert rates.loc["A", ["rate_low", "rate_high"]].tolist() == [10, 10]
    assert rates.loc["B", ["rate_low", "rate_high"]].tolist() == [0.5, 2.5]
    assert rates.loc["B", "interval_low"] == pytest.approx(ht.poisson_interval(1)[0] / 2)
    assert rates.loc["B", "interval_high"] == pytest.approx(ht.poisson_interval(5)[1] / 2)
    # Nobody knows whether C had none or reported none, so there is no interval around its 0.
    assert rates.loc["C", "rate_low"] == 0 and rates.loc["C", ["interval_low", "interval_high"]].isna().all()


def test_a_true_0_is_a_count(convictions, places):
    named = convictions.assign(named_in_report=[True, True, True, True, False])
    for frame, status in ((named, "none reported"), (convictions.drop(columns="named_in_report"), "reported")):
        found = ht.rate_counties(frame, places)
        rates = found.frame.set_index("county")
        assert rates["status"].tolist() == ["reported", "bounded", "reported", "bounded", status]
        # Garwood: 0 cases leave at most 3.689, here of 50,000 residents.
        assert rates.loc["C", ["interval_low", "interval_high"]].tolist() == pytest.approx([0, 2 * 3.68888], abs=1e-4)
        yearly = ht.rate_by_resident_year(found, residents(places, 2011), days("2011-01-01", "2011-12-31")).frame
        assert yearly.set_index("county").loc["C", "yearly_high"] == pytest.approx(3.68888, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lower": [11, 1, 0, 1, 0]}, "counts: lower and upper must be whole"),
        ({"convictions": pd.array([-1, None, 0, None, 0], "Int64"), "lower": [-1, 1, 0, 1, 0]}, "0 ≤ lower ≤ upper"),
        ({"upper": pd.array([10, None, 0, 5, 0], "Int64")}, "0 ≤ lower ≤ upper"),
        ({"convictions": pd.array([9, None, 0, None, 0], "Int64")}, "both the convictions where these are known"),
        ({"lower": [10, 0.5, 0, 1, 0]}, "must be whole"),
    ],
)
def test_limits_that_are_not_around_their_count_are_refused(convictions, places, change, message):
    with pytest.raises(ht.HtanalysisError, match=message):
        ht.rate_counties(convictions.assign(**change), places)


def test_a_column_that_is_missing_is_named_with_its_frame(convictions, places):
    rates, year = ht.rate_counties(convictions, places), days("2011-01-01", "2011-12-31")
    without = places.drop(columns="population_2010")
    calls = {
        "counts has no column upper": lambda: ht.rate_counties(convictions.drop(columns="upper"), places),
        "places has no column population_2010": lambda: ht.rate_counties(convictions, without),
        "population has no column year": lambda: ht.rate_by_resident_year(rates, pd.DataFrame({"fips": []}), year),
        "places has no column task_force": lambda: ht.cross_task_forces(convictions, places.drop(columns="task_force")),
        "places has no column population_2010; ": lambda: ht.compare_like_counties(convictions, without),
        "population: every county": lambda: ht.rate_by_resident_year(rates, residents(places[:4], 2011), year),
    }
    for message, call in calls.items():
        with pytest.raises(ht.HtanalysisError, match=message):
            call()


def test_rates_by_year_have_garwoods_limits_and_count_a_part_of_a_year_as_that_part(convictions, places):
    rates, population = ht.rate_counties(convictions, places), residents(places, 2011, 2012)
    yearly = ht.rate_by_resident_year(rates, population, days("2011-01-01", "2012-09-30"))
    # 274 of 366 days of 2012.
    years, frame = 1 + 274 / 366, yearly.frame.set_index("county")
    assert frame.loc["A", "yearly_low"] == pytest.approx(ht.poisson_interval(10)[0] / years)
    assert frame.loc["B", "yearly_high"] == pytest.approx(ht.poisson_interval(5)[1] / years)
    assert frame.loc["C", ["yearly_low", "yearly_high"]].isna().all()
    assert yearly.bases == ("reported", "computed", "bounded")
    with pytest.raises(ht.HtanalysisError, match="for 2011 to 2012, not for all of 2011 to 2013"):
        ht.rate_by_resident_year(rates, population, days("2011-01-01", "2013-01-01"))
    with pytest.raises(ht.HtanalysisError, match="2012-01-02 to 2012-01-01 is no period"):
        ht.rate_by_resident_year(rates, population, days("2012-01-02", "2012-01-01"))


def test_a_published_rate_has_its_chance_and_the_others_their_range(convictions, places):
    compared = ht.compare_counties(ht.rate_counties(convictions, places))
    assert [*compared.frame["county"]] == ["A", "B", "D"] and compared.frame["value"].tolist()[0] == 10
    assert compared.frame["value"].isna().tolist() == [False, True, True] and compared.given["beyond"] == 0
    rate = compared.at("A")
    assert (rate.value, rate.low, rate.high) == pytest.approx((10, *ht.poisson_interval(10)), rel=1e-6)
    assert rate.basis == "computed" and "10 ÷ 100,000 × 100,000" in rate.formula
    known = ht.compare_counties(ht.rate_counties(ht.load("county_convictions"), ht.load_counties()))
    assert known.at("Alameda").source == ("county-alameda", "census-2010")


def test_what_is_certain_of_the_concentration_has_a_value(convictions, places):
    found = ht.bound_concentration(convictions, places, 16)
    certain = found.frame.set_index("measure")["value"].dropna()
    published = {"share of the largest published county": 0.625, "share of the largest county": 0.625}
    assert certain.to_dict() == pytest.approx(published) and found.given["certain"] == "so A had the most"
    assert (found.low, found.high) == pytest.approx((13 / 16, 15 / 16))
    chance = ht.add_chance(found)
    assert (chance.value, chance.low, chance.high) == pytest.approx((0.625, *limit_share(10, 6)))


def test_the_published_concentration_is_this():
    found = ht.bound_concentration(ht.load("county_convictions"), ht.load_counties(), 113)
    table = found.frame.set_index("measure")
    assert found.given["certain"] == "so it is not certain that Alameda had the most"
    assert table.loc["share of the largest published county", "value"] == pytest.approx(52 / 113)
    # One other county can have had 54, two more than Alameda.
    assert table.loc["share of the largest county", "high"] == pytest.approx(54 / 113)
    # Monterey and Santa Barbara have no task force: at least 1 each, and at most 61 less 6 for the other six.
    share = table.loc["share of counties with a task force", ["low", "high"]]
    assert share.tolist() == pytest.approx([58 / 113, 111 / 113])


def test_a_total_that_does_not_agree_with_the_limits_is_refused(convictions, places):
    with pytest.raises(ht.HtanalysisError, match="The total of 21 leaves 11 convictions for 2 counties"):
        ht.bound_concentration(convictions, places, 21)
    nothing = convictions.assign(convictions=0, lower=0, upper=0)
    with pytest.raises(ht.HtanalysisError, match="The total of 0"):
        ht.bound_concentration(nothing, places, 0)


def test_smoothed_rates_are_bounded_over_every_way_to_share_out_the_rest(convictions, places):
    table = ht.bound_smoothed(convictions, places, 16).frame.set_index("county")
    population = places["population_2010"]
    every = pd.DataFrame([smooth([10, b, 0, 6 - b, 0], population) for b in range(1, 6)], columns=places["county"])
    assert table["low"].to_dict() == pytest.approx(every[["A", "B", "D"]].min().to_dict())
    assert table["high"].to_dict() == pytest.approx(every[["A", "B", "D"]].max().to_dict())


def known_smoothed(counts, population) -> list[float]:
    """Smooth counts that are all known."""
    names = [f"{place:03}" for place in range(len(counts))]
    places = pd.DataFrame({"county": names, "fips": names, "population_2010": population})
    frame = places[["county", "fips"]].assign(convictions=pd.array(counts, "Int64"), lower=counts, upper=counts)
    smoothed = ht.bound_smoothed(frame, places, sum(counts)).frame
    assert smoothed["low"].tolist() == smoothed["high"].tolist()
    return smoothed["low"].tolist()


def test_smoothing_by_hand():
    # Rates 0.01 and 0.03, mean 0.02, spread 0.0001; chance explains 0.02 / 1000, so true rates vary by 0.00008.
    assert known_smoothed([10, 30], [1000, 1000]) == pytest.approx([1e5 * (0.02 - 0.01 * 0.8), 1e5 * (0.02 + 0.008)])
    # Where rates vary no more than chance, all are drawn to the mean (no negative variance).
    assert known_smoothed([25, 24, 26, 25], [100] * 4) == pytest.approx([25_000] * 4)


def test_the_funnel_tells_who_is_outside_and_who_can_be(convictions, places):
    # 16 among 451,000: the outer limit is the 99.9% quantile.
    compared = ht.compare_with_state(ht.rate_counties(convictions, places), 16)
    assert compared.given == {"above": "No county", "lies": "lies", "more": 0}
    many = convictions.assign(convictions=pd.array([40, None, 0, None, 0], "Int64"), lower=[40, 1, 0, 1, 0])
    compared = ht.compare_with_state(ht.rate_counties(many.assign(upper=[40, 39, 0, 39, 0]), places), 80)
    assert compared.given == {"above": "A", "lies": "lies", "more": 1} and compared.bases == ("computed", "bounded")


def test_funnel_limits_are_exact_quantiles():
    limits = ht.funnel_limits(1e-5, [1e6], 0.95).loc[0]
    # Poisson with mean 10: P(X <= 3) = 0.010, P(X <= 4) = 0.029; P(X <= 16) = 0.973, P(X <= 17) = 0.986.
    assert (limits[["low", "high"]] * 1e6).tolist() == pytest.approx([4, 17])
    people = np.geomspace(1e3, 1e7, 500)
    many = ht.funnel_limits(1e-5, people, 0.9) * [1, 1e5, 1e5]
    for name, part in {"low": 0.05, "high": 0.95}.items():
        assert many[name].tolist() == pytest.approx(stats.poisson.ppf(part, people / 1e5) / (people / 1e5))
    # A quantile to the last digit, where the inverse alone would give 8.
    assert ht.funnel_limits(1e-5, [1e6], 1 - 2 * stats.poisson.cdf(7, 10))["low"].tolist() == pytest.approx([7e-6])
    for rate, population in ((0, [10]), (1e-5, [0]), (1e-5, [float("nan")])):
        with pytest.raises(ht.HtanalysisError, match=r"rate is .*; it must be above 0, and each population too"):
            ht.funnel_limits(rate, population, 0.95)
    for coverage in (95, 0, 1, -0.5, "0.95"):
        with pytest.raises(ht.HtanalysisError, match=f"coverage is {coverage}; it must be above 0 and below 1"):
            ht.funnel_limits(1e-5, [1e6], coverage)


def test_counties_that_do_not_match_are_refused(convictions, places):
    with pytest.raises(ht.HtanalysisError, match="must have the same fips; 06009"):
        ht.rate_counties(convictions.iloc[:4], places)
    places.loc[0, "population_2010"] = 0
    with pytest.raises(ht.HtanalysisError, match="places: population_2010 must be above 0"):
        ht.rate_counties(convictions, places)


def test_one_county_without_a_count_has_all_that_is_left(places):
    two = places.iloc[:2].assign(population_2010=pd.array([1_349_664, 127_721], "Int64"))
    unknown = pd.array([1, None], "Int64")
    frame = pd.DataFrame(two[["county", "fips"]]).assign(convictions=unknown, lower=1, upper=[1, 8])
    smoothed = ht.bound_smoothed(frame, two, 9).frame.set_index("county")
    exact = dict(zip(two["county"], smooth([1, 8], two["population_2010"]), strict=True))
    assert exact["B"] == pytest.approx(5.475, abs=0.001)
    for county in two["county"]:
        assert smoothed.loc[county, ["low", "high"]].tolist() == pytest.approx([exact[county]] * 2)


def test_limits_of_the_cells_narrow_what_the_counties_share_out(convictions, places):
    # Cells of 1 to 9, and 11 left: each has 2 to 9.
    cells = convictions.assign(upper=convictions["upper"].mask(convictions["convictions"].isna(), 9))
    splits = [(10, b, 11 - b) for b in range(2, 10)]
    told = ht.bound_concentration(cells, places, 21).at("convictions of another county")
    assert (told.low, told.high) == (2, 9) and told.formula.endswith("leave: fewest = 2; most = 9")
    every = [smooth([a, b, 0, d, 0], places["population_2010"]) for a, b, d in splits]
    rates = pd.DataFrame(every, columns=places["county"])
    smoothed = ht.bound_smoothed(cells, places, 21).frame.set_index("county")
    for name, limit in {"low": "min", "high": "max"}.items():
        assert smoothed[name].to_dict() == pytest.approx(rates[["A", "B", "D"]].agg(limit).to_dict())


@settings(max_examples=25, deadline=None)
@given(limits=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=4), data=st.data())
def test_concentration_is_exact_for_any_limits(limits, data):
    ranges = [range(low, low + more + 1) for low, more in limits]
    ways = [(1, *way) for way in itertools.product(*ranges)]
    total = sum(data.draw(st.sampled_from(ways)))
    number = len(limits) + 1
    frame = pd.DataFrame({
        "fips": [str(place) for place in range(number)], "county": [str(place) for place in range(number)],
        "convictions": pd.array([1] + [None] * len(limits), "Int64"),
        "lower": [1, *(way[0] for way in ranges)], "upper": [1, *(way[-1] for way in ranges)],
    })  # fmt: skip
    towns = pd.DataFrame({"fips": frame["fips"], "task_force": ["T" if place % 2 else None for place in range(number)]})
    table = ht.bound_concentration(frame, towns, total).frame.set_index("measure")
    fitting = [way for way in ways if sum(way) == total]
    every = {
        "share of the largest county": [max(way) / total for way in fitting],
        "share of the two largest counties": [sum(sorted(way)[-2:]) / total for way in fitting],
        "share of counties with a task force": [sum(way[1::2]) / total for way in fitting],
        "Herfindahl-Hirschman index": [sum((c / total) ** 2 for c in way) for way in fitting],
        # Mean absolute difference over twice the mean, of all counties.
        "Gini coefficient": [sum(abs(a - b) for a in w for b in w) / (2 * number * total) for w in fitting],
        "convictions of another county": [count for way in fitting for count in way[1:]],
    }
    assert {*every, "share of the largest published county"} == {*table.index}
    for measure, values in every.items():
        assert table.loc[measure, ["low", "high"]].tolist() == pytest.approx([min(values), max(values)])
