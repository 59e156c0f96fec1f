import pandas as pd

import htanalysis as ht
from htanalysis import settings


def test_the_times_of_data_sets_are_listed():
    times = ht.list_periods({"heat_unit": "unit", "task_force_totals": "counts"})
    assert times.frame.loc[0].tolist() == ["unit", pd.Timestamp("2006-01-01"), pd.Timestamp("2012-08-31")]
    # Of the totals only one phrase says from when to when they count.
    assert times.source == ("heat-all", "heat-236-1", "totals-served")


def test_rows_are_listed_as_they_stand_with_the_phrases_behind_their_columns():
    forces = ht.load("task_forces")
    listed = ht.list_rows(forces, task_force="task force", reports_from="reports from")
    assert listed.frame is forces and listed.source == ("task-forces-list", "san-jose-joins")
    assert ht.list_rows(forces, established="founded").columns["established"].unit == "year"


def test_each_basis_has_a_meaning_and_an_example():
    assert ht.list_bases().frame["basis"].tolist() == [*settings.BASES] == [*ht.list_bases().bases]


def test_the_data_sets_are_counted():
    listed = ht.list_data_sets()
    assert listed.value == len(ht.catalogue()) == len(listed.frame)
    assert listed.given["rows"] == f"{ht.catalogue()['rows'].sum():,}"


def test_the_one_county_with_a_published_count_is_named():
    found = ht.name_published_county(ht.load("county_convictions"), ht.load("penal_code_236_1"))
    assert (found.value, found.given["county"], found.given["others"], found.basis) == (52, "Alameda", 8, "reported")
    rest = found.at("other named counties")
    assert (rest.value, rest.basis, rest.formula) == (61, "computed", "all − Alameda = 113 − 52")
