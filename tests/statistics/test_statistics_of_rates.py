"""How often the intervals for counts, shares and ratios hold the truth."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import htanalysis as ht
from htanalysis.intervals import limit_share

RATES = [(2.0, 3.0), (6.0, 4.0), (15.0, 10.0)]


def ratio_coverage(first: float, second: float) -> float:
    """Sum the exact probability that the interval holds the true ratio, over all pairs of counts that can happen."""
    grid = [np.arange(int(mean + 9 * mean**0.5) + 9) for mean in (first, second)]
    chances = [stats.poisson.pmf(counts, mean) for counts, mean in zip(grid, (first, second), strict=True)]
    held = total = 0.0
    for a, chance_a in zip(grid[0], chances[0], strict=True):
        for b, chance_b in zip(grid[1], chances[1], strict=True):
            if a + b == 0 or chance_a * chance_b < 1e-7:
                continue
            result = ht.compare_rates(a, 1, b, 1)
            total += chance_a * chance_b
            held += chance_a * chance_b * (result.low <= first / second <= result.high)
    return held / total


@pytest.mark.parametrize(("first", "second"), RATES)
def test_the_exact_interval_covers_at_least_as_often_as_it_says(first, second):
    # Computed, not simulated: no tolerance beyond the probability that was left out (1e-7 a pair).
    assert ratio_coverage(first, second) >= 0.95 - 1e-4


@pytest.mark.parametrize("mean", [0.5, 3.0, 20.0])
def test_garwoods_interval_covers_at_least_as_often_as_it_says(mean):
    counts = np.arange(int(mean + 12 * mean**0.5) + 12)
    held = [low <= mean <= high for low, high in map(ht.poisson_interval, counts)]
    assert stats.poisson.pmf(counts, mean)[held].sum() >= 0.95


@pytest.mark.parametrize("total", [1, 12, 113])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.97])
def test_the_exact_interval_of_a_share_covers_at_least_as_often_as_it_says(total, share):
    counts = np.arange(total + 1)
    held = [low <= share <= high for low, high in (limit_share(count, total - count) for count in counts)]
    assert stats.binom.pmf(counts, total, share)[held].sum() >= 0.95


@pytest.mark.parametrize("shares", [(0.3, 0.3), (0.2, 0.5), (0.05, 0.6)])
def test_the_range_of_convictions_to_come_holds_what_either_settled_year_would_bring(shares):
    """Sum the chance that the range holds 90 arrests times a settled year's true ratio, over all counts."""
    years = pd.DataFrame({"year": [2009, 2010, 2011], "arrests": [8, 11, 90], "convictions": 0})
    held = dict.fromkeys(shares, 0.0)
    for first in range(9):
        for second in range(12):
            chance = stats.binom.pmf(first, 8, shares[0]) * stats.binom.pmf(second, 11, shares[1])
            if chance > 1e-7:
                outlook = ht.project_convictions(years.assign(convictions=[first, second, 0]), 2010).frame.iloc[-1]
                for share in held:
                    held[share] += chance * (outlook["low"] <= 90 * share <= outlook["high"])
    # No tolerance beyond the probability that was left out.
    assert min(held.values()) >= 0.95 - 1e-4


def draw_years(dispersion: float, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw counts of six years, as Table 1 has them, whose variance is so many times the mean; gives these too."""
    mean = np.array([28, 40, 56, 80, 114, 122])
    size = mean / (dispersion - 1)
    return mean, np.random.default_rng(20120930).negative_binomial(size, 1 / dispersion, (number, 6))


@pytest.mark.parametrize("dispersion", [1.5, 3.0, 6.0])
def test_limits_hold_counts_that_vary_more_than_chance_and_those_of_chance_do_not(dispersion):
    mean, drawn = draw_years(dispersion, 1500)
    allowed = 3 * np.sqrt(0.95 * 0.05 / len(drawn))
    for spread, holds in ((dispersion, True), (1.0, False)):
        single = [ht.poisson_interval(last, dispersion=spread) for *_, last in drawn]
        ratios = [ht.compare_rates(last, 1, before, 1, dispersion=spread) for *_, before, last in drawn]
        held = np.mean([low <= mean[-1] <= high for low, high in single])
        ratio_held = np.mean([each.low <= mean[-1] / mean[-2] <= each.high for each in ratios])
        assert (min(held, ratio_held) >= 0.95 - allowed) == (max(held, ratio_held) >= 0.95 - allowed) == holds


@pytest.mark.parametrize(("dispersion", "at_least"), [(1.5, 0.95), (3.0, 0.92)])
def test_limits_hold_where_six_years_tell_the_dispersion(dispersion, at_least):
    """Six years tell a dispersion roughly: where it is large, limits of single years hold a little less often."""
    mean, drawn = draw_years(dispersion, 300)
    held = ratio_held = 0
    for counts in drawn:
        spread = ht.fit_trend(counts, [365.0] * 6, 365.0).spread
        low, high = ht.poisson_interval(counts[-1], dispersion=spread)
        ratio = ht.compare_rates(counts[-1], 1, counts[-2], 1, dispersion=spread)
        held += low <= mean[-1] <= high
        ratio_held += ratio.low <= mean[-1] / mean[-2] <= ratio.high
    allowed = 3 * np.sqrt(0.95 * 0.05 / len(drawn))
    assert held / len(drawn) >= at_least - allowed and ratio_held / len(drawn) >= 0.95 - allowed
