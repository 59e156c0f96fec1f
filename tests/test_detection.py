import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import htanalysis as ht

COUNTED = pd.Series({"sex": 0.56, "labor": 0.23, "other": 0.21})
READINGS = ht.read_ilo(ht.load("global_estimates"), ht.load("trafficking_type"))
TYPES = pd.DataFrame({"trafficking_type": ["sex", "labor"], "share": [0.6, 0.3]})
TYPES = TYPES.assign(source="a", population="b", geography="c", count=pd.NA, note=pd.NA)


def test_sources_stand_beside_each_other_and_nothing_is_filled_in():
    mixes = ht.compare_mixes(ht.load("trafficking_type")).frame.set_index("source")
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
    span = ht.detect(COUNTED, 0.78, 0.25)
    assert span.value == pytest.approx(ht.detect_ratio(0.56 + 0.75 * 0.21, 0.23 + 0.25 * 0.21, 0.78))
    every = [ht.detect_ratio(0.56 + 0.21 * (1 - part), 0.23 + 0.21 * part, 0.78) for part in np.linspace(0, 1, 101)]
    assert (span.low, span.high) == pytest.approx((min(every), max(every)))
    assert span.low < span.value < span.high
    curve = ht.detect_over(COUNTED, READINGS, 0.25).frame.set_index("labor_share")
    assert curve.loc[0.78, ["value", "low", "high"]].tolist() == pytest.approx([span.value, span.low, span.high])


def test_an_unstated_share_leaves_no_range():
    with pytest.raises(ht.HtanalysisError, match="one is missing"):
        ht.detect(pd.Series({"sex": 0.76, "labor": 0.15, "other": None}, dtype="Float64"), 0.78, 0.3)
    with pytest.raises(ht.HtanalysisError, match=r"^to_labor is 1\.2"):
        ht.allot_other(COUNTED, 1.2)


def test_classification_errors_widen_the_gap_by_hand():
    # 23 of 100 classified as labor with sensitivity 0.8 are 28.75, so 71.25 are sex; the "other" count as sex.
    found = ht.detect_with_errors(COUNTED, 0.5, 0.0, 0.8)
    assert found == pytest.approx(0.7125 / 0.2875)
    draws = ht.detect_with_errors(COUNTED, np.array([0.5, 0.78]), np.array([0.0, 0.25]), np.array([0.8, 1.0]))
    assert draws.tolist() == pytest.approx([found, ht.detect(COUNTED, 0.78, 0.25).value])


def test_labor_shares_have_an_interval_only_where_their_cases_are_known():
    table = ht.compare_labor(ht.load("trafficking_type")).frame.set_index("source")
    shares = {"task forces": 0.23, "hotline": 0.15, "HTRS": 0.1, "OVC-funded providers": 0.64}
    assert table["value"].to_dict() == shares | {"federal prosecutions": 0.5, "ILO": 0.78}
    assert table["low"].notna().to_dict() == {name: name in ("hotline", "federal prosecutions") for name in table.index}
    # 21 of 141 cases is the only whole number; at the exact limits, 21 or more and 21 or fewer have a chance of 2.5 %.
    low, high = table.loc["hotline", ["low", "high"]]
    assert stats.binom.sf(20, 141, low) == pytest.approx(0.025) == stats.binom.cdf(21, 141, high)
    with pytest.raises(ht.HtanalysisError, match="no whole number of 7 cases rounds to that"):
        ht.compare_labor(pd.concat([TYPES, TYPES.head(1).assign(trafficking_type="all", share=None, count=7)]))


def test_chance_widens_the_range_the_more_the_fewer_victims_there_are():
    served = ht.pick(ht.load("task_force_totals"), "count", measure="victims served")
    span = ht.detect(COUNTED, 0.78, 0.25)
    rows = ht.detect_with_chance(COUNTED, served, 0.78, 0.25).frame[["low", "value", "high"]]
    few, many, none = rows.itertuples(index=False)
    assert (none.low, none.value, none.high) == (span.low, span.value, span.high)
    assert few.low < many.low < span.low < span.high < many.high < few.high
    # 39 victims: 22, 9 and 8; at the exact limits, 17 labor or fewer and 9 or more have a chance of 2.5 %.
    odds = 0.78 / 0.22
    assert stats.binom.cdf(17, 39, odds / (odds + few.low)) == pytest.approx(0.025)
    assert stats.binom.sf(8, 39, odds / (odds + few.high)) == pytest.approx(0.025)
    rare = pd.Series({"sex": 0.98, "labor": 0.01, "other": 0.01})
    assert ht.detect_with_chance(rare, replace(served, value=10), 0.78, 0.25).frame["high"][1] == float("inf")


TOO_MUCH = pd.Series({"sex": 0.8, "labor": 0.5, "other": 0.3})
FOURTH = pd.Series({"sex": 0.5, "labor": 0.2, "other": 0.2, "organs": 0.1})
PERCENTS = COUNTED * 100
TEXT = pd.Series({"sex": "0.56", "labor": 0.23, "other": 0.21})


def test_a_known_part_is_set_apart_from_a_rest_of_which_no_more_is_published():
    american = ht.pick(ht.load("victim_origin"), "share", origin="United States")
    split = ht.split_off(american, 1, "victims", "United States", "others than {value}")
    assert split.frame.to_numpy().tolist() == [["victims", 0.72, pytest.approx(0.28)]]
    assert split.write("{part} and {value}") == "72% and 28%" and split.bases == ("reported", "computed")
    assert split.formula == "whole − part = 100% − 72%" and split.source == american.source
    assert [column.title for column in split.columns.values()] == ["United States", "others than 72%"]
    chart = ht.draw(split, "origin", "Title", "Subtitle")
    assert chart.alt == "victims: United States 72% and others than 72% 28%."


@pytest.mark.parametrize(
    ("message", "call"),
    [
        (r"mix: the shares add up to 1\.6", lambda: ht.detect(TOO_MUCH, 0.785, 0.29)),
        (r"mix: the shares add up to 1\.6", lambda: ht.allot_other(TOO_MUCH, 0.29)),
        (r"mix: the shares add up to 1\.6", lambda: ht.detect_with_errors(TOO_MUCH, 0.785, 0.29, 1.0)),
        (r"mix: the shares add up to 1\.6", lambda: ht.detect_over(TOO_MUCH, READINGS, 0.29)),
        (r"mix: the shares add up to 1\.6", lambda: ht.bound_labor_share(TOO_MUCH)),
        ("mix has “organs”", lambda: ht.detect(FOURTH, 0.785, 0.29)),
        ("mix: sex is 56", lambda: ht.detect(PERCENTS, 0.785, 0.29)),
        ("mix: sex is 0.56; it is a share, no", lambda: ht.detect(TEXT, 0.785, 0.29)),
        ("mix: sex is -0.1", lambda: ht.detect(pd.Series({"sex": -0.1, "labor": 0.5, "other": 0.6}), 0.5, 0)),
        (r"true_labor_share is 78\.5", lambda: ht.detect(COUNTED, 78.5, 0.29)),
        ("to_labor is 29", lambda: ht.detect(COUNTED, 0.785, 29)),
        (r"true_labor_share is 1\.4", lambda: ht.detect_with_errors(COUNTED, np.array([0.5, 1.4]), 0.2, 1.0)),
        ("to_labor is -0.2", lambda: ht.detect_with_errors(COUNTED, 0.5, -0.2, 1.0)),
        ("sensitivity is 0.3: then there are more", lambda: ht.detect_with_errors(COUNTED, 0.5, 1.0, 0.3)),
        ("counted is 12", lambda: ht.bound_labor_share(COUNTED, 12)),
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
    assert ht.detect(pd.Series({"sex": 0.33, "labor": 0.33, "other": 0.33}), 0.5, 0.5).value == pytest.approx(1)


def test_a_curve_is_the_range_at_each_of_its_shares():
    curve = ht.detect_over(COUNTED, READINGS, 0.29).frame
    each = [ht.detect(COUNTED, share, 0.29) for share in curve["labor_share"]]
    assert np.allclose(curve[["value", "low", "high"]], [(one.value, one.low, one.high) for one in each])


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
    assert (found.low, found.high) == pytest.approx((min(ways) / total, max(ways) / total))
    if labor + sex:
        # Labor victims are classified with a chance of labor ÷ all labor, sex trafficking victims alike.
        kept = [all_labor for all_labor in ways if labor * (total - all_labor) <= sex * all_labor]
        monotone = ht.bound_labor_share(mix, len(known) / total, missed_more=True)
        ends = labor / (labor + sex), max(kept, default=max(ways)) / total
        assert (monotone.low, monotone.high) == pytest.approx(ends)
        assert all(monotone.low <= all_labor / total + 1e-9 for all_labor in kept)


def test_a_detection_imports_neither_what_reads_returns_nor_what_makes_pages():
    code = (
        "import sys\nimport htanalysis as ht\nmix = ht.mix_of(ht.load('trafficking_type'), 'task forces')\n"
        "print(f'{ht.detect(mix, 0.785, 0.29).value:.1f}', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    value, *imported = done.stdout.split()
    heavy = {"openpyxl", "xlsxwriter", "nbformat", "nbconvert", "papermill", "plotly", "geopandas", "statsmodels"}
    assert value == "8.9" and not heavy & set(imported)
    assert not [name for name in imported if name.startswith(("htanalysis.returns", "htanalysis.report"))]
