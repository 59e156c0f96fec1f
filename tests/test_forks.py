import os
import signal
import subprocess
import sys
import time

import pytest

from htanalysis import forks

pytestmark = pytest.mark.skipif(not forks.AVAILABLE, reason="no forks here")


def test_a_fork_behaves_as_a_process_that_was_started():
    fork = forks.Fork(os._exit, 7)
    assert (fork.wait(), fork.poll()) == (7, 7)
    fork.send_signal(signal.SIGTERM), fork.kill(), fork.terminate()
    fork = forks.Fork(time.sleep, 600)
    deadline = time.monotonic() + 30
    while os.getpgid(fork.pid) != fork.pid and time.monotonic() < deadline:
        time.sleep(0.01)
    assert fork.poll() is None and os.getpgid(fork.pid) == fork.pid
    fork.kill()
    assert fork.wait() == -signal.SIGKILL


def test_the_process_that_is_forked_has_one_thread_and_has_read_no_data():
    code = (
        "import os, threading, htanalysis.preloaded\n"
        "from htanalysis import datasets\n"
        "print(threading.active_count(), len(os.listdir('/proc/self/task')), datasets._parse_descriptor.cache_info())"
    )
    environment = os.environ | forks.ONE_THREAD
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("1 1 CacheInfo(hits=0, misses=0")


def test_nothing_stays_behind_where_the_one_that_asked_is_killed():
    code = (
        "import os, sys, time\nfrom htanalysis import forks\n"
        "if __name__ == '__main__':\n"
        "    fork = forks.Fork(time.sleep, 600)\n    print(fork.pid, flush=True)\n    time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        os.kill(pid, 0)
        process.kill()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the fork is still there")


def test_a_program_without_a_guard_runs_once(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import os\nfrom htanalysis import forks\nprint('begun', flush=True)\n"
        "print(forks.Fork(os._exit, 7).wait(), flush=True)\n"
    )
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True)
    assert done.stdout == "begun\n7\n"


def test_a_fork_imports_what_its_program_would_and_not_what_lies_where_it_was_started(tmp_path):
    (tmp_path / "htanalysis").mkdir()
    (tmp_path / "htanalysis" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    program = tmp_path / "elsewhere" / "program.py"
    program.parent.mkdir()
    program.write_text("import os\nfrom htanalysis import forks\nprint(forks.Fork(os._exit, 7).wait())")
    done = subprocess.run([sys.executable, program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("7\n", "")


def test_ctrl_c_while_imports_go_on_leaves_no_traceback():
    code = "import time\nfrom htanalysis import forks\nforks.warm_up()\nprint('warm', flush=True)\ntime.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, err = process.communicate(timeout=60)
    assert err.count("Traceback") == 1, "only that of the program itself"
