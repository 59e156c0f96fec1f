"""Public reports of stores of random returns, made as files, and the numbers that can be parsed from them."""

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
import numpy as np
import openpyxl
import pandas as pd
from attack import History, draw_quarter, find_other

import htanalysis as ht
from htanalysis import settings
from htanalysis.charts import tables
from htanalysis.results import MIME
from htanalysis.returns import store
from htanalysis.returns.register import list_reporting

MEASURES = ht.load("task_force_totals")["measure"].tolist()
QUARTERS = pd.period_range("2012Q3", "2013Q4", freq="Q")
NAMES = sorted(list_reporting(QUARTERS[0]))

#: The sums that some files show: by measure, quarter and trafficking type.
Sums = dict[tuple[str, str, str], int]


def make_home(place: Path, name: str, notebooks: str = "") -> Path:
    """Copy the collection with an empty store, and those notebooks that read returns, or begin with some letters."""
    home = place / name
    for folder in ("data", "notebooks", "shapefiles"):
        shutil.copytree(settings.HOME / folder, home / folder, ignore=shutil.ignore_patterns("quarters"))
    for notebook in (home / "notebooks").glob("*.ipynb"):
        if "as_of" not in notebook.read_text(encoding="utf-8") or not notebook.name.startswith(notebooks):
            notebook.unlink()
    return home


def add(home: Path, table: pd.DataFrame) -> None:
    """Store rows in a home."""
    before, settings.HOME = settings.HOME, home
    try:
        with store.locked():
            store.append(table)
    finally:
        settings.HOME = before


def report(home: Path, *arguments: str, out: str = "reports") -> Path:
    """Make a report in a process of its own, and give its folder."""
    code = "import sys; from htanalysis.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "report", "--out", str(home / out), *arguments]
    ended = subprocess.run(
        command, env=os.environ | {"HTANALYSIS_HOME": str(home)}, check=True, capture_output=True, text=True
    )
    return Path(ended.stdout.rstrip().removeprefix("The report is ready: ")).parent


def contents(folder: Path) -> dict[str, bytes]:
    """Give all files of a report but the manifest, which holds times, and its hash."""
    timed = ("manifest", "SHA256SUMS")
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(timed)]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def draw_histories(generator: np.random.Generator) -> dict[tuple[pd.Period, str], History]:
    """Draw a history for each measure in each quarter; every third one has types."""
    cells = [(quarter, measure) for quarter in QUARTERS for measure in MEASURES]
    return {
        cell: History({cell[0]: draw_quarter(generator, NAMES, number % 3 == 0, 1)}, frozenset(NAMES))
        for number, cell in enumerate(cells)
    }


def fill(home: Path, histories: Mapping[tuple[pd.Period, str], History]) -> Path:
    """Store histories side by side, addition by addition."""
    columns = ["batch", "task_force", "trafficking_type", "count", "as_of"]
    frames = [
        pd.DataFrame(history.rows[quarter], columns=columns).assign(
            quarter=quarter, measure=measure, period_start=quarter.start_time, period_end=quarter.end_time.normalize()
        )
        for (quarter, measure), history in histories.items()
    ]
    for _, rows in pd.concat(frames).astype({"count": "Int64"}).groupby("batch"):
        add(home, rows.drop(columns="batch"))
    return home


def compare_files(
    place: Path, seed: int, notebooks: str, as_of: str = "latest"
) -> tuple[Sums, dict[str, Sums], list[str]]:
    """Make the public report of 30 histories, and that of 30 others which the attacker cannot tell from them.

    Returns
    -------
    tuple
        The sums of the public view; those of each kind of file; and the files in which the two reports differ.
    """
    generator = np.random.default_rng(seed)
    histories = draw_histories(generator)
    others = {cell: find_other(history, generator) for cell, history in histories.items()}
    asked = ("--quarter", f"{QUARTERS[0]}:{QUARTERS[-1]}", "--as-of", as_of, "--no-pdf")
    folders = []
    for name, own in (("own", histories), ("other", others)):
        home = fill(make_home(place, f"{name}-{seed}-{as_of}", notebooks), own)
        folders.append(report(home, *asked))
    before, settings.HOME = settings.HOME, folders[0].parents[1]
    try:
        totals = ht.total_returns(as_of).dropna(subset=["count"])
    finally:
        settings.HOME = before
    cells = zip(totals["measure"], totals["quarter"].astype(str), totals["trafficking_type"], strict=True)
    view = dict(zip(cells, totals["count"].tolist(), strict=True))
    one, other = map(contents, folders)
    differ = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return view, read_sums(folders[0]), differ


def read_sums(folder: Path) -> dict[str, Sums]:
    """Parse the sums of returns from each kind of file of a public report."""
    page = (folder / "08-returns.html").read_text(encoding="utf-8")
    outputs = list(_list_outputs(folder / "notebooks" / "08-returns.ipynb"))
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    sheets = [pd.DataFrame(list(book[name].iter_rows(min_row=6, values_only=True))) for name in book.sheetnames[3:]]
    own = [content for kind, content in outputs if kind == tables.MIME]
    found = [each for kind, content in outputs if kind == MIME for each in content["findings"]]
    read = pd.read_csv(folder / "findings.csv")
    return {
        "findings.csv": _read_findings(zip(read["id"], read["value"], strict=True)),
        "the workbook": _read_tables(sheet.to_numpy().tolist() for sheet in sheets),
        "the page": _read_tables(
            [list(table.columns), *table.to_numpy().tolist()] for table in pd.read_html(io.StringIO(page))
        ),
        "the notebook": _read_tables(
            [[column["label"] for column in table["columns"]], *table["rows"]] for table in own
        ),
        "the notebook's findings": _read_findings((each["id"], each["value"]) for each in found),
    }


def _list_outputs(path: Path) -> Iterator[tuple[str, object]]:
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            yield from output.get("data", {}).items()


def _read_findings(found: Iterator[tuple[str, float]]) -> Sums:
    slugs = {measure.replace(" ", "-"): measure for measure in MEASURES}
    sums = {}
    for name, value in found:
        if match := re.fullmatch(r"([a-z-]+)-(\d{4}q\d)-returned", name):
            sums[slugs[match[1]], match[2].upper(), "all"] = int(value)
    return sums


def _read_tables(found: Iterator[list[list]]) -> Sums:
    """Read the tables of totals and of types, each with its heading in the first row."""
    sums = {}
    for heading, *rows in found:
        for row in rows:
            told = dict(zip(heading, row, strict=True))
            if {"total", "fewest", "most"} <= told.keys():
                numbers = {told[name] for name in ("total", "fewest", "most")}
                kind = "all"
            elif {"type", "count"} <= told.keys():
                numbers, kind = {told["count"]}, told["type"]
            else:
                continue
            whole = {int(number) for number in numbers if str(number).replace(",", "").removesuffix(".0").isdigit()}
            if whole:
                (sums[told["measure"].split(", ")[0], told["quarter"], kind],) = whole
    return sums
