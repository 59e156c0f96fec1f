import pandas as pd
import pytest

import htanalysis as ht

LETTERS = ht.load("orr_letters")
IDENTIFIED = ht.Result(basis="reported", value=1277, unit="victims identified")
SERVED = ht.Result(basis="reported", value=1522, unit="victims served")
SHARE = ht.Result(basis="reported", value=0.72, unit="share")


def days(start: str, end: str) -> pd.DataFrame:
    """A row that covers so many days."""
    return pd.DataFrame({"period_start": [pd.Timestamp(start)], "period_end": [pd.Timestamp(end)]})


def count(value: float) -> ht.Result:
    return ht.Result(basis="reported", value=value, unit="cases")


def test_overlapping_lists_hold_at_least_the_longest_and_at_most_the_sum():
    lists = [{1, 2, 3}, {3, 4}, {5}]
    frame = pd.DataFrame({"of": ["a", "b", "b"], "names": [len(people) for people in lists]})
    persons = ht.bound_union(frame, "names")
    assert persons.low <= len(set.union(*lists)) <= persons.high
    assert (persons.low, persons.high, persons.basis) == (3, 6, "bounded")
    assert (persons.given["lists"], persons.given["of"], persons.given["names"]) == (3, 2, 6)
    assert persons.formula == "longest list, or all lists: fewest = 3; most = 3 + 2 + 1"


def test_letters_are_bounded_by_the_fiscal_years_within_and_around():
    # Within: fiscal year 2011 (112). Touching: 2010, 2011 and 2012 (74 + 112 + 79).
    letters = ht.bound_letters(LETTERS, days("2010-07-01", "2012-06-30"))
    assert (letters.low, letters.high) == (112, 265)
    assert letters.source == ("table-4", "table-4-2012", "table-4-increase")
    exact = ht.bound_letters(LETTERS, days("2010-10-01", "2011-09-30"))
    assert (exact.low, exact.high, exact.source) == (112, 112, ("table-4",))
    # A day more on either side touches the years beside it.
    assert ht.bound_letters(LETTERS, days("2010-09-30", "2011-09-30")).high == 74 + 112
    assert ht.bound_letters(LETTERS, days("2010-10-01", "2011-10-01")).high == 112 + 79


NOT_2011 = LETTERS[LETTERS["fiscal_year"] != 2011]
ONE_MISSING = LETTERS.assign(letters=LETTERS["letters"].mask(LETTERS.index == LETTERS.index[-1]))


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        ("the length of every list", lambda: ht.bound_union(pd.DataFrame({"n": pd.array([3, None], "Int64")}), "n")),
        ("n: .* are not whole numbers", lambda: ht.bound_union(pd.DataFrame({"n": [3, -1]}), "n")),
        ("n: .* are not whole numbers", lambda: ht.bound_union(pd.DataFrame({"n": [0.5, 2]}), "n")),
        ("cover 2005-10-01 to 2012-09-30", lambda: ht.bound_letters(LETTERS, days("2010-07-01", "2014-06-30"))),
        ("and not all that is asked", lambda: ht.bound_letters(NOT_2011, days("2010-07-01", "2012-06-30"))),
        ("and not all that is asked", lambda: ht.bound_letters(ONE_MISSING, days("2010-07-01", "2012-06-30"))),
        ("letters: .* are not whole", lambda: ht.bound_letters(LETTERS.assign(letters=-1), days("2011", "2012"))),
        ("letters has no column fiscal_year", lambda: ht.bound_letters(LETTERS[["letters"]], days("2011", "2012"))),
        ("share of nobody", lambda: ht.bound_reach(SERVED, count(0))),
        ("There are 0 to -1.0 persons", lambda: ht.bound_reach(count(-1), IDENTIFIED)),
        ("There are 3 to 2 persons", lambda: ht.bound_reach(ht.Result(basis="bounded", low=3, high=2), IDENTIFIED)),
        ("There are 0 to nan persons", lambda: ht.bound_reach(ht.Result(basis="bounded"), IDENTIFIED)),
        ("most_per_person is 0", lambda: ht.fewest_persons(SERVED, 0)),
        ("most_per_person is 1.5", lambda: ht.fewest_persons(SERVED, 1.5)),
        ("most_per_person is nan", lambda: ht.fewest_persons(SERVED, float("nan"))),
        ("services: .* are not whole", lambda: ht.fewest_persons(count(-1), 2)),
        ("identified: .* are not whole", lambda: ht.excess_services(SERVED, count(-3))),
        ("american is 72", lambda: ht.bound_foreign(count(72), IDENTIFIED)),
        ("share is 72", lambda: ht.fewest_behind_share(count(72), 1000)),
        ("above is 1000.5", lambda: ht.fewest_behind_share(SHARE, 1000.5)),
    ],
)
def test_what_is_no_count_and_no_share_is_refused(message, wrong):
    with pytest.raises(ht.HtanalysisError, match=message):
        wrong()


def test_nobody_reaches_more_than_all_and_a_mere_count_is_taken_for_persons():
    lists = ht.Result(basis="bounded", low=5, high=50, unit="persons")
    reach = ht.compare_reach({"lists": lists, "many": ht.fewest_persons(SERVED), "cases": count(20)}, count(100))
    frame = reach.frame.set_index("program")
    assert frame[["persons_low", "persons_high"]].to_numpy().tolist() == [[5, 50], [1, 1522], [0, 20]]
    assert frame[["low", "high"]].to_numpy().tolist() == [[0, 0.5], [0, 1], [0, 0.2]]
    assert frame["value"].isna().all() and [*frame["basis"]] == ["bounded", "bounded", "assumed"]
    assert reach.bases == ("bounded", "assumed")
    assert (reach.high, reach.given["lists"]) == (0.5, "between 5 and 50")
    assert ht.bound_reach(count(20), count(100)).assumption == "of the cases, each is one person"
    told = ht.bound_reach(ht.fewest_persons(SERVED, 2), IDENTIFIED)
    assert (told.basis, told.assumption) == ("assumed", "one victim is counted as served by at most 2 agencies")


def test_services_and_persons():
    excess = ht.excess_services(SERVED, IDENTIFIED)
    assert (excess.low, excess.high) == (245, 1522) and excess.formula.endswith("fewest = 1,522 − 1,277; most = 1,522")
    assert ht.excess_services(IDENTIFIED, SERVED).low == 0
    assert [ht.fewest_persons(SERVED, most).low for most in (1, 2, 3)] == [1522, 761, 508]
    free = ht.fewest_persons(SERVED)
    assert (free.low, free.high, free.basis, free.assumption) == (1, 1522, "bounded", None)


def test_rounding_leaves_room_on_one_side_only():
    # The smallest total above 1,000 is 1,001; 715 of it are 71.4 %, 716 are 71.5 %, which rounds to 72 %.
    assert ht.fewest_behind_share(SHARE, above=1000).low == 716
    foreign = ht.bound_foreign(SHARE, IDENTIFIED)
    assert (foreign.low, foreign.high, foreign.basis) == (0, 363, "assumed")


def test_two_kinds_are_added_up_by_year():
    rows = pd.DataFrame({"year": [1, 1, 2, 2], "kind": ["a", "b"] * 2, "n": [1, 2, 30, 4]})
    added = ht.add_kinds(rows, "kind", "n", {"year": "in", "a": "A", "b": "B"})
    assert added.frame.to_numpy().tolist() == [[1, 1, 2, 3], [2, 30, 4, 34]]
    assert (added.low, added.high, added.given["peak"]) == (3, 34, "2")
    assert added.formula == "both = A + B, year by year: 1 + 2, 30 + 4" and added.bases == ("reported", "computed")
