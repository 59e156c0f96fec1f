"""What looks wrong in returns that could be stored: told before they are, so that somebody asks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd

from htanalysis import settings
from htanalysis.datasets import load
from htanalysis.sheets import Problem

if TYPE_CHECKING:
    from htanalysis.checks import Entry

#: A count is suspicious if it is this many times another one, or the other one is this many times it.
_TIMES = 5
TYPES = ("sex", "labor", "other")

#: Counts by quarter, task force, measure and trafficking type.
_Counts = Mapping[tuple, int]


@dataclass(frozen=True)
class _State:
    """A measure in a quarter: what each task force has returned, who has yet to, and what a statewide return says."""

    own: Mapping[str, int]
    missing: frozenset[str]
    statewide: int | None

    @property
    def added(self) -> int:
        return sum(self.own.values())

    @property
    def complete(self) -> bool:
        return not self.missing

    @property
    def count(self) -> int | None:
        """The state's count, where it is known."""
        return self.statewide if self.statewide is not None else self.added if self.complete else None

    @property
    def least(self) -> int:
        """The state's count, or what there was at the least."""
        return self.added if self.count is None else self.count


def suspect(
    new: Sequence["Entry"], held: _Counts, known: _Counts, since: Mapping[str, pd.Period], severity: str
) -> Iterator[Problem]:
    """List what looks wrong.

    Parameters
    ----------
    new : sequence of Entry
        The counts that are not held yet.
    held, known : mapping
        The last version of each count: of those that are held, and of these with the new ones.
    since : mapping of str to pandas.Period
        The first quarter that each task force reports.
    severity : str
        "notice" or "error".
    """
    latest = {entry.cell: entry for entry in new if known.get(entry.cell) == entry.count}
    for entry, text in _compare_sizes(latest.values(), held, known):
        yield entry.row.problem("count", str(entry.count), text, severity)
    for entry, text in _compare_types(latest.values(), known):
        yield entry.row.problem("count", str(entry.count), text, severity)
    states, before = _add_up(known, since), _add_up(held, since)
    first = {(entry.quarter, entry.measure): entry for entry in reversed(new)}
    for (quarter, measure), entry in first.items():
        for text in _look_at_state(states[quarter, measure], before, quarter, measure):
            yield entry.row.problem(None, None, f"{measure}, {quarter}: {text}", severity)
    for measure, entry in {measure: entry for (_, measure), entry in first.items()}.items():
        if text := _compare_total(states, measure, [quarter for quarter, each in first if each == measure]):
            yield entry.row.problem(None, None, text, severity)
    for (quarter, name), entry in {(entry.quarter, entry.task_force): entry for entry in reversed(new)}.items():
        own, last = (_pick_measures(known, each, name) for each in (quarter, quarter - 1))
        for text in _look_at_quarter(own, last):
            yield entry.row.problem(None, None, f"{name}, {quarter}: {text}", severity)


# One count


def _compare_sizes(entries: Iterable["Entry"], held: _Counts, known: _Counts) -> Iterator[tuple["Entry", str]]:
    """Say which counts are far from all that is known of the same, and which first ones are above the state's.

    What was itself told speaks for another count, since a level can change, but against none.
    """
    series, doubted = defaultdict(list), set()
    for (quarter, *cell), count in sorted(known.items()):
        if count:
            series[tuple(cell)].append(quarter)
    for entry in sorted(entries, key=lambda each: each.quarter):
        quarters = series[entry.cell[1:]]
        told = {cell: _tell_far(entry.count, *other) for cell, other in _list_near(entry, quarters, held, known)}
        against = [text for cell, text in told.items() if text and cell not in doubted]
        size, words = _state_quarters()[entry.measure]
        first = not any((quarter, *entry.cell[1:]) in held for quarter in quarters)
        above = first and entry.count > size and entry.task_force != settings.STATEWIDE
        if above or (against and all(told.values())):
            doubted.add(entry.cell)
            text = against[0] if against else f"{entry.count} is more than all task forces together had in {words}."
            yield entry, f"{text} Ask whether it is right."


def _list_near(
    entry: "Entry", quarters: Sequence[pd.Period], held: _Counts, known: _Counts
) -> Iterator[tuple[tuple | None, tuple[int, str]]]:
    """List what a count is compared with: the last that is not 0, the next and the earlier version if they are held."""
    for quarter in [each for each in quarters if each < entry.quarter][-1:]:
        count = known[cell := (quarter, *entry.cell[1:])]
        yield cell, (count, f"the last count, {count} in {quarter}")
    for quarter in [each for each in quarters if each > entry.quarter][:1]:
        if count := held.get((quarter, *entry.cell[1:])):
            yield None, (count, f"the next count, {count} in {quarter}")
    if count := held.get(entry.cell):
        yield entry.cell, (count, f"what is held, {count}")


def _tell_far(count: int, other: int, words: str) -> str | None:
    """Say that a count is far from another; small counts vary by themselves."""
    if max(count, other) < settings.SMALLEST_SHOWN or other / _TIMES <= count <= other * _TIMES:
        return None
    return f"{count} is {f'over {_TIMES} times' if count > other else 'under a fifth of'} {words}."


@lru_cache
def _state_quarters() -> dict[str, tuple[int, str]]:
    """Give for each measure the most that the report states for a quarter, or its mean, and for when."""
    quarters = load("task_force_quarters")
    number = quarters["quarter"].nunique()
    sizes = {
        row.measure: (row.sum_ // number, f"a mean quarter of the 2012 report, {row.sum_ // number}")
        for row in load("task_force_totals").rename(columns={"count": "sum_"}).itertuples()
    }
    stated = quarters.dropna(subset=["count"]).rename(columns={"count": "count_"}).sort_values("count_")
    return sizes | {row.measure: (row.count_, f"{row.quarter}, {row.count_}") for row in stated.itertuples()}


def _compare_types(entries: Iterable["Entry"], known: _Counts) -> Iterator[tuple["Entry", str]]:
    """Say where types fall short of all, or were returned without it."""
    for (quarter, name, measure), entry in {entry.cell[:3]: entry for entry in entries}.items():
        parts = {kind: known[cell] for kind in TYPES if (cell := (quarter, name, measure, kind)) in known}
        whole, added, of = known.get((quarter, name, measure, "all")), sum(parts.values()), f"{measure} of {name}"
        told = " and ".join(f"{count} {kind}" for kind, count in parts.items())
        if whole is not None and len(parts) == len(TYPES) and added < whole:
            yield entry, f"{told} are less than all, {whole}, for {of}. Count as other what is of no known type."
        elif whole is None and 0 < len(parts) < len(TYPES) and name != settings.STATEWIDE:
            yield entry, f"{told} without all: all {of} stay unknown. Send the count of all, too."


# The state


def _add_up(known: _Counts, since: Mapping[str, pd.Period]) -> dict[tuple[pd.Period, str], _State]:
    """Add up the counts of all task forces: of all types, or of those that were returned."""
    own: dict[tuple, dict[str, int]] = defaultdict(dict)
    kinds: dict[tuple, set[str]] = defaultdict(set)
    for (quarter, name, measure, kind), count in known.items():
        kinds[quarter, measure, name].add(kind)
        counts = own[quarter, measure]
        if kind == "all":
            counts[name] = count
        elif (quarter, name, measure, "all") not in known and name != settings.STATEWIDE:
            counts[name] = counts.get(name, 0) + count
    whole = {cell for cell, given in kinds.items() if "all" in given or given >= set(TYPES)}
    states = {}
    for (quarter, measure), counts in own.items():
        due = {name for name, first in since.items() if first <= quarter and name != settings.STATEWIDE}
        missing = frozenset(name for name in due if (quarter, measure, name) not in whole)
        states[quarter, measure] = _State(counts, missing, counts.pop(settings.STATEWIDE, None))
    return states


def _look_at_state(state: _State, before: Mapping[tuple, _State], quarter: pd.Period, measure: str) -> Iterator[str]:
    if state.statewide is not None and _differs(state.added, state.complete, state.statewide):
        yield f"{state.statewide} statewide, and the task forces’ add up to {state.added}. Ask which is right."
    stated = _stated().get((measure, quarter))
    if stated is not None and _differs(state.least, state.count is not None, stated):
        yield f"returns give {state.least}, and the 2012 report says {stated}. Ask which is right."
    most = max([_state_quarters()[measure][0], *(each.least for (_, name), each in before.items() if name == measure)])
    if state.least > _TIMES * most:
        yield f"returns give {state.least}, over {_TIMES} times the most known so far, {most}. Ask whether it is right."


def _differs(least: int, whole: bool, other: int) -> bool:
    """Say whether a sum, of all its parts or only of some, contradicts another number."""
    return least > other or (whole and least < other)


def _compare_total(states: Mapping[tuple, _State], measure: str, touched: Sequence[pd.Period]) -> str | None:
    """Say that what is known of the report's two years is not what it says: more, or less where all is known."""
    quarters = load("task_force_quarters")["quarter"].unique()
    if not set(touched) & set(quarters):
        return None
    total = _totals()[measure]
    empty = _State({}, frozenset("?"), None)
    own = [states.get((quarter, measure), empty) for quarter in quarters]
    stated = [_stated().get((measure, quarter)) for quarter in quarters]
    counts = [
        told if state.count is None and told is not None and told >= state.least else state.count
        for state, told in zip(own, stated, strict=True)
    ]
    least = sum(state.least if count is None else count for count, state in zip(counts, own, strict=True))
    if _differs(least, None not in counts, total):
        more = " or more" if None in counts else ""
        return (
            f"{measure}: the quarters from {quarters[0]} to {quarters[-1]} add up to {least}{more}, and the 2012 "
            f"report’s total is {total}. It would no longer hold. Ask which is right."
        )
    return None


@lru_cache
def _stated() -> dict[tuple[str, pd.Period], int]:
    table = load("task_force_quarters").dropna(subset=["count"])
    return dict(zip(zip(table["measure"], table["quarter"], strict=True), table["count"], strict=True))


@lru_cache
def _totals() -> dict[str, int]:
    table = load("task_force_totals")
    return dict(zip(table["measure"], table["count"], strict=True))


# One task force in a quarter


def _pick_measures(known: _Counts, quarter: pd.Period, name: str) -> dict[str, int]:
    cells = {measure: (quarter, name, measure, "all") for measure in _totals()}
    return {measure: known[cell] for measure, cell in cells.items() if cell in known}


def _look_at_quarter(counts: Mapping[str, int], before: Mapping[str, int]) -> Iterator[str]:
    if len(counts) >= 2 and not any(counts.values()):
        yield "all counts are 0. Ask whether they were reported."
    if counts == before and sum(count > 0 for count in counts.values()) >= 2:
        yield "all counts equal those of the quarter before. Ask whether it was sent again."
    served, identified = counts.get("victims served"), counts.get("victims identified")
    if served is not None and identified is not None and served < identified:
        yield f"fewer victims served ({served}) than identified ({identified}). Ask whether both are right."
