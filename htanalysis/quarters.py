"""Quarters: reading them, writing them for people, and the days that a period covers."""

import re
from collections.abc import Mapping

import pandas as pd

from htanalysis.data import load_with_periods
from htanalysis.errors import HtanalysisError
from htanalysis.settings import REPORT_ALONE


def is_later(quarters: pd.PeriodIndex) -> bool:
    """Say whether a period reaches beyond the quarters of the 2012 report, which are the history before it then."""
    return bool(quarters[-1] > load_with_periods("task_force_quarters")["quarter"].max())


def read_quarter(text: str) -> pd.Period:
    """Read a quarter, held or not, however it is typed; what is none is refused.

    Examples
    --------
    >>> {str(read_quarter(text)) for text in ("2012Q3", "2012q3", "2012-Q3", "2012 Q3", "Q3 2012", "3Q2012")}
    {'2012Q3'}
    """
    if not (quarter := find_quarter(text)):
        raise HtanalysisError(f'"{text}" is not a quarter. Write it as 2012Q3.')
    return quarter


def find_quarter(text: str) -> pd.Period | None:
    """Read a quarter as `read_quarter` does; nothing where the text is none."""
    turned = re.sub(r"^(?:Q([1-4])|([1-4])Q)[ /-]?([0-9]{4})$", r"\3Q\1\2", text.strip().upper())
    found = re.fullmatch(r"([0-9]{4})[ /-]?Q([1-4])", turned)
    return pd.Period(f"{found[1]}Q{found[2]}", freq="Q") if found else None


def period_label(quarters: pd.PeriodIndex) -> str:
    """Write a period for people.

    Examples
    --------
    >>> period_label(pd.PeriodIndex(["2012Q2"], freq="Q")), period_label(pd.period_range("2011Q3", "2012Q2", freq="Q"))
    ('2012Q2', '2011Q3 to 2012Q2')
    """
    return str(quarters[0]) if len(quarters) == 1 else f"{quarters[0]} to {quarters[-1]}"


def name_report(parameters: Mapping[str, str]) -> str:
    """Write for people which period a report tells of, and as of which day and under which assumptions, if not its own.

    The parameters are the report's `quarter`, the day `looked_back` to ("report" for none) if one was asked for, and
    the `scenario`.

    Examples
    --------
    >>> name_report({"quarter": "2011Q3:2012Q2", "scenario": "few-from-vice"})
    '2011Q3 to 2012Q2 assuming few-from-vice'
    >>> name_report({"quarter": "2014Q2", "looked_back": "2014-07-20"})
    '2014Q2 as known on July 20, 2014'
    """
    period, day = parameters["quarter"].replace(":", " to "), parameters.get("looked_back")
    if day:
        known = "without returns" if day == REPORT_ALONE else f"as known on {say_day(pd.Timestamp(day))}"
        period = f"{period} {known}"
    return f"{period} assuming {parameters['scenario']}" if "scenario" in parameters else period


def say_quarter(quarter: pd.Period) -> str:
    """Write a quarter as one says it.

    Examples
    --------
    >>> say_quarter(pd.Period("2012Q2"))
    'April to June 2012'
    """
    return f"{quarter.start_time:%B} to {quarter.end_time:%B %Y}"


def say_day(day: pd.Timestamp) -> str:
    """Write a day as one says it.

    Examples
    --------
    >>> say_day(pd.Timestamp("2014-07-20"))
    'July 20, 2014'
    """
    return f"{day:%B} {day.day}, {day.year}"


def count_days(frame: pd.DataFrame) -> pd.Series:
    """Count the days from `period_start` to `period_end`, both included.

    Examples
    --------
    >>> from htanalysis.data import load
    >>> int(count_days(load("penal_code_236_1")).iloc[-1])  # January 1 to September 30, 2012
    274
    """
    return (frame["period_end"] - frame["period_start"]).dt.days + 1


def relate_to_period(quarters: pd.PeriodIndex, start: pd.Timestamp, end: pd.Timestamp) -> str:
    """Say in a few words how a table's period, from its first to its last day, and the report's lie to each other.

    Examples
    --------
    >>> relate_to_period(pd.PeriodIndex(["2012Q2"], freq="Q"), pd.Timestamp("2007-01-01"), pd.Timestamp("2012-09-30"))
    'which includes 2012Q2'
    """
    first, last = quarters[0].start_time, quarters[-1].end_time.normalize()
    label = period_label(quarters)
    if start <= first and last <= end:
        return f"which includes {label}"
    if end < first or last < start:
        return f"and nothing of {label}"
    return f"and part of {label}"
