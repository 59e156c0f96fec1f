from math import comb

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

import htanalysis as ht


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
        }
    )


def test_rates_are_for_each_100_000_residents_with_exact_limits(convictions, places):
    rates = ht.rate_counties(convictions, places).set_index("county")
    assert rates["status"].tolist() == ["reported", "bounded", "none reported", "bounded", "none reported"]
    assert rates.loc["A", ["rate_low", "rate_high"]].tolist() == [10, 10]
    assert rates.loc["B", ["rate_low", "rate_high"]].tolist() == [0.5, 2.5]
    assert rates.loc["B", "interval_low"] == pytest.approx(ht.poisson_interval(1)[0] / 2)
    assert rates.loc["B", "interval_high"] == pytest.approx(ht.poisson_interval(5)[1] / 2)
    assert rates.loc["C", ["rate_low", "interval_low"]].tolist() == [0, 0]
    assert rates.loc["C", "interval_high"] == pytest.approx(ht.poisson_interval(0)[1] * 2)


def test_concentration_holds_over_every_way_to_share_out_the_rest(convictions, places):
    table = ht.bound_concentration(convictions, places).set_index("measure")
    splits = [(10, b, 6 - b) for b in range(1, 6)]
    every = {
        "share of the largest published county": [10 / 16 for _ in splits],
        "share of the largest county": [max(s) / 16 for s in splits],
        "share of the two largest counties": [sum(sorted(s)[-2:]) / 16 for s in splits],
        "share of counties with a task force": [(s[0] + s[1]) / 16 for s in splits],
        "Herfindahl-Hirschman index": [sum((c / 16) ** 2 for c in s) for s in splits],
    }
    assert set(table.index) == set(every)
    for measure, values in every.items():
        assert table.loc[measure, ["low", "high"]].tolist() == pytest.approx([min(values), max(values)])
    certain = table["value"].dropna()
    assert certain.to_dict() == pytest.approx(
        {"share of the largest published county": 0.625, "share of the largest county": 0.625}
    )


def test_the_published_concentration_is_this():
    table = ht.bound_concentration(ht.load("county_convictions"), ht.counties()).set_index("measure")
    assert table.loc["share of the largest published county", "value"] == pytest.approx(52 / 113)
    # One other county can have had 54, two more than Alameda.
    assert table.loc["share of the largest county", "high"] == pytest.approx(54 / 113)
    # Monterey and Santa Barbara have no task force: at least 1 each, and at most 61 less 6 for the other six.
    assert table.loc["share of counties with a task force", ["low", "high"]].tolist() == pytest.approx(
        [58 / 113, 111 / 113]
    )


def test_the_cross_table_has_fishers_exact_probability():
    crossed = ht.cross_task_forces(ht.load("county_convictions"), ht.counties())
    assert crossed.counts.to_numpy().tolist() == [[7, 2], [2, 47]]
    # Tables at least as uneven, by hand from the hypergeometric distribution.
    expected = sum(comb(9, k) * comb(49, 9 - k) for k in (7, 8, 9)) / comb(58, 9)
    assert crossed.p_value == pytest.approx(expected)
    assert crossed.odds_ratio == pytest.approx(7 * 47 / (2 * 2))


def test_counties_that_do_not_match_are_refused(convictions, places):
    with pytest.raises(ht.HtanalysisError, match="same FIPS codes"):
        ht.rate_counties(convictions.iloc[:4], places)
    places.loc[0, "population_2010"] = 0
    with pytest.raises(ht.HtanalysisError, match="each with residents"):
        ht.rate_counties(convictions, places)
