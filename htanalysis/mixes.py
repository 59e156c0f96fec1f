"""Sex and labor: what different sources count, and how far looking in one place bends the picture."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from htanalysis import settings
from htanalysis.errors import HtanalysisError
from htanalysis.places import interval_shares


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

    Notes
    -----
    Formula: the published shares as they are; labor among the classified = labor ÷ (sex + labor); unstated = 1 −
    sex − labor − other.
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


def compare_labor(types: pd.DataFrame) -> pd.DataFrame:
    """Give each source's labor share, with what chance adds where the number of cases is published.

    The sources count different things, so nothing is pooled. Where the cases behind whole percents are known, the
    interval is Goodman's (see `interval_shares`); elsewhere there is none, which does not mean that there is no chance.

    Parameters
    ----------
    types : pandas.DataFrame
        `load("trafficking_type")`, or a frame with its columns.

    Returns
    -------
    pandas.DataFrame
        A row is a source that states a labor share: `source`, `value`, `low`, `high` (missing without a number of
        cases, or where the share is in words) and `basis`.

    Notes
    -----
    Formula: the published labor share; where the number of cases is known, the widest Goodman limits (see
    `interval_shares`) over all whole numbers that round to the published shares.
    """
    rows = []
    for source, part in types.groupby("source", observed=True, sort=False):
        shares = part.dropna(subset=["share"]).set_index("trafficking_type")["share"].astype(float)
        cases = part.loc[part["trafficking_type"].eq("all"), "count"]
        in_words = part["note"].fillna("").str.contains("out of ten").any()
        if "labor" not in shares:
            continue
        low = high = float("nan")
        if len(cases) and "sex" in shares and not in_words:
            low, high = _interval_of_labor(shares, int(cases.iloc[0]))
        rows.append((source, shares["labor"], low, high, "computed" if pd.notna(low) else "reported"))
    return pd.DataFrame(rows, columns=["source", "value", "low", "high", "basis"])


def _interval_of_labor(shares: pd.Series, cases: int) -> tuple[float, float]:
    """Give the interval of the labor share over all whole numbers that the published shares can stand for."""
    labor, sex = (count_behind_share(shares[kind], cases) for kind in ("labor", "sex"))
    limits = [interval_shares([s, n, max(cases - s - n, 0)]).loc[1] for s in sex for n in labor]
    return min(row["low"] for row in limits), max(row["high"] for row in limits)


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

    Notes
    -----
    Formula: labor share = t ÷ (1 + t), with t = labor victims ÷ sex trafficking victims in each reading.
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

    Notes
    -----
    Formula: true labor share ÷ (1 − true labor share) × counted sex ÷ counted labor.

    Examples
    --------
    >>> round(detect_ratio(sex=0.56, labor=0.23, true_labor_share=16.4 / 20.9), 1)
    8.9
    """
    if not sex > 0 or not labor > 0 or not 0 < true_labor_share < 1:
        raise HtanalysisError(f"No ratio from sex {sex}, labor {labor}, true labor share {true_labor_share}.")
    return true_labor_share / (1 - true_labor_share) * sex / labor


def allot_other(mix: pd.Series, to_labor: float) -> pd.Series:
    """Give the mix if so much of the unclassified "other" were labor victims, and the rest sex trafficking victims.

    Parameters
    ----------
    mix : pandas.Series
        `sex`, `labor` and `other` (shares or counts).
    to_labor : float
        Assumed part of the "other" (fraction from 0 to 1).

    Returns
    -------
    pandas.Series
        `sex` and `labor`; adds up to what `mix` adds up to.

    Raises
    ------
    HtanalysisError
        If one of the three is missing, or the part is not from 0 to 1.

    Notes
    -----
    Formula: labor = labor + part × other; sex = sex + (1 − part) × other.

    Examples
    --------
    >>> allot_other(pd.Series({"sex": 0.5, "labor": 0.3, "other": 0.2}), 0.5).round(2).tolist()
    [0.6, 0.4]
    """
    sex, labor, other = (mix[name] for name in ("sex", "labor", "other"))
    if pd.isna([sex, labor, other]).any():
        raise HtanalysisError("Allotting the “other” needs the shares of sex, labor and other; one is missing.")
    if not 0 <= to_labor <= 1:
        raise HtanalysisError(f"other_to_labor is {to_labor}; it is a part and goes from 0 to 1.")
    sex, labor, other = float(sex), float(labor), float(other)
    return pd.Series({"sex": sex + other * (1 - to_labor), "labor": labor + other * to_labor})


def span_detection(mix: pd.Series, true_labor_share: float, to_labor: float) -> Span:
    """Give `detect_ratio` with the range that the victims of unknown type leave.

    Parameters
    ----------
    mix : pandas.Series
        `sex`, `labor` and `other` (shares).
    true_labor_share : float
        As for `detect_ratio`.
    to_labor : float
        Part of the "other" taken as labor victims for `value`; at `low` all of them are, at `high` none.

    Notes
    -----
    Formula: true labor share ÷ (1 − true labor share) × (sex + (1 − part) × other) ÷ (labor + part × other), with
    the assumed part, with all (lowest) and with none (highest) of the other being labor.
    """
    return Span(*(detect_ratio(*allot_other(mix, part), true_labor_share) for part in (to_labor, 1.0, 0.0)))


def curve_detection(mix: pd.Series, shares: Sequence[float], to_labor: float) -> pd.DataFrame:
    """Give `span_detection` over a range of true labor shares.

    Returns
    -------
    pandas.DataFrame
        A row is a true labor share: `labor_share`, `value`, `low`, `high` (times).

    Notes
    -----
    Formula: true labor share ÷ (1 − true labor share) × (sex + (1 − part) × other) ÷ (labor + part × other), for
    each true labor share, with the assumed part, all and none of the other being labor.
    """
    spans = [span_detection(mix, share, to_labor) for share in shares]
    return pd.DataFrame(
        {"labor_share": shares, **{k: [getattr(s, k) for s in spans] for k in ("value", "low", "high")}}
    )


def detect_with_errors(mix: pd.Series, true_labor_share: Any, to_labor: Any, sensitivity: Any) -> Any:
    """Give `detect_ratio` where the "other" are allotted and some labor victims were classified as sex trafficking.

    Works on numbers and on arrays of draws alike.

    Parameters
    ----------
    mix : pandas.Series
        `sex`, `labor` and `other` (shares).
    true_labor_share, to_labor : float or array of float
        As for `span_detection`.
    sensitivity : float or array of float
        Chance that a counted labor victim is classified as one; above 0.

    Returns
    -------
    float or array of float
        Times less likely to be counted; 0 or below where so many were misclassified that no sex trafficking is left.
    """
    labor = (mix["labor"] + mix["other"] * to_labor) / sensitivity
    sex = mix[["sex", "labor", "other"]].sum() - labor
    return true_labor_share / (1 - true_labor_share) * sex / labor


def envelope_detection(mix: pd.Series, total: int | None, true_labor_share: float, to_labor: float) -> Span:
    """Give `span_detection` with what chance in sampling adds, if the shares are of so many victims.

    At each end the "other" are all of one type, and the odds of labor to sex have their exact (Clopper and Pearson)
    interval. Assumes that each victim's type is independent of the others', which victims of one trafficker's are not.

    Parameters
    ----------
    mix : pandas.Series
        As for `span_detection`.
    total : int or None
        Victims behind the shares; None for so many that chance adds nothing.
    true_labor_share, to_labor : float
        As for `span_detection`.

    Notes
    -----
    Formula: true odds × (1 − l) ÷ l, with l the labor share: at the lowest the upper Clopper-Pearson limit where
    all of the other are labor, at the highest the lower one where none are.
    """
    span = span_detection(mix, true_labor_share, to_labor)
    if total is None:
        return span
    sex, labor, other = (round(float(mix[name]) * total) for name in ("sex", "labor", "other"))
    true_odds = true_labor_share / (1 - true_labor_share)
    high = _share_limits(labor, sex + other)[0]
    low = _share_limits(labor + other, sex)[1]
    return Span(
        span.value,
        true_odds * (1 - low) / low,
        true_odds * (1 - high) / high if high > 0 else math.inf,
    )


def smallest_total(shares: Sequence[float], digits: int = 2) -> int:
    """Find the smallest number of cases that can stand behind published shares of a whole.

    Parameters
    ----------
    shares : sequence of float
        Shares (fractions) that add up to 1, rounded to `digits`.
    digits : int
        Decimals of the fraction that were published.

    Returns
    -------
    int
        The smallest total that whole numbers share out so that each share rounds to the published one.

    Raises
    ------
    HtanalysisError
        If no total up to 10,000 does.

    Examples
    --------
    >>> smallest_total([0.5, 0.25, 0.25]), smallest_total([0.56, 0.23, 0.21])
    (4, 39)
    """
    for total in range(1, 10_001):
        fitting = [count_behind_share(share, total, digits) for share in shares]
        if all(fitting) and sum(counts[0] for counts in fitting) <= total <= sum(counts[-1] for counts in fitting):
            return total
    raise HtanalysisError(f"No total up to 10,000 gives the shares {list(shares)}; do they add up to 1?")


def fewest_behind_share(share: float, above: int, digits: int = 2) -> int:
    """Say how many cases at least stand behind a share of a total that is known only to be above a number.

    Notes
    -----
    Formula: (total known to be exceeded + 1) × (share − half of its last digit), rounded up.

    Examples
    --------
    >>> fewest_behind_share(0.72, above=1000)
    716
    """
    return max(math.ceil((above + 1) * (share - 0.5 * 10.0**-digits) - 1e-9), 0)


def poststratify(shares: Sequence[float], weights: Sequence[float]) -> float:
    """Give the share in a whole from the shares in its groups and the groups' weights.

    Parameters
    ----------
    shares : sequence of float
        Share in each group (fractions).
    weights : sequence of float
        Each group's part of the whole; they add up to 1.

    Raises
    ------
    HtanalysisError
        If the weights do not add up to 1.

    Examples
    --------
    >>> round(poststratify([0.89, 0.73], [0.5, 0.5]), 2)
    0.81
    """
    if not math.isclose(sum(weights), 1, abs_tol=1e-9) or min(weights) < 0:
        raise HtanalysisError(f"The weights {list(weights)} are no parts of a whole: they must add up to 1.")
    return sum(share * weight for share, weight in zip(shares, weights, strict=True))


def weigh_groups(first: float, second: float, pooled: float, margin: float, rounding: float = 0.005) -> Span:
    """Find which mixes of two groups give a pooled share, when all three shares are rounded.

    Parameters
    ----------
    first, second : float
        The shares in the two groups; further apart than their rounding.
    pooled : float
        The share in both together.
    margin : float
        Half the width of what the pooled share can be; an assumption, where the source gives it in words.
    rounding : float
        Half the width of what the groups' shares can be: 0.005 for whole percents.

    Returns
    -------
    Span
        Weight of the first group (fraction of the cases), held to 0 to 1.

    Raises
    ------
    HtanalysisError
        If a margin is negative, the groups do not differ, or no mix gives the pooled share.

    Notes
    -----
    Formula: (pooled share − second share) ÷ (first share − second share), at its smallest and largest over the
    shares' rounding and the margin, held between 0 and 1.

    Examples
    --------
    >>> weigh_groups(0.89, 0.73, 0.8, 0.05, rounding=0)
    Span(value=0.4375, low=0.125, high=0.75)
    """
    if min(margin, rounding) < 0 or not abs(first - second) > 2 * rounding + 1e-9:
        raise HtanalysisError(
            f"The groups’ shares {first} and {second}, with margins {margin} and {rounding}: margins are 0 or more, and"
            " the shares differ by more than their rounding; otherwise any mix gives the pooled share."
        )
    signs = list(itertools.product((-1, 0, 1), repeat=3))
    weights = [_weight(first + a * rounding, second + b * rounding, pooled + c * margin) for a, b, c in signs]
    if max(weights) < 0 or min(weights) > 1:
        raise HtanalysisError(f"No mix of {first} and {second} gives {pooled} to within {margin}.")
    value = _weight(first, second, pooled)
    return Span(*(round(min(max(part, 0.0), 1.0), 10) for part in (value, min(weights), max(weights))))


def _weight(first: float, second: float, pooled: float) -> float:
    return (pooled - second) / (first - second)


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
        `sex`, `labor`, `other` outside vice; adds up to 1.

    Raises
    ------
    HtanalysisError
        If a share is not between 0 and 1, or the mix does not add up to 1.

    Notes
    -----
    Formula: sex outside vice solves vice share × v + (1 − vice share) × sex = counted sex, where the odds of v are
    those of sex × the federal odds ratio; labor = labor ÷ (labor + other) × (1 − sex).

    Examples
    --------
    >>> counted = pd.Series({"sex": 0.56, "labor": 0.23, "other": 0.21})
    >>> move_outside_vice(counted, 0.89, 0.73, 1.0).round(3).tolist()
    [0.298, 0.367, 0.335]
    """
    if not 0 <= vice_share <= 1:
        raise HtanalysisError(f"vice_share is {vice_share}; it is a share and goes from 0 to 1.")
    if not all(0 < share < 1 for share in (vice, outside, mix["sex"])) or not math.isclose(mix.sum(skipna=False), 1):
        raise HtanalysisError(
            f"The shares {vice}, {outside} and {dict(mix)} must lie between 0 and 1, and the mix must add up to 1."
        )
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

    Notes
    -----
    Formula: for each vice share, sex solves vice share × v + (1 − vice share) × sex = counted sex, where the odds
    of v are those of sex × the federal odds ratio; labor and other share the rest as they are counted.
    """
    moved = [move_outside_vice(mix, vice, outside, share) for share in vice_shares]
    return pd.DataFrame(moved).assign(vice_share=list(vice_shares))[["vice_share", "sex", "labor", "other"]]


def turn_round(prior: Sequence[float], given: Sequence[float]) -> float:
    """Turn "foreign, given labor or sex" round into "labor, given foreign" by Bayes' rule.

    Parameters
    ----------
    prior : sequence of float
        Shares of labor and of sex; or their odds, where both are multiplied alike.
    given : sequence of float
        Share of foreigners among labor and among sex, from 0 to 1.

    Returns
    -------
    float
        Share of labor among the foreigners.

    Raises
    ------
    HtanalysisError
        If a share is not what it can be, or nobody is foreign.

    Notes
    -----
    Formula: labor × foreign among labor ÷ (labor × foreign among labor + sex × foreign among sex).

    Examples
    --------
    >>> round(turn_round([0.1, 0.8], [0.95, 0.17]), 3)
    0.411
    """
    if not all(share >= 0 for share in prior) or not all(0 <= share <= 1 for share in given):
        raise HtanalysisError(
            f"The shares {list(prior)} and {list(given)} must be 0 or more, the second pair at most 1."
        )
    labor, sex = (share * part for share, part in zip(prior, given, strict=True))
    if not labor + sex > 0:
        raise HtanalysisError("Nobody is foreign in these shares, so there is no mix among foreigners.")
    return labor / (labor + sex)


def find_foreign_labor(htrs: pd.DataFrame, shift: float = 0.0, victims_ratio: float = 1.0) -> float:
    """Find the labor share among foreign victims in the federally funded task forces' data.

    The type shares are of suspected incidents, the citizenship figures of victims in incidents that 18 task forces
    confirmed. The result assumes that one holds for the other, that a victim who is not a citizen is foreign, and how
    many victims a labor incident has for each in a sex incident.

    Parameters
    ----------
    htrs : pandas.DataFrame
        `load("htrs")`.
    shift : float
        What "one out of ten" labor is assumed to miss, and "eight out of ten" sex to exceed (a fraction).
    victims_ratio : float
        Assumed victims in a labor incident for each in a sex incident; above 0.

    Returns
    -------
    float
        Share of labor among foreign victims.

    Raises
    ------
    HtanalysisError
        If the shift leaves no share, or the ratio is not above 0.
    """
    share = htrs[htrs["unit"].eq("share") & ~htrs["population"].str.contains("vice unit")]
    share = share.set_index("measure")["value"].astype(float).to_dict()
    labor = share["share classified as labor trafficking"] + shift
    sex = share["share classified as sex trafficking"] - shift
    if min(labor, sex) < 0 or not victims_ratio > 0:
        raise HtanalysisError(
            f"A shift of {shift} leaves {labor:.2f} labor and {sex:.2f} sex, with {victims_ratio} victims in a labor"
            " incident for each in a sex incident: none can be below 0, nor the ratio 0."
        )
    foreign_labor = share["share undocumented immigrants"] + share["share qualified immigrants"]
    return turn_round([labor * victims_ratio, sex], [foreign_labor, 1 - share["share U.S. citizens"]])


def span_foreign_labor(htrs: pd.DataFrame, margin: float, victims_ratio: float = 1.0) -> Span:
    """Give `find_foreign_labor` with the range that the two rounded type shares leave.

    Parameters
    ----------
    htrs, victims_ratio
        As for `find_foreign_labor`.
    margin : float
        Half the width of "eight out of ten" and "one out of ten" (a fraction), 0 or more.

    Notes
    -----
    Formula: labor × ratio of victims × foreign among labor ÷ (that + sex × foreign among sex), with labor and sex
    as stated, and with both moved apart and towards each other by the margin.
    """
    if margin < 0:
        raise HtanalysisError(f"margin is {margin}; it is half a width, and 0 or more.")
    return Span(*(find_foreign_labor(htrs, shift, victims_ratio) for shift in (0.0, -margin, margin)))


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

    Notes
    -----
    Formula: every whole number from total × (share − half of its last digit), rounded up, to total × (share + half
    of its last digit), rounded down.

    Examples
    --------
    >>> count_behind_share(0.76, 141), count_behind_share(0.15, 141)
    ([107], [21])
    """
    half = 0.5 * 10.0**-digits
    low, high = math.ceil(total * (share - half) - 1e-9), math.floor(total * (share + half) + 1e-9)
    return list(range(max(low, 0), min(high, total) + 1))


def _share_limits(count: int, rest: int) -> tuple[float, float]:
    """Give the exact interval for the share of a count among itself and the rest."""
    if count + rest == 0:
        raise HtanalysisError("No cases, so there is no share.")
    interval = stats.binomtest(count, count + rest).proportion_ci(settings.CONFIDENCE, method="exact")
    return float(interval.low), float(interval.high)
