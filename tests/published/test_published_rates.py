"""Garwood's limits, and R's rate ratios."""

import pytest
from scipy import stats

import htanalysis as ht


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0, 3.69), (1, 0.03, 5.57), (5, 1.62, 11.67), (20, 12.22, 30.89)]
)
def test_limits_are_garwoods(count, low, high):
    # Garwood (1936), Table 1, 95 %, two decimals.
    assert ht.poisson_interval(count) == pytest.approx((low, high), abs=0.006)


def test_the_interval_of_rs_documentation_is_reproduced():
    # R, help(poisson.test): 137 Welsh nickel workers against 24.19893 expected; limits 4.753125 and 6.692709.
    assert [limit / 24.19893 for limit in ht.poisson_interval(137)] == pytest.approx([4.753125, 6.692709], abs=5e-7)


def test_the_rate_ratio_of_rs_documentation_is_reproduced():
    # R, help(poisson.test): 11 in 800 against 21 in 3011 gives 1.971488, interval 0.8584264 to 4.2772659.
    result = ht.compare_rates(11, 800, 21, 3011)
    assert (result.ratio, result.low, result.high) == pytest.approx((1.971488, 0.8584264, 4.2772659), rel=1e-6)
    # R's p-value there, 0.07967, adds up the outcomes no more likely; ours is twice the smaller tail of the interval.
    binomial = stats.binomtest(11, 32, 800 / 3811)
    assert binomial.pvalue == pytest.approx(0.07967, abs=5e-6)
    assert result.p_value == pytest.approx(2 * stats.binomtest(11, 32, 800 / 3811, alternative="greater").pvalue)


def test_the_mid_p_of_epitools_is_reproduced():
    # R, epitools 0.5-10.1, rateratio.midp: Breslow and Day's breast cancer, 41 in 28010 against 15 in 19017, limits
    # 1.041036 and 3.449052, p-value 0.03545742; its limits are found to three decimals.
    result = ht.compare_rates(41, 28010, 15, 19017, method="mid-P")
    assert (result.low, result.high) == pytest.approx((1.041036, 3.449052), rel=5e-4)
    assert result.p_value == pytest.approx(0.03545742, abs=5e-9)
    # The same function on the counts of help(poisson.test): p-value 0.08007683656.
    assert ht.compare_rates(11, 800, 21, 3011, method="mid-P").p_value == pytest.approx(0.08007683656, abs=5e-11)
