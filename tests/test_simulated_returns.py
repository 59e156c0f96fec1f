"""The notebooks with returns that are simulated here: what is known grows, and the analyses follow by themselves."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import htanalysis as ht
from htanalysis import settings

MEASURES = ht.load("task_force_totals")["measure"].tolist()


@pytest.fixture
def home(tmp_path):
    """Copy the collection, with an empty store of returns."""
    for folder in ("data", "notebooks", "shapefiles"):
        shutil.copytree(settings.HOME / folder, tmp_path / folder, ignore=shutil.ignore_patterns("quarters"))
    (tmp_path / "data" / "quarters").mkdir()
    return tmp_path


def simulate(home, quarters, task_forces):
    """Write returns whose counts are drawn at random, a file a quarter."""
    generator = np.random.default_rng(2013)
    for quarter in quarters:
        days = f"{quarter.start_time.date()},{quarter.end_time.date()}"
        rows = [
            f"{days},{name},{measure},all,{generator.poisson(30)},2013-09-30"
            for name in task_forces(quarter)
            for measure in MEASURES
        ]
        head = "period_start,period_end,task_force,measure,trafficking_type,count,as_of"
        path = home / "data" / "quarters" / f"{quarter}.csv"
        path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


def report(home, quarter):
    """Make the report for a quarter in a process of its own, and give its findings."""
    code = "import sys; from htanalysis.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "report", "--quarter", quarter, "--out", str(home / "reports")]
    environment = os.environ | {"HTANALYSIS_HOME": str(home)}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return pd.read_csv(home / "reports" / quarter / "findings.csv").set_index("id")


def reporting(quarter):
    table = ht.load("task_forces")
    return table.loc[pd.PeriodIndex(table["reports_from"], freq="Q") <= quarter, "task_force"].tolist()


def test_with_every_return_trends_take_the_place_of_ranges(home):
    simulate(home, pd.period_range("2010Q3", "2013Q2", freq="Q"), reporting)
    findings = report(home, "2013Q2")
    assert findings.loc["trends-fitted", "value"] == 5
    # Nothing was made to grow, so the interval holds no change; seed and draws are fixed.
    assert findings.loc["arrests-trend-quarterly", ["low", "high"]].between(0.9, 1.1).all()
    assert findings.loc["quarterly-counts-published", "value"] == 1


def test_with_some_returns_ranges_and_refusals_stay(home):
    simulate(home, pd.period_range("2011Q4", "2013Q1", freq="Q"), lambda quarter: reporting(quarter)[:4])
    findings = report(home, "2012Q4")
    assert findings.loc["trends-fitted", "value"] == 0
    assert findings.loc["quarterly-counts-of-the-period", "value"] == 0
    assert findings.loc["growth-before-san-jose", "high"] <= 1
