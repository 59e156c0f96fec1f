"""Overlap: how many of the identified victims each program can have reached, when nobody counts persons."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from htanalysis.errors import HtanalysisError, UnknownNameError, check_columns
from htanalysis.intervals import HALF_PERCENT, check_share, check_total
from htanalysis.results import Amount, Column, Result, sources_of, write_formula
from htanalysis.wording import choose, number, span


def bound_union(lists: pd.DataFrame, column: str) -> Result:
    """Bound the number of different persons on lists that may overlap, from the column that holds their lengths.

    A row is a list, on which one person stands at most once; its other columns say of whom it is.

    Notes
    -----
    Formula: fewest = the longest list; most = all lists added up.
    """
    check_columns("lists", lists, [column], numbers=[column])
    lengths = lists[column]
    if lengths.isna().any() or not len(lengths):
        raise HtanalysisError("The number of different persons needs the length of every list; one is missing.")
    _check_counts(column, lengths)
    added, kinds = " + ".join(map(number, lengths)), {name: lists[name].nunique() for name in lists.columns}
    told = kinds | {"lists": len(lists), "names": lengths.sum()}
    formula = f"longest list, or all lists: fewest = {number(lengths.max())}; most = {added}"
    given = told | {"added": f"({added})"}
    source = sources_of(lists, columns=[column])
    return _bound("bound_union", (lengths.max(), lengths.sum()), "persons", formula, source, given=given)


def bound_letters(letters: pd.DataFrame, covered: pd.DataFrame) -> Result:
    """Bound the letters in the time that some rows cover, from counts by federal fiscal year (October to September).

    Notes
    -----
    Formula: fewest = letters of the fiscal years within the time; most = letters of those that touch it.
    """
    check_columns("letters", letters, ["fiscal_year", "letters"], numbers=["fiscal_year", "letters"])
    check_columns("covered", covered, ["period_start", "period_end"])
    _check_counts("letters", letters["letters"].dropna())
    start, end = covered["period_start"].min(), covered["period_end"].max()
    years = letters.groupby("fiscal_year")["letters"].sum(min_count=1)
    gaps = len(years) and len(years) <= years.index.max() - years.index.min()
    first = pd.to_datetime((years.index - 1).astype(str) + "-10-01")
    last = pd.to_datetime(years.index.astype(str) + "-09-30")
    if letters["letters"].isna().any() or gaps or not (first.min() <= start <= end <= last.max()):
        known = f"{first.min().date()} to {last.max().date()}"
        raise HtanalysisError(f"The letters cover {known}, and not all that is asked.")
    within, touching = years[(first >= start) & (last <= end)], years[(first <= end) & (last >= start)]
    formula = f"letters of the years within, or touching: fewest = {within.sum()}; most = {touching.sum()}"
    source = sources_of(letters[letters["fiscal_year"].isin(touching.index)])
    return _bound("bound_letters", (within.sum(), touching.sum()), "persons", formula, source)


def fewest_persons(services: Result, most_per_person: int | None = None) -> Result:
    """Say how many persons at least stand behind a number of services, if each is counted at most so many times.

    With no limit assumed, all services can have been one person's.

    Notes
    -----
    Formula: services ÷ most services for one person, rounded up.
    """
    total = _read_count("services", services)
    most = max(total, 1) if most_per_person is None else most_per_person
    if not most >= 1 or most != int(most):
        raise HtanalysisError(f"most_per_person is {most}; a person is counted once or more often.")
    fewest, agencies = math.ceil(total / most), f"{most} {choose(most, 'agency', 'agencies')}"
    text = "services ÷ most agencies for each person: fewest = ⌈{total} ÷ {most}⌉; most = {total}"
    holds = f"one victim is counted as served by at most {agencies}" if most_per_person else None
    given = {"agencies": agencies, "at_least": "at least " * (fewest < total)}
    formula = write_formula(text, total=total, most=most)
    return _bound("fewest_persons", (fewest, total), "persons", formula, services.source, given=given, assumption=holds)


def bound_reach(persons: Result, identified: Result) -> Result:
    """Bound the part of the identified victims that a program with so many different persons can have reached.

    Nobody on its lists needs to be among the identified, so the smallest share is 0. Of a mere count, such as one of
    cases, each is taken to be one person.

    Notes
    -----
    Formula: most = persons on the lists at the most ÷ victims identified, no more than 1; fewest = 0.
    """
    counted, total = persons.high is None, float(identified)
    fewest, most = (0, float(persons)) if counted else (persons.low, persons.high)
    if not total > 0:
        raise HtanalysisError(f"{total:g} victims identified: there is no share of nobody.")
    if not 0 <= fewest <= most:
        raise HtanalysisError(f"There are {fewest} to {most} persons; a range of 0 or more is needed.")
    names = persons.given.get("added", number(most)) if most <= total else number(total)
    ends = f"lowest = 0 ÷ {number(total)}; highest = {names} ÷ {number(total)}"
    formula = f"none, or names on all lists ÷ identified: {ends}"
    given = persons.given | {"persons_low": fewest, "persons_high": most}
    holds = f"of the {persons.unit}, each is one person" if counted else persons.assumption
    ends, source = (0, min(most / total, 1)), sources_of(persons, identified)
    return _bound("bound_reach", ends, "share", formula, source, given=given, assumption=holds)


def compare_reach(programs: Mapping[str, Result], identified: Result) -> Result:
    """Give `bound_reach` for several programs, by their names: a row of `frame` for each.

    `high` is the largest share below all. A title in braces can name a program for its persons.
    """
    found = {name: bound_reach(persons, identified) for name, persons in programs.items()}
    ends = {name: [int(each.given[f"persons_{end}"]) for end in ("low", "high")] for name, each in found.items()}
    rows = [(name, *ends[name], math.nan, each.low, each.high, each.basis) for name, each in found.items()]
    heads = {"program": "program", "persons_low": "fewest persons", "persons_high": "most persons"}
    columns = {name: Column(title, basis="row" * (name != "program")) for name, title in heads.items()}
    columns["high"] = Column("share at the most", unit="share", basis="row")
    return Result(
        basis="bounded",
        source=sources_of(*found.values()),
        low=0,
        high=max((each.high for each in found.values() if each.high < 1), default=1),
        unit="share",
        method="bound_reach",
        frame=pd.DataFrame(rows, columns=[*heads, "value", "low", "high", "basis"]),
        columns=columns | {"basis": "basis"},
        picture=("ranges", {"axis": Column("share of the victims identified", unit="share")}),
        given={name: span(*each) for name, each in ends.items()},
    )


def excess_services(served: Result, identified: Result) -> Result:
    """Say how many of the services at least went to a person already counted, or not identified by a task force.

    Notes
    -----
    Formula: services − persons identified, no less than 0.
    """
    services, persons = _read_count("served", served), _read_count("identified", identified)
    text = "services − persons identified, or all: fewest = {served} − {identified}; most = {served}"
    formula = write_formula(text, served=services, identified=min(persons, services))
    given = {"served": services, "identified": persons}
    ends, source = (max(services - persons, 0), services), sources_of(served, identified)
    return _bound("excess_services", ends, "services", formula, source, given=given)


def bound_foreign(american: Result, identified: Result) -> Result:
    """Bound the identified victims who are foreign, if the share of Americans is that of those whose origin is known.

    Notes
    -----
    Formula: fewest = 0; most = (1 − smallest share of Americans that rounds to the published one) × victims identified,
    rounded down.
    """
    share, total = float(american), _read_count("identified", identified)
    check_share("american", share)
    text = "none, or (1 − smallest share from the United States that rounds to the published one) × identified, rounded"
    ends = "fewest = 0; most = ⌊(1 − ({share} − {half})) × {total}⌋"
    formula = write_formula(f"{text} down: {ends}", share=share, half=HALF_PERCENT, total=total)
    holds = "victims whose origin is not known are as often foreign as the others, and the share held at that time"
    more = {"assumption": holds, "given": {"foreign": Amount(1 - share, "share")}}
    ends, source = (0, math.floor((1 - share + HALF_PERCENT) * total + 1e-9)), sources_of(american, identified)
    return _bound("bound_foreign", ends, "victims", formula, source, **more)


def fewest_behind_share(share: Result, above: int) -> Result:
    """Say how many cases at least stand behind a share, in whole percents, of a total known only to be above a number.

    Notes
    -----
    Formula: (total known to be exceeded + 1) × (share − half of its last digit), rounded up.
    """
    check_share("share", float(share))
    check_total("above", above)
    text = "fewest persons × smallest share that rounds to the published one"
    ends = "fewest = ⌈({above} + 1) × ({share} − {half})⌉"
    fewest = max(math.ceil((above + 1) * (float(share) - HALF_PERCENT) - 1e-9), 0)
    formula = write_formula(f"{text}: {ends}", above=above, share=float(share), half=HALF_PERCENT)
    return _bound("fewest_behind_share", (fewest, None), "victims", formula, share.source, given={"above": above})


def add_kinds(rows: pd.DataFrame, kinds: str, counts: str, titles: Mapping[str, str]) -> Result:
    """Set the counts of two kinds, of which each row is one in a year, beside each other, with their sum.

    `titles` are the heads of the year's column, first, and of each kind; `{peak}` is the year with most.
    """
    year, *names = titles
    check_columns("rows", rows, [year, kinds, counts], numbers=[counts])
    if missing := {*names} - {*rows[kinds].astype(str)}:
        raise UnknownNameError(f"in {kinds} of rows", min(missing), rows[kinds].astype(str).unique())
    wide = rows.pivot(index=year, columns=kinds, values=counts)[names].astype(int)
    both, added = wide.sum(axis=1), wide.astype("str").agg(" + ".join, axis=1)
    columns = {name: Column(title, basis="reported") for name, title in titles.items()}
    columns[year] = replace(columns[year], unit="year" if is_numeric_dtype(rows[year]) else "")
    return Result(
        basis="computed",
        source=sources_of(rows, columns=[counts]),
        low=both.min(),
        high=both.max(),
        formula=f"both = {' + '.join(map(titles.get, names))}, year by year: {', '.join(added)}",
        frame=wide.assign(both=both).reset_index(),
        columns=columns | {"both": Column("both (computed)", basis="computed")},
        given={"peak": str(both.idxmax())},
    )


def _bound(
    method: str, ends: tuple[float, float | None], unit: str, formula: str, source: tuple[str, ...], **more: Any
) -> Result:
    """Give a range, which is assumed where something is."""
    basis, (low, high) = "assumed" if more.get("assumption") else "bounded", ends
    return Result(basis=basis, method=method, low=low, high=high, unit=unit, formula=formula, source=source, **more)


def _read_count(name: str, counted: Result) -> int:
    """Give a number that must be a count."""
    _check_counts(name, pd.Series([float(counted)]))
    return int(float(counted))


def _check_counts(name: str, values: pd.Series) -> None:
    """Refuse values that are no whole numbers of 0 or more."""
    if not (values.ge(0) & values.mod(1).eq(0)).fillna(False).all():
        raise HtanalysisError(f"{name}: {values.tolist()} are not whole numbers of 0 or more.")
