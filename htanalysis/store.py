"""The store of staff's returns: a file a quarter to which rows are only ever added, and the hashes that show it.

An addition is written beside, made safe on the disk, and counts from the moment in which its folder gets its name;
whoever reads sees all of it or nothing, wherever the process may be stopped.
"""

import csv
import hashlib
import hmac
import io
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from htanalysis import inputs, settings
from htanalysis.errors import HtanalysisError
from htanalysis.kept import find_key
from htanalysis.sheets import COLUMNS, Problem, show

_LEDGER = "ledger.csv"
_LEDGER_COLUMNS = ("batch", "added", "quarter", "sha256", "seal")
#: How many lines the ledger has, sealed with the last of them: without it the last ones could go unnoticed.
_END = ".end"
_DAYS = ("period_start", "period_end", "as_of")
_ORDER = ["task_force", "measure", "trafficking_type", "as_of"]
#: How long an addition waits for another to end.
LOCK_SECONDS = 30

#: Files that are read in the place of those on the disk, while `pretending`.
_pretended: dict[str, bytes] | None = None


def folder() -> Path:
    """Give the store's folder."""
    return settings.HOME / "data" / "quarters"


def read_store() -> pd.DataFrame:
    """Read all that the store holds, every version.

    Returns
    -------
    pandas.DataFrame
        A row is one count of one return as known from one day on: `quarter` (the one that its period overlaps most),
        `period_start`, `period_end`, `task_force`, `measure`, `trafficking_type`, `count` (missing where a row written
        by hand gives none), `as_of`, and `batch`: which addition brought it, 1 for the first.

    Raises
    ------
    HtanalysisError
        If a file of the store cannot be read; `htanalysis check` says more.
    """
    files = _read_files()
    inputs.note("returns", _fingerprint(files))
    return _parse(tuple(files.items())).copy()


@lru_cache(maxsize=4)
def _parse(named: tuple[tuple[str, bytes], ...]) -> pd.DataFrame:
    files = dict(named)
    batches = {entry["sha256"]: int(entry["batch"]) for entry in _entries(files)}
    rows = [
        (*cells, batches.get(_hash(line), 1))
        for name, content in _quarter_files(files).items()
        for line, cells in _split(name, content)
    ]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "batch"], dtype="str").astype({"batch": "int"})
    try:
        for day in _DAYS:
            table[day] = pd.to_datetime(table[day], format="%Y-%m-%d")
        table["count"] = table["count"].replace("", pd.NA).astype("Float64").astype("Int64")
    except (ValueError, TypeError) as error:
        raise HtanalysisError(f"{folder()}: {error}. Run htanalysis check to see which row was touched.") from error
    table.insert(0, "quarter", find_quarters(table))
    return table


def find_quarters(periods: pd.DataFrame) -> pd.PeriodIndex:
    """Find the quarter that each period overlaps most: the one that holds its middle day.

    Parameters
    ----------
    periods : pandas.DataFrame
        Columns `period_start` and `period_end`, both ends included.
    """
    middle = periods["period_start"] + (periods["period_end"] - periods["period_start"]) / 2
    return pd.PeriodIndex(middle.dt.to_period("Q"), freq="Q")


def fingerprint() -> str:
    """Give a SHA-256 of all that the store holds."""
    own = _fingerprint(_read_files())
    inputs.note("returns", own)
    return own


def _fingerprint(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()


def check_store() -> list[Problem]:
    """Compare the store with the hashes that were kept when its rows were added, and these with their seals.

    Returns
    -------
    list of Problem
        The first line of the ledger that is not as it was written; each row that was changed or written by hand, and
        for each file how many rows are gone.
    """
    files = _read_files()
    kept = {name: Counter() for name in _quarter_files(files)}
    for entry in _entries(files):
        kept.setdefault(f"{entry['quarter']}.csv", Counter())[entry["sha256"]] += 1
    problems = list(_check_ledger(_entries(files), files.get(_END, b"")))
    for name, hashes in sorted(kept.items()):
        problems += list(_compare(name, files.get(name, b""), hashes))
    todo = "Move it away, and keep it until the others are restored." if problems else "Delete it."
    text = f"it is no file of the store, but a copy that a shared folder or a person made, and is not read. {todo}"
    extra = sorted(set(files) - set(kept) - {_LEDGER, _END})
    return problems + [Problem(show(name), None, None, None, None, text) for name in extra]


def require_untouched() -> None:
    """Refuse to go on with a store that was touched by hand.

    Raises
    ------
    HtanalysisError
        If it was; the message names the first row.
    """
    if problems := check_store():
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise HtanalysisError(f"{problems[0]}{more} htanalysis check lists all that was touched.")


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
    """Keep every other addition out, finish one that was stopped half way, and close the store to other users.

    Raises
    ------
    HtanalysisError
        If another holds the store for longer than `LOCK_SECONDS`; the message says who.
    """
    holder = folder() / ".holder"
    try:
        with private(), _lock():
            make_private(folder())
            holder.write_text(f"process {os.getpid()} since {datetime.now():%Y-%m-%d %H:%M:%S}", encoding="utf-8")
            try:
                _finish()
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout as error:
        who = show(holder.read_text(encoding="utf-8")) if holder.exists() else "another process"
        raise HtanalysisError(
            f"{folder()} is held by another addition ({who}). Nothing was stored. Wait until it has ended, and run the "
            "command again."
        ) from error


def _lock() -> FileLock:
    folder().mkdir(parents=True, exist_ok=True)
    return FileLock(folder() / ".lock", timeout=LOCK_SECONDS, mode=0o600)


@contextmanager
def pretending(rows: pd.DataFrame) -> Iterator[None]:
    """Let all that reads the store see it as if rows had been added, and write nothing.

    Parameters
    ----------
    rows : pandas.DataFrame
        As for `append`.
    """
    global _pretended
    files = _read_files()
    _pretended = files | _add_to(files, rows)
    try:
        yield
    finally:
        _pretended = None


def append(rows: pd.DataFrame) -> list[str]:
    """Add rows to the store, all or none. Call it inside `locked`.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `check_files` gives them.

    Returns
    -------
    list of str
        The files that grew.
    """
    changed = _add_to(_read_files(), rows)
    _commit(changed | _seal_ledger(_entries(changed)))
    return sorted(name for name in changed if name != _LEDGER)


def _add_to(files: Mapping[str, bytes], rows: pd.DataFrame) -> dict[str, bytes]:
    """Give the files that change, as they are with the rows added."""
    entries = _entries(files)
    batch = 1 + max((int(entry["batch"]) for entry in entries), default=0)
    added, changed = datetime.now(UTC).date().isoformat(), {}
    for quarter, group in rows.groupby("quarter"):
        name = f"{quarter}.csv"
        lines = [_write_row(row) for row in group[list(COLUMNS)].itertuples(index=False)]
        changed[name] = _join(COLUMNS, [*(line for line, _ in _split(name, files.get(name, b""))), *lines])
        entries += [
            dict(zip(_LEDGER_COLUMNS, (str(batch), added, str(quarter), _hash(line), ""), strict=True))
            for line in lines
        ]
    changed[_LEDGER] = _write_ledger(entries)
    return changed


def _write_ledger(entries: Iterable[Mapping[str, str]]) -> bytes:
    lines = [",".join(entry.get(name, "") for name in _LEDGER_COLUMNS) for entry in entries]
    return _join(_LEDGER_COLUMNS, lines, ordered=False)


def _seal_ledger(entries: Sequence[Mapping[str, str]]) -> dict[str, bytes]:
    """Give the ledger with a seal on each line, and its sealed end. A line that had a seal keeps it, true or not."""
    sealed, last = [], ""
    for entry, seal in zip(entries, _chain(entries), strict=True):
        last = entry.get("seal") or seal
        sealed.append({**entry, "seal": last})
    return {_LEDGER: _write_ledger(sealed), _END: _seal_end(len(sealed), last)}


def _chain(entries: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Give the seal of each line of the ledger: of what it says and of the seal before it, with the store's own key."""
    key, last = find_key(), ""
    for entry in entries:
        text = ",".join([last, *(entry[name] for name in _LEDGER_COLUMNS[:-1])])
        seal = hmac.new(key, text.encode(), "sha256").hexdigest()
        yield seal
        last = entry.get("seal") or seal


def _seal_end(number: int, last: str) -> bytes:
    return f"{number} {hmac.new(find_key(), f'{number} {last}'.encode(), 'sha256').hexdigest()}\n".encode()


def _check_ledger(entries: Sequence[Mapping[str, str]], end: bytes) -> Iterator[Problem]:
    """Find the first line of the ledger that is not as it was written, and whether the last ones are gone."""
    if not end and not any(entry.get("seal") for entry in entries):
        return  # Written before there were seals: the next addition puts them on.
    advice = "Restore the whole folder from a copy, with the files whose names begin with a dot."
    for row, (entry, seal) in enumerate(zip(entries, _chain(entries), strict=True), 2):
        if not hmac.compare_digest(entry.get("seal", ""), seal):
            words = f"this line, or one before it, is not as it was written: {show(','.join(entry.values()))}. {advice}"
            yield Problem(_LEDGER, None, row, None, None, words)
            return
    if end != _seal_end(len(entries), entries[-1]["seal"] if entries else ""):
        told = end.decode("utf-8", "replace").partition(" ")[0] or "some"
        words = f"it has {len(entries)} lines, and {told} were written. {advice}"
        yield Problem(_LEDGER, None, None, None, None, words)


# Reading


def _read_files() -> dict[str, bytes]:
    """Read all files as of one moment: while an addition goes on, once more."""
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
        with suppress(FileNotFoundError), inputs.as_one():
            names |= {name for name in os.listdir(place) if name.endswith(".csv") or name == _END}  # noqa: PTH208, glob looks twice
    return sorted(names)


def _read(name: str) -> bytes:
    """Read a file: what was added and not yet moved counts first."""
    for place in (folder() / ".added", folder()):
        try:
            with inputs.as_one():
                return (place / name).read_bytes()
        except FileNotFoundError:
            continue
    return b""


def _quarter_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if re.fullmatch(r"[0-9]{4}Q[1-4]\.csv", name)}


def _entries(files: Mapping[str, bytes]) -> list[dict[str, str]]:
    """Give the ledger's rows, which say which row came with which addition."""
    text = files.get(_LEDGER, b"").decode("utf-8", "replace")
    entries = list(csv.DictReader(io.StringIO(text)))
    if any({*entry, "seal"} != set(_LEDGER_COLUMNS) or not str(entry["batch"]).isdecimal() for entry in entries):
        raise HtanalysisError(
            f"{folder() / _LEDGER} was touched by hand. Restore it from a copy, and run htanalysis check."
        )
    return entries


def _split(name: str, content: bytes) -> list[tuple[str, list[str]]]:
    """Give a file's lines after its head, each whole and as cells."""
    lines = content.decode("utf-8", "replace").split("\n")
    if content and tuple(lines[0].split(",")) != COLUMNS:
        raise HtanalysisError(f"{name}, row 1: the columns must be {', '.join(COLUMNS)}. Restore the file from a copy.")
    split = [(line, next(csv.reader([line]), [])) for line in lines[1:] if line]
    for row, (_, cells) in enumerate(split, 2):
        if len(cells) != len(COLUMNS):
            raise HtanalysisError(
                f"{name}, row {row}: it has {len(cells)} cells, not {len(COLUMNS)}. Restore the file."
            )
    return split


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def _compare(name: str, content: bytes, kept: Counter) -> Iterator[Problem]:
    """Find the rows of a file that were not added, and say how many that were are gone."""
    gone = Counter(kept)
    for row, (line, cells) in enumerate(_split(name, content), 2):
        if gone[_hash(line)]:
            gone[_hash(line)] -= 1
        else:
            found = show(",".join(cells))
            advice = "Restore the file from a copy, and bring changes with htanalysis add."
            yield Problem(name, None, row, None, found, f"this row was touched by hand: {found}. {advice}")
    if lost := gone.total():
        words = "1 row that was added is" if lost == 1 else f"{lost} rows that were added are"
        yield Problem(name, None, None, None, None, f"{words} gone or changed. Restore the file from a copy.")


# Writing


def _write_row(row: Iterable[object]) -> str:
    cells = [value.strftime("%Y-%m-%d") if isinstance(value, pd.Timestamp) else str(value) for value in row]
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _join(head: Iterable[str], lines: list[str], ordered: bool = True) -> bytes:
    """Write a file; the rows of a quarter are sorted, so that a comparison of two versions shows what came."""
    if ordered:
        places = [COLUMNS.index(name) for name in _ORDER]
        lines = sorted(lines, key=lambda line: [next(csv.reader([line]))[place] for place in places])
    return ("\n".join([",".join(head), *lines]) + "\n").encode()


def _commit(files: Mapping[str, bytes]) -> None:
    """Write files so that all count or none: they do from the moment in which their folder is renamed."""
    staged = folder() / ".adding"
    shutil.rmtree(staged, ignore_errors=True)
    try:
        staged.mkdir()
        for name, content in files.items():
            _write(staged / name, content)
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


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(place: Path) -> None:
    """Make a folder's entries safe on the disk, where the system can."""
    if os.name == "posix":
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
