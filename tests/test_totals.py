"""The state's totals while returns are missing, and the two pages that show them, for simulated returns."""

import numpy as np
import pandas as pd
import pytest
from conftest import frame_of
from conftest import make_row as row
from running import find_faults, run_notebook
from simulated import draw_returns, store_returns
from test_notebooks import work_out

import htanalysis as ht
from htanalysis import settings

NAMES = ht.load("task_forces")["task_force"].tolist()
LAST = pd.Period("2013Q2", freq="Q")


def add(home, rows):
    store_returns(home, frame_of(rows))


def tell(audience="internal", quarter=LAST, as_of="latest"):
    return ht.nowcast_totals(pd.PeriodIndex([quarter]), as_of, audience).frame


def list_totals(audience="internal"):
    asked = (pd.PeriodIndex([LAST]), "latest", audience)
    return ht.list_returned_totals(ht.tell_totals(*asked), ht.nowcast_totals(*asked))


def grow(quarters, seen, rest, first=1.0):
    """Give returns of eight task forces that share what is seen, at first a part of it, and of one that comes late."""
    rows = []
    for quarter, part, late in zip(quarters, seen, rest, strict=True):
        rows += [row(quarter, name, round(part * first / 8)) for name in NAMES[:8]]
        rows += [row(quarter, name, part // 8, day=90) for name in NAMES[:8] if first < 1 and quarter != LAST]
        rows += [row(quarter, NAMES[8], late, day=60)] if quarter != LAST else []
    return rows


def test_a_total_is_told_from_how_what_the_same_task_forces_had_returned_grew(home):
    quarters = pd.period_range(LAST - 4, LAST, freq="Q")
    # First versions are half of what comes in the end: 80 of 160, to which the ninth adds 40.
    add(home, grow(quarters, [160, 160, 320, 320, 240], [40, 40, 80, 80, 0], first=0.5))
    told = tell().iloc[0]
    assert told[["at_least", "value", "basis", "reported"]].tolist() == [120, 120 * 1200 / 480, "computed", "8 of 9"]
    assert told["low"] <= 300 <= told["high"] and told["high"] - told["low"] < 100
    assert dict(work_out(told["formula"])) == {end: told[end] for end in ("value", "low", "high")}
    assert "as 4 earlier quarters did, of which such a range, from the others, held 4" in told["words"]
    # By the day on which the others' were as old, what they had returned later counts for nothing.
    assert tell(quarter=LAST - 1, as_of=str((LAST - 1).end_time.date() + pd.Timedelta(days=30))).empty


def test_a_nowcast_is_never_below_what_was_returned(home):
    quarters = pd.period_range(LAST - 5, LAST, freq="Q")
    add(home, grow(quarters, [80, 88, 80, 72, 80, 160], [0] * 6))
    told = tell().iloc[0]
    assert told[["at_least", "low", "value"]].tolist() == [160, 160, 160] and told["high"] > 160


def test_without_earlier_totals_the_history_of_the_missing_is_an_assumption(home):
    quarters = pd.period_range(LAST - 4, LAST, freq="Q")
    earlier = ((40, 60, 50, 55), (30, 20, 20, 25))
    rows = [row(quarters[i], name, each[i]) for name, each in zip(NAMES, earlier, strict=False) for i in range(4)]
    add(home, [*rows, *[row(LAST, name, 13) for name in NAMES[2:]]])
    totals = ht.total_returns(audience="internal").set_index("quarter").loc[LAST]
    assert pd.isna(totals["high"]) and pd.isna(totals["count"])
    told = tell().iloc[0]
    assert told["basis"] == "assumed" and pd.isna(told["value"]) and "held in 60% to 97% of" in told["words"]
    assert told[["at_least", "low", "high"]].tolist() == [91, 91 + 60, 91 + 90]
    both = list_totals()
    assert both.frame["label"].tolist() == ["arrests", "arrests, if as in earlier quarters"]
    assert both.frame["low"].tolist() == [91, 151] and both.frame["high"].tolist() == [pd.NA, 181]
    assert both.frame["basis"].tolist() == ["bounded", "assumed"]
    add(home, [*rows[1:], *[row(LAST, name, 13) for name in NAMES[2:]]])
    # The first task force has three earlier quarters now: nothing is told.
    assert tell().empty


def test_the_public_is_told_nothing_of_a_total_while_returns_are_missing(home):
    quarters = pd.period_range(LAST - 6, LAST, freq="Q")
    rows = [row(quarter, name, 40) for quarter in quarters for name in NAMES if quarter < LAST or name != NAMES[0]]
    add(home, rows)
    assert tell("public", LAST).empty and len(tell("internal", LAST)) == 1
    listed = list_totals("public")
    told = listed.frame.iloc[0]
    assert told[["value", "low", "high", "basis"]].isna().all() and told["reported"] == "8 of 9"
    assert listed.bases == ("computed",)
    shown = run_notebook("08", quarter=str(LAST), as_of="latest", audience="public")
    sentences = [each.content["sentence"] for each in shown if each.kind == "finding"]
    assert sentences[0] == f"Of 1 total of {LAST} that returns give, 0 are published."
    assert not find_faults(shown)


def test_one_function_says_how_many_have_reported(home):
    add(home, [row(LAST, NAMES[0], 20), row(LAST, NAMES[1], 30), row(LAST, NAMES[2], 5, kind="sex")])
    reporters = ht.count_reporters().set_index("quarter")
    assert reporters.loc[LAST, ["due", "reported", "full", "partly", "by_report"]].tolist() == [9, 2, 0, 1, False]
    assert reporters.loc["2012Q2", ["due", "reported", "by_report"]].tolist() == [9, 9, True]
    assert reporters.loc["2012Q3", ["due", "reported"]].tolist() == [9, 0]
    said = "In 2013Q2 2 of 9 task forces reported, none of them all 5 counts, and 1 returned in part"
    for name in ("00", "08"):
        shown = run_notebook(name, quarter=str(LAST), as_of="latest")
        sentences = [each.content["sentence"] for each in shown if each.kind == "finding"]
        assert sum(said in sentence for sentence in sentences) == 1


def test_a_known_count_that_a_return_exceeds_is_not_known_any_more(home):
    first = pd.Period("2010Q3")
    add(home, [row(first, NAMES[0], 101, measure="victims identified")])
    told = ht.count_known(ht.count_quarters(audience="internal").query("quarter == @first"))
    assert (told.value, told.formula) == (2, "all counts − those not known = 5 − 3")


def test_contradictions_are_said_on_the_page(home):
    rows = [row(LAST, "Statewide", 10), *[row(LAST, name, 30) for name in NAMES]]
    rows += [row(LAST, NAMES[0], 40, measure="victims identified")]
    rows += [row(LAST, NAMES[0], 0, measure="victims identified", kind=kind) for kind in ("sex", "labor", "other")]
    spans = pd.period_range("2010Q3", "2011Q1", freq="Q")
    rows += [row(quarter, name, 200, measure="investigations initiated") for quarter in spans for name in NAMES[:8]]
    add(home, rows)
    found = ht.list_contradictions(pd.PeriodIndex([LAST]), audience="internal").frame["words"].tolist()
    assert found == [
        "a statewide return gives 10, and what 9 of 9 task forces returned adds up to 270",
        f"{NAMES[0]}: the types add up to 0, and all are 40",
    ]
    shown = run_notebook("08", quarter=str(LAST), as_of="latest", audience="internal")
    findings = {each.content["id"]: each.content for each in shown if each.kind == "finding"}
    arrests = findings["arrests-2013q2-returned"]
    assert (arrests["low"], arrests["high"], arrests["basis"]) == (10, 270, "bounded")
    assert found[0] in arrests["sentence"]
    # Eight task forces gave 1,600 in each of three quarters, and the last published quarter has its own.
    assert "2,552, no longer holds: the returns give " in findings["returns-against-report"]["sentence"]


def test_without_returns_the_page_says_so_at_each_place():
    assert not [item for item in run_notebook("08") if item.kind != "finding"]
    asked = (ht.parse_period("2012Q2"), "report", "public")
    known = ht.tell_totals(*asked)
    listed = ht.list_returned_totals(known, ht.nowcast_totals(*asked))
    assert ht.tabulate(listed, "a", "Title", "", nothing="None of {period}.").text == "None of 2012Q2."
    assert (known.value, known.frame.empty) == (0, True) and not known.rows


def test_only_a_count_that_is_the_least_is_bounded(home):
    add(home, [row(LAST, NAMES[0], 20), row(LAST, NAMES[1], 5, kind="sex")])
    told = ht.tell_counts(pd.PeriodIndex([LAST]), audience="internal")
    rows = told.frame.set_index("task_force").loc[NAMES[:3], ["arrests", "basis"]].to_numpy().tolist()
    assert rows == [["20", "reported"], ["at least 5", "bounded"], ["not returned", "reported"]]
    assert told.bases == ("reported", "bounded")
    assert told.write("{absent} not returned and {partly}") == "7 were not returned and 1 was"
    assert ht.tell_counts(pd.PeriodIndex([LAST])).bases == ("reported",)


def test_victims_in_words_that_are_a_sum_are_computed(home):
    add(home, [row(LAST, name, 30, measure="victims identified") for name in NAMES])
    shown = run_notebook("00", quarter=str(LAST), as_of="latest")
    said = next(each.content for each in shown if each.kind == "finding" and each.content["id"] == "victims-in-words")
    assert said["sentence"] == (
        "Victims identified from April to June 2013: 270, by 9 of 9 task forces. A quarter before it was not known. A"
        " year before it was 304, by the same task forces; the fall of 34 is no more than chance would bring."
    )
    assert (said["value"], said["basis"]) == (270, "computed")
    assert list(work_out(said["formula"])) == [("value", 270)]
    # Where the first of the two counts is a sum, and a statewide return states the last.
    first = pd.Period("2010Q3", freq="Q")
    rows = [row(first, name, 12, measure="victims identified") for name in NAMES[:8]]
    add(home, [*rows, row(pd.Period("2012Q2"), "Statewide", 280, measure="victims identified")])
    shown = run_notebook("00", quarter="2012Q2", as_of="latest", audience="internal")
    said = next(each.content for each in shown if each.kind == "finding" and each.content["id"] == "victims-in-words")
    assert said["sentence"].startswith("Victims identified from April to June 2012: 280, by a statewide return.")
    assert (said["value"], said["basis"]) == (280, "reported")


@pytest.mark.parametrize("seed", range(14))
def test_both_pages_hold_for_any_returns(home, seed):
    store_returns(home, draw_returns(seed))
    audience = settings.AUDIENCES[seed % 2]
    held = [str(quarter) for quarter in ht.held_quarters()]
    generator = np.random.default_rng(seed)
    first, last = sorted(generator.choice(len(held), 2))
    quarter = ["latest", held[first], f"{held[first]}:{held[last]}"][seed % 3]
    for name in ("00", "08"):
        shown = run_notebook(name, quarter=quarter, as_of="latest", audience=audience)
        assert not find_faults(shown)
        for each in (each.content for each in shown if each.kind == "finding"):
            for end, result in work_out(each["formula"] or ""):
                assert result == pytest.approx(each[end], rel=1e-3), each["formula"]
