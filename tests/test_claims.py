import pandas as pd
import pytest

import htanalysis as ht

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


def test_there_are_enough_claims_and_contradictions():
    counts = RECOMPUTED["verdict"].value_counts()
    assert len(CLAIMS) >= 50 and counts["differs"] > 10 and (counts > 0).all()
    assert {"Executive Summary", "Chapter 2", "Chapter 3", "Chapter 5", "Chapter 6"} <= set(RECOMPUTED["chapter"])


@pytest.mark.parametrize(
    ("stated", "recomputed", "verdict"),
    [
        ("441", 441.0, "reproduces"),
        ("46%", 46.0177, "reproduces when rounded"),
        ("46%", 46.6, "differs"),
        ("3.5 times", 3.54, "reproduces when rounded"),
        ("3.5 times", 3.64, "differs"),
        ("over 25,000", 25_591.0, "reproduces"),
        ("over 25,000", 25_000.0, "differs"),
        ("nearly 1,300", 1277.0, "reproduces when rounded"),
        ("nearly 1,300", 1301.0, "differs"),
        ("nearly 1,300", 1200.0, "differs"),
        ("1,300", 1277.0, "reproduces when rounded"),
        ("roughly 100", 99.5, "reproduces when rounded"),
        ("roughly 100", 94.0, "differs"),
        ("56%", 56.00000000000001, "reproduces"),
        ("2012-06", "2012-06", "reproduces"),
        ("2012-07", "2012-06", "differs"),
        ("0 falls", None, "cannot be checked"),
    ],
)
def test_a_statement_is_judged_as_it_is_worded(stated, recomputed, verdict):
    assert ht.judge_claim(stated, recomputed) == verdict


def test_queries_cannot_change_the_data_and_say_what_is_wrong():
    with pytest.raises(ht.HtanalysisError, match="cannot be run"):
        ht.evaluate("DELETE FROM tcvap")
    with pytest.raises(ht.HtanalysisError, match="no such table: unknown_set"):
        ht.evaluate("SELECT 1 FROM unknown_set")
    assert ht.evaluate("SELECT sum(victims) FROM tcvap") == 477
    assert ht.evaluate("SELECT min(period_start) FROM heat_unit") == "2006-01-01"
    assert ht.evaluate("SELECT count FROM task_force_quarters WHERE quarter = '2011Q1'") is None


@pytest.mark.parametrize(
    "expression",
    [
        "DELETE FROM tcvap",
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "ATTACH 'new.sqlite' AS new",
        "VACUUM INTO 'new.sqlite'",
        "DROP TABLE tcvap",
        "CREATE TEMP TABLE mine AS SELECT 1",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT count(*) FROM n",
    ],
)
def test_what_does_more_than_read_is_refused(expression, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ht.HtanalysisError, match=r"cannot be run: .*Write one SELECT"):
        ht.evaluate(expression)
    assert list(tmp_path.iterdir()) == [] and ht.evaluate("SELECT sum(victims) FROM tcvap") == 477


def test_a_query_may_ask_for_the_columns_of_a_data_set():
    assert ht.evaluate("SELECT count(*) FROM pragma_table_info('tcvap')") == 3


def test_a_statement_without_a_number_is_refused():
    with pytest.raises(ht.HtanalysisError, match="holds no number"):
        ht.judge_claim("many", 3.0)
