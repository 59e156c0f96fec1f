"""How often the penalized comparison of counties errs, and that it finds what is there."""

import numpy as np
import pandas as pd
from scipy.special import expit

import htanalysis as ht
from htanalysis.associations import fit_odds

PLACES = ht.load_counties()
HOME = PLACES["task_force"].notna().to_numpy(float)
RESIDENTS = np.log(PLACES["population_2010"].to_numpy(float))


def test_residents_alone_rarely_look_like_a_difference_between_counties():
    # Convictions follow residents and no task force; Fisher's test, which knows no residents, is wrong most times.
    generator = np.random.default_rng(1993)
    chance, wrong, misled, draws = expit(1.2 * (RESIDENTS - 14)), 0, 0, 80
    columns = pd.DataFrame({"home": HOME, "residents": RESIDENTS})
    for _ in range(draws):
        happened = generator.random(58) < chance
        wrong += fit_odds(happened, columns, "home").p_value <= 0.05
        table = PLACES[["fips"]].assign(county=PLACES["fips"], convictions=happened.astype(int))
        misled += ht.cross_task_forces(table, PLACES).value <= 0.05
    # Monte Carlo error of 80 draws at 0.05: 0.024; three of them are allowed.
    assert wrong / draws <= 0.05 + 0.073
    assert misled / draws > 0.5


def test_the_penalty_finds_the_coefficient_and_its_interval_holds_it():
    generator, truth, found, held, draws = np.random.default_rng(2002), 1.0, [], 0, 60
    group, other = np.repeat([0.0, 1.0], 60), np.tile(np.linspace(-1, 1, 60), 2)
    columns = pd.DataFrame({"group": group, "other": other})
    for _ in range(draws):
        happened = generator.random(120) < expit(-1 + truth * group + 0.7 * other)
        fitted = fit_odds(happened, columns, "group")
        found.append(np.log(fitted.ratio))
        held += np.log(fitted.low) <= truth <= np.log(fitted.high)
    assert abs(np.mean(found) - truth) <= 3 * np.std(found) / draws**0.5
    # Monte Carlo error of 60 draws at 0.95: 0.028; three of them are allowed.
    assert held / draws >= 0.95 - 0.084
