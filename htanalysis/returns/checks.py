"""Checking returns: what is wrong in files, what looks wrong, and the rows that can be stored if nothing is.

A file is checked by us and not by a general checker: those read a number such as 1_277, ignore a second sheet, and say
what a pattern demands, where staff need to know what to do.
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from htanalysis import settings
from htanalysis.returns.files import show
from htanalysis.returns.held import Entry, Versions, compare_with_held, place_period, tell_months, tell_overlaps
from htanalysis.returns.measures import load_measures, read_pauses
from htanalysis.returns.notices import tell_odd
from htanalysis.returns.records import load_records
from htanalysis.returns.register import call, find_names
from htanalysis.returns.sheets import COLUMNS, DAYS, Problem, Row, fill_as_of, read_sheet
from htanalysis.returns.template import list_allowed, list_times
from htanalysis.returns.versions import CELL, Version, add_up, choose_versions, count_months, list_versions
from htanalysis.returns.written import TOTAL, fold, read_count, read_day, suggest

_READ = ("task_force", "measure", "trafficking_type", "count", "period_start", "period_end", "as_of")
#: How a name that is right and not yet known is entered.
_ENTERED = {
    "task_force": " If it is new, or has a new name, htanalysis register enters it.",
    "measure": " If it is new, htanalysis measures declares it.",
}
#: The types of the columns that can be stored, where they are no text.
STORED = {"quarter": "period[Q-DEC]", "count": "Int64"} | dict.fromkeys(DAYS, "datetime64[s]")
_HINTED = 1000  # Once a file has this many problems, no further name is suggested: it takes long.


@dataclass(frozen=True)
class Checked:
    """The counts that are not held yet, none if there is an error, and the problems, sorted by file and row."""

    rows: pd.DataFrame
    problems: list[Problem]


def check_files(paths: Sequence[Path], held: pd.DataFrame, today: datetime.date, strict: bool = False) -> Checked:
    """Check files together, and against all versions in the store; `strict` takes what is suspicious for an error."""
    for kept in (_names, list_times, _call, _list_own_periods, _list_quarters):
        kept.cache_clear()  # What staff keep can have changed since.
    problems, entries, names = [], [], _name_files(paths)
    for path, name in zip(paths, names, strict=True):
        given, wrong = read_entries(path, name, today)
        entries += given
        problems += wrong
    versions = list_versions(held)
    new, repeated = compare_with_held(entries, versions)
    kept = {cell: choose_versions(own) for cell, own in versions.items()}
    then = _add_new(new, versions)
    before, known = _count(kept), _count(kept | then)
    latest = list(_list_latest(new, then))
    odd = "error" if strict else "notice"
    problems += [*repeated, *tell_overlaps(new, kept), *tell_months(new, kept, then)]
    problems += tell_odd(latest, before, known, odd)
    problems.sort(key=lambda problem: (names.index(problem.file), problem.row or 0))
    wrong = any(problem.severity == "error" for problem in problems)
    return Checked(_make_frame([] if wrong else new), problems)


def read_entries(path: Path, name: str, today: datetime.date) -> tuple[list[Entry], list[Problem]]:
    """Read the counts of a file, which is called `name`, and tell what is wrong with them."""
    rows, wrong = read_sheet(path, name)
    rows, told = fill_as_of(rows)
    given, more = _read_rows(name, rows, today)
    return given, [*wrong, *told, *more]


def _name_files(paths: Sequence[Path]) -> list[str]:
    """Call each file by its name, and by its folder too where two have the same."""
    times = Counter(path.name for path in paths)
    return [show(path.name if times[path.name] == 1 else f"{path.resolve().parent.name}/{path.name}") for path in paths]


# One row


def _read_rows(file: str, rows: Iterable[Row], today: datetime.date) -> tuple[list[Entry], list[Problem]]:
    entries, problems = [], []
    for row in rows:
        if told := _no_row(row):
            problems.append(told)
            continue
        before = len(problems)
        entry = Entry(row, *(_read_cell(row, column, problems) for column in _READ))
        problems += _check_days(entry, today)
        if not row.broken and all(problem.severity != "error" for problem in problems[before:]):
            entries.append(entry)
    given = [entry for entry in entries if entry.count is not None]
    if empty := len(entries) - len(given):
        rows = "1 row" if empty == 1 else f"{empty:,} rows"
        text = f"empty means not reported ({rows}). What is held for it stays as it is."
        problems.append(Problem(file, column="count", value=rows, message=text, severity="notice"))
    return given, problems


def _no_row(row: Row) -> Problem | None:
    """Say what a row is that gives no count of a task force."""
    cells = {name: text for name, text in row.cells.items() if text}
    if sum(fold(text).replace(" ", "_") == name for name, text in cells.items()) >= 3:
        return row.problem("the names of the columns are repeated. Delete the row.")
    # Of a task force, "total" as a type and "total arrests" mean a count of all.
    own = (
        ("measure", "trafficking_type")
        if "task_force" not in cells or TOTAL.fullmatch(cells.get("measure", ""))
        else ()
    )
    for column in ("task_force", "period_start", *own):
        if TOTAL.match(text := cells.get(column, "")):
            return row.problem(f'"{show(text)}" looks like a total. Delete the row; totals are computed.', column)
    if len(row.broken.union(cells)) < 3:
        return row.problem("it is no row of a return, but a note or a total. Move it out of the sheet; it is not read.")
    return None


def _read_cell(row: Row, column: str, problems: list[Problem]) -> str | int | datetime.date | None:
    text = row.cells[column]
    optional = ("count",) if row.cells["count"] or "count" in row.broken else ("count", "as_of")
    if column in row.broken or (not text and column in optional):
        return None
    if not text:
        value, told = None, f"it is empty. Write {_wanted(column)}."
    elif column == "count":
        value, told = read_count(text)
    elif column in DAYS:
        value, told = _read_day(text, tuple(row.cells[name] for name in DAYS))
    else:
        value, told = read_name(column, text, len(problems) < _HINTED)
    if told:
        problems.append(row.problem(told, column, "error" if value is None else "notice"))
    return value


#: Rows of one quarter have the same days, and few task forces.
_read_day, _call = lru_cache(maxsize=4096)(read_day), lru_cache(call)


def read_name(column: str, text: str, hinted: bool = True) -> tuple[str | None, str | None]:
    """Find the name that a text means, by itself or as another name of it."""
    names = _names(column)
    if found := names.get(fold(text)):
        same = fold(text) in (fold(found), fold(_call(found)))
        return found, None if same else f'"{show(text)}" is taken as "{_call(found)}".'
    nearest = suggest(fold(text), names) if hinted else None
    hint = f'Did you mean "{_call(nearest)}"?' if nearest else f"Write {_wanted(column)}.{_ENTERED.get(column, '')}"
    return None, f'"{show(text)}" is not a {column.replace("_", " ")}. {hint}'


def _check_days(entry: Entry, today: datetime.date) -> Iterator[Problem]:
    """Tell periods that are no quarter of their task force, and days on which their count cannot have been known."""
    start, end, as_of, problem = entry.period_start, entry.period_end, entry.as_of, entry.row.problem
    if start and end and end < start:
        yield problem(f"{end} is before the period’s start, {start}. Exchange or correct them.", "period_end")
    elif start and end and count_months(start, end) != 1 and (covered := place_period(start, end)[1]) != 1:
        what = "several quarters" if covered else "no quarter"
        todo = "Send a row for each quarter" if covered else "Correct the days, or send a row for each month"
        yield problem(f"{start} to {end} covers {what} by more than half. {todo}.", "period_end")
    elif start and end and entry.task_force:
        quarter = entry.quarter
        own = count_months(start, end) == 1 or entry.task_force in _list_own_periods()
        if when := _tell_outside(quarter, *list_times()[entry.task_force]):
            todo = "Correct it or the period; htanalysis register shows who reports."
            yield problem(f"{_call(entry.task_force)} reports {when}. {todo}", "task_force")
        elif (start, end) != (quarter.start_time.date(), quarter.end_time.date()) and not own:
            text = f"{_call(entry.task_force)}: {start} to {end} is not {quarter}, in which it counts"
            yield problem(f"{text}. Ask whether it is right.", "period_start", "notice")
        if not when and entry.measure and (asked := _tell_unasked(quarter, entry.measure)):
            yield problem(f"{entry.measure} is asked for {asked}. Correct it, or delete the row.", "measure")
    if as_of and end and as_of > today:
        yield problem(f"{as_of} is in the future. Write the day on which the count was known.", "as_of")
    elif as_of and end and as_of < end:
        yield problem(f"{as_of} is before the period’s end, {end}. Write the day on which it was known.", "as_of")


def _tell_unasked(quarter: pd.Period, measure: str) -> str | None:
    first, last, pauses = _list_quarters()[measure]
    for begin, end in pauses:
        if begin <= quarter <= end:
            return f"until {begin - 1} and again from {end + 1} on, and {quarter} is between"
    return _tell_outside(quarter, first, last)


def _tell_outside(quarter: pd.Period, first: pd.Period, last: pd.Period) -> str | None:
    if quarter < first:
        return f"from {first} on, and {quarter} is before"
    return f"until {last}, and {quarter} is after" if quarter > last else None


@lru_cache
def _list_own_periods() -> frozenset[str]:
    """List the task forces whose periods are known to differ from the quarters."""
    forces = load_records("register")
    return frozenset(forces.loc[forces["periods"].notna(), "task_force"])


def _wanted(column: str) -> str:
    if column in ("measure", "trafficking_type"):
        *names, last = list_allowed(column)
        return f"{', '.join(names)} or {last}"
    return "a day as YYYY-MM-DD" if column in DAYS else "the name as in the template"


@lru_cache
def _names(column: str) -> dict[str, str]:
    """Give each allowed name, and each other name of it, folded, with the name that is stored."""
    if column != "task_force":
        return {fold(name): name for name in list_allowed(column)}
    return find_names() | {fold(settings.STATEWIDE): settings.STATEWIDE}


@lru_cache
def _list_quarters() -> dict[str, tuple[pd.Period, pd.Period, list[tuple[pd.Period, pd.Period]]]]:
    rows = load_measures().itertuples()
    return {row.measure: (row.asked_from, row.asked_until, read_pauses(row.not_asked)) for row in rows}


# Several rows


def _add_new(new: Iterable[Entry], held: Versions) -> dict[tuple, list[Version]]:
    known: dict[tuple, list[Version]] = {}
    for entry in new:
        known.setdefault(entry.cell, [*held.get(entry.cell, ())]).append(entry.version)
    return {cell: choose_versions(versions) for cell, versions in known.items()}


def _count(kept: Versions) -> dict[tuple, int]:
    """Give the counts that versions make, but those that were withdrawn or wait for a month."""
    counts = {cell: add_up(versions).count for cell, versions in kept.items()}
    return {cell: count for cell, count in counts.items() if count is not None}


def _list_latest(new: Iterable[Entry], then: Versions) -> Iterator[Entry]:
    """List the entries that will hold; one of a month gives the count of its quarter."""
    for entry in new:
        summed, months = add_up(then[entry.cell]), count_months(entry.period_start, entry.period_end)
        if summed.count is not None and entry.version in then[entry.cell] and bool(months) == bool(summed.months):
            yield replace(entry, count=summed.count)


def _make_frame(entries: Iterable[Entry]) -> pd.DataFrame:
    columns = ["quarter", *COLUMNS]
    frame = pd.DataFrame([[getattr(entry, name) for name in columns] for entry in entries], columns=columns)
    return frame.astype(STORED).sort_values([*CELL, "as_of"], ignore_index=True)
