"""Random valid returns, and a home of their own to hold them: what any notebook must run with."""

from pathlib import Path

import numpy as np
import pandas as pd

import htanalysis as ht
from htanalysis import settings, store
from htanalysis.returns import list_reporting

FIRST, LAST = pd.Period("2010Q3", freq="Q"), pd.Period("2025Q3", freq="Q")
MEASURES = ht.load("task_force_totals")["measure"].tolist()
FORCES = ht.load("task_forces")["task_force"].tolist()
TYPES = ("sex", "labor", "other")


def make_home(folder: Path) -> Path:
    """Make a home with links to our data, notebooks and boundaries, and a store of returns that is empty."""
    (folder / "data").mkdir(parents=True)
    for path in (settings.HOME / "data").iterdir():
        if path.name != "quarters":
            (folder / "data" / path.name).symlink_to(path)
    for name in ("notebooks", "shapefiles"):
        (folder / name).symlink_to(settings.HOME / name)
    return folder


def hold(rows: pd.DataFrame) -> None:
    """Store rows in the home of the settings, each day's as an addition of its own."""
    with store.locked():
        for _, group in rows.groupby("as_of"):
            store.append(group)


def row(quarter: pd.Period | str, name: str, measure: str, count: int, kind: str = "all", late: int = 20) -> dict:
    """Give a count as the store holds it, known some days after its quarter."""
    quarter = pd.Period(quarter, freq="Q")
    start, end = quarter.start_time, quarter.end_time.normalize()
    cell = {"quarter": quarter, "task_force": name, "measure": measure, "trafficking_type": kind, "count": int(count)}
    return cell | {"period_start": start, "period_end": end, "as_of": end + pd.Timedelta(days=late)}


def make_rows(*rows: dict) -> pd.DataFrame:
    """Make rows a frame as `check_files` gives it."""
    columns = [*row(FIRST, "", "", 0)]
    frame = pd.DataFrame(rows, columns=columns)
    frame["quarter"] = pd.PeriodIndex(frame["quarter"], freq="Q")
    return frame.astype({"count": "Int64"})


def simulate_returns(generator: np.random.Generator) -> pd.DataFrame:
    """Draw valid returns: 0 to 20 quarters with gaps, some measures, task forces and types, and revisions.

    Counts go from 0 to 50,000 with many zeros and ties; a revision can be 0; some rows are statewide.
    """
    measures = _some(generator, MEASURES)
    forces = _some(generator, FORCES) if generator.random() < 0.5 else FORCES
    every, statewide = generator.choice([0.3, 0.9, 1.0]), generator.choice([0.0, 0.2, 1.0])
    size, revised = generator.choice([0, 1, 5, 40, 300, 50_000]), generator.choice([0.0, 0.3])
    rows = []
    for quarter in _draw_quarters(generator):
        names = [name for name in forces if name in list_reporting(quarter)]
        for name in [*names, settings.STATEWIDE]:
            for measure in measures:
                if generator.random() < (statewide if name == settings.STATEWIDE else every):
                    rows += _draw_cell(generator, (quarter, name, measure), size, revised)
    return make_rows(*rows)


def draw_period(generator: np.random.Generator, as_of: str) -> str:
    """Draw a held quarter, or a range of them."""
    ends = sorted(generator.choice(ht.held_quarters(as_of), 2))
    return str(ends[0]) if generator.random() < 0.5 else f"{ends[0]}:{ends[1]}"


def _some(generator: np.random.Generator, names: list[str]) -> list[str]:
    return [name for name in names if generator.random() < 0.6] or names[:1]


def _draw_quarters(generator: np.random.Generator) -> list[pd.Period]:
    """Draw quarters in order: often the report's own, mostly one after the other, with gaps of up to four years."""
    number = int(generator.choice([0, 1, 2, 4, 8, generator.integers(0, 21)]))
    start = FIRST + int(generator.choice([0, 0, 7, 8, generator.integers(0, 20)]))
    steps = np.where(generator.random(number) < 0.9, 1, generator.integers(1, 17, number))
    return [quarter for step in np.cumsum(steps) - 1 if (quarter := start + int(step)) <= LAST]


def _draw_cell(
    generator: np.random.Generator, cell: tuple[pd.Period, str, str], size: int, revised: float
) -> list[dict]:
    """Draw the rows of one cell: all, all and types, or types alone; and perhaps a later version of each."""
    how = generator.random()
    types = _some(generator, list(TYPES)) if how < 0.3 else []
    kinds = [*types, *(["all"] if how > 0.1 else [])]
    versions = 1 + (generator.random() < revised)
    return [
        row(*cell, count, kind, late)
        for late in [20, 200][:versions]
        for kind, count in zip(kinds, _draw_counts(generator, kinds, size), strict=True)
    ]


def _draw_counts(generator: np.random.Generator, kinds: list[str], size: int) -> list[int]:
    """Draw a count for each kind; all is the sum of its types, or more."""
    if generator.random() < 0.1:
        return [0] * len(kinds)
    drawn = generator.poisson(size * generator.random() / len(kinds), len(kinds))
    return [*drawn[:-1], drawn.sum()] if kinds[-1] == "all" else [*drawn]
