"""The view of the returns that an audience has on a day: made here alone, from what the store holds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Any

import pandas as pd

from htanalysis import settings
from htanalysis.data import load, load_with_periods, name_facts
from htanalysis.errors import HtanalysisError
from htanalysis.returns import store
from htanalysis.returns.disclosure import TYPES, Decision, decide_changed, hide_parts, hold_back
from htanalysis.returns.measures import list_limits, load_measures
from htanalysis.returns.records import find_limit, list_days, read_dated
from htanalysis.returns.register import Times, keep_reporting, list_earlier, read_times
from htanalysis.returns.versions import (
    Known,
    Versions,
    count_known,
    keep_until,
    list_changes,
    list_values,
    list_versions,
    remark_counts,
)
from htanalysis.settings import REPORT_ALONE

#: What stands in the place of a count: where a task force has returned none, and where the public is not shown it.
NOT_RETURNED, IN_PART, RETURNED = "not returned", "returned in part", "returned"
#: Where a count is the sum of the three months of a quarter.
OF_MONTHS = "sum of monthly returns"
_CELLS = ["quarter", "measure", "task_force", "trafficking_type", "count", "low", "shown", "whole"]
_TOTALS = ["quarter", "measure", "trafficking_type", "count", "returned", "partly", "reporting", "statewide"]
_TOTALS += ["low", "high", "contradiction"]
_VERSIONS = ["quarter", "measure", "task_force", "day", "low"]
_REMARKS = ["quarter", "task_force", "measure", "trafficking_type", "state", "remark"]
#: The types of their columns that are no text.
_KINDS = dict.fromkeys(("count", "returned", "partly", "reporting", "low", "high"), "Int64")
_KINDS |= {"quarter": "period[Q-DEC]", "whole": "bool", "statewide": "bool", "day": "datetime64[us]"}


@dataclass(frozen=True, eq=False)
class View:
    """What a reader may see of the returns: `load_returns`, `total_returns`, and what is empty for the public.

    `versions` has each task force's count of all types on each day on which it changed, since it was last withdrawn;
    `remarks` the counts that were withdrawn, wait for months or are sums of them (`state`: withdrawn, waits or summed).
    """

    cells: pd.DataFrame
    totals: pd.DataFrame
    versions: pd.DataFrame
    remarks: pd.DataFrame


@dataclass(frozen=True)
class Given:
    """What a report's notebooks get of the returns, in place of the store.

    `day` is the last on which a return became known, as `known_day`; `last` the last quarter that is covered;
    `recorded` the last day from which a dated row beside the returns holds, or nothing; `views` are by day and
    audience, of which a public report's notebooks get none but the public one.
    """

    day: str
    last: pd.Period
    recorded: str
    views: Mapping[tuple[str, str], View]

    def find_day(self, as_of: str) -> str:
        """Give `known_day`: no later one is known here."""
        if REPORT_ALONE in (as_of, self.day):
            return REPORT_ALONE
        return str(min(find_limit(as_of), find_limit(self.day)).date())

    def find_view(self, as_of: str, audience: str) -> View:
        """Give a view that was made; one of another audience or day, or without a declared `as_of`, is refused."""
        if not self.views:
            raise HtanalysisError(
                'This notebook declares no as_of, so a report gives it no returns. Declare as_of: str = "latest" and '
                'audience: str = "public" in its cell tagged "parameters", and pass both on.'
            )
        if audience not in {own for _, own in self.views}:
            raise HtanalysisError(
                'A public report gives its notebooks the returns as the public may see them, not "internal". Pass on '
                "the notebook’s own parameter audience, or run htanalysis report --audience internal."
            )
        day = self.find_day(as_of)
        if (day, audience) not in self.views:
            raise HtanalysisError(
                f"This report shows returns as known on {self.day}, not as on {as_of}. Pass on the notebook’s own "
                "parameter as_of."
            )
        return self.views[day, audience]


#: What this process was given, if it runs a report's notebook.
_given: Given | None = None


@store.pretending()  # It is read once.
def hand_over(as_of: str, audience: str) -> Given:
    """Make what the notebooks of a report get of the returns, which of a public one is what the public may see."""
    day, audiences = known_day(as_of), settings.AUDIENCES if audience == "internal" else (audience,)
    views = {(each, own): view_returns(each, own) for each in (day, REPORT_ALONE) for own in audiences}
    recorded = max((day for day in list_days() if day <= find_limit(as_of)), default="")
    return Given(day, last_quarter(as_of), str(recorded), views)


def take_over(given: Given) -> None:
    """Let this process see of the returns what it is given, from now on, and nothing of the store."""
    global _given
    _given, settings.STORE_OPEN = given, False


def view_returns(as_of: str, audience: str) -> View:
    """Make the view of the returns that an audience has on a day; `load_returns` says what can be given."""
    if audience not in settings.AUDIENCES:
        raise HtanalysisError(f'"{audience}" is not an audience. Write public or internal.')
    if _given:
        return _given.find_view(as_of, audience)
    return _make_view(settings.HOME, store.fingerprint(), read_dated(), as_of, audience)


def known_day(as_of: str = "latest") -> str:
    """Give the last day up to a day on which a return, or a dated row beside them, became known; or "report"."""
    if _given:
        return _given.find_day(as_of)
    limit = find_limit(as_of).date()
    days = (day for day in _list_known_days(settings.HOME, store.fingerprint(), read_dated()) if day <= limit)
    return str(max(days, default=REPORT_ALONE))


@lru_cache(maxsize=4)
def _list_known_days(_home: object, _fingerprint: str, _dated: object) -> frozenset[date]:
    """List the days on which anything became known, of the store or beside it; see `_make_view`."""
    held = {version.as_of for own in read_versions().values() for version in own}
    return frozenset(held | {day.date() for day in list_days()})


def tell_day(as_of: str) -> str:
    """Write for people what `known_day` gives.

    Examples
    --------
    >>> tell_day("2012-10-31"), tell_day("report")
    ('as known on 2012-10-31', 'as the 2012 report states them')
    """
    return name_facts()["stated"] if as_of == REPORT_ALONE else f"as known on {as_of}"


def last_quarter(as_of: str = "latest") -> pd.Period:
    """Give the last quarter that the report or a return known on a day covers."""
    if _given:
        return _given.last
    published = load_with_periods("task_force_quarters")["quarter"].max()
    return max([published, *_list_counted(settings.HOME, store.fingerprint(), find_limit(as_of))])


def read_versions() -> Versions:
    """Read all that the store holds as the versions of each count."""
    return _read_versions(settings.HOME, store.fingerprint())


def read_known(as_of: str = "latest") -> list[Known]:
    """Give each count that is known on a day, a withdrawal or months that wait among them."""
    return _read_known(settings.HOME, store.fingerprint(), find_limit(as_of))


@lru_cache(maxsize=8)
def _read_known(_home: object, _fingerprint: str, limit: pd.Timestamp) -> list[Known]:
    return count_known(keep_until(read_versions(), limit))


@lru_cache(maxsize=8)
def _list_counted(home: object, fingerprint: str, limit: pd.Timestamp) -> frozenset[pd.Period]:
    known = _read_known(home, fingerprint, limit)
    return frozenset(count.quarter for count in known if count.least is not None)


@lru_cache(maxsize=4)
def _read_versions(_home: object, _fingerprint: str) -> Versions:
    return list_versions(store.read_store())


@lru_cache(maxsize=8)
def _make_view(home: object, fingerprint: str, dated: object, as_of: str, audience: str) -> View:
    """Make a view; home, the store's content and that of the dated records tell their states apart."""
    known, states = _read_states(home, fingerprint, dated, as_of)
    cells, totals, versions, remarks = [], [], [], []
    windows, now = _list_windows(), read_times()
    waiting = {measure for measure, quarter in windows if not states.get((quarter, measure), _NOTHING).is_whole}
    decided = _decide_all(home, fingerprint, dated) if audience == "public" and states else {}
    for key, state in states.items():
        if audience == "public":
            own, batch = decided.get(key, {}), max(row.batch for row in known[key])
            # An addition that brought no value, such as a withdrawal, decides nothing anew.
            decision = own.get(max((each for each in own if each <= batch), default=None), Decision())
            shown, waits = _tell_reporters(state), key[1] in waiting and key[::-1] in windows
            if waits or state.reporting != keep_reporting(now, key[0]):
                decision = Decision()  # A sum over those of an earlier day may not be shown beside today's.
        else:
            summed = dict.fromkeys([(r.task_force, r.trafficking_type) for r in known[key] if r.months], OF_MONTHS)
            decision, shown = None, _show_counts(state, summed)
        cells += [(*key, *cell) for cell in shown]
        totals += [(*key, *total) for total in show_totals(state, decision)]
    if audience == "internal":
        declared = {*load_measures(as_of)["measure"]}
        held = {cell: own for cell, own in read_versions().items() if cell[2] in declared}
        held = keep_until(held, find_limit(as_of))
        versions, remarks = _list_versions(held), remark_counts(held)
    parts = (cells, _CELLS), (totals, _TOTALS), (versions, _VERSIONS), (remarks, _REMARKS)
    return View(*(_make_frame(rows, columns) for rows, columns in parts))


def _make_frame(rows: Iterable[tuple], columns: Sequence[str]) -> pd.DataFrame:
    values = [*zip(*rows, strict=True)] or [()] * len(columns)
    named = zip(columns, values, strict=True)
    return pd.DataFrame({name: pd.array(own, dtype=_KINDS.get(name, "str")) for name, own in named})


@lru_cache(maxsize=4)
def _read_states(_home: object, _fingerprint: str, _dated: object, as_of: str) -> tuple[dict, dict]:
    """Give the counts of each quarter and measure that are known on a day, and their state, for all audiences."""
    declared, times = {*load_measures(as_of)["measure"]}, read_times(as_of)
    known = _group(row for row in read_known(as_of) if row.measure in declared)
    # Of others all was withdrawn.
    known = {key: rows for key, rows in known.items() if any(row.least is not None for row in rows)}
    return known, {key: _make_state(rows, keep_reporting(times, key[0])) for key, rows in known.items()}


def _list_windows() -> frozenset[tuple[str, pd.Period]]:
    """List what the 2012 report counts in a total, and not by itself."""
    published = load_with_periods("task_force_quarters").astype({"measure": "str"})
    totals = published["measure"].isin(load("task_force_totals")["measure"].astype("str"))
    unknown = published[totals & published["count"].isna()]
    return frozenset(zip(unknown["measure"], unknown["quarter"], strict=True))


@lru_cache(maxsize=4)
def _decide_all(_home: object, _fingerprint: str, _dated: object) -> dict[tuple[pd.Period, str], dict[int, Decision]]:
    """Decide for each quarter and measure what a state of the store may show, by the addition that brought it about."""
    windows, held, times, before = _list_windows(), list_values(read_versions()), read_times(), list_earlier()
    published = load_with_periods("task_force_quarters")["quarter"].max()
    decided: dict[str, dict[pd.Period, dict[int, Decision]]] = {}
    for (quarter, measure), rows in _group(sorted(held, key=attrgetter("batch"))).items():
        values = [(row.batch, row.task_force, row.trafficking_type, row.count, row.as_of) for row in rows]
        now, earlier = keep_reporting(times, quarter), [(at, keep_reporting(old, quarter)) for at, old in before]
        own = decide_changed(values, now, earlier, quarter <= published)
        decided.setdefault(measure, {})[quarter] = own
    for measure, own in decided.items():
        window = {quarter for name, quarter in windows if name == measure}
        for quarter in hold_back(_choose_opening(own, measure, window, times), window) & own.keys():
            own[quarter] = dict.fromkeys(own[quarter], Decision())
    by_cell = {(quarter, measure): by for measure, own in decided.items() for quarter, by in own.items()}
    # Which measure cannot exceed which, whenever that was declared.
    return hide_parts(by_cell, list_limits(load_measures()))


def _choose_opening(
    decided: Mapping[pd.Period, dict[int, Decision]], measure: str, window: Set[pd.Period], times: Times
) -> dict[pd.Period, dict[int, Decision]]:
    """Give what was decided of a total's quarters when all were first held at once: what was withdrawn is not."""
    held = {cell: own for cell, own in read_versions().items() if cell[0] in window and cell[2] == measure}
    for batch in sorted({version.batch for own in held.values() for version in own}):
        kept = {cell: [version for version in own if version.batch <= batch] for cell, own in held.items()}
        known = _group(count_known({cell: own for cell, own in kept.items() if own}))
        if len(known) == len(window) and all(
            _make_state(rows, keep_reporting(times, quarter)).is_whole for (quarter, _), rows in known.items()
        ):
            own = {quarter: max(each for each in decided[quarter] if each <= batch) for quarter in window}
            return {quarter: {batch: decided[quarter][last]} for quarter, last in own.items()}
    return {}


@dataclass(frozen=True)
class State:
    """What the store held of one measure in one quarter at one time: counts by task force, also by type, and statewide.

    Of `partial` task forces, which returned some types and not all, or some months, the count is of these alone.
    """

    counts: Mapping[str, int]
    types: Mapping[tuple[str, str], int]
    statewide: Mapping[str, int]
    reporting: frozenset[str]
    partial: frozenset[str]

    def list_given(self, kind: str) -> dict[str, int]:
        """Give the counts of a trafficking type, or the whole ones of all."""
        if kind == "all":
            return {name: value for name, value in self.counts.items() if name not in self.partial}
        return {name: value for (name, each), value in self.types.items() if each == kind}

    def add_up(self, kind: str) -> int | None:
        """Add up the counts of a trafficking type, where all task forces have returned it."""
        given = self.list_given(kind)
        return sum(given.values()) if self.reporting <= set(given) else None

    @property
    def is_whole(self) -> bool:
        """Whether all task forces have returned it, or a statewide return gives it alone."""
        return self.add_up("all") is not None or (not self.counts and "all" in self.statewide)

    def find_total(self, kind: str) -> int | None:
        """Give what a statewide return says, or else the sum."""
        return self.statewide.get(kind, self.add_up(kind))


_NOTHING = State({}, {}, {}, frozenset({settings.STATEWIDE}), frozenset())


def _group(rows: Iterable[Any]) -> dict[tuple[pd.Period, str], list[Any]]:
    """Group counts or values by quarter and measure: a frame for each group would take long."""
    groups: dict[tuple[pd.Period, str], list[Any]] = {}
    for row in rows:
        groups.setdefault((row.quarter, row.measure), []).append(row)
    return dict(sorted(groups.items()))


def _make_state(known: Iterable[Known], reporting: frozenset[str]) -> State:
    return make_state([(r.task_force, r.trafficking_type, r.count, r.least) for r in known], reporting)


def make_state(rows: Iterable[tuple], reporting: frozenset[str]) -> State:
    """Make the state of some counts: task force, trafficking type, count, and its least where it is not known."""
    held: dict[str, dict[str, int]] = {}
    least: dict[str, dict[str, int]] = {}
    for name, kind, count, *low in sorted(rows, key=lambda row: row[:2]):
        if count is not None:
            held.setdefault(name, {})[kind] = count
        elif low[0] is not None:
            least.setdefault(name, {})[kind] = low[0]
    statewide = held.pop(settings.STATEWIDE, {})
    least.pop(settings.STATEWIDE, None)
    types = {(name, kind): value for name, own in held.items() for kind, value in own.items() if kind != "all"}
    names = {name: (held.get(name, {}), least.get(name, {})) for name in sorted({*held, *least})}
    counts = {name: _count(*own) for name, own in names.items()}
    partial = frozenset(name for name, (own, _) in names.items() if not _is_whole(own))
    return State(counts, types, statewide, reporting, partial)


def _is_whole(own: Mapping[str, int]) -> bool:
    return "all" in own or len(own) == len(TYPES)


def _count(own: Mapping[str, int], least: Mapping[str, int]) -> int:
    """Give the count of all types, or the least that it is where some types or months are missing."""
    if _is_whole(own):
        return own["all"] if "all" in own else sum(own.values())
    of_types = sum(value for kind, value in (least | own).items() if kind != "all")
    return max(of_types, least.get("all", 0))


def _list_versions(held: Versions) -> list[tuple]:
    """Give each whole count of a task force on each day on which it changed; none from before a withdrawal."""
    kinds: dict[tuple, dict[str, int]] = {}
    versions: dict[tuple, dict[date, int]] = {}
    changes = sorted(list_changes(held), key=lambda change: change[1])
    for (quarter, name, measure, kind), day, summed, reason in changes:
        force = quarter, measure, name
        own, found = kinds.setdefault(force, {}), versions.setdefault(force, {})
        own.pop(kind, None)
        if summed.count is not None:
            own[kind] = summed.count
        if reason:
            found.clear()
        if _is_whole(own) and name != settings.STATEWIDE:
            found[day] = _count(own, {})
    return [(*force, day, count) for force, found in versions.items() for day, count in found.items()]


def _show_counts(state: State, words: Mapping[tuple[str, str], str]) -> Iterator[tuple]:
    for name in sorted(state.reporting | set(state.counts)):
        value = state.counts.get(name)
        if value is None:
            yield name, "all", None, None, NOT_RETURNED, False
        elif name in state.partial:
            yield name, "all", None, value, f"at least {value:,}", False
        else:
            yield name, "all", value, value, words.get((name, "all"), "count"), True
    for (name, kind), value in state.types.items():
        yield name, kind, value, value, words.get((name, kind), "count"), True


def _tell_reporters(state: State) -> Iterator[tuple]:
    for name in sorted(state.reporting | set(state.counts)):
        partly = name in state.partial
        words = IN_PART if partly else RETURNED if name in state.counts else NOT_RETURNED
        yield name, "all", None, None, words, name in state.counts and not partly


def show_totals(state: State, decision: Decision | None) -> Iterator[tuple]:
    """Give a state's totals, the columns of `total_returns` from the type on: what was decided, or all without that."""
    for kind in ("all", *TYPES):
        given = state.list_given(kind)
        if kind == "all" or given or kind in state.statewide:
            partly = len(state.partial & state.reporting) if kind == "all" else 0
            if decision is None and kind == "all":
                count, *limits = _bound_total(state)
            else:
                count = state.find_total(kind) if decision is None else _choose_public(state, decision, kind)
                limits = count, count, ""
            returned = len(set(given) & state.reporting)
            yield kind, count, returned, partly, len(state.reporting), kind in state.statewide, *limits


def _choose_public(state: State, decision: Decision, kind: str) -> int | None:
    """Give a total that the public may see: a statewide return says near enough what a hidden sum is."""
    stated = state.statewide.get(kind)
    if not state.counts:
        return stated if kind in decision.statewide else None
    count = state.add_up(kind) if kind in decision.sums and state.add_up("all") is not None else None
    return count if stated is None or stated == count else None


def _bound_total(state: State) -> tuple[int | None, int | None, int | None, str]:
    """Give the count of all types, its least and most, and what contradicts itself."""
    summed, stated = state.add_up("all"), state.statewide.get("all")
    if stated is None and summed is not None:
        return summed, summed, summed, ""
    least = sum(state.counts.values())
    if stated is None:
        of_types = sum(state.find_total(kind) or 0 for kind in TYPES)
        return None, max(least, of_types), None, ""
    if not state.counts or least == stated or (least < stated and summed is None):
        return stated, stated, stated, ""
    words = (
        f"a statewide return gives {stated:,}, and what {len(set(state.counts) & state.reporting)} of"
        f" {len(state.reporting)} task forces returned adds up to {least:,}{' or more' if summed is None else ''}"
    )
    return None, min(stated, least), None if summed is None else max(stated, least), words
