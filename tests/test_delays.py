import pandas as pd
import pytest

import htanalysis as ht

EARLIER = pd.DataFrame({"seen": [40, 50, 60, 50, 0], "complete": [80, 140, 118, 150, 30]})


def test_a_nowcast_is_the_chain_ladder_with_two_ages():
    # The last had nothing at that age, so that no growth was seen. With less than ever before, Mack's variance is
    # the larger one.
    told, growth = ht.nowcast(EARLIER, 20), 488 / 200
    variance = sum(part * (whole / part - growth) ** 2 for part, whole in EARLIER.to_numpy()[:4]) / 3
    assert (told.value, told.error) == pytest.approx((20 * growth, (variance * (20 + 20**2 / 200)) ** 0.5))
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
