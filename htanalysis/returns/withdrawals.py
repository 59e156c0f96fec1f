"""Withdrawals: later versions that take counts back, each with its reason."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from htanalysis.errors import HtanalysisError
from htanalysis.returns.checks import STORED, read_entries, read_name
from htanalysis.returns.files import show
from htanalysis.returns.held import name_slot
from htanalysis.returns.register import call
from htanalysis.returns.sheets import COLUMNS
from htanalysis.returns.versions import CELL, Version, choose_versions, count_months, list_versions


def withdraw_count(held: pd.DataFrame, quarter: pd.Period, names: list[str], reason: str, day: date) -> pd.DataFrame:
    """Give the row that withdraws a count, or all months of it, from a day on; names are read as in a return."""
    read = [read_name(column, text) for column, text in zip(CELL[1:], names, strict=True)]
    if wrong := next((told for name, told in read if name is None), None):
        raise HtanalysisError(wrong)
    cell = (quarter, *(name for name, _ in read))
    kept = choose_versions(list_versions(held).get(cell, ()))
    given = [version for version in kept if not version.withdrawn]
    if not kept:
        raise HtanalysisError(f"{_name(cell)}: no count is held. htanalysis quarters lists what is.")
    if not given:
        raise HtanalysisError(f"{_name(cell)}: it was withdrawn on {kept[0].as_of} already: {kept[0].withdrawn}.")
    own = [(version.start, version.end) for version in given if not count_months(version.start, version.end)]
    start, end = own[0] if own else (quarter.start_time.date(), quarter.end_time.date())
    last = given[0]._replace(start=start, end=end, as_of=max(version.as_of for version in given))
    return _make_rows([(cell, last)], reason, day)


def withdraw_file(held: pd.DataFrame, path: Path, reason: str, day: date) -> pd.DataFrame:
    """Give the rows that withdraw, from a day on, what a file gave and no later return has replaced."""
    entries, problems = read_entries(path, show(path.name), date.today())
    if wrong := next((problem for problem in problems if problem.severity == "error"), None):
        raise HtanalysisError(str(wrong))
    kept = {cell: choose_versions(versions) for cell, versions in list_versions(held).items()}
    given = {(*name_slot(entry.cell, entry.version), entry.as_of, entry.count): entry.cell for entry in entries}
    own = ((cell, each) for cell in dict.fromkeys(given.values()) for each in kept.get(cell, ()) if not each.withdrawn)
    found = [(cell, each) for cell, each in own if (*name_slot(cell, each), each.as_of, each.count) in given]
    if not found:
        raise HtanalysisError(f"{show(path.name)}: none of its counts holds as it gives it.")
    return _make_rows(found, reason, day)


def _make_rows(found: Sequence[tuple[tuple, Version]], reason: str, day: date) -> pd.DataFrame:
    reason = " ".join(reason.split())
    if not reason or not reason.isprintable():
        raise HtanalysisError('A withdrawal needs a reason in words: --reason "it was sent for another quarter".')
    if day > date.today():
        raise HtanalysisError(f"{day} is in the future. Write the day on which the counts were withdrawn.")
    for cell, version in found:
        if day < version.as_of:
            text = f"{day} is before the count became known, {version.as_of}. Write that day or a later one."
            raise HtanalysisError(f"{_name(cell)}: {text}")
    rows = [(*cell, version.start, version.end, pd.NA, day, reason) for cell, version in found]
    frame = pd.DataFrame(rows, columns=[*CELL, "period_start", "period_end", "count", "as_of", "withdrawn"])
    return frame.astype(STORED)[["quarter", *COLUMNS, "withdrawn"]]


def _name(cell: Iterable) -> str:
    quarter, name, *rest = cell
    return f"{quarter} {', '.join([call(name), *rest])}"
