"""Staff's quarterly returns as a reader may see them, and the statewide counts that they and the report give together.

For the public audience all that comes from here is what a public report may show: whatever a notebook computes from it
tells no more.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import pandas as pd

from htanalysis import inputs, settings, store
from htanalysis.datasets import load
from htanalysis.disclosure import FEWER, Decision, State, decide_until, give_range, keep_last, list_states
from htanalysis.errors import HtanalysisError

#: Takes no return as known, only what the 2012 report states.
REPORT_ALONE = "report"

#: How many earlier quarters make a history: each season once.
_HISTORY = 4

#: Task forces, each with the first quarter that it reports.
_Since = tuple[tuple[str, pd.Period], ...]

_NOT_RETURNED = "not returned"
_CELLS = ["quarter", "measure", "task_force", "trafficking_type", "count", "low", "high", "shown"]
_TOTALS = ["quarter", "measure", "trafficking_type", "count", "returned", "reporting", "statewide"]


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
        where hidden or not returned), `low` and `high` (the range that is shown in its place; missing where it was not
        returned), and `shown`: "count", "fewer than 11", a range such as "11 to 100", or "not returned".

    Raises
    ------
    HtanalysisError
        If the day or the audience is not one.
    """
    return _view(as_of, audience).cells.copy()


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
        where some have not returned it, or where it would give a small count away), `returned` and `reporting` (task
        forces), `statewide` (whether a statewide return gives the count), `low` and `high`: the range in which the
        total lies if each task force that has not returned lies within its own history. `high` is missing where one
        has fewer than four earlier quarters.

    Notes
    -----
    Formula: the statewide return, or else the sum of the task forces' counts; where some have not returned, the sum
    of what is shown and of the smallest, or largest, earlier count of each that has not.
    """
    return _view(as_of, audience).totals.copy()


def tell_reported(counts: pd.DataFrame, quarters: pd.PeriodIndex) -> pd.Series:
    """Say for each measure how many task forces have reported it in some quarters.

    Parameters
    ----------
    counts : pandas.DataFrame
        `count_quarters`.
    quarters : pandas.PeriodIndex
        The quarters.

    Returns
    -------
    pandas.Series
        By measure: "6 of 9", "published" where the report states it, "statewide" where one return gives it, "not
        returned"; where quarters differ, each of these once.
    """
    rows = counts[counts["quarter"].isin(quarters)].astype({"measure": "str", "origin": "str"})
    words = rows["returned"].astype("str") + " of " + rows["task_forces_reporting"].astype("str")
    alone = rows["returned"].eq(0)
    words = words.mask(
        alone, rows["origin"].map({"report": "published", "returns": "statewide"}).fillna("not returned")
    )
    return words.groupby(rows["measure"], sort=False).agg(lambda texts: ", ".join(dict.fromkeys(texts)))


def tell_totals(totals: pd.DataFrame, quarters: pd.PeriodIndex) -> pd.DataFrame:
    """Write the totals of some quarters as a reader needs them: the number or its range, and how many have reported.

    Parameters
    ----------
    totals : pandas.DataFrame
        `total_returns`.
    quarters : pandas.PeriodIndex
        The quarters.

    Returns
    -------
    pandas.DataFrame
        A row is a measure in a quarter: `label`, `quarter`, `measure`, `value` (missing where it is not known), `low`,
        `high` (infinite where nothing limits it), `reported` ("6 of 9") and `basis`: "reported" for a statewide return,
        "computed" for a sum over all task forces, "bounded" for a range.

    Notes
    -----
    Formula: totals as `total_returns` gives them: a sum over all task forces, or the smallest and largest that it
    can be.
    """
    rows = totals[totals["trafficking_type"].eq("all") & totals["quarter"].isin(quarters)]
    count = rows["count"].astype("Float64")
    basis = pd.Series("computed", index=rows.index).mask(rows["statewide"], "reported").mask(count.isna(), "bounded")
    several = len(quarters) > 1
    label = rows["measure"] + (", " + rows["quarter"].astype("str") if several else "")
    reported = rows["returned"].astype("str") + " of " + rows["reporting"].astype("str")
    return pd.DataFrame(
        {
            "label": label,
            "quarter": rows["quarter"],
            "measure": rows["measure"],
            "value": count,
            "low": rows["low"].astype("Float64"),
            "high": rows["high"].astype("Float64").fillna(float("inf")),
            "reported": reported,
            "basis": basis,
        }
    ).reset_index(drop=True)


def tell_counts(cells: pd.DataFrame, quarter: pd.Period) -> pd.DataFrame:
    """Write the counts of the task forces in a quarter in words, as many as may be shown.

    Parameters
    ----------
    cells : pandas.DataFrame
        `load_returns`.
    quarter : pandas.Period
        The quarter.

    Returns
    -------
    pandas.DataFrame
        A row is a task force: `task_force`, and a column a measure with the count, "fewer than 11", a range, or
        "not returned".

    Notes
    -----
    Formula: no number is computed: each count as the last return gives it, or the range that is shown in its place.
    """
    rows = cells[cells["quarter"].eq(quarter) & cells["trafficking_type"].eq("all")]
    words = rows["count"].map(lambda count: f"{count:,}", na_action="ignore").astype("str").where(rows["count"].notna())
    table = rows.assign(words=words.fillna(rows["shown"])).pivot(index="task_force", columns="measure", values="words")
    measures = [name for name in load("task_force_totals")["measure"] if name in table]
    return table[measures].fillna(_NOT_RETURNED).rename_axis(columns=None).reset_index()


def count_quarters(as_of: str = "latest", audience: str = "public") -> pd.DataFrame:
    """Give the task forces' counts by quarter, from the report and from the returns held.

    A quarter counts as known where every task force that reports by then has returned it, or a statewide return has;
    it then replaces what the report published. Where some have, their sum is the least that there can have been.

    Parameters
    ----------
    as_of, audience
        As for `load_returns`.

    Returns
    -------
    pandas.DataFrame
        A row is a measure in a quarter, from the first that the report covers to the last that is held: `measure`,
        `quarter`, `count` (missing where not known), `at_least`, `task_forces_reporting`, `origin` ("report", "returns"
        or missing) and `returned` (how many task forces have returned it).

    Notes
    -----
    Formula: the statewide return, or else the sum of all task forces' returns where all are held, or else what the
    report published; the sum of the returns held is the least that there can have been.
    """
    published = load("task_force_quarters")
    view = _view(as_of, audience)
    returned = view.totals[view.totals["trafficking_type"].eq("all")].set_index(["measure", "quarter"])
    last = max([published["quarter"].max(), *view.totals["quarter"]])
    quarters = pd.period_range(published["quarter"].min(), last, freq="Q")
    measures = published["measure"].cat.categories
    grid = pd.MultiIndex.from_product([measures, quarters], names=["measure", "quarter"])
    stated = published.astype({"measure": "str"}).set_index(["measure", "quarter"])["count"].reindex(grid)
    given = returned["count"].reindex(grid).astype("Int64")
    sums = view.cells[view.cells["trafficking_type"].eq("all")].groupby(["measure", "quarter"])["low"].sum()
    table = pd.DataFrame(
        {
            "count": given.fillna(stated),
            "at_least": sums.reindex(grid).fillna(0).astype("Int64"),
            "origin": pd.Series("report", index=grid)
            .where(stated.notna())
            .mask(given.notna(), "returns")
            .astype("str"),
            "returned": returned["returned"].reindex(grid).fillna(0).astype("Int64"),
        }
    ).reset_index()
    since = _list_since()
    reporting = {quarter: len(_keep_reporting(since, quarter)) for quarter in quarters}
    table.insert(4, "task_forces_reporting", table["quarter"].map(reporting).astype("Int64"))
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
        and last), `published`, `returned` and `difference` (returned minus published). Where only some quarters are
        known, and they alone are more than the two years' total, `returned` is the least that it can be.

    Notes
    -----
    Formula: the count from the returns, or their sum over the quarters, minus the count that the report published.
    """
    quarters = load("task_force_quarters").astype({"measure": "str"})
    known = counts[counts["origin"].eq("returns")].astype({"measure": "str"})
    pairs = quarters.dropna(subset=["count"]).merge(known, on=["measure", "quarter"], suffixes=("_published", ""))
    rows = [(row.measure, str(row.quarter), row.count_published, row.count_) for row in _named(pairs)]
    window = counts[counts["quarter"].isin(quarters["quarter"])].astype({"measure": "str"})
    label = f"{quarters['quarter'].min()} to {quarters['quarter'].max()}"
    for total in _named(load("task_force_totals")):
        inside = window[window["measure"].eq(total.measure)]
        least = inside["count"].fillna(inside["at_least"]).sum()
        if inside["origin"].eq("returns").any() and (inside["count"].notna().all() or least > total.count_):
            rows.append((total.measure, label, total.count_, least))
    table = pd.DataFrame(rows, columns=["measure", "period", "published", "returned"])
    table = table.astype({"published": "Int64", "returned": "Int64"})
    return table.assign(difference=table["returned"] - table["published"])


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
class _View:
    cells: pd.DataFrame
    totals: pd.DataFrame


def check_audience(audience: str) -> None:
    """Refuse what is no audience.

    Raises
    ------
    HtanalysisError
        If it is neither "public" nor "internal".
    """
    if audience not in settings.AUDIENCES:
        raise HtanalysisError(f'"{audience}" is not an audience. Write public or internal.')


def _view(as_of: str, audience: str) -> _View:
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
) -> _View:
    """Make the view of a store that its folder and content tell apart.

    Parameters
    ----------
    told_elsewhere : frozenset of pandas.Period
        Quarters of the report's two years: they follow from its totals, as soon as the others are known.
    """
    cells, totals = [], []
    held = store.read_store().dropna(subset=["count"])
    for (quarter, measure), rows in held.groupby(["quarter", "measure"]):
        if (rows["as_of"] <= limit).any():
            states = list_states(rows, _keep_reporting(since, quarter), quarter in told_elsewhere)
            state, decision = _publish(states, rows, limit, audience)
            cells += [(quarter, measure, *cell) for cell in _show_counts(state, decision, audience)]
            totals += [(quarter, measure, *total) for total in _show_totals(state, decision)]
    whole = {"count": "Int64", "returned": "Int64", "reporting": "Int64", "low": "Int64", "high": "Int64"}
    frames = pd.DataFrame(cells, columns=_CELLS), pd.DataFrame(totals, columns=_TOTALS)
    shown, added = (frame.astype({name: kind for name, kind in whole.items() if name in frame}) for frame in frames)
    return _View(shown, _bound_totals(added, shown))


def _publish(
    states: Sequence[Mapping[frozenset, State]], rows: pd.DataFrame, limit: pd.Timestamp, audience: str
) -> tuple[State, Decision]:
    """Give the state on a day and what is shown of it, after all that was shown before."""
    known = rows[rows["as_of"] <= limit].sort_values(["as_of", "batch"], kind="stable")
    wanted = frozenset(keep_last(known).index)
    if audience == "internal":
        kinds = ("all", "sex", "labor", "other")
        state = next(own[wanted] for own in states if wanted in own)
        return state, Decision(frozenset(), frozenset(kind for kind in kinds if state.total(kind) is not None))
    return decide_until(states, wanted)


def _show_counts(state: State, decision: Decision, audience: str) -> Iterator[tuple]:
    for name in sorted(state.reporting | set(state.counts)):
        if name not in state.counts:
            yield name, "all", pd.NA, pd.NA, pd.NA, _NOT_RETURNED
            continue
        value = state.counts[name][1]
        low, high = give_range(value) if name in decision.hidden else (value, value)
        words = "count" if low == high else FEWER if high < settings.SMALLEST_SHOWN else f"{low:,} to {high:,}"
        yield name, "all", value if low == high else pd.NA, low, high, words
    if audience == "internal":
        for (name, kind), (_, value) in state.types.items():
            yield name, kind, value, value, value, "count"


def _show_totals(state: State, decision: Decision) -> Iterator[tuple]:
    for kind in ("all", "sex", "labor", "other"):
        returned = len(state.counts) if kind == "all" else sum(each == kind for _, each in state.types)
        if kind == "all" or returned or kind in state.statewide:
            count = state.total(kind) if kind in decision.totals else pd.NA
            yield kind, count, returned, len(state.reporting), kind in state.statewide


def _bound_totals(totals: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Add the range of each total: what is shown of the counts returned, and the history of those that are not."""
    history = cells[cells["trafficking_type"].eq("all")].sort_values("quarter")
    ranges = []
    for total in _named(totals):
        if total.trafficking_type != "all" or pd.notna(total.count_):
            ranges.append((total.count_, total.count_))
            continue
        of_measure = history[history["measure"].eq(total.measure)]
        own = of_measure[of_measure["quarter"].eq(total.quarter)].set_index("task_force")
        earlier = of_measure[of_measure["quarter"].lt(total.quarter)].groupby("task_force")
        enough = earlier["low"].count().ge(_HISTORY)
        low = own["low"].fillna(earlier["low"].min().where(enough)).fillna(0)
        high = own["high"].fillna(earlier["high"].max().where(enough))
        ranges.append((low.sum(), high.sum(skipna=False)))
    return totals.assign(
        low=pd.array([low for low, _ in ranges], "Int64"), high=pd.array([high for _, high in ranges], "Int64")
    )


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
