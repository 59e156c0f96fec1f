"""A scheduler and two workers as processes of their own, on loopback."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from htanalysis import reports
from htanalysis.cluster import Cluster, pack
from htanalysis.errors import HtanalysisError
from htanalysis.kept import Task
from htanalysis.runs import Turns, run_tasks
from htanalysis.wanted import Wanted

WORKER = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]


@contextmanager
def started(*command, **given):
    """Start a process in a group of its own, and end the group."""
    process = subprocess.Popen([sys.executable, "-m", *command], start_new_session=True, **given)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """Start a scheduler; give its address."""
    file = tmp_path_factory.mktemp("scheduler") / "scheduler.json"
    command = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    with started(*command, "--scheduler-file", str(file), stderr=subprocess.DEVNULL):
        deadline = time.monotonic() + 60
        while not (file.exists() and file.read_text()):
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"]


def worker(scheduler, folder):
    folder.mkdir()
    command = ["distributed.cli.dask_worker", scheduler, *WORKER, "--local-directory", str(folder)]
    return started(*command, stderr=subprocess.DEVNULL)


def write(path, code):
    """Write a notebook of one cell; give the task of running it."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(writes(new_notebook(cells=[new_code_cell(code)], metadata=kernel)))
    return Task(path, path.read_bytes())


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_worker_that_is_killed_is_made_up_for_and_the_report_has_the_same_bytes(scheduler, report, tmp_path):
    done = []
    with worker(scheduler, tmp_path / "a") as first, worker(scheduler, tmp_path / "b"), Cluster(scheduler) as cluster:
        cluster._client.wait_for_workers(2, timeout=60)

        def run(task, turns):
            outcome = cluster.run(task, turns)
            done.append(task)
            if len(done) == 2:
                first.kill()
            return outcome

        (index,) = reports.make_reports([Wanted("2012Q2")], tmp_path / "reports", cluster.jobs, run)
        assert first.poll() == -signal.SIGKILL and len(cluster._client.nthreads()) == 1
    assert len(done) == 9
    there, here = files(index.parent), files(report)
    manifests = [json.loads(content.pop("manifest.json")) for content in (there, here)]
    assert there == here
    assert manifests[0]["outputs"] == manifests[1]["outputs"]
    # What came from the cluster is kept as if it had run here.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reports, "run_tasks", lambda tasks, *_: pytest.fail("it ran") if tasks else ())
        reports.make_report("2012Q2", tmp_path / "reports")


def test_a_notebook_that_fails_fails_alone_and_the_data_travel_once(scheduler, tmp_path):
    codes = {"bad": "1 / 0", "good": "import htanalysis as ht\nlen(ht.load('tcvap'))", "more": "1"}
    tasks = [write(tmp_path / f"{name}.ipynb", code) for name, code in codes.items()]
    with worker(scheduler, tmp_path / "a"), Cluster(scheduler) as cluster:
        outcomes = {task.source.stem: outcome for task, outcome in run_tasks(tasks, Turns(cluster.jobs), cluster.run)}
        homes = [path for path in (tmp_path / "a").rglob("htanalysis-*") if path.is_dir()]
    assert outcomes["bad"].failure.error == "ZeroDivisionError: division by zero"
    assert outcomes["good"].failure is None and outcomes["more"].failure is None
    assert "file data/report/tcvap.csv" in outcomes["good"].noted
    assert len(homes) == 1


def test_a_notebook_that_takes_the_process_beside_the_worker_down_fails_alone(scheduler, tmp_path):
    kill = "import multiprocessing as m, os\nos.kill(m.parent_process().pid, 9)"
    bad, good = (write(tmp_path / f"{name}.ipynb", code) for name, code in (("bad", kill), ("good", "1")))
    with worker(scheduler, tmp_path / "a"), Cluster(scheduler) as cluster:
        failure = cluster.run(bad, Turns(1)).failure
        assert "took its worker, or the process beside that, down with it" in failure.error
        assert cluster.run(good, Turns(1)).failure is None


def test_data_that_died_with_their_worker_are_sent_again(scheduler, tmp_path):
    task = write(tmp_path / "one.ipynb", "import htanalysis as ht\nlen(ht.load('tcvap'))")
    with worker(scheduler, tmp_path / "a") as first, Cluster(scheduler) as cluster, worker(scheduler, tmp_path / "b"):
        cluster._client.wait_for_workers(2, timeout=60)
        first.kill()
        assert cluster.run(task, Turns(1)).failure is None


def test_a_worker_with_other_packages_is_told(scheduler, tmp_path, monkeypatch):
    task = write(tmp_path / "one.ipynb", "1")
    monkeypatch.setattr("htanalysis.cluster.describe_environment", lambda: "another")
    refused = pytest.raises(HtanalysisError, match="has not the same Python, packages or version")
    with worker(scheduler, tmp_path / "a"), Cluster(scheduler) as cluster, refused:
        cluster.run(task, Turns(1))


def test_a_cluster_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr("htanalysis.cluster.PATIENCE", 1)
    for address in ("tcp://127.0.0.1:9", "127.0.0.1", "tcp://127.0.0.1:99999", ""):
        with pytest.raises(HtanalysisError, match="No Dask scheduler with a worker answers at") as caught:
            Cluster(address)
        assert "\n" not in str(caught.value)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(HtanalysisError, match="Run make cluster"):
        Cluster("tcp://127.0.0.1:9")


def test_the_same_data_are_the_same_bundle(tmp_path):
    (tmp_path / "data" / "report").mkdir(parents=True)
    path = tmp_path / "data" / "report" / "a.csv"
    path.write_text("a\n")
    first = pack(tmp_path)
    os.utime(path, (0, 0))
    assert pack(tmp_path) == first
    path.write_text("b\n")
    assert pack(tmp_path) != first
