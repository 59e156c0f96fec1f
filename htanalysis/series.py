"""The task forces' quarterly counts: what the unpublished quarters can have been.

Two numbers of three series are published by quarter, and one total for all eight quarters. Everything between is
a range: the whole numbers that agree with what is published, found exactly (`feasible`).
"""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pandas as pd

from htanalysis.errors import HtanalysisError
from htanalysis.feasible import Series, Shape, read_measures

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
    the assumption can all hold, found exactly.

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
    for series in read_measures(counts, totals):
        assumed = series.bound_each(shape)
        for quarter, count, free, bent in zip(series.index, series.count, series.bound_each(), assumed, strict=True):
            rows.append((series.measure, quarter, count, *free, *bent, "bounded" if count is None else "reported"))
    return _frame(rows, ["measure", "quarter", "count"])


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
    the assumption can all hold, found exactly.
    """
    rows = []
    for series in read_measures(counts, totals):
        inside = series.mark(quarters)
        rows.append(
            (series.measure, *series.limits(inside), *series.limits(inside, shape), _basis_of_sum(series, inside))
        )
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
    for series in read_measures(counts, totals):
        place = series.index.get_indexer([quarter])[0]
        count = series.count[place] if place >= 0 else None
        bounds, basis = (pd.NA,) * 4, pd.NA
        if place > 0:
            weights = series.difference(place - 1, place)
            bounds = (*series.limits(weights), *series.limits(weights, shape))
            basis = _basis(series.count[place - 1 : place + 1])
        rows.append((series.measure, count, _mean_of_others(series, place), *bounds, basis))
    return _frame(rows, ["measure", "count", "mean_of_others"])


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
    for series in read_measures(counts, totals):
        weights, basis = series.difference(0, -1), _basis([series.count[0], series.count[-1]])
        rows.append((series.measure, "nothing", *series.limits(weights), basis))
        rows += [
            (series.measure, shape.words, *series.limits(weights, shape), basis if basis == "computed" else "assumed")
            for shape in shapes
        ]
    table = pd.DataFrame(rows, columns=["measure", "assumed", "low", "high", "basis"])
    return table.astype({"low": "Int64", "high": "Int64"})


def bound_ratio(
    counts: pd.DataFrame,
    totals: pd.DataFrame,
    above: str,
    below: str,
    quarters: pd.PeriodIndex,
    shape: Shape = NEVER_FALLING,
) -> pd.DataFrame:
    """Find the smallest and largest ratio of two measures in a period, such as arrests per investigation.

    What is known of one measure does not limit the other, so the smallest ratio is that of the fewest above and the
    most below. Where there can have been none below, there can have been no ratio; the limits are then those over all
    counts below of 1 or more. The ratio of two totals, or of what they leave, can be exact where no quarter's is.

    Parameters
    ----------
    counts, totals, shape
        As for `bound_quarters`; the shape is assumed of both measures.
    above, below : str
        The two measures, the dividend and the divisor.
    quarters : pandas.PeriodIndex
        The quarters of the period, added up before they are divided; one quarter or more.

    Returns
    -------
    pandas.DataFrame
        One row: `above`, `below`, `low`, `high`, `low_assumed`, `high_assumed` (counts above for each below; `low` is
        0 where nothing limits what is below, `high` missing where nothing limits what is above, and both missing where
        no series has the shape or there was none below), `can_be_none` (whether there can have been none below, with
        nothing assumed) and `basis`.

    Raises
    ------
    HtanalysisError
        If a measure is not held, both are the same, or a quarter of the period is not held.

    Notes
    -----
    Formula: fewest above ÷ most below, and most above ÷ fewest below that are 1 or more; each over all whole numbers
    that agree with what is known.

    Examples
    --------
    >>> from htanalysis.datasets import load
    >>> between = pd.period_range("2010Q4", "2012Q1", freq="Q")
    >>> known = load("task_force_quarters"), load("task_force_totals")
    >>> ratio = bound_ratio(*known, "arrests", "investigations initiated", between)
    >>> ratio.loc[0, ["low", "high"]].tolist() == [1241 / 2027, 1241 / 2027]
    True
    """
    held = {series.measure: series for series in read_measures(counts, totals)}
    if above == below or not {above, below} <= set(held):
        raise HtanalysisError(f'No ratio of "{above}" to "{below}": give two measures of {", ".join(held)}.')
    dividend, divisor = held[above], held[below]
    limits = [limit for assumed in (None, shape) for limit in _divide(dividend, divisor, quarters, assumed)]
    basis = _basis_of_parts((dividend, dividend.mark(quarters)), (divisor, divisor.mark(quarters)))
    can_be_none = bool(divisor.limits(divisor.mark(quarters))[0] == 0)
    return _frame([(above, below, *limits, basis, can_be_none)], ["above", "below"], ["can_be_none"], kind="Float64")


def bound_share(
    counts: pd.DataFrame, totals: pd.DataFrame, quarters: pd.PeriodIndex, shape: Shape = NEVER_FALLING
) -> pd.DataFrame:
    """Find the smallest and largest share of its total that a measure can have had in a period.

    The part belongs to the total: what it gains, other quarters lose. So the total is that of the known sum, and not a
    range to divide by.

    Parameters
    ----------
    counts, totals, shape
        As for `bound_quarters`.
    quarters : pandas.PeriodIndex
        The quarters of the part, all within the period of the total.

    Returns
    -------
    pandas.DataFrame
        A row is a measure: `measure`, `low`, `high`, `low_assumed`, `high_assumed` (fractions from 0 to 1; missing
        where no series has the shape, or where the total is not known or 0) and `basis`.

    Raises
    ------
    HtanalysisError
        If a quarter of the part is not within the period of the total.

    Notes
    -----
    Formula: fewest, or most, in the period ÷ total, over all whole numbers that agree with what is known.

    Examples
    --------
    >>> from htanalysis.datasets import load
    >>> last = pd.period_range("2012Q2", "2012Q2", freq="Q")
    >>> shares = bound_share(load("task_force_quarters"), load("task_force_totals"), last)
    >>> shares.loc[0, ["low", "high", "basis"]].tolist() == [390 / 2552, 390 / 2552, "computed"]
    True
    """
    rows = []
    for series in read_measures(counts, totals):
        part = series.mark(quarters)
        if sum(series.within(part)) < len(quarters):
            raise HtanalysisError(
                f'The total of "{series.measure}" does not hold all of {quarters[0]} to {quarters[-1]}.'
            )
        whole = series.total if series.total is not None else _sum_of(series.within(series.count))
        limits = (*series.limits(part), *series.limits(part, shape))
        shares = [limit / whole if whole else pd.NA for limit in limits]
        rows.append((series.measure, *shares, _basis_of_parts((series, part))))
    return _frame(rows, kind="Float64")


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
    for series in read_measures(counts, totals):
        inside, total = series.within(series.count), series.total
        first, last, number = inside[0], inside[-1], len(inside)
        if None in (first, last, total) or number < 3:
            continue
        line_total = number * (first + last) / 2
        mean_between = (total - first - last) / (number - 2)
        twice = [2 * (first + (last - first) * Fraction(step, number - 1)) for step in range(1, number - 1)]
        fewest, most = (
            sum(limit((value + sign) / 2) for value in twice) for limit, sign in ((math.ceil, -1), (math.floor, 1))
        )
        fits = fewest <= total - first - last <= most
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


def _frame(
    rows: list[tuple], before: Sequence[str] = ("measure",), after: Sequence[str] = (), kind: str = "Int64"
) -> pd.DataFrame:
    """Make a frame of rows with four bounds and a basis."""
    bounds = ["low", "high", "low_assumed", "high_assumed"]
    frame = pd.DataFrame(rows, columns=[*before, *bounds, "basis", *after])
    types = dict.fromkeys(bounds, kind) | {"count": "Int64", "mean_of_others": "Float64"}
    return frame.astype({column: kind for column, kind in types.items() if column in frame})


def _divide(dividend: Series, divisor: Series, quarters: pd.PeriodIndex, shape: Shape | None) -> tuple[object, object]:
    """Bound the ratio of two measures in a period, where there is one or more to divide by."""
    least, most = dividend.limits(dividend.mark(quarters), shape)
    marks = divisor.mark(quarters)
    fewest, greatest = divisor.smallest_above_zero(marks, shape), divisor.largest(marks, shape)
    if pd.isna(least) or pd.isna(fewest):
        return pd.NA, pd.NA
    return 0 if pd.isna(greatest) else least / greatest, most / fewest


def _sum_of(counts: list[int | None]) -> object:
    """Add up counts; missing where one is."""
    return None if None in counts else sum(counts)


def _basis_of_parts(*parts: tuple[Series, list[int]]) -> str:
    """Give the basis of what is divided: a number where both are known, else a range."""
    return "bounded" if "bounded" in [_basis_of_sum(series, marks) for series, marks in parts] else "computed"


def _basis_of_sum(series: Series, inside: list[int]) -> str:
    summed = [place for place, mark in enumerate(inside) if mark]
    known = [series.count[place] for place in summed]
    whole = series.total is not None and summed == list(series.inside)
    return "reported" if whole or (len(known) == 1 and None not in known) else _basis(known)


def _basis(counts: list[int | None]) -> str:
    """Give the basis of what follows from counts: a number where all are known, else a range."""
    return "bounded" if None in counts else "computed"


def _mean_of_others(series: Series, place: int) -> object:
    """Give the mean of the other quarters of the total, where a quarter of it is known."""
    others = len(series.inside) - 1
    if place not in series.inside or None in (series.count[place], series.total) or not others:
        return pd.NA
    return (series.total - series.count[place]) / others
