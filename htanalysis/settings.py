"""Where the collection's files lie, and the few numbers that hold everywhere."""

import os
from pathlib import Path

#: What a wheel carries of the collection.
_CARRIED = Path(__file__).resolve().parent / "collection"
#: The package's own `data/`, `notebooks/`, `shapefiles/` and `docs/`: in it where pip installed it, else around it.
OWN = _CARRIED if _CARRIED.is_dir() else Path(__file__).resolve().parents[1]

#: Where the collection's files lie: the package's own, or another copy of them.
HOME = Path(os.environ.get("HTANALYSIS_HOME") or OWN)


def is_carried() -> bool:
    """Say whether the collection in use came with an installed package: it is read, and nothing is kept in it."""
    return HOME == _CARRIED


def find_notebooks() -> Path:
    """Find the folder of notebooks: the collection's, or the package's own where it has none."""
    own = HOME / "notebooks"
    return own if own.is_dir() else OWN / "notebooks"


def find_reports() -> Path:
    """Find the folder of reports: the collection's own, or, of one that was installed, where one stands."""
    return (Path() if is_carried() else HOME) / "reports"


#: Whether this process may open the store of returns. A report's notebooks may not: they get what readers may see.
STORE_OPEN = True

#: Libraries of linear algebra keep threads, which a fork would lose; with one for each process there are none to lose,
#: and sums are added up in the same order on any number of cores.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

#: Confidence level of every interval in the collection.
CONFIDENCE = 0.95

#: How a number came about, from the most direct to the least.
BASES = {
    "reported": "a source states it",
    "computed": "arithmetic or a model on reported numbers alone",
    "bounded": "the range that the reported numbers leave open",
    "assumed": "true only if the named assumption is",
}

#: What disclosure control makes of a sum rests on this threshold: California's health and human services agencies
#: publish no count below it, but for 0 (Data De-Identification Guidelines, 2016).
SMALLEST_SHOWN = 11

#: From public reports nobody can tell a count of a task force to fewer values than this.
PROTECTION_WIDTH = 5

#: Stands for the day on which the 2012 report alone is known, and no return.
REPORT_ALONE = "report"

#: For whom a report is made: a public one gets no count of a single task force.
AUDIENCES = ("public", "internal")

#: The task force's name in a return that counts all task forces together.
STATEWIDE = "Statewide"

#: A longer series is summarized: its last quarters stand for themselves, the others are drawn as a line.
LONG, LARGE = 24, 8
