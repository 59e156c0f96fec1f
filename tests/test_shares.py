import numpy as np
import pytest
from scipy import stats

import htanalysis as ht
from htanalysis.shares import limit_share


@pytest.mark.parametrize("shares", [(0.5, 0.25, 0.25), (0.56, 0.23, 0.21), (0.76, 0.15, 0.09)])
def test_the_smallest_total_is_found_by_trying_all(shares):
    def fits(total):
        return any(
            all(
                abs(count / total - share) <= 0.005 + 1e-12
                for count, share in zip((a, b, total - a - b), shares, strict=True)
            )
            for a in range(total + 1)
            for b in range(total + 1 - a)
        )

    smallest = ht.smallest_total(shares)
    assert fits(smallest) and not any(fits(total) for total in range(1, smallest))
    with pytest.raises(ht.HtanalysisError, match="do they add up to 1"):
        ht.smallest_total([0.5, 0.2])


def test_the_fewest_behind_a_share_of_a_total_above_a_number():
    # The smallest total above 1,000 is 1,001; 715 of it are 71.4 %, 716 are 71.5 %, which rounds to 72 %.
    assert ht.fewest_behind_share(0.72, above=1000) == 716


def test_strata_are_weighed():
    assert ht.poststratify([0.89, 0.73], [0.4375, 0.5625]) == pytest.approx(0.8)
    with pytest.raises(ht.HtanalysisError, match="add up to 1"):
        ht.poststratify([0.89, 0.73], [0.4, 0.4])


def test_the_mix_of_two_groups_gives_the_pooled_share_back():
    span = ht.weigh_groups(0.89, 0.73, 0.8, 0.05, rounding=0)
    for weight, pooled in ((span.low, 0.75), (span.value, 0.8), (span.high, 0.85)):
        assert weight * 0.89 + (1 - weight) * 0.73 == pytest.approx(pooled)
    assert ht.weigh_groups(0.89, 0.73, 0.88, 0.05).high == 1
    with pytest.raises(ht.HtanalysisError, match="No mix"):
        ht.weigh_groups(0.89, 0.73, 0.2, 0.05)
    with pytest.raises(ht.HtanalysisError, match="No mix"):
        ht.weigh_groups(0.89, 0.73, 0.99, 0.05)
    for bad in ((0.8, 0.8, 0.8, 0.05), (0.8, 0.79, 0.8, 0.05), (0.89, 0.73, 0.8, -0.05)):
        with pytest.raises(ht.HtanalysisError, match="any mix gives"):
            ht.weigh_groups(*bad)


def test_the_groups_own_rounding_widens_the_range():
    span, grid = ht.weigh_groups(0.89, 0.73, 0.8, 0.05), np.linspace(-0.005, 0.005, 11)
    every = [
        (0.8 + sign * 0.05 - 0.73 - second) / (0.89 + first - 0.73 - second)
        for first in grid
        for second in grid
        for sign in (-1, 1)
    ]
    assert (span.low, span.high) == pytest.approx((min(every), max(every)))
    assert (round(span.low, 2), round(span.high, 2)) == (0.09, 0.78)


def test_bayes_rule_agrees_with_a_count_of_people():
    # Of 1,000: 100 labor (95 foreign), 800 sex (136 foreign), 100 other.
    assert ht.turn_round([0.1, 0.8], [0.95, 0.17]) == pytest.approx(95 / (95 + 136))
    with pytest.raises(ht.HtanalysisError, match="Nobody is foreign"):
        ht.turn_round([0.1, 0.8], [0, 0])
    for prior, given in (([-0.1, 0.8], [0.9, 0.2]), ([0.1, 0.8], [1.2, 0.2]), ([float("nan"), 0.8], [0.9, 0.2])):
        with pytest.raises(ht.HtanalysisError, match="The shares"):
            ht.turn_round(prior, given)


@pytest.mark.parametrize("share", [0.15, 0.5, 0.76, 1.0])
def test_counts_behind_a_share_are_all_that_round_to_it(share):
    for total in (7, 141):
        expected = [count for count in range(total + 1) if abs(count / total - share) <= 0.005 + 1e-12]
        assert ht.count_behind_share(share, total) == expected


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("share is 76; it is a share, no percentage", lambda: ht.count_behind_share(76, 141)),
        (r"total is 14\.1", lambda: ht.count_behind_share(0.76, 14.1)),
        ("total is -3", lambda: ht.count_behind_share(0.76, -3)),
        ("share is 72", lambda: ht.fewest_behind_share(72, above=1000)),
        ("above is 1000.5", lambda: ht.fewest_behind_share(0.72, above=1000.5)),
        ("shares is 56", lambda: ht.smallest_total([56, 23, 21])),
        ("shares is 89", lambda: ht.poststratify([89, 73], [0.5, 0.5])),
        ("weights is -0.5", lambda: ht.poststratify([0.9, 0.7], [1.5, -0.5][::-1])),
        ("weights is nan", lambda: ht.poststratify([0.9, 0.7], [float("nan"), 1.0])),
        ("first is 89", lambda: ht.weigh_groups(89, 73, 80, 5)),
        ("pooled is 0.8; ", lambda: ht.weigh_groups(0.89, 0.73, "0.8", 0.05)),
        ("any mix gives", lambda: ht.weigh_groups(0.89, 0.73, 0.8, float("nan"))),
        ("The shares", lambda: ht.turn_round(["0.1", 0.8], [0.9, 0.2])),
        ("The shares", lambda: ht.turn_round([float("inf"), 0.8], [0.9, 0.2])),
    ],
)
def test_what_is_no_share_is_refused_by_its_name(message, call):
    with pytest.raises(ht.HtanalysisError, match=message):
        call()


@pytest.mark.parametrize(("count", "rest"), [(0, 5), (3, 0), (21, 120), (22, 17)])
def test_the_limits_of_a_share_are_exact(count, rest):
    low, high = limit_share(count, rest)
    assert low == 0 if not count else stats.binom.sf(count - 1, count + rest, low) == pytest.approx(0.025)
    assert high == 1 if not rest else stats.binom.cdf(count, count + rest, high) == pytest.approx(0.025)
    with pytest.raises(ht.HtanalysisError, match="No cases"):
        limit_share(0, 0)
