from dataclasses import replace

import pandas as pd
import pytest

import htanalysis as ht
from htanalysis.data import resource
from htanalysis.results import MARKS, MIME, Amount, Column, Result, source_in_words, sources_of, write_formula
from htanalysis.wording import with_unit

GOOD = {"id": "some-finding", "sentence": "There are 3.", "basis": "computed", "source": ["table-1"], "value": 3.0}
GOOD |= {"formula": "one + two = 1 + 2"}


def test_a_finding_travels_as_json_beside_readable_text_and_an_answer_shows_its_findings_together():
    finding = ht.Finding(**GOOD | {"low": 2, "high": 4, "unit": "times", "method": "compare_rates"})
    bundle = finding._repr_mimebundle_()
    assert bundle[MIME]["role"] == "finding"
    (content,) = bundle[MIME]["findings"]
    assert (content["value"], content["low"], content["high"]) == (3.0, 2.0, 4.0)
    assert content["amount"] == "3.0 times" and content["source"] == ["table-1"]
    assert content["formula"] == "one + two = 1 + 2"
    assert bundle["text/markdown"] == "There are 3.  \n○ *computed* · Chapter 3, Table 1"
    bundle = ht.answer(ht.Finding(**GOOD), ht.Finding(**GOOD | {"id": "other"}))._repr_mimebundle_()
    assert bundle[MIME]["role"] == "answer"
    assert [item["id"] for item in bundle[MIME]["findings"]] == ["some-finding", "other"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "Not An Id"}, "an id has lower-case letters"),
        ({"low": 4, "high": 5}, "4 to 5 does not hold 3."),
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
        ({"high": float("inf"), "low": 1}, "one of them is infinite"),
    ],
)
def test_a_finding_that_could_mislead_is_refused(change, message):
    with pytest.raises(ht.HtanalysisError) as caught:
        ht.Finding(**GOOD | change)
    assert message in str(caught.value)


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


def test_numbers_are_rounded_so_that_every_machine_writes_the_same_and_what_a_source_reports_needs_no_formula():
    assert ht.Finding(**GOOD | {"value": 0.1 + 0.2}).value == 0.3
    assert ht.Finding(**GOOD | {"basis": "reported", "formula": None}).formula is None
    assert write_formula("{a} × {b}", a=1 - 0.785, b=1e-6) == "0.215 × 0.000001"


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
        *((1.04, ""), (1.0, ""), (0.999, ""), (0.96, "0.96 times "), (0.27, "0.27 times "), (8.89, "8.9 times ")),
        *((2.4e-6, "0.0000024 times "), (46.3, "46 times "), (2_427_184.4, "2,400,000 times ")),
    ],
)
def test_a_ratio_is_told_in_one_direction_below_at_and_above_1(ratio, words):
    assert ht.times_likely(ratio) == f"{words}as likely"


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
    told = {0: "0%", 1: "100%", 0.5: "50%", 0.7: "70%", 0.001: "0.1%", 0.785: "78.5%", 1 - 1e-6: "99.9999%"}
    assert {share: ht.as_given(share) for share in told} == told
    told = {0.1 + 0.2: "0.3", 1e-7: "0.0000001", 12345678: "12,345,678", 0: "0", -0.5: "−0.5"}
    assert {value: ht.in_formula(value) for value in told} == told
    assert ht.unlike("29%", "23%", "as counted") == ", not 23%" and ht.unlike("2", "2", "as before") == ", as before"


def test_every_basis_has_a_mark_and_a_place_is_named_once():
    assert set(MARKS) == set(ht.BASES)
    assert source_in_words(["totals-victims", "totals-arrests"]) == "Chapter 3, California’s Nine Regional Task Forces"


TYPES = ht.load("trafficking_type")
NUMBERS = {"value": 8.9, "low": 4.6, "high": 12.2, "unit": "times", "method": "detect", "formula": "1 + 7.9"}
RESTS = {"basis": "assumed", "source": ("type-task-forces",), "assumption": "the world’s mix"}
RESULT = Result(**NUMBERS, **RESTS, given={"share": Amount(0.785), "kind": "labor"})


def test_a_result_says_its_numbers_in_its_own_unit():
    fields = "{kind}: {value}, {range}, {between}, {told}; {value:likely}, {low:bare}, {share:given}"
    found = RESULT.say("some-finding", fields)
    told = "Labor: 8.9 times, 4.6 to 12.2 times, between 4.6 and 12.2 times, 8.9 times (4.6 to 12.2); 8.9 times as"
    assert found.sentence == f"{told} likely, 4.6, 78.5%"
    assert (found.value, found.basis, found.method, found.formula) == (8.9, "assumed", "detect", "1 + 7.9")
    assert found.source == ("type-task-forces",) and float(RESULT) == 8.9


def test_a_result_explains_and_cites_itself():
    lines = ["Result: 8.9 times (4.6 to 12.2)", "Basis: ▨ assumed", "Assumes: the world’s mix"]
    assert RESULT.explain().split("\n")[:3] == lines
    assert RESULT._repr_mimebundle_()["text/plain"] == RESULT.explain()
    assert RESULT.cite().startswith("“56% of the trafficking victims who received services")
    own = Result(basis="computed", value=3)
    assert own.cite() == "your own numbers" and "Source: your own numbers" in own.explain()


def test_one_number_is_picked_as_its_source_has_it():
    share = ht.pick(TYPES, "share", source="hotline", trafficking_type="sex")
    assert (share.value, share.unit, share.source, share.basis) == (0.76, "share", ("type-hotline",), "reported")
    served = ht.pick(ht.load("task_force_totals"), "count", measure="victims served")
    assert (served.value, served.unit) == (1522, "victims served")
    assert served.source == ("totals-served", "totals-double-counting")
    with pytest.raises(ht.HtanalysisError, match="share: 0 rows are “source = nobody”"):
        ht.pick(TYPES, "share", source="nobody")
    one = "count: 1 rows are “source = hotline, trafficking_type = sex”; one with"
    with pytest.raises(ht.HtanalysisError, match=one):
        ht.pick(TYPES, "count", source="hotline", trafficking_type="sex")


def test_sources_follow_from_the_rows_that_go_in():
    forces = TYPES[TYPES["source"].eq("task forces")]
    assert sources_of(forces) == ("type-task-forces", "type-task-forces-labor", "type-task-forces-other")
    assert sources_of(ht.mix_of(TYPES, "task forces"), RESULT, "table-1") == (*sources_of(forces), "table-1")
    assert sources_of(TYPES[TYPES["source"].eq("none")]) == ()
    assert sources_of(forces.assign().set_axis([*forces], axis=1)[:0]) == ()


def test_each_phrase_that_backs_rows_backs_some():
    for entry in ht.catalogue()["name"]:
        rows = ht.load(entry)
        assert len(rows) or entry == "corrections"
        for item in resource(entry)["evidence"] if len(rows) else ():
            assert item["id"] in sources_of(rows), item["id"]


ROWS = pd.DataFrame(
    [
        ("one", 0.5, 0.5, 0.5, 0.4, 0.6, "computed", 1, "1 ÷ 2 = 1 ÷ 2", ("table-1",), 2000, "here"),
        ("two", None, 0.1, 0.9, None, None, "bounded", 0, "lowest = 0.1", ("table-1", "table-3"), 10, None),
    ],
    columns=[
        *("what", "value", "low", "high", "interval_low", "interval_high", "basis", "digits", "formula", "source"),
        *("cases", "place"),
    ],
).assign(unit="share")
WHOLE = ht.Result(basis="bounded", source=("table-3",), low=0, high=1, frame=ROWS, method="pick", given={"all": "both"})


def test_a_row_of_a_result_is_a_result_with_its_own_numbers_and_the_methods_of_the_whole():
    told = WHOLE.at("one").say("one", "{value} ({range}) of {cases} {place}, of {all}.")
    assert told.sentence == "50.0% (40.0% to 60.0%) of 2,000 here, of both."
    assert (told.basis, told.source, told.method, told.digits) == ("computed", ("table-1",), "pick", 1)
    two = WHOLE.at("two")
    assert (two.value, two.low, two.high, two.frame, two.words["range"]) == (None, 0.1, 0.9, None, "10% to 90%")
    bare = replace(WHOLE, formula="of all", frame=ROWS.assign(formula=None))
    assert bare.at("one").formula is None and replace(bare, frame=ROWS.drop(columns="formula")).at("one").formula
    with pytest.raises(ht.HtanalysisError, match='"three" is not a row'):
        WHOLE.at("three")


def test_two_numbers_are_divided_with_the_weaker_basis_and_the_sources_of_both():
    part = ht.Result(basis="reported", source=("totals-trained",), value=3000, unit="trained")
    whole = ht.Result(basis="assumed", source=("totals-victims",), value=1500, unit="identified")
    ratio = ht.divide(part, whole, "for each")
    assert (ratio.value, ratio.unit, ratio.basis) == (2, "for each", "assumed")
    assert ratio.formula == "trained ÷ identified = 3,000 ÷ 1,500"
    assert ratio.source == ("totals-trained", "totals-victims") and f"{ratio.given['part']}" == "3,000"


def test_a_text_stands_for_a_column_and_a_number_for_an_amount():
    columns = {"what": "what", "part": Column("part", "share")}
    shown = Result(**RESTS, columns=columns, given={"all": 2552, "share": Amount(0.5, "share"), "of": "both"})
    assert shown.columns == {"what": Column("what"), "part": Column("part", "share")}
    assert shown.write("{all} of {of}, {share}") == "2,552 of both, 50%"


def test_a_table_has_the_bases_of_its_columns_and_of_its_rows_and_its_own_word_for_what_is_missing():
    columns = {"what": Column(title="what"), "value": Column(title="share", unit="share", basis="row")}
    columns |= {"cases": Column(title="cases", basis="reported")}
    shown = ht.tabulate(replace(WHOLE, columns=columns), "a-table", "Title", "Subtitle", missing="–").to_json()
    assert shown["basis"] == ["reported", "computed", "bounded"] and shown["missing"] == "–"
    assert [column.get("basis") for column in shown["columns"]] == [None, "row", "reported"]
    assert shown["formula"] is None
    added = replace(WHOLE, columns=columns, method=None, formula="1 + 1")
    assert ht.tabulate(added, "a-table", "Title", "Subtitle").to_json()["formula"] == "1 + 1"


def test_ranges_are_drawn_of_the_rows_that_have_the_unit_of_the_axis():
    other = WHOLE.frame.assign(unit=["", "share"])
    drawn = replace(WHOLE, frame=other, picture=("ranges", {"axis": Column(title="part", unit="share")}))
    rows = ht.draw(drawn, "a-chart", "Title", "Subtitle").table.to_json()["rows"]
    assert [row[0] for row in rows] == ["two"]
