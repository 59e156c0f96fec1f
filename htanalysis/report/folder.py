"""The folder of reports: reports that appear whole or not at all, and what earlier ones found.

A report is built beside the place where it will stand, and moved there. No pandas is needed to ask what lies here.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from htanalysis.errors import HtanalysisError
from htanalysis.report.cache import replace_file
from htanalysis.settings import REPORT_ALONE


def mark(audience: str) -> str:
    """Give what a report's folder and files have behind their names where it is not for the public.

    Examples
    --------
    >>> mark("public"), mark("internal")
    ('', '-internal')
    """
    return "" if audience == "public" else f"-{audience}"


def prepare(target: Path) -> None:
    """See to it that a report or an export can be written to a folder, and put in order what was interrupted."""
    out = target.parent
    try:
        out.mkdir(parents=True, exist_ok=True)
        _check_places(target)
        _recover(target)
        _clear_drafts(target)
        make_draft(target).rmdir()
    except OSError as error:
        reason = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
        raise HtanalysisError(f"Nothing can be written to {out}: {reason}. Name another folder.") from error


def move_into_place(draft: Path, target: Path) -> None:
    """Put a finished report where it belongs; whatever happens, it or the earlier one stands there."""
    _open(draft)
    try:
        if target.exists():
            target.rename(_earlier(target))
        draft.rename(target)
    finally:
        _recover(target)


def keep_failed(draft: Path, target: Path, pages: bool) -> Path:
    """Keep what was executed before a notebook stopped, and pages of others, in a folder that is no report."""
    kept = _failed(target)
    for path in [] if pages else draft.iterdir():
        if path.name != "notebooks":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(kept, ignore_errors=True)
    draft.rename(kept)
    _open(kept)
    return kept


def _open(folder: Path) -> None:
    """Let a folder that was built for one user be read by whom the system's own rule lets read."""
    mask = os.umask(0o077)
    os.umask(mask)
    folder.chmod(0o777 & ~mask)


def make_draft(target: Path) -> Path:
    """Make the folder in which something is built, beside the place where it will stand."""
    return Path(tempfile.mkdtemp(prefix=f".{target.name}-{os.getpid()}-", dir=target.parent))


def _check_places(target: Path) -> None:
    for place in (target, _earlier(target), _failed(target)):
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise HtanalysisError(f"{place} is not a folder, but one goes there. Move it away, or name another folder.")


def _recover(target: Path) -> None:
    """Bring back an earlier report that a move left aside, or delete it where its successor stands."""
    earlier = _earlier(target)
    if target.exists():
        shutil.rmtree(earlier, ignore_errors=True)
    elif earlier.exists():
        earlier.rename(target)


def _clear_drafts(target: Path) -> None:
    begin = f".{target.name}-"
    for draft in target.parent.iterdir():
        process = draft.name.removeprefix(begin).partition("-")[0]
        if draft.name.startswith(begin) and process.isdecimal() and not _is_running(int(process)):
            shutil.rmtree(draft, ignore_errors=True)


def _is_running(process: int) -> bool:
    """Say whether a process is there; where that cannot be asked, as if it were."""
    try:
        if os.name == "posix":
            with suppress(PermissionError):
                os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _earlier(target: Path) -> Path:
    return target.with_name(f".{target.name}-earlier")


def _failed(target: Path) -> Path:
    return target.with_name(f"{target.name}-failed")


# What earlier reports found


def find_history(out: Path, audience: str) -> Path:
    """Give the folder of what earlier reports found, one for each audience."""
    return out / f".history{mark(audience)}"


def find_last(out: Path, parameters: Mapping[str, str]) -> Path | None:
    """Find what the last report of a scenario found: that with the latest day of returns before this one's."""
    own = _read_name(_name(out, parameters))

    def order(path: Path) -> tuple[str, bool, str]:
        quarter, day, _ = _read_name(path)
        return day, quarter == own[0], quarter

    kept = sorted(find_history(out, parameters["audience"]).glob("*.json"))
    earlier = [path for path in kept if _read_name(path)[2] == own[2] and _read_name(path)[1] < own[1]]
    return max(earlier, key=order, default=None)


def read_history(path: Path) -> dict[str, Any]:
    """Read what a report found: its `parameters` and its `findings`."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise HtanalysisError(
            f"{path} cannot be read: {error}. It holds what an earlier report found. Delete it; then no report says "
            "what changed since that one."
        ) from error


def keep_history(out: Path, parameters: Mapping[str, str], found: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was found, so that a later report can say what changed, and a repeated one says the same."""
    path = _name(out, parameters)
    path.parent.mkdir(exist_ok=True)
    replace_file(path, json.dumps({"parameters": parameters, "findings": found}).encode())


def _name(out: Path, parameters: Mapping[str, str]) -> Path:
    own = [parameters[key] for key in ("quarter", "as_of", "audience", "scenario") if key in parameters]
    return find_history(out, parameters["audience"]) / f"{'_'.join(own).replace(':', '-')}.json"


def _read_name(path: Path) -> tuple[str, str, str]:
    """Give quarter, day ("" for the report alone) and scenario; no value has an underscore in it."""
    quarter, day, _, *scenario = path.stem.split("_")
    return quarter, "" if day == REPORT_ALONE else day, "".join(scenario)
