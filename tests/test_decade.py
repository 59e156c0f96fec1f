"""Ten years of an agency, quarter by quarter through staff's commands, against what the simulation knows by itself."""

import datetime
import re
from collections import defaultdict

import openpyxl
import pandas as pd
import pytest
from test_cli import run

import htanalysis as ht
from htanalysis import commands
from htanalysis.report import changes
from htanalysis.returns import withdrawals

FRESNO = "Fresno Coalition Against Human Trafficking"
LOS_ANGELES = "Los Angeles Metro Area Task Force on Human Trafficking"
NORTH_BAY, RIVERSIDE = "North Bay Human Trafficking Task Force", "Riverside County Anti-Human Trafficking Task Force"
SACRAMENTO, SAN_DIEGO = "Sacramento Innocence Lost Task Force", "San Diego North County Anti-Trafficking Task Force"
KERN, RENAMED = "Kern County Human Trafficking Task Force", "Sacramento Valley Regional Team"
ALIAS = "Southland Team"
ARRESTS, TRAINED, CERTIFIED = "arrests", "people trained", "victims certified"
QUARTERS = pd.period_range("2012Q3", "2022Q2", freq="Q")
REPORTED = ("2012Q3", "2016Q1", "2022Q2")
HEAD = "period_start,period_end,task_force,measure,trafficking_type,count,as_of"


class Agency:
    """What is true, in plain dictionaries: who reports, what is asked for, and each version of each count."""

    def __init__(self):
        self.register = defaultdict(list)  # by first name: day, name, first and last quarter
        for row in ht.load("task_forces").itertuples():
            self.register[row.task_force].append((datetime.date.min, row.task_force, pd.Period(row.reports_from), None))
        # Each with the spans of quarters of which it is asked for.
        self.asked = {name: [[pd.Period("2010Q3"), None]] for name in ht.load("task_force_totals")["measure"]}
        self.told = defaultdict(list)  # by quarter, first name and measure: day and count, None where it was withdrawn
        self.today = None

    def tell(self, quarter, name, measure, count, day=None):
        self.told[quarter, name, measure].append((day or self.today, count))

    def know(self, name, day=None):
        known = [entry for entry in self.register[name] if entry[0] <= (day or self.today)]
        return known[-1] if known else None

    def due(self, quarter, day=None):
        known = {name: self.know(name, day) for name in self.register}
        return {name for name, row in known.items() if row and row[2] <= quarter <= (row[3] or quarter)}

    def measures(self, quarter):
        return [
            name
            for name, spans in self.asked.items()
            if any(first <= quarter and not (last and last < quarter) for first, last in spans)
        ]

    def count(self, quarter, name, measure, day=None):
        """Give the last version that was known, by its day."""
        known = [row for row in self.told[quarter, name, measure] if row[0] <= (day or self.today)]
        return max(known, key=lambda row: row[0])[1] if known else None

    def total(self, quarter, measure, day=None):
        """Give the sum, where every task force has returned it, and what was returned at the least."""
        counts = [self.count(quarter, name, measure, day) for name in self.due(quarter, day)]
        known = [count for count in counts if count is not None]
        return (sum(known) if len(known) == len(counts) else None), sum(known)

    def draw(self, quarter, name, measure):
        """Give a count that follows from its place alone, large enough to be published."""
        place = quarter.ordinal * 7 + len(name) * 5 + len(measure) * 3
        if measure == CERTIFIED:  # a part of the victims identified
            return self.draw(quarter, name, "victims identified") // 2
        return 40 + place % 23 + (400 if measure == TRAINED else 0)


@pytest.fixture
def home(home, monkeypatch):
    """Work without previews, which have tests."""
    monkeypatch.setattr(changes, "preview", lambda *_: {})
    monkeypatch.setattr(changes, "tell", lambda _: [])
    return home


class Staff:
    """Types what staff type, on the days of the simulation."""

    def __init__(self, capsys, folder, agency):
        self.capsys, self.folder, self.agency = capsys, folder, agency

    def type(self, *words):
        code, out, err = run(self.capsys, *words)
        assert code == 0, (words, err)
        return out

    def fill(self, quarter, silent):
        """Fill in a quarter's template, but for the silent, and compare its rows with who is asked what."""
        agency, path = self.agency, self.folder / f"returns-{quarter}.xlsx"
        self.type("template", str(quarter).lower())
        book = openpyxl.load_workbook(path)
        sheet, called = book["Returns"], {agency.know(name)[1]: name for name in agency.due(quarter)}
        sheet["B3"].value, seen = agency.today, set()
        for row in sheet.iter_rows(min_row=5):
            if row[4].value == "all":
                name, measure = called[row[2].value], row[3].value
                seen.add((name, measure))
                if name not in silent:
                    row[5].value = agency.draw(quarter, name, measure)
                    agency.tell(quarter, name, measure, row[5].value)
        assert seen == {(name, measure) for name in agency.due(quarter) for measure in agency.measures(quarter)}
        book.save(path)
        return path

    def write(self, name, rows):
        path = self.folder / f"{name}.csv"
        path.write_text("\n".join([HEAD, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
        return path


def days(quarter):
    return quarter.start_time.date(), quarter.end_time.date()


def change_the_world(staff, agency, quarter):
    """Let happen what happens before the returns of a quarter come in."""
    match str(quarter):
        case "2013Q2":
            staff.type("register", "add", KERN, "--from", "2013Q2", "--county", "Kern")
            agency.register[KERN].append((agency.today, KERN, quarter, None))
        case "2013Q3":
            staff.type("correct", ARRESTS, "2010Q3:2012Q2", "1850", "--source", "letter of October 2013")
        case "2014Q3":
            staff.type("register", "rename", SACRAMENTO, RENAMED)
            agency.register[SACRAMENTO].append((agency.today, RENAMED, pd.Period("2010Q3"), None))
        case "2016Q1":
            staff.type("register", "close", NORTH_BAY, "--until", "2015Q4")
            agency.register[NORTH_BAY].append((agency.today, NORTH_BAY, pd.Period("2010Q3"), quarter - 1))
            text = ("--unit", "victims", "--definition", "Victims whom HHS certified.", "--from", "2016Q1")
            staff.type("measures", "add", CERTIFIED, *text, "--at-most", "victims identified")
            agency.asked[CERTIFIED] = [[quarter, None]]
        case "2018Q1":
            staff.type("register", "change", RIVERSIDE, "--also", ALIAS)
        case "2018Q2":  # It was the name of another one.
            staff.type("register", "change", RIVERSIDE, "--not-also", ALIAS)
            staff.type("register", "change", LOS_ANGELES, "--also", ALIAS)
        case "2019Q1":
            staff.type("measures", "drop", TRAINED, "--until", "2018Q4")
            agency.asked[TRAINED][-1][1] = quarter - 1
        case "2021Q1":
            staff.type("measures", "resume", TRAINED, "--from", "2021Q1")
            agency.asked[TRAINED].append([quarter, None])


def return_by_month(staff, agency, quarter):
    """Let San Diego return each month by itself."""
    rows = []
    for measure in agency.measures(quarter):
        parts = [agency.draw(quarter, SAN_DIEGO, measure) // 3, 11, 12]
        for month, count in zip(pd.period_range(*days(quarter), freq="M"), parts, strict=True):
            rows.append((*days(month), SAN_DIEGO, measure, "all", count, agency.today))
        agency.tell(quarter, SAN_DIEGO, measure, sum(parts))
    return staff.write(f"months-{quarter}", rows)


def return_late(staff, agency, quarter):
    """Let Riverside return the quarter before, and Los Angeles revise its arrests of then."""
    before, rows = quarter - 1, []
    for measure in agency.measures(before):
        if agency.count(before, RIVERSIDE, measure) is None:
            count = agency.draw(before, RIVERSIDE, measure)
            rows.append((*days(before), RIVERSIDE, measure, "all", count, agency.today))
            agency.tell(before, RIVERSIDE, measure, count)
    count = agency.count(before, LOS_ANGELES, ARRESTS) + 3
    name = ALIAS if quarter.year >= 2018 else LOS_ANGELES
    rows.append((*days(before), name, ARRESTS, "all", count, agency.today))
    agency.tell(before, LOS_ANGELES, ARRESTS, count)
    return staff.write(f"late-{quarter}", rows)


def withdraw(staff, agency, quarter):
    """Take back a count of Fresno, as of another county."""
    staff.type("withdraw", str(quarter), "Fresno CAHT", ARRESTS, "--reason", "of another county")
    agency.tell(quarter, FRESNO, ARRESTS, None)


def compare(agency, quarters, day=None):
    """Compare the state's counts, and who reported, with the truth, as known on a day."""
    as_of = str(day) if day else "latest"
    counts = ht.count_quarters(as_of, "internal").set_index(["measure", "quarter"])
    reporters = ht.count_reporters(as_of, "internal").set_index("quarter")
    called = {name: agency.know(name, day)[1] for name in agency.register if agency.know(name, day)}
    for quarter in quarters:
        for measure in agency.measures(quarter):
            total, least = agency.total(quarter, measure, day)
            row = counts.loc[(measure, quarter)]
            found = None if pd.isna(row["count"]) else int(row["count"])
            assert (found, int(row["at_least"])) == (total, least), (quarter, measure, as_of)
            assert row["task_forces_reporting"] == len(agency.due(quarter, day)), (quarter, as_of)
        due = agency.due(quarter, day)
        sent = {n for n in due if any(agency.count(quarter, n, m, day) is not None for m in agency.measures(quarter))}
        own = reporters.loc[quarter]
        assert own["returned_by"] == "; ".join(sorted(called[name] for name in sent)), quarter
        assert own["missing"] == "; ".join(sorted(called[name] for name in due - sent)), quarter


def compare_lead(agency, quarter):
    """Compare what the opening says of a quarter, the one before and the one a year before."""
    counts = ht.count_quarters("latest", "internal")
    lead = ht.lead_quarter(counts, ht.total_quarters(counts), ht.count_reporters("latest", "internal"), quarter)
    told = lead.frame.set_index("measure")
    assert set(told.index) == set(agency.measures(quarter))
    for measure in told.index:
        for column, then in (("now", quarter), ("before", quarter - 1), ("year_before", quarter - 4)):
            total, least = agency.total(then, measure)
            if then >= QUARTERS[0] and measure in agency.measures(then):
                words = f"{total:,}" if total is not None else f"at least {least:,}"
                assert told.loc[measure, column].startswith(words), (quarter, measure, column)
            elif then >= QUARTERS[0]:
                assert told.loc[measure, column] == "not counted", (quarter, measure, column)


def read_report(staff, agency, home, quarter):
    """Make the public report, and compare each of its sentences about the quarter's counts with the truth."""
    staff.type("report", "--no-pdf", "--quarter", str(quarter), "--out", str(home / "reports"))
    found = pd.read_csv(home / "reports" / str(quarter) / "findings.csv").set_index("id")
    page = home / "reports" / str(quarter) / "01-quarterly-trends.html"
    assert page.stat().st_size < 300_000  # however long the series is
    for measure in agency.measures(quarter):
        total, _ = agency.total(quarter, measure)
        own = found.loc[f"{measure.replace(' ', '-')}-in-quarter"]
        due = len(agency.due(quarter))
        start = f"{measure.capitalize()} in {quarter}: {total:,}, by {due} of {due} task forces."
        assert own["value"] == total and own["sentence"].startswith(start), own["sentence"]
        for words, then in (("quarter", quarter - 1), ("year", quarter - 4)):
            if then >= QUARTERS[0] and measure in agency.measures(then):
                was, _ = agency.total(then, measure)
                pattern = rf"(?:A|and a) {words} before (?:and a year before )?it was ([\d,]+)\b"
                said = re.search(pattern, own["sentence"])
                assert (said and said[1]) == (None if was is None else f"{was:,}"), (then, own["sentence"])
    assert found.loc["task-forces-reporting", "sentence"].startswith(
        f"In {quarter} {len(agency.due(quarter))} of {len(agency.due(quarter))} task forces reported"
    )


def test_ten_years_of_an_agency(home, tmp_path, capsys, monkeypatch):
    agency = Agency()
    staff = Staff(capsys, tmp_path, agency)

    class Day(datetime.date):
        @classmethod
        def today(cls):
            return agency.today

    for module in (commands, withdrawals):
        monkeypatch.setattr(module, "date", Day)
    looks = []
    for place, quarter in enumerate(QUARTERS):
        agency.today = quarter.end_time.date() + datetime.timedelta(days=40)
        change_the_world(staff, agency, quarter)
        silent = {name for name, is_so in ((RIVERSIDE, place % 7 == 3), (SAN_DIEGO, quarter.year >= 2017)) if is_so}
        files = [staff.fill(quarter, silent)]
        if quarter.year >= 2017:
            files.append(return_by_month(staff, agency, quarter))
        if place % 7 == 4:
            files.append(return_late(staff, agency, quarter))
        staff.type("check", *map(str, files))
        staff.type("add", *map(str, files))
        if place % 9 == 5:
            withdraw(staff, agency, quarter - 1)
        compare(agency, QUARTERS[max(0, place - 2) : place + 1])
        compare_lead(agency, quarter)
        if place % 5 == 0:
            looks.append(agency.today)
        if str(quarter) in REPORTED:
            read_report(staff, agency, home, quarter)
    compare(agency, QUARTERS)
    for day in looks[::2]:
        compare(agency, [quarter for quarter in QUARTERS if quarter.end_time.date() < day], day)
    totals = [ht.total_quarters(ht.count_quarters(as_of, "internal")) for as_of in ("2013-06-30", "latest")]
    assert [int(table.set_index("measure").loc[ARRESTS, "count"]) for table in totals] == [1798, 1850]
