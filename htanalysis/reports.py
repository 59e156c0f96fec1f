"""A report: the executed notebooks, their pages, and what they found as files. It appears whole or not at all."""

import csv
import hashlib
import io
import json
import platform
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xlsxwriter

from htanalysis import settings
from htanalysis.errors import HtanalysisError, NotebookError
from htanalysis.findings import source_in_words
from htanalysis.pages import write_pages
from htanalysis.periods import parse_period
from htanalysis.runs import find_notebooks, read_outputs, run_notebooks

_PACKAGES = ("geopandas", "nbconvert", "numpy", "pandas", "papermill", "plotly", "scipy", "xlsxwriter")
_FINDING_COLUMNS = (
    *("notebook", "id", "sentence", "value", "low", "high", "unit", "basis", "source", "method", "assumption"),
)


def make_report(period: str, out: Path | None = None, jobs: int = 2) -> Path:
    """Run all notebooks for a period and write the report.

    Parameters
    ----------
    period : str
        "2012Q2", "2011Q3:2012Q2" or "latest".
    out : pathlib.Path, optional
        Folder for reports; the report gets a folder of its own in it. Default: `reports`.
    jobs : int
        How many notebooks run at the same time.

    Returns
    -------
    pathlib.Path
        The report's `index.html`.

    Raises
    ------
    HtanalysisError
        If the period is not held, or the report cannot be written there.
    NotebookError
        If a notebook stops. What was executed is kept beside, and an earlier report stays as it was.
    """
    began = time.monotonic()
    quarters = parse_period(period)
    parameters = {"quarter": str(quarters[0]) if len(quarters) == 1 else f"{quarters[0]}:{quarters[-1]}"}
    target = (out or settings.HOME / "reports") / parameters["quarter"].replace(":", "-")
    draft = _make_draft(target)
    try:
        _fill(draft, parameters, jobs, began)
        _move_into_place(draft, target)
    except NotebookError as error:
        kept = _keep_failed(draft, target)
        raise NotebookError(str(error).replace(str(draft), str(kept))) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target / "index.html"


def _make_draft(target: Path) -> Path:
    """Make the folder in which a report is built, beside the place where it will stand."""
    out = target.parent
    try:
        out.mkdir(parents=True, exist_ok=True)
        _check_places(target)
        _recover(target)
        return Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=out))
    except OSError as error:
        reason = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror
        raise HtanalysisError(f"No report can be written to {out}: {reason}. Name another with --out.") from error


def _check_places(target: Path) -> None:
    """Refuse what stands where folders of ours go, before anything is run."""
    for place in (target, _earlier(target), _failed(target)):
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise HtanalysisError(
                f"{place} is not a folder, but a report goes there. Move it away, or name another folder with --out."
            )


def _fill(draft: Path, parameters: dict[str, Any], jobs: int, began: float) -> None:
    """Write everything that belongs to a report into an empty folder."""
    started = datetime.now(UTC)
    executed = run_notebooks(find_notebooks(), draft / "notebooks", parameters, jobs)
    outputs = {path.stem: list(read_outputs(path)) for path in executed}
    found = [
        {"notebook": notebook} | content
        for notebook, items in outputs.items()
        for kind, content in items
        if kind == "finding"
    ]
    shown = [content for items in outputs.values() for kind, content in items if kind == "table"]
    _write_findings(found, draft / "findings.csv")
    _write_workbook(shown, draft / "tables.xlsx")
    write_pages(executed, found, parameters["quarter"], draft)
    manifest = {
        "parameters": parameters,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 1),
        "versions": {"htanalysis": version("htanalysis"), "python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
        "inputs": _hash_files(settings.HOME, ("data", "shapefiles", "notebooks", "htanalysis")),
        "outputs": _hash_files(draft, ("",)),
    }
    (draft / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _write_findings(found: Sequence[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _FINDING_COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(finding | {"source": source_in_words(finding["source"])} for finding in found)


def _write_workbook(shown: Sequence[dict[str, Any]], path: Path) -> None:
    """Write every table shown to a sheet of its own, after a sheet that lists them."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    # Its bytes are written by us: xlsxwriter has an error of its own for a full disk.
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, options) as book:
        # A fixed date: the same tables give the same bytes.
        book.set_properties({"title": "Tables", "created": datetime(2012, 11, 1)})
        bold, wrap = book.add_format({"bold": True, "text_wrap": True}), book.add_format({"text_wrap": True})
        contents = book.add_worksheet("contents")
        contents.set_column(0, 0, 34)
        contents.set_column(1, 2, 70, wrap)
        contents.write_row(0, 0, ["sheet", "title", "what it shows"], bold)
        for row, (name, table) in enumerate(zip(_name_sheets(shown), shown, strict=True), 1):
            contents.write_row(row, 0, [name, table["title"], table["subtitle"]])
            _write_sheet(book.add_worksheet(name), table, bold)
    path.write_bytes(content.getvalue())


def _name_sheets(shown: Sequence[dict[str, Any]]) -> list[str]:
    """Name each table's sheet by its id, in Excel's 31 characters, and number those that would be named alike."""
    names = ["contents"]
    for table in shown:
        name, number = table["id"][:31], 1
        while name.lower() in map(str.lower, names):
            number += 1
            name = f"{table['id'][:28]}-{number}"
        names.append(name)
    return names[1:]


def _write_sheet(sheet: Any, table: dict[str, Any], bold: Any) -> None:
    notes = [
        table["title"],
        table["subtitle"],
        f"Basis: {', '.join(table['basis'])}. Source: {source_in_words(table['source'])}.",
        f"An empty cell: {table['missing']}.",
    ]
    for row, note in enumerate(notes):
        sheet.write(row, 0, note, bold if row == 0 else None)
    top = len(notes) + 1
    sheet.write_row(top, 0, [column["label"] for column in table["columns"]], bold)
    for row, cells in enumerate(table["rows"], top + 1):
        for place, value in enumerate(cells):
            if value is not None:
                sheet.write(row, place, value)
    sheet.freeze_panes(top + 1, 1)
    sheet.set_column(0, len(table["columns"]), 18)


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
