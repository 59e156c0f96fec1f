"""Whole numbers in a row, of which each has limits, as has each step to the next: what they and their sums can be."""

import heapq
import itertools
import math
import operator
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial


@dataclass(frozen=True)
class Steps:
    """How far each of some whole numbers can lie from the one before it.

    It is at least `down` times and at most `up` times the one before it; `down` is 0 to 1, and `up` 1 or more, or None
    where nothing limits it.
    """

    down: Fraction = Fraction(0)
    up: Fraction | None = None

    def least_after(self, value: int) -> int:
        """Give the least that can follow a number."""
        return -(-value * self.down.numerator // self.down.denominator)

    def most_after(self, value: float) -> float:
        """Give the most that can follow a number."""
        return math.inf if self.up is None or value == math.inf else value * self.up.numerator // self.up.denominator

    def least_before(self, value: int) -> int:
        """Give the least that can stand before a number."""
        return 0 if self.up is None else -(-value * self.up.denominator // self.up.numerator)

    def most_before(self, value: float) -> float:
        """Give the most that can stand before a number."""
        return value * self.down.denominator // self.down.numerator if self.down and value < math.inf else math.inf

    @property
    def loose_from(self) -> float:
        """Give the number from which on a next number can differ; those below stay as they are for ever."""
        if self.up is None:
            return 0
        change = self.up - 1
        return math.ceil(1 / change) - 1 if change else math.inf


def bound_each(
    least: Sequence[int], most: Sequence[float], total: int | None, steps: Steps
) -> list[tuple[int, float]] | None:
    """Bound each of some whole numbers, given what each can be, how far it can lie from the one before, and the sum.

    From `loose_from` on, every sum between the smallest and the largest can be had: where no number can be raised by
    one alone, each waits for a neighbor that waits for its own, and the last of these waits for none. So a number can
    be v if the smallest sum of all with it is at most the total and the largest no less; both grow with v. Below it all
    numbers are the same.

    Steps limit nothing, or from below by 1 ("never falling"), or both ways as far from 1. A largest is infinite where
    nothing limits it, and there is nothing where no numbers agree; `total` is None where it is not known.
    """
    found = None
    if steps.loose_from < math.inf:
        found = _bound_loose([max(low, int(steps.loose_from)) for low in least], most, total, steps)
    low, high = max(least), min(*most, steps.loose_from - 1)
    if total is not None:
        share, rest = divmod(total, len(least))
        low, high = max(low, share), -1 if rest else min(high, share)
    if low <= high:
        found = [(min(low, least_), max(high, most_)) for least_, most_ in found or [(low, high)] * len(least)]
    return found


def _bound_loose(
    least: list[int], most: Sequence[float], total: int | None, steps: Steps
) -> list[tuple[int, float]] | None:
    """Bound each number where every sum between the smallest and the largest can be had."""
    if total is not None:
        most = [min(limit, total) for limit in most]
    least = _settle(least, max, steps.least_after, steps.least_before)
    most = _settle(most, min, steps.most_after, steps.most_before)
    if any(low > high for low, high in zip(least, most, strict=True)):
        return None
    if total is None:
        return list(zip(least, most, strict=True))
    if not sum(least) <= total <= sum(most):
        return None
    found = []
    for place, (low, high) in enumerate(zip(least, most, strict=True)):
        smallest = partial(_sum_with, least, place, max, steps.least_after, steps.least_before)
        largest = partial(_sum_with, most, place, min, steps.most_after, steps.most_before)
        values = range(low, high + 1)
        first, behind = bisect_left(values, total, key=largest), bisect_right(values, total, key=smallest)
        found.append((low + first, low + behind - 1))
    return found


def _settle(limits: Sequence[float], pick: Callable, after: Callable, before: Callable) -> list[float]:
    """Narrow limits by what can stand beside each other."""
    limits = list(itertools.accumulate(limits, lambda reached, limit: pick(limit, after(reached))))
    return list(itertools.accumulate(reversed(limits), lambda reached, limit: pick(limit, before(reached))))[::-1]


def _sum_with(limits: list[int], place: int, pick: Callable, after: Callable, before: Callable, value: int) -> int:
    """Add up the smallest, or the largest, numbers that can stand beside a value at a place."""
    total = sum(limits) - limits[place] + value
    for places, step in ((range(place + 1, len(limits)), after), (range(place - 1, -1, -1), before)):
        reached = value
        for other in places:
            reached = pick(limits[other], step(reached))
            if reached == limits[other]:
                break
            total += reached - limits[other]
    return total


def maximize_sum(
    least: Sequence[int], most: Sequence[float], total: int, steps: Steps, weights: Sequence[int]
) -> int | None:
    """Find the largest weighted sum of numbers as in `bound_each`, whose sum is known; None where no numbers agree."""
    share, rest = divmod(total, len(least))
    found = [] if rest or not max(least) <= share <= min(*most, steps.loose_from - 1) else [share * sum(weights)]
    if steps.loose_from < math.inf:
        loose = [max(low, int(steps.loose_from)) for low in least]
        found.append(_maximize_loose(loose, [min(limit, total) for limit in most], total, steps, weights))
    return max((value for value in found if value is not None), default=None)


def _maximize_loose(least: list[int], most: list[int], total: int, steps: Steps, weights: Sequence[int]) -> int | None:
    """Halve the ranges of the numbers at which the weight changes, the most promising first.

    Once these are single numbers, the sums between them can be anything between their limits, each by itself.
    """
    turns = [place for place in range(1, len(weights)) if weights[place] != weights[place - 1]]
    parts = _part(least, most, total, steps, weights, turns)
    while parts:
        value, width, least, most = heapq.heappop(parts)
        if not width:
            return -value
        place = max(turns, key=lambda turn: most[turn] - least[turn])
        middle = (least[place] + most[place]) // 2
        below, above = [*most[:place], middle, *most[place + 1 :]], [*least[:place], middle + 1, *least[place + 1 :]]
        for half in ((least, below), (above, most)):
            for part in _part(*half, total, steps, weights, turns):
                heapq.heappush(parts, part)
    return None


def _part(
    least: list[int], most: list[int], total: int, steps: Steps, weights: Sequence[int], turns: list[int]
) -> list[tuple[int, int, list[int], list[int]]]:
    """Narrow limits, and say what the weighted sum can be at most (with its sign changed), and the widest range.

    A number adds its weight less a price, and the total its price: whatever the price, the sum is no more than that.
    """
    least = _settle(least, max, steps.least_after, steps.least_before)
    most = _settle(most, min, steps.most_after, steps.most_before)
    if not sum(least) <= total <= sum(most) or any(map(operator.gt, least, most)):
        return []
    limits = list(zip(least, most, weights, strict=True))
    value = min(
        price * total + sum((weight - price) * (high if weight > price else low) for low, high, weight in limits)
        for price in set(weights)
    )
    return [(-value, max((most[turn] - least[turn] for turn in turns), default=0), least, most)]
