"""Mixes: what different sources count of sex and labor trafficking, side by side and never pooled."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from htanalysis.errors import HtanalysisError, UnknownNameError, check_columns
from htanalysis.intervals import check_share, count_behind_share, limit_share
from htanalysis.results import Amount, Column, Result, pick, sources_of, write_formula
from htanalysis.wording import span

TYPES = ("sex", "labor", "other")
#: The ILO's types of labor, and what a share reckoned with each is called.
_READINGS = {"labor": "without state-imposed labor"}
_READINGS |= {"labor, state-imposed included": "with state-imposed labor"}
#: What rounding to whole percents can add to, or take from, the sum of three shares.
_ROUNDING = 0.015
_PARTS = {"sex": "sex", "labor": "labor", "other": "reported as “other”", "unstated": "not stated"}


def mix_of(types: pd.DataFrame, source: str) -> pd.Series:
    """Give the mix that a source counts.

    `types` is `load("trafficking_type")`, or a frame with its columns, and the source is one that states all three
    shares, such as "task forces".

    Examples
    --------
    >>> from htanalysis.data import load
    >>> mix_of(load("trafficking_type"), "task forces").tolist()
    [0.56, 0.23, 0.21]
    """
    _check_types(types)
    if source not in [*types["source"]]:
        raise UnknownNameError("a source in types", source, types["source"].unique())
    rows = types[types["source"].eq(source)]
    mix = rows.set_index("trafficking_type")["share"].astype(float)
    mix = pd.Series({kind: mix.get(kind, math.nan) for kind in TYPES})
    read_mix(mix)
    mix.attrs = {"evidence": sources_of(rows), "geography": "".join({*rows.get("geography", [])})}
    return mix


def say_whose(mix: pd.Series) -> str:
    """Say whose a mix is, as its source's `geography` has it: "California’s", or "the" where nothing tells.

    Examples
    --------
    >>> say_whose(pd.Series({"sex": 0.5, "labor": 0.3, "other": 0.2}))
    'the'
    """
    place = mix.attrs.get("geography")
    return f"{place}’{'' if place.endswith('s') else 's'}" if place else "the"


def compare_mixes(types: pd.DataFrame) -> Result:
    """Put each source's shares of sex and labor trafficking side by side.

    A row of `frame` is a source, in the order of the data: `source`, `population`, `geography`, `sex`, `labor`, `other`
    (shares; missing where not stated), `unstated` (what the stated shares leave) and `labor_among_classified` (labor /
    (sex + labor); missing unless both are stated).

    Notes
    -----
    Formula: the published shares as they are; labor among the classified = labor ÷ (sex + labor); unstated = 1 −
    sex − labor − other.
    """
    _check_types(types, "population", "geography")
    shares = types.pivot(index="source", columns="trafficking_type", values="share")
    shares = shares.reindex(types["source"].unique()).reindex(columns=[*TYPES]).astype("Float64")
    facts = types.drop_duplicates("source").set_index("source")[["population", "geography"]]
    table = facts.join(shares)
    table = table.assign(
        unstated=(1 - table[[*TYPES]].sum(axis=1)).round(6).clip(lower=0),
        labor_among_classified=table["labor"] / (table["sex"] + table["labor"]),
    ).reset_index()
    drawn = {
        "parts": {part: Column(title, "share") for part, title in _PARTS.items()},
        "about": {"source": "source", "population": "what was counted", "geography": "place"},
        "axis": Column("share of what the source counts", "share"),
    }
    return Result(
        basis="reported",
        source=sources_of(types),
        low=table["labor"].min(),
        high=table["labor"].max(),
        unit="share",
        method="compare_mixes",
        frame=table,
        picture=("parts", drawn),
    )


def split_off(known: Result, whole: float, counted: str, own: str, rest: str) -> Result:
    """Set a known part of a whole apart from the rest, of which no more is published.

    What was `counted`, and the words for the part and the `rest`, may name in braces what the known result may.

    Notes
    -----
    Formula: rest = whole − part.
    """
    left = float(whole) - known.value
    counted, *words = (text.format_map(known.words) for text in (counted, own, rest))
    columns = [
        Column(title, unit="share" * (known.unit == "share"), basis=basis)
        for title, basis in zip(words, (known.basis, "computed"), strict=True)
    ]
    parts, axis = dict(zip(("part", "rest"), columns, strict=True)), replace(columns[0], title=counted)
    return replace(
        known,
        basis="computed",
        value=left,
        method="split_off",
        formula=f"whole − part = {axis.write(float(whole))} − {axis.write(known.value)}",
        frame=pd.DataFrame([(counted, known.value, left)], columns=["counted", *parts]),
        columns=parts,
        picture=("parts", {"parts": parts, "about": {"counted": "what was counted"}, "axis": axis}),
        given=known.given | {"part": known.words["value"]},
    )


def describe_sources(types: pd.DataFrame) -> Result:
    """Say what each source of sex and labor shares counts, where and when, to be tabulated: a row for each."""
    _check_types(types, "population", "geography", "period_start", "period_end", "count", "note")
    facts = types.groupby("source", observed=True, sort=False).agg(
        population=("population", "first"),
        geography=("geography", "first"),
        start=("period_start", "min"),
        end=("period_end", "max"),
        cases=("count", "max"),
        note=("note", lambda notes: "; ".join(notes.dropna().unique())),
    )
    heads = {"source": "source", "population": "what was counted", "geography": "place", "start": "from", "end": "to"}
    heads |= {"cases": "cases", "note": "limits in the text"}
    return Result(basis="reported", source=sources_of(types), frame=facts.reset_index(), columns=heads)


def _check_types(types: pd.DataFrame, *more: str) -> None:
    """Refuse what a table of sources and types would drop, add up or show wrongly."""
    check_columns("types", types, ["source", "trafficking_type", "share", *more], numbers=["share"])
    seen, totals = set(), defaultdict(float)
    for source, kind, share in types[["source", "trafficking_type", "share"]].itertuples(index=False):
        if kind not in (*TYPES, "all"):
            raise HtanalysisError(f"{source}: “{kind}” would be dropped; there are sex, labor, other and all.")
        if (source, kind) in seen:
            raise HtanalysisError(f"{source}: “{kind}” stands in two rows.")
        seen.add((source, kind))
        if pd.notna(share):
            check_share(f"{source}: {kind}", share)
            totals[source] += float(share) * (kind != "all")
    for source, total in totals.items():
        if total > 1 + _ROUNDING:
            raise HtanalysisError(f"{source}: the shares add up to {total:g}, which is more than 1.")


def compare_labor(types: pd.DataFrame) -> Result:
    """Give each source's labor share, with what chance adds where the number of cases is published.

    The sources count different things, so nothing is pooled. Where the cases behind whole percents are known, the
    interval is exact (Clopper and Pearson's); elsewhere there is none, which does not mean that there is no chance.

    A row of `frame` is a source that states a labor share: `source`, `value`, `low`, `high` (missing without a number
    of cases, or where the share is in words) and `basis`.

    Notes
    -----
    Formula: the published labor share; where the number of cases is known, the widest exact limits (Clopper and
    Pearson) over all whole numbers that round to it (see `count_behind_share`).
    """
    _check_types(types, "count", "note")
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
    table = pd.DataFrame(rows, columns=["source", "value", "low", "high", "basis"])
    return Result(
        basis="computed",
        source=sources_of(types),
        low=table["value"].min(),
        high=table["value"].max(),
        unit="share",
        method="compare_labor",
        frame=table,
        picture=("ranges", {"axis": Column("labor trafficking", unit="share")}),
    )


def _interval_of_share(name: str, share: float, cases: int) -> tuple[float, float]:
    """Give the exact interval of a share over all whole numbers of the cases that round to it."""
    counts = count_behind_share(share, cases)
    if not counts:
        raise HtanalysisError(f"{name} is {share}, but no whole number of {cases} cases rounds to that.")
    return limit_share(counts[0], cases - counts[0])[0], limit_share(counts[-1], cases - counts[-1])[1]


def count_cases(types: pd.DataFrame, source: str, kind: str, cases: Result) -> Result:
    """Give the whole numbers of a source's cases that its published share of a type can stand for.

    Notes
    -----
    Formula: every whole number from cases × (share − half of a percent), rounded up, to cases × (share + half of a
    percent), rounded down.
    """
    _check_types(types)
    rows = types[types["source"].eq(source) & types["trafficking_type"].eq(kind)]
    stated = pick(types, "share", source=source, trafficking_type=kind)
    share, total = stated.value, int(float(cases))
    fitting = count_behind_share(share, total)
    ends = "fewest = ⌈{cases} × ({share} − 0.005)⌉; most = ⌊{cases} × ({share} + 0.005)⌋"
    text = f"whole numbers whose share of {{cases}} rounds to {{share}}: {ends}"
    return Result(
        basis="computed" if len(fitting) == 1 else "bounded",
        source=sources_of(cases, rows),
        low=fitting[0],
        high=fitting[-1],
        unit=f"{kind} cases",
        method="count_behind_share",
        formula=write_formula(text, cases=total, share=share),
        given={
            "total": total,
            "whole": f"{span(fitting[0], fitting[-1])} were {kind} trafficking",
            "share": Amount(share, "share"),
        },
    )


def read_ilo(
    estimates: pd.DataFrame, types: pd.DataFrame, readings: Mapping[str, str] = _READINGS, source: str = "ILO"
) -> pd.DataFrame:
    """Give the readings of the true labor share that estimates allow, such as the ILO's of the world.

    Estimates have `year`, `trafficking_type` and `victims`, of which the latest year's "sex" and the types of labor in
    `readings`, with a name for each, are read. A row is a reading: `reading`, `times` (labor victims for one sex
    victim), `labor_share` (of both together) and `source`. Where `types` states both shares of the source, the last is
    the ratio of these: the report's "3.5 times".

    Notes
    -----
    Formula: labor share = t ÷ (1 + t), with t = labor victims ÷ sex trafficking victims in each reading.
    """
    check_columns("estimates", estimates, ["year", "trafficking_type", "victims"], numbers=["year", "victims"])
    _check_types(types)
    latest, rows = estimates[estimates["year"].eq(estimates["year"].max())], []
    for kind, name in readings.items():
        labor, sex = (pick(latest, "victims", trafficking_type=each) for each in (kind, "sex"))
        rows.append((name, labor.value / sex.value, sources_of(latest[latest["trafficking_type"].isin([kind, "sex"])])))
    stated = types[types["source"].eq(source)]
    shares = stated.set_index("trafficking_type")["share"].astype(float)
    if {"sex", "labor"} <= {*shares.index}:
        times = round(shares["labor"] / shares["sex"], 1)
        rows.append((f"the report’s “{times:g} times”", times, sources_of(stated)))
    frame = pd.DataFrame(rows, columns=["reading", "times", "source"])
    frame.insert(2, "labor_share", frame["times"] / (1 + frame["times"]))
    frame.attrs = {"evidence": tuple(dict.fromkeys(frame["source"].sum())), "name": f"the {source}’s readings"}
    return frame


def allot_other(mix: pd.Series, to_labor: float) -> pd.Series:
    """Give the mix if so much of the unclassified "other" were labor victims, and the rest sex trafficking victims.

    The mix has `sex`, `labor` and `other`, shares that add up to 1, and no further type; what is given adds up to the
    same.

    Notes
    -----
    Formula: labor = labor + part × other; sex = sex + (1 − part) × other.

    Examples
    --------
    >>> allot_other(pd.Series({"sex": 0.5, "labor": 0.3, "other": 0.2}), 0.5).round(2).tolist()
    [0.6, 0.4]
    """
    sex, labor, other = read_mix(mix)
    check_share("to_labor", to_labor)
    return pd.Series({"sex": sex + other * (1 - to_labor), "labor": labor + other * to_labor})


def read_mix(mix: pd.Series) -> tuple[float, float, float]:
    """Give the shares of sex, labor and other, which must be all that there is."""
    if unknown := [str(kind) for kind in mix.index if kind not in TYPES]:
        raise HtanalysisError(f"mix has “{unknown[0]}”, which would be dropped; it may have sex, labor and other.")
    if {*mix.index} != {*TYPES} or len(mix) > len(TYPES) or mix.isna().any():
        raise HtanalysisError("mix: the shares of sex, labor and other are needed, each once; one is missing.")
    for kind in TYPES:
        check_share(f"mix: {kind}", mix[kind])
    if abs(total := float(mix.sum()) - 1) > _ROUNDING:
        raise HtanalysisError(f"mix: the shares add up to {1 + total:g}; they must add up to 1.")
    return float(mix["sex"]), float(mix["labor"]), float(mix["other"])
