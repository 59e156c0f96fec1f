"""Executing the notebooks, several at a time, each in a process of its own and without a Jupyter kernel.

papermill writes the parameters in, and IPython's own shell runs the cells. Processes are forked from one that has done
the imports; where nothing can be forked they are started anew. What Jupyter and IPython are set up with is not read.
"""

import gc
import io
import multiprocessing
import os
import re
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from functools import cache
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Lock, Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any

from htanalysis import settings
from htanalysis.errors import HtanalysisError
from htanalysis.report.cache import Failure, Kept, Outcome, Task, unpack
from htanalysis.report.imports import import_parts

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from IPython.core.interactiveshell import InteractiveShell
    from nbformat import NotebookNode
    from papermill.translators import PythonTranslator

# jsonschema would compile a grammar for over a second, to check addresses and times of which a notebook has none.
for _checks in ("isoduration", "rfc3986_validator", "rfc3987_syntax"):
    sys.modules.setdefault(_checks, None)
# Imports leave nothing to collect, and looking for it takes a fifth of their time.
gc.set_threshold(100_000)

#: How processes are made: on Windows none can be forked, and on macOS system libraries do not bear it.
_WAY = "forkserver" if sys.platform == "linux" else "spawn"

#: What few notebooks import, and takes long: SciPy’s optimization, and what reads boundaries.
_OF_FEW = ("htanalysis.associations", "htanalysis.charts.maps", "pyogrio.geopandas")

#: What a parameter must be, by the type that its notebook gives it.
_TYPES = {"str": "a text", "float": "a number", "int": "a whole number", "bool": "True or False"}

#: What a bar shows: done, running, failed, time gone, time left.
_BAR = "{desc} of {total_fmt} pages |{bar:12}| {elapsed}, {remaining} left"

#: multiprocessing keeps a list of its processes that is not made for several threads.
_turn = Lock()


@cache
def _find_translator() -> type["PythonTranslator"]:
    """Give what papermill reads and writes parameters with."""
    return import_parts(["papermill.translators"], ["papermill"])[0].PythonTranslator


def read_task(source: Path) -> Task:
    """Read a notebook's code, without what running it wrote into it, and which parameters it declares."""
    translator, content = _find_translator(), source.read_bytes()
    try:
        notebook = _read(content)
        for cell in notebook.cells:
            for written in ("execution", "papermill"):
                cell.metadata.pop(written, None)
            if cell.cell_type == "code":
                cell |= {"outputs": [], "execution_count": None}
        notebook.metadata |= {"language_info": {"name": "python"}}
        cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
        found = translator.inspect(cells[0]) if cells else []
        declared = {each.name: (each.inferred_type_name, each.default) for each in found}
        title = re.search("^# (.+)", notebook.cells[0].source) if notebook.cells else None
        told = "".join(filter(str.isprintable, title[1])) if title else ""  # No sign that a terminal would obey.
        return Task(source, _write(notebook), declared, title=told)
    except Exception:  # It is no notebook. Running it says so, and the others run as well.
        return Task(source, content)


def plan_task(
    task: Task, parameters: Mapping[str, Any], where_declared: Mapping[str, Any], returns: Any = None
) -> Task:
    """Let papermill write into a notebook the parameters that differ from its own: a default run adds no cell.

    The notebook must declare each of the `parameters`, and gets `where_declared` if it declares them. What there is to
    see of the `returns` is a `returns.views.Given`; a notebook that does not declare `as_of` sees none.
    """
    from nbformat import from_dict

    if task.declared is None:
        return task
    declared, name, given = task.declared, task.source.name, {}
    for each, value in {**parameters, **where_declared}.items():
        if each in declared:
            kind, default = declared[each]
            typed = float(value) if kind == "float" and isinstance(value, int) else value
            if kind not in ("None", type(typed).__name__):
                raise HtanalysisError(f'"{each}" of {name} must be {_TYPES.get(kind, kind)}, and {value!r} is not.')
            given |= {each: typed} if default.strip("\"'") != str(typed) else {}
        elif each in parameters:
            raise HtanalysisError(
                f'{name} has no parameter "{each}". Declare it in the cell tagged "parameters"; it has: '
                f"{', '.join(declared) or 'none'}."
            )
    returns = returns if task.reads_returns or not returns else replace(returns, views={})
    if not given:
        return replace(task, returns=returns)
    notebook, tag = _read(task.content), "injected-parameters"
    source = _find_translator().codify(given)
    own = [cell for cell in notebook.cells if tag not in cell.metadata.get("tags", [])]
    place = next((place for place, cell in enumerate(own, 1) if "parameters" in cell.metadata.get("tags", [])), 0)
    cell = {"cell_type": "code", "id": tag, "metadata": {"tags": [tag]}, "source": source}
    notebook.cells = [*own[:place], from_dict(cell | {"execution_count": None, "outputs": []}), *own[place:]]
    return replace(task, content=_write(notebook), parameters=given, returns=returns)


def run_or_find(
    tasks: Sequence[Task], kept: Kept, jobs: int, run: Callable[[Sequence[Task]], Iterator[tuple[Task, Outcome]]]
) -> Iterator[tuple[Task, Outcome]]:
    """Give the outcome of each task, as it was kept or by running it; a bar, or a line a page, shows how far all is."""
    from tqdm import tqdm

    done, failed, there, waiting = 0, 0, [], []
    for task in tasks:  # What is kept is read again when it is its turn, since thousands would not fit into memory.
        (there if kept.find(task) else waiting).append(task)
    running = run(waiting)
    lines = not sys.stderr.isatty()
    # A size of its own: some terminals do not tell theirs, and tqdm would show nothing there.
    with tqdm(total=len(tasks), bar_format=_BAR, ncols=100, nrows=24, disable=lines) as bar:

        def count(task: Task, words: str) -> None:
            nonlocal done, failed
            done, failed = done + 1, failed + ("stopped" in words)
            if lines:
                print(f"{done} of {len(tasks)}: {task}{words}", file=sys.stderr, flush=True)
            bar.set_description_str(f"{done} done, {min(jobs, len(tasks) - done)} running, {failed} failed", False)
            bar.update()

        for task in there:
            outcome = kept.find(task) or next(iter(run([task])))[1]  # Somebody may have deleted it meanwhile.
            count(task, " (as it was)")
            yield task, outcome
        for task, outcome in running:
            count(task, " (stopped, as is told at the end)" if outcome.failure else "")
            kept.keep(task, outcome)
            yield task, outcome


def run_tasks(tasks: Iterable[Task], data: bytes, jobs: int) -> Iterator[tuple[Task, Outcome]]:
    """Run notebooks in their order, so many `jobs` at a time, and give each outcome as soon as it is there.

    All see the same data (see `cache.pack`). The first run before anybody asks for an outcome. Who stops asking, by an
    error or by Ctrl-C, ends what runs.
    """
    outcomes = _follow(tasks, data, jobs)
    next(outcomes)
    return outcomes


def _follow(tasks: Iterable[Task], data: bytes, jobs: int) -> Iterator[tuple[Task, Outcome] | None]:
    """Start the first processes and give nothing; then give each outcome."""
    waiting, running = deque(tasks), []
    with tempfile.TemporaryDirectory(prefix="ht-") as home:
        unpack(data, Path(home))
        try:
            running += [_Run(waiting.popleft(), Path(home)) for _ in range(min(jobs, len(waiting)))]
            yield None
            while running:
                # A process that a notebook has left behind could hold the other end of its pipe open.
                signs = wait([sign for run in running for sign in (run.receiver, run.process.sentinel)])
                for run in [*running]:
                    if outcome := run.hear(alive=run.process.sentinel not in signs):
                        running.remove(run)
                        if waiting:
                            running.append(_Run(waiting.popleft(), Path(home)))
                        yield run.task, outcome
        finally:
            for run in running:
                run.end()


class _Run:
    def __init__(self, task: Task, home: Path) -> None:
        self.task, self._reached = task, {}
        self.receiver, sender = multiprocessing.Pipe(duplex=False)
        with _turn, sender:
            self.process = _start(sender, task, home)

    def hear(self, alive: bool) -> Outcome | None:
        """Give the outcome, if it is there; that the process died is a failure like any other."""
        try:
            while self.receiver.poll():
                told = self.receiver.recv()
                if isinstance(told, Outcome):
                    self.end()
                    return told
                self._reached |= told
        except EOFError:
            self.process.join(1)
            alive = False
        return None if alive else self._tell_death(self.end())

    def _tell_death(self, code: int) -> Outcome:
        """Give a notebook whose process died as far as it came."""
        how = f"ended ({code})"
        if code < 0:
            how = f"was killed ({signal.Signals(-code).name}), as happens where memory is short"
        place = max(self._reached, default=-1) + 1
        failure = Failure(self.task.source.stem, place, f"The process that ran it {how}.")
        if not place:
            return Outcome(self.task.content, failure)
        notebook = _read(self.task.content)
        for count, (reached, outputs) in enumerate(self._reached.items(), 1):
            notebook.cells[reached] |= {"outputs": outputs, "execution_count": count}
        return Outcome(_write(notebook), failure)

    def end(self) -> int:
        """End the process, with all that it has started, and give its exit code."""
        with _turn:
            with suppress(ProcessLookupError, PermissionError, AttributeError):
                os.killpg(self.process.pid, signal.SIGKILL)  # Windows has no groups of processes.
            self.process.kill()
            self.process.join()
        self.receiver.close()
        return self.process.exitcode


def warm_up(whole: bool = True) -> None:
    """Start the process that others are forked from, and do not wait until it has done its imports.

    A third of these few notebooks need, which import them by themselves if the process has not done the `whole`.
    """
    if _WAY == "forkserver":
        from multiprocessing import forkserver, resource_tracker  # Windows has no fork server.

        resource_tracker.ensure_running()  # Its start would let Ctrl-C through again.
        # Until it has done its imports Ctrl-C would end it with a traceback.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with _setting():
                names = ["htanalysis.report.preload"] + [*_OF_FEW] * whole
                forkserver.set_forkserver_preload(names)
                forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextmanager
def _setting() -> Iterator[None]:
    """Let a process that is started import what this one would, and nothing that lies where it is started."""
    values = settings.ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    # multiprocessing would run the program again in each process, which needs nothing of it.
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _start(*given: Any) -> "BaseProcess":
    with _setting():
        try:
            process = multiprocessing.get_context(_WAY).Process(target=_lead, args=given)
            process.start()
        except (OSError, EOFError):  # Where nothing can be forked after all.
            process = multiprocessing.get_context("spawn").Process(target=_lead, args=given)
            process.start()
    return process


# In the process of a notebook


def _lead(sender: Connection, task: Task, home: Path) -> None:
    """Run a notebook, as all that this process does; it ends with the one that asked for it."""
    if os.name == "posix":
        os.setpgid(0, 0)
    Thread(target=_end_with_parent, daemon=True).start()
    gc.freeze()  # What is looked through for waste is copied before: what is shared with other processes is not.
    for number in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    os.chdir(home)
    settings.HOME, os.environ["HTANALYSIS_HOME"] = home, str(home)
    from numpy import random

    from htanalysis.returns import views

    random.seed()  # Python's own generator begins anew in a fork, NumPy's shared one does not.
    views.take_over(task.returns)
    sender.send(_execute(task, home, sender.send))


def _end_with_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os.killpg(0, signal.SIGKILL) if os.name == "posix" else os._exit(1)


def _execute(task: Task, home: Path, tell: Callable[[dict[int, list["NotebookNode"]]], None]) -> Outcome:
    from nbformat import from_dict

    from htanalysis.shell import prepare

    name = task.source.stem
    try:
        notebook = _read(task.content)
    except Exception as error:
        return Outcome(task.content, Failure(name, 0, _in_one_line(error)))
    shell = make_shell(home)
    prepare(shell)
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and cell.source.strip():
            tell({place: []})
            cell.execution_count = shell.execution_count
            outputs, error = run_cell(shell, cell.source)
            cell.outputs = from_dict(outputs)
            tell({place: cell.outputs})
            if error:
                return Outcome(_write(notebook), Failure(name, place + 1, _in_one_line(error)))
    return Outcome(_write(notebook))


def make_shell(folder: Path) -> "InteractiveShell":
    """Make IPython's shell without what a user has set up for it, and without a history."""
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config({"HistoryManager": {"enabled": False}})
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config, ipython_dir=str(folder / ".ipython"))
    shell.display_pub = CapturingDisplayPublisher()
    return shell


def run_cell(shell: "InteractiveShell", source: str) -> tuple[list[dict[str, Any]], BaseException | None]:
    """Run a cell, and give what it shows as a kernel would, and the error that stopped it."""
    shown: list[dict[str, Any]] = []
    shell.display_pub.outputs, count = shown, shell.execution_count

    def show(value: Any) -> None:
        if value is not None:
            data, metadata = shell.display_formatter.format(value)
            shell.user_ns["_"] = value
            shown.append({"output_type": "execute_result", "data": data, "metadata": metadata})

    def fail(kind: type, error: BaseException, lines: list[str]) -> None:
        shown.append({"output_type": "error", "ename": kind.__name__, "evalue": str(error), "traceback": lines})

    shell.display_trap.hook, shell._showtraceback = show, fail
    with redirect_stdout(_Stream("stdout", shown)), redirect_stderr(_Stream("stderr", shown)):
        result = shell.run_cell(source, store_history=True)
    for each in shown:
        each.setdefault("output_type", "display_data")
        each |= {"execution_count": count} if each["output_type"] == "execute_result" else {}
        for passing in ("transient", "update"):
            each.pop(passing, None)
    return shown, result.error_before_exec or result.error_in_exec


class _Stream(io.TextIOBase):
    """Puts what is printed among the outputs, and what is printed at once together."""

    def __init__(self, name: str, shown: list[dict[str, Any]]) -> None:
        self._name, self._shown = name, shown

    def write(self, text: str) -> int:
        if not (self._shown and self._shown[-1].get("name") == self._name):
            self._shown.append({"output_type": "stream", "name": self._name, "text": ""})
        self._shown[-1]["text"] += text
        return len(text)


def _read(content: bytes) -> "NotebookNode":
    """Read a notebook of any version. nbformat's own function would check each against a schema, which takes long."""
    from nbformat import convert, reader

    return convert(reader.reads(content.decode()), 4)


def _write(notebook: "NotebookNode") -> bytes:
    from nbformat.v4 import writes

    return f"{writes(notebook)}\n".encode()


def _in_one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
