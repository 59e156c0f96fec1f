"""How a number is cited: in a sentence and in BibTeX, under an id that stays the same."""

from dataclasses import dataclass, field

from htanalysis.data import load, name_facts, read_descriptor
from htanalysis.errors import HtanalysisError

#: What BibTeX takes for a command.
_SPECIAL = str.maketrans({letter: f"\\{letter}" for letter in "&%$#_{}"})


@dataclass(frozen=True)
class Issue:
    """Which of all reports a number is from: its quarter or quarters, the day as of which returns are known, and more.

    `as_of` is a day, or "report" where the 2012 report alone is known; `scenario` names other assumptions.
    """

    quarter: str = field(default_factory=lambda: load("task_force_quarters")["quarter"].max())
    as_of: str = "report"
    scenario: str = ""

    def __post_init__(self) -> None:
        if "latest" in (self.quarter, self.as_of):
            raise HtanalysisError(
                "“latest” will mean another report tomorrow. Name the quarter, such as 2012Q2, and the day as of which"
                " returns are known, or report."
            )

    @property
    def version(self) -> str:
        """The version of the collection."""
        return read_descriptor()["version"]

    def name(self, item: str) -> str:
        """Give the permanent id of something in it: whoever has the version can make it again from the id alone.

        Examples
        --------
        >>> Issue("2012Q3", "2012-10-31").name("arrests-growth").removeprefix("htanalysis:").split("/")[1:]
        ['2012Q3', 'as-of-2012-10-31', 'arrests-growth']
        """
        scenario = f"scenario-{self.scenario}" * bool(self.scenario)
        parts = (self.version, self.quarter.replace(":", "-"), f"as-of-{self.as_of}", scenario, item)
        return f"htanalysis:{'/'.join(filter(None, parts))}"

    def cite(self, told: str, item: str) -> str:
        """Write a sentence that cites something in it, and the entry for BibTeX."""
        package = read_descriptor()
        known = name_facts()["stated"] if self.as_of == "report" else f"as known on {self.as_of}"
        about = f"htanalysis {self.version}, numbers of {self.quarter} {known}"
        year, report = package["created"][:4], package["sources"][0]["title"]
        entry = {
            "author": "{htanalysis developers}",
            "title": told.translate(_SPECIAL),
            "year": year,
            "howpublished": about,
            "note": self.name(item).translate(_SPECIAL),
        }
        lines = ",\n".join(f"  {key} = {{{value}}}" for key, value in entry.items())
        sentence = f"{told.rstrip('.')}. htanalysis developers ({year}), {about}, {self.name(item)}. Numbers: {report}."
        return f"{sentence}\n\n@misc{{{item},\n{lines}\n}}"
