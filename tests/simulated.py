"""Random valid returns for tests: any subset of quarters, measures, task forces and types, with zeros and revisions."""

import shutil

import numpy as np
import pandas as pd

import htanalysis as ht
from htanalysis import settings
from htanalysis.returns import store
from htanalysis.returns.register import list_reporting

MEASURES = ht.load("task_force_totals")["measure"].tolist()
TYPES = ["sex", "labor", "other"]


def draw_returns(seed: int) -> pd.DataFrame:
    """Draw the returns of 0 to 20 quarters, as `check_files` gives them.

    Some stores hold all returns of each quarter and revise them, as an agency that works well would; others hold
    whatever came: gaps of years, single types, statewide rows that agree or do not, zeros, ties, counts to 50,000.
    """
    generator = np.random.default_rng(seed)
    tidy = generator.random() < 0.4
    start, length = generator.integers(0, 12), generator.integers(0, 21)
    quarters = pd.period_range("2010Q3", periods=60, freq="Q")[start : start + length]
    if not tidy and len(quarters) and generator.random() < 0.5:
        quarters = quarters[generator.random(len(quarters)) < 0.5]
    measures = MEASURES if tidy else [name for name in MEASURES if generator.random() < 0.6]
    scale = generator.choice([0, 1, 5, 30, 300, 50_000], p=[0.1, 0.1, 0.2, 0.4, 0.1, 0.1])
    rows = []
    for quarter in quarters:
        for measure in measures:
            rows += _draw_quarter(generator, quarter, measure, scale, tidy, quarter == quarters[-1])
    columns = ["quarter", "period_start", "period_end", "task_force", "measure", "trafficking_type", "count", "as_of"]
    table = pd.DataFrame(rows, columns=["quarter", "task_force", "measure", "trafficking_type", "count", "as_of"])
    ends = pd.PeriodIndex(table["quarter"], freq="Q")
    table = table.assign(period_start=ends.start_time, period_end=ends.end_time.normalize())
    cell = ["quarter", "task_force", "measure", "trafficking_type", "as_of"]
    return table[columns].drop_duplicates(cell).astype({"count": "Int64", "as_of": "datetime64[us]"})


def _draw_quarter(generator, quarter, measure, scale, tidy, last):
    names, rows = sorted(list_reporting(quarter)), []
    if last or not tidy:
        names = [name for name in names if generator.random() < generator.choice([0.2, 0.7, 1])]
    for name in names:
        count = int(generator.integers(0, scale + 1))
        day = quarter.end_time.normalize() + pd.Timedelta(days=int(generator.integers(10, 60)))
        way = "all" if tidy else generator.choice(["all", "both", "types", "sex"], p=[0.7, 0.15, 0.1, 0.05])
        parts = dict(zip(TYPES, generator.multinomial(count, [0.6, 0.2, 0.2]), strict=True))
        if generator.random() < 0.05:
            parts["labor"] = int(generator.integers(0, scale + 1))
        given = {"all": count} if way in ("all", "both") else {}
        given |= {} if way == "all" else parts if way != "sex" else {"sex": parts["sex"]}
        rows += [(quarter, name, measure, kind, int(value), day) for kind, value in given.items()]
        if generator.random() < 0.15:
            revised = int(generator.choice([0, count, count + generator.integers(0, 5)]))
            rows.append((quarter, name, measure, "all", revised, day + pd.Timedelta(days=40)))
    if not tidy and generator.random() < 0.1:
        day = quarter.end_time.normalize() + pd.Timedelta(days=45)
        rows.append((quarter, settings.STATEWIDE, measure, "all", int(generator.integers(0, 9 * scale + 1)), day))
    return rows


def store_returns(home, rows: pd.DataFrame) -> None:
    """Replace all that the store of a home holds, in one addition for each half year in which counts became known."""
    shutil.rmtree(home / "data" / "quarters", ignore_errors=True)
    for _, own in rows.groupby([rows["as_of"].dt.year, rows["as_of"].dt.month.gt(6)]):
        with store.locked():
            store.append(own)


def draw_period(generator: np.random.Generator) -> str:
    """Draw a quarter that is held, or a range of them, as a notebook is told it."""
    ends = sorted(generator.choice(ht.held_quarters(), 2))
    return str(ends[0]) if generator.random() < 0.5 else f"{ends[0]}:{ends[1]}"
