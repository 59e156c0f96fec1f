import numpy as np
import pandas as pd
import pytest
from scipy import stats

import htanalysis as ht

COUNTED = pd.Series({"sex": 0.56, "labor": 0.23, "other": 0.21})


def test_sources_stand_beside_each_other_and_nothing_is_filled_in():
    mixes = ht.compare_mixes(ht.load("trafficking_type")).set_index("source")
    assert mixes.loc["task forces", ["sex", "labor", "other", "unstated"]].tolist() == [0.56, 0.23, 0.21, 0]
    assert pd.isna(mixes.loc["HTRS, vice unit", "labor"]) and mixes.loc["HTRS, vice unit", "unstated"] == 0.11
    assert mixes.loc["federal prosecutions", "labor_among_classified"] == 0.5
    assert list(mixes.index)[-1] == "ILO" and len(mixes) == 8


def test_the_ilo_is_read_in_three_ways():
    readings = ht.read_ilo(ht.load("global_estimates"), ht.load("trafficking_type"))
    assert readings["times"].tolist() == pytest.approx([14.2 / 4.5, 16.4 / 4.5, 3.5])
    assert readings["labor_share"].tolist() == pytest.approx([14.2 / 18.7, 16.4 / 20.9, 3.5 / 4.5])


def test_detection_is_the_ratio_of_odds_by_hand():
    # 100 true victims, 80 of labor; 8 of these and 10 of 20 sex victims counted: 50 % against 10 %.
    assert ht.detect_ratio(sex=10, labor=8, true_labor_share=0.8) == pytest.approx(5)
    assert ht.detect_ratio(sex=0.7, labor=0.3, true_labor_share=0.3) == pytest.approx(1)
    for bad in ((0, 1, 0.5), (1, 0, 0.5), (1, 1, 0), (1, 1, 1)):
        with pytest.raises(ht.HtanalysisError, match="No ratio"):
            ht.detect_ratio(*bad)


def test_the_unclassified_span_every_allotment():
    span = ht.span_detection(COUNTED, 0.78, 0.25)
    assert span.value == pytest.approx(ht.detect_ratio(0.56 + 0.75 * 0.21, 0.23 + 0.25 * 0.21, 0.78))
    every = [ht.detect_ratio(0.56 + 0.21 * (1 - part), 0.23 + 0.21 * part, 0.78) for part in np.linspace(0, 1, 101)]
    assert (span.low, span.high) == pytest.approx((min(every), max(every)))
    assert span.low < span.value < span.high
    curve = ht.curve_detection(COUNTED, [0.3, 0.78], 0.25)
    assert curve.loc[1, ["value", "low", "high"]].tolist() == [span.value, span.low, span.high]


def test_an_unstated_share_leaves_no_range():
    with pytest.raises(ht.HtanalysisError, match="one is missing"):
        ht.span_detection(pd.Series({"sex": 0.76, "labor": 0.15, "other": None}, dtype="Float64"), 0.78, 0.3)
    with pytest.raises(ht.HtanalysisError, match=r"other_to_labor is 1\.2"):
        ht.allot_other(COUNTED, 1.2)


def test_classification_errors_widen_the_gap_by_hand():
    # 23 of 100 classified as labor with sensitivity 0.8 are 28.75, so 71.25 are sex; the "other" count as sex.
    found = ht.detect_with_errors(COUNTED, 0.5, 0.0, 0.8)
    assert found == pytest.approx(0.7125 / 0.2875)
    draws = ht.detect_with_errors(COUNTED, np.array([0.5, 0.78]), np.array([0.0, 0.25]), np.array([0.8, 1.0]))
    assert draws.tolist() == pytest.approx([found, ht.span_detection(COUNTED, 0.78, 0.25).value])


def test_labor_shares_have_an_interval_only_where_their_cases_are_known():
    table = ht.compare_labor(ht.load("trafficking_type")).set_index("source")
    assert table["value"].to_dict() == {
        "task forces": 0.23,
        "hotline": 0.15,
        "HTRS": 0.1,
        "OVC-funded providers": 0.64,
        "federal prosecutions": 0.5,
        "ILO": 0.78,
    }
    assert table["low"].notna().to_dict() == {name: name in ("hotline", "federal prosecutions") for name in table.index}
    # 107 sex and 21 labor trafficking of 141 cases are the only whole numbers.
    expected = ht.interval_shares([107, 21, 13]).loc[1]
    assert table.loc["hotline", ["low", "high"]].tolist() == expected[["low", "high"]].tolist()


def test_chance_widens_the_range_the_more_the_fewer_victims_there_are():
    span, many, few = (ht.envelope_detection(COUNTED, total, 0.78, 0.25) for total in (None, 1522, 39))
    assert span == ht.span_detection(COUNTED, 0.78, 0.25)
    assert few.low < many.low < span.low < span.high < many.high < few.high
    # 39 victims: 22, 9 and 8; at the exact limits, 17 labor or fewer and 9 or more have a chance of 2.5 %.
    odds = 0.78 / 0.22
    assert stats.binom.cdf(17, 39, odds / (odds + few.low)) == pytest.approx(0.025)
    assert stats.binom.sf(8, 39, odds / (odds + few.high)) == pytest.approx(0.025)
    none = ht.envelope_detection(pd.Series({"sex": 0.9, "labor": 0.01, "other": 0.09}), 10, 0.78, 0.25)
    assert none.high == float("inf")


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


@pytest.mark.parametrize("vice_share", [0.0, 0.3, 1.0])
def test_moving_outside_vice_can_be_undone(vice_share):
    moved = ht.move_outside_vice(COUNTED, 0.89, 0.73, vice_share)
    odds = moved["sex"] / (1 - moved["sex"]) * (0.89 / 0.11) / (0.73 / 0.27)
    in_vice = odds / (1 + odds)
    assert vice_share * in_vice + (1 - vice_share) * moved["sex"] == pytest.approx(0.56)
    assert moved.sum() == pytest.approx(1)
    assert moved["labor"] / moved["other"] == pytest.approx(23 / 21)


def test_the_curve_outside_vice_starts_at_what_was_counted():
    curve = ht.curve_outside_vice(COUNTED, 0.89, 0.73, [0.0, 1.0])
    assert curve.loc[0, ["sex", "labor", "other"]].tolist() == pytest.approx([0.56, 0.23, 0.21])
    assert curve.loc[1, "sex"] < curve.loc[0, "sex"]
    with pytest.raises(ht.HtanalysisError, match="vice_share"):
        ht.move_outside_vice(COUNTED, 0.89, 0.73, -0.1)
    for mix, vice in ((COUNTED, 1.0), (COUNTED * 100, 0.89), (COUNTED.drop("other"), 0.89)):
        with pytest.raises(ht.HtanalysisError, match="must add up to 1"):
            ht.move_outside_vice(mix, vice, 0.73, 0.5)


def test_bayes_rule_agrees_with_a_count_of_people():
    # Of 1,000: 100 labor (95 foreign), 800 sex (136 foreign), 100 other.
    assert ht.turn_round([0.1, 0.8], [0.95, 0.17]) == pytest.approx(95 / (95 + 136))
    with pytest.raises(ht.HtanalysisError, match="Nobody is foreign"):
        ht.turn_round([0.1, 0.8], [0, 0])
    for prior, given in (([-0.1, 0.8], [0.9, 0.2]), ([0.1, 0.8], [1.2, 0.2]), ([float("nan"), 0.8], [0.9, 0.2])):
        with pytest.raises(ht.HtanalysisError, match="The shares"):
            ht.turn_round(prior, given)


def test_labor_among_foreign_victims_spans_the_rounding():
    span = ht.span_foreign_labor(ht.load("htrs"), 0.05)
    assert span.value == pytest.approx(0.1 * 0.95 / (0.1 * 0.95 + 0.8 * 0.17))
    assert span.low == pytest.approx(0.05 * 0.95 / (0.05 * 0.95 + 0.85 * 0.17))
    assert span.high == pytest.approx(0.15 * 0.95 / (0.15 * 0.95 + 0.75 * 0.17))
    # Three victims in a labor incident for each in a sex incident.
    more = ht.span_foreign_labor(ht.load("htrs"), 0.05, victims_ratio=3)
    assert more.value == pytest.approx(0.3 * 0.95 / (0.3 * 0.95 + 0.8 * 0.17))
    assert ht.find_foreign_labor(ht.load("htrs"), shift=-0.05) == span.low
    with pytest.raises(ht.HtanalysisError, match=r"margin is -0\.05"):
        ht.span_foreign_labor(ht.load("htrs"), -0.05)
    for shift, ratio in ((-0.15, 1), (0.05, 0)):
        with pytest.raises(ht.HtanalysisError, match="none can be below 0"):
            ht.find_foreign_labor(ht.load("htrs"), shift, ratio)


@pytest.mark.parametrize("share", [0.15, 0.5, 0.76, 1.0])
def test_counts_behind_a_share_are_all_that_round_to_it(share):
    for total in (7, 141):
        expected = [count for count in range(total + 1) if abs(count / total - share) <= 0.005 + 1e-12]
        assert ht.count_behind_share(share, total) == expected
