"""The state's totals while returns are missing, and what the returns say of each other, as a reader needs them."""

import pandas as pd

from htanalysis.datasets import load
from htanalysis.delays import HISTORY, nowcast
from htanalysis.findings import number, span
from htanalysis.returns import NOT_RETURNED, View, known_day, list_reporting, view_returns

#: How often the range from four earlier quarters of each task force that is missing held the total, in simulations:
#: with one missing the least, with seven the most (`tests/statistics/test_statistics_of_delays.py`).
HISTORY_HELD = (0.6, 0.97)


def count_reporters(as_of: str = "latest", audience: str = "public") -> pd.DataFrame:
    """Count the task forces that have reported in each quarter: those that returned a whole count of some measure.

    Parameters
    ----------
    as_of, audience
        As for `load_returns`.

    Returns
    -------
    pandas.DataFrame
        A row is a quarter, from the first that the report covers to the last that is held: `quarter`, `due` (task
        forces that report by then), `reported`, `full` (those of them that returned every measure), `partly` (those
        that returned some types alone), `statewide` (whether a statewide return is held), `by_report` (whether nothing
        was returned and the 2012 report counts them), and the names `returned_by`, `in_part` and `missing`, each joined
        by semicolons.

    Notes
    -----
    Formula: task forces that report by the quarter − those that have not returned a whole count of it; all of them
    where only the report gives its counts.
    """
    view, told = view_returns(as_of, audience), set(load("task_force_quarters")["quarter"])
    own = view.cells[view.cells["trafficking_type"].eq("all") & view.cells["shown"].ne(NOT_RETURNED)]
    quarters = pd.period_range(min(told), max([*told, *view.totals["quarter"]]), freq="Q")
    rows = []
    for quarter in quarters:
        due, cells = list_reporting(quarter), own[own["quarter"].eq(quarter)]
        whole = due & set(cells.loc[cells["whole"], "task_force"])
        partly = due & set(cells["task_force"]) - whole
        statewide = bool(view.totals.loc[view.totals["quarter"].eq(quarter), "statewide"].any())
        by_report = quarter in told and not (whole or partly or statewide)
        reported = len(due if by_report else whole)
        measures = cells[cells["whole"] & cells["task_force"].isin(due)].groupby("task_force")["measure"].nunique()
        full = reported if by_report else int(measures.eq(len(load("task_force_totals"))).sum())
        names = ["; ".join(sorted(group)) for group in (whole, partly, due - whole - partly)]
        rows.append((quarter, len(due), reported, full, len(partly), statewide, by_report, *names))
    columns = ["quarter", "due", "reported", "full", "partly", "statewide", "by_report"]
    return pd.DataFrame(rows, columns=[*columns, "returned_by", "in_part", "missing"])


def tell_reporters(reporters: pd.DataFrame) -> str:
    """Say how many task forces have reported in some quarters.

    Parameters
    ----------
    reporters : pandas.DataFrame
        Rows of `count_reporters`.

    Examples
    --------
    >>> tell_reporters(count_reporters("report").tail(1))
    'In 2012Q2 9 of 9 task forces reported'
    """
    first, last = reporters["quarter"].min(), reporters["quarter"].max()
    by_due = reporters.groupby("due")["reported"].agg(["min", "max"])
    each = ", later ".join(f"{span(low, high, between=False)} of {due}" for due, low, high in by_due.itertuples())
    text = f"In {first if first == last else f'{first} to {last}'} {each} task forces reported"
    if (reporters["full"] < reporters["reported"]).any():
        text += f", {span(reporters['full'].min(), reporters['full'].max(), between=False)} of them all five counts"
    if reporters["partly"].any():
        ends = reporters["partly"].min(), reporters["partly"].max()
        text += f", and {span(*ends, between=False)} returned some types alone"
    if reporters["statewide"].any():
        text += ", and a statewide return counts all together"
    return text


def tell_share(returned: pd.Series, partly: pd.Series, reporting: pd.Series) -> pd.Series:
    """Write how many task forces have returned a count: "6 of 9", or "6 of 9, 1 in part"."""
    words = returned.astype("str") + " of " + reporting.astype("str")
    return words.mask(partly.gt(0), words + ", " + partly.astype("str") + " in part")


def tell_reported(counts: pd.DataFrame, quarters: pd.PeriodIndex) -> pd.Series:
    """Say for each measure how many task forces have reported it in some quarters.

    Parameters
    ----------
    counts : pandas.DataFrame
        `count_quarters`.
    quarters : pandas.PeriodIndex
        The quarters.

    Returns
    -------
    pandas.Series
        By measure: "6 of 9", "6 of 9, 1 in part" where one returned some types alone, "published" where the report
        states it, "statewide" where one return gives it, "not returned"; where quarters differ, each of these once.
    """
    rows = counts[counts["quarter"].isin(quarters)].astype({"measure": "str", "origin": "str"})
    words = tell_share(rows["returned"], rows["partly"], rows["task_forces_reporting"])
    alone = rows["returned"].eq(0) & rows["partly"].eq(0)
    words = words.mask(
        alone, rows["origin"].map({"report": "published", "returns": "statewide"}).fillna("not returned")
    )
    words = words.mask(rows["contradicted"], words + " against a statewide return")
    return words.groupby(rows["measure"], sort=False).agg(lambda texts: ", ".join(dict.fromkeys(texts)))


def tell_counts(cells: pd.DataFrame, quarter: pd.Period) -> pd.DataFrame:
    """Write the counts of the task forces in a quarter in words, as many as may be shown.

    Parameters
    ----------
    cells : pandas.DataFrame
        `load_returns`.
    quarter : pandas.Period
        The quarter.

    Returns
    -------
    pandas.DataFrame
        A row is a task force: `task_force`, and a column a measure with the count, "fewer than 11", a range, "at least
        30" where some types alone were returned, or "not returned".

    Notes
    -----
    Formula: no number is computed: each count as the last return gives it, or the range that is shown in its place.
    """
    rows = cells[cells["quarter"].eq(quarter) & cells["trafficking_type"].eq("all")]
    words = rows["count"].map(lambda count: f"{count:,}", na_action="ignore").astype("str").where(rows["count"].notna())
    table = rows.assign(words=words.fillna(rows["shown"])).pivot(index="task_force", columns="measure", values="words")
    measures = [name for name in load("task_force_totals")["measure"] if name in table]
    return table[measures].fillna(NOT_RETURNED).rename_axis(columns=None).reset_index()


def tell_replaced(compared: pd.DataFrame) -> list[str]:
    """Say of each published total of the two years what the returns make of it.

    Parameters
    ----------
    compared : pandas.DataFrame
        `reconcile`.

    Returns
    -------
    list of str
        A sentence for each total that no longer holds.
    """
    totals = compared[compared["period"].str.contains(" to ") & compared["difference"].ne(0)]
    return [
        f"The report’s total of {row.measure} for {row.period}, {row.published:,}, no longer holds: the returns give"
        f" {row.returned:,}{' or more' if row.least else ''}."
        for row in totals.itertuples()
    ]


def nowcast_totals(quarters: pd.PeriodIndex, as_of: str = "latest", audience: str = "public") -> pd.DataFrame:
    """Tell the totals that some task forces have not returned, as far as what was returned before allows.

    Where the same task forces had returned four earlier quarters or more whose total is known, from the growth of what
    they had returned as many days after the quarter's end to the whole total; else, where each that is missing has four
    earlier quarters, from its smallest and largest count. All is told from what the audience is shown.

    Parameters
    ----------
    quarters : pandas.PeriodIndex
        The quarters.
    as_of, audience
        As for `load_returns`.

    Returns
    -------
    pandas.DataFrame
        A row is a total that can be told: `quarter`, `measure`, `reported` ("6 of 9"), `note` (the same as the end of
        a sentence), `at_least` (what has been returned), `value` (missing where the histories give a range alone),
        `low`, `high`, `basis` ("computed" for a nowcast, "assumed" for histories), `words` (on what it rests, and how
        often it held) and `formula`.

    Notes
    -----
    Formula: what has been returned × sum of earlier totals ÷ sum of what the same task forces had returned of them as
    many days after the quarter's end, with Student's t × the chain ladder's standard error; or what has been returned
    plus the smallest, or largest, earlier count of each task force that is missing.
    """
    view = view_returns(as_of, audience)
    known = view.totals[view.totals["trafficking_type"].eq("all")]
    known = known.assign(
        share=tell_share(known["returned"], known["partly"], known["reporting"]), note=_say_note(known)
    )
    open_ends = known["count"].isna() & known["high"].isna() & known["contradiction"].eq("")
    rows = []
    for total in known[open_ends & known["quarter"].isin(quarters)].itertuples():
        told = _tell_by_growth(view, total, pd.Timestamp(known_day(as_of))) or _tell_by_history(view, total)
        if told:
            rows.append((total.quarter, total.measure, total.share, total.note, total.low, *told))
    numbers = ["at_least", "value", "low", "high"]
    columns = ["quarter", "measure", "reported", "note", *numbers, "basis", "words", "formula"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(numbers, "Float64"))


def tell_totals(totals: pd.DataFrame, quarters: pd.PeriodIndex, told: pd.DataFrame | None = None) -> pd.DataFrame:
    """Write the totals of some quarters as a reader needs them: the number or its range, and how many have reported.

    Parameters
    ----------
    totals : pandas.DataFrame
        `total_returns`.
    quarters : pandas.PeriodIndex
        The quarters.
    told : pandas.DataFrame, optional
        `nowcast_totals`, whose rows then stand below the total that they tell.

    Returns
    -------
    pandas.DataFrame
        A row is a measure in a quarter: `label`, `quarter`, `measure`, `value` (missing where it is not known), `low`,
        `high` (infinite where nothing limits it), `reported` ("6 of 9"), `basis`: "reported" for a statewide return,
        "computed" for a sum over all task forces, "bounded" for the range that is left open; and for what is told of
        it, "computed" for a nowcast and "assumed" for the task forces' histories; and `note`, the end of its sentence.

    Notes
    -----
    Formula: totals as `total_returns` gives them: a sum over all task forces, or the least and most that the returns
    leave open; beside them what `nowcast_totals` tells.
    """
    rows = totals[totals["trafficking_type"].eq("all") & totals["quarter"].isin(quarters)]
    several = len(quarters) > 1
    basis = pd.Series("computed", index=rows.index).mask(rows["statewide"], "reported")
    rows = rows.assign(
        label=rows["measure"] + (", " + rows["quarter"].astype("str") if several else ""),
        value=rows["count"],
        reported=tell_share(rows["returned"], rows["partly"], rows["reporting"]),
        basis=basis.mask(rows["count"].isna(), "bounded"),
        note=_say_note(rows),
    )
    columns = ["label", "quarter", "measure", "value", "low", "high", "reported", "basis", "note"]
    if told is not None and len(told):
        of_rows = rows.reset_index()[["index", "quarter", "measure", "label"]]
        told = told.merge(of_rows, on=["quarter", "measure"]).set_index("index")
        ways = told["basis"].map({"computed": ", nowcast", "assumed": ", if as in earlier quarters"})
        rows = pd.concat([rows[columns], told.assign(label=told["label"] + ways)[columns]]).sort_index(kind="stable")
    numbers = {"value": "Float64", "low": "Float64", "high": "Float64"}
    table = rows[columns].astype(numbers).reset_index(drop=True)
    return table.assign(high=table["high"].fillna(float("inf")))


def _say_note(totals: pd.DataFrame) -> pd.Series:
    """Say behind a total whose it is: "; 6 of 9 task forces have reported", and what contradicts it."""
    contradicted = ", a contradiction: " + totals["contradiction"]
    alone = totals["statewide"].map({True: ", by a statewide return", False: ""}).astype("str")
    partly = totals["partly"].map(lambda number: f", {number} more in part" if number else "").astype("str")
    share = totals["returned"].astype("str") + " of " + totals["reporting"].astype("str")
    return (
        contradicted.where(totals["contradiction"].ne(""), alone) + "; " + share + " task forces have reported" + partly
    )


def explain_total(
    cells: pd.DataFrame,
    measure: str,
    quarter: pd.Period,
    value: float,
    basis: str,
    ends: tuple[float, float] | None = None,
) -> str | None:
    """Write how a total was computed from the task forces' counts, as the formula of a finding.

    Parameters
    ----------
    cells : pandas.DataFrame
        `load_returns`.
    measure, quarter, value, basis
        Of the total, as `tell_totals` gives them.
    ends : tuple of float, optional
        Its range, where it has one.

    Returns
    -------
    str or None
        The counts, added up, where all are shown. None for a total that a source states.
    """
    if basis == "reported":
        return None
    if basis == "bounded":
        return f"least and most of what is shown: fewest = {number(ends[0])}; most = {number(ends[1])}"
    of_total = cells["quarter"].eq(quarter) & cells["measure"].eq(measure) & cells["trafficking_type"].eq("all")
    counts = cells.loc[of_total, "count"]
    if counts.isna().any():
        return f"counts of {len(counts)} task forces, {counts.isna().sum()} of them hidden, added up = {number(value)}"
    return f"counts of {len(counts)} task forces, added up = {' + '.join(map(number, counts))}"


def list_contradictions(as_of: str = "latest", audience: str = "public") -> pd.DataFrame:
    """List the returns that exclude each other.

    Parameters
    ----------
    as_of, audience
        As for `load_returns`. A task force's own types are compared for the internal audience alone.

    Returns
    -------
    pandas.DataFrame
        A row is a contradiction: `quarter`, `measure` and `words`: a statewide return against the task forces' sum,
        or types that are more than all, or all of them that do not add up to it.

    Notes
    -----
    Formula: the counts of the task forces, or of the types, added up and set against the return that counts all.
    """
    view = view_returns(as_of, audience)
    rows = [
        (total.quarter, total.measure, total.contradiction)
        for total in view.totals[view.totals["contradiction"].ne("")].itertuples()
    ]
    bodies = view.cells.rename(columns={"task_force": "who"})
    for given in (view.totals.assign(who="all task forces"), bodies[bodies["whole"]]):
        wide = given.set_index(["quarter", "measure", "who", "trafficking_type"])["count"].unstack()
        wrong = _compare_types(wide)
        rows += [(quarter, measure, f"{name}: {words}") for (quarter, measure, name), words in wrong.items()]
    table = pd.DataFrame(rows, columns=["quarter", "measure", "words"])
    return table.sort_values(["quarter", "measure"], kind="stable", ignore_index=True)


def _compare_types(wide: pd.DataFrame) -> pd.Series:
    """Say in words where types exclude a count of all."""
    wide = wide.reindex(columns=["all", "sex", "labor", "other"]).astype("Float64")
    types = wide[["sex", "labor", "other"]]
    parts, complete = types.sum(axis=1), types.notna().all(axis=1)
    wrong = (
        wide["all"].notna() & types.notna().any(axis=1) & (parts.gt(wide["all"]) | (complete & parts.ne(wide["all"])))
    )
    return pd.Series(
        [
            f"the types add up to {number(part)}, and all are {number(whole)}"
            for part, whole in zip(parts[wrong], wide.loc[wrong, "all"], strict=True)
        ],
        index=wide.index[wrong],
        dtype="object",
    )


def _tell_by_growth(view: View, total: tuple, day: pd.Timestamp) -> tuple | None:
    """Tell a total from how what the same task forces had returned of earlier ones grew."""
    earlier, seen = _pair_earlier(view, total, day)
    if not seen or (earlier["seen"] > 0).sum() < HISTORY:
        return None
    told, used = nowcast(earlier, seen), earlier[earlier["seen"] > 0]
    low, value, high = max(told.low, total.low), max(told.value, total.low), max(told.high, total.low)
    words = (
        f"if it grows from what has come in as {told.tried} earlier quarters did, of which such a range, from the"
        f" others, held {told.held}"
    )
    fewest = f"{told.value:.4f} − {told.quantile:.8f} × {told.error:.4f}"
    fewest = f"⌊{fewest}⌋" if low == told.low and told.value - told.quantile * told.error > 0 else number(low)
    most = f"⌈{told.value:.4f} + {told.quantile:.8f} × {told.error:.4f}⌉" if high == told.high else number(high)
    grown = f"{number(seen)} × {number(used['complete'].sum())} ÷ {number(used['seen'].sum())}"
    formula = (
        "what has come in × earlier totals ÷ what had come in of them ="
        f" {grown if value == told.value else number(value)}; fewest = {fewest}; most = {most}"
    )
    return value, low, high, "computed", words, formula


def _pair_earlier(view: View, total: tuple, day: pd.Timestamp) -> tuple[pd.DataFrame, int]:
    """Pair each earlier total with what the task forces that have returned this one had returned of it at its age.

    One that returned later then is taken as it first was. Quarters in which others reported are left out.
    """
    versions = view.versions[view.versions["measure"].eq(total.measure)]
    last = versions[versions["day"].le(day)].groupby(["quarter", "task_force"])["low"].last()
    names = set(last.get(total.quarter, pd.Series(dtype="Int64")).index) & list_reporting(total.quarter)
    totals = view.totals[view.totals["measure"].eq(total.measure) & view.totals["trafficking_type"].eq("all")]
    totals = totals[totals["quarter"].lt(total.quarter) & totals["count"].notna()]
    rows, age = [], day - total.quarter.end_time.normalize()
    for each in totals[totals["reporting"].eq(total.reporting)].rename(columns={"count": "count_"}).itertuples():
        own = versions[versions["quarter"].eq(each.quarter) & versions["task_force"].isin(names)]
        if names and set(own["task_force"]) == names:
            young = own["day"].le(each.quarter.end_time.normalize() + age)
            first = own.groupby("task_force")["low"].first()
            then = own[young].groupby("task_force")["low"].last().reindex(first.index).fillna(first)
            rows.append((then.sum(), each.count_))
    seen = int(last.get(total.quarter, pd.Series(dtype="Int64")).reindex(sorted(names)).sum()) if names else 0
    return pd.DataFrame(rows, columns=["seen", "complete"], dtype=float), seen


def _tell_by_history(view: View, total: tuple) -> tuple | None:
    """Tell a total by letting each task force that is missing lie between its smallest and largest earlier count."""
    cells = view.cells[view.cells["trafficking_type"].eq("all") & view.cells["measure"].eq(total.measure)]
    own = cells[cells["quarter"].eq(total.quarter)].set_index("task_force")
    earlier = cells[cells["quarter"].lt(total.quarter) & cells["whole"]].groupby("task_force")
    silent = own.index[~own["whole"]]
    least, most, held_before = (
        earlier[name].agg(how).reindex(silent) for name, how in (("low", "min"), ("high", "max"), ("low", "count"))
    )
    if not held_before.fillna(0).ge(HISTORY).all():
        return None
    least = pd.concat([least, own.loc[silent, "low"].fillna(0)], axis=1).max(axis=1)
    most = pd.concat([least, most], axis=1).max(axis=1)
    parts = [[own.loc[own["whole"], name].sum(), *counts] for name, counts in (("low", least), ("high", most))]
    low, high = (max(sum(counts), total.low) for counts in parts)
    # What is shown of the types together can be more than the least of each task force's count.
    fewest, most_of_all = (
        " + ".join(map(number, counts)) if sum(counts) == end else number(end)
        for counts, end in zip(parts, (low, high), strict=True)
    )
    words = (
        "if each task force that has not reported lies between its own smallest and largest earlier count, which, with"
        f" four earlier quarters, held in {HISTORY_HELD[0]:.0%} to {HISTORY_HELD[1]:.0%} of simulated cases"
    )
    formula = f"what was returned + earlier counts of the others: fewest = {fewest}; most = {most_of_all}"
    return pd.NA, low, high, "assumed", words, formula
