"""A scheduler and workers as processes of their own, on loopback, with certificates and without."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from htanalysis import settings
from htanalysis.errors import HtanalysisError
from htanalysis.report import build
from htanalysis.report.cache import Task, pack
from htanalysis.report.cluster import Cluster
from htanalysis.report.request import Wanted
from htanalysis.returns import counts
from htanalysis.returns.views import hand_over

WORKER = ["--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
DATA = pack(settings.HOME)


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


@contextmanager
def scheduling(folder, protocol="tcp"):
    """Start a scheduler; give its address."""
    file = folder / "scheduler.json"
    command = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    with started(*command, "--protocol", protocol, "--scheduler-file", str(file), stderr=subprocess.DEVNULL):
        deadline = time.monotonic() + 60
        while not (file.exists() and file.read_text()):
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    with scheduling(tmp_path_factory.mktemp("scheduler")) as address:
        yield address


def worker(scheduler, folder, *options):
    folder.mkdir()
    command = ["distributed.cli.dask_worker", scheduler, *WORKER, *(options or ["--no-nanny"])]
    return started(*command, "--local-directory", str(folder), stderr=subprocess.DEVNULL)


def write(path, code):
    """Write a notebook of one cell; give the task of running it."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content = writes(new_notebook(cells=[new_code_cell(code)], metadata=kernel)).encode()
    return Task(path, content, {}, returns=replace(hand_over("report", "public"), views={}))


def run(cluster, *tasks):
    return {task.source.stem: outcome for task, outcome in cluster.run_tasks(tasks, DATA)}


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_worker_that_is_killed_is_made_up_for_and_the_report_has_the_same_bytes(scheduler, report, tmp_path):
    done = []
    with worker(scheduler, tmp_path / "a") as first, worker(scheduler, tmp_path / "b"), Cluster(scheduler) as cluster:
        cluster._client.wait_for_workers(2, timeout=60)

        def note(tasks, data):
            for given in cluster.run_tasks(tasks, data):
                done.append(given)
                if len(done) == 2:
                    first.kill()
                yield given

        (index,) = build.make_reports([Wanted("2012Q2")], tmp_path / "reports", run=note)
        assert first.wait() == -signal.SIGKILL
    assert len(done) == 9
    there, here = files(index.parent), files(report)
    for name in ("manifest.json", "SHA256SUMS"):  # They hold times.
        assert there.pop(name) != here.pop(name)
    assert there == here
    # What came from the cluster is kept as if it had run here.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "run_tasks", lambda tasks, **_: pytest.fail("it ran") if tasks else ())
        build.make_reports([Wanted("2012Q2")], tmp_path / "reports")


def test_a_notebook_that_fails_or_takes_its_process_down_fails_alone_below_a_nanny_too(scheduler, tmp_path):
    codes = {"bad": "1 / 0", "dead": "import os\nos._exit(1)", "good": "import htanalysis as ht\nlen(ht.load('tcvap'))"}
    tasks = [write(tmp_path / f"{name}.ipynb", code) for name, code in codes.items()]
    with worker(scheduler, tmp_path / "a", "--nworkers", "1"), Cluster(scheduler) as cluster:
        outcomes = run(cluster, *tasks)
    assert outcomes["bad"].failure.error == "ZeroDivisionError: division by zero"
    assert outcomes["dead"].failure.error == "The process that ran it ended (1)."
    assert outcomes["good"].failure is None


def test_a_notebook_that_takes_its_workers_down_is_named(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr("htanalysis.report.cluster._RETRIES", 0)
    kill = "import multiprocessing as m, os\nos.kill(m.parent_process().pid, 9)"
    options = ("--nworkers", "1", "--death-timeout", "60")
    with worker(scheduler, tmp_path / "a", *options), Cluster(scheduler) as cluster:
        (outcome,) = run(cluster, write(tmp_path / "bad.ipynb", kill)).values()
    assert outcome.failure.name == "bad" and outcome.failure.error.startswith("its workers died (")


def test_data_that_died_with_their_worker_are_sent_again(scheduler, tmp_path):
    task = write(tmp_path / "one.ipynb", "import htanalysis as ht\nlen(ht.load('tcvap'))")
    with worker(scheduler, tmp_path / "a") as first, Cluster(scheduler) as cluster:
        send = cluster._send

        def send_and_lose():
            send()
            cluster._send = send
            first.kill()
            first.wait()

        cluster._send = send_and_lose
        with worker(scheduler, tmp_path / "b"):
            assert run(cluster, task)["one"].failure is None


def test_a_worker_with_other_packages_is_told(scheduler, tmp_path, monkeypatch):
    task = write(tmp_path / "one.ipynb", "1")
    monkeypatch.setattr("htanalysis.report.cluster.describe_environment", lambda: "another")
    refused = pytest.raises(HtanalysisError, match="has not the same Python, packages or version")
    with worker(scheduler, tmp_path / "a"), Cluster(scheduler) as cluster, refused:
        run(cluster, task)


def test_a_cluster_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr("htanalysis.report.cluster.PATIENCE", 1)
    for address in ("tcp://127.0.0.1:9", "127.0.0.1", "tcp://127.0.0.1:99999", ""):
        with pytest.raises(HtanalysisError, match="No Dask scheduler with a worker answers at") as caught:
            Cluster(address)
        assert "\n" not in str(caught.value)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(HtanalysisError, match="Run make cluster"):
        Cluster("tcp://127.0.0.1:9")


# Returns are confidential


@pytest.fixture
def held(tmp_path, monkeypatch):
    """Let the store hold one count of five."""
    home = tmp_path / "home"
    shutil.copytree(settings.HOME / "data", home / "data", ignore=shutil.ignore_patterns("quarters"))
    (home / "data" / "quarters").mkdir()
    (home / "data" / "quarters" / "2012Q3.csv").write_text(
        "period_start,period_end,task_force,measure,trafficking_type,count,as_of\n"
        "2012-07-01,2012-09-30,Fresno Coalition Against Human Trafficking,arrests,all,5,2012-10-31\n"
    )
    monkeypatch.setattr(settings, "HOME", home)


@pytest.mark.usefixtures("held")
def test_with_returns_held_nothing_is_sent_to_a_cluster_without_encryption_unless_that_is_typed(monkeypatch):
    monkeypatch.setattr("htanalysis.report.cluster.PATIENCE", 1)
    for address in ("tcp://127.0.0.1:9", "127.0.0.1:9", "ucx://127.0.0.1:9"):
        with pytest.raises(HtanalysisError, match="is not encrypted, and returns are held"):
            Cluster(address)
    with pytest.raises(HtanalysisError, match="No Dask scheduler"):
        Cluster("tcp://127.0.0.1:9", insecure=True)


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """Make a certificate, and let Dask use it everywhere; give nothing else a way in."""
    openssl = shutil.which("openssl")
    assert openssl, "Install openssl: TLS is tried with a certificate that it makes."
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-nodes"]
    made = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run([openssl, "req", "-x509", "-newkey", "rsa:2048", *names, *made], check=True, capture_output=True)
    own = {"REQUIRE_ENCRYPTION": "true", "TLS__CA_FILE": str(tmp_path / "cert.pem")}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        own |= {f"TLS__{role}__CERT": str(tmp_path / "cert.pem"), f"TLS__{role}__KEY": str(tmp_path / "key.pem")}
    for name, value in own.items():
        monkeypatch.setenv(f"DASK_DISTRIBUTED__COMM__{name}", value)
    import dask

    dask.config.refresh()
    yield
    monkeypatch.undo()
    dask.config.refresh()


SEEN = """
import htanalysis as ht
from pathlib import Path
from htanalysis import settings
rows = ht.load_returns("latest", "public").query("measure == 'arrests' and task_force.str.startswith('Fresno')")
print(rows["count"].tolist(), rows["shown"].tolist())
print((settings.HOME / "data" / "quarters").exists())
ht.load_returns("latest", "internal")
"""


@pytest.mark.usefixtures("held", "certified")
def test_a_worker_gets_the_public_view_alone_and_gets_it_encrypted(tmp_path):
    task = write(tmp_path / "one.ipynb", SEEN)
    task = Task(task.source, task.content, {"as_of": ("str", "report")}, returns=hand_over("latest", "public"))
    assert counts.load_returns("latest", "internal")["count"].dropna().tolist() == [5]
    with scheduling(tmp_path, "tls") as address, worker(address, tmp_path / "a"), Cluster(address) as cluster:
        assert address.startswith("tls://")
        outcome = run(cluster, task)["one"]
    (stream, *_), *_ = [cell["outputs"] for cell in json.loads(outcome.notebook)["cells"]]
    words = counts.load_returns("latest", "public").query("task_force.str.startswith('Fresno')")["shown"].tolist()
    assert "".join(stream["text"]) == f"[<NA>] {words}\nFalse\n"
    assert outcome.failure.error.startswith("HtanalysisError: A public report gives its notebooks the returns as the")
