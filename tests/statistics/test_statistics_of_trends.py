"""Whether the trend's model finds what was put in, and how often its intervals hold it."""

import numpy as np
import pytest

import htanalysis as ht
from htanalysis import trends
from htanalysis.forecasts import Forecast

GROWTH, DRAWS = 1.06, 150
# Monte Carlo error of a coverage near 0.95 in so many draws; three of them are allowed.
ALLOWED = 3 * np.sqrt(0.95 * 0.05 / DRAWS)


@pytest.fixture(scope="module", autouse=True)
def no_forecast():
    """Leave out what is proven elsewhere, and takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trends, "forecast", lambda *_: Forecast("None here."))
        yield


def simulate(generator, number: int, shape: float, step: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Draw counts of eight bodies, a ninth from the middle on, that grow; `shape` 0 gives Poisson counts."""
    time = np.arange(number + 1)
    joined = time >= number // 2
    mean = 5 * np.where(joined, 9, 8) * GROWTH**time * np.where(joined, step, 1)
    counts = generator.poisson(mean) if not shape else generator.negative_binomial(1 / shape, 1 / (1 + shape * mean))
    return counts, np.where(joined, 9, 8)


@pytest.fixture(scope="module", params=[(6, 0.0), (6, 0.05), (12, 0.0), (12, 0.05)], ids=str)
def fitted(request):
    """Fit many simulated series."""
    number, shape = request.param
    generator = np.random.default_rng(20120630)
    drawn = [simulate(generator, number, shape) for _ in range(DRAWS)]
    season = [1, 2, 3, 4] * 3 if number == 12 else None
    return [ht.fit_trend(counts[:-1], exposure[:-1], exposure[-1], season) for counts, exposure in drawn]


def test_the_growth_is_recovered(fitted):
    logs = np.log([trend.terms.loc[0, "ratio"] for trend in fitted])
    assert abs(logs.mean() - np.log(GROWTH)) < 4 * logs.std() / np.sqrt(DRAWS)


def test_the_interval_of_the_growth_covers_as_often_as_it_says(fitted):
    held = [trend.terms.loc[0, "low"] <= GROWTH <= trend.terms.loc[0, "high"] for trend in fitted]
    assert np.mean(held) >= 0.95 - ALLOWED


@pytest.mark.parametrize("correlation", [0.0, 0.4, 0.7])
def test_the_interval_of_the_growth_allows_for_serial_correlation(correlation):
    generator = np.random.default_rng(20130630)
    held, number, draws = [], np.arange(20), 100
    for _ in range(draws):
        noise = generator.normal(0, 0.3, 20)
        for place in range(1, 20):
            noise[place] = correlation * noise[place - 1] + np.sqrt(1 - correlation**2) * noise[place]
        counts = generator.poisson(100 * np.exp(0.03 * number + noise))
        term = ht.fit_trend(counts, [1.0] * 20, 1.0).terms.iloc[0]
        held.append(term["low"] <= np.exp(0.03) <= term["high"])
    # Taken as independent, the counts with a correlation of 0.7 gave intervals that held 63 % of the time.
    assert np.mean(held) >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / draws)


@pytest.mark.parametrize(("length", "early", "left_out"), [(14, 1.0, 0.05), (20, 1.0, 0.05), (20, 0.5, 1.0)])
def test_later_counts_stand_alone_where_their_curve_does_not_lead_back_to_the_total(length, early, left_out):
    generator, number, draws = np.random.default_rng(20160630), np.arange(length), 100
    mean = 300 * 1.01**number * np.where(number < 8, early, 1)
    alone, held = [], []
    for _ in range(draws):
        drawn = generator.negative_binomial(100, 1 / (1 + 0.01 * mean))
        counts = [None if 1 <= place <= 6 else int(count) for place, count in enumerate(drawn)]
        trend = ht.fit_trend(counts, [1.0] * length, 1.0, total=float(drawn[:8].sum()), of_total=number < 8)
        alone.append(trend.fit["expected"].isna().any())
        held.append(trend.terms.loc[0, "low"] <= 1.01 <= trend.terms.loc[0, "high"])
    assert np.mean(alone) == pytest.approx(left_out, abs=0.06)
    assert np.mean(held) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / draws)


def test_a_joining_bodys_step_is_recovered():
    generator = np.random.default_rng(20110701)
    steps = []
    for _ in range(DRAWS):
        counts, exposure = simulate(generator, 12, 0.0, step=1.5)
        step = [place >= 6 for place in range(12)]
        terms = ht.fit_trend(counts[:-1], exposure[:-1], 9, step=step).terms.set_index("term")
        steps.append(np.log(terms.loc["after joining", "ratio"]))
    assert abs(np.mean(steps) - np.log(1.5)) < 4 * np.std(steps) / np.sqrt(DRAWS)


def test_a_season_is_recovered_from_two_years():
    generator = np.random.default_rng(20121231)
    mean = 400 * np.tile([1.0, 1.2, 0.9, 1.1], 3)
    ratios = []
    for _ in range(100):
        terms = ht.fit_trend(generator.poisson(mean), [1.0] * 12, 1.0, season=[1, 2, 3, 4] * 3).terms.set_index("term")
        ratios.append(terms.loc[[f"quarter {n} against 1" for n in (2, 3, 4)], "ratio"])
    # Standard error of a ratio of two sums of 1,200: 4 %; of the mean of 100: 0.4 %; four of them are allowed.
    assert np.mean(ratios, axis=0) == pytest.approx([1.2, 0.9, 1.1], rel=0.017)
