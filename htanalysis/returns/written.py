"""Names, counts and days as people write them: read where they mean one thing; else a message says what to do."""

import calendar
import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from functools import lru_cache

from htanalysis.returns.files import show

#: Largest count that is believed.
_MOST = 9_999_999
_NO_NUMBER = "Write a whole number, 0 for none, or leave it empty if it was not reported."
_PLAIN = re.compile(r"([0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(\.0{1,2})?")
#: Words by which a number, before or behind them, is no exact count.
_ABOUT = (
    "about|approx(imate(ly)?)?|ca|circa|around|roughly|nearly|almost|some|over|under|below|above|up to|at (least|most)"
    "|(no |not )?(more|less|fewer|greater) th[ae]n|max(imum)?|min(imum)?|between|est(imated?)?|(a )?few|several"
)
#: What no count is, and what to tell; the first that fits.
_ODD = {
    r"[-−–][0-9.,]+": "{} is below 0. " + _NO_NUMBER,
    r"[0-9.,]+ ?%": "{} is a percentage. " + _NO_NUMBER,
    r"[0-9]{1,3}([.'’ \u00a0\u2009\u202f][0-9]{3})+": (
        '"{}" can be read in two ways. Write it without a sign between the thousands.'
    ),
    r"\([0-9.,]+\)": '"{}" can be read in two ways. Write it without parentheses, if it is not below 0.',
    r"[0-9]+[.,][0-9]+": "{} is not a whole number. " + _NO_NUMBER,
    r"n? ?(<|≤|=<|&lt;).*|[\[(]?(c|d|s|low)[\])]?|\*+|(fewer|less) th[ae]n .*"
    r"|.*(suppress|withh[eo]ld|redact|confidential).*": (
        '"{}" stands for a count that is withheld. Ask for the count.'
    ),
    rf"[>≥~≈±].*|\? ?[0-9].*|({_ABOUT})\b.*|c[. ]*[0-9].*|[0-9].*\b({_ABOUT}|or so|and up|plus|or (more|fewer))\b.*"
    r"|.*[0-9] ?(\+|\?|ish)|[0-9,]+ ?([-–±]|\.\.+|to|or|thru|through) ?[0-9,]+": (
        '"{}" is no exact count. Ask for the count.'
    ),
    r"[0-9][0-9,.]*\s*([*†‡§#]+|\^.*|[¹²³⁰-⁹]+|[\[{].*[\]}]|\(\w{1,2}\)|[a-hjnp-z])|[*†‡§#^]+ ?[0-9][0-9,.]*": (
        '"{}" has a mark beside the number. Write the number alone, without the mark.'
    ),
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}": '"{}" is a day. Write the count, and set the format of its cell to General.',
    r"[0-9][0-9,.]*\s+[a-z(\[].*": '"{}" holds more than a number. Write the count in digits alone.',
}
#: What may stand in a day and says nothing of it: midnight, a weekday, the end of an ordinal, stops and commas.
_BESIDE_DAY = re.compile(
    r"[ t]+(0?0:00(:00(\.0+)?)?z?|12:00(:00)? ?am)$|^(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? "
    r"|(?<=[0-9])(st|nd|rd|th)\b|(?<=[a-z]{3})\.(?=,?[ -])|(?<=[0-9a-z.]),(?= )"
)
_YEAR, _MONTH, _DAY = "(?P<year>[0-9]{4})", "(?P<month>[0-9]{1,2})", "(?P<day>[0-9]{1,2})"
_NAME, _SIGN, _SAME = "(?P<month>[a-z]{3,9})", "(?P<sign>[-/.])", "(?P=sign)"
#: How days are written, and what comes first where that is open.
_STYLES = {
    f"{_YEAR}{_SIGN}{_MONTH}{_SAME}{_DAY}": "",
    f"{_MONTH}{_SIGN}{_DAY}{_SAME}{_YEAR}": "month",
    f"{_DAY}{_SIGN}{_MONTH}{_SAME}{_YEAR}": "day",
    f"{_NAME} {_DAY} {_YEAR}": "",
    f"{_DAY}[ -]{_NAME}[ -]{_YEAR}": "",
}
#: Words by which no task force and no measure is told from another.
_COMMON = {"human", "trafficking", "anti", "against", "task", "force", "coalition", "county", "on", "the", "of", "httf"}
_COMMON |= {"taskforce", "tf", "ht"}

#: What looks like a sum of rows, in a return, and is no name.
TOTAL = re.compile(r"(grand|state|sub|over)?[ -]*(total|sum)s?\b|all task forces|overall\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def read_count(text: str) -> tuple[int | None, str | None]:
    """Read a count, and say what is to tell: why it is none, or how it was read."""
    shown = show(text)
    if plain := _PLAIN.fullmatch(text):
        digits = plain[1].replace(",", "").lstrip("0")
        # Compared by their length: Python refuses to read thousands of digits as a number.
        if len(digits) > len(str(_MOST)):
            return None, f"{shown} is too large to be a count. {_NO_NUMBER}"
        number = int(digits or 0)
        return number, f'"{shown}" is read as {number}.' if "," in text or "." in text else None
    told = (told for pattern, told in _ODD.items() if re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL))
    return None, next(told, '"{}" is not a number. ' + _NO_NUMBER).format(shown)


def read_day(text: str, beside: Iterable[str]) -> tuple[date | None, str | None]:
    """Read a day, and say what is to tell. Whether the month comes first, the other days of its row may prove."""
    readings = _read_days(text)
    proven = {first for other in beside if len(found := _read_days(other)) == 1 for first in found if first}
    if len(proven) == 1 and proven < set(readings):
        readings = {first: readings[first] for first in proven}
    days = list(dict.fromkeys(readings.values()))
    if not days:
        return None, f'"{show(text)}" is not a date. Write it as YYYY-MM-DD.'
    if len(days) > 1:
        return None, f'"{show(text)}" can be {days[0]} or {days[1]}. Write it as YYYY-MM-DD.'
    return days[0], None if text == str(days[0]) else f'"{show(text)}" is read as {days[0]}.'


@lru_cache(maxsize=4096)
def _read_days(text: str) -> dict[str, date]:
    """Give the days that a text can mean, by what comes first in it where that is open: the month or the day."""
    plain, readings = _BESIDE_DAY.sub("", text.lower()), {}
    for style, first in _STYLES.items():
        if found := re.fullmatch(style, plain):
            with suppress(ValueError):
                readings[first] = date(int(found["year"]), _count_month(found["month"]), int(found["day"]))
    return {first: day for first, day in readings.items() if 1900 <= day.year <= 2200}


def _count_month(month: str) -> int:
    """Give a month's number by itself or by the first letters of its name; 0 where it is none."""
    if month.isdecimal():
        return int(month)
    return next((n for n, name in enumerate(calendar.month_name) if n and name.lower().startswith(month)), 0)


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Make alike what differs in case, spaces and the form of quotes and dashes."""
    plain = text.translate({0x2019: "'", 0x2018: "'", 0x2013: "-", 0x2014: "-", 0x2010: "-", 0x2011: "-"})
    return " ".join(plain.casefold().split())


def is_alike(one: str, two: str) -> bool:
    """Say whether two names have the same words, in any order, but for mistakes of spelling."""
    words, others = (re.findall(r"\w+", fold(name)) for name in (one, two))
    return len(words) == len(others) and all(difflib.get_close_matches(word, others, 1, 0.76) for word in words)


def suggest(text: str, names: Mapping[str, str]) -> str | None:
    """Find the one name that has all words by which a text is told from another; none where a word is foreign."""
    words, plain = defaultdict(set), re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", text))
    for written, name in names.items():
        words[name].update(re.findall(r"\w+", written))
    known = [*sorted(_COMMON), *sorted(set().union(*words.values()) - _COMMON)]
    meant = [difflib.get_close_matches(word, known, n=1, cutoff=0.82) for word in re.findall(r"\w+", plain[:200])]
    own = {near for found in meant for near in found} - _COMMON
    fitting = [name for name, has in words.items() if own <= has]
    return fitting[0] if own and all(meant) and len(fitting) == 1 else None
