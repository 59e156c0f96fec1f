"""Where the collection's files lie, and the few numbers that hold everywhere."""

import os
from pathlib import Path

#: Folder with `data/`, `notebooks/` and `shapefiles/`. Set HTANALYSIS_HOME to use another copy of them.
HOME = Path(os.environ.get("HTANALYSIS_HOME") or Path(__file__).resolve().parents[1])

#: Confidence level of every interval in the collection.
CONFIDENCE = 0.95

#: How a number came about, from the most direct to the least.
BASES = {
    "reported": "a source states it",
    "computed": "arithmetic or a model on reported numbers alone",
    "bounded": "the range that the reported numbers leave open",
    "assumed": "true only if the named assumption is",
}
