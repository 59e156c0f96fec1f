"""Which versions of a count hold: a later one replaces an earlier, a withdrawal takes it back, months are added up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from htanalysis.wording import join_words

#: What is counted.
CELL = ["quarter", "task_force", "measure", "trafficking_type"]


class Version(NamedTuple):
    """A row of the store: `withdrawn` is the reason of a withdrawal, which has no count; `place` is the row's label."""

    as_of: date
    batch: int
    start: date
    end: date
    count: int | None
    withdrawn: str = ""
    place: int = -1


#: The versions of each count.
Versions = Mapping[tuple[pd.Period, str, str, str], Sequence[Version]]


class Sum(NamedTuple):
    """What versions that hold add up to: `count` is None where it was withdrawn or some months are still to come.

    `least` is what it is at the least, None where nothing is held; `months` how many monthly returns it is made of.
    """

    count: int | None
    least: int | None
    months: int


class Known(NamedTuple):
    """A count that is known: `count`, `least` and `months` as in `Sum`, and the addition that brought it about."""

    quarter: pd.Period
    task_force: str
    measure: str
    trafficking_type: str
    count: int | None
    least: int | None
    months: int
    withdrawn: str
    batch: int


class Value(NamedTuple):
    """A value that a count had, and by which day and addition it was known first."""

    quarter: pd.Period
    task_force: str
    measure: str
    trafficking_type: str
    count: int
    as_of: date
    batch: int


@lru_cache(maxsize=4096)
def count_months(start: date, end: date) -> int:
    """Give how many months, one or two from any day of a month on, a period is; 0 if it is no part of a quarter.

    Examples
    --------
    >>> count_months(date(2013, 1, 16), date(2013, 2, 15)), count_months(date(2013, 1, 1), date(2013, 3, 31))
    (1, 0)
    """
    after = end + timedelta(days=1)
    months = 12 * (after.year - start.year) + after.month - start.month
    return months if after.day == start.day and months in (1, 2) else 0


def list_versions(rows: pd.DataFrame) -> Versions:
    """List rows of the store as the versions of each count. A row that says nothing, written by hand, is none."""
    says = rows["count"].notna() | rows["withdrawn"].ne("")
    rows = rows[says].dropna(subset=["quarter", "as_of"]).sort_values(CELL, kind="stable")
    days = (rows[name].dt.date for name in ("as_of", "period_start", "period_end"))
    as_of, start, end = (column.tolist() for column in days)
    counts = [None if pd.isna(count) else int(count) for count in rows["count"]]
    columns = as_of, rows["batch"].tolist(), start, end, counts, rows["withdrawn"].tolist(), rows.index.tolist()
    found: dict[tuple, list[Version]] = {}
    for cell, version in zip(rows[CELL].itertuples(index=False, name=None), zip(*columns, strict=True), strict=True):
        found.setdefault(cell, []).append(Version(*version))
    return found


def keep_until(versions: Versions, limit: pd.Timestamp) -> Versions:
    """Keep the versions that were known on a day."""
    day = limit.date()
    known = {cell: [version for version in own if version.as_of <= day] for cell, own in versions.items()}
    return {cell: own for cell, own in known.items() if own}


def choose_versions(versions: Iterable[Version]) -> list[Version]:
    """Give the versions of a count that hold, of all that are known, by period; what was withdrawn is among them.

    They are the last one that is of the whole quarter, or the three months that became known after it; while a month is
    missing, the others wait beside it.
    """
    ordered = sorted(versions, key=_order)
    if len(ordered) == 1:
        return ordered
    whole, months = [], {}
    for version in ordered:
        if count_months(version.start, version.end):
            months[version.start, version.end] = version
        else:
            whole, months = [version], {}
    parts = [version for _, version in sorted(months.items())]
    given = [version for version in parts if not version.withdrawn]
    return given if _make_quarter(given) else [*whole, *parts]


def _order(version: Version) -> tuple:
    """Put the return of a whole quarter behind the months that came with it."""
    return version.as_of, version.batch, not count_months(version.start, version.end)


def _make_quarter(months: Sequence[Version]) -> bool:
    follow = all(one.end + timedelta(days=1) == two.start for one, two in pairwise(months))
    return follow and sum(count_months(month.start, month.end) for month in months) == 3


def add_up(chosen: Iterable[Version]) -> Sum:
    """Add up the versions of a count that hold."""
    given = [version for version in chosen if not version.withdrawn]
    for version in given:
        if not count_months(version.start, version.end):  # Months that came after it wait beside it.
            return Sum(version.count, version.count, 0)
    least = sum(version.count for version in given) if given else None
    return Sum(least if _make_quarter(given) else None, least, len(given))


def count_known(versions: Versions) -> list[Known]:
    """Give each count of the returns, a withdrawal or months that wait among them."""
    chosen = {cell: choose_versions(own) for cell, own in versions.items()}
    return [
        Known(*cell, *add_up(own), _tell_withdrawal(own), max(version.batch for version in own))
        for cell, own in chosen.items()
    ]


def _tell_withdrawal(chosen: Iterable[Version]) -> str:
    """Give the reason of the first version that is a withdrawal; nothing if none is."""
    return next((version.withdrawn for version in chosen if version.withdrawn), "")


def list_values(versions: Versions) -> Iterator[Value]:
    """List every value that each count had.

    Where the count of all types of a task force was withdrawn and its types were not, their sum is a value of it, too.
    """
    of_force: dict[tuple, dict[str, Sequence[Version]]] = {}
    for (*force, kind), own in versions.items():
        of_force.setdefault(tuple(force), {})[kind] = own
    for force, kinds in of_force.items():
        yield from (Value(*force, *value) for value in dict.fromkeys(_list_states(kinds)))


def _list_states(kinds: Mapping[str, Sequence[Version]]) -> Iterator[tuple[str, int, date, int]]:
    """List the values of a task force's counts by type, each with the day and the addition by which it was known."""
    every = [version for versions in kinds.values() for version in versions]
    if not any(version.withdrawn or count_months(version.start, version.end) for version in every):
        yield from ((kind, each.count, each.as_of, each.batch) for kind, own in kinds.items() for each in own)
        return
    for batch in sorted({version.batch for version in every}):
        for day in sorted({version.as_of for version in every if version.batch <= batch}):
            chosen = {
                kind: choose_versions(each for each in own if each.batch <= batch and each.as_of <= day)
                for kind, own in kinds.items()
            }
            counts = {kind: add_up(own).count for kind, own in chosen.items()}
            values = {kind: (count, chosen[kind]) for kind, count in counts.items() if count is not None}
            types = [values[kind] for kind in values if kind != "all"]
            if chosen.get("all") and "all" not in values and len(types) == 3:
                values["all"] = sum(count for count, _ in types), [each for own in chosen.values() for each in own]
            for kind, (count, own) in values.items():
                yield kind, count, max(each.as_of for each in own), max(each.batch for each in own)


def list_changes(versions: Versions) -> Iterator[tuple[tuple, date, Sum, str]]:
    """Give what each count became, day after day, and the reason where it was withdrawn."""
    for cell, own in versions.items():
        for day in sorted({version.as_of for version in own}):
            chosen = choose_versions(version for version in own if version.as_of <= day)
            yield cell, day, add_up(chosen), _tell_withdrawal(chosen)


# In words


def remark_counts(versions: Versions) -> Iterator[tuple]:
    """Tell which counts were withdrawn, wait for months or are sums of them: the columns of `CELL`, state and words."""
    for cell, own in versions.items():
        chosen = choose_versions(own)
        for each in chosen:
            if each.withdrawn:
                yield *cell, "withdrawn", f"withdrawn on {each.as_of}: {each.withdrawn}"
        if waiting := tell_waiting(cell[0], chosen):
            yield *cell, "waits", waiting
        elif add_up(chosen).months:
            yield *cell, "summed", f"sum of monthly returns: {' + '.join(str(each.count) for each in chosen)}"


def tell_waiting(quarter: pd.Period, chosen: Sequence[Version]) -> str:
    """Say for which months a count waits, of the versions of it that hold; nothing if it waits for none."""
    whole = [each for each in chosen if not count_months(each.start, each.end)]
    months = [each for each in chosen if each not in whole and not each.withdrawn]
    if not months or _make_quarter(months):
        return ""
    number, missing = sum(count_months(each.start, each.end) for each in months), _list_missing(quarter, months)
    told = f"{number} of 3 months of {quarter} {'is' if number == 1 else 'are'} held"
    if whole and not whole[0].withdrawn:
        return f"{told} beside the return of the quarter, which counts until the rest, {missing}, is held"
    return f"{told}; the count waits for {missing}"


def _list_missing(quarter: pd.Period, months: Sequence[Version]) -> str:
    """Name the months of a quarter that are not held, which begin on the same day of a month."""
    first, missing = pd.Timestamp(months[0].start), []
    for place in range(-2, 3):
        start = first + pd.DateOffset(months=place)
        end = first + pd.DateOffset(months=place + 1) - pd.Timedelta(days=1)
        held = any(start.date() <= each.end and each.start <= end.date() for each in months)
        if not held and pd.Period(start + (end - start) / 2, freq="Q") == quarter:
            missing.append(f"{start:%B %Y}" if start.day == 1 else f"{start.date()} to {end.date()}")
    return join_words(missing) if missing else "months that follow each other"
