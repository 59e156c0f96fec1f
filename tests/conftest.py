"""What several tests share: one report of the latest quarter, and small frames."""

import os
import sys
import traceback
from collections.abc import Callable
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


def run_killed(work: Callable[[], object], place: Path, step: int) -> int:
    """Do some work in a process of its own, which is killed before it changes a place once more than `step` times.

    Gives 0 where it came to its end, -9 where it was killed.
    """
    child = os.fork()
    if not child:
        try:
            _kill_after(step, str(place))
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _kill_after(last: int, place: str) -> None:
    """Count each opening for writing, sync, and change of a folder in a place, and end the process after the last."""
    steps, sync = 0, os.fsync

    def count() -> None:
        nonlocal steps
        steps += 1
        if steps > last:
            os.kill(os.getpid(), 9)

    def audit(event: str, arguments: tuple) -> None:
        writes = event == "open" and arguments[1] and set(str(arguments[1])) & set("wax")
        if (writes or event in ("os.rename", "os.mkdir", "os.rmdir", "os.remove")) and place in str(arguments[0]):
            count()

    def synced(handle: int) -> None:
        count()
        sync(handle)

    os.fsync = synced
    sys.addaudithook(audit)
