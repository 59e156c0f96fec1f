"""Runs notebooks beside a worker of a cluster: reads tasks from its input, and writes outcomes to its output."""

import os
import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from htanalysis import forks, settings
from htanalysis.kept import Failure, Outcome, Task, describe_environment


def main() -> None:
    """Run what comes until nothing more does."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    forks.skip_imports()
    if forks.AVAILABLE:
        forks.warm_up()
    describe_environment()
    while True:
        try:
            environment, *task = pickle.load(sys.stdin.buffer)  # noqa: S301, our own worker writes it
        except EOFError:
            return
        # What was installed when this process began is what it runs.
        pickle.dump(_run(*task) if environment == describe_environment() else None, answers)
        answers.flush()


def _run(home: Path, name: str, notebook: bytes, parameters: Mapping[str, Any]) -> Outcome:
    from htanalysis.runs import Turns, run_here

    settings.HOME = home
    try:
        return run_here(Task(Path(name), notebook, parameters), Turns(1))
    except OSError as error:  # Such as a full disk here, which is no reason for the others to stop.
        return Outcome(notebook, {}, Failure(Path(name).stem, 0, f"on a worker: {error}"))


if __name__ == "__main__":
    main()
