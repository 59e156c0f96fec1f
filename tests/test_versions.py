"""Which versions of a count hold: withdrawals take it back, and three months make a quarter."""

import os
import shutil
import subprocess
import sys
from datetime import date
from operator import attrgetter
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from attack import History, find_told
from conftest import run_killed
from test_checks import NORTH_BAY, TODAY, line, write
from test_cli import run
from test_staff_commands import SAN_DIEGO, add

import htanalysis as ht
from htanalysis import settings
from htanalysis.report.build import _GONE, _compare_returns, _find_changes
from htanalysis.report.pages import _tell_changes
from htanalysis.returns import store
from htanalysis.returns.checks import check_files
from htanalysis.returns.versions import Version, add_up, choose_versions, count_known, list_values
from htanalysis.returns.views import known_day, last_quarter, read_versions, view_returns
from htanalysis.returns.withdrawals import withdraw_count

JULY, AUGUST, SEPTEMBER = "2012-07-01,2012-07-31", "2012-08-01,2012-08-31", "2012-09-01,2012-09-30"
RIVERSIDE = "Riverside County Anti-Human Trafficking Task Force"
NAME_ONE = "Name a quarter, a task force and a measure, or one file"
QUARTER = pd.Period("2012Q3", freq="Q")


def withdraw(capsys, *what, reason="sent for another quarter", as_of="2012-12-01", code=0):
    given = run(capsys, "withdraw", *what, "--reason", reason, "--as-of", as_of)
    assert given[0] == code and len(given[1 if code == 0 else 2].splitlines()) == 1, given
    return given[1 if code == 0 else 2].strip()


def cell(name=NORTH_BAY, as_of="latest", kind="all"):
    returns = ht.load_returns(as_of, "internal")
    rows = returns[returns["task_force"].eq(name) & returns["trafficking_type"].eq(kind)]
    return [rows.iloc[0]["shown"], rows.iloc[0]["low"]] if len(rows) else []


# Withdrawals


@pytest.mark.usefixtures("home")
def test_from_the_day_of_its_withdrawal_a_count_is_not_returned_until_it_is_returned_again(tmp_path, capsys):
    add(capsys, tmp_path, line(20), line(30, SAN_DIEGO))
    plain = (store.folder() / "2012Q3.csv").read_bytes()
    told = withdraw(capsys, "2012Q3", "North Bay HTTF", "Arrests")
    assert told == "Withdrawn from 2012-12-01 on: 1 count. Each is not returned until a later return gives it."
    assert cell()[0] == "not returned" and cell(as_of="2012-11-30") == ["count", 20]
    assert cell(SAN_DIEGO) == ["count", 30] and store.check_store() == [] and plain.count(b",") == 18
    assert (store.folder() / "2012Q3.csv").read_text(encoding="utf-8").splitlines()[1:] == [
        f"2012-07-01,2012-09-30,{NORTH_BAY},arrests,all,20,2012-10-31,",
        f"2012-07-01,2012-09-30,{NORTH_BAY},arrests,all,,2012-12-01,sent for another quarter",
        f"2012-07-01,2012-09-30,{SAN_DIEGO},arrests,all,30,2012-10-31,",
    ]
    add(capsys, tmp_path, line(26, as_of="2012-12-20"))
    assert cell() == ["count", 26] and cell(as_of="2012-12-19")[0] == "not returned"
    assert run(capsys, "quarters", "--revisions")[1].splitlines() == [
        f"2012Q3 {NORTH_BAY}, arrests, all: 20 (2012-10-31) was withdrawn (2012-12-01): sent for another quarter",
        f"2012Q3 {NORTH_BAY}, arrests, all: withdrawn (2012-12-01) became 26 (2012-12-20)",
    ]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("what", "given", "words"),
    [
        (["2012Q3", "North Bay", "arrests"], {}, '"North Bay" is not a task force. Did you mean'),
        (["2012Q3", NORTH_BAY, "arests"], {}, 'Did you mean "arrests"?'),
        (["2012Q3", NORTH_BAY, "people trained"], {}, "people trained, all: no count is held"),
        (["2012Q4", NORTH_BAY, "arrests"], {}, "no count is held"),
        (["2012Q3", SAN_DIEGO, "arrests"], {}, "it was withdrawn on 2012-12-01 already: sent for another quarter."),
        (["2012Q3", NORTH_BAY, "arrests"], {"reason": " "}, "A withdrawal needs a reason in words"),
        (["2012Q3", NORTH_BAY, "arrests"], {"as_of": "2012-10-30"}, "2012-10-30 is before the count became known"),
        (["2012Q3", NORTH_BAY, "arrests"], {"as_of": "2100-01-01"}, "2100-01-01 is in the future"),
        (["2012Q3", NORTH_BAY], {}, f"{NAME_ONE}; a name of several words in quotation marks."),
        (["none.csv"], {}, "none.csv"),
    ],
)
def test_what_cannot_be_withdrawn_is_refused_in_one_line(tmp_path, capsys, what, given, words):
    add(capsys, tmp_path, line(20), line(30, SAN_DIEGO))
    withdraw(capsys, "2012Q3", SAN_DIEGO, "arrests")
    before = store.fingerprint()
    assert words in withdraw(capsys, *what, code=1, **given)
    assert store.fingerprint() == before


@pytest.mark.usefixtures("home")
def test_all_that_a_wrong_file_gave_is_withdrawn_at_once_but_what_was_revised_since(tmp_path, capsys):
    wrong = [line(20), line(30, SAN_DIEGO), line(8, measure="people trained")]
    path = write(tmp_path, *wrong, name="wrong.csv")
    assert run(capsys, "add", str(path))[0] == 0
    add(capsys, tmp_path, line(21, as_of="2012-11-15"))
    assert "2 counts" in withdraw(capsys, str(path))
    assert cell() == ["count", 21] and cell(SAN_DIEGO)[0] == "not returned"
    assert "none of its counts holds" in withdraw(capsys, str(path), code=1)
    # What is sent again as it was is told to be withdrawn, and so is what is older.
    code, _, err = run(capsys, "check", str(path))
    assert code == 0 and "held already (2 counts), and withdrawn on 2012-12-01: sent for another quarter." in err
    code, _, err = run(capsys, "check", str(write(tmp_path, line(31, SAN_DIEGO, as_of="2012-11-30"))))
    assert code == 1 and "withdrawn on 2012-12-01: sent for another quarter. Write a later as_of" in err


@pytest.mark.usefixtures("home")
def test_the_reason_is_told_to_staff_alone(tmp_path, capsys):
    add(capsys, tmp_path, line(20))
    withdraw(capsys, "2012Q3", NORTH_BAY, "arrests", reason='a "test", by mistake')
    seen = view_returns("latest", "internal").remarks["remark"].tolist()
    assert seen == ['withdrawn on 2012-12-01: a "test", by mistake'] and store.check_store() == []
    public = view_returns("latest", "public")
    assert public.remarks.empty and public.versions.empty and "mistake" not in str(public)
    code, out, _ = run(capsys, "check", str(write(tmp_path, line(26, as_of="2012-12-20"))))
    assert code == 0 and f'- 2012Q3 {NORTH_BAY}, arrests, all: 26; before: a "test", by mistake' in out.splitlines()
    assert "would fail" not in out


@pytest.mark.usefixtures("home")
def test_what_was_withdrawn_or_contradicts_itself_is_told_apart_from_revisions(tmp_path, capsys):
    nine = [line(40 + place, name) for place, name in enumerate(ht.load("task_forces")["task_force"])]
    add(capsys, tmp_path, *nine, *[row.replace("arrests", "people trained") for row in nine])
    withdraw(capsys, "2012Q3", NORTH_BAY, "arrests", reason="of another county")
    path = write(tmp_path, line(999, "Statewide", measure="people trained", as_of="2012-12-05"))
    lines = run(capsys, "check", str(path))[1].splitlines()
    place = lines.index("Counts of the state no longer known: 1")
    assert lines[place + 1] == "- 2012Q3 people trained: 396"
    told, days = {}, [{"quarter": "2012Q3", "as_of": day} for day in ("2012-11-30", "2012-12-01")]
    for audience in ("internal", "public"):
        wanted = SimpleNamespace(audience=audience)
        plan = SimpleNamespace(last={"parameters": days[0], "findings": []}, parameters=days[1], wanted=wanted, done={})
        plan.moved = _compare_returns(plan)
        shown = _tell_changes(_find_changes(plan, []))
        assert not shown["revisions"]["rows"]
        told[audience] = shown["gone"]["rows"]
    (count,) = (int(row.split(",")[5]) for row in nine if NORTH_BAY in row)
    plan.parameters = days[0]  # Nothing was withdrawn by then.
    plan.moved = _compare_returns(plan)
    assert not _tell_changes(_find_changes(plan, []))["gone"]["rows"]
    state = ["2012Q3", "all task forces", "arrests", "all", 396, _GONE]
    assert told["public"] == [state]
    why = "withdrawn on 2012-12-01: of another county"
    assert told["internal"] == [["2012Q3", NORTH_BAY, "arrests", "all", count, why], state]


@pytest.mark.usefixtures("home")
def test_a_quarter_of_which_all_was_withdrawn_is_not_held(tmp_path, capsys):
    add(capsys, tmp_path, line(20))
    assert str(last_quarter()) == "2012Q3"
    withdraw(capsys, "2012Q3", NORTH_BAY, "arrests")
    assert str(last_quarter()) == "2012Q2" and known_day() == "2012-12-01"
    assert str(last_quarter("2012-11-30")) == "2012Q3" and ht.load_returns(audience="public").empty
    assert run(capsys, "data", "returns", "--as-of", "latest")[1].count("\n") == 1
    assert run(capsys, "data", "returns", "--as-of", "2012-11-30")[1].count("\n") == 2


# Months


def test_months_and_the_return_of_the_quarter_replace_each_other_as_they_become_known():
    days = [(date(2012, month, 1), date(2012, month, last)) for month, last in ((7, 31), (8, 31), (9, 30))]

    def hold(*given):
        numbered = enumerate(given)
        versions = [Version(date(2012, 10, day), place, *ends, count) for place, (ends, count, day) in numbered]
        return tuple(add_up(choose_versions(versions)))

    july, august, september = days
    quarter = (july[0], september[1])
    months = [(july, 5, 10), (august, 6, 10), (september, 7, 10)]
    assert hold(*months[:2]) == (None, 11, 2) and hold(*months) == (18, 18, 3)
    assert hold(*months, (august, 9, 11)) == (21, 21, 3)
    assert hold(*months, (quarter, 30, 11)) == (30, 30, 0) == hold((quarter, 30, 11), *months)
    assert hold((quarter, 30, 9), *months[:2]) == (30, 30, 0) and hold((quarter, 30, 9), *months) == (18, 18, 3)
    assert hold(*months, (quarter, 30, 11), (july, 6, 12)) == (30, 30, 0)
    assert hold(months[0], months[2]) == (None, 12, 2)
    own = [((date(2012, 7, 16), date(2012, 8, 15)), 1, 1), ((date(2012, 8, 16), date(2012, 9, 15)), 2, 1)]
    assert hold(*own, ((date(2012, 9, 16), date(2012, 10, 15)), 3, 20)) == (6, 6, 3)
    two = (date(2012, 7, 1), date(2012, 8, 31))
    assert hold((two, 12, 10), months[2]) == (19, 19, 2)


@pytest.mark.usefixtures("home")
def test_months_wait_for_the_last_and_are_then_added_up(tmp_path, capsys):
    add(capsys, tmp_path, line(5, period=JULY, as_of="2012-08-10"), line(6, period=AUGUST, as_of="2012-09-10"))
    assert cell() == ["at least 11", 11] and cell(as_of="2012-08-31") == ["at least 5", 5]
    waits = f"{NORTH_BAY}, arrests: 2 of 3 months of 2012Q3 are held; the count waits for September 2012"
    assert waits in run(capsys, "quarters")[1] and "in part: North Bay" in run(capsys, "quarters")[1]
    totals = ht.total_returns(audience="internal").iloc[0]
    assert pd.isna(totals["count"]) and totals[["low", "returned", "partly"]].tolist() == [11, 0, 1]
    assert ht.total_returns()[["count", "low", "high"]].isna().all(axis=None)
    add(capsys, tmp_path, line(7, period=SEPTEMBER, as_of="2012-10-10"))
    assert cell() == ["sum of monthly returns", 18] and cell(as_of="2012-10-09") == ["at least 11", 11]
    table = ht.tell_counts(pd.PeriodIndex([QUARTER]), audience="internal").frame.set_index("task_force")
    assert table.loc[NORTH_BAY, ["arrests", "basis"]].tolist() == ["18", "computed"]
    remarks = ht.list_remarks(pd.PeriodIndex([QUARTER]), audience="internal").frame
    assert remarks[["remark", "basis"]].to_numpy().tolist() == [["sum of monthly returns: 5 + 6 + 7", "computed"]]
    # One month is revised, and what is printed is a return of months again.
    add(capsys, tmp_path, line(9, period=AUGUST, as_of="2012-11-10"))
    assert cell() == ["sum of monthly returns", 21] and waits not in run(capsys, "quarters")[1]
    out = run(capsys, "data", "returns", "--as-of", "latest")[1]
    assert [row.split(",")[5] for row in out.splitlines()[1:]] == ["5", "9", "7"]
    (tmp_path / "again.csv").write_text(out, encoding="utf-8")
    assert "there is no new count" in run(capsys, "add", str(tmp_path / "again.csv"))[1]
    withdraw(capsys, "2012Q3", NORTH_BAY, "arrests")
    assert cell() == [] and run(capsys, "data", "returns", "--as-of", "latest")[1].count("\n") == 1


@pytest.mark.usefixtures("home")
def test_one_notice_for_a_task_force_says_for_which_month_its_counts_wait(tmp_path, capsys):
    measures = ("arrests", "people trained", "victims served")
    rows = [line(5, period=period, measure=measure) for period in (JULY, AUGUST) for measure in measures]
    own = [line(5, RIVERSIDE, "2012-07-16,2012-08-15", measure) for measure in measures]
    code, _, err = run(capsys, "check", str(write(tmp_path, *rows, *own)))
    waiting = [text for text in err.splitlines() if "months" in text]
    assert "would fail" not in run(capsys, "check", str(tmp_path / "a.csv"))[1]
    assert code == 0 and [text.partition("period_start: ")[2] for text in waiting] == [
        f"{NORTH_BAY}: 2 of 3 months of 2012Q3 are held; the count waits for September 2012.",
        f"{RIVERSIDE}: 1 of 3 months of 2012Q3 is held; the count waits for 2012-08-16 to 2012-09-15 and 2012-09-16 to "
        "2012-10-15.",
    ]
    replaced = f"{NORTH_BAY}: the return of 2012Q3 replaces those of its months, which came with it."
    assert replaced in run(capsys, "check", str(write(tmp_path, *rows, line(20))))[2]
    add(capsys, tmp_path, *rows)
    code, _, err = run(capsys, "check", str(write(tmp_path, line(20, as_of="2012-12-01"))))
    assert code == 0 and "the return of 2012Q3 replaces those of its months, which are held" in err
    code, _, err = run(capsys, "check", str(write(tmp_path, line(4, period="2012-07-16,2012-08-15"))))
    assert code == 1 and "shares days with 2012-08-01 to 2012-08-31, what is held. Correct it, or withdraw" in err


def test_a_sum_of_months_is_compared_with_other_quarters(tmp_path):
    rows = [line(count, period=period) for count, period in ((90, JULY), (80, AUGUST), (70, SEPTEMBER))]
    held = store._parse(()).assign(withdrawn="")
    before = write(tmp_path, line(20, period="2012-04-01,2012-06-30", as_of="2012-07-31"), *rows)
    told = [str(problem) for problem in check_files([before], held, TODAY).problems]
    assert any("240 is over 5 times the last count, 20 in 2012Q2" in text for text in told)


# What the public is shown


def fill(tmp_path, capsys, *additions):
    """Add counts of task forces, addition by addition, each with its day."""
    for counts, day in additions:
        add(capsys, tmp_path, *[line(count, name, as_of=day) for name, count in counts.items()])


def total(as_of="latest"):
    found = ht.total_returns(as_of)
    return found["count"].iloc[0] if len(found) else None


NAMES = ht.load("task_forces")["task_force"].tolist()
LARGE = dict(zip(NAMES, (500, 800, 400, 900, 1000, 300, 600, 700, 200), strict=True))


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("again", "shown"), [(450, True), (1, False)])
def test_a_withdrawn_count_hides_the_sum_and_its_next_value_is_a_revision(tmp_path, capsys, again, shown):
    small = dict(zip(NAMES, (12, 100, 6, 6, 0, 0, 0, 0, 0), strict=True)) if not shown else LARGE
    fill(tmp_path, capsys, (small, "2012-10-31"))
    assert total() == sum(small.values())
    withdraw(capsys, "2012Q3", NAMES[0], "arrests")
    assert pd.isna(total()) and total("2012-11-30") == sum(small.values())
    fill(tmp_path, capsys, ({NAMES[0]: again}, "2012-12-20"))
    assert pd.isna(total("2012-12-19"))
    assert (total() == sum(small.values()) - small[NAMES[0]] + again) if shown else pd.isna(total())
    values = [(each.count, each.batch) for each in list_values(read_versions()) if each.task_force == NAMES[0]]
    assert values == [(small[NAMES[0]], 1), (again, 3)]


@pytest.mark.usefixtures("home")
def test_a_types_sum_that_counts_once_all_was_withdrawn_is_a_value_of_the_count(tmp_path, capsys):
    types = [line(count, kind=kind) for kind, count in (("sex", 3), ("labor", 2), ("other", 0))]
    add(capsys, tmp_path, line(30), *types)
    withdraw(capsys, "2012Q3", NORTH_BAY, "arrests")
    assert cell() == ["count", 5]
    values = [(each.count, each.batch) for each in list_values(read_versions()) if each.trafficking_type == "all"]
    assert values == [(30, 1), (5, 2)]


@pytest.mark.usefixtures("home")
def test_a_sum_with_months_tells_no_count_and_no_sum_of_some_months(tmp_path, capsys):
    july = dict(zip(NAMES, (30, 25, 20), strict=False))
    rows = [line(count, name, JULY, as_of="2012-08-10") for name, count in july.items()]
    add(capsys, tmp_path, *rows)
    assert pd.isna(total()) and set(ht.load_returns()["shown"]) == {"returned in part", "not returned"}
    later = [line(count, name, AUGUST, as_of="2012-09-10") for name, count in july.items()]
    add(capsys, tmp_path, *later)
    others = dict.fromkeys(NAMES[3:], 20)
    last = [line(count, name, SEPTEMBER, as_of="2012-10-10") for name, count in july.items()]
    add(capsys, tmp_path, *last, *[line(count, name, as_of="2012-10-10") for name, count in others.items()])
    assert total() == 3 * 75 + 6 * 20 and pd.isna(total("2012-10-09"))
    # One month is revised, one that was known late comes in its place, and a return of the quarter replaces all three.
    add(capsys, tmp_path, line(10, NAMES[0], AUGUST, as_of="2012-11-10"))
    add(capsys, tmp_path, line(8, NAMES[0], JULY, as_of="2012-10-20"), line(70, NAMES[1], as_of="2012-12-01"))
    assert [total(day) for day in ("2012-10-10", "2012-10-20", "2012-11-10", "latest")] == [345, 323, 303, 298]
    values = [*list_values(read_versions())]
    first = [(each.batch, each.count) for each in values if each.task_force == NAMES[0]]
    assert sorted(first) == [(3, 90), (4, 70), (5, 48), (5, 68)]
    told = attrgetter("batch", "task_force", "trafficking_type", "count", "as_of")
    history = History({QUARTER: sorted(map(told, values))}, frozenset(NAMES))
    assert find_told(history, None, np.random.default_rng(0)) == {}
    assert find_told(history, NAMES[3], np.random.default_rng(0)) == {}


# Stopped at every step


@pytest.mark.skipif(store.os.name != "posix", reason="no kill -9 elsewhere")
def test_killed_at_any_write_a_count_is_withdrawn_or_not(tmp_path, monkeypatch):
    def take_back():
        with store.locked():
            held = store.read_store()
            names = [NORTH_BAY, "arrests", "all"]
            store.append(withdraw_count(held, QUARTER, names, "a test, by mistake", date(2012, 12, 1)))

    for name in ("report", "reference", "register.csv", "datapackage.json"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).symlink_to(settings.HOME / "data" / name)
    checked = check_files([write(tmp_path, line(20), line(30, SAN_DIEGO))], store._parse(()), TODAY)
    seen = []
    for step in range(60):
        shutil.rmtree(tmp_path / "data" / "quarters", ignore_errors=True)
        monkeypatch.setattr(settings, "HOME", tmp_path)
        with store.locked():
            store.append(checked.rows)
        code = run_killed(take_back, tmp_path, step)
        counts = [known.count for known in count_known(read_versions())]
        seen.append((code, counts))
        assert counts in ([20, 30], [None, 30]) and store.check_store() == []
        with store.locked():  # What was stopped half way goes on.
            assert store.require_untouched() is None
        if code == 0:
            break
    assert seen[0] == (-9, [20, 30]) and seen[-1] == (0, [None, 30]) and (-9, [None, 30]) in seen


@pytest.mark.usefixtures("home")
def test_of_two_who_withdraw_the_same_at_once_one_is_refused(tmp_path, capsys):
    add(capsys, tmp_path, line(20))
    code = "import sys; from htanalysis import cli; sys.exit(cli.main(sys.argv[1:]))"
    given = ["withdraw", "2012Q3", NORTH_BAY, "arrests", "--reason", "twice"]
    environment = os.environ | {"HTANALYSIS_HOME": str(settings.HOME)}
    both = [subprocess.Popen([sys.executable, "-c", code, *given], env=environment) for _ in range(2)]
    assert sorted(each.wait() for each in both) == [0, 1]
    assert len(store.read_store()) == 2 and store.check_store() == []
