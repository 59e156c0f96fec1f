"""Scenarios: files that say under which other assumptions the notebooks run."""

import glob
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from htanalysis.errors import HtanalysisError

#: What every report sets itself.
_OWN = ("quarter", "as_of", "audience")
_KEYS = ("title", "parameters")
#: How the names of other folders of reports end.
_TAKEN = ("internal", "failed")


@dataclass(frozen=True)
class Scenario:
    """A set of assumptions.

    Attributes
    ----------
    name : str
        What its reports have in their folder's name: the file's name without its ending.
    title : str
        What is assumed, in one sentence.
    parameters : mapping
        Values for the notebooks that declare them.
    """

    name: str
    title: str
    parameters: Mapping[str, Any]


def find_scenarios(patterns: Iterable[str]) -> list[Scenario]:
    """Read the scenarios that paths or patterns such as "scenarios/*.toml" name, each once, by name.

    Raises
    ------
    HtanalysisError
        If a pattern names no file, two files give one name, or a file is no scenario.
    """
    paths = [path for pattern in patterns for path in _match(pattern)]
    found: dict[str, Path] = {}
    for path in dict.fromkeys(path.resolve() for path in paths):
        if path.stem in found:
            raise HtanalysisError(f"{found[path.stem]} and {path} would have one name. Rename one of them.")
        found[path.stem] = path
    return [read_scenario(path) for _, path in sorted(found.items())]


def _match(pattern: str) -> Iterator[Path]:
    paths = sorted(Path(path) for path in glob.glob(pattern))  # noqa: PTH207, a pattern may begin anywhere
    if not paths:
        raise HtanalysisError(f"{pattern} names no file. Name scenarios such as scenarios/few-from-vice.toml.")
    yield from paths


def read_scenario(path: Path) -> Scenario:
    """Read a scenario.

    Raises
    ------
    HtanalysisError
        If the file cannot be read or is no scenario.
    """
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
    if name.split("-")[-1] in _TAKEN:
        yield "the folders of other reports end so. Call it otherwise."
    for key in content:
        if key not in _KEYS:
            yield f'"{key}" is not expected. A scenario has a title and, under [parameters], values.'
    if not isinstance(content.get("title"), str) or not content["title"].strip():
        yield 'say in one sentence what is assumed: title = "Half of the cases come from vice units".'
    parameters = content.get("parameters")
    if not isinstance(parameters, dict) or not parameters:
        yield "name under [parameters] at least one value, such as vice_share = 0.5."
        return
    for key, value in parameters.items():
        if key in _OWN:
            yield f'"{key}" is no assumption: each report sets it. Use the option of htanalysis report.'
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            yield f'"{key}" must be a number or a text.'
