import pandas as pd
import pytest

import htanalysis as ht
from htanalysis import settings

TASK_FORCES = ht.load("task_forces")["task_force"].tolist()
HEAD = "period_start,period_end,task_force,measure,trafficking_type,count,as_of\n"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Give a home with the report's data and a folder for returns."""
    (tmp_path / "data").mkdir()
    for name in ("report", "reference", "datapackage.json"):
        (tmp_path / "data" / name).symlink_to(settings.HOME / "data" / name)
    (tmp_path / "data" / "quarters").mkdir()
    monkeypatch.setattr(settings, "HOME", tmp_path)

    def write(name: str, *rows: str) -> None:
        (tmp_path / "data" / "quarters" / f"{name}.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")

    return write


def line(task_force, count, period="2011-10-01,2011-12-31", kind="all", as_of="2012-01-31"):
    return f"{period},{task_force},arrests,{kind},{count},{as_of}"


def arrests(**given):
    table = ht.count_quarters(**given)
    return table[table["measure"].eq("arrests")].set_index("quarter")


@pytest.mark.usefixtures("store")
def test_without_returns_the_report_stands():
    table = ht.count_quarters()
    published = ht.load("task_force_quarters")
    pd.testing.assert_frame_equal(
        table[["measure", "quarter", "count"]].sort_values(["measure", "quarter"], ignore_index=True),
        published[["measure", "quarter", "count"]].sort_values(["measure", "quarter"], ignore_index=True),
        check_categorical=False,
    )
    assert table["task_forces_reporting"].tolist() == [8, 8, 8, 8, 9, 9, 9, 9] * 5
    assert arrests()["origin"].fillna("").tolist() == ["report", *[""] * 6, "report"]
    assert ht.load_returns().empty


def test_a_quarter_is_known_once_all_have_returned_it(store):
    store("2011Q4", *[line(name, 10) for name in TASK_FORCES[:-1]])
    some = arrests().loc["2011Q4"]
    assert pd.isna(some["count"]) and some["at_least"] == 80
    store("2011Q4", *[line(name, 10) for name in TASK_FORCES])
    assert arrests().loc["2011Q4", ["count", "origin"]].tolist() == [90, "returns"]


def test_an_empty_cell_is_no_zero(store):
    store("2011Q4", *[line(name, 10) for name in TASK_FORCES[:-1]], line(TASK_FORCES[-1], ""))
    assert pd.isna(arrests().loc["2011Q4", "count"])
    store("2011Q4", *[line(name, 10) for name in TASK_FORCES[:-1]], line(TASK_FORCES[-1], 0))
    assert arrests().loc["2011Q4", "count"] == 80


def test_types_are_added_up_only_without_a_count_of_all(store):
    one, *others = TASK_FORCES
    rows = [line(name, 1) for name in others]
    store("2011Q4", *rows, line(one, 5, kind="sex"), line(one, 3, kind="labor"))
    assert arrests().loc["2011Q4", "count"] == 8 + 8
    store("2011Q4", *rows, line(one, 9), line(one, 5, kind="sex"), line(one, 3, kind="labor"))
    assert arrests().loc["2011Q4", "count"] == 8 + 9


def test_a_statewide_return_counts_all(store):
    store("2011Q4", line("Statewide", 200), line(TASK_FORCES[0], 10))
    assert arrests().loc["2011Q4", ["count", "at_least"]].tolist() == [200, 10]


def test_a_later_version_counts_from_its_day_on(store):
    store("2011Q4", line("Statewide", 200), line("Statewide", 210, as_of="2012-05-01"))
    assert arrests().loc["2011Q4", "count"] == 210
    assert arrests(as_of="2012-04-30").loc["2011Q4", "count"] == 200
    assert pd.isna(arrests(as_of="2012-01-30").loc["2011Q4", "count"])


def test_a_return_counts_in_the_quarter_that_it_overlaps_most(store):
    store("2011Q4", line("Statewide", 5, "2011-11-16,2012-02-14"), line("Statewide", 7, "2011-08-10,2011-11-09"))
    # 46 of 91 days lie in 2011Q4, and 52 of 92 in 2011Q3.
    assert ht.load_returns().set_index("quarter")["count"].to_dict() == {
        pd.Period("2011Q3"): 7,
        pd.Period("2011Q4"): 5,
    }


def test_a_total_holds_until_returns_contradict_it(store):
    def total():
        return ht.total_quarters(ht.count_quarters()).set_index("measure").loc["arrests", ["count", "origin"]].tolist()

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
