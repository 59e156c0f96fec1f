"""Which versions of a count hold: a later one replaces an earlier, a withdrawal takes it back, months are added up."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from htanalysis.wording import join_words

#: What is counted.
CELL = ["quarter", "task_force", "measure", "trafficking_type"]

_Cell = tuple[pd.Period, str, str, str]


class Version(NamedTuple):
    """A row of the store: `withdrawn` is the reason of a withdrawal, which has no count; `place` is the row's label."""

    as_of: date
    batch: int
    start: date
    end: date
    count: int | None
    withdrawn: str = ""
    place: int = -1


class Sum(NamedTuple):
    """What versions that hold add up to: `count` is None where it was withdrawn or some months are still to come.

    `least` is what it is at the least, None where nothing is held; `months` how many monthly returns it is made of.
    """

    count: int | None
    least: int | None
    months: int


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


def list_versions(rows: pd.DataFrame) -> dict[_Cell, list[Version]]:
    """List rows of the store as the versions of each count. A row that says nothing, written by hand, is none."""
    says = rows["count"].notna() | rows["withdrawn"].ne("")
    rows = rows[says].dropna(subset=["quarter", "as_of"]).sort_values(CELL, kind="stable")
    days = (rows[name].dt.date for name in ("as_of", "period_start", "period_end"))
    as_of, start, end = (column.tolist() for column in days)
    counts = [None if pd.isna(count) else int(count) for count in rows["count"]]
    columns = as_of, rows["batch"].tolist(), start, end, counts, rows["withdrawn"].tolist(), rows.index.tolist()
    found: dict[_Cell, list[Version]] = {}
    for cell, version in zip(rows[CELL].itertuples(index=False, name=None), zip(*columns, strict=True), strict=True):
        found.setdefault(cell, []).append(Version(*version))
    return found


def choose_versions(versions: Iterable[Version]) -> list[Version]:
    """Give the versions of a count that hold, of all that are known, by period; what was withdrawn is among them.

    They are the last one that is of the whole quarter, or the three months that became known after it; while a month is
    missing, the others wait beside it.
    """
    whole, months = [], {}
    for version in sorted(versions, key=_order):
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


def keep_known(held: pd.DataFrame, limit: pd.Timestamp) -> pd.DataFrame:
    """Keep the rows of the store that hold on a day: of each count the last version, or withdrawal, or its months."""
    known = list_versions(held[held["as_of"] <= limit])
    kept = held.loc[[version.place for versions in known.values() for version in choose_versions(versions)]]
    return kept.sort_values([*CELL, "period_start"])


def count_known(held: pd.DataFrame, limit: pd.Timestamp) -> pd.DataFrame:
    """Give each count that is known on a day: of the returns held, a withdrawal or months that wait among them.

    Beside the columns of `CELL` it has `count`, `low` and `months` as in `Sum`, `withdrawn` (the reason), and `batch`,
    the addition that brought it about.
    """
    rows = []
    for cell, versions in list_versions(held[held["as_of"] <= limit]).items():
        chosen = choose_versions(versions)
        reason = next((version.withdrawn for version in chosen if version.withdrawn), "")
        rows.append((*cell, *add_up(chosen), reason, max(version.batch for version in chosen)))
    table = pd.DataFrame(rows, columns=[*CELL, "count", "low", "months", "withdrawn", "batch"])
    types = {"quarter": "period[Q-DEC]", "count": "Int64", "low": "Int64", "months": "int", "batch": "int"}
    return table.astype(types | dict.fromkeys([*CELL[1:], "withdrawn"], "str"))


def list_values(held: pd.DataFrame) -> pd.DataFrame:
    """List every value that each count had, with the first `as_of` and `batch` by which it was known.

    Where the count of all types of a task force was withdrawn and its types were not, their sum is a value of it, too.
    """
    of_force: dict[tuple, dict[str, list[Version]]] = {}
    for (*force, kind), versions in list_versions(held).items():
        of_force.setdefault(tuple(force), {})[kind] = versions
    rows = [(*force, *value) for force, kinds in of_force.items() for value in dict.fromkeys(_list_states(kinds))]
    table = pd.DataFrame(rows, columns=[*CELL, "count", "as_of", "batch"])
    return table.astype({"quarter": "period[Q-DEC]", "as_of": "datetime64[us]"} | dict.fromkeys(CELL[1:], "str"))


def _list_states(kinds: dict[str, list[Version]]) -> Iterator[tuple[str, int, date, int]]:
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


def list_changes(held: pd.DataFrame) -> Iterator[tuple[_Cell, date, Sum, str]]:
    """Give what each count became, day after day, and the reason where it was withdrawn."""
    for cell, versions in list_versions(held).items():
        for day in sorted({version.as_of for version in versions}):
            chosen = choose_versions(version for version in versions if version.as_of <= day)
            yield cell, day, add_up(chosen), next((each.withdrawn for each in chosen if each.withdrawn), "")


# In words


def remark_counts(held: pd.DataFrame) -> Iterator[tuple]:
    """Tell which counts were withdrawn, wait for months or are sums of them: the columns of `CELL`, state and words."""
    for cell, versions in list_versions(held).items():
        chosen = choose_versions(versions)
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
        return f"{told} beside the return of the quarter, which counts until {missing} is, too"
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
