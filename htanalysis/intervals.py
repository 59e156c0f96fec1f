"""Shares of a whole: what can stand behind them, how they are weighed and turned round, and what is none."""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.special import betaincinv

from htanalysis import settings
from htanalysis.errors import HtanalysisError

#: Half of the last digit of a share that is published in whole percents.
HALF_PERCENT = 0.005


def count_behind_share(share: float, total: int) -> list[int]:
    """List the whole numbers of a total that round to a share published in whole percents.

    One entry means that the count is certain.

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
    low = math.ceil(total * (share - HALF_PERCENT) - 1e-9)
    high = math.floor(total * (share + HALF_PERCENT) + 1e-9)
    return list(range(max(low, 0), min(high, total) + 1))


def smallest_total(shares: Sequence[float]) -> int:
    """Find the smallest number of cases that can stand behind published shares of a whole.

    That is the smallest that whole numbers share out so that each share, rounded to whole percents, is the published
    one.

    Examples
    --------
    >>> smallest_total([0.5, 0.25, 0.25]), smallest_total([0.56, 0.23, 0.21])
    (4, 39)
    """
    check_share("shares", shares)
    for total in range(1, 10_001):
        fitting = [count_behind_share(share, total) for share in shares]
        if all(fitting) and sum(counts[0] for counts in fitting) <= total <= sum(counts[-1] for counts in fitting):
            return total
    raise HtanalysisError(f"No total up to 10,000 gives the shares {list(shares)}; do they add up to 1?")


def detect_ratio(sex: float, labor: float, true_labor_share: float) -> float:
    """Say how many times as likely as a labor victim a sex trafficking victim is to be counted, for a true mix.

    The true odds of labor to sex divided by the counted odds. Assumes that source and true mix speak of the same place,
    time and definition of a victim. Sex and labor are counted shares (or counts), and the true share is that of labor
    among both: 1 where both are counted equally often, above 1 where labor victims are missed more.

    Notes
    -----
    Formula: true labor share ÷ (1 − true labor share) × counted sex ÷ counted labor.

    Examples
    --------
    >>> round(detect_ratio(sex=0.56, labor=0.23, true_labor_share=16.4 / 20.9), 1)
    8.9
    """
    for name, counted in {"sex": sex, "labor": labor}.items():
        if not is_number(counted) or not 0 < counted < math.inf:
            raise HtanalysisError(f"No ratio: {name} is {counted}; it must be above 0.")
    check_share("No ratio: true_labor_share", true_labor_share, inside=True)
    return true_labor_share / (1 - true_labor_share) * sex / labor


def apply_bayes(prior: Sequence[float], given: Sequence[float]) -> float:
    """Turn "foreign, given labor or sex" round into "labor, given foreign" by Bayes' rule.

    The first pair has the shares of labor and of sex, or their odds, where both are multiplied alike; the second, the
    share of foreigners among each.

    Notes
    -----
    Formula: labor × foreign among labor ÷ (labor × foreign among labor + sex × foreign among sex).

    Examples
    --------
    >>> round(apply_bayes([0.1, 0.8], [0.95, 0.17]), 3)
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
    low = float(betaincinv(count, rest + 1, tail)) if count else 0.0
    return low, float(betaincinv(count + 1, rest, 1 - tail)) if rest else 1.0


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
