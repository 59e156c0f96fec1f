"""How much the task forces' counts grew over the report's two years, whether evenly, when, and by whose joining."""

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd

from htanalysis.data import load, load_with_periods
from htanalysis.errors import HtanalysisError
from htanalysis.feasible import Series, Shape, read_counts, read_measures
from htanalysis.quarterly import NEVER_FALLING, bound_quarters, is_held, name_sources
from htanalysis.results import Column, Result, sources_of
from htanalysis.wording import choose, digits_for, join_words, number, span, tell_change, tell_ratio

#: The shares of the last quarter for which `split_over` draws the part of the growth.
_SHARES = np.arange(51) / 50
#: How many measures a chart can hold without two colors that could be taken for each other.
_MOST_LINES = 3
_OF_A_LINE = ["compatible", "value", "unit", "digits", "quarters", "against", "formula", "source"]
_LINE_BASES = dict.fromkeys(["first", "last", "total"], "reported")
_LINE_BASES |= dict.fromkeys(["line_total", "difference", "mean_between"], "computed")


def follow_growth(counts: pd.DataFrame) -> Result:
    """Say of each measure whose first and last quarters are known, or were published, how it went.

    A row of the frame is a measure: its `value` is last ÷ first, and `change` and `more` say it in words.

    Notes
    -----
    Formula: last ÷ first.
    """
    rows, (start, end) = [], _ends_of(counts)
    for measure, first, last in _find_known(counts):
        source = name_sources(counts, [measure])
        if first is None:
            change = (
                f"changed from {start} to {end} in a way that is not known, since returns contradict what the report"
            )
            formula = f"no ratio, since {start} or {end} is missing"
            rows.append((measure, None, 1, f"{change} has for one of them", "", source, formula))
            continue
        change, joined = tell_change(first, last, start, end), _count_joined(counts, measure)
        more = [tell_ratio(last / first)] if first and last and last != first else []
        more += [f"with {joined} more"] * bool(joined)
        ratio, formula = None, f"no ratio, since the first is 0; last {number(last)}"
        if first:
            ratio, formula = last / first, f"last ÷ first = {number(last)} ÷ {number(first)}"
        digits, source = digits_for(ratio) if ratio else 1, (*source, *find_joiner(counts).source * bool(joined))
        rows.append((measure, ratio, digits, change, "".join(f", {each}" for each in more), source, formula))
    columns = ["measure", "value", "digits", "change", "more", "source", "formula"]
    return Result(
        basis="computed",
        source=name_sources(counts),
        unit="times",
        method="follow_growth",
        frame=pd.DataFrame(rows, columns=columns, dtype=object),
    )


def compare_with_line(counts: pd.DataFrame, totals: pd.DataFrame) -> Result:
    """Compare the published total with the total of a straight line between the first and last quarter.

    Counts are whole numbers, so each quarter between the ends may be off the line by one half. Counts and totals are
    as for `bound_quarters`. The value is the number of measures that an even change fits. A row of the frame is a
    measure of three quarters or more whose first and last are published: `measure`, `first`, `last`, `line_total`,
    `total`, `difference` (total minus line_total), `mean_between` (the mean of the quarters between; the row's value)
    and `compatible` (whether whole numbers within one half of the line add up to the total).

    Notes
    -----
    Formula: total of the line = number of quarters × (first + last) ÷ 2; difference = total − total of the line; mean
    between = (total − first − last) ÷ (number of quarters − 2).

    Examples
    --------
    >>> compare_with_line(load("task_force_quarters"), load("task_force_totals")).frame["difference"].tolist()
    [452.0, -339.0, -430.0]
    """
    (start, end), rows, number_of = _ends_of(counts), [], counts["quarter"].nunique()
    for series in read_measures(counts, totals):
        inside, total = series.within(series.count), series.total
        if None in (inside[0], inside[-1], total) or len(inside) < 3:
            continue
        rows.append((*_set_against_line(series, inside[0], inside[-1]), name_sources(counts, [series.measure])))
    heads = {"measure": "measure", "first": str(start), "last": str(end), "line_total": "total of an even change"}
    heads |= {"total": "total", "difference": "difference", "mean_between": "mean of the quarters between"}
    frame = pd.DataFrame(rows, columns=[*heads, *_OF_A_LINE])
    fitting, of = frame.loc[frame["compatible"].astype(bool), "measure"], choose(len(frame), "measure", "measures")
    pairs = [f"{row.measure} {number(row.line_total)} against {number(row.total)}" for row in frame.itertuples()]
    line = f"{number_of} × (first + last) ÷ 2 against the total: {', '.join(pairs)}"
    bent, span = frame.loc[~frame["measure"].isin(fitting), "measure"], f"evenly from {start} to {end}"
    told = [f"{join_words(bent)} did not change {span}"] * bool(len(bent))
    told += [f"{join_words(fitting)} can have changed {span}"] * bool(len(fitting))
    evenly = "; ".join(told) or f"whether a count changed {span} cannot be told without a total that holds"
    return Result(
        basis="computed",
        source=name_sources(counts, [name for name, first, _ in _find_known(counts) if first is not None]),
        value=len(fitting) if len(frame) else None,
        unit=f"of {len(frame)} {of}",
        method="compare_with_line",
        formula=f"measures whose total is that of an even change to within a half; {line}"
        if len(frame)
        else f"no measure has {start}, {end} and a total that holds",
        frame=frame,
        columns={
            name: Column(title, digits=int(name == "mean_between"), basis=_LINE_BASES.get(name, ""))
            for name, title in heads.items()
        },
        given={"start": str(start), "end": str(end), "evenly": evenly[0].upper() + evenly[1:]},
    )


def _set_against_line(series: Series, first: int, last: int) -> tuple:
    """Give a row of `compare_with_line`."""
    steps, total = len(series.inside) - 1, series.total
    line_total, mean = (steps + 1) * (first + last) / 2, (total - first - last) / (steps - 1)
    twice = [2 * (first + (last - first) * Fraction(step, steps)) for step in range(1, steps)]
    fewest, most = (
        sum(limit((value + sign) / 2) for value in twice) for limit, sign in ((math.ceil, -1), (math.floor, 1))
    )
    parts = f"({number(total)} − {number(first)} − {number(last)}) ÷ {steps - 1}"
    formula, against = f"(total − first − last) ÷ quarters between = {parts}", tell_ratio(last / mean) if mean else ""
    fits = fewest <= total - first - last <= most
    of_line = (series.measure, first, last, line_total, total, total - line_total, mean)
    return (*of_line, fits, mean, "a quarter", 1, steps - 1, against if last and mean else number(last), formula)


def date_growth(counts: pd.DataFrame, totals: pd.DataFrame, quarter: pd.Period, shape: Shape = NEVER_FALLING) -> Result:
    """Find which part of each measure's growth had come by a quarter, under an assumption where it is not known.

    Counts, totals and shape are as for `bound_quarters`. A row of the frame is a measure whose first and last quarters
    are known, or were published: `part` says it in words, as the beginning of a sentence; `low` and `high` are the part
    from 0 to 1, with the basis "assumed", or `value` is, "computed", where the quarter is known.

    Notes
    -----
    Formula: part of the growth = (count of the quarter − first) ÷ (last − first), at least none and at most all of it.
    """
    (start, end), rows = _ends_of(counts), []
    bounds = bound_quarters(counts, totals, shape).frame
    at = bounds[bounds["quarter"].eq(quarter)].set_index("measure")
    for measure, first, last in _find_known(counts):
        row = {"measure": measure, "basis": "computed", "source": name_sources(counts, [measure])}
        if first is None or last <= first:
            row["part"] = (
                f"{measure} {tell_change(first, last, start, end)}: no growth"
                if first is not None
                else (
                    f"it is not known, since returns contradict what the report has for {start} or {end}, how much of a"
                    f" growth in {measure}"
                )
            )
            row["formula"] = (
                f"no part of a growth, since there was none from {start} to {end}, or one of them is missing"
            )
        else:
            row |= _date(at.loc[measure], (first, last), quarter, shape)
            row["source"] = (*row["source"], *find_joiner(counts).source)
        rows.append(row)
    columns = ["measure", "part", "value", "low", "high", "basis", "assumption", "formula", "source"]
    return Result(
        basis="computed",
        source=name_sources(counts),
        unit="share",
        method="date_growth",
        frame=pd.DataFrame(rows, columns=columns, dtype=object),
        given=find_joiner(counts).given,
    )


def _date(at: pd.Series, ends: tuple[int, int], quarter: pd.Period, shape: Shape) -> dict:
    """Say which part of a growth had come by a quarter."""
    (first, last), known = ends, pd.notna(at["count"])
    limits = [at["count"]] * 2 if known else [at["low_assumed"], at["high_assumed"]]
    row, of_it = {} if known else {"basis": "assumed", "assumption": shape.words}, f"of the growth in {at.name}"
    if pd.isna(limits[0]):
        told = f"no series of {at.name} agrees with the assumption that {shape.words}, so that nothing tells which part"
        none = f"no series with first {number(first)} and last {number(last)} agrees with it"
        return row | {"part": f"{told} {of_it}", "formula": none}
    low, high = (min(max((limit - first) / (last - first), 0), 1) for limit in limits)
    written = [
        f"({number(limit)} − {number(first)}) ÷ ({number(last)} − {number(first)})"
        if first <= limit <= last
        else f"{limit > first:d}"
        for limit in limits
    ]
    parts = f"part = {written[0]}" if known else f"lowest = {written[0]}; highest = {written[1]}"
    row["part"] = f"{'' if known else f'if {shape.words}, '}{span(low, high, 'share')} {of_it}"
    row |= {"value": low} if known else {"low": low, "high": high}
    return row | {"formula": f"({quarter} − first) ÷ (last − first), from none to all of it; {parts}"}


def split_growth(counts: pd.DataFrame, joiner_share: float) -> Result:
    """Split the growth from the first to the last quarter between a body that joined and all others.

    Nothing published says how much of the last quarter is the joiner's: any share from 0 to 1 is possible. The range
    is that of the measures that grew; a row of the frame is one: `measure`, `first`, `last` and `explained`, the part
    of the growth, at most 1, that the joiner's share of the last count would be. Of one's own counts,
    `attrs["joiner"]` can say who joined.

    Notes
    -----
    Formula: part explained = assumed share × last ÷ (last − first), at most 1.
    """
    if not 0 <= joiner_share <= 1:
        raise HtanalysisError(f"joiner_share is {joiner_share}; it is a share and goes from 0 to 1.")
    grown = _find_grown(counts)
    grown["explained"] = (joiner_share * grown["last"] / (grown["last"] - grown["first"])).clip(upper=1)
    written = [
        f"{joiner_share:g} × {number(row.last)} ÷ ({number(row.last)} − {number(row.first)})"
        if row.explained < 1
        else "1"
        for row in grown.sort_values("explained").itertuples()
    ]
    result = _range_of(counts, grown, "explained", "share × last ÷ (last − first), at most all of it", written)
    share, end = f"{100 * joiner_share:.3g}%", _ends_of(counts)[1]
    assumed = f"{result.given['joiner']} had {share} of the counts of {end}"
    return replace(result, basis="assumed", assumption=assumed, given=result.given | {"share": share})


def share_of_all_growth(counts: pd.DataFrame) -> Result:
    """Find which share of the last quarter a joiner would need to have brought all of the growth.

    A row of the frame is a measure that grew, as in `split_growth`, with this share as `needed`.

    Notes
    -----
    Formula: (last − first) ÷ last.
    """
    grown = _find_grown(counts)
    grown["needed"] = (grown["last"] - grown["first"]) / grown["last"]
    written = [
        f"({number(row.last)} − {number(row.first)}) ÷ {number(row.last)}"
        for row in grown.sort_values("needed").itertuples()
    ]
    return _range_of(counts, grown, "needed", "(last − first) ÷ last", written)


def split_over(counts: pd.DataFrame, joiner_share: float) -> Result:
    """Give `split_growth` over all shares, one of them marked; a row is a share, with a column a measure that grew."""
    grown, needed = _find_grown(counts), share_of_all_growth(counts)
    parts = np.outer(_SHARES, grown["last"] / (grown["last"] - grown["first"])).clip(max=1)
    frame = pd.DataFrame(parts, columns=[*grown["measure"]])
    frame.insert(0, "joiner_share", _SHARES)
    axes = Column(f"assumed share of {needed.given['end']}", "share"), Column("part of the growth", "share")
    lines, share = {name: name for name in grown["measure"][:_MOST_LINES]}, f"share of {100 * joiner_share:.3g}%"
    return Result(
        basis="assumed",
        source=needed.source,
        method="split_growth",
        frame=frame if len(grown) else frame.head(0),
        picture=("curve", {"lines": lines, "axes": axes, "between": (joiner_share, joiner_share, share)}),
        given=needed.words,
    )


def _range_of(counts: pd.DataFrame, grown: pd.DataFrame, column: str, text: str, written: list[str]) -> Result:
    """Give the range of a share over the measures that grew, or say that none did."""
    (start, end), shares = _ends_of(counts), grown[column]
    joiner = find_joiner(counts)
    given = joiner.given | {"start": str(start), "end": str(end), "depending": ""}
    if grown.empty:
        given |= {"between": "no part", "depending": ", since no count is known to have grown"}
    elif span(shares.min(), shares.max(), "share", between=True).startswith("between"):
        given["depending"] = ", depending on the measure"
    known = [name for name, first, _ in _find_known(counts) if first is not None]
    return Result(
        basis="computed",
        source=(*name_sources(counts, known), *joiner.source),
        low=None if grown.empty else shares.min(),
        high=None if grown.empty else shares.max(),
        unit="share",
        method="split_growth",
        formula=f"no measure grew from {start} to {end}"
        if grown.empty
        else f"{text}: lowest = {written[0]}; highest = {written[-1]}",
        frame=grown,
        given=given,
    )


def _ends_of(counts: pd.DataFrame) -> tuple[pd.Period, pd.Period]:
    quarters = read_counts(counts)["quarter"]
    return quarters.min(), quarters.max()


def find_joiner(counts: pd.DataFrame) -> Result:
    """Name the `{joiner}`, who began to report within the counts' time, and from which quarter on, `{joined}`.

    Examples
    --------
    >>> find_joiner(load("task_force_quarters")).write("{joiner} joined in {joined}.")
    'San Jose/South Bay joined in 2011Q3.'
    """
    start, end = _ends_of(counts)
    if not is_held(counts):
        given = {"joiner": counts.attrs.get("joiner", "the body that joined"), "joined": ""}
        return Result(basis="reported", source=sources_of(counts), given=given)
    forces = load_with_periods("task_forces")
    joined = forces[forces["reports_from"].gt(start) & forces["reports_from"].le(end)]
    names = [name.removesuffix(" Human Trafficking Task Force") for name in joined["task_force"]]
    given = {"joiner": join_words(names) or "nobody", "joined": str(joined["reports_from"].min()) * bool(names)}
    return Result(basis="reported", source=sources_of(joined, columns=["reports_from"]), given=given)


def _count_joined(counts: pd.DataFrame, measure: str) -> str:
    """Say how many task forces more report a measure in the last quarter than in the first, if any do."""
    if "task_forces_reporting" not in counts:
        return ""
    reporting = read_counts(counts)[counts["measure"].eq(measure)].sort_values("quarter")["task_forces_reporting"]
    more = int(reporting.iloc[-1] - reporting.iloc[0])
    return "" if more < 1 else "one task force" if more == 1 else f"{more} task forces"


def _find_known(counts: pd.DataFrame) -> Iterator[tuple[str, int | None, int | None]]:
    """Give each measure's first and last count where both are known; those published, without, where they are not."""
    published = set(load("task_force_quarters").dropna(subset=["count"])["measure"]) if "origin" in counts else ()
    ordered, of_each = read_counts(counts).sort_values("quarter"), {}
    for measure, count in zip(ordered["measure"], ordered["count"], strict=True):
        of_each.setdefault(measure, []).append(count)
    for measure, own in of_each.items():
        first, last = own[0], own[-1]
        if pd.notna(first) and pd.notna(last):
            yield measure, int(first), int(last)
        elif measure in published:
            yield measure, None, None


def _find_grown(counts: pd.DataFrame) -> pd.DataFrame:
    known = [row for row in _find_known(counts) if row[1] is not None and row[2] > row[1]]
    return pd.DataFrame(known, columns=["measure", "first", "last"])
