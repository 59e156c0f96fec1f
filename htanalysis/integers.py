"""Whole numbers under linear constraints: the largest that a weighted sum of them can be, exactly.

Solvers that count in floating point can miss by one where counts are large. Here every step is done in whole numbers
of any size: the simplex method with one common denominator, and a search through the values that are left.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property


class Region:
    """All whole numbers of 0 or more that meet linear constraints, as a dictionary of the simplex method.

    A row says what one variable is by those of the columns: `scale` × variable = row[0] − sum of row[1:] × columns.
    Row 0 is what is maximized. The first `number` variables are the numbers looked for, by place; the others are what
    the constraints leave over. No variable is below 0.
    """

    def __init__(self, number: int) -> None:
        self.number, self.scale, self.named = number, 1, number
        self.rows, self.held, self.columns = [[0] * (number + 1)], [-1], list(range(number))

    def require(self, weights: Sequence[int], floor: int) -> None:
        """Add a constraint: the weighted sum is at least so much."""
        row = self._express(weights)
        self._add([row[0] - floor * self.scale, *row[1:]])

    def fix(self, weights: Sequence[int], value: int) -> None:
        """Add a constraint: the weighted sum is exactly so much."""
        self._hold(self._express(weights), value)

    @cached_property
    def possible(self) -> bool:
        """Say whether any whole numbers meet the constraints."""
        return self._copy()._find()

    def maximize(self, weights: Sequence[int]) -> float | None:
        """Find the largest weighted sum of whole numbers; infinite without a limit, None where there are no numbers."""
        if not self.possible:
            return None
        self._repair()
        # No whole numbers reach more than fractions do, and often they reach as much.
        highest = self._highest(self._express(weights))
        while highest < math.inf:
            region = self._copy()
            region.fix(weights, highest)
            if region._find():
                break
            highest -= 1
        return highest

    def _find(self) -> bool:
        """Look for whole numbers, going through the values of the variable that has the fewest, and so on."""
        # A sum of multiples of a number cannot be what is no multiple of it.
        if not self._repair() or any(row[0] % math.gcd(self.scale, *row[1:]) for row in self.rows[1:]):
            return False
        if all(self.rows[place][0] % self.scale == 0 for place in self._own()):
            return True
        names = [*self.columns, *(name for name, row in zip(self.held, self.rows, strict=True) if any(row[1:]))]
        # Where one variable is left, whole numbers recur with it in steps of the scale.
        last = len(self.columns) == 1
        ranges = ((self._range(name), name) for name in (names[:1] if last else names))
        (low, high), name = min(ranges, key=lambda found: found[0][1] - found[0][0])
        return any(
            self._with(name, value) for value in itertools.islice(_outward(low, high), self.scale if last else None)
        )

    def _with(self, name: int, value: int) -> bool:
        """Look for whole numbers with a value of one variable."""
        region = self._copy()
        region._hold(region._row(name), value)
        return region._find()

    def _range(self, name: int) -> tuple[float, float]:
        """Give the smallest and the largest whole number that a variable can be."""
        low, high = (self._highest([sign * value for value in self._row(name)]) for sign in (-1, 1))
        return -low, high

    def _highest(self, row: list[int]) -> float:
        """Give the largest whole number that what a row says can be, where the variables need not be whole."""
        region = self._copy()
        region.rows[0] = list(row)
        return region.rows[0][0] // region.scale if region._climb() else math.inf

    def _row(self, name: int) -> list[int]:
        """Write a variable as a row."""
        if name in self.held:
            return self.rows[self.held.index(name)]
        return [0, *(-self.scale if name == other else 0 for other in self.columns)]

    def _hold(self, row: list[int], value: int) -> None:
        """Add the constraint that what a row says is exactly so much."""
        self._add([row[0] - value * self.scale, *row[1:]])
        column = next((place for place, weight in enumerate(row) if weight and place), None)
        if column is None:
            self._add([value * self.scale - row[0], *row[1:]])
            return
        self._pivot(len(self.rows) - 1, column)
        # What is left over is 0, so that its column says nothing more.
        self.rows = [[*other[:column], *other[column + 1 :]] for other in self.rows]
        del self.columns[column - 1]

    def _copy(self) -> "Region":
        other = Region(self.number)
        other.scale, other.named = self.scale, self.named
        other.rows, other.held, other.columns = [list(row) for row in self.rows], list(self.held), list(self.columns)
        return other

    def _own(self) -> list[int]:
        """List the rows of the numbers looked for."""
        return [place for place, name in enumerate(self.held) if 0 <= name < self.number]

    def _express(self, weights: Sequence[int]) -> list[int]:
        """Write a weighted sum of the numbers as a row."""
        row = [0, *(-self.scale * weights[name] if name < self.number else 0 for name in self.columns)]
        for place in self._own():
            if weight := weights[self.held[place]]:
                row = [value + weight * more for value, more in zip(row, self.rows[place], strict=True)]
        return row

    def _add(self, row: list[int]) -> None:
        """Add a row, with a name for what its constraint leaves over."""
        self.rows.append(row)
        self.held.append(self.named)
        self.named += 1

    def _climb(self) -> bool:
        """Pivot until row 0 is at its largest (Bland's rule, which ends). Gives False where nothing limits it."""
        while growing := [
            (self.columns[place - 1], place) for place, value in enumerate(self.rows[0]) if value < 0 and place
        ]:
            column = min(growing)[1]
            limits = [
                (Fraction(row[0], row[column]), self.held[place], place)
                for place, row in enumerate(self.rows)
                if row[column] > 0 and place
            ]
            if not limits:
                return False
            self._pivot(min(limits)[2], column)
        return True

    def _repair(self) -> bool:
        """Pivot until no variable is below 0, by the dual simplex method. Gives False where there is no such point."""
        while below := [(self.held[place], place) for place, row in enumerate(self.rows) if row[0] < 0 and place]:
            place, top = min(below)[1], self.rows[0]
            row = self.rows[place]
            limits = [
                (Fraction(top[column], -value), self.columns[column - 1], column)
                for column, value in enumerate(row)
                if value < 0 and column
            ]
            if not limits:
                return False
            self._pivot(place, min(limits)[2])
        return True

    def _pivot(self, place: int, column: int) -> None:
        """Let a row's variable and a column's change places. All divisions come out even (Edmonds, Bareiss)."""
        chosen, scale = self.rows[place], self.scale
        sign = 1 if chosen[column] > 0 else -1
        pivot = sign * chosen[column]
        for other, row in enumerate(self.rows):
            if other != place:
                factor = sign * row[column]
                self.rows[other] = [(pivot * a - factor * b) // scale for a, b in zip(row, chosen, strict=True)]
                self.rows[other][column] = -factor
        self.rows[place] = [sign * value for value in chosen]
        self.rows[place][column], self.scale = sign * scale, pivot
        self.held[place], self.columns[column - 1] = self.columns[column - 1], self.held[place]


def _outward(low: int, high: float) -> Iterator[int]:
    """Go through whole numbers from the middle of a range outward; upward where nothing limits it."""
    if high == math.inf:
        yield from itertools.count(low)
    middle = (low + high) // 2
    for step in range(high - middle + 1):
        yield middle + step
        if step and middle - step >= low:
            yield middle - step
