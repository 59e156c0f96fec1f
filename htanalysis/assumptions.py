"""Assumptions: each is named, and its sentence, range and source are written, once."""

import math
from dataclasses import dataclass, replace

from htanalysis.data import list_described


@dataclass(frozen=True)
class Assumption:
    """What an analysis takes for granted, as a share.

    `name` is what a table or an axis calls it. In the sentence `{}` stands for the share, and then for whose it is.
    `usual` is the share that a source gives, which stands in `source`; `origin` are the words that follow it. From
    where to where it can plausibly go stands in `plausible`.
    """

    name: str
    sentence: str = ""
    usual: float | None = None
    origin: str = ""
    source: tuple[str, ...] = ()
    plausible: tuple[float, float] = (-math.inf, math.inf)

    def is_usual(self, share: float) -> bool:
        """Say whether a share is, to half a percent, the one that the source gives."""
        return self.usual is not None and abs(share - self.usual) < 0.005


_ASSUMPTIONS = {
    "true_labor_share": Assumption(
        "true labor share",
        "{} of {} sex and labor trafficking victims are labor victims",
        16.4 / 20.9,
        ", as the International Labour Organization (ILO) estimates for the world",
        ("ilo-16-4",),
        (0.5, 0.9),
    ),
    "to_labor": Assumption("part of the “other” that is labor", "{} of the “other”"),
    "sensitivity": Assumption("chance that a labor victim is recognized"),
    "shift": Assumption("labor above or below one in ten"),
    "vice_share": Assumption("cases from vice units"),
    "victims_ratio": Assumption("victims in a labor incident"),
}


def assumption(name: str) -> Assumption:
    """Look an assumption up by the name of the parameter that holds it; one of one's own is called as that is."""
    found = _ASSUMPTIONS.get(name, Assumption(name.replace("_", " ")))
    known = {item["id"] for entry in list_described() for item in entry["evidence"]}
    # Another collection need not have the source that gives the usual share.
    return found if known.issuperset(found.source) else replace(found, usual=None, source=())
