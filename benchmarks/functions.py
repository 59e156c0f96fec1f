"""Measure how long functions take that a reader waits for when an assumption moves; print a table.

A line is the median of many calls, in processor time: what else the machine does then counts little.
"""

import statistics
import time
from collections.abc import Callable

import htanalysis as ht

ROUNDS = 15


def measure(what: str, work: Callable[[], object], must: str = "") -> None:
    """Do some work, once unmeasured, and print a line of the table."""
    work()
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    print(f"{what:52}{1000 * statistics.median(seconds):>9.1f} ms  {must:>8}", flush=True)


def main() -> None:
    """Measure all and print a table."""
    known = ht.load("task_force_quarters"), ht.load("task_force_totals")
    shapes = {name: ht.Shape(name) for name in ht.SHAPES} | {
        "limited change to a tenth": ht.Shape("limited change", 0.1)
    }
    musts = {"never falling": "30 ms"}
    for name, shape in shapes.items():
        measure(f"bound_quarters, {name}", lambda shape=shape: ht.bound_quarters(*known, shape), musts.get(name, ""))
    types = ht.load("trafficking_type")
    mix, readings = ht.mix_of(types, "task forces"), ht.read_ilo(ht.load("global_estimates"), types)
    measure("detect_over, 91 points", lambda: ht.detect_over(mix, readings, 0.5), "5 ms")


if __name__ == "__main__":
    main()
