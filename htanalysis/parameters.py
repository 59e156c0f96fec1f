"""What a notebook's parameters can be: checked once, before anything is computed with them."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from htanalysis import settings
from htanalysis.data import list_described, load
from htanalysis.errors import HtanalysisError
from htanalysis.feasible import SHAPES
from htanalysis.returns.counts import parse_period

_YEARS = "penal_code_236_1"
_DAY = 'a day such as "2012-10-31", "latest" or "report"'


@dataclass(frozen=True)
class Range:
    """The numbers that a parameter can be.

    `open` leaves the ends out, and `whole` takes whole numbers only.
    """

    low: float
    high: float
    open: bool = False
    whole: bool = False

    @property
    def words(self) -> str:
        """Say what is expected."""
        kind = "a whole number" if self.whole else "a number"
        ends = f"above {self.low:g} and below {self.high:g}" if self.open else f"from {self.low:g} to {self.high:g}"
        return f"{kind} {ends}"

    def holds(self, value: Any) -> bool:
        """Say whether a value is one of them."""
        if isinstance(value, bool) or not isinstance(value, Integral if self.whole else Real):
            return False
        return self.low < value < self.high if self.open else self.low <= value <= self.high


FRACTION = Range(0, 1)


def list_ranges() -> dict[str, Range | tuple[str, ...]]:
    """Give what each parameter but the period and the day can be: a range, or the words to choose from."""
    ranges = {
        "audience": settings.AUDIENCES,
        "assumption": tuple(SHAPES),
        "max_change": FRACTION,
        "joiner_share": FRACTION,
        "ilo_labor_share": Range(0, 1, open=True),
        "other_to_labor": FRACTION,
        "vice_share": FRACTION,
        "margin": Range(0, 0.1),
        "victims_ratio": Range(0, 100, open=True),
        "most_agencies": Range(1, 100, whole=True),
    }
    if _YEARS in {entry["name"] for entry in list_described()}:  # another collection need not have it
        years = load(_YEARS)["year"]
        ranges["open_years"] = Range(1, int(years.max() - years.min()), whole=True)
    return ranges


def check_parameters(**given: Any) -> None:
    """Check all parameters of a notebook, or of a scenario, by their names.

    Examples
    --------
    >>> check_parameters(quarter="2012Q2", vice_share=0.44)
    >>> check_parameters(vice_share=1.5)
    Traceback (most recent call last):
    htanalysis.errors.HtanalysisError: vice_share is 1.5; it must be a number from 0 to 1.
    """
    for name, allowed in list_ranges().items():
        if name in given:
            _check_one(name, given[name], allowed)
    if "as_of" in given:
        _check_day(given["as_of"])
    if "quarter" in given:
        _check_period(given)


def _check_one(name: str, value: Any, allowed: Range | tuple[str, ...]) -> None:
    if isinstance(allowed, Range):
        fits, words = allowed.holds(value), allowed.words
    else:
        fits, words = isinstance(value, str) and value in allowed, " or ".join(f'"{word}"' for word in allowed)
    if not fits:
        raise HtanalysisError(f"{name} is {_show(value)}; it must be {words}.")


def _check_day(value: Any) -> None:
    if value in ("latest", "report"):
        return
    try:
        day = datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise HtanalysisError(f"as_of is {_show(value)}; it must be {_DAY}.") from None
    if day > datetime.date.today():
        raise HtanalysisError(f"as_of is {_show(value)}, a day to come; it must be {_DAY}.")


def _check_period(given: Mapping[str, Any]) -> None:
    value = given["quarter"]
    if not isinstance(value, str):
        raise HtanalysisError(f'quarter is {_show(value)}; it must be a text such as "2012Q2" or "2011Q3:2012Q2".')
    try:
        parse_period(value, given.get("as_of", "latest"))
    except HtanalysisError as error:
        raise HtanalysisError(f"quarter: {error}") from None


def _show(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
