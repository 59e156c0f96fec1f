"""Executing the notebooks with papermill, several at a time."""

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import nbformat
import papermill
from jupyter_client import AsyncKernelClient
from papermill.exceptions import PapermillExecutionError
from tqdm import tqdm
from traitlets.config import Config

from htanalysis.errors import HtanalysisError, NotebookError

# What stops a notebook is told once, as a failure; papermill would log it as well.
logging.getLogger("papermill").setLevel(logging.CRITICAL)


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
    path : pathlib.Path
        The partly executed notebook.
    """

    name: str
    cell: int
    error: str
    path: Path

    def __str__(self) -> str:
        return (
            f"The notebook {self.name} stopped.\n"
            f"Cell: {f'{self.cell}, counted from 1' if self.cell else 'none was reached'}.\n"
            f"Error: {self.error}\n"
            f"Partly executed notebook: {self.path}"
        )


def run_notebooks(
    sources: Sequence[Path],
    folder: Path,
    parameters: Mapping[str, Any],
    jobs: int = 2,
    where_declared: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Execute notebooks and write them, with their outputs and nothing of this machine, to a folder.

    Parameters
    ----------
    sources : sequence of pathlib.Path
        The notebooks.
    folder : pathlib.Path
        Where the executed notebooks go.
    parameters : mapping
        Values for the cell tagged "parameters"; every notebook must declare each of them.
    jobs : int
        How many run at the same time.
    where_declared : mapping, optional
        Further values, for the notebooks that declare them.

    Returns
    -------
    list of pathlib.Path
        The executed notebooks, in the order of `sources`.

    Raises
    ------
    HtanalysisError
        If a notebook does not declare a parameter; then none is run.
    NotebookError
        If notebooks stop or cannot be read; all others are run first, and the message names each.
    """
    needed = {source: _changed_parameters(source, parameters, where_declared or {}) for source in sources}
    folder.mkdir(parents=True, exist_ok=True)
    stopping = Event()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            tasks = {pool.submit(_run_one, path, folder / path.name, needed[path], stopping): path for path in sources}
            outcomes = list(_follow(tasks))
        except BaseException:
            stopping.set()
            pool.shutdown(cancel_futures=True)
            raise
    failures = sorted((outcome for outcome in outcomes if outcome), key=lambda failure: failure.name)
    if failures:
        raise NotebookError("\n".join(map(str, failures)))
    return [folder / source.name for source in sources]


def _changed_parameters(
    source: Path, parameters: Mapping[str, Any], where_declared: Mapping[str, Any]
) -> dict[str, Any]:
    """Keep the parameters that differ from the notebook's own, so that a default run leaves the notebook as it is."""
    try:
        declared = papermill.inspect_notebook(_as_given(source))
    except OSError:
        raise
    except Exception:
        return {}  # It is no notebook: running it says so, and the others run as well.
    for name in parameters:
        if name not in declared:
            raise HtanalysisError(
                f'{source.name} has no parameter "{name}". Declare it in the cell tagged "parameters"; it has: '
                f"{', '.join(declared) or 'none'}."
            )
    given = parameters | {name: value for name, value in where_declared.items() if name in declared}
    return {name: value for name, value in given.items() if declared[name]["default"].strip("\"'") != str(value)}


def _run_one(source: Path, target: Path, parameters: Mapping[str, Any], stopping: Event) -> Failure | None:
    failure = _attempt(source, target, parameters, stopping)
    if target.exists():
        _clean(target)
    else:
        shutil.copyfile(source, target)
    return failure


def _attempt(source: Path, target: Path, parameters: Mapping[str, Any], stopping: Event) -> Failure | None:
    """Execute a notebook; whatever stops it is a failure, but for what the system refuses, such as a full disk."""
    reached = [0]

    def begin(cell_index: int, **_: Any) -> None:
        if stopping.is_set():
            raise CancelledError
        reached.append(cell_index + 1)

    try:
        _execute(source, target, parameters, stopping, begin)
    except PapermillExecutionError as error:
        return Failure(source.stem, error.cell_index + 1, _in_one_line(error.ename, error.evalue), target)
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            raise
        return Failure(source.stem, reached[-1], _in_one_line(type(error).__name__, str(error)), target)
    return None


def _execute(source: Path, target: Path, parameters: Mapping[str, Any], stopping: Event, begin: Callable) -> None:
    with tempfile.TemporaryDirectory(prefix="ht-") as sockets:
        papermill.execute_notebook(
            _as_given(source),
            _as_given(target),
            parameters=dict(parameters),
            kernel_name="python3",
            progress_bar=False,
            on_cell_start=begin,
            # A kernel that is asked to end can still complain; one that is ended cannot.
            shutdown_kernel="immediate",
            config=_connect_in(sockets, stopping),
        )


def _connect_in(folder: str, stopping: Event) -> Config:
    """Let a kernel listen on sockets in a folder of its own: kernels that start together can draw the same TCP port.

    Once the run is stopped the kernel counts as dead, whatever it computes, and is ended within a second.
    """

    class Client(AsyncKernelClient):
        async def is_alive(self) -> bool:
            return not stopping.is_set() and await super().is_alive()

    transport = "ipc" if os.name == "posix" else "tcp"
    connection = {"transport": transport, "connection_file": str(Path(folder) / "kernel.json")}
    return Config({"KernelManager": connection | {"client_factory": Client}})


def _as_given(path: Path) -> str:
    """Write a path so that papermill, which fills in what stands in braces, leaves it as it is."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _in_one_line(kind: str, text: str) -> str:
    return " ".join(f"{kind}: {text}".split())


def _clean(path: Path) -> None:
    """Take out what papermill and Jupyter note of this machine, papermill's error banners and its random cell id."""
    notebook = papermill.execute.remove_error_markers(nbformat.read(path, as_version=4))
    notebook.metadata.pop("papermill", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "injected-parameters"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
    nbformat.write(notebook, path)


def _follow(tasks: Mapping[Any, Path]) -> Iterator[Failure | None]:
    """Wait for the notebooks with a progress bar, or with a line for each where there is no terminal."""
    terminal = sys.stderr.isatty()
    # A size of its own: some terminals do not tell theirs, and tqdm would show nothing there.
    form = "{desc}: {n_fmt} of {total_fmt} |{bar:12}| {elapsed}"
    with tqdm(total=len(tasks), desc="notebooks", bar_format=form, ncols=80, nrows=24, disable=not terminal) as bar:
        for number, task in enumerate(as_completed(tasks), 1):
            bar.update()
            if not terminal:
                state = "stopped" if task.result() else "done"
                print(f"{number}/{len(tasks)} {tasks[task].stem} {state}", file=sys.stderr, flush=True)
            yield task.result()
