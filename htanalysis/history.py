"""What earlier reports in a folder found: a later one says what changed since. No pandas is needed to ask."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from htanalysis.errors import HtanalysisError

#: Stands for the day before any return was known, as `returns.REPORT_ALONE`.
_FIRST = "report"


def mark(audience: str) -> str:
    """Give what a report's folder and files have behind their names where it is not for the public.

    Examples
    --------
    >>> mark("public"), mark("internal")
    ('', '-internal')
    """
    return "" if audience == "public" else f"-{audience}"


def find_last(out: Path, parameters: Mapping[str, str]) -> Path | None:
    """Find what the last report found: the one with the latest earlier day of returns, of the same scenario.

    Parameters
    ----------
    out : pathlib.Path
        The folder of reports.
    parameters : mapping
        The report's `quarter`, `as_of`, `audience` and, where it has one, `scenario`.
    """
    kept = {path: _read_name(path) for path in sorted(find_folder(out, parameters["audience"]).glob("*.json"))}
    own = _read_name(_name(out, parameters))

    def order(path: Path) -> tuple[str, bool, str]:
        quarter, day, _, _ = kept[path]
        return _order_days(day), quarter == own[0], quarter

    earlier = [path for path, name in kept.items() if name[3] == own[3] and _order_days(name[1]) < _order_days(own[1])]
    return max(earlier, key=order, default=None)


def read(path: Path) -> dict[str, Any]:
    """Read what a report found: its `parameters` and its `findings`.

    Raises
    ------
    HtanalysisError
        If the file was touched by hand, or lost its end.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise HtanalysisError(
            f"{path} cannot be read: {error}. It holds what an earlier report found. Delete it; then no report says "
            "what changed since that one."
        ) from error


def keep(out: Path, parameters: Mapping[str, str], found: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was found, so that a later report can say what changed, and a repeated one says the same."""
    path = _name(out, parameters)
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({"parameters": parameters, "findings": found}), encoding="utf-8")
    draft.replace(path)


def find_folder(out: Path, audience: str) -> Path:
    """Give the folder of what earlier reports found, one for each audience."""
    return out / f".history{mark(audience)}"


def _name(out: Path, parameters: Mapping[str, str]) -> Path:
    own = [parameters[key] for key in ("quarter", "as_of", "audience", "scenario") if key in parameters]
    return find_folder(out, parameters["audience"]) / f"{'_'.join(own).replace(':', '-')}.json"


def _read_name(path: Path) -> tuple[str, str, str, str]:
    """Give quarter, day, audience and scenario; no value has an underscore in it."""
    quarter, day, audience, *scenario = path.stem.split("_")
    return quarter, day, audience, "".join(scenario)


def _order_days(day: str) -> str:
    return "" if day == _FIRST else day
