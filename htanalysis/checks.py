"""Checking returns: what is wrong in a file, what looks wrong, and the rows that can be stored if nothing is.

A file is checked by us and not by a general checker: those read a number such as 1_277, ignore a second sheet, and say
what a pattern demands, where staff need to know what to do.
"""

import datetime
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from htanalysis import settings
from htanalysis.datasets import list_described, load
from htanalysis.habits import fill_as_of, read_count, read_day, suggest
from htanalysis.sheets import COLUMNS, Problem, Row, read_sheet, show
from htanalysis.suspicions import TYPES, suspect

_DAYS = ("period_start", "period_end", "as_of")
_CELL = ("quarter", "task_force", "measure", "trafficking_type")
_TOTAL = re.compile(r"(grand|state|sub|over)?[ -]*(total|sum)s?\b|all task forces|overall\b", re.IGNORECASE)
#: Once a file has this many problems, no further name is looked for among the allowed ones: it takes long.
_HINTED = 1000


@dataclass(frozen=True)
class Checked:
    """What came out of checking files.

    Attributes
    ----------
    rows : pandas.DataFrame
        The counts that are not held yet: `quarter`, `period_start`, `period_end`, `task_force`, `measure`,
        `trafficking_type`, `count` and `as_of`. Empty where there is an error.
    problems : list of Problem
        Errors and notices, by file and row.
    """

    rows: pd.DataFrame
    problems: list[Problem]


@dataclass(frozen=True)
class Entry:
    """A count of a row, read."""

    row: Row
    quarter: pd.Period
    period_start: datetime.date
    period_end: datetime.date
    task_force: str
    measure: str
    trafficking_type: str
    count: int
    as_of: datetime.date

    @property
    def cell(self) -> tuple:
        """What is counted: quarter, task force, measure and trafficking type."""
        return self.quarter, self.task_force, self.measure, self.trafficking_type


def check_files(paths: Sequence[Path], held: pd.DataFrame, today: datetime.date, strict: bool = False) -> Checked:
    """Check the files of some returns together, and against what is held.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        CSV or XLSX files.
    held : pandas.DataFrame
        `read_store`: every version that is held.
    today : datetime.date
        No return is known later.
    strict : bool
        Whether what is suspicious counts as an error.

    Returns
    -------
    Checked
        What can be stored, and what there is to tell.
    """
    problems: list[Problem] = []
    entries: list[Entry] = []
    names = _name_files(paths)
    for path, name in zip(paths, names, strict=True):
        rows, wrong = read_sheet(path, name)
        rows, told = fill_as_of(rows)
        reader = _Reader(today)
        entries += [entry for row in rows if (entry := reader.read(row))]
        problems += [*wrong, *told, *reader.problems, *reader.tell_empty(name)]
    new, more = _compare_with_held(_drop_repeated(entries, problems), held)
    before, known = _latest([], held), _latest(new, held)
    problems += [*more, *_tell_overlaps(new, held), *_check_types(new, known)]
    problems += suspect(new, before, known, _reporting_since(), "error" if strict else "notice")
    order = {name: place for place, name in reversed(list(enumerate(names)))}
    problems.sort(key=lambda problem: (order[problem.file], problem.row or 0))
    wrong = any(problem.severity == "error" for problem in problems)
    return Checked(_make_frame([] if wrong else new), problems)


def _name_files(paths: Sequence[Path]) -> list[str]:
    """Call each file by its name, and by its folder too where two have the same."""
    times = Counter(path.name for path in paths)
    return [show(path.name if times[path.name] == 1 else f"{path.parent.name}/{path.name}") for path in paths]


class _Reader:
    """Reads the rows of one file, and keeps what is wrong with them."""

    def __init__(self, today: datetime.date) -> None:
        self.today = today
        self.problems: list[Problem] = []
        self.empty = 0

    def read(self, row: Row) -> Entry | None:
        """Read a row. None where it gives no count, or not all of it can be read."""
        if told := _no_row(row):
            self.problems.append(told)
            return None
        before = len(self.problems)
        names = {name: self._name(row, name) for name in ("task_force", "measure", "trafficking_type")}
        count = self._count(row)
        empty = not row.cells["count"] and "count" not in row.broken
        start, end = self._day(row, "period_start"), self._day(row, "period_end")
        as_of = None if empty and not row.cells["as_of"] else self._day(row, "as_of")
        quarter = self._quarter(row, start, end, names["task_force"])
        if as_of and end:
            self._check_as_of(row, as_of, end)
        if row.broken or any(problem.severity == "error" for problem in self.problems[before:]):
            return None
        if empty:
            self.empty += 1
            return None
        return Entry(row, quarter, start, end, **names, count=count, as_of=as_of)

    def tell_empty(self, file: str) -> Iterator[Problem]:
        """Say how many counts were not reported."""
        if self.empty:
            words = "1 empty count was" if self.empty == 1 else f"{self.empty:,} empty counts were"
            text = f"{words} taken as not reported. What is held for them stays as it is."
            yield Problem(file, None, None, "count", None, text, "notice")

    def _tell(self, row: Row, column: str, message: str, severity: str = "error") -> None:
        self.problems.append(row.problem(column, row.cells[column], message, severity))

    def _name(self, row: Row, column: str) -> str | None:
        """Find the name that a cell means, by itself or as another name of it."""
        text = row.cells[column]
        if column in row.broken:
            return None
        if not text:
            self._tell(row, column, f"it is empty. Write {_wanted(column)}.")
            return None
        names = _names(column)
        found = names.get(_fold(text))
        if found is None:
            nearest = suggest(_fold(text), names) if len(self.problems) < _HINTED else None
            hint = f'Did you mean "{nearest}"?' if nearest else f"Write {_wanted(column)}."
            self._tell(row, column, f'"{show(text)}" is not a {column.replace("_", " ")}. {hint}')
        elif _fold(text) != _fold(found):
            self._tell(row, column, f'"{show(text)}" is taken as "{found}".', "notice")
        return found

    def _count(self, row: Row) -> int | None:
        text = row.cells["count"]
        if not text or "count" in row.broken:
            return None
        number, told = read_count(text)
        if told:
            self._tell(row, "count", told, "error" if number is None else "notice")
        return number

    def _day(self, row: Row, column: str) -> datetime.date | None:
        text = row.cells[column]
        if column in row.broken:
            return None
        if not text:
            self._tell(row, column, "it is empty. Write a day as YYYY-MM-DD.")
            return None
        day, told = read_day(text, [row.cells[name] for name in _DAYS])
        if told:
            self._tell(row, column, told, "error" if day is None else "notice")
        return day

    def _quarter(
        self, row: Row, start: datetime.date | None, end: datetime.date | None, name: str | None
    ) -> pd.Period | None:
        if not start or not end:
            return None
        if end < start:
            self._tell(row, "period_end", f"{end} is before the period’s start, {start}. Exchange or correct them.")
            return None
        covered = _covered(start, end)
        if len(covered) != 1:
            what = "several quarters" if covered else "no quarter"
            todo = "Send a row for each quarter" if covered else "Correct the days"
            self._tell(row, "period_end", f"{start} to {end} covers {what} by more than half. {todo}.")
            return None
        quarter = _middle(start, end)
        since = _reporting_since().get(name) if name else None
        if since and quarter < since:
            text = f"{name} reports from {since} on, and {quarter} is before. Correct the task force or the period."
            self._tell(row, "task_force", text)
        return quarter

    def _check_as_of(self, row: Row, as_of: datetime.date, end: datetime.date) -> None:
        if as_of > self.today:
            self._tell(row, "as_of", f"{as_of} is in the future. Write the day on which the count was known.")
        elif as_of < end:
            self._tell(row, "as_of", f"{as_of} is before the period’s end, {end}. Write the day on which it was known.")


# One row


def _no_row(row: Row) -> Problem | None:
    """Say what a row is that gives no count of a task force."""
    cells = {name: text for name, text in row.cells.items() if text}
    if sum(_fold(text).replace(" ", "_") == name for name, text in cells.items()) >= 3:
        return row.problem(None, None, "the names of the columns are repeated. Delete the row.")
    for column in ("task_force", "measure", "trafficking_type", "period_start"):
        text = cells.get(column, "")
        if _TOTAL.match(text):
            return row.problem(column, text, f'"{show(text)}" looks like a total. Delete the row; totals are computed.')
    if len(row.broken.union(cells)) < 3:
        text = "it is no row of a return, but a note or a total. Move it out of the sheet; it is not read."
        return row.problem(None, None, text)
    return None


@lru_cache(maxsize=4096)
def _covered(start: datetime.date, end: datetime.date) -> tuple[pd.Period, ...]:
    """List the quarters of which a period covers more than half the days; three stand for any more."""
    quarters = pd.period_range(start, min(end, start + datetime.timedelta(days=366)), freq="Q")
    return tuple(quarter for quarter in quarters if _is_covered(quarter, start, end))


@lru_cache(maxsize=4096)
def _middle(start: datetime.date, end: datetime.date) -> pd.Period:
    """Give the quarter as the store does; of 46 days in each of two, more than half may be of the other one."""
    return pd.Period(start + (end - start) / 2, freq="Q")


def _is_covered(quarter: pd.Period, start: datetime.date, end: datetime.date) -> bool:
    first, last = quarter.start_time.date(), quarter.end_time.date()
    inside = (min(last, end) - max(first, start)).days + 1
    return 2 * inside > (last - first).days + 1


@lru_cache(maxsize=65536)
def _fold(text: str) -> str:
    """Make alike what differs in case, spaces and the form of quotes and dashes."""
    plain = text.translate({0x2019: "'", 0x2018: "'", 0x2013: "-", 0x2014: "-", 0x2010: "-", 0x2011: "-"})
    return " ".join(plain.casefold().split())


def _wanted(column: str) -> str:
    if column == "task_force":
        return f"the name as in the template, or {settings.STATEWIDE}"
    *names, last = _allowed(column)
    return f"{', '.join(names)} or {last}"


@lru_cache
def _allowed(column: str) -> tuple[str, ...]:
    fields = {field["name"]: field for field in list_described()[-1]["schema"]["fields"]}
    return tuple(fields[column]["constraints"]["enum"])


@lru_cache
def _names(column: str) -> dict[str, str]:
    """Give each allowed name, and each other name of it, folded, with the name that is stored."""
    if column != "task_force":
        return {_fold(name): name for name in _allowed(column)}
    aliases = load("aliases")
    aliases = aliases[aliases["kind"].eq("task force")]
    others = {_fold(row.alias): row.name_ for row in aliases.rename(columns={"name": "name_"}).itertuples()}
    return others | {_fold(name): name for name in (*load("task_forces")["task_force"], settings.STATEWIDE)}


@lru_cache
def _reporting_since() -> dict[str, pd.Period]:
    forces = load("task_forces")
    since = dict(zip(forces["task_force"], pd.PeriodIndex(forces["reports_from"], freq="Q"), strict=True))
    return since | {settings.STATEWIDE: min(since.values())}


# Several rows


def _drop_repeated(entries: Sequence[Entry], problems: list[Problem]) -> list[Entry]:
    """Keep the first of rows that give the same count of the same day, and tell the others."""
    first: dict[tuple, Entry] = {}
    for entry in entries:
        known = first.setdefault((*entry.cell, entry.as_of), entry)
        if known is entry:
            continue
        where = f"row {known.row.number}" + (f" of {known.row.file}" if known.row.file != entry.row.file else "")
        if known.count == entry.count:
            problems.append(entry.row.problem(None, None, f"it says the same as {where}.", "notice"))
        else:
            text = (
                f"{entry.count} contradicts {where}, which gives {known.count} for the same count and day. Delete one."
            )
            problems.append(entry.row.problem("count", str(entry.count), text))
    return list(first.values())


def _compare_with_held(entries: Sequence[Entry], held: pd.DataFrame) -> tuple[list[Entry], list[Problem]]:
    """Part the counts into those that are new, and those that are held already or contradict what is."""
    keys = zip(*(held[name] for name in _CELL), held["as_of"].dt.date, strict=True)
    # A row written by hand may give no count: nothing contradicts it.
    counts = {key: count for key, count in zip(keys, held["count"], strict=True) if pd.notna(count)}
    new, problems, same = [], [], Counter()
    for entry in entries:
        known = counts.get((*entry.cell, entry.as_of))
        if known is None:
            new.append(entry)
        elif known == entry.count:
            same[entry.row.file] += 1
        else:
            text = (
                f"{entry.count} contradicts {known}, which is held with the same as_of. A revision needs a later as_of."
            )
            problems.append(entry.row.problem("count", str(entry.count), text))
    for file, number in same.items():
        words = "1 count is" if number == 1 else f"{number:,} counts are"
        problems.append(Problem(file, None, None, None, None, f"{words} held already.", "notice"))
    return new, problems


def _latest(new: Sequence[Entry], held: pd.DataFrame) -> dict[tuple, int]:
    """Give the last version of each count, held or new."""
    keys = zip(*(held[name] for name in _CELL), strict=True)
    rows = list(zip(keys, held["as_of"].dt.date, held["count"], strict=True))
    rows += [(entry.cell, entry.as_of, entry.count) for entry in new]
    rows.sort(key=lambda row: row[1])
    return {cell: int(count) for cell, _, count in rows if pd.notna(count)}


def _check_types(new: Sequence[Entry], known: Mapping[tuple, int]) -> Iterator[Problem]:
    """Refuse types that add up to more than all."""
    last = {(entry.quarter, entry.task_force, entry.measure): entry for entry in new}
    for (quarter, name, measure), entry in last.items():
        whole = known.get((quarter, name, measure, "all"))
        parts = {kind: known[cell] for kind in TYPES if (cell := (quarter, name, measure, kind)) in known}
        if whole is not None and sum(parts.values()) > whole:
            told = " and ".join(f"{count} {kind}" for kind, count in parts.items())
            text = f"{told} are more than all, {whole}, for {measure} of {name} in {quarter}. Correct one of them."
            yield entry.row.problem("count", str(entry.count), text)


def _tell_overlaps(new: Sequence[Entry], held: pd.DataFrame) -> Iterator[Problem]:
    """Tell periods of one task force that share days: an error in what was sent, a notice against what is held."""
    names = ("task_force", "measure", "trafficking_type")
    periods: dict[tuple, dict[tuple, Entry | None]] = defaultdict(dict)
    for row in held.drop_duplicates([*names, "period_start", "period_end"]).itertuples():
        place = tuple(getattr(row, name) for name in names)
        periods[place][row.period_start.date(), row.period_end.date()] = None
    for entry in reversed(new):
        place = tuple(getattr(entry, name) for name in names)
        periods[place][entry.period_start, entry.period_end] = entry
    told = set()
    for (name, *_), known in periods.items():
        for one, two in _find_overlaps(sorted(known)):
            if (name, one, two) not in told and (known[one] or known[two]):
                told.add((name, one, two))
                yield _tell_overlap(name, {one: known[one], two: known[two]})


def _find_overlaps(periods: Sequence[tuple]) -> Iterator[tuple]:
    """Find periods, sorted by their start, that share days; each with a few that follow it."""
    for place, one in enumerate(periods):
        yield from ((one, two) for two in periods[place + 1 : place + 10] if two[0] <= one[1])


def _tell_overlap(name: str, periods: Mapping[tuple, Entry | None]) -> Problem:
    (early, first), (late, last) = sorted(periods.items(), key=lambda item: item[1] is not None and item[1].row.number)
    where = f"row {first.row.number} of {first.row.file}" if first else "what is held"
    text = f"{name}: {late[0]} to {late[1]} shares days with {early[0]} to {early[1]}, {where}"
    todo = "Correct one of them" if first else "Ask whether both are right"
    return last.row.problem("period_start", None, f"{text}. {todo}.", "error" if first else "notice")


def _make_frame(entries: Iterable[Entry]) -> pd.DataFrame:
    columns = ["quarter", *COLUMNS]
    frame = pd.DataFrame([[getattr(entry, name) for name in columns] for entry in entries], columns=columns)
    for day in ("period_start", "period_end", "as_of"):
        frame[day] = pd.to_datetime(frame[day])
    frame["quarter"] = pd.PeriodIndex(frame["quarter"], freq="Q")
    return frame.astype({"count": "Int64"}).sort_values([*_CELL, "as_of"], ignore_index=True)
