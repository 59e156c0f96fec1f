"""Staff's quarterly returns as a reader may see them, and the statewide counts that they and the report give together.

For the public audience all that comes from here is what a public report may show: whatever a notebook computes from it
tells no more.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import pandas as pd

from htanalysis import inputs, settings, store
from htanalysis.datasets import load
from htanalysis.disclosure import (
    FEWER,
    Decision,
    State,
    decide_until,
    give_range,
    keep_last,
    list_states,
    make_state,
)
from htanalysis.errors import HtanalysisError

#: Takes no return as known, only what the 2012 report states.
REPORT_ALONE = "report"

#: Task forces, each with the first quarter that it reports.
_Since = tuple[tuple[str, pd.Period], ...]

#: What stands where a task force has not returned a count.
NOT_RETURNED = "not returned"
_CELLS = ["quarter", "measure", "task_force", "trafficking_type", "count", "low", "high", "shown", "whole"]
_TOTALS = ["quarter", "measure", "trafficking_type", "count", "returned", "partly", "reporting", "statewide"]
_VERSIONS = ["quarter", "measure", "day", "task_force", "low"]


def load_returns(as_of: str = "latest", audience: str = "public") -> pd.DataFrame:
    """Load the returns, the last version of each that was known on a day.

    Parameters
    ----------
    as_of : str
        A day (YYYY-MM-DD), "latest" for all that is held, or "report" for none.
    audience : str
        "public" hides what could point at a person; "internal" shows all, and trafficking types by task force.

    Returns
    -------
    pandas.DataFrame
        A row is a count of one task force: `quarter`, `measure`, `task_force`, `trafficking_type`, `count` (missing
        where hidden, not returned, or returned for some types alone), `low` and `high` (the range that is shown in its
        place, or of what was returned of it; missing where it was not returned), `shown` ("count", "fewer than 11", a
        range such as "11 to 100", "at least 30" where some types alone were returned, or "not returned") and `whole`
        (whether all types were returned).

    Raises
    ------
    HtanalysisError
        If the day or the audience is not one.
    """
    return view_returns(as_of, audience).cells.copy()


def total_returns(as_of: str = "latest", audience: str = "public") -> pd.DataFrame:
    """Add up the returns over all task forces, and say how many have returned.

    Parameters
    ----------
    as_of, audience
        As for `load_returns`.

    Returns
    -------
    pandas.DataFrame
        A row is a measure and trafficking type in a quarter: `quarter`, `measure`, `trafficking_type`, `count` (missing
        where some have not returned it, where it would give a small count away, or where two returns contradict each
        other), `returned`, `partly` and `reporting` (task forces that returned it, that returned some types of it
        alone, and that report by then), `statewide` (whether a statewide return gives one), `low` and `high`: the range
        that the returns leave open, nothing assumed. `high` is missing where some is still to come. `contradiction`
        says in words what contradicts itself, or is empty.

    Notes
    -----
    Formula: the statewide return, or else the sum of the task forces' counts; where some have not returned, the sum of
    what is shown is the least. Where a statewide return and that sum exclude each other, from the smaller to the
    larger.
    """
    return view_returns(as_of, audience).totals.copy()


def count_quarters(as_of: str = "latest", audience: str = "public") -> pd.DataFrame:
    """Give the task forces' counts by quarter, from the report and from the returns held.

    A quarter counts as known where every task force that reports by then has returned it, or a statewide return has
    that they do not contradict; it then replaces what the report published. Where some have, their sum is the least
    that there can have been; a published count that is less no longer holds.

    Parameters
    ----------
    as_of, audience
        As for `load_returns`.

    Returns
    -------
    pandas.DataFrame
        A row is a measure in a quarter, from the first that the report covers to the last that is held: `measure`,
        `quarter`, `count` (missing where not known), `at_least`, `task_forces_reporting`, `origin` ("report", "returns"
        or missing), `returned` and `partly` (how many task forces have returned it, or some types of it alone), `basis`
        ("reported" where the report or a statewide return states it, "computed" for a sum, or missing) and
        `contradicted` (whether a statewide return and the task forces exclude each other).

    Notes
    -----
    Formula: the statewide return, or else the sum of all task forces' returns where all are held, or else what the
    report published; the sum of the returns held is the least that there can have been.
    """
    published = load("task_force_quarters")
    totals = view_returns(as_of, audience).totals
    last = max([published["quarter"].max(), *totals["quarter"]])
    quarters = pd.period_range(published["quarter"].min(), last, freq="Q")
    measures = published["measure"].cat.categories
    grid = pd.MultiIndex.from_product([measures, quarters], names=["measure", "quarter"])
    held = totals[totals["trafficking_type"].eq("all")].set_index(["measure", "quarter"]).reindex(grid)
    stated = published.astype({"measure": "str"}).set_index(["measure", "quarter"])["count"].reindex(grid)
    at_least = held["low"].fillna(0)
    stated = stated.where(at_least <= stated)
    given, summed = held["count"].notna(), held["statewide"].eq(False)
    reporting = {quarter: len(list_reporting(quarter)) for quarter in quarters}
    table = pd.DataFrame(
        {
            "count": held["count"].fillna(stated),
            "at_least": at_least,
            "task_forces_reporting": pd.array([reporting[quarter] for _, quarter in grid], "Int64"),
            "origin": pd.Series("report", index=grid).where(stated.notna()).mask(given, "returns").astype("str"),
            "returned": held["returned"].fillna(0),
            "partly": held["partly"].fillna(0),
            "basis": pd.Series("reported", index=grid)
            .where(given | stated.notna())
            .mask(given & summed, "computed")
            .astype("str"),
            "contradicted": held["contradiction"].fillna("").ne(""),
        }
    ).reset_index()
    return table.assign(measure=pd.Categorical(table["measure"], measures))


def total_quarters(counts: pd.DataFrame) -> pd.DataFrame:
    """Give the totals of the report's two years that agree with the counts as they are known.

    Where returns give every quarter, their sum replaces the report's total. Where they give more than it, the report's
    total no longer holds, and there is none.

    Parameters
    ----------
    counts : pandas.DataFrame
        `count_quarters`.

    Returns
    -------
    pandas.DataFrame
        A row is a measure: `measure`, `period_start`, `period_end`, `count` (missing where none holds) and `origin`
        ("report", "returns" or missing).

    Notes
    -----
    Formula: the counts of the eight quarters, added up, where returns give them; else the total that the report
    published, unless what is known of its quarters is more.
    """
    totals = load("task_force_totals").astype({"measure": "str"}).set_index("measure")
    quarters = load("task_force_quarters")["quarter"].unique()
    inside = counts[counts["quarter"].isin(quarters)].groupby(counts["measure"].astype("str"))
    known = inside["count"].agg(lambda series: series.notna().all()).reindex(totals.index)
    least = inside.apply(lambda rows: rows["count"].fillna(rows["at_least"]).sum()).reindex(totals.index)
    published = totals["count"].where(least <= totals["count"])
    origin = pd.Series("report", index=totals.index).where(published.notna())
    return totals.assign(
        count=published.mask(known, least).astype("Int64"), origin=origin.mask(known, "returns").astype("str")
    ).reset_index()


def reconcile(counts: pd.DataFrame) -> pd.DataFrame:
    """Set what the report published against what the returns give for the same quarter or the same two years.

    Parameters
    ----------
    counts : pandas.DataFrame
        `count_quarters`.

    Returns
    -------
    pandas.DataFrame
        A row is a published count for which the returns give one, too: `measure`, `period` (a quarter, or the first
        and last), `published`, `returned`, `difference` (returned minus published) and `least`: whether `returned` is
        the least that it can be, since some is still to come and what is held is more than was published already.

    Notes
    -----
    Formula: the count from the returns, or their sum over the quarters, minus the count that the report published.
    """
    quarters = load("task_force_quarters").astype({"measure": "str"})
    pairs = quarters.dropna(subset=["count"]).merge(
        counts.astype({"measure": "str"}), on=["measure", "quarter"], suffixes=("_published", "")
    )
    rows = []
    for row in _named(pairs):
        if row.origin == "returns" or row.at_least > row.count_published:
            known = row.origin == "returns"
            returned = row.count_ if known else row.at_least
            rows.append((row.measure, str(row.quarter), row.count_published, returned, not known))
    window = counts[counts["quarter"].isin(quarters["quarter"])].astype({"measure": "str"})
    label = f"{quarters['quarter'].min()} to {quarters['quarter'].max()}"
    for total in _named(load("task_force_totals")):
        inside = window[window["measure"].eq(total.measure)]
        least, known = inside["count"].fillna(inside["at_least"]).sum(), inside["count"].notna().all()
        if least > total.count_ or (known and inside["origin"].eq("returns").any()):
            rows.append((total.measure, label, total.count_, least, not known))
    table = pd.DataFrame(rows, columns=["measure", "period", "published", "returned", "least"])
    table = table.astype({"published": "Int64", "returned": "Int64", "least": "bool"})
    table.insert(4, "difference", table["returned"] - table["published"])
    return table


def known_day(as_of: str = "latest") -> str:
    """Give the last day up to a day on which a return became known, which tells one state of the returns from another.

    Returns
    -------
    str
        A day, or "report" where no return was known.
    """
    days = store.read_store()["as_of"].dropna()
    days = days[days <= _limit(as_of)]
    return str(days.max().date()) if len(days) else REPORT_ALONE


def tell_day(as_of: str) -> str:
    """Write for people what `known_day` gives.

    Examples
    --------
    >>> tell_day("2012-10-31"), tell_day("report")
    ('as known on 2012-10-31', 'as the 2012 report states them')
    """
    return "as the 2012 report states them" if as_of == REPORT_ALONE else f"as known on {as_of}"


def last_quarter(as_of: str = "latest") -> pd.Period:
    """Give the last quarter that the report or a return known on a day covers."""
    # Many analyses ask for nothing else of the returns: a count that is revised is no news to them.
    with inputs.as_one():
        held = store.read_store()
        quarters = held.loc[held["as_of"] <= _limit(as_of), "quarter"]
        last = max([load("task_force_quarters")["quarter"].max(), *quarters])
    inputs.note(f"last-quarter {as_of}", str(last))
    return last


def known_rows(held: pd.DataFrame, as_of: str = "latest") -> pd.DataFrame:
    """Keep the last version that was known on a day of each count in the store.

    Parameters
    ----------
    held : pandas.DataFrame
        `read_store`.
    as_of : str
        As for `load_returns`.
    """
    known = held[held["as_of"] <= _limit(as_of)].sort_values(["as_of", "batch"], kind="stable")
    cell = ["quarter", "task_force", "measure", "trafficking_type"]
    return known.drop_duplicates(cell, keep="last").sort_values(cell)


@dataclass(frozen=True)
class View:
    """What a reader may see of the returns.

    Attributes
    ----------
    cells, totals : pandas.DataFrame
        `load_returns` and `total_returns`.
    versions : pandas.DataFrame
        What was shown of each count of all types on each day on which one of its quarter became known: `quarter`,
        `measure`, `day`, `task_force` and `low` (the least that is shown).
    """

    cells: pd.DataFrame
    totals: pd.DataFrame
    versions: pd.DataFrame


def check_audience(audience: str) -> None:
    """Refuse what is no audience.

    Raises
    ------
    HtanalysisError
        If it is neither "public" nor "internal".
    """
    if audience not in settings.AUDIENCES:
        raise HtanalysisError(f'"{audience}" is not an audience. Write public or internal.')


def view_returns(as_of: str, audience: str) -> View:
    """Make the view of the returns that an audience has on a day; `load_returns` says what can be given."""
    check_audience(audience)
    # What a view follows from is read, and noted, each time that one is asked for, made before or not.
    told_elsewhere = frozenset(load("task_force_quarters")["quarter"])
    return _make_view(settings.HOME, store.fingerprint(), _list_since(), told_elsewhere, _limit(as_of), audience)


@lru_cache(maxsize=8)
def _make_view(
    _home: object,
    _fingerprint: str,
    since: _Since,
    told_elsewhere: frozenset[pd.Period],
    limit: pd.Timestamp,
    audience: str,
) -> View:
    """Make the view of a store that its folder and content tell apart.

    Parameters
    ----------
    told_elsewhere : frozenset of pandas.Period
        Quarters of the report's two years: they follow from its totals, as soon as the others are known.
    """
    cells, totals, versions = [], [], []
    held = store.read_store().dropna(subset=["count"])
    for (quarter, measure), rows in held.groupby(["quarter", "measure"]):
        if (rows["as_of"] <= limit).any():
            context = _keep_reporting(since, quarter), quarter in told_elsewhere
            for day, state, decision in _publish(rows, limit, context, audience):
                of_day = [cell for cell in _show_counts(state, decision, "public") if cell[-1]]
                versions += [(quarter, measure, day, name, low) for name, _, _, low, *_ in of_day]
            own = [(quarter, measure, *cell) for cell in _show_counts(state, decision, audience)]
            cells += own
            totals += [(quarter, measure, *total) for total in _show_totals(state, decision)]
    whole = {"count": "Int64", "returned": "Int64", "partly": "Int64", "reporting": "Int64", "low": "Int64"}
    whole |= {"high": "Int64", "whole": "bool", "statewide": "bool"}
    frames = (
        pd.DataFrame(rows, columns=columns)
        for rows, columns in ((cells, _CELLS), (totals, _TOTALS), (versions, _VERSIONS))
    )
    typed = [frame.astype({name: kind for name, kind in whole.items() if name in frame}) for frame in frames]
    return View(typed[0], _bound_totals(typed[1], typed[0]), typed[2])


def _publish(
    rows: pd.DataFrame, limit: pd.Timestamp, context: tuple[frozenset[str], bool], audience: str
) -> Iterator[tuple[pd.Timestamp, State, Decision]]:
    """Give each day up to a limit with the state that the rows were in, and what is shown of it after all before."""
    known = rows[rows["as_of"] <= limit].sort_values(["as_of", "batch"], kind="stable")
    lasts = keep_last(known)
    if audience == "internal":
        for day, last in lasts.items():
            state = make_state(last, *context)
            shown = frozenset(kind for kind in ("all", "sex", "labor", "other") if state.total(kind) is not None)
            yield day, state, Decision(frozenset(), shown)
    else:
        keys = {day: frozenset(last.index) for day, last in lasts.items()}
        decided = decide_until(list_states(rows, *context), set(keys.values()))
        yield from ((day, *decided[key]) for day, key in keys.items())


def _show_counts(state: State, decision: Decision, audience: str) -> Iterator[tuple]:
    for name in sorted(state.reporting | set(state.counts)):
        if name not in state.counts:
            yield name, "all", pd.NA, pd.NA, pd.NA, NOT_RETURNED, False
            continue
        value, whole = state.counts[name][1], name in state.whole
        low, high = give_range(value) if name in decision.hidden else (value, value)
        words = "count" if low == high else FEWER if high < settings.SMALLEST_SHOWN else f"{low:,} to {high:,}"
        if not whole:
            words = f"at least {low:,}"
        yield name, "all", value if whole and low == high else pd.NA, low, high, words, whole
    if audience == "internal":
        for (name, kind), (_, value) in state.types.items():
            yield name, kind, value, value, value, "count", True


def _show_totals(state: State, decision: Decision) -> Iterator[tuple]:
    for kind in ("all", "sex", "labor", "other"):
        given = state.whole if kind == "all" else {name for name, each in state.types if each == kind}
        partly = len(state.partial & state.reporting) if kind == "all" else 0
        if kind == "all" or given or kind in state.statewide:
            count = state.total(kind) if kind in decision.totals else pd.NA
            returned = len(given & state.reporting)
            yield kind, count, returned, partly, len(state.reporting), kind in state.statewide


def _bound_totals(totals: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Add the range that what is shown of the counts leaves each total, and where a statewide return contradicts it."""
    whole = cells[cells["trafficking_type"].eq("all")].groupby(["quarter", "measure"])
    sums = whole[["low", "high"]].sum().assign(complete=whole["whole"].all())
    types = totals[totals["trafficking_type"].ne("all")].groupby(["quarter", "measure"])["count"].sum()
    rows = []
    for total in _named(totals):
        if total.trafficking_type != "all":
            rows.append((total.count_, total.count_, total.count_, ""))
            continue
        low, high, complete = sums.loc[(total.quarter, total.measure)]
        ends = (low, high) if complete else (max(low, types.get((total.quarter, total.measure), 0)), pd.NA)
        rows.append(_bound_total(total, *ends))
    found = pd.DataFrame(rows, columns=["count", "low", "high", "contradiction"], index=totals.index)
    return totals.assign(**found.astype(dict.fromkeys(("count", "low", "high"), "Int64") | {"contradiction": "str"}))


def _bound_total(total: tuple, low: int, high: int) -> tuple:
    """Give count, least, most and what contradicts itself, from the least and the most that the task forces' sum is."""
    count = total.count_
    if pd.isna(count) or not total.statewide or not total.returned + total.partly:
        return (count, count, count, "") if pd.notna(count) else (count, low, high, "")
    if low <= count and (pd.isna(high) or count <= high):
        return count, count, count, ""
    summed = f"{low:,} or more" if pd.isna(high) else f"{low:,}" if low == high else f"{low:,} to {high:,}"
    words = (
        f"a statewide return gives {count:,}, and what {total.returned + total.partly} of {total.reporting} task forces"
        f" returned adds up to {summed}"
    )
    return pd.NA, min(count, low), high if pd.isna(high) else max(count, high), words


def _named(frame: pd.DataFrame) -> Iterator:
    """Go through the rows of a frame; `count` is the name of a tuple's own method."""
    return frame.rename(columns={"count": "count_"}).itertuples()


def _limit(as_of: str) -> pd.Timestamp:
    """Give the last day that counts."""
    if as_of == "latest":
        return pd.Timestamp.max
    if as_of == REPORT_ALONE:
        return pd.Timestamp.min
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", as_of):
        raise HtanalysisError(f'"{as_of}" is not a day. Write it as YYYY-MM-DD, or latest.')
    try:
        return pd.Timestamp(date.fromisoformat(as_of))
    except ValueError as error:
        raise HtanalysisError(f'"{as_of}" is not a day of the calendar. Write it as YYYY-MM-DD.') from error


def list_reporting(quarter: pd.Period) -> frozenset[str]:
    """List the task forces that report by a quarter."""
    return _keep_reporting(_list_since(), quarter)


def _list_since() -> _Since:
    """List the task forces with the first quarter that each reports."""
    forces = load("task_forces")
    return tuple(zip(forces["task_force"], pd.PeriodIndex(forces["reports_from"], freq="Q"), strict=True))


def _keep_reporting(since: _Since, quarter: pd.Period) -> frozenset[str]:
    return frozenset(name for name, first in since if first <= quarter)
