"""Sentences in a language: how numbers, days and periods are written in them."""

import pytest

from htanalysis import languages
from htanalysis.errors import UnknownNameError


@pytest.fixture(autouse=True)
def sentences(monkeypatch):
    words = {
        "all": "{count:n}; {mean:1}; {share:%}; {names:list}; {day:day}; {word}; {count:is|are}",
        "months": "{period:quarter}",
    }
    words |= {"short": "{period:short}", "start": "{period:start}"}
    monkeypatch.setattr(languages, "read_words", lambda _: words)


def test_numbers_days_and_lists_follow_the_rules_of_the_language():
    given = {"count": -1277, "mean": 145.5, "share": 0.72, "names": ["A", "B", "C"], "day": "2012-06-30", "word": "x"}
    assert languages.say("all", "en", **given) == "−1,277; 145.5; 72%; A, B, and C; June 30, 2012; x; are"
    assert languages.say("all", "es", **given).endswith("A, B y C; 30 de junio de 2012; x; are")
    assert languages.say("all", "en", **given | {"count": 1}).endswith("; is")


@pytest.mark.parametrize(
    ("key", "period", "english", "spanish"),
    [
        ("months", "2012Q2", "April – June 2012", "abril–junio de 2012"),
        ("months", "2010Q3:2012Q2", "July 2010 – June 2012", "julio de 2010 – junio de 2012"),
        ("months", "2007-01-01:2012-09-30", "January 2007 – September 2012", "enero de 2007 – septiembre de 2012"),
        ("short", "2010Q3", "Jul – Sep 2010", "jul–sept de 2010"),
        ("start", "2011Q3", "July 2011", "julio de 2011"),
    ],
)
def test_a_period_is_written_in_months(key, period, english, spanish):
    assert languages.say(key, "en", period=period) == english
    assert languages.say(key, "es", period=period).replace("\N{THIN SPACE}", " ") == spanish


def test_a_sentence_that_is_not_there_is_named():
    with pytest.raises(UnknownNameError, match=r"words/en\.toml"):
        languages.say("nowhere", "en")
