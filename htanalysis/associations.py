"""Whether convictions are where the task forces are: two groups of counties compared, as they are and made alike."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize
from scipy.special import chdtrc, chdtri

from htanalysis import settings
from htanalysis.counties import join_counties
from htanalysis.errors import HtanalysisError, UnknownNameError
from htanalysis.results import Result, sources_of
from htanalysis.wording import join_words, name_column


@dataclass(frozen=True)
class OddsRatio:
    """How many times as high the odds are with one more of the tested column, other columns being equal.

    `ratio` with the ends of its interval, `low` and `high`; `p_value` of a ratio of 1, from the same penalized
    likelihood; `coefficients`: the logarithms of the odds ratios, by column, "constant" first.
    """

    ratio: float
    low: float
    high: float
    p_value: float
    coefficients: pd.Series


def cross_task_forces(
    counts: pd.DataFrame, places: pd.DataFrame, counted: str = "convictions", home: str = "task_force"
) -> Result:
    """Cross-classify the counties by being the home of a task force and by having a reported conviction.

    The unit is the county, not the case: a difference says where both are, and not that one brings the other. Counts
    and places are as for `bound_concentration`: the counted can be another thing, and so can the `home` column.

    Notes
    -----
    Formula: counties counted by task force and conviction; p-value = sum of the hypergeometric probabilities, given
    the margins, of this table and of all that are no more likely.
    """
    table, rows, some_reported = _cross(counts, places, counted, home), [], f"with {counted}"
    at_home, found = table[home].notna(), table["lower"].gt(0)
    groups = (f"with a {name_column(home)}", "home", "home counties", at_home), ("without", "other", "others", ~at_home)
    for name, one, all_, group in groups:
        some, every = int((group & found).sum()), int(group.sum())
        formula = f"{one} counties {some_reported} ÷ all {all_} = {some} ÷ {every}"
        rows.append((name, some, every - some, every, some / every if every else None, "share", 0, formula))
    heads = ["county", some_reported, "none reported"]
    frame = pd.DataFrame(rows, columns=[*heads, "all", "value", "unit", "digits", "formula"])
    of = {row[0]: f"{row[1]} of {row[3]}" for row in rows}
    margins = join_words([f"{text} {name}" for name, text in of.items()])
    (_, ours, _, home_all, *_), (_, theirs, _, others, *_) = rows
    all_found = ours + theirs
    ways = [math.comb(home_all, here) * math.comb(others, all_found - here) for here in range(all_found + 1)]
    text = f"hypergeometric probability of this table and of all no more likely, given the margins: {some_reported}"
    return Result(
        basis="computed",
        source=sources_of(*sources_of(table[found], columns=["named_in_report"]), *table.attrs["home"]),
        value=sum(each for each in ways if each <= ways[ours]) / sum(ways),
        digits=6,
        method="cross_task_forces",
        formula=f"{text} {margins}",
        frame=frame,
        columns={name: name for name in heads},
        given={"margins": margins} | {name: text.replace("of", "of the") for name, text in of.items()},
    )


def compare_like_counties(
    counts: pd.DataFrame,
    places: pd.DataFrame,
    counted: str = "convictions",
    home: str = "task_force",
    residents: str = "population_2010",
) -> Result:
    """Compare counties with and without a task force as if they had the same number of residents.

    Large counties have both more convictions and more task forces, so `cross_task_forces` would find a difference even
    if task forces did nothing. Assumes that the log odds of a reported conviction are linear in the logarithm of the
    residents, and that counties report independently; the penalty is for the few counties (see `fit_odds`). `at` takes
    the "odds" of a reported conviction with a task force, over those without, and the "probability" of so
    large a difference if they were 1.

    Notes
    -----
    Formula: penalized logistic regression (Firth) of a reported conviction on having a task force and on
    log(residents); p-value and limits from its likelihood ratio, chi-squared with one degree of freedom.
    """
    crossed, table = cross_task_forces(counts, places, counted, home), _cross(counts, places, counted, home, residents)
    body, people = name_column(home), name_column(residents).partition(" of ")[0]
    logs = np.log(table[residents].astype(float))
    columns = pd.DataFrame({body: table[home].notna().astype(float), f"log {people}": logs})
    fitted = fit_odds(table["lower"].gt(0), columns, body)
    one = "a reported conviction" if counted == "convictions" else f"reported {counted}"
    model = (
        f"penalized logistic regression of {one} in {len(table)} counties, {crossed.given['margins']},"
        f" on the {body} and the logarithm of the {people}"
    )
    odds = f"{model}: exp of the {body}’s coefficient; range: 95% limits of its likelihood ratio"
    rows = [
        ("odds", fitted.ratio, fitted.low, fitted.high, "times", 0, odds),
        ("probability", fitted.p_value, None, None, "", 2, f"{model}: probability of its likelihood ratio"),
    ]
    return Result(
        basis="computed",
        source=sources_of(crossed, *table.attrs["people"]),
        method="compare_like_counties",
        frame=pd.DataFrame(rows, columns=["answer", "value", "low", "high", "unit", "digits", "formula"]),
    )


def fit_odds(outcome: Sequence[bool], columns: pd.DataFrame, tested: str) -> OddsRatio:
    """Fit a logistic regression with Firth's penalty, and test one of its columns.

    The penalty is half the logarithm of the information’s determinant. It takes away most of the bias that few cases
    bring, and the estimate is finite where a column separates the outcomes. Assumes independent rows, whose log odds
    are linear in the columns; the test is of the likelihood ratio, so its level holds for many rows only.

    Notes
    -----
    Formula: coefficients at which log-likelihood + ½ log det(information) is largest; ratio = exp(coefficient); p-value
    = chi-squared probability, one degree of freedom, of twice what the largest loses with the coefficient at 0; the
    limits are where it is 1 − confidence.
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

    limit, unit = chdtri(1, 1 - settings.CONFIDENCE), scale[tested]
    low, high = (_find_limit(lambda value: lost(value) - limit, best[at], side) for side in (-1, 1))
    slopes = best[1:] / scale
    constant = pd.Series({"constant": best[0] - (slopes * columns.mean()).sum()})
    ratio, low, high = np.exp(np.array([best[at], low, high]) / unit).tolist()
    return OddsRatio(ratio, low, high, float(chdtrc(1, lost(0))), pd.concat([constant, slopes]))


def _cross(counts: pd.DataFrame, places: pd.DataFrame, counted: str, home: str, residents: str = "") -> pd.DataFrame:
    """Put each county’s counts beside its home column; refuse counties of which nobody knows whether they had any."""
    table = join_counties(counts, places, counted, residents, home)
    if not table["lower"].gt(0).eq(table["upper"].gt(0)).all():
        raise HtanalysisError("counts: a county whose fewest are 0 and whose most are not may have had none.")
    return table


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
