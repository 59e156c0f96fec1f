"""Running notebooks on a Dask cluster: a worker calls the same function as is called here.

The data travel to a worker once, as one bundle that Dask knows by the hash of its content; what a notebook may see of
the returns goes with its task.
"""

import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from itertools import islice
from multiprocessing import process
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from htanalysis.errors import HtanalysisError
from htanalysis.report.cache import Failure, Outcome, Task, describe_environment
from htanalysis.report.execute import run_tasks
from htanalysis.returns.store import read_store

if TYPE_CHECKING:
    from distributed import Future

#: Seconds until a scheduler must have answered, and have a worker.
PATIENCE = 30
#: How often a notebook is begun again whose worker has died.
_RETRIES = 2
#: Notebooks that are asked for at the same time, for each place that there is when the run begins: workers may join.
_AHEAD = 4
#: What to do where a cluster does not answer.
_ADVICE = "No Dask scheduler with a worker answers at {address} ({error}). docs/cluster.md says how to start one."


class Cluster:
    """A Dask cluster that runs notebooks; `insecure` lets what travels be unencrypted though returns are held."""

    def __init__(self, address: str, insecure: bool = False) -> None:
        if not (insecure or address.startswith("tls://") or read_store().empty):
            raise HtanalysisError(
                f"{address} is not encrypted, and returns are held. Nothing was sent. docs/cluster.md says how to set"
                " up tls://; on a network that nobody else can read, add --insecure."
            )
        try:
            import distributed
        except ImportError as error:
            raise HtanalysisError("Dask is not installed. Run make cluster, or install htanalysis[cluster].") from error
        self._address = address
        try:
            # Dask itself would say at length that nothing answers.
            parts = urlsplit(address)
            socket.create_connection((parts.hostname, parts.port or 8786), timeout=PATIENCE).close()
            self._client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise HtanalysisError(_ADVICE.format(address=address, error=_in_one_line(error))) from error
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            self._client.close()
            raise HtanalysisError(_ADVICE.format(address=address, error="no worker is there")) from error

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def run_tasks(self, tasks: Iterable[Task], data: bytes) -> Iterator[tuple[Task, Outcome]]:
        """Run notebooks, as `execute.run_tasks` does; if a worker dies, what it ran runs on another one."""
        from distributed import as_completed

        self._data = data
        self._send()
        waiting, ahead = iter(tasks), _AHEAD * max(1, sum(self._client.nthreads().values()))
        running = {self._submit(task): task for task in islice(waiting, ahead)}
        queue = as_completed(running, loop=self._client.loop)
        for future in queue:
            task = running.pop(future)
            yield task, self._take(future, task)
            for task in islice(waiting, 1):
                running[more := self._submit(task)] = task
                queue.add(more)

    def _send(self) -> None:
        """Send the data to each worker that is there; one that joins later has them from another."""
        self._bundle = self._client.scatter(self._data, hash=True, broadcast=True)

    def _submit(self, task: Task) -> "Future":
        given = self._bundle, task, describe_environment()
        return self._client.submit(run_on_worker, *given, pure=False, retries=_RETRIES)

    def _take(self, future: "Future", task: Task) -> Outcome:
        from distributed import KilledWorker

        try:
            return future.result()
        except (OSError, CancelledError, KilledWorker):
            try:
                # Where all workers that held the data are gone and another is there, it gets them anew.
                self._client.wait_for_workers(1, timeout=PATIENCE)
                self._send()
            except (OSError, CancelledError) as error:
                raise HtanalysisError(
                    f"The cluster at {self._address} is lost ({_in_one_line(error)}). Run the command again: what is "
                    "done is kept."
                ) from error
            try:
                return self._submit(task).result()
            except (OSError, CancelledError, KilledWorker) as error:
                return Outcome(task.content, Failure(task.source.stem, 0, f"its workers died ({_in_one_line(error)})"))


def _in_one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


# On a worker


def run_on_worker(data: bytes, task: Task, environment: str) -> Outcome:
    """Run a notebook in a process that the worker starts, if the same is installed here."""
    from distributed import get_worker

    worker = get_worker()
    if environment != describe_environment():
        raise HtanalysisError(
            f"The worker at {worker.address} has not the same Python, packages or version of htanalysis. Install there "
            "what requirements-cluster.lock names and the same version of the collection, and start it again."
        )
    # Dask lets no worker start processes, since they could outlive it: ours end with the one that started them.
    process.current_process()._config["daemon"] = False
    try:
        return next(run_tasks([task], data, jobs=1))[1]
    except OSError as error:  # Such as a full disk here, which is no reason for the others to stop.
        return Outcome(task.content, Failure(task.source.stem, 0, f"on a worker: {error}"))
