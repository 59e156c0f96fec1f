"""Mack's claims triangle."""

import pandas as pd
import pytest

import htanalysis as ht

# Taylor and Ashe (1983), the triangle of Mack (1993): claims paid up to the first and the second year.
PAID = {
    "seen": [357848, 352118, 290507, 310608, 443160, 396132, 440832, 359480, 376686],
    "complete": [1124788, 1236139, 1292306, 1418858, 1136350, 1333217, 1288463, 1421128, 1363294],
}


def test_macks_first_factor_and_variance_are_reproduced():
    told, base = ht.nowcast(pd.DataFrame(PAID), 344014), sum(PAID["seen"])
    # Mack (1993): the factor 3.49 and the variance 160,280. The other variance is the larger one where little is seen.
    assert round(told.value / 344014, 2) == 3.49
    assert told.error**2 / (344014 + 344014**2 / base) == pytest.approx(160_280, rel=0.05)
