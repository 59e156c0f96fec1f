"""Notes: which numbers of a sentence open, and what a note says."""

import re

import pytest

from htanalysis.report.notes import make_notes, open_numbers


@pytest.mark.parametrize(
    ("sentence", "numbers"),
    [
        ("Victims identified rose from 100 in 2010Q3 to 304 in 2012Q2, 3.0 times as many.", ["100", "304", "3.0"]),
        ("Of 1,798 arrests, at least 1,476 (82%) were under § 236.1.", ["1,798", "1,476", "82%"]),
        ("At the pace of 2011, 100 arrests would be expected by September 30, 2012; there were 113.", ["100", "113"]),
        ("Table 1 and end note 13 of Chapter 3 give a 95% interval of −339 to 2012 victims.", ["−339"]),
        ("From 2,012 to 0.000004", ["2,012", "0.000004"]),
        ("Nobody knows.", []),
    ],
)
def test_numbers_open_and_quarters_years_and_sections_do_not(sentence, numbers):
    opened = str(open_numbers(sentence, "some-id"))
    assert re.findall(r'popovertarget="note-some-id">([^<]+)</button>', opened) == numbers
    assert re.sub("<[^>]+>", "", opened) == sentence


def test_a_sentence_is_one_stop_for_the_tab_key_however_many_numbers_it_has():
    opened = str(open_numbers("1 and 2 and 3", "x"))
    assert opened.count("<button") == 3 and opened.count('tabindex="-1"') == 2
    beside = open_numbers("1 and (2 to 3).", "x", stop=False)
    assert beside == "<u>1</u> and <u>(2</u> to <u>3).</u>", "where a button beside is that stop"


def test_no_line_ends_between_a_number_and_its_brackets_or_what_ends_the_sentence():
    opened = str(open_numbers("The odds are 12 times as high (1 to 247).", "x"))
    whole = re.findall(r'<span class="whole">(.*?)</span>', opened)
    assert [re.sub("<[^>]+>", "", part) for part in whole] == ["(1", "247)."]


def test_a_sentence_is_escaped():
    assert str(open_numbers("<b> & 5", "x")).startswith("&lt;b&gt; &amp; <button")


FINDING = {"id": "a", "basis": "computed", "source": ["table-1", "table-1-dating"], "method": "compare_rates"}


def test_a_note_has_number_basis_formula_data_sets_and_quotes():
    notes = make_notes([FINDING | {"formula": "5 ÷ 2"}, FINDING | {"id": "b", "basis": ["reported", "computed"]}])
    assert [note["number"] for note in notes.values()] == [1, 2]
    assert notes["a"]["bases"] == ["computed"] and notes["b"]["bases"] == ["reported", "computed"]
    assert notes["a"]["formula"] == "5 ÷ 2" and notes["b"]["formula"].startswith("(first count ÷ its days)")
    assert notes["a"]["datasets"] == {"penal_code_236_1": "Arrests and convictions under § 236.1"}
    assert [quote["id"] for quote in notes["a"]["quotes"]] == ["table-1", "table-1-dating"]


def test_what_is_reported_has_no_formula():
    assert make_notes([FINDING | {"basis": "reported"}])["a"]["formula"] is None
    assert make_notes([FINDING | {"basis": ["reported"]}])["a"]["formula"] is None
