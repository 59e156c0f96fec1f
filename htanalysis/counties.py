"""Convictions by county: rates and concentration, over every count that the report leaves open."""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import pdtr, pdtrik

from htanalysis.errors import HtanalysisError, check_columns, check_confidence
from htanalysis.intervals import limit_share
from htanalysis.rates import poisson_interval
from htanalysis.results import Amount, Column, Result, sources_of
from htanalysis.wording import choose, join_words, name_column, number

_PUBLISHED, _TWO = "share of the largest published county", "share of the two largest counties"
_INDEX, _GINI = "Herfindahl-Hirschman index", "Gini coefficient"


def rate_counties(
    counts: pd.DataFrame, places: pd.DataFrame, counted: str = "convictions", residents: str = "population_2010"
) -> Result:
    """Give each county's count per 100,000 residents, as a range where the count is not published.

    Counts have the columns `fips` (any code that `places` has too), the `counted` one (missing where not published),
    `lower` and `upper` (the fewest and the most that there can be; both are the count if neither is there) and perhaps
    `named_in_report`. Places, such as `load_counties()`, have `county`, `fips` and their `residents`; a map needs
    `geometry`.

    `frame` has both tables' columns in the places' order; `status` ("reported", "bounded", or "none reported" where a
    county with 0 is not `named_in_report`); `rate_low` and `rate_high` (per 100,000 residents); `interval_low` and
    `interval_high` (exact 95 % limits around them; missing where none is reported); `basis` (of the count).

    Notes
    -----
    Formula: fewest, or most, counted ÷ residents × 100,000; the exact Poisson limits of the two counts are divided
    alike.
    """
    table = join_counties(counts, places, counted, residents=residents)
    unknown, scale = table[counted].isna(), 1e5 / table[residents].astype(float)
    # Whether a 0 was reported or nothing was is what the source says of the county, and not in the number.
    silent = table["upper"].eq(0) & ~table.get("named_in_report", pd.Series(True, table.index)).astype(bool)
    table["status"] = np.select([unknown, silent], ["bounded", "none reported"], "reported")
    rates = {f"rate_{end}": table[side].astype(float) * scale for end, side in (("low", "lower"), ("high", "upper"))}
    table = table.assign(**rates, **_limit(table, scale, "interval"), basis=np.where(unknown, "bounded", "reported"))
    table.attrs |= {"counted": counted, "residents": residents}
    told = {"counties": len(table), "named": (~silent).sum(), "others": unknown.sum(), "silent": silent.sum()}
    return Result(
        basis="bounded",
        source=sources_of(table[~silent]),
        method="rate_counties",
        frame=table,
        picture=("map", {"counted": counted}),
        given=told | {"are": choose(unknown.sum(), "is", "are")},
    )


def compare_counties(rates: Result) -> Result:
    """Set the rates of the counties that reported some, from `rate_counties`, side by side.

    A row of `frame` is a county, the published ones first; of these, `at` gives the rate with its exact limits.
    """
    found = rates.frame[rates.frame["status"].ne("none reported")].sort_values("status", ascending=False, kind="stable")
    known, counted, people = (
        found["status"].eq("reported"),
        found.attrs["counted"],
        name_column(found.attrs["residents"]),
    )
    if not known.any():
        raise HtanalysisError(f"rates: no county has a published count of {counted}.")
    largest = found[known].sort_values("lower").iloc[-1]
    frame = (
        pd.DataFrame(found)
        .rename(columns={"rate_low": "low", "rate_high": "high"})
        .assign(
            value=found["rate_low"].where(known),
            basis=np.where(known, "computed", "bounded"),
            formula=[_write_rate(row, found) if row["status"] == "reported" else None for _, row in found.iterrows()],
            source=[(*sources_of(found.loc[[at]], columns=[counted]), *found.attrs["people"]) for at in found.index],
        )
    )
    beyond = (found["rate_high"] > largest["rate_low"]).sum()
    return replace(
        rates,
        source=sources_of(rates, *found.attrs["people"]),
        unit=f"{counted} for 100,000 {people.partition(' of ')[0]}",
        digits=2,
        frame=frame,
        picture=("ranges", {"axis": Column(f"{counted} for each 100,000 {people}", digits=2)}),
        given=rates.given | {"beyond": beyond, "county": largest["county"]},
    )


def rate_by_resident_year(rates: Result, population: pd.DataFrame, covered: pd.DataFrame) -> Result:
    """Give each county's count per 100,000 residents and year, to be tabulated with all that is known of it.

    `yearly_low` and `yearly_high`, exact 95 % limits, are added to the frame of `rate_counties`. The residents have
    columns `fips`, `year` and `population`, as `load("county_population")`; of the years that some rows cover, from
    `period_start` to `period_end`, a part of one counts as that part.

    Notes
    -----
    Formula: exact Poisson limits of the fewest and of the most counted ÷ residents added up over the years ×
    100,000.
    """
    check_columns("covered", covered, ["period_start", "period_end"])
    years = _count_resident_years(population, covered["period_start"].min(), covered["period_end"].max())
    years = rates.frame["fips"].map(years)
    if not (years > 0).all():
        raise HtanalysisError("population: every county of rates needs residents, above 0.")
    heads = {"county": "county", "status": "status", "lower": "fewest", "upper": "most"}
    limits = {"interval_low": "95% from", "interval_high": "95% to", "yearly_low": "a year, from", "yearly_high": "to"}
    columns = heads | {rates.frame.attrs["residents"]: Column("residents", basis="reported")}
    columns |= {name: Column(head, digits=2, basis="computed") for name, head in limits.items()}
    return replace(
        rates,
        source=sources_of(rates.frame, *rates.frame.attrs["people"], population),
        method="rate_by_resident_year",
        frame=rates.frame.assign(**_limit(rates.frame, 1e5 / years, "yearly")),
        columns=columns | dict.fromkeys({"task_force"} & {*rates.frame}, "home of"),
    )


def _count_resident_years(population: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Add up the residents of each county, by `fips`, over the years of a period."""
    check_columns("population", population, ["fips", "year", "population"])
    if end < start or not (population["population"] > 0).all():
        raise HtanalysisError(f"{start.date()} to {end.date()} is no period, or a county’s population is not above 0.")
    years = range(start.year, end.year + 1)
    if not set(years) <= set(population["year"]):
        known = f"{population['year'].min()} to {population['year'].max()}"
        raise HtanalysisError(f"Residents are known for {known}, not for all of {years[0]} to {years[-1]}.")
    days = pd.Series(pd.date_range(start, end)).dt
    parts = days.year.value_counts() / (365 + days.is_leap_year.groupby(days.year).first())
    weighted = population["population"].astype(float) * population["year"].astype(int).map(parts)
    return weighted.groupby(population["fips"]).sum()


def bound_concentration(
    counts: pd.DataFrame, places: pd.DataFrame, total: int, counted: str = "convictions", home: str = "task_force"
) -> Result:
    """Say how concentrated the counts are, over every way to share out the unpublished ones.

    The unpublished counts, each from `lower` to `upper`, share what the total leaves after the published ones. Counts
    and places are as for `rate_counties`; the column `home` of places says what a county is home to, if to any. A row
    of `frame` is a measure, to be taken with `at`: shares of counties (`low` and `high` are those of the two largest);
    the Herfindahl-Hirschman index (0 to 1: the chance that two convictions drawn at random, the first being put back,
    are of one county); the Gini coefficient over all counties (0 where each has the same number, almost 1 where one has
    all); and the count of a county without a published one.

    Notes
    -----
    Formula: share = counts of the counties meant ÷ total; Herfindahl-Hirschman index = sum of squared shares; Gini
    coefficient = sum of (2 × rank − n − 1) × count ÷ (n × total), ranks by rising count. Each at the most even way to
    share out the unpublished counts within their limits, and at the most uneven: all but one at a limit.
    """
    table = join_counties(counts, places, counted, home=home)
    known, left = table[counted].dropna().astype(int), _read_unknown(table, counted, total)
    if known.empty:
        raise HtanalysisError(f"counts: no county has a published count of {counted}.")
    unknown, homes = _split(*left), f"share of counties with a {name_column(home)}"
    source, most = sources_of(table[table["upper"].gt(0)]), unknown.max(initial=0)
    county, share = str(table["county"][known.idxmax()]), known.max() / total
    rows = [(_PUBLISHED, share, share, "share", 1, f"{county} ÷ all = {known.max()} ÷ {total}")]
    rows += [*_measure_splits(known, unknown, total), (homes, *_bound_share(table, counted, home, left[2], total))]
    if unknown.size:
        rest, text = left[0].sum() - left[0].min(), f"{most}"
        if most == left[2] - rest:
            text = f"all − published − the fewest of each other = {total} − {known.sum()} − {rest}"
        formula = f"the fewest each, or all that the others leave: fewest = {unknown.min()}; most = {text}"
        rows.append((f"{counted} of another county", unknown.min(), most, counted, 0, formula))
    frame = pd.DataFrame(rows, columns=["measure", "low", "high", "unit", "digits", "formula"])
    frame.insert(1, "value", frame["low"].where(frame["low"].eq(frame["high"])))
    frame["basis"] = np.where(frame["measure"].eq(_PUBLISHED), "computed", "bounded")
    with_homes = sources_of(*source, *table.attrs["home"])
    frame["source"] = [with_homes if name == homes else source for name in frame["measure"]]
    two = frame.set_index("measure").loc[_TWO]
    told = {"counties": len(table), "count": known.max(), "others": unknown.shape[1], "total": total}
    certain = f"{'so' if most < known.max() else 'so it is not certain that'} {county} had the most"
    return Result(
        basis="bounded",
        source=with_homes,
        low=two["low"],
        high=two["high"],
        unit="share",
        method="bound_concentration",
        frame=frame,
        picture=("ranges", {"axis": Column(f"share of all {counted}", unit="share")}),
        given=told | {"county": county, "certain": certain},
    )


def add_chance(concentration: Result) -> Result:
    """Give the share of the largest published county, of `bound_concentration`, with its exact 95 % limits.

    Notes
    -----
    Formula: the shares at which as many convictions or more, or as many or fewer, have a probability of 2.5 percent.
    """
    published, given = concentration.at(_PUBLISHED), concentration.given
    count, total = int(given["count"]), int(given["total"])
    low, high = limit_share(count, total - count)
    limits = "exact binomial limits of the share, of which alone the count is published"
    return replace(published, low=low, high=high, method="add_chance", formula=f"{published.formula}; range: {limits}")


def bound_smoothed(
    counts: pd.DataFrame,
    places: pd.DataFrame,
    total: int,
    counted: str = "convictions",
    residents: str = "population_2010",
) -> Result:
    """Smooth the counties' rates towards the state's (Marshall's empirical Bayes) over every way to share out the rest.

    A rate moves further the fewer residents a county has, and all the way where rates vary no more than chance. Assumes
    Poisson counts, and true rates that vary about a common mean. The total is known, so the mean is. The variation is
    largest when all but one have the fewest or the most that they can, and smallest when the counts are shared out by
    residents, which a greedy choice does exactly. Parameters are as for `rate_counties` and `bound_concentration`.

    Notes
    -----
    Formula: mean + (rate − mean) × A ÷ (A + mean ÷ residents), with A = max(0, weighted variance of the rates −
    mean ÷ mean residents), at its smallest and its largest over all ways to share out the unknown counts.
    """
    table = join_counties(counts, places, counted, residents=residents)
    exposed, count = table[residents].to_numpy(float), table[counted].astype("Float64")
    unknown, remainder = count.isna().to_numpy(), _read_unknown(table, counted, total)[2]
    least, most = (count.fillna(table[name].astype("Float64")).to_numpy(int) for name in ("lower", "upper"))
    mean, people, names, rows = total / exposed.sum(), exposed[unknown], table["county"].tolist(), []
    fixed = (exposed * (count.fillna(0).to_numpy(float) / exposed - mean) ** 2)[~unknown].sum()
    for place in np.flatnonzero(most):
        for own in range(least[place], most[place] + 1):
            low, high = (np.where(np.arange(len(ends)) == place, own, ends)[unknown] for ends in (least, most))
            if low.sum() <= remainder <= high.sum():
                spread = fixed + (people * (_split(low, high, remainder, people) / people - mean) ** 2).sum(axis=1)
                extra = np.maximum(spread[[0, spread.argmax()]] / exposed.sum() - mean / exposed.mean(), 0)
                rate = mean + (own / exposed[place] - mean) * extra / (extra + mean / exposed[place])
                rows.append((names[place], rate.min() * 1e5, rate.max() * 1e5))
    frame = pd.DataFrame(rows, columns=["county", "low", "high"]).groupby("county", sort=False)
    frame = frame.agg({"low": "min", "high": "max"}).reset_index().assign(value=np.nan, basis="bounded")
    axis = Column(f"smoothed {counted} for each 100,000 {name_column(residents)}", digits=1)
    above = frame.loc[frame["low"].gt(mean * 1e5), "county"]
    return Result(
        basis="bounded",
        source=sources_of(table[table["upper"].gt(0)], *table.attrs["people"]),
        method="bound_smoothed",
        frame=frame,
        picture=("ranges", {"axis": axis, "reference": mean * 1e5}),
        given={"above": join_words(above) or "No county", "state": Amount(mean * 1e5, digits=2)},
    )


def compare_with_state(rates: Result, total: int) -> Result:
    """Hold the rates of `rate_counties` against the limits that chance leaves around the state's, as a funnel."""
    frame, name = rates.frame, rates.frame.attrs["residents"]
    residents = frame[name].astype(float)
    state, curve = total / residents.sum(), [10 ** (3 + step / 100) for step in range(401)]
    people, levels = sorted({*curve, *residents}), {"95%": 0.95, "99.8%": 0.998}
    limits = {name: funnel_limits(state, people, level) for name, level in levels.items()}
    outer = funnel_limits(state, residents, 0.998)["high"].to_numpy() * 1e5
    above = frame.loc[frame["rate_low"] > outer, "county"]
    given = {"above": join_words(above) or "No county", "lies": choose(max(len(above), 1), "lies", "lie")}
    return replace(
        rates,
        source=sources_of(rates, *frame.attrs["people"]),
        method="funnel_limits",
        frame=frame.assign(basis=frame["basis"].replace("reported", "computed")),
        picture=("funnel", {"limits": limits, "center": state, "residents": name}),
        given=given | {"more": (frame["rate_high"] > outer).sum() - len(above)},
    )


def funnel_limits(rate: float, population: Sequence[float], coverage: float) -> pd.DataFrame:
    """Give the limits within which so much of the areas with a common rate of events for one resident lies.

    Exact Poisson quantiles: at most half of the rest lies beyond either limit, so the limits are steps. A row is a
    number of residents: `population`, `low`, `high` (events for one resident).

    Notes
    -----
    Formula: Poisson quantiles, at (1 − coverage) ÷ 2 and at 1 less that, of common rate × residents, divided by the
    residents.
    """
    check_confidence("coverage", coverage)
    people = np.asarray(population, dtype=float)
    if not rate > 0 or not (people > 0).all():
        raise HtanalysisError(f"rate is {rate}; it must be above 0, and each population too.")
    tail, ends = (1 - coverage) / 2, []
    for limit in (tail, 1 - tail):
        count = np.ceil(pdtrik(limit, rate * people))
        fewer = np.maximum(count - 1, 0)  # The inverse is a hair too high where it is a whole number.
        ends.append(np.where(pdtr(fewer, rate * people) >= limit, fewer, count) / people)
    low, high = ends
    return pd.DataFrame({"population": people, "low": low, "high": high})


def join_counties(
    counts: pd.DataFrame, places: pd.DataFrame, counted: str, residents: str = "", home: str = ""
) -> pd.DataFrame:
    """Put each county's count and its limits beside what is known of the place, as far as it is asked for.

    Refused are tables of other counties, counts that are not whole or not within their limits, and places without
    residents. In `.attrs` are the counts' own, and as `people` and `home` what these columns of places rest on.
    """
    check_columns("places", places, ["fips", *filter(None, [residents, home])], numbers=[residents] * bool(residents))
    if not {"lower", "upper"} & set(counts) and counted in counts:
        counts = counts.assign(lower=counts[counted], upper=counts[counted])
    numbers, names = [counted, "lower", "upper"], ["fips"] + ["county"] * ("county" not in places)
    check_columns("counts", counts, [*names, *numbers], numbers)
    for argument, frame in {"counts": counts, "places": places}.items():
        if frame["fips"].duplicated().any():
            raise HtanalysisError(
                f"{argument}: the fips {frame['fips'][frame['fips'].duplicated()].iloc[0]} stands twice."
            )
    if set(counts["fips"]) != set(places["fips"]):
        alone = min(set(counts["fips"]) ^ set(places["fips"]), key=str)
        raise HtanalysisError(f"counts and places must have the same fips; {alone} stands in one of them.")
    if residents and not (places[residents].fillna(0) > 0).all():
        raise HtanalysisError(f"places: {residents} must be above 0 in each row.")
    low, high, count = (counts[name].astype("Float64") for name in ("lower", "upper", counted))
    whole = low.ge(0) & low.le(high) & low.mod(1).eq(0) & high.mod(1).eq(0)
    if not (whole & (count.isna() | (count.eq(low) & count.eq(high)))).fillna(False).all():
        right = f"lower and upper must be whole, 0 ≤ lower ≤ upper, and both the {counted} where these are known"
        raise HtanalysisError(f"counts: {right}.")
    again = [name for name in counts if name in places and name != "fips"]
    table = places.merge(counts.drop(columns=again), on="fips", validate="one_to_one")
    rest = {name: sources_of(places, columns=[column]) for name, column in {"people": residents, "home": home}.items()}
    table.attrs = counts.attrs | rest
    return table


def _limit(table: pd.DataFrame, scale: pd.Series, name: str) -> dict[str, pd.Series]:
    """Give the exact limits of the rates; a county that reported none may have reported nothing, and has none."""
    counted = table["status"].ne("none reported")
    low = np.array([poisson_interval(count)[0] for count in table["lower"]]) * scale
    high = np.array([poisson_interval(count)[1] for count in table["upper"]]) * scale
    return {f"{name}_low": low.where(counted), f"{name}_high": high.where(counted)}


def _write_rate(row: pd.Series, table: pd.DataFrame) -> str:
    """Write the rate of a county and its limits as a formula."""
    counted, residents, count = table.attrs["counted"], table.attrs["residents"], row["lower"]
    rate, low, high = (
        f"{each} ÷ {number(row[residents])} × 100,000"
        for each in (count, *(number(end, 3) for end in poisson_interval(count)))
    )
    limits = f"exact Poisson limits of the count, divided alike: lowest = {low}; highest = {high}"
    return f"{counted} ÷ {name_column(residents)} × 100,000 = {rate}; {limits}"


def _read_unknown(table: pd.DataFrame, counted: str, total: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Give the fewest and the most of each county without a published count, and what they share."""
    unknown = table[table[counted].isna()]
    least, most = (unknown[name].to_numpy(int) for name in ("lower", "upper"))
    remainder = int(total - table[counted].sum())
    if not total > 0 or not least.sum() <= remainder <= most.sum():
        raise HtanalysisError(
            f"The total of {total} leaves {remainder} {counted} for {len(unknown)} counties without a count, which"
            " does not agree with their lower and upper limits."
        )
    return least, most, remainder


def _split(least: np.ndarray, most: np.ndarray, remainder: int, population: float | np.ndarray = 1) -> np.ndarray:
    """Share out a remainder: as evenly as whole numbers allow, and in all ways in which all but one are at a limit."""
    # Each step up from a count costs (2 count + 1) / population: a convex sum, so the cheapest steps are best.
    counts, people = np.arange(max(most, default=0)), np.broadcast_to(population, least.shape)[:, None]
    costs = np.where((counts >= least[:, None]) & (counts < most[:, None]), (2 * counts + 1) / people, np.inf)
    steps = np.argsort(costs, axis=None, kind="stable")[: remainder - least.sum()]
    even = least + np.bincount(steps // max(len(counts), 1), minlength=len(least))
    # Nobody has more than what the fewest of all others leave.
    most = np.minimum(most, remainder - least.sum() + least)
    limits = [sorted({*ends}) for ends in zip(least.tolist(), most.tolist(), strict=True)]
    ends = np.array([*itertools.product(*limits)], dtype=int)
    rest = remainder - ends.sum(axis=1, keepdims=True) + ends  # what one has if all others are at these ends
    free, way = np.nonzero(((least <= rest) & (rest <= most)).T)
    ways = ends[way]
    ways[np.arange(len(way)), free] = rest[way, free]
    return np.vstack([even, ways])


def _measure_splits(known: np.ndarray, unknown: np.ndarray, total: int) -> Iterator[tuple]:
    """Bound each measure over the ways to share out the unknown counts, the first of which is the most even."""
    splits = -np.sort(-np.hstack([np.tile(known, (len(unknown), 1)), unknown]), axis=1)
    places = splits.shape[1]
    ranks = 2 * np.arange(places, 0, -1) - places - 1
    gini = f"sum of (2 × rank − {places} − 1) × count, in rising order, ÷ ({places} × {total})"
    two = "two largest ÷ all, the unknown counts being shared out evenly, or all but one at a limit"
    every = [
        ("share of the largest county", "share", splits[:, 0] / total, "largest ÷ all", "{1} ÷ {0}"),
        (_TWO, "share", splits[:, :2].sum(axis=1) / total, two, "({1} + {2}) ÷ {0}"),
        (_INDEX, "", ((splits / total) ** 2).sum(axis=1), "sum of shares squared", "({squares}) ÷ {0}²"),
        (_GINI, "", (ranks * splits).sum(axis=1) / (places * total), gini, "{listed}"),
    ]
    for measure, unit, found, words, text in every:
        even, uneven = (_write_split(text, splits[place], total) for place in (0, found.argmax()))
        ends = f"; lowest: {even}; highest: {uneven}" if measure == _GINI else f": lowest = {even}; highest = {uneven}"
        yield measure, found[0], found.max(), unit, 0 if unit else 2, words + ends


def _write_split(text: str, split: np.ndarray, total: int) -> str:
    """Write the counts of all counties into a formula: the largest, their squares, or the list of them."""
    many = [(places, count) for count, places in Counter(split.tolist()).items() if count]
    squares = " + ".join(f"{places} × {count}²" if places > 1 else f"{count}²" for places, count in many)
    listed = ", ".join(f"{places} times {count}" if places > 1 else f"{count}" for places, count in many)
    return text.format(total, *split[:2], squares=squares, listed=listed)


def _bound_share(table: pd.DataFrame, counted: str, home: str, remainder: int, total: int) -> tuple:
    """Bound the share of the counties that are a home, when the counties without a count share the remainder."""
    inside, unknown = table[home].notna(), table[counted].isna()
    fixed = int(table.loc[inside & ~unknown, counted].sum())
    here, elsewhere = (table.loc[unknown & part, ["lower", "upper"]].sum() for part in (inside, ~inside))
    fewest = max(here["lower"], remainder - elsewhere["upper"])
    most = min(here["upper"], remainder - elsewhere["lower"])
    words = f"published and fewest or most of the {remainder} others ÷ all"
    formula = f"{words}: lowest = ({fixed} + {fewest}) ÷ {total}; highest = ({fixed} + {most}) ÷ {total}"
    return (fixed + fewest) / total, (fixed + most) / total, "share", 0, formula
