"""The task forces' quarterly counts: what the unpublished quarters can have been.

Two numbers of three series are published by quarter, and one total for all eight quarters. Everything between is
a range: the whole numbers that agree with what is published, found exactly (`feasible`).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import pandas as pd

from htanalysis import settings
from htanalysis.errors import HtanalysisError, check_columns
from htanalysis.feasible import Series, Shape, read_counts, read_measures
from htanalysis.quarters import is_later, period_label
from htanalysis.results import Column, Result, sources_of
from htanalysis.returns.corrections import TABLES, load_corrected
from htanalysis.returns.records import read_dated
from htanalysis.settings import REPORT_ALONE
from htanalysis.wording import choose, digits_for, join_words, number, span, tell_ratio

NEVER_FALLING = Shape()
_BOUNDS = ["low", "high", "low_assumed", "high_assumed"]
_BASES = {"low": "row", "high": "row", "low_assumed": "assumed", "high_assumed": "assumed"}
_OF_A_QUARTER = ["value", "source", "unit", "digits", "count", "against", "formula"]


def is_held(counts: pd.DataFrame) -> bool:
    """Say whether counts are the collection's own task forces': published ones, or those of `count_quarters`."""
    return "origin" in counts or counts.attrs.get("name") in TABLES


def name_sources(counts: pd.DataFrame, measures: Sequence[str] = (), tables: Sequence[str] = TABLES) -> tuple[str, ...]:
    """Name the phrases of the report behind the counts and totals of some measures, or all, and "returns" where held.

    Numbers that come neither from the report nor from `count_quarters` have the sources that `sources_of` finds.
    """
    if not is_held(counts):
        return sources_of(counts)
    day, returned = counts.attrs.get("as_of", REPORT_ALONE), counts.get("origin", pd.Series()).eq("returns").any()
    phrases = _find_phrases(settings.HOME, read_dated(), day, tuple(measures), tuple(tables))
    return (*phrases, *["returns"] * bool(returned))


@lru_cache(maxsize=64)
def _find_phrases(
    _home: object, _dated: object, day: str, measures: tuple[str, ...], names: tuple[str, ...]
) -> tuple[str, ...]:
    """Find the phrases behind measures, or all, as corrected by a day; home and dated records tell states apart."""
    tables = [load_corrected(name, day) for name in names]
    of_each = [table[table["measure"].eq(name)] for name in measures or tables[-1]["measure"] for table in tables]
    return sources_of(*of_each, columns=["count"])


def count_known(counts: pd.DataFrame) -> Result:
    """Count how many of some quarterly counts (such as rows of `count_quarters`) are known; the frame holds all."""
    counts = read_counts(counts)
    known, every, quarters = int(counts["count"].notna().sum()), len(counts), pd.PeriodIndex(counts["quarter"].unique())
    return Result(
        basis="computed",
        source=name_sources(counts, tables=TABLES[:1]),
        value=known,
        unit="counts",
        method="count_quarters",
        formula=f"all counts − those not known = {every} − {every - known}",
        frame=counts,
        picture=("known", {}),
        given={"known": known, "all": every, "are": choose(known, "is", "are"), "period": period_label(quarters)},
    )


def share_known(counts: pd.DataFrame) -> Result:
    """Give the share of some quarterly counts that is known. Parameters are as for `count_known`."""
    counted = count_known(counts)
    known, every = counted.given["known"], counted.given["all"]
    formula = f"known ÷ all quarterly counts = {known} ÷ {every}"
    return replace(counted, value=known / every, unit="share", formula=formula)


def list_known_totals(totals: pd.DataFrame) -> Result:
    """List the totals that hold (`total_quarters`), `{since}` and `{until}` when; `{told}` is one of them in words."""
    check_columns("totals", totals, ["measure", "count", "period_start", "period_end"], numbers=["count"])
    held, origin = int(totals["count"].notna().sum()), totals.get("origin", pd.Series("report", totals.index))
    returned = origin.eq("returns").any()
    more = ("returns",) * bool(returned)
    frame = totals.assign(
        basis=origin.map({"report": "reported", "returns": "computed"}),
        value=totals["count"].astype("Float64"),
        unit=totals["measure"],
        told=totals["count"].map(number).where(totals["count"].notna(), "an unknown number of"),
        source=[sources_of(totals[totals["measure"].eq(each)], columns=["count"]) + more for each in totals["measure"]],
        formula=("counts of its quarters, added up = " + totals["count"].map(number)).where(origin.eq("returns")),
    )
    return Result(
        basis="reported",
        source=(*sources_of(totals, columns=["count"]), *more),
        method="total_quarters",
        frame=frame,
        columns={"measure": "measure", "count": "total"},
        given={"held": held, "all": len(totals), "have": choose(held, "has", "have")}
        | {"since": f"{totals['period_start'].min():%B %Y}", "until": f"{totals['period_end'].max():%B %Y}"},
    )


def bound_quarters(
    counts: pd.DataFrame, totals: pd.DataFrame, shape: Shape = NEVER_FALLING, quarter: pd.Period | None = None
) -> Result:
    """Find the smallest and largest count that each quarter can have had.

    Counts have columns `measure`, `quarter`, `count` (missing where not known), as `load("task_force_quarters")`;
    optionally `at_least`, the smallest that a missing count can be, and the `basis` of a known one. Totals have
    `measure`, `count`: the sum over all quarters of `counts`, or over those from `period_start` to `period_end` where
    these columns are there, as `load("task_force_totals")`.

    A row of the frame is a measure in a quarter: `measure`, `quarter`, `count`; `low` and `high` (counts; equal to
    `count` where it is known, `high` missing where no total limits it); `low_assumed` and `high_assumed`, the same if
    the shape is assumed (missing where no series is so); and `basis`. Of one measure and a `quarter`, `{lead}` says
    how many counts are ranges, or of a later quarter than the 2012 report's its count and what it was a year before.

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
    >>> bound_quarters(counts, totals).frame.loc[1, ["low", "high", "low_assumed", "high_assumed"]].tolist()
    [0, 5, 1, 2]
    """
    rows, counts = [], read_counts(counts)
    for series in read_measures(counts, totals):
        each = zip(series.index, series.count, series.bound_each(), series.bound_each(shape), strict=True)
        asked = ((quarter, count, *free, *bent) for quarter, count, free, bent in each if quarter in series.asked)
        rows += [(series.measure, *row) for row in asked]
    frame = _frame(rows, ["measure", "quarter", "count", *_BOUNDS])
    keys = pd.MultiIndex.from_frame(frame[["measure", "quarter"]])
    basis = pd.Series(_read_basis(counts).reindex(keys).to_numpy(), frame.index)
    frame["basis"], hidden = basis.where(frame["count"].notna(), "bounded"), int(frame["count"].isna().sum())
    return Result(
        basis="bounded",
        source=name_sources(counts),
        method="bound_quarters",
        frame=frame,
        columns={name: Column(name, basis=basis) for name, basis in _BASES.items()},
        picture=("quarters", {"assumed": shape.words}),
        given={"hidden": hidden, "all": len(frame), "are": choose(hidden, "is", "are"), "shape": shape.words}
        | {"lead": _lead_with(frame, quarter, hidden)},
    )


def _lead_with(frame: pd.DataFrame, quarter: pd.Period | None, hidden: int) -> str:
    """Tell a later quarter's count, if it is known, and what it was a year before; else how many counts are ranges."""
    known = quarter is not None and is_later(pd.PeriodIndex([quarter]))
    rows = frame.set_index("quarter") if known else frame
    if not known or quarter not in rows.index or pd.isna(rows.loc[quarter, "count"]):
        are, measure = choose(hidden, "is", "are"), join_words(frame["measure"].unique())
        return f"{number(hidden)} of {number(len(frame))} quarterly counts of {measure} {are} known only within a range"
    told = f"{rows.loc[quarter, 'measure']} in {quarter}: {number(rows.loc[quarter, 'count'])}"
    low, high = rows.loc[quarter - 4, ["low", "high"]] if quarter - 4 in rows.index else (0, None)
    was = span(low, high, between=False) if pd.notna(high) else f"at least {number(low)}" if low else "not known"
    return f"{told}; a year before: {was}"


def list_runs(counts: pd.DataFrame, totals: pd.DataFrame, measure: str, until: pd.Period) -> Result:
    """List a measure's quarters: each known one by itself, and others that follow each other together.

    Counts and totals are as for `bound_quarters`. A row of the frame is such a run: its `first` and `last` quarter, how
    many `quarters`, their `count` together (missing where it is not known), of a run that is not known by quarter the
    `mean`, of a known quarter after it how many `times` that mean it had, and `basis`.

    Notes
    -----
    Formula: count of a run = total − all other quarters, if these are known; mean = count ÷ quarters.
    """
    series = next(each for each in read_measures(counts, totals) if each.measure == measure)
    counted = {each: count for each, count in zip(series.index, series.count, strict=True) if each in series.asked}
    known = pd.Series(counted, dtype="Float64")[:until]
    stated, rows, mean = counts[counts["measure"].eq(measure)].set_index("quarter")["basis"], [], None
    for _, run in known.groupby((known.notna() | known.shift(fill_value=0).notna()).cumsum()):
        open_, (low, high) = bool(run.isna().any()), series.limits(series.mark(run.index))
        count = low if pd.notna(high) and low == high else None
        times, mean = count / mean if mean else None, count / len(run) if open_ and count is not None else None
        basis = "computed" if open_ else stated[run.index[0]]
        rows.append((str(run.index[0]), str(run.index[-1]), len(run), count, mean, times, basis))
    heads = {"first": "first quarter", "last": "last quarter", "quarters": "quarters", "count": measure}
    columns = {name: Column(title, basis="row" if name == "count" else "") for name, title in heads.items()}
    columns["mean"] = Column("a quarter, on average", digits=1, basis="computed")
    columns |= {"times": Column("times that average", digits=1, basis="computed"), "basis": "basis"}
    return Result(
        basis="computed",
        source=name_sources(counts, [measure]),
        method="list_runs",
        frame=pd.DataFrame(rows, columns=[*columns], dtype=object),
        columns=columns,
    )


def bound_period(
    counts: pd.DataFrame, totals: pd.DataFrame, quarters: pd.PeriodIndex, shape: Shape = NEVER_FALLING
) -> Result:
    """Find the smallest and largest sum that a period's quarters can have had.

    Other parameters are as for `bound_quarters`. A row of the frame is a measure: `measure`, `reported` (who has
    reported it, see `tell_reported`, where the counts say so), `low`, `high`, `low_assumed`, `high_assumed`, and
    `basis`: that of the count where the period is one known quarter, "reported" where it has a published total, and
    "computed" where known quarters were added up. A measure that is asked for in some quarters alone is added up over
    these.

    Notes
    -----
    Formula: the smallest and the largest sum of the period's quarters with which the known quarters, the total and
    the assumption can all hold, found exactly.
    """
    rows, counts, every = [], read_counts(counts), list(read_measures(counts, totals))
    if not set(quarters) <= {quarter for series in every for quarter in series.index}:
        raise HtanalysisError(f"The counts do not hold all of {quarters[0]} to {quarters[-1]}.")
    stated = _read_basis(counts)
    for series in every:
        if any(inside := series.mark(quarters)):
            limits = (*series.limits(inside), *series.limits(inside, shape))
            rows.append((series.measure, *limits, _basis_of_sum(series, inside, stated)))
    frame = _frame(rows, ["measure", *_BOUNDS, "basis"])
    if "returned" in counts:
        frame.insert(1, "reported", frame["measure"].map(tell_reported(counts, quarters)))
    heads = {"measure": "measure", "reported": "who reported", "low": "fewest", "high": "most", "basis": "basis"}
    heads |= {"low_assumed": "fewest, if the assumption holds", "high_assumed": "most, if it holds"}
    known = int(frame["basis"].ne("bounded").sum())
    return Result(
        basis="bounded",
        source=name_sources(counts),
        method="bound_period",
        frame=_say_refuted(frame),
        columns={name: Column(title, basis=_BASES.get(name, "")) for name, title in heads.items()},
        given={"period": period_label(quarters), "known": known, "all": len(frame)}
        | {"are": choose(known, "is", "are"), "shape": shape.words},
    )


def compare_quarter(counts: pd.DataFrame, totals: pd.DataFrame, quarter: pd.Period) -> Result:
    """Compare each measure's count in a quarter with the mean of the total's other quarters, where both are known.

    Counts and totals are as for `bound_quarters`. The value says of how many measures the quarter is not known; a row
    of the frame is a measure of which it and the total are: its `value` is count ÷ mean of the others, if they had any.

    Notes
    -----
    Formula: mean of the others = (total − count) ÷ (number of quarters − 1).
    """
    rows, unknown, every = [], [], [each for each in read_measures(counts, totals) if quarter in each.asked]
    for series in every:
        place = series.index.get_indexer([quarter])[0]
        count, mean = series.count[place], _mean_of_others(series, place)
        if count is None:
            unknown.append(series.measure)
        if pd.isna(mean):
            continue
        ratio, told = count / mean if mean else None, number(count)
        others = len(series.inside) - 1
        rest = "other quarter" if others == 1 else f"{others} other quarters"
        against = f"; the {rest} had {number(mean, 1)} on average"
        parts = f"({number(series.total)} − {told}) ÷ {others}"
        formula = f"{quarter} ÷ ((total − {quarter}) ÷ number of the others) = {told} ÷ ({parts})"
        rows.append(
            {"measure": series.measure, "value": ratio, "source": name_sources(counts, [series.measure])}
            | {"unit": "times", "digits": digits_for(ratio) if ratio else 1, "count": told}
            | {"against": f", {tell_ratio(ratio)} as the {rest} had on average" if ratio else against}
            | {"formula": "no ratio, since the others had none" if ratio is None else formula}
        )
    return Result(
        basis="computed",
        source=name_sources(counts, unknown),
        value=len(unknown),
        unit="measures",
        method="compare_quarter",
        formula=f"all measures − known = {len(every)} − {len(every) - len(unknown)}",
        frame=pd.DataFrame(rows, columns=["measure", *_OF_A_QUARTER], dtype=object),
        given={"quarter": str(quarter), "measures": len(every), "names": f": {join_words(unknown)}" * bool(unknown)},
    )


def bound_growth(counts: pd.DataFrame, totals: pd.DataFrame, shapes: Sequence[Shape]) -> Result:
    """Find how much a count can have grown from the first to the last quarter, under each assumption.

    Counts and totals are as for `bound_quarters`; each shape is assumed alone. A row of the frame is a measure whose
    growth is known or has limits, with nothing assumed or under an assumption that could change that: `measure`,
    `assumed` (in words), `low`, `high` (counts; missing where no series is so) and `basis`.

    Notes
    -----
    Formula: count of the last quarter − count of the first, at its smallest and its largest over all whole numbers
    that agree with what is known and with the assumption.
    """
    rows = []
    for series in read_measures(counts, totals):
        weights, basis = series.difference(0, -1), _basis([series.count[0], series.count[-1]])
        if series.total is None and basis == "bounded":
            continue
        rows.append((series.measure, "nothing", *series.limits(weights), basis))
        found = [(series.measure, each.words, *series.limits(weights, each)) for each in shapes]
        rows += [
            (*row, basis if basis == "computed" else "assumed")
            for row in found
            if basis != "computed" or pd.isna(row[2])
        ]
    frame, quarters = _frame(rows, ["measure", "assumed", "low", "high", "basis"]), counts["quarter"]
    refuted = frame[frame["low"].isna()]
    told, more = "What is known agrees with each of the assumptions", len(refuted) - 1
    if len(refuted):
        measure, broken = refuted["measure"].iloc[0], {each.words: each.broken for each in shapes}
        told = f"{measure[0].upper()}{measure[1:]} {broken[refuted['assumed'].iloc[0]]}"
        told += f"; {more} more {choose(more, 'assumption is', 'assumptions are')} refuted" * (more > 0)
    heads = {"measure": "measure", "assumed": "assumed", "low": "smallest growth", "high": "largest growth"}
    return Result(
        basis="bounded",
        source=name_sources(counts),
        method="bound_growth",
        frame=frame,
        columns={name: Column(title, basis="row" * (name in _BASES)) for name, title in heads.items()}
        | {"basis": "basis"},
        given={"refuted": told, "start": str(quarters.min()), "end": str(quarters.max())},
    )


def tell_share(returned: int, partly: int, reporting: int) -> str:
    """Write how many task forces have returned a count: "6 of 9", or "6 of 9, 1 in part"."""
    return f"{returned} of {reporting}" + (f", {partly} in part" if partly else "")


def tell_reported(counts: pd.DataFrame, quarters: pd.PeriodIndex) -> pd.Series:
    """Say for each measure of `count_quarters` how many task forces have reported it in some quarters.

    By measure: "6 of 9", "6 of 9, 1 in part" where one returned some types alone, "published" where the report states
    it, "statewide" where one return gives it, "not returned"; where quarters differ, each of these once.
    """
    returned = ["origin", "returned", "partly", "task_forces_reporting", "contradicted"]
    check_columns("counts", counts, ["measure", "quarter", *returned])
    rows, told = counts[counts["quarter"].isin(quarters)], {}
    for measure, *row in rows[["measure", *returned]].itertuples(index=False, name=None):
        told.setdefault(measure, []).append(_tell_origin(*row))
    words = {
        measure: ", ".join(dict.fromkeys(texts))
        + f"; asked for in {len(texts)} of {len(quarters)} quarters" * (len(texts) < len(quarters))
        for measure, texts in told.items()
    }
    return pd.Series(words, dtype="str").rename_axis("measure")


def _tell_origin(origin: object, returned: int, partly: int, reporting: int, contradicted: bool) -> str:
    if returned or partly:
        words = tell_share(returned, partly, reporting)
    else:
        words = {"report": "published", "returns": "statewide"}.get(origin, "not returned")
    return words + (" against a statewide return" if contradicted else "")


def _frame(rows: list[tuple], columns: Sequence[str]) -> pd.DataFrame:
    """Make a frame of rows; bounds and counts are whole numbers, or missing."""
    frame = pd.DataFrame(rows, columns=columns)
    types = dict.fromkeys([*_BOUNDS, "count"], "Int64") | {"mean_of_others": "Float64"}
    return frame.astype({column: kind for column, kind in types.items() if column in frame})


def _say_refuted(frame: pd.DataFrame) -> pd.DataFrame:
    """Say in a frame where no series meets the assumption."""
    refuted = frame["low_assumed"].isna()
    words = {name: frame[name].astype(object).mask(refuted, "no such series") for name in _BOUNDS[2:]}
    return frame.assign(**words) if refuted.any() else frame


def _read_basis(counts: pd.DataFrame) -> pd.Series:
    """Give the basis of each known count, by measure and quarter: where nothing else is said, it is reported."""
    keys = pd.MultiIndex.from_frame(counts[["measure", "quarter"]])
    return counts.get("basis", pd.Series("reported", counts.index)).set_axis(keys)


def _basis_of_sum(series: Series, inside: list[int], stated: pd.Series) -> str:
    summed = [place for place, mark in enumerate(inside) if mark]
    known = [series.count[place] for place in summed]
    whole = series.total is not None and summed == list(series.inside)
    if len(known) == 1 and None not in known:
        return stated[series.measure, series.index[summed[0]]]
    return "reported" if whole else _basis(known)


def _basis(counts: list[int | None]) -> str:
    """Give the basis of what follows from counts: a number where all are known, else a range."""
    return "bounded" if None in counts else "computed"


def _mean_of_others(series: Series, place: int) -> object:
    """Give the mean of the other quarters of the total, where a quarter of it is known."""
    others = len(series.inside) - 1
    if place not in series.inside or None in (series.count[place], series.total) or not others:
        return pd.NA
    return (series.total - series.count[place]) / others
