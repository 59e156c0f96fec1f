"""How often a nowcast, and the range of the histories, hold the total."""

import numpy as np
import pandas as pd
import pytest

import htanalysis as ht
from htanalysis.nowcasts import HISTORY_HELD


def draw_quarters(generator, quarters, growth, spread):
    """Draw first and last versions of nine task forces' counts, which grow, with a common and an own spread."""
    means = generator.uniform(6, 54, 9) * np.exp(growth * np.arange(quarters))[:, None]
    common, own = (generator.gamma(1 / spread, spread, size) for size in ((quarters, 1), (quarters, 9)))
    final = generator.poisson(means * common * own)
    return generator.binomial(final, 0.95), final


@pytest.mark.parametrize(("silent", "earlier"), [(1, 4), (3, 8), (6, 16)])
@pytest.mark.parametrize(("growth", "spread"), [(0, 0.001), (0, 0.1), (0.05, 0.02)])
def test_a_nowcast_holds_the_total_about_as_often_as_it_says(silent, earlier, growth, spread):
    generator, held = np.random.default_rng(silent), []
    for _ in range(400):
        first, final = draw_quarters(generator, earlier + 1, growth, spread)
        seen, complete = first[:, silent:].sum(axis=1), final.sum(axis=1)
        told = ht.nowcast(pd.DataFrame({"seen": seen[:-1], "complete": complete[:-1]}), seen[-1])
        held.append(told.low <= complete[-1] <= told.high)
    # Three standard errors of 400 draws are 3.3 points; the larger variance and whole numbers hold more than 95 %.
    assert 0.917 <= np.mean(held) <= 0.997


def test_the_history_range_holds_the_total_as_seldom_as_it_says():
    generator, shares = np.random.default_rng(58), []
    for silent in (1, 3, 7):
        for growth in (0, 0.05):
            _, final = zip(*(draw_quarters(generator, 5, growth, 0.001) for _ in range(1500)), strict=True)
            late = np.array(final)[:, :, :silent]
            low, high = late[:, :4].min(axis=1).sum(axis=1), late[:, :4].max(axis=1).sum(axis=1)
            shares.append(np.mean((low <= late[:, 4].sum(axis=1)) & (late[:, 4].sum(axis=1) <= high)))
    # The standard error of each is 1.3 points at the most.
    assert (min(shares), max(shares)) == pytest.approx(HISTORY_HELD, abs=0.03)
