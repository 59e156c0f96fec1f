"""Convictions by county: rates and concentration, over every count that the report leaves open."""

import itertools
from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import stats

from htanalysis.errors import HtanalysisError, check_columns, check_confidence
from htanalysis.rates import poisson_interval


def rate_counties(convictions: pd.DataFrame, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give each county's convictions per 100,000 residents, as a range where the count is not published.

    Parameters
    ----------
    convictions : pandas.DataFrame
        `load("county_convictions")`, or a frame with `fips`, `convictions`, `lower`, `upper` and, where a 0 may mean
        that nothing was reported, `named_in_report`.
    places : geopandas.GeoDataFrame
        `counties()`, or a frame with `county`, `fips` and `population_2010`.

    Returns
    -------
    geopandas.GeoDataFrame
        A row is a county in the order of `places`: its columns, `convictions`, `lower`, `upper`, `status` ("reported",
        "bounded", or "none reported" where a county with 0 is not named), `rate_low` and `rate_high` (per 100,000
        residents of 2010, from `lower` and `upper`), `interval_low` and `interval_high` (exact 95 % Poisson limits
        around these two; missing where none is reported) and `basis`.

    Raises
    ------
    HtanalysisError
        If a column is missing, a county has no residents, the two tables do not have the same counties, or the limits
        of a count are missing, below 0 or not around it.

    Notes
    -----
    Formula: fewest, or most, convictions ÷ residents of 2010 × 100,000; the exact Poisson limits of the two counts
    are divided alike.
    """
    check_columns("places", places, ["county", "fips", "population_2010"])
    check_columns("convictions", convictions, ["fips", "convictions", "lower", "upper"])
    if set(convictions["fips"]) != set(places["fips"]) or not (places["population_2010"].fillna(0) > 0).all():
        raise HtanalysisError("The convictions and the counties must have the same FIPS codes, each with residents.")
    _check_limits(convictions)
    table = places.merge(convictions.drop(columns="county", errors="ignore"), on="fips", validate="one_to_one")
    per_100k = 1e5 / table["population_2010"].astype(float)
    unknown = table["convictions"].isna()
    # Whether a 0 was reported or nothing was is what the source says of the county, and not in the number.
    silent = table["upper"].eq(0) & ~table.get("named_in_report", pd.Series(True, table.index)).astype(bool)
    status = np.select([unknown, silent], ["bounded", "none reported"], "reported")
    # A county that reported none may have reported nothing, so that its 0 is no count to put an interval around.
    counted = status != "none reported"
    return table.assign(
        status=status,
        rate_low=table["lower"].astype(float) * per_100k,
        rate_high=table["upper"].astype(float) * per_100k,
        interval_low=([poisson_interval(count)[0] for count in table["lower"]] * per_100k).where(counted),
        interval_high=([poisson_interval(count)[1] for count in table["upper"]] * per_100k).where(counted),
        basis=np.where(unknown, "bounded", "computed"),
    )


def count_resident_years(population: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Add up the residents of each county over the years of a period, a part of a year counting as that part.

    Parameters
    ----------
    population : pandas.DataFrame
        `load("county_population")`: `fips`, `year`, `population` (residents on July 1).
    start, end : pandas.Timestamp
        First and last day.

    Returns
    -------
    pandas.Series
        Resident-years, by `fips`.

    Raises
    ------
    HtanalysisError
        If a year of the period has no population, or the period ends before it begins.
    """
    check_columns("population", population, ["fips", "year", "population"])
    if end < start or not (population["population"] > 0).all():
        raise HtanalysisError(f"{start.date()} to {end.date()} is no period, or a county’s population is not above 0.")
    years = range(start.year, end.year + 1)
    if not set(years) <= set(population["year"]):
        known = f"{population['year'].min()} to {population['year'].max()}"
        raise HtanalysisError(f"Residents are known for {known}, not for all of {years[0]} to {years[-1]}.")
    parts = {}
    for year in years:
        first, last = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
        parts[year] = ((min(last, end) - max(first, start)).days + 1) / ((last - first).days + 1)
    weighted = population["population"].astype(float) * population["year"].astype(int).map(parts)
    return weighted.groupby(population["fips"]).sum()


def rate_by_resident_year(rates: pd.DataFrame, resident_years: pd.Series) -> pd.DataFrame:
    """Give each county's convictions per 100,000 residents and year, with what the report leaves open.

    Parameters
    ----------
    rates : pandas.DataFrame
        `rate_counties`.
    resident_years : pandas.Series
        `count_resident_years`, by `fips`; above 0.

    Returns
    -------
    pandas.DataFrame
        The rows of `rates` with `yearly_low` and `yearly_high`: the exact 95 % Poisson limits around the fewest and the
        most convictions, per 100,000 resident-years; missing where none is reported.

    Raises
    ------
    HtanalysisError
        If a column is missing, or a county has no resident-years.

    Notes
    -----
    Formula: exact Poisson limits of the fewest and of the most convictions ÷ residents added up over the years ×
    100,000.
    """
    check_columns("rates", rates, ["fips", "status", "lower", "upper"])
    years = rates["fips"].map(resident_years)
    if not (years > 0).all():
        raise HtanalysisError("resident_years: every county of rates needs some, above 0.")
    per_100k = 1e5 / years
    counted = rates["status"].ne("none reported")
    return rates.assign(
        yearly_low=([poisson_interval(count)[0] for count in rates["lower"]] * per_100k).where(counted),
        yearly_high=([poisson_interval(count)[1] for count in rates["upper"]] * per_100k).where(counted),
    )


def bound_concentration(convictions: pd.DataFrame, places: pd.DataFrame, total: int) -> pd.DataFrame:
    """Say how concentrated the convictions are, over every way to share out the unpublished ones.

    Parameters
    ----------
    convictions : pandas.DataFrame
        `load("county_convictions")`, or a frame with its columns. The unpublished counts, each from `lower` to
        `upper`, share one remainder: what the total leaves after the published counts.
    places : pandas.DataFrame
        `counties()`, or a frame with `fips` and `task_force`.
    total : int
        Convictions in all counties together; above 0.

    Returns
    -------
    pandas.DataFrame
        A row is a measure: `measure`, `value` (missing unless certain), `low`, `high`, `unit` and `basis`. They are the
        share of the largest published county, of the largest and of the two largest counties, and of counties with a
        task force (fractions); the Herfindahl-Hirschman index (0 to 1: the chance that two convictions drawn at
        random, the first being put back, are of one county); and the Gini coefficient over all counties (0 where each
        has the same number, almost 1 where one has all).

    Notes
    -----
    Formula: share = counts of the counties meant ÷ total; Herfindahl-Hirschman index = sum of squared shares; Gini
    coefficient = sum of (2 × rank − n − 1) × count ÷ (n × total), ranks by rising count. Each at the most even way to
    share out the unpublished counts within their limits, and at the most uneven: all but one at a limit.
    """
    known, left = convictions["convictions"].dropna().astype(int), _read_unknown(convictions, total)
    splits = np.vstack([_even_split(*left), _corners(*left)])
    splits = -np.sort(-np.hstack([np.tile(known, (len(splits), 1)), splits]), axis=1)
    home = places.set_index("fips")["task_force"].notna()
    every = {
        ("share of the largest county", "share"): splits[:, 0] / total,
        ("share of the two largest counties", "share"): splits[:, :2].sum(axis=1) / total,
        ("Herfindahl-Hirschman index", "index"): ((splits / total) ** 2).sum(axis=1),
        ("Gini coefficient", "index"): np.array([_gini(counts) for counts in splits]),
    }
    rows = [(name, found[0], found.max(), unit, "bounded") for (name, unit), found in every.items()]
    rows.insert(0, ("share of the largest published county", *[known.max() / total] * 2, "share", "computed"))
    share = _bound_share(convictions, home, left[2], total)
    rows.insert(3, ("share of counties with a task force", *share, "share", "bounded"))
    table = pd.DataFrame(rows, columns=["measure", "low", "high", "unit", "basis"])
    table.insert(1, "value", table["low"].where(table["low"].eq(table["high"])))
    return table


def smooth_rates(
    counts: pd.Series, population: pd.Series, neighbors: Mapping[object, Sequence[object]] | None = None
) -> pd.Series:
    """Draw small areas' rates towards the mean of all areas, or of their neighborhood, by empirical Bayes.

    Marshall's method-of-moments estimators. An area's rate moves further the fewer residents it has, and all the way
    where rates vary no more than chance. Assumes Poisson counts, and true rates that vary about the common mean.

    Parameters
    ----------
    counts, population : pandas.Series
        Events and residents of each area, by area; residents above 0.
    neighbors : mapping, optional
        Each area's neighbors. Given, the mean and the variation are those of an area with its neighbors, where a
        neighbor's deviation is taken from the mean of its own neighborhood (Bailey and Gatrell's reading); else of all.

    Returns
    -------
    pandas.Series
        Smoothed events for one resident, by area; missing where no event is in the neighborhood, so that there is no
        mean to draw to.

    Raises
    ------
    HtanalysisError
        If there are fewer than two areas, an area has no residents or an unknown count, or the areas of the arguments
        are not the same.

    References
    ----------
    R. J. Marshall (1991), Mapping disease and mortality rates using empirical Bayes estimators, Applied Statistics 40,
    283-294. T. C. Bailey and A. C. Gatrell (1995), Interactive Spatial Data Analysis, 303-308.
    """
    counts, population = counts.astype(float), population.astype(float)
    if set(counts.index) != set(population.index):
        raise HtanalysisError("population: it needs the same areas as counts.")
    near = {area for group in (neighbors or {}).values() for area in group}
    if neighbors and (not set(counts.index) <= set(neighbors) or not near <= set(counts.index)):
        raise HtanalysisError("neighbors: each area of counts needs a list, of areas of counts alone.")
    if len(counts) < 2 or not (population > 0).all() or (counts < 0).any() or counts.isna().any():
        raise HtanalysisError("Smoothing needs two areas or more, each with residents and a known count of 0 or more.")
    groups = {area: [area, *neighbors[area]] if neighbors else list(counts.index) for area in counts.index}
    events = pd.Series({area: counts[group].sum() for area, group in groups.items()})
    people = pd.Series({area: population[group].sum() for area, group in groups.items()})
    mean, rate = (events / people).where(events > 0), counts / population
    squares = population * (rate - mean) ** 2
    spread = pd.Series({area: squares[group].sum() for area, group in groups.items()}) / people
    size = people / pd.Series({area: len(group) for area, group in groups.items()})
    return _shrink(rate, mean, (spread - mean / size).clip(lower=0), population)


def bound_smoothed(convictions: pd.DataFrame, places: pd.DataFrame, total: int) -> pd.DataFrame:
    """Smooth the counties' rates towards the state's over every way to share out the unknown counts.

    See `smooth_rates`. The total is known, so the mean is. The variation between counties is largest when all but one
    have the fewest or the most that they can, and smallest when the counts are shared out by residents, which a greedy
    choice does exactly.

    Parameters
    ----------
    convictions, places
        As for `rate_counties`.
    total : int
        Convictions in all counties together; above 0.

    Returns
    -------
    pandas.DataFrame
        A row is a county with convictions: `county`, `low`, `high` (smoothed convictions per 100,000 residents) and
        `basis`.

    Notes
    -----
    Formula: mean + (rate − mean) × A ÷ (A + mean ÷ residents), with A = max(0, weighted variance of the rates −
    mean ÷ mean residents), at its smallest and its largest over all ways to share out the unknown counts.
    """
    table = places[["county", "fips", "population_2010"]].merge(
        convictions.drop(columns="county"), on="fips", validate="one_to_one"
    )
    population, count = table["population_2010"].to_numpy(float), table["convictions"].astype("Float64")
    bounded = np.flatnonzero(count.isna())
    least, most, remainder = _read_unknown(convictions, total)
    least, most = (table[name].fillna(0).to_numpy(int) for name in ("lower", "upper"))
    mean = total / population.sum()
    fixed = (population * (count.fillna(0).to_numpy(float) / population - mean) ** 2)[count.notna()].sum()
    rows = []
    for place in np.flatnonzero(table["upper"].gt(0)):
        others = bounded[bounded != place]
        known = place not in bounded
        first, last = (
            max(least[place], remainder - most[others].sum()),
            min(most[place], remainder - least[others].sum()),
        )
        for own in [int(count[place])] if known else range(first, last + 1):
            rate = own / population[place]
            left = remainder - (0 if known else own)
            base = fixed + (0 if known else population[place] * (rate - mean) ** 2)
            for spread in _spread_limits(population[others], least[others], most[others], left, mean) + base:
                extra = max(spread / population.sum() - mean / population.mean(), 0)
                rows.append((table["county"][place], _shrink(rate, mean, extra, population[place]) * 1e5))
    limits = pd.DataFrame(rows, columns=["county", "rate"]).groupby("county", sort=False)["rate"].agg(["min", "max"])
    return limits.rename(columns={"min": "low", "max": "high"}).assign(basis="bounded").reset_index()


def funnel_limits(rate: float, population: Sequence[float], coverage: float) -> pd.DataFrame:
    """Give the limits within which an area's rate lies if its true rate is the common one.

    Exact Poisson quantiles: at most half of the rest lies beyond either limit, so the limits are steps.

    Parameters
    ----------
    rate : float
        Events for one resident; above 0.
    population : sequence of float
        Residents.
    coverage : float
        How much lies within, such as 0.95 or 0.998.

    Returns
    -------
    pandas.DataFrame
        A row is a number of residents: `population`, `low`, `high` (events for one resident).

    Raises
    ------
    HtanalysisError
        If the rate or a number of residents is not above 0, or the coverage is no fraction.

    Notes
    -----
    Formula: Poisson quantiles, at (1 − coverage) ÷ 2 and at 1 less that, of common rate × residents, divided by the
    residents.

    References
    ----------
    D. J. Spiegelhalter (2005), Funnel plots for comparing institutional performance, Statistics in Medicine 24,
    1185-1202.

    Examples
    --------
    >>> (funnel_limits(0.00001, [1e6], 0.95) * 1e6).loc[0, ["low", "high"]].tolist()
    [4.0, 17.0]
    """
    check_confidence("coverage", coverage)
    people = np.asarray(population, dtype=float)
    if not rate > 0 or not (people > 0).all():
        raise HtanalysisError(f"rate is {rate}; it must be above 0, and each population too.")
    tail = (1 - coverage) / 2
    low, high = (stats.poisson.ppf(limit, rate * people) / people for limit in (tail, 1 - tail))
    return pd.DataFrame({"population": people, "low": low, "high": high})


def _check_limits(convictions: pd.DataFrame) -> None:
    """Refuse counts whose limits are missing, below 0, not whole or not around them."""
    low, high = (convictions[end].astype("Float64") for end in ("lower", "upper"))
    count = convictions["convictions"].astype("Float64")
    right = low.ge(0) & low.le(high) & low.mod(1).eq(0) & high.mod(1).eq(0)
    known = count.notna()
    if not right.fillna(False).all() or not (count.eq(low) & count.eq(high))[known].all():
        raise HtanalysisError(
            "convictions: lower and upper must be whole, 0 ≤ lower ≤ upper, and both the count where it is known."
        )


def _shrink(rate: float, mean: float, extra: float, population: float) -> float:
    """Weigh a rate against the mean: `extra` is how far true rates vary beyond chance."""
    return mean + (rate - mean) * extra / (extra + mean / population)


def _read_unknown(convictions: pd.DataFrame, total: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Give the fewest and the most of each county without a published count, and what they share."""
    unknown = convictions[convictions["convictions"].isna()]
    least, most = (unknown[name].to_numpy(int) for name in ("lower", "upper"))
    remainder = int(total - convictions["convictions"].sum())
    if not total > 0 or not least.sum() <= remainder <= most.sum() or (least > most).any():
        raise HtanalysisError(
            f"The total of {total} leaves {remainder} convictions for {len(unknown)} counties without a count, which"
            " does not agree with their lower and upper limits."
        )
    return least, most, remainder


def _spread_limits(
    population: np.ndarray, least: np.ndarray, most: np.ndarray, remainder: int, mean: float
) -> np.ndarray:
    """Find the smallest and largest spread about the mean when areas share a remainder within their limits."""
    if not len(population):
        return np.zeros(1)
    # Each step costs (2 count + 1) / population, less the same for all: a convex sum, so the cheapest is best.
    even = _even_split(least, most, remainder, population)
    spread = (population * (np.vstack([even, _corners(least, most, remainder)]) / population - mean) ** 2).sum(axis=1)
    return np.array([spread[0], spread.max()])


def _even_split(least: np.ndarray, most: np.ndarray, remainder: int, population: float | np.ndarray = 1) -> np.ndarray:
    """Share out a remainder as evenly as whole numbers and limits allow, for so many residents."""
    counts = least.copy()
    for _ in range(remainder - least.sum()):
        counts[np.where(counts < most, (2 * counts + 1) / population, np.inf).argmin()] += 1
    return counts


def _corners(least: np.ndarray, most: np.ndarray, remainder: int) -> np.ndarray:
    """List the ways to share out a remainder in which all but one have the fewest or the most that they can."""
    # Nobody has more than what the fewest of all others leave.
    most = np.minimum(most, remainder - least.sum() + least)
    found = {tuple(least)} if remainder == least.sum() else set()
    for free in range(len(least)):
        others = [
            (0,) if place == free else {low, high} for place, (low, high) in enumerate(zip(least, most, strict=True))
        ]
        for counts in itertools.product(*others):
            rest = remainder - sum(counts)
            if least[free] <= rest <= most[free]:
                found.add((*counts[:free], rest, *counts[free + 1 :]))
    return np.array(sorted(found), dtype=int).reshape(len(found), len(least))


def _gini(counts: np.ndarray) -> float:
    """Give the Gini coefficient of counts."""
    ordered = np.sort(counts)
    ranks = np.arange(1, len(ordered) + 1)
    return float(((2 * ranks - len(ordered) - 1) * ordered).sum() / (len(ordered) * ordered.sum()))


def _bound_share(convictions: pd.DataFrame, home: pd.Series, remainder: int, total: int) -> tuple[float, float]:
    """Bound the share of the counties that `home` marks, when the counties without a count share the remainder."""
    inside, unknown = convictions["fips"].map(home), convictions["convictions"].isna()
    fixed = int(convictions.loc[inside & ~unknown, "convictions"].sum())
    here, elsewhere = (convictions.loc[unknown & part, ["lower", "upper"]].sum() for part in (inside, ~inside))
    low = fixed + max(here["lower"], remainder - elsewhere["upper"])
    high = fixed + min(here["upper"], remainder - elsewhere["lower"])
    return low / total, high / total
