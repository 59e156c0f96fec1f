"""Sex and labor: what different sources count, and how far looking in one place bends the picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from scipy.optimize import brentq

from htanalysis.errors import HtanalysisError


@dataclass(frozen=True)
class Span:
    """A value with the range that its inputs leave.

    Attributes
    ----------
    value, low, high : float
        `low` <= `value` <= `high`.
    """

    value: float
    low: float
    high: float


def compare_mixes(types: pd.DataFrame) -> pd.DataFrame:
    """Put each source's shares of sex and labor trafficking side by side.

    Parameters
    ----------
    types : pandas.DataFrame
        `load("trafficking_type")`, or a frame with its columns.

    Returns
    -------
    pandas.DataFrame
        A row is a source, in the order of the data: `source`, `population`, `geography`, `sex`, `labor`, `other`
        (shares; missing where not stated), `unstated` (what the stated shares leave) and `labor_among_classified`
        (labor / (sex + labor); missing unless both are stated).
    """
    shares = types.pivot(index="source", columns="trafficking_type", values="share")
    shares = shares.reindex(types["source"].unique()).reindex(columns=["sex", "labor", "other"]).astype("Float64")
    facts = types.drop_duplicates("source").set_index("source")[["population", "geography"]]
    table = facts.join(shares)
    classified = table["sex"] + table["labor"]
    return table.assign(
        unstated=(1 - table[["sex", "labor", "other"]].sum(axis=1)).round(6),
        labor_among_classified=table["labor"] / classified,
    ).reset_index()


def read_ilo(estimates: pd.DataFrame, types: pd.DataFrame) -> pd.DataFrame:
    """Give the three readings of the world's labor share that the report allows.

    Parameters
    ----------
    estimates : pandas.DataFrame
        `load("global_estimates")`.
    types : pandas.DataFrame
        `load("trafficking_type")`; the report's "3.5 times" is the ratio of its two rounded ILO shares.

    Returns
    -------
    pandas.DataFrame
        A row is a reading: `reading`, `times` (labor victims for one sex victim) and `labor_share` (of both together).
    """
    latest = estimates[estimates["year"].eq(estimates["year"].max())].set_index("trafficking_type")["victims"]
    rounded = types[types["source"].eq("ILO")].set_index("trafficking_type")["share"]
    times = pd.Series(
        {
            "without state-imposed labor": latest["labor"] / latest["sex"],
            "with state-imposed labor": latest["labor, state-imposed included"] / latest["sex"],
            "the report’s “3.5 times”": round(rounded["labor"] / rounded["sex"], 1),
        }
    ).astype(float)
    return pd.DataFrame({"reading": times.index, "times": times.to_numpy(), "labor_share": (times / (1 + times)).array})


def detect_ratio(sex: float, labor: float, true_labor_share: float) -> float:
    """Say how many times less likely a labor victim is to be counted than a sex victim, if the true mix were known.

    The true odds of labor to sex divided by the counted odds. Assumes that source and true mix speak of the same place,
    time and definition of a victim.

    Parameters
    ----------
    sex, labor : float
        Counted shares (or counts); above 0.
    true_labor_share : float
        Labor victims as a share of labor and sex victims together, between 0 and 1.

    Returns
    -------
    float
        1 where both are counted equally often; above 1 where labor victims are missed more.

    Raises
    ------
    HtanalysisError
        If a share is 0 or the true share is not between 0 and 1: then there is no ratio.

    Examples
    --------
    >>> round(detect_ratio(sex=0.56, labor=0.23, true_labor_share=16.4 / 20.9), 1)
    8.9
    """
    if min(sex, labor) <= 0 or not 0 < true_labor_share < 1:
        raise HtanalysisError(f"No ratio from sex {sex}, labor {labor}, true labor share {true_labor_share}.")
    return true_labor_share / (1 - true_labor_share) * sex / labor


def span_detection(mix: pd.Series, true_labor_share: float) -> Span:
    """Give `detect_ratio` with the range that the victims of unknown type leave.

    Parameters
    ----------
    mix : pandas.Series
        `sex`, `labor` and `other` (shares). At one end all of `other` are labor victims, at the other all sex victims.
    true_labor_share : float
        As for `detect_ratio`.
    """
    sex, labor, other = (float(mix[name]) for name in ("sex", "labor", "other"))
    return Span(
        detect_ratio(sex, labor, true_labor_share),
        detect_ratio(sex, labor + other, true_labor_share),
        detect_ratio(sex + other, labor, true_labor_share),
    )


def curve_detection(mix: pd.Series, shares: Sequence[float]) -> pd.DataFrame:
    """Give `span_detection` over a range of true labor shares.

    Returns
    -------
    pandas.DataFrame
        A row is a true labor share: `labor_share`, `value`, `low`, `high` (times).
    """
    spans = [span_detection(mix, share) for share in shares]
    return pd.DataFrame(
        {"labor_share": shares, **{k: [getattr(s, k) for s in spans] for k in ("value", "low", "high")}}
    )


def weigh_groups(first: float, second: float, pooled: float, margin: float) -> Span:
    """Find which mixes of two groups give a pooled share that is known only to within a margin.

    Parameters
    ----------
    first, second : float
        The shares in the two groups; not equal.
    pooled : float
        The share in both together.
    margin : float
        Half the width of what the pooled share can be.

    Returns
    -------
    Span
        Weight of the first group (fraction of the cases), held to 0 to 1.

    Raises
    ------
    HtanalysisError
        If the groups do not differ, or no mix gives the pooled share.

    Examples
    --------
    >>> weigh_groups(0.89, 0.73, 0.8, 0.05)
    Span(value=0.4375, low=0.125, high=0.75)
    """
    if first == second:
        raise HtanalysisError(f"Both groups have the share {first}: any mix of them gives it.")
    ends = sorted((pooled + sign * margin - second) / (first - second) for sign in (-1, 1))
    if ends[1] < 0 or ends[0] > 1:
        raise HtanalysisError(f"No mix of {first} and {second} gives {pooled} to within {margin}.")
    weight = (pooled - second) / (first - second)
    return Span(*(round(min(max(part, 0.0), 1.0), 10) for part in (weight, *ends)))


def move_outside_vice(mix: pd.Series, vice: float, outside: float, vice_share: float) -> pd.Series:
    """Say what a mix would be if no case were handled in a vice unit.

    The odds of sex trafficking in vice units are taken to be the same multiple of the odds elsewhere as in the federal
    data. The shares of labor and other keep their proportion to each other.

    Parameters
    ----------
    mix : pandas.Series
        `sex`, `labor`, `other`: shares as counted.
    vice, outside : float
        Share of sex trafficking in and outside vice units in the federal data, between 0 and 1.
    vice_share : float
        Assumed share of the cases behind `mix` that vice units handled, from 0 to 1.

    Returns
    -------
    pandas.Series
        `sex`, `labor`, `other` outside vice; adds up to what `mix` adds up to.

    Examples
    --------
    >>> counted = pd.Series({"sex": 0.56, "labor": 0.23, "other": 0.21})
    >>> move_outside_vice(counted, 0.89, 0.73, 1.0).round(3).tolist()
    [0.298, 0.367, 0.335]
    """
    if not 0 <= vice_share <= 1:
        raise HtanalysisError(f"vice_share is {vice_share}; it is a share and goes from 0 to 1.")
    odds_ratio = vice / (1 - vice) / (outside / (1 - outside))

    def excess(share: float) -> float:
        in_vice = odds_ratio * share / (1 - share + odds_ratio * share)
        return vice_share * in_vice + (1 - vice_share) * share - mix["sex"]

    sex = brentq(excess, 1e-9, 1 - 1e-9)
    rest = mix.drop("sex")
    return pd.Series({"sex": sex, **(rest / rest.sum() * (mix.sum() - sex))})


def curve_outside_vice(mix: pd.Series, vice: float, outside: float, vice_shares: Sequence[float]) -> pd.DataFrame:
    """Give `move_outside_vice` over a range of vice shares.

    Returns
    -------
    pandas.DataFrame
        A row is a vice share: `vice_share`, `sex`, `labor`, `other`.
    """
    moved = [move_outside_vice(mix, vice, outside, share) for share in vice_shares]
    return pd.DataFrame(moved).assign(vice_share=list(vice_shares))[["vice_share", "sex", "labor", "other"]]


def turn_round(prior: Sequence[float], given: Sequence[float]) -> float:
    """Turn "foreign, given labor or sex" round into "labor, given foreign" by Bayes' rule.

    Parameters
    ----------
    prior : sequence of float
        Shares of labor and of sex.
    given : sequence of float
        Share of foreigners among labor and among sex.

    Returns
    -------
    float
        Share of labor among the foreigners.

    Raises
    ------
    HtanalysisError
        If nobody is foreign.

    Examples
    --------
    >>> round(turn_round([0.1, 0.8], [0.95, 0.17]), 3)
    0.411
    """
    labor, sex = (share * part for share, part in zip(prior, given, strict=True))
    if not labor + sex > 0:
        raise HtanalysisError("Nobody is foreign in these shares, so there is no mix among foreigners.")
    return labor / (labor + sex)


def span_foreign_labor(htrs: pd.DataFrame, margin: float) -> Span:
    """Find the labor share among foreign victims in the federal task forces' data.

    The citizenship figures are of victims in incidents that 18 task forces confirmed, the type shares of suspected
    incidents; the result assumes that one holds for the other, and that a victim who is not a citizen is foreign.

    Parameters
    ----------
    htrs : pandas.DataFrame
        `load("htrs")`.
    margin : float
        Half the width of "eight out of ten" and "one out of ten" (a fraction).

    Returns
    -------
    Span
        Share of labor among foreign victims; the range is that of the two rounded type shares.
    """
    share = htrs[htrs["unit"].eq("share") & ~htrs["population"].str.contains("vice unit")]
    share = share.set_index("measure")["value"].astype(float).to_dict()
    labor, sex = share["share classified as labor trafficking"], share["share classified as sex trafficking"]
    foreign_labor = share["share undocumented immigrants"] + share["share qualified immigrants"]
    given = [foreign_labor, 1 - share["share U.S. citizens"]]
    return Span(
        turn_round([labor, sex], given),
        turn_round([labor - margin, sex + margin], given),
        turn_round([labor + margin, sex - margin], given),
    )


def count_behind_share(share: float, total: int, digits: int = 2) -> list[int]:
    """List the whole numbers of a total that round to a published share.

    Parameters
    ----------
    share : float
        Published share (fraction), rounded to `digits`.
    total : int
        Number of which it is a share.
    digits : int
        Decimals of the fraction that were published: 2 for whole percents.

    Returns
    -------
    list of int
        Every count that fits; one entry means that the count is certain.

    Examples
    --------
    >>> count_behind_share(0.76, 141), count_behind_share(0.15, 141)
    ([107], [21])
    """
    half = 0.5 * 10.0**-digits
    low, high = math.ceil(total * (share - half) - 1e-9), math.floor(total * (share + half) + 1e-9)
    return list(range(max(low, 0), min(high, total) + 1))
