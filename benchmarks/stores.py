"""Stores of returns as an agency's would be that works well: the same each time, as long as is asked for."""

import numpy as np
import pandas as pd

import htanalysis as ht
from htanalysis.returns.register import list_reporting

#: How many counts of a quarter are revised in the next.
_REVISED = 0.05


def draw_years(first: str, quarters: int) -> pd.DataFrame:
    """Draw the returns of some quarters, as `store.append` wants them.

    Every task force that reports returns all five counts within two months, and revises one in twenty in the next
    quarter, but for the last: 57 quarters have about 2,700 rows.
    """
    generator = np.random.default_rng(2012)
    measures = ht.load("task_force_totals")["measure"].astype("str").tolist()
    levels = dict(zip(measures, (43, 34, 42, 190, 36), strict=True))
    rows, times = [], pd.period_range(first, periods=quarters, freq="Q")
    for quarter in times:
        end = quarter.end_time.normalize()
        period = {"quarter": quarter, "period_start": quarter.start_time, "period_end": end}
        for name in sorted(list_reporting(quarter)):
            day = end + pd.Timedelta(days=int(generator.integers(10, 55)))
            for measure in measures:
                cell = period | {"task_force": name, "measure": measure, "trafficking_type": "all"}
                count = int(generator.poisson(levels[measure]))
                rows.append(cell | {"count": count, "as_of": day})
                if generator.random() < _REVISED and quarter < times[-1]:
                    rows.append(cell | {"count": count + 1, "as_of": day + pd.Timedelta(days=60)})
    return pd.DataFrame(rows).astype({"count": "Int64", "as_of": "datetime64[us]"})
