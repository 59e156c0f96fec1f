"""Which report is wanted, and whether it is there already. No pandas is needed to ask."""

import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from htanalysis import history, settings
from htanalysis.kept import describe_environment, digest, hash_files, read_record, replace_file, seal
from htanalysis.scenarios import Scenario

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: What a report is made of, below the collection's home.
INPUTS = ("data", "shapefiles", "notebooks")
#: What the page of the methods begins with.
METHODS = Path(__file__).resolve().parents[1] / "docs" / "methods.md"


@dataclass(frozen=True)
class Wanted:
    """A report as it is asked for.

    Attributes
    ----------
    quarter : str
        "2012Q2", "2011Q3:2012Q2" or "latest".
    as_of : str
        A day (YYYY-MM-DD): the report as it was on that day; "latest" as returns are known now; "report" without any.
    audience : str
        "public" hides what could point at a person; "internal" shows all, and says so on each page and in each name.
    scenario : Scenario, optional
        Other assumptions than the notebooks' own.
    single_file : bool
        Whether the whole report is also made as one file, `report.html`.
    pdf : bool
        Whether it is also printed as `report.pdf`, which needs Chromium.
    """

    quarter: str = "latest"
    as_of: str = "latest"
    audience: str = "public"
    scenario: Scenario | None = None
    single_file: bool = False
    pdf: bool = False


def write_out(quarters: str) -> list[str]:
    """Write a range of quarters out, each by itself; whatever is no range stays as it is.

    Examples
    --------
    >>> write_out("2011Q4:2012Q2"), write_out("latest")
    (['2011Q4', '2012Q1', '2012Q2'], ['latest'])
    """
    if not re.fullmatch(r"[0-9]{4}Q[1-4]:[0-9]{4}Q[1-4]", quarters):
        return [quarters]
    first, last = (4 * int(end[:4]) + int(end[5]) - 1 for end in quarters.split(":"))
    return [f"{number // 4}Q{number % 4 + 1}" for number in range(first, last + 1)] or [quarters]


def find_browser() -> str | None:
    """Find a Chromium that is installed."""
    return next((path for path in map(shutil.which, _BROWSERS) if path), None)


def kept_in(out: Path, audience: str) -> Path:
    """Give the folder of what is kept between reports, one for each audience."""
    return out / f".kept{history.mark(audience)}"


def find_unchanged(wanted: Wanted, out: Path) -> Path | None:
    """Find the index of a report that would be made again just as it stands, byte for byte.

    Parameters
    ----------
    wanted : Wanted
        The report.
    out : pathlib.Path
        The folder of reports.
    """
    record = read_record(_record(wanted, out))
    if not record:
        return None
    folder = out / record["folder"]
    last = history.find_last(out, record["parameters"])
    same = record["state"] == describe_state(wanted, last) and record["outputs"] == digest(hash_files(folder, ("",)))
    return folder / record["index"] if same else None


def remember(wanted: Wanted, index: Path, parameters: dict[str, str], state: str | None) -> None:
    """Remember a report that was made.

    Parameters
    ----------
    wanted : Wanted
        The report.
    index : pathlib.Path
        Its index.
    parameters : dict of str to str
        What it was made with.
    state : str
        `describe_state`, taken before any of it was read.
    """
    outputs = digest(hash_files(index.parent, ("",)))
    path = _record(wanted, index.parent.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"folder": index.parent.name, "index": index.name, "outputs": outputs}
    replace_file(path, json.dumps(record | {"parameters": parameters, "state": state}, indent=1).encode())


def describe_state(wanted: Wanted, last: Path | None) -> str | None:
    """Give a sealed hash of all that a report is made of: the collection, what computes, and the last report before."""
    # An addition to the store that was stopped half way counts, though its files are not yet in their places.
    files = hash_files(settings.HOME, INPUTS) | hash_files(settings.HOME / "data" / "quarters" / ".added", ("",))
    texts = [path.read_text(encoding="utf-8") if path and path.exists() else None for path in (last, METHODS)]
    return seal(digest([describe_environment(), files, texts, wanted.pdf and find_browser() is not None]))


def _record(wanted: Wanted, out: Path) -> Path:
    name = f"report-{digest(asdict(wanted))[:16]}.json"
    return kept_in(out, wanted.audience) / describe_environment()[:16] / name
