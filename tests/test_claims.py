import re

import numpy as np
import pandas as pd
import pytest
from conftest import append_rows, make_row
from running import find_faults, run_notebook
from statsmodels.stats.proportion import proportion_confint

import htanalysis as ht
from htanalysis import claims, settings
from htanalysis.data import load
from htanalysis.languages import read_words
from htanalysis.report.index import VERDICTS
from htanalysis.returns.register import list_reporting

CLAIMS = ht.load("report_claims").to_dict("records")
RECOMPUTED = ht.recompute_claims().set_index("claim_id")


@pytest.mark.parametrize("claim", CLAIMS, ids=[claim["claim_id"] for claim in CLAIMS])
def test_the_file_says_what_the_data_give(claim):
    row = RECOMPUTED.loc[claim["claim_id"]]
    assert claim["verdict"] == row["verdict"]
    assert (claim["recomputed"] == row["recomputed"]) or (pd.isna(claim["recomputed"]) and pd.isna(row["recomputed"]))
    assert pd.isna(claim["expression"]) == (claim["verdict"] == "cannot be checked")
    assert len(claim["quote"].split()) < 15
    assert claim["note"].endswith(".") and claim["note"].replace("H.E.A.T. ", "").count(". ") == 0


def outcome(verdicts):
    """Count what agrees after rounding as what agrees."""
    return verdicts.astype("str").replace("reproduces when rounded", "reproduces")


def test_a_fact_has_one_outcome_however_often_it_is_stated():
    outcomes = outcome(RECOMPUTED["verdict"])
    assert outcomes.groupby(RECOMPUTED["fact"]).nunique().eq(1).all()
    facts = RECOMPUTED.loc[outcomes.eq("differs"), "fact"]
    assert (len(RECOMPUTED), len(facts), facts.nunique()) == (140, 39, 29)
    nine = RECOMPUTED[RECOMPUTED["fact"].eq("nine task forces, of which eight reported at first")]
    assert nine["recomputed"].value_counts().to_dict() == {"8": 5, "2.568": 1, "2.702": 1, "1.862": 1}
    assert nine.loc[nine["recomputed"].ne("8"), "stated"].tolist() == ["2.89 times", "3.04 times", "2.09 times"]
    # Statements of a fact stand beside each other, so that a table of them shows it once.
    assert RECOMPUTED["fact"].ne(RECOMPUTED["fact"].shift()).sum() == RECOMPUTED["fact"].nunique()
    # The same words have one verdict.
    quotes = list(zip(RECOMPUTED["quote"], outcomes, strict=True))
    assert not [(a, b) for a, one in quotes for b, other in quotes if a in b and one != other]


def test_statements_are_counted_and_listed_by_outcome():
    told = RECOMPUTED.reset_index()
    differ, agree, unknown = (ht.list_claims(told, name) for name in ("differs", "agrees", "cannot be checked"))
    assert (differ.value, len(differ.frame), agree.value, len(unknown.frame)) == (29, 39, 80, unknown.value)
    assert agree.formula == "as they stand + after rounding = 63 + 17"
    assert differ.source == ("collection",) and returned(told) == ""
    assert ht.count_verdicts(told).frame["value"].sum() == len(ht.list_queries(told).frame) + unknown.value == 140
    with pytest.raises(ht.HtanalysisError, match="agrees"):
        ht.list_claims(told, "agree")
    held = counts_with(arrests={"2012Q2": 377})
    assert ht.list_claims(ht.recompute_claims(held), "agrees").source == ("collection", "returns")


@pytest.mark.parametrize(
    ("claim", "verdict", "recomputed"),
    [
        # The same total stands in both places, and arrests on other charges are no check of it.
        *((name, "reproduces", "2,552") for name in ("es-investigations", "c3-investigations-two-years")),
        *((name, "reproduces", "1,798") for name in ("es-arrests", "c3-arrests-two-years")),
        *((name, "cannot be checked", None) for name in ("c3-arrests-against-236-1", "c2-established-2009")),
        ("c2-three-arrests-eight-convictions", "cannot be checked", None),
        ("c3-arrests-above-investigations", "cannot be checked", None),
        ("c6-72-of-identified", "differs", "victims whose country of origin was identified"),
        ("c3-somewhat-similar", "differs", "68.2"),
        ("c3-on-pace", "reproduces when rounded", "1.00"),
        ("c1-600000", "differs", "730,000"),
        ("c5-table-3-period", "reproduces", "2010-11 to 2011-12"),
        ("c3-charts-start-types", "differs", "2009-10-01"),
        ("c3-charts-start-origin", "differs", "2009-10-01"),
        ("c3-national-data", "differs", "365"),
        ("c3-before-cal-ema", "differs", "273"),
        ("es-under-reported", "differs", "not known without more research"),
        ("es-unreliable", "differs", "they may be unreliable"),
        ("c3-fbi-name", "differs", "Federal Bureau of Investigation"),
        ("af-hotline-number", "reproduces", "1"),
        ("ab-vista-telephone", "differs", "1"),
        ("c5-who-was-trained", "differs", "law enforcement personnel, first responders, medical staff and others"),
        ("c3-letters-calendar-years", "differs", "2005-10 to 2012-09"),
    ],
)
def test_each_statement_is_judged_by_what_it_can_be_compared_with(claim, verdict, recomputed):
    row = RECOMPUTED.loc[claim]
    assert row["verdict"] == verdict
    assert row["recomputed"] == recomputed or (recomputed is None and pd.isna(row["recomputed"]))


def test_the_lower_end_of_the_hotlines_share_is_wilsons():
    low, high = proportion_confint(107, 141, method="wilson")
    expression = RECOMPUTED.loc["c3-somewhat-similar", "expression"]
    assert ht.evaluate(expression) == pytest.approx(100 * low, abs=1e-3)
    assert round(100 * high) == 82 and "from 68, as recomputed, to 82" in RECOMPUTED.loc["c3-somewhat-similar", "note"]
    assert "year of its arrest" in RECOMPUTED.loc["c3-on-pace", "note"]


def test_no_word_accuses():
    told = " ".join([*RECOMPUTED["note"], *RECOMPUTED["fact"], *read_words("en").values()])
    accusing = r"\b(false|wrong|untrue|mistak|err(s|or)|never|lie[sd]?|mislead|claims? )"
    assert not re.search(accusing, told, re.IGNORECASE)


def returned(told):
    """Give what the page's first sentence says of returns."""
    return ht.list_claims(told.reset_index(), "differs").given["returned"]


def counts_with(**given):
    """Give the quarterly counts as they would be with statewide returns: {measure: {quarter: count}}."""
    counts = ht.count_quarters("report")
    for measure, quarters in given.items():
        for quarter, count in quarters.items():
            row = counts["measure"].eq(measure.replace("_", " ")) & counts["quarter"].eq(pd.Period(quarter))
            counts.loc[row, ["count", "at_least"]] = count
            counts.loc[row, "origin"] = "returns"
    return counts


def test_returns_that_change_a_number_say_so_and_give_both():
    told = ht.recompute_claims(counts_with(arrests={"2012Q2": 360})).set_index("claim_id")
    row = told.loc["c3-arrests-per-force"]
    assert row[["recomputed", "verdict"]].tolist() == ["1.778", "differs"]
    assert row["note"] == "Returns give 1.778; by the report’s own numbers it is 1.862."
    assert told["changed_by_returns"].sum() == 1
    assert returned(told) == " Returns changed the recomputed number of 1 statement but no verdict."
    told = ht.recompute_claims(counts_with(arrests={"2010Q3": 0})).set_index("claim_id").loc["c3-arrests-per-force"]
    assert pd.isna(told["recomputed"]) and told["verdict"] == "cannot be checked"
    assert told["note"] == "Returns leave no such number; by the report’s own numbers it is 1.862."


def test_of_a_quarter_that_some_task_forces_alone_exceed_nothing_is_recomputed():
    counts = counts_with()
    row = counts["measure"].eq("arrests") & counts["quarter"].eq(pd.Period("2010Q3"))
    counts.loc[row, "at_least"] = 181
    told = ht.recompute_claims(counts).set_index("claim_id")
    assert told.index[told["changed_by_returns"]].tolist() == ["c3-arrests-per-force"]
    assert pd.isna(told.loc["c3-arrests-per-force", "recomputed"])
    assert told.loc["c3-arrests-per-force", "verdict"] == "cannot be checked"


def test_of_a_total_that_some_quarters_exceed_only_the_least_is_known():
    # 100 and 304 are published for the first and the last quarter: the two years have 1,285 or more.
    told = ht.recompute_claims(counts_with(victims_identified={"2011Q1": 881})).set_index("claim_id")
    assert told.loc[told["changed_by_returns"], "recomputed"].unique().tolist() == ["at least 1,285"]
    given = told.loc[told["changed_by_returns"], "verdict"].to_dict()
    # Up to 1,300 it would still be nearly that, and up to 1,350 it is 1,300 to the nearest hundred.
    open_ones = ("es-nearly-1300", "c3-past-two-years", "c3-conclusion-victims", "c3-1300-identified")
    expected = {"es-victims-identified": "differs", "c5-identified-again": "differs"}
    assert given == expected | dict.fromkeys(open_ones, "cannot be checked")
    note = "Returns of some quarters alone give more than the report’s own numbers, which give 1,277."
    assert told.loc["es-nearly-1300", "note"] == note
    assert returned(told) == " Returns changed the recomputed number of 6 statements and the verdict on 6."
    told = ht.recompute_claims(counts_with(people_trained={"2011Q1": 30_000})).set_index("claim_id")
    given = told[told["changed_by_returns"]]["verdict"]
    assert given["es-trained"] == "differs" and given["es-trained-over-25000"] == "reproduces"


def test_each_query_over_the_totals_grows_with_them():
    tables = [load("task_force_totals"), load("task_force_totals")]
    tables[1]["count"] *= 2
    small, large = (
        claims._evaluate_all(ht.load("report_claims"), claims._make_database({"task_force_totals": table}, base))
        for table in tables
        for base in [claims._published()]
    )
    grown = [pair for pair in zip(small, large, strict=True) if pair[0] != pair[1]]
    assert len(grown) > 10 and all(before < after for before, after in grown)


def test_any_returns_give_each_statement_a_verdict_and_a_note_without_a_hole():
    generator = np.random.default_rng(1402)
    measures = [measure.replace(" ", "_") for measure in ht.load("task_force_totals")["measure"]]
    quarters = [str(quarter) for quarter in ht.parse_period("2010Q3:2012Q2")]
    for _ in range(12):
        some = generator.choice(quarters, generator.integers(0, 9), replace=False)
        top = generator.choice([1, 400, 50_000])
        drawn = {m: {q: int(generator.integers(0, top)) for q in some} for m in measures if generator.random() < 0.7}
        told = ht.recompute_claims(counts_with(**drawn))
        texts = [*told["recomputed"].dropna(), *told["note"], *told["fact"], *told["verdict"]]
        assert not [text for text in texts if re.search(r"\bnan\b|NA>|None|inf\b", text)]
        assert told["note"].str.endswith(".").all()
        how_many, verdicts = r"(1 statement|\d+ statements)", r"(and the verdict on \d+|but no verdict)"
        pattern = rf"( Returns changed the recomputed number of {how_many} {verdicts}\.)?"
        assert re.fullmatch(pattern, returned(told))


def draw_returns(generator):
    """Draw valid returns: some quarters, task forces or the state, measures; zeros, gaps, or more than the totals."""
    quarters = pd.period_range("2010Q3", "2013Q4", freq="Q")
    some = generator.choice(len(quarters), generator.integers(1, 12), replace=False)
    top, whole = generator.choice([1, 60, 50_000]), generator.random() < 0.5
    return [
        make_row(quarter, name, int(generator.integers(0, top)), measure, day="2014-01-31")
        for quarter in quarters[sorted(some)]
        for name in ([settings.STATEWIDE] if whole else sorted(list_reporting(quarter)))
        for measure in ht.load("task_force_totals")["measure"]
        if generator.random() < 0.9
    ]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("seed", range(8))
def test_the_page_holds_for_any_returns_and_any_quarter(seed):
    generator = np.random.default_rng(seed)
    append_rows(draw_returns(generator))
    quarter = str(generator.choice(ht.held_quarters("latest")))
    shown = run_notebook("07", quarter=quarter, as_of="latest", audience=str(generator.choice(settings.AUDIENCES)))
    assert find_faults(shown) == []
    tables = {each.content["id"]: each.content for each in shown if each.kind == "table"}
    found = {each.content["id"]: each.content for each in shown if each.kind == "finding"}
    texts = [text for each in shown for text in each.texts()]
    assert not [text for text in texts if re.search(r"\b1 (statements|facts)\b|\b1 \w+ (do|have|agree)\b", text)]
    # Every statement stands in one table alone.
    assert sum(len(tables[name]["rows"]) for name in VERDICTS) == len(CLAIMS)
    assert found["claims-that-differ"]["value"] == len({row[0] for row in tables["claims-differ"]["rows"]})
    notes = [row[names_of(tables[name]).index("note")] for name in VERDICTS for row in tables[name]["rows"]]
    changed = any(note.startswith("Returns ") for note in notes)
    assert ("Returns changed" in found["claims-that-differ"]["sentence"]) == changed


def names_of(table):
    return [column["name"] for column in table["columns"]]


@pytest.mark.parametrize(
    ("stated", "recomputed", "verdict"),
    [
        *(("441", 441.0, "reproduces"), ("56%", 56.00000000000001, "reproduces"), ("2012-06", "2012-06", "reproduces")),
        *(("46%", 46.0177, "reproduces when rounded"), ("46%", 46.6, "differs"), ("2012-07", "2012-06", "differs")),
        *(("3.5 times", 3.54, "reproduces when rounded"), ("3.5 times", 3.64, "differs")),
        *(("over 25,000", 25_591.0, "reproduces"), ("over 25,000", 25_000.0, "differs")),
        *(("nearly 1,300", 1277.0, "reproduces when rounded"), ("nearly 1,300", 1301.0, "differs")),
        *(("nearly 1,300", 1200.0, "differs"), ("1,300", 1277.0, "reproduces when rounded")),
        *(("roughly 100", 99.5, "reproduces when rounded"), ("roughly 100", 94.0, "differs")),
        ("0 falls", None, "cannot be checked"),
    ],
)
def test_a_statement_is_judged_as_it_is_worded(stated, recomputed, verdict):
    assert ht.judge_claim(stated, recomputed) == verdict


def test_queries_say_what_is_wrong_and_a_statement_without_a_number_is_refused():
    with pytest.raises(ht.HtanalysisError, match="holds no number"):
        ht.judge_claim("many", 3.0)
    with pytest.raises(ht.HtanalysisError, match="no such table: unknown_set"):
        ht.evaluate("SELECT 1 FROM unknown_set")
    assert ht.evaluate("SELECT sum(victims) FROM tcvap") == 477
    assert ht.evaluate("SELECT min(period_start) FROM heat_unit") == "2006-01-01"
    assert ht.evaluate("SELECT count FROM task_force_quarters WHERE quarter = '2011Q1'") is None
    assert ht.evaluate("SELECT count(*) FROM pragma_table_info('tcvap')") == 3


@pytest.mark.parametrize(
    "expression",
    [
        *("DELETE FROM tcvap", "PRAGMA query_only = OFF", "PRAGMA writable_schema = ON", "DROP TABLE tcvap", "BEGIN"),
        *("ATTACH 'new.sqlite' AS new", "VACUUM INTO 'new.sqlite'", "CREATE TEMP TABLE mine AS SELECT 1"),
        "SELECT 1; SELECT 2",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT count(*) FROM n",
    ],
)
def test_what_does_more_than_read_is_refused(expression, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ht.HtanalysisError, match=r"cannot be run: .*Write one SELECT"):
        ht.evaluate(expression)
    assert list(tmp_path.iterdir()) == [] and ht.evaluate("SELECT sum(victims) FROM tcvap") == 477
