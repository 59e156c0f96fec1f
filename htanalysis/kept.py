"""Executed notebooks that earlier runs left and that are still true.

A notebook need not run again where its code, its parameters, the package, everything installed and all that it read are
as they were, each told by a hash of its content. This module imports no pandas, so that it can be asked at once.
"""

import ast
import hashlib
import hmac
import json
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from htanalysis import inputs, settings

#: What a kept notebook may import: the package, whose loaders note what they read, and what reads nothing by itself.
_KNOWN = ("htanalysis", "pandas", "IPython.display")

#: By what else a notebook could read something that nobody notes.
_WAYS_OUT = ("__import__", "compile", "eval", "exec", "get_ipython", "input", "open")

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
    content : bytes
        What it holds: it is read once, so that what runs is what its key tells.
    parameters : mapping
        Values that differ from those in its cell tagged "parameters".
    """

    source: Path
    content: bytes
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join([self.source.stem, *(f"{name}={value}" for name, value in self.parameters.items())])

    @cached_property
    def key(self) -> str:
        """Tell it from any task that could give something else from the same inputs."""
        code = _digest_code(self.content)
        return digest([self.source.name, code, dict(self.parameters), describe_environment()])


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
    executed : pathlib.Path, optional
        The partly executed notebook.
    """

    name: str
    cell: int
    error: str
    executed: Path | None = None

    def kept_as(self, executed: Path) -> "Failure":
        """Say where the partly executed notebook lies."""
        return replace(self, executed=executed)

    def __str__(self) -> str:
        place = f"\nPartly executed notebook: {self.executed}" if self.executed else ""
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


def tell_inputs(task: Task, outcome: Outcome) -> dict[str, str] | None:
    """Give the value of each input that a notebook read, or nothing where nobody knows what its result rests on.

    That is so where it stopped, where an input had two values, and where it read something past the loaders or could
    have: the clock, chance and what libraries open by themselves cannot be noticed.
    """
    read = {name: values[0] for name, values in outcome.noted.items() if len(values) == 1}
    known = len(read) == len(outcome.noted) and not any(name.startswith(inputs.PAST_LOADERS) for name in read)
    if outcome.failure or not known or not _is_closed(task.content):
        return None
    return read


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
        self._seconds = read_record(folder / _SECONDS)

    def find(self, task: Task) -> Outcome | None:
        """Give an executed notebook that is still true, and the inputs that it read."""
        for path in sorted((self._own / task.key).glob("*.json")):
            record, notebook = read_record(path), path.with_suffix(".ipynb")
            content = notebook.read_bytes() if notebook.exists() else b""
            if inputs.digest(content) == record.get("sha256"):
                read = {name: self._look_up(name) for name in record["inputs"]}
                if _seal_returns(read) == record["inputs"]:
                    return Outcome(content, {name: [value] for name, value in read.items()})
        return None

    def keep(self, task: Task, outcome: Outcome) -> None:
        """Keep an executed notebook, unless nobody knows what it rests on."""
        read = tell_inputs(task, outcome)
        if read is None or inputs.WATCHED not in read:
            return
        del read[inputs.WATCHED]
        self._seconds[task.source.stem] = round(outcome.seconds, 3)
        if all(self._look_up(name) == value for name, value in read.items()):
            sealed = _seal_returns(read)
            path = self._own / task.key / f"{digest(sealed)[:16]}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            record = {"notebook": task.source.stem, "sha256": inputs.digest(outcome.notebook), "inputs": sealed}
            replace_file(path, outcome.notebook)
            replace_file(path.with_suffix(".json"), json.dumps(record, indent=1).encode())
            replace_file(self._folder / _SECONDS, json.dumps(self._seconds).encode())

    def expect(self, task: Task) -> float:
        """Give the seconds that a notebook took when it last ran; of those that never did, longer ones come first."""
        return self._seconds.get(task.source.stem, len(task.content))

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


def list_files(root: Path, folders: Sequence[str]) -> list[Path]:
    """List the files below some folders of a root, but for hidden ones; links to folders are followed."""
    found = []
    for folder in folders:
        for place, inside, names in os.walk(root / folder, followlinks=True):
            inside[:] = [name for name in inside if name != "__pycache__" and not name.startswith(".")]
            found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(found)


def hash_files(root: Path, folders: Sequence[str]) -> dict[str, str]:
    """Give the SHA-256 of each file that `list_files` lists, by its path from the root."""
    return {
        path.relative_to(root).as_posix(): inputs.digest(path.read_bytes())
        for path in list_files(root, folders)
        if path.is_file()
    }


def read_record(path: Path) -> dict[str, Any]:
    """Read a record that was kept; of one that is not there or was cut short, as without power, nothing is known."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def seal(value: str | None) -> str | None:
    """Hash a value so that nobody without the store of returns can find by trial what was hashed.

    Of a store of which all but a small count is known, the count could be found from a plain hash.
    """
    return value and hmac.new(find_key(), value.encode(), "sha256").hexdigest()


def _seal_returns(read: Mapping[str, str | None]) -> dict[str, str | None]:
    """Seal what follows from returns among the inputs that a notebook read."""
    return {name: seal(value) if name == "returns" else value for name, value in read.items()}


def find_key() -> bytes:
    """Give the key that lies in the store, made where there is none yet; where there is no store nothing is secret."""
    store = settings.HOME / "data" / "quarters"
    if not store.is_dir():
        return b"no returns"
    path = store / ".key"
    try:
        if not path.exists():
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
                file.write(secrets.token_hex().encode())
        return path.read_bytes()
    except OSError:
        return secrets.token_bytes()  # Where no key can be kept, nothing that is kept is found again.


def digest(content: Any) -> str:
    """Give the SHA-256 of content that JSON knows."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=64)
def _digest_code(content: bytes) -> str:
    """Give a hash of a notebook without what running it writes into it; what is no notebook counts as it is."""
    try:
        notebook = json.loads(content)
        cells = [{k: v for k, v in cell.items() if k not in _WRITTEN} for cell in notebook["cells"]]
        return digest(notebook | {"cells": cells})
    except (ValueError, LookupError, TypeError, AttributeError):
        return inputs.digest(content)


@lru_cache(maxsize=64)
def _is_closed(content: bytes) -> bool:
    """Say whether a notebook's code can reach nothing but what the loaders note."""
    try:
        cells = [cell for cell in json.loads(content)["cells"] if cell["cell_type"] == "code"]
        trees = [ast.parse("".join(cell["source"])) for cell in cells]
    except (ValueError, LookupError, TypeError, SyntaxError):
        return False
    return not any(_leads_out(node) for tree in trees for node in ast.walk(tree))


def _leads_out(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(name.name not in _KNOWN for name in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module not in _KNOWN
    if isinstance(node, ast.Name):
        return node.id in _WAYS_OUT
    # pandas reads files and the clock, and draws at random, by names of its own.
    of_pandas = isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "ht")
    return of_pandas and (node.attr.startswith(("read_", "_")) or node.attr in ("io", "now", "sample", "today"))


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)
