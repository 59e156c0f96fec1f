"""Compare a report with the same computation as plain Python in one process, in one run.

The report executes eight notebooks with papermill in kernels of their own and writes pages, files and hashes. The
plain run executes the same code cells one after another in one process, and renders every output as the kernels do.
Machines are noisy: the ratio is the figure, the seconds are only its parts.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLAIN = """
import sys, json, nbformat
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for path in sorted(Path("notebooks").glob("*.ipynb")):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            result = shell.run_cell(cell.source, store_history=False, silent=True)
            result.raise_error()
            if result.result is not None:
                json.dumps(shell.display_formatter.format(result.result)[0])
    shell.reset(new_session=False)
"""


def measure(command: list[str]) -> tuple[float, float]:
    """Run a command; give seconds and the peak memory in MiB of all its processes together."""
    began = time.monotonic()
    peak = 0.0
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors)
        while process.poll() is None:
            peak = max(peak, sum(_proportional_memory(pid) for pid in _family(process.pid)))
            time.sleep(0.05)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{errors.read()}A run failed with exit code {process.returncode}.")
    return time.monotonic() - began, peak


def _family(parent: int) -> list[int]:
    """List a process and its descendants."""
    found = [parent]
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            found += [member for child in task.read_text().split() for member in _family(int(child))]
        except OSError:
            continue
    return found


def _proportional_memory(pid: int) -> float:
    """Give a process's share of memory in MiB, shared pages divided among those who share them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def main() -> None:
    """Measure both and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        report = [
            sys.executable,
            "-c",
            "from htanalysis.cli import main; raise SystemExit(main())",
            "report",
            "--out",
            folder,
        ]
        measure(report)  # once unmeasured, so that files and bytecode are at hand for both
        figures = {"plain Python": measure([sys.executable, "-c", PLAIN]), "report, two jobs": measure(report)}
    base = figures["plain Python"]
    print(f"{os.cpu_count()} cores, {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB")
    print(f"{'':18}{'seconds':>9}{'ratio':>7}{'peak MiB':>10}{'ratio':>7}")
    for name, (seconds, peak) in figures.items():
        print(f"{name:18}{seconds:9.1f}{seconds / base[0]:7.1f}{peak:10.0f}{peak / base[1]:7.1f}")


if __name__ == "__main__":
    main()
