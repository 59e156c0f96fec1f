"""Totals that some task forces have not returned yet, told from what was returned of earlier quarters."""

import pandas as pd

from htanalysis.delays import HISTORY, nowcast
from htanalysis.quarterly import tell_share
from htanalysis.results import Result
from htanalysis.returns.register import list_reporting
from htanalysis.returns.views import View, known_day, view_returns
from htanalysis.wording import number, span

#: How often the range from four earlier quarters of each task force that is missing held the total, in simulations:
#: with one missing the least, with seven the most (`tests/statistics/test_statistics_of_delays.py`).
HISTORY_HELD = (0.6, 0.97)

_SILENT = "each task force that has not reported lies between its own smallest and largest earlier count"
_WAYS = {"computed": ", nowcast", "assumed": ", if as in earlier quarters"}
RANGE = ["value", "low", "high"]


def nowcast_totals(quarters: pd.PeriodIndex, as_of: str = "latest", audience: str = "public") -> Result:
    """Tell the totals that some task forces have not returned, as far as what was returned before allows.

    Where the same task forces had returned four earlier quarters or more whose total is known, from the growth of what
    they had returned as many days after the quarter's end to the whole total; else, where each that is missing has four
    earlier quarters, from its smallest and largest count. For the public nothing is told: it would need the counts of
    single task forces, and sums over some of them.

    A row of the frame is a total that can be told, as in `tell_totals`, and `at_least` (what has been returned), `told`
    (value and range in words; the range alone where the histories give no value), `words` (on what it rests, and how
    often it held) and `assumption`. Its `basis` is "computed" for a nowcast, "assumed" for histories.

    Notes
    -----
    Formula: what has been returned × sum of earlier totals ÷ sum of what the same task forces had returned of them as
    many days after the quarter's end, with Student's t × the chain ladder's standard error; or what has been returned
    plus the smallest, or largest, earlier count of each task force that is missing.
    """
    view, rows = view_returns(as_of, audience), []
    totals = label_totals(view.totals, quarters)
    open_ends = totals["low"].notna() & totals["high"].isna() & totals["contradiction"].eq("")
    for total in totals[open_ends].itertuples():
        found = _tell_by_growth(view, total, pd.Timestamp(known_day(as_of))) or _tell_by_history(view, total)
        if found:
            rows.append((total.label, str(total.quarter), total.measure, total.reported, total.note, total.low, *found))
    columns = ["label", "quarter", "measure", "reported", "note", "at_least", *RANGE, "basis", "words", "formula"]
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(["at_least", *RANGE], "Float64"))
    reach = [span(low, high, between=False) for low, high in zip(frame["low"], frame["high"], strict=True)]
    told = [
        words if pd.isna(value) else f"about {number(value)} ({words})"
        for value, words in zip(frame["value"], reach, strict=True)
    ]
    return Result(
        basis="computed",
        source=("returns",),
        method="nowcast_totals",
        frame=frame.assign(
            label=frame["label"] + frame["basis"].map(_WAYS),
            told=told,
            unit="",
            assumption=frame["basis"].map({"assumed": _SILENT}),
        ),
    )


def label_totals(totals: pd.DataFrame, quarters: pd.PeriodIndex) -> pd.DataFrame:
    """Name the totals of all types of some quarters, and say how many task forces have reported each."""
    rows = totals[totals["trafficking_type"].eq("all") & totals["quarter"].isin(quarters)]
    of_quarter = ", " + rows["quarter"].astype("str") if len(quarters) > 1 else ""
    reported = map(tell_share, rows["returned"], rows["partly"], rows["reporting"])
    return rows.assign(label=rows["measure"] + of_quarter, reported=[*reported], note=_say_note(rows))


def _say_note(totals: pd.DataFrame) -> pd.Series:
    """Say behind a total whose it is: "; 6 of 9 task forces have reported", and what contradicts it."""
    contradicted = ", a contradiction: " + totals["contradiction"]
    alone = totals["statewide"].map({True: ", by a statewide return", False: ""}).astype("str")
    partly = totals["partly"].map(lambda number: f", {number} more in part" if number else "").astype("str")
    share = totals["returned"].astype("str") + " of " + totals["reporting"].astype("str")
    return (
        contradicted.where(totals["contradiction"].ne(""), alone) + "; " + share + " task forces have reported" + partly
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
    due = list_reporting(total.quarter, str(day.date()))
    now = last.get(total.quarter, pd.Series(dtype="Int64"))
    names = due & set(now.index)
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
    return pd.DataFrame(rows, columns=["seen", "complete"], dtype=float), int(now.reindex(sorted(names)).sum())


def _tell_by_history(view: View, total: tuple) -> tuple | None:
    """Tell a total by letting each task force that is missing lie between its smallest and largest earlier count."""
    cells = view.cells[view.cells["trafficking_type"].eq("all") & view.cells["measure"].eq(total.measure)]
    own = cells[cells["quarter"].eq(total.quarter)].set_index("task_force")
    earlier = cells[cells["quarter"].lt(total.quarter) & cells["whole"]].groupby("task_force")
    silent = own.index[~own["whole"]]
    least, most, held_before = (earlier["low"].agg(how).reindex(silent) for how in ("min", "max", "count"))
    if not held_before.fillna(0).ge(HISTORY).all():
        return None
    least = pd.concat([least, own.loc[silent, "low"].fillna(0)], axis=1).max(axis=1)
    most = pd.concat([least, most], axis=1).max(axis=1)
    parts = [[own.loc[own["whole"], "low"].sum(), *counts] for counts in (least, most)]
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
