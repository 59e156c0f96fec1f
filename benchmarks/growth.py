"""Measure what commands cost once returns of 57 quarters are held, beside two; print a table.

All lines are measured in turns in one run. CPU counts every process that a command starts; on a busy machine it tells
more than the clock. benchmarks/README.md says what each line means and holds the last figures.
"""

import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from conftest import make_home
from simulated import store_returns
from stores import draw_years

from htanalysis import settings

BIN = Path(sys.executable).with_name("htanalysis")
#: How many quarters the stores hold, the first of them, and the last ones that have ended.
FIRST, STORES = "2012Q3", (2, 57)
HEAD = "period_start,period_end,task_force,measure,trafficking_type,count,as_of"
_ADOPT_CHILDREN = 36  # PR_SET_CHILD_SUBREAPER: what a command leaves behind is waited for, so that its CPU counts.


def main() -> None:
    """Measure each command with few quarters and with many."""
    ctypes.CDLL(None).prctl(_ADOPT_CHILDREN, 1)
    print(f"{'seconds (CPU)':36}" + "".join(f"{quarters:>8} quarters" for quarters in STORES))
    with tempfile.TemporaryDirectory() as folder:
        homes = {quarters: fill(Path(folder) / str(quarters), quarters) for quarters in STORES}
        columns = [measure(*home) for home in homes.values()]
    for line in columns[0]:
        print(f"{line:36}" + "".join(f"{column[line]:>17}" for column in columns))


def fill(home: Path, quarters: int) -> tuple[Path, str]:
    """Fill a home with the returns of some quarters; give it, and a return that comes late."""
    rows = draw_years(FIRST, quarters)
    make_home(home)
    settings.HOME, own = home, settings.HOME
    store_returns(home, rows)
    settings.HOME = own
    last = rows.iloc[-1]
    days = ",".join(str(last[name].date()) for name in ("period_start", "period_end"))
    late = rows["as_of"].max().date()
    return home, f"{HEAD}\n{days},Fresno Coalition Against Human Trafficking,arrests,all,47,{late}\n"


def measure(home: Path, late: str) -> dict[str, str]:
    """Run the commands in a home, and give what each took."""
    (home / "late.csv").write_text(late)
    (home / "corrected.csv").write_text(late.replace(",47,", ",48,"))
    report = ("report", "--no-pdf", "--out", home / "reports")
    told = {
        "report": run(home, *report),
        "page 01, KB": f"{next((home / 'reports').glob('2*/01-*.html')).stat().st_size / 1000:.0f}",
        "check FILE": run(home, "check", home / "late.csv"),
        "check FILE, corrected": run(home, "check", home / "corrected.csv"),
        "quarters": run(home, "quarters"),
        "add FILE": run(home, "add", home / "late.csv"),
    }
    return told | {"report, one return added": run(home, *report)}


def run(home: Path, *command: str | Path) -> str:
    """Run a command, and give its seconds and those of all its processes."""
    began, before = time.monotonic(), used()
    done = subprocess.run(
        [BIN, *command], cwd=home, capture_output=True, text=True, env=os.environ | {"HTANALYSIS_HOME": str(home)}
    )
    seconds = time.monotonic() - began
    if done.returncode:
        sys.exit(done.stderr)
    with suppress(ChildProcessError):
        while True:
            os.wait()
    return f"{seconds:.1f} ({used() - before:.1f})"


def used() -> float:
    """Give the CPU seconds of all processes that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    main()
