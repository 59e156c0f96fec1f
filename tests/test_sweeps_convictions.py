"""Notebooks 02, 03 and 06 over the whole range of their parameters: every sentence and formula is true of each."""

import pytest
from running import Shown, run_notebook

import htanalysis as ht
from htanalysis.parameters import list_ranges
from htanalysis.report.changes import find_findings
from htanalysis.report.notebooks import find_notebooks
from htanalysis.wording import number

OPEN = list_ranges()["open_years"]
#: The first and the last quarter, all, and some between.
PERIODS = ["2010Q3", "2010Q4", "2011Q3:2011Q4", "2010Q3:2012Q2", "2012Q2"]


def findings_of(shown: list[Shown]) -> dict[str, dict]:
    return {each.content["id"]: each.content for each in shown if each.kind == "finding"}


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize(
    ("name", "finding"), [("02", "table-1-covers"), ("03", "county-period"), ("06", "services-period")]
)
def test_a_period_is_told_as_it_lies_to_the_tables(name, finding, period):
    told = findings_of(run_notebook(name, quarter=period))[finding]["sentence"]
    assert f"which includes {period}".replace(":", " to ") in told


def test_convictions_to_come_are_a_range_of_the_years_that_are_not_settled():
    table = ht.load("penal_code_236_1")
    for open_years in range(OPEN.low, OPEN.high + 1):
        shown, year = run_notebook("02", open_years=open_years), 2012 - open_years
        finding = findings_of(shown)["convictions-to-come"]
        later = table[table["year"] > year]
        assert 0 <= finding["low"] < finding["high"] <= (later["arrests"] - later["convictions"]).sum()
        assert f"arrests from {year + 1} on" in finding["sentence"] and "exactly" not in finding["sentence"]
        assert ht.span(finding["low"], finding["high"]) in finding["sentence"]
        one = "those of 2007," if year == 2007 else f"those of one of the years up to {year},"
        assert one in finding["sentence"] and one.rstrip(",") in finding["assumption"]
        title = next(each.content["title"] for each in shown if each.content.get("id") == "outlook")
        so_far = later["convictions"].sum()
        assert title.startswith(
            f"Arrests from {year + 1} on have {so_far} convictions so far, and may end with between {so_far} and "
        )


@pytest.mark.parametrize(
    ("most", "words"),
    [
        (1, "If nobody was counted by more than 1 agency, 1,522 different persons were served."),
        (2, "If nobody was counted by more than 2 agencies, at least 761 different persons were served."),
        (100, "If nobody was counted by more than 100 agencies, at least 16 different persons were served."),
    ],
)
def test_the_fewest_persons_are_told_in_the_words_of_their_number(most, words):
    finding = findings_of(run_notebook("06", most_agencies=most))["fewest-persons-served"]
    assert finding["sentence"] == words
    assert f"at most {most} {'agency' if most == 1 else 'agencies'}" in finding["assumption"]


def test_the_fewest_persons_hold_for_numbers_of_agencies_over_the_whole_range():
    path = next(path for path in find_notebooks() if path.stem.startswith("06"))
    for most in (*range(1, 11), *range(20, 101, 10)):
        found = find_findings(path, {"most_agencies": most})
        finding = next(each for each in found if each["id"] == "fewest-persons-served")
        # So many persons, each counted so often, can stand behind all services; one person fewer cannot.
        fewest = int(finding["low"])
        assert (fewest - 1) * most < 1522 <= fewest * most and finding["high"] == 1522
        assert f" {number(fewest)} different persons" in finding["sentence"]
        assert ("at least" in finding["sentence"]) == (fewest < 1522)


def test_what_is_bounded_is_called_so_and_two_numbers_are_two_findings():
    shown = findings_of([*run_notebook("02"), *run_notebook("03"), *run_notebook("06")])
    americans = shown["americans-at-least"]
    assert (americans["basis"], americans["value"], americans["low"], americans["high"]) == ("bounded", None, 716, None)
    assert americans["amount"] == "at least 716 victims"
    assert "convictions-chain-ladder" not in shown
    numbers = {name: (shown[name]["value"], shown[name]["low"], shown[name]["high"]) for name in shown}
    assert numbers["pimping-and-pandering-convictions"] == (667, None, None)
    assert numbers["pimping-and-pandering"][0] == pytest.approx(667 / 113)
    assert numbers["tcvap-persons"] == (None, 156, 477) and "4 lists (2 programs in 2 years)" in str(shown)
    assert numbers["task-force-counties"][0] == pytest.approx(7 / 9)
    assert numbers["other-counties-with-convictions"][0] == pytest.approx(2 / 49)
    assert numbers["largest-published-rate"] == pytest.approx((3.443, 2.571, 4.515), abs=5e-4)
    assert numbers["largest-share-interval"] == pytest.approx((0.460, 0.366, 0.556), abs=5e-4)
    assert numbers["task-force-counties-test"][0] == pytest.approx(4e-6, rel=0.01)
    assert numbers["task-force-counties-alike"][0] == pytest.approx(0.0469, abs=5e-5)
    assert numbers["convictions-to-come"][1:] == pytest.approx((0, 160.11), abs=5e-3)
