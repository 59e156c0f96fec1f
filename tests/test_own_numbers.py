"""Numbers from elsewhere: what docs/own-numbers.md says is done here, and a small collection of another state's."""

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely.geometry import box

import htanalysis as ht
from htanalysis import settings
from htanalysis.cli import main
from htanalysis.report.notes import make_notes

ROOT = Path(__file__).resolve().parents[1]
COUNTS = pd.DataFrame({"fips": ["a", "b"], "deaths": [3, 0]})
PLACES = pd.DataFrame({"county": ["A", "B"], "fips": ["a", "b"], "births": [1000, 2000]})


#: The modules whose functions take tables from anywhere.
ANALYSES = "associations bias counties mixes growth quarterly rates trends delays detection overlap selection totals"
ANYTHING = {
    "Series": pd.Series({"sex": 0.5, "labor": 0.3, "other": 0.2}),
    "PeriodIndex": pd.period_range("2012Q1", periods=2, freq="Q"),
    "Period": pd.Period("2012Q1"),
    "Result": ht.Result(basis="computed", value=1.0),
    "Sequence": [],
    "Mapping": {"arrests": "arrests"},
    "str": "arrests",
    "int": 1,
    "float": 0.5,
}


def rate(counts=COUNTS, places=PLACES):
    return ht.rate_counties(counts, places, "deaths", "births")


def takes_tables(name):
    function = getattr(ht, name)
    # What corrects selection takes groups of any name.
    if function.__class__ is not type(takes_tables) or name == "correct_selection":
        return False
    kinds = [str(parameter.annotation) for parameter in inspect.signature(function).parameters.values()]
    return function.__module__.removeprefix("htanalysis.") in ANALYSES.split() and "DataFrame" in "".join(kinds)


@pytest.mark.parametrize("name", sorted(filter(takes_tables, ht.__all__)))
def test_a_table_without_the_columns_is_refused_by_its_argument_and_column(name):
    given, tables = [], []
    for parameter in inspect.signature(getattr(ht, name)).parameters.values():
        kind = str(parameter.annotation)
        if parameter.default is not parameter.empty or parameter.kind is parameter.VAR_KEYWORD:
            break
        tables += [parameter.name] * ("DataFrame" in kind)
        strange = pd.DataFrame({"x": [1]}) if "DataFrame" in kind else None
        given.append(next(value for word, value in ANYTHING.items() if word in kind) if strange is None else strange)
    with pytest.raises(ht.HtanalysisError, match=rf"^({'|'.join(tables)}) has no column \w+; it has x\.$"):
        getattr(ht, name)(*given)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rate(COUNTS.assign(deaths="many")), 'counts: deaths holds "many"'),
        (lambda: rate(places=PLACES.assign(births=[0, 9])), "places: births must be above"),
        (lambda: rate(COUNTS.head(1)), "the same fips; b "),
        (lambda: rate(pd.concat([COUNTS, COUNTS])), "counts: the fips a stands twice"),
        (lambda: ht.cross_task_forces(COUNTS, PLACES, "deaths", "hospital"), "places has no column hospital;"),
        (lambda: ht.mix_of(ht.load("trafficking_type"), "police"), '"police" is not a source in types'),
        (lambda: ht.add_sections(ht.load("related_convictions"), "999"), '"999" is not a section in related'),
        (lambda: ht.foreign_labor(ht.load("htrs").head(3), 0.05), "htrs: one row each is needed of the shares"),
        (lambda: ht.cite("  "), "A source is named in words"),
    ],
)
def test_what_cannot_be_used_is_named(call, message):
    with pytest.raises(ht.HtanalysisError, match=message):
        call()


def test_a_source_of_ones_own_goes_with_the_numbers_and_beside_the_reports():
    named = COUNTS.copy()
    named.attrs["source"] = "the state’s health office, 2020"
    rates = rate(named)
    found = ht.compare_counties(rates).at("A").say("rate", "{value}")
    assert found.source == (ht.cite("the state’s health office, 2020"), ht.cite("your own numbers"))
    served = ht.pick(ht.load("task_force_totals"), "count", measure="victims served")
    both = ht.divide(ht.pick(named.head(1), "deaths"), served, "share").say("both", "{value}")
    assert both._repr_mimebundle_()["text/markdown"].endswith(
        "the state’s health office, 2020; Chapter 5, Comprehensive Services for Victims"
    )
    note = make_notes([asdict(both)])["both"]
    assert list(note["datasets"]) == ["task_force_totals"] and note["quotes"][0]["quote"] == ""


NEVADA = {"Carson City": "32510", "Clark": "32003", "Elko": "32007", "Washoe": "32031"}
FORCES = {"Southern Nevada": "Clark", "Northern Nevada": "Washoe", "Rural Nevada": "Elko"}
QUARTERS = [f"{year}Q{quarter}" for year in (2015, 2016) for quarter in (1, 2, 3, 4)]
DAYS = {"period_start": "2015-01-01", "period_end": "2016-12-31"}
#: What a column is but text.
KINDS = dict.fromkeys(["year", "population", "population_2010", "arrests", "convictions", "lower", "upper"], "integer")
KINDS |= dict.fromkeys(["count", "task_forces_reporting"], "integer") | dict.fromkeys(DAYS, "date")
KINDS["named_in_report"] = "boolean"


def describe(name, frame, phrases):
    """The descriptor's entry of a table, each of whose phrases is said of all its rows."""
    entry = {"name": name, "path": f"report/{name}.csv", "title": name, "row": "a row"}
    entry |= {"counted_by": "Counted by Nevada."}
    entry |= {"coverage": "Nevada.", "left_out": "Nothing.", "not_for": "Made up for a test."}
    fields = [
        {"name": column, "title": column, "description": column, "type": KINDS.get(column, "string")}
        | ({"dtype": "quarter"} if column in ("quarter", "reports_from") else {})
        for column in frame
    ]
    stated = [{"id": phrase, "quote": f"as {phrase} says"} for phrase in phrases]
    return entry | {"evidence": {"Nevada’s report": stated}, "schema": {"fields": fields}}


def make_tables():
    """Three task forces, of which one joins in 2016, eight quarters, four counties; the numbers are made up."""
    forces = pd.DataFrame({"task_force": [*FORCES], "county": [*FORCES.values()]})
    counts = pd.DataFrame({"measure": "arrests", "quarter": QUARTERS, "count": [10, *[None] * 6, 40]})
    counties = pd.DataFrame({"county": [*NEVADA], "fips": [*NEVADA.values()]})
    convictions = counties.assign(convictions=[0, 30, None, None], lower=[0, 30, 1, 1], upper=[0, 30, 9, 9])
    years = pd.DataFrame({"year": [2015, 2016], "arrests": [60, 90], "convictions": [18, 22]})
    days = {end: [f"{year}-{day}" for year in years["year"]] for end, day in zip(DAYS, ("01-01", "12-31"), strict=True)}
    homes = {county: force for force, county in FORCES.items()}
    residents = [55274, 1951269, 48818, 421407]
    return {
        "task_forces": (forces.assign(reports_from=["2015Q1", "2015Q1", "2016Q1"]), ["joins"]),
        "task_force_quarters": (counts.assign(task_forces_reporting=[2] * 4 + [3] * 4), ["quarters-arrests"]),
        "task_force_totals": (pd.DataFrame({"measure": ["arrests"], **DAYS, "count": [150]}), ["totals-arrests"]),
        "county_convictions": (convictions.assign(named_in_report=["false", "true", "true", "true"]), ["county-names"]),
        "penal_code_236_1": (years.assign(**days), ["table-of-years"]),
        "counties": (counties.assign(population_2010=residents, task_force=counties["county"].map(homes)), ["census"]),
    }


@pytest.fixture
def nevada(tmp_path, monkeypatch):
    """A collection of another state's, beside which nothing of California's lies."""
    package = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))
    kept = [entry for entry in package["resources"] if entry["name"] in ("register", "measures", "corrections")]
    resources = [describe(name, frame, phrases) for name, (frame, phrases) in make_tables().items()]
    for name in ("data/report", "data/quarters", "shapefiles"):
        (tmp_path / name).mkdir(parents=True)
    for name, (frame, _) in make_tables().items():
        frame.convert_dtypes().to_csv(tmp_path / "data" / "report" / f"{name}.csv", index=False)
    register = "as_of,task_force,name,reports_from,reports_until,other_names,home_county,periods,additions\n"
    register += "".join(
        f",{name},{name},{'2016Q1' if place == 2 else '2015Q1'},,,{county},,\n"
        for place, (name, county) in enumerate(FORCES.items())
    )
    (tmp_path / "data" / "register.csv").write_text(register)
    measures = "as_of,measure,unit,definition,at_most,asked_from,asked_until,not_asked"
    measures += "\n,arrests,arrests,Arrests made.,,2015Q1,,\n"
    (tmp_path / "data" / "measures.csv").write_text(measures)
    (tmp_path / "data" / "corrections.csv").write_text("as_of,measure,period,count,source\n")
    package |= {"title": "Nevada", "sources": [{"title": "Nevada’s report"}], "resources": [*resources, *kept]}
    text = json.dumps(package).replace("California", "Nevada")
    (tmp_path / "data" / "datapackage.json").write_text(text, encoding="utf-8")
    shapes = gpd.GeoDataFrame(
        {"fips": [*NEVADA.values()]}, geometry=[box(at - 120, 38, at - 119, 39) for at in range(4)], crs=4326
    )
    shapes.to_file(tmp_path / "shapefiles" / "nevada.shp")
    monkeypatch.setattr(settings, "HOME", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("nevada")
def test_another_states_collection_loads_and_its_facts_come_from_its_data():
    assert ht.load("task_force_quarters")["quarter"].tolist() == QUARTERS
    assert "Nevada" in ht.describe("counties").attrs["coverage"]
    places, convictions = ht.load_counties(), ht.load("county_convictions")
    assert places["fips"].tolist() == sorted(NEVADA.values()) and places.crs == 4326
    spread = ht.bound_concentration(convictions, places, 40)
    assert spread.given["county"] == "Clark" and spread.at("share of counties with a task force").value == 1
    assert spread.at("share of counties with a task force").source == ("county-names", "census")
    rates = ht.rate_counties(convictions, places)
    chart = ht.draw(rates, "map", "{named} of {counties} counties", "Nevada")
    assert "Clark 30 convictions (reported); Elko 1 to 9 convictions (bounded)" in chart.alt
    known = ht.compare_counties(rates).at("Clark")
    assert (round(known.value, 2), known.source) == (1.54, ("county-names", "census"))
    assert ht.project_convictions(ht.load("penal_code_236_1"), 2015).given["so_far"] == 22


@pytest.mark.usefixtures("nevada")
def test_another_states_quarters_name_its_own_task_forces_and_days():
    counts = ht.count_quarters("report")
    totals = ht.total_quarters(counts)
    assert str(ht.held_quarters("report")[0]) == "2015Q1" and ht.parse_period("latest", "report")[0].year == 2016
    growth = ht.follow_growth(counts).at("arrests")
    assert growth.write("{measure} {change}{more}") == (
        "Arrests rose from 10 in 2015Q1 to 40 in 2016Q4, 4.0 times as many, with one task force more"
    )
    assert growth.source == ("quarters-arrests", "totals-arrests", "joins")
    assert (
        ht.find_joiner(counts).write("{joiner} joined in {joined}, {place}") == "Rural Nevada joined in 2016Q1, Nevada"
    )
    assert ht.split_growth(counts, 0.3).assumption == "Rural Nevada had 30% of the counts of 2016Q4"
    bounds = ht.bound_quarters(counts, totals).frame
    assert bounds.loc[1, ["low", "high", "low_assumed", "high_assumed"]].tolist() == [0, 100, 10, 16]
    ht.check_parameters(quarter="2016Q4", as_of="report", open_years=1)
    with pytest.raises(ht.HtanalysisError, match="the data cover 2015Q1 to 2016Q4"):
        ht.parse_period("2012Q2", "report")


#: What is California's in our collection, and of another state's in one made of it, whose years are later by five.
OTHER = {"California": "Nevada", "Los Angeles": "Clark", "Alameda": "Washoe", "San Jose/South Bay": "Lovelock/Fallon"}
OTHER |= {"San Jose": "Lovelock", "H.E.A.T.": "W.A.R.M.", "Kamala D. Harris": "Ada Example", "Cal EMA": "Nev EMA"}


def turn(text):
    for ours, theirs in OTHER.items():
        text = text.replace(ours, theirs)
    later = re.sub(r"(?<![\d#.])20(0[5-9]|1[0-3])(?!\d)", lambda year: str(int(year[0]) + 5), text)
    return re.sub(r"(?<![\d.])06(?=\d{3}(?!\d)|\\)", "32", later.replace("population_2015", "population_2010"))


def test_another_states_report_is_whole_and_names_nothing_of_ours(tmp_path):
    for folder in ("data", "shapefiles"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("quarters"))
    for path in [*(tmp_path / "data").rglob("*.csv"), tmp_path / "data" / "datapackage.json"]:
        text = turn(path.read_text(encoding="utf-8"))
        path.write_text(re.sub(r',\s*"bytes": \d+, "hash": "[^"]+"', "", text), encoding="utf-8")
    (shapes,) = (tmp_path / "shapefiles").glob("*.shp")
    counties = gpd.read_file(shapes)
    counties.assign(fips="32" + counties["fips"].str[2:]).to_file(shapes)
    command = [Path(sys.executable).parent / "htanalysis", "report", "--quarter", "latest", "--out", tmp_path / "out"]
    subprocess.run(command, env=os.environ | {"HTANALYSIS_HOME": str(tmp_path)}, cwd=tmp_path, check=True)
    folder = tmp_path / "out" / "2017Q2"
    # The page of the methods shows the package's examples, which run on its own collection.
    paths = {*folder.glob("*.html"), folder / "findings.csv"} - {folder / "methods.html"}
    pages = {path: path.read_text(encoding="utf-8") for path in paths}
    assert len(pages) > 12 and "Nevada’s task forces identified" in pages[folder / "brief.html"]
    assert "Departamento de Justicia de Nevada" in pages[folder / "brief-es.html"]
    for path, text in pages.items():
        told = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", text, flags=re.DOTALL).replace("\xa0", " ")
        assert not [words for words in (*OTHER, "2010Q3", "2012-06") if words in told], path.name


def test_another_states_staff_get_a_template_with_its_task_forces(nevada, monkeypatch, capsys):
    monkeypatch.chdir(nevada)
    assert main(["template", "2017Q1"]) == 0
    told = capsys.readouterr().out
    book = openpyxl.load_workbook(next(nevada.glob("*.xlsx")))
    cells = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row}
    assert {*FORCES, "arrests"} <= cells and not [text for text in (told, *cells) if "California" in text]
