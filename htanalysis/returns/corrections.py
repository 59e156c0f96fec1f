"""Published counts that the agency corrected: the 2012 report's stay as they are, and from a day on another holds."""

import pandas as pd

from htanalysis.data import load, load_with_periods
from htanalysis.errors import HtanalysisError, UnknownNameError
from htanalysis.returns.records import append_record, load_records
from htanalysis.returns.views import known_day
from htanalysis.wording import join_words

#: The data sets of the counts that the 2012 report published.
TABLES = ("task_force_quarters", "task_force_totals")
_LONGEST = 300


def load_corrected(name: str, as_of: str = "latest") -> pd.DataFrame:
    """Load "task_force_quarters" or "task_force_totals", the published counts, as they are corrected by a day.

    In its `.attrs`, "corrections" names the source of each corrected count, by its measure; sources that an analysis
    names of its rows hold it beside the phrase of the report.
    """
    table, corrections, found = load_with_periods(name), load_records("corrections", known_day(as_of)), []
    periods = _name_periods(table) if len(corrections) else None
    for place, row in corrections.iterrows():
        own = table["measure"].eq(row["measure"]) & periods.eq(row["period"])
        if own.any():
            table.loc[own, "count"] = row["count"]
            found.append((f"correction-{place + 1}", row["measure"]))
    table.attrs["corrections"] = tuple(found)
    return table


def correct_count(measure: str, period: str, count: int, source: str, as_of: str) -> int:
    """Keep that a count which the 2012 report published was corrected, from a day on, and give what held until then."""
    source = " ".join(source.split())
    now = _list_published()
    if measure not in {name for name, _ in now}:
        raise UnknownNameError("a measure of the 2012 report", measure, dict.fromkeys(name for name, _ in now))
    if (measure, period) not in now:
        told = join_words([own for name, own in now if name == measure])
        raise HtanalysisError(f"The 2012 report states no count of {measure} for {period}, but for {told}.")
    if not source or len(source) > _LONGEST or not source.isprintable():
        raise HtanalysisError(f"Say where the correction was stated, in 1 to {_LONGEST} letters: --source TEXT.")
    if now[measure, period] == count:
        raise HtanalysisError(f"{measure}, {period}: {count:,} is what holds already. Nothing was changed.")
    if ":" in period and not count:
        raise HtanalysisError(f"{measure}, {period}: of 0 no share can be told, as pages do. Ask whether it is right.")
    days = load("corrections").loc[lambda rows: rows["measure"].eq(measure) & rows["period"].eq(period), "as_of"]
    if (last := days.max()) > pd.Timestamp(as_of):
        raise HtanalysisError(f"{measure}, {period} was corrected on {last.date()}. Give that day or a later one.")
    row = {"as_of": as_of, "measure": measure, "period": period, "count": count, "source": source}
    append_record("corrections", row)
    return now[measure, period]


def list_corrections(before: str, after: str) -> pd.DataFrame:
    """List the published counts that are others as of one day than as of another, with the source of each."""
    old, new = map(_list_published, (before, after))
    sources = load_records("corrections", after).set_index(["measure", "period"])["source"]
    rows = [(*key, old[key], new[key], sources.get(key, "")) for key in new if old[key] != new[key]]
    return pd.DataFrame(rows, columns=["measure", "period", "old", "new", "source"])


def _list_published(as_of: str = "latest") -> dict[tuple[str, str], int]:
    """Give each count that the report published, by measure and period, as it is corrected by a day."""
    told = {}
    for table in (load_corrected(name, as_of) for name in TABLES):
        keys = zip(table["measure"], _name_periods(table), strict=True)
        told |= {key: int(count) for key, count in zip(keys, table["count"], strict=True) if pd.notna(count)}
    return told


def _name_periods(table: pd.DataFrame) -> pd.Series:
    if "quarter" in table:
        return table["quarter"].astype("str")
    ends = (table[name].dt.to_period("Q").astype("str") for name in ("period_start", "period_end"))
    return pd.Series(map(":".join, zip(*ends, strict=True)), table.index)
