import pandas as pd
import pytest

import htanalysis as ht
from htanalysis.returns import views
from htanalysis.returns.views import known_day

INTERNAL = {"audience": "internal"}
TASK_FORCES = ht.load("task_forces")["task_force"].tolist()
HEAD = "period_start,period_end,task_force,measure,trafficking_type,count,as_of\n"


@pytest.fixture
def store(home):
    """Give a way to write a file of the store, which is empty at first."""
    (home / "data" / "quarters").mkdir()

    def write(name: str, *rows: str) -> None:
        (home / "data" / "quarters" / f"{name}.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")

    return write


def line(task_force, count, period="2011-10-01,2011-12-31", kind="all", as_of="2012-01-31"):
    return f"{period},{task_force},arrests,{kind},{count},{as_of}"


def arrests(as_of="latest", audience="internal"):
    table = ht.count_quarters(as_of, audience)
    return table[table["measure"].eq("arrests")].set_index("quarter")


@pytest.mark.usefixtures("store")
def test_without_returns_the_report_stands():
    table = ht.count_quarters()
    published = ht.load_corrected("task_force_quarters")
    columns, order = ["measure", "quarter", "count"], {"by": ["measure", "quarter"], "ignore_index": True}
    held, known = (frame[columns].sort_values(**order) for frame in (table, published))
    pd.testing.assert_frame_equal(held, known, check_categorical=False)
    assert table["task_forces_reporting"].tolist() == [8, 8, 8, 8, 9, 9, 9, 9] * 5
    assert arrests()["origin"].fillna("").tolist() == ["report", *[""] * 6, "report"]
    assert ht.load_returns().empty


def test_a_quarter_is_known_once_all_have_returned_it_and_an_empty_cell_is_no_zero(store):
    for last in ((), (line(TASK_FORCES[-1], ""),)):
        store("2011Q4", *[line(name, 10) for name in TASK_FORCES[:-1]], *last)
        some = arrests().loc["2011Q4"]
        assert pd.isna(some["count"]) and some["at_least"] == 80
    store("2011Q4", *[line(name, 10) for name in TASK_FORCES])
    assert arrests().loc["2011Q4", ["count", "origin"]].tolist() == [90, "returns"]
    store("2011Q4", *[line(name, 10) for name in TASK_FORCES[:-1]], line(TASK_FORCES[-1], 0))
    assert arrests().loc["2011Q4", "count"] == 80


def test_types_are_added_up_only_without_a_count_of_all(store):
    one, *others = TASK_FORCES
    rows = [line(name, 1) for name in others]
    store("2011Q4", *rows, line(one, 5, kind="sex"), line(one, 3, kind="labor"), line(one, 0, kind="other"))
    assert arrests().loc["2011Q4", "count"] == 8 + 8
    store("2011Q4", *rows, line(one, 9), line(one, 5, kind="sex"), line(one, 3, kind="labor"))
    assert arrests().loc["2011Q4", "count"] == 8 + 9


def test_one_type_alone_is_not_all(store):
    store("2011Q4", *[line(name, 30, kind="sex") for name in TASK_FORCES])
    row = arrests().loc["2011Q4"]
    assert pd.isna(row["count"]) and row[["at_least", "returned", "partly"]].tolist() == [270, 0, 9]
    told = ht.tell_reported(ht.count_quarters(**INTERNAL), ht.parse_period("2011Q4"))
    assert told[["arrests", "people trained"]].tolist() == ["0 of 9, 9 in part", "not returned"]
    totals = ht.total_returns(**INTERNAL).set_index("trafficking_type")
    assert pd.isna(totals.loc["all", "count"]) and pd.isna(totals.loc["all", "high"])
    assert totals.loc["all", "low"] == totals.loc["sex", "count"] == 270
    assert ht.total_returns()["count"].isna().all()
    cells = ht.load_returns(**INTERNAL).query("trafficking_type == 'all'")
    assert set(cells["shown"]) == {"at least 30"} and cells["count"].isna().all() and not cells["whole"].any()


def test_a_statewide_return_counts_all(store):
    store("2011Q4", line("Statewide", 200), line(TASK_FORCES[0], 10))
    assert arrests().loc["2011Q4", ["count", "at_least", "basis"]].tolist() == [200, 200, "reported"]
    store("2011Q4", *[line(name, 10) for name in TASK_FORCES])
    assert arrests().loc["2011Q4", ["count", "basis"]].tolist() == [90, "computed"]


@pytest.mark.parametrize(
    ("statewide", "others", "ends"),
    [(10, 30, (10, 270)), (300, 30, (270, 300)), (270, 30, (270, 270)), (10, None, (10, 30))],
)
def test_of_returns_that_exclude_each_other_none_is_taken(store, statewide, others, ends):
    # A statewide return of 10 stands beside a single task force with 30: there are 10, or 30 and more.
    names = TASK_FORCES if others else TASK_FORCES[:1]
    store("2011Q4", line("Statewide", statewide), *[line(name, 30) for name in names])
    total = ht.total_returns(**INTERNAL).iloc[0]
    known = ends[0] == ends[1]
    assert (total["low"], total["count"] if known else pd.isna(total["count"])) == (ends[0], 270 if known else True)
    assert pd.isna(total["high"]) if others is None else total["high"] == ends[1]
    told = f"a statewide return gives {statewide}, and what {len(names)} of 9 task forces returned adds up to"
    assert total["contradiction"] == ("" if known else f"{told} {'30 or more' if others is None else 270}")
    row = arrests().loc["2011Q4"]
    assert row["contradicted"] != known and row["at_least"] == ends[0]
    told = ht.tell_reported(ht.count_quarters(**INTERNAL), ht.parse_period("2011Q4"))["arrests"]
    assert told == f"{len(names)} of 9" + ("" if known else " against a statewide return")


def test_a_published_count_that_returns_exceed_no_longer_holds(store):
    store("2012Q2", *[line(name, 200, "2012-04-01,2012-06-30", as_of="2012-08-31") for name in TASK_FORCES[:2]])
    row = arrests().loc["2012Q2"]
    assert pd.isna(row["count"]) and row["at_least"] == 400 and pd.isna(row["origin"])
    assert ht.reconcile(ht.count_quarters(**INTERNAL)).to_dict("records") == [
        {"measure": "arrests", "period": "2012Q2", "published": 377, "returned": 400, "difference": 23, "least": True}
    ]


def test_a_later_version_counts_from_its_day_on(store):
    store("2011Q4", line("Statewide", 200), line("Statewide", 210, as_of="2012-05-01"))
    assert arrests().loc["2011Q4", "count"] == 210
    assert arrests(as_of="2012-04-30").loc["2011Q4", "count"] == 200
    assert pd.isna(arrests(as_of="2012-01-30").loc["2011Q4", "count"])


def test_a_return_counts_in_the_quarter_that_it_overlaps_most(store):
    store("2011Q4", line("Statewide", 5, "2011-11-16,2012-02-14"), line("Statewide", 7, "2011-08-10,2011-11-09"))
    # 46 of 91 days lie in 2011Q4, and 52 of 92 in 2011Q3.
    totals = ht.total_returns(**INTERNAL).query("trafficking_type == 'all'").set_index("quarter")
    assert totals["count"].to_dict() == {pd.Period("2011Q3"): 7, pd.Period("2011Q4"): 5}


def test_a_total_holds_until_returns_contradict_it(store):
    def total():
        totals = ht.total_quarters(ht.count_quarters(**INTERNAL)).set_index("measure")
        return totals.loc["arrests", ["count", "origin"]].tolist()

    assert total() == [1798, "report"]
    store("2011Q4", line("Statewide", 200))
    assert total() == [1798, "report"]
    # 180 + 377 are published, so 1,242 more than fill the two years.
    store("2011Q4", line("Statewide", 1242))
    assert pd.isna(total()).all()
    spans = [f"{q.start_time.date()},{q.end_time.date()}" for q in ht.parse_period("2010Q4:2012Q1")]
    store("2011Q4", *[line("Statewide", 100, span) for span in spans])
    assert total() == [180 + 6 * 100 + 377, "returns"]


def test_later_quarters_continue_the_series(store):
    store("2012Q4", line("Statewide", 400, "2012-10-01,2012-12-31"))
    table = arrests()
    assert table.index[-1] == pd.Period("2012Q4") and pd.isna(table.loc["2012Q3", "count"])
    assert str(ht.held_quarters()[-1]) == "2012Q4" == ht.period_label(ht.parse_period("latest"))


def test_counts_are_told_in_words(store):
    store("2011Q4", *[line(name, 0) for name in TASK_FORCES[:-2]], line(TASK_FORCES[-2], 1200))
    table = ht.tell_counts(ht.parse_period("2011Q4"), **INTERNAL).frame.set_index("task_force")["arrests"]
    assert table[TASK_FORCES].tolist() == [*["0"] * 7, "1,200", "not returned"]


def test_returns_are_set_against_what_was_published(store):
    store("2012Q2", line("Statewide", 380, "2012-04-01,2012-06-30", as_of="2012-08-31"))
    assert ht.reconcile(ht.count_quarters()).to_dict("records") == [
        {"measure": "arrests", "period": "2012Q2", "published": 377, "returned": 380, "difference": 3, "least": False}
    ]
    store("2011Q4", line("Statewide", 1700))
    assert len(ht.reconcile(ht.count_quarters())) == 1  # The public is told once all quarters have been returned.
    counts = ht.count_quarters(**INTERNAL)
    compared = ht.reconcile(counts)
    both = compared.set_index("period").loc["2010Q3 to 2012Q2"]
    # 180 are published for the first quarter; with 1,700 and 380 the two years have at least 2,260.
    assert both[["published", "returned", "difference", "least"]].tolist() == [1798, 2260, 462, True]
    lost = ht.list_replaced(counts, "total").at("arrests 2010Q3 to 2012Q2")
    assert lost.write("{published}, and now {value:bare}{more}") == "1,798, and now 2,260 or more"
    told = ht.compare_published(counts)
    assert told.write("{all}, {value:bare} {differ}") == "2 counts, 2 differ" and "returns" in told.source
    assert told.formula == "compared − equal = 2 − 0"
    assert told.write("{all}{too}.{replaced}") == (
        "2 counts, too; 2 of them differ. The report’s total of arrests for 2010Q3 to 2012Q2, 1,798, no longer holds:"
        " the returns give 2,260 or more."
    )
    none = ht.compare_published(ht.count_quarters("report"))
    assert none.write("Returns give {all} that was published{too}.{replaced}") == (
        "Returns give no count that was published."
    )


def test_statements_follow_the_returns(store):
    spans = [f"{q.start_time.date()},{q.end_time.date()}" for q in ht.parse_period("2010Q3:2012Q2")]
    store("2011Q4", *[line("Statewide", 230, span, as_of="2012-08-31") for span in spans])
    claims = ht.recompute_claims(ht.count_quarters()).set_index("claim_id")
    assert claims.loc["es-arrests", ["recomputed", "verdict"]].tolist() == ["1,840", "differs"]
    assert claims.loc["es-nearly-1800", "verdict"] == "differs"
    assert claims.loc["es-investigations", "verdict"] == "reproduces"
    assert ht.recompute_claims(ht.count_quarters("report")).equals(ht.recompute_claims())


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("day", ["yesterday", "2012-13-01", "2012-1-1", "31.10.2012"])
def test_a_day_and_an_audience_that_are_none_are_one_sentence(day):
    with pytest.raises(ht.HtanalysisError, match='"press" is not an audience'):
        ht.load_returns(audience="press")
    with pytest.raises(ht.HtanalysisError, match=f'"{day}" is not a day'):
        ht.load_returns(day)


def test_the_last_day_known_tells_the_state_of_the_returns(store):
    assert known_day() == "report"
    store("2011Q4", line("Statewide", 200), line("Statewide", 210, as_of="2012-05-01"))
    assert [known_day(day) for day in ("latest", "2012-04-30", "2012-01-30")] == ["2012-05-01", "2012-01-31", "report"]
    assert ht.count_quarters("report").equals(ht.count_quarters("2012-01-30"))


def test_returns_are_no_data_set_to_load():
    with pytest.raises(ht.HtanalysisError, match="load_returns"):
        ht.load("returns")
    assert ht.describe("returns")["column"].tolist() == HEAD.strip().split(",")


def test_the_view_is_made_once_for_a_store_and_again_for_another(store, monkeypatch):
    made, make = [], views.make_state
    monkeypatch.setattr(views, "make_state", lambda *given: made.append(1) or make(*given))
    store("2011Q4", *[line(name, 10) for name in TASK_FORCES])
    for _ in range(3):
        ht.count_quarters("latest", "internal"), ht.count_reporters("latest", "internal"), ht.load_returns()
    assert len(made) == 1  # once for both audiences: one measure in one quarter
    store("2011Q4", *[line(name, 11) for name in TASK_FORCES])
    assert arrests().loc["2011Q4", "count"] == 99 and len(made) == 2
