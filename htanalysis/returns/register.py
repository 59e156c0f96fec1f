"""The register of task forces that the agency's staff keep: who reports from when to when, and under which names."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import pandas as pd

from htanalysis import settings
from htanalysis.data import load, load_with_periods
from htanalysis.errors import HtanalysisError, UnknownNameError
from htanalysis.returns import store
from htanalysis.returns.records import append_record, load_records
from htanalysis.returns.written import TOTAL, fold, is_alike, suggest

#: Task forces, each with the first and the last quarter that it reports.
Times = tuple[tuple[str, pd.Period, pd.Period], ...]

#: The end of a task force, or of a measure, that has none.
OPEN_END = pd.Period("9999Q4")
_LONGEST = 100


def read_times(as_of: str = "latest") -> Times:
    """List the task forces known on a day with the first and the last quarter that each reports."""
    forces = load_records("register", as_of)
    last = forces["reports_until"].fillna(OPEN_END)
    return tuple(zip(forces["task_force"], forces["reports_from"], last, strict=True))


@lru_cache(maxsize=4096)
def keep_reporting(times: Times, quarter: pd.Period) -> frozenset[str]:
    """Keep the task forces that report a quarter."""
    return frozenset(name for name, first, last in times if first <= quarter <= last)


def list_reporting(quarter: pd.Period, as_of: str = "latest") -> frozenset[str]:
    """List the task forces that report a quarter, as known on a day: by the first name of each."""
    return keep_reporting(read_times(as_of), quarter)


def name_forces(as_of: str = "latest") -> dict[str, str]:
    """Give what each task force is called on a day, by its first name."""
    forces = load_records("register", as_of)
    return dict(zip(forces["task_force"], forces["name"], strict=True))


def call(name: str) -> str:
    """Give what a task force is called now, by its first name; of all together the name is the same."""
    return name_forces().get(name, name)


def find_names() -> dict[str, str]:
    """Give the first name of each task force by every name that it had, folded; not those taken back since."""
    found = {}
    for row in load_records("register").to_dict("records"):
        found |= {fold(name): row["task_force"] for name in (*_list_others(row), row["name"], row["task_force"])}
    return found


def list_earlier() -> tuple[tuple[int, Times], ...]:
    """List who reported before each change of the register, with the last addition of returns before the change.

    The addition is missing only where a row was written by hand: it may have come after all of them.
    """
    open_ends = {"reports_until": OPEN_END, "additions": store.read_store()["batch"].max()}
    rows = load_with_periods("register").fillna(open_ends)
    known: dict[str, tuple[str, pd.Period, pd.Period]] = {}
    earlier = []
    for row in rows.itertuples():
        if pd.notna(row.as_of):
            earlier.append((row.additions, tuple(known.values())))
        known[row.task_force] = row.task_force, row.reports_from, row.reports_until
    return tuple(earlier)


def add_task_force(name: str, cells: Mapping[str, Any], also: Sequence[str], day: str) -> str:
    """Add a task force to the register, with its cells, among them when it begins, and give its name."""
    with store.locked():
        name, *others = (_read_name(each, None) for each in (name, *also))
        row = dict.fromkeys(("reports_until", "home_county", "periods")) | dict(cells)
        _append(row | {"as_of": day, "task_force": name, "name": name, "other_names": _join_others(name, others)})
    return name


def change_task_force(
    name: str, cells: Mapping[str, Any], also: Sequence[str], day: str, not_also: Sequence[str] = ()
) -> str:
    """Change cells of a task force from a day on, add or take back names that returns may use, and give its name."""
    with store.locked():
        row = _find_row(name, day)
        names = [*_list_others(row), *(_read_name(each, row["task_force"]) for each in also)]
        for wrong in not_also:
            if fold(wrong) in (fold(row["task_force"]), fold(row["name"])):
                why = "Its counts are stored under it" if fold(wrong) == fold(row["task_force"]) else "Rename it first"
                raise HtanalysisError(f'"{wrong}" cannot be taken back from {row["name"]}. {why}.')
            if fold(wrong) not in map(fold, names):
                others = f'has no other name "{wrong}", but {", ".join(names) or "none"}'
                raise HtanalysisError(f"{row['name']} {others}. htanalysis register shows them.")
            names = [each for each in names if fold(each) != fold(wrong)]
        new, end = row | cells | {"other_names": _join_others(row["name"], names)}, row["reports_until"]
        if pd.isna(new["reports_until"]) and pd.notna(end) and new["reports_from"] > end:
            told = f"{row['name']} reported until {end}. If it comes back in {new['reports_from']}"
            raise HtanalysisError(f"{told}, enter it anew under another name, with htanalysis register add.")
        if all(new[key] == row[key] or pd.isna([new[key], row[key]]).all() for key in row):
            raise HtanalysisError(f"That is what is known of {row['name']} already. htanalysis register shows it.")
        _append(new | {"as_of": day})
    return row["name"]


def rename_task_force(name: str, new: str, day: str) -> str:
    """Give a task force another name from a day on, and give the one before; it is found under both."""
    with store.locked():
        row = _find_row(name, day)
        new = _read_name(new, row["task_force"])
        if new == row["name"]:
            raise HtanalysisError(f"{new} is its name already.")
        known = _join_others(new, [*_list_others(row), row["name"]])
        _append(row | {"as_of": day, "name": new, "other_names": known})
    return row["name"]


def _append(row: Mapping[str, Any]) -> None:
    """Add a row, unless its county is none, or its quarters are in no order or leave out one that was returned."""
    name, first, last, counties = row["name"], row["reports_from"], row["reports_until"], load("counties")["county"]
    if pd.notna(row["home_county"]) and row["home_county"] not in set(counties):
        raise UnknownNameError("a county", row["home_county"], counties)
    if pd.notna(last) and last < first:
        raise HtanalysisError(f"{name} reports from {first} on, and {last} is before. Correct one of them.")
    returned = list_returned("task_force", row["task_force"])
    left = [each for each in returned if each < first], [each for each in returned if pd.notna(last) and each > last]
    if outside := left[0] + left[1]:
        todo = f"Close it with {outside[-1]} or later" if left[1] else f"Let it report from {outside[0]} or earlier on"
        told = f"{name} returned counts of {', '.join(map(str, outside))}"
        raise HtanalysisError(f"{told}. {todo}, or withdraw these counts first.")
    append_record("register", row)


def list_returned(column: str, name: str) -> list[pd.Period]:
    """List the quarters of which counts of a task force or a measure are held: the last version of each has one."""
    held = store.read_store().sort_values(["as_of", "batch"], kind="stable")
    own = held[held[column].eq(name)]
    last = own.drop_duplicates(["quarter", "task_force", "measure", "trafficking_type"], keep="last")
    return sorted(last.dropna(subset=["count"])["quarter"].unique())


def _list_others(row: Mapping[str, Any]) -> list[str]:
    return [] if pd.isna(row["other_names"]) else row["other_names"].split("; ")


def _join_others(name: str, others: Iterable[str]) -> str | None:
    """Join the other names of what is called so, each once, however it is written."""
    once = {fold(other): other for other in reversed([*others]) if fold(other) != fold(name)}
    return "; ".join(reversed(once.values())) or None


def _find_row(name: str, day: str) -> dict[str, object]:
    names = find_names()
    found = names.get(fold(name))
    if not found:
        nearest = suggest(fold(name), names)
        hint = f'Did you mean "{call(nearest)}"?' if nearest else "htanalysis register lists them."
        raise HtanalysisError(f'"{name}" is not a task force of the register. {hint}')
    row = load_records("register").set_index("task_force", drop=False).loc[found]
    if pd.Timestamp(day) < (since := row["as_of"]):
        raise HtanalysisError(f"What is known of {row['name']} holds from {since.date()} on. Give no earlier day.")
    return row.to_dict()


def _read_name(text: str, own: str | None) -> str:
    """Read a name that a task force, or one of that first name, may have."""
    name = " ".join(text.split())
    if not name or len(name) > _LONGEST or not name.isprintable() or set(name) & set('";=@+|'):
        raise HtanalysisError(f'"{name[:_LONGEST]}" cannot be a name. Write 1 to {_LONGEST} letters, none of ";=@+|.')
    if TOTAL.match(name) or fold(name) == fold(settings.STATEWIDE):
        raise HtanalysisError(f'"{name}" would be taken for all task forces together. Choose another name.')
    for written, first in find_names().items():
        if first != own and is_alike(fold(name), written):
            if fold(name) == fold(called := call(first)):
                raise HtanalysisError(f'"{name}" is in the register already. htanalysis register shows it.')
            like = "is" if fold(name) == written else "is nearly the same as"
            raise HtanalysisError(f'"{name}" {like} a name of {called}. Choose another name.')
    return name
