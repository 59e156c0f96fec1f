"""Executed notebooks that earlier runs left and that are still true, under one key each.

The key is all that a notebook's result follows from: its code, its parameters, the package, everything installed,
`data/` and `shapefiles/`; and the store of returns, if it declares `as_of`. What it gets from elsewhere, such as the
clock, is not in the key. This module imports no pandas, so that it can be asked at once.
"""

import hashlib
import hmac
import io
import json
import os
import pickle
import secrets
import shutil
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property, wraps
from pathlib import Path
from typing import Any

from htanalysis import settings

#: What notebooks read, below the collection's home; the store of returns is not theirs to read.
INPUTS = ("data", "shapefiles")
STORE = "data/quarters/"


@dataclass(frozen=True)
class Task:
    """A notebook and what it runs with.

    `content` is the code with its parameters, read once: what runs is what its key tells. `declared` has the type and
    the default, as text, of each parameter that it declares, and is None where it is no notebook at all; `parameters`
    differ from those; `returns` is a `returns.views.Given`.
    """

    source: Path
    content: bytes
    declared: Mapping[str, tuple[str, str]] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    returns: Any = None
    title: str = ""

    @property
    def reads_returns(self) -> bool:
        """Whether it declares the day as of which it wants the returns."""
        return "as_of" in (self.declared or {})

    def __str__(self) -> str:
        quarter = self.parameters.get("quarter")
        return (self.title or self.source.stem) + (f" ({quarter})" if quarter else "")

    @cached_property
    def key(self) -> str:
        """Tell it from any task that could give something else from the same data and returns."""
        return digest([self.source.name, hashlib.sha256(self.content).hexdigest(), describe_environment()])


@dataclass(frozen=True)
class Failure:
    """Where a notebook stopped, and with which error."""

    name: str
    #: Counted from 1 over all cells of the notebook; 0 where none was reached.
    cell: int
    error: str
    #: Where the partly executed notebook is kept.
    executed: Path | None = None

    def __str__(self) -> str:
        cell = f"{self.cell}, counted from 1" if self.cell else "none was reached"
        place = f"\nPartly executed notebook: {self.executed}" if self.executed else ""
        return f"The notebook {self.name} stopped.\nCell: {cell}.\nError: {self.error}{place}"


@dataclass(frozen=True)
class Outcome:
    """What running a notebook gave: it executed, or as far as it came, and where it stopped."""

    notebook: bytes
    failure: Failure | None = None


class Kept:
    """The executed notebooks that a folder of reports keeps, each sealed together with its key; it may be deleted."""

    def __init__(self, folder: Path, data: bytes, returns: str) -> None:
        self._folder, self._own = folder, folder / describe_environment()[:16]
        self._data, self._returns = hashlib.sha256(data).hexdigest(), returns

    def _seal(self, task: Task, notebook: bytes = b"") -> str:
        # Any notebook is told which quarters are held, and published counts as they are corrected by then.
        told = task.returns and f"{task.returns.last} {task.returns.recorded}"
        returns = self._returns if task.reads_returns else str(told)
        return seal(digest([task.key, self._data, returns, hashlib.sha256(notebook).hexdigest()]))

    def _path(self, task: Task) -> Path:
        return self._own / f"{task.source.stem}-{self._seal(task)[:32]}"

    def find(self, task: Task) -> Outcome | None:
        """Give an executed notebook that is still true. One that was changed since it was kept is named instead."""
        try:
            told, _, notebook = self._path(task).read_bytes().partition(b"\n")
        except OSError:
            return None
        if hmac.compare_digest(told, self._seal(task, notebook).encode()):
            return Outcome(notebook)
        print(f"{self._path(task)} was changed by hand, and is computed again: {task}", file=sys.stderr)
        return None

    def keep(self, task: Task, outcome: Outcome) -> None:
        """Keep an executed notebook, unless it stopped."""
        if not outcome.failure:
            self._own.mkdir(parents=True, exist_ok=True)
            replace_file(self._path(task), self._seal(task, outcome.notebook).encode() + b"\n" + outcome.notebook)

    def keep_only(self, tasks: Sequence[Task]) -> None:
        """Delete what is kept of other tasks, and by other versions."""
        self.prune()
        for path in {*self._own.iterdir()} - {self._path(task) for task in tasks}:
            path.unlink(missing_ok=True)

    def prune(self) -> None:
        """Delete what another version of the package, or of anything installed, has left."""
        for path in self._folder.glob("*"):
            if path.is_dir() and path != self._own:
                shutil.rmtree(path, ignore_errors=True)


#: What functions of a text gave, by their names and a hash of the text; no more than so many.
_remembered: dict[str, Any] = {}
_MOST_REMEMBERED = 4096


def remembered(function: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let a function of one text give what it gave for it before: in this process, or in an earlier run."""

    @wraps(function)
    def find(text: str) -> Any:
        key = f"{function.__module__}.{function.__name__} {hashlib.sha256(text.encode()).hexdigest()}"
        if key not in _remembered:
            if len(_remembered) >= _MOST_REMEMBERED:
                _remembered.clear()
            _remembered[key] = function(text)
        return _remembered[key]

    return find


@contextmanager
def remembering(kept: Kept) -> Iterator[None]:
    """Begin with what remembered functions gave in the last run, and keep what they give in this one."""
    task = Task(Path("texts"), b"")
    last = kept.find(task)
    before = pickle.loads(last.notebook) if last else {}  # noqa: S301, the seal shows whose it is
    _remembered.clear()
    _remembered.update(before)
    yield
    if _remembered.keys() != before.keys():
        kept.keep(task, Outcome(pickle.dumps(_remembered)))


@cache
def describe_environment() -> str:
    """Give a hash of all that computes: Python, whatever is installed, and the files of the package."""
    folders = [folder for folder in map(Path, sys.path) if folder.is_dir()]
    names = {path.name for folder in folders for path in folder.iterdir()}
    installed = sorted(name for name in names if name.endswith((".dist-info", ".egg-info")))
    return digest([sys.version, sys.platform, installed, hash_files(Path(__file__).parents[1], ("",))])


def pack(home: Path) -> bytes:
    """Pack what notebooks read, all but the returns; the same data give the same bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as bundle:
        for path in list_files(home, INPUTS):
            name = path.relative_to(home).as_posix()
            if not name.startswith(STORE):
                content, entry = path.read_bytes(), tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o600
                bundle.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def unpack(data: bytes, folder: Path) -> None:
    """Unpack into a folder what was packed."""
    with tarfile.open(fileobj=io.BytesIO(data)) as bundle:
        bundle.extractall(folder, filter="data")


def list_files(root: Path, folders: Sequence[str]) -> list[Path]:
    """List the files below some folders of a root, but for hidden ones; links to folders are followed."""
    found = []
    for folder in folders:
        for place, inside, names in os.walk(root / folder, followlinks=True):
            inside[:] = [name for name in inside if name != "__pycache__" and not name.startswith(".")]
            found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.is_file())


def hash_files(root: Path, folders: Sequence[str]) -> dict[str, str]:
    """Give the SHA-256 of each file that `list_files` lists, by its path from the root."""
    files = list_files(root, folders)
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read_record(path: Path) -> dict[str, Any]:
    """Read a record that was kept; of one that is not there or was cut short, as without power, nothing is known."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def seal(value: str, key: bytes | None = None) -> str:
    """Hash a value with the store's own key, which who seals many reads once (`find_key`).

    Nobody without the store can find by trial what was hashed, such as a count, nor put another value in its place.
    """
    return hmac.new(key or find_key(), value.encode(), "sha256").hexdigest()


def find_key() -> bytes:
    """Give the key that lies in the store, made where there is none yet."""
    store = settings.HOME / "data" / "quarters"
    path = store / ".key"
    try:
        if not path.exists():
            store.mkdir(mode=0o700, exist_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
                file.write(secrets.token_hex().encode())
        return path.read_bytes()
    except OSError:
        return secrets.token_bytes()  # Where no key can be kept, nothing that is kept is found again.


def digest(content: Any) -> str:
    """Give the SHA-256 of content that JSON knows."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)
