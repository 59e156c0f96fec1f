"""Quantitative bias analysis: what a count would be, were selection and classification known.

Every function works on shares or counts alone; what goes in is an assumption, and the notebook names it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from htanalysis import settings
from htanalysis.errors import HtanalysisError


@dataclass(frozen=True)
class Trapezoid:
    """A prior that is flat between two modes and falls to nothing at two limits.

    Attributes
    ----------
    low, mode_low, mode_high, high : float
        In this order, each not below the one before; `low` below `high`. Equal pairs make it uniform, equal modes
        triangular.
    """

    low: float
    mode_low: float
    mode_high: float
    high: float

    @property
    def words(self) -> str:
        """Write the prior, of shares, for people."""
        return f"{self.low:.0%} to {self.high:.0%}, most likely {self.mode_low:.0%} to {self.mode_high:.0%}"

    def draw(self, generator: np.random.Generator, number: int) -> np.ndarray:
        """Draw from the prior."""
        if not self.low <= self.mode_low <= self.mode_high <= self.high or self.low == self.high:
            raise HtanalysisError(f"{self} is no prior: give low, both modes and high in order, low below high.")
        width = self.high - self.low
        modes = (self.mode_low - self.low) / width, (self.mode_high - self.low) / width
        return stats.trapezoid(*modes, loc=self.low, scale=width).rvs(number, random_state=generator)


def e_value(ratio: float) -> float:
    """Say how strong an unmeasured factor must be to explain a ratio away.

    The factor would have to be associated with both sides by at least this ratio, beyond what is accounted for.
    Assumes a ratio of risks, or of odds where the outcome is rare.

    Parameters
    ----------
    ratio : float
        Observed ratio, above 0; a ratio below 1 is turned round. For the limit of an interval that includes 1,
        the answer is 1: nothing needs to be explained.

    Returns
    -------
    float
        1 or more.

    Notes
    -----
    Formula: r + square root of (r × (r − 1)), with r the ratio, or 1 ÷ the ratio where it is below 1.

    References
    ----------
    T. J. VanderWeele and P. Ding (2017), Sensitivity analysis in observational research: introducing the E-value,
    Annals of Internal Medicine 167, 268-274.

    Examples
    --------
    >>> round(e_value(3.9), 2), round(e_value(1.8), 2)
    (7.26, 3.0)
    """
    if not 0 < ratio < np.inf:
        raise HtanalysisError(f"The ratio is {ratio}; an E-value needs one above 0 that is finite.")
    larger = max(ratio, 1 / ratio)
    return float(larger + np.sqrt(larger * (larger - 1)))


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
        If a probability is not above 0 and at most 1.

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
    values = np.asarray(probabilities, dtype=float)
    if not ((values > 0) & (values <= 1)).all():
        raise HtanalysisError(f"The chances of selection are {values.tolist()}; each is above 0 and at most 1.")
    return counts / probabilities


def correct_classification(share: float, sensitivity: float, specificity: float) -> float:
    """Give a group's true share, if the errors in telling it from the rest were known.

    Parameters
    ----------
    share : float
        Share that was classified as the group.
    sensitivity : float
        Chance that a member of the group is classified as one.
    specificity : float
        Chance that another is not.

    Returns
    -------
    float
        The share that gives the observed one with these errors.

    Raises
    ------
    HtanalysisError
        If the classification is no better than chance, or no share from 0 to 1 gives the observed one.

    References
    ----------
    T. L. Lash, M. P. Fox and A. K. Fink (2009), Applying Quantitative Bias Analysis to Epidemiologic Data, chapter 6.
    W. J. Rogan and B. Gladen (1978), American Journal of Epidemiology 107, 71-76.

    Examples
    --------
    >>> round(correct_classification(0.23, 0.8, 0.99), 3)
    0.278
    """
    if not sensitivity + specificity > 1:
        raise HtanalysisError(f"Sensitivity {sensitivity} and specificity {specificity} are no better than chance.")
    true = (share + specificity - 1) / (sensitivity + specificity - 1)
    if not 0 <= true <= 1:
        raise HtanalysisError(
            f"No true share gives {share} with sensitivity {sensitivity} and specificity {specificity}."
        )
    return float(true)


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
        The assumptions.
    draws : int
        How many.
    seed : int
        The same seed gives the same result.

    Returns
    -------
    dict of str to float
        `low`, `value` (median) and `high`, at the confidence of the settings.

    Notes
    -----
    Formula: median, and the quantiles that leave 2.5 percent on either side, of the answers to so many independent
    draws of all assumptions from their priors.
    """
    generator = np.random.default_rng(seed)
    drawn = {name: prior.draw(generator, draws) for name, prior in priors.items()}
    tail = (1 - settings.CONFIDENCE) / 2
    low, middle, high = np.quantile(answer(**drawn), [tail, 0.5, 1 - tail])
    return {"low": float(low), "value": float(middle), "high": float(high)}


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
        From where to where each can go.

    Returns
    -------
    pandas.DataFrame
        A row is an assumption, the most influential first: `assumption`, `base`, `from`, `to`, `low`, `value`, `high`
        (the answer's smallest, present and largest) and `swing` (largest minus smallest).

    Notes
    -----
    Formula: swing = largest − smallest answer at 21 evenly spaced values of one assumption, the others as they are.

    Examples
    --------
    >>> table = rank_assumptions(lambda a, b: 10 * a + b, {"a": 0, "b": 0}, {"b": (0, 1), "a": (0, 1)})
    >>> table[["assumption", "swing"]].to_numpy().tolist()
    [['a', 10.0], ['b', 1.0]]
    """
    rows, present = [], answer(**base)
    for name, (first, last) in ranges.items():
        # An answer need not be largest or smallest at an end.
        values = [answer(**{**base, name: value}) for value in np.linspace(first, last, 21)]
        low, high = min(values), max(values)
        rows.append((name, base[name], first, last, low, present, high, high - low))
    columns = ["assumption", "base", "from", "to", "low", "value", "high", "swing"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("swing", ascending=False, kind="stable", ignore_index=True)
