"""Whether convictions are where the task forces are: two groups of counties compared, as they are and made alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import brentq, minimize

from htanalysis import settings
from htanalysis.errors import HtanalysisError, UnknownNameError, check_columns


@dataclass(frozen=True)
class TwoByTwo:
    """Counties cross-classified by task force and conviction, with Fisher's exact test.

    Attributes
    ----------
    counts : pandas.DataFrame
        Counties: rows with and without a task force, columns with and without a reported conviction.
    odds_ratio : float
        Sample odds ratio; infinite where a cell is 0.
    p_value : float
        Two-sided p-value of Fisher's exact test.
    """

    counts: pd.DataFrame
    odds_ratio: float
    p_value: float


@dataclass(frozen=True)
class OddsRatio:
    """How many times as high the odds are, other columns being equal.

    Attributes
    ----------
    ratio, low, high : float
        The ratio for one unit of the tested column, and the ends of its interval.
    p_value : float
        Of a ratio of 1, from the same penalized likelihood as the interval.
    coefficients : pandas.Series
        Logarithms of the odds ratios, by column; "constant" first.
    """

    ratio: float
    low: float
    high: float
    p_value: float
    coefficients: pd.Series


def cross_task_forces(convictions: pd.DataFrame, places: pd.DataFrame) -> TwoByTwo:
    """Cross-classify the counties by having a task force and by having a reported conviction.

    The unit is the county, not the case: a difference says where both are, and not that one brings the other.

    Parameters
    ----------
    convictions : pandas.DataFrame
        `load("county_convictions")`, or a frame with `fips`, `lower` and `upper`.
    places : pandas.DataFrame
        `counties()`, or a frame with `fips` and `task_force`.

    Returns
    -------
    TwoByTwo
        The four counts with Fisher's exact test.

    Raises
    ------
    HtanalysisError
        If a column is missing, the two tables do not have the same counties, or a county can have had a conviction or
        none.

    Notes
    -----
    Formula: counties counted by task force and conviction; p-value = sum of the hypergeometric probabilities, given
    the margins, of this table and of all that are no more likely.
    """
    table = _cross(convictions, places)
    task_force = table["task_force"].notna().map({True: "with a task force", False: "without"})
    conviction = table["lower"].gt(0).map({True: "with convictions", False: "none reported"})
    counts = pd.crosstab(task_force, conviction).reindex(
        index=["with a task force", "without"], columns=["with convictions", "none reported"], fill_value=0
    )
    counts.index.name, counts.columns.name = "county", None
    test = stats.fisher_exact(counts.to_numpy())
    return TwoByTwo(counts, float(test.statistic), float(test.pvalue))


def compare_like_counties(convictions: pd.DataFrame, places: pd.DataFrame) -> OddsRatio:
    """Compare counties with and without a task force as if they had the same number of residents.

    Large counties have both more convictions and more task forces, so `cross_task_forces` would find a difference even
    if task forces did nothing. Assumes that the log odds of a reported conviction are linear in the logarithm of the
    residents, and that counties report independently; the penalty is for the few counties (see `fit_odds`).

    Parameters
    ----------
    convictions : pandas.DataFrame
        As for `cross_task_forces`.
    places : pandas.DataFrame
        `counties()`, or a frame with `fips`, `task_force` and `population_2010`.

    Returns
    -------
    OddsRatio
        Odds of a reported conviction with a task force, over those without.

    Notes
    -----
    Formula: penalized logistic regression (Firth) of a reported conviction on having a task force and on log(residents
    of 2010); p-value and limits from its likelihood ratio, chi-squared with one degree of freedom.
    """
    table = _cross(convictions, places, "population_2010")
    if not (table["population_2010"].fillna(0) > 0).all():
        raise HtanalysisError("places: each county needs residents.")
    residents = np.log(table["population_2010"].astype(float))
    columns = pd.DataFrame({"task force": table["task_force"].notna().astype(float), "log residents": residents})
    return fit_odds(table["lower"].gt(0), columns, "task force")


def fit_odds(outcome: Sequence[bool], columns: pd.DataFrame, tested: str) -> OddsRatio:
    """Fit a logistic regression with Firth's penalty, and test one of its columns.

    The penalty is half the logarithm of the information’s determinant. It takes away most of the bias that few cases
    bring, and the estimate is finite where a column separates the outcomes. Assumes independent rows, whose log odds
    are linear in the columns; the test is of the likelihood ratio, so its level holds for many rows only.

    Parameters
    ----------
    outcome : sequence of bool
        What happened in each row; not always the same.
    columns : pandas.DataFrame
        Numbers that may explain it, none missing; none is constant or follows from the others.
    tested : str
        The column to test.

    Returns
    -------
    OddsRatio
        For one more of the tested column.

    Raises
    ------
    HtanalysisError
        If a value is missing, the outcome is always the same or the columns cannot be told apart.

    Notes
    -----
    Formula: coefficients at which log-likelihood + ½ log det(information) is largest; ratio = exp(coefficient); p-value
    = chi-squared probability, one degree of freedom, of twice what the largest loses with the coefficient at 0; the
    limits are where it is 1 − confidence.

    References
    ----------
    D. Firth (1993), Bias reduction of maximum likelihood estimates, Biometrika 80, 27-38. G. Heinze and M. Schemper
    (2002), A solution to the problem of separation in logistic regression, Statistics in Medicine 21, 2409-2419.

    Examples
    --------
    Two groups have the odds of their counts, each with a half added: (3.5 × 2.5) ÷ (1.5 × 0.5).

    >>> columns = pd.DataFrame({"group": [1] * 4 + [0] * 2})
    >>> round(fit_odds([True] * 3 + [False] + [False] * 2, columns, "group").ratio, 2)
    11.67
    """
    happened = np.asarray(outcome, dtype=float)
    if tested not in columns:
        raise UnknownNameError("one of the columns", tested, columns)
    scale = columns.astype(float).std(ddof=0)
    design = np.column_stack([np.ones(len(columns)), (columns.astype(float) - columns.mean()) / scale])
    if len(happened) != len(design) or not {*happened} == {0, 1} or np.isnan(design).any():
        raise HtanalysisError(
            "outcome: each row of columns needs one, not all the same; a column varies, none missing."
        )
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise HtanalysisError(f"columns: {', '.join(map(str, columns))} cannot be told apart; leave one out.")
    at = 1 + columns.columns.get_loc(tested)
    best, height = _climb(happened, design, np.zeros(design.shape[1]))

    def lost(value: float) -> float:
        return 2 * (height - _climb(happened, design, best, at, value)[1])

    limit, unit = stats.chi2.isf(1 - settings.CONFIDENCE, 1), scale[tested]
    low, high = (_find_limit(lambda value: lost(value) - limit, best[at], side) for side in (-1, 1))
    slopes = best[1:] / scale
    constant = pd.Series({"constant": best[0] - (slopes * columns.mean()).sum()})
    ratio, low, high = np.exp(np.array([best[at], low, high]) / unit).tolist()
    return OddsRatio(ratio, low, high, float(stats.chi2.sf(lost(0), 1)), pd.concat([constant, slopes]))


def _cross(convictions: pd.DataFrame, places: pd.DataFrame, *more: str) -> pd.DataFrame:
    """Put each county’s fewest convictions beside its task force, and more of what is known of it."""
    check_columns("places", places, ["fips", "task_force", *more])
    check_columns("convictions", convictions, ["fips", "lower", "upper"])
    if set(convictions["fips"]) != set(places["fips"]) or not convictions["lower"].ge(0).fillna(False).all():
        raise HtanalysisError("convictions: each county of places needs its fewest convictions, 0 or more.")
    if not convictions["lower"].gt(0).eq(convictions["upper"].gt(0)).all():
        raise HtanalysisError("convictions: a county whose fewest are 0 and whose most are not may have had none.")
    known = pd.DataFrame(places)[["fips", "task_force", *more]]
    return known.merge(convictions[["fips", "lower"]], on="fips", validate="one_to_one")


def _climb(
    happened: np.ndarray, design: np.ndarray, start: np.ndarray, fixed: int | None = None, value: float = 0
) -> tuple[np.ndarray, float]:
    """Find the coefficients with the largest penalized likelihood, one of them fixed at a value if so told."""
    free = [place for place in range(design.shape[1]) if place != fixed]

    def fill(part: np.ndarray) -> np.ndarray:
        whole = np.full(design.shape[1], float(value))
        whole[free] = part
        return whole

    def loss(part: np.ndarray) -> tuple[float, np.ndarray]:
        odds = design @ fill(part)
        chance = 1 / (1 + np.exp(-odds))
        weight = chance * (1 - chance)
        information = (design.T * weight) @ design
        height = happened @ odds - np.logaddexp(0, odds).sum() + np.linalg.slogdet(information)[1] / 2
        # The penalty moves each outcome towards a half, by its leverage (Firth's modified score).
        leverage = weight * np.einsum("ij,ji->i", design, np.linalg.solve(information, design.T))
        slope = design.T @ (happened - chance + leverage * (0.5 - chance))
        return -height, -slope[free]

    found = minimize(loss, start[free], jac=True, method="BFGS", options={"gtol": 1e-7})
    return fill(found.x), -float(found.fun)


def _find_limit(beyond: Callable[[float], float], best: float, side: int) -> float:
    """Walk to one side until the limit is passed, then find it."""
    step = 1.0
    while beyond(best + side * step) < 0:
        step *= 2
    return float(brentq(beyond, best, best + side * step, xtol=1e-9))
