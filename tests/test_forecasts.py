import time
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as running
from hypothesis import strategies as st
from statsmodels.tsa.statespace.exponential_smoothing import ExponentialSmoothing

import htanalysis as ht
from htanalysis import forecasts

BELGIUM = [12, 14, 33, 50, 67, 74, 123, 141, 165, 204, 253, 246]

counts = st.one_of(st.none(), st.integers(0, 3), st.integers(0, 10**9))


@running(max_examples=60, deadline=None)
@given(series=st.lists(counts, max_size=25), zeros=st.integers(0, 12), ahead=st.integers(1, 4))
def test_any_series_has_a_forecast_or_a_reason(series, zeros, ahead):
    series = [0] * zeros + series
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = ht.forecast(series, ahead=ahead)
    assert told.reason.endswith(".")
    if told.model:
        assert 0 <= told.low <= told.value <= told.high < np.inf
        assert told.low == int(told.low) and told.high == int(told.high)
    else:
        assert np.isnan([told.value, told.low, told.high]).all() and "Nothing is forecast" in told.reason


def test_below_eight_known_counts_nothing_is_forecast():
    assert ht.forecast([]).reason == "Nothing is forecast from fewer than 8 known counts; 0 are known."
    assert ht.forecast([5, 4, None, 6, 5, 7, 4, None, 6]).reason.endswith("; 7 are known.")
    assert ht.forecast([5, 4, None, 6, 5, 7, 4, None, 6, 5]).low == 1


def test_an_interval_that_says_nothing_is_refused():
    told = ht.forecast([1, 900, 2, 700, 1, 2000, 3, 1500, 1, 4000])
    assert told.model == "" and told.reason.endswith("which the past errors ask for, would say nothing.")
    assert len(told.back_test) == 4


def test_where_no_model_is_better_the_last_value_is_forecast_and_named():
    walk = [100, 140, 210, 300, 260, 180, 120, 90, 130, 200, 290, 215]
    told = ht.forecast(walk)
    assert (told.model, told.value) == ("last value", 215)
    assert told.reason.startswith("Last value: in 9 forecasts no model erred clearly less (damped smoothing ")
    error, ratio = told.back_test.set_index("model").loc["last value", ["error", "against_naive"]]
    assert ratio == 1 and error == pytest.approx(np.abs(np.diff(np.log(np.array(walk) + 0.5)))[2:].mean())


def test_an_exact_growth_is_carried_on_by_its_trend():
    told = ht.forecast([round(100 * 1.5**n) for n in range(12)])
    assert told.model == "log-linear trend" and told.value == pytest.approx(100 * 1.5**12, rel=0.002)
    assert told.low < told.value < told.high


@pytest.mark.parametrize("ahead", [1, 3])
def test_smoothing_is_that_of_statsmodels(ahead, monkeypatch):
    rates = np.log(BELGIUM)
    start = {"initialization_method": "known", "initial_level": rates[0], "initial_trend": 0.0}
    model = ExponentialSmoothing(rates, trend=True, damped_trend=True, **start)
    for constants in forecasts._CONSTANTS:
        monkeypatch.setattr(forecasts, "_CONSTANTS", [constants])
        filtered = [model.clone(rates[:size], **start).smooth(constants) for size in range(2, len(rates) + 1)]
        expected = [each.forecast(ahead)[-1] for each in filtered]
        assert forecasts._smooth(rates, ahead)[1:] == pytest.approx(expected)


def test_where_a_count_is_missing_the_smoothed_trend_goes_on(monkeypatch):
    monkeypatch.setattr(forecasts, "_CONSTANTS", [(0.5, 0.2, 0.9)])
    rates = np.array([1.0, 2.0, np.nan, np.nan])
    # Half of the error of 1 goes into the level and a fifth into the trend, of which nine tenths are left each time.
    assert forecasts._smooth(rates, 1) == pytest.approx([1.0, 1.5 + 0.18, 1.68 + 0.162, 1.842 + 0.1458])


def test_a_trend_that_bent_is_not_carried_on():
    # Doubling each year, and then no more: a trend of all years would go on.
    told = ht.forecast([2**n for n in range(3, 12)] + [2048, 2060, 2040, 2055, 2049])
    assert told.model != "log-linear trend" and told.value < 3000
    assert "lean to one side, so it is not carried on" in told.reason


def test_rates_are_forecast_for_the_exposure_to_come():
    series = [80, 90, 85, 88, 92, 87, 90, 84]
    assert ht.forecast(series, [8] * 8, 16).value == pytest.approx(2 * ht.forecast(series, [8] * 8).value, rel=0.01)
    nine_months = ht.forecast([100] * 8 + [75], [365] * 8 + [274], 365)
    assert nine_months.value == pytest.approx(100, rel=0.01)


def test_missing_counts_keep_their_place_and_push_the_forecast_away():
    # From a last count that is two periods old, the next one is three periods ahead.
    series = [31, 28, 35, 33, 30, 36, 29, 34, 32, 37, 30, 33]
    assert ht.forecast([*series, None, None]).high == ht.forecast(series, ahead=3).high > ht.forecast(series).high
    assert ht.forecast([None, None, *BELGIUM]).value == ht.forecast(BELGIUM).value


def test_the_back_test_uses_no_count_before_it_was_there():
    later = [*BELGIUM, 240, 5, 9000, 0, 77]
    for number in range(8, len(BELGIUM) + 1):
        past = forecasts._look_back(forecasts._read(later, None, None, 1))
        told = ht.forecast(later[:number])
        ends = [getattr(past, name)["the one chosen each time"][number] for name in ("value", "low", "high")]
        assert ends == pytest.approx([told.value, told.low, told.high])


def test_a_series_without_change_has_the_interval_of_chance():
    told = ht.forecast([3] * 20)
    assert (told.model, told.value, told.low, told.high) == ("last value", 3, 1, 9)
    assert told.reason == "Last value: in 17 forecasts it was never wrong."


def test_what_cannot_be_forecast_is_refused():
    for wrong in (([1, -2],), ([1, 2], [1, 0]), ([1, 2], [1, 1], 0)):
        with pytest.raises(ht.HtanalysisError, match="counts of 0 or more and exposures above 0"):
            ht.forecast(*wrong)
    with pytest.raises(ht.HtanalysisError, match="as many exposures as counts: 2"):
        ht.forecast([1, 2], [1])
    with pytest.raises(ht.HtanalysisError, match="1 or more, not 0"):
        ht.forecast(BELGIUM, ahead=0)
    with pytest.raises(ht.HtanalysisError, match="two known counts"):
        ht.back_test([3, None])


def test_five_measures_of_sixty_quarters_take_no_reader_seconds():
    series = np.random.default_rng(1).poisson(100 * 1.03 ** np.arange(60))
    ht.forecast(series)
    begin = time.process_time()
    for _ in range(5):
        ht.forecast(series)
    assert time.process_time() - begin < 2
