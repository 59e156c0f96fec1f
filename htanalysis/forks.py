"""One process that has imported all that notebooks need, and forks a copy of itself for each kernel.

It is multiprocessing's own fork server, so a fork copies neither threads nor sockets: the server has none.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from threading import Lock, Thread
from types import ModuleType
from typing import Any

#: Whether processes are forked: on Windows they cannot be, and on macOS system libraries do not bear it.
AVAILABLE = sys.platform == "linux"

#: Libraries of linear algebra keep threads, which a fork would lose; with one for each process there are none to lose,
#: and sums are added up in the same order on any number of cores.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

#: multiprocessing keeps a list of its processes that is not made for several threads.
_turn = Lock()


def skip_imports() -> None:
    """Let what is imported later do without what nobody here needs, for a program that is about to run notebooks.

    jsonschema looks for rfc3987_syntax, which comes with JupyterLab and compiles a grammar for over a second, to check
    addresses of which a notebook has none; ipykernel looks for a debugger, which is most of a kernel's start.
    """
    for name in ("rfc3987_syntax", "debugpy"):
        sys.modules.setdefault(name, None)


def warm_up() -> None:
    """Start the process that others are forked from, and do not wait until it has done its imports."""
    from multiprocessing import forkserver, resource_tracker  # Windows has no fork server.

    # It imports just what this process would, not what lies where it is started.
    same = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONSAFEPATH": "1"}
    with _turn, _setting(ONE_THREAD | same):
        resource_tracker.ensure_running()  # Its start would let Ctrl-C through again.
        # Until it has done its imports Ctrl-C would end it with a traceback; its forks ask for signals again.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            forkserver.set_forkserver_preload(["htanalysis.preloaded"])
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextmanager
def _setting(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables of the environment for a while."""
    before = {name: os.environ[name] for name in values if name in os.environ}
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the program for a while: multiprocessing would run it again in each fork, which needs nothing of it."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class Fork:
    """A forked process with the part of `subprocess.Popen` that Jupyter asks of a kernel's process.

    Parameters
    ----------
    target : callable
        What it runs: a function of a module.
    arguments
        For the function; they are pickled.

    Raises
    ------
    OSError, EOFError
        If nothing could be forked.
    """

    stdin = stdout = stderr = None

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        warm_up()
        context = multiprocessing.get_context("forkserver")
        self._process = context.Process(target=_lead, args=(target, *arguments))
        with _turn, _without_main():
            self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Give the exit code, or nothing while it runs."""
        with _turn:
            return self._process.exitcode

    def wait(self) -> int | None:
        """Wait for its end, and give the exit code."""
        while self.poll() is None:
            time.sleep(0.01)
        return self.poll()

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def _lead(target: Callable[..., None], *arguments: Any) -> None:
    """Run a function in a group of processes of its own, which ends with whoever asked for it: none stays behind."""
    os.setpgid(0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    Thread(target=_end_with_parent, daemon=True).start()
    target(*arguments)


def _end_with_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os.killpg(0, signal.SIGKILL)
