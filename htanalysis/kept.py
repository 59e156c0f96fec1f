"""Executed notebooks that earlier runs left and that are still true.

A notebook need not run again where its code, its parameters, the package, everything installed and all that it read are
as they were, each told by a hash of its content. This module imports no pandas, so that it can be asked at once.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from htanalysis import inputs

#: How long each notebook took when it last ran.
_SECONDS = "seconds.json"

#: What running a notebook writes into it.
_WRITTEN = ("outputs", "execution_count")


@dataclass(frozen=True)
class Task:
    """A notebook and the values that it runs with.

    Attributes
    ----------
    source : pathlib.Path
        The notebook.
    parameters : mapping
        Values that differ from those in its cell tagged "parameters".
    """

    source: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.source.stem, *(f"{name}={value}" for name, value in self.parameters.items())])

    @cached_property
    def key(self) -> str:
        """Tell it from any task that could give something else from the same inputs."""
        return digest([_digest_code(self.source.read_bytes()), dict(self.parameters), describe_environment()])


@dataclass(frozen=True)
class Failure:
    """Where a notebook stopped.

    Attributes
    ----------
    name : str
        The notebook, without its ending.
    cell : int
        The cell, counted from 1 over all cells of the notebook; 0 where none was reached.
    error : str
        Kind and text of the error.
    folder : pathlib.Path, optional
        Where the partly executed notebook lies.
    """

    name: str
    cell: int
    error: str
    folder: Path | None = None

    def in_folder(self, folder: Path) -> "Failure":
        """Say where the partly executed notebook lies."""
        return replace(self, folder=folder)

    def __str__(self) -> str:
        place = f"\nPartly executed notebook: {self.folder / self.name}.ipynb" if self.folder else ""
        return (
            f"The notebook {self.name} stopped.\n"
            f"Cell: {f'{self.cell}, counted from 1' if self.cell else 'none was reached'}.\n"
            f"Error: {self.error}{place}"
        )


@dataclass(frozen=True)
class Outcome:
    """What running a notebook gave.

    Attributes
    ----------
    notebook : bytes
        The executed notebook, or as far as it came.
    noted : dict of str to list of str
        What it read: each input with its values, as in `inputs.read_log`.
    failure : Failure, optional
        Where it stopped.
    seconds : float
        How long it took; 0 where it did not run.
    """

    notebook: bytes
    noted: Mapping[str, Sequence[str]]
    failure: Failure | None = None
    seconds: float = 0.0


class Kept:
    """The executed notebooks that a folder of reports keeps.

    Parameters
    ----------
    folder : pathlib.Path
        Where they are. It may be deleted at any time: then all run again.
    look_up : callable
        Gives the value that an input has now, by its name, or nothing where nobody knows.
    """

    def __init__(self, folder: Path, look_up: Callable[[str], str | None]) -> None:
        self._folder = folder
        self._own = folder / describe_environment()[:16]
        self._look_up = look_up
        path = folder / _SECONDS
        self._seconds = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def find(self, task: Task) -> Outcome | None:
        """Give an executed notebook that is still true, and the inputs that it read."""
        for path in sorted(self._own.glob(f"{task.key}-*.json")):
            record = json.loads(path.read_text(encoding="utf-8"))
            notebook = path.with_suffix(".ipynb")
            content = notebook.read_bytes() if notebook.exists() else b""
            read = record["inputs"]
            if inputs.digest(content) == record["sha256"] and all(self._look_up(name) == read[name] for name in read):
                return Outcome(content, {name: [value] for name, value in read.items()})
        return None

    def keep(self, task: Task, outcome: Outcome) -> None:
        """Keep an executed notebook, unless it stopped or nobody knows what it rests on."""
        read = {name: values[0] for name, values in outcome.noted.items() if len(values) == 1}
        if outcome.failure or len(read) < len(outcome.noted) or inputs.WATCHED not in read:
            return
        del read[inputs.WATCHED]
        self._seconds[task.source.stem] = round(outcome.seconds, 3)
        if all(self._look_up(name) == value for name, value in read.items()):
            self._own.mkdir(parents=True, exist_ok=True)
            path = self._own / f"{task.key}-{digest(read)[:16]}.ipynb"
            record = {"notebook": task.source.stem, "sha256": inputs.digest(outcome.notebook), "inputs": read}
            replace_file(path, outcome.notebook)
            replace_file(path.with_suffix(".json"), json.dumps(record, indent=1).encode())
            replace_file(self._folder / _SECONDS, json.dumps(self._seconds).encode())

    def expect(self, task: Task) -> float:
        """Give the seconds that a notebook took when it last ran; of those that never did, longer ones come first."""
        return self._seconds.get(task.source.stem, task.source.stat().st_size)

    def prune(self) -> None:
        """Delete what another version of the package, or of anything installed, has left."""
        for path in self._folder.glob("*"):
            if path.is_dir() and path != self._own:
                shutil.rmtree(path, ignore_errors=True)


@cache
def describe_environment() -> str:
    """Give a hash of all that computes: Python, whatever is installed, and the files of the package."""
    installed = {
        path.name
        for folder in map(Path, sys.path)
        if folder.is_dir()
        for path in folder.iterdir()
        if path.name.endswith((".dist-info", ".egg-info"))
    }
    return digest([sys.version, sys.platform, sorted(installed), hash_files(Path(__file__).parent, ("",))])


def hash_files(root: Path, folders: Sequence[str]) -> dict[str, str]:
    """Give the SHA-256 of each file below the folders, but for hidden ones, by its path from the root."""
    files = sorted(path for folder in folders for path in (root / folder).rglob("*") if path.is_file())
    return {
        path.relative_to(root).as_posix(): inputs.digest(path.read_bytes())
        for path in files
        if not any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(root).parts)
    }


def digest(content: Any) -> str:
    """Give the SHA-256 of content that JSON knows."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=64)
def _digest_code(content: bytes) -> str:
    """Give a hash of a notebook without what running it writes into it; what is no notebook counts as it is."""
    try:
        cells = [{k: v for k, v in cell.items() if k not in _WRITTEN} for cell in json.loads(content)["cells"]]
    except (ValueError, LookupError, TypeError, AttributeError):
        return inputs.digest(content)
    return digest(cells)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)
