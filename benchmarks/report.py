"""Measure how long reports take, and how much memory, beside the plain ways to do the same; print a table.

Machines are noisy: what is compared is measured in turns in one run, and the ratio of the medians is the figure.
benchmarks/README.md says what each line means and holds the last figures.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
ROUNDS = 3
RETURN = """period_start,period_end,task_force,measure,trafficking_type,count,as_of
2012-04-01,2012-06-30,Fresno Coalition Against Human Trafficking,arrests,all,40,2012-11-30
"""


def run(*command: str | Path, home: Path = ROOT, at_work: Callable[[int], None] | None = None) -> tuple[float, str]:
    """Run a command in a copy of the collection; give its seconds and what it says, and end where it fails."""
    environment = os.environ | {"HTANALYSIS_HOME": str(home)}
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(list(map(str, command)), cwd=home, stdout=said, stderr=said, env=environment)
        while at_work and process.poll() is None:
            at_work(process.pid)
            time.sleep(0.05)
        code = process.wait()
        seconds = time.monotonic() - began
        said.seek(0)
        words = said.read()
    if code not in (0, 1):
        sys.exit(f"{words}\n{command[0]} ended with exit code {code}.")
    return seconds, words


def report(out: Path, *options: str, **given: object) -> tuple[float, str]:
    """Make reports without the PDF, which has a line of its own."""
    return run(BIN / "htanalysis", "report", "--out", out, "--no-pdf", *options, **given)


def median(rounds: int, work: Callable[[Path], tuple[float, str]]) -> float:
    """Do some work in an empty folder each time; give the median of its seconds."""
    return statistics.median(in_new_folder(work)[0] for _ in range(rounds))


def in_new_folder(work: Callable[[Path], tuple[float, str]]) -> tuple[float, str]:
    """Do some work in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        return work(Path(folder))


def command_lines(out: Path) -> tuple[float, str]:
    """Run each notebook with papermill's command line, and then nbconvert's."""
    began = time.monotonic()
    for source in sorted((ROOT / "notebooks").glob("*.ipynb")):
        run(BIN / "papermill", "--no-progress-bar", source, out / source.name)
        run(BIN / "jupyter", "nbconvert", "--to", "html", out / source.name)
    return time.monotonic() - began, ""


def plain(out: Path) -> tuple[float, str]:
    """Do the same as one plain script."""
    return run(sys.executable, ROOT / "benchmarks" / "plain.py", out / "report")


def one_return_changed(folder: Path) -> tuple[float, int]:
    """Add a return to a copy of the collection that has a report; give the seconds of the next, and how many ran."""
    home = copy_home(folder)
    report(folder / "reports", home=home)
    (folder / "return.csv").write_text(RETURN)
    run(BIN / "htanalysis", "add", folder / "return.csv", home=home)
    seconds, words = report(folder / "reports", home=home)
    pages = [line for line in words.splitlines() if " of 9: " in line]
    return seconds, sum(not line.endswith(" (as it was)") for line in pages)


def copy_home(folder: Path) -> Path:
    """Copy what belongs to the collection, without its returns."""
    home = folder / "home"
    for name in ("data", "notebooks", "shapefiles"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("quarters"))
    return home


def write_returns(path: Path) -> Path:
    """Write returns of a hundred rows."""
    task_forces = (ROOT / "data" / "report" / "task_forces.csv").read_text(encoding="utf-8").splitlines()[1:]
    names = [line.split(",")[0] for line in task_forces]
    measures = ("investigations initiated", "victims identified", "arrests", "people trained", "victims served")
    periods = ("2012-07-01,2012-09-30", "2012-10-01,2012-12-31", "2013-01-01,2013-03-31")
    cells = [(period, name, measure) for period in periods for name in names for measure in measures][:100]
    rows = [
        f"{period},{name},{measure},all,{40 + place % 37},2013-06-01"
        for place, (period, name, measure) in enumerate(cells)
    ]
    path.write_text("\n".join([RETURN.splitlines()[0], *rows]) + "\n", encoding="utf-8")
    return path


def check(folder: Path, spoil: bool) -> tuple[float, str]:
    """Check returns of a hundred rows, with a mistake in one or without."""
    path = write_returns(folder / "returns.csv")
    if spoil:
        path.write_text(path.read_text(encoding="utf-8").replace(",all,", ",al,", 1), encoding="utf-8")
    return run(BIN / "htanalysis", "check", path, home=copy_home(folder))


def first_answer(folder: Path) -> float:
    """Give the seconds until a check says that a hundred rows are good, before it says what they would change."""
    path, began = write_returns(folder / "returns.csv"), time.monotonic()
    environment = os.environ | {"HTANALYSIS_HOME": str(copy_home(folder))}
    with subprocess.Popen(
        [BIN / "htanalysis", "check", path], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        process.stdout.readline()
        seconds = time.monotonic() - began
        process.stdout.read()
    return seconds


def peak_memory() -> float:
    """Give the largest memory in MiB of all processes of a report, shared pages divided among those who share them."""
    seen = []

    def look(parent: int) -> None:
        seen.append(sum(_proportional_memory(member) for member in _family(parent)))

    in_new_folder(lambda out: report(out, "--jobs", "2", at_work=look))
    return max(seen)


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
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def set_up(folder: Path) -> tuple[float, str]:
    """Set up a copy of the collection from nothing."""
    run("git", "clone", "--quiet", ROOT, folder / "clone")
    began = time.monotonic()
    run("make", "--silent", "--directory", folder / "clone", ".venv/ready")
    return time.monotonic() - began, ""


def main() -> None:
    """Measure all and print a table."""
    show("", "seconds", "ratio", "must")
    in_new_folder(report)  # Once unmeasured, so that files and bytecode are at hand for all.
    turns = [(in_new_folder(report)[0], in_new_folder(plain)[0]) for _ in range(ROUNDS)]
    one, script = (statistics.median(column) for column in zip(*turns, strict=True))
    lines = in_new_folder(command_lines)[0]
    show("papermill's and nbconvert's command lines", lines)
    show("one plain script", script)
    show("report, two jobs: of the command lines", one, one / lines, "0.17")
    show("report, two jobs: of the plain script", one, one / script, "2.50")
    show("report with report.pdf", median(1, lambda out: run(BIN / "htanalysis", "report", "--out", out)))
    show("report of eight quarters: of one", eight := median(ROUNDS, range_of_eight), eight / one, "4.00")
    show("a report for each of eight quarters: of one", each := median(1, each_of_eight), each / one, "4.00")
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder))
        show("nothing changed", statistics.median(report(Path(folder))[0] for _ in range(ROUNDS)), must="0.5 s")
    with tempfile.TemporaryDirectory() as folder:
        seconds, ran = one_return_changed(Path(folder))
        show(f"one return added: {ran} of 9 notebooks run", seconds)
    show("htanalysis --help", median(ROUNDS, lambda _: run(BIN / "htanalysis", "--help")), must="0.3 s")
    show("check of 100 rows, one wrong", median(ROUNDS, lambda out: check(out, spoil=True)), must="1 s")
    with tempfile.TemporaryDirectory() as folder:
        show("check of 100 good rows, until it says so", first_answer(Path(folder)), must="1 s")
    show("check of 100 good rows, with what would change", median(ROUNDS, lambda out: check(out, spoil=False)))
    show("setup from nothing, wheels at hand", median(1, set_up), must="60 s")
    print(f"{'peak memory of a report, two jobs':52}{peak_memory():>7.0f} MiB          1024 MiB")
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    print(f"{os.cpu_count()} cores, {pages / 2**30:.0f} GiB, Python {sys.version.split()[0]}")


def range_of_eight(out: Path) -> tuple[float, str]:
    """Make one report of eight quarters."""
    return report(out, "--quarter", "2010Q3:2012Q2")


def each_of_eight(out: Path) -> tuple[float, str]:
    """Make a report for each of eight quarters."""
    return report(out, "--quarter", "2010Q3:2012Q2", "--each-quarter")


def show(what: str, seconds: float | str, ratio: float | str = "", must: str = "") -> None:
    """Print a line of the table."""
    texts = [f"{value:.2f}" if isinstance(value, float) else value for value in (seconds, ratio)]
    print(f"{what:52}{texts[0]:>9}{texts[1]:>8}  {must}", flush=True)


if __name__ == "__main__":
    main()
