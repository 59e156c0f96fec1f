"""E-values, and the textbook's bias analyses."""

import pandas as pd
import pytest

import htanalysis as ht


def odds_ratio(table):
    return table.iloc[0, 0] * table.iloc[1, 1] / (table.iloc[0, 1] * table.iloc[1, 0])


def test_vanderweele_and_dings_e_value_is_reproduced():
    # VanderWeele and Ding (2017): a risk ratio of 3.9 (limit 1.8) has an E-value of 7.26 (limit 3.0).
    assert round(ht.e_value(3.9), 2) == 7.26 and round(ht.e_value(1.8), 1) == 3.0


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


def test_chus_classification_errors_are_reproduced():
    # Chu et al. (2006), Annals of Epidemiology 16, 834-841: smoking reported with sensitivity 0.94 and specificity
    # 0.97 in 126 of 218 cases and 71 of 295 controls; the corrected odds ratio is 5.02, from 4.32.
    cases, controls = (ht.correct_classification(share, 0.94, 0.97) for share in (126 / 218, 71 / 295))
    assert round(cases / (1 - cases) / (controls / (1 - controls)), 2) == 5.02
