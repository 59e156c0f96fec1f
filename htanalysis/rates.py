"""Counts over unequal times: rates, ratios, what chance leaves open, and the convictions that are still to come.

Limits are exact for Poisson counts. Where the years of a count vary more about their trend than these would, they are
those of the count divided by its dispersion, so that trend, rates and comparisons of a page rest on one variation.
"""

from dataclasses import replace
from typing import Any

import pandas as pd
from scipy.special import betainc, chdtri, gammaincinv  # scipy.stats takes long to import.

from htanalysis import settings
from htanalysis.errors import HtanalysisError, UnknownNameError, check_columns, check_confidence
from htanalysis.intervals import limit_share
from htanalysis.quarters import count_days, say_day
from htanalysis.results import Amount, Column, Result, sources_of
from htanalysis.trends import Trend, fit_trend
from htanalysis.wording import MORE, NO_MORE, in_formula, join_words, number, span, tell_change

#: Mean length of a month in days, so that nine months and twelve can be compared.
_MONTH = 365.25 / 12


def poisson_interval(
    count: int, confidence: float = settings.CONFIDENCE, dispersion: float = 1.0
) -> tuple[float, float]:
    """Give the lower and upper limit for the mean of a count: Garwood's, which are exact, for a Poisson count.

    `dispersion` says how many times as large as a Poisson count's its variance is; 1 or more.

    Notes
    -----
    Formula: dispersion × Garwood’s limits of count ÷ dispersion (1936, Biometrika 28, 437-442), which are half of
    chi-squared quantiles with twice that, and two more, degrees of freedom.

    Examples
    --------
    >>> tuple(round(limit, 2) for limit in poisson_interval(10))
    (4.8, 18.39)
    """
    check_confidence("confidence", confidence)
    if not _is_count(count) or not dispersion >= 1:
        raise HtanalysisError(
            f"count is {count}, dispersion {dispersion}; the first must be whole and 0 or more, the second 1 or more."
        )
    tail, twice = (1 - confidence) / 2, 2 * count / dispersion
    low = gammaincinv(twice / 2, tail) if count else 0.0
    return float(dispersion * low), float(dispersion * chdtri(twice + 2, tail) / 2)


def compare_rates(count: int, days: float, base_count: int, base_days: float, dispersion: float = 1.0) -> Result:
    """Compare two rates by the conditional method, which is exact for Poisson counts.

    Given the sum of both counts, the first one is binomial. Its two tails are inverted (Clopper and Pearson), so that
    the interval covers at least as often as it says. The p-value is twice the smaller of the same tails.

    The counts are events in the two periods, not both 0, the days their lengths, and the dispersion that of both
    counts, as for `poisson_interval`. Gives the first rate divided by the second, endless where the second count is 0,
    and `given["p_value"]`.

    Notes
    -----
    Formula: (first count ÷ its days) ÷ (second count ÷ its days). The limits of the first count's binomial part p
    of both, each divided by the dispersion, as p ÷ (1 − p) × second days ÷ first days, are those of the ratio.

    References
    ----------
    J. Przyborowski and H. Wilenski (1940), Biometrika 31, 313-323. P. McCullagh and J. A. Nelder (1989), Generalized
    Linear Models, 2nd ed., section 6.2 (dispersion).

    Examples
    --------
    >>> compare_rates(11, 800, 21, 3011).words["told"]
    '1.97 times (0.86 to 4.28)'
    """
    whole = _is_count(count) and _is_count(base_count)
    if not whole or count + base_count == 0 or not days > 0 or not base_days > 0 or not dispersion >= 1:
        told = f"{count} in {days} to {base_count} in {base_days}, with dispersion {dispersion}"
        raise HtanalysisError(
            f"No ratio of {told}: counts are whole and not both 0, times above 0, dispersions 1 or more."
        )
    first, second = int(count) / dispersion, int(base_count) / dispersion
    null, scale = days / (days + base_days), base_days / days
    low, rest = (limit_share(*both)[0] for both in ((first, second), (second, first)))
    tails = betainc(first, second + 1, null), betainc(second, first + 1, 1 - null)
    return Result(
        basis="computed",
        value=scale * count / base_count if base_count else float("inf"),
        low=scale * low / (1 - low),
        high=scale * (1 - rest) / rest if rest else float("inf"),
        unit="times",
        digits=2,
        method="compare_rates",
        given={"p_value": Amount(min(1.0, 2 * min(tails)), digits=2)},
    )


def fit_years(table: pd.DataFrame, column: str) -> Result:
    """Give the factor of a year in the trend of a yearly count by its days (see `fit_trend`), and the fitted curve."""
    trend, years, following = _fit(table, column), table["year"], str(table["year"].iloc[-1] + 1)
    if not trend.model:
        raise HtanalysisError(trend.reason)
    ratio = trend.terms.iloc[0]
    inputs = f"{', '.join(map(str, table[column]))} in {', '.join(map(str, count_days(table)))} days"
    return Result(
        basis="computed",
        source=_sources(table, column),
        value=ratio["ratio"],
        **ratio[["low", "high"]],
        unit="times",
        digits=2,
        method="fit_trend",
        formula=f"log-linear {trend.model} regression of the {column} {inputs}; factor = exp(slope of the year)",
        frame=trend.fit,
        picture=(
            "fit",
            {"labels": [*map(str, years)], "prediction": trend.prediction, "next_label": following}
            | {"partial": _find_partial(table)},
        ),
        given={"since": f"{years.iloc[0]}", "until": f"{years.iloc[-1]}", "following": following, "years": len(table)},
    )


def measure_dispersion(table: pd.DataFrame, column: str) -> Result:
    """Say how many times as much a yearly count varies about its trend as chance alone would have it.

    No less than 1, which stands also where no trend can be fitted. Parameters are as for `rate_by_year`.

    Notes
    -----
    Formula: sum of (count − expected)² ÷ expected over the years ÷ degrees of freedom, no less than 1; expected counts
    are those of the log-linear trend.
    """
    trend = _fit(table, column)
    parts = [f"({r.count:.0f} − {in_formula(r.expected)})² ÷ {in_formula(r.expected)}" for r in trend.fit.itertuples()]
    sums = f"Σ (count − expected)² ÷ expected ÷ (years − 2) = ({' + '.join(parts)}) ÷ {len(table) - 2}"
    return Result(
        basis="computed",
        source=_sources(table, column),
        value=trend.spread,
        unit="times",
        digits=1,
        method="measure_dispersion",
        formula=sums if trend.spread > 1 else "no more than chance: 1 is taken",
    )


def rate_by_year(table: pd.DataFrame, *columns: str) -> Result:
    """Turn yearly counts into counts a month, with intervals, so that a part of a year can stand beside years.

    The table has columns `year`, `period_start`, `period_end` and the counted ones, `columns`. A row of `frame` is a
    column's year: `what`, `year`, `days`, `count`, `per_month`, `low`, `high` (limits for the column's own dispersion,
    see `measure_dispersion`) and `partial` (whether the year is not covered whole).

    Notes
    -----
    Formula: count ÷ (days ÷ 30.4375), where 30.4375 days are a mean month; the limits of the count are divided alike:
    dispersion × the exact Poisson limits of count ÷ dispersion.
    """
    for column in columns:
        _check_years(table, column)
    years, days, frames = table["year"], count_days(table), []
    partial = years.astype(str).isin([*_find_partial(table)])
    for column in columns:
        spread = _fit(table, column).spread
        rates = [(count, *poisson_interval(int(count), dispersion=spread)) for count in table[column]]
        frame = pd.DataFrame(rates, table.index, ["per_month", "low", "high"], dtype=float).div(days / _MONTH, axis=0)
        frames.append(frame.assign(what=column, year=years, days=days, count=table[column], partial=partial))
    frame = pd.concat(frames, ignore_index=True)
    monthly = frame["per_month"].iloc[[0, len(table) - 1]]
    return Result(
        basis="computed",
        source=_sources(table, *columns),
        method="rate_by_year",
        frame=frame,
        picture=("rates", {"unit": "a month"}),
        given={"change": tell_change(*monthly, years.iloc[0], years.iloc[-1], 1)},
    )


def compare_sections(related: pd.DataFrame) -> Result:
    """Add up the convictions of all years under each section of `load("related_convictions")`, most first.

    A row of `frame` is a section: `section` (with its offense), `value` and `basis`.

    Notes
    -----
    Formula: sum of the convictions of all years.
    """
    check_columns("related", related, ["section", "offense", "year", "convictions"], numbers=["convictions"])
    names = "§ " + related["section"].astype(str) + " " + related["offense"].astype(str)
    sums = related["convictions"].groupby(names).sum().sort_values(ascending=False)
    most = related[names.eq(sums.index[0])].iloc[0]
    start, end = related["period_start"].min(), related["period_end"].max()
    return Result(
        basis="computed",
        source=sources_of(related, columns=["convictions"]),
        method="compare_sections",
        frame=pd.DataFrame({"section": sums.index, "value": sums.to_numpy(float), "basis": "computed"}),
        picture=("ranges", {"axis": Column(f"convictions, {start:%B %Y} to {end:%B %Y}")}),
        given={"section": most["section"], "offense": most["offense"].lower()}
        | {"part": Amount(sums.iloc[0] / sums.sum(), "share")},
    )


def _find_partial(table: pd.DataFrame) -> dict[str, str]:
    """Say of each year that is not covered whole, as far as the table tells times, how many months are."""
    if "period_start" not in table:
        return {}
    days = count_days(table)
    rows = table["year"].astype(str)[days < 365 + table["period_start"].dt.is_leap_year]
    return {year: f"{round(days[row] / _MONTH)} months" for row, year in rows.items()}


def add_sections(
    related: pd.DataFrame, *sections: str, table: pd.DataFrame | None = None, of_table: str = "§ 236.1"
) -> Result:
    """Add up the convictions under sections such as "266h"; with another table, for each of its own under its section.

    Notes
    -----
    Formula: sum of the convictions of all years and sections, ÷ those of the table where it is given.
    """
    check_columns("related", related, ["section", "offense", "convictions"], numbers=["convictions"])
    if unknown := [section for section in sections if section not in [*related["section"].astype(str)]]:
        raise UnknownNameError("a section in related", unknown[0], related["section"].astype(str).unique())
    rows, tables = related[related["section"].isin(sections)], [] if table is None else [table]
    sums = rows.groupby("offense", observed=True, sort=False)["convictions"].sum()
    words, added = " + ".join(sums.index).lower(), " + ".join(map(str, sums))
    base = int(table["convictions"].sum()) if tables else 1
    ratio = f"({words}) ÷ convictions under {of_table} = ({added}) ÷ {base}"
    return Result(
        basis="computed",
        source=sources_of(*tables, rows, columns=["convictions"]),
        value=sums.sum() / base,
        unit="times" if tables else "convictions",
        method="add_sections",
        formula=ratio if tables else f"{words} = {added}",
    )


def add_years(table: pd.DataFrame, column: str) -> Result:
    """Add up the counts of all years of a table, from when `{since}` to when they are.

    Notes
    -----
    Formula: sum of the counts of all years.
    """
    _check_years(table, column)
    total = int(table[column].sum())
    return Result(
        basis="computed",
        source=_sources(table, column),
        value=total,
        unit=column,
        method="add_years",
        formula=f"{' + '.join(map(str, table[column]))} = {total}",
        given={"since": f"from {table['period_start'].min():%Y} to {table['period_end'].max():%B %Y}"},
    )


def compare_last_years(table: pd.DataFrame, column: str) -> Result:
    """Compare the rates of a table's last two years (see `compare_rates`), at the dispersion of all its years."""
    before, last = _last_two(table, column)
    spread = _fit(table, column).spread
    found = compare_rates(last[column], last["days"], before[column], before["days"], spread)
    days = f"({last[column]} ÷ {last['days']}) ÷ ({before[column]} ÷ {before['days']})"
    limits = f"limits of both ÷ {in_formula(spread)}, the first" if spread > 1 else "exact limits, the first count"
    verdict = NO_MORE if found.low <= 1 <= found.high else MORE
    return replace(
        found,
        source=_sources(table, column),
        formula=f"{column} ÷ days of {last['year']} by those of {before['year']} = {days};"
        f" range: {limits} being binomial given the sum of both",
        given=found.given | {"last": str(last["year"]), "before": str(before["year"]), "verdict": verdict},
    )


def expect_at_pace(table: pd.DataFrame, column: str) -> Result:
    """Say how many events the last, partial year would have if it kept the pace of the year before.

    Notes
    -----
    Formula: count of the earlier year × days of the last year ÷ days of the earlier year.
    """
    before, last = _last_two(table, column)
    return Result(
        basis="computed",
        source=_sources(table, column),
        value=before[column] * last["days"] / before["days"],
        unit=f"{column} expected",
        method="expect_at_pace",
        formula=f"{column} of {before['year']} × days of {last['year']} ÷ days of {before['year']} ="
        f" {before[column]} × {last['days']} ÷ {before['days']}",
        given={"before": str(before["year"]), "cut_off": say_day(last["period_end"]), "counted": last[column]},
    )


def project_convictions(table: pd.DataFrame, settled_until: int) -> Result:
    """Say how many convictions are still to come if recent arrests come to the ratio of an earlier year.

    Convictions are dated by arrest, so recent years are incomplete. A few dozen arrests tell a year's ratio of
    convictions to arrests only roughly, so each year that is settled, up to `settled_until`, has its exact binomial
    limits; the lowest and the highest of all are the range for the others. Assumes that courts treat later arrests as
    those of a settled year, that arrests end independently of each other, and that a conviction belongs to one arrest.

    Gives those of all years that are not settled. A row of `frame` is a year, with `ratio`, of settled years
    `ratio_low`, `ratio_high`, and `low`, `high` (convictions in the end; never below those reported).

    Notes
    -----
    Formula: arrests of each later year × the lowest, or highest, exact binomial limit of the settled years’ ratios of
    convictions to arrests, and no less than the convictions so far.
    """
    check_columns("table", table, ["year", "arrests", "convictions"])
    settled = table["year"] <= settled_until
    _check_outcomes(table, settled, settled_until)
    arrests, known = table["arrests"].astype(float), table["convictions"].astype(float)
    pairs = table.loc[settled, ["convictions", "arrests"]].to_numpy(int)
    limits = [limit_share(ended, arrested - ended) for ended, arrested in pairs]
    ratios = pd.DataFrame(limits, columns=["ratio_low", "ratio_high"], index=table.index[settled])
    ends = {"low": ratios["ratio_low"].min(), "high": ratios["ratio_high"].max()}
    frame = table[["year", "arrests", "convictions"]].assign(
        ratio=known / arrests.where(arrests > 0),
        **ratios.reindex(table.index),
        **{end: (arrests * limit).clip(lower=known).where(~settled, known) for end, limit in ends.items()},
        basis=settled.map({True: "reported", False: "assumed"}),
    )
    later, so_far = frame[~settled], int(table.loc[~settled, "convictions"].sum())
    fewest, most = (f"{' + '.join(number(value, 2) for value in later[end])} − {so_far}" for end in ends)
    like = f"those of {settled_until}" if len(pairs) == 1 else f"those of one of the years up to {settled_until}"
    of_years = join_words([f"{convictions} ÷ {arrested}" for convictions, arrested in pairs])
    return Result(
        basis="assumed",
        source=sources_of(table, columns=["arrests", "convictions"]),
        low=later["low"].sum() - so_far,
        high=later["high"].sum() - so_far,
        unit="convictions",
        method="project_convictions",
        assumption=f"arrests lead to convictions as often as {like}, independently of each other",
        formula=f"by year arrests × {number(ends['low'], 3)} or {number(ends['high'], 3)}, the lowest and the highest"
        f" exact limit of {of_years}, no less than so far, less all so far: fewest = {fewest}; most = {most}",
        frame=frame,
        picture=("outlook", {"partial": _find_partial(table)}),
        given={"since": str(later["year"].min()), "settled": str(settled_until), "like": like}
        | {"so_far": so_far, "in_the_end": span(later["low"].sum(), later["high"].sum())},
    )


def bound_other_arrests(arrests: pd.DataFrame, section: pd.DataFrame, of_section: str = "§ 236.1") -> Result:
    """Bound how many of a period's arrests were made on other charges than one section's.

    All arrests of the period are one row with `period_start`, `period_end` and `count`. The section's periods need not
    match it, and must cover every day of it, since arrests on others are not known.

    Notes
    -----
    Formula: fewest = all arrests − arrests under the section in its periods that touch the time, no less than 0;
    most = all arrests.
    """
    _check_years(arrests, "count", "arrests")
    _check_years(section, "arrests", "section")
    if len(arrests) != 1 or not arrests["count"].iloc[0]:
        raise HtanalysisError(f"arrests has {len(arrests)} rows; one with a count above 0 is needed.")
    start, end, count = arrests[["period_start", "period_end", "count"]].iloc[0]
    touching = section[(section["period_start"] <= end) & (section["period_end"] >= start)]
    covered = {day for row in touching.itertuples() for day in pd.date_range(row.period_start, row.period_end)}
    if not covered.issuperset(pd.date_range(start, end)):
        raise HtanalysisError(f"section: its periods do not cover all days from {start.date()} to {end.date()}.")
    low = max(int(count - touching["arrests"].sum()), 0)
    return Result(
        basis="bounded",
        source=sources_of(arrests, *sources_of(section, columns=["arrests", "left_out"])),
        low=low,
        high=count,
        unit="individuals",
        method="bound_other_arrests",
        formula=f"all − those under {of_section} of the years that touch the time, or none:"
        f" fewest = {number(count)} − ({' + '.join(map(str, touching['arrests']))}); most = {number(count)}",
        given={"all": count, "part": Amount(low / count, "share")},
    )


def _fit(table: pd.DataFrame, column: str) -> Trend:
    """Fit the trend of a yearly count by its days."""
    days = _check_years(table, column)
    return fit_trend(table[column], days, 365)


def _sources(table: pd.DataFrame, *columns: str) -> tuple[str, ...]:
    """Name what counts and the days of their years rest on."""
    return sources_of(table, columns=[*columns, "period_start"])


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


def _check_outcomes(table: pd.DataFrame, settled: pd.Series, until: int) -> None:
    """Refuse years of arrest that stand twice, whose convictions cannot be of their arrests, or that tell no ratio."""
    counts, years = table[["arrests", "convictions"]], f"{table['year'].min()} to {table['year'].max()}"
    if not counts.map(_is_count).all(axis=None) or (counts["convictions"] > counts["arrests"]).any():
        raise HtanalysisError("table: each year needs arrests, and convictions that are no more than these.")
    if table["year"].duplicated().any():
        raise HtanalysisError("table: a year stands twice.")
    if not settled.any() or settled.all():
        raise HtanalysisError(f"settled_until is {until}; some but not all of {years} must be settled.")
    if (table.loc[settled, "arrests"] == 0).any():
        raise HtanalysisError(f"table: a ratio needs arrests in each year up to {until}.")
