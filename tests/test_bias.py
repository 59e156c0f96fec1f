import numpy as np
import pandas as pd
import pytest
from scipy import stats

import htanalysis as ht


def model(answer, unit=""):
    """Make a model of an answer that needs no words."""
    return ht.Model(answer=answer, write=lambda **given: f"{given}", title="answer", unit=unit)


def test_a_selection_e_value_is_the_same_for_a_ratio_and_its_inverse():
    # By hand: the square root of 16 is 4, and 4 + sqrt(4 x 3) = 7.46.
    assert ht.selection_e_value(16) == pytest.approx(7.4641016) == ht.selection_e_value(1 / 16)
    assert ht.selection_e_value(1) == 1
    for bad in (0, -1, float("inf"), float("nan"), "2"):
        with pytest.raises(ht.HtanalysisError, match=r"ratio is .*; an E-value needs"):
            ht.selection_e_value(bad)


def test_selection_that_is_equal_changes_no_share():
    counts = pd.Series({"sex": 56.0, "labor": 23.0})
    corrected = ht.correct_selection(counts, pd.Series({"sex": 0.5, "labor": 0.5}))
    assert (corrected / corrected.sum()).tolist() == pytest.approx((counts / counts.sum()).tolist())
    for chance in (0.0, 1.1, float("nan")):
        with pytest.raises(ht.HtanalysisError, match="chances of selection"):
            ht.correct_selection(counts, pd.Series({"sex": 0.5, "labor": chance}))
    with pytest.raises(ht.HtanalysisError, match="not of the same groups"):
        ht.correct_selection(counts, pd.Series({"labor": 0.5, "other": 0.5}))
    with pytest.raises(ht.HtanalysisError, match=r"counts are \[-1\.0, 23\.0\]"):
        ht.correct_selection(pd.Series({"sex": -1.0, "labor": 23.0}), pd.Series({"sex": 0.5, "labor": 0.5}))


@pytest.mark.parametrize(
    "limits",
    [(0, 2, 1, 3), (1, 1, 1, 1), (0.9, 0.8, 0.7, 0.6), (0, "0.5", 1, 1), (0, 0, float("nan"), 1), (None, 0, 1, 1)],
)
def test_a_prior_that_is_none_is_refused_when_it_is_made(limits):
    with pytest.raises(ht.HtanalysisError, match="is no prior: give low, both modes and high"):
        ht.Trapezoid(*limits)


def test_a_prior_that_reaches_beyond_what_a_share_can_be_is_refused_by_its_name():
    for prior, ends in ((ht.Trapezoid(0.5, 0.76, 1.0, 1.4), "0.5 to 1.4"), (ht.Trapezoid(-0.1, 0, 1, 1), "-0.1 to 1")):
        with pytest.raises(ht.HtanalysisError, match=f"priors: to_labor goes from {ends}; a share"):
            ht.simulate(model(lambda to_labor: to_labor), {"to_labor": prior}, 1000, 1)
    with pytest.raises(ht.HtanalysisError, match="draws is 10; it is a whole number, 100 or more"):
        ht.simulate(model(lambda to_labor: to_labor), {"to_labor": ht.Trapezoid(0, 0, 1, 1)}, 10, 1)


@pytest.mark.parametrize("ends", [(0, 0.2, 0.5, 1), (0, 0, 0.3, 0.3), (0.1, 0.1, 0.1, 0.9), (0.2, 0.9, 0.9, 0.9)])
def test_a_prior_is_drawn_as_scipy_draws_it(ends):
    low, *modes, high = ends
    shape = [(mode - low) / (high - low) for mode in modes]
    drawn = stats.trapezoid(*shape, loc=low, scale=high - low).rvs(1000, random_state=np.random.default_rng(1))
    assert ht.Trapezoid(*ends).draw(np.random.default_rng(1), 1000) == pytest.approx(drawn, rel=1e-12)


def test_a_prior_is_written_for_people():
    assert ht.Trapezoid(0.5, 0.76, 0.78, 0.9).words == "50% to 90%, most likely 76% to 78%"
    assert ht.Trapezoid(0, 0, 1, 1).words == "0% to 100%, all as likely"


def test_assumptions_are_ranked_by_how_far_they_move_the_answer():
    bent = model(lambda to_labor, sensitivity: to_labor**2 + sensitivity)
    base, ranges = {"to_labor": 1.0, "sensitivity": 0.0}, {"sensitivity": (0.0, 2.0), "to_labor": (-3.0, 3.0)}
    ranked = ht.rank_assumptions(bent, base, ranges)
    assert ranked.words["most"] == "part of the “other” that is labor" == ranked.frame["assumption"][0]
    # The square is smallest inside the range, not at an end.
    assert ranked.frame.loc[0, ["low", "value", "high", "swing"]].tolist() == [0, 1, 9, 9]


def test_a_range_is_widened_to_hold_the_assumption_as_it_is_and_one_without_a_number_is_refused():
    same = model(lambda to_labor=0: to_labor)
    assert ht.rank_assumptions(same, {"to_labor": 1.5}, {"to_labor": (0, 1)}).frame.loc[0, "high"] == 1.5
    for base in ({"to_labor": float("nan")}, {}):
        with pytest.raises(ht.HtanalysisError, match=r"base: to_labor is .*; each assumption is a number"):
            ht.rank_assumptions(same, base, {"to_labor": (0, 1)})


def test_the_answer_as_it_is_lies_within_what_an_assumption_can_do():
    # The answer peaks at 0.03, which is none of the 21 values that are tried.
    peak = model(lambda to_labor: -abs(to_labor - 0.03))
    row = ht.rank_assumptions(peak, {"to_labor": 0.03}, {"to_labor": (0.0, 1.0)}).frame.loc[0]
    assert row["low"] == -0.97 and row["value"] == row["high"] == 0 and row["swing"] == 0.97


def test_every_combination_of_choices_is_tried_once_and_both_ends_have_their_formula():
    choices = {"a": [1, 2], "b": [3], "c": [4, 5, 6]}
    tried = ht.try_all(model(lambda a, b, c: 100 * a + 10 * b + c), choices, "one of them holds")
    assert tried.frame["answer"].tolist() == [134, 135, 136, 234, 235, 236] and (tried.low, tried.high) == (134, 236)
    assert tried.formula == "lowest = {'a': 1, 'b': 3, 'c': 4}; highest = {'a': 2, 'b': 3, 'c': 6}"


@pytest.mark.parametrize("answer", [lambda a: a, lambda a: 20 * a**8, lambda a: a / 50])
def test_a_quantile_is_told_with_the_digits_that_its_draws_carry(answer):
    prior = {"to_labor": ht.Trapezoid(0, 0.2, 0.8, 1)}
    runs = [ht.simulate(model(lambda to_labor: answer(to_labor)), prior, 5000, seed) for seed in range(40)]
    digits = min(run.digits for run in runs)
    for name in ("low", "value", "high"):
        told = np.array([round(getattr(run, name), digits) for run in runs])
        assert np.mean(abs(told - np.median(told)) <= 1.001 * 10.0**-digits) >= 0.95
    # Two digits more would not be the same from seed to seed.
    assert max(np.std([getattr(run, name) for run in runs]) for name in ("low", "value", "high")) > 0.5 * 10.0 ** -(
        digits + 2
    )
