"""A report: the executed notebooks, their pages, and what they found as files. It appears whole or not at all."""

import csv
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from htanalysis import settings, store
from htanalysis.changes import compare_findings, list_newly_known, list_revisions
from htanalysis.editions import write_editions
from htanalysis.errors import HtanalysisError, NotebookError
from htanalysis.findings import source_in_words
from htanalysis.notebooks import find_notebooks, read_outputs
from htanalysis.pages import write_pages
from htanalysis.periods import parse_period
from htanalysis.returns import (
    REPORT_ALONE,
    check_audience,
    count_quarters,
    known_day,
    load_returns,
    total_returns,
)
from htanalysis.runs import run_notebooks
from htanalysis.workbooks import write_workbook

_PACKAGES = ("geopandas", "nbconvert", "numpy", "pandas", "papermill", "pikepdf", "plotly", "scipy", "xlsxwriter")
#: Where the findings of all reports in a folder are kept, for the next one to compare with.
_HISTORY = ".history"
_FINDING_COLUMNS = (
    *("notebook", "id", "sentence", "value", "low", "high", "unit", "basis", "source", "method", "assumption"),
    "formula",
)


def make_report(
    period: str,
    out: Path | None = None,
    jobs: int = 2,
    as_of: str = "latest",
    audience: str = "public",
    single_file: bool = False,
    pdf: bool = False,
) -> Path:
    """Run all notebooks for a period and write the report.

    Parameters
    ----------
    period : str
        "2012Q2", "2011Q3:2012Q2" or "latest".
    out : pathlib.Path, optional
        Folder for reports; the report gets a folder of its own in it. Default: `reports`.
    jobs : int
        How many notebooks run at the same time.
    as_of : str
        A day (YYYY-MM-DD): the report as it was on that day. Default: as returns are known now.
    audience : str
        "public" hides what could point at a person; "internal" shows all, and says so on each page and in each name.
    single_file : bool
        Whether the whole report is also made as one file, `report.html`.
    pdf : bool
        Whether it is also printed as `report.pdf`, which needs Chromium.

    Returns
    -------
    pathlib.Path
        The report's index.

    Raises
    ------
    HtanalysisError
        If the period is not held, the store of returns was touched by hand, or the report cannot be written there.
    NotebookError
        If a notebook stops. What was executed is kept beside, and an earlier report stays as it was.
    """
    began = time.monotonic()
    check_audience(audience)
    store.require_untouched()
    quarters = parse_period(period, as_of)
    label = str(quarters[0]) if len(quarters) == 1 else f"{quarters[0]}:{quarters[-1]}"
    parameters = {"quarter": label, "as_of": known_day(as_of), "audience": audience}
    target = (out or settings.HOME / "reports") / f"{label.replace(':', '-')}{_mark(parameters)}"
    draft = _make_draft(target)
    try:
        found = _fill(draft, parameters, jobs, began, single_file, pdf)
        _move_into_place(draft, target)
        _keep_findings(target.parent, parameters, found)
    except NotebookError as error:
        kept = _keep_failed(draft, target)
        raise NotebookError(str(error).replace(str(draft), str(kept))) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target / f"index{_mark(parameters)}.html"


def _make_draft(target: Path) -> Path:
    """Make the folder in which a report is built, beside the place where it will stand."""
    out = target.parent
    try:
        out.mkdir(parents=True, exist_ok=True)
        _check_places(target)
        _recover(target)
        _clear_drafts(target)
        return Path(tempfile.mkdtemp(prefix=f".{target.name}-{os.getpid()}-", dir=out))
    except OSError as error:
        reason = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
        raise HtanalysisError(f"No report can be written to {out}: {reason}. Name another with --out.") from error


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


def _check_places(target: Path) -> None:
    """Refuse what stands where folders of ours go, before anything is run."""
    for place in (target, _earlier(target), _failed(target)):
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise HtanalysisError(
                f"{place} is not a folder, but a report goes there. Move it away, or name another folder with --out."
            )


def _fill(
    draft: Path, parameters: Mapping[str, str], jobs: int, began: float, single_file: bool, pdf: bool
) -> list[dict[str, Any]]:
    """Write everything that belongs to a report into an empty folder, and give the findings."""
    started = datetime.now(UTC)
    view = {key: parameters[key] for key in ("as_of", "audience")}
    quarter = {"quarter": parameters["quarter"]}
    executed = run_notebooks(find_notebooks(), draft / "notebooks", quarter, jobs, view)
    outputs = {path.stem: list(read_outputs(path)) for path in executed}
    found = [
        {"notebook": notebook} | content
        for notebook, items in outputs.items()
        for kind, content in items
        if kind == "finding"
    ]
    shown = [content for items in outputs.values() for kind, content in items if kind == "table"]
    _write_findings(found, draft / "findings.csv")
    write_workbook(shown, draft / "tables.xlsx", parameters)
    write_pages(executed, found, parameters, draft, _find_changes(draft.parent, parameters, found))
    write_editions(draft, [path.stem for path in executed], single_file, pdf)
    mark = _mark(parameters)
    _mark_names(draft, mark)
    # From the hash of a file of which all but a count is known, the count could be found.
    inside = _hash_files(settings.HOME, ("data", "shapefiles", "notebooks", "htanalysis"))
    inputs = {name: value for name, value in inside.items() if mark or not name.startswith("data/quarters/")}
    manifest = {
        "parameters": parameters,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 1),
        "versions": {"htanalysis": version("htanalysis"), "python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
        "inputs": inputs,
        "outputs": _hash_files(draft, ("",)),
    }
    (draft / f"manifest{mark}.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return found


def _mark(parameters: Mapping[str, str]) -> str:
    """Give what a report's folder and files have behind their names where it is not for the public."""
    return "" if parameters["audience"] == "public" else f"-{parameters['audience']}"


def _mark_names(draft: Path, mark: str) -> None:
    """Put a mark behind the names of all files but those that every report shares, and into the links to them."""
    if not mark:
        return
    named = [path for path in draft.rglob("*.*") if path.is_file() and path.parent.name != "assets"]
    stems = "|".join(sorted({re.escape(path.stem) for path in named} | {"manifest"}))
    link = re.compile(rf'((?:href|src)="(?:notebooks/)?(?:{stems}))(\.(?:html|csv|xlsx|json|ipynb|js|pdf))')
    for path in named:
        if path.suffix == ".html":
            path.write_text(link.sub(rf"\1{mark}\2", path.read_text(encoding="utf-8")), encoding="utf-8")
        path.rename(path.with_name(f"{path.stem}{mark}{path.suffix}"))


# What changed since the last report


def _find_changes(out: Path, parameters: Mapping[str, str], found: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Compare with the last report: the one with the latest earlier day of returns. None where there is none."""
    last = _find_last(out, parameters)
    if last is None:
        return None
    audience, then, now = parameters["audience"], last["parameters"]["as_of"], parameters["as_of"]
    counts = [load_returns(day, audience) for day in (then, now)]
    totals = [total_returns(day, audience).assign(task_force="all task forces") for day in (then, now)]
    revised = pd.concat([list_revisions(*counts), list_revisions(*totals)], ignore_index=True)
    return {
        "earlier": last["parameters"],
        "findings": compare_findings(last["findings"], found),
        "revisions": revised,
        "known": list_newly_known(*(count_quarters(day, audience) for day in (then, now))),
    }


def _find_last(out: Path, parameters: Mapping[str, str]) -> dict[str, Any] | None:
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(_history(out, parameters).glob("*.json"))]

    def order(report: Mapping[str, Any]) -> tuple[str, bool, str]:
        own = report["parameters"]
        return _order_days(own["as_of"]), own["quarter"] == parameters["quarter"], own["quarter"]

    earlier = [
        report for report in kept if _order_days(report["parameters"]["as_of"]) < _order_days(parameters["as_of"])
    ]
    return max(earlier, key=order, default=None)


def _history(out: Path, parameters: Mapping[str, str]) -> Path:
    """Give the folder of what earlier reports found, one for each audience."""
    return out / f"{_HISTORY}{_mark(parameters)}"


def _order_days(as_of: str) -> str:
    return "" if as_of == REPORT_ALONE else as_of


def _keep_findings(out: Path, parameters: Mapping[str, str], found: Sequence[dict[str, Any]]) -> None:
    """Keep what was found, so that a later report can say what changed, and a repeated one says the same."""
    folder = _history(out, parameters)
    folder.mkdir(exist_ok=True)
    path = folder / f"{'_'.join(parameters.values()).replace(':', '-')}.json"
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({"parameters": parameters, "findings": found}), encoding="utf-8")
    draft.replace(path)


def _write_findings(found: Sequence[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _FINDING_COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(finding | {"source": source_in_words(finding["source"])} for finding in found)


def _hash_files(root: Path, folders: Sequence[str]) -> dict[str, str]:
    """Give the SHA-256 of each file below the folders, by its path from the root."""
    files = sorted(path for folder in folders for path in (root / folder).rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(root).parts)
    }


def _move_into_place(draft: Path, target: Path) -> None:
    """Put a finished report where it belongs; whatever happens, it or the earlier one stands there."""
    draft.chmod(0o755)
    try:
        if target.exists():
            target.rename(_earlier(target))
        draft.rename(target)
    finally:
        _recover(target)


def _recover(target: Path) -> None:
    """Bring back an earlier report that a move left aside, or delete it where its successor stands."""
    earlier = _earlier(target)
    if target.exists():
        shutil.rmtree(earlier, ignore_errors=True)
    elif earlier.exists():
        earlier.rename(target)


def _earlier(target: Path) -> Path:
    return target.with_name(f".{target.name}-earlier")


def _failed(target: Path) -> Path:
    return target.with_name(f"{target.name}-failed")


def _keep_failed(draft: Path, target: Path) -> Path:
    """Keep what was executed before a notebook stopped, in a folder that is no report."""
    kept = _failed(target)
    shutil.rmtree(kept, ignore_errors=True)
    draft.rename(kept)
    kept.chmod(0o755)
    return kept
