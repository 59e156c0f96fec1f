"""The notebooks with returns that are simulated here: what is known grows, and the analyses follow by themselves."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import append_rows, make_row

import htanalysis as ht
from htanalysis import settings
from htanalysis.report.changes import find_findings
from htanalysis.report.notebooks import read_executed
from htanalysis.returns.views import known_day

MEASURES = ht.load("task_force_totals")["measure"].tolist()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Copy the collection with the notebooks that read returns, and an empty store of them."""
    others = shutil.ignore_patterns("quarters", "0[2-6]-*.ipynb")
    for folder in ("data", "notebooks", "shapefiles"):
        shutil.copytree(settings.HOME / folder, tmp_path / folder, ignore=others)
    monkeypatch.setattr(settings, "HOME", tmp_path)
    return tmp_path


def simulate(quarters, task_forces):
    """Store returns whose counts are drawn at random."""
    generator = np.random.default_rng(2013)
    rows = [
        make_row(quarter, name, generator.poisson(30), measure, day="2013-09-30")
        for quarter in quarters
        for name in task_forces(quarter)
        for measure in MEASURES
    ]
    append_rows(rows)


def report(home, quarter):
    """Make the report for a quarter in a process of its own, and give its findings."""
    code = "import sys; from htanalysis.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "report", "--no-pdf", "--quarter", quarter, "--out", str(home / "reports")]
    environment = os.environ | {"HTANALYSIS_HOME": str(home)}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return pd.read_csv(home / "reports" / quarter / "findings.csv").set_index("id")


def check_quick_look(home, quarter):
    """Compare what a quick look at the notebooks finds with what the report's own notebooks show."""
    parameters = {"quarter": quarter, "as_of": known_day(), "audience": "public"}
    for path in sorted((home / "reports" / quarter / "notebooks").glob("*.ipynb")):
        shown = [{"notebook": path.stem} | content for kind, content in read_executed(path).shown if kind == "finding"]
        declared = parameters if "as_of:" in path.read_text(encoding="utf-8") else {"quarter": quarter}
        assert json.loads(json.dumps(find_findings(home / "notebooks" / path.name, declared))) == shown


def reporting(quarter):
    table = ht.load("task_forces")
    return table.loc[pd.PeriodIndex(table["reports_from"], freq="Q") <= quarter, "task_force"].tolist()


def test_with_every_return_trends_take_the_place_of_ranges(home):
    simulate(pd.period_range("2010Q3", "2013Q2", freq="Q"), reporting)
    findings = report(home, "2013Q2")
    assert findings.loc["trends-fitted", "value"] == 5
    # Nothing was made to grow, so the interval holds no change; seed and draws are fixed.
    assert findings.loc["arrests-trend-quarterly", ["low", "high"]].between(0.9, 1.1).all()
    # Nine task forces with thirty each are to come.
    assert findings.loc["arrests-next-quarter", "low"] < 9 * 30 < findings.loc["arrests-next-quarter", "high"]
    assert findings.loc["arrests-next-quarter", "value"] == pytest.approx(9 * 30, abs=3 * 270**0.5)
    assert findings.loc["quarterly-counts-published", "value"] == 1
    check_quick_look(home, "2013Q2")


def test_with_some_returns_ranges_and_refusals_stay(home):
    simulate(pd.period_range("2011Q4", "2013Q1", freq="Q"), lambda quarter: reporting(quarter)[:4])
    findings = report(home, "2012Q4")
    assert findings.loc["trends-fitted", "value"] == 0
    assert findings.loc["quarterly-counts-of-the-period", "value"] == 0
    assert findings.loc["growth-before-san-jose", "high"] <= 1
    check_quick_look(home, "2012Q4")
