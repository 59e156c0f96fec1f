"""Selection E-values, Manski's bounds, and the textbook's bias analyses."""

import pandas as pd
import pytest

import htanalysis as ht


def odds_ratio(table):
    return table.iloc[0, 0] * table.iloc[1, 1] / (table.iloc[0, 1] * table.iloc[1, 0])


@pytest.mark.parametrize(
    ("ratio", "e_value"),
    # For those selected alone, whose E-value is that of the ratio squared.
    [(73.1, 16.58), (13.0, 6.67), (1.50**2, 2.37), (1.22**2, 1.74)],
)
def test_smith_and_vanderweeles_selection_e_values_are_reproduced(ratio, e_value):
    # Smith and VanderWeele (2019), Zika virus and microcephaly: risk ratio 73.1, limit 13.0, for the whole population;
    # the obesity paradox: 1.50, limit 1.22, for those selected. R's EValue computes the E-values so.
    assert round(ht.selection_e_value(ratio), 2) == e_value


@pytest.mark.parametrize(("strength", "bound"), [(3, 1.8), (4, 2.28571)])
def test_the_bounding_factors_of_evalue_are_explained_away_by_their_own_strength(strength, bound):
    # R's EValue: with both of its ratios at 3, a group's bounding factor is 1.8; at 4, it is 2.28571.
    assert ht.selection_e_value(bound**2) == pytest.approx(strength, abs=1e-4)


@pytest.mark.parametrize(
    ("sampled", "located", "left", "bound"), [(106, 64, 21, (0.20, 0.59)), (31, 14, 3, (0.10, 0.65))]
)
def test_manskis_bounds_for_leaving_homelessness_are_reproduced(sampled, located, left, bound):
    # Manski (1989), Anatomy of the selection problem: of 106 men 64 were located again, and 21 of these had left
    # homelessness; of 31 women 14, and 3.
    mix = pd.Series({"labor": left, "sex": located - left, "other": 0}) / located
    found = ht.bound_labor_share(mix, located / sampled)
    assert (round(found.low, 2), round(found.high, 2)) == bound
    monotone = ht.bound_labor_share(mix, located / sampled, missed_more=True)
    ends = left / located, (sampled - located + left) / sampled
    assert (monotone.low, monotone.high) == pytest.approx(ends)


def test_the_textbooks_selection_bias_is_reproduced():
    # Lash, Fox and Fink (2009), chapter 4: mobile phones and uveal melanoma (Stang et al.); R's episensr prints
    # 1.634608 for the odds ratio and 1.483780 for the relative risk.
    counted = pd.DataFrame([[136, 107], [297, 165]])
    chances = pd.DataFrame([[0.94, 0.85], [0.64, 0.25]])
    table = ht.correct_selection(counted, chances)
    assert odds_ratio(counted) == pytest.approx(0.7061267, abs=5e-8)
    assert odds_ratio(table) == pytest.approx(1.634608, abs=5e-7)
    risks = table.iloc[0] / table.sum()
    assert risks[0] / risks[1] == pytest.approx(1.483780, abs=5e-7)
