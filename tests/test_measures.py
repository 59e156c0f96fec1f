"""Measures: declared once, taken up everywhere, asked for from a quarter on and until another."""

import datetime

import numpy as np
import pandas as pd
import pytest
from conftest import append_rows, make_row

import htanalysis as ht
from htanalysis import cli, settings
from htanalysis.quarterly import name_sources
from htanalysis.report.changes import find_findings
from htanalysis.returns import store
from htanalysis.returns.checks import check_files
from htanalysis.returns.disclosure import Decision, decide, hide_parts
from htanalysis.returns.measures import add_measure, drop_measure, list_asked, list_limits, load_measures
from htanalysis.returns.register import list_reporting
from htanalysis.returns.template import list_allowed
from htanalysis.returns.withdrawals import withdraw_count

FIRST = pd.Period("2013Q1", freq="Q")
NAMES = sorted(list_reporting(FIRST))
NEW = ("victims certified", "victims", "Victims whom the federal government certified.", FIRST, "victims identified")
REPORTS = ["investigations initiated", "victims identified", "arrests", "people trained", "victims served"]
DAY = "2013-02-01"


def add(measure, *counts, quarter=FIRST, day="2013-04-20"):
    """Store what task forces returned."""
    append_rows([make_row(quarter, *pair, measure, day=day) for pair in zip(NAMES, counts, strict=False)])


def check(folder, *rows):
    """Check a file of counts of the first task force, and give what is said."""
    lines = [f"{period},{NAMES[0]},{measure},{kind},{count},2013-08-01" for period, measure, kind, count in rows]
    path = folder / "a.csv"
    path.write_text("period_start,period_end,task_force,measure,trafficking_type,count,as_of\n" + "\n".join(lines))
    problems = check_files([path], store.read_store(), datetime.date.today()).problems
    return [f"{each.severity}: {each}" for each in problems]


Q1, Q2 = "2013-01-01,2013-03-31", "2013-04-01,2013-06-30"


@pytest.mark.usefixtures("home")
def test_a_new_measure_is_asked_for_from_its_quarter_on():
    add_measure(*NEW, DAY)
    measures = load_measures()
    asked = list_asked(measures, [FIRST - 1, FIRST])
    assert asked == {FIRST - 1: (*REPORTS,), FIRST: (*REPORTS, "victims certified")}
    assert list_allowed("measure", FIRST) == asked[FIRST]
    assert list_asked(load_measures("2013-01-31"), [FIRST]) == {FIRST: (*REPORTS,)}
    add("arrests", *[30] * 9)
    counts = ht.count_quarters()
    own = counts[counts["measure"].eq("victims certified")]
    assert own["quarter"].tolist() == [FIRST] and own["count"].isna().all()
    assert len(counts) == 5 * len(ht.held_quarters()) + 1
    assert "victims certified" not in set(ht.count_quarters("2013-01-31")["measure"])


@pytest.mark.usefixtures("home")
def test_only_who_returned_all_that_is_asked_for_counts_as_full():
    add_measure(*NEW, DAY)
    for measure in REPORTS:
        add(measure, *[30] * 9)
    row = ht.count_reporters(audience="internal").iloc[-1]
    assert (row["reported"], row["asked"], row["full"]) == (9, 6, 0)
    add("victims certified", *[20] * 5)
    row = ht.count_reporters(audience="internal").iloc[[-1]]
    assert ht.tell_reporters(row) == "In 2013Q1 9 of 9 task forces reported, 5 of them all 6 counts"
    assert ht.count_reporters(audience="internal").iloc[0]["asked"] == 5


@pytest.mark.usefixtures("home")
def test_a_dropped_measure_is_left_out_and_what_was_returned_stays():
    add_measure(*NEW, DAY)
    add("victims certified", *[20] * 9)
    with pytest.raises(ht.HtanalysisError, match="victims certified is asked for from 2013Q1 on, and 2012Q4 is before"):
        drop_measure("victims certified", FIRST - 1, "2013-07-01")
    add("arrests", *[20] * 9)
    with pytest.raises(ht.HtanalysisError, match=r"arrests was returned for 2013Q1. Ask for it until 2013Q1"):
        drop_measure("arrests", FIRST - 1, "2013-07-01")
    with pytest.raises(ht.HtanalysisError, match=r"was last changed on 2013-02-01. Give that day or a later one"):
        drop_measure("victims certified", FIRST, "2013-01-01")
    drop_measure("victims certified", FIRST, "2013-07-01")
    add("arrests", *[30] * 9, quarter=FIRST + 1, day="2013-07-20")
    assert list_allowed("measure", FIRST + 1) == (*REPORTS,)
    own = ht.count_quarters(audience="internal").set_index(["measure", "quarter"])["count"]["victims certified"]
    assert own.to_dict() == {FIRST: 180}
    assert ht.count_reporters(audience="internal").iloc[-1]["asked"] == 5
    with pytest.raises(ht.HtanalysisError, match=r"is a measure already. If it was dropped, use .* measures resume"):
        add_measure(*NEW, "2013-08-01")
    drop_measure("victims certified", None, "2013-08-01")
    assert list_allowed("measure", FIRST + 1) == (*REPORTS, "victims certified")
    ends = [load_measures(day)["asked_until"].astype("str").tolist()[-1] for day in ("2013-06-30", "2013-07-31")]
    assert ends == ["9999Q4", "2013Q1"]
    assert load_measures()["measure"].tolist() == [*REPORTS, "victims certified"]


@pytest.mark.usefixtures("home")
def test_a_measure_can_end_before_counts_that_were_withdrawn():
    add("arrests", 20)
    store.append(
        withdraw_count(store.read_store(), FIRST, [NAMES[0], "arrests", "all"], "of others", datetime.date(2013, 6, 1))
    )
    drop_measure("arrests", FIRST - 1, "2013-07-01")
    assert "arrests" not in list_allowed("measure", FIRST)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Arrests", '"Arrests" is, or looks like, the measure arrests.'),
        ("identified victims", "looks like, the measure victims identified."),
        ("victims severed", "looks like, the measure victims served."),
        ("Labor", "looks like, the trafficking type labor."),
        ("all", "looks like, the trafficking type all."),
        ("total victims", "would be taken for a total of rows."),
        ("=1+1", '"=1\\+1" cannot be the name of a measure. Write up to 40 plain letters'),
        ("victims, certified", "cannot be the name of a measure."),
        ("v" * 41, "cannot be the name of a measure."),
        ("", "cannot be the name of a measure."),
    ],
)
def test_names_that_could_be_mistaken_are_refused(home, name, said):
    before = (home / "data" / "measures.csv").read_bytes()
    with pytest.raises(ht.HtanalysisError, match=said) as caught:
        add_measure(name, "victims", "Victims.", FIRST, None, DAY)
    assert "\n" not in str(caught.value) and (home / "data" / "measures.csv").read_bytes() == before


@pytest.mark.usefixtures("home")
def test_a_measure_needs_a_unit_a_definition_a_known_limit_and_a_quarter_after_the_report():
    name, unit, definition, first, _ = NEW
    with pytest.raises(ht.HtanalysisError, match=r"The definition has 0 letters. Write 1 to 300, in one line."):
        add_measure(name, unit, " ", first, None, DAY)
    with pytest.raises(ht.HtanalysisError, match=r'"arrest" is not a measure. Did you mean "arrests"\?'):
        add_measure(name, unit, definition, first, "arrest", DAY)
    with pytest.raises(ht.HtanalysisError, match=r"2012Q2 is a quarter of the 2012 report. .* from 2012Q3 on"):
        add_measure(name, unit, definition, pd.Period("2012Q2", freq="Q"), None, DAY)


def test_check_knows_what_is_asked_for_and_what_limits_it(home):
    add_measure(*NEW, DAY)
    drop_measure("people trained", FIRST, "2013-05-01")
    assert check(home, (Q1, "victims certified", "all", 4)) == []
    early = "error: a.csv, row 2, measure: victims certified is asked for from 2013Q1 on, and 2012Q4 is before."
    assert check(home, ("2012-10-01,2012-12-31", "victims certified", "all", 4))[0].startswith(early)
    late = "error: a.csv, row 2, measure: people trained is asked for until 2013Q1, and 2013Q2 is after."
    assert check(home, (Q2, "people trained", "all", 4))[0].startswith(late)
    wrong = 'error: a.csv, row 2, measure: "victims certifed" is not a measure. Did you mean "victims certified"?'
    assert check(home, (Q1, "victims certifed", "all", 4)) == [wrong]
    more = check(home, (Q1, "victims identified", "sex", 3), (Q1, "victims certified", "sex", 4))
    assert "4 victims certified are more than 3 victims identified, of which they can be a part alone" in "".join(more)
    assert check(home, (Q1, "victims served", "all", 40), (Q1, "victims identified", "all", 39)) == []


@pytest.mark.parametrize(("returned", "audience"), [(0, "public"), (5, "internal"), (9, "public")])
@pytest.mark.usefixtures("home")
def test_the_notebooks_take_a_measure_without_any_published_count(returned, audience):
    add_measure(*NEW, DAY)
    add("victims identified", *[40] * 9)
    if returned:
        add("victims certified", *[20] * returned)
    given = {"quarter": "2012Q4:2013Q1", "as_of": "latest", "audience": audience}
    found = {}
    for name in ("00-start-here", "01-quarterly-trends", "08-returns"):
        found |= {each["id"]: each for each in find_findings(settings.HOME / "notebooks" / f"{name}.ipynb", given)}
    told = found["measures-without-last-quarter"]["sentence"]
    assert ("of 6 measures" in told) and ("victims certified" in told) == (returned < 9)
    if returned == 9:
        assert found["victims-certified-in-quarter"]["value"] == 180


@pytest.mark.usefixtures("home")
def test_a_period_adds_up_the_quarters_that_were_asked_for_and_says_so():
    add_measure(*NEW, DAY)
    add("victims certified", *[20] * 9)
    counts = ht.count_quarters(audience="internal")
    quarters = pd.period_range("2012Q4", "2013Q1", freq="Q")
    row = ht.bound_period(counts, ht.total_quarters(counts), quarters).frame.set_index("measure").loc[NEW[0]]
    assert (row["low"], row["high"], row["reported"]) == (180, 180, "9 of 9; asked for in 1 of 2 quarters")
    before = ht.bound_period(counts, ht.total_quarters(counts), quarters[:1]).frame
    assert before["measure"].tolist() == REPORTS
    bounds = ht.bound_quarters(counts, ht.total_quarters(counts))
    assert pd.isna(bounds.frame.set_index("measure").loc["arrests", "high"].iloc[-1])
    shown = ht.draw(ht.count_known(counts), "known", "{known} known", "Counts").table.frame
    assert shown.set_index("measure").loc["victims certified", "2012Q4"] == "not asked for"
    assert name_sources(counts, ["victims certified"]) == ("returns",)


def test_limits_hold_through_others():
    measures = pd.DataFrame({"measure": ["a", "b", "c"], "at_most": ["b", "c", None]})
    assert list_limits(measures) == {("a", "b"), ("b", "c"), ("a", "c")}


def test_measures_are_shown_declared_and_dropped_from_the_command_line(home, capsys):
    new = ["--unit", "victims", "--definition", "Victims whom HHS certified.", "--from", "2013Q1"]
    assert cli.main(["measures", "add", "victims  certified", *new, "--as-of", DAY]) == 0
    assert cli.main(["measures", "drop", "people trained", "--until", "2014Q4", "--as-of", "2014-12-01"]) == 0
    assert cli.main(["measures", "add", "victims certified", *new, "--as-of", "9999-01-01"]) == 1
    assert cli.main(["measures", "--as-of", "2014-11-30"]) == cli.main(["measures"]) == 0
    out, err = capsys.readouterr()
    said = out.splitlines()
    assert said[0].startswith("victims certified is asked for from 2013Q1 on, as known from 2013-02-01 on.")
    assert said[1].startswith("people trained is asked for until 2014Q4, as known from 2014-12-01 on.")
    assert err == "9999-01-01 is in the future. Give the day from which it is known.\n"
    assert [line for line in said if line.startswith("people trained (")] == [
        "people trained (people), asked for from 2010Q3 on",
        "people trained (people), asked for from 2010Q3 to 2014Q4",
    ]
    assert (home / "data" / "measures.csv").read_text(encoding="utf-8").endswith(",2010Q3,2014Q4,\n")
    for until, words in (
        ("2014Q4", "people trained is asked for until 2014Q4 already."),
        ("2012Q1", "The 2012 report counts people trained until 2012Q2. Ask for it until then at the least."),
    ):
        assert cli.main(["measures", "drop", "people trained", "--until", until]) == 1
        assert capsys.readouterr().err.startswith(words)
    assert cli.main(["measures", "resume", "people trained"]) == 0
    assert "people trained is asked for again, and for the quarters since" in capsys.readouterr().out
    assert cli.main(["measures", "resume", "people trained"]) == 1
    assert capsys.readouterr().err.startswith("people trained is asked for already.")
    assert (home / "data" / "measures.csv").stat().st_mode & 0o777 == 0o644


def test_a_measure_is_asked_for_again_from_a_quarter_on_and_not_for_those_between(home, capsys):
    for typed in (("drop", "--until", "2012Q4"), ("resume", "--from", "2013Q3"), ("drop", "--until", "2014Q1")):
        assert cli.main(["measures", typed[0], "people trained", *typed[1:]]) == 0
    assert "people trained is asked for again, from 2013Q3 on" in capsys.readouterr().out
    assert cli.main(["measures", "resume", "people trained", "--from", "2014Q3"]) == 0
    assert (
        (home / "data" / "measures.csv").read_text(encoding="utf-8").endswith(",2010Q3,,2013Q1:2013Q2; 2014Q2:2014Q2\n")
    )
    measures, asked = load_measures(), ("2012Q4", "2013Q3", "2013Q4", "2014Q1", "2014Q3")
    quarters = pd.period_range("2012Q4", "2014Q3", freq="Q")
    given = list_asked(measures, quarters)
    assert [str(each) for each in quarters if "people trained" in given[each]] == [*asked]
    capsys.readouterr()
    cli.main(["measures"])
    ends = "asked for from 2010Q3 on, but not from 2013Q1 to 2013Q2, but not from 2014Q2 to 2014Q2"
    assert f"people trained (people), {ends}\n" in capsys.readouterr().out
    told = (
        "error: a.csv, row 2, measure: people trained is asked for until 2012Q4 and again from 2013Q3 on, and 2013Q2 is"
    )
    assert check(home, (Q2, "people trained", "all", 5)) == [f"{told} between. Correct it, or delete the row."]


@pytest.mark.usefixtures("home")
def test_quarters_for_which_a_measure_was_not_asked_are_no_ranges_on_pages_and_no_part_of_a_period():
    add("people trained", *[400] * 9, quarter=FIRST - 1)
    add("arrests", *[40] * 9, quarter=FIRST + 1, day="2013-07-20")
    drop_measure("people trained", FIRST - 1, "2013-02-01")
    drop_measure("people trained", None, "2013-07-01", FIRST + 2)
    add("people trained", *[300] * 9, quarter=FIRST + 2, day="2013-10-20")
    counts, quarters = ht.count_quarters(audience="internal"), pd.period_range(FIRST - 1, FIRST + 2, freq="Q")
    totals, own = ht.total_quarters(counts), counts["measure"].eq("people trained")
    bounds = ht.bound_quarters(counts, totals).frame
    shown = bounds.loc[bounds["measure"].eq("people trained"), "quarter"]
    assert shown.tolist() == counts.loc[own, "quarter"].tolist() and not {FIRST, FIRST + 1} & {*shown}
    row = ht.bound_period(counts, totals, quarters).frame.set_index("measure").loc["people trained"]
    assert (row["low"], row["high"], row["reported"]) == (6300, 6300, "9 of 9; asked for in 2 of 4 quarters")
    assert "people trained" not in ht.bound_period(counts, totals, quarters[1:3]).frame["measure"].tolist()
    runs = ht.list_runs(counts, totals, "people trained", FIRST + 2).frame
    assert runs[["first", "last", "count"]].tail(2).to_numpy().tolist() == [
        [str(FIRST - 1), str(FIRST - 1), 3600],
        [str(FIRST + 2), str(FIRST + 2), 2700],
    ]
    assert "people trained" not in ht.compare_quarter(counts, totals, FIRST).given["names"]


# What a public report shows of a measure that is a part of another


def decide_pair(parts, wholes, batches=(1, 1)):
    """Decide what is shown of a part and of the whole, each added at once: whether the sum of each is."""
    names = [f"task force {number}" for number in range(len(parts))]
    decided = {}
    for measure, counts, batch in (("part", parts, batches[0]), ("whole", wholes, batches[1])):
        rows = [(batch, name, "all", int(count), pd.Timestamp(DAY)) for name, count in zip(names, counts, strict=True)]
        decided[FIRST, measure] = decide(rows, frozenset(names))
    shown = hide_parts(decided, {("part", "whole")})
    return tuple("all" in next(iter(shown[FIRST, measure].values())).sums for measure in ("part", "whole"))


def test_what_is_left_of_the_whole_without_its_part_must_be_safe_as_well():
    assert decide_pair([40] * 6, [80] * 6) == (True, True)
    # From both sums everybody would see that nearly all were of the part: of two that come together, it is hidden.
    assert decide_pair([79, 80, 80, 80, 80, 80], [80] * 6) == (False, True)
    assert decide_pair([80] * 6, [80] * 6) == (False, True)
    # What was shown stays; what comes later is hidden.
    assert decide_pair([80] * 6, [80] * 6, batches=(1, 2)) == (True, False)
    assert decide_pair([80] * 6, [80] * 6, batches=(2, 1)) == (False, True)
    assert decide_pair([0] * 6, [80] * 6) == (True, True)


def test_beside_a_sum_that_was_shown_over_other_task_forces_nothing_is_shown():
    names = [f"task force {number}" for number in range(6)]
    rows = [(1, name, "all", 80, pd.Timestamp(DAY)) for name in names]
    decided = {(FIRST, "whole"): decide(rows, frozenset(names)), (FIRST, "part"): {1: Decision()}}
    assert not hide_parts(decided, {("part", "whole")})[FIRST, "whole"][1].sums


def test_no_type_of_a_part_is_shown():
    names = [f"task force {number}" for number in range(6)]
    rows = [(1, name, kind, 80, pd.Timestamp(DAY)) for name in names for kind in ("sex", "labor", "other")]
    decided = {(FIRST, "part"): decide(rows, frozenset(names))}
    assert decided[FIRST, "part"][1].sums == {"all", "sex", "labor"}
    assert hide_parts(decided, {("part", "whole")})[FIRST, "part"][1].sums == {"all"}


def attack(parts, wholes, insider, generator):
    """Find values of each part, whole and rest that the same report allows, by moving persons, to the width."""
    shown, width = decide_pair(parts, wholes), settings.PROTECTION_WIDTH
    sums = [counts.sum() if public else None for counts, public in zip((parts, wholes), shown, strict=True)]
    found = [[{counts[place]} for place in range(len(parts))] for counts in (parts, wholes, wholes - parts)]
    others, now = [place for place in range(len(parts)) if place != insider], (parts, wholes)
    for _ in range(4000):
        if all(len(values) >= width for kind in found for place, values in enumerate(kind) if place != insider):
            break
        moved = [now[0].copy(), now[1].copy()]
        (giver, taker), step = generator.choice(others, 2, replace=False), generator.integers(1, width + 2)
        for which in [(0, 1), (0,), (1,)][generator.integers(3)]:
            # Of a hidden sum nobody knows that it stays the same.
            gives, takes = (1, 1) if sums[which] is not None else generator.choice([(1, 0), (0, 1), (1, 1)])
            moved[which][giver] -= gives * step
            moved[which][taker] += takes * step
        possible = (moved[0] >= 0).all() and (moved[0] <= moved[1]).all()
        same = [public is None or counts.sum() == public for counts, public in zip(moved, sums, strict=True)]
        if possible and all(same) and decide_pair(*moved) == shown:
            now = moved
            for kind, counts in zip(found, (*now, now[1] - now[0]), strict=True):
                for place in others:
                    kind[place].add(counts[place])
    return [len(values) for kind in found for place, values in enumerate(kind) if place != insider]


def test_who_knows_that_one_measure_is_a_part_of_another_can_tell_no_count():
    generator, both = np.random.default_rng(17), 0
    for _ in range(40):
        number = generator.choice([4, 5, 9])
        wholes = generator.geometric(1 / generator.choice([8, 20, 60]), number)
        parts = generator.binomial(wholes, generator.choice([0.1, 0.5, 0.9, 1]))
        shown = decide_pair(parts, wholes)
        if any(shown) and parts.any():
            both += all(shown)
            told = attack(parts, wholes, generator.choice([*range(number), number]), generator)
            assert min(told) >= settings.PROTECTION_WIDTH, (parts, wholes, shown)
    assert both >= 5
