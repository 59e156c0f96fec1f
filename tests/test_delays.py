import pandas as pd
import pytest

import htanalysis as ht


@pytest.fixture
def editions() -> pd.DataFrame:
    """Two editions of a table, the second a year later."""
    counts = {2011: [8, 10, 6], 2012: [8, 12, 9, 4]}
    rows = [(2009 + place, edition, count) for edition, row in counts.items() for place, count in enumerate(row)]
    return pd.DataFrame(rows, columns=["year", "edition", "count"])


def test_editions_become_a_triangle_by_age(editions):
    triangle = ht.make_triangle(editions)
    assert triangle.loc[2010].dropna().to_dict() == {1: 10, 2: 12}
    assert triangle.loc[2012].dropna().to_dict() == {0: 4}


def test_growth_from_two_editions_is_carried_forward(editions):
    result = ht.chain_ladder(ht.make_triangle(editions))
    assert result.factors.to_dict() == {0: 9 / 6, 1: 12 / 10, 2: 8 / 8}
    # 2012: 4 grows by 1.5, 1.2 and 1; 2011: 9 by 1.2 and 1.
    assert result.to_come.set_index("year")["ultimate"].to_dict() == pytest.approx(
        {2009: 8, 2010: 12, 2011: 10.8, 2012: 7.2}
    )
    # Each growth was seen once, so nothing tells how it varies.
    assert pd.isna(result.total_error) and result.reason == ""


def test_one_edition_shows_no_growth(editions):
    result = ht.chain_ladder(ht.make_triangle(editions[editions["edition"].eq(2011)]))
    assert result.to_come is None and result.reason.startswith("One edition")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1, None, 3]], "no gap"),
        ([[1, 2], [-1, None]], "0 or more"),
        ([[1, 2], [None, None]], "some count"),
        ([[0, 2], [1, None]], "No growth is known from age 0"),
    ],
)
def test_triangles_that_say_nothing_are_refused(rows, message):
    with pytest.raises(ht.HtanalysisError, match=message):
        ht.chain_ladder(pd.DataFrame(rows, dtype=float))


EARLIER = pd.DataFrame({"seen": [40, 50, 60, 50, 0], "complete": [80, 140, 118, 150, 30]})


def test_a_nowcast_is_the_chain_ladder_with_two_ages():
    # The last had nothing at that age, so that no growth was seen. With less than ever before, Mack's variance is
    # the larger one.
    told, triangle = ht.nowcast(EARLIER, 20), [*EARLIER.to_numpy(float)[:4], [20, None]]
    ladder = ht.chain_ladder(pd.DataFrame(triangle, dtype=float))
    assert (told.value, told.error) == pytest.approx((ladder.to_come["ultimate"].iloc[-1], ladder.total_error))
    # Student's t with three degrees of freedom.
    assert told.quantile == pytest.approx(3.1824, abs=1e-4) and (told.tried, told.held) == (4, 4)
    assert (told.low, told.high) == (0, 106)


def test_equal_earlier_totals_leave_a_nowcast_uncertain():
    same = pd.DataFrame({"seen": [40] * 6, "complete": [40] * 6})
    assert [getattr(ht.nowcast(same, 40), end) for end in ("low", "value", "high")] == [39, 40, 41]


@pytest.mark.parametrize(("earlier", "seen"), [(EARLIER, 0), (EARLIER[1:], 40)])
def test_a_nowcast_needs_a_part_and_four_earlier_totals(earlier, seen):
    with pytest.raises(ht.HtanalysisError, match="4 earlier totals"):
        ht.nowcast(earlier, seen)
