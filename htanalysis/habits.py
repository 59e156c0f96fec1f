"""Cells as people write them: what a text means, where it can mean but one thing, and what to do where it cannot."""

import calendar
import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

from htanalysis.sheets import Problem, Row, say_rows, show

#: Largest count that is believed.
_MOST = 9_999_999
_NO_NUMBER = "Write a whole number, 0 for none, or leave it empty if it was not reported."
_PLAIN = re.compile(r"([0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(\.0{1,2})?")
_BLANKS = " \u00a0\u2009\u202f"
_INEXACT = '"{}" is no exact count. Ask for the count.'
#: What no count is, and what to tell; the first that fits.
_ODD = {
    r"[-−–][0-9.,]+": "{} is below 0. " + _NO_NUMBER,
    r"[0-9.,]+ ?%": "{} is a percentage. " + _NO_NUMBER,
    rf"[0-9]{{1,3}}([.'’{_BLANKS}][0-9]{{3}})+": (
        '"{}" can be read in two ways. Write it without a sign between the thousands.'
    ),
    r"\([0-9.,]+\)": '"{}" can be read in two ways. Write it without parentheses, if it is not below 0.',
    r"[0-9]+[.,][0-9]+": "{} is not a whole number. " + _NO_NUMBER,
    r"[<≤] ?[0-9,]+|\[c\]|\*+|(fewer|less) than .*|.*(suppressed|withheld|redacted|confidential).*": (
        '"{}" stands for a count that is withheld. Ask for the count.'
    ),
    r"[>≥~≈±].*|.*[0-9] ?(\+|or more|or fewer)|[0-9,]+ ?([-–]|to|or) ?[0-9,]+": _INEXACT,
    r"(about|approx|ca|circa|over|under|at least|up to)\b.*": _INEXACT,
    r"[0-9][0-9,.]*\s*([*†‡§#]+|[¹²³⁰-⁹]+|\[.*\]|\(\w{1,2}\)|[a-hjkmnp-z])": (
        '"{}" has a mark behind the number. Write the number alone, without the mark.'
    ),
    r"[0-9][0-9,.]*\s+[a-z(\[].*": '"{}" holds more than a number. Write the number alone.',
}
_MIDNIGHT = re.compile(r"[ T]+(0?0:00(:00(\.0+)?)?Z?|12:00(:00)? ?AM)$", re.IGNORECASE)
_WEEKDAY = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? ", re.IGNORECASE)
#: Words by which no task force and no measure is told from another.
_COMMON = ("human", "trafficking", "anti", "against", "task", "force", "coalition", "county", "on", "the", "of", "httf")


@lru_cache(maxsize=4096)
def read_count(text: str) -> tuple[int | None, str | None]:
    """Read a count, and say what is to tell: why it is none, or how it was read.

    Examples
    --------
    >>> read_count("31"), read_count("1,204")
    ((31, None), (1204, '"1,204" is read as 1204.'))
    >>> read_count("<11")
    (None, '"<11" stands for a count that is withheld. Ask for the count.')
    """
    shown = show(text)
    if plain := _PLAIN.fullmatch(text):
        digits = plain[1].replace(",", "").lstrip("0")
        # Compared by their length: Python refuses to read thousands of digits as a number.
        if len(digits) > len(str(_MOST)):
            return None, f"{shown} is too large to be a count. {_NO_NUMBER}"
        number = int(digits or 0)
        return number, f'"{shown}" is read as {number}.' if "," in text or "." in text else None
    for pattern, told in _ODD.items():
        if re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL):
            return None, told.format(shown)
    return None, f'"{shown}" is not a number. {_NO_NUMBER}'


@lru_cache(maxsize=4096)
def read_days(text: str) -> dict[str, date]:
    """Give the days that a text can mean, by what comes first in it where that is open: the month or the day.

    Examples
    --------
    >>> read_days("Oct 15, 2012") == read_days("2012-10-15 00:00:00") == {"": date(2012, 10, 15)}
    True
    >>> list(read_days("10/15/2012")), list(read_days("10/11/2012")), read_days("10/15/12")
    (['month'], ['month', 'day'], {})
    """
    plain = _WEEKDAY.sub("", _MIDNIGHT.sub("", text))
    if found := re.fullmatch(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})", plain):
        parts = {"": (found[1], found[3], found[4])}
    elif found := re.fullmatch(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})", plain):
        parts = {"month": (found[4], found[1], found[3]), "day": (found[4], found[3], found[1])}
    elif found := re.fullmatch(r"([a-z]{3,9})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})", plain, re.IGNORECASE):
        parts = {"": (found[3], _find_month(found[1]), found[2])}
    elif found := re.fullmatch(
        r"([0-9]{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9})\.?,?[ -]([0-9]{4})", plain, re.IGNORECASE
    ):
        parts = {"": (found[3], _find_month(found[2]), found[1])}
    else:
        return {}
    made = {first: _make_day(*map(int, numbers)) for first, numbers in parts.items()}
    return {first: day for first, day in made.items() if day}


def _find_month(name: str) -> int:
    """Give a month's number by the first letters of its name; 0 where it is none."""
    return next(
        (n for n, month in enumerate(calendar.month_name) if month and month.lower().startswith(name.lower())), 0
    )


def _make_day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1900 <= year <= 2200 else None
    except ValueError:
        return None


def read_day(text: str, beside: Sequence[str]) -> tuple[date | None, str | None]:
    """Read a day, and say what is to tell. Whether the month comes first, the other days of its row may prove.

    Examples
    --------
    >>> read_day("07/01/2012", [])
    (None, '"07/01/2012" can be 2012-07-01 or 2012-01-07. Write it as YYYY-MM-DD.')
    >>> read_day("07/01/2012", ["09/30/2012"])
    (datetime.date(2012, 7, 1), '"07/01/2012" is read as 2012-07-01.')
    """
    readings = read_days(text)
    if "" in readings and text == str(readings[""]):
        return readings[""], None
    proven = {first for other in beside if len(found := read_days(other)) == 1 for first in found if first}
    if len(proven) == 1 and proven < set(readings):
        readings = {first: readings[first] for first in proven}
    days = list(dict.fromkeys(readings.values()))
    if not days:
        return None, f'"{show(text)}" is not a date. Write it as YYYY-MM-DD.'
    if len(days) > 1:
        return None, f'"{show(text)}" can be {days[0]} or {days[1]}. Write it as YYYY-MM-DD.'
    return days[0], f'"{show(text)}" is read as {days[0]}.'


def suggest(text: str, names: Mapping[str, str]) -> str | None:
    """Find the one name that has all of the words by which a text is told from another; none where a word is foreign.

    Parameters
    ----------
    text : str
        What was written, in small letters.
    names : mapping of str to str
        Each way to write a name, in small letters, and the name.

    Examples
    --------
    >>> forces = {"orange county task force": "Orange", "san diego north county task force": "San Diego"}
    >>> suggest("kern county task force", forces), suggest("orenge county", forces), suggest("task force", forces)
    (None, 'Orange', None)
    """
    words = defaultdict(set)
    for written, name in names.items():
        words[name].update(re.findall(r"\w+", written))
    known = [*_COMMON, *sorted(set().union(*words.values()) - set(_COMMON))]
    meant = [difflib.get_close_matches(word, known, n=1, cutoff=0.82) for word in re.findall(r"\w+", text[:200])]
    own = {near for found in meant for near in found} - set(_COMMON)
    fitting = [name for name, has in words.items() if own <= has]
    return fitting[0] if own and all(meant) and len(fitting) == 1 else None


def fill_as_of(rows: Sequence[Row]) -> tuple[list[Row], list[Problem]]:
    """Give each count of a task force and period the `as_of` that stands in one row of them, if it is the only one."""
    groups: dict[tuple, list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row.cells[name].casefold() for name in ("task_force", "period_start", "period_end"))].append(row)
    filled, told = {}, []
    for group in groups.values():
        stated = {row.cells["as_of"]: row.number for row in reversed(group) if row.cells["as_of"]}
        empty = [row for row in group if row.cells["count"] and not row.cells["as_of"] and "as_of" not in row.broken]
        if len(stated) == 1 and empty and not any("as_of" in row.broken for row in group):
            ((day, source),) = stated.items()
            numbers = [row.number for row in empty]
            filled |= {row.number: replace(row, cells=row.cells | {"as_of": day}) for row in empty}
            text = (
                f"it is empty in {say_rows(numbers)}; {show(day)} is taken, as row {source} says for this task force."
            )
            told.append(empty[0].problem("as_of", None, text, "notice"))
    return [filled.get(row.number, row) for row in rows], told
