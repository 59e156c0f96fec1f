"""Staff's quarterly returns as a reader may see them, and the statewide counts that they and the report give together.

For the public audience all that comes from here is what a public report may show: whatever a notebook computes from it
tells no more.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

import pandas as pd

from htanalysis import settings
from htanalysis.data import load, load_with_periods
from htanalysis.errors import HtanalysisError, check_columns
from htanalysis.quarters import find_quarter
from htanalysis.results import Result, sources_of
from htanalysis.returns.corrections import load_corrected
from htanalysis.returns.measures import list_asked, load_measures
from htanalysis.returns.records import find_limit, read_dated
from htanalysis.returns.register import keep_reporting, name_forces, read_times
from htanalysis.returns.versions import CELL, choose_versions, keep_until, list_versions
from htanalysis.returns.views import NOT_RETURNED, View, known_day, last_quarter, view_returns
from htanalysis.settings import REPORT_ALONE
from htanalysis.wording import choose, span


def held_quarters(as_of: str = "latest") -> pd.PeriodIndex:
    """List the quarters that the report or a return known on a day covers, in order.

    The day is YYYY-MM-DD, "latest" for all returns that are held, or "report" for none.

    Examples
    --------
    >>> str(held_quarters()[-1])
    '2012Q2'
    """
    return pd.period_range(load_with_periods("task_force_quarters")["quarter"].min(), last_quarter(as_of), freq="Q")


def parse_period(text: str, as_of: str = "latest") -> pd.PeriodIndex:
    """Read a quarter, as `read_quarter` does, a range such as "2011Q3:2012Q2" (both ends included) or "latest".

    The day is as for `held_quarters`. Quarters come in order; any that the data do not cover by then is refused.

    Examples
    --------
    >>> len(parse_period("2011Q3:2012Q2"))
    4
    """
    held = held_quarters(as_of)
    if text.strip().lower() == "latest":
        return held[-1:]
    ends = [find_quarter(end) for end in text.split(":")]
    if None in ends or len(ends) > 2:
        raise HtanalysisError(f'"{text}" is not a quarter. Write it as 2012Q2, 2011Q3:2012Q2 or latest.')
    if ends[0] > ends[-1]:
        raise HtanalysisError(f'"{text}" ends before it begins. Write it as {ends[-1]}:{ends[0]}.')
    for end in ends:
        if end not in held:
            then = f" as known on {as_of}" if as_of[0].isdigit() else ""
            told = f"{end} is not held{then}: the data cover {held[0]} to {held[-1]}"
            raise HtanalysisError(f"{told}. Choose quarters among these, or add the returns first.")
    return pd.period_range(ends[0], ends[-1], freq="Q")


def load_returns(as_of: str = "latest", audience: str = "public") -> pd.DataFrame:
    """Load the returns, the last version of each that was known on a day.

    `as_of` is a day (YYYY-MM-DD), "latest" for all that is held, or "report" for none. To the audience "public" no
    count of a single task force is shown, only who has returned one; "internal" sees all, and trafficking types by task
    force.

    A row is a count of one task force: `quarter`, `measure`, `task_force`, `trafficking_type`, `count` (missing where
    not shown, not returned, or returned for some types or months alone), `low` (the least that it can be), `shown` (in
    words what `count` is, such as "sum of monthly returns", "at least 30", "returned in part" or "not returned") and
    `whole` (whether all types and months were returned).
    """
    return view_returns(as_of, audience).cells.copy()


def total_returns(as_of: str = "latest", audience: str = "public") -> pd.DataFrame:
    """Add up the returns over all task forces, and say how many have returned; arguments as for `load_returns`.

    A row is a measure and trafficking type in a quarter: `count` (missing where some have not returned it, where two
    returns contradict each other, or where it is not shown), `returned`, `partly` and `reporting` (task forces that
    returned it, that returned some types of it alone, and that report by then), `statewide` (whether a statewide return
    gives one), `low` and `high`: the range that the returns leave open, nothing assumed. `high` is missing where some
    is still to come; for the public both are, where `count` is. `contradiction` says in words what contradicts itself;
    it is empty for the public.

    Notes
    -----
    Formula: the statewide return, or else the sum of the task forces' counts; where some have not returned, the sum of
    what was returned is the least. Where a statewide return and that sum exclude each other, from the smaller to the
    larger.
    """
    return view_returns(as_of, audience).totals.copy()


def count_quarters(as_of: str = "latest", audience: str = "public") -> pd.DataFrame:
    """Give the task forces' counts by quarter, from the report and the returns held; arguments as for `load_returns`.

    A quarter counts as known where every task force that reports by then has returned it, or a statewide return has
    that they do not contradict; it then replaces what the report published, or what corrects that. Where some have,
    their sum is the least that there can have been; a published count that is less no longer holds.

    A row is a measure in a quarter of which it is asked for, from the first that the report covers to the last that is
    held: `count` (missing where not known), `at_least`, `task_forces_reporting` and `task_forces_next` (how many report
    the quarter, and the one after), `origin` ("report", "returns" or missing), `returned` and `partly` (how many task
    forces have returned it, or some types of it alone), `basis` ("computed" for a sum), `contradicted` (whether a
    statewide return and the task forces exclude each other) and `statewide` (whether there is such a return). Its
    `.attrs` hold the day, as `as_of`, by which published counts are corrected.

    Notes
    -----
    Formula: the statewide return, or else the sum of all task forces' returns where all are held, or else what the
    report published; the sum of the returns held is the least that there can have been.
    """
    return _count_quarters(settings.HOME, read_dated(), known_day(as_of), view_returns(as_of, audience)).copy()


@lru_cache(maxsize=8)
def _count_quarters(_home: object, _dated: object, day: str, view: View) -> pd.DataFrame:
    """Count a view's quarters with what dated records say on a day; home and records tell their states apart."""
    published, measures = load_corrected("task_force_quarters", day), load_measures(day)
    totals = view.totals
    last = max([published["quarter"].max(), *totals["quarter"]])
    quarters = pd.period_range(published["quarter"].min(), last, freq="Q")
    asked = list_asked(measures, quarters)
    every = pd.MultiIndex.from_product([measures["measure"], quarters], names=["measure", "quarter"])
    grid = every[[measure in asked[quarter] for measure in measures["measure"] for quarter in quarters]]
    held = totals[totals["trafficking_type"].eq("all")].set_index(["measure", "quarter"]).reindex(grid)
    stated = published.astype({"measure": "str"}).set_index(["measure", "quarter"])["count"].reindex(grid)
    at_least = held["low"].fillna(0)
    stated = stated.where(at_least <= stated)
    given, summed = held["count"].notna(), held["statewide"].eq(False)
    times = read_times(day)
    reporting = [len(keep_reporting(times, quarter)) for quarter in [*quarters, last + 1]]
    places = quarters.get_indexer(grid.get_level_values("quarter"))
    table = pd.DataFrame(
        {
            "count": held["count"].fillna(stated),
            "at_least": at_least,
            "task_forces_reporting": pd.array(reporting, "Int64")[places],
            "task_forces_next": pd.array(reporting, "Int64")[places + 1],
            "origin": pd.Series("report", index=grid).where(stated.notna()).mask(given, "returns").astype("str"),
            "returned": held["returned"].fillna(0),
            "partly": held["partly"].fillna(0),
            "basis": pd.Series("reported", index=grid)
            .where(given | stated.notna())
            .mask(given & summed, "computed")
            .astype("str"),
            "contradicted": held["contradiction"].fillna("").ne(""),
            "statewide": held["statewide"].eq(True),
        }
    ).reset_index()
    table = table.assign(measure=pd.Categorical(table["measure"], measures["measure"]))
    table.attrs["as_of"] = day
    return table


def total_quarters(counts: pd.DataFrame) -> pd.DataFrame:
    """Give the totals of the report's two years, as they are corrected, that agree with `count_quarters`.

    Where returns give every quarter, their sum replaces the report's total. Where they give more than it, the report's
    total no longer holds: `count` and `origin` ("report" or "returns") are missing.

    Notes
    -----
    Formula: the counts of the eight quarters, added up, where returns give them; else the total that the report
    published, unless what is known of its quarters is more.
    """
    totals = _load_published("task_force_totals", counts).astype({"measure": "str"})
    inside = counts[counts["quarter"].isin(load_with_periods("task_force_quarters")["quarter"].unique())]
    counted, floors = defaultdict(list), defaultdict(int)
    for measure, count, floor in zip(inside["measure"], inside["count"], inside["at_least"], strict=True):
        counted[measure].append(count)
        floors[measure] += floor if pd.isna(count) else count
    told = []
    for measure, published in zip(totals["measure"], totals["count"], strict=True):
        if measure in counted and not pd.isna(counted[measure]).any():
            told.append((floors[measure], "returns"))
        else:
            holds = measure in counted and pd.notna(published) and floors[measure] <= published
            told.append((published, "report") if holds else (None, None))
    numbers, origins = zip(*told, strict=True)
    return totals.assign(count=pd.array(numbers, "Int64"), origin=pd.array(origins, "str"))


def reconcile(counts: pd.DataFrame) -> pd.DataFrame:
    """Set what the report published, as it is corrected, against what the returns (`count_quarters`) give for the same.

    A row is a published count for which the returns give one, too: `measure`, `period` (a quarter, or the first and
    last), `published`, `returned`, `difference` (returned minus published) and `least`: whether `returned` is the least
    that it can be, since some is still to come and what is held is more than was published already.

    Notes
    -----
    Formula: the count from the returns, or their sum over the quarters, minus the count that the report published.
    """
    check_columns("counts", counts, ["measure", "quarter", "count", "at_least", "origin"])
    published = _load_published("task_force_quarters", counts)
    own, window = {(row.measure, row.quarter): row for row in _named(counts)}, set(published["quarter"])
    rows = []
    for row in _named(published.dropna(subset=["count"])):
        given = own.get((row.measure, row.quarter))
        known = given is not None and given.origin == "returns"
        if known or (given is not None and given.at_least > row.count_):
            returned = given.count_ if known else given.at_least
            rows.append((row.measure, str(row.quarter), row.count_, returned, not known))
    label = f"{min(window)} to {max(window)}"
    for total in _named(_load_published("task_force_totals", counts)):
        inside = [row for row in own.values() if row.measure == total.measure and row.quarter in window]
        known = not any(pd.isna(row.count_) for row in inside)
        least = sum(row.at_least if pd.isna(row.count_) else row.count_ for row in inside)
        if least > total.count_ or (known and any(row.origin == "returns" for row in inside)):
            rows.append((total.measure, label, total.count_, least, not known))
    table = pd.DataFrame(rows, columns=["measure", "period", "published", "returned", "least"])
    table = table.astype({"published": "Int64", "returned": "Int64", "least": "bool"})
    table.insert(4, "difference", table["returned"] - table["published"])
    return table


def list_sent(counts: pd.DataFrame) -> set[str]:
    """List the measures of which returns (in `count_quarters`) give anything for the report's quarters."""
    inside = counts["quarter"].isin(load_with_periods("task_force_quarters")["quarter"])
    return {*counts.loc[inside & (counts["origin"].eq("returns") | counts["at_least"].gt(0)), "measure"].astype("str")}


def _load_published(name: str, counts: pd.DataFrame) -> pd.DataFrame:
    """Load published counts as they are corrected by the day of `count_quarters`; as they were, for any others."""
    return load_corrected(name, counts.attrs.get("as_of", REPORT_ALONE))


def _named(frame: pd.DataFrame) -> Iterator:
    """Go through the rows of a frame; `count` is the name of a tuple's own method."""
    return frame.rename(columns={"count": "count_"}).itertuples()


def count_reporters(as_of: str = "latest", audience: str = "public") -> pd.DataFrame:
    """Count the task forces that have reported in each quarter: those that returned a whole count of some measure.

    A row is a quarter, from the first that the report covers to the last that is held: `due` (task forces that report
    by then), `reported`, `asked` (how many measures they are asked for), `full` (those of them that returned every
    one), `partly` (those that returned some types alone), `statewide` (whether a statewide return is held), `by_report`
    (whether nothing was returned, and those reported that the 2012 report counts), and the names `returned_by`,
    `in_part` and `missing`, each joined by semicolons.

    Notes
    -----
    Formula: task forces that report by the quarter − those that have not returned a whole count of it, or that the
    report does not count where it alone gives the quarter’s counts.
    """
    return _count_reporters(settings.HOME, read_dated(), known_day(as_of), view_returns(as_of, audience)).copy()


@lru_cache(maxsize=4)
def _count_reporters(_home: object, _dated: object, day: str, view: View) -> pd.DataFrame:
    """Count the task forces in a view, as `_count_quarters` does the counts."""
    told, measures = set(load_with_periods("task_force_quarters")["quarter"]), load_measures(day)
    counted = load_with_periods("task_forces").set_index("task_force")["reports_from"].to_dict()
    times, called = read_times(day), name_forces(day)
    own = view.cells[view.cells["trafficking_type"].eq("all") & view.cells["shown"].ne(NOT_RETURNED)]
    sent: dict[tuple, set[str]] = defaultdict(set)
    for quarter, name, measure, is_whole in own[["quarter", "task_force", "measure", "whole"]].itertuples(index=False):
        sent[quarter, name] |= {measure} if is_whole else set()
    stated = set(view.totals.loc[view.totals["statewide"], "quarter"])
    quarters = pd.period_range(min(told), max([*told, *view.totals["quarter"]]), freq="Q")
    rows = []
    for quarter, asked in list_asked(measures, quarters).items():
        due = keep_reporting(times, quarter)
        whole = {name for name in due if sent.get((quarter, name))}
        partly = {name for name in due if (quarter, name) in sent} - whole
        statewide = quarter in stated
        if by_report := quarter in told and not (whole or partly or statewide):
            whole = {name for name in due if name in counted and counted[name] <= quarter}
        full = len(whole) if by_report else sum(set(asked) <= sent[quarter, name] for name in whole)
        names = ["; ".join(sorted(map(called.get, group))) for group in (whole, partly, due - whole - partly)]
        rows.append((quarter, len(due), len(whole), len(asked), full, len(partly), statewide, by_report, *names))
    columns = ["quarter", "due", "reported", "asked", "full", "partly", "statewide", "by_report"]
    return pd.DataFrame(rows, columns=[*columns, "returned_by", "in_part", "missing"])


def tell_reporters(reporters: pd.DataFrame) -> str:
    """Say how many task forces have reported in some quarters (rows of `count_reporters`).

    Examples
    --------
    >>> tell_reporters(count_reporters("report").tail(1))
    'In 2012Q2 9 of 9 task forces reported'
    """
    first, last = reporters["quarter"].min(), reporters["quarter"].max()
    by_due = reporters.sort_values("quarter").groupby("due", sort=False)["reported"].agg(["min", "max"])
    each = ", later ".join(f"{span(low, high, between=False)} of {due}" for due, low, high in by_due.itertuples())
    who = choose(by_due.index[-1], "task force", "task forces")
    text = f"In {first if first == last else f'{first} to {last}'} {each} {who} reported"
    if (reporters["full"] < reporters["reported"]).any():
        asked = span(reporters["asked"].min(), reporters["asked"].max(), between=False)
        full = span(reporters["full"].min(), reporters["full"].max(), between=False)
        text += f", {'none' if full == '0' else full} of them all {asked} counts"
    if reporters["partly"].any():
        ends = reporters["partly"].min(), reporters["partly"].max()
        text += f", and {span(*ends, between=False)} returned in part"
    if reporters["statewide"].any():
        text += ", and a statewide return counts all together"
    return text


def range_reporters(reporters: pd.DataFrame) -> Result:
    """Give how many task forces have reported in some quarters (rows of `count_reporters`): one number, or the range.

    The sentence may name `{reporters}`, which `tell_reporters` writes.
    """
    fewest, most = (reporters.loc[place] for place in (reporters["reported"].idxmin(), reporters["reported"].idxmax()))
    ends = (("fewest", fewest), ("most", most))
    due = "; ".join(f"{end} = {row['due']} − {row['due'] - row['reported']}" for end, row in ends)
    stated = sources_of(load("task_force_quarters"), columns=["task_forces_reporting"])
    joined = sources_of(load("task_forces"), columns=["reports_from"])
    return Result(
        basis="computed",
        source=(*stated, *joined, *["returns"] * (not reporters["by_report"].all())),
        value=most["reported"] if fewest["reported"] == most["reported"] else None,
        low=fewest["reported"],
        high=most["reported"],
        unit="task forces",
        method="count_reporters",
        formula=f"due by then − not reported: {due}",
        given={"reporters": tell_reporters(reporters)},
    )


def known_rows(held: pd.DataFrame, as_of: str = "latest") -> pd.DataFrame:
    """Keep the last version that was known on a day of each count of `read_store`, or its months; none withdrawn."""
    known = keep_until(list_versions(held), find_limit(as_of))
    chosen = (version for own in known.values() for version in choose_versions(own) if not version.withdrawn)
    return held.loc[[version.place for version in chosen]].sort_values([*CELL, "period_start"])
