"""The task forces' quarterly counts: what the unpublished quarters can have been.

Two numbers of three series are published by quarter, and one total for all eight quarters. Everything between is
a range: the whole numbers that agree with what is published, found by integer linear programming.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from htanalysis.errors import HtanalysisError


def bound_quarters(counts: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Find the smallest and largest count that each quarter can have had.

    Parameters
    ----------
    counts : pandas.DataFrame
        Columns `measure`, `quarter`, `count` (missing where not published), as `load("task_force_quarters")`.
    totals : pandas.DataFrame
        Columns `measure`, `count`: the sum over all quarters of `counts`, as `load("task_force_totals")`.

    Returns
    -------
    pandas.DataFrame
        A row is a measure in a quarter: `measure`, `quarter`, `count`; `low` and `high` (counts; equal to `count` where
        it is published); `low_rising` and `high_rising`, the same if no quarter was below the one before it (missing
        where no series is so); and `basis` of `low` and `high`.

    Raises
    ------
    HtanalysisError
        If a measure has no total, or published quarters that add up to more than it.

    Examples
    --------
    >>> quarters = pd.period_range("2012Q1", periods=4, freq="Q")
    >>> known = pd.array([1, None, None, 4], "Int64")
    >>> counts = pd.DataFrame({"measure": "arrests", "quarter": quarters, "count": known})
    >>> totals = pd.DataFrame({"measure": ["arrests"], "count": [10]})
    >>> bound_quarters(counts, totals).loc[1, ["low", "high", "low_rising", "high_rising"]].tolist()
    [0, 5, 1, 2]
    """
    rows = []
    for measure, series, total in _each_measure(counts, totals):
        for position, (quarter, count) in enumerate(series.items()):
            bounds = _bound(series, total, np.eye(len(series))[position])
            rows.append((measure, quarter, count, *bounds, "bounded" if pd.isna(count) else "reported"))
    return _frame(rows, "quarter", "count")


def bound_period(counts: pd.DataFrame, totals: pd.DataFrame, quarters: pd.PeriodIndex) -> pd.DataFrame:
    """Find the smallest and largest sum that a period's quarters can have had.

    Parameters
    ----------
    counts, totals
        As for `bound_quarters`.
    quarters : pandas.PeriodIndex
        The quarters to add up.

    Returns
    -------
    pandas.DataFrame
        A row is a measure: `measure`, `low`, `high`, `low_rising`, `high_rising` as in `bound_quarters`, and `basis`:
        "reported" where the period is one published quarter or has a published total, and "computed" where
        published quarters were added up.
    """
    rows = []
    for measure, series, total in _each_measure(counts, totals):
        inside = series.index.isin(quarters)
        rows.append((measure, *_bound(series, total, inside.astype(float)), _basis_of_sum(series, inside)))
    return _frame(rows)


def bound_change(counts: pd.DataFrame, totals: pd.DataFrame, quarter: pd.Period) -> pd.DataFrame:
    """Find how much a quarter's count can have differed from the quarter before it and from the others' mean.

    Parameters
    ----------
    counts, totals
        As for `bound_quarters`.
    quarter : pandas.Period
        The later of the two quarters.

    Returns
    -------
    pandas.DataFrame
        A row is a measure: `measure`, `count` (missing where not published), `mean_of_others` (the mean of all other
        quarters; missing where `count` is), `low`, `high`, `low_rising`, `high_rising` (change from the quarter before;
        missing for the first quarter of the series) and `basis`.
    """
    rows = []
    for measure, series, total in _each_measure(counts, totals):
        before = quarter - 1
        weights = np.where(series.index == quarter, 1.0, np.where(series.index == before, -1.0, 0.0))
        bounds = _bound(series, total, weights) if before in series.index else (pd.NA,) * 4
        count = series.get(quarter, pd.NA)
        others = pd.NA if pd.isna(count) else (total - count) / (len(series) - 1)
        both_known = series.reindex([before, quarter]).notna().all()
        rows.append((measure, count, others, *bounds, "computed" if both_known else "bounded"))
    return _frame(rows, "count", "mean_of_others")


def compare_with_line(counts: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Compare the published total with the total of a straight line between the first and last quarter.

    Counts are whole numbers, so the quarters between the ends may each be off the line by at most one half.

    Parameters
    ----------
    counts, totals
        As for `bound_quarters`.

    Returns
    -------
    pandas.DataFrame
        A row is a measure whose first and last quarters are published: `measure`, `first`, `last`, `ratio` (last to
        first), `line_total`, `total`, `difference` (total minus line_total), `mean_between` (the mean of the quarters
        between) and `compatible`.

    Examples
    --------
    >>> from htanalysis.datasets import load
    >>> compare_with_line(load("task_force_quarters"), load("task_force_totals"))["difference"].tolist()
    [452.0, -339.0, -430.0]
    """
    rows = []
    for measure, series, total in _each_measure(counts, totals):
        first, last, number = series.iloc[0], series.iloc[-1], len(series)
        if pd.isna(first) or pd.isna(last):
            continue
        line_total = number * (first + last) / 2
        mean_between = (total - first - last) / (number - 2)
        fits = abs(total - line_total) <= (number - 2) / 2
        rows.append((measure, first, last, last / first, line_total, total, total - line_total, mean_between, fits))
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
    """
    if not 0 <= joiner_share <= 1:
        raise HtanalysisError(f"joiner_share is {joiner_share}; it is a share and goes from 0 to 1.")
    ends = (
        counts.sort_values("quarter")
        .groupby("measure", observed=True, sort=False)["count"]
        .agg(first=lambda series: series.iloc[0], last=lambda series: series.iloc[-1])
    )
    ends = ends.dropna().astype(float)
    growth = ends["last"] - ends["first"]
    joiner_count = joiner_share * ends["last"]
    return pd.DataFrame(
        {
            "growth": growth,
            "joiner_count": joiner_count,
            "explained": (joiner_count / growth).where(growth > 0).clip(upper=1),
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
    parts = {share: split_growth(counts, share).set_index("measure")["explained"] for share in joiner_shares}
    return pd.DataFrame(parts).T.rename_axis("joiner_share").reset_index()


def _each_measure(counts: pd.DataFrame, totals: pd.DataFrame) -> Iterator[tuple[str, pd.Series, int]]:
    """Go through the measures: name, counts by quarter in order, and total."""
    total_of = totals.set_index("measure")["count"]
    for measure, group in counts.groupby("measure", observed=True, sort=False):
        series = group.sort_values("quarter").set_index("quarter")["count"]
        if measure not in total_of.index or pd.isna(total_of[measure]):
            raise HtanalysisError(f'"{measure}" has no total, so its unpublished quarters have no upper limit.')
        total = int(total_of[measure])
        if series.sum() > total:
            raise HtanalysisError(f'The quarters of "{measure}" add up to {series.sum():,}, more than its {total:,}.')
        yield measure, series, total


def _bound(series: pd.Series, total: int, weights: np.ndarray) -> tuple[object, ...]:
    """Bound a weighted sum of the quarters: low, high, and both again if no quarter was below the one before."""
    return (*_extremes(series, total, weights, rising=False), *_extremes(series, total, weights, rising=True))


def _extremes(series: pd.Series, total: int, weights: np.ndarray, rising: bool) -> tuple[object, object]:
    """Minimize and maximize the weighted sum over all whole numbers that agree with what is known."""
    number = len(series)
    box = Bounds(series.fillna(0).to_numpy(float), series.fillna(total).to_numpy(float))
    constraints = [LinearConstraint(np.ones((1, number)), total, total)]
    if rising:
        constraints.append(LinearConstraint(np.diff(np.eye(number), axis=0), 0, np.inf))
    solutions = [
        milp(sign * weights, integrality=np.ones(number), bounds=box, constraints=constraints) for sign in (1, -1)
    ]
    if any(solution.x is None for solution in solutions):
        return pd.NA, pd.NA
    return round(solutions[0].fun), round(-solutions[1].fun)


def _frame(rows: list[tuple], *between: str) -> pd.DataFrame:
    """Make a frame of rows that end in four bounds and a basis."""
    bounds = ["low", "high", "low_rising", "high_rising"]
    frame = pd.DataFrame(rows, columns=["measure", *between, *bounds, "basis"])
    types = dict.fromkeys(bounds, "Int64") | {"count": "Int64", "mean_of_others": "Float64"}
    return frame.astype({column: kind for column, kind in types.items() if column in frame})


def _basis_of_sum(series: pd.Series, inside: np.ndarray) -> str:
    if inside.all() or (inside.sum() == 1 and series[inside].notna().all()):
        return "reported"
    return "computed" if series[inside].notna().all() else "bounded"
