"""CONTRIBUTING.md walks through a data set and an analysis: what it says is done here, in a copy, to the letter."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: A block of code: its language, the file that it belongs to, the line after which it goes there, and what it holds.
BLOCK = re.compile(r"^ *```(\w+)(?: (\S+)(?: after ([^\n]+))?)?\n(.*?)^ *```$", flags=re.MULTILINE | re.DOTALL)
SHOW = """
import json
from running import find_faults, run_notebook
shown = run_notebook("09")
print(json.dumps([find_faults(shown), [each.kind for each in shown if each.kind != "words"], shown[0].content]))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the collection as it is committed, with commands that work on it."""
    copy = tmp_path_factory.mktemp("copy") / "collection"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    (copy / ".venv" / "bin").mkdir(parents=True)
    main = "import sys; from htanalysis.cli import main; sys.exit(main())"
    for name, options in (("python", ""), ("htanalysis", f"-c '{main}'")):
        command = copy / ".venv" / "bin" / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {options} "$@"\n')
        command.chmod(0o755)
    (copy / ".venv" / "ready").write_text(f"{copy.resolve()}\n")
    return copy


def run(copy, *command):
    place = {"HTANALYSIS_HOME": str(copy), "PYTHONPATH": f"{copy}{os.pathsep}{copy / 'tests'}"}
    # A make that is started by another says which folder it enters, unless it is told nothing of the other.
    alone = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    ended = subprocess.run(command, cwd=copy, env=alone | place, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def follow(copy, heading):
    """Do what the blocks of a section say, and give what its commands print."""
    section = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    told = ""
    for language, name, line, indented in BLOCK.findall(section):
        content, path = re.sub("^   ", "", indented, flags=re.MULTILINE), copy / name
        if language == "sh":
            told += run(copy, "sh", "-e", "-c", content)
        elif name.endswith(".ipynb"):
            nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in split(content)]), path)
        elif line:
            text = path.read_text(encoding="utf-8")
            assert text.count(f"{line}\n") == 1
            path.write_text(text.replace(f"{line}\n", f"{line}\n{content}"))
        else:
            path.write_text(content, encoding="utf-8")
    return told


def split(content):
    """Give each statement a cell of its own, as each cell shows what its last line gives."""
    return [ast.unparse(statement) for statement in ast.parse(content).body]


def files(copy):
    found = [path for path in copy.rglob("*") if path.is_file() and not path.is_symlink()]
    return {path.relative_to(copy).as_posix(): path.read_bytes() for path in found if path.suffix != ".pyc"}


def test_a_data_set_is_a_file_and_an_entry_and_nothing_else_by_hand(copy):
    before = files(copy)
    told = follow(copy, "Add a data set")
    assert told.startswith("Grants that the report names\n") and "dollars (integer; dollars; reported)" in told
    assert re.search(r"\b([3-9]|\d\d) passed", told)
    after = files(copy)
    changed = {name for name in after if after[name] != before.get(name) and not name.startswith(".pytest_cache")}
    assert changed == {"data/report/grants.csv", "data/datapackage.json", "htanalysis/names.pyi"}


def test_an_analysis_is_a_function_a_test_and_a_few_lines_of_a_notebook(copy):
    assert "2 passed" in follow(copy, "Add an analysis")
    described = "tests/test_documentation.py::test_each_public_name_is_described_once_and_has_an_example"
    run(copy, sys.executable, "-m", "pytest", "-q", described)
    faults, kinds, finding = json.loads(run(copy, sys.executable, "-c", SHOW))
    assert faults == [] and kinds == ["finding", "chart"]
    assert finding["sentence"] == "The largest grant that the report names is 2.9 times as large as the smallest."
    assert (finding["basis"], finding["source"]) == ("computed", ["grants-minors", "grants-laundering"])
