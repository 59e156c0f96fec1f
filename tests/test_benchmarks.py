"""The benchmarks measure what a report does: they can be run, and the plain script writes the pages of a report."""

import subprocess
import sys

import pytest

from htanalysis.settings import HOME

FOLDER = HOME / "benchmarks"
#: They also offer files that a report has beside its pages, and the plain script makes no others.
OFFERING = {"index.html", "index-es.html", "findings.html"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_what_a_benchmark_uses_is_there(path):
    code = "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_path(sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, FOLDER, path], check=True)


def test_the_plain_script_writes_the_pages_of_a_report(report, tmp_path):
    subprocess.run([sys.executable, FOLDER / "plain.py", tmp_path], check=True)
    pages = {path.name: path.read_bytes() for path in report.glob("*.html")}
    written = {path.name: path.read_bytes() for path in tmp_path.glob("*.html")}
    assert written.keys() == pages.keys()
    assert {name for name in pages if pages[name] != written[name]} <= OFFERING
