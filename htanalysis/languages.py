"""The pages' sentences in each language: their words from `words/`, their numbers by the language's own rules."""

import string
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
from babel.dates import format_date, format_interval, format_skeleton
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

from htanalysis.data import name_facts
from htanalysis.errors import UnknownNameError
from htanalysis.wording import choose

#: The languages of the pages, and the locale by whose rules each writes numbers and days.
LOCALES = {"en": "en_US", "es": "es_US"}


def say(key: str, language: str, **fields: Any) -> str:
    """Write a sentence of `words/<language>.toml`, by its name there, in a language of `LOCALES`.

    It names its fields in braces: a number as `{count:n}`, with one decimal `{mean:1}`, as a percentage `{share:%}`, a
    day as `{day:day}`, a list as `{names:list}`, words without a colon; `{count:is|are}` is the word that agrees with a
    number. A quarter, or the first and the last quarter or day with a colon between them, become months by
    `{period:quarter}`, months cut short by `{period:short}`, the first or the last month alone by `{period:start}` or
    `{period:end}`.

    Examples
    --------
    >>> say("investigations", "en", count=2552)
    'In these two years they opened 2,552 investigations.'
    """
    sentences = read_words(language)
    if key not in sentences:
        raise UnknownNameError(f"a sentence of words/{language}.toml", key, sentences)
    return _Writer(LOCALES[language]).format(sentences[key], **fields)


def read_words(language: str) -> dict[str, str]:
    """Give all sentences of a language by their names; what they name of the collection is filled in."""
    return _fill_words(language, tuple(name_facts(language).items()))


@cache
def _fill_words(language: str, facts: tuple[tuple[str, str], ...]) -> dict[str, str]:
    sentences = tomllib.loads((files("htanalysis") / "words" / f"{language}.toml").read_text(encoding="utf-8"))
    for name, words in facts:
        sentences = {key: text.replace(f"{{{name}}}", words) for key, text in sentences.items()}
    return sentences


def tell_what_if(content: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Put what `WhatIf.to_json` gives into words: its numbers are written alike in all languages of the pages."""
    texts, row = read_words(language), content["row"]
    axes = [axis | {"label": texts[f"axis-{axis['name']}"]} for axis in content["axes"]]
    named = {axis["name"]: axis["words"][axis["step"]] for axis in axes}
    named |= {end: content[end].split(" ")[row] for end in ("value", "low", "high")}
    own = {part: texts[f"{content['id']}-{part}"] for part in ("title", "sentence", "amount", "range")}
    filled = {"said": own["sentence"], "answer": own["amount"], "between": own["range"]}
    if named["low"] == "–":
        filled |= {"said": texts[f"{content['id']}-none"], "between": ""}
    filled = {name: text.format_map(named) for name, text in filled.items()}
    return {**content, "axes": axes, "subtitle": texts["what-if-label"]} | own | filled


class _Writer(string.Formatter):
    """Writes what stands in braces by a locale's rules."""

    def __init__(self, locale: str) -> None:
        self.locale = locale

    def format_field(self, value: Any, form: str) -> str:
        if "|" in form:
            return choose(value, *form.split("|"))
        return _FORMS[form](value, self.locale) if form else str(value)


def _write_number(digits: int) -> Callable[[float, str], str]:
    pattern = f"#,##0{'.' * bool(digits)}{'0' * digits}"
    return lambda value, locale: format_decimal(value, pattern, locale).replace("-", "−")


def _write_period(months: str) -> Callable[[str, str], str]:
    def write(period: str, locale: str) -> str:
        ends = [pd.Period(end) for end in period.split(":")]
        first, last = ends[0].start_time.date(), ends[-1].end_time.date()
        return format_interval(first, last, months, locale=locale).replace("\N{THIN SPACE}", " ")

    return write


def _write_month(day: date, locale: str) -> str:
    return format_skeleton("yMMMM", day, locale=locale)


def _write_day(day: date | str, locale: str) -> str:
    return format_date(date.fromisoformat(day) if isinstance(day, str) else day, "long", locale)


#: How each form writes a value.
_FORMS: dict[str, Callable[[Any, str], str]] = {
    "n": _write_number(0),
    "1": _write_number(1),
    "2": _write_number(2),
    "%": lambda share, locale: format_percent(share, locale=locale),
    "day": _write_day,
    "quarter": _write_period("yMMMM"),
    "short": _write_period("yMMM"),
    "start": lambda period, locale: _write_month(pd.Period(period.split(":")[0]).start_time, locale),
    "end": lambda period, locale: _write_month(pd.Period(period.split(":")[-1]).end_time, locale),
    "list": lambda names, locale: format_list(names, locale=locale),
}
