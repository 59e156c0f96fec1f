"""Garwood's limits and R's rate ratios."""

import pytest
from scipy import stats

import htanalysis as ht


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        *((0, 0, 3.69), (1, 0.03, 5.57), (2, 0.24, 7.22), (3, 0.62, 8.77), (4, 1.09, 10.24), (5, 1.62, 11.67)),
        *((10, 4.80, 18.39), (20, 12.22, 30.89), (50, 37.11, 65.92)),
    ],
)
def test_limits_are_garwoods(count, low, high):
    # Garwood (1936), Table 1, 95 %, two decimals.
    assert ht.poisson_interval(count) == pytest.approx((low, high), abs=0.006)


@pytest.mark.parametrize(
    ("confidence", "low", "high"), [(0.90, 17.38, 34.92), (0.95, 16.18, 36.90), (0.99, 14.00, 41.00)]
)
def test_garwoods_limits_at_other_confidences_are_those_of_graphpad(confidence, low, high):
    # GraphPad QuickCalcs, “How QuickCalcs computes the confidence interval of a count”: 25 counted.
    assert ht.poisson_interval(25, confidence) == pytest.approx((low, high), abs=0.005)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0, 1.841), (1, 0.173, 3.300), (3, 1.367, 5.918), (5, 2.840, 8.382)]
)
def test_garwoods_limits_are_those_of_gehrels_at_one_standard_deviation(count, low, high):
    # Gehrels (1986), Astrophysical Journal 303, Tables 1 and 2: each limit at 0.8413.
    assert ht.poisson_interval(count, 2 * stats.norm.cdf(1) - 1) == pytest.approx((low, high), abs=6e-4)


def test_the_exact_ratio_of_fays_vignette_is_reproduced():
    # R, rateratio.test 1.1, vignette: 2 in 17877 against 9 in 16660; ratio, exact limits and p-value.
    result = ht.compare_rates(2, 17877, 9, 16660)
    expected = (0.2070941557, 0.02177406, 1.00054910)
    assert (result.value, result.low, result.high) == pytest.approx(expected, rel=1e-6)
    assert result.given["p_value"] == pytest.approx(0.05011, abs=5e-6)


def test_the_interval_of_rs_documentation_is_reproduced():
    # R, help(poisson.test): 137 Welsh nickel workers against 24.19893 expected; limits 4.753125 and 6.692709.
    assert [limit / 24.19893 for limit in ht.poisson_interval(137)] == pytest.approx([4.753125, 6.692709], abs=5e-7)


def test_the_rate_ratio_of_rs_documentation_is_reproduced():
    # R, help(poisson.test): 11 in 800 against 21 in 3011 gives 1.971488, interval 0.8584264 to 4.2772659.
    result = ht.compare_rates(11, 800, 21, 3011)
    assert (result.value, result.low, result.high) == pytest.approx((1.971488, 0.8584264, 4.2772659), rel=1e-6)
    # R's p-value there, 0.07967, adds up the outcomes no more likely; ours is twice the smaller tail of the interval.
    binomial = stats.binomtest(11, 32, 800 / 3811)
    assert binomial.pvalue == pytest.approx(0.07967, abs=5e-6)
    assert result.given["p_value"] == pytest.approx(
        2 * stats.binomtest(11, 32, 800 / 3811, alternative="greater").pvalue
    )
