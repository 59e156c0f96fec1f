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
