"""What several tests share: one report of the latest quarter, and small frames."""

from pathlib import Path

import pandas as pd
import pytest

from htanalysis.reports import make_report

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def report(tmp_path_factory) -> Path:
    """Give the folder of a report made from the committed notebooks."""
    return make_report("latest", tmp_path_factory.mktemp("reports"), jobs=2).parent


def counts_of(*counts: int | None, measure: str = "arrests") -> pd.DataFrame:
    """Give quarterly counts, missing where None, as the series functions want them."""
    quarters = pd.period_range("2011Q1", periods=len(counts), freq="Q")
    return pd.DataFrame({"measure": measure, "quarter": quarters, "count": pd.array(counts, "Int64")})


def total_of(total: int, measure: str = "arrests") -> pd.DataFrame:
    """Give a total as the series functions want it."""
    return pd.DataFrame({"measure": [measure], "count": [total]})
