"""What a measure's quarters can have been: what is known of them, their total, and an assumption.

The calendar is filled from the dates: a quarter between the first and the last, or within the period of the total, that
has no row is one whose count is not known. The order of rows changes nothing.
"""

import math
import operator
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import repeat

import pandas as pd

from htanalysis.chains import Steps, bound_each, maximize_sum
from htanalysis.errors import HtanalysisError, UnknownNameError, check_columns
from htanalysis.integers import Region

#: What can be assumed of a series, and how a sentence says so.
SHAPES = {
    "never falling": "no quarter that the published total covers had fewer than the one before it",
    "convex": "growth never slowed over the quarters that the published total covers",
    "limited change": "no quarter that the published total covers was over {percent:g}% off the one before it",
}


#: What a count did that does not have the shape.
_BROKEN = {
    "never falling": "fell in at least one quarter",
    "convex": "did not grow by more and more each quarter",
    "limited change": "changed by more than {percent:g}% in at least one quarter",
}


@dataclass(frozen=True)
class Shape:
    """An assumption about a series, from each quarter to the next within the period of its total.

    Of quarters outside this period nothing is assumed. So a later quarter that fell does not refute an assumption that
    is to narrow the unpublished ones; a known quarter within the period can. Without a total it is for all quarters.

    `name` is "never falling", "convex" or "limited change"; for this one `max_change` is the largest change to the next
    quarter, as a fraction of the earlier one, and means the decimal number that it is written as: 0.1 is one tenth.
    """

    name: str = "never falling"
    max_change: float = 0.5

    def __post_init__(self) -> None:
        if self.name not in SHAPES:
            raise UnknownNameError("a shape", self.name, SHAPES)
        if not 0 <= self.max_change <= 1:
            raise HtanalysisError(f"max_change is {self.max_change}; it is a fraction and goes from 0 to 1.")

    @property
    def words(self) -> str:
        """Say what is assumed."""
        return SHAPES[self.name].format(percent=self.max_change * 100)

    @property
    def broken(self) -> str:
        """Say what a count did if this cannot be."""
        return _BROKEN[self.name].format(percent=self.max_change * 100)

    @property
    def steps(self) -> Steps:
        """Say how far a quarter can lie from the one before it by itself."""
        change = Fraction(str(self.max_change))
        limits = {"never falling": Steps(Fraction(1)), "limited change": Steps(1 - change, 1 + change)}
        return limits.get(self.name, Steps())

    def rows(self, number: int) -> Iterator[dict[int, int]]:
        """Give the weights, by place, of the sums that are 0 or more if so many quarters in order have the shape."""
        down, up = self.steps.down, self.steps.up
        for place in range(number - 1):
            if self.name != "convex":
                yield {place: -down.numerator, place + 1: down.denominator}
            elif place:
                yield {place - 1: 1, place: -2, place + 1: 1}
            if up:
                yield {place: up.numerator, place + 1: -up.denominator}


@dataclass(frozen=True)
class Series:
    """One measure: what is known of its quarters in order, and of their sum.

    `least` and `most` say what each quarter can have had by itself: its count where it is known, else what has been
    returned of it at the least, and infinite. `total` is the sum over the quarters at the places `inside`, which follow
    each other; None where there is none.
    """

    measure: str
    index: pd.PeriodIndex
    least: list[int]
    most: list[float]
    inside: range
    total: int | None
    #: Those of the quarters that are asked for: all, unless the counts are those of `count_quarters`.
    asked: frozenset[pd.Period]

    @property
    def count(self) -> list[int | None]:
        """Give the known counts, None where there is none."""
        return [None if most is math.inf else most for most in self.most]

    def mark(self, quarters: pd.PeriodIndex) -> list[int]:
        """Give the weights that add up some quarters, as far as the measure has them."""
        marked = self.asked.intersection(quarters)
        return [int(quarter in marked) for quarter in self.index]

    def difference(self, before: int, after: int) -> list[int]:
        """Give the weights that take one quarter from another."""
        weights = [0] * len(self.least)
        weights[after] += 1
        weights[before] -= 1
        return weights

    def bound_each(self, shape: Shape | None = None) -> list[tuple[object, object]]:
        """Bound each quarter by itself, with a shape or with nothing assumed."""
        if shape and shape.name == "convex":
            return [self.limits([int(place == other) for other in self.places], shape) for place in self.places]
        bounds = _bound_each(*self.limits_inside, self.total, shape.steps if shape else Steps())
        if bounds is None:
            return [(pd.NA, pd.NA)] * len(self.least)
        found = list(zip(self.least, self.most, strict=True))
        found[self.inside.start : self.inside.stop] = bounds
        return [(low, pd.NA if high is math.inf else high) for low, high in found]

    def limits(self, weights: Sequence[int], shape: Shape | None = None) -> tuple[object, object]:
        """Minimize and maximize a weighted sum of the quarters.

        Both are missing where no whole numbers agree with what is known, and one where nothing limits it.
        """
        low, high = (self.largest([sign * weight for weight in weights], shape) for sign in (-1, 1))
        return (-low if pd.notna(low) else low), high

    def largest(self, weights: Sequence[int], shape: Shape | None = None) -> object:
        """Maximize a weighted sum of the quarters; missing where nothing limits it, or where there is no series."""
        outside = [place for place in self.places if place not in self.inside and weights[place]]
        beyond = sum(weights[place] * (self.most if weights[place] > 0 else self.least)[place] for place in outside)
        found = _maximize(*self.limits_inside, self.total, shape, self.within(weights))
        return pd.NA if found is None or math.inf in (found, beyond) else found + beyond

    @property
    def places(self) -> range:
        """Give the places of all quarters."""
        return range(len(self.least))

    @property
    def limits_inside(self) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Give the least and the most that each quarter of the total can have had by itself."""
        return self.within(self.least), self.within(self.most)

    def within(self, values: Sequence) -> tuple:
        """Keep the values of the quarters of the total."""
        return tuple(values[self.inside.start : self.inside.stop])


# Pages ask the same of the same quarters several times, and a check of returns asks it before and after them.
_bound_each = lru_cache(bound_each)


@lru_cache(512)
def _maximize(
    least: tuple[int, ...], most: tuple[float, ...], total: int | None, shape: Shape | None, weights: tuple[int, ...]
) -> float | None:
    """Maximize a weighted sum of the quarters of a total; None where there is no series."""
    # Where rounding at each step narrows the quarters, halving their ranges is the faster way.
    if total is not None and shape is not None and shape.steps.up is not None:
        return maximize_sum(least, most, total, shape.steps, weights)
    found = _region(least, most, total, shape).maximize(_of_unknown(weights, most))
    return None if found is None else found + sum(map(operator.mul, weights, least))


@lru_cache
def _region(least: tuple[int, ...], most: tuple[float, ...], total: int | None, shape: Shape | None) -> Region:
    """Give all that the unknown quarters of a total can have had beyond their least."""
    region = Region(len(_of_unknown(least, most)))
    if total is not None:
        region.fix(_of_unknown([1] * len(least), most), total - sum(least))
    for row in shape.rows(len(least)) if shape else ():
        weights = [row.get(place, 0) for place in range(len(least))]
        region.require(_of_unknown(weights, most), -sum(map(operator.mul, weights, least)))
    return region


def _of_unknown(values: Sequence[int], most: Sequence[float]) -> list[int]:
    """Keep the values of the quarters that are not known."""
    return [value for value, limit in zip(values, most, strict=True) if limit is math.inf]


def read_counts(counts: pd.DataFrame) -> pd.DataFrame:
    """Give quarterly counts with their quarters as periods; refuse those that are none."""
    check_columns("counts", counts, ["measure", "quarter", "count"], numbers=["count"])
    if counts["quarter"].isna().any():
        raise HtanalysisError("counts: quarter must hold quarters such as 2012Q3, or days in them; one is missing.")
    if counts["quarter"].dtype == "period[Q-DEC]":
        return counts
    try:
        return counts.assign(quarter=pd.PeriodIndex(counts["quarter"], freq="Q"))
    except (ValueError, TypeError) as error:
        raise HtanalysisError("counts: quarter must hold quarters such as 2012Q3, or days in them.") from error


def read_measures(counts: pd.DataFrame, totals: pd.DataFrame) -> Iterator[Series]:
    """Go through the measures, in the order of their categories or of their names."""
    counts = read_counts(counts)
    check_columns("totals", totals, ["measure", "count"], numbers=["count"])
    if len(twice := totals["measure"][totals["measure"].duplicated()]):
        raise HtanalysisError(f'"{twice.iloc[0]}" has two totals; give one.')
    total_of = totals.set_index("measure").to_dict("index")
    floors = counts["at_least"] if "at_least" in counts else repeat(0, len(counts))
    rows = zip(counts["measure"], counts["quarter"], counts["count"], floors, strict=True)
    of_measure = defaultdict(list)
    for measure, *row in rows:
        of_measure[measure].append(row)
    for measure in counts["measure"].astype("category").cat.categories:
        if own := of_measure[measure]:
            series = _read(measure, own, total_of.get(measure, {}), "task_forces_next" in counts)
            _check(series)
            yield series


def _read(measure: str, rows: Sequence[tuple], total: dict, asked_alone: bool) -> Series:
    """Put one measure's quarters on the calendar, which the period of its total belongs to."""
    held = [quarter for quarter, _, _ in rows]
    if len(set(held)) < len(held):
        twice = next(quarter for quarter in held if held.count(quarter) > 1)
        raise HtanalysisError(f'"{measure}" has {twice} twice; give each quarter once.')
    covered = [pd.Period(total[end], "Q") for end in ("period_start", "period_end") if pd.notna(total.get(end))]
    ends = [*held, *covered]
    index = pd.period_range(min(ends), max(ends), freq="Q")
    first, last = (each.ordinal - index[0].ordinal for each in (covered if len(covered) == 2 else index[[0, -1]]))
    least, most = [0] * len(index), [math.inf] * len(index)
    for quarter, count, floor in rows:
        place, known = quarter.ordinal - index[0].ordinal, _whole(count, measure)
        least[place] = (_whole(floor, measure) or 0) if known is None else known
        most[place] = math.inf if known is None else known
    asked = frozenset(held if asked_alone else index)
    return Series(measure, index, least, most, range(first, last + 1), _whole(total.get("count"), measure), asked)


def _whole(value: object, measure: str) -> int | None:
    """Take a count as a whole number; None where it is missing."""
    if pd.isna(value):
        return None
    if value < 0 or value % 1:
        raise HtanalysisError(f'"{measure}" has a count of {value}; counts are whole numbers of 0 or more.')
    return int(value)


def _check(series: Series) -> None:
    """Refuse counts that no series agrees with."""
    if series.total is None:
        return
    least, most = map(sum, series.limits_inside)
    if not least <= series.total <= most:
        relation = "more" if least > series.total else "less"
        raise HtanalysisError(
            f'The quarters of "{series.measure}" add up to {least:,}, {relation} than its total of {series.total:,}.'
        )
