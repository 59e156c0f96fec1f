"""Running notebooks on a Dask cluster: the same tasks with the same results, on other machines.

The collection's data travel to a worker once, as one bundle that Dask knows by the hash of its content. A worker
unpacks it into its own folder and runs notebooks in a process beside it: Jupyter's event loop and Dask's do not mix.
"""

import io
import pickle
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from htanalysis import inputs, settings
from htanalysis.errors import HtanalysisError
from htanalysis.kept import Failure, Outcome, Task, describe_environment, list_files
from htanalysis.runs import Turns
from htanalysis.store import private

#: Seconds until a scheduler must have answered, and have a worker.
PATIENCE = 30
#: How often a notebook is begun again whose process beside the worker has died.
_RETRIES = 2
#: Notebooks that are asked for at the same time, for each place that there is when the run begins: workers may join.
_AHEAD = 4
#: What travels, below the collection's home.
_FOLDERS = ("data", "data/quarters/.added", "shapefiles")
#: What to do where a cluster does not answer.
_ADVICE = "No Dask scheduler with a worker answers at {address} ({error}). docs/cluster.md says how to start one."


class Cluster:
    """A Dask cluster that runs notebooks.

    Parameters
    ----------
    address : str
        The scheduler's, such as "tcp://10.0.0.1:8786".

    Raises
    ------
    HtanalysisError
        If Dask is not installed, or no scheduler with a worker answers there.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise HtanalysisError("Dask is not installed. Run make cluster, or install htanalysis[cluster].") from error
        self._address = address
        _require_answer(address)
        self._client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
            self._send()
        except TimeoutError as error:
            self._client.close()
            raise HtanalysisError(_ADVICE.format(address=address, error="no worker is there")) from error
        #: How many notebooks are asked for at the same time.
        self.jobs = _AHEAD * max(1, sum(self._client.nthreads().values()))

    def _send(self) -> None:
        """Send the data to each worker that is there; one that joins later has them from another."""
        self._bundle = self._client.scatter(pack(settings.HOME), hash=True, broadcast=True)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def run(self, task: Task, turns: Turns) -> Outcome:
        """Run a notebook on a worker; if that dies, on another one.

        Raises
        ------
        HtanalysisError
            If the cluster is lost, or a worker has not what is installed here.
        """
        turns.take()
        try:
            return self._ask(task, turns)
        except (OSError, CancelledError) as error:
            turns.go_on()
            # Where all workers that held the data are gone and another is there, it gets them anew.
            with suppress(OSError, CancelledError, TimeoutError):
                self._client.wait_for_workers(1, timeout=PATIENCE)
                self._send()
                return self._ask(task, turns)
            raise HtanalysisError(
                f"The cluster at {self._address} is lost ({_in_one_line(error)}). Run the command again: what is done "
                "is kept."
            ) from error
        finally:
            turns.give()

    def _ask(self, task: Task, turns: Turns) -> Outcome:
        from distributed import KilledWorker

        given = (task.source.name, task.content, dict(task.parameters), describe_environment())
        future = self._client.submit(run_on_worker, self._bundle, *given, pure=False, retries=_RETRIES)
        while not future.done():
            turns.go_on()
            time.sleep(0.02)
        try:
            return future.result()
        except (KilledWorker, EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            reason = f"it took its worker, or the process beside that, down with it ({_in_one_line(error)})"
            return Outcome(task.content, {}, Failure(task.source.stem, 0, reason))


def _require_answer(address: str) -> None:
    """Ask whether anything answers at an address: Dask itself would say so at length.

    Raises
    ------
    HtanalysisError
        If it is no address, or nothing answers there.
    """
    try:
        parts = urlsplit(address)
        socket.create_connection((parts.hostname, parts.port or 8786), timeout=PATIENCE).close()
    except (OSError, ValueError, TypeError) as error:
        raise HtanalysisError(_ADVICE.format(address=address, error=_in_one_line(error))) from error


def _in_one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def pack(home: Path) -> bytes:
    """Pack the collection's data into a bundle; the same data give the same bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as bundle:
        for path in list_files(home, _FOLDERS):
            entry = tarfile.TarInfo(path.relative_to(home).as_posix())
            content = path.read_bytes()
            entry.size, entry.mode = len(content), 0o600
            bundle.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


# On a worker


def run_on_worker(
    bundle: bytes, name: str, notebook: bytes, parameters: Mapping[str, Any], environment: str
) -> Outcome:
    """Run a notebook beside the worker that calls this.

    Parameters
    ----------
    bundle : bytes
        As `pack` gives it.
    name : str
        The notebook's file name.
    notebook : bytes
        Its content.
    parameters : mapping
        Values that differ from its own.
    environment : str
        What `describe_environment` must give here.

    Raises
    ------
    HtanalysisError
        If something else is installed here.
    """
    from distributed import get_worker

    worker = get_worker()
    home = _unpack(bundle, Path(worker.local_directory))
    runner = _take_runner()
    outcome = runner.run(environment, home, name, notebook, parameters)
    _idle.put(runner)
    if outcome is None:
        raise HtanalysisError(
            f"The worker at {worker.address} has not the same Python, packages or version of htanalysis. Install there "
            "what requirements-cluster.lock names and the same version of the collection, and start it again."
        )
    return outcome


def _unpack(bundle: bytes, folder: Path) -> Path:
    """Unpack a bundle, unless it was before, and give the folder."""
    home = folder / f"htanalysis-{inputs.digest(bundle)[:16]}"
    if not home.exists():
        draft = Path(tempfile.mkdtemp(dir=folder))
        with private(), tarfile.open(fileobj=io.BytesIO(bundle)) as packed:
            packed.extractall(draft, filter="data")
        try:
            draft.rename(home)
        except OSError:  # Another thread was first.
            shutil.rmtree(draft)
    return home


#: Processes beside this worker that wait for a notebook.
_idle: SimpleQueue = SimpleQueue()


def _take_runner() -> "_Runner":
    try:
        return _idle.get_nowait()
    except Empty:
        return _Runner()


class _Runner:
    """A process beside a worker; it ends with it, as its input does."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "htanalysis.beside"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603

    def run(self, *task: Any) -> Outcome | None:
        """Run a notebook there; nothing comes of it where something else is installed."""
        pickle.dump(task, self._process.stdin)
        self._process.stdin.flush()
        return pickle.load(self._process.stdout)  # noqa: S301, it is our own process that writes
