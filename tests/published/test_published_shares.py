"""Goodman's simultaneous intervals, and the exact interval of one share."""

import pytest

import htanalysis as ht
from htanalysis.shares import limit_share


def test_the_intervals_of_coinmind_are_reproduced():
    # R, CoinMinD, help(GM): Goodman's intervals for the counts 44, 55, 43, 32, 67 and 78.
    intervals = ht.interval_shares([44, 55, 43, 32, 67, 78])
    low = [0.09468368, 0.12376893, 0.09208527, 0.06412671, 0.15637944, 0.18692732]
    high = [0.1966413, 0.2350489, 0.1931040, 0.1535697, 0.2760670, 0.3130119]
    assert intervals["low"].tolist() == pytest.approx(low, abs=5e-9)
    assert intervals["high"].tolist() == pytest.approx(high, abs=5e-8)


def test_the_exact_interval_of_binom_test_is_reproduced():
    # R, help(binom.test): 682 of 925 plants, after Conover (1971), page 97.
    assert limit_share(682, 925 - 682) == pytest.approx((0.7076683, 0.7654066), abs=5e-8)
