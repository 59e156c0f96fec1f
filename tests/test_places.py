import itertools

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

import htanalysis as ht
from htanalysis.places import smooth_rates


@pytest.fixture
def places() -> gpd.GeoDataFrame:
    """Five counties; the first three have a task force."""
    return gpd.GeoDataFrame(
        {
            "county": list("ABCDE"),
            "fips": ["06001", "06003", "06005", "06007", "06009"],
            "population_2010": pd.array([100_000, 200_000, 50_000, 100_000, 1_000], "Int64"),
            "task_force": ["T1", "T2", "T3", None, None],
        },
        geometry=[box(i, 0, i + 1, 1) for i in range(5)],
        crs=4269,
    )


@pytest.fixture
def convictions(places) -> pd.DataFrame:
    """A has 10, B and D share 6 and have at least one each, the others report none."""
    return pd.DataFrame(
        {
            "county": places["county"],
            "fips": places["fips"],
            "convictions": pd.array([10, None, 0, None, 0], "Int64"),
            "lower": pd.array([10, 1, 0, 1, 0], "Int64"),
            "upper": pd.array([10, 5, 0, 5, 0], "Int64"),
            "named_in_report": [True, True, False, True, False],
        }
    )


def test_rates_are_for_each_100_000_residents_with_exact_limits(convictions, places):
    rates = ht.rate_counties(convictions, places).set_index("county")
    assert rates["status"].tolist() == ["reported", "bounded", "none reported", "bounded", "none reported"]
    assert rates.loc["A", ["rate_low", "rate_high"]].tolist() == [10, 10]
    assert rates.loc["B", ["rate_low", "rate_high"]].tolist() == [0.5, 2.5]
    assert rates.loc["B", "interval_low"] == pytest.approx(ht.poisson_interval(1)[0] / 2)
    assert rates.loc["B", "interval_high"] == pytest.approx(ht.poisson_interval(5)[1] / 2)
    # Nobody knows whether C had none or reported none, so there is no interval around its 0.
    assert rates.loc["C", "rate_low"] == 0 and rates.loc["C", ["interval_low", "interval_high"]].isna().all()


def test_a_true_0_is_a_count(convictions, places):
    named = convictions.assign(named_in_report=[True, True, True, True, False])
    for frame, status in ((named, "none reported"), (convictions.drop(columns="named_in_report"), "reported")):
        rates = ht.rate_counties(frame, places).set_index("county")
        assert rates["status"].tolist() == ["reported", "bounded", "reported", "bounded", status]
        # Garwood: 0 cases leave at most 3.689, here of 50,000 residents.
        assert rates.loc["C", ["interval_low", "interval_high"]].tolist() == pytest.approx([0, 2 * 3.68888], abs=1e-4)
        yearly = ht.rate_by_resident_year(rates.reset_index(), pd.Series(100_000.0, index=places["fips"]))
        assert yearly.set_index("county").loc["C", "yearly_high"] == pytest.approx(3.68888, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lower": [11, 1, 0, 1, 0]}, "convictions: lower and upper must be whole"),
        ({"convictions": pd.array([-1, None, 0, None, 0], "Int64"), "lower": [-1, 1, 0, 1, 0]}, "0 ≤ lower ≤ upper"),
        ({"upper": pd.array([10, None, 0, 5, 0], "Int64")}, "0 ≤ lower ≤ upper"),
        ({"convictions": pd.array([9, None, 0, None, 0], "Int64")}, "both the count where it is known"),
        ({"lower": [10, 0.5, 0, 1, 0]}, "must be whole"),
    ],
)
def test_limits_that_are_not_around_their_count_are_refused(convictions, places, change, message):
    with pytest.raises(ht.HtanalysisError, match=message):
        ht.rate_counties(convictions.assign(**change), places)


def test_a_column_that_is_missing_is_named_with_its_frame(convictions, places):
    rates, end = ht.rate_counties(convictions, places), pd.Timestamp("2012-09-30")
    calls = {
        "convictions has no column upper": lambda: ht.rate_counties(convictions.drop(columns="upper"), places),
        "places has no column population_2010": lambda: ht.rate_counties(
            convictions, places.drop(columns="population_2010")
        ),
        "rates has no column status": lambda: ht.rate_by_resident_year(rates.drop(columns="status"), pd.Series()),
        "population has no column year": lambda: ht.count_resident_years(pd.DataFrame({"fips": []}), end, end),
        "places has no column task_force": lambda: ht.cross_task_forces(convictions, places.drop(columns="task_force")),
        "places has no column population_2010; ": lambda: ht.compare_like_counties(
            convictions, places.drop(columns="population_2010")
        ),
    }
    for message, call in calls.items():
        with pytest.raises(ht.HtanalysisError, match=message):
            call()
    with pytest.raises(ht.HtanalysisError, match="resident_years: every county of rates needs some"):
        ht.rate_by_resident_year(rates, pd.Series(1.0, index=places["fips"][:4]))


def test_resident_years_count_a_part_of_a_year_as_that_part():
    rows = [("a", 2011, 10), ("a", 2012, 20), ("b", 2011, 5), ("b", 2012, 5)]
    population = pd.DataFrame(rows, columns=["fips", "year", "population"])
    years = ht.count_resident_years(population, pd.Timestamp("2011-01-01"), pd.Timestamp("2012-09-30"))
    # 274 of 366 days of 2012.
    assert years.to_dict() == pytest.approx({"a": 10 + 20 * 274 / 366, "b": 5 + 5 * 274 / 366})
    with pytest.raises(ht.HtanalysisError, match="for 2011 to 2012, not for all of 2011 to 2013"):
        ht.count_resident_years(population, pd.Timestamp("2011-01-01"), pd.Timestamp("2013-01-01"))
    with pytest.raises(ht.HtanalysisError, match="2012-01-02 to 2012-01-01 is no period"):
        ht.count_resident_years(population, pd.Timestamp("2012-01-02"), pd.Timestamp("2012-01-01"))


def test_rates_by_year_have_garwoods_limits(convictions, places):
    rates = ht.rate_counties(convictions, places)
    yearly = ht.rate_by_resident_year(rates, pd.Series(200_000.0, index=places["fips"])).set_index("county")
    assert yearly.loc["A", "yearly_low"] == pytest.approx(ht.poisson_interval(10)[0] / 2)
    assert yearly.loc["B", "yearly_high"] == pytest.approx(ht.poisson_interval(5)[1] / 2)
    assert yearly.loc["C", ["yearly_low", "yearly_high"]].isna().all()


def test_concentration_holds_over_every_way_to_share_out_the_rest(convictions, places):
    table = ht.bound_concentration(convictions, places, 16).set_index("measure")
    splits = [(10, b, 6 - b) for b in range(1, 6)]
    every = {
        "share of the largest published county": [10 / 16 for _ in splits],
        "share of the largest county": [max(s) / 16 for s in splits],
        "share of the two largest counties": [sum(sorted(s)[-2:]) / 16 for s in splits],
        "share of counties with a task force": [(s[0] + s[1]) / 16 for s in splits],
        "Herfindahl-Hirschman index": [sum((c / 16) ** 2 for c in s) for s in splits],
        # Mean absolute difference over twice the mean, of all five counties.
        "Gini coefficient": [sum(abs(a - b) for a in (*s, 0, 0) for b in (*s, 0, 0)) / (2 * 5 * 16) for s in splits],
    }
    assert set(table.index) == set(every)
    for measure, values in every.items():
        assert table.loc[measure, ["low", "high"]].tolist() == pytest.approx([min(values), max(values)])
    certain = table["value"].dropna()
    assert certain.to_dict() == pytest.approx(
        {"share of the largest published county": 0.625, "share of the largest county": 0.625}
    )


def test_the_published_concentration_is_this():
    table = ht.bound_concentration(ht.load("county_convictions"), ht.counties(), 113).set_index("measure")
    assert table.loc["share of the largest published county", "value"] == pytest.approx(52 / 113)
    # One other county can have had 54, two more than Alameda.
    assert table.loc["share of the largest county", "high"] == pytest.approx(54 / 113)
    # Monterey and Santa Barbara have no task force: at least 1 each, and at most 61 less 6 for the other six.
    assert table.loc["share of counties with a task force", ["low", "high"]].tolist() == pytest.approx(
        [58 / 113, 111 / 113]
    )


def test_a_total_that_does_not_agree_with_the_limits_is_refused(convictions, places):
    with pytest.raises(ht.HtanalysisError, match="The total of 21 leaves 11 convictions for 2 counties"):
        ht.bound_concentration(convictions, places, 21)
    nothing = convictions.assign(convictions=0, lower=0, upper=0)
    with pytest.raises(ht.HtanalysisError, match="The total of 0"):
        ht.bound_concentration(nothing, places, 0)


def test_smoothed_rates_are_bounded_over_every_way_to_share_out_the_rest(convictions, places):
    table = ht.bound_smoothed(convictions, places, 16).set_index("county")
    every = []
    for b in range(1, 6):
        counts = pd.Series([10, b, 0, 6 - b, 0], index=places["county"])
        population = places.set_index("county")["population_2010"]
        every.append(smooth_rates(counts, population) * 1e5)
    every = pd.DataFrame(every)
    assert table["low"].to_dict() == pytest.approx(every[["A", "B", "D"]].min().to_dict())
    assert table["high"].to_dict() == pytest.approx(every[["A", "B", "D"]].max().to_dict())


def test_smoothing_by_hand():
    # Rates 0.01 and 0.03, mean 0.02, spread 0.0001; chance explains 0.02 / 1000, so true rates vary by 0.00008.
    smoothed = smooth_rates(pd.Series([10, 30]), pd.Series([1000, 1000]))
    assert smoothed.tolist() == pytest.approx([0.02 - 0.01 * 0.8, 0.02 + 0.01 * 0.8])
    # Where rates vary no more than chance, all are drawn to the mean (no negative variance).
    assert smooth_rates(pd.Series([25, 24, 26, 25]), pd.Series([100] * 4)).tolist() == [0.25] * 4


@pytest.mark.parametrize(
    ("counts", "population"), [([1], [10]), ([1, 2], [10, 0]), ([1, None], [10, 10]), ([1, -2], [10, 10])]
)
def test_what_cannot_be_smoothed_is_refused(counts, population):
    with pytest.raises(ht.HtanalysisError, match="Smoothing needs"):
        smooth_rates(pd.Series(counts, dtype="Float64"), pd.Series(population))


def test_areas_that_do_not_match_are_named():
    counts, population = pd.Series([1, 2], index=["a", "b"]), pd.Series([10, 20], index=["b", "a"])
    assert smooth_rates(counts, population).index.tolist() == ["a", "b"]
    with pytest.raises(ht.HtanalysisError, match="population: it needs the same areas as counts"):
        smooth_rates(counts, population.rename({"a": "c"}))
    for neighbors in ({"a": ["b"]}, {"a": ["b"], "b": ["c"]}):
        with pytest.raises(ht.HtanalysisError, match="neighbors: each area of counts needs a list"):
            smooth_rates(counts, population, neighbors)


def test_without_any_event_nothing_is_smoothed():
    assert smooth_rates(pd.Series([0, 0]), pd.Series([10, 10])).isna().all()


def test_funnel_limits_are_exact_quantiles():
    limits = ht.funnel_limits(1e-5, [1e6], 0.95).loc[0]
    # Poisson with mean 10: P(X <= 3) = 0.010, P(X <= 4) = 0.029; P(X <= 16) = 0.973, P(X <= 17) = 0.986.
    assert (limits[["low", "high"]] * 1e6).tolist() == pytest.approx([4, 17])
    for rate, population in ((0, [10]), (1e-5, [0]), (1e-5, [float("nan")])):
        with pytest.raises(ht.HtanalysisError, match=r"rate is .*; it must be above 0, and each population too"):
            ht.funnel_limits(rate, population, 0.95)
    for coverage in (95, 0, 1, -0.5, "0.95"):
        with pytest.raises(ht.HtanalysisError, match=f"coverage is {coverage}; it must be above 0 and below 1"):
            ht.funnel_limits(1e-5, [1e6], coverage)


def test_counties_that_do_not_match_are_refused(convictions, places):
    with pytest.raises(ht.HtanalysisError, match="same FIPS codes"):
        ht.rate_counties(convictions.iloc[:4], places)
    places.loc[0, "population_2010"] = 0
    with pytest.raises(ht.HtanalysisError, match="each with residents"):
        ht.rate_counties(convictions, places)


def test_one_county_without_a_count_has_all_that_is_left(places):
    two = places.iloc[:2].assign(population_2010=pd.array([1_349_664, 127_721], "Int64"))
    unknown = pd.array([1, None], "Int64")
    frame = pd.DataFrame({"county": two["county"], "fips": two["fips"], "convictions": unknown, "lower": 1, "upper": 8})
    smoothed = ht.bound_smoothed(frame, two, 9).set_index("county")
    exact = smooth_rates(pd.Series([1, 8], index=two["county"]), two.set_index("county")["population_2010"]) * 1e5
    assert exact["B"] == pytest.approx(5.475, abs=0.001)
    for county in two["county"]:
        assert smoothed.loc[county, ["low", "high"]].tolist() == pytest.approx([exact[county]] * 2)


def test_limits_of_the_cells_narrow_what_the_counties_share_out(convictions, places):
    # Cells of 1 to 9, and 11 left: each has 2 to 9.
    cells = convictions.assign(upper=convictions["upper"].mask(convictions["convictions"].isna(), 9))
    splits = [(10, b, 11 - b) for b in range(2, 10)]
    table = ht.bound_concentration(cells, places, 21).set_index("measure")
    every = {
        "share of the two largest counties": [sum(sorted(s)[-2:]) / 21 for s in splits],
        "share of counties with a task force": [(s[0] + s[1]) / 21 for s in splits],
        "Herfindahl-Hirschman index": [sum((c / 21) ** 2 for c in s) for s in splits],
    }
    for measure, values in every.items():
        assert table.loc[measure, ["low", "high"]].tolist() == pytest.approx([min(values), max(values)])
    population = places.set_index("county")["population_2010"]
    rates = pd.DataFrame(
        [smooth_rates(pd.Series([a, b, 0, d, 0], index=places["county"]), population) * 1e5 for a, b, d in splits]
    )
    smoothed = ht.bound_smoothed(cells, places, 21).set_index("county")
    for limit in ("min", "max"):
        found = smoothed[{"min": "low", "max": "high"}[limit]].to_dict()
        assert found == pytest.approx(rates[["A", "B", "D"]].agg(limit).to_dict())


@settings(max_examples=25, deadline=None)
@given(limits=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=4), data=st.data())
def test_concentration_is_exact_for_any_limits(limits, data):
    ranges = [range(low, low + more + 1) for low, more in limits]
    ways = [(1, *way) for way in itertools.product(*ranges)]
    total = sum(data.draw(st.sampled_from(ways)))
    number = len(limits) + 1
    frame = pd.DataFrame({
        "fips": [str(place) for place in range(number)],
        "convictions": pd.array([1] + [None] * len(limits), "Int64"),
        "lower": [1, *(way[0] for way in ranges)], "upper": [1, *(way[-1] for way in ranges)],
    })  # fmt: skip
    towns = pd.DataFrame({"fips": frame["fips"], "task_force": ["T" if place % 2 else None for place in range(number)]})
    table = ht.bound_concentration(frame, towns, total).set_index("measure")
    fitting = [way for way in ways if sum(way) == total]
    every = {
        "share of the largest county": [max(way) / total for way in fitting],
        "share of the two largest counties": [sum(sorted(way)[-2:]) / total for way in fitting],
        "share of counties with a task force": [sum(way[1::2]) / total for way in fitting],
        "Herfindahl-Hirschman index": [sum((c / total) ** 2 for c in way) for way in fitting],
        "Gini coefficient": [sum(abs(a - b) for a in w for b in w) / (2 * number * total) for w in fitting],
    }
    for measure, values in every.items():
        assert table.loc[measure, ["low", "high"]].tolist() == pytest.approx([min(values), max(values)])
