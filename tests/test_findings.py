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
    assert ht.times_less(1.04) == "as likely" and ht.times_less(0.625) == "1.6 times more likely"
    assert ht.join_words([]) == "" and ht.join_words(["a", "b"]) == "a and b"
    assert ht.number(-339) == "−339" and with_unit(-0.5, "times", 1) == "−0.5 times"
    assert [ht.percent(share) for share in (-0.001, -0.42)] == ["0%", "−42%"]
    assert ht.number(float("nan")) == "not published" == ht.percent(None)


def test_every_basis_has_a_mark_and_a_place_is_named_once():
    assert set(MARKS) == set(ht.BASES)
    assert source_in_words(["totals-victims", "totals-arrests"]) == "Chapter 3, California’s Nine Regional Task Forces"
