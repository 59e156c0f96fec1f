import numpy as np
import pytest

import htanalysis as ht


@pytest.mark.parametrize(
    ("counts", "words"),
    [([], "No count"), ([3], "One point"), ([1, None, 2], "Two points"), ([1, 2, 3], "Three points")],
)
def test_below_four_counts_no_trend_is_fitted(counts, words):
    trend = ht.fit_trend(counts, [1.0] * len(counts), 1.0)
    assert trend.model == "" and trend.reason == f"{words} {'is known' if not counts else ''}".strip() + (
        ": no trend is fitted. At least 4 are needed."
    )
    assert trend.prediction is None and trend.terms.empty


def test_zeros_alone_have_no_trend():
    assert ht.fit_trend([0, 0, 0, 0], [1.0] * 4, 1.0).reason == "Every known count is 0: no trend is fitted."


def test_an_exact_trend_is_found_and_missing_periods_keep_their_place():
    counts = [100, None, 400, 800, 1600]
    trend = ht.fit_trend(counts, [1.0] * 5, 1.0)
    assert trend.model == "Poisson" and trend.terms.loc[0, "ratio"] == pytest.approx(2)
    assert trend.prediction[0] == pytest.approx(3200)
    assert trend.fit["time"].tolist() == [0, 2, 3, 4]
    assert trend.fit["residual"].abs().max() < 1e-6


def test_a_rate_is_for_one_unit_of_exposure():
    # Twice the bodies, twice the count: no trend in the rate.
    trend = ht.fit_trend([80, 80, 160, 160], [4, 4, 8, 8], 4)
    assert trend.terms.loc[0, "ratio"] == pytest.approx(1) and trend.prediction[0] == pytest.approx(80)


def test_terms_are_added_only_where_enough_is_known():
    step, season = [False] * 3 + [True] * 5, [1, 2, 3, 4] * 2
    counts = [50, 60, 55, 70, 90, 100, 95, 120]
    terms = ht.fit_trend(counts, [1.0] * 8, 1.0, season, step).terms["term"].tolist()
    assert terms == ["a period", "after joining", *(f"quarter {n} against 1" for n in (2, 3, 4))]
    # After exactly a year the step, the trend and the season are the same columns, so the season is left out.
    year = ht.fit_trend(counts, [1.0] * 8, 1.0, season, [False] * 4 + [True] * 4)
    assert year.terms["term"].tolist() == ["a period", "after joining"]
    few = ht.fit_trend([*counts[:4], None, None, None, None], [1.0] * 8, 1.0, season, step)
    assert few.terms["term"].tolist() == ["a period"]


def test_the_model_follows_how_the_counts_vary():
    even, wild = [20, 22, 24, 26], [10, 60, 5, 80]
    assert ht.fit_trend(even, [1.0] * 4, 1.0).model == "Poisson"
    few, many = (ht.fit_trend(wild * n, [1.0] * 4 * n, 1.0) for n in (1, 2))
    assert few.model == "quasi-Poisson" and few.reason.startswith("Quasi-Poisson, since Pearson’s dispersion is")
    assert many.model == "negative binomial" and many.dispersion > 1
    # The negative binomial's residuals have the size that they should have.
    assert (many.fit["residual"] ** 2).sum() == pytest.approx(8 - 2, rel=1e-3)


def test_the_prediction_holds_the_mean_and_is_wider_than_chance_alone():
    trend = ht.fit_trend([100, 98, 101, 99, 102], [1.0] * 5, 1.0)
    mean, low, high = trend.prediction
    assert low < mean < high and high - low > 2 * 1.96 * np.sqrt(mean)


def test_what_cannot_be_fitted_is_refused():
    for counts, exposure in (([-1, 2, 3, 4], [1.0] * 4), ([1, 2, 3, 4], [1, 1, 0, 1])):
        with pytest.raises(ht.HtanalysisError, match="A trend needs counts of 0 or more"):
            ht.fit_trend(counts, exposure, 1.0)
    with pytest.raises(ht.HtanalysisError, match="as many exposures"):
        ht.fit_trend([1, 2, 3, 4], [1.0], 1.0)
