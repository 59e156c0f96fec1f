"""Shares of a whole: what can stand behind them, how they are weighed and turned round, and what is none."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy import stats

from htanalysis import settings
from htanalysis.errors import HtanalysisError


@dataclass(frozen=True)
class Span:
    """A value with the range that its inputs leave.

    Attributes
    ----------
    value, low, high : float
        `low` <= `value` <= `high`.
    """

    value: float
    low: float
    high: float


def count_behind_share(share: float, total: int, digits: int = 2) -> list[int]:
    """List the whole numbers of a total that round to a published share.

    Parameters
    ----------
    share : float
        Published share (fraction), rounded to `digits`.
    total : int
        Number of which it is a share.
    digits : int
        Decimals of the fraction that were published: 2 for whole percents.

    Returns
    -------
    list of int
        Every count that fits; one entry means that the count is certain.

    Notes
    -----
    Formula: every whole number from total × (share − half of its last digit), rounded up, to total × (share + half
    of its last digit), rounded down.

    Examples
    --------
    >>> count_behind_share(0.76, 141), count_behind_share(0.15, 141)
    ([107], [21])
    """
    check_share("share", share)
    check_total("total", total)
    half = 0.5 * 10.0**-digits
    low, high = math.ceil(total * (share - half) - 1e-9), math.floor(total * (share + half) + 1e-9)
    return list(range(max(low, 0), min(high, total) + 1))


def fewest_behind_share(share: float, above: int, digits: int = 2) -> int:
    """Say how many cases at least stand behind a share of a total that is known only to be above a number.

    Notes
    -----
    Formula: (total known to be exceeded + 1) × (share − half of its last digit), rounded up.

    Examples
    --------
    >>> fewest_behind_share(0.72, above=1000)
    716
    """
    check_share("share", share)
    check_total("above", above)
    return max(math.ceil((above + 1) * (share - 0.5 * 10.0**-digits) - 1e-9), 0)


def smallest_total(shares: Sequence[float], digits: int = 2) -> int:
    """Find the smallest number of cases that can stand behind published shares of a whole.

    Parameters
    ----------
    shares : sequence of float
        Shares (fractions) that add up to 1, rounded to `digits`.
    digits : int
        Decimals of the fraction that were published.

    Returns
    -------
    int
        The smallest total that whole numbers share out so that each share rounds to the published one.

    Raises
    ------
    HtanalysisError
        If no total up to 10,000 does.

    Examples
    --------
    >>> smallest_total([0.5, 0.25, 0.25]), smallest_total([0.56, 0.23, 0.21])
    (4, 39)
    """
    check_share("shares", shares)
    for total in range(1, 10_001):
        fitting = [count_behind_share(share, total, digits) for share in shares]
        if all(fitting) and sum(counts[0] for counts in fitting) <= total <= sum(counts[-1] for counts in fitting):
            return total
    raise HtanalysisError(f"No total up to 10,000 gives the shares {list(shares)}; do they add up to 1?")


def poststratify(shares: Sequence[float], weights: Sequence[float]) -> float:
    """Give the share in a whole from the shares in its groups and the groups' weights.

    Parameters
    ----------
    shares : sequence of float
        Share in each group (fractions).
    weights : sequence of float
        Each group's part of the whole; they add up to 1.

    Raises
    ------
    HtanalysisError
        If a share is not from 0 to 1, or the weights do not add up to 1.

    Examples
    --------
    >>> round(poststratify([0.89, 0.73], [0.5, 0.5]), 2)
    0.81
    """
    check_share("shares", shares)
    check_share("weights", weights)
    if not math.isclose(sum(weights), 1, abs_tol=1e-9):
        raise HtanalysisError(f"The weights {list(weights)} are no parts of a whole: they must add up to 1.")
    return sum(share * weight for share, weight in zip(shares, weights, strict=True))


def weigh_groups(first: float, second: float, pooled: float, margin: float, rounding: float = 0.005) -> Span:
    """Find which mixes of two groups give a pooled share, when all three shares are rounded.

    Parameters
    ----------
    first, second : float
        The shares in the two groups; further apart than their rounding.
    pooled : float
        The share in both together.
    margin : float
        Half the width of what the pooled share can be; an assumption, where the source gives it in words.
    rounding : float
        Half the width of what the groups' shares can be: 0.005 for whole percents.

    Returns
    -------
    Span
        Weight of the first group (fraction of the cases), held to 0 to 1.

    Raises
    ------
    HtanalysisError
        If a share is not from 0 to 1, a margin is negative, the groups do not differ, or no mix gives the pooled share.

    Notes
    -----
    Formula: (pooled share − second share) ÷ (first share − second share), at its smallest and largest over the
    shares' rounding and the margin, held between 0 and 1.

    Examples
    --------
    >>> weigh_groups(0.89, 0.73, 0.8, 0.05, rounding=0)
    Span(value=0.4375, low=0.125, high=0.75)
    """
    for name, share in {"first": first, "second": second, "pooled": pooled}.items():
        check_share(name, share)
    if (
        not (is_number(margin) and is_number(rounding))
        or not min(margin, rounding) >= 0
        or not abs(first - second) > 2 * rounding + 1e-9
    ):
        raise HtanalysisError(
            f"The groups’ shares {first} and {second}, with margins {margin} and {rounding}: margins are 0 or more, and"
            " the shares differ by more than their rounding; otherwise any mix gives the pooled share."
        )
    signs = list(itertools.product((-1, 0, 1), repeat=3))
    weights = [_weight(first + a * rounding, second + b * rounding, pooled + c * margin) for a, b, c in signs]
    if max(weights) < 0 or min(weights) > 1:
        raise HtanalysisError(f"No mix of {first} and {second} gives {pooled} to within {margin}.")
    value = _weight(first, second, pooled)
    return Span(*(round(min(max(part, 0.0), 1.0), 10) for part in (value, min(weights), max(weights))))


def _weight(first: float, second: float, pooled: float) -> float:
    return (pooled - second) / (first - second)


def turn_round(prior: Sequence[float], given: Sequence[float]) -> float:
    """Turn "foreign, given labor or sex" round into "labor, given foreign" by Bayes' rule.

    Parameters
    ----------
    prior : sequence of float
        Shares of labor and of sex; or their odds, where both are multiplied alike.
    given : sequence of float
        Share of foreigners among labor and among sex, from 0 to 1.

    Returns
    -------
    float
        Share of labor among the foreigners.

    Raises
    ------
    HtanalysisError
        If a share is not what it can be, or nobody is foreign.

    Notes
    -----
    Formula: labor × foreign among labor ÷ (labor × foreign among labor + sex × foreign among sex).

    Examples
    --------
    >>> round(turn_round([0.1, 0.8], [0.95, 0.17]), 3)
    0.411
    """
    if not all(is_number(share) for share in (*prior, *given)) or not (
        all(0 <= share < math.inf for share in prior) and all(0 <= share <= 1 for share in given)
    ):
        raise HtanalysisError(
            f"The shares {list(prior)} and {list(given)} must be 0 or more, the second pair at most 1."
        )
    labor, sex = (share * part for share, part in zip(prior, given, strict=True))
    if not labor + sex > 0:
        raise HtanalysisError("Nobody is foreign in these shares, so there is no mix among foreigners.")
    return labor / (labor + sex)


def limit_share(count: int, rest: int) -> tuple[float, float]:
    """Give the exact interval (Clopper and Pearson's) for the share of a count among itself and the rest."""
    if count + rest == 0:
        raise HtanalysisError("No cases, so there is no share.")
    tail = (1 - settings.CONFIDENCE) / 2
    low = float(stats.beta.ppf(tail, count, rest + 1)) if count else 0.0
    return low, float(stats.beta.ppf(1 - tail, count + 1, rest)) if rest else 1.0


def is_number(value: Any) -> bool:
    """Say whether a value is a number, and no text, truth value or missing one."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_) and not math.isnan(value)


def check_share(name: str, value: Any, inside: bool = False) -> None:
    """Refuse a value, or one of a sequence or an array of values, that is no share; `inside` leaves out 0 and 1."""
    values = np.asarray(value)
    if values.dtype.kind == "O":
        values = np.array([each if is_number(each) else math.nan for each in values.ravel()], dtype=float)
    if values.dtype.kind in "iuf":
        wrong = ~((values > 0) & (values < 1)) if inside else ~((values >= 0) & (values <= 1))
        if not wrong.any():
            return
        value = np.ravel(value)[int(np.argmax(np.ravel(wrong)))]
    ends = "lies between 0 and 1" if inside else "goes from 0 to 1"
    raise HtanalysisError(f"{name} is {value}; it is a share, no percentage, and {ends}.")


def check_total(name: str, value: Any, least: int = 0) -> None:
    """Refuse a value that is no whole number, or below the least that it can be."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise HtanalysisError(f"{name} is {value}; it is a whole number, {least} or more.")
