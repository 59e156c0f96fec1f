"""Whether the chain ladder finds what a table grows to, and how often its error holds it."""

import numpy as np
import pandas as pd

import htanalysis as ht

FACTORS = np.array([2.0, 1.5, 1.2, 1.1, 1.05])


def simulate(generator) -> pd.DataFrame:
    """Draw cumulative counts whose growth is Poisson with a mean proportional to what is there (Mack's model)."""
    counts = [generator.poisson(200, 6).astype(float)]
    for factor in FACTORS:
        counts.append(counts[-1] + generator.poisson(counts[-1] * (factor - 1)))
    return pd.DataFrame(np.array(counts).T)


def test_reserves_are_unbiased_and_their_errors_hold_them():
    generator, misses, held = np.random.default_rng(1993), [], []
    for _ in range(500):
        full = simulate(generator)
        seen = full.where(np.add.outer(np.arange(6), np.arange(6)) <= 5)
        result = ht.chain_ladder(seen)
        miss = full[5].sum() - result.to_come["ultimate"].sum()
        misses.append(miss)
        held.append(abs(miss) <= 1.96 * result.total_error)
    assert abs(np.mean(misses)) < 4 * np.std(misses) / np.sqrt(500)
    # The errors rest on few pairs, and Mack's for the last age on none, so somewhat less than 95 % is expected.
    assert 0.90 <= np.mean(held) <= 0.98
