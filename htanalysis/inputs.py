"""What an analysis has read: each input by name, with a digest of just the content that was used.

A kernel that is told a file by HTANALYSIS_INPUTS notes there what its notebook reads, so that a later run knows whether
the notebook would see anything else.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from htanalysis import settings

#: The environment variable that names the file in which a process notes what it reads, one JSON pair a line.
LOG = "HTANALYSIS_INPUTS"

_noting = ContextVar("noting", default=True)


def read(path: Path) -> bytes:
    """Read a file of the collection, and note it.

    Parameters
    ----------
    path : pathlib.Path
        A file below `settings.HOME`.
    """
    content = path.read_bytes()
    note(f"file {path.relative_to(settings.HOME).as_posix()}", digest(content))
    return content


def note(name: str, value: str) -> None:
    """Note that an input was used.

    Parameters
    ----------
    name : str
        What it is, such as "file data/report/tcvap.csv".
    value : str
        What tells this content of it from any other.
    """
    log = os.environ.get(LOG)
    if log and _noting.get():
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, value]) + "\n")


@contextmanager
def as_one() -> Iterator[None]:
    """Note nothing that is read meanwhile: who asks for this notes what follows from it as one input."""
    token = _noting.set(False)
    try:
        yield
    finally:
        _noting.reset(token)


def read_log(path: Path) -> dict[str, list[str]]:
    """Give what was noted: each input with its values, which are several where it changed meanwhile."""
    noted: dict[str, list[str]] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, value = json.loads(line)
            if value not in noted.setdefault(name, []):
                noted[name].append(value)
    return noted


def digest(content: bytes) -> str:
    """Give the SHA-256 of some content."""
    return hashlib.sha256(content).hexdigest()
