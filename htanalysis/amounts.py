"""How a number is written: one that knows its unit and digits, and a column or axis of such numbers."""

import math
from dataclasses import dataclass

import pandas as pd

from htanalysis.wording import as_given, number, span, times_likely, with_unit


class Amount(float):
    """A number that knows how it is written: `{value}` with its unit, `{value:bare}` without.

    Of a ratio, `{value:likely}` says how many times as likely something is. Of what a person chose, `{value:given}`
    writes a share with all its digits.
    """

    def __new__(cls, value: float, unit: str = "", digits: int = 0) -> "Amount":
        """Make a number that is written so."""
        amount = super().__new__(cls, value)
        amount.unit, amount.digits = unit, digits
        return amount

    def __format__(self, form: str) -> str:
        forms = {
            "": lambda: with_unit(self, self.unit, self.digits),
            "bare": lambda: number(self, self.digits),
            "likely": lambda: times_likely(self, self.digits),
            "given": lambda: as_given(float(self)),
        }
        return forms[form]() if form in forms else format(float(self), form)


@dataclass(frozen=True)
class Column:
    """What a column of a result's frame, or an axis of its picture, shows.

    The title has quantity and unit, as a table's head or an axis says it. A "share" is written in percent, with so many
    digits of the percentage, and a "year" without commas. On a `log` axis equal distances are equal ratios. The `basis`
    is told of a table's column where columns differ; it is "row" where the row's own column says it.
    """

    title: str
    unit: str = ""
    digits: int = 0
    log: bool = False
    basis: str = ""

    @property
    def form(self) -> int | str:
        """The decimals, as a table is told them."""
        return f"{self.digits}%" if self.unit == "share" else "year" if self.unit == "year" else self.digits

    @property
    def _unit(self) -> str:
        return "share" if self.unit == "share" else ""  # the title says any other

    def write(self, value: float) -> str:
        """Write a value for people."""
        return with_unit(value, self._unit, self.digits)

    def between(self, low: float, high: float) -> str:
        """Write a range for people; without `high`, there is no upper limit."""
        if pd.isna(high) or high == math.inf:
            return f"{self.write(low)} or more, no upper limit"
        return span(low, high, self._unit, self.digits, between=False)

    def tell(self, value: float, low: float = math.nan, high: float = math.nan) -> str:
        """Write a value with its range in brackets, or what there is of the two."""
        ends = "" if pd.isna(low) or low == high else self.between(low, high)
        if pd.isna(value):
            return ends
        return self.write(value) + (f" ({ends})" if ends not in ("", self.write(value)) else "")
