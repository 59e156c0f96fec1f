"""Counts that are not complete yet: what later editions of a table, or later returns, teach about what still grows."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from htanalysis import settings
from htanalysis.errors import HtanalysisError

#: How many earlier quarters make a history: each season once.
HISTORY = 4


@dataclass(frozen=True)
class Development:
    """What is still to come, by the chain-ladder method, or why it was not used.

    Attributes
    ----------
    reason : str
        Empty where the method was used; otherwise what is missing.
    factors : pandas.Series
        Growth factor from each age to the next; the index is the age.
    to_come : pandas.DataFrame
        A row is a year: `year`, `latest`, `ultimate`, `to_come` and `error` (standard error of `to_come`).
    total, total_error : float
        The sum of `to_come` and its standard error; years are correlated, since they share the factors.
    """

    reason: str = ""
    factors: pd.Series | None = None
    to_come: pd.DataFrame | None = None
    total: float = float("nan")
    total_error: float = float("nan")


def make_triangle(editions: pd.DataFrame) -> pd.DataFrame:
    """Arrange the editions of a table by year and age.

    Parameters
    ----------
    editions : pandas.DataFrame
        A row is a year in an edition: `year`, `edition` (year in which it was known) and `count`.

    Returns
    -------
    pandas.DataFrame
        Rows are years, columns are ages (`edition` minus `year`); missing where no edition has it.
    """
    aged = editions.assign(age=editions["edition"].astype(int) - editions["year"].astype(int))
    return aged.pivot(index="year", columns="age", values="count").astype(float)


def chain_ladder(triangle: pd.DataFrame) -> Development:
    """Carry each year's count to the last age by the growth that earlier years had, with Mack's standard error.

    Each growth factor is the ratio of sums over the years that have both ages. Assumes that a year's growth is
    proportional to what it had, the same for all years, and independent between years: not so where the courts or the
    reporting changed.

    Parameters
    ----------
    triangle : pandas.DataFrame
        Cumulative counts; rows are years in order, columns ages in order. A row may begin late, and has no gap.

    Returns
    -------
    Development
        With a `reason` where a single edition is held, so that no growth was seen. Standard errors are missing where
        growth was seen once at an age, and none before it tells its variance.

    Raises
    ------
    HtanalysisError
        If a count is negative, a row has a gap, or an age has only zeros to grow from.

    Notes
    -----
    Formula: growth from an age to the next = sum of the counts at the next ÷ sum of the counts at the age, over the
    years with both; to come = last count × all growth still ahead − last count.

    References
    ----------
    T. Mack (1993), Distribution-free calculation of the standard error of chain ladder reserve estimates, ASTIN
    Bulletin 23, 213-225.
    """
    counts = triangle.to_numpy(float)
    known = ~np.isnan(counts)
    if (np.nan_to_num(counts) < 0).any() or not known.any(axis=1).all() or (_starts(known) > 1).any():
        raise HtanalysisError("A triangle needs counts of 0 or more, and in each row some count and no gap.")
    if not (known[:, :-1] & known[:, 1:]).any():
        return Development("One edition of the table is held: no growth was seen, so none is carried forward.")
    factors, variances = _measure_growth(counts, known)
    last = known.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    latest = counts[np.arange(len(counts)), last]
    full = _fill(counts, factors, last)
    risk = _Risk(variances / factors**2, _bases(counts, known), full, last)
    errors = _squared_errors(risk)
    to_come = pd.DataFrame(
        {
            "year": triangle.index,
            "latest": latest,
            "ultimate": full[:, -1],
            "to_come": full[:, -1] - latest,
            "error": np.sqrt(errors),
        }
    )
    return Development(
        factors=pd.Series(factors, index=triangle.columns[:-1]),
        to_come=to_come,
        total=float(to_come["to_come"].sum()),
        total_error=float(np.sqrt(errors.sum() + _shared_error(risk))),
    )


@dataclass(frozen=True)
class Nowcast:
    """A total of which only a part has come in, told from how earlier ones grew.

    Attributes
    ----------
    value, low, high : float
        The total, and the whole numbers between which it lies with the collection's confidence.
    error, quantile : float
        The standard error of the total, and how many of it the range reaches to either side.
    tried, held : int
        The earlier totals, and how many of them the range holds that the others alike would have given them.
    """

    value: float
    low: float
    high: float
    error: float
    quantile: float
    tried: int = 0
    held: int = 0


def nowcast(earlier: pd.DataFrame, seen: float) -> Nowcast:
    """Tell a total from the part that has come in, by the growth that earlier totals had from the same part.

    The chain ladder with two ages, the part and the whole. Its variance is Mack's, proportional to what has come in, or
    proportional to the square of that, whichever is larger here: the second holds where counts grow and vary by more
    than chance. As it is estimated from few totals, the range uses Student's t. It is no narrower than if what is still
    to come were Poisson, with half a count more, so that equal totals do not make it certain.

    Parameters
    ----------
    earlier : pandas.DataFrame
        A row is an earlier total: `seen` (the part that had come in when it was as old) and `complete`.
    seen : float
        The part that has come in now, above 0.

    Returns
    -------
    Nowcast
        With how many earlier totals the others would have told.

    Raises
    ------
    HtanalysisError
        If nothing has come in, or there are fewer than four earlier totals of which something had.

    Notes
    -----
    Formula: what has come in × sum of the earlier totals ÷ sum of what had come in of them; less and plus Student's t
    × its standard error, as whole numbers.

    References
    ----------
    T. Mack (1993), as for `chain_ladder`.

    Examples
    --------
    >>> earlier = pd.DataFrame({"seen": [40, 50, 60, 50], "complete": [80, 105, 118, 97]})
    >>> told = nowcast(earlier, 55)
    >>> told.value, told.low, told.high, told.held, told.tried
    (110.0, 93.0, 127.0, 4, 4)
    """
    pairs = earlier.loc[earlier["seen"] > 0, ["seen", "complete"]].to_numpy(float)
    if not seen > 0 or len(pairs) < HISTORY:
        raise HtanalysisError(f"A nowcast needs a part that has come in, and {HISTORY} earlier totals with one.")
    others = [_grow(np.delete(pairs, place, axis=0), part) for place, (part, _) in enumerate(pairs)]
    held = sum(bool(one.low <= whole <= one.high) for one, whole in zip(others, pairs[:, 1], strict=True))
    return replace(_grow(pairs, seen), tried=len(pairs), held=held)


def _grow(pairs: np.ndarray, seen: float) -> Nowcast:
    """Carry a part to its total, given pairs of an earlier part and its total."""
    from scipy.special import ndtri, stdtrit  # Here alone: whoever asks for no nowcast need not wait for it.

    (growth,), (variance,) = _measure_growth(pairs, ~np.isnan(pairs))
    base, more = pairs[:, 0].sum(), max(pairs[:, 1].sum() - pairs[:, 0].sum(), 0)
    of_ratios = ((pairs[:, 1] / pairs[:, 0] - growth) ** 2).sum() / (len(pairs) - 1)
    level, per_variance = (1 + settings.CONFIDENCE) / 2, seen + seen**2 / base
    # A variance that is estimated needs Student's t, and one that is given does not.
    estimated = max(variance * per_variance, of_ratios * seen**2 * (1 + 1 / len(pairs)))
    by_t = float(stdtrit(len(pairs) - 1, level)), math.sqrt(estimated)
    by_chance = float(ndtri(level)), math.sqrt((more + 0.5) / base * per_variance)
    quantile, error = max(by_t, by_chance, key=math.prod)
    value, reach = float(growth * seen), quantile * error
    return Nowcast(value, float(max(math.floor(value - reach), 0)), float(math.ceil(value + reach)), error, quantile)


@dataclass(frozen=True)
class _Risk:
    """What Mack's errors are made of: each age's relative variance and base, each year's counts and last known age."""

    relative: np.ndarray
    bases: np.ndarray
    full: np.ndarray
    last: np.ndarray


def _starts(known: np.ndarray) -> np.ndarray:
    """Count in each row how often a run of known counts begins."""
    padded = np.pad(known.astype(int), ((0, 0), (1, 0)))
    return (np.diff(padded, axis=1) > 0).sum(axis=1)


def _bases(counts: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Add up, for each age, the counts whose growth was seen."""
    return np.where(known[:, :-1] & known[:, 1:], counts[:, :-1], 0).sum(axis=0)


def _measure_growth(counts: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Estimate each age's growth factor and variance (Mack's formulas for f and sigma squared)."""
    factors, variances = [], []
    for age, base in enumerate(_bases(counts, known)):
        both = known[:, age] & known[:, age + 1]
        if not base > 0:
            raise HtanalysisError(
                f"No growth is known from age {age}: no year has a count above 0 there and one after."
            )
        before, after = counts[both, age], counts[both, age + 1]
        factor = after.sum() / base
        growing = before > 0
        residuals = before[growing] * (after[growing] / before[growing] - factor) ** 2
        factors.append(factor)
        variances.append(residuals.sum() / (both.sum() - 1) if both.sum() > 1 else np.nan)
    return np.array(factors), _complete(np.array(variances))


def _complete(variances: np.ndarray) -> np.ndarray:
    """Give an age whose growth was seen once Mack's value: it continues the decline of the two ages before it."""
    for age in np.flatnonzero(np.isnan(variances)):
        if age >= 2 and not np.isnan(variances[age - 2 : age]).any():
            first, second = variances[age - 2 : age]
            variances[age] = min(second**2 / first if first else 0.0, first, second)
    return variances


def _fill(counts: np.ndarray, factors: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Carry each row from its last known count to the last age."""
    full = counts.copy()
    for age, factor in enumerate(factors):
        full[:, age + 1] = np.where(last <= age, full[:, age] * factor, full[:, age + 1])
    return full


def _squared_errors(risk: _Risk) -> np.ndarray:
    """Give the mean squared error of each year's ultimate: the chance in its own growth, and the factors' error."""
    errors = np.zeros(len(risk.full))
    for row, (counts, last) in enumerate(zip(risk.full, risk.last, strict=True)):
        if counts[-1] > 0:
            parts = risk.relative[last:] * (1 / counts[last:-1] + 1 / risk.bases[last:])
            errors[row] = counts[-1] ** 2 * parts.sum()
    return errors


def _shared_error(risk: _Risk) -> float:
    """Give what the common factors add to the mean squared error of the total."""
    shared = 0.0
    for counts, last in zip(risk.full, risk.last, strict=True):
        # Years known to an earlier age use all the factors that this year still needs.
        younger = risk.full[risk.last < last, -1].sum()
        shared += 2 * counts[-1] * younger * (risk.relative[last:] / risk.bases[last:]).sum()
    return shared
