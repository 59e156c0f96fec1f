"""What an analysis has read: each input by name, with a digest of just the content that was used.

A kernel that is told a file by HTANALYSIS_INPUTS notes there what its notebook reads, so that a later run knows whether
the notebook would see anything else. The loaders note what they give; what is read past them is noticed, too, and as
nobody knows what it was, the notebook then runs each time.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from htanalysis import settings

#: The environment variable that names the file in which a process notes what it reads, one JSON pair a line.
LOG = "HTANALYSIS_INPUTS"

#: Noted where what is read past the loaders is noticed.
WATCHED = "watched"

#: What begins the name of an input that nobody can look up.
PAST_LOADERS = "past the loaders:"

#: Code that a description of the environment covers, and what belongs to the machine.
_COVERED = (
    *(sys.prefix, sys.base_prefix, sys.exec_prefix, str(Path(__file__).parent)),
    *("/proc", "/sys", "/dev", "/etc", "/usr/share"),
)

#: What else gets something from outside.
_ASKING = ("os.exec", "os.fork", "os.posix_spawn", "os.system", "pty.spawn", "socket.connect", "subprocess.Popen")

_noting = ContextVar("noting", default=True)


def read(path: Path) -> bytes:
    """Read a file of the collection, and note it.

    Parameters
    ----------
    path : pathlib.Path
        A file below `settings.HOME`.
    """
    with as_one():
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


def watch() -> None:
    """Notice, from now on and as long as this process lives, what is read past the loaders."""
    if LOG in os.environ:
        note(WATCHED, "yes")
        sys.addaudithook(_notice)


def _notice(event: str, arguments: tuple) -> None:
    """Note a file that is read, an address that is asked, and a program that is run."""
    if event == "open":
        past = _is_read(*arguments)
    elif event == "sqlite3.connect":
        past = arguments[0] != ":memory:" and _is_past(arguments[0])
    else:
        past = event in _ASKING
    if past:
        note(f"{PAST_LOADERS} {arguments[0] if event == 'open' else event}", "read")


def _is_read(path: object, mode: str | None, flags: int) -> bool:
    new = flags & os.O_EXCL or flags & os.O_WRONLY or (mode and mode[0] in "wax" and "+" not in mode)
    return not new and _is_past(path)


def _is_past(path: object) -> bool:
    """Say whether something is read that belongs neither to the code nor to the machine nor to the run itself."""
    if not isinstance(path, str | bytes | os.PathLike):
        return False
    real = os.path.realpath(os.fsdecode(path))
    own = (os.path.realpath(Path(os.environ.get(LOG, os.devnull)).parent), *_COVERED)
    return not real.startswith(tuple(f"{place}{os.sep}" for place in own))


def digest(content: bytes) -> str:
    """Give the SHA-256 of some content."""
    return hashlib.sha256(content).hexdigest()
