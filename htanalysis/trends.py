"""Trends of a count: a regression where enough is known, and a reason where it is not.

Its curve may go through a published total of counts that are not known one by one, which no library's generalized
linear model takes; so its few lines of Fisher scoring stand here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy  # Its optimize is imported when it is asked for: it takes long.
from scipy.special import stdtr, stdtrit

from htanalysis import settings
from htanalysis.errors import HtanalysisError
from htanalysis.forecasts import Forecast, forecast

#: Below this many known counts no trend is fitted: two parameters would leave no way to see that they are wrong.
FEWEST = 4
#: From this many on, a season is fitted, overdispersion has a form of its own, and serial correlation is reckoned with.
ENOUGH = 8
#: What the columns of each term of the model are called.
_COLUMNS = {"time": ["constant", "a period"], "step": ["after joining"]}
_COLUMNS |= {"season": [f"quarter {number} against 1" for number in (2, 3, 4)]}
#: Serial correlations from one period to the next that are weighed against each other, each as likely before.
CORRELATIONS = tuple(np.linspace(0, 0.95, 8))
#: The published total is taken for certain: its working variance is this part of a count's of that size.
_CERTAIN = 1e-6
#: Where the limits of the factor differ from it by more than this, they say nothing.
_SAYS_NOTHING = np.log(100)
_TERMS = ["term", "ratio", "low", "high", "p_value"]


@dataclass(frozen=True)
class Trend:
    """What a regression says about a series, or why none was fitted.

    `reason` says which model was chosen and why, or why none was; `model` is "Poisson", "quasi-Poisson", "negative
    binomial" or empty. A row of `terms` is a `term` with its `ratio` (for one period, or for the step), `low`, `high`,
    `p_value`; a row of `fit` is a period: `time`, `count`, `expected`, `residual` (Pearson's, in standard deviations).
    `dispersion` is Pearson's chi-squared divided by its degrees of freedom, 1 for Poisson counts and missing where none
    was fitted. The `forecast` need not rest on the trend: it says which model foretold best.
    """

    reason: str
    model: str = ""
    terms: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_TERMS))
    dispersion: float = float("nan")
    fit: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["time", "count", "expected", "residual"]))
    forecast: Forecast = field(default_factory=lambda: Forecast("Nothing is forecast."))

    @property
    def prediction(self) -> tuple[float, float, float] | None:
        """The forecast count and its interval, or nothing where nothing is forecast."""
        told = self.forecast
        return (told.value, told.low, told.high) if told.model else None

    @property
    def spread(self) -> float:
        """The dispersion that limits of single counts allow for: no less than 1, and 1 where none was fitted."""
        return max(self.dispersion, 1.0) if self.model else 1.0


@dataclass(frozen=True)
class _Data:
    """What is known: `observed` = `gather` times the counts of the periods at `time`, one row or a published total."""

    observed: np.ndarray
    gather: np.ndarray
    design: np.ndarray
    offset: np.ndarray
    time: np.ndarray
    #: The part of its variance that each observation is weighted by.
    trust: np.ndarray

    @property
    def freedom(self) -> int:
        return len(self.observed) - self.design.shape[1]

    @property
    def single(self) -> np.ndarray:
        """Whether a row is one period's count."""
        return self.gather.sum(axis=1) == 1


@dataclass(frozen=True)
class _Curve:
    """A fitted curve: its parameters, the mean of each period, and its variance, mean + shape × mean ** power."""

    params: np.ndarray
    mean: np.ndarray
    shape: float = 0.0
    power: int = 1

    def vary(self, data: _Data) -> np.ndarray:
        """Give the variances of what was observed, where nothing is correlated."""
        return data.gather @ (self.mean + self.shape * self.mean**self.power)

    def work(self, data: _Data) -> tuple[np.ndarray, np.ndarray]:
        """Give the derivatives of what was observed, and the working weights."""
        variance = self.vary(data) * data.trust
        return data.gather @ (self.mean[:, None] * data.design), 1 / variance


def fit_trend(
    counts: Sequence[int | None],
    exposure: Sequence[float],
    next_exposure: float,
    season: Sequence[int] | None = None,
    step: Sequence[bool] | None = None,
    total: float | None = None,
    of_total: Sequence[bool] | None = None,
) -> Trend:
    """Fit a log-linear trend to counts of equal periods in order.

    The rate (count for one unit of exposure) changes by the same factor from each period to the next, and by another
    where `step` begins. A Poisson model is taken unless the counts vary more than it allows: then a negative binomial
    from eight known counts on, and quasi-Poisson below, where the form of the extra variance cannot be seen. Whether
    they do is not tested first: with so few counts a test would miss it. From eight on the limits allow for serial
    correlation; below, counts are taken as independent given the trend.

    The `exposure` is what the counts are proportional to, such as days or task forces reporting, and `next_exposure` is
    that of the next one; missing periods keep their place and are left out of the fit. `season`, 1 to 4, is used where
    eight counts or more are known and it can be told from the step; `step`, whether a body that joined was there, where
    it has two known counts on either side. `total` is a published sum of the counts of the periods `of_total`, to which
    the curve then adds up; left out where no count of it is missing, or the known ones are more. Where four counts or
    more are known after these periods, and the curve through them, carried back, misses what the total leaves by more
    than chance, they alone are fitted. Nothing is fitted where fewer than four counts are known, all are 0, or zeros
    stand so that a factor would be endless.

    Notes
    -----
    Formula: log of the expected count = log of the exposure + constant + slope × period, with a step and seasons
    where they can be told; factor for each period = exp(slope), limits = exp(slope − or + quantile × standard
    error), where the error is averaged over the serial correlations by their restricted likelihood.

    References
    ----------
    P. McCullagh and J. A. Nelder (1989), Generalized Linear Models, 2nd ed., chapters 6 and 9. N. E. Breslow (1984),
    Extra-Poisson variation in log-linear models, Applied Statistics 33, 38-44 (the extra variance). R. Thompson and
    R. J. Baker (1981), Composite link functions in generalized linear models, Applied Statistics 30 (the total). A.
    Albert and J. A. Anderson (1984), On the existence of maximum likelihood estimates, Biometrika 71 (endless factors).
    """
    frame = _frame(len(counts), count=counts, exposure=exposure, season=season, step=step)
    told, gap = forecast(counts, exposure, next_exposure), _find_gap(frame, total, of_total)
    later = frame[np.flatnonzero(of_total).max() + 1 :] if gap[0].any() else frame[:0]
    alone = _fit_known(later, (np.zeros(len(later), dtype=bool), 0.0))
    if not alone.model or not _misses(frame, later, gap):
        return replace(_fit_known(frame, gap), forecast=told)
    reason = f"{alone.reason} The curve does not lead back to the published total, and begins after it."
    fit = frame[["time", "count"]].merge(alone.fit.drop(columns="count"), "left", "time")
    return replace(alone, reason=reason, fit=fit, forecast=told)


def _frame(number: int, **columns: Sequence[Any] | None) -> pd.DataFrame:
    given = {name: list(values) for name, values in columns.items() if values is not None}
    if any(len(values) != number for values in given.values()):
        raise HtanalysisError(f"A trend needs as many exposures, seasons and steps as counts: {number}.")
    frame = pd.DataFrame({"time": np.arange(number)} | given)
    frame["count"] = pd.to_numeric(frame["count"], errors="raise").astype("Float64").astype(float)
    if (frame["count"] < 0).any() or not (frame["exposure"].astype(float) > 0).all():
        raise HtanalysisError("A trend needs counts of 0 or more and exposures above 0.")
    return frame


def _find_gap(frame: pd.DataFrame, total: float | None, of_total: Sequence[bool] | None) -> tuple[np.ndarray, float]:
    """Find the missing periods whose sum is known, and that sum: what the total leaves."""
    nothing = np.zeros(len(frame), dtype=bool), 0.0
    if total is None:
        return nothing
    if of_total is None or len(of_total) != len(frame):
        raise HtanalysisError(f"A total needs to say of each of the {len(frame)} periods whether it holds it.")
    inside = np.asarray(of_total, dtype=bool)
    gap, rest = inside & frame["count"].isna().to_numpy(), float(total) - frame["count"][inside].sum()
    return (gap, rest) if gap.any() and rest > 0 else nothing


def _misses(frame: pd.DataFrame, later: pd.DataFrame, gap: tuple[np.ndarray, float]) -> bool:
    """Tell whether the curve through later counts, carried back, misses what a total leaves by more than chance.

    By how much Pearson's chi-squared grows where the total is one more observation: Student's t, squared.
    """
    names, _ = _choose_terms(later.dropna(subset=["count"]))
    apart = frame.assign(count=later["count"])  # The counts before are left out.
    nothing = np.zeros(len(frame), dtype=bool), 0.0
    data = [_gather(apart, names, *each, certain=1.0) for each in (nothing, gap)]
    curves = [_regress(each, 0.0, 1) for each in data]
    if None in curves:
        return False
    alone, both = map(_pearson, data, curves)
    excess = max(both - alone, 0.0) / max(alone / data[0].freedom, 1.0)
    return bool(2 * stdtr(data[0].freedom, -np.sqrt(excess)) < 1 - settings.CONFIDENCE)


def _fit_known(frame: pd.DataFrame, gap: tuple[np.ndarray, float]) -> Trend:
    """Fit what can be fitted to the known counts and to what a total leaves, or say why that is nothing."""
    known = frame.dropna(subset=["count"])
    if len(known) < FEWEST:
        number = {0: "No count is known", 1: "One point", 2: "Two points", 3: "Three points"}[len(known)]
        return Trend(f"{number}: no trend is fitted. At least {FEWEST} are needed.")
    if not known["count"].any():
        return Trend("Every known count is 0: no trend is fitted.")
    names, left_out = _choose_terms(known)
    if not names:
        return Trend("With these zeros a factor of change would be endless: no trend is fitted.")
    return _fit(frame, names, gap, left_out)


def _choose_terms(known: pd.DataFrame) -> tuple[list[str], str]:
    """List the terms that the known counts can bear, each for its reason in `fit_trend`, and say which zeros forbid."""
    names = ["time"]
    if "step" in known and known["step"].sum() >= 2 and (~known["step"].astype(bool)).sum() >= 2:
        names.append("step")
    if "season" in known and len(known) >= ENOUGH and known["season"].nunique() == 4:
        names.append("season")
    # A body that joins after exactly a year cannot be told from the season with the trend.
    design = _design(known, names)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        names.remove("season")
    left_out = []
    while names and _is_endless(known["count"].to_numpy(), _design(known, names)):
        left_out.append(names.pop())
    return names, f" With these zeros no {' and no '.join(left_out)} can be told." * bool(left_out)


def _is_endless(counts: np.ndarray, design: np.ndarray) -> bool:
    """Tell whether some direction of the parameters lowers only what is 0, so that the likelihood has no maximum."""
    if counts.all():
        return False
    zeros, others = design[counts == 0], design[counts > 0]
    # The direction is sought in which the zeros fall most, by at most 1 each, while the other counts stay.
    most = np.vstack([zeros, -zeros]), np.repeat([0.0, 1.0], len(zeros))
    found = scipy.optimize.linprog(zeros.sum(axis=0), *most, others, np.zeros(len(others)), bounds=(None, None))
    return bool(found.fun < -1e-6)


def _design(frame: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Make the model's columns: a constant, the trend, and what `names` adds."""
    columns = [np.ones(len(frame)), frame["time"].to_numpy(float)]
    if "step" in names:
        columns.append(frame["step"].to_numpy(float))
    if "season" in names:
        columns += [frame["season"].eq(number).to_numpy(float) for number in (2, 3, 4)]
    return np.column_stack(columns)


def _fit(frame: pd.DataFrame, names: list[str], gap: tuple[np.ndarray, float], left_out: str) -> Trend:
    data = _gather(frame, names, *gap)
    curve = _regress(data, 0.0, 1)
    if curve is None:
        return Trend("No curve of this kind goes through the counts: no trend is fitted.")
    dispersion = _pearson(data, curve) / data.freedom
    number = int(frame["count"].notna().sum())
    model, why = _choose_model(dispersion, number)
    if model == "negative binomial":
        curve, model, why = _find_shape(data, curve, why)
    if model == "quasi-Poisson":
        curve = replace(curve, shape=dispersion - 1)
    correlated = number >= ENOUGH and model != "Poisson"
    columns = [column for name in names for column in _COLUMNS[name]]
    terms = _terms(columns, data, curve, model, CORRELATIONS if correlated else (0.0,))
    if np.log(terms.loc[0, "high"] / terms.loc[0, "ratio"]) > _SAYS_NOTHING:
        return Trend("By these counts the factor of change can be nearly anything: no trend is fitted.")
    expected = np.exp(_design(frame, names) @ curve.params) * frame["exposure"].to_numpy(float)
    spread = np.sqrt(expected + curve.shape * expected**curve.power)
    bent = correlated and _is_bent(data, curve, model)
    reason = why + left_out + " One factor does not fit all periods: it changed on the way." * bent
    fit = frame[["time", "count"]].assign(expected=expected, residual=(frame["count"] - expected) / spread)
    return Trend(reason, model, terms, dispersion, fit)


def _is_bent(data: _Data, curve: _Curve, model: str) -> bool:
    """Tell whether the factor itself changed: by a term for the square of time, at the confidence of the settings."""
    time = data.time - data.time.mean()
    more = replace(data, design=np.column_stack([data.design, (time / time.max()) ** 2]))
    bent = _regress(more, curve.shape, curve.power) if more.freedom > 0 else None
    if bent is None:
        return False
    terms = _terms(["constant", *range(more.design.shape[1] - 1)], more, bent, model, CORRELATIONS)
    return bool(terms["p_value"].iloc[-1] < 1 - settings.CONFIDENCE)


def _gather(frame: pd.DataFrame, names: list[str], gap: np.ndarray, rest: float, certain: float = _CERTAIN) -> _Data:
    """Put the known counts, and the sum of those in the gap, over the periods that they belong to."""
    known = frame["count"].notna().to_numpy()
    used = frame[known | gap]
    rows = np.eye(len(frame))[known][:, known | gap]
    observed = frame["count"].to_numpy()[known]
    if gap.any():
        rows, observed = np.vstack([rows, gap[known | gap].astype(float)]), np.append(observed, rest)
    offset, trust = np.log(used["exposure"].to_numpy(float)), np.where(rows.sum(axis=1) == 1, 1.0, certain)
    return _Data(observed, rows, _design(used, names), offset, used["time"].to_numpy(float), trust)


def _regress(data: _Data, shape: float, power: int, start: np.ndarray | None = None) -> _Curve | None:
    """Fit the log-linear curve by Fisher scoring; nothing where that finds no end."""
    params = _start(data) if start is None else start
    for _ in range(200):
        curve = _Curve(params, np.exp(data.design @ params + data.offset), shape, power)
        slopes, weights = curve.work(data)
        rest, root = data.observed - data.gather @ curve.mean, np.sqrt(weights)
        step = np.linalg.lstsq(slopes * root[:, None], rest * root, rcond=None)[0]
        reach = np.abs(data.design @ step).max()
        params = params + step * min(1, 2 / max(reach, 1e-300))
        if reach < 1e-9:
            return curve
    return None


def _start(data: _Data) -> np.ndarray:
    """Begin with the straight line through the logarithms of the known counts."""
    places = data.gather[data.single].argmax(axis=1)
    logs = np.log(data.observed[data.single] + 0.5) - data.offset[places]
    return np.linalg.lstsq(data.design[places], logs, rcond=None)[0]


def _pearson(data: _Data, curve: _Curve) -> float:
    return float(((data.observed - data.gather @ curve.mean) ** 2 / curve.vary(data)).sum())


def _choose_model(dispersion: float, number: int) -> tuple[str, str]:
    measured = f"Pearson’s dispersion is {dispersion:.1f}"
    if not dispersion > 1:
        return "Poisson", f"Poisson, since the counts vary no more than it allows: {measured}."
    since = f"since {measured}, where Poisson has 1"
    if number < ENOUGH:
        return "quasi-Poisson", f"Quasi-Poisson, {since}, and {number} counts do not show its form."
    return "negative binomial", f"Negative binomial, {since}."


def _find_shape(data: _Data, curve: _Curve, why: str) -> tuple[_Curve, str, str]:
    """Find the extra variance at which Pearson's chi-squared is what it should be, or keep its simpler form."""

    def excess(shape: float) -> float:
        found = _regress(data, shape, 2, curve.params)
        if found is None:
            raise ArithmeticError
        return _pearson(data, found) - data.freedom

    try:
        high = next(high for high in 4.0 ** np.arange(-6, 6) if excess(high) < 0)
        shape = scipy.optimize.brentq(excess, 0.0, high, xtol=1e-9, rtol=1e-6)
    except (ArithmeticError, StopIteration):
        why = f"{why.replace('Negative binomial', 'Quasi-Poisson')[:-1]}, and no negative binomial fits."
        return curve, "quasi-Poisson", why
    return _regress(data, shape, 2, curve.params), "negative binomial", why


def _weigh_correlations(data: _Data, curve: _Curve, correlations: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Give the parameters' standard errors under each serial correlation (a row each), and how likely each is.

    At each the extra variance is such that the residuals have the size that they should have.
    """
    slopes, weights = curve.work(data)
    bread = np.linalg.pinv((slopes.T * weights) @ slopes) @ (slopes.T * weights)
    lags, size = np.abs(data.time[:, None] - data.time), curve.mean ** (curve.power / 2)
    # No two of what was observed share a period: chance alone makes nothing of them vary together.
    chance, errors, likely = data.gather @ curve.mean, [], []
    root = np.sqrt(chance)[:, None]
    for correlation in correlations:
        extra = data.gather @ (np.outer(size, size) * np.asarray(correlation) ** lags) @ data.gather.T
        # Both have the same directions, so that another shape changes nothing but the sizes along them.
        sizes, directions = np.linalg.eigh(extra / (root * root.T))
        sizes, directions = sizes.clip(0), directions / root  # None is below 0 but by rounding.
        turned = directions.T @ (data.observed - chance), directions.T @ slopes, sizes
        shape = _fit_shape(data.freedom, curve.shape, *turned) if len(correlations) > 1 else curve.shape
        errors.append(np.sqrt(np.diag(bread @ (np.diag(chance) + shape * extra) @ bread.T)))
        likely.append(_restrict(shape, *turned)[1])
    likely = np.exp(np.array(likely) - max(likely))
    return np.array(errors), likely / likely.sum()


def _fit_shape(freedom: int, start: float, *turned: np.ndarray) -> float:
    def excess(shape: float) -> float:
        return _restrict(shape, *turned)[0] - freedom

    highest = 64 * max(start, 1e-6)
    return float(scipy.optimize.brentq(excess, 0.0, highest, rtol=0.01)) if excess(0.0) > 0 > excess(highest) else start


def _restrict(shape: float, residuals: np.ndarray, slopes: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """Give the weighted sum of squared residuals that no parameter explains, and the restricted log-likelihood.

    Of that, what is the same for every shape and correlation is left out.
    """
    root = np.sqrt(1 + shape * sizes)
    orthogonal, triangle = np.linalg.qr(slopes / root[:, None])
    squares = float(((residuals / root) ** 2).sum() - ((orthogonal.T @ (residuals / root)) ** 2).sum())
    return squares, -float(np.log(root).sum() + np.log(np.abs(np.diag(triangle))).sum()) - squares / 2


def _terms(names: Sequence[Any], data: _Data, curve: _Curve, model: str, correlations: Sequence[float]) -> pd.DataFrame:
    params, (errors, weights) = curve.params, _weigh_correlations(data, curve, correlations)
    freedom = np.inf if model == "Poisson" else data.freedom
    reach = np.array([_quantile(column, weights, freedom) for column in errors.T])
    ratios = [np.exp(params), np.exp((params - reach).clip(-50)), np.exp((params + reach).clip(max=50))]
    values = [names, *ratios, 2 * weights @ stdtr(freedom, -np.abs(params) / errors)]
    table = pd.DataFrame(dict(zip(_TERMS, values, strict=True)))
    return table[table["term"].ne("constant")].reset_index(drop=True)


def _quantile(errors: np.ndarray, weights: np.ndarray, freedom: float) -> float:
    """Find how far the interval reaches where the standard error is one of several, each with its weight."""
    tail = (1 - settings.CONFIDENCE) / 2
    reaches = errors * -stdtrit(freedom, tail)
    if len(errors) == 1 or reaches.max() == 0:
        return float(reaches.max())
    ends = 0.999 * reaches.min(), 1.001 * reaches.max()  # a little wider, for rounding
    return float(scipy.optimize.brentq(lambda reach: weights @ stdtr(freedom, -reach / errors) - tail, *ends))
