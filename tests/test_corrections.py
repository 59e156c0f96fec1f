"""A published count that the agency corrected: from its day on it holds, and stands beside the old phrase."""

import pandas as pd
import pytest
from test_measures import NAMES, add

import htanalysis as ht
from htanalysis import cli
from htanalysis.data import load_with_periods
from htanalysis.quarterly import name_sources
from htanalysis.returns import store
from htanalysis.returns.checks import check_files
from htanalysis.returns.corrections import correct_count, list_corrections
from htanalysis.returns.sheets import COLUMNS
from htanalysis.returns.views import known_day, view_returns

LETTER = "letter of the agency, May 3, 2013"
TOTAL, DAY = "2010Q3:2012Q2", "2013-05-03"


@pytest.mark.usefixtures("home")
def test_from_its_day_on_a_correction_holds_and_before_it_the_published_count():
    correct_count("arrests", TOTAL, 1850, LETTER, DAY)
    correct_count("arrests", "2010Q3", 190, LETTER, DAY)
    before, after = (1798, 180), (1850, 190)
    for day, (total, first) in {"2013-05-02": before, DAY: after, "report": before, "latest": after}.items():
        counts = ht.count_quarters(day)
        totals = ht.total_quarters(counts).set_index("measure")
        assert totals.loc["arrests", ["count", "origin"]].tolist() == [total, "report"]
        row = counts[counts["measure"].eq("arrests")].iloc[0]
        assert row[["count", "origin", "basis"]].tolist() == [first, "report", "reported"]
    assert (known_day(), known_day("2013-05-02")) == (DAY, "report")
    assert ht.load("task_force_totals").set_index("measure")["count"]["arrests"] == 1798


@pytest.mark.usefixtures("home")
def test_the_correction_stands_beside_the_phrase_that_it_corrects():
    correct_count("arrests", TOTAL, 1850, LETTER, DAY)
    counts = ht.count_quarters()
    assert name_sources(counts, ["arrests"]) == ("quarters-arrests", "totals-arrests", "correction-1")
    assert name_sources(counts, ["victims identified"]) == ("quarters-victims", "totals-victims")
    assert name_sources(ht.count_quarters("2013-05-02"), ["arrests"]) == ("quarters-arrests", "totals-arrests")
    found = ht.evidence("correction-1")
    assert found["place"] == f"Correction of {DAY}: {LETTER}"
    assert found["quote"] == "arrests, 2010Q3 to 2012Q2: corrected to 1,850"
    picked = ht.pick(ht.load_corrected("task_force_totals"), "count", measure="arrests")
    assert (picked.value, picked.source) == (1850, ("totals-arrests", "correction-1"))
    assert ht.list_known_totals(ht.total_quarters(counts)).source[-1] == "correction-1"


@pytest.mark.usefixtures("home")
def test_a_statement_of_the_report_is_judged_by_its_own_numbers_and_shows_both():
    correct_count("arrests", TOTAL, 1850, LETTER, DAY)
    before, after = (ht.recompute_claims(ht.count_quarters(day)).set_index("claim_id") for day in ("report", "latest"))
    assert before["verdict"].equals(after["verdict"]) and not after["changed_by_returns"].any()
    row = after.loc["c3-arrests-two-years"]
    assert (row["verdict"], row["recomputed"]) == ("reproduces", "1,798; corrected: 1,850")
    said = f"Correction of {DAY}: {LETTER}: by that it is 1,850, and by the report’s own numbers 1,798. The summary"
    assert row["note"].startswith(said)
    changed = before["recomputed"].fillna("").ne(after["recomputed"].fillna(""))
    assert after.index[changed].str.contains("arrests|1800").all()
    assert ht.list_claims(after.reset_index(), "agrees").source == ("collection", "correction-1")


@pytest.mark.usefixtures("home")
def test_a_correction_that_leaves_no_such_number_says_so():
    correct_count("victims identified", "2010Q3", 0, LETTER, DAY)
    row = ht.recompute_claims(ht.count_quarters()).set_index("claim_id").loc["c3-victims-per-force"]
    assert row["recomputed"] == "2.702; corrected: no number"
    assert "by that there is no such number, and by the report’s own numbers 2.702." in row["note"]


@pytest.mark.usefixtures("home")
def test_what_is_known_exceeds_a_correction_and_only_returns_are_called_so():
    correct_count("arrests", TOTAL, 500, LETTER, DAY)
    counts = ht.count_quarters()
    (lost,) = ht.list_replaced(counts, "total").rows
    assert (lost.given["published"], lost.given["who"]) == ("500 (as corrected)", "published quarters")
    told = ht.compare_published(counts)
    assert (told.value, told.given["all"], told.given["replaced"]) == (0, "no count", "")
    claims = ht.recompute_claims(counts).set_index("claim_id")
    assert claims.loc["c3-arrests-two-years", "recomputed"] == "1,798; corrected: 500"
    assert not claims["changed_by_returns"].any()
    correct_count("arrests", TOTAL, 600, LETTER, DAY)
    add("arrests", *[50] * 9, quarter=pd.Period("2011Q3"), day="2012-10-20")
    counts = ht.count_quarters(audience="internal")
    assert ht.list_replaced(counts, "total").rows[0].given["who"] == "returns and published quarters"
    assert (
        "total of arrests for 2010Q3 to 2012Q2, 600 (as corrected), no"
        in ht.compare_published(counts).given["replaced"]
    )
    row = ht.recompute_claims(counts).set_index("claim_id").loc["c3-arrests-two-years"]
    assert row["recomputed"] == "at least 1,007" and row["verdict"] == "cannot be checked"
    assert row["note"].endswith(f"alone give more than Correction of {DAY}: {LETTER}, by which it is 600.")


@pytest.mark.usefixtures("home")
def test_what_is_no_correction_is_refused():
    for measure, period, count, source, said in (
        ("arrests", "2011Q1", 3, LETTER, "for 2011Q1, but for 2010Q3, 2012Q2 and 2010Q3:2012Q2"),
        ("arrests", "2010Q3:2012Q1", 3, LETTER, "states no count of arrests for 2010Q3:2012Q1"),
        ("people trained", "2010Q3", 3, LETTER, "states no count of people trained for 2010Q3, but for 2010Q3:2012Q2"),
        ("arrest", TOTAL, 3, LETTER, '"arrest" is not a measure of the 2012 report. Did you mean "arrests"'),
        ("arrests", TOTAL, 1798, LETTER, "arrests, 2010Q3:2012Q2: 1,798 is what holds already"),
        ("victims served", TOTAL, 0, LETTER, "victims served, 2010Q3:2012Q2: of 0 no share can be told"),
        ("arrests", TOTAL, 1850, " ", "Say where the correction was stated"),
    ):
        with pytest.raises(ht.HtanalysisError, match=said):
            correct_count(measure, period, count, source, DAY)
    assert ht.load("corrections").empty
    correct_count("arrests", TOTAL, 1850, LETTER, DAY)
    with pytest.raises(ht.HtanalysisError, match="was corrected on 2013-05-03"):
        correct_count("arrests", TOTAL, 1860, LETTER, "2013-05-02")
    assert correct_count("arrests", TOTAL, 1860, LETTER, DAY) == 1850
    assert ht.total_quarters(ht.count_quarters()).set_index("measure")["count"]["arrests"] == 1860


@pytest.mark.usefixtures("home")
def test_what_changed_between_two_days_lists_the_correction():
    correct_count("arrests", TOTAL, 1850, LETTER, DAY)
    correct_count("arrests", TOTAL, 1860, "another letter", "2013-06-01")
    changed = list_corrections("2013-05-31", "latest").to_dict("records")
    assert changed == [{"measure": "arrests", "period": TOTAL, "old": 1850, "new": 1860, "source": "another letter"}]
    assert list_corrections("2013-06-01", "latest").empty


def test_check_compares_returns_with_the_corrected_count(home):
    correct_count("arrests", "2012Q2", 90, LETTER, DAY)
    rows = [f"2012-04-01,2012-06-30,{name},arrests,all,10,2012-07-31" for name in NAMES]
    path = home / "a.csv"
    told = []
    for count in ("10", "11"):
        path.write_text("\n".join([",".join(COLUMNS), *rows]).replace("all,10", f"all,{count}"))
        problems = check_files([path], store.read_store(), pd.Timestamp("2013-06-01").date()).problems
        told.append([str(each) for each in problems if "is published" in str(each)])
    assert told[0] == [] and any("arrests, 2012Q2: returns give 99, and 90 is published." in text for text in told[1])


@pytest.mark.usefixtures("home")
def test_the_command_corrects_and_says_where_what_is_known_gives_more(capsys):
    assert cli.main(["correct", "arrests", TOTAL, "1,850", "--source", LETTER, "--as-of", DAY]) == 0
    assert cli.main(["correct", "arrests", TOTAL, "500", "--source", LETTER, "--as-of", DAY]) == 0
    out, err = capsys.readouterr()
    said = f"arrests, 2010Q3:2012Q2: 1,798 is corrected to 1,850 from {DAY} on ({LETTER})."
    assert out.splitlines()[0] == said
    told = "Notice: arrests, 2010Q3 to 2012Q2: the quarters or returns that are known give {}, and {} does not hold."
    assert err == told.format("557 or more", "500") + " Ask which is right.\n"
    # A quarter alone can be more than the total.
    assert cli.main(["correct", "arrests", TOTAL, "1,850", "--source", LETTER, "--as-of", DAY]) == 0
    assert cli.main(["correct", "arrests", "2012Q2", "3770", "--source", LETTER, "--as-of", DAY]) == 0
    assert capsys.readouterr().err == told.format("3,950 or more", "1,850") + " Ask which is right.\n"


@pytest.mark.usefixtures("home")
def test_a_corrected_total_tells_the_last_hidden_quarters_no_more_than_the_published_one():
    quarters = pd.period_range("2010Q4", "2012Q1", freq="Q")
    for number, quarter in enumerate(quarters[:-1]):
        add("people trained", *[40 + number] * 9, quarter=quarter, day="2012-10-31")
    last = quarters[-1]
    add("people trained", 1, 0, 2, 0, 1, 0, 0, 1, 0, quarter=last, day="2012-10-31")
    for quarter in (quarters[0] - 1, last + 1):
        add("people trained", *[50] * 9, quarter=quarter, day="2012-10-31")
    before = view_returns("latest", "public").totals
    shown = before[before["measure"].eq("people trained") & before["count"].notna()]
    hidden = {*load_with_periods("task_force_quarters")["quarter"]} - {*shown["quarter"]}
    # The quarter of a few persons is not the only one that is left of either total.
    assert last in hidden and len(hidden) >= 2
    correct_count("people trained", TOTAL, 25000, LETTER, DAY)
    pd.testing.assert_frame_equal(view_returns("latest", "public").totals, before)
    counts = ht.count_quarters()
    assert counts.loc[counts["quarter"].isin(hidden) & counts["measure"].eq("people trained"), "count"].isna().all()
