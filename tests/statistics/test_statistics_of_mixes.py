"""Whether the envelope of the detection ratio holds the truth wherever the unclassified belong."""

import numpy as np
import pandas as pd
import pytest

import htanalysis as ht


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
        span = ht.envelope_detection(mix, total, true_share, 0.5)
        held.append(span.low <= ratio <= span.high)
    # Monte Carlo error of 1,000 draws at 0.95: 0.0069; three of them are allowed.
    assert np.mean(held) >= 0.95 - 0.021


def test_a_bias_analysis_finds_the_quantiles_of_its_priors():
    result = ht.simulate(lambda a, b: a + b, {"a": ht.Trapezoid(0, 0, 1, 1), "b": ht.Trapezoid(2, 2, 3, 3)}, 40_000, 1)
    # The sum of two uniform draws is triangular from 2 to 4: its 2.5 % quantile is 2 + sqrt(0.05).
    assert result["low"] == pytest.approx(2 + 0.05**0.5, abs=0.01)
    assert result["value"] == pytest.approx(3, abs=0.01)
    assert result["high"] == pytest.approx(4 - 0.05**0.5, abs=0.01)
    again = ht.simulate(lambda a, b: a + b, {"a": ht.Trapezoid(0, 0, 1, 1), "b": ht.Trapezoid(2, 2, 3, 3)}, 40_000, 1)
    assert result == again
