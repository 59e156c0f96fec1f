"""Executing the notebooks with papermill, several at a time."""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Semaphore
from typing import Any

import nbformat
import papermill
from jupyter_client import AsyncKernelClient
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from htanalysis import inputs, kernels
from htanalysis.errors import HtanalysisError
from htanalysis.kept import Failure, Outcome, Task

# What stops a notebook is told once, as a failure; papermill would log it as well.
logging.getLogger("papermill").setLevel(logging.CRITICAL)


class _Engine(NBClientEngine):
    """Runs a notebook as papermill does, and gives it as far as it came even where its kernel dies."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, give: Callable[[NotebookNode], None], **kwargs: Any
    ) -> None:
        give(nb_man.nb)
        super().execute_managed_notebook(nb_man, kernel_name, **kwargs)


papermill_engines.register("htanalysis", _Engine)


@dataclass(frozen=True)
class Declared:
    """A notebook and its parameters.

    Attributes
    ----------
    source : pathlib.Path
        The notebook.
    content : bytes
        What it holds.
    parameters : dict of str to dict
        What papermill finds in its cell tagged "parameters": `inferred_type_name` and `default`, as text.
    readable : bool
        Whether it is a notebook at all. Running one that is not says so, and the others run as well.
    """

    source: Path
    content: bytes
    parameters: Mapping[str, Mapping[str, str]]
    readable: bool = True


def read_declared(source: Path) -> Declared:
    """Read which parameters a notebook declares."""
    content = source.read_bytes()
    try:
        return Declared(source, content, papermill.inspect_notebook(_read(content)))
    except OSError:
        raise
    except Exception:
        return Declared(source, content, {}, readable=False)


def plan_tasks(
    notebooks: Sequence[Declared], parameters: Mapping[str, Any], where_declared: Mapping[str, Any] | None = None
) -> list[Task]:
    """Say with which parameters notebooks run: those that differ from their own, so that a default run adds no cell.

    Parameters
    ----------
    notebooks : sequence of Declared
        The notebooks.
    parameters : mapping
        Values for the cell tagged "parameters"; every notebook must declare each of them.
    where_declared : mapping, optional
        Further values, for the notebooks that declare them.

    Raises
    ------
    HtanalysisError
        If a notebook does not declare a parameter, or declares it of another type.
    """
    return [_plan_task(notebook, parameters, where_declared or {}) for notebook in notebooks]


def _plan_task(notebook: Declared, parameters: Mapping[str, Any], where_declared: Mapping[str, Any]) -> Task:
    declared = notebook.parameters
    for name in parameters:
        if notebook.readable and name not in declared:
            raise HtanalysisError(
                f'{notebook.source.name} has no parameter "{name}". Declare it in the cell tagged "parameters"; it '
                f"has: {', '.join(declared) or 'none'}."
            )
    given = {name: value for name, value in (parameters | where_declared).items() if name in declared}
    typed = {name: _as_declared(notebook, name, value) for name, value in given.items()}
    return Task(
        notebook.source,
        notebook.content,
        {name: value for name, value in typed.items() if declared[name]["default"].strip("\"'") != str(value)},
    )


def _as_declared(notebook: Declared, name: str, value: Any) -> Any:
    """Give a value in the type that a notebook declares for it."""
    wanted = notebook.parameters[name]["inferred_type_name"]
    if wanted == "float" and isinstance(value, int):
        return float(value)
    if wanted not in ("None", type(value).__name__):
        raise HtanalysisError(f'"{name}" of {notebook.source.name} is of type {wanted}, and {value!r} is not.')
    return value


def run_tasks(
    tasks: Sequence[Task], turns: "Turns", run: Callable[[Task, "Turns"], Outcome]
) -> Iterator[tuple[Task, Outcome]]:
    """Run notebooks, several at a time, and give each outcome as soon as it is there.

    Parameters
    ----------
    tasks : sequence of Task
        In the order in which they begin.
    turns : Turns
        How many run at the same time.
    run : callable
        What runs a task, such as `run_here`.

    Notes
    -----
    Who stops asking for outcomes, by an error or by Ctrl-C, ends what runs, and nothing more begins.
    """
    # One more kernel than may compute is made ready: starting one is mostly waiting.
    with ThreadPoolExecutor(turns.jobs + 1) as pool:
        try:
            running = {pool.submit(run, task, turns): task for task in tasks}
            for future in as_completed(running):
                yield running.pop(future), future.result()
        except BaseException:
            turns.stop()
            pool.shutdown(cancel_futures=True)
            raise


class Turns:
    """Lets as many notebooks compute at the same time as there are jobs, until it is stopped."""

    def __init__(self, jobs: int) -> None:
        self.jobs, self.running = jobs, 0
        self._free, self._counting = Semaphore(jobs), Lock()
        self._stopping = Event()

    @property
    def stopped(self) -> bool:
        """Whether nothing shall go on."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Let nothing go on."""
        self._stopping.set()

    def take(self) -> None:
        """Wait for a turn."""
        while not self._free.acquire(timeout=0.1):
            self.go_on()
        self._count(1)

    def give(self) -> None:
        """Let another have the turn."""
        self._count(-1)
        self._free.release()

    def _count(self, more: int) -> None:
        with self._counting:
            self.running += more

    def go_on(self) -> None:
        """Raise `CancelledError` where nothing shall go on."""
        if self.stopped:
            raise CancelledError


def run_here(task: Task, turns: Turns) -> Outcome:
    """Execute a notebook with papermill, in a kernel of its own.

    Raises
    ------
    OSError
        If the system refuses something, such as a place on a full disk; whatever else stops it is a failure.
    """
    with tempfile.TemporaryDirectory(prefix="ht-", ignore_cleanup_errors=True) as folder:
        began = time.monotonic()
        executed: list[NotebookNode] = []
        failure = _attempt(task, Path(folder), turns, executed.append)
        notebook = _clean(executed[0]) if executed else task.content
        return Outcome(notebook, inputs.read_log(Path(folder) / kernels.LOG), failure, time.monotonic() - began)


def _attempt(task: Task, folder: Path, turns: Turns, give: Callable[[NotebookNode], None]) -> Failure | None:
    """Execute a notebook; whatever stops it is a failure, but for what the system refuses."""
    name, reached = task.source.stem, [0]

    def begin(cell_index: int, **_: Any) -> None:
        if reached == [0]:
            turns.take()
        turns.go_on()
        reached.append(cell_index + 1)

    try:
        papermill.execute_notebook(
            _read(task.content),
            None,
            parameters=dict(task.parameters),
            engine_name="htanalysis",
            give=give,
            kernel_name="python3",
            progress_bar=False,
            on_cell_start=begin,
            kernel_manager_class=kernels.KernelManager,
            # A kernel that is asked to end can still complain; one that is ended cannot.
            shutdown_kernel="immediate",
            config=_connect_in(folder, turns),
        )
    except PapermillExecutionError as error:
        return Failure(name, error.cell_index + 1, _in_one_line(error.ename, error.evalue))
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            raise
        return Failure(name, reached[-1], _in_one_line(type(error).__name__, str(error)))
    finally:
        if reached != [0]:
            turns.give()
    return None


def _connect_in(folder: Path, turns: Turns) -> Config:
    """Let a kernel listen on sockets in a folder of its own: kernels that start together can draw the same TCP port.

    Once the run is stopped the kernel counts as dead, whatever it computes, and is ended within a second.
    """

    class Client(AsyncKernelClient):
        async def is_alive(self) -> bool:
            return not turns.stopped and await super().is_alive()

    transport = "ipc" if os.name == "posix" else "tcp"
    connection = {"transport": transport, "connection_file": str(folder / "kernel.json")}
    return Config({"KernelManager": connection | {"client_factory": Client}})


def _read(content: bytes) -> NotebookNode:
    return nbformat.reads(content.decode(), as_version=4)


def _in_one_line(kind: str, text: str) -> str:
    return " ".join(f"{kind}: {text}".split())


def _clean(notebook: NotebookNode) -> bytes:
    """Write a notebook without what papermill and Jupyter note of this machine, error banners and a random cell id."""
    notebook = papermill.execute.remove_error_markers(notebook)
    notebook.metadata.pop("papermill", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "injected-parameters"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
    return f"{nbformat.writes(notebook)}\n".encode()
