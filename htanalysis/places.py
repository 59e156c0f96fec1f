"""Convictions by county: rates, concentration and task forces, over every count that the report leaves open."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import stats

from htanalysis.errors import HtanalysisError
from htanalysis.rates import poisson_interval


@dataclass(frozen=True)
class TwoByTwo:
    """Counties cross-classified by task force and conviction, with Fisher's exact test.

    Attributes
    ----------
    counts : pandas.DataFrame
        Counties: rows with and without a task force, columns with and without a reported conviction.
    odds_ratio : float
        Sample odds ratio; infinite where a cell is 0.
    p_value : float
        Two-sided p-value of Fisher's exact test.
    """

    counts: pd.DataFrame
    odds_ratio: float
    p_value: float


def rate_counties(convictions: pd.DataFrame, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give each county's convictions per 100,000 residents, as a range where the count is not published.

    Parameters
    ----------
    convictions : pandas.DataFrame
        `load("county_convictions")`, or a frame with its columns.
    places : geopandas.GeoDataFrame
        `counties()`, or a frame with its columns.

    Returns
    -------
    geopandas.GeoDataFrame
        A row is a county in the order of `places`: its columns, `convictions`, `lower`, `upper`, `status` ("reported",
        "bounded" or "none reported"), `rate_low` and `rate_high` (per 100,000 residents of 2010, from `lower` and
        `upper`), `interval_low` and `interval_high` (exact 95 % Poisson limits around these two) and `basis`.

    Raises
    ------
    HtanalysisError
        If a county has no residents, or the two tables do not have the same counties.
    """
    if set(convictions["fips"]) != set(places["fips"]) or (places["population_2010"] <= 0).any():
        raise HtanalysisError("The convictions and the counties must have the same FIPS codes, each with residents.")
    table = places.merge(convictions.drop(columns="county"), on="fips", validate="one_to_one")
    per_100k = 1e5 / table["population_2010"].astype(float)
    unknown = table["convictions"].isna()
    status = np.select([unknown, table["convictions"].eq(0).fillna(False)], ["bounded", "none reported"], "reported")
    return table.assign(
        status=status,
        rate_low=table["lower"].astype(float) * per_100k,
        rate_high=table["upper"].astype(float) * per_100k,
        interval_low=[poisson_interval(count)[0] for count in table["lower"]] * per_100k,
        interval_high=[poisson_interval(count)[1] for count in table["upper"]] * per_100k,
        basis=np.where(unknown, "bounded", "computed"),
    )


def bound_concentration(convictions: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Say how concentrated the convictions are, over every way to share out the unpublished ones.

    Parameters
    ----------
    convictions : pandas.DataFrame
        `load("county_convictions")`, or a frame with its columns. The bounded counts share one remainder: what the
        total leaves after the published counts.
    places : pandas.DataFrame
        `counties()`, or a frame with `fips` and `task_force`.

    Returns
    -------
    pandas.DataFrame
        A row is a measure: `measure`, `value` (missing unless certain), `low`, `high`, `unit` and `basis`. They are the
        share of the largest published county, of the largest and of the two largest counties, and of counties with a
        task force (fractions); and the Herfindahl-Hirschman index (0 to 1: the chance that two convictions drawn at
        random, the first being put back, are of one county).
    """
    known = convictions["convictions"].dropna().astype(int)
    bounded = convictions[convictions["convictions"].isna()]
    # One bounded county has its upper limit when each of the others has one conviction.
    remainder = int(bounded["upper"].max()) + len(bounded) - 1 if len(bounded) else 0
    total = int(known.sum()) + remainder
    even, uneven = _even_split(remainder, len(bounded)), _uneven_split(remainder, len(bounded))
    splits = {"low": np.sort(np.append(known, even))[::-1], "high": np.sort(np.append(known, uneven))[::-1]}
    home = places.set_index("fips")["task_force"].notna()
    rows = [
        ("share of the largest published county", *[known.max() / total] * 2, "share", "computed"),
        *(
            (f"share of the {name}", *(counts[:number].sum() / total for counts in splits.values()), "share", "bounded")
            for name, number in (("largest county", 1), ("two largest counties", 2))
        ),
        ("share of counties with a task force", *_bound_share(convictions, home, remainder, total), "share", "bounded"),
        ("Herfindahl-Hirschman index", *(((c / total) ** 2).sum() for c in splits.values()), "index", "bounded"),
    ]
    table = pd.DataFrame(rows, columns=["measure", "low", "high", "unit", "basis"])
    table.insert(1, "value", table["low"].where(table["low"].eq(table["high"])))
    return table


def cross_task_forces(convictions: pd.DataFrame, places: pd.DataFrame) -> TwoByTwo:
    """Cross-classify the counties by having a task force and by having a reported conviction.

    The unit is the county, not the case: a difference says where both are, and not that one brings the other.

    Parameters
    ----------
    convictions, places
        As for `bound_concentration`.

    Returns
    -------
    TwoByTwo
        The four counts with Fisher's exact test.
    """
    table = places[["fips", "task_force"]].merge(convictions[["fips", "lower"]], on="fips", validate="one_to_one")
    task_force = table["task_force"].notna().map({True: "with a task force", False: "without"})
    conviction = table["lower"].gt(0).map({True: "with convictions", False: "none reported"})
    counts = pd.crosstab(task_force, conviction).reindex(
        index=["with a task force", "without"], columns=["with convictions", "none reported"], fill_value=0
    )
    counts.index.name, counts.columns.name = "county", None
    test = stats.fisher_exact(counts.to_numpy())
    return TwoByTwo(counts, float(test.statistic), float(test.pvalue))


def _even_split(remainder: int, number: int) -> list[int]:
    """Share out a remainder as evenly as whole numbers allow."""
    return [remainder // number + (place < remainder % number) for place in range(number)] if number else []


def _uneven_split(remainder: int, number: int) -> list[int]:
    """Give one county all that it can have, and one conviction to each other."""
    return [remainder - (number - 1)] + [1] * (number - 1) if number else []


def _bound_share(convictions: pd.DataFrame, home: pd.Series, remainder: int, total: int) -> tuple[float, float]:
    """Bound the share of the counties that `home` marks, when the bounded counties share the remainder."""
    inside = convictions["fips"].map(home)
    bounded = convictions["convictions"].isna()
    fixed = int(convictions.loc[inside & ~bounded, "convictions"].sum())
    number_inside, number_outside = int((bounded & inside).sum()), int((bounded & ~inside).sum())
    low = fixed + (number_inside if number_outside else remainder)
    high = fixed + (remainder - number_outside if number_inside else 0)
    return low / total, high / total
