"""Trends of a count: a regression where enough is known, and a reason where it is not.

What fits a regression is imported where one is fitted: it takes longer than checking a file of returns, after which
mostly too little is known.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from htanalysis import settings
from htanalysis.errors import HtanalysisError

if TYPE_CHECKING:
    from statsmodels.genmod.generalized_linear_model import GLMResults

#: Below this many known counts no trend is fitted: two parameters would leave no way to see that they are wrong.
FEWEST = 4
#: From this many on, a season is fitted, and overdispersion has a parameter of its own.
ENOUGH = 8


@dataclass(frozen=True)
class Trend:
    """What a regression says about a series, or why none was fitted.

    Attributes
    ----------
    reason : str
        Which model was chosen and why, or why none was.
    model : str
        "Poisson", "quasi-Poisson" or "negative binomial"; empty where none was fitted.
    terms : pandas.DataFrame
        A row is a term: `term`, `ratio` (rate ratio for one period, or for the step), `low`, `high`, `p_value`.
    dispersion : float
        Pearson's chi-squared divided by its degrees of freedom; 1 for Poisson counts. Missing where none was fitted.
    fit : pandas.DataFrame
        A row is a known period: `time`, `count`, `expected`, `residual` (Pearson's, in standard deviations).
    prediction : tuple of float, optional
        Expected count of the next period, and the interval that holds the count with the confidence of the settings.
    """

    reason: str
    model: str = ""
    terms: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_TERMS))
    dispersion: float = float("nan")
    fit: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["time", "count", "expected", "residual"]))
    prediction: tuple[float, float, float] | None = None


#: Fifty probabilities whose quantiles stand for a distribution, each as likely as the others.
_LEVELS = (np.arange(50) + 0.5) / 50

_TERMS = ["term", "ratio", "low", "high", "p_value"]


def fit_trend(
    counts: Sequence[int | None],
    exposure: Sequence[float],
    next_exposure: float,
    season: Sequence[int] | None = None,
    step: Sequence[bool] | None = None,
) -> Trend:
    """Fit a log-linear trend to counts of equal periods in order.

    The rate (count for one unit of exposure) changes by the same factor from each period to the next, and by another
    where `step` begins. A Poisson model is taken unless the counts vary more than it allows: then a negative binomial
    from eight known counts on, and quasi-Poisson below, where the form of the extra variance cannot be seen. Whether
    they do is not tested first: with so few counts a test would miss it. Assumes independent counts given the trend.

    Parameters
    ----------
    counts : sequence of int or missing
        What was counted, in the order of time. Missing periods keep their place and are left out of the fit.
    exposure : sequence of float
        What the count is proportional to, such as days or task forces reporting; above 0.
    next_exposure : float
        The exposure of the period after the last.
    season : sequence of int, optional
        Season of each period, 1 to 4; used where eight counts or more are known, and it can be told from the step.
    step : sequence of bool, optional
        Whether a body that joined was there; used where it has two known counts on either side.

    Returns
    -------
    Trend
        With `model` empty and a `reason` where fewer than four counts are known or all are 0.

    Raises
    ------
    HtanalysisError
        If a count is negative, an exposure is not above 0 or the sequences differ in length.

    Notes
    -----
    Formula: log of the expected count = log of the exposure + constant + slope × period, with a step and seasons
    where they can be told; factor for each period = exp(slope), limits = exp(slope − or + quantile × standard
    error).

    References
    ----------
    P. McCullagh and J. A. Nelder (1989), Generalized Linear Models, 2nd ed., chapters 6 and 9. N. E. Breslow (1984),
    Extra-Poisson variation in log-linear models, Applied Statistics 33, 38-44 (the extra variance).
    """
    frame = _frame(counts, exposure, season, step)
    known = frame.dropna(subset=["count"])
    if len(known) < FEWEST:
        number = {0: "No count is known", 1: "One point", 2: "Two points", 3: "Three points"}[len(known)]
        return Trend(f"{number}: no trend is fitted. At least {FEWEST} are needed.")
    if not known["count"].any():
        return Trend("Every known count is 0: no trend is fitted.")
    names = _choose_terms(known)
    return _fit(frame, known, names, next_exposure)


def fit_measures(counts: pd.DataFrame, joined: pd.Period) -> dict[str, Trend]:
    """Fit each measure's trend over the quarters, for one task force reporting.

    Parameters
    ----------
    counts : pandas.DataFrame
        `count_quarters`: `measure`, `quarter`, `count`, `task_forces_reporting`.
    joined : pandas.Period
        The quarter from which a further task force reports; the rate may change there.

    Returns
    -------
    dict of str to Trend
        By measure, in the order of the data.
    """
    trends = {}
    for measure, rows in counts.groupby("measure", observed=True, sort=False):
        rows = rows.sort_values("quarter")
        quarters, bodies = pd.PeriodIndex(rows["quarter"]), rows["task_forces_reporting"].astype(float)
        trends[measure] = fit_trend(rows["count"], bodies, bodies.iloc[-1], quarters.quarter, quarters >= joined)
    return trends


def _frame(
    counts: Sequence[int | None],
    exposure: Sequence[float],
    season: Sequence[int] | None,
    step: Sequence[bool] | None,
) -> pd.DataFrame:
    number = len(counts)
    columns = {"count": counts, "exposure": exposure, "season": season, "step": step}
    given = {name: list(values) for name, values in columns.items() if values is not None}
    if any(len(values) != number for values in given.values()):
        raise HtanalysisError(f"A trend needs as many exposures, seasons and steps as counts: {number}.")
    frame = pd.DataFrame({"time": np.arange(number)} | given)
    frame["count"] = pd.to_numeric(frame["count"], errors="raise").astype("Float64").astype(float)
    if (frame["count"] < 0).any() or not (frame["exposure"].astype(float) > 0).all():
        raise HtanalysisError("A trend needs counts of 0 or more and exposures above 0.")
    return frame


def _choose_terms(known: pd.DataFrame) -> list[str]:
    """List the terms that the known counts can bear, each for its reason in `fit_trend`."""
    names = ["time"]
    if "step" in known and known["step"].sum() >= 2 and (~known["step"].astype(bool)).sum() >= 2:
        names.append("step")
    if "season" in known and len(known) >= ENOUGH and known["season"].nunique() == 4:
        names.append("season")
    # A body that joins after exactly a year cannot be told from the season with the trend.
    if np.linalg.matrix_rank(_design(known, names)) < _design(known, names).shape[1]:
        names.remove("season")
    return names


def _design(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Make the model's columns: a constant, the trend, and what `names` adds."""
    columns = {"constant": 1.0, "a period": frame["time"].astype(float)}
    if "step" in names:
        columns["after joining"] = frame["step"].astype(float)
    if "season" in names:
        columns |= {f"quarter {number} against 1": frame["season"].eq(number).astype(float) for number in (2, 3, 4)}
    return pd.DataFrame(columns, index=frame.index)


def _fit(frame: pd.DataFrame, known: pd.DataFrame, names: list[str], next_exposure: float) -> Trend:
    from scipy import stats

    design = _design(known, names)
    freedom = len(known) - design.shape[1]
    poisson = _regress(known, design)
    dispersion = float(poisson.pearson_chi2) / freedom
    model, why = _choose_model(dispersion, len(known))
    shape = _find_shape(known, design, freedom) if model == "negative binomial" else 0.0
    scale = dispersion if model == "quasi-Poisson" else 1.0
    result = _regress(known, design, shape)
    distribution = stats.norm() if model == "Poisson" else stats.t(freedom)
    covariance = result.cov_params() * scale
    expected = result.predict()
    spread = np.sqrt(expected * scale + shape * expected**2)
    ahead = _design(_next_row(frame, next_exposure), names).iloc[0].to_numpy()
    center = float(ahead @ result.params + np.log(next_exposure))
    # The dispersion is itself estimated, from few counts: values that are equally likely stand for it.
    scales = np.maximum(scale * freedom / stats.chi2.ppf(_LEVELS, freedom), 1) if scale > 1 else np.ones(1)
    error = float(np.sqrt(ahead @ covariance @ ahead))
    return Trend(
        reason=why,
        model=model,
        terms=_terms(design.columns, result.params, np.sqrt(np.diag(covariance)), distribution),
        dispersion=dispersion,
        fit=known[["time", "count"]].assign(expected=expected, residual=(known["count"] - expected) / spread),
        prediction=_predict(center, error, distribution, scales, shape),
    )


def _regress(known: pd.DataFrame, design: pd.DataFrame, shape: float = 0.0) -> "GLMResults":
    """Fit the log-linear model; `shape` is the extra variance as a multiple of the squared mean."""
    import statsmodels.genmod.families as families
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    family = families.NegativeBinomial(alpha=shape) if shape else families.Poisson()
    offset = np.log(known["exposure"].to_numpy(float))
    with warnings.catch_warnings():
        # Counts that lie on a line are no trouble here, where no parameter runs away.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        return GLM(known["count"].to_numpy(), design.to_numpy(), family=family, offset=offset).fit(tol=1e-12)


def _choose_model(dispersion: float, number: int) -> tuple[str, str]:
    measured = f"Pearson’s dispersion is {dispersion:.1f}"
    if not dispersion > 1:
        return "Poisson", f"Poisson, since the counts vary no more than it allows: {measured}."
    if number < ENOUGH:
        return "quasi-Poisson", (
            f"Quasi-Poisson, since {measured}, where Poisson has 1, and {number} counts do not show its form."
        )
    return "negative binomial", f"Negative binomial, since {measured}, where Poisson has 1."


def _find_shape(known: pd.DataFrame, design: pd.DataFrame, freedom: int) -> float:
    """Find the extra variance at which Pearson's chi-squared is what it should be."""
    from scipy.optimize import brentq

    def excess(shape: float) -> float:
        return float(_regress(known, design, shape).pearson_chi2) - freedom

    return float(brentq(excess, 0.0, 1e6, xtol=1e-6, rtol=1e-4))


def _terms(names: pd.Index, params: np.ndarray, errors: np.ndarray, distribution: object) -> pd.DataFrame:
    reach = distribution.ppf((1 + settings.CONFIDENCE) / 2) * errors
    table = pd.DataFrame(
        {
            "term": names,
            "ratio": np.exp(params),
            "low": np.exp(params - reach),
            "high": np.exp(params + reach),
            "p_value": 2 * distribution.sf(np.abs(params / errors)),
        }
    )
    return table[table["term"].ne("constant")].reset_index(drop=True)


def _next_row(frame: pd.DataFrame, exposure: float) -> pd.DataFrame:
    """Give the period after the last: its season follows, and who had joined is still there."""
    row = {"time": frame["time"].iloc[-1] + 1, "exposure": exposure}
    if "season" in frame:
        row["season"] = frame["season"].iloc[-1] % 4 + 1
    if "step" in frame:
        row["step"] = bool(frame["step"].iloc[-1])
    return pd.DataFrame([row])


def _predict(
    center: float, error: float, distribution: object, scales: np.ndarray, shape: float
) -> tuple[float, float, float]:
    """Give the mean and the interval of a count whose logarithmic mean is known to within an error.

    The count's distribution is averaged over equally likely values of its mean and of its dispersion, so that the
    interval holds the uncertainty of the trend, that of the dispersion and the chance of the count.
    """
    from scipy import stats

    means = np.exp(center + error * distribution.ppf(_LEVELS))[:, None]
    extra = (scales - 1) / means + shape  # variance beyond the mean's, as a multiple of the squared mean

    def reached(count: int) -> float:
        if extra.max() < 1e-9:
            return float(stats.poisson.cdf(count, means).mean())
        size = 1 / np.maximum(extra, 1e-9)
        return float(stats.nbinom.cdf(count, size, size / (size + means)).mean())

    tail = (1 - settings.CONFIDENCE) / 2
    return float(np.exp(center)), _first_count(reached, tail), _first_count(reached, 1 - tail)


def _first_count(reached: Callable[[int], float], limit: float) -> float:
    """Find the smallest count at which a distribution function reaches a limit, by doubling and halving."""
    high = 1
    while reached(high) < limit:
        high *= 2
    low = -1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= limit else (middle, high)
    return float(high)
