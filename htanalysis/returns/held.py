"""How counts that were sent stand to those that are held: new, there already, contradicting, overlapping or waiting."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache

import pandas as pd

from htanalysis.returns.files import show
from htanalysis.returns.register import call
from htanalysis.returns.sheets import Problem, Row
from htanalysis.returns.versions import Version, choose_versions, count_months, tell_waiting

#: Versions by quarter, task force, measure and trafficking type: all that are known, or those that hold.
Versions = Mapping[tuple, Sequence[Version]]
_NEW = 10**9  # The number of the addition that these files may become.


@dataclass(frozen=True)
class Entry:
    """What a row says, in the order in which its problems are told; None where it is empty or could not be read."""

    row: Row
    task_force: str | None
    measure: str | None
    trafficking_type: str | None
    count: int | None
    period_start: date | None
    period_end: date | None
    as_of: date | None

    @cached_property
    def quarter(self) -> pd.Period:
        """The quarter of the period's middle day, as in the store."""
        return place_period(self.period_start, self.period_end)[0]

    @cached_property
    def cell(self) -> tuple:
        """What is counted: quarter, task force, measure and trafficking type."""
        return self.quarter, self.task_force, self.measure, self.trafficking_type

    @cached_property
    def version(self) -> Version:
        """The entry as the store would have it."""
        return Version(self.as_of, _NEW, self.period_start, self.period_end, self.count)


@lru_cache(maxsize=4096)
def place_period(start: date, end: date) -> tuple[pd.Period, int]:
    """Give the quarter of a period's middle day, and of how many it covers more than half; three stand for any more."""
    covered = 0
    for quarter in pd.period_range(start, min(end, start + timedelta(days=366)), freq="Q"):
        first, last = quarter.start_time.date(), quarter.end_time.date()
        covered += 2 * ((min(last, end) - max(first, start)).days + 1) > (last - first).days + 1
    return pd.Period(start + (end - start) / 2, freq="Q"), covered


def compare_with_held(entries: Sequence[Entry], versions: Versions) -> tuple[list[Entry], list[Problem]]:
    """Give the counts that are new, and tell those that are there or held already, or contradict what is."""
    given = ((cell, each) for cell, own in versions.items() for each in own if not each.withdrawn)
    held = {(*name_slot(cell, each), each.as_of): each for cell, each in given}
    first, new, problems, same = {}, [], [], Counter()
    for entry in entries:
        row, key = entry.row, (*name_slot(entry.cell, entry.version), entry.as_of)
        known = first.setdefault(key, entry)
        where = f"row {known.row.number}" + (f" of {known.row.file}" if known.row.file != row.file else "")
        back = find_withdrawal(entry.version, versions.get(entry.cell, ()))
        own, other = (f"{each.period_start} to {each.period_end}" for each in (entry, known))
        if own != other:
            text = f"{own} and {other}, {where}, both count in {entry.quarter}. Correct one of the periods."
            problems.append(row.problem(text, "period_start"))
        elif known is not entry and known.count == entry.count:
            problems.append(row.problem(f"it says the same as {where}.", None, "notice"))
        elif known is not entry:
            text = f"{entry.count} contradicts {where}, which gives {known.count} for the same count and day."
            problems.append(row.problem(f"{text} Delete one.", "count"))
        elif key in held and held[key][2:5] == entry.version[2:5]:
            same[row.file, back and (back.as_of, back.withdrawn)] += 1
        elif key in held:
            (start, end, number), what = held[key][2:5], "count"
            if number == entry.count:
                number, what = f"{number} for {start} to {end}", "period_start"
            text = f"{entry.count} contradicts {number}, which is held with the same as_of."
            problems.append(row.problem(f"{text} A revision needs a later as_of.", what))
        elif back and entry.as_of < back.as_of:
            text = f"this count was withdrawn on {back.as_of}: {show(back.withdrawn)}."
            problems.append(row.problem(f"{text} Write a later as_of if it is a count again.", "as_of"))
        else:
            new.append(entry)
    problems += [_tell_same(file, back, number) for (file, back), number in same.items()]
    return new, problems


def name_slot(cell: tuple, version: Version) -> tuple:
    """Name what a version replaces: an earlier one of the same month, or of the quarter, whatever its period is."""
    months = count_months(version.start, version.end)
    return *cell, (version.start, version.end) if months else None


def find_withdrawal(version: Version, known: Sequence[Version]) -> Version | None:
    """Find the withdrawal that holds of the count, or the month, that a version gives."""
    if not any(each.withdrawn for each in known):
        return None
    slots = (name_slot((), version), (None,))
    return next((each for each in choose_versions(known) if each.withdrawn and name_slot((), each) in slots), None)


def _tell_same(file: str, back: tuple[date, str] | None, number: int) -> Problem:
    counts, since = "1 count" if number == 1 else f"{number:,} counts", ""
    if back:
        since = f", and withdrawn on {back[0]}: {show(back[1])}. A later as_of makes a count again"
    return Problem(file, value=counts, message=f"held already ({counts}){since}.", severity="notice")


def tell_overlaps(new: Sequence[Entry], kept: Versions) -> Iterator[Problem]:
    """Tell periods of one task force that share days: an error in what was sent, and of months; else a notice."""
    periods: dict[tuple, dict[tuple, Row | None]] = defaultdict(dict)
    for cell, versions in kept.items():
        for each in versions:
            if not each.withdrawn:
                periods[cell[1:]][each.start, each.end] = None
    for entry in reversed(new):
        periods[entry.cell[1:]][entry.period_start, entry.period_end] = entry.row
    found = {}
    for (name, *_), rows in periods.items():
        known = sorted(rows)
        for place, one in enumerate(known):
            for two in known[place + 1 : place + 10]:
                if two[0] <= one[1] and (rows[one] or rows[two]) and not _replaces(one, two):
                    found.setdefault((name, one, two), [(one, rows[one]), (two, rows[two])])
    for (name, *_), both in found.items():
        (early, first), (late, last) = sorted(both, key=lambda item: item[1].number if item[1] else 0)
        months = count_months(*early) and count_months(*late)
        where = f"row {first.number} of {first.file}" if first else "what is held"
        todo = "Correct one of them" if first else "Ask whether both are right"
        todo = "Correct it, or withdraw what is held" if months and not first else todo
        text = f"{call(name)}: {late[0]} to {late[1]} shares days with {early[0]} to {early[1]}, {where}. {todo}."
        yield last.problem(text, "period_start", "error" if first or months else "notice")


def _replaces(one: tuple[date, date], two: tuple[date, date]) -> bool:
    """Say whether one period is a month of the quarter of which the other is: then the later return counts."""
    return bool(count_months(*one)) != bool(count_months(*two)) and place_period(*one)[0] == place_period(*two)[0]


def tell_months(new: Sequence[Entry], kept: Versions, then: Versions) -> Iterator[Problem]:
    """Tell once for each quarter of a task force for which month it waits, or that a return replaces its months."""
    told, sent = {}, {entry.cell for entry in new if count_months(entry.period_start, entry.period_end)}
    for entry in new:
        text = tell_waiting(entry.quarter, then[entry.cell])
        months = any(count_months(each.start, each.end) for each in kept.get(entry.cell, ()))
        if (months or entry.cell in sent) and not any(count_months(each.start, each.end) for each in then[entry.cell]):
            which = "are held" if months else "came with it"
            text = f"the return of {entry.quarter} replaces those of its months, which {which}"
        if text:
            told.setdefault(f"{call(entry.task_force)}: {text}.", entry.row)
    for text, row in told.items():
        yield row.problem(text, "period_start", "notice")
