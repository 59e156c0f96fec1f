"""Counts over unequal times: exact rates, exact ratios, and the convictions that are still to come."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from htanalysis import settings
from htanalysis.errors import HtanalysisError, UnknownNameError, check_columns, check_confidence
from htanalysis.periods import count_days

#: Mean length of a month in days, so that nine months and twelve can be compared.
DAYS_PER_MONTH = 365.25 / 12

#: How much of the probability of what was observed each method counts in a tail.
_OBSERVED = {"exact": 1.0, "mid-P": 0.5}


@dataclass(frozen=True)
class RateRatio:
    """How many times as high one rate is as another, with its exact interval and p-value.

    Attributes
    ----------
    ratio, low, high : float
        The ratio and the ends of its interval; `high` is infinite where the second count is 0.
    p_value : float
        Two-sided p-value of equal rates, from the same distribution and by the same method as the interval.
    method : str
        "exact" or "mid-P".
    """

    ratio: float
    low: float
    high: float
    p_value: float
    method: str = "exact"


def poisson_interval(count: int, confidence: float = settings.CONFIDENCE) -> tuple[float, float]:
    """Give the exact interval for the mean of a Poisson count.

    Parameters
    ----------
    count : int
        What was counted; 0 or more.
    confidence : float
        Confidence level.

    Returns
    -------
    tuple of float
        Lower and upper limit.

    References
    ----------
    F. Garwood (1936), Fiducial limits for the Poisson distribution, Biometrika 28, 437-442.

    Examples
    --------
    >>> tuple(round(limit, 2) for limit in poisson_interval(10))
    (4.8, 18.39)
    """
    check_confidence("confidence", confidence)
    if not _is_count(count):
        raise HtanalysisError(f"count is {count}; it must be a whole number of 0 or more.")
    tail = (1 - confidence) / 2
    low = stats.chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    return float(low), float(stats.chi2.isf(tail, 2 * count + 2) / 2)


def binomial_interval(count: int, total: int, confidence: float = settings.CONFIDENCE) -> tuple[float, float]:
    """Give the exact interval for a share, from the cases that have it and all.

    Assumes independent cases.

    Parameters
    ----------
    count, total : int
        Cases that have it, and all: 1 or more.
    confidence : float
        Confidence level.

    Returns
    -------
    tuple of float
        Lower and upper limit (fractions).

    Raises
    ------
    HtanalysisError
        If the counts are not whole, below 0 or more than all, or the confidence is no fraction.

    Notes
    -----
    Formula: the shares at which as many cases or more, or as many or fewer, have a probability of (1 − confidence) ÷ 2.

    References
    ----------
    C. J. Clopper and E. S. Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the
    binomial, Biometrika 26, 404-413.

    Examples
    --------
    >>> tuple(round(limit, 3) for limit in binomial_interval(52, 113))
    (0.366, 0.556)
    """
    check_confidence("confidence", confidence)
    if not _is_count(count) or not _is_count(total) or count > total or not total:
        raise HtanalysisError(f"count is {count} and total {total}; they must be whole, and 0 ≤ count ≤ total > 0.")
    return _binomial_limits(int(count), int(total), (1 - confidence) / 2, _OBSERVED["exact"])


def compare_rates(
    count: int,
    days: float,
    base_count: int,
    base_days: float,
    confidence: float = settings.CONFIDENCE,
    method: str = "exact",
) -> RateRatio:
    """Compare two Poisson rates by the exact conditional method.

    Given the sum of both counts, the first one is binomial. "exact" inverts its two tails (Clopper and Pearson), so
    that the interval covers at least as often as it says. "mid-P" counts half of what was observed in each tail: the
    interval is shorter, and covers about as often as it says. The p-value is twice the smaller of the same tails.
    Assumes that events occur independently and at a constant rate within each period.

    Parameters
    ----------
    count, base_count : int
        Events in the two periods; not both 0.
    days, base_days : float
        Length of the two periods, in the same unit.
    confidence : float
        Confidence level of the interval.
    method : str
        "exact" or "mid-P".

    Returns
    -------
    RateRatio
        The first rate divided by the second.

    Raises
    ------
    HtanalysisError
        If both counts are 0, a count is negative, a period is empty, the confidence is no fraction or the method is
        another.

    Notes
    -----
    Formula: (first count ÷ its days) ÷ (second count ÷ its days). The limits of the first count's binomial part p
    of both, as p ÷ (1 − p) × second days ÷ first days, are those of the ratio.

    References
    ----------
    J. Przyborowski and H. Wilenski (1940), Homogeneity of results in testing samples from Poisson series,
    Biometrika 31, 313-323. H. O. Lancaster (1961), Significance tests in discrete distributions, Journal of the
    American Statistical Association 56, 223-234 (mid-P).

    Examples
    --------
    >>> result = compare_rates(11, 800, 21, 3011)
    >>> round(result.ratio, 3), round(result.low, 3), round(result.high, 3)
    (1.971, 0.858, 4.277)
    """
    check_confidence("confidence", confidence)
    whole = _is_count(count) and _is_count(base_count)
    if not whole or count + base_count == 0 or not days > 0 or not base_days > 0:
        raise HtanalysisError(
            f"No ratio of {count} in {days} to {base_count} in {base_days}: whole counts are needed, not"
            " below 0 and not both 0, and times above 0."
        )
    if method not in _OBSERVED:
        raise UnknownNameError("a method", method, _OBSERVED)
    count, total = int(count), int(count) + int(base_count)
    low, high = _binomial_limits(count, total, (1 - confidence) / 2, _OBSERVED[method])
    null = days / (days + base_days)
    scale = base_days / days
    return RateRatio(
        ratio=scale * count / base_count if base_count else float("inf"),
        low=scale * low / (1 - low),
        high=scale * high / (1 - high) if high < 1 else float("inf"),
        p_value=min(1.0, 2 * min(_binomial_tails(count, total, null, _OBSERVED[method]))),
        method=method,
    )


def rate_by_year(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Turn yearly counts into counts a month, with exact intervals, so that a part of a year can stand beside years.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `year`, `period_start`, `period_end` and the counted column.
    column : str
        The column to turn into a rate.

    Returns
    -------
    pandas.DataFrame
        A row is a year: `year`, `days`, `count`, `per_month`, `low`, `high` (per month of 30.4 days) and `partial`
        (whether the year is not covered whole).

    Raises
    ------
    HtanalysisError
        If a column is missing, a count is missing, negative or not whole, or a period ends before it begins.

    Notes
    -----
    Formula: count ÷ (days ÷ 30.4375), where 30.4375 days are a mean month; the exact Poisson limits of the count
    are divided alike.
    """
    days = _check_years(table, column)
    limits = [poisson_interval(int(count)) for count in table[column]]
    months = days / DAYS_PER_MONTH
    return pd.DataFrame(
        {
            "year": table["year"],
            "days": days,
            "count": table[column],
            "per_month": table[column].astype(float) / months,
            "low": [low for low, _ in limits] / months,
            "high": [high for _, high in limits] / months,
            "partial": days < 365 + table["period_start"].dt.is_leap_year,
        }
    )


def compare_last_years(table: pd.DataFrame, column: str, method: str = "exact") -> RateRatio:
    """Compare the rate of a table's last year with that of the year before (see `compare_rates`)."""
    before, last = _last_two(table, column)
    return compare_rates(last[column], last["days"], before[column], before["days"], method=method)


def expect_at_pace(table: pd.DataFrame, column: str) -> float:
    """Say how many events the last, partial year would have if it kept the pace of the year before.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `year`, `period_start`, `period_end` and the counted column.
    column : str
        What is counted.

    Returns
    -------
    float
        The earlier year's count, for as many days as the last year covers.

    Notes
    -----
    Formula: count of the earlier year × days of the last year ÷ days of the earlier year.
    """
    before, last = _last_two(table, column)
    return float(before[column] * last["days"] / before["days"])


def project_convictions(table: pd.DataFrame, settled_until: int) -> pd.DataFrame:
    """Say how many convictions recent arrests would have if they came to the ratio of an earlier year.

    Convictions are dated by arrest, so recent years are incomplete. The years up to `settled_until` are taken as
    complete. A few dozen arrests tell a year's ratio of convictions to arrests only roughly, so each ratio has its
    exact binomial limits; the lowest and the highest of all are the range for the others. Assumes that the courts treat
    later arrests no better and no worse than they treated those of one of the settled years, that arrests end
    independently of each other, and that a conviction belongs to one arrest.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `year`, `arrests`, `convictions`, as `load("penal_code_236_1")`.
    settled_until : int
        Last year of arrest whose cases are taken as decided.

    Returns
    -------
    pandas.DataFrame
        A row is a year: `year`, `arrests`, `convictions`, `ratio`, `ratio_low`, `ratio_high` (its exact limits; missing
        for years that are not settled), `low`, `high` (convictions expected in the end; never below those already
        reported) and `basis` ("reported" for settled years, "assumed" for the others).

    Raises
    ------
    HtanalysisError
        If no year or every year is settled, a year stands twice, a count is missing or negative, a year has more
        convictions than arrests, or a settled year has no arrest.

    Notes
    -----
    Formula: arrests of each later year × the lowest, or highest, exact binomial limit of the settled years’ ratios of
    convictions to arrests, and no less than the convictions so far.
    """
    check_columns("table", table, ["year", "arrests", "convictions"])
    _check_outcomes(table)
    settled = table["year"] <= settled_until
    if not settled.any() or settled.all():
        years = f"{table['year'].min()} to {table['year'].max()}"
        raise HtanalysisError(f"settled_until is {settled_until}; some but not all of {years} must be settled.")
    if (table.loc[settled, "arrests"] == 0).any():
        raise HtanalysisError(f"table: a ratio needs arrests in each year up to {settled_until}.")
    arrests, known = table["arrests"].astype(float), table["convictions"].astype(float)
    limits = [binomial_interval(*pair) for pair in table.loc[settled, ["convictions", "arrests"]].to_numpy(int)]
    ratios = pd.DataFrame(limits, columns=["ratio_low", "ratio_high"], index=table.index[settled])
    ends = {"low": ratios["ratio_low"].min(), "high": ratios["ratio_high"].max()}
    return table[["year", "arrests", "convictions"]].assign(
        ratio=known / arrests.where(arrests > 0),
        **ratios.reindex(table.index),
        **{end: (arrests * limit).clip(lower=known).where(~settled, known) for end, limit in ends.items()},
        basis=settled.map({True: "reported", False: "assumed"}),
    )


def bound_other_arrests(arrests: int, section: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> tuple[int, int]:
    """Bound how many of a period's arrests were made on other charges than one section's.

    Parameters
    ----------
    arrests : int
        All arrests of the period.
    section : pandas.DataFrame
        Columns `period_start`, `period_end`, `arrests`: arrests under the section, whose periods need not match.
    start, end : pandas.Timestamp
        First and last day of the period.

    Returns
    -------
    tuple of int
        At least what is left when every arrest of the section's periods that touch the period lies in it; at most all.

    Raises
    ------
    HtanalysisError
        If a count is missing, negative or not whole, the period ends before it begins, or the section's periods leave a
        day of it out: then its arrests on that day are not known.

    Notes
    -----
    Formula: fewest = all arrests − arrests under the section in its periods that touch the time, no less than 0;
    most = all arrests.
    """
    if not _is_count(arrests):
        raise HtanalysisError(f"arrests is {arrests}; it must be a whole number of 0 or more.")
    _check_years(section, "arrests", "section")
    touching = (section["period_start"] <= end) & (section["period_end"] >= start)
    covered = {day for row in section[touching].itertuples() for day in pd.date_range(row.period_start, row.period_end)}
    if start > end or not covered.issuperset(pd.date_range(start, end)):
        raise HtanalysisError(f"section: its periods do not cover all days from {start.date()} to {end.date()}.")
    return max(int(arrests - section.loc[touching, "arrests"].sum()), 0), int(arrests)


def _last_two(table: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """Give the last two years with their days."""
    days = _check_years(table, column)
    years = table.assign(days=days).sort_values("year").tail(2)
    if len(years) < 2 or years["year"].diff().iloc[-1] != 1:
        raise HtanalysisError(f"table: two years with {column}, one after the other, are needed at its end.")
    return years.to_dict("records")


def _is_count(value: Any) -> bool:
    """Say whether a value is a whole number of 0 or more."""
    return not pd.isna(value) and not isinstance(value, str) and value >= 0 and value == int(value)


def _check_years(table: pd.DataFrame, column: str, name: str = "table") -> pd.Series:
    """Refuse a table whose counts or periods cannot be; gives the days of each row."""
    check_columns(name, table, ["year"] * (name == "table") + ["period_start", "period_end", column])
    days = count_days(table)
    if not table[column].map(_is_count).all():
        raise HtanalysisError(f"{name}: {column} must be whole numbers of 0 or more, none missing.")
    if not days.gt(0).all():
        raise HtanalysisError(f"{name}: each period_end must follow its period_start.")
    return days


def _check_outcomes(table: pd.DataFrame) -> None:
    """Refuse years of arrest that stand twice, or whose convictions cannot be of their arrests."""
    counts = table[["arrests", "convictions"]]
    if not counts.map(_is_count).all(axis=None) or (counts["convictions"] > counts["arrests"]).any():
        raise HtanalysisError("table: each year needs arrests, and convictions that are no more than these.")
    if table["year"].duplicated().any():
        raise HtanalysisError("table: a year stands twice.")


def _binomial_tails(count: int, total: int, probability: float, observed: float) -> tuple[float, float]:
    """Give the lower and upper tail, each with a part of the probability of what was observed."""
    at = observed * float(stats.binom.pmf(count, total, probability))
    return float(stats.binom.cdf(count - 1, total, probability)) + at, float(
        stats.binom.sf(count, total, probability)
    ) + at


def _binomial_limits(count: int, total: int, tail: float, observed: float) -> tuple[float, float]:
    """Find the probabilities at which the upper and the lower tail are as large as they may be."""

    def excess(probability: float, side: int) -> float:
        return _binomial_tails(count, total, probability, observed)[side] - tail

    low = brentq(excess, 0, 1, args=(1,), xtol=1e-14) if count else 0.0
    high = brentq(excess, 0, 1, args=(0,), xtol=1e-14) if count < total else 1.0
    return low, high
