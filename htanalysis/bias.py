"""Quantitative bias analysis: what a count would be, were selection and classification known.

Every function works on shares or counts alone; what goes in is an assumption, and the notebook names it.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd
from scipy import stats

from htanalysis import settings
from htanalysis.errors import HtanalysisError
from htanalysis.shares import check_total, is_number


@dataclass(frozen=True)
class Trapezoid:
    """A prior that is flat between two modes and falls to nothing at two limits.

    Attributes
    ----------
    low, mode_low, mode_high, high : float
        In this order, each not below the one before; `low` below `high`. Equal pairs make it uniform, equal modes
        triangular.

    Raises
    ------
    HtanalysisError
        If one is no number, or they are not in this order.
    """

    low: float
    mode_low: float
    mode_high: float
    high: float

    def __post_init__(self) -> None:
        ends = astuple(self)
        if (
            not all(is_number(end) and math.isfinite(end) for end in ends)
            or [*ends] != sorted(ends)
            or ends[0] == ends[3]
        ):
            raise HtanalysisError(
                f"{self} is no prior: give low, both modes and high, numbers in order, low below high."
            )

    @property
    def words(self) -> str:
        """Write the prior, of shares, for people."""
        flat = (self.low, self.high) == (self.mode_low, self.mode_high)
        likely = f"most likely {self.mode_low:.0%} to {self.mode_high:.0%}"
        return f"{self.low:.0%} to {self.high:.0%}, {'all as likely' if flat else likely}"

    def draw(self, generator: np.random.Generator, number: int) -> np.ndarray:
        """Draw from the prior."""
        width = self.high - self.low
        modes = (self.mode_low - self.low) / width, (self.mode_high - self.low) / width
        return stats.trapezoid(*modes, loc=self.low, scale=width).rvs(number, random_state=generator)


def selection_e_value(ratio: float, selected_only: bool = False) -> float:
    """Say how strong selection must be to explain a ratio of two shares away (Smith and VanderWeele's E-value).

    Where something unmeasured decides who is counted, and goes with the outcome, two groups that are alike can look
    unlike. Four ratios say how strong that is, two in each group: how many times as likely the outcome is with it as
    without, and how many times as common it is among the counted as among the others, or the other way round. If the
    observed ratio is due to selection alone, at least one of the four is as large as the answer.

    Parameters
    ----------
    ratio : float
        Observed ratio of two shares, above 0; a ratio below 1 is turned round. For the limit of an interval that
        includes 1, the answer is 1: nothing needs to be explained.
    selected_only : bool
        Whether only those who were counted are asked about; then there are two ratios, of the unmeasured with the
        outcome and with the group, among them.

    Returns
    -------
    float
        1 or more.

    Notes
    -----
    Formula: q + square root of (q × (q − 1)), with q the square root of the ratio (the ratio itself, where only the
    counted are asked about), or of 1 ÷ the ratio where it is below 1.

    References
    ----------
    L. H. Smith and T. J. VanderWeele (2019), Bounding bias due to selection, Epidemiology 30, 509-516.

    Examples
    --------
    >>> round(selection_e_value(73.1), 1), round(selection_e_value(1.5, selected_only=True), 2)
    (16.6, 2.37)
    """
    if not is_number(ratio) or not 0 < ratio < math.inf:
        raise HtanalysisError(f"ratio is {ratio}; an E-value needs one above 0 that is finite.")
    larger = max(ratio, 1 / ratio)
    bound = larger if selected_only else math.sqrt(larger)
    return bound + math.sqrt(bound * (bound - 1))


def correct_selection(counts: pd.DataFrame | pd.Series, probabilities: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Give the counts before selection, if each group's chance of being selected were known.

    Parameters
    ----------
    counts : pandas.DataFrame or pandas.Series
        What was selected (counts or shares).
    probabilities : pandas.DataFrame or pandas.Series
        The chance of selection in each cell, of the same shape; above 0, at most 1.

    Returns
    -------
    pandas.DataFrame or pandas.Series
        Each count divided by its chance.

    Raises
    ------
    HtanalysisError
        If a probability is not above 0 and at most 1, a count below 0, or the two are not of the same groups.

    Notes
    -----
    Formula: count ÷ chance of being selected, group by group.

    References
    ----------
    T. L. Lash, M. P. Fox and A. K. Fink (2009), Applying Quantitative Bias Analysis to Epidemiologic Data, chapter 4.

    Examples
    --------
    >>> correct_selection(pd.Series([50, 25]), pd.Series([1.0, 0.5])).tolist()
    [50.0, 50.0]
    """
    if not all(a.equals(b) for a, b in zip(counts.axes, probabilities.axes, strict=False)):
        raise HtanalysisError("counts and probabilities are not of the same groups: their rows or columns differ.")
    values = np.asarray(probabilities, dtype=float)
    if not ((values > 0) & (values <= 1)).all():
        raise HtanalysisError(
            f"The chances of selection, probabilities, are {values.tolist()}; each is above 0 and at most 1."
        )
    if not (np.asarray(counts, dtype=float) >= 0).all():
        raise HtanalysisError(f"counts are {np.asarray(counts).tolist()}; each is 0 or more.")
    return counts / probabilities


def simulate(
    answer: Callable[..., np.ndarray], priors: Mapping[str, Trapezoid], draws: int, seed: int
) -> dict[str, float]:
    """Do a probabilistic bias analysis: draw every assumption from its prior, and give the answer's quantiles.

    The result says what follows from the priors, and is as good as they are. Draws are independent.

    Parameters
    ----------
    answer : callable
        Takes the assumptions by name, each an array of draws, and gives an array.
    priors : mapping of str to Trapezoid
        The assumptions: shares or chances, from 0 to 1.
    draws : int
        How many; 100 or more.
    seed : int
        The same seed gives the same result.

    Returns
    -------
    dict of str to float
        `low`, `value` (median) and `high`, at the confidence of the settings, and `digits`, the decimals that these
        draws carry (see `count_digits`).

    Raises
    ------
    HtanalysisError
        If a prior reaches beyond 0 or 1.

    Notes
    -----
    Formula: median, and the quantiles that leave 2.5 percent on either side, of the answers to so many independent
    draws of all assumptions from their priors.
    """
    check_total("draws", draws, least=100)
    for name, prior in priors.items():
        if not 0 <= prior.low < prior.high <= 1:
            raise HtanalysisError(f"priors: {name} goes from {prior.low} to {prior.high}; a share goes from 0 to 1.")
    generator, tail = np.random.default_rng(seed), (1 - settings.CONFIDENCE) / 2
    answers = np.sort(answer(**{name: prior.draw(generator, draws) for name, prior in priors.items()}))
    parts = [tail, 0.5, 1 - tail]
    quantiles = dict(zip(("low", "value", "high"), np.quantile(answers, parts).tolist(), strict=True))
    return quantiles | {"digits": count_digits(max(_quantile_error(answers, part) for part in parts))}


def _quantile_error(ordered: np.ndarray, part: float) -> float:
    """Give the Monte Carlo standard error of a quantile, from the answers one binomial standard error around it."""
    middle, step = len(ordered) * part, math.sqrt(len(ordered) * part * (1 - part))
    first, last = (ordered[min(max(int(place), 0), len(ordered) - 1)] for place in (middle - step, middle + step))
    return float(last - first) / 2


def count_digits(error: float) -> int:
    """Give the decimals that a number with a standard error carries: those of which four errors fill one unit at most.

    A number that is drawn anew then differs by one in its last decimal at most, but for one case in twenty. Where four
    errors are more than 1, not even whole numbers are carried: draw more often.

    Examples
    --------
    >>> count_digits(0.016), count_digits(0.11), count_digits(0.0021)
    (1, 0, 2)
    """
    return max(0, math.floor(-math.log10(4 * error))) if error > 0 else 10


def try_all(answer: Callable[..., float], choices: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """Give the answer for every combination of choices (a specification table).

    Parameters
    ----------
    answer : callable
        Takes the assumptions by name and gives a number.
    choices : mapping of str to sequence of float
        What each assumption is tried as.

    Returns
    -------
    pandas.DataFrame
        A row is a combination, the last assumption changing fastest: a column for each assumption, and `answer`.

    Notes
    -----
    Formula: the answer at each combination of the values tried, all others as they are.

    Examples
    --------
    >>> try_all(lambda a, b: a * b, {"a": [1, 2], "b": [3, 4]})["answer"].tolist()
    [3, 4, 6, 8]
    """
    table = pd.DataFrame(itertools.product(*choices.values()), columns=[*choices])
    return table.assign(answer=[answer(**row) for row in table.to_dict("records")])


def rank_assumptions(
    answer: Callable[..., float], base: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]
) -> pd.DataFrame:
    """Move one assumption at a time over its range, the others as they are, and rank by how far the answer moves.

    Parameters
    ----------
    answer : callable
        Takes the assumptions by name and gives a number.
    base : mapping of str to float
        Each assumption as it is.
    ranges : mapping of str to tuple of float
        From where to where each can go; holds the assumption as it is.

    Returns
    -------
    pandas.DataFrame
        A row is an assumption, the most influential first: `assumption`, `base`, `from`, `to`, `low`, `value`, `high`
        (the answer's smallest, present and largest) and `swing` (largest minus smallest).

    Raises
    ------
    HtanalysisError
        If an assumption has no base, or one outside of its range.

    Notes
    -----
    Formula: swing = largest − smallest answer at 21 evenly spaced values of one assumption and at the assumption as it
    is, the others as they are.

    Examples
    --------
    >>> table = rank_assumptions(lambda a, b: 10 * a + b, {"a": 0, "b": 0}, {"b": (0, 1), "a": (0, 1)})
    >>> table[["assumption", "swing"]].to_numpy().tolist()
    [['a', 10.0], ['b', 1.0]]
    """
    rows, present = [], answer(**base)
    for name, (first, last) in ranges.items():
        if name not in base or not first <= base[name] <= last:
            raise HtanalysisError(
                f"base: {name} is {base.get(name)}, which its range, {first} to {last}, does not hold."
            )
        # An answer need not be largest or smallest at an end.
        values = [present, *(answer(**{**base, name: value}) for value in np.linspace(first, last, 21))]
        low, high = min(values), max(values)
        rows.append((name, base[name], first, last, low, present, high, high - low))
    columns = ["assumption", "base", "from", "to", "low", "value", "high", "swing"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("swing", ascending=False, kind="stable", ignore_index=True)
