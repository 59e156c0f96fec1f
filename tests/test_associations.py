from math import comb

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import htanalysis as ht
from htanalysis.associations import fit_odds

CONVICTIONS, PLACES = ht.load("county_convictions"), ht.load_counties()


def test_the_cross_table_has_fishers_exact_probability():
    crossed = ht.cross_task_forces(CONVICTIONS, PLACES)
    assert crossed.frame[["with convictions", "none reported"]].to_numpy().tolist() == [[7, 2], [2, 47]]
    # Tables at least as uneven, by hand from the hypergeometric distribution.
    expected = sum(comb(9, k) * comb(49, 9 - k) for k in (7, 8, 9)) / comb(58, 9)
    assert crossed.value == pytest.approx(expected) == stats.fisher_exact([[7, 2], [2, 47]]).pvalue
    assert crossed.at("with a task force").value == pytest.approx(7 / 9)
    assert crossed.at("without").formula == "other counties with convictions ÷ all others = 2 ÷ 49"
    assert crossed.source == ("county-names", "task-forces-list")


def test_with_residents_held_equal_the_probability_is_a_twentieth_and_not_a_millionth():
    alike = ht.compare_like_counties(CONVICTIONS, PLACES)
    assert alike.at("probability").value == pytest.approx(0.0469, abs=5e-5)
    odds = alike.at("odds")
    assert (odds.value, odds.low, odds.high) == pytest.approx((11.82, 1.033, 246.5), rel=1e-3)


def test_in_what_unit_residents_are_counted_does_not_matter():
    thousands = PLACES.assign(population_2010=PLACES["population_2010"].astype(float) / 1000)
    both = [ht.compare_like_counties(CONVICTIONS, places).at("probability").value for places in (PLACES, thousands)]
    assert both[0] == pytest.approx(both[1], rel=1e-5)


def test_a_two_by_two_table_has_the_odds_of_its_counts_with_a_half_added_even_where_one_is_0():
    # Firth (1993): with one column of two groups the penalty adds half a case to each cell.
    for a, b, c, d in ((7, 2, 2, 47), (4, 0, 3, 6), (0, 5, 5, 0)):
        group, happened = np.repeat([1, 1, 0, 0], [a, b, c, d]), np.repeat([1, 0, 1, 0], [a, b, c, d])
        fitted = fit_odds(happened, pd.DataFrame({"group": group}), "group")
        assert fitted.ratio == pytest.approx((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5)), rel=1e-5)
        assert 0 < fitted.low < fitted.ratio < fitted.high < np.inf


def test_the_p_value_belongs_to_the_interval():
    for step in (0, 1, 3):
        # With b of 20 against 5 of 20 the interval moves over 1, and the p-value over 0.05 with it.
        group, happened = np.repeat([1, 0], 20), np.repeat([1, 0, 1, 0], [10 + step, 10 - step, 5, 15])
        fitted = fit_odds(happened, pd.DataFrame({"group": group}), "group")
        assert (fitted.p_value < 0.05) == (fitted.low > 1)


@pytest.mark.parametrize(
    ("outcome", "columns", "message"),
    [
        ([1, 1, 1], {"x": [0, 1, 2]}, "outcome: each row of columns needs one, not all the same"),
        ([1, 0], {"x": [0, 1, 2]}, "outcome: each row"),
        ([1, 0, 1], {"x": [0, None, 2]}, "none missing"),
        ([1, 0, 1], {"x": [2, 2, 2]}, "a column varies"),
        ([1, 0, 1, 0], {"x": [0, 1, 2, 5], "y": [1, 2, 3, 6]}, "x, y cannot be told apart"),
        ([1, 0, 1], {"y": [0, 1, 2]}, '"x" is not one of the columns'),
    ],
)
def test_what_has_no_odds_is_refused(outcome, columns, message):
    with pytest.raises(ht.HtanalysisError, match=message):
        fit_odds(outcome, pd.DataFrame(columns), "x")


def test_counties_that_cannot_be_compared_are_refused():
    upper = CONVICTIONS["upper"].mask(CONVICTIONS["county"].eq("Alpine"), 3)
    unknown = CONVICTIONS["convictions"].mask(upper.eq(3))
    with pytest.raises(ht.HtanalysisError, match="may have had none"):
        ht.cross_task_forces(CONVICTIONS.assign(upper=upper, convictions=unknown), PLACES)
    with pytest.raises(ht.HtanalysisError, match="counts and places must have the same fips; 06115"):
        ht.cross_task_forces(CONVICTIONS.head(57), PLACES)
    with pytest.raises(ht.HtanalysisError, match="places: population_2010 must be above 0"):
        ht.compare_like_counties(CONVICTIONS, PLACES.assign(population_2010=0))


def test_the_odds_at_the_limits_are_as_likely_as_the_confidence_says():
    # A group of 9 against 49: the penalized log-likelihood at both ends, with the constant chosen anew, by a grid.
    group, happened = np.repeat([1, 1, 0, 0], [7, 2, 2, 47]), np.repeat([1, 0, 1, 0], [7, 2, 2, 47])
    fitted = fit_odds(happened, pd.DataFrame({"group": group}), "group")

    def height(constant: np.ndarray, slope: float) -> np.ndarray:
        chances = [1 / (1 + np.exp(-(constant + slope * side))) for side in (0, 1)]
        spread = [count * chance * (1 - chance) for count, chance in zip((49, 9), chances, strict=True)]
        likely = stats.binom.logpmf(2, 49, chances[0]) + stats.binom.logpmf(7, 9, chances[1])
        return likely + np.log(spread[0] * spread[1]) / 2

    grid = np.linspace(-8, 3, 4001)
    best = max(height(grid, slope).max() for slope in np.linspace(3, 6, 301))
    for end in (fitted.low, fitted.high):
        assert 2 * (best - height(grid, np.log(end)).max()) == pytest.approx(3.8415, abs=2e-3)
