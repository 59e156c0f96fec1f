"""What looks wrong in counts that can be right: beside others of their kind, their types, the state's, the report's."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from htanalysis import settings
from htanalysis.returns.corrections import TABLES, load_corrected
from htanalysis.returns.disclosure import TYPES
from htanalysis.returns.held import Entry
from htanalysis.returns.measures import list_limits, list_types, load_measures
from htanalysis.returns.register import call, keep_reporting, name_forces, read_times
from htanalysis.returns.sheets import Problem

_TIMES = 5  # A count is suspicious if it is this many times another one, or the other one is this many times it.

_Counts = Mapping[tuple, int]  # by quarter, task force, measure and trafficking type


def tell_odd(latest: Sequence[Entry], before: _Counts, known: _Counts, odd: str) -> list[Problem]:
    """Tell what looks wrong in the entries that will hold, with the severity `odd` where it is only worth a look."""
    load_report.cache_clear()  # A published count can have been corrected since.
    problems = [entry.row.problem(text, "count", odd) for entry, text in _compare_sizes(latest, before, known)]
    problems += [*_compare_types(latest, known, odd), *_compare_parts(latest, known)]
    wholes = (*_look_at_states(latest, before, known), *_look_at_quarters(latest, known))
    return problems + [entry.row.problem(text, None, odd) for entry, text in wholes]


# One count


def _compare_sizes(entries: Iterable[Entry], held: _Counts, known: _Counts) -> Iterator[tuple[Entry, str]]:
    """Say which counts are far from all that is known of the same, and which first ones are above the state's.

    What was itself told speaks for another count, since a level can change, but against none.
    """
    series, doubted = defaultdict(list), set()
    for cell in sorted(cell for cell, count in known.items() if count):
        series[cell[1:]].append(cell)
    last = {entry.cell: entry for entry in entries}
    for entry in sorted(last.values(), key=lambda each: each.quarter):
        cells = series[entry.cell[1:]]
        told = dict(_compare_near(entry, cells, held, known))
        against = [text for cell, text in told.items() if text and cell not in doubted]
        size, words = _most_stated(entry.measure)
        first = not any(cell in held for cell in cells)
        above = first and words and entry.count > size and entry.task_force != settings.STATEWIDE
        if above or (against and all(told.values())):
            doubted.add(entry.cell)
            text = against[0] if against else f"{entry.count} is more than all task forces together had in {words}."
            yield entry, f"{text} Ask whether it is right."


def _compare_near(entry: Entry, cells: Sequence[tuple], held: _Counts, known: _Counts) -> Iterator[tuple]:
    """Compare a count with the last that is not 0, and with the next and the earlier version if they are held."""
    earlier, later = [cell for cell in cells if cell < entry.cell], [cell for cell in cells if cell > entry.cell]
    others = [(cell, known[cell], f"the last count, {known[cell]} in {cell[0]}") for cell in earlier[-1:]]
    others += [(None, held[cell], f"the next count, {held[cell]} in {cell[0]}") for cell in later[:1] if held.get(cell)]
    others += [(cell, held[cell], f"what is held, {held[cell]}") for cell in [entry.cell] if held.get(cell)]
    for cell, other, words in others:
        count, far = entry.count, f"over {_TIMES} times" if entry.count > other else "under a fifth of"
        # Small counts vary by themselves.
        near = max(count, other) < settings.SMALLEST_SHOWN or other / _TIMES <= count <= other * _TIMES
        yield cell, None if near else f"{count} is {far} {words}."


def _compare_types(entries: Iterable[Entry], known: _Counts, odd: str) -> Iterator[Problem]:
    """Say where types are more than all, which is wrong, fall short of it, or were returned without it."""
    called = name_forces()
    for (quarter, name, measure), entry in {entry.cell[:3]: entry for entry in entries}.items():
        parts = {kind: known[cell] for kind in TYPES if (cell := (quarter, name, measure, kind)) in known}
        whole, added = known.get((quarter, name, measure, "all")), sum(parts.values())
        of = f"{measure} of {called.get(name, name)}"
        told = " and ".join(f"{count} {kind}" for kind, count in parts.items())
        if whole is not None and added > whole:
            text = f"{told} are more than all, {whole}, for {of} in {quarter}. Correct one of them."
            yield entry.row.problem(text, "count")
        elif whole is not None and len(parts) == len(TYPES) and added < whole:
            text = f"{told} are less than all, {whole}, for {of}. Count as other what is of no known type."
            yield entry.row.problem(text, "count", odd)
        elif parts and list_types(measure) == ("all",):
            text = f"{told} for {of}, which is asked for without types. Send one count, as all."
            yield entry.row.problem(text, "count", odd)
        elif whole is None and 0 < len(parts) < len(TYPES) and name != settings.STATEWIDE:
            text = f"{told}, and no row for all: the number of all {of} stays unknown. Send it, too."
            yield entry.row.problem(text, "count", odd)


def _compare_parts(entries: Iterable[Entry], known: _Counts) -> Iterator[Problem]:
    limits = list_limits(load_measures())
    for entry in {entry.cell: entry for entry in entries}.values():
        for pair in (pair for pair in limits if entry.measure in pair):
            part, whole = (known.get((*entry.cell[:2], measure, entry.trafficking_type)) for measure in pair)
            if part is not None and whole is not None and part > whole:
                text = f"{part} {pair[0]} are more than {whole} {pair[1]}, of which they can be a part alone, for"
                yield entry.row.problem(f"{text} {call(entry.task_force)} in {entry.quarter}. Correct one.", "count")


# the state, and all that a task force returned for a quarter


class _State(NamedTuple):
    """A measure in a quarter: its sums beside statewide counts, and the least there was, or all if that is known."""

    sums: list[tuple[str, int, bool, int]]  # of which type, of the task forces, whether of all, statewide
    least: int
    whole: bool


def _add_up(known: _Counts) -> dict[tuple[pd.Period, str], _State]:
    given: dict[tuple, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for (quarter, name, measure, kind), count in known.items():
        given[quarter, measure][name][kind] = count
    states, times = {}, read_times()
    for (quarter, measure), names in given.items():
        statewide = names.pop(settings.STATEWIDE, {})
        due = keep_reporting(times, quarter)
        sent = {name for name, kinds in names.items() if "all" in kinds or len(kinds) == len(TYPES)}
        added = sum(kinds["all"] if "all" in kinds else sum(kinds.values()) for kinds in names.values())
        sums = [("", added, due <= sent, statewide["all"])] if "all" in statewide else []
        for kind in statewide.keys() - {"all"}:
            own = {name: kinds[kind] for name, kinds in names.items() if kind in kinds}
            sums.append((f", {kind}", sum(own.values()), due <= own.keys(), statewide[kind]))
        whole = due <= sent or "all" in statewide
        states[quarter, measure] = _State(sorted(sums), statewide.get("all", added), whole)
    return states


def _look_at_states(new: Sequence[Entry], held: _Counts, known: _Counts) -> Iterator[tuple[Entry, str]]:
    states, before = _add_up(known), _add_up(held)
    first = {(entry.quarter, entry.measure): entry for entry in reversed(new)}
    for (quarter, measure), entry in first.items():
        sums, least, whole = states[quarter, measure]
        stated = load_report()[0].get((measure, quarter))
        most = max([_most_stated(measure)[0], *(each.least for (_, name), each in before.items() if name == measure)])
        for kind, added, complete, statewide in sums:
            if _differs(added, complete, statewide):
                text = f"{statewide} statewide, and the task forces’ add up to {added}. Ask which is right."
                yield entry, f"{measure}{kind}, {quarter}: {text}"
        if stated is not None and _differs(least, whole, stated):
            text = f"returns give {least}, and {stated} is published. Ask which is right."
            yield entry, f"{measure}, {quarter}: {text}"
        if most and least > _TIMES * most:
            text = f"returns give {least}, over {_TIMES} times the most known so far, {most}. Ask whether it is right."
            yield entry, f"{measure}, {quarter}: {text}"
    for measure, entry in {measure: entry for (_, measure), entry in first.items()}.items():
        if text := _compare_total(states, measure, {quarter for quarter, each in first if each == measure}):
            yield entry, text


def _differs(least: int, whole: bool, other: int) -> bool:
    """Say whether a sum, of all its parts or only of some, contradicts another number."""
    return least > other or (whole and least < other)


def _compare_total(states: Mapping[tuple, _State], measure: str, touched: set[pd.Period]) -> str | None:
    """Say that what is known of the report's two years is not what it says: more, or less where all is known."""
    stated, totals, quarters = load_report()
    if measure not in totals:
        return None
    least, whole = 0, True
    for quarter in quarters:
        state, told = states.get((quarter, measure), _State([], 0, False)), stated.get((measure, quarter))
        known = not state.whole and told is not None and told >= state.least
        least, whole = least + (told if known else state.least), whole and (known or state.whole)
    if not touched & {*quarters} or not _differs(least, whole, totals[measure]):
        return None
    told = f"{measure}: the quarters from {quarters[0]} to {quarters[-1]} add up to {least}{' or more' * (not whole)}"
    return f"{told}, and the published total is {totals[measure]}. It would no longer hold. Ask which is right."


@lru_cache
def load_report() -> tuple[dict[tuple[str, pd.Period], int], dict[str, int], list[pd.Period]]:
    """Give the counts of quarters that the 2012 report states or that correct them, its totals, and their quarters."""
    quarters, totals = map(load_corrected, TABLES)
    told = quarters.dropna(subset=["count"])
    stated = dict(zip(zip(told["measure"], told["quarter"], strict=True), told["count"], strict=True))
    return stated, dict(zip(totals["measure"], totals["count"], strict=True)), list(quarters["quarter"].unique())


def _most_stated(measure: str) -> tuple[int, str]:
    """Give the most that the report states for a quarter, or its mean, and for when; no words where it states none."""
    stated, totals, quarters = load_report()
    if counts := {quarter: count for (name, quarter), count in stated.items() if name == measure}:
        most = max(counts, key=counts.get)
        return counts[most], f"{most}, {counts[most]}"
    if measure not in totals:
        return 0, ""
    mean = totals[measure] // len(quarters)
    return mean, f"a mean quarter of the 2012 report, {mean}"


def _look_at_quarters(new: Sequence[Entry], known: _Counts) -> Iterator[tuple[Entry, str]]:
    measures, called = load_measures()["measure"].tolist(), name_forces()
    for (quarter, name), entry in {entry.cell[:2]: entry for entry in reversed(new)}.items():
        counts, before = (
            {measure: known[cell] for measure in measures if (cell := (each, name, measure, "all")) in known}
            for each in (quarter, quarter - 1)
        )
        of = f"{called.get(name, name)}, {quarter}:"
        served, identified = counts.get("victims served"), counts.get("victims identified")
        if len(counts) >= 2 and not any(counts.values()):
            yield entry, f"{of} all counts are 0. Ask whether they were reported."
        if counts == before and sum(count > 0 for count in counts.values()) >= 2:
            yield entry, f"{of} all counts equal those of the quarter before. Ask whether it was sent again."
        if served is not None and identified is not None and served < identified:
            told = f"fewer victims served ({served}) than identified ({identified})"
            yield entry, f"{of} {told}. Ask whether both are right."
