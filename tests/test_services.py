import pandas as pd
import pytest

import htanalysis as ht


def test_overlapping_lists_hold_at_least_the_longest_and_at_most_the_sum():
    lists = [{1, 2, 3}, {3, 4}, {5}]
    low, high = ht.bound_union(pd.Series([len(people) for people in lists]))
    assert low <= len(set.union(*lists)) <= high
    assert (low, high) == (3, 6)
    with pytest.raises(ht.HtanalysisError, match="the length of every list"):
        ht.bound_union(pd.Series([3, None], dtype="Int64"))
    for wrong in ([3, -1], [0.5, 2]):
        with pytest.raises(ht.HtanalysisError, match="counts: the lengths"):
            ht.bound_union(pd.Series(wrong))


def test_letters_are_bounded_by_the_fiscal_years_within_and_around():
    letters = ht.load("orr_letters")
    start, end = pd.Timestamp("2010-07-01"), pd.Timestamp("2012-06-30")
    # Within: fiscal year 2011 (112). Touching: 2010, 2011 and 2012 (74 + 112 + 79).
    assert ht.bound_letters(letters, start, end) == (112, 265)
    exact = pd.Timestamp("2010-10-01"), pd.Timestamp("2011-09-30")
    assert ht.bound_letters(letters, *exact) == (112, 112)
    # A day more on either side touches the years beside it.
    assert ht.bound_letters(letters, exact[0] - pd.Timedelta(days=1), exact[1]) == (112, 74 + 112)
    assert ht.bound_letters(letters, exact[0], exact[1] + pd.Timedelta(days=1)) == (112, 112 + 79)
    with pytest.raises(ht.HtanalysisError, match="cover 2005-10-01 to 2012-09-30"):
        ht.bound_letters(letters, start, pd.Timestamp("2014-06-30"))


def test_letters_of_a_year_that_is_missing_are_not_none():
    letters, start, end = ht.load("orr_letters"), pd.Timestamp("2010-07-01"), pd.Timestamp("2012-06-30")
    with pytest.raises(ht.HtanalysisError, match="and not all that is asked"):
        ht.bound_letters(letters[letters["fiscal_year"] != 2011], start, end)
    one_kind = letters.assign(letters=letters["letters"].mask(letters.index == letters.index[-1]))
    with pytest.raises(ht.HtanalysisError, match="and not all that is asked"):
        ht.bound_letters(one_kind, start, end)
    with pytest.raises(ht.HtanalysisError, match="letters: the counts are whole"):
        ht.bound_letters(letters.assign(letters=-1), start, end)
    with pytest.raises(ht.HtanalysisError, match="letters has no column fiscal_year"):
        ht.bound_letters(letters.drop(columns="fiscal_year"), start, end)


def test_nobody_reaches_more_than_all():
    programs = pd.DataFrame({"program": ["a", "b"], "persons_low": [1, 5], "persons_high": [2000, 50]})
    reach = ht.bound_reach(100, programs)
    assert reach[["low", "high"]].to_numpy().tolist() == [[0, 1], [0, 0.5]]
    assert reach["value"].isna().all() and set(reach["basis"]) == {"bounded"}
    with pytest.raises(ht.HtanalysisError, match="share of nobody"):
        ht.bound_reach(0, programs)
    with pytest.raises(ht.HtanalysisError, match="programs has no column persons_high"):
        ht.bound_reach(100, programs.drop(columns="persons_high"))
    for wrong in ([-1, 5], [3000, 5], [None, 5]):
        with pytest.raises(ht.HtanalysisError, match="0 ≤ persons_low ≤ persons_high"):
            ht.bound_reach(100, programs.assign(persons_low=wrong))


def test_services_and_persons():
    assert ht.excess_services(1522, 1277) == 245
    assert ht.excess_services(10, 20) == 0
    assert [ht.fewest_persons(1522, most) for most in (1, 2, 3)] == [1522, 761, 508]
    for most in (0, 1.5, float("nan")):
        with pytest.raises(ht.HtanalysisError, match="most_per_person is"):
            ht.fewest_persons(10, most)
    with pytest.raises(ht.HtanalysisError, match="services is -1"):
        ht.fewest_persons(-1, 2)
    with pytest.raises(ht.HtanalysisError, match="served is 10 and identified -3"):
        ht.excess_services(10, -3)
