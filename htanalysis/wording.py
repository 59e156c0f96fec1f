"""Numbers in words: how a count, a share, a ratio and a range are written, on every page and in every formula."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

#: What is said of a change, whether or not it is rare where nothing changed; and what that takes for granted.
MORE, NO_MORE, UNSAID = "more than chance would bring", "no more than chance would bring", "cannot be said"
ONE_BY_ONE = ", if cases come one by one"


def number(value: float, digits: int = 0) -> str:
    """Write a number with commas between thousands, and with so many decimals; below 0, rounded to tens, hundreds ...

    Examples
    --------
    >>> number(2552), number(-3.446, 1), number(2427, -2)
    ('2,552', '−3.4', '2,400')
    """
    if pd.isna(value):
        return "not published"
    text = f"{round(float(value), digits):,.{max(digits, 0)}f}"
    return text.replace("-", "−") if any(digit in text for digit in "123456789") else text.lstrip("-")


def percent(share: float, digits: int = 0) -> str:
    """Write a fraction as a percentage.

    Examples
    --------
    >>> percent(0.46018), percent(0.46018, 1)
    ('46%', '46.0%')
    """
    return "not published" if pd.isna(share) else f"{number(100 * float(share), digits)}%"


def with_unit(value: float, unit: str, digits: int = 0) -> str:
    """Write a number with its unit; a share becomes a percentage.

    Examples
    --------
    >>> with_unit(0.46, "share"), with_unit(2.9, "times", 1), with_unit(1277, "victims"), with_unit(1, "people trained")
    ('46%', '2.9 times', '1,277 victims', '1 person trained')
    """
    if unit == "share":
        return percent(value, digits)
    text = number(value, digits)
    if text == "1" and unit != "times":
        unit = re.sub(r"(ie)?s\b", lambda end: "y" if end[1] else "", unit.replace("people", "person"), count=1)
    return f"{text} {unit}".rstrip()


def span(low: float, high: float, unit: str = "", digits: int = 0, between: bool = True) -> str:
    """Write a range; a single number where both ends read the same.

    Examples
    --------
    >>> span(0, 2027), span(390, 390), span(0.51, 0.98, "share"), span(1, 54, between=False)
    ('between 0 and 2,027', '390', 'between 51% and 98%', '1 to 54')
    """
    ends = [percent(end, digits) if unit == "share" else number(end, digits) for end in (low, high)]
    tail = f" {unit}" if unit and unit != "share" else ""
    if ends[0] == ends[1]:
        return ends[0] + tail
    return (f"between {ends[0]} and {ends[1]}" if between else f"{ends[0]} to {ends[1]}") + tail


def join_words(words: Sequence[str]) -> str:
    """Join words for a sentence.

    Examples
    --------
    >>> join_words(["Alameda"]), join_words(["a", "b", "c"])
    ('Alameda', 'a, b and c')
    """
    words = [str(word) for word in words]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def choose(count: float, one: str, more: str) -> str:
    """Give the word that agrees with a number.

    Examples
    --------
    >>> [f"{n} {choose(n, 'count is', 'counts are')} known" for n in (0, 1, 6)]
    ['0 counts are known', '1 count is known', '6 counts are known']
    """
    return one if count == 1 else more


def times_likely(ratio: float, digits: int | None = None) -> str:
    """Say how many times as likely something is; "as likely" where the ratio reads as 1.

    Examples
    --------
    >>> times_likely(8.89), times_likely(0.27), times_likely(0.9985)
    ('8.9 times as likely', '0.27 times as likely', 'as likely')
    """
    text = number(ratio, digits_for(ratio) if digits is None else digits)
    return "as likely" if float(text.replace(",", "")) == 1 else f"{text} times as likely"


def digits_for(*values: float, unit: str = "times") -> int:
    """Give the decimals with which the smallest of some numbers shows the digits that count.

    The numbers are those that must not read as 0; of a range, the value. "times" shows two digits that count, and
    rounds ratios above a hundred to tens, hundreds and so on. "share" shows one of the percentage, and of what is left
    to the whole.

    Examples
    --------
    >>> digits_for(8.89), digits_for(0.27), digits_for(2427.1), digits_for(0.0041, unit="share")
    (1, 2, -2, 1)
    """
    sizes = [abs(value) for value in values]
    if unit == "share":
        sizes = [100 * part for size in sizes for part in (size, 1 - size)]
    places = -math.floor(math.log10(min((size for size in sizes if size > 1e-12), default=1)) + 1e-9)
    return max(0, places) if unit == "share" else places + 1


def tell_range(value: float, low: float, high: float, unit: str = "", digits: int = 0) -> str:
    """Write a value with its range in brackets; the value alone where both ends of its range read the same.

    Examples
    --------
    >>> tell_range(0.41, 0.25, 0.53, "share"), tell_range(0.41, 0.41, 0.41, "share")
    ('41% (25% to 53%)', '41%')
    """
    text = with_unit(value, unit, digits)
    ends = span(low, high, "share" if unit == "share" else "", digits, between=False)
    return f"{text} ({ends})" if " to " in ends else text


def as_given(share: float) -> str:
    """Write a fraction that somebody chose as a percentage, with all the digits it was given with.

    Examples
    --------
    >>> as_given(0.785), as_given(0.29), as_given(1e-06)
    ('78.5%', '29%', '0.0001%')
    """
    return f"{(100 * Decimal(str(share))).normalize():f}%"


def in_formula(value: float) -> str:
    """Write a number for a formula: a whole one with all its digits, another with the six that count.

    Examples
    --------
    >>> in_formula(1 - 0.785), in_formula(1e-06), in_formula(-0.05), in_formula(1510271)
    ('0.215', '0.000001', '−0.05', '1,510,271')
    """
    if float(value).is_integer():
        return number(value)
    return f"{Decimal(f'{float(value):.6g}'):f}".replace("-", "−")


def unlike(text: str, other: str, same: str) -> str:
    """Say from which number another differs, as both are written, or that it does not.

    Examples
    --------
    >>> unlike("29%", "23%", "as counted"), unlike("23%", "23%", "as counted")
    (', not 23%', ', as counted')
    """
    return f", {same}" if text == other else f", not {other}"


def tell_change(first: float, last: float, since: object, until: object, digits: int = 0) -> str:
    """Write how a number went, with the verb for its direction.

    Examples
    --------
    >>> tell_change(100, 304, "2010Q3", "2012Q2"), tell_change(2, 2, 2007, 2012)
    ('rose from 100 in 2010Q3 to 304 in 2012Q2', 'stayed at 2 from 2007 to 2012')
    """
    if first == last:
        return f"stayed at {number(first, digits)} from {since} to {until}"
    verb = "rose" if last > first else "fell"
    return f"{verb} from {number(first, digits)} in {since} to {number(last, digits)} in {until}"


def tell_ratio(ratio: float) -> str:
    """Write how many times as many something is, so that it is true however small the ratio, or its distance from 1.

    Examples
    --------
    >>> tell_ratio(3.04), tell_ratio(1.02), tell_ratio(1), tell_ratio(0.33), tell_ratio(0.02)
    ('3.0 times as many', 'about as many', 'as many', '0.33 times as many', '0.020 times as many')
    """
    if number(ratio, 1) == "1.0":
        return "as many" if ratio == 1 else "about as many"
    return f"{number(ratio, digits_for(ratio))} times as many"


def name_column(name: str) -> str:
    """Write a column's name as words; residents of a year are named so.

    Examples
    --------
    >>> name_column("population_2010"), name_column("task_force")
    ('residents of 2010', 'task force')
    """
    return re.sub(r"^population_(\d{4})$", r"residents of \1", name).replace("_", " ")


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
