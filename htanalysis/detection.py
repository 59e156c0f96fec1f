"""Detection: how many times as likely a sex trafficking victim is to be counted as a labor victim."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from htanalysis.bias import Model, assumption, try_all
from htanalysis.errors import HtanalysisError, check_columns
from htanalysis.intervals import check_share, check_total, detect_ratio, limit_share, smallest_total
from htanalysis.mixes import TYPES, allot_other, read_mix, say_whose
from htanalysis.results import UNNAMED, Amount, Column, Result, sources_of, write_formula
from htanalysis.wording import as_given, digits_for, number, span

#: What `detect` and its kin give, as an axis says it.
LIKELY = "times as likely as a labor trafficking victim to be counted"


def allot_all(mix: pd.Series) -> Result:
    """Bound the counted labor share by what the "other" can be: none of them labor victims, or all of them.

    Notes
    -----
    Formula: labor + part × other, with none and with all of the other.
    """
    least, most = (float(allot_other(mix, part)["labor"]) for part in (0, 1))
    ends = "lowest = {labor} + 0 × {other}; highest = {labor} + 1 × {other}"
    return Result(
        basis="bounded",
        source=sources_of(mix),
        low=least,
        high=most,
        unit="share",
        method="allot_all",
        formula=write_formula(f"labor + part of the “other”, from none to all: {ends}", **mix),
        given={name: Amount(share, "share") for name, share in mix.items()},
    )


def bound_labor_share(mix: pd.Series, counted: float = 1.0, missed_more: bool = False) -> Result:
    """Bound the labor share of all victims, of whom some were not counted and some not classified (Manski's bounds).

    The mix is as for `allot_other`, of those who were counted; `counted` is their share of all victims, and 0 stands
    for "hardly any", the limit. With `missed_more` a labor victim is taken to be no more likely to be counted as one
    than a sex trafficking victim (monotone selection). Nothing between the two ends can be excluded.

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
    >>> bound_labor_share(mix).words["range"], bound_labor_share(mix, 0.5, missed_more=True).words["range"]
    ('23% to 44%', '29% to 72%')
    """
    sex, labor, _ = read_mix(mix)
    check_share("counted", counted)
    if missed_more and not labor + sex > 0:
        raise HtanalysisError("mix: nobody is classified as sex or labor, so nothing says which is missed more.")
    lowest = "{labor} ÷ ({labor} + {sex})" if missed_more else "{counted} × {labor}"
    given = [f"{counted:.0%} of all victims are counted"] if 0 < counted < 1 else []
    if missed_more:
        given.append("a labor victim is no more likely to be counted as one than a sex trafficking victim")
    return Result(
        basis="assumed" if given else "bounded",
        source=sources_of(mix),
        low=labor / (labor + sex) if missed_more else counted * labor,
        high=1 - counted * sex,
        unit="share",
        method="bound_labor_share",
        assumption=", and ".join(given) or None,
        formula=write_formula(f"lowest = {lowest}; highest = 1 − {{counted}} × {{sex}}", **mix, counted=counted),
    )


def compare_bounds(mix: pd.Series) -> Result:
    """Bound the labor share of the counted, of all if half are counted, and of all however few are, in one picture.

    A row of `frame` is a group of victims, with and without labor victims being missed more. `low` and `high` are those
    of all victims if half of them are counted.
    """
    whom = {"of the counted": 1.0, "of all, were half of them counted": 0.5, "of all, however few were counted": 0.0}
    rows, found = [], {}
    for (name, counted), more in ((group, more) for group in whom.items() for more in (False, True)):
        found[counted, more] = bound = bound_labor_share(mix, counted, more)
        rows.append((name + ", labor missed more" * more, None, bound.low, bound.high, bound.basis))
    half = found[0.5, False]
    return Result(
        basis="assumed",
        source=half.source,
        low=half.low,
        high=half.high,
        unit="share",
        method="bound_labor_share",
        frame=pd.DataFrame(rows, columns=["labor victims", "value", "low", "high", "basis"]),
        picture=("ranges", {"axis": Column("labor share", unit="share")}),
    )


def detect(mix: pd.Series, true_labor_share: float, to_labor: float) -> Result:
    """Say how many times as likely as a labor victim a sex trafficking victim is to be counted, if the true mix is so.

    The mix is as for `allot_other`. `to_labor` is the part of the "other" taken as labor victims for `value`; at `low`
    all of them are, at `high` none.

    Notes
    -----
    Formula: true labor share ÷ (1 − true labor share) × (sex + (1 − part) × other) ÷ (labor + part × other), with
    the assumed part, with all (lowest) and with none (highest) of the other being labor.
    """
    found, true = _span_detection(mix, true_labor_share, to_labor), assumption("true_labor_share")
    usual = true.is_usual(true_labor_share)
    holds = true.sentence.format(as_given(true_labor_share), say_whose(mix)), assumption("to_labor").sentence
    return Result(
        basis="assumed",
        source=sources_of(mix, *true.source) if usual else sources_of(mix),
        **found,
        unit="times",
        digits=digits_for(found["value"]),
        method="detect",
        assumption=f"{holds[0]}, and {holds[1].format(as_given(to_labor))}",
        formula=_write_odds(
            mix, "true odds", write_formula("{t} ÷ {rest}", t=true_labor_share, rest=1 - true_labor_share), to_labor
        ),
        given={"true_labor_share": true_labor_share, "to_labor": to_labor, "origin": true.origin if usual else ""},
    )


def detect_reading(mix: pd.Series, reading: pd.Series, to_labor: float) -> Result:
    """Give `detect` at one of the readings of the true mix, a row of `read_ilo`.

    Notes
    -----
    Formula: labor ÷ sex in the world × (sex + (1 − part) × other) ÷ (labor + part × other), with the assumed part, all
    and none of the other being labor.
    """
    found = _span_detection(mix, float(reading["labor_share"]), to_labor)
    return Result(
        basis="assumed",
        source=sources_of(*reading.get("source", [UNNAMED]), mix),
        **found,
        unit="times",
        method="detect_reading",
        assumption=f"{say_whose(mix)} mix is the world’s, and {as_given(to_labor)} of the “other” are labor victims",
        formula=_write_odds(mix, "labor ÷ sex in the world", f"{reading['times']:.4f}", to_labor),
        given={"reading_share": Amount(reading["labor_share"], "share")},
    )


def _span_detection(mix: pd.Series, true_labor_share: float, to_labor: float) -> dict[str, float]:
    parts = {"value": to_labor, "low": 1.0, "high": 0.0}
    return {end: detect_ratio(*allot_other(mix, part), true_labor_share) for end, part in parts.items()}


def _write_odds(mix: pd.Series, words: str, odds: str, to_labor: float) -> str:
    """Write true odds × counted odds, with the "other" divided as assumed, and at both ends."""
    middle = "({sex} + {to_sex} × {other}) ÷ ({labor} + {to_labor} × {other})"
    ends = "{sex} ÷ ({labor} + {other})", "({sex} + {other}) ÷ {labor}"
    text = f"{words} × sex ÷ labor = {odds} × {middle}; lowest = {odds} × {ends[0]}; highest = {odds} × {ends[1]}"
    return write_formula(text, **mix, to_labor=to_labor, to_sex=1 - to_labor)


def detect_over(mix: pd.Series, readings: pd.DataFrame, to_labor: float) -> Result:
    """Give `detect` for every true labor share.

    A row of `frame` is a true labor share: `labor_share`, `value`, `low`, `high` (times). `low` and `high` are the
    smallest and the largest at the readings (see `read_ilo`).

    Notes
    -----
    Formula: true labor share ÷ (1 − true labor share) × (sex + (1 − part) × other) ÷ (labor + part × other), for
    each true labor share, with the assumed part, all and none of the other being labor.
    """
    check_columns("readings", readings, ["labor_share"], numbers=["labor_share"])
    at_readings, shares = _curve_detection(mix, readings["labor_share"], to_labor), readings["labor_share"]
    scale = Column(f"{LIKELY} (equal steps are equal ratios)", digits=1, log=True)
    drawn = {
        "lines": {"value": f"{as_given(to_labor)} of the “other” labor"},
        "axes": (Column("assumed share of labor victims", "share"), scale),
        "band": ("low", "high"),
        "even": "both counted equally often",
        "between": (shares.min(), shares.max(), _name_readings(readings)),
    }
    return Result(
        basis="assumed",
        source=sources_of(mix, readings),
        low=at_readings["low"].min(),
        high=at_readings["high"].max(),
        unit="times",
        method="detect_over",
        frame=_curve_detection(mix, [step / 100 for step in range(5, 96)], to_labor),
        picture=("curve", drawn),
    )


def detect_readings(mix: pd.Series, readings: pd.DataFrame, to_labor: float) -> Result:
    """Give `detect` at each of the readings. Parameters are as for `detect_over`.

    A row of `frame` is a reading: `reading`, `labor_share`, `value`, `low`, `high` (times) and `basis`. `low` and
    `high` are the smallest and the largest.

    Notes
    -----
    Formula: true labor share ÷ (1 − true labor share) × (sex + (1 − part) × other) ÷ (labor + part × other), at each
    reading's share.
    """
    check_columns("readings", readings, ["reading", "labor_share"], numbers=["labor_share"])
    table = _curve_detection(mix, readings["labor_share"], to_labor).assign(basis="assumed")
    shares = table["labor_share"].map(" ({:.0%} labor)".format)
    table.insert(0, "reading", readings["reading"].astype(str).to_numpy() + shares)
    return Result(
        basis="assumed",
        source=sources_of(readings, mix),
        low=table["low"].min(),
        high=table["high"].max(),
        unit="times",
        method="detect_readings",
        frame=table,
        picture=("ranges", {"axis": Column(LIKELY, digits=1), "reference": 1}),
    )


def _curve_detection(mix: pd.Series, shares: Sequence[float], to_labor: float) -> pd.DataFrame:
    check_share("shares", shares, inside=True)
    even, true = _span_detection(mix, 0.5, to_labor), np.asarray(shares, dtype=float)
    return pd.DataFrame({"labor_share": true} | {end: true / (1 - true) * ratio for end, ratio in even.items()})


def _name_readings(readings: pd.DataFrame) -> str:
    return readings.attrs.get("name", "the readings")


def detect_with_errors(mix: pd.Series, true_labor_share: Any, to_labor: Any, sensitivity: Any) -> Any:
    """Give `detect_ratio` where the "other" are allotted and some labor victims were classified as sex trafficking.

    Works on numbers and on arrays of draws alike. `sensitivity` is the chance that a counted labor victim is classified
    as one; above 0, at most 1.

    Notes
    -----
    Formula: true labor share ÷ (1 − true labor share) × (all − l) ÷ l, with l = (labor + part × other) ÷ sensitivity.
    """
    for name, value in {"true_labor_share": true_labor_share, "to_labor": to_labor, "sensitivity": sensitivity}.items():
        check_share(name, value)
    sex, labor, other = read_mix(mix)
    with np.errstate(divide="ignore"):
        found = (labor + other * to_labor) / np.asarray(sensitivity, dtype=float)
        ratio = true_labor_share / np.subtract(1.0, true_labor_share) * (sex + labor + other - found) / found
    if not (found < sex + labor + other).all():
        raise HtanalysisError(
            f"sensitivity is {np.min(sensitivity):g}: then there are more labor victims than were counted in all."
        )
    return ratio if np.ndim(ratio) else float(ratio)


def model_detection(mix: pd.Series) -> Model:
    """Give `detect_with_errors` as a model: of the true labor share, the part of the "other" and recognition.

    It can be simulated, ranked and tried in all combinations (see `simulate`, `rank_assumptions` and `try_all`).
    """
    sex, labor, other = read_mix(mix)
    whole = f"{sex + labor + other:g}"

    def write(true_labor_share: float, to_labor: float, sensitivity: float) -> str:
        found = "({labor} + {to_labor} × {other}) ÷ {sensitivity}"
        text = f"{{true}} ÷ {{rest}} × ({whole} − {found}) ÷ ({found})"
        numbers = {"true": true_labor_share, "rest": 1 - true_labor_share, "to_labor": to_labor}
        return write_formula(text, **mix, **numbers, sensitivity=sensitivity)

    return Model(
        answer=lambda **assumed: detect_with_errors(mix, **assumed),
        write=write,
        title=LIKELY,
        unit="times",
        source=sources_of(mix, *assumption("true_labor_share").source),
        drawn=f"t ÷ (1 − t) × ({whole} − l) ÷ l, l = ({labor:g} + {other:g} × o) ÷ s; t true share, o part of the"
        " “other”, s chance",
    )


def try_detection(mix: pd.Series, readings: pd.DataFrame, to_labor: float) -> Result:
    """Try `detect_with_errors` with each of the readings, parts of the "other" and chances of recognition.

    A row of `frame` is a reading and a part of the "other", with a column for each chance; the rest is as in `try_all`.
    """
    check_columns("readings", readings, ["reading", "labor_share"], numbers=["labor_share"])
    choices = {
        "true_labor_share": readings["labor_share"].tolist(),
        "to_labor": sorted({0.0, float(to_labor), 1.0}),
        "sensitivity": [1.0, 0.85, 0.7],
    }
    name, where = _name_readings(readings), " in " * bool(mix.attrs.get("geography")) + mix.attrs.get("geography", "")
    holds = f"one of {name} holds{where}, and at least seven of ten labor victims are recognized"
    tried = try_all(model_detection(mix), choices, holds)
    table = tried.frame.pivot(
        index=["true_labor_share", "to_labor"], columns="sensitivity", values="answer"
    ).reset_index()
    table.insert(0, "reading", table["true_labor_share"].map(readings.set_index("labor_share")["reading"]))
    chances = {name: f"recognized {name:.0%}" for name in sorted(choices["sensitivity"])}
    heads = {"reading": name.removesuffix("s"), "to_labor": Column("of the “other” labor", "share")}
    heads |= {name: Column(f"labor {name}", digits=1) for name in chances.values()}
    return replace(tried, source=sources_of(readings, mix), frame=table.rename(columns=chances), columns=heads)


def detect_with_chance(mix: pd.Series, served: Result, true_labor_share: float, to_labor: float) -> Result:
    """Give `detect` with what chance in sampling adds, for the fewest victims behind the shares and for so many.

    At each end the "other" are all of one type, and the odds of labor to sex have their exact (Clopper and Pearson)
    interval. Assumes that each victim's type is independent of the others', which victims of one trafficker's are not.

    A row of `frame` is a number of victims: the fewest that give the shares, those `served`, and so many that chance
    adds nothing.

    Notes
    -----
    Formula: true odds × (1 − l) ÷ l, with l the labor share: at the lowest the upper Clopper-Pearson limit where
    all of the other are labor, at the highest the lower one where none are.
    """
    fewest, many = smallest_total(mix.tolist()), int(float(served))
    behind = {
        f"{fewest}, the fewest that give these percentages": fewest,
        f"{number(many)}, as many as services": many,
        "so many that chance adds nothing": None,
    }
    spans = [_add_chance(mix, total, true_labor_share, to_labor) for total in behind.values()]
    rows = [(name, *found.values(), "assumed") for name, found in zip(behind, spans, strict=True)]
    digits = digits_for(spans[-1]["value"])
    return Result(
        basis="assumed",
        source=sources_of(mix, served),
        unit="times",
        digits=digits,
        method="detect_with_chance",
        frame=pd.DataFrame(rows, columns=["victims behind the shares", "value", "low", "high", "basis"]),
        picture=("ranges", {"axis": Column(LIKELY, digits=digits), "reference": 1}),
        given={
            "true_labor_share": true_labor_share,
            "many": many,
            "with_many": span(spans[1]["low"], spans[1]["high"], digits=digits, between=False),
        },
    )


def _add_chance(mix: pd.Series, total: int | None, true_labor_share: float, to_labor: float) -> dict[str, float]:
    """Widen the range by the exact limits of the labor share of so many victims; None adds nothing."""
    found = _span_detection(mix, true_labor_share, to_labor)
    if total is None:
        return found
    check_total("total", total, least=1)
    sex, labor, other = (round(float(mix[name]) * total) for name in TYPES)
    true_odds = true_labor_share / (1 - true_labor_share)
    high, low = limit_share(labor, sex + other)[0], limit_share(labor + other, sex)[1]
    ends = {"low": true_odds * (1 - low) / low, "high": true_odds * (1 - high) / high if high > 0 else math.inf}
    return found | ends
