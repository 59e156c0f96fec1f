"""Services: how many of the identified victims each program can have reached, when nobody counts persons."""

import math

import pandas as pd

from htanalysis.errors import HtanalysisError, check_columns


def bound_union(counts: pd.Series) -> tuple[int, int]:
    """Bound the number of different persons on several lists that may overlap.

    Parameters
    ----------
    counts : pandas.Series
        Length of each list; one person stands at most once on one list.

    Returns
    -------
    tuple of int
        At least the longest list (all others are part of it), at most the sum (no overlap).

    Raises
    ------
    HtanalysisError
        If there is no list, or a length is missing, below 0 or not whole.

    Notes
    -----
    Formula: fewest = the longest list; most = all lists added up.

    Examples
    --------
    >>> bound_union(pd.Series([79, 156, 118, 124]))
    (156, 477)
    """
    if counts.isna().any() or not len(counts):
        raise HtanalysisError("The number of different persons needs the length of every list; one is missing.")
    if not _are_counts(counts):
        raise HtanalysisError("counts: the lengths of lists are whole numbers of 0 or more.")
    return int(counts.max()), int(counts.sum())


def bound_letters(letters: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> tuple[int, int]:
    """Bound the letters issued between two days, from counts by federal fiscal year (October to September).

    Parameters
    ----------
    letters : pandas.DataFrame
        `load("orr_letters")`.
    start, end : pandas.Timestamp
        First and last day.

    Returns
    -------
    tuple of int
        At least the letters of the years that lie within, at most those of all years that touch the period.

    Raises
    ------
    HtanalysisError
        If a year that touches the period is missing, or a count is missing, below 0 or not whole.

    Notes
    -----
    Formula: fewest = letters of the fiscal years within the time; most = letters of those that touch it.
    """
    check_columns("letters", letters, ["fiscal_year", "letters"])
    if not _are_counts(letters["letters"].dropna()):
        raise HtanalysisError("letters: the counts are whole numbers of 0 or more.")
    years = letters.groupby("fiscal_year")["letters"].sum(min_count=1)
    gaps = len(years) and len(years) <= years.index.max() - years.index.min()
    first = pd.to_datetime((years.index - 1).astype(str) + "-10-01")
    last = pd.to_datetime(years.index.astype(str) + "-09-30")
    if letters["letters"].isna().any() or gaps or not (first.min() <= start <= end <= last.max()):
        raise HtanalysisError(
            f"The letters cover {first.min().date()} to {last.max().date()}, and not all that is asked."
        )
    within, touching = (first >= start) & (last <= end), (first <= end) & (last >= start)
    return int(years[within].sum()), int(years[touching].sum())


def bound_reach(identified: int, programs: pd.DataFrame) -> pd.DataFrame:
    """Bound the part of the identified victims that each program can have reached.

    Nobody on a program's list needs to be among the identified, so the smallest share is always 0; the largest has
    every person on the list among them.

    Parameters
    ----------
    identified : int
        Victims that the task forces identified; above 0.
    programs : pandas.DataFrame
        Columns `program`, `persons_low`, `persons_high`: bounds for the number of different persons that it reached.

    Returns
    -------
    pandas.DataFrame
        The same rows with `value` (always missing), `low` (0) and `high` (at most 1) of the share, and `basis`.

    Raises
    ------
    HtanalysisError
        If nobody was identified, a column is missing, or the numbers of persons are missing, below 0 or no range.

    Notes
    -----
    Formula: most = persons on the lists at the most ÷ victims identified, no more than 1; fewest = 0.
    """
    if not identified > 0:
        raise HtanalysisError(f"{identified} victims identified: there is no share of nobody.")
    check_columns("programs", programs, ["program", "persons_low", "persons_high"])
    ends = programs[["persons_low", "persons_high"]].astype(float)
    if ends.isna().any(axis=None) or not ends.ge(0).all(axis=None) or (ends.iloc[:, 0] > ends.iloc[:, 1]).any():
        raise HtanalysisError("programs: persons_low and persons_high are needed, 0 ≤ persons_low ≤ persons_high.")
    most = (programs["persons_high"].astype(float) / identified).clip(upper=1)
    return programs.assign(value=float("nan"), low=0.0, high=most, basis="bounded")


def fewest_persons(services: int, most_per_person: int) -> int:
    """Say how many persons at least stand behind a number of services, if each is counted at most so many times.

    Notes
    -----
    Formula: services ÷ most services for one person, rounded up.

    Examples
    --------
    >>> fewest_persons(1522, 2)
    761
    """
    if not most_per_person >= 1 or most_per_person != int(most_per_person):
        raise HtanalysisError(f"most_per_person is {most_per_person}; a person is counted once or more often.")
    if not _are_counts(pd.Series([services])):
        raise HtanalysisError(f"services is {services}; it must be a whole number of 0 or more.")
    return math.ceil(services / most_per_person)


def excess_services(served: int, identified: int) -> int:
    """Say how many of the services at least went to a person already counted, or not identified by a task force.

    Notes
    -----
    Formula: services − persons identified, no less than 0.
    """
    if not _are_counts(pd.Series([served, identified])):
        raise HtanalysisError(f"served is {served} and identified {identified}; they are whole numbers of 0 or more.")
    return max(served - identified, 0)


def _are_counts(values: pd.Series) -> bool:
    """Say whether all values are whole numbers of 0 or more."""
    return bool((values.ge(0) & values.mod(1).eq(0)).fillna(False).all())
