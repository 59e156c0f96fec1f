"""Poisson regressions, as R's glm gives them."""

import numpy as np
import pytest

import htanalysis as ht
from htanalysis import trends

# Whyte et al. (1987), in Dobson (1990): deaths from AIDS in Australia by quarter, 1983 to mid-1986.
DEATHS = [0, 1, 2, 3, 1, 4, 9, 18, 23, 31, 20, 25, 37, 45]


def test_rs_dispersion_and_negative_binomial_are_reproduced(monkeypatch):
    # Where no serial correlation is allowed for, as R's glm does not.
    monkeypatch.setattr(trends, "CORRELATIONS", (0.0,))
    # R 4.2.2, glm(deaths ~ t, quasipoisson): dispersion 2.4039422. With MASS's negative.binomial(1 / 0.127664959), at
    # which Pearson's chi-squared is its 12 degrees of freedom: 1.35426781 (1.24722262 to 1.47050035, t quantiles).
    trend = ht.fit_trend(DEATHS, [1.0] * 14, 1.0)
    assert trend.model == "negative binomial" and trend.dispersion == pytest.approx(2.403942, abs=5e-7)
    ratio = trend.terms.iloc[0]
    assert ratio[["ratio", "low", "high"]].tolist() == pytest.approx([1.35426781, 1.24722262, 1.47050035], rel=1e-5)
    monkeypatch.undo()
    wider = ht.fit_trend(DEATHS, [1.0] * 14, 1.0).terms.iloc[0]
    assert wider["ratio"] == ratio["ratio"] and wider["low"] < ratio["low"] < ratio["high"] < wider["high"]


def test_rs_rate_ratio_for_arrests_is_reproduced():
    # R 4.2.2, glm(arrests ~ year + offset(log(days)), quasipoisson): 1.4244892 (1.2798053 to 1.5855298), dispersion
    # 1.524941.
    table = ht.load("penal_code_236_1")
    trend = ht.fit_trend(table["arrests"], ht.count_days(table), 365)
    assert trend.model == "quasi-Poisson" and trend.dispersion == pytest.approx(1.524941, abs=5e-7)
    ratio = trend.terms.iloc[0]
    assert ratio[["ratio", "low", "high"]].tolist() == pytest.approx([1.4244892, 1.2798053, 1.5855298], abs=5e-8)


def test_rs_poisson_regression_is_reproduced():
    # R 4.2.2, glm(c(10, 12, 13, 16) ~ t, poisson): slope 0.149967084, standard error 0.126441986.
    trend = ht.fit_trend([10, 12, 13, 16], [1.0] * 4, 1.0)
    assert trend.model == "Poisson"
    slope, low, high = np.log(trend.terms.loc[0, ["ratio", "low", "high"]].astype(float))
    assert slope == pytest.approx(0.149967084, abs=5e-10)
    assert (high - low) / 2 / 1.959963985 == pytest.approx(0.126441986, rel=1e-5)  # R stops its iteration earlier
