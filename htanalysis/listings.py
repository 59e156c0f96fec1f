"""What a first look needs: lists of data sets, of their rows and times and of bases, and what is known in words."""

from collections.abc import Mapping

import pandas as pd

from htanalysis import settings
from htanalysis.data import catalogue, load, resource
from htanalysis.errors import check_columns
from htanalysis.quarters import relate_to_period, say_day
from htanalysis.results import Column, Result, sources_of
from htanalysis.returns.counts import parse_period
from htanalysis.wording import number

_EXAMPLES = {
    "reported": "investigations initiated in a published quarter",
    "computed": "the largest county’s share of all convictions",
    "bounded": "convictions in a county that the report names without a count",
    "assumed": "labor victims missed, if the state had the world’s mix",
}


def list_bases() -> Result:
    """List what a number can be: each basis, what it means, and an example."""
    rows = [(basis, meaning, _EXAMPLES[basis]) for basis, meaning in settings.BASES.items()]
    return Result(
        basis="reported",
        source=("collection",),
        formula="no number is computed here: each row says what a basis means",
        frame=pd.DataFrame(rows, columns=["basis", "meaning", "example"]),
        columns={"basis": "basis", "meaning": "what it means", "example": "for example"},
    )


def list_data_sets() -> Result:
    """List the data sets (`catalogue`) and count them; `{rows}` are the rows of all."""
    listed = catalogue()
    count, rows = len(listed), number(listed["rows"].sum())
    return Result(
        basis="computed",
        source=("collection",),
        value=count,
        unit="data sets",
        method="catalogue",
        formula=f"data sets that the descriptor lists, counted: {count}; their rows, added up: {rows}",
        frame=listed,
        columns={"name": "name", "title": "title", "row": "a row is", "rows": "rows"},
        given={"rows": rows},
    )


def list_rows(rows: pd.DataFrame, **titles: str) -> Result:
    """List rows of a data set as they stand: the columns that are named, each under its title."""
    check_columns("rows", rows, titles)
    fields = resource(rows.attrs["name"])["schema"]["fields"] if "name" in rows.attrs else []
    units = {entry["name"]: entry.get("unit") for entry in fields}
    columns = {name: Column(title, unit=units.get(name, "")) for name, title in titles.items()}
    return Result(basis="reported", source=sources_of(rows, columns=[*titles]), frame=rows, columns=columns)


def list_periods(labels: Mapping[str, str]) -> Result:
    """List from when to when data sets count: names of data sets with `period_start` and `period_end`, and labels.

    A row of the frame is a data set: `label`, `start` and `end` (first and last day).
    """
    frames = {label: load(name) for name, label in labels.items()}
    rows = [(label, frame["period_start"].min(), frame["period_end"].max()) for label, frame in frames.items()]
    return Result(
        basis="reported",
        source=sources_of(*frames.values(), columns=["period_start", "period_end"]),
        frame=pd.DataFrame(rows, columns=["label", "start", "end"]),
        picture=("periods", {}),
    )


def name_published_county(convictions: pd.DataFrame, years: pd.DataFrame) -> Result:
    """Take the county of which the report states a count, from `load("county_convictions")` and Table 1.

    The sentence may name the `{county}`, the `{total}` of all counties, from when `{since}` to when that counts, and
    how many `{others}` are named without a count. The frame has a row for the county and one for the others together.
    """
    named = convictions[convictions["named_in_report"]]
    known = named[named["convictions"].notna()].iloc[0]
    total, others = int(years["convictions"].sum()), len(named) - 1
    rest = total - int(known["convictions"])
    rows = [(known["county"], 1, known["convictions"], "reported", None)]
    formula = f"all − {known['county']} = {total} − {known['convictions']}"
    rows.append(("other named counties", others, rest, "computed", formula))
    return Result(
        basis="reported",
        source=sources_of(named, columns=["convictions", "upper", "named_in_report"]),
        value=known["convictions"],
        unit="convictions",
        frame=pd.DataFrame(rows, columns=["counties", "number", "value", "basis", "formula"], dtype=object),
        given={"county": known["county"], "total": total, "others": others}
        | {"since": f"from {years['period_start'].min():%Y} to {years['period_end'].max():%B %Y}"},
    )


def cover(rows: pd.DataFrame, period: str) -> Result:
    """Say from when to when rows with `period_start` and `period_end` count, and how that relates to a period.

    The period is as for `parse_period`. Gives no number, but `{start}`, `{end}` and `{relation}` for a sentence.
    """
    check_columns("rows", rows, ["period_start", "period_end"])
    start, end = rows["period_start"].min(), rows["period_end"].max()
    relation = relate_to_period(parse_period(period), start, end)
    given = {"start": say_day(start), "end": say_day(end), "relation": relation}
    return Result(basis="reported", source=sources_of(rows, columns=["period_start", "period_end"]), given=given)
