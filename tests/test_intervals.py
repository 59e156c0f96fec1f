import pytest
from scipy import stats

import htanalysis as ht
from htanalysis.intervals import limit_share


@pytest.mark.parametrize("shares", [(0.5, 0.25, 0.25), (0.56, 0.23, 0.21), (0.76, 0.15, 0.09)])
def test_the_smallest_total_is_found_by_trying_all(shares):
    def fits(total):
        ways = [(a, b, total - a - b) for a in range(total + 1) for b in range(total + 1 - a)]
        within = [
            [abs(n / total - share) <= 0.005 + 1e-12 for n, share in zip(way, shares, strict=True)] for way in ways
        ]
        return any(map(all, within))

    smallest = ht.smallest_total(shares)
    assert fits(smallest) and not any(fits(total) for total in range(1, smallest))
    with pytest.raises(ht.HtanalysisError, match="do they add up to 1"):
        ht.smallest_total([0.5, 0.2])


def test_bayes_rule_agrees_with_a_count_of_people():
    # Of 1,000: 100 labor (95 foreign), 800 sex (136 foreign), 100 other.
    assert ht.apply_bayes([0.1, 0.8], [0.95, 0.17]) == pytest.approx(95 / (95 + 136))
    with pytest.raises(ht.HtanalysisError, match="Nobody is foreign"):
        ht.apply_bayes([0.1, 0.8], [0, 0])
    for prior, given in (([-0.1, 0.8], [0.9, 0.2]), ([0.1, 0.8], [1.2, 0.2]), ([float("nan"), 0.8], [0.9, 0.2])):
        with pytest.raises(ht.HtanalysisError, match="The shares"):
            ht.apply_bayes(prior, given)


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
        ("shares is 56", lambda: ht.smallest_total([56, 23, 21])),
        ("The shares", lambda: ht.apply_bayes(["0.1", 0.8], [0.9, 0.2])),
        ("The shares", lambda: ht.apply_bayes([float("inf"), 0.8], [0.9, 0.2])),
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
