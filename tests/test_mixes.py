import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import htanalysis as ht

COUNTED = pd.Series({"sex": 0.56, "labor": 0.23, "other": 0.21})
TYPES = pd.DataFrame(
    {"source": "a", "population": "b", "geography": "c", "trafficking_type": ["sex", "labor"], "share": [0.6, 0.3]}
).assign(count=pd.NA, note=pd.NA)


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
    assert curve.loc[1, ["value", "low", "high"]].tolist() == pytest.approx([span.value, span.low, span.high])


def test_an_unstated_share_leaves_no_range():
    with pytest.raises(ht.HtanalysisError, match="one is missing"):
        ht.span_detection(pd.Series({"sex": 0.76, "labor": 0.15, "other": None}, dtype="Float64"), 0.78, 0.3)
    with pytest.raises(ht.HtanalysisError, match=r"^to_labor is 1\.2"):
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
    # 21 of 141 cases is the only whole number; at the exact limits, 21 or more and 21 or fewer have a chance of 2.5 %.
    low, high = table.loc["hotline", ["low", "high"]]
    assert stats.binom.sf(20, 141, low) == pytest.approx(0.025) == stats.binom.cdf(21, 141, high)
    with pytest.raises(ht.HtanalysisError, match="no whole number of 7 cases rounds to that"):
        ht.compare_labor(pd.concat([TYPES, TYPES.head(1).assign(trafficking_type="all", share=None, count=7)]))


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
    for mix, vice, message in (
        (COUNTED, 1.0, "vice is 1.0"),
        (COUNTED * 100, 0.89, "mix: sex is 56"),
        (COUNTED.drop("other"), 0.89, "one is missing"),
    ):
        with pytest.raises(ht.HtanalysisError, match=message):
            ht.move_outside_vice(mix, vice, 0.73, 0.5)


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


TOO_MUCH = pd.Series({"sex": 0.8, "labor": 0.5, "other": 0.3})
FOURTH = pd.Series({"sex": 0.5, "labor": 0.2, "other": 0.2, "organs": 0.1})
PERCENTS = COUNTED * 100
TEXT = pd.Series({"sex": "0.56", "labor": 0.23, "other": 0.21})
HTRS = ht.load("htrs")


@pytest.mark.parametrize(
    ("message", "call"),
    [
        (r"mix: the shares add up to 1\.6", lambda: ht.span_detection(TOO_MUCH, 0.785, 0.29)),
        (r"mix: the shares add up to 1\.6", lambda: ht.allot_other(TOO_MUCH, 0.29)),
        (r"mix: the shares add up to 1\.6", lambda: ht.detect_with_errors(TOO_MUCH, 0.785, 0.29, 1.0)),
        (r"mix: the shares add up to 1\.6", lambda: ht.curve_detection(TOO_MUCH, [0.5], 0.29)),
        (r"mix: the shares add up to 1\.6", lambda: ht.bound_labor_share(TOO_MUCH)),
        (r"mix: the shares add up to 1\.6", lambda: ht.curve_outside_vice(TOO_MUCH, 0.89, 0.73, [0.5])),
        ("mix has “organs”", lambda: ht.span_detection(FOURTH, 0.785, 0.29)),
        ("mix has “organs”", lambda: ht.move_outside_vice(FOURTH, 0.89, 0.73, 0.5)),
        ("mix: sex is 56", lambda: ht.envelope_detection(PERCENTS, 39, 0.785, 0.29)),
        ("mix: sex is 0.56; it is a share, no", lambda: ht.span_detection(TEXT, 0.785, 0.29)),
        ("mix: sex is -0.1", lambda: ht.span_detection(pd.Series({"sex": -0.1, "labor": 0.5, "other": 0.6}), 0.5, 0)),
        (r"true_labor_share is 78\.5", lambda: ht.envelope_detection(COUNTED, 39, 78.5, 0.29)),
        ("to_labor is 29", lambda: ht.envelope_detection(COUNTED, 39, 0.785, 29)),
        (r"total is 39\.5", lambda: ht.envelope_detection(COUNTED, 39.5, 0.785, 0.29)),
        ("total is 0", lambda: ht.envelope_detection(COUNTED, 0, 0.785, 0.29)),
        (r"true_labor_share is 1\.4", lambda: ht.detect_with_errors(COUNTED, np.array([0.5, 1.4]), 0.2, 1.0)),
        ("to_labor is -0.2", lambda: ht.detect_with_errors(COUNTED, 0.5, -0.2, 1.0)),
        ("sensitivity is 0.3: then there are more", lambda: ht.detect_with_errors(COUNTED, 0.5, 1.0, 0.3)),
        ("shares is 1.0", lambda: ht.curve_detection(COUNTED, [0.5, 1.0], 0.29)),
        ("counted is 12", lambda: ht.bound_labor_share(COUNTED, 12)),
        ("outside is 73", lambda: ht.move_outside_vice(COUNTED, 0.89, 73, 0.5)),
        ("vice_shares is 44", lambda: ht.curve_outside_vice(COUNTED, 0.89, 0.73, [0.1, 44])),
        ("victims_ratio|ratio 0", lambda: ht.find_foreign_labor(HTRS, 0, float("inf"))),
        ("margin is 0.1; ", lambda: ht.span_foreign_labor(HTRS, "0.1")),
        ("No ratio: sex is 0.5", lambda: ht.detect_ratio("0.5", 0.2, 0.3)),
    ],
)
def test_what_is_no_mix_and_no_share_is_refused_by_its_name(message, call):
    with pytest.raises(ht.HtanalysisError, match=message):
        call()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trafficking_type": ["sex", "organs"]}, "a: “organs” would be dropped"),
        ({"trafficking_type": ["sex", "sex"]}, "a: “sex” stands in two rows"),
        ({"share": [0.8, 0.8]}, r"a: the shares add up to 1\.6"),
        ({"share": [60, 30]}, "a: sex is 60"),
    ],
)
def test_a_source_whose_shares_cannot_be_is_refused_by_its_name(change, message):
    for compare in (ht.compare_mixes, ht.compare_labor):
        with pytest.raises(ht.HtanalysisError, match=message):
            compare(TYPES.assign(**change))


def test_shares_that_add_up_to_1_but_for_rounding_are_taken():
    thirds = pd.Series({"sex": 0.33, "labor": 0.33, "other": 0.33})
    assert ht.span_detection(thirds, 0.5, 0.5).value == pytest.approx(1)
    assert ht.curve_outside_vice(thirds, 0.89, 0.73, [0.5])[["sex", "labor", "other"]].sum(axis=1)[0] == pytest.approx(
        1
    )


def test_a_curve_is_the_span_at_each_of_its_shares():
    shares = [step / 100 for step in range(5, 96)]
    curve = ht.curve_detection(COUNTED, shares, 0.29)
    spans = pd.DataFrame([vars(ht.span_detection(COUNTED, share, 0.29)) for share in shares])
    assert np.allclose(curve[["value", "low", "high"]], spans)


@given(st.floats(0, 1), st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_the_closed_form_outside_vice_solves_its_equation(vice_share, counted, vice, outside):
    mix = pd.Series({"sex": counted, "labor": (1 - counted) / 3, "other": (1 - counted) * 2 / 3})
    sex = ht.curve_outside_vice(mix, vice, outside, [vice_share])["sex"][0]
    odds = sex / (1 - sex) * vice / (1 - vice) / (outside / (1 - outside))
    assert 0 < sex < 1
    assert vice_share * odds / (1 + odds) + (1 - vice_share) * sex == pytest.approx(counted, abs=1e-9)


@given(st.lists(st.sampled_from(["sex", "labor", "other", "not counted"]), min_size=1, max_size=12))
def test_the_labor_share_of_all_is_bounded_by_every_way_to_fill_in_what_is_not_known(seen):
    # Whoever is not classified or not counted is labor or sex: all ways are tried.
    known, total = [kind for kind in seen if kind != "not counted"], len(seen)
    if not known:
        return
    mix = pd.Series({kind: known.count(kind) / len(known) for kind in ("sex", "labor", "other")})
    open_cases, labor, sex = total - known.count("sex") - known.count("labor"), known.count("labor"), known.count("sex")
    ways = [labor + part for part in range(open_cases + 1)]
    found = ht.bound_labor_share(mix, len(known) / total)
    assert found == pytest.approx((min(ways) / total, max(ways) / total))
    if labor + sex:
        # Labor victims are classified with a chance of labor ÷ all labor, sex trafficking victims alike.
        kept = [all_labor for all_labor in ways if labor * (total - all_labor) <= sex * all_labor]
        monotone = ht.bound_labor_share(mix, len(known) / total, missed_more=True)
        assert monotone == pytest.approx((labor / (labor + sex), max(kept, default=max(ways)) / total))
        assert all(monotone[0] <= all_labor / total + 1e-9 for all_labor in kept)
