"""The register of task forces: who reports, from when to when and under which names, as known on a day."""

import random
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from conftest import run_killed

import htanalysis as ht
from htanalysis.cli import main
from htanalysis.data import resource
from htanalysis.report.pages import _read_rows
from htanalysis.returns import store
from htanalysis.returns.checks import check_files
from htanalysis.returns.records import append_record, load_records
from htanalysis.returns.register import find_names, list_reporting, name_forces, read_times
from htanalysis.returns.sheets import COLUMNS

NINE = sorted(list_reporting(pd.Period("2012Q3")))
RIVERSIDE = "Riverside County Anti-Human Trafficking Task Force"
FRESNO, KERN = "Fresno Coalition Against Human Trafficking", "Kern County Human Trafficking Task Force"


@pytest.fixture(autouse=True)
def home(home, monkeypatch):
    monkeypatch.setenv("HTANALYSIS_HOME", str(home))
    return home


def run(*typed):
    return main(["register", *typed])


def write(home: Path, quarter: str, names, count=40, day=None, measure="arrests") -> Path:
    """Write a return of some task forces as a file."""
    period = pd.Period(quarter)
    start, end = period.start_time.date(), period.end_time.date()
    day = day or (period.end_time + pd.Timedelta(days=30)).date()
    rows = [(start, end, name, measure, "all", count + place, day) for place, name in enumerate(sorted(names))]
    path = home / f"{quarter}-{day}-{measure}.csv"
    pd.DataFrame(rows, columns=[*COLUMNS]).to_csv(path, index=False)
    return path


def add(*given, **options):
    assert main(["add", str(write(*given, **options))]) == 0


def withdraw():
    typed = ["2012Q4", FRESNO, "arrests", "--reason", "counted for another", "--as-of", "2013-02-20"]
    assert main(["withdraw", *typed]) == 0


def total(quarter, audience="public", as_of="latest"):
    totals = ht.total_returns(as_of, audience)
    rows = totals[totals["quarter"].eq(pd.Period(quarter)) & totals["measure"].eq("arrests")]
    return rows.set_index("trafficking_type")["count"].get("all")


def test_a_task_force_joins_ends_and_is_renamed_and_each_day_keeps_what_it_knew(capsys):
    assert run("add", KERN, "--from", "2012Q3", "--county", "Kern", "--also", "Kern HTTF", "--as-of", "2012-09-01") == 0
    assert run("close", "fresno CAHT", "--until", "2013Q1", "--as-of", "2013-04-02") == 0
    assert run("rename", "Kern HTTF", "Kern Task Force", "--as-of", "2013-05-02") == 0
    told = capsys.readouterr().out.splitlines()
    assert told == [
        f"{KERN} reports from 2012Q3 on, as known from 2012-09-01 on.",
        f"{FRESNO} reports until 2013Q1, as known from 2013-04-02 on. htanalysis register shows it.",
        f"{KERN} is Kern Task Force from 2013-05-02 on. Returns may use both names.",
    ]
    sizes = {
        (quarter, day): len(list_reporting(pd.Period(quarter), day))
        for quarter in ("2012Q2", "2012Q3", "2013Q2")
        for day in ("2012-08-31", "2012-09-01", "2013-04-02")
    }
    assert [*sizes.values()] == [9, 9, 9, 9, 10, 10, 9, 10, 9]
    assert name_forces("2013-05-01")[KERN] == KERN and name_forces()[KERN] == "Kern Task Force"
    names = find_names()
    assert {names[name] for name in ("kern httf", "kern task force", KERN.casefold())} == {KERN}
    assert run("--as-of", "2013-04-30") == 0
    shown = capsys.readouterr().out
    assert "Kern Task Force" not in shown and f"{FRESNO}\n    reports from 2010Q3 until 2013Q1\n" in shown


REFUSED = [
    (("add", "north bay  httf", "--from", "2013Q1"), "is a name of North Bay Human Trafficking Task Force. Choose"),
    (("add", "Task Force North Bay Human Trafficking", "--from", "2013Q1"), "nearly the same as"),
    (("add", "Frezno Coalition against Human Traficking", "--from", "2013Q1"), "nearly the same as"),
    (("add", "Statewide", "--from", "2013Q1"), "would be taken for all task forces together"),
    (("add", "Total of all", "--from", "2013Q1"), "would be taken for all task forces together"),
    (("add", "=1+1", "--from", "2013Q1"), "cannot be a name"),
    (("add", KERN, "--from", "2013Q1", "--county", "Kernn"), '"Kernn" is not a county. Did you mean "Kern"?'),
    (("add", KERN, "--from", "2013Q1", "--until", "2012Q4"), "reports from 2013Q1 on, and 2012Q4 is before"),
    (("add", KERN, "--from", "2013Q1", "--as-of", "2999-01-01"), "2999-01-01 is in the future"),
    (("close", "Fresno", "--until", "2013Q1"), f'is not a task force of the register. Did you mean "{FRESNO}"?'),
    (("close", FRESNO, "--until", "2010Q1"), "reports from 2010Q3 on, and 2010Q1 is before"),
    (("close", FRESNO, "--until", "2012Q2"), "returned counts of 2012Q3. Close it with 2012Q3 or later"),
    (("change", FRESNO), "Say what changes"),
    (("change", FRESNO, "--county", "Fresnoo"), '"Fresnoo" is not a county. Did you mean "Fresno"?'),
    (("change", FRESNO, "--also", "OC HTTF"), "is a name of Orange County Human Trafficking Task Force. Choose"),
    (("change", FRESNO, "--from", "2013Q1"), "returned counts of 2012Q3. Let it report from 2012Q3 or earlier on"),
    (("rename", FRESNO, "OC HTTF"), "is a name of Orange County Human Trafficking Task Force. Choose"),
    (("rename", FRESNO, FRESNO), "is its name already"),
    (("add", FRESNO, "--from", "2013Q1"), f'"{FRESNO}" is in the register already. htanalysis register shows it.'),
    (("close", FRESNO, "--until", "2013Q1", "--as-of", "latest"), '"latest" is not a day. Write it as YYYY-MM-DD.'),
    (("close", FRESNO, "--until", "2013Q1", "--as-of", "report"), '"report" is not a day. Write it as YYYY-MM-DD.'),
    (("change", FRESNO, "--also", "fresno  caht"), "That is what is known of"),
    (("change", "Gold Team", "--not-also", "OLD TEAM"), "cannot be taken back from Gold Team. Its counts are stored"),
    (("change", "Old Team", "--not-also", "gold team"), "cannot be taken back from Gold Team. Rename it first."),
    (
        ("change", "Old Team", "--reopen", "--from", "2014Q1"),
        "until 2013Q1. If it comes back in 2014Q1, enter it anew",
    ),
    (("rename", FRESNO, "Old Team"), '"Old Team" is a name of Gold Team. Choose another name.'),
]


@pytest.mark.parametrize(("typed", "words"), REFUSED, ids=[f"{typed[0]} {typed[1]}" for typed, _ in REFUSED])
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_written(home, capsys, typed, words):
    add(home, "2012Q3", NINE)
    run("add", "Old Team", "--from", "2012Q4", "--until", "2013Q1")
    run("rename", "Old Team", "Gold Team")
    capsys.readouterr()
    before = (home / "data" / "register.csv").read_bytes()
    assert run(*typed) == 1
    told = capsys.readouterr()
    assert words in told.err and told.err.count("\n") == 1 and told.out == ""
    assert (home / "data" / "register.csv").read_bytes() == before


def test_what_is_known_of_a_task_force_cannot_change_before_it_was_known(capsys):
    run("close", FRESNO, "--until", "2013Q1", "--as-of", "2013-04-02")
    assert run("rename", FRESNO, "Fresno Task Force", "--as-of", "2013-04-01") == 1
    assert "holds from 2013-04-02 on" in capsys.readouterr().err


def test_a_count_that_was_withdrawn_keeps_no_task_force_from_ending(home):
    add(home, "2012Q4", [FRESNO])
    assert run("close", FRESNO, "--until", "2012Q3", "--as-of", "2013-03-01") == 1
    withdraw()
    assert run("close", FRESNO, "--until", "2012Q3", "--as-of", "2013-03-01") == 0


def test_one_that_has_ended_is_not_missing(home):
    run("close", FRESNO, "--until", "2012Q3", "--as-of", "2012-10-01")
    add(home, "2012Q4", set(NINE) - {FRESNO})
    reporters = ht.count_reporters("latest", "internal").set_index("quarter").loc[pd.Period("2012Q4")]
    assert reporters[["due", "reported", "missing"]].tolist() == [8, 8, ""]
    reporters = ht.count_reporters("latest")
    assert ht.tell_reporters(reporters.tail(1)).startswith("In 2012Q4 8 of 8 task forces reported")
    both = reporters.tail(2).assign(due=[9, 1], reported=[3, 1])
    assert ht.tell_reporters(both).startswith("In 2012Q3 to 2012Q4 3 of 9, later 1 of 1 task force reported")
    assert total("2012Q4") == total("2012Q4", "internal") == sum(range(40, 48))
    counts = ht.count_quarters().groupby("quarter")[["task_forces_reporting", "task_forces_next"]].first()
    assert counts.tail(3).to_numpy().tolist() == [[9, 9], [9, 8], [8, 8]]


def test_a_return_after_the_end_is_named(home):
    run("close", FRESNO, "--until", "2012Q3", "--as-of", "2012-10-01")
    told = check_files([write(home, "2012Q4", [FRESNO])], store.read_store(), date(2013, 6, 1)).problems
    assert [str(each).partition(": ")[2] for each in told if each.severity == "error"] == [
        f"{FRESNO} reports until 2012Q3, and 2012Q4 is after. Correct it or the period; htanalysis register shows who"
        " reports."
    ]


def test_returns_use_the_old_and_the_new_name_and_staff_read_the_new(home):
    run("rename", FRESNO, "Fresno Task Force", "--as-of", "2013-01-05")
    add(home, "2012Q4", ["Fresno Task Force"], count=40)
    add(home, "2013Q1", [FRESNO], count=50)
    assert set(store.read_store()["task_force"]) == {FRESNO}
    named = ht.count_reporters("latest", "internal").set_index("quarter")["returned_by"]
    assert [*named.tail(2)] == ["Fresno Task Force"] * 2
    assert ht.count_reporters("2013-01-04", "internal")["missing"].str.contains("Fresno Task Force").sum() == 0


def test_whatever_is_told_of_a_task_force_names_it_as_it_is_called_now(home, capsys):
    run("rename", FRESNO, "Gold  Team", "--as-of", "2012-10-05")
    run("rename", FRESNO, "gold team", "--as-of", "2012-10-05")
    assert load_records("register").set_index("name")["other_names"]["gold team"] == f"Fresno CAHT; {FRESNO}"
    run("close", "gold team", "--until", "2013Q1", "--as-of", "2012-10-06")
    period = "2012-10-01,2012-10-31,{},arrests,all,12,2012-11-30"
    months = home / "months.csv"
    months.write_text("\n".join([",".join(COLUMNS), period.format("Gold Team")]) + "\n", encoding="utf-8")
    add(home, "2012Q3", [FRESNO])
    more, later = write(home, "2012Q3", [FRESNO], 44, "2012-12-01"), write(home, "2013Q2", [FRESNO])
    withdraw = ["withdraw", "2012Q3", "Fresno CAHT", "arrests", "--reason", "twice", "--as-of"]
    capsys.readouterr()
    both = [str(more), str(months)]
    typed = (
        ["check", str(later)],
        ["check", *both],
        ["add", *both],
        [*withdraw, "2012-11-30"],
        [*withdraw, "2012-12-02"],
    )
    for each in (*typed, ["quarters"], ["quarters", "--revisions"]):
        main([*each])
    told = "".join(capsys.readouterr())
    assert FRESNO not in told
    for words in (
        "gold team reports until 2013Q1, and 2013Q2 is after",
        "gold team: 1 of 3 months of 2012Q4 is held; the count waits for November 2012 and December 2012.",
        "- 2012Q3 gold team, arrests, all: 40 becomes 44 (+4)",
        "2012Q3 gold team, arrests, all: 2012-11-30 is before the count became known",
        "        gold team, arrests: withdrawn on 2012-12-02: twice\n",
        "2012Q3 gold team, arrests, all: 40 (2012-10-30) became 44 (2012-12-01), +4\n",
    ):
        assert words in told
    shown = {*ht.tell_counts(ht.parse_period("2012Q4"), "latest", "internal").frame["task_force"]}
    assert shown == {*NINE} - {FRESNO} | {"gold team"}


def test_who_joined_the_quarters_of_the_2012_report_is_not_counted_by_it(capsys):
    run("add", KERN, "--from", "2012Q2", "--as-of", "2012-07-01")
    reporters = ht.count_reporters().set_index("quarter").loc[pd.Period("2012Q2")]
    assert reporters[["due", "reported", "full", "by_report", "missing"]].tolist() == [10, 9, 9, True, KERN]
    capsys.readouterr()
    main(["quarters"])
    said = f"2012Q2  3 of 5 counts known, 9 of 10 task forces reported\n        missing: {KERN}\n"
    assert capsys.readouterr().out.endswith(said)


def test_a_report_as_of_a_day_shows_no_record_of_a_later_one():
    run("close", FRESNO, "--until", "2013Q1", "--as-of", "2013-04-02")
    entry = resource("register")
    rows = {day: _read_rows(entry, day)["rows"] for day in ("report", "2013-04-01", "2013-04-02")}
    assert [len(each) for each in rows.values()] == [9, 9, 10] and rows["2013-04-02"][-1][0] == "2013-04-02"


def test_check_and_the_reports_use_the_name_of_their_day(home):
    run("rename", FRESNO, "Fresno Task Force", "--as-of", "2013-01-05")
    told = check_files([write(home, "2012Q4", ["Fresno Task Force"])], store.read_store(), date(2013, 6, 1))
    assert told.problems == []
    told = check_files([write(home, "2012Q4", ["Fresno CAHT"])], store.read_store(), date(2013, 6, 1))
    assert [str(each) for each in told.problems] == [
        '2012Q4-2013-01-30-arrests.csv, row 2, task_force: "Fresno CAHT" is taken as "Fresno Task Force".'
    ]
    add(home, "2012Q4", [FRESNO], day="2013-01-03")
    named = [ht.count_reporters(day)["returned_by"].iloc[-1] for day in ("2013-01-04", "2013-01-05")]
    assert named == [FRESNO, "Fresno Task Force"]


def test_periods_of_its_own_are_odd_in_no_task_force_of_which_the_register_says_so(home):
    rows = "2012-07-16,2012-10-15,{},arrests,all,12,2012-10-31"
    path = home / "shifted.csv"
    path.write_text("\n".join([",".join(COLUMNS), *map(rows.format, (RIVERSIDE, FRESNO))]) + "\n", encoding="utf-8")
    checked = check_files([path], store.read_store(), date(2013, 6, 1))
    assert [str(each) for each in checked.problems] == [
        f"shifted.csv, row 3, period_start: {FRESNO}: 2012-07-16 to 2012-10-15 is not 2012Q3, in which it counts."
        " Ask whether it is right."
    ]
    assert {str(quarter) for quarter in checked.rows["quarter"]} == {"2012Q3"} and len(checked.rows) == 2


def test_what_else_is_known_is_changed_from_a_day_on(home, capsys):
    run("close", FRESNO, "--until", "2012Q3", "--as-of", "2012-10-02")
    typed = ["change", "Fresno CAHT", "--county", "Kern", "--periods", "from the 16th on", "--also", "Fresno TF"]
    assert run(*typed, "--reopen", "--from", "2011Q1", "--as-of", "2013-01-05") == 0
    path = write(home, "2012Q4", ["Fresno TF"])
    assert check_files([path], store.read_store(), date(2013, 6, 1)).rows["task_force"].tolist() == [FRESNO]
    capsys.readouterr()
    run("--as-of", "2013-01-04")
    before = capsys.readouterr().out
    run()
    own = [shown.split(FRESNO)[1].split("\nLos")[0] for shown in (before, capsys.readouterr().out)]
    assert own[0] == ("\n    reports from 2010Q3 until 2012Q3\n    other names: Fresno CAHT\n    home county: Fresno")
    assert own[1] == (
        "\n    reports from 2011Q1 on\n    other names: Fresno CAHT; Fresno TF\n    home county: Kern"
        "\n    own periods: from the 16th on"
    )
    # A name that belongs to another one is taken back, and may be the other's from then on.
    assert run("change", FRESNO, "--not-also", "fresno  tf", "--as-of", "2013-01-20") == 0
    assert (
        check_files([path], store.read_store(), date(2013, 6, 1)).problems[0].message.startswith('"Fresno TF" is not a')
    )
    assert (
        load_records("register", "2013-01-19").set_index("task_force")["other_names"][FRESNO]
        == "Fresno CAHT; Fresno TF"
    )
    assert run("change", RIVERSIDE, "--also", "Fresno TF") == 0
    assert check_files([path], store.read_store(), date(2013, 6, 1)).rows["task_force"].tolist() == [RIVERSIDE]
    assert run("change", FRESNO, "--not-also", "Fresno TF") == 1
    assert capsys.readouterr().err.endswith(
        f'{FRESNO} has no other name "Fresno TF", but Fresno CAHT. htanalysis register shows them.\n'
    )
    assert run("change", FRESNO, "--county", "", "--periods", "") == 0
    capsys.readouterr()
    run()
    assert "periods" not in capsys.readouterr().out.split(FRESNO)[1].split("\nLos")[0]
    assert run("change", FRESNO, "--reopen") == 1
    assert "That is what is known of" in capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_a_task_force_without_a_county_is_entered_as_the_help_says():
    assert run("add", KERN, "--from", "2012Q3", "--county", "", "--periods", "") == 0
    row = load_records("register").set_index("task_force").loc[KERN]
    assert row[["home_county", "periods", "reports_until"]].isna().all() and row["reports_from"] == pd.Period("2012Q3")


def test_of_two_who_add_the_same_task_force_at_once_one_is_refused():
    code = f"from htanalysis.cli import main; raise SystemExit(main(['register', 'add', {KERN!r}, '--from', '2012Q3']))"
    both = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [each.communicate()[1] for each in both]
    assert sorted(each.returncode for each in both) == [0, 1] and "is in the register already" in "".join(told)
    assert load_records("register")["task_force"].tolist().count(KERN) == 1


# What the public may see


def test_an_end_that_is_told_late_makes_a_total_whole_where_none_was_shown(home):
    add(home, "2012Q3", NINE)
    add(home, "2012Q4", set(NINE) - {FRESNO})
    assert total("2012Q3") == sum(range(40, 49)) and pd.isna(total("2012Q4"))
    run("close", FRESNO, "--until", "2012Q3", "--as-of", "2013-03-01")
    assert total("2012Q3") == sum(range(40, 49)) and total("2012Q4") == sum(range(40, 48))
    assert pd.isna(total("2012Q4", as_of="2013-02-28")) and total("2012Q3", as_of="2013-02-28") == sum(range(40, 49))


def test_an_end_that_is_told_after_a_statewide_return_was_published_leaves_no_difference(home):
    add(home, "2012Q4", ["Statewide"], count=400)
    assert total("2012Q4") == 400
    run("close", FRESNO, "--until", "2012Q3", "--as-of", "2013-03-01")
    add(home, "2012Q4", set(NINE) - {FRESNO}, day="2013-03-02")
    for day in ("2013-02-28", "2013-03-01", "2013-03-02", "latest"):
        assert pd.isna(total("2012Q4", as_of=day))
    assert [total("2012Q4", "internal", day) for day in ("2013-02-28", "2013-03-01")] == [400, 400]


@pytest.mark.parametrize("typed", [["close", FRESNO, "--until", "2012Q3"], ["change", FRESNO, "--from", "2013Q1"]])
def test_a_count_that_was_published_in_a_sum_and_withdrawn_is_told_by_no_end_and_no_beginning(home, typed):
    add(home, "2012Q4", NINE)
    assert total("2012Q4") == sum(range(40, 49))
    withdraw()
    assert run(*typed, "--as-of", "2013-03-01") == 0
    assert total("2012Q4", "internal") == sum(range(40, 49)) - 41
    assert all(pd.isna(total("2012Q4", as_of=day)) for day in ("2013-01-30", "2013-02-20", "latest"))


def test_one_more_in_a_quarter_that_was_published_cannot_be_computed_from_two_sums(home):
    add(home, "2012Q3", NINE)
    before = total("2012Q3")
    run("add", KERN, "--from", "2012Q3", "--as-of", "2012-11-15")
    add(home, "2012Q3", [KERN], count=3, day="2012-11-16")
    assert before == sum(range(40, 49)) and total("2012Q3", "internal") == before + 3
    assert pd.isna(total("2012Q3")) and pd.isna(total("2012Q3", as_of="2012-11-01"))


def test_a_day_before_a_task_force_was_known_shows_no_sum_without_it(home):
    run("add", KERN, "--from", "2012Q3", "--as-of", "2012-11-15")
    files = write(home, "2012Q3", NINE, day="2012-10-31"), write(home, "2012Q3", [KERN], count=3, day="2012-11-16")
    assert main(["add", *map(str, files)]) == 0
    assert total("2012Q3") == sum(range(40, 49)) + 3 and pd.isna(total("2012Q3", as_of="2012-10-31"))
    assert total("2012Q3", "internal", "2012-10-31") == sum(range(40, 49))


def test_the_report_published_its_own_quarters(home):
    run("add", KERN, "--from", "2012Q2", "--as-of", "2012-11-15")
    add(home, "2012Q2", [*NINE, KERN], day="2012-11-16")
    add(home, "2010Q3", list_reporting(pd.Period("2010Q3")), day="2012-11-16")
    assert total("2012Q2", "internal") == sum(range(40, 50)) and pd.isna(total("2012Q2"))
    assert total("2010Q3") == sum(range(40, 48))


def test_an_end_that_is_taken_back_uncovers_nothing(home):
    run("close", FRESNO, "--until", "2012Q3", "--as-of", "2012-10-01")
    add(home, "2012Q4", set(NINE) - {FRESNO})
    run("close", FRESNO, "--until", "2013Q4", "--as-of", "2013-02-20")
    add(home, "2012Q4", [FRESNO], count=2, day="2013-02-21")
    assert pd.isna(total("2012Q4"))


def test_a_change_that_was_written_by_hand_is_taken_as_the_last(home):
    add(home, "2012Q3", NINE)
    row = f"2012-10-01,{KERN},{KERN},2012Q3,,,,,\n"
    path = home / "data" / "register.csv"
    path.write_text(path.read_text(encoding="utf-8") + row, encoding="utf-8")
    add(home, "2012Q3", [KERN], count=3, day="2012-11-16")
    assert pd.isna(total("2012Q3"))


def test_another_name_changes_no_sum(home):
    add(home, "2012Q3", NINE)
    run("rename", FRESNO, "Fresno Task Force", "--as-of", "2012-11-15")
    assert total("2012Q3") == total("2012Q3", as_of="2012-11-01") == sum(range(40, 49))


@pytest.mark.parametrize("seed", range(4))
def test_all_sums_that_were_ever_shown_of_a_quarter_count_the_same_task_forces(home, seed):
    """Ends, beginnings and late returns in any order; an attacker keeps every report as of every day."""
    draw, shown, days = random.Random(seed), {}, ["latest"]
    quarters = [str(quarter) for quarter in pd.period_range("2012Q2", "2013Q1", freq="Q")]
    for day in pd.date_range("2013-05-01", periods=8).strftime("%Y-%m-%d"):
        quarter, known = draw.choice(quarters), [name for name, *_ in read_times()]
        due = sorted(list_reporting(pd.Period(quarter)))
        match draw.choice(["return", "return", "some", "state", "end", "begin", "change"]):
            case "return":
                add(home, quarter, due, day=day)
            case "some":
                add(home, quarter, draw.sample(due, draw.randint(1, len(due))), day=day)
            case "state":
                add(home, quarter, ["Statewide"], count=450, day=day)
            case "end":
                run("close", draw.choice(known), "--until", draw.choice(quarters), "--as-of", day)
            case "change":
                way = draw.choice([["--reopen"], ["--from", draw.choice(quarters)]])
                run("change", draw.choice(known), *way, "--as-of", day)
            case "begin" if KERN not in known:
                run("add", KERN, "--from", draw.choice(quarters), "--as-of", day)
        days.append(day)
        for each in {"latest", *draw.sample(days, 2)}:
            totals = ht.total_returns(each).dropna(subset=["count"])
            for period in totals["quarter"]:
                shown.setdefault(period, set()).add(list_reporting(period, each))
    assert {len(sets) for sets in shown.values()} <= {1}


# The file


def test_a_row_that_was_written_by_hand_is_named_with_its_place(home):
    path = home / "data" / "register.csv"
    path.write_text(path.read_text(encoding="utf-8") + f"2012-13-01,{KERN},{KERN},2012Q3,,,,,\n", encoding="utf-8")
    with pytest.raises(ht.HtanalysisError, match=r'data/register.csv, row 11, as_of: "2012-13-01" is no day'):
        load_records("register")


def test_the_register_stays_readable_for_others_and_in_its_order(home, capsys):
    path = home / "data" / "register.csv"
    path.chmod(0o644)
    run("close", FRESNO, "--until", "2013Q1")
    assert path.stat().st_mode & 0o777 == 0o644
    capsys.readouterr()
    run()
    shown = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert shown == [*NINE]


def test_killed_at_any_write_the_register_is_as_before_or_as_after(home):
    path = home / "data" / "register.csv"
    row = {"as_of": "2012-09-01", "task_force": KERN, "name": KERN, "reports_from": "2012Q3"}
    before, codes, step = path.read_bytes(), [], 0
    while 0 not in codes:
        path.write_bytes(before)
        codes.append(run_killed(lambda: append_record("register", row), home / "data", step))
        after = path.read_bytes()
        assert after == before or (after.startswith(before) and after.count(b"\n") == before.count(b"\n") + 1)
        step += 1
    assert after != before and codes.count(-9) >= 3
