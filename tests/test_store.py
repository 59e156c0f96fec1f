"""The store of returns: nothing is lost, whenever a process is stopped."""

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
from conftest import append_rows, frame_of, make_row, run_killed

from htanalysis import settings
from htanalysis.errors import HtanalysisError
from htanalysis.returns import store

QUARTERS = pd.period_range("2012Q3", "2012Q4", freq="Q")
HEAD = "period_start,period_end,task_force,measure,trafficking_type,count,as_of"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "HOME", tmp_path)
    return tmp_path


def row(count, name="North Bay Human Trafficking Task Force", quarter=QUARTERS[0], as_of="2013-01-31"):
    return make_row(quarter, name, count, day=as_of)


def add(*given):
    return append_rows(given)


def snapshot():
    """Give what a reader sees: every row of every file."""
    found = store.read_store()
    return sorted(map(tuple, found.drop(columns="batch").astype("str").to_numpy().tolist()))


def test_rows_lie_in_a_file_a_quarter_in_order():
    assert add(row(3, "B"), row(2, "A"), row(1, "A", QUARTERS[1])) == ["2012Q3.csv", "2012Q4.csv"]
    add(row(4, "A", as_of="2012-12-31"))
    assert (store.folder() / "2012Q3.csv").read_text(encoding="utf-8").splitlines() == [
        HEAD,
        "2012-07-01,2012-09-30,A,arrests,all,4,2012-12-31",
        "2012-07-01,2012-09-30,A,arrests,all,2,2013-01-31",
        "2012-07-01,2012-09-30,B,arrests,all,3,2013-01-31",
    ]
    assert store.read_store()["batch"].tolist() == [2, 1, 1, 1]


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_only_the_user_can_read_the_store_whatever_the_systems_rule_is():
    before = os.umask(0)
    try:
        add(row(3))
        folder = store.folder()
        folder.chmod(0o777)
        (folder / "2012Q3.csv").chmod(0o666)  # as a copy can leave it
        add(row(1, quarter=QUARTERS[1]))
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == dict.fromkeys(
        (".end", ".key", ".lock", "2012Q3.csv", "2012Q4.csv", "ledger.csv"), "0o600"
    )


def test_a_row_that_was_changed_by_hand_is_named():
    add(row(3, "A"), row(5, "B"))
    path = store.folder() / "2012Q3.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",5,", ",6,"), encoding="utf-8")
    touched, gone = store.check_store()
    assert (touched.file, touched.row) == ("2012Q3.csv", 3)
    assert "B,arrests,all,6,2013-01-31" in str(touched) and "touched by hand" in str(touched)
    assert "1 row that was added is gone or changed" in str(gone)
    with pytest.raises(HtanalysisError, match=r"2012Q3\.csv, row 3.*1 more"):
        store.require_untouched()


def test_a_file_that_is_gone_and_a_row_that_is_new_are_named():
    add(row(3), row(1, quarter=QUARTERS[1]))
    folder = store.folder()
    (folder / "2012Q3.csv").unlink()
    with (folder / "2012Q4.csv").open("a", encoding="utf-8") as file:
        file.write("2012-10-01,2012-12-31,X,arrests,all,9,2013-01-31\n")
    assert [(problem.file, problem.row) for problem in store.check_store()] == [("2012Q3.csv", None), ("2012Q4.csv", 3)]


@pytest.mark.parametrize("name", ["2012Q3 - Copy.csv", "2012Q3 (conflicted copy).csv", "ledger-OFFICE.csv"])
def test_a_copy_that_a_shared_folder_makes_is_named_and_not_read(name):
    add(row(3))
    before, place = snapshot(), store.folder()
    (place / name).write_bytes((place / "2012Q3.csv").read_bytes())
    assert snapshot() == before
    assert [str(problem) for problem in store.check_store()] == [
        f"{name}: it is no file of the store, but a copy that a shared folder or a person made, and is not read. "
        "Delete it."
    ]
    (place / "2012Q3.csv").unlink()
    assert "keep it until the others are restored" in str(store.check_store()[-1])


ROW, LATER = row(3), row(1, quarter=QUARTERS[1])


def change_with_its_hash(folder):
    path, ledger = folder / "2012Q3.csv", folder / "ledger.csv"
    line = path.read_text(encoding="utf-8").splitlines()[1]
    changed = line.replace(",3,", ",8,")
    path.write_text(path.read_text(encoding="utf-8").replace(line, changed), encoding="utf-8")
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in (line, changed)]
    ledger.write_text(ledger.read_text(encoding="utf-8").replace(*digests), encoding="utf-8")


def change_a_seal(folder):
    text = (folder / "ledger.csv").read_text(encoding="utf-8").splitlines()
    (folder / "ledger.csv").write_text("\n".join([text[0], f"{text[1][:-1]}é", *text[2:]]), encoding="utf-8")


def remove_with_its_lines(folder, quarter="2012Q3"):
    (folder / f"{quarter}.csv").unlink()
    ledger = folder / "ledger.csv"
    lines = [line for line in ledger.read_text(encoding="utf-8").splitlines() if f",{quarter}," not in line]
    ledger.write_text("\n".join([*lines, ""]), encoding="utf-8")


@pytest.mark.parametrize(
    ("touch", "row", "words"),
    [
        (change_with_its_hash, 2, "is not as it was written: 1,"),
        (remove_with_its_lines, 2, "is not as it was written: 2,"),
        (lambda folder: remove_with_its_lines(folder, "2012Q4"), None, "it has 1 lines, and 2 were written"),
        (lambda folder: (folder / ".end").unlink(), None, "it has 2 lines, and some were written"),
        (lambda folder: (folder / ".key").write_text("another"), 2, "is not as it was written"),
        (change_a_seal, 2, "is not as it was written: 1,"),
    ],
)
def test_what_was_changed_together_with_its_hash_is_named_and_refused(touch, row, words):
    add(ROW)
    add(LATER)
    touch(store.folder())
    problem = store.check_store()[0]
    assert (problem.file, problem.row) == ("ledger.csv", row) and words in str(problem)
    with pytest.raises(HtanalysisError, match=r"ledger\.csv"):
        store.require_untouched()


def test_a_ledger_without_seals_gets_them_with_the_next_addition():
    add(row(3))
    folder, ledger = store.folder(), store.folder() / "ledger.csv"
    lines = [line.rpartition(",")[0] for line in ledger.read_text(encoding="utf-8").splitlines()]
    ledger.write_text("\n".join([*lines, ""]), encoding="utf-8")
    (folder / ".end").unlink()
    assert store.check_store() == [] and store.read_store()["count"].tolist() == [3]
    add(row(4, "Z"))
    assert store.check_store() == []
    change_with_its_hash(folder)
    assert store.check_store()[0].row == 2


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("2012Q3.csv", "task_force,count\nA,1\n", "columns must be"),
        ("2012Q3.csv", f"{HEAD}\n2012-07-01,x\n", "it has 2 cells"),
        ("2012Q3.csv", f"{HEAD}\n2012-07-01,2012-09-30,A,arrests,all,many,2013-01-31\n", "htanalysis check"),
        ("2012Q3.csv", f"{HEAD}\n2012-07-99,2012-09-30,A,arrests,all,1,2013-01-31\n", "htanalysis check"),
        ("ledger.csv", "batch,added,quarter,sha256,seal\nfirst,2013-01-31,2012Q3,0,0\n", "was touched by hand"),
        ("ledger.csv", "batch,added,quarter,sha256,seal\n1,2013-01-31\n", "was touched by hand"),
        ("ledger.csv", "added,batch,quarter,sha256\n", "was touched by hand"),
    ],
)
def test_a_store_that_cannot_be_read_is_one_sentence(name, text, words):
    add(row(3))
    (store.folder() / name).write_text(text, encoding="utf-8")
    with pytest.raises(HtanalysisError, match=words):
        store.read_store()


def test_pretending_writes_nothing():
    add(row(3))
    before = (store.folder() / "2012Q3.csv").read_bytes()
    with store.pretending(frame_of([row(7, as_of="2013-02-28")])):
        with store.pretending():
            assert store.read_store()["count"].tolist() == [3, 7]
        assert store.read_store()["count"].tolist() == [3, 7]
    assert store.read_store()["count"].tolist() == [3]
    assert (store.folder() / "2012Q3.csv").read_bytes() == before


def test_who_holds_the_store_is_told(monkeypatch):
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.1)
    held, release = threading.Event(), threading.Event()

    def hold():
        with store.locked():
            held.set()
            release.wait(10)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(10)
    with pytest.raises(HtanalysisError, match=f"process {os.getpid()} since 20"), store.locked():
        pass
    release.set()
    other.join()
    assert not (store.folder() / ".holder").exists()


def test_a_full_disk_leaves_the_store_as_it_was(monkeypatch):
    add(row(3))
    before = snapshot()

    def refuse(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full, pytest.raises(OSError, match="No space"):
        full.setattr(store.os, "fsync", refuse)
        add(row(4, "B"), row(5, quarter=QUARTERS[1]))
    assert snapshot() == before and not list((store.folder()).glob(".adding*"))


# Stopped at every step


@pytest.mark.skipif(os.name != "posix", reason="no kill -9 elsewhere")
def test_killed_at_any_write_the_store_is_as_before_or_as_after(tmp_path, monkeypatch):
    seen = []
    for step in range(60):
        home = tmp_path / str(step)
        home.mkdir()
        monkeypatch.setattr(settings, "HOME", home)
        add(row(3, "A"), row(2, "A", QUARTERS[1]))
        before = snapshot()
        code = run_killed(lambda: add(row(4, "B"), row(5, "C", QUARTERS[1])), home, step)
        after = snapshot()
        seen.append((code, after != before))
        assert code in (0, -9) and (after == before or len(after) == 4)
        assert store.check_store() == []
        # Whatever was left, the next addition goes on from there, and the files hold what the reader saw.
        add(row(9, "Z"))
        assert len(snapshot()) == len(after) + 1
        assert {path.name for path in (store.folder()).iterdir()} - {".lock", ".key"} == {
            *(".end", "2012Q3.csv", "2012Q4.csv", "ledger.csv")
        }
        if code == 0:
            break
    assert seen[0] == (-9, False) and seen[-1] == (0, True)
    assert (-9, True) in seen, "it was never stopped between the moment that counts and the end"


ADDING = """
import sys
from pathlib import Path
from htanalysis import settings
sys.path.insert(0, {tests!r})
from test_store import add, row
settings.HOME = Path({home!r})
for number in range(int(sys.argv[2])):
    add(row(number, f"{{sys.argv[1]}}{{number}}"))
"""


def test_two_adders_at_once_lose_nothing_a_hundred_times(home):
    code = ADDING.format(tests=str(Path(__file__).parent), home=str(home))
    adders = [subprocess.Popen([sys.executable, "-c", code, name, "100"]) for name in "AB"]
    while any(adder.poll() is None for adder in adders):
        # A reader sees whole additions only: one row each.
        assert store.read_store()["batch"].is_unique
    assert [adder.returncode for adder in adders] == [0, 0]
    found = store.read_store()
    assert len(found) == 200 and sorted(found["batch"]) == list(range(1, 201))
    assert store.check_store() == []
