import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import htanalysis as ht
from htanalysis.selection import limit_weight

COUNTED = pd.Series({"sex": 0.56, "labor": 0.23, "other": 0.21})
HTRS = ht.load("htrs")


def share(value):
    """Make a result of a share that somebody published."""
    return ht.Result(basis="reported", value=value, unit="share")


def test_the_mix_of_two_groups_gives_the_pooled_share_back():
    for weight, pooled in zip(limit_weight(0.89, 0.73, 0.8, 0.05, rounding=0), (0.8, 0.75, 0.85), strict=True):
        assert weight * 0.89 + (1 - weight) * 0.73 == pytest.approx(pooled)
    assert ht.weigh_groups(share(0.89), share(0.73), share(0.88), 0.05).high == 1


def test_the_groups_own_rounding_widens_the_range():
    found, grid = ht.weigh_groups(share(0.89), share(0.73), share(0.8), 0.05), np.linspace(-0.005, 0.005, 11)
    ways = itertools.product(grid, grid, (-1, 1))
    every = [(0.8 + sign * 0.05 - 0.73 - second) / (0.89 + first - 0.73 - second) for first, second, sign in ways]
    assert (found.low, found.high) == pytest.approx((min(every), max(every)))
    assert found.words["range"] == "9% to 78%"


@pytest.mark.parametrize("vice_share", [0.0, 0.3, 1.0])
def test_moving_outside_vice_can_be_undone(vice_share):
    moved = ht.move_outside_vice(COUNTED, 0.89, 0.73, [vice_share]).iloc[0]
    odds = moved["sex"] / (1 - moved["sex"]) * (0.89 / 0.11) / (0.73 / 0.27)
    assert vice_share * odds / (1 + odds) + (1 - vice_share) * moved["sex"] == pytest.approx(0.56)
    assert moved[["sex", "labor", "other"]].sum() == pytest.approx(1)
    assert moved["labor"] / moved["other"] == pytest.approx(23 / 21)
    for kind in ("labor", "sex"):
        assert ht.outside_vice(COUNTED, share(0.89), share(0.73), vice_share, kind).value == moved[kind]


@given(st.floats(0, 1), st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_the_closed_form_outside_vice_solves_its_equation(vice_share, counted, vice, outside):
    mix = pd.Series({"sex": counted, "labor": (1 - counted) / 3, "other": (1 - counted) * 2 / 3})
    sex = ht.move_outside_vice(mix, vice, outside, [vice_share])["sex"][0]
    odds = sex / (1 - sex) * vice / (1 - vice) / (outside / (1 - outside))
    assert 0 < sex < 1
    assert vice_share * odds / (1 + odds) + (1 - vice_share) * sex == pytest.approx(counted, abs=1e-9)


def test_labor_among_foreign_victims_spans_the_rounding():
    found = ht.foreign_labor(HTRS, 0.05)
    assert found.value == pytest.approx(0.1 * 0.95 / (0.1 * 0.95 + 0.8 * 0.17))
    assert found.low == pytest.approx(0.05 * 0.95 / (0.05 * 0.95 + 0.85 * 0.17))
    assert found.high == pytest.approx(0.15 * 0.95 / (0.15 * 0.95 + 0.75 * 0.17))
    # Three victims in a labor incident for each in a sex incident.
    more = ht.foreign_labor(HTRS, 0.05, victims_ratio=3)
    assert more.value == pytest.approx(0.3 * 0.95 / (0.3 * 0.95 + 0.8 * 0.17))
    assert ht.find_foreign_labor(HTRS, shift=-0.05) == found.low


def test_an_e_value_is_of_the_larger_share_by_the_smaller():
    assert ht.e_value(share(0.1), share(0.64)).value == ht.e_value(share(0.64), share(0.1)).value
    assert ht.e_value(share(0.64), share(0.1)).value == pytest.approx(ht.selection_e_value(6.4))
    assert ht.e_value(share(0.1), share(0.64)).formula.endswith("q is √(0.64 ÷ 0.1)")


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("add up to 1.6", lambda: ht.move_outside_vice(COUNTED + 0.2, 0.89, 0.73, [0.5])),
        ("mix has “organs”", lambda: ht.move_outside_vice(pd.Series({**COUNTED, "organs": 0}), 0.89, 0.73, [0.5])),
        ("mix: sex is 56", lambda: ht.move_outside_vice(COUNTED * 100, 0.89, 0.73, [0.5])),
        ("one is missing", lambda: ht.move_outside_vice(COUNTED.drop("other"), 0.89, 0.73, [0.5])),
        ("vice is 1.0", lambda: ht.move_outside_vice(COUNTED, 1.0, 0.73, [0.5])),
        ("outside is 73", lambda: ht.move_outside_vice(COUNTED, 0.89, 73, [0.5])),
        ("vice_shares is 44", lambda: ht.move_outside_vice(COUNTED, 0.89, 0.73, [0.1, 44])),
        ("vice_share is -0.1", lambda: ht.outside_vice(COUNTED, share(0.89), share(0.73), -0.1, "sex")),
        ("none can be below 0", lambda: ht.find_foreign_labor(HTRS, -0.15, 1)),
        ("nor the ratio 0", lambda: ht.find_foreign_labor(HTRS, 0.05, 0)),
        ("nor the ratio 0", lambda: ht.find_foreign_labor(HTRS, 0, float("inf"))),
        (r"margin is -0\.05", lambda: ht.foreign_labor(HTRS, -0.05)),
        (r"margin is 0\.1; ", lambda: ht.foreign_labor(HTRS, "0.1")),
        ("No mix", lambda: limit_weight(0.89, 0.73, 0.2, 0.05)),
        ("No mix", lambda: limit_weight(0.89, 0.73, 0.99, 0.05)),
        ("any mix gives", lambda: limit_weight(0.8, 0.79, 0.8, 0.05)),
        ("any mix gives", lambda: limit_weight(0.89, 0.73, 0.8, -0.05)),
        ("any mix gives", lambda: limit_weight(0.89, 0.73, 0.8, float("nan"))),
        ("first is 89", lambda: limit_weight(89, 73, 80, 5)),
    ],
)
def test_what_is_no_share_is_refused_by_its_name(message, call):
    with pytest.raises(ht.HtanalysisError, match=message):
        call()
