"""Any valid returns and any parameters: the notebooks that read returns run, and what they say is true of them."""

import datetime

import numpy as np
import pandas as pd
import pytest
from conftest import counts_of, total_of
from running import find_faults, run_notebook
from simulated import MEASURES, draw_period, draw_returns, store_returns
from test_checks import NINE, days, line, write
from test_notebooks import work_out

import htanalysis as ht
from htanalysis import cli, settings
from htanalysis.returns import store
from htanalysis.returns.checks import check_files
from htanalysis.returns.measures import drop_measure
from htanalysis.returns.register import change_task_force
from htanalysis.wording import with_unit

READ_RETURNS = ("00", "01", "07", "08")
TWO_YEARS = [str(quarter) for quarter in ht.parse_period("2010Q3:2012Q2")]


def statewide(measure, **counts):
    """Give rows of a file: statewide counts of a measure, by quarter."""
    return [line(count, "Statewide", days(quarter), measure, as_of="2013-09-30") for quarter, count in counts.items()]


def hold(tmp_path, home, rows):
    """Store the rows of a file, which has no error."""
    checked = check_files([write(tmp_path, *rows)], store.read_store(), datetime.date(2025, 12, 31))
    assert not [problem for problem in checked.problems if problem.severity == "error"]
    store_returns(home, checked.rows)


def findings_of(shown):
    return {each.content["id"]: each.content for each in shown if each.kind == "finding"}


def differ(finding, *numbers):
    """Say whether numbers are told in other digits."""
    return len({with_unit(number, finding["unit"], finding["digits"]) for number in numbers}) > 1


def find_wrong_formulas(findings):
    """List the findings whose formula, worked out, is not their number."""
    wrong = []
    for finding in findings.values():
        for end, result in work_out(finding["formula"] or ""):
            told = finding[end]
            if told is None or (result != pytest.approx(told, rel=1e-3) and differ(finding, result, told)):
                wrong.append((finding["id"], finding["formula"], end, told))
    return wrong


def run(name, **parameters):
    """Run a notebook with the returns that are held; nothing that it shows is broken, said twice or wrongly derived."""
    shown = run_notebook(name, as_of="latest", **parameters)
    sentences = [finding["sentence"] for finding in findings_of(shown).values()]
    assert find_faults(shown) == [] and len(set(sentences)) == len(sentences)
    return shown


CASES = {
    "one statewide row": statewide("victims identified", **{"2011Q1": 874}),
    "one task force": [line(874, NINE[0], days("2011Q1"), "victims identified")],
    "three measures": [
        *statewide("investigations initiated", **{"2011Q1": 2028}),
        *statewide("victims identified", **{"2011Q1": 874}),
        *statewide("arrests", **{"2011Q1": 1242}),
    ],
    "zeros in all quarters": statewide("arrests", **dict.fromkeys(TWO_YEARS, 0)),
    "0, 0, 0, 30": statewide("people trained", **{"2012Q3": 0, "2012Q4": 0, "2013Q1": 0, "2013Q2": 30}),
    "the first quarter 0": statewide("victims identified", **{"2010Q3": 0}),
    "more than the total, and quarters missing": [line(900, name, days("2011Q4"), "arrests") for name in NINE[:3]],
    "more than a published quarter, and some missing": [
        line(400, name, days("2012Q2"), measure) for measure in MEASURES[:3] for name in NINE[:2]
    ],
    "a later dip": [line(30, name, days("2012Q3"), "victims identified") for name in NINE],
    "a fall": statewide("investigations initiated", **{"2010Q3": 390, "2012Q2": 135}),
}


@pytest.mark.parametrize("case", CASES)
def test_each_set_of_returns_that_stopped_a_notebook_runs(tmp_path, home, case):
    hold(tmp_path, home, CASES[case])
    for name in READ_RETURNS:
        shown = run(name, quarter="latest", audience="internal")
        if name == "01":
            assert find_wrong_formulas(findings_of(shown)) == []


@pytest.mark.parametrize("seed", range(6))
def test_any_valid_returns_run_through_every_notebook_that_reads_them(home, seed):
    generator = np.random.default_rng(seed)
    store_returns(home, draw_returns(seed))
    given = {"quarter": draw_period(generator), "audience": str(generator.choice(settings.AUDIENCES))}
    for name in READ_RETURNS:
        shown = run(name, **given)
        if name == "01":
            assert find_wrong_formulas(findings_of(shown)) == []


def test_where_victims_are_no_longer_asked_for_no_sentence_is_about_them(tmp_path, home):
    drop_measure("victims identified", pd.Period("2012Q2"), "2012-07-02")
    hold(tmp_path, home, statewide("arrests", **{"2012Q3": 40}))
    found = findings_of(run("00", quarter="latest", audience="internal"))
    assert "victims-in-words" not in found and found["victims-in-two-years"]["value"] == 1277


def test_a_statewide_return_that_the_public_is_not_shown_is_not_called_unknown(tmp_path, home):
    hold(tmp_path, home, statewide("arrests", **{"2012Q3": 3}))
    found = findings_of(run("01", quarter="latest"))
    assert found["arrests-in-quarter"]["sentence"] == (
        "Arrests in 2012Q3: not published, as the sum could point at one task force’s count; a statewide return gives"
        " it. The last count that is known is 377, of 2012Q2."
    )
    assert "not known yet; 0 of 9" in found["people-trained-in-quarter"]["sentence"]


@pytest.mark.parametrize("until", ["2012Q2", "2012Q3"])
def test_where_no_task_force_reports_any_more_the_pages_are_made(tmp_path, home, until):
    for name in NINE:
        change_task_force(name, {"reports_until": pd.Period(until)}, (), "2012-07-02")
    hold(tmp_path, home, statewide("arrests", **{"2012Q3": 40}))
    for name in READ_RETURNS:
        found = findings_of(run(name, quarter="latest", audience="internal"))
    assert found["returns-sent"]["value"] == 0


def test_where_returns_exceed_a_total_the_answer_says_that_it_no_longer_holds(tmp_path, home):
    hold(tmp_path, home, CASES["more than the total, and quarters missing"])
    found = findings_of(run("01", quarter="2012Q2", audience="internal"))
    lost = found["arrests-2010q3-to-2012q2-contradicted"]
    # 2,700 of three task forces in one quarter, and the two published quarters.
    assert lost["sentence"] == (
        "For 2010Q3 to 2012Q2 returns and published quarters give 3,257 arrests or more; the report’s total of 1,798 no"
        " longer holds."
    )
    assert (lost["value"], lost["unit"], lost["basis"]) == (2700 + 180 + 377, "arrests or more", "computed")
    told = "Investigations initiated and victims identified did not change evenly from 2010Q3 to 2012Q2."
    assert found["straight-line"]["sentence"] == told
    assert "arrests-mean-between" not in found and found["arrests-growth"]["value"] == pytest.approx(377 / 180)


def test_a_return_that_contradicts_a_published_quarter_is_told(tmp_path, home):
    hold(tmp_path, home, CASES["the first quarter 0"])
    found = findings_of(run("01", quarter="2012Q2"))
    told = found["victims-identified-2010q3-contradicted"]["sentence"]
    assert told == "For 2010Q3 returns give 0 victims identified; the report’s count of 100 no longer holds."
    growth = found["victims-identified-growth"]
    assert growth["sentence"] == "Victims identified rose from 0 in 2010Q3 to 304 in 2012Q2, with one task force more."
    assert growth["value"] is None


def test_a_later_dip_leaves_the_answer_about_growth_before_san_jose(tmp_path, home):
    hold(tmp_path, home, CASES["a later dip"])
    found = findings_of(run("01", quarter="latest"))["victims-identified-growth-before-san-jose"]
    # 2011Q2 was 168 at most: five quarters of it, and 100 and 304, make 1,277 with what is over.
    assert (found["low"], found["high"]) == (0, pytest.approx((168 - 100) / 204))


def test_no_growth_is_split_where_there_was_none(tmp_path, home):
    hold(tmp_path, home, CASES["a fall"])
    found = findings_of(run("01", quarter="2012Q2"))
    assert found["growth-before-san-jose"]["sentence"] == (
        "Investigations initiated fell from 390 in 2010Q3 to 135 in 2012Q2: no growth came before San Jose/South Bay"
        " began to report."
    )
    assert found["growth-from-san-jose"]["high"] == pytest.approx(0.11 * 377 / (377 - 180))


SWEEP = [
    ("never falling", 0.5, 0.0, "2010Q3"),
    ("convex", 0.5, 1.0, "2010Q3:2012Q2"),
    ("limited change", 0.0, 0.004, "2011Q1:2011Q4"),
    ("limited change", 0.1, 0.3333, "2011Q2"),
    ("limited change", 1.0, 0.6, "2012Q1:2012Q2"),
]


@pytest.mark.parametrize(("assumption", "max_change", "share", "quarter"), SWEEP)
def test_each_sentence_is_true_at_any_parameter(assumption, max_change, share, quarter):
    given = {"assumption": assumption, "max_change": max_change, "joiner_share": share, "quarter": quarter}
    found = findings_of(run("01", **given))
    assert find_wrong_formulas(found) == []
    brought = {name: min(share * last / (last - first), 1) for name, (first, last) in PUBLISHED.items()}
    split = found["growth-from-san-jose"]
    assert (split["low"], split["high"]) == pytest.approx((min(brought.values()), max(brought.values())))
    assert f"had {100 * share:.3g}% of the counts of 2012Q2" in split["sentence"]
    dated = {name: each for name, each in found.items() if name.endswith("growth-before-san-jose")}
    assert len(dated) == 3
    for name, each in dated.items():
        told = ht.Shape(assumption, max_change).words
        assert each["assumption"] == told and told in each["sentence"], name
        assert ("No series of" in each["sentence"]) == (each["low"] is None)
        assert each["low"] is None or 0 <= each["low"] <= each["high"] <= 1


PUBLISHED = {"investigations initiated": (135, 390), "victims identified": (100, 304), "arrests": (180, 377)}


def test_the_part_of_a_growth_by_a_quarter_is_from_none_to_all_of_it():
    ends = {"a": (10, 30, 23), "b": (20, 30, 60), "c": (30, 30, 60), "d": (8, 4, 12)}
    counts = pd.concat([counts_of(first, None, None, last, measure=name) for name, (first, last, _) in ends.items()])
    totals = pd.concat([total_of(sum(each), name) for name, each in ends.items()])
    early, shape = pd.Period("2011Q2"), ht.Shape("limited change", 1.0)
    dated = ht.date_growth(counts, totals, early, shape)
    # a must have been 8, below its first quarter, and b 20 to 40, above its last; c did not grow and d fell.
    limits = [(0, 0), (0, 1), (None, None), (None, None)]
    assert [(dated.at(name).low, dated.at(name).high) for name in "abcd"] == limits
    assert [dated.at(name).basis for name in "abcd"] == ["assumed", "assumed", "computed", "computed"]
    assert dated.at("d").given["part"] == "d fell from 8 in 2011Q1 to 4 in 2011Q4: no growth"
    told = ht.date_growth(counts.assign(count=counts["count"].fillna(25)), totals.head(0), early, shape).at("a")
    assert (told.value, told.basis, told.assumption) == (0.75, "computed", None)


def test_the_mean_between_the_published_quarters_is_a_finding():
    found = findings_of(run_notebook("01"))["victims-identified-mean-between"]
    assert found["value"] == (1277 - 100 - 304) / 6 == 145.5
    assert found["sentence"] == (
        "Between 2010Q3 and 2012Q2, a quarter had 145.5 victims identified on average; 2012Q2 had 2.1 times as many."
    )


@pytest.mark.parametrize("seed", [3, 8])
def test_check_tells_what_any_valid_return_would_change(home, tmp_path, capsys, seed):
    rows = draw_returns(seed)
    path = tmp_path / "a.csv"
    rows.drop(columns="quarter").to_csv(path, index=False, date_format="%Y-%m-%d")
    store_returns(home, rows[rows["as_of"] < rows["as_of"].median()])
    assert cli.main(["check", str(path)]) in (0, 1)
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err + printed.out and "could not be made" not in printed.out
    assert pd.notna(rows["count"]).all()
