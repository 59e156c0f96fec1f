import pandas as pd

from htanalysis.changes import compare_findings, list_newly_known, list_revisions, list_verdicts


def finding(name, value, low=None, high=None, basis="computed", **more):
    amount = "" if value is None else f"{value:g} times"
    content = {
        "notebook": "01-trends",
        "id": name,
        "sentence": f"{name} is {amount}.",
        "amount": amount,
        "value": value,
    }
    return content | {"low": low, "high": high, "basis": basis, "unit": "times", "digits": 1} | more


def test_findings_whose_value_range_or_basis_changed_are_told():
    before = [
        finding("same", 1),
        finding("value", 2),
        finding("range", 3, 1, 4),
        finding("basis", 5),
        finding("gone", 6),
    ]
    after = [
        finding("same", 1, sentence="Other words.", formula="1 ÷ 1"),
        *(finding("value", 2.5), finding("range", 3, 2, 4)),
        *(finding("basis", 5, basis="reported"), finding("new", 7)),
    ]
    assert [(change["id"], change["old"], change["new"]) for change in compare_findings(before, after)] == [
        ("value", "2 times, computed", "2.5 times, computed"),
        ("range", "3 times (1.0 to 4.0), computed", "3 times (2.0 to 4.0), computed"),
        ("basis", "5 times, computed", "5 times, reported"),
        ("new", "none", "7 times, computed"),
        ("gone", "6 times, computed", "none"),
    ]
    assert compare_findings(after, after) == []


def counts(*given):
    cell = {"quarter": "2012Q3", "measure": "arrests", "trafficking_type": "all"}
    rows = [cell | {"task_force": name, "count": count} for name, count in given]
    return pd.DataFrame(rows).astype({"count": "Int64"})


def test_only_counts_that_are_shown_both_times_are_revisions():
    before = counts(("A", 12), ("B", 20), ("C", None), ("D", 5))
    after = counts(("A", 15), ("B", 20), ("C", 30), ("E", 6))
    revised = list_revisions(before, after)
    assert revised[["task_force", "old", "new", "difference"]].to_numpy().tolist() == [["A", 12, 15, 3]]


def test_counts_of_the_state_that_were_not_known_are_new():
    before = pd.DataFrame(
        {"quarter": ["2012Q2", "2012Q3"], "measure": "arrests", "count": pd.array([377, None], "Int64")}
    )
    after = before.assign(count=pd.array([380, 90], "Int64"))
    assert list_newly_known(before, after).to_dict("records") == [
        {"quarter": "2012Q3", "measure": "arrests", "count": 90}
    ]
    assert list_newly_known(after, before).empty


def test_statements_with_another_verdict_are_told():
    before = pd.DataFrame(
        {
            "claim_id": ["a", "b"],
            "chapter": "1",
            "quote": "q",
            "stated": "5",
            "recomputed": "5",
            "verdict": "reproduces",
        }
    )
    after = before.assign(verdict=["reproduces", "differs"], recomputed=["5", "6"])
    told = list_verdicts(before, after)
    assert told[["claim_id", "recomputed", "old", "new"]].to_numpy().tolist() == [["b", "6", "reproduces", "differs"]]
