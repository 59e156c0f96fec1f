"""What a report was made from, why it was made anew, and whether it is as it was made."""

import json
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from htanalysis.errors import HtanalysisError
from htanalysis.report.cache import STORE, Task, hash_files, read_record, seal
from htanalysis.returns import store
from htanalysis.wording import join_words

#: The hashes of all files, as sha256sum -c reads them.
SUMS = "SHA256SUMS"

_PACKAGES = ("geopandas", "nbconvert", "numpy", "pandas", "papermill", "pikepdf", "plotly", "scipy", "xlsxwriter")
#: What a report is made from, by how the names of its files begin.
_KINDS = {"data/": "the data", "shapefiles/": "the data", "notebooks/": "the notebooks", "htanalysis/": "the package"}


def describe_origin(parameters: Mapping[str, str], inside: Mapping[str, str]) -> dict[str, Any]:
    """Give what a report is about to be made from; of the returns a hash that nobody without the store can take."""
    public = parameters["audience"] == "public"
    installed = {name: version(name) for name in ("htanalysis", *_PACKAGES)}
    return {
        "parameters": dict(parameters),
        "versions": installed | {"python": platform.python_version()},
        "inputs": {name: value for name, value in inside.items() if not (public and name.startswith(STORE))},
        "returns": seal(store.fingerprint()),
    }


def tell_rebuilt(origin: Mapping[str, Any], earlier: Path, now: datetime, page: Task | None = None) -> str | None:
    """Say that a report or a page of it is made anew, and why, as a sentence; nothing where there is none yet.

    `origin` is from `describe_origin`; `earlier` is the manifest of the report that stands in its place. Of other
    notebooks than that of the `page`, and of returns that it does not read, it does not tell.
    """
    if not earlier.exists():
        return None
    last = read_record(earlier)
    if not last.keys() >= {*origin, "started"}:
        return f"Made anew on {now:%Y-%m-%d}; what the earlier one was made from is not known."
    files = dict(origin["inputs"].items() ^ last["inputs"].items())
    others = {name for name in files if page and _begins(name, "notebooks/") and Path(name).name != page.source.name}
    kinds = [kind for begin, kind in _KINDS.items() if any(_begins(name, begin) for name in files.keys() - others)]
    changed = {
        "the day or the assumption that was asked for": origin["parameters"] != last["parameters"],
        "the returns": origin["returns"] != last["returns"] and (not page or page.reads_returns),
        **dict.fromkeys(kinds, True),
        "what is installed": origin["versions"] != last["versions"],
    }
    told = [what for what, is_so in changed.items() if is_so]
    reason = f"because {join_words(told)} changed" if told else "though nothing that it is made from changed"
    return f"Made anew on {now:%Y-%m-%d} {reason}; the earlier one was made on {last['started'][:10]}."


def _begins(name: str, begin: str) -> bool:
    return name.startswith(begin) and not name.startswith(STORE)


def finish(folder: Path, mark: str, origin: Mapping[str, Any], rebuilt: str | None, began: datetime) -> None:
    """Write down what a finished report was made from, and the hash of each of its files: nothing is added later."""
    seconds = round((datetime.now(UTC) - began).total_seconds(), 1)
    made = {"started": began.isoformat(timespec="seconds"), "seconds": seconds, "rebuilt": rebuilt}
    text = json.dumps(made | origin, indent=1, ensure_ascii=False)
    (folder / f"manifest{mark}.json").write_text(text + "\n", encoding="utf-8")
    sums = "".join(f"{value}  {name}\n" for name, value in hash_files(folder, ("",)).items())
    (folder / SUMS).write_text(sums, encoding="utf-8")


def verify(folder: Path) -> tuple[int, str]:
    """Give how many files a report has, and the SHA-256 of the list of their hashes; refuse one that was changed."""
    path = folder / SUMS
    if not path.is_file():
        raise HtanalysisError(f"{folder} holds no {SUMS}, so it is no report. Name the folder in which a report lies.")
    sums = re.findall(r"^([0-9a-f]{64}) [ *](.+)$", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    told = {name: value for value, name in sums}
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    found = {file.relative_to(folder).as_posix(): sha256(file.read_bytes()).hexdigest() for file in files}
    listed = found.pop(SUMS)
    problems = [f"{folder / name} was changed." for name in told if found.get(name, told[name]) != told[name]]
    problems += [f"{folder / name} is missing." for name in told if name not in found]
    problems += [f"{folder / name} was added." for name in found if name not in told]
    if problems:
        problems.append("The report is not as it was made. Make it anew, or ask for it again where it came from.")
        raise HtanalysisError("\n".join(problems))
    return len(found), listed
