"""Dated records that staff keep beside the report's facts: a later row replaces an earlier one from its day on."""

import csv
import io
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import pandas as pd

from htanalysis import settings
from htanalysis.data import load_with_periods, parse_table, read_descriptor, read_file, resource
from htanalysis.errors import HtanalysisError
from htanalysis.report.cache import replace_file
from htanalysis.returns import store
from htanalysis.settings import REPORT_ALONE


def find_limit(as_of: str) -> pd.Timestamp:
    """Give the last day that counts."""
    if as_of == "latest":
        return pd.Timestamp.max
    if as_of == REPORT_ALONE:
        return pd.Timestamp.min
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", as_of):
        raise HtanalysisError(f'"{as_of}" is not a day. Write it as YYYY-MM-DD.')
    try:
        return pd.Timestamp(date.fromisoformat(as_of))
    except ValueError as error:
        raise HtanalysisError(f'"{as_of}" is not a day of the calendar. Write it as YYYY-MM-DD.') from error


def load_records(name: str, as_of: str = "latest") -> pd.DataFrame:
    """Load dated records as they were known on a day ("latest": all; "report": those whose `as_of` is empty).

    Of the rows that the descriptor's key makes versions of each other, the last one known is given, under its place in
    the file and in the order in which the first ones came.
    """
    return _keep_known(name, read_file(resource(name)), find_limit(as_of)).copy()


@lru_cache(maxsize=64)
def _keep_known(name: str, _content: bytes, limit: pd.Timestamp) -> pd.DataFrame:
    rows, key = load_with_periods(name), resource(name)["schema"]["key"]
    known = rows[rows["as_of"].isna() | rows["as_of"].le(limit)]
    known = known.sort_values("as_of", kind="stable", na_position="first")
    first = known.index.to_series().groupby([known[column] for column in key], observed=True).transform("min")
    return known.assign(first=first).drop_duplicates(key, keep="last").sort_values("first")[rows.columns]


def list_days() -> list[pd.Timestamp]:
    """List the days from which dated records of any kind hold."""
    return [day for name, content in read_dated() for day in _list_days(name, content)]


def read_dated() -> tuple[tuple[str, bytes], ...]:
    """Read the files of all dated records, which tell one state of them from another."""
    dated = [entry for entry in read_descriptor()["resources"] if "key" in entry["schema"]]
    return tuple((entry["name"], read_file(entry)) for entry in dated)


@lru_cache(maxsize=16)
def _list_days(name: str, _content: bytes) -> tuple[pd.Timestamp, ...]:
    return tuple(load_with_periods(name)["as_of"].dropna())


def append_record(name: str, row: Mapping[str, Any]) -> None:
    """Add a dated record to its file, whole or not at all; the last addition of returns goes to `additions`."""
    entry = resource(name)
    path, line = settings.HOME / "data" / entry["path"], io.StringIO()
    with store.locked():
        row = {**row, "additions": max(store.read_store()["batch"], default=0)}
        cells = [row.get(field["name"]) for field in entry["schema"]["fields"]]
        days = [cell.date() if isinstance(cell, pd.Timestamp) else cell for cell in cells]
        csv.writer(line, lineterminator="\n").writerow("" if pd.isna(cell) else cell for cell in days)
        content = path.read_bytes()
        content += b"\n" * (not content.endswith(b"\n")) + line.getvalue().encode()
        parse_table(name, content)
        mode = path.stat().st_mode  # What is written while the store is locked is for its owner alone.
        replace_file(path, content)
        path.chmod(mode)
