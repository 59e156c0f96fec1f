"""The exact interval of one share."""

import pytest

from htanalysis.intervals import limit_share


def test_the_exact_interval_of_binom_test_is_reproduced():
    # R, help(binom.test): 682 of 925 plants, after Conover (1971), page 97.
    assert limit_share(682, 925 - 682) == pytest.approx((0.7076683, 0.7654066), abs=5e-8)
