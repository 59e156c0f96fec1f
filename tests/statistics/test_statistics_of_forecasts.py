"""How often the forecast's interval holds the next count, and how far the forecast errs, in real and drawn series."""

import numpy as np
import pandas as pd
import pytest

from htanalysis import forecasts, settings

SERIES = pd.read_csv(settings.HOME / "tests" / "published" / "count_series.csv").set_index("series")["counts"]
REAL = {name: [int(count) for count in counts.split()] for name, counts in SERIES.items()}
CHOSEN, NAIVE = forecasts.CHOSEN, forecasts.NAIVE


def roll(counts, ahead):
    """Give, for each forecast that is made, whether its interval held and the errors of its logarithm and the naive."""
    past = forecasts._look_back(forecasts._read(counts, None, None, ahead))
    held = past.low[CHOSEN].le(past.count) & past.high[CHOSEN].ge(past.count)
    told = (past.high[CHOSEN] + 1 <= 100 * (past.low[CHOSEN] + 1)) & past.count.notna() & (past.count.index >= 8)
    return pd.DataFrame({"held": held, "error": past.errors[CHOSEN].abs(), "naive": past.errors[NAIVE].abs()})[told]


@pytest.mark.parametrize("ahead", [1, 4])
def test_in_real_series_the_intervals_hold_as_often_as_they_say_and_the_error_is_below_the_naive_one(ahead):
    assert len(REAL) >= 12
    rolled = {name: roll(counts, ahead) for name, counts in REAL.items()}
    each = pd.concat(rolled)
    # The Monte Carlo error of a share near 0.95; forecasts over four periods overlap, so that a fourth of them counts.
    allowed = 2 * np.sqrt(0.95 * 0.05 / (len(each) / ahead))
    assert each["held"].mean() == pytest.approx(0.95, abs=allowed)
    assert each["error"].mean() < 0.95 * each["naive"].mean()
    of_series = pd.DataFrame({name: rows[["error", "naive"]].mean() for name, rows in rolled.items()}).T
    assert (of_series["error"] / of_series["naive"]).mean() < 0.95


def test_in_short_histories_the_intervals_hold_as_often_as_they_say():
    starts = [(counts, begin) for counts in REAL.values() for begin in range(0, min(len(counts), 112) - 15, 16)]
    short = pd.concat(roll(counts[begin : begin + 16], 1) for counts, begin in starts)
    assert short["held"].mean() == pytest.approx(0.95, abs=2 * np.sqrt(0.95 * 0.05 / len(short)))


def draw(generator, number, kind):
    """Draw counts of one kind."""
    time = np.arange(number)
    if kind == "growing, negative binomial":
        mean, shape = 45 * 1.06**time, 0.05
        return generator.negative_binomial(1 / shape, 1 / (1 + shape * mean))
    if kind == "random walk":
        return generator.poisson(100 * np.exp(np.cumsum(generator.normal(0, 0.15, number))))
    return generator.poisson(0.7 if kind == "sparse" else 20, number)


@pytest.mark.parametrize("kind", ["growing, negative binomial", "random walk", "sparse", "level"])
def test_in_drawn_series_the_next_count_lies_in_its_interval_as_often_as_it_says(kind):
    generator = np.random.default_rng(20120630)
    held = pd.concat(roll(draw(generator, 28, kind), 1) for _ in range(40))["held"]
    # Twenty forecasts in each of forty series, of lengths from eight on; those of a series are not independent.
    assert held.mean() >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400)


def test_after_a_growth_has_bent_its_trend_is_given_up():
    # Fifteen years of growth by 6 % a quarter, and then none: a trend of all quarters would go on.
    generator = np.random.default_rng(2012)
    mean = 100 * 1.06 ** np.minimum(np.arange(60), 44)
    rolled = [roll(generator.poisson(mean * np.exp(generator.normal(0, 0.05, 60))), 1) for _ in range(10)]
    bent = pd.concat(rows.loc[46:] for rows in rolled)
    assert bent["held"].mean() >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(bent))
    assert bent["error"].mean() < 1.15 * bent["naive"].mean()
