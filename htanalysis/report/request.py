"""Which report is wanted, under which assumptions, and whether it is there already. No pandas is needed to ask."""

import glob
import json
import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from htanalysis import settings
from htanalysis.errors import HtanalysisError
from htanalysis.report import folder
from htanalysis.report.cache import INPUTS, describe_environment, digest, hash_files, read_record, replace_file, seal

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: What the page of the methods begins with.
METHODS = settings.OWN / "docs" / "methods.md"

#: How the names of other folders of reports end.
_TAKEN = ("internal", "failed")


@dataclass(frozen=True)
class Scenario:
    """A set of assumptions: its file's name, one sentence, and values for the notebooks that declare them."""

    name: str
    title: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Wanted:
    """A report as it is asked for."""

    #: "2012Q2", "2011Q3:2012Q2" or "latest".
    quarter: str = "latest"
    #: A day (YYYY-MM-DD): the report as it was on that day; "latest" as returns are known now; "report" without any.
    as_of: str = "latest"
    #: "public" is made without a count of any task force; "internal" shows all, and says so on each page and file.
    audience: str = "public"
    scenario: Scenario | None = None
    #: Whether the whole report is also made as one file, `report.html`; and as `report.pdf`, which needs Chromium.
    single_file: bool = False
    pdf: bool = False


def write_out(quarters: str) -> list[str]:
    """Write a range of quarters out, each by itself; what is one quarter, or latest, stays as it is.

    Examples
    --------
    >>> write_out("2011Q4:2012Q2"), write_out("latest")
    (['2011Q4', '2012Q1', '2012Q2'], ['latest'])
    """
    if ":" not in quarters:
        return [quarters]
    from htanalysis.returns.counts import parse_period  # Here alone: it imports pandas.

    return [str(quarter) for quarter in parse_period(quarters)]


def find_browser() -> str | None:
    """Find a Chromium that is installed."""
    return next((path for path in map(shutil.which, _BROWSERS) if path), None)


def kept_in(out: Path, audience: str) -> Path:
    """Give the folder of what is kept between reports, one for each audience."""
    return out / f".kept{folder.mark(audience)}"


def find_kept(out: Path, audience: str) -> Path:
    """Give the folder of what this version has kept."""
    return kept_in(out, audience) / describe_environment()[:16]


def find_unchanged(wanted: Wanted, out: Path) -> Path | None:
    """Find, in a folder of reports, the index of one that would be made again just as it stands, byte for byte."""
    record = read_record(_record(wanted, out))
    if not record:
        return None
    place = out / record["folder"]
    last = folder.find_last(out, record["parameters"])
    same = record["state"] == describe_state(wanted, last) and record["outputs"] == _seal_outputs(place)
    return place / record["index"] if same else None


def remember(wanted: Wanted, index: Path, parameters: dict[str, str], state: str) -> None:
    """Remember a report that was made, by its index, and `describe_state` as it was before any of it was read."""
    path = _record(wanted, index.parent.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"folder": index.parent.name, "index": index.name, "outputs": _seal_outputs(index.parent)}
    replace_file(path, json.dumps(record | {"parameters": parameters, "state": state}, indent=1).encode())


def _seal_outputs(place: Path) -> str:
    return seal(digest(hash_files(place, ("",))))


def describe_state(wanted: Wanted, last: Path | None) -> str:
    """Give a sealed hash of all that a report is made of: the collection, what computes, and the last report before."""
    # An addition to the store that was stopped half way counts, though its files are not yet in their places.
    files = hash_inputs() | hash_files(settings.HOME / "data" / "quarters" / ".added", ("",))
    texts = [path.read_text(encoding="utf-8") if path and path.exists() else None for path in (last, METHODS)]
    return seal(digest([describe_environment(), files, texts, wanted.pdf and find_browser() is not None]))


def hash_inputs(*more: str) -> dict[str, str]:
    """Give the hash of each file that reports are made from, and of those in more folders of the collection."""
    notebooks = hash_files(settings.find_notebooks().parent, ("notebooks",))
    return hash_files(settings.HOME, (*INPUTS, *more)) | notebooks


def _record(wanted: Wanted, out: Path) -> Path:
    name = f"report-{digest(asdict(wanted))[:16]}.json"
    return find_kept(out, wanted.audience) / name


# Scenarios


def find_scenarios(patterns: Iterable[str]) -> list[Scenario]:
    """Read the scenarios that paths or patterns such as "scenarios/*.toml" name, each once, by name."""
    found: dict[str, Path] = {}
    for pattern in patterns:
        paths = sorted(Path(path).resolve() for path in glob.glob(pattern))  # noqa: PTH207, it may begin anywhere
        if not paths:
            raise HtanalysisError(f"{pattern} names no file. Name scenarios such as scenarios/few-from-vice.toml.")
        for path in paths:
            if found.setdefault(path.stem, path) != path:
                raise HtanalysisError(f"{found[path.stem]} and {path} would have one name. Rename one of them.")
    return [read_scenario(path) for _, path in sorted(found.items())]


def read_scenario(path: Path) -> Scenario:
    """Read a scenario; refuse a file that cannot be read or is none."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise HtanalysisError(f"{path} cannot be read as a scenario: {reason}. It must be TOML in UTF-8.") from error
    problem = next(_find_problems(path.stem, content), None)
    if problem:
        raise HtanalysisError(f"{path}: {problem}")
    return Scenario(path.stem, content["title"], content["parameters"])


def _find_problems(name: str, content: Mapping[str, Any]) -> Iterator[str]:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        yield "the file names the report. Use small letters, digits and single hyphens, such as few-from-vice.toml."
    if name.split("-")[-1] in _TAKEN or "as-of-" in name:
        taken = f"names with as-of- in them, or that end in {' or '.join(_TAKEN)},"
        yield f"{taken} are those of other reports. Choose another name."
    for key in content:
        if key not in ("title", "parameters"):
            yield f'"{key}" is not expected. A scenario has a title and, under [parameters], values.'
    if not isinstance(content.get("title"), str) or not content["title"].strip():
        yield 'say in one sentence what is assumed: title = "Half of the cases come from vice units".'
    parameters = content.get("parameters")
    if not isinstance(parameters, dict) or not parameters:
        yield "name under [parameters] at least one value, such as vice_share = 0.5."
        return
    for key, value in parameters.items():
        if key in ("quarter", "as_of", "audience"):
            yield f'"{key}" is no assumption: each report sets it. Use the option of htanalysis report.'
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            yield f'"{key}" must be a number or a text.'
