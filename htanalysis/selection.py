"""Selection: what is found where one looks, and what would be found elsewhere."""

import itertools
import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from htanalysis.bias import Model, selection_e_value
from htanalysis.errors import HtanalysisError, check_columns
from htanalysis.intervals import HALF_PERCENT, apply_bayes, check_share, detect_ratio, is_number
from htanalysis.mixes import allot_other, read_mix, say_whose
from htanalysis.results import Amount, Column, Result, sources_of, write_formula
from htanalysis.wording import as_given, choose, digits_for, in_formula, join_words, percent, span, unlike

_ODDS = "({vice} ÷ {not_vice}) ÷ ({outside} ÷ {not_outside})"


def compare_vice(vice: Result, outside: Result, forces: str = "federally funded task forces") -> Result:
    """Say how many times as likely a task force in a vice unit is to open a case of sex trafficking as the others.

    Given are the shares of sex trafficking in and outside vice units; the range is what their rounding to whole
    percents leaves.

    Notes
    -----
    Formula: vice ÷ (1 − vice) ÷ (outside ÷ (1 − outside)), at the shares and at both ends of their rounding.
    """
    value, low, high = (
        detect_ratio(float(vice) + turn, 1 - float(vice) - turn, 1 - float(outside) + turn)
        for turn in (0, -HALF_PERCENT, HALF_PERCENT)
    )
    ends = [_write_odds(vice, outside, turn) for turn in (0, -HALF_PERCENT, HALF_PERCENT)]
    return Result(
        basis="assumed",
        source=sources_of(vice, outside),
        value=value,
        low=low,
        high=high,
        unit="times",
        method="compare_vice",
        assumption=f"all {forces} meet the same mix of cases",
        formula=f"odds of sex in vice units ÷ odds outside = {ends[0]}; lowest = {ends[1]}; highest = {ends[2]}",
    )


def _write_odds(vice: Result, outside: Result, turn: float = 0.0) -> str:
    first, second = float(vice) + turn, float(outside) - turn
    return write_formula(_ODDS, vice=first, not_vice=1 - first, outside=second, not_outside=1 - second)


def weigh_groups(first: Result, second: Result, pooled: Result, margin: float) -> Result:
    """Find which mixes of two groups give a pooled share, when all three shares are rounded.

    The shares of the two groups, in whole percents, are further apart than their rounding. `margin` is half the width
    of what the pooled share can be, an assumption where the source gives it in words. Gives the smallest and the
    largest weight of the first group (fraction of the cases).

    Notes
    -----
    Formula: (pooled share − second share) ÷ (first share − second share), at its smallest and largest over the
    shares' rounding and the margin, held between 0 and 1.
    """
    one, two, all_of_them = (float(share) for share in (first, second, pooled))
    _, low, high = limit_weight(one, two, all_of_them, margin)
    held = [
        (low, 0.0, "below", in_formula(all_of_them - margin), HALF_PERCENT),
        (high, 1.0, "above", in_formula(all_of_them + margin), -HALF_PERCENT),
    ]
    ends = []
    for weight, end, side, top, turn in held:
        text = f"({top} − {two + turn:g}) ÷ ({one + turn:g} − {two + turn:g})"
        ends.append(f"{end:g}, {side} which {text} lies" if weight == end else text)
    about = span(all_of_them - margin, all_of_them + margin, "share", digits_for(margin, unit="share"))
    return Result(
        basis="assumed",
        source=sources_of(first, second, pooled),
        low=low,
        high=high,
        unit="share",
        method="weigh_groups",
        assumption=f"“eight out of ten” is {about}",
        formula=f"(all − others) ÷ (vice − others): lowest = {ends[0]}; highest = {ends[1]}",
    )


def outside_vice(mix: pd.Series, vice: Result, outside: Result, vice_share: float, kind: str) -> Result:
    """Say what a type's share would be if no case were handled in a vice unit.

    The odds of sex trafficking in vice units are taken to be the same multiple of the odds elsewhere as in the federal
    data. The shares of labor and other keep their proportion to each other.

    `vice` and `outside` are the shares of sex trafficking in and outside vice units in the federal data, `vice_share`
    is the assumed share of the cases behind `mix` that vice units handled, and `kind` is "labor" or "sex".

    Notes
    -----
    Formula: sex outside vice solves vice share × v + (1 − vice share) × sex = counted sex, where the odds of v are
    those of sex × the federal odds ratio; labor = labor ÷ (labor + other) × (1 − sex).
    """
    check_share("vice_share", vice_share)
    moved = move_outside_vice(mix, float(vice), float(outside), [vice_share]).iloc[0]
    solved = write_formula("sex from {part} × v + {rest} × sex = {sex}", part=vice_share, rest=1 - vice_share, **mix)
    solved = f"{solved}, v with {_write_odds(vice, outside)} times its odds"
    labor = "labor ÷ (labor + other) × (1 − sex) = {labor} ÷ ({labor} + {other}) × (1 − {moved})"
    formulas = {
        "labor": write_formula(labor, labor=mix["labor"], other=mix["other"], moved=moved["sex"]),
        "sex": write_formula("1 − labor − other = 1 − {labor} − {other}", labor=moved["labor"], other=moved["other"]),
    }
    counted = unlike(percent(moved[kind]), percent(mix[kind]), "as counted")
    return Result(
        basis="assumed",
        source=sources_of(mix, vice, outside),
        value=moved[kind],
        unit="share",
        method="outside_vice",
        assumption=f"vice units handle {as_given(vice_share)} of {say_whose(mix)} cases, with the federal odds ratio",
        formula=f"{formulas[kind]}; {solved}",
        given={"vice_share": vice_share, "counted": counted},
    )


def foreign_labor(htrs: pd.DataFrame, margin: float, victims_ratio: float = 1.0) -> Result:
    """Give `find_foreign_labor` with the range that the two rounded type shares leave.

    `margin` is half the width of "eight out of ten" and "one out of ten" (a fraction), 0 or more.

    Notes
    -----
    Formula: labor × ratio of victims × foreign among labor ÷ (that + sex × foreign among sex), with labor and sex
    as stated, and with both moved apart and towards each other by the margin.
    """
    if not is_number(margin) or not margin >= 0:
        raise HtanalysisError(f"margin is {margin}; it is half a width, and 0 or more.")
    shifts, rows = (0.0, -margin, margin), _pick_htrs(htrs)
    shares = _read_htrs(rows)
    value, low, high = (_share_labor(shares, shift, victims_ratio) for shift in shifts)
    ends = []
    for shift in shifts:
        numbers = shares | {"labor": shares["labor"] + shift, "sex": shares["sex"] - shift, "ratio": victims_ratio}
        found = write_formula("{labor} × {ratio} × {foreign}", **numbers)
        ends.append(f"{found} ÷ ({found} + {write_formula('{sex} × {foreign_sex}', **numbers)})")
    victims = f"{in_formula(victims_ratio)} {choose(victims_ratio, 'victim', 'victims')}"
    return Result(
        basis="assumed",
        source=sources_of(rows),
        value=value,
        low=low,
        high=high,
        unit="share",
        digits=digits_for(value, unit="share"),
        method="foreign_labor",
        assumption=f"a labor incident has {victims} for each in a sex trafficking incident, and victims’ citizenship is"
        " that of the confirmed incidents",
        formula=f"labor and foreign ÷ foreign = {ends[0]}; lowest = {ends[1]}; highest = {ends[2]}",
        given={"all_labor": Amount(shares["labor"], "share")},
    )


def compare_providers(
    foreign: Result, published: Result, served: Result, forces: str = "federally funded task forces"
) -> Result:
    """Compare the labor share that service providers see with the task forces', as published and among foreign victims.

    `foreign` is `foreign_labor`; `published` and `served` are the labor shares that the task forces publish and that of
    the providers' foreign victims. Gives providers less task forces among foreign victims, in percentage points.

    Notes
    -----
    Formula: 100 × (providers' share − task forces' share among foreign victims), at it and at both ends of its range.
    """
    share = float(served)
    ends = (foreign.value, foreign.low, foreign.high)
    value, high, low = (100 * (share - end) for end in ends)
    rows = [
        (f"{forces}, suspected incidents", float(published), None, None, "reported"),
        (f"{forces}, foreign victims", *ends, "assumed"),
        ("service providers, foreign victims", share, None, None, "reported"),
    ]
    steps = [write_formula("100 × ({share} − {end})", share=share, end=end) for end in ends]
    return Result(
        basis="assumed",
        source=sources_of(foreign, served),
        value=value,
        low=low,
        high=high,
        unit="points",
        method="compare_providers",
        assumption=foreign.assumption,
        formula=f"providers − foreign = {steps[0]}; lowest = {steps[2]}; highest = {steps[1]}",
        frame=pd.DataFrame(rows, columns=["group", "value", "low", "high", "basis"]),
        picture=("ranges", {"axis": Column("labor trafficking", unit="share", digits=foreign.digits)}),
        given={"apparent": 100 * (share - float(published))},
    )


def e_value(first: Result, second: Result) -> Result:
    """Give the selection E-value of the ratio of two shares (see `selection_e_value`).

    Notes
    -----
    Formula: q + square root of (q × (q − 1)), with q the square root of the ratio, or of 1 ÷ the ratio where it is
    below 1.
    """
    ratio = float(first) / float(second)
    root = math.sqrt(max(ratio, 1 / ratio))
    above, below = (first, second) if ratio >= 1 else (second, first)
    return Result(
        basis="assumed" if "assumed" in (first.basis, second.basis) else "computed",
        source=sources_of(first, second),
        value=selection_e_value(ratio),
        unit="times",
        method="e_value",
        formula=f"q + √(q × (q − 1)) = {root:.4f} + {math.sqrt(root * (root - 1)):.4f};"
        f" q is √({in_formula(float(above))} ÷ {in_formula(float(below))})",
    )


def compare_e_values(pairs: Mapping[str, tuple[Result, Result]]) -> Result:
    """Give the selection E-value of the ratio of each pair of shares, to be tabulated; see `e_value`.

    Notes
    -----
    Formula: q + square root of (q × (q − 1)), with q the square root of the ratio, or of 1 ÷ the ratio where it is
    below 1.
    """
    found = {name: e_value(*pair) for name, pair in pairs.items()}
    rows = [(name, float(a) / float(b), found[name].value, found[name].basis) for name, (a, b) in pairs.items()]
    table = pd.DataFrame(rows, columns=["compared", "ratio", "e_value", "basis"])
    heads = {"ratio": Column("ratio of shares", digits=2), "e_value": Column("selection E-value", digits=1)}
    return Result(
        basis="assumed",
        source=sources_of(*found.values()),
        method="compare_e_values",
        frame=table,
        columns={"compared": "compared"} | heads,
        given={"needed": span(table["e_value"].min(), table["e_value"].max(), digits=1, between=False)},
    )


def model_foreign(htrs: pd.DataFrame) -> Model:
    """Give `find_foreign_labor` as a model, of its shift and of the victims in a labor incident."""
    rows = _pick_htrs(htrs)
    return Model(
        answer=partial(_share_labor, _read_htrs(rows)),
        title="labor among foreign victims",
        unit="share",
        source=sources_of(rows),
    )


def model_outside_vice(mix: pd.Series, vice: Result, outside: Result) -> Model:
    """Give the labor share outside vice as a model, of the cases from vice units and of the part of the "other"."""
    return Model(
        answer=lambda vice_share, to_labor: allot_other(
            move_outside_vice(mix, float(vice), float(outside), [vice_share]).iloc[0, 1:].rename(None), to_labor
        )["labor"],
        title=f"{say_whose(mix)} labor share outside vice",
        unit="share",
        source=sources_of(mix, vice, outside),
    )


def move_outside_vice(mix: pd.Series, vice: float, outside: float, vice_shares: Sequence[float]) -> pd.DataFrame:
    """Give a mix outside vice, for each share of its cases from vice units.

    A row is a vice share: `vice_share`, `sex`, `labor`, `other`.
    """
    sex, labor, other = read_mix(mix)
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

    `shift` is what "one out of ten" labor is assumed to miss, and "eight out of ten" sex to exceed (a fraction);
    `victims_ratio` is above 0.
    """
    return _share_labor(_read_htrs(_pick_htrs(htrs)), shift, victims_ratio)


def _share_labor(shares: Mapping[str, float], shift: float = 0.0, victims_ratio: float = 1.0) -> float:
    labor, sex = shares["labor"] + shift, shares["sex"] - shift
    if min(labor, sex) < 0 or not is_number(victims_ratio) or not 0 < victims_ratio < math.inf:
        raise HtanalysisError(
            f"A shift of {shift} leaves {labor:.2f} labor and {sex:.2f} sex, with {victims_ratio} victims in a labor"
            " incident for each in a sex incident: none can be below 0, nor the ratio 0."
        )
    return apply_bayes([labor * victims_ratio, sex], [shares["foreign"], shares["foreign_sex"]])


def _pick_htrs(htrs: pd.DataFrame) -> pd.DataFrame:
    """Give the shares of types and of citizenship, of all task forces together."""
    check_columns("htrs", htrs, ["measure", "population", "value", "unit"], numbers=["value"])
    about_units = htrs["population"].str.contains("vice unit")
    return htrs[htrs["unit"].eq("share") & ~about_units]


def _read_htrs(rows: pd.DataFrame) -> dict[str, float]:
    """Give the shares of labor and sex, and of foreigners among the victims of each."""
    share = dict(zip(rows["measure"], rows["value"].astype(float), strict=True))
    names = ("classified as labor trafficking", "classified as sex trafficking", "undocumented immigrants")
    names += ("qualified immigrants", "U.S. citizens")
    if rows["measure"].duplicated().any() or not {f"share {name}" for name in names} <= {*share}:
        raise HtanalysisError(f"htrs: one row each is needed of the shares {join_words(names)}.")
    labor, sex, *some, citizens = (share[f"share {name}"] for name in names)
    return {"labor": labor, "sex": sex, "foreign": sum(some), "foreign_sex": 1 - citizens}


def limit_weight(
    first: float, second: float, pooled: float, margin: float, rounding: float = HALF_PERCENT
) -> tuple[float, ...]:
    """Give the weight of the first of two groups, its least and its most; see `weigh_groups`."""
    for name, share in {"first": first, "second": second, "pooled": pooled}.items():
        check_share(name, share)
    if (
        not (is_number(margin) and is_number(rounding))
        or not min(margin, rounding) >= 0
        or not abs(first - second) > 2 * rounding + 1e-9
    ):
        raise HtanalysisError(
            f"The groups’ shares {first} and {second}, with margins {margin} and {rounding}: margins are 0 or more, and"
            " the shares differ by more than their rounding; otherwise any mix gives the pooled share."
        )
    signs = list(itertools.product((-1, 0, 1), repeat=3))
    weights = [_weight(first + a * rounding, second + b * rounding, pooled + c * margin) for a, b, c in signs]
    if max(weights) < 0 or min(weights) > 1:
        raise HtanalysisError(f"No mix of {first} and {second} gives {pooled} to within {margin}.")
    value = _weight(first, second, pooled)
    return tuple(round(min(max(part, 0.0), 1.0), 10) for part in (value, min(weights), max(weights)))


def _weight(first: float, second: float, pooled: float) -> float:
    return (pooled - second) / (first - second)
