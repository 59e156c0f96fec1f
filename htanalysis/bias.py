"""Quantitative bias analysis: what a count would be, were selection and classification known.

Every function works on shares or counts alone; what goes in is an assumption, and the notebook names it.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from htanalysis import settings
from htanalysis.data import list_described
from htanalysis.errors import HtanalysisError
from htanalysis.intervals import check_total, is_number
from htanalysis.results import Amount, Column, Result, sources_of
from htanalysis.wording import digits_for, number

_DRAWS = 600_000


@dataclass(frozen=True)
class Assumption:
    """What an analysis takes for granted, as a share.

    `name` is what a table or an axis calls it. In the sentence `{}` stands for the share, and then for whose it is.
    `usual` is the share that a source gives, which stands in `source`; `origin` are the words that follow it. From
    where to where it can plausibly go stands in `plausible`.
    """

    name: str
    sentence: str = ""
    usual: float | None = None
    origin: str = ""
    source: tuple[str, ...] = ()
    plausible: tuple[float, float] = (-math.inf, math.inf)

    def is_usual(self, share: float) -> bool:
        """Say whether a share is, to half a percent, the one that the source gives."""
        return self.usual is not None and abs(share - self.usual) < 0.005


_ASSUMPTIONS = {
    "true_labor_share": Assumption(
        "true labor share",
        "{} of {} sex and labor trafficking victims are labor victims",
        16.4 / 20.9,
        ", as the International Labour Organization (ILO) estimates for the world",
        ("ilo-16-4",),
        (0.5, 0.9),
    ),
    "to_labor": Assumption("part of the “other” that is labor", "{} of the “other”"),
    "sensitivity": Assumption("chance that a labor victim is recognized"),
    "shift": Assumption("labor above or below one in ten"),
    "vice_share": Assumption("cases from vice units"),
    "victims_ratio": Assumption("victims in a labor incident"),
}


def assumption(name: str) -> Assumption:
    """Look an assumption up by the name of the parameter that holds it; one of one's own is called as that is."""
    found = _ASSUMPTIONS.get(name, Assumption(name.replace("_", " ")))
    known = {item["id"] for entry in list_described() for item in entry["evidence"]}
    # Another collection need not have the source that gives the usual share.
    return found if known.issuperset(found.source) else replace(found, usual=None, source=())


@dataclass(frozen=True)
class Trapezoid:
    """A prior that is flat between two modes and falls to nothing at two limits.

    Its four ends stand in this order, `low` below `high`. Equal pairs make it uniform, equal modes triangular.
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
        width, even = self.high - self.low, generator.uniform(size=number)
        first, last = (self.mode_low - self.low) / width, (self.mode_high - self.low) / width
        area = 1 + last - first  # Twice that below the trapezoid of height 1.
        rises, falls = even < first / area, even > (2 * last - first) / area
        flat = (even * area + first) / 2
        falling = 1 - np.sqrt((1 - even) * area * (1 - last))
        return np.select([rises, falls], [np.sqrt(even * first * area), falling], flat) * width + self.low


@dataclass(frozen=True, kw_only=True)
class Model:
    """An answer as a function of assumptions, and what is said of it.

    `answer` takes the assumptions by name (see `assumptions`), numbers or arrays of draws; `title` says what it gives,
    as an axis does, in its `unit`, "share" or "times". `write` takes what `answer` takes, and writes the formula of one
    answer with its numbers; `drawn` is the formula of each draw, with a letter for each assumption.
    """

    answer: Callable[..., Any]
    title: str
    unit: str
    source: tuple[str, ...] = ()
    write: Callable[..., str] = str
    drawn: str = ""


def tell_priors(priors: Mapping[str, Trapezoid]) -> Result:
    """Set out priors, to be tabulated: a row for each, with its limits and what is most likely."""
    rows = [(assumption(name).name, *astuple(prior)) for name, prior in priors.items()]
    heads = {"low": "least", "mode_low": "likely from", "mode_high": "to", "high": "most"}
    columns = {"assumption": "assumption"} | {name: Column(title, "share") for name, title in heads.items()}
    frame = pd.DataFrame(rows, columns=[*columns])
    source = tuple(reference for name in priors for reference in assumption(name).source)
    given = {"draws": _DRAWS}
    return Result(basis="assumed", source=source, frame=frame, columns=columns, method="simulate", given=given)


def selection_e_value(ratio: float) -> float:
    """Say how strong selection must be to explain a ratio of two shares away (Smith and VanderWeele's E-value).

    Where something unmeasured decides who is counted, and goes with the outcome, two groups that are alike can look
    unlike. Four ratios say how strong that is, two in each group: how many times as likely the outcome is with it as
    without, and how many times as common it is among the counted as among the others, or the other way round. If the
    observed ratio is due to selection alone, at least one of the four is as large as the answer.

    A ratio below 1 is turned round. For the limit of an interval that includes 1, the answer is 1: nothing needs to be
    explained.

    Notes
    -----
    Formula: q + square root of (q × (q − 1)), with q the square root of the ratio, or of 1 ÷ the ratio where it is
    below 1.

    References
    ----------
    L. H. Smith and T. J. VanderWeele (2019), Bounding bias due to selection, Epidemiology 30, 509-516.

    Examples
    --------
    >>> round(selection_e_value(73.1), 1)
    16.6
    """
    if not is_number(ratio) or not 0 < ratio < math.inf:
        raise HtanalysisError(f"ratio is {ratio}; an E-value needs a number above 0, and not infinity.")
    larger = max(ratio, 1 / ratio)
    bound = math.sqrt(larger)
    return bound + math.sqrt(bound * (bound - 1))


def correct_selection(counts: pd.DataFrame | pd.Series, probabilities: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Give the counts before selection, if each group's chance of being selected were known.

    The chances are of the same groups as the counts (or shares), above 0 and at most 1.

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


def simulate(model: Model, priors: Mapping[str, Trapezoid], draws: int = _DRAWS, seed: int = 2012) -> Result:
    """Do a probabilistic bias analysis: draw every assumption from its prior, and give the answer's quantiles.

    The result says what follows from the priors, and is as good as they are. Draws are independent. Priors are of
    shares or chances, from 0 to 1. `value` is the median, between `low` and `high` at the confidence of the settings,
    with the decimals that these draws carry (see `count_digits`).

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
    answers = np.sort(model.answer(**{name: prior.draw(generator, draws) for name, prior in priors.items()}))
    parts = [tail, 0.5, 1 - tail]
    ends = dict(zip(("low", "value", "high"), np.quantile(answers, parts).tolist(), strict=True))
    carried = count_digits(max(_quantile_error(answers, part) for part in parts))
    return Result(
        basis="assumed",
        source=model.source,
        unit=model.unit,
        digits=min(1, carried) if model.unit == "times" else carried,
        method="simulate",
        assumption="; ".join(f"{assumption(name).name}: {prior.words}" for name, prior in priors.items()),
        formula=f"median and limits of {number(draws)} draws, seed {seed}: {model.drawn}",
        **ends,
    )


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


def try_all(model: Model, choices: Mapping[str, Sequence[float]], holds: str) -> Result:
    """Give the answer for every combination of choices (a specification table).

    `holds` says what must be true, if one of the combinations is to be. `low` and `high` are over all of them; `frame`
    has a row for each, the last assumption changing fastest: a column for each assumption, and `answer`.

    Notes
    -----
    Formula: the answer at each combination of the values tried, all others as they are.
    """
    table = pd.DataFrame(itertools.product(*choices.values()), columns=[*choices])
    table = table.assign(answer=[model.answer(**row) for row in table.to_dict("records")])
    least, most = (
        table.loc[place, [*choices]].to_dict() for place in (table["answer"].idxmin(), table["answer"].idxmax())
    )
    return Result(
        basis="assumed",
        source=model.source,
        low=table["answer"].min(),
        high=table["answer"].max(),
        unit=model.unit,
        method="try_all",
        assumption=holds,
        formula=f"lowest = {model.write(**least)}; highest = {model.write(**most)}",
        frame=table,
        given={"combinations": len(table)},
    )


def rank_assumptions(model: Model, base: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]) -> Result:
    """Move one assumption at a time over its range, the others as they are, and rank by how far the answer moves.

    `base` is each assumption as it is, and `ranges` is from where to where each can go, widened where that does not
    hold the base. A row of `frame` is an assumption, the most influential first: `assumption`, `value`, `low`, `high`
    (the answer as it is, its smallest and its largest), `basis`, `base`, `from`, `to` and `swing` (largest minus
    smallest).

    Notes
    -----
    Formula: swing = largest − smallest answer at 21 evenly spaced values of one assumption and at the assumption as it
    is, the others as they are.
    """
    rows, present = [], float(model.answer(**base))
    for name, ends in ranges.items():
        if name not in base or not math.isfinite(base[name]):
            raise HtanalysisError(f"base: {name} is {base.get(name)}; each assumption is a number as it is.")
        first, last = min(*ends, base[name]), max(*ends, base[name])
        # An answer need not be largest or smallest at an end.
        values = [present, *(model.answer(**{**base, name: value}) for value in np.linspace(first, last, 21))]
        low, high = float(min(values)), float(max(values))
        rows.append((assumption(name).name, present, low, high, "assumed", base[name], first, last, high - low))
    names = ["assumption", "value", "low", "high", "basis", "base", "from", "to", "swing"]
    table = pd.DataFrame(rows, columns=names).sort_values("swing", ascending=False, kind="stable", ignore_index=True)
    axis = Column(model.title, model.unit, max(1, digits_for(present)))
    moved = Column("", "share", max(1, digits_for(*table["base"], unit="share")))
    return Result(
        basis="assumed",
        source=model.source,
        value=present,
        unit=model.unit,
        digits=digits_for(present, unit=model.unit),
        method="rank_assumptions",
        frame=table,
        columns={"assumption": "assumption"} | _head_ranked(moved, axis, " answer"),
        picture=("ranges", {"axis": axis, "reference": present}),
        given={
            "as_is": Amount(present, digits=axis.digits),
            "answer": model.title,
            "most": table["assumption"].iloc[0],
            "least_swing": _tell_swing(table["swing"].iloc[-1]),
            "most_swing": _tell_swing(table["swing"].iloc[0]),
        },
    )


def _head_ranked(moved: Column, answer: Column, words: str = "") -> dict[str, Column]:
    """Head the columns of what is moved, and of the answers that it gives."""
    heads = {"base": "as it is", "from": "from", "to": "to"}
    answers = {"low": f"smallest{words}", "high": f"largest{words}", "swing": "moves by"}
    columns = {name: replace(moved, title=title) for name, title in heads.items()}
    return columns | {name: replace(answer, title=title) for name, title in answers.items()}


def _tell_swing(swing: float) -> Amount:
    return Amount(swing, digits=max(1, digits_for(swing)))


def rank_together(*ranked: Result) -> Result:
    """Put the assumptions of two or more answers, all shares, into one order; see `rank_assumptions`."""
    parts = [one.frame.assign(label=f"{one.given['answer']}: " + one.frame["assumption"]) for one in ranked]
    table = pd.concat(parts).sort_values("swing", ascending=False, ignore_index=True)
    digits = digits_for(*table["value"], unit="share")
    places = 2 + digits_for(*table[["base", "from", "to"]].to_numpy().ravel(), unit="share")
    axis = Column("labor share", "share", digits)
    return Result(
        basis="assumed",
        source=sources_of(*ranked),
        method="rank_assumptions",
        frame=table[["label", "value", "low", "high", "basis", "base", "from", "to", "swing", "assumption"]],
        columns={"label": "answer and assumption"} | _head_ranked(Column("", digits=places), axis),
        picture=("ranges", {"axis": axis}),
        given={
            "most": table["assumption"][0],
            "least_swing": Amount(100 * table["swing"].min(), digits=digits),
            "most_swing": Amount(100 * table["swing"].max(), digits=digits),
        },
    )
