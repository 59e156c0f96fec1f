"""Where the collection's files lie, and the few numbers that hold everywhere."""

import os
from pathlib import Path


def find_home() -> Path:
    """Find the folder with `data/`, `notebooks/` and `shapefiles/`; HTANALYSIS_HOME names another copy of them."""
    return Path(os.environ.get("HTANALYSIS_HOME") or Path(__file__).resolve().parents[1])


#: Where the collection's files lie.
HOME = find_home()

#: Confidence level of every interval in the collection.
CONFIDENCE = 0.95

#: How a number came about, from the most direct to the least.
BASES = {
    "reported": "a source states it",
    "computed": "arithmetic or a model on reported numbers alone",
    "bounded": "the range that the reported numbers leave open",
    "assumed": "true only if the named assumption is",
}

#: Smallest count of a return below the state that a public report shows, but for 0: California's health and human
#: services agencies publish none below 11 (Data De-Identification Guidelines, 2016).
SMALLEST_SHOWN = 11

#: From a public report nobody can tell a smaller count to fewer values than this.
PROTECTION_WIDTH = 5

#: For whom a report is made: the public one hides what could point at a person.
AUDIENCES = ("public", "internal")

#: The task force's name in a return that counts all task forces together.
STATEWIDE = "Statewide"
