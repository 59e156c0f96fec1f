"""Sex and labor: what different sources count, and how far looking in one place bends the picture."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from htanalysis.errors import HtanalysisError
from htanalysis.shares import Span, check_share, check_total, count_behind_share, is_number, limit_share, turn_round

_TYPES = ("sex", "labor", "other")
#: What rounding to whole percents can add to, or take from, the sum of three shares.
_ROUNDING = 0.015


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

    Raises
    ------
    HtanalysisError
        If a source has a type that would be dropped, a type twice, or shares that cannot be.

    Notes
    -----
    Formula: the published shares as they are; labor among the classified = labor ÷ (sex + labor); unstated = 1 −
    sex − labor − other.
    """
    _check_types(types)
    shares = types.pivot(index="source", columns="trafficking_type", values="share")
    shares = shares.reindex(types["source"].unique()).reindex(columns=[*_TYPES]).astype("Float64")
    facts = types.drop_duplicates("source").set_index("source")[["population", "geography"]]
    table = facts.join(shares)
    return table.assign(
        unstated=(1 - table[[*_TYPES]].sum(axis=1)).round(6).clip(lower=0),
        labor_among_classified=table["labor"] / (table["sex"] + table["labor"]),
    ).reset_index()


def _check_types(types: pd.DataFrame) -> None:
    """Refuse what a table of sources and types would drop, add up or show wrongly."""
    for source, part in types.groupby("source", observed=True, sort=False):
        kinds, stated = part["trafficking_type"].astype(str), part[part["share"].notna()]
        if unknown := sorted({*kinds} - {*_TYPES, "all"}):
            raise HtanalysisError(f"{source}: “{unknown[0]}” would be dropped; there are sex, labor, other and all.")
        if kinds.duplicated().any():
            raise HtanalysisError(f"{source}: “{kinds[kinds.duplicated()].iloc[0]}” stands in two rows.")
        for kind, share in zip(stated["trafficking_type"], stated["share"], strict=True):
            check_share(f"{source}: {kind}", share)
        total = float(stated.loc[stated["trafficking_type"].ne("all"), "share"].sum())
        if total > 1 + _ROUNDING:
            raise HtanalysisError(f"{source}: the shares add up to {total:g}, which is more than 1.")


def compare_labor(types: pd.DataFrame) -> pd.DataFrame:
    """Give each source's labor share, with what chance adds where the number of cases is published.

    The sources count different things, so nothing is pooled. Where the cases behind whole percents are known, the
    interval is exact (Clopper and Pearson's); elsewhere there is none, which does not mean that there is no chance.

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
    Formula: the published labor share; where the number of cases is known, the widest exact limits (Clopper and
    Pearson) over all whole numbers that round to it (see `count_behind_share`).
    """
    _check_types(types)
    rows = []
    for source, part in types.groupby("source", observed=True, sort=False):
        shares = part.dropna(subset=["share"]).set_index("trafficking_type")["share"].astype(float)
        cases = part.loc[part["trafficking_type"].eq("all"), "count"].dropna()
        if "labor" not in shares:
            continue
        low = high = float("nan")
        if len(cases) and not part["note"].fillna("").str.contains("out of ten").any():
            low, high = _interval_of_share(f"{source}: labor", shares["labor"], int(cases.iloc[0]))
        rows.append((source, shares["labor"], low, high, "computed" if pd.notna(low) else "reported"))
    return pd.DataFrame(rows, columns=["source", "value", "low", "high", "basis"])


def _interval_of_share(name: str, share: float, cases: int) -> tuple[float, float]:
    """Give the exact interval of a share over all whole numbers of the cases that round to it."""
    counts = count_behind_share(share, cases)
    if not counts:
        raise HtanalysisError(f"{name} is {share}, but no whole number of {cases} cases rounds to that.")
    return limit_share(counts[0], cases - counts[0])[0], limit_share(counts[-1], cases - counts[-1])[1]


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
    """Say how many times as likely as a labor victim a sex trafficking victim is to be counted, for a true mix.

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
        1 where both are counted equally often; above 1 where labor victims are missed more, below 1 where less.

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
    for name, counted in {"sex": sex, "labor": labor}.items():
        if not is_number(counted) or not 0 < counted < math.inf:
            raise HtanalysisError(f"No ratio: {name} is {counted}; it must be above 0.")
    check_share("No ratio: true_labor_share", true_labor_share, inside=True)
    return true_labor_share / (1 - true_labor_share) * sex / labor


def allot_other(mix: pd.Series, to_labor: float) -> pd.Series:
    """Give the mix if so much of the unclassified "other" were labor victims, and the rest sex trafficking victims.

    Parameters
    ----------
    mix : pandas.Series
        `sex`, `labor` and `other`: shares that add up to 1, and no further type.
    to_labor : float
        Assumed part of the "other" (fraction from 0 to 1).

    Returns
    -------
    pandas.Series
        `sex` and `labor`; adds up to what `mix` adds up to.

    Raises
    ------
    HtanalysisError
        If the mix is none, or the part is not from 0 to 1.

    Notes
    -----
    Formula: labor = labor + part × other; sex = sex + (1 − part) × other.

    Examples
    --------
    >>> allot_other(pd.Series({"sex": 0.5, "labor": 0.3, "other": 0.2}), 0.5).round(2).tolist()
    [0.6, 0.4]
    """
    sex, labor, other = _read_mix(mix)
    check_share("to_labor", to_labor)
    return pd.Series({"sex": sex + other * (1 - to_labor), "labor": labor + other * to_labor})


def bound_labor_share(mix: pd.Series, counted: float = 1.0, missed_more: bool = False) -> tuple[float, float]:
    """Bound the labor share of all victims, of whom some were not counted and some not classified (Manski's bounds).

    Parameters
    ----------
    mix : pandas.Series
        As for `allot_other`: the shares of those who were counted.
    counted : float
        Share of all victims who were counted, from 0 to 1; 0 stands for "hardly any", the limit.
    missed_more : bool
        Whether a labor victim is taken to be no more likely to be counted as one than a sex trafficking victim is
        (monotone selection).

    Returns
    -------
    tuple of float
        The smallest and the largest share; nothing between can be excluded.

    Notes
    -----
    Formula: lowest = counted × labor, or labor ÷ (labor + sex) where labor victims are not counted more often; highest
    = 1 − counted × sex.

    References
    ----------
    C. F. Manski (1989), Anatomy of the selection problem, Journal of Human Resources 24, 343-360; C. F. Manski (2003),
    Partial Identification of Probability Distributions, chapters 1 and 2.

    Examples
    --------
    >>> mix = pd.Series({"sex": 0.56, "labor": 0.23, "other": 0.21})
    >>> [round(end, 2) for end in bound_labor_share(mix)], [round(end, 2) for end in bound_labor_share(mix, 0.5, True)]
    ([0.23, 0.44], [0.29, 0.72])
    """
    sex, labor, _ = _read_mix(mix)
    check_share("counted", counted)
    if missed_more and not labor + sex > 0:
        raise HtanalysisError("mix: nobody is classified as sex or labor, so nothing says which is missed more.")
    return labor / (labor + sex) if missed_more else counted * labor, 1 - counted * sex


def span_detection(mix: pd.Series, true_labor_share: float, to_labor: float) -> Span:
    """Give `detect_ratio` with the range that the victims of unknown type leave.

    Parameters
    ----------
    mix : pandas.Series
        As for `allot_other`.
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
    check_share("shares", shares, inside=True)
    even, true = vars(span_detection(mix, 0.5, to_labor)), np.asarray(shares, dtype=float)
    return pd.DataFrame({"labor_share": true} | {end: true / (1 - true) * ratio for end, ratio in even.items()})


def detect_with_errors(mix: pd.Series, true_labor_share: Any, to_labor: Any, sensitivity: Any) -> Any:
    """Give `detect_ratio` where the "other" are allotted and some labor victims were classified as sex trafficking.

    Works on numbers and on arrays of draws alike.

    Parameters
    ----------
    mix : pandas.Series
        As for `allot_other`.
    true_labor_share, to_labor : float or array of float
        As for `span_detection`.
    sensitivity : float or array of float
        Chance that a counted labor victim is classified as one; above 0, at most 1.

    Returns
    -------
    float or array of float
        How many times as likely a sex trafficking victim is to be counted as a labor victim.

    Raises
    ------
    HtanalysisError
        If a share is none, or so many labor victims would be misclassified that no sex trafficking is left.

    Notes
    -----
    Formula: true labor share ÷ (1 − true labor share) × (all − l) ÷ l, with l = (labor + part × other) ÷ sensitivity.
    """
    for name, value in {"true_labor_share": true_labor_share, "to_labor": to_labor, "sensitivity": sensitivity}.items():
        check_share(name, value)
    sex, labor, other = _read_mix(mix)
    with np.errstate(divide="ignore"):
        found = (labor + other * to_labor) / np.asarray(sensitivity, dtype=float)
        ratio = true_labor_share / np.subtract(1.0, true_labor_share) * (sex + labor + other - found) / found
    if not (found < sex + labor + other).all():
        raise HtanalysisError(
            f"sensitivity is {np.min(sensitivity):g}: then there are more labor victims than were counted in all."
        )
    return ratio if np.ndim(ratio) else float(ratio)


def envelope_detection(mix: pd.Series, total: int | None, true_labor_share: float, to_labor: float) -> Span:
    """Give `span_detection` with what chance in sampling adds, if the shares are of so many victims.

    At each end the "other" are all of one type, and the odds of labor to sex have their exact (Clopper and Pearson)
    interval. Assumes that each victim's type is independent of the others', which victims of one trafficker's are not.

    Parameters
    ----------
    mix : pandas.Series
        As for `span_detection`.
    total : int or None
        Victims behind the shares, 1 or more; None for so many that chance adds nothing.
    true_labor_share, to_labor : float
        As for `span_detection`.

    Raises
    ------
    HtanalysisError
        If a share is none, such as a percentage, or the total no number of victims.

    Notes
    -----
    Formula: true odds × (1 − l) ÷ l, with l the labor share: at the lowest the upper Clopper-Pearson limit where
    all of the other are labor, at the highest the lower one where none are.
    """
    span = span_detection(mix, true_labor_share, to_labor)
    if total is None:
        return span
    check_total("total", total, least=1)
    sex, labor, other = (round(float(mix[name]) * total) for name in ("sex", "labor", "other"))
    true_odds = true_labor_share / (1 - true_labor_share)
    high = limit_share(labor, sex + other)[0]
    low = limit_share(labor + other, sex)[1]
    return Span(
        span.value,
        true_odds * (1 - low) / low,
        true_odds * (1 - high) / high if high > 0 else math.inf,
    )


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
        If a share is not between 0 and 1, or the mix is none.

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
    check_share("vice_share", vice_share)
    return curve_outside_vice(mix, vice, outside, [vice_share]).iloc[0, 1:].rename(None)


def curve_outside_vice(mix: pd.Series, vice: float, outside: float, vice_shares: Sequence[float]) -> pd.DataFrame:
    """Give `move_outside_vice` over a range of vice shares.

    Returns
    -------
    pandas.DataFrame
        A row is a vice share: `vice_share`, `sex`, `labor`, `other`.

    Notes
    -----
    Formula: for each vice share, sex = 2 × counted sex ÷ (b + square root of (b² + 4 × a × counted sex)), with k the
    federal odds ratio, a = (1 − vice share) × (k − 1) and b = 1 + (vice share − counted sex) × (k − 1); labor and other
    share the rest as they are counted.
    """
    sex, labor, other = _read_mix(mix)
    for name, value in {"vice": vice, "outside": outside, "mix: sex": sex}.items():
        check_share(name, value, inside=True)
    check_share("vice_shares", vice_shares)
    shares, more = np.asarray(vice_shares, dtype=float), vice / (1 - vice) / (outside / (1 - outside)) - 1
    # The equation of `move_outside_vice` times its denominator is quadratic in sex; this is its root between 0 and 1.
    first, second = (1 - shares) * more, 1 + (shares - sex) * more
    moved = 2 * sex / (second + np.sqrt(second**2 + 4 * first * sex))
    rest = {kind: share / (labor + other) * (1 - moved) for kind, share in {"labor": labor, "other": other}.items()}
    return pd.DataFrame({"vice_share": shares, "sex": moved, **rest})


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
    if min(labor, sex) < 0 or not is_number(victims_ratio) or not 0 < victims_ratio < math.inf:
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
    if not is_number(margin) or not margin >= 0:
        raise HtanalysisError(f"margin is {margin}; it is half a width, and 0 or more.")
    return Span(*(find_foreign_labor(htrs, shift, victims_ratio) for shift in (0.0, -margin, margin)))


def _read_mix(mix: pd.Series) -> tuple[float, float, float]:
    """Give the shares of sex, labor and other, which must be all that there is."""
    if unknown := [str(kind) for kind in mix.index if kind not in _TYPES]:
        raise HtanalysisError(f"mix has “{unknown[0]}”, which would be dropped; it may have sex, labor and other.")
    if {*mix.index} != {*_TYPES} or len(mix) > len(_TYPES) or mix.isna().any():
        raise HtanalysisError("mix: the shares of sex, labor and other are needed, each once; one is missing.")
    for kind in _TYPES:
        check_share(f"mix: {kind}", mix[kind])
    if abs(total := float(mix.sum()) - 1) > _ROUNDING:
        raise HtanalysisError(f"mix: the shares add up to {1 + total:g}; they must add up to 1.")
    return float(mix["sex"]), float(mix["labor"]), float(mix["other"])
