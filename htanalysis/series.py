"""The task forces' quarterly counts: what the unpublished quarters can have been.

Two numbers of three series are published by quarter, and one total for all eight quarters. Everything between is
a range: the whole numbers that agree with what is published, found by integer linear programming.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from htanalysis.errors import HtanalysisError, UnknownNameError

#: What can be assumed of a series, and how a sentence says so.
SHAPES = {
    "never falling": "no quarter was below the one before it",
    "convex": "no change was smaller than the change before it",
    "limited change": "no quarter differed from the one before it by more than {max_change:.0%}",
}

#: A search for a first solution that takes most of the solver's time; problems of a few quarters do without it.
_SOLVER = {"mip_heuristic_run_feasibility_jump": False}


@dataclass(frozen=True)
class Shape:
    """An assumption about a series.

    Attributes
    ----------
    name : str
        "never falling", "convex" or "limited change".
    max_change : float
        For "limited change": the largest change to the next quarter, as a fraction of the earlier one; 0 to 1.
    """

    name: str = "never falling"
    max_change: float = 0.5

    def __post_init__(self) -> None:
        if self.name not in SHAPES:
            raise UnknownNameError("a shape", self.name, SHAPES)
        if not 0 <= self.max_change <= 1:
            raise HtanalysisError(f"max_change is {self.max_change}; it is a fraction and goes from 0 to 1.")

    @property
    def words(self) -> str:
        """Say what is assumed."""
        return SHAPES[self.name].format(max_change=self.max_change)

    def constraint(self, number: int) -> LinearConstraint | None:
        """Give the assumption as linear constraints on so many quarters in order; none where there are too few."""
        here, after = np.eye(number)[:-1], np.eye(number)[1:]
        rows = {
            "never falling": after - here,
            "convex": np.diff(np.eye(number), n=2, axis=0),
            "limited change": np.vstack([after - (1 - self.max_change) * here, (1 + self.max_change) * here - after]),
        }[self.name]
        return LinearConstraint(rows, 0, np.inf) if len(rows) else None


NEVER_FALLING = Shape()


def bound_quarters(counts: pd.DataFrame, totals: pd.DataFrame, shape: Shape = NEVER_FALLING) -> pd.DataFrame:
    """Find the smallest and largest count that each quarter can have had.

    Parameters
    ----------
    counts : pandas.DataFrame
        Columns `measure`, `quarter`, `count` (missing where not known), as `load("task_force_quarters")`; optionally
        `at_least`, the smallest that a missing count can be.
    totals : pandas.DataFrame
        Columns `measure`, `count`: the sum over all quarters of `counts`, or over those from `period_start` to
        `period_end` where these columns are there, as `load("task_force_totals")`.
    shape : Shape
        What `low_assumed` and `high_assumed` take for granted.

    Returns
    -------
    pandas.DataFrame
        A row is a measure in a quarter: `measure`, `quarter`, `count`; `low` and `high` (counts; equal to `count` where
        it is known, `high` missing where no total limits it); `low_assumed` and `high_assumed`, the same under the
        assumption (missing where no series is so); and `basis` of `low` and `high`.

    Raises
    ------
    HtanalysisError
        If the quarters of a measure contradict its total, or a quarter or a total is there twice.

    Notes
    -----
    Formula: the smallest and the largest whole number of each quarter with which the known quarters, the total and
    the assumption can all hold, by integer linear programming.

    Examples
    --------
    >>> quarters = pd.period_range("2012Q1", periods=4, freq="Q")
    >>> known = pd.array([1, None, None, 4], "Int64")
    >>> counts = pd.DataFrame({"measure": "arrests", "quarter": quarters, "count": known})
    >>> totals = pd.DataFrame({"measure": ["arrests"], "count": [10]})
    >>> bound_quarters(counts, totals).loc[1, ["low", "high", "low_assumed", "high_assumed"]].tolist()
    [0, 5, 1, 2]
    """
    rows = []
    for series in _each_measure(counts, totals):
        for position, (quarter, count) in enumerate(series.count.items()):
            bounds = series.bound(np.eye(len(series.count))[position], shape)
            rows.append((series.measure, quarter, count, *bounds, "bounded" if pd.isna(count) else "reported"))
    return _frame(rows, "quarter", "count")


def bound_period(
    counts: pd.DataFrame, totals: pd.DataFrame, quarters: pd.PeriodIndex, shape: Shape = NEVER_FALLING
) -> pd.DataFrame:
    """Find the smallest and largest sum that a period's quarters can have had.

    Parameters
    ----------
    counts, totals, shape
        As for `bound_quarters`.
    quarters : pandas.PeriodIndex
        The quarters to add up.

    Returns
    -------
    pandas.DataFrame
        A row is a measure: `measure`, `low`, `high`, `low_assumed`, `high_assumed` as in `bound_quarters`, and `basis`:
        "reported" where the period is one published quarter or has a published total, and "computed" where
        published quarters were added up.

    Raises
    ------
    HtanalysisError
        If a quarter of the period is not held.

    Notes
    -----
    Formula: the smallest and the largest sum of the period's quarters with which the known quarters, the total and
    the assumption can all hold, by integer linear programming.
    """
    rows = []
    for series in _each_measure(counts, totals):
        inside = series.count.index.isin(quarters)
        if inside.sum() < len(quarters):
            raise HtanalysisError(f'"{series.measure}" does not hold all of {quarters[0]} to {quarters[-1]}.')
        rows.append((series.measure, *series.bound(inside.astype(float), shape), _basis_of_sum(series, inside)))
    return _frame(rows)


def bound_change(
    counts: pd.DataFrame, totals: pd.DataFrame, quarter: pd.Period, shape: Shape = NEVER_FALLING
) -> pd.DataFrame:
    """Find how much a quarter's count can have differed from the quarter before it and from the others' mean.

    Parameters
    ----------
    counts, totals, shape
        As for `bound_quarters`.
    quarter : pandas.Period
        The later of the two quarters.

    Returns
    -------
    pandas.DataFrame
        A row is a measure: `measure`, `count` (missing where not published), `mean_of_others` (the mean of all other
        quarters; missing where `count` is), `low`, `high`, `low_assumed`, `high_assumed` (change from the quarter
        before; missing for the first quarter of the series) and `basis`.

    Notes
    -----
    Formula: count of the quarter − count of the quarter before, at its smallest and its largest over all whole
    numbers that agree with what is known; mean of the others = (total − count) ÷ (number of quarters − 1).
    """
    rows = []
    for series in _each_measure(counts, totals):
        before, count = quarter - 1, series.count.get(quarter, pd.NA)
        bounds, basis = (pd.NA,) * 4, pd.NA
        if before in series.count.index:
            bounds = series.bound(_difference(series.count.index, before, quarter), shape)
            basis = _basis(series.count[[before, quarter]].notna().all())
        rows.append((series.measure, count, _mean_of_others(series, quarter), *bounds, basis))
    return _frame(rows, "count", "mean_of_others")


def bound_growth(counts: pd.DataFrame, totals: pd.DataFrame, shapes: Sequence[Shape]) -> pd.DataFrame:
    """Find how much a count can have grown from the first to the last quarter, under each assumption.

    Parameters
    ----------
    counts, totals
        As for `bound_quarters`.
    shapes : sequence of Shape
        The assumptions, one at a time; nothing is assumed in a row of its own.

    Returns
    -------
    pandas.DataFrame
        A row is a measure under an assumption: `measure`, `assumed` (in words), `low`, `high` (counts; missing where no
        series is so, or nothing limits it) and `basis`.

    Notes
    -----
    Formula: count of the last quarter − count of the first, at its smallest and its largest over all whole numbers
    that agree with what is known and with the assumption.
    """
    rows = []
    for series in _each_measure(counts, totals):
        index = series.count.index
        weights, known = _difference(index, index[0], index[-1]), series.count.iloc[[0, -1]].notna().all()
        rows.append((series.measure, "nothing", *series.limits(weights), _basis(known)))
        rows += [
            (series.measure, shape.words, *series.limits(weights, shape), "computed" if known else "assumed")
            for shape in shapes
        ]
    table = pd.DataFrame(rows, columns=["measure", "assumed", "low", "high", "basis"])
    return table.astype({"low": "Int64", "high": "Int64"})


def compare_with_line(counts: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Compare the published total with the total of a straight line between the first and last quarter.

    Counts are whole numbers, so each quarter between the ends may be off the line by one half.

    Parameters
    ----------
    counts, totals
        As for `bound_quarters`.

    Returns
    -------
    pandas.DataFrame
        A row is a measure of three quarters or more whose first and last are published: `measure`, `first`, `last`,
        `ratio` (last to first; missing where the first is 0), `line_total`, `total`, `difference` (total minus
        line_total), `mean_between` (the mean of the quarters between) and `compatible` (whether whole numbers within
        one half of the line add up to the total).

    Notes
    -----
    Formula: ratio = last ÷ first; total of the line = number of quarters × (first + last) ÷ 2; difference = total −
    total of the line; mean between = (total − first − last) ÷ (number of quarters − 2).

    Examples
    --------
    >>> from htanalysis.datasets import load
    >>> compare_with_line(load("task_force_quarters"), load("task_force_totals"))["difference"].tolist()
    [452.0, -339.0, -430.0]
    """
    rows = []
    for series in _each_measure(counts, totals):
        inside = series.count[series.in_total]
        first, last, number, total = inside.iloc[0], inside.iloc[-1], len(inside), series.total
        if pd.isna([first, last, total]).any() or number < 3:
            continue
        line_total = number * (first + last) / 2
        mean_between = (total - first - last) / (number - 2)
        between = np.linspace(first, last, number)[1:-1].round(9)
        fits = np.ceil(between - 0.5).sum() <= total - first - last <= np.floor(between + 0.5).sum()
        ratio = last / first if first else pd.NA
        rows.append((series.measure, first, last, ratio, line_total, total, total - line_total, mean_between, fits))
    columns = ["measure", "first", "last", "ratio", "line_total", "total", "difference", "mean_between", "compatible"]
    return pd.DataFrame(rows, columns=columns)


def split_growth(counts: pd.DataFrame, joiner_share: float) -> pd.DataFrame:
    """Split the growth from the first to the last quarter between a body that joined and all others.

    Nothing published says how much of the last quarter is the joiner's: any share from 0 to 1 is possible.

    Parameters
    ----------
    counts : pandas.DataFrame
        Columns `measure`, `quarter`, `count`, as `load("task_force_quarters")`.
    joiner_share : float
        Assumed part of the last quarter's count that is the joiner's (fraction from 0 to 1).

    Returns
    -------
    pandas.DataFrame
        A row is a measure whose first and last quarters are published: `measure`, `growth` (counts), `joiner_count`
        (the joiner's assumed count), `explained` (part of the growth that this is, at most 1) and `share_for_all`
        (share of the last quarter that would explain the whole growth).

    Raises
    ------
    HtanalysisError
        If the share is not from 0 to 1.

    Notes
    -----
    Formula: part explained = assumed share × last ÷ (last − first), at most 1; share that would explain all = (last
    − first) ÷ last.
    """
    ends = _find_ends(counts)
    growth = ends["last"] - ends["first"]
    return pd.DataFrame(
        {
            "growth": growth,
            "joiner_count": joiner_share * ends["last"],
            "explained": _explain_growth(ends, [joiner_share]).loc[joiner_share],
            "share_for_all": (growth / ends["last"]).where(growth > 0),
        }
    ).reset_index()


def curve_growth(counts: pd.DataFrame, joiner_shares: Sequence[float]) -> pd.DataFrame:
    """Give the part of the growth that a joiner explains, over a range of its shares (see `split_growth`).

    Returns
    -------
    pandas.DataFrame
        A row is a share: `joiner_share`, and a column a measure with the part explained (fractions).
    """
    return _explain_growth(_find_ends(counts), joiner_shares).rename_axis("joiner_share").reset_index()


def date_growth(bounds: pd.DataFrame, quarter: pd.Period) -> pd.DataFrame:
    """Find which part of each measure's growth had come by a quarter, under the assumption of the bounds.

    Parameters
    ----------
    bounds : pandas.DataFrame
        `bound_quarters`, from the first quarter of the growth to the last.
    quarter : pandas.Period
        One of these quarters.

    Returns
    -------
    pandas.DataFrame
        A row is a measure that is known to have grown from the first to the last quarter: `measure`, `first`, `last`,
        `fewest` and `most` (counts of the quarter; missing where no series agrees with the assumption), `low` and
        `high` (part of the growth, from 0 to 1) and `basis`: "computed" where the quarter is known, else "assumed".

    Notes
    -----
    Formula: part of the growth = (count of the quarter − first) ÷ (last − first), at least none and at most all of it.
    """
    ends = _find_ends(bounds)
    ends = ends[ends["last"] > ends["first"]]
    at = bounds[bounds["quarter"].eq(quarter)].set_index("measure").loc[ends.index]
    limits = {name: at["count"].fillna(at[f"{end}_assumed"]) for name, end in (("fewest", "low"), ("most", "high"))}
    table = ends.assign(**limits).astype("Float64")
    for name, limit in (("low", "fewest"), ("high", "most")):
        table[name] = ((table[limit] - ends["first"]) / (ends["last"] - ends["first"])).clip(0, 1)
    return table.assign(basis=at["count"].isna().map({True: "assumed", False: "computed"})).reset_index()


def _find_ends(counts: pd.DataFrame) -> pd.DataFrame:
    """Give the first and the last count of each measure for which both are known."""
    ends = (
        counts.sort_values("quarter")
        .groupby("measure", observed=True, sort=False)["count"]
        .agg(first=lambda series: series.iloc[0], last=lambda series: series.iloc[-1])
    )
    return ends.dropna().astype(float)


def _explain_growth(ends: pd.DataFrame, joiner_shares: Sequence[float]) -> pd.DataFrame:
    """Give the part of each measure's growth, at most 1, that each share of its last count explains; a row a share."""
    for share in joiner_shares:
        if not 0 <= share <= 1:
            raise HtanalysisError(f"joiner_share is {share}; it is a share and goes from 0 to 1.")
    growth = ends["last"] - ends["first"]
    counts = pd.DataFrame(np.outer(joiner_shares, ends["last"]), index=list(joiner_shares), columns=ends.index)
    return (counts / growth.where(growth > 0)).clip(upper=1)


@dataclass(frozen=True)
class _Series:
    """One measure: what is known of its quarters in order, and of their sum.

    `count` is missing where unknown, and then `at_least` says how many there were at the least. `total` is the sum over
    the quarters that `in_total` marks; missing where there is none.
    """

    measure: str
    count: pd.Series
    at_least: pd.Series
    in_total: np.ndarray
    total: object

    @cached_property
    def _box(self) -> Bounds:
        """The least and the most that each quarter can have had by itself."""
        return Bounds(self.count.fillna(self.at_least).to_numpy(float), self.count.astype(float).fillna(np.inf))

    def limits(self, weights: np.ndarray, shape: Shape | None = None) -> tuple[object, object]:
        """Minimize and maximize a weighted sum of the quarters over all whole numbers that agree with what is known."""
        constraints = [constraint] if shape and (constraint := shape.constraint(len(self.count))) else []
        if pd.notna(self.total):
            constraints.append(LinearConstraint(self.in_total[None, :].astype(float), self.total, self.total))
        low, high = (_minimize(sign * weights, self._box, constraints) for sign in (1, -1))
        return low, -high

    def bound(self, weights: np.ndarray, shape: Shape) -> tuple[object, ...]:
        """Bound a weighted sum: low and high with nothing assumed, and both again with the shape."""
        return (*self.limits(weights), *self.limits(weights, shape))


def _minimize(weights: np.ndarray, box: Bounds, constraints: list[LinearConstraint]) -> object:
    """Give the smallest weighted sum of whole numbers in a box; missing where there is none, or no limit to it."""
    with warnings.catch_warnings():
        # scipy hands an option that it does not know itself on to the solver, and says so.
        warnings.filterwarnings("ignore", "Unrecognized options", RuntimeWarning)
        solution = milp(
            weights, integrality=np.ones(len(weights)), bounds=box, constraints=constraints, options=_SOLVER
        )
    return pd.NA if solution.x is None else round(solution.fun)


def _each_measure(counts: pd.DataFrame, totals: pd.DataFrame) -> Iterator[_Series]:
    """Go through the measures in the order of the data."""
    if totals["measure"].duplicated().any():
        raise HtanalysisError(
            f'"{totals["measure"][totals["measure"].duplicated()].iloc[0]}" has two totals; give one.'
        )
    total_of = totals.set_index("measure")
    for measure, group in counts.groupby("measure", observed=True, sort=False):
        rows = group.sort_values("quarter").set_index("quarter")
        at_least = rows.get("at_least", pd.Series(0, index=rows.index))
        covered = rows.index
        if "period_start" in totals and measure in total_of.index:
            covered = pd.period_range(*total_of.loc[measure, ["period_start", "period_end"]], freq="Q")
        series = _Series(
            measure, rows["count"], at_least, rows.index.isin(covered), total_of["count"].get(measure, pd.NA)
        )
        _check(series)
        yield series


def _check(series: _Series) -> None:
    """Refuse counts that no series agrees with."""
    index, inside = series.count.index, series.count[series.in_total]
    if index.has_duplicates:
        raise HtanalysisError(f'"{series.measure}" has {index[index.duplicated()][0]} twice; give each quarter once.')
    if (series.count.dropna() < 0).any():
        raise HtanalysisError(f'"{series.measure}" has a count below 0.')
    if pd.isna(series.total):
        return
    least = inside.fillna(series.at_least[series.in_total]).sum()
    if least > series.total or (inside.notna().all() and least < series.total):
        relation = "more" if least > series.total else "less"
        raise HtanalysisError(
            f'The quarters of "{series.measure}" add up to {least:,}, {relation} than its total of {series.total:,}.'
        )


def _frame(rows: list[tuple], *between: str) -> pd.DataFrame:
    """Make a frame of rows that end in four bounds and a basis."""
    bounds = ["low", "high", "low_assumed", "high_assumed"]
    frame = pd.DataFrame(rows, columns=["measure", *between, *bounds, "basis"])
    types = dict.fromkeys(bounds, "Int64") | {"count": "Int64", "mean_of_others": "Float64"}
    return frame.astype({column: kind for column, kind in types.items() if column in frame})


def _basis_of_sum(series: _Series, inside: np.ndarray) -> str:
    known = series.count[inside].notna().all()
    whole = pd.notna(series.total) and (inside == series.in_total).all()
    return "reported" if whole or (inside.sum() == 1 and known) else _basis(known)


def _basis(known: bool) -> str:
    """Give the basis of what follows from counts: a number where all are known, else a range."""
    return "computed" if known else "bounded"


def _difference(index: pd.PeriodIndex, before: pd.Period, after: pd.Period) -> np.ndarray:
    """Give the weights that take one quarter from another."""
    return np.where(index == after, 1.0, 0.0) - np.where(index == before, 1.0, 0.0)


def _mean_of_others(series: _Series, quarter: pd.Period) -> object:
    """Give the mean of the other quarters of the total, where a quarter of it is known."""
    count = series.count[series.in_total].get(quarter, pd.NA)
    if pd.isna(count) or pd.isna(series.total) or series.in_total.sum() < 2:
        return pd.NA
    return (series.total - count) / (series.in_total.sum() - 1)
