"""What task forces are asked to count: the measures, the quarters of which each is asked for, and what limits them."""

import re
from collections.abc import Iterable

import pandas as pd

from htanalysis.data import list_described, load_with_periods
from htanalysis.errors import HtanalysisError, UnknownNameError
from htanalysis.returns.disclosure import TYPES
from htanalysis.returns.records import append_record, load_records
from htanalysis.returns.register import OPEN_END, list_returned
from htanalysis.returns.written import TOTAL, is_alike

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*([ -][A-Za-z0-9]+)*", re.ASCII)
_LONGEST_NAME, _LONGEST_TEXT = 40, 300


def load_measures(as_of: str = "latest") -> pd.DataFrame:
    """Load the measures as known on a day; `asked_until` is `OPEN_END` while one is asked for."""
    measures = load_records("measures", as_of)
    return measures.assign(asked_until=measures["asked_until"].fillna(OPEN_END))


def list_types(measure: str) -> tuple[str, ...]:
    """List the trafficking types for which a measure is asked: "all" alone where types make no sense."""
    (field,) = (each for each in list_described()[-1]["schema"]["fields"] if each["name"] == "trafficking_type")
    return ("all",) if measure in field["not_asked_for"] else tuple(field["constraints"]["enum"])


def list_asked(measures: pd.DataFrame, quarters: Iterable[pd.Period]) -> dict[pd.Period, tuple[str, ...]]:
    """List the measures (of `load_measures`) of which task forces are asked for each of some quarters."""
    columns = (measures[name] for name in ("measure", "asked_from", "asked_until", "not_asked"))
    times = [(name, first, last, read_pauses(text)) for name, first, last, text in zip(*columns, strict=True)]
    return {
        quarter: tuple(
            name
            for name, first, last, pauses in times
            if first <= quarter <= last and not any(begin <= quarter <= end for begin, end in pauses)
        )
        for quarter in quarters
    }


def read_pauses(text: str | None) -> list[tuple[pd.Period, pd.Period]]:
    """Read between which quarters, the first and the last of each pause, a measure was not asked for."""
    spans = text.split("; ") if isinstance(text, str) else []
    return [tuple(pd.Period(end, "Q") for end in span.split(":")) for span in spans]


def list_limits(measures: pd.DataFrame) -> frozenset[tuple[str, str]]:
    """List which measure (of `load_measures`) cannot exceed which other, through others as well."""
    next_of = measures.dropna(subset=["at_most"]).set_index("measure")["at_most"].to_dict()
    limits = set()
    for measure in next_of:
        other = next_of[measure]
        while other and (measure, other) not in limits:
            limits.add((measure, other))
            other = next_of.get(other)
    return frozenset(limits)


def add_measure(name: str, unit: str, definition: str, first: pd.Period, at_most: str | None, as_of: str) -> str:
    """Declare a measure, and give its name as it is stored; `at_most` is a measure of which it counts a part."""
    name, unit, definition = (" ".join(text.split()) for text in (name, unit, definition))
    known = load_measures()["measure"].tolist()
    _check_name(name, known)
    for what, text, longest in (("unit", unit, _LONGEST_NAME), ("definition", definition, _LONGEST_TEXT)):
        if not text or len(text) > longest or not text.isprintable():
            raise HtanalysisError(f"The {what} has {len(text)} letters. Write 1 to {longest}, in one line.")
    if at_most is not None and at_most not in known:
        raise UnknownNameError("a measure", at_most, known)
    if first <= (last := load_with_periods("task_force_quarters")["quarter"].max()):
        raise HtanalysisError(f"{first} is a quarter of the 2012 report. Ask for a new measure from {last + 1} on.")
    row = {"as_of": as_of, "measure": name, "unit": unit, "definition": definition}
    append_record("measures", row | {"at_most": at_most, "asked_from": first})
    return name


def drop_measure(name: str, until: pd.Period | None, as_of: str, again: pd.Period | None = None) -> None:
    """Stop asking for a measure after a quarter, or after none any more; what was returned of it stays.

    It is asked for `again` from a quarter on, and not for those between; without one, for all since it was dropped.
    """
    measures = load_measures().set_index("measure")
    if name not in measures.index:
        raise UnknownNameError("a measure", name, measures.index)
    row, last = measures.loc[name], max(list_returned("measure", name), default=None)
    if until and until < row["asked_from"]:
        raise HtanalysisError(f"{name} is asked for from {row['asked_from']} on, and {until} is before.")
    if until and until < (stated := load_with_periods("task_force_quarters")["quarter"].max()):
        raise HtanalysisError(f"The 2012 report counts {name} until {stated}. Ask for it until then at the least.")
    if until and last and until < last:
        todo = f"Ask for it until {last} at the least, or withdraw these counts first"
        raise HtanalysisError(f"{name} was returned for {last}. {todo}.")
    if pd.notna(row["as_of"]) and pd.Timestamp(as_of) < row["as_of"]:
        raise HtanalysisError(f"{name} was last changed on {row['as_of'].date()}. Give that day or a later one.")
    if (until or OPEN_END) == row["asked_until"]:
        told = f"{name} is asked for {f'until {until} ' * bool(until)}already"
        raise HtanalysisError(f"{told}. htanalysis measures shows what is asked for.")
    pauses = [] if pd.isna(row["not_asked"]) else [row["not_asked"]]
    if again and again > row["asked_until"] + 1:
        pauses.append(f"{row['asked_until'] + 1}:{again - 1}")
    new = {"as_of": as_of, "measure": name, "asked_until": until, "not_asked": "; ".join(pauses) or None}
    append_record("measures", {**row, **new})


def _check_name(name: str, known: list[str]) -> None:
    if len(name) > _LONGEST_NAME or not _PLAIN.fullmatch(name):
        raise HtanalysisError(
            f'"{name[:_LONGEST_NAME]}" cannot be the name of a measure. Write up to {_LONGEST_NAME} plain letters,'
            " digits, spaces and hyphens, beginning with a letter."
        )
    if TOTAL.match(name):
        raise HtanalysisError(f'"{name}" would be taken for a total of rows. Begin it with what is counted.')
    for other in (*TYPES, "all"):
        if is_alike(name, other):
            raise HtanalysisError(f'"{name}" is, or looks like, the trafficking type {other}. Choose another name.')
    if name in known:
        raise HtanalysisError(f"{name} is a measure already. If it was dropped, use htanalysis measures resume.")
    for other in known:
        if is_alike(name, other):
            raise HtanalysisError(f'"{name}" is, or looks like, the measure {other}. Choose another name.')
