"""The store of staff's returns: a file a quarter to which rows are only ever added, and the hashes that show it.

An addition is written beside, made safe on the disk, and counts from the moment in which its folder gets its name;
whoever reads sees all of it or nothing, wherever the process may be stopped.
"""

import csv
import hashlib
import hmac
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from filelock import FileLock, Timeout

from htanalysis import settings
from htanalysis.errors import HtanalysisError
from htanalysis.report.cache import find_key, seal
from htanalysis.returns.files import show
from htanalysis.returns.sheets import COLUMNS, DAYS, Problem

#: Behind the columns of a return, in files in which a count was withdrawn: the reason. There is no count then.
_WITHDRAWN = "withdrawn"
_LEDGER = "ledger.csv"
#: How many lines the ledger has, sealed with the last of them: without it the last ones could go unnoticed.
_END = ".end"
#: Says whether a file holds a quarter, by its name.
_is_quarter = re.compile(r"[0-9]{4}Q[1-4]\.csv").fullmatch
#: How long an addition waits for another to end.
LOCK_SECONDS = 30

#: Files that are read in the place of those on the disk, while `pretending`.
_pretended: dict[str, bytes] | None = None


class _Line(NamedTuple):
    """A line of the ledger: which row of which quarter came with which addition. Older ones have no seal."""

    batch: str
    added: str
    quarter: str
    sha256: str
    seal: str = ""


def folder() -> Path:
    """Give the store's folder."""
    return settings.HOME / "data" / "quarters"


def read_store() -> pd.DataFrame:
    """Read all that the store holds, every version: a row is one count of one return as known from one day on.

    Beside the columns of a return it has `quarter`, `withdrawn` (the reason, or empty) and `batch`: which addition
    brought it, 1 for the first. `count` is missing where it is withdrawn or a row written by hand gives none.
    """
    return _parse(tuple(_read_files().items())).copy()


@lru_cache(maxsize=4)
def _parse(named: tuple[tuple[str, bytes], ...]) -> pd.DataFrame:
    files = dict(named)
    batches = {line.sha256: int(line.batch) for line in _read_ledger(files)}
    quarters = [_split(name, content) for name, content in files.items() if _is_quarter(name)]
    rows = [(*cells, batches.get(_hash(line), 1)) for quarter in quarters for line, cells in quarter]
    table = pd.DataFrame(rows, columns=[*COLUMNS, _WITHDRAWN, "batch"], dtype="str").astype({"batch": "int"})
    try:
        for day in DAYS:
            table[day] = pd.to_datetime(table[day], format="%Y-%m-%d")
        table["count"] = table["count"].replace("", pd.NA).astype("Float64").astype("Int64")
    except (ValueError, TypeError) as error:
        raise HtanalysisError(f"{folder()}: {error}. Run htanalysis check to see which row was touched.") from error
    # The quarter that a period overlaps most holds its middle day.
    middle = table["period_start"] + (table["period_end"] - table["period_start"]) / 2
    table.insert(0, "quarter", pd.PeriodIndex(middle.dt.to_period("Q"), freq="Q"))
    return table


def fingerprint() -> str:
    """Give a SHA-256 of all that the store holds."""
    return _fingerprint(tuple(_read_files().items()))


@lru_cache(maxsize=4)
def _fingerprint(named: tuple[tuple[str, bytes], ...]) -> str:
    digest = hashlib.sha256()
    for name, content in named:
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()


def check_store() -> list[Problem]:
    """Compare the store with the hashes that were kept when its rows were added, and these with their seals."""
    files = _read_files()
    ledger, kept = _read_ledger(files), {name: Counter() for name in files if _is_quarter(name)}
    for line in ledger:
        kept.setdefault(f"{line.quarter}.csv", Counter())[line.sha256] += 1
    problems = list(_check_ledger(ledger, files.get(_END, b"")))
    for name, hashes in sorted(kept.items()):
        problems += _compare(name, files.get(name, b""), hashes)
    todo = "Move it away, and keep it until the others are restored." if problems else "Delete it."
    text = f"it is no file of the store, but a copy that a shared folder or a person made, and is not read. {todo}"
    extra = sorted(set(files) - set(kept) - {_LEDGER, _END})
    return problems + [Problem(show(name), message=text) for name in extra]


def require_untouched() -> None:
    """Refuse to go on with a store that was touched by hand; the message names the first row."""
    if problems := check_store():
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise HtanalysisError(f"{problems[0]}{more} htanalysis check lists all that was touched.")


def _check_ledger(ledger: Sequence[_Line], end: bytes) -> Iterator[Problem]:
    """Find the first line of the ledger that is not as it was written, and whether the last ones are gone."""
    if not end and not any(line.seal for line in ledger):
        return  # Written before there were seals: the next addition puts them on.
    advice = "Restore the whole folder from a copy, with the files whose names begin with a dot."
    for row, (line, own) in enumerate(zip(ledger, _chain(ledger), strict=True), 2):
        if not hmac.compare_digest(line.seal.encode(), own.encode()):
            words = f"this line, or one before it, is not as it was written: {show(','.join(line))}. {advice}"
            yield Problem(_LEDGER, row=row, message=words)
            return
    if end != _seal_end(ledger):
        told = show(end.decode("utf-8", "replace").partition(" ")[0]) or "some"
        words = f"it has {len(ledger)} lines, and {told} were written. {advice}"
        yield Problem(_LEDGER, message=words)


def _compare(name: str, content: bytes, kept: Counter) -> Iterator[Problem]:
    """Find the rows of a file that were not added, and say how many that were are gone."""
    gone = Counter(kept)
    for row, (line, _) in enumerate(_split(name, content), 2):
        if gone[_hash(line)]:
            gone[_hash(line)] -= 1
        else:
            found = show(line)
            advice = "Restore the file from a copy, and bring changes with htanalysis add."
            yield Problem(name, None, row, None, found, f"this row was touched by hand: {found}. {advice}")
    if lost := gone.total():
        words = "1 row that was added is" if lost == 1 else f"{lost} rows that were added are"
        yield Problem(name, message=f"{words} gone or changed. Restore the file from a copy.")


# Who may read and write


@contextmanager
def private() -> Iterator[None]:
    """Let whatever is written be for this user alone, whatever the system's own rule is."""
    mask = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(mask)


def make_private(place: Path) -> None:
    """Close a folder and the files in it to everybody else, however they were made or copied."""
    for path in [place, *place.iterdir()] if place.is_dir() else ():
        with suppress(OSError):  # Somebody else's file: what is in a closed folder is closed as well.
            path.chmod(0o700 if path.is_dir() else 0o600)


@contextmanager
def locked() -> Iterator[None]:
    """Keep every other addition out, finish one that was stopped half way, and close the store to other users."""
    if settings.is_carried():
        raise HtanalysisError(
            "This collection was installed by pip, and nothing is kept in it. Set HTANALYSIS_HOME to a copy of the "
            "whole collection, and run the command again."
        )
    holder = folder() / ".holder"
    try:
        with private():
            folder().mkdir(parents=True, exist_ok=True)
            with FileLock(folder() / ".lock", timeout=LOCK_SECONDS, mode=0o600, is_singleton=True):
                make_private(folder())
                holder.write_text(f"process {os.getpid()} since {datetime.now():%Y-%m-%d %H:%M:%S}", encoding="utf-8")
                try:
                    _finish()
                    yield
                finally:
                    holder.unlink(missing_ok=True)
    except Timeout as error:
        who = show(holder.read_text(encoding="utf-8")) if holder.exists() else "another process"
        text = f"{folder()} is held by another addition ({who}). Nothing was stored."
        raise HtanalysisError(f"{text} Wait until it has ended, and run the command again.") from error


@contextmanager
def pretending(rows: pd.DataFrame | None = None) -> Iterator[None]:
    """Let all that reads the store see it as of now, or as if rows had been added as for `append`; write nothing."""
    global _pretended
    before, files = _pretended, _read_files()
    _pretended = files if rows is None else files | _add_to(files, rows)
    try:
        yield
    finally:
        _pretended = before


# Reading


def _read_files() -> dict[str, bytes]:
    """Read all files as of one moment: while an addition goes on, once more."""
    if not settings.STORE_OPEN:
        raise HtanalysisError(
            "A report’s notebooks cannot open the store of returns. ht.load_returns gives what a reader may see."
        )
    if _pretended is not None:
        return _pretended
    while True:
        files = {name: _read(name) for name in _list_names()}
        if _read(_LEDGER) == files.get(_LEDGER, b""):
            return files


def _list_names() -> list[str]:
    names = set()
    for place in (folder(), folder() / ".added"):
        # An addition that ends in this moment takes its folder away: its files are in their places then.
        with suppress(FileNotFoundError):
            names |= {name for name in os.listdir(place) if name.endswith(".csv") or name == _END}  # noqa: PTH208, glob looks twice
    return sorted(names)


def _read(name: str) -> bytes:
    """Read a file: what was added and not yet moved counts first."""
    for place in (folder() / ".added", folder()):
        with suppress(FileNotFoundError):
            return (place / name).read_bytes()
    return b""


def _read_ledger(files: Mapping[str, bytes]) -> list[_Line]:
    head, *lines = files.get(_LEDGER, b"").decode("utf-8", "replace").splitlines() or [",".join(_Line._fields)]
    try:
        ledger = [_Line(*line.split(",")) for line in lines if line]
    except TypeError:
        ledger = None
    known = _Line._fields[: head.count(",") + 1]
    fits = len(known) >= 4 and head == ",".join(known)
    if ledger is None or not fits or not all(line.batch.isdecimal() for line in ledger):
        text = f"{folder() / _LEDGER} was touched by hand"
        raise HtanalysisError(f"{text}. Restore it from a copy, and run htanalysis check.")
    return ledger


def _split(name: str, content: bytes) -> list[tuple[str, list[str]]]:
    """Give a file's lines after its head: each as it was added, without an empty last cell, and its cells."""
    head, *lines = content.decode("utf-8", "replace").split("\n")
    columns = tuple(head.split(","))
    if content and columns not in (COLUMNS, (*COLUMNS, _WITHDRAWN)):
        raise HtanalysisError(f"{name}, row 1: the columns must be {', '.join(COLUMNS)}. Restore the file from a copy.")
    end = "," * (len(columns) - len(COLUMNS))
    split = [(line.removesuffix(end), next(csv.reader([line]), [])) for line in lines if line]
    for row, (_, cells) in enumerate(split, 2):
        if len(cells) != len(columns):
            text = f"{name}, row {row}: it has {len(cells)} cells, not {len(columns)}"
            raise HtanalysisError(f"{text}. Restore the file.")
    return [(line, [*cells, ""][: len(COLUMNS) + 1]) for line, cells in split]


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


# Writing


def append(rows: pd.DataFrame) -> list[str]:
    """Add rows, as `check_files` gives them, all or none, and list the files that grew. Call it inside `locked`."""
    changed = _add_to(_read_files(), rows)
    ledger = _read_ledger(changed)
    # A line that had a seal keeps it, true or not.
    sealed = [line._replace(seal=line.seal or seal) for line, seal in zip(ledger, _chain(ledger), strict=True)]
    _commit(changed | {_LEDGER: _join(_Line._fields, map(",".join, sealed)), _END: _seal_end(sealed)})
    return sorted(name for name in changed if name != _LEDGER)


def _add_to(files: Mapping[str, bytes], rows: pd.DataFrame) -> dict[str, bytes]:
    """Give the files that change, as they are with the rows added: sorted, so that a comparison shows what came."""
    ledger, changed = _read_ledger(files), {}
    batch = str(1 + max((int(line.batch) for line in ledger), default=0))
    for quarter, group in rows.groupby("quarter"):
        name = f"{quarter}.csv"
        given = group.reindex(columns=[*COLUMNS, _WITHDRAWN])
        text = given.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\n")
        new = _split(name, text.encode())
        own = [*_split(name, files.get(name, b"")), *new]
        own.sort(key=lambda row: [*row[1][2:5], row[1][6]])
        changed[name] = _write(own)
        added = datetime.now(UTC).date().isoformat()
        ledger += [_Line(batch, added, str(quarter), _hash(line)) for line, _ in new]
    return changed | {_LEDGER: _join(_Line._fields, map(",".join, ledger))}


def _write(rows: Sequence[tuple[str, list[str]]]) -> bytes:
    """Write a file of lines and their cells: with the column of reasons once there is one."""
    if not any(cells[-1] for _, cells in rows):
        return _join(COLUMNS, [line for line, _ in rows])
    lines = [line if cells[-1] else f"{line}," for line, cells in rows]
    return _join((*COLUMNS, _WITHDRAWN), lines)


def _join(head: Iterable[str], lines: Iterable[str]) -> bytes:
    return ("\n".join([",".join(head), *lines]) + "\n").encode()


def _chain(ledger: Iterable[_Line]) -> Iterator[str]:
    """Give the seal of each line of the ledger: of what it says and of the seal before it, with the store's own key."""
    last, key = "", find_key()
    for line in ledger:
        own = seal(",".join([last, *line[:-1]]), key)
        yield own
        last = line.seal or own


def _seal_end(ledger: Sequence[_Line]) -> bytes:
    number, last = len(ledger), ledger[-1].seal if ledger else ""
    return f"{number} {seal(f'{number} {last}')}\n".encode()


def _commit(files: Mapping[str, bytes]) -> None:
    """Write files so that all count or none: they do from the moment in which their folder is renamed."""
    staged = folder() / ".adding"
    shutil.rmtree(staged, ignore_errors=True)
    try:
        staged.mkdir()
        for name, content in files.items():
            with (staged / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _sync(staged)
    except OSError:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    staged.rename(folder() / ".added")
    _sync(folder())
    _finish()


def _finish() -> None:
    """Move what was added to its place. What was stopped here goes on with the next addition."""
    added = folder() / ".added"
    if added.is_dir():
        for path in sorted(added.iterdir()):
            path.replace(folder() / path.name)
        _sync(folder())
        added.rmdir()


def _sync(place: Path) -> None:
    """Make a folder's entries safe on the disk, where the system can."""
    if os.name == "posix":
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
