"""Languages: each sentence has a twin with the same fields in the other language, and numbers follow its rules."""

import re

import pytest

from htanalysis.languages import LOCALES, read_words, say


def list_fields(sentence):
    """List the fields of a sentence; of one that chooses a word by a number, not the words."""
    return sorted(re.sub(r":[^}]*\|[^}]*", ":|", field) for field in re.findall(r"\{[^}]+\}", sentence))


@pytest.mark.parametrize("language", [name for name in LOCALES if name != "en"])
def test_each_sentence_has_a_twin_with_the_same_fields_and_other_words(language):
    english, other = read_words("en"), read_words(language)
    assert list(other) == list(english), "The names, and their order, are those of en.toml."
    assert [name for name in english if list_fields(english[name]) != list_fields(other[name])] == []
    same = [name for name in english if other[name] == english[name]]
    assert [name for name in same if re.search("[a-z]{4}", re.sub(r"\{[^}]*\}", "", english[name]))] == []


def test_numbers_shares_and_days_follow_the_rules_of_the_language():
    assert say("headline-two-years", "es", count=1277).endswith("a 1,277 víctimas de trata en dos años.")
    assert [say("types-sex", language, sex=0.56) for language in ("en", "es")] == ["sex 56%", "sexual 56%"]
    assert say("numbers-known", "es", day="2012-09-30").endswith("30 de septiembre de 2012")
    assert say("headline-quarter-unknown", "es", period="2012Q3").endswith("julio–septiembre de 2012.")
    assert say("quarter-label", "es", period="2010Q3") == "jul–sept de 2010"
