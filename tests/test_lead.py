"""What a quarter brought, in whole sentences, for each way in which a report can begin."""

import numpy as np
import pandas as pd
import pytest
from conftest import frame_of, make_row
from running import find_faults, run_notebook
from simulated import store_returns

import htanalysis as ht
from htanalysis.lead import measure_changes

NAMES = sorted(ht.load("task_forces")["task_force"])
VICTIMS, TRAINED = "victims identified", "people trained"
SENTENCE = "{measure} in {quarter}: {told}.{against}"


def rows(measure, counts, names=NAMES):
    """Give the returns of a measure by quarter, each a count of all named task forces together, a month later."""
    return [
        make_row(quarter, name, count // len(names) + (place < count % len(names)), measure)
        for quarter, count in counts.items()
        for place, name in enumerate(names)
    ]


def lead(home, returned, quarter, audience="internal", measure=VICTIMS):
    """Store returns and give the row of a measure in a quarter."""
    if returned:
        store_returns(home, frame_of(returned))
    counts, reporters = ht.count_quarters("latest", audience), ht.count_reporters("latest", audience)
    return ht.lead_quarter(counts, ht.total_quarters(counts), reporters, pd.Period(quarter, "Q")).at(measure)


def by_quarter(first, *counts):
    quarters = pd.period_range(first, periods=len(counts), freq="Q")
    return dict(zip(map(str, quarters), counts, strict=True))


TWENTY = by_quarter("2012Q3", *[300, 310, 290, 305, 295] * 3, 300, 310, 290, 305, 420)
RANGE = "it was between 0 and 873; whether it rose or fell cannot be said."
JOINED = "San Jose/South Bay Human Trafficking Task Force"
OPENINGS = {
    "the report alone": (
        [],
        "2012Q2",
        f"304, as the 2012 report states it. A quarter before and a year before {RANGE}",
    ),
    "one new quarter": (
        rows(VICTIMS, {"2012Q3": 310}),
        "2012Q3",
        "310, by 9 of 9 task forces. A quarter before it was 304; the rise of 6 is no more than chance would bring. A"
        f" year before {RANGE}",
    ),
    "four": (
        rows(VICTIMS, by_quarter("2012Q3", 310, 300, 320, 390)),
        "2013Q2",
        "390, by 9 of 9 task forces. A quarter before it was 320; the rise of 70 is more than chance would bring, if"
        " cases come one by one. A year before it was 304, by the same task forces; the rise of 86 is more than chance"
        " would bring, if cases come one by one.",
    ),
    "twenty": (
        rows(VICTIMS, TWENTY),
        "2017Q2",
        "420, by 9 of 9 task forces. A quarter before it was 305; the rise of 115 is more than chance would bring. A"
        " year before it was 300, by the same task forces; the rise of 120 is more than chance would bring.",
    ),
    "the same as before": (
        rows(VICTIMS, by_quarter("2012Q3", 304, 304, 304, 304)),
        "2013Q2",
        "304, by 9 of 9 task forces. A quarter before it was 304, too. A year before it was 304, too, by the same task"
        " forces.",
    ),
    "a gap before": (
        rows(VICTIMS, {"2012Q3": 310, "2012Q4": 300, "2013Q2": 300, "2013Q4": 310}),
        "2013Q4",
        "310, by 9 of 9 task forces. A quarter before it was not known. A year before it was 300, by the same task"
        " forces; the rise of 10 is no more than chance would bring.",
    ),
    "a quarter within a gap": (
        rows(VICTIMS, {"2012Q3": 310, "2013Q1": 300}),
        "2012Q4",
        "not known yet; 0 of 9 task forces have returned it. The last count that is known is 310, of 2012Q3.",
    ),
    "some task forces missing": (
        rows(VICTIMS, {"2012Q3": 310}) + rows(VICTIMS, {"2012Q4": 200}, NAMES[:6]),
        "2012Q4",
        "at least 200; 6 of 9 task forces have returned it. A quarter before it was 310; whether it rose or fell cannot"
        f" be said. A year before {RANGE}",
    ),
    "some missing, and a year before all": (
        rows(VICTIMS, {"2013Q2": 200}, NAMES[:6]),
        "2013Q2",
        "at least 200; 6 of 9 task forces have returned it. A quarter before it was not known. A year before it was"
        " 304; whether it rose or fell cannot be said.",
    ),
    "some missing, and more than chance all the same": (
        rows(VICTIMS, {"2012Q3": 310}) + rows(VICTIMS, {"2012Q4": 400}, NAMES[:6]),
        "2012Q4",
        "at least 400; 6 of 9 task forces have returned it. A quarter before it was 310; the rise of 90 or more is more"
        f" than chance would bring, if cases come one by one. A year before {RANGE}",
    ),
    "one more than before, and some missing": (
        rows(VICTIMS, {"2012Q3": 310}) + rows(VICTIMS, {"2012Q4": 311}, NAMES[:6]),
        "2012Q4",
        "at least 311; 6 of 9 task forces have returned it. A quarter before it was 310; whether the rise of 1 or more"
        f" is more than chance cannot be said. A year before {RANGE}",
    ),
    "a task force that joined": (
        rows(VICTIMS, {"2011Q1": 130}, [name for name in NAMES if name != JOINED]) + rows(VICTIMS, {"2012Q1": 160}),
        "2012Q1",
        "160, by 9 of 9 task forces. A quarter before it was between 0 and 583; whether it rose or fell cannot be said."
        f" A year before it was 130, without {JOINED}; the rise of 30 is no more than chance would bring.",
    ),
    "a task force that joined since the quarter before": (
        rows(VICTIMS, {"2011Q2": 130}, [name for name in NAMES if name != JOINED]) + rows(VICTIMS, {"2011Q3": 160}),
        "2011Q3",
        f"160, by 9 of 9 task forces. A quarter before it was 130, without {JOINED}; the rise of 30 is no more than"
        f" chance would bring. A year before it was 100, without {JOINED}; the rise of 60 is more than chance would"
        " bring, if cases come one by one.",
    ),
}


@pytest.mark.parametrize("case", OPENINGS)
def test_a_report_opens_with_its_quarter(home, case):
    returned, quarter, told = OPENINGS[case]
    row = lead(home, returned, quarter)
    said = row.say("{measure}-in-quarter", SENTENCE)
    assert case == "the report alone" or "returns" in said.source
    assert (said.source == ("returns",)) == (case in ("twenty", "a gap before"))
    assert (said.id, said.sentence) == ("victims-identified-in-quarter", f"Victims identified in {quarter}: {told}")


def test_a_public_report_says_plainly_that_a_sum_is_not_published(home):
    returned = rows(VICTIMS, {"2012Q3": 310}) + rows(VICTIMS, {"2012Q4": 290}, NAMES[:1])
    returned += rows(VICTIMS, {"2012Q4": 0}, NAMES[1:])
    row = lead(home, returned, "2012Q4", "public")
    assert row.write(SENTENCE) == (
        "Victims identified in 2012Q4: not published, as the sum could point at one task force’s count; 9 of 9 task"
        " forces have returned it. The last count that is known is 310, of 2012Q3."
    )
    assert (row.value, row.low, row.formula) == (
        None,
        None,
        "no total, as the sum could point at one task force’s count",
    )
    missing = rows(VICTIMS, {"2012Q3": 310}) + rows(VICTIMS, {"2012Q4": 200}, NAMES[:6])
    told = "Not known yet; 6 of 9 task forces have returned it"
    assert lead(home, missing, "2012Q4", "public").write("{told}") == told
    assert lead(home, missing, "2012Q4", "internal").write("{told}").startswith("At least 200; ")


def test_returns_that_contradict_each_other_give_the_least(home):
    returned = rows(VICTIMS, {"2012Q3": 310}) + rows(VICTIMS, {"2012Q3": 100}, ["Statewide"])
    row = lead(home, returned, "2012Q3")
    least = "At least 100, as returns contradict each other; 9 of 9 task forces have returned it"
    assert row.write("{told}") == least
    assert (row.low, row.high, row.basis, row.formula) == (100, None, "bounded", "fewest = 100")


def test_a_measure_that_was_never_counted_before_is_told_as_new(home):
    lead(home, rows(VICTIMS, {"2012Q3": 310}), "2012Q3")
    counts, reporters = ht.count_quarters("latest", "internal"), ht.count_reporters("latest", "internal")
    own = counts[counts["measure"].eq(VICTIMS)].assign(measure="hotline calls").astype({"measure": "str"})
    own = own[own["quarter"].eq("2012Q3")]
    totals = ht.total_quarters(counts)
    told = ht.lead_quarter(own, totals, reporters, pd.Period("2012Q3")).at("hotline calls")
    new = "Hotline calls in 2012Q3: 310, by 9 of 9 task forces. It is new: no earlier quarter was counted."
    assert told.write(SENTENCE) == new
    # Where the earlier quarters stand in the frame, and nothing was returned of them, it is as new.
    empty = own.assign(count=pd.array([None], "Int64"), at_least=0, returned=0, partly=0)
    both = pd.concat([empty.assign(quarter=own["quarter"] - 1), own])
    told = ht.lead_quarter(both, totals, reporters, pd.Period("2012Q3")).at("hotline calls")
    assert told.given["before"] == "not counted"
    later = pd.concat([own, own.assign(quarter=own["quarter"] + 1, count=pd.array([330], "Int64"))])
    assert ht.lead_quarter(later, totals, reporters, pd.Period("2012Q4")).at("hotline calls").write("{against}") == (
        " A quarter before it was 310; the rise of 20 is no more than chance would bring. A year before it was not"
        " counted."
    )


def test_the_table_gives_each_change_with_its_interval(home):
    store_returns(home, frame_of(rows(VICTIMS, TWENTY)))
    counts, reporters = ht.count_quarters("latest", "internal"), ht.count_reporters("latest", "internal")
    told = ht.lead_quarter(counts, ht.total_quarters(counts), reporters, pd.Period("2017Q2"))
    row = told.frame.set_index("measure").loc[VICTIMS]
    told_of = ["420", "9 of 9", "305", "300", "the same 9"]
    assert row[["now", "reported", "before", "year_before", "who"]].tolist() == told_of
    assert row["since_before"] == "+115, 1.38 times (1.19 to 1.60): more than chance would bring"
    assert row["since_year"] == "+120, 1.40 times (1.20 to 1.63): more than chance would bring"
    assert told.given["changed"] == VICTIMS
    nothing = ht.lead_quarter(counts, ht.total_quarters(counts), reporters, pd.Period("2017Q1"))
    assert nothing.given["changed"] == "No count is known to have"


def test_counts_that_varied_more_before_need_a_larger_change():
    quarters = pd.period_range("2012Q3", periods=9, freq="Q")
    own = pd.DataFrame({"count": [300, 400, 300, 400, 300, 400, 300, 400, 300], "task_forces_reporting": 9}, quarters)
    # Each change squared is 10,000 and each sum 700; Student's quantile for seven is 2.365.
    assert measure_changes(own, quarters[8]) == pytest.approx(10_000 / 700 * (2.3646 / 1.95996) ** 2, rel=1e-3)
    assert measure_changes(own, quarters[4]) is None
    # A change where another number of task forces reports tells nothing of how counts vary.
    assert measure_changes(own.assign(task_forces_reporting=[8, *[9] * 8]), quarters[5]) is None
    # Nor does one across quarters for which nobody was asked: four changes are left, whose quantile is 2.776.
    apart = own.drop(quarters[[2, 3]])
    assert measure_changes(apart, quarters[8]) == pytest.approx(10_000 / 700 * (2.7764 / 1.95996) ** 2, rel=1e-3)


@pytest.mark.parametrize("dispersion", [1, 3])
def test_chance_alone_is_called_more_than_chance_as_rarely_as_it_says(dispersion):
    generator, quarters, called = np.random.default_rng(7), pd.period_range("2012Q3", periods=10, freq="Q"), 0
    for _ in range(100):
        counts = generator.poisson(300, 10) if dispersion == 1 else generator.negative_binomial(150, 1 / 3, 10)
        own = pd.DataFrame({"count": counts, "task_forces_reporting": 9}, quarters)
        known = measure_changes(own, quarters[-1])
        called += ht.compare_rates(*map(int, (max(counts[-2:]), 1, min(counts[-2:]), 1)), dispersion=known).low > 1
    assert called / 100 < 0.08


SUMS = {"2012Q3": 310, "2012Q4": 0, "2013Q1": 290, "2013Q3": 1305}
RANGES = "7 of 13 quarterly counts of victims identified are known only within a range"
TITLES = {
    "2012Q2": RANGES,
    "2012Q3": "Victims identified in 2012Q3: 310; a year before: 0 to 873",
    "2012Q4": "Victims identified in 2012Q4: 0; a year before: 0 to 873",
    "2013Q2": RANGES,  # only six of nine returned it
    "2013Q3": "Victims identified in 2013Q3: 1,305; a year before: 310",
}


@pytest.mark.parametrize("quarter", TITLES)
def test_the_first_chart_leads_with_a_later_quarter_and_a_year_before(home, quarter):
    store_returns(home, frame_of(rows(VICTIMS, SUMS) + rows(VICTIMS, {"2013Q2": 200}, NAMES[:6])))
    counts = ht.count_quarters("latest", "internal")
    totals, victims = ht.total_quarters(counts), counts[counts["measure"].eq(VICTIMS)]
    assert ht.bound_quarters(victims, totals, quarter=pd.Period(quarter)).write("{lead}") == TITLES[quarter]


def test_the_first_years_are_history_in_a_later_report(home):
    returned = [row for measure in ht.load("task_force_totals")["measure"] for row in rows(measure, {"2012Q3": 310})]
    store_returns(home, frame_of(returned))
    shown = run_notebook("01", quarter="2012Q3", as_of="latest", audience="public")
    assert not find_faults(shown)
    ids = [each.content["id"] for each in shown if each.kind == "finding"]
    assert ids[:5] == [f"{measure.replace(' ', '-')}-in-quarter" for measure in ht.load("task_force_totals")["measure"]]
    opening = next(each.content for each in shown if each.kind == "chart")
    assert opening["id"] == "victims-identified-by-quarter"
    assert opening["title"] == "Victims identified in 2012Q3: 310; a year before: 0 to 873"
    assert ids.index("straight-line") > 5 and ids.count("growth-before-san-jose") == 1
    first = [each.content["sentence"] for each in run_notebook("00", quarter="2012Q3", as_of="latest")[1:4]]
    assert first[:2] == ["In 2012Q3 9 of 9 task forces reported.", "5 of 5 counts of 2012Q3 are known."]
