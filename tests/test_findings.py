import pytest

import htanalysis as ht
from htanalysis.findings import MARKS, MIME, source_in_words, with_unit

GOOD = {"id": "some-finding", "sentence": "There are 3.", "basis": "computed", "source": ["table-1"], "value": 3.0}
GOOD |= {"formula": "one + two = 1 + 2"}


def test_a_finding_travels_as_json_beside_readable_text():
    finding = ht.Finding(**GOOD | {"low": 2, "high": 4, "unit": "times", "method": "compare_rates"})
    bundle = finding._repr_mimebundle_()
    assert bundle[MIME]["role"] == "finding"
    content = bundle[MIME]["findings"][0]
    assert (content["value"], content["low"], content["high"]) == (3.0, 2.0, 4.0)
    assert content["amount"] == "3.0 times" and content["source"] == ["table-1"]
    assert content["formula"] == "one + two = 1 + 2"
    assert bundle["text/markdown"] == "There are 3.  \n○ *computed* · Chapter 3, Table 1"


def test_an_answer_shows_its_findings_together():
    bundle = ht.answer(ht.Finding(**GOOD), ht.Finding(**GOOD | {"id": "other"}))._repr_mimebundle_()
    assert bundle[MIME]["role"] == "answer"
    assert [item["id"] for item in bundle[MIME]["findings"]] == ["some-finding", "other"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "Not An Id"}, "an id has lower-case letters"),
        ({"low": 4, "high": 5}, "4.0 to 5.0 does not hold 3.0"),
        ({"low": 2}, "a range has two ends"),
        ({"basis": "bounded", "value": None, "high": 2}, "a range has two ends"),
        ({"basis": "bounded"}, "a bounded finding has a range and no value"),
        ({"basis": "assumed"}, "say what is assumed"),
        ({"formula": None}, "say how it is computed: give a formula with its inputs"),
        ({"formula": None, "basis": "assumed", "assumption": "so much"}, "say how it is computed"),
        ({"formula": "", "basis": "bounded", "value": None, "low": 1, "high": 2}, "say how it is computed"),
        ({"source": []}, "name what it rests on"),
        ({"basis": "guessed"}, '"guessed" is not a basis'),
        ({"source": ["table-0"]}, '"table-0" is not a source'),
        ({"source": "table-1"}, "as a list of sources"),
        ({"high": float("inf"), "low": 1}, "not a finite number"),
    ],
)
def test_a_finding_that_could_mislead_is_refused(change, message):
    with pytest.raises(ht.HtanalysisError) as caught:
        ht.Finding(**GOOD | change)
    assert message in str(caught.value)


def test_what_a_source_reports_needs_no_formula():
    assert ht.Finding(**GOOD | {"basis": "reported", "formula": None}).formula is None


@pytest.mark.parametrize(
    ("change", "amount"),
    [
        ({"value": 0.4602, "unit": "share"}, "46%"),
        ({"value": 0.4602, "unit": "share", "digits": 1}, "46.0%"),
        ({"value": 1277, "unit": "victims"}, "1,277 victims"),
        ({"value": None, "low": 716, "unit": "victims", "basis": "bounded"}, "at least 716 victims"),
        ({"value": None, "low": 1, "high": 54, "basis": "bounded", "unit": "convictions"}, "1 to 54 convictions"),
        ({"value": None, "low": 0.5, "high": 0.5, "basis": "bounded", "unit": "share"}, "50%"),
        ({"value": None}, ""),
    ],
)
def test_the_amount_is_written_for_a_card(change, amount):
    assert ht.Finding(**GOOD | change).amount == amount


def test_numbers_are_rounded_so_that_every_machine_writes_the_same():
    assert ht.Finding(**GOOD | {"value": 0.1 + 0.2}).value == 0.3


def test_words_follow_the_numbers():
    assert ht.span(0, 2027) == "between 0 and 2,027"
    assert ht.span(0.123, 0.124, "share") == "12%"
    assert ht.span(1, 2, "times", 1, between=False) == "1.0 to 2.0 times"
    assert ht.tell_change(2.2, 1.1, "a", "b", 1) == "fell from 2.2 in a to 1.1 in b"
    assert ht.join_words([]) == "" and ht.join_words(["a", "b"]) == "a and b"
    assert ht.number(-339) == "−339" and with_unit(-0.5, "times", 1) == "−0.5 times"
    assert [ht.percent(share) for share in (-0.001, -0.42)] == ["0%", "−42%"]
    assert [ht.number(value, 1) for value in (-0.04, -0.06, -12.34)] == ["0.0", "−0.1", "−12.3"]
    assert [ht.number(2427.1, digits) for digits in (0, -1, -2)] == ["2,427", "2,430", "2,400"]
    assert ht.number(float("nan")) == "not published" == ht.percent(None)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (8.89, "8.9 times as likely"),
        (1.04, "as likely"),
        (1.0, "as likely"),
        (0.999, "as likely"),
        (0.96, "0.96 times as likely"),
        (0.27, "0.27 times as likely"),
        (2.4e-6, "0.0000024 times as likely"),
        (46.3, "46 times as likely"),
        (2_427_184.4, "2,400,000 times as likely"),
    ],
)
def test_a_ratio_is_told_in_one_direction_below_at_and_above_1(ratio, words):
    assert ht.times_likely(ratio) == words


def test_numbers_told_together_have_the_digits_that_the_smallest_needs():
    assert [ht.digits_for(8.89, 4.6, 12.2), ht.digits_for(0.27, 0.1, 0.4), ht.digits_for(0, 0)] == [1, 2, 1]
    assert ht.digits_for(0.41, 0.25, 0.53, unit="share") == 0 == ht.digits_for(0.0, 1.0, unit="share")
    assert ht.digits_for(0.00007, 0.00003, 0.0001, unit="share") == 3
    assert ht.digits_for(0.9993, unit="share") == 2
    assert ht.tell_range(0.00007, 0.00003, 0.0001, "share", 3) == "0.007% (0.003% to 0.010%)"
    assert ht.tell_range(8.9, 4.6, 12.2, "times", 1) == "8.9 times (4.6 to 12.2)"
    assert ht.tell_range(-4.2, -20, 12, "points") == "−4 points (−20 to 12)"
    assert ht.tell_range(3, 3, 3.2, "points") == "3 points"


def test_what_somebody_chose_is_told_as_it_was_given():
    assert [ht.as_given(share) for share in (0, 1, 0.5, 0.7, 0.001, 0.785, 1 - 1e-6)] == [
        *("0%", "100%", "50%", "70%", "0.1%", "78.5%", "99.9999%")
    ]
    assert [ht.in_formula(value) for value in (0.1 + 0.2, 1e-7, 12345678, 0, -0.5)] == [
        *("0.3", "0.0000001", "12345700", "0", "−0.5")
    ]
    assert ht.unlike("29%", "23%", "as counted") == ", not 23%" and ht.unlike("2", "2", "as before") == ", as before"


def test_every_basis_has_a_mark_and_a_place_is_named_once():
    assert set(MARKS) == set(ht.BASES)
    assert source_in_words(["totals-victims", "totals-arrests"]) == "Chapter 3, California’s Nine Regional Task Forces"
