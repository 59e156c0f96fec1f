"""A forecast that a log-linear trend misses."""

import htanalysis as ht

# Wood (2006), Generalized Additive Models: new AIDS cases in Belgium by year, 1981 to 1992. In 1993
# there were 240.
CASES = [12, 14, 33, 50, 67, 74, 123, 141, 165, 204, 253, 246]


def test_the_cases_of_belgium_are_not_extrapolated_by_one_factor_a_year():
    told = ht.forecast(CASES)
    errors = told.back_test.set_index("model")["against_naive"]
    assert errors["log-linear trend"] > 1.2 and told.model == "damped smoothing"
    assert told.low < 240 < told.high and told.high < 720 and abs(told.value / 240 - 1) < 0.15
    assert ht.fit_trend(CASES, [1.0] * 12, 1.0).prediction == (told.value, told.low, told.high)
