"""What a coming count may be: the last value, unless a model would have told the counts before it better."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from htanalysis import settings
from htanalysis.errors import HtanalysisError

#: Below this many known counts nothing is forecast: too few past errors would tell how wide an interval must be.
FEWEST = 8
#: The forecast that the others must beat, and those others.
NAIVE, DAMPED, LINE = "last value", "damped smoothing", "log-linear trend"
#: The forecast that would have been made each time, by the errors known then.
CHOSEN = "the one chosen each time"
#: A model is taken only where its mean error is below the naive one's by this factor: less can be chance.
MARGIN = 0.95
#: Forecasts made from fewer counts are not judged, and of the others only so many, the last ones.
_FIRST, _RECENT = 3, 40
#: Where the last errors of the trend lean to one side by so many standard errors, it fits no longer.
_LEANING, _LAST = 1.5, 6
#: A model that was chosen by its errors has lost so many of them: the naive one none.
_LOST = (0, 2, 2)
#: Fewer past errors give no interval.
_FEWEST_ERRORS = 4
#: An interval whose ends differ by this factor says nothing.
_SAYS_NOTHING = 100
#: Constants of the smoothing: the weights of an error in the level and in the trend, and what damps the trend.
_CONSTANTS = [
    *((level, 0.0, 0.9) for level in (0.2, 0.4, 0.7)),
    *((level, level * trend, 0.9) for level in (0.3, 0.6, 0.9) for trend in (0.1, 0.4)),
]
_COLUMNS = ["model", "origins", "error", "against_naive", "intervals", "held"]


@dataclass(frozen=True)
class Forecast:
    """What a coming count may be and by which model, or why that is not told.

    `value` (the true count is as likely above as below), and `low` and `high`, the smallest and largest whole count of
    the interval that holds it with the confidence of the settings, are missing where nothing is forecast. `model` is
    then empty, and `reason` says why; elsewhere it says why this model was chosen.
    """

    reason: str
    model: str = ""
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    back_test: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_COLUMNS))


def forecast(
    counts: Sequence[int | None],
    exposure: Sequence[float] | None = None,
    next_exposure: float | None = None,
    ahead: int = 1,
) -> Forecast:
    """Forecast a coming count from the counts of equal periods in order.

    The last value is taken, unless damped exponential smoothing or a log-linear trend would have told the counts before
    it better by a twentieth. Its interval has the width that the model's own past errors ask for, so that it assumes
    only that they go on.

    The `exposure` is what the counts are proportional to, such as days or task forces reporting, and `next_exposure` is
    that of the forecast one: 1 for each, and that of the last, where none is given. Missing periods keep their place.
    `ahead` says which period is forecast: 1 for the one that follows. Nothing is forecast from fewer than eight counts
    or four past errors, or where the interval's ends would differ by a factor of a hundred.

    Notes
    -----
    Formula: log of (count + 1/2) for one unit of exposure = the model’s forecast − or + Student’s quantile × root of
    the mean squared past error, which is no less than 1 ÷ (forecast count + 1); degrees of freedom = past errors, less
    two for a model chosen by them, ÷ √ahead, since errors over several periods overlap.

    References
    ----------
    E. S. Gardner and E. McKenzie (1985), Forecasting trends in time series, Management Science 31 (damping). L. J.
    Tashman (2000), Out-of-sample tests of forecasting accuracy, International Journal of Forecasting 16.

    Examples
    --------
    AIDS in Belgium, 1981 to 1992; 240 cases came in 1993.

    >>> told = forecast([12, 14, 33, 50, 67, 74, 123, 141, 165, 204, 253, 246])
    >>> told.model, round(told.value), told.low, told.high
    ('damped smoothing', 274, 182.0, 413.0)
    """
    series = _read(counts, exposure, next_exposure, ahead)
    known = int((~np.isnan(series.rates)).sum())
    if known < FEWEST:
        return Forecast(f"Nothing is forecast from fewer than {FEWEST} known counts; {known} are known.")
    past = _look_back(series)
    table, model = _judge(past), past.models.iloc[-1]
    value, low, high = (float(frame[CHOSEN].iloc[-1]) for frame in (past.value, past.low, past.high))
    if np.isnan(low):
        return Forecast("Nothing is forecast: too few forecasts over so many periods can be judged.", back_test=table)
    if high + 1 > _SAYS_NOTHING * (low + 1):
        words = f"Nothing is forecast: {low:,.0f} to {high:,.0f}, which the past errors ask for, would say nothing."
        return Forecast(words, back_test=table)
    return Forecast(_explain(model, table, past.leans.iloc[-1]), model, value, low, high, table)


def back_test(counts: Sequence[int | None], exposure: Sequence[float] | None = None, ahead: int = 1) -> pd.DataFrame:
    """Judge each model by the forecasts that it would have made, each from the counts before it alone.

    Parameters and errors are those of `forecast`; two counts must be known. A row is a model, the last one being the
    choice made each time: `model`, `origins` (forecasts judged, the last forty at most), `error` (mean absolute
    difference of the logarithms of count + 1/2), `against_naive` (that error divided by the naive one's; missing where
    that is 0), `intervals` (how many of the forecasts had one) and `held` (share of these that held the count; missing
    where there is none).

    Notes
    -----
    Formula: error = mean of |log of (count + 1/2) − its forecast from the counts before it|; held = counts within
    their interval ÷ intervals.

    Examples
    --------
    >>> back_test([12, 14, 33, 50, 67, 74, 123, 141, 165, 204, 253, 246])["error"].round(2).tolist()
    [0.23, 0.13, 0.3, 0.17]
    """
    series = _read(counts, exposure, None, ahead)
    if (~np.isnan(series.rates)).sum() < 2:
        raise HtanalysisError("A back-test needs two known counts or more.")
    return _judge(_look_back(series))


@dataclass(frozen=True)
class _Series:
    """Logarithms of rates from the first known to the last, their exposures, and how far ahead is looked from there."""

    rates: np.ndarray
    exposure: np.ndarray
    next_exposure: float
    ahead: int

    def look_ahead(self, values: np.ndarray) -> np.ndarray:
        """Give the value that is forecast from each number of first ones, from none to all; nothing after the last."""
        return np.append(values, np.full(self.ahead, np.nan))[self.ahead - 1 :]


@dataclass(frozen=True)
class _Past:
    """Every forecast that could have been made: a row is how many counts it was made from, a column is a model.

    `errors` are those of the logarithms, `models` names the one chosen each time by the errors known then, and `leans`
    tells where the log-linear trend no longer fitted.
    """

    errors: pd.DataFrame
    value: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    count: pd.Series
    models: pd.Series
    leans: pd.Series


def _read(
    counts: Sequence[int | None], exposure: Sequence[float] | None, next_exposure: float | None, ahead: int
) -> _Series:
    numbers = pd.to_numeric(pd.Series(list(counts), dtype="object")).astype("Float64").to_numpy(float, na_value=np.nan)
    exposures = np.array([1.0] * len(numbers) if exposure is None else list(exposure), dtype=float)
    if len(exposures) != len(numbers):
        raise HtanalysisError(f"A forecast needs as many exposures as counts: {len(numbers)}.")
    following = exposures[-1:].sum() if next_exposure is None else float(next_exposure)
    if (numbers < 0).any() or not (exposures > 0).all() or not (following > 0 or not len(numbers)):
        raise HtanalysisError("A forecast needs counts of 0 or more and exposures above 0.")
    if ahead != int(ahead) or ahead < 1:
        raise HtanalysisError(f"ahead is the number of periods to look ahead, 1 or more, not {ahead!r}.")
    known = np.flatnonzero(~np.isnan(numbers))
    if not known.size:
        return _Series(numbers, exposures, following, int(ahead))
    kept = slice(known[0], known[-1] + 1)
    rates = np.log((numbers[kept] + 0.5) / exposures[kept])
    # Where the last counts are missing, the forecast is made from farther away.
    return _Series(rates, exposures[kept], following, int(ahead) + len(numbers) - 1 - int(known[-1]))


def _look_back(series: _Series) -> _Past:
    made, target = _forecast_each(series).clip(-40, 40), series.look_ahead(series.rates)
    errors = target[:, None] - made
    errors[np.isnan(_delay(series.rates, 1)) | (np.arange(len(made)) < _FIRST)] = np.nan
    known = _delay(errors, series.ahead)[: len(made)]
    leans = _find_leaning(known[:, -1:])[:, 0]
    chosen = _choose(_average(np.abs(known)), leans)
    # All three reckon with a half above the count.
    bodies = series.look_ahead(series.exposure)
    bodies = np.where(np.isnan(bodies), series.next_exposure, bodies)
    count = np.exp(made) * bodies[:, None]
    reach = _reach(known, count, series.ahead)
    value = (count - 0.5).clip(0).round(6)
    low = np.ceil(count / reach - 0.5 - 1e-9).clip(0) + 0.0  # no -0
    frames = []
    for table in (errors, value, low, np.floor(count * reach - 0.5 + 1e-9)):
        taken = np.take_along_axis(table, chosen[:, None], axis=1)
        frames.append(pd.DataFrame(np.hstack([table, taken]), columns=[NAIVE, DAMPED, LINE, CHOSEN]))
    models = pd.Series(np.array([NAIVE, DAMPED, LINE])[chosen])
    return _Past(*frames, pd.Series(np.exp(target) * bodies - 0.5), models, pd.Series(leans))


def _delay(values: np.ndarray, periods: int) -> np.ndarray:
    """Put the values so many periods later, and nothing before them."""
    return np.concatenate([np.full((periods, *values.shape[1:]), np.nan), values])


def _sum_last(values: np.ndarray, number: int = _RECENT) -> np.ndarray:
    """Add up, in each column, each value and those before it, so many in all; what is missing adds nothing."""
    padded = np.nan_to_num(_delay(values, number - 1))
    return np.lib.stride_tricks.sliding_window_view(padded, number, axis=0).sum(axis=-1)


def _average(values: np.ndarray) -> np.ndarray:
    """Average the last values of each column; missing where none is known."""
    with np.errstate(invalid="ignore"):
        return _sum_last(values) / _sum_last(~np.isnan(values))


def _reach(known: np.ndarray, count: np.ndarray, ahead: int) -> np.ndarray:
    """Find the factor from a forecast to the ends of its interval, missing where too few errors are known."""
    number = _sum_last(~np.isnan(known))
    free = np.where(number >= _FEWEST_ERRORS, number - _LOST, np.nan)
    quantile = stdtrit(np.maximum(free / np.sqrt(ahead), 1), (1 + settings.CONFIDENCE) / 2)
    spread = np.maximum(_sum_last(known**2) / free, 1 / (count + 0.5))
    return np.exp(quantile * np.sqrt(spread)).clip(max=1e12)


def _find_leaning(errors: np.ndarray) -> np.ndarray:
    """Tell where the last errors lean to one side by more than chance."""
    size = _average(errors**2).clip(1e-4)
    # A series that grows exactly leans by its rounding alone: a hundredth is no lack of fit.
    number = _sum_last(~np.isnan(errors), _LAST)
    return np.abs(_sum_last(errors, _LAST)) > _LEANING * np.sqrt(number * size)


def _forecast_each(series: _Series) -> np.ndarray:
    """Forecast the logarithm by each model, a column, from each number of first values; a row is that number."""
    rates, known = series.rates, ~np.isnan(series.rates)
    last = np.maximum.accumulate(np.where(known, np.arange(len(rates)), 0))
    naive, time = rates[last], np.where(known, np.arange(len(rates)), np.nan)
    number = known.cumsum()
    level, middle, both, square = (np.nancumsum(values) / number for values in (rates, time, rates * time, time * time))
    with np.errstate(invalid="ignore"):
        slope = np.where(number >= _FIRST, (both - level * middle) / (square - middle**2), np.nan)
    line = level + slope * (np.arange(len(rates)) + series.ahead - middle)
    return _delay(np.column_stack([naive, _smooth(rates, series.ahead), line]), 1)


def _smooth(rates: np.ndarray, ahead: int) -> np.ndarray:
    """Smooth with each set of constants, and take at each time the one whose forecasts were best until then.

    Each looks back alone, so that one pass gives the forecasts from every origin.
    """
    level, trend, made = np.full(len(_CONSTANTS), rates[0]), np.zeros(len(_CONSTANTS)), []
    for_level, for_trend, damping = np.transpose(_CONSTANTS)
    carried = sum(damping**step for step in range(1, ahead + 1))
    for rate in rates:
        level, trend = level + damping * trend, damping * trend
        error = 0.0 if np.isnan(rate) else rate - level  # A missing count changes nothing.
        level, trend = level + for_level * error, trend + for_trend * error
        made.append(level + trend * carried)
    made = np.array(made)
    errors = _delay(np.abs(rates[ahead:, None] - made[:-ahead]), ahead)[: len(made)]
    number = (~np.isnan(errors)).cumsum(axis=0).clip(1)
    best = (np.nancumsum(errors, axis=0) / number).argmin(axis=1)
    return made[np.arange(len(made)), best]


def _choose(loss: np.ndarray, leans: np.ndarray) -> np.ndarray:
    """Choose, by its place, the model of the smallest mean error: the naive one unless another is clearly better."""
    weighed = np.where(np.isnan(loss), np.inf, loss * [MARGIN, 1.0, 1.0])
    weighed[leans, -1] = np.inf
    return weighed.argmin(axis=1)


def _judge(past: _Past) -> pd.DataFrame:
    errors = past.errors.dropna(how="all").tail(_RECENT)
    within = past.low.le(past.count, axis=0) & past.high.ge(past.count, axis=0)
    within = within.astype(float).where(past.low.notna()).loc[errors.index]
    error = errors.abs().mean()
    table = {
        "origins": errors.count(),
        "error": error,
        "against_naive": error / error[NAIVE] if error[NAIVE] > 0 else np.nan,
        "intervals": within.count(),
        "held": within.mean(),
    }
    return pd.DataFrame(table).rename_axis("model").reset_index()


def _explain(model: str, table: pd.DataFrame, leans: bool) -> str:
    ratios, origins = table.set_index("model")["against_naive"], table["origins"].iloc[0]
    bent = " The last errors of the log-linear trend lean to one side, so it is not carried on." if leans else ""
    if model != NAIVE:
        erred = f"it erred {ratios[model]:.2f} times as much as the last value"
        return f"{model.capitalize()}: in {origins} forecasts {erred}.{bent}"
    if ratios.isna().any():
        return f"Last value: in {origins} forecasts it was never wrong."
    others = " and ".join(f"{name} {ratios[name]:.2f}" for name in (DAMPED, LINE))
    return f"Last value: in {origins} forecasts no model erred clearly less ({others} times as much).{bent}"
