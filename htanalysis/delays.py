"""Totals that are not complete yet: what the growth of earlier ones teaches about them."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from htanalysis import settings
from htanalysis.errors import HtanalysisError, check_columns

#: How many earlier quarters make a history: each season once.
HISTORY = 4


@dataclass(frozen=True)
class Nowcast:
    """A total of which only a part has come in, told from how earlier ones grew.

    `value` lies between the whole numbers `low` and `high` with the collection's confidence; its standard error is
    `error`, and the range reaches `quantile` of them to either side. Of the `tried` earlier totals the range that the
    others alike would have given `held` so many.
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

    A row of the earlier totals has `seen` (the part that had come in when it was as old) and `complete`. Of the total
    told now, `seen` is the part that has come in; it is above 0.

    Notes
    -----
    Formula: what has come in × sum of the earlier totals ÷ sum of what had come in of them; less and plus Student's t
    × its standard error, as whole numbers.

    References
    ----------
    T. Mack (1993), Distribution-free calculation of the standard error of chain ladder reserve estimates, ASTIN
    Bulletin 23, 213-225.

    Examples
    --------
    >>> earlier = pd.DataFrame({"seen": [40, 50, 60, 50], "complete": [80, 105, 118, 97]})
    >>> told = nowcast(earlier, 55)
    >>> told.value, told.low, told.high, told.held, told.tried
    (110.0, 93.0, 127.0, 4, 4)
    """
    check_columns("earlier", earlier, ["seen", "complete"], numbers=["seen", "complete"])
    pairs = earlier.loc[earlier["seen"] > 0, ["seen", "complete"]].to_numpy(float)
    if not seen > 0 or len(pairs) < HISTORY:
        raise HtanalysisError(f"A nowcast needs a part that has come in, and {HISTORY} earlier totals with one.")
    others = [_grow(np.delete(pairs, place, axis=0), part) for place, (part, _) in enumerate(pairs)]
    held = sum(bool(one.low <= whole <= one.high) for one, whole in zip(others, pairs[:, 1], strict=True))
    return replace(_grow(pairs, seen), tried=len(pairs), held=held)


def _grow(pairs: np.ndarray, seen: float) -> Nowcast:
    """Carry a part to its total, given pairs of an earlier part and its total."""
    from scipy.special import ndtri, stdtrit  # Here alone: whoever asks for no nowcast need not wait for it.

    parts, wholes = pairs.T
    base, growth = parts.sum(), wholes.sum() / parts.sum()
    more, misses = max(wholes.sum() - base, 0), (wholes / parts - growth) ** 2
    variance, of_ratios = (parts * misses).sum() / (len(pairs) - 1), misses.sum() / (len(pairs) - 1)
    level, per_variance = (1 + settings.CONFIDENCE) / 2, seen + seen**2 / base
    # A variance that is estimated needs Student's t, and one that is given does not.
    estimated = max(variance * per_variance, of_ratios * seen**2 * (1 + 1 / len(pairs)))
    by_t = float(stdtrit(len(pairs) - 1, level)), math.sqrt(estimated)
    by_chance = float(ndtri(level)), math.sqrt((more + 0.5) / base * per_variance)
    quantile, error = max(by_t, by_chance, key=math.prod)
    value, reach = float(growth * seen), quantile * error
    return Nowcast(value, float(max(math.floor(value - reach), 0)), float(math.ceil(value + reach)), error, quantile)
