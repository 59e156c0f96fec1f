"""Quarters: reading them, checking that the data hold them, and the days that a period covers."""

import re
from collections.abc import Mapping

import pandas as pd

from htanalysis.datasets import load
from htanalysis.errors import HtanalysisError
from htanalysis.returns import last_quarter

_QUARTER = re.compile(r"[0-9]{4}Q[1-4]")


def held_quarters(as_of: str = "latest") -> pd.PeriodIndex:
    """List the quarters that the report or a return known on a day covers, in order.

    Parameters
    ----------
    as_of : str
        A day (YYYY-MM-DD), "latest" for all returns that are held, or "report" for none.

    Examples
    --------
    >>> str(held_quarters()[-1])
    '2012Q2'
    """
    return pd.period_range(load("task_force_quarters")["quarter"].min(), last_quarter(as_of), freq="Q")


def parse_period(text: str, as_of: str = "latest") -> pd.PeriodIndex:
    """Read a quarter, a range of quarters or the word "latest".

    Parameters
    ----------
    text : str
        "2012Q2", "2011Q3:2012Q2" (both ends included) or "latest".
    as_of : str
        As for `held_quarters`.

    Returns
    -------
    pandas.PeriodIndex
        The quarters, in order.

    Raises
    ------
    HtanalysisError
        If the text is none of these, or names a quarter that the data do not cover.

    Examples
    --------
    >>> len(parse_period("2011Q3:2012Q2"))
    4
    """
    held = held_quarters(as_of)
    if text == "latest":
        return held[-1:]
    ends = text.split(":")
    if len(ends) > 2 or not all(_QUARTER.fullmatch(end) for end in ends):
        raise HtanalysisError(f'"{text}" is not a quarter. Write it as 2012Q2, 2011Q3:2012Q2 or latest.')
    if ends[0] > ends[-1]:
        raise HtanalysisError(f'"{text}" ends before it begins. Write it as {ends[-1]}:{ends[0]}.')
    for end in ends:
        if pd.Period(end) not in held:
            raise HtanalysisError(f"{end} is not held: the data cover {held[0]} to {held[-1]}.")
    return pd.period_range(ends[0], ends[-1], freq="Q")


def read_quarter(text: str) -> pd.Period:
    """Read a quarter, held or not.

    Raises
    ------
    HtanalysisError
        If the text is none.
    """
    if not _QUARTER.fullmatch(text):
        raise HtanalysisError(f'"{text}" is not a quarter. Write it as 2012Q3.')
    return pd.Period(text, freq="Q")


def period_label(quarters: pd.PeriodIndex) -> str:
    """Write a period for people.

    Examples
    --------
    >>> period_label(parse_period("2012Q2")), period_label(parse_period("2011Q3:2012Q2"))
    ('2012Q2', '2011Q3 to 2012Q2')
    """
    return str(quarters[0]) if len(quarters) == 1 else f"{quarters[0]} to {quarters[-1]}"


def name_report(parameters: Mapping[str, str]) -> str:
    """Write for people which period a report tells of, and under which other assumptions than the notebooks' own.

    Parameters
    ----------
    parameters : mapping of str to str
        The report's `quarter` and, where it has one, the `scenario`.

    Examples
    --------
    >>> name_report({"quarter": "2011Q3:2012Q2", "scenario": "few-from-vice"})
    '2011Q3 to 2012Q2 assuming few-from-vice'
    """
    period = parameters["quarter"].replace(":", " to ")
    return f"{period} assuming {parameters['scenario']}" if "scenario" in parameters else period


def say_quarter(quarter: pd.Period) -> str:
    """Write a quarter as one says it.

    Examples
    --------
    >>> say_quarter(pd.Period("2012Q2"))
    'April to June 2012'
    """
    return f"{quarter.start_time:%B} to {quarter.end_time:%B %Y}"


def count_days(frame: pd.DataFrame) -> pd.Series:
    """Count the days from `period_start` to `period_end`, both included.

    Examples
    --------
    >>> int(count_days(load("penal_code_236_1")).iloc[-1])  # January 1 to September 30, 2012
    274
    """
    return (frame["period_end"] - frame["period_start"]).dt.days + 1


def relate_to_period(quarters: pd.PeriodIndex, start: pd.Timestamp, end: pd.Timestamp) -> str:
    """Say in a few words how a table's period and the report's period lie to each other.

    Parameters
    ----------
    quarters : pandas.PeriodIndex
        The report's period.
    start, end : pandas.Timestamp
        First and last day of the table.

    Examples
    --------
    >>> relate_to_period(parse_period("2012Q2"), pd.Timestamp("2007-01-01"), pd.Timestamp("2012-09-30"))
    'which includes 2012Q2'
    """
    first, last = quarters[0].start_time, quarters[-1].end_time.normalize()
    label = period_label(quarters)
    if start <= first and last <= end:
        return f"which includes {label}"
    if end < first or last < start:
        return f"and nothing of {label}"
    return f"and part of {label}"


def list_periods(labels: Mapping[str, str]) -> pd.DataFrame:
    """List from when to when data sets count.

    Parameters
    ----------
    labels : mapping of str to str
        Names of data sets with `period_start` and `period_end`, and what to call them.

    Returns
    -------
    pandas.DataFrame
        A row is a data set: `label`, `start` and `end` (first and last day).
    """
    frames = {label: load(name) for name, label in labels.items()}
    rows = [(label, frame["period_start"].min(), frame["period_end"].max()) for label, frame in frames.items()]
    return pd.DataFrame(rows, columns=["label", "start", "end"])
