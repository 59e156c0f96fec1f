"""Whether the envelope of the detection ratio holds the truth wherever the unclassified belong."""

import numpy as np
import pandas as pd
import pytest

import htanalysis as ht
from htanalysis.detection import _add_chance


@pytest.mark.parametrize("labor_in_other", [0.0, 0.5, 1.0])
def test_the_envelope_holds_the_true_ratio_wherever_the_other_belong(labor_in_other):
    generator, total, true_share, ratio = np.random.default_rng(2003), 300, 0.6, 4.0
    odds = true_share / (1 - true_share) / ratio
    labor = odds / (1 + odds)
    # A fifth of the cases stay unclassified, so many of them labor cases as there can be.
    hidden_labor = min(0.2 * labor_in_other, labor)
    shares = [1 - labor - (0.2 - hidden_labor), labor - hidden_labor, 0.2]
    held = []
    for sex, seen_labor, other in generator.multinomial(total, shares, 1000):
        mix = pd.Series({"sex": sex / total, "labor": seen_labor / total, "other": other / total})
        span = _add_chance(mix, total, true_share, 0.5)
        held.append(span["low"] <= ratio <= span["high"])
    # Monte Carlo error of 1,000 draws at 0.95: 0.0069; three of them are allowed.
    assert np.mean(held) >= 0.95 - 0.021


def test_a_bias_analysis_finds_the_quantiles_of_its_priors():
    priors = {"to_labor": ht.Trapezoid(0, 0, 1, 1), "sensitivity": ht.Trapezoid(0, 0, 1, 1)}
    model = ht.Model(answer=lambda to_labor, sensitivity: 2 + to_labor + sensitivity, write=str, title="", unit="")
    result = ht.simulate(model, priors, 40_000, 1)
    # The sum of two uniform draws is triangular from 2 to 4: its 2.5 % quantile is 2 + sqrt(0.05).
    assert result.low == pytest.approx(2 + 0.05**0.5, abs=0.01)
    assert result.value == pytest.approx(3, abs=0.01)
    assert result.high == pytest.approx(4 - 0.05**0.5, abs=0.01)
    assert result == ht.simulate(model, priors, 40_000, 1)


def test_selection_that_explains_a_ratio_away_is_never_weaker_than_the_e_value():
    # Two groups, each with something unmeasured (0 or 1) that decides who is counted and goes with the outcome.
    generator, cases = np.random.default_rng(2019), 20_000
    has, counted_if, outcome_if = (generator.beta(0.5, 0.5, (2, cases)), *generator.beta(0.5, 0.5, (2, 2, 2, cases)))
    unmeasured = np.stack([1 - has, has])
    counted = (unmeasured * counted_if).sum(axis=0)
    among_counted = unmeasured * counted_if / counted
    among_others = unmeasured * (1 - counted_if) / (1 - counted)
    seen, true = ((part * outcome_if).sum(axis=0) for part in (among_counted, unmeasured))
    with_outcome = outcome_if.max(axis=0) / outcome_if.min(axis=0)
    ratio = among_counted / among_others
    with_counting = np.stack([ratio[:, 0].max(axis=0), (1 / ratio[:, 1]).max(axis=0)])
    strongest = np.maximum(with_outcome, with_counting).max(axis=0)
    bias = seen[0] / seen[1] / (true[0] / true[1])
    usable = np.isfinite(bias) & np.isfinite(strongest) & (bias > 1)
    needed = np.array([ht.selection_e_value(float(each)) for each in bias[usable]])
    assert usable.sum() > 5000 and (strongest[usable] >= needed - 1e-9).all()
    # The bound is nearly reached: nothing weaker would do in some cases.
    assert (strongest[usable] / needed).min() < 1.3
