"""Whether smoothing helps, and how often funnels hold the truth."""

import numpy as np
import pandas as pd

import htanalysis as ht


def test_smoothed_rates_are_nearer_to_the_truth_than_raw_ones():
    generator = np.random.default_rng(1991)
    population = pd.Series(generator.integers(1_000, 200_000, 58).astype(float))
    names = [str(place) for place in range(58)]
    places = pd.DataFrame({"county": names, "fips": names, "population_2010": population})
    raw, smoothed = [], []
    for _ in range(60):
        truth = pd.Series(generator.gamma(4, 0.0001 / 4, 58))
        counts = pd.Series(generator.poisson(truth * population))
        frame = places[["county", "fips"]].assign(convictions=counts, lower=counts, upper=counts)
        found = ht.bound_smoothed(frame, places, counts.sum()).frame.set_index("county")["low"] / 1e5
        raw.append(((counts / population - truth)[counts > 0] ** 2).mean())
        smoothed.append(((found.to_numpy() - truth[counts > 0]) ** 2).mean())
    assert np.mean(smoothed) < 0.6 * np.mean(raw)


def test_a_funnel_holds_at_least_as_much_as_it_says():
    population = np.array([1e4, 1e5, 1e6])
    limits = ht.funnel_limits(3e-5, population, 0.95)
    counts = np.random.default_rng(2005).poisson(3e-5 * population, (20_000, 3))
    held = (counts >= (limits["low"] * population).to_numpy() - 1e-9) & (
        counts <= (limits["high"] * population).to_numpy() + 1e-9
    )
    # Quantiles of counts hold at least what they say; Monte Carlo error of 20,000 draws: 0.0015.
    assert (held.mean(axis=0) >= 0.95 - 0.005).all()
