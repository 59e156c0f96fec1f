"""Mack's claims triangle."""

import numpy as np
import pandas as pd
import pytest

import htanalysis as ht

# Taylor and Ashe (1983), the triangle of Mack (1993): claims paid in each year of development.
PAID = [
    [357848, 766940, 610542, 482940, 527326, 574398, 146342, 139950, 227229, 67948],
    [352118, 884021, 933894, 1183289, 445745, 320996, 527804, 266172, 425046],
    [290507, 1001799, 926219, 1016654, 750816, 146923, 495992, 280405],
    [310608, 1108250, 776189, 1562400, 272482, 352053, 206286],
    [443160, 693190, 991983, 769488, 504851, 470639],
    [396132, 937085, 847498, 805037, 705960],
    [440832, 847631, 1131398, 1063269],
    [359480, 1061648, 1443370],
    [376686, 986608],
    [344014],
]


@pytest.fixture
def triangle() -> pd.DataFrame:
    rows = [[*np.cumsum(row), *[np.nan] * (10 - len(row))] for row in PAID]
    return pd.DataFrame(rows, index=range(1, 11))


def test_macks_reserves_and_errors_are_reproduced(triangle):
    # Mack (1993), in thousands: reserve and standard error of each accident year.
    result = ht.chain_ladder(triangle)
    assert (result.to_come["to_come"] / 1000).round().astype(int).tolist() == [
        *(0, 95, 470, 710, 985, 1419, 2178, 3920, 4279, 4626)
    ]
    assert (result.to_come["error"] / 1000).round().astype(int).tolist() == [
        *(0, 76, 122, 134, 261, 411, 558, 875, 971, 1363)
    ]


def test_macks_total_is_reproduced(triangle):
    result = ht.chain_ladder(triangle)
    assert (round(result.total), round(result.total_error)) == (18_680_856, 2_447_095)
    # The factors of the same example, in two decimals.
    assert result.factors.round(2).tolist() == [3.49, 1.75, 1.46, 1.17, 1.10, 1.09, 1.05, 1.08, 1.02]
