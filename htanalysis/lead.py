"""What a quarter brought: each measure's count, what it was a quarter and a year before, and whether that is chance.

A report is about the quarter that is asked for. The 2012 report's two years lead at their own quarters; later they are
the history before it.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from htanalysis import settings
from htanalysis.data import name_facts
from htanalysis.feasible import Series, read_measures
from htanalysis.quarterly import name_sources, tell_reported
from htanalysis.quarters import is_later, say_quarter
from htanalysis.rates import compare_rates
from htanalysis.results import Result
from htanalysis.wording import MORE, NO_MORE, ONE_BY_ONE, UNSAID, choose, join_words, number, span, tell_range

#: From so many earlier changes on, they tell whether counts vary more than Poisson counts.
_FEWEST_CHANGES = 4
_SAME = ", by the same task forces"
_STATED = {"report": "as the {report_year} report states it", "returns": "by a statewide return"}
_ROW = ["measure", "value", "low", "high", "basis", "unit", "formula", "source", "now", "told", "against"]
_ROW += ["reported", "before", "since_before", "year_before", "since_year", "who"]


class _Count(NamedTuple):
    """The least and the most that a count can have been, the latter endless, and what stands for it in words."""

    low: int
    high: float
    words: str

    @property
    def is_open(self) -> bool:
        """Whether nothing is told of it."""
        return self.words.startswith("not ")


def lead_quarter(counts: pd.DataFrame, totals: pd.DataFrame, reporters: pd.DataFrame, quarter: pd.Period) -> Result:
    """Set each measure's count in a quarter against the quarter before and the same quarter a year before.

    Two counts are compared by the conditional method, which is exact for Poisson counts, and allows for their
    dispersion where enough earlier quarters tell it. Where a count is known within a range, or from below, a change is
    called more than chance only if it would be wherever in it the count lies.

    Parameters
    ----------
    counts, totals, reporters : pandas.DataFrame
        `count_quarters`, `total_quarters` and `count_reporters`.
    quarter : pandas.Period
        The quarter that is asked for.

    Returns
    -------
    Result
        A row of the frame is a measure that is counted in the quarter: `value`, or `low` and `high`; in words `now`,
        `before` and `year_before` (a count, a range, "not known", "not published" or "not counted"), `since_before` and
        `since_year` (change, ratio with its interval, verdict) and `who` (whether those who report did a year before,
        too). `told` and `against` are its sentence; `{changed}` says which measures changed by more than chance.

    Notes
    -----
    Formula: count ÷ count before; its limits are those of the first count’s binomial part of both, each divided by the
    dispersion. That is the mean of (change)² ÷ (sum of both counts) over earlier quarters that follow each other, times
    (Student’s quantile ÷ the normal one)² for so many; no less than 1, and 1 where fewer than four are known: then a
    change that is called more than chance is so if cases come one by one.
    """
    rows, (who, by_whom) = [], _compare_bodies(reporters, quarter, quarter - 4)
    by_before = _compare_bodies(reporters, quarter, quarter - 1)[1].replace(_SAME, "")
    for series in read_measures(counts, totals):
        own = counts[counts["measure"].eq(series.measure)].set_index("quarter").sort_index()
        if quarter in own.index:
            rows.append(_tell_measure(series, own, quarter, by_before, by_whom) | {"who": who})
            rows[-1]["source"] = _name_sources(name_sources(counts, [series.measure]), own.loc[quarter], quarter)
    frame = pd.DataFrame(rows, columns=_ROW, dtype=object)
    heads = {"measure": "measure", "now": str(quarter), "reported": "who reported", "before": str(quarter - 1)}
    heads |= {"since_before": f"change since {quarter - 1}", "year_before": str(quarter - 4)}
    heads |= {"since_year": f"change since {quarter - 4}", "who": "task forces, against a year before"}
    beyond = frame.loc[frame["since_year"].str.contains(f": {MORE}"), "measure"]
    return Result(
        basis="computed",
        source=name_sources(counts),
        method="lead_quarter",
        frame=frame,
        columns=heads,
        given={"quarter": str(quarter), "months": say_quarter(quarter), "year_ago": str(quarter - 4)}
        | {"changed": join_words(beyond) or "No count is known to have"},
    )


def measure_changes(own: pd.DataFrame, until: pd.Period) -> float | None:
    """Say how many times as much a count varies from quarter to quarter, before one, as a Poisson count; 1 or more.

    The frame has `count` and `task_forces_reporting` by quarter. Changes where task forces joined or left are left out;
    where fewer than four are known, nothing is said.
    """
    before = own[own.index < until].sort_index()
    count, bodies = (before[name].to_numpy("float64", na_value=np.nan) for name in ("count", "task_forces_reporting"))
    # Nobody may have been asked for the quarter before.
    same = (np.diff(before.index.asi8) == 1) & (np.diff(bodies) == 0)
    change, both = np.diff(count)[same], (count[1:] + count[:-1])[same]
    parts = change[both > 0] ** 2 / both[both > 0]
    if len(parts) < _FEWEST_CHANGES:
        return None
    tail = (1 - settings.CONFIDENCE) / 2
    return max(1.0, float(parts.mean() * (stdtrit(len(parts), tail) / ndtri(tail)) ** 2))


def _tell_measure(
    series: Series, own: pd.DataFrame, quarter: pd.Period, by_before: str, by_whom: str
) -> dict[str, object]:
    """Give a row of `lead_quarter`, but for its sources and who reports."""
    bounds = dict(zip(series.index, series.bound_each(), strict=True))
    began = series.index[0] if series.total is not None else min(_find_first(own), quarter)
    now, before, year = (
        _read_count(own.loc[each], *bounds[each]) if each >= began and each in own.index else None
        for each in (quarter, quarter - 1, quarter - 4)
    )
    dispersion = measure_changes(own, quarter)
    told_before, since_before = _compare(now, before, by_before, dispersion)
    told_year, since_year = _compare(now, year, by_whom, dispersion)
    against = f" A quarter before {told_before}. A year before {told_year}."
    if told_before == told_year:
        against = f" A quarter before and a year before {told_year}."
    if quarter == began:
        against = " It is new: no earlier quarter was counted."
    elif now.is_open:
        against = _tell_last(own, quarter)
    words = {"now": now.words, "told": _tell_count(now, own.loc[quarter]), "against": against}
    words |= {"before": before.words if before else "not counted", "since_before": since_before}
    words |= {"year_before": year.words if year else "not counted", "since_year": since_year}
    reported = tell_reported(own.reset_index(), [quarter]).iloc[0]
    return (
        {"measure": series.measure, "unit": series.measure, "reported": reported}
        | _number(now, own.loc[quarter])
        | words
    )


def _name_sources(sources: tuple[str, ...], row: pd.Series, quarter: pd.Period) -> tuple[str, ...]:
    """Name what a count and those that it is set against rest on: returns alone where all are later than the report."""
    returned = "returns" in sources or row["returned"] > 0 or row["partly"] > 0
    if returned and is_later(pd.PeriodIndex([quarter - 4])):
        return ("returns",)
    return tuple(dict.fromkeys((*sources, *["returns"] * bool(returned))))


def _find_first(own: pd.DataFrame) -> pd.Period:
    """Give the first quarter of which anything is known, or the last of all."""
    anything = own["count"].notna() | own["returned"].gt(0) | own["partly"].gt(0)
    return own.index[anything].min() if anything.any() else own.index[-1]


def _read_count(row: pd.Series, low: object, high: object) -> _Count:
    """Put what is known of a quarter's count into words."""
    high = float("inf") if pd.isna(high) else high
    if high < float("inf"):
        return _Count(low, high, span(low, high))
    hidden = row["returned"] == row["task_forces_reporting"] or row.get("statewide", False)
    return _Count(low, high, f"at least {number(low)}" if low else "not published" if hidden else "not known")


def _number(now: _Count, row: pd.Series) -> dict[str, object]:
    """Give a count as a number with its basis and formula: a value, a range, or neither."""
    if pd.notna(row["count"]):
        formula = f"counts of {row['task_forces_reporting']} task forces, added up = {number(now.low)}"
        return {"value": now.low, "basis": row["basis"], "formula": formula if row["basis"] == "computed" else None}
    if not now.is_open:
        most = {"high": now.high} if now.high < float("inf") else {}
        formula = f"fewest = {number(now.low)}" + "".join(f"; most = {number(end)}" for end in most.values())
        return {"low": now.low, "basis": "bounded", "formula": formula} | most
    return {"basis": "computed", "formula": f"no total, {_tell_why(now, row) or f'since {_tell_returned(row)}'}"}


def _tell_returned(row: pd.Series) -> str:
    due, have = row["task_forces_reporting"], choose(row["returned"], "has", "have")
    if row.get("statewide", False) and not row["returned"]:
        return "a statewide return gives it"
    return f"{row['returned']} of {due} {choose(due, 'task force', 'task forces')} {have} returned it"


def _tell_count(now: _Count, row: pd.Series) -> str:
    """Say a count and by whom it is, or why there is none."""
    due = row["task_forces_reporting"]
    if pd.notna(row["count"]):
        own = f"by {due} of {due} {choose(due, 'task force', 'task forces')}"
        stated = own if row["basis"] == "computed" else _STATED[row["origin"]]
        return f"{now.words}, {stated.format_map(name_facts())}"
    why = _tell_why(now, row)
    return f"{now.words}{f', {why}' if why else ' yet' * (now.words == 'not known')}; {_tell_returned(row)}"


def _tell_why(now: _Count, row: pd.Series) -> str:
    """Say why there is no count though nothing is missing; nothing where something is."""
    if now.words == "not published":
        return "as the sum could point at one task force’s count"
    return "as returns contradict each other" if row["contradicted"] and now.words != "not known" else ""


def _tell_last(own: pd.DataFrame, quarter: pd.Period) -> str:
    """Name the last quarter before one whose count is known."""
    known = own["count"][own.index < quarter].dropna()
    return f" The last count that is known is {number(known.iloc[-1])}, of {known.index[-1]}." if len(known) else ""


def _compare(now: _Count, before: _Count | None, by_whom: str, dispersion: float | None) -> tuple[str, str]:
    """Say how a count stands to an earlier one: in a sentence, and for a table."""
    if before is None or before.is_open or now.is_open:
        return f"it was {before.words if before else 'not counted'}", UNSAID
    was, least, most = f"it was {before.words}", now.low - before.high, now.high - before.low
    whole = now.low == now.high or by_whom != _SAME  # Of some task forces alone it is not the same.
    was += by_whom * (before.low == before.high and whole)
    verdict, ratio = _judge(now, before, dispersion), ""
    if least == most == 0:
        return f"it was {before.words}, too{by_whom}", f"0: {verdict}"
    if least == most and before.low:
        found = compare_rates(now.low, 1, before.low, 1, dispersion=dispersion or 1.0)
        ratio = f", {tell_range(found.value, found.low, found.high, 'times', 2)}"
    brief = f"{_tell_change(least, most, '+')}{ratio}: {verdict}"
    if least <= 0 <= most:
        return f"{was}; whether it rose or fell {UNSAID}", brief
    change = f"the rise of {_tell_change(least, most)}" if least > 0 else f"the fall of {_tell_change(-most, -least)}"
    is_it = f"whether {change} is more than chance {verdict}" if verdict == UNSAID else f"{change} is {verdict}"
    return f"{was}; {is_it}", brief


def _tell_change(low: float, high: float, plus: str = "") -> str:
    """Write a range of a change, or its one end where nothing limits the other."""
    ends = [f"{plus * (end > 0)}{number(end)}" for end in (low, high) if abs(end) < float("inf")]
    if len(ends) == 1:
        return f"{ends[0]} or {'more' if high == float('inf') else 'less'}"
    return " to ".join(dict.fromkeys(ends)) or "anything"


def _judge(now: _Count, before: _Count, dispersion: float | None) -> str:
    """Say whether a count differs from an earlier one by more than chance, wherever in their ranges both lie."""
    rises = before.high < float("inf") and _differs(now.low, before.high, dispersion or 1.0)
    falls = now.high < float("inf") and _differs(before.low, now.high, dispersion or 1.0)
    if rises or falls:
        return MORE if dispersion else MORE + ONE_BY_ONE
    return NO_MORE if (now.low, before.low) == (now.high, before.high) else UNSAID


def _differs(more: int, less: float, dispersion: float) -> bool:
    """Say whether a larger count is beyond what chance would make of a smaller one."""
    return more > less and compare_rates(more, 1, int(less), 1, dispersion=dispersion).low > 1


def _compare_bodies(reporters: pd.DataFrame, quarter: pd.Period, earlier: pd.Period) -> tuple[str, str]:
    """Say whether the task forces that report a quarter report an earlier one: for a table, and for a sentence."""
    columns = ["quarter", "returned_by", "in_part", "missing"]
    named = {each: "; ".join(names) for each, *names in reporters[columns].itertuples(index=False, name=None)}
    now, before = (set(named.get(each, "").split("; ")) - {""} for each in (quarter, earlier))
    if not (now and before) or now == before:  # Who reported one of them can be unknown.
        return f"the same {len(now)}" if before else f"{len(now)}", _SAME
    parts = [f"without {join_words(sorted(now - before))}"] * bool(now - before)
    parts += [f"with {join_words(sorted(before - now))}"] * bool(before - now)
    return f"{len(now)}; a year before {', '.join(parts)}".replace(
        " Human Trafficking Task Force", ""
    ), f", {' and '.join(parts)}"
