"""The state's totals while returns are missing, and what the returns say of each other, as a reader needs them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from htanalysis.errors import check_columns
from htanalysis.nowcasts import RANGE, label_totals
from htanalysis.quarterly import name_sources
from htanalysis.quarters import period_label
from htanalysis.results import Column, Result
from htanalysis.returns.corrections import list_corrections
from htanalysis.returns.counts import count_quarters, count_reporters, list_sent, reconcile, tell_reporters
from htanalysis.returns.disclosure import TYPES
from htanalysis.returns.measures import load_measures
from htanalysis.returns.register import name_forces
from htanalysis.returns.views import NOT_RETURNED, OF_MONTHS, known_day, view_returns
from htanalysis.settings import REPORT_ALONE
from htanalysis.wording import choose, number, span

_CELL = ["quarter", "measure", "who", "trafficking_type", "count"]


def count_sent(quarters: pd.PeriodIndex, as_of: str = "latest", audience: str = "public") -> Result:
    """Count the counts of some quarters that were returned; parameters are as for `nowcast_totals`.

    The sentence may name how many are `{due}`, and say who `{reported}`, unless the report alone counts them.
    """
    counts, reporters = count_quarters(as_of, audience), count_reporters(as_of, audience)
    asked, who = counts[counts["quarter"].isin(quarters)], reporters[reporters["quarter"].isin(quarters)]
    by_measure = asked.groupby("measure", observed=True)["returned"].sum()
    return Result(
        basis="computed",
        source=("returns",),
        method="count_quarters",
        value=by_measure.sum(),
        unit="counts",
        formula=f"counts returned, measure by measure, added up = {' + '.join(map(number, by_measure))}",
        given={
            "due": asked["task_forces_reporting"].sum(),
            "period": period_label(quarters),
            "were": choose(by_measure.sum(), "was", "were"),
            "reported": "" if who["by_report"].all() else f" {tell_reporters(who)}.",
        },
    )


def tell_counts(quarters: pd.PeriodIndex, as_of: str = "latest", audience: str = "public") -> Result:
    """Write in words what the task forces returned of the last of some quarters; parameters as for `nowcast_totals`.

    A row of its frame is a task force: `task_force`, and a column a measure with the count, "at least 30" where some
    types or months alone were returned, or "not returned"; for the public "returned", "returned in part" or "not
    returned". Its `basis` is "bounded" where a count is the least, else "computed" where one is a sum of months.

    Notes
    -----
    Formula: no number is computed: each count as the last return gives it, or whether there is one.
    """
    cells, public = view_returns(as_of, audience).cells, audience == "public"
    rows = cells[cells["quarter"].eq(quarters[-1]) & cells["trafficking_type"].eq("all")]
    words = rows["count"].map(number, na_action="ignore").astype("str").where(rows["count"].notna())
    rows, silent = rows.assign(words=words.fillna(rows["shown"])), rows["shown"].eq(NOT_RETURNED)
    table = rows.pivot(index="task_force", columns="measure", values="words")
    measures = [name for name in load_measures(known_day(as_of))["measure"] if name in table]
    in_part = ~rows["whole"] & ~silent
    basis = dict.fromkeys(rows.loc[rows["shown"].eq(OF_MONTHS), "task_force"], "computed")
    basis |= dict.fromkeys(rows.loc[in_part & (not public), "task_force"], "bounded")
    table = table[measures].fillna(NOT_RETURNED).assign(basis=[basis.get(name, "reported") for name in table.index])
    return Result(
        basis="reported",
        source=("returns",),
        method="tell_counts",
        frame=table.rename(index=name_forces(known_day(as_of))).sort_index().rename_axis(columns=None).reset_index(),
        columns={"task_force": "task force"} | {name: name for name in measures},
        given={
            "all": len(rows),
            "quarter": str(quarters[-1]),
            "period": period_label(quarters),
            "absent": f"{silent.sum()} {choose(silent.sum(), 'was', 'were')}",
            "partly": f"{in_part.sum()} {choose(in_part.sum(), 'was', 'were')}",
            "what": "Who has returned which count; the counts are not published"
            if public
            else "Counts by task force; one that was returned in part is shown as the least",
        },
    )


def list_remarks(quarters: pd.PeriodIndex, as_of: str = "latest", audience: str = "public") -> Result:
    """List the counts of some quarters that were withdrawn, with the reason, wait for months, or are sums of them.

    Parameters are as for `nowcast_totals`. For the public the frame is empty.

    Notes
    -----
    Formula: the returns of the three months of a quarter, added up.
    """
    remarks = view_returns(as_of, audience).remarks
    rows = remarks[remarks["quarter"].isin(quarters)]
    basis = rows["state"].map({"summed": "computed"}).fillna("reported")
    heads = {"quarter": "quarter", "task_force": "task force", "measure": "measure", "trafficking_type": "type"}
    heads |= {"remark": "what to know of it"}
    return Result(
        basis="computed",
        source=("returns",),
        method="list_remarks",
        frame=rows[[*heads]].assign(basis=basis).replace({"task_force": name_forces(known_day(as_of))}),
        columns=heads,
        given={"counts": f"{len(rows)} {choose(len(rows), 'count', 'counts')}", "period": period_label(quarters)},
    )


def list_types(quarters: pd.PeriodIndex, as_of: str = "latest", audience: str = "public") -> Result:
    """List the state's counts by type of trafficking; parameters are as for `nowcast_totals`."""
    totals = view_returns(as_of, audience).totals
    heads = {"measure": "measure", "quarter": "quarter", "trafficking_type": "type", "count": "count"}
    rows = totals[totals["trafficking_type"].ne("all") & totals["quarter"].isin(quarters)]
    return Result(
        basis="computed",
        source=("returns",),
        method="total_returns",
        frame=rows,
        columns=heads,
        given={"period": period_label(quarters)},
    )


def compare_published(counts: pd.DataFrame) -> Result:
    """Give `reconcile` as a table, and the number of published counts that the returns change.

    The sentence may name how many there are of `{all}`, and `{differ}`; "Returns give {all} that the report
    published{too}.{replaced}" says both, where there are any, and which totals no longer hold.
    """
    compared = reconcile(counts)[lambda rows: rows["measure"].isin(list_sent(counts))]
    differing, every = int(compared["difference"].ne(0).sum()), len(compared)
    differ = choose(differing, "differs", "differ")
    lost = " The report’s total of {measure} for {period}, {published}, no longer holds: the returns give"
    replaced = [row for row in list_replaced(counts, "total").rows if row.given["measure"] in list_sent(counts)]
    return Result(
        basis="computed",
        source=tuple(dict.fromkeys(("returns", *name_sources(counts, compared["measure"].unique().tolist())))),
        value=differing,
        unit="counts",
        method="reconcile",
        formula=f"compared − equal = {every} − {every - differing}",
        frame=compared,
        columns={
            "measure": "measure",
            "period": "period",
            "published": Column("published", basis="reported"),
            "returned": "from returns",
            "difference": Column("difference", basis="computed"),
        },
        given={
            "all": f"{every} {choose(every, 'count', 'counts')}" if every else "no count",
            "differ": differ,
            "too": f", too; {number(differing)} of them {differ}" * bool(every),
            "replaced": "".join(row.write(lost + " {value:bare}{more}.") for row in replaced),
        },
    )


def list_replaced(counts: pd.DataFrame, what: str) -> Result:
    """List what was published and no longer holds, since returns (in `count_quarters`) give something else.

    `what` is "count" for the counts of single quarters, "total" for those of the two years. A row of the frame is a
    published number, with what the returns give as its value, and the words of `reconcile`.

    Notes
    -----
    Formula: published + difference.
    """
    compared, rows, sent = reconcile(counts), [], list_sent(counts)
    changed = list_corrections(REPORT_ALONE, counts.attrs.get("as_of", REPORT_ALONE))
    changed = {*zip(changed["measure"], changed["period"].str.replace(":", " to "), strict=True)}
    for row in compared[compared["difference"].ne(0)].itertuples():
        of_total, sign, more = " to " in row.period, "+" if row.difference > 0 else "−", " or more" * row.least
        if of_total != (what == "total"):
            continue
        difference = f"{number(row.published)} {sign} {number(abs(row.difference))}"
        rows.append(
            {"row": f"{row.measure} {row.period}", "measure": row.measure, "period": row.period, "value": row.returned}
            | {"who": " and ".join(["returns"] * (row.measure in sent) + ["published quarters"] * of_total)}
            | {"unit": f"{row.measure}{more}"}
            | {"published": number(row.published) + " (as corrected)" * ((row.measure, row.period) in changed)}
            | {"formula": f"published {sign} difference = {difference}"}
            | {"more": more, "source": name_sources(counts, [row.measure])}
        )
    columns = ["row", "measure", "period", "value", "who", "unit", "more", "published", "formula", "source"]
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    return Result(basis="computed", source=name_sources(counts), method="reconcile", frame=frame)


def tell_totals(quarters: pd.PeriodIndex, as_of: str = "latest", audience: str = "public") -> Result:
    """Write the totals of some quarters as a reader needs them: the number or its range, and how many have reported.

    Parameters are as for `nowcast_totals`; the value is how many totals are known. A row of the frame is a measure in a
    quarter: `label`, `quarter`, `measure`, `value` (missing where it is not known), `low`, `high` (missing where
    nothing limits it), `count` (either in words, if there is one), `reported` ("6 of 9"), `basis`: "reported" for a
    statewide return, "computed" for a sum over all task forces, "bounded" for the range that is left open; `note`, the
    end of its sentence, and `formula`. Where the public is shown nothing of a total, its numbers and basis are missing.
    """
    view, public = view_returns(as_of, audience), audience == "public"
    rows = label_totals(view.totals, quarters).rename(columns={"count": "value"})
    basis = pd.Series("computed", index=rows.index).mask(rows["statewide"], "reported")
    rows = rows.assign(basis=basis.mask(rows["value"].isna(), "bounded").where(rows["low"].notna()))
    said = [
        (
            span(row.low, row.high, between=False),
            explain_total(view.cells, row.measure, row.quarter, row.value, row.basis, (row.low, row.high)),
        )
        if pd.notna(row.high)
        else (None, None)
        for row in rows.itertuples()
    ]
    known, excluded = int(rows["value"].notna().sum()), list_contradictions(quarters, as_of, audience)
    rows = rows.reset_index(drop=True).astype(dict.fromkeys(RANGE, "Float64") | {"quarter": "str"})
    return Result(
        basis="computed",
        source=("returns",),
        method="total_returns",
        value=known,
        unit="totals",
        formula=f"totals − those without a number = {len(rows)} − {len(rows) - known}",
        frame=rows[["label", "quarter", "measure", *RANGE, "reported", "basis", "note"]]
        .join(pd.DataFrame(said, columns=["count", "formula"], dtype=object))
        .assign(unit=""),
        given={
            "all": f"{len(rows)} {choose(len(rows), 'total', 'totals')}",
            "period": period_label(quarters),
            "are": choose(known, "is", "are"),
            "state": "published" if public else "known",
            "rest": "; the rest is known within a range or from below" * (known < len(rows) and not public),
            "contradicted": excluded.write(" {contradict} another.") * bool(len(excluded.frame)),
        },
    )


def list_returned_totals(known: Result, expected: Result) -> Result:
    """List each total of `tell_totals`, and below it what `nowcast_totals` tells of it.

    Notes
    -----
    Formula: totals as `total_returns` gives them, and what `nowcast_totals` tells of those that are not complete.
    """
    heads = {"label": "measure", "quarter": "quarter", "reported": "task forces that reported", "value": "total"}
    heads |= {"low": "fewest", "high": "most", "basis": "basis"}
    frame = pd.concat([known.frame, expected.frame], ignore_index=True) if len(expected.frame) else known.frame
    order = frame.groupby(["quarter", "measure"], sort=False).ngroup().argsort(kind="stable")
    return replace(known, method="list_returned_totals", frame=frame.iloc[order][[*heads, "unit"]], columns=heads)


def explain_total(
    cells: pd.DataFrame, measure: str, quarter: pd.Period, value: float, basis: str, ends: tuple | None = None
) -> str | None:
    """Write how a total of `tell_totals` was computed from the task forces' counts (`load_returns`), as a formula.

    None for a total that a source states.
    """
    if basis == "reported":
        return None
    if basis == "bounded":
        return f"least and most of what is shown: fewest = {number(ends[0])}; most = {number(ends[1])}"
    check_columns("cells", cells, ["quarter", "measure", "trafficking_type", "count"])
    of_total = cells["quarter"].eq(quarter) & cells["measure"].eq(measure) & cells["trafficking_type"].eq("all")
    counts = cells.loc[of_total, "count"]
    if counts.isna().any():
        return f"counts of {len(counts)} task forces, which are not published, added up = {number(value)}"
    return f"counts of {len(counts)} task forces, added up = {' + '.join(map(number, counts))}"


def list_contradictions(quarters: pd.PeriodIndex, as_of: str = "latest", audience: str = "public") -> Result:
    """List the returns of some quarters that exclude each other; for the public only sums that are shown are compared.

    Parameters are as for `nowcast_totals`. A row of the frame is a contradiction: `quarter`, `measure` and `words`: a
    statewide return against the task forces' sum, or types that are more than all, or that do not add up to it.

    Notes
    -----
    Formula: the counts of the task forces, or of the types, added up and set against the return that counts all.
    """
    view, called = view_returns(as_of, audience), name_forces(known_day(as_of))
    totals, bodies = (each[each["quarter"].isin(quarters)] for each in (view.totals, view.cells))
    told = totals.loc[totals["contradiction"].ne(""), ["quarter", "measure", "contradiction"]]
    rows = [*told.itertuples(index=False, name=None)]
    for given in (totals.assign(who="all task forces"), bodies[bodies["whole"]].rename(columns={"task_force": "who"})):
        of_each = defaultdict(dict)
        for quarter, measure, who, kind, count in given[_CELL].dropna().itertuples(index=False):
            of_each[quarter, measure, who][kind] = count
        told = ((*each, called.get(who, who), _compare_types(own)) for (*each, who), own in sorted(of_each.items()))
        rows += [(quarter, measure, f"{who}: {words}") for quarter, measure, who, words in told if words]
    table = pd.DataFrame(rows, columns=["quarter", "measure", "words"])
    return Result(
        basis="computed",
        source=("returns",),
        method="list_contradictions",
        # What was returned is reported, and what it adds up to is computed.
        frame=table.assign(basis="reported").sort_values(["quarter", "measure"], kind="stable", ignore_index=True),
        columns={"quarter": "quarter", "measure": "measure", "words": Column("what excludes what", basis="computed")},
        given={
            "contradict": f"{len(table)} {choose(len(table), 'return contradicts', 'returns contradict')}",
            "period": period_label(quarters),
        },
    )


def _compare_types(own: Mapping[str, int]) -> str:
    """Say in words that the counts of types exclude that of all, if they do."""
    whole, types = own.get("all"), [count for kind, count in own.items() if kind != "all"]
    told = whole is not None and types and (sum(types) > whole or (len(types) == len(TYPES) and sum(types) != whole))
    return f"the types add up to {number(sum(types))}, and all are {number(whole)}" if told else ""
