import numpy as np
import pandas as pd
import pytest

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
    span = ht.span_detection(COUNTED, 0.78)
    every = [ht.detect_ratio(0.56 + 0.21 * (1 - part), 0.23 + 0.21 * part, 0.78) for part in np.linspace(0, 1, 101)]
    assert (span.low, span.high) == pytest.approx((min(every), max(every)))
    assert span.low < span.value < span.high
    curve = ht.curve_detection(COUNTED, [0.3, 0.78])
    assert curve.loc[1, ["value", "low", "high"]].tolist() == [span.value, span.low, span.high]


def test_the_mix_of_two_groups_gives_the_pooled_share_back():
    span = ht.weigh_groups(0.89, 0.73, 0.8, 0.05)
    for weight, pooled in ((span.low, 0.75), (span.value, 0.8), (span.high, 0.85)):
        assert weight * 0.89 + (1 - weight) * 0.73 == pytest.approx(pooled)
    assert ht.weigh_groups(0.89, 0.73, 0.88, 0.05).high == 1
    with pytest.raises(ht.HtanalysisError, match="No mix"):
        ht.weigh_groups(0.89, 0.73, 0.2, 0.05)
    with pytest.raises(ht.HtanalysisError, match="any mix"):
        ht.weigh_groups(0.8, 0.8, 0.8, 0.05)


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


def test_bayes_rule_agrees_with_a_count_of_people():
    # Of 1,000: 100 labor (95 foreign), 800 sex (136 foreign), 100 other.
    assert ht.turn_round([0.1, 0.8], [0.95, 0.17]) == pytest.approx(95 / (95 + 136))
    with pytest.raises(ht.HtanalysisError, match="Nobody is foreign"):
        ht.turn_round([0.1, 0.8], [0, 0])


def test_labor_among_foreign_victims_spans_the_rounding():
    span = ht.span_foreign_labor(ht.load("htrs"), 0.05)
    assert span.value == pytest.approx(0.1 * 0.95 / (0.1 * 0.95 + 0.8 * 0.17))
    assert span.low == pytest.approx(0.05 * 0.95 / (0.05 * 0.95 + 0.85 * 0.17))
    assert span.high == pytest.approx(0.15 * 0.95 / (0.15 * 0.95 + 0.75 * 0.17))


@pytest.mark.parametrize("share", [0.15, 0.5, 0.76, 1.0])
def test_counts_behind_a_share_are_all_that_round_to_it(share):
    for total in (7, 141):
        expected = [count for count in range(total + 1) if abs(count / total - share) <= 0.005 + 1e-12]
        assert ht.count_behind_share(share, total) == expected
