"""Folders that appear whole or not at all: built beside the place where they will stand, and moved there."""

import os
import shutil
import tempfile
from pathlib import Path

from htanalysis.errors import HtanalysisError


def prepare(target: Path) -> None:
    """See to it that a report can be written to a folder, and put in order what an interrupted run left there.

    Parameters
    ----------
    target : pathlib.Path
        Where the report will stand.

    Raises
    ------
    HtanalysisError
        If it cannot.
    """
    out = target.parent
    try:
        out.mkdir(parents=True, exist_ok=True)
        _check_places(target)
        _recover(target)
        _clear_drafts(target)
        _make_beside(target).rmdir()
    except OSError as error:
        reason = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
        raise HtanalysisError(f"No report can be written to {out}: {reason}. Name another with --out.") from error


def make_draft(target: Path) -> Path:
    """Make the folder in which a report is built, beside the place where it will stand."""
    draft = _make_beside(target)
    (draft / "notebooks").mkdir()
    return draft


def move_into_place(draft: Path, target: Path) -> None:
    """Put a finished report where it belongs; whatever happens, it or the earlier one stands there."""
    _open(draft)
    try:
        if target.exists():
            target.rename(_earlier(target))
        draft.rename(target)
    finally:
        _recover(target)


def keep_failed(draft: Path, target: Path) -> Path:
    """Keep what was executed before a notebook stopped, in a folder that is no report."""
    kept = _failed(target)
    shutil.rmtree(kept, ignore_errors=True)
    draft.rename(kept)
    _open(kept)
    return kept


def _open(folder: Path) -> None:
    """Let a folder that was built for one user be read by whom the system's own rule lets read."""
    mask = os.umask(0o077)
    os.umask(mask)
    folder.chmod(0o777 & ~mask)


def _make_beside(target: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix=f".{target.name}-{os.getpid()}-", dir=target.parent))


def _check_places(target: Path) -> None:
    """Refuse what stands where folders of ours go, before anything is run."""
    for place in (target, _earlier(target), _failed(target)):
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise HtanalysisError(
                f"{place} is not a folder, but a report goes there. Move it away, or name another folder with --out."
            )


def _recover(target: Path) -> None:
    """Bring back an earlier report that a move left aside, or delete it where its successor stands."""
    earlier = _earlier(target)
    if target.exists():
        shutil.rmtree(earlier, ignore_errors=True)
    elif earlier.exists():
        earlier.rename(target)


def _clear_drafts(target: Path) -> None:
    """Delete what runs of this report that were killed had begun to write."""
    begin = f".{target.name}-"
    for draft in target.parent.iterdir():
        process = draft.name.removeprefix(begin).partition("-")[0]
        if draft.name.startswith(begin) and process.isdecimal() and not _is_running(int(process)):
            shutil.rmtree(draft, ignore_errors=True)


def _is_running(process: int) -> bool:
    """Say whether a process is there; where that cannot be asked, as if it were."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _earlier(target: Path) -> Path:
    return target.with_name(f".{target.name}-earlier")


def _failed(target: Path) -> Path:
    return target.with_name(f"{target.name}-failed")
