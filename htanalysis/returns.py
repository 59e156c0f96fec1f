"""Staff's quarterly returns, and the statewide counts that they and the report give together."""

import pandas as pd

from htanalysis import settings
from htanalysis.datasets import load

#: The task force's name in a return that counts all task forces together.
STATEWIDE = "Statewide"

_COLUMNS = ["period_start", "period_end", "task_force", "measure", "trafficking_type", "count", "as_of"]


def load_returns(as_of: str | None = None) -> pd.DataFrame:
    """Load the returns held under `data/quarters/`, the last version of each.

    Parameters
    ----------
    as_of : str, optional
        A day (YYYY-MM-DD): returns as they were known then. Default: as known now.

    Returns
    -------
    pandas.DataFrame
        A row is one count of one return: `quarter` (the one that its period overlaps most, as end note 9 of the
        report's chapter 3 says), `period_start`, `period_end`, `task_force`, `measure`, `trafficking_type`, `count`
        (missing where not reported) and `as_of`.
    """
    paths = sorted((settings.HOME / "data" / "quarters").glob("*.csv"))
    frames = [pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8") for path in paths]
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=_COLUMNS, dtype="str")
    for day in ("period_start", "period_end", "as_of"):
        table[day] = pd.to_datetime(table[day], format="%Y-%m-%d")
    table["count"] = table["count"].astype("Float64").astype("Int64")
    table.insert(0, "quarter", _quarters(table))
    if as_of is not None:
        table = table[table["as_of"] <= pd.Timestamp(as_of)]
    cell = ["quarter", "task_force", "measure", "trafficking_type"]
    return table.sort_values([*cell, "as_of"], kind="stable").drop_duplicates(cell, keep="last").reset_index(drop=True)


def count_quarters(as_of: str | None = None) -> pd.DataFrame:
    """Give the task forces' counts by quarter, from the report and from the returns held.

    A quarter counts as known where every task force that reports by then has returned it, or a statewide return has;
    it then replaces what the report published. Where some have, their sum is the least that there can have been.

    Parameters
    ----------
    as_of : str, optional
        As for `load_returns`.

    Returns
    -------
    pandas.DataFrame
        A row is a measure in a quarter, from the first that the report covers to the last that is held: `measure`,
        `quarter`, `count` (missing where not known), `at_least`, `task_forces_reporting` and `origin` ("report",
        "returns" or missing).
    """
    published = load("task_force_quarters")
    returned = _add_up(load_returns(as_of))
    last = max([published["quarter"].max(), *returned["quarter"]])
    quarters = pd.period_range(published["quarter"].min(), last, freq="Q")
    measures = published["measure"].cat.categories
    grid = pd.MultiIndex.from_product([measures, quarters], names=["measure", "quarter"]).to_frame(index=False)
    table = grid.merge(published.astype({"measure": "str"}), on=["measure", "quarter"], how="left")
    table = table.merge(returned, on=["measure", "quarter"], how="left")
    reporting = _reporting(quarters)
    table["task_forces_reporting"] = table["quarter"].map(reporting).astype("Int64")
    complete = table["statewide"].notna() | table["returned"].ge(table["task_forces_reporting"]).fillna(False)
    whole = table["statewide"].fillna(table["sum"])
    origin = pd.Series("report", index=table.index).where(table["count"].notna()).mask(complete, "returns")
    return table.assign(
        measure=pd.Categorical(table["measure"], measures),
        count=table["count"].mask(complete, whole).astype("Int64"),
        at_least=table["sum"].fillna(0).astype("Int64"),
        origin=origin.astype("str"),
    )[["measure", "quarter", "count", "at_least", "task_forces_reporting", "origin"]]


def total_quarters(counts: pd.DataFrame) -> pd.DataFrame:
    """Give the totals of the report's two years that agree with the counts as they are known.

    Where returns give every quarter, their sum replaces the report's total. Where they give more than it, the report's
    total no longer holds, and there is none.

    Parameters
    ----------
    counts : pandas.DataFrame
        `count_quarters`.

    Returns
    -------
    pandas.DataFrame
        A row is a measure: `measure`, `period_start`, `period_end`, `count` (missing where none holds) and `origin`
        ("report", "returns" or missing).
    """
    totals = load("task_force_totals").astype({"measure": "str"}).set_index("measure")
    quarters = load("task_force_quarters")["quarter"].unique()
    inside = counts[counts["quarter"].isin(quarters)].groupby(counts["measure"].astype("str"))
    known = inside["count"].agg(lambda series: series.notna().all()).reindex(totals.index)
    least = inside.apply(lambda rows: rows["count"].fillna(rows["at_least"]).sum()).reindex(totals.index)
    published = totals["count"].where(least <= totals["count"])
    origin = pd.Series("report", index=totals.index).where(published.notna())
    return totals.assign(
        count=published.mask(known, least).astype("Int64"), origin=origin.mask(known, "returns").astype("str")
    ).reset_index()


def _quarters(table: pd.DataFrame) -> pd.PeriodIndex:
    """Find the quarter that each period overlaps most: the one that holds its middle day."""
    middle = table["period_start"] + (table["period_end"] - table["period_start"]) / 2
    return pd.PeriodIndex(middle.dt.to_period("Q"), freq="Q")


def _add_up(returns: pd.DataFrame) -> pd.DataFrame:
    """Sum the returns by measure and quarter: `sum`, how many task forces `returned`, and the `statewide` count."""
    known = returns.dropna(subset=["count"])
    # Types are added up only where a return gives no count of all.
    cell = ["quarter", "measure", "task_force"]
    given = known.groupby(cell)["trafficking_type"].transform(lambda types: types.eq("all").any())
    bodies = known[~given | known["trafficking_type"].eq("all")].groupby(cell, as_index=False)["count"].sum()
    statewide = bodies["task_force"].eq(STATEWIDE)
    sums = bodies[~statewide].groupby(["measure", "quarter"])["count"].agg(["sum", "size"])
    totals = bodies[statewide].groupby(["measure", "quarter"])["count"].sum()
    table = sums.rename(columns={"size": "returned"}).join(totals.rename("statewide"), how="outer")
    return table.astype("Int64").reset_index()


def _reporting(quarters: pd.PeriodIndex) -> dict[pd.Period, int]:
    """Count the task forces that report by each quarter."""
    since = pd.PeriodIndex(load("task_forces")["reports_from"], freq="Q")
    return {quarter: int((since <= quarter).sum()) for quarter in quarters}
