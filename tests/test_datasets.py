import json
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

import htanalysis as ht
from htanalysis import data, settings
from htanalysis.data import load_with_periods, read_descriptor
from htanalysis.errors import HtanalysisError, UnknownNameError
from htanalysis.returns.register import add_task_force, change_task_force, list_reporting

ROOT = Path(__file__).resolve().parents[1]
RESOURCES = {entry["name"]: entry for entry in read_descriptor()["resources"]}
DESIGN = {
    "task_forces": "task_force city county established lead_agency partners reports_from",
    "task_force_quarters": "measure quarter count task_forces_reporting",
    "task_force_totals": "measure period_start period_end count",
    "trafficking_type": "source population geography period_start period_end trafficking_type count share note",
    "victim_origin": "origin period_start period_end share note",
    "penal_code_236_1": "year period_start period_end arrests convictions",
    "related_convictions": "year period_start period_end section offense convictions",
    "county_convictions": "county fips convictions lower upper named_in_report note",
    "heat_unit": "measure period_start period_end count",
    "hotline": "measure geography year count",
    "htrs": "measure population period_start period_end value unit precision",
    "federal_enforcement": "measure fiscal_year value unit precision",
    "tcvap": "fiscal_year program victims",
    "orr_letters": "fiscal_year kind letters",
    "legislation": "year bill author summary category",
    "report_claims": "claim_id chapter quote stated recomputed expression verdict note fact",
    "passages": "matter place says quote",
    "global_estimates": "source year trafficking_type victims",
    "counties": "county fips population_2010 task_force",
    "register": "as_of task_force name reports_from reports_until other_names home_county periods additions",
}


def validate(folder):
    """Run the command that comes with the standard's own library."""
    command = [str(Path(sys.executable).with_name("frictionless")), "validate", "datapackage.json"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("folder", ["data", "shapefiles"])
def test_the_frictionless_command_accepts_the_descriptor_as_it_stands(folder):
    validate(ROOT / folder)


def test_it_accepts_each_file_by_all_that_the_completed_descriptor_says(home):
    (home / "data" / "datapackage.json").write_text(json.dumps(read_descriptor()), encoding="utf-8")
    validate(home / "data")


@pytest.mark.parametrize("name", RESOURCES)
def test_every_data_set_loads_with_the_columns_and_types_of_its_descriptor(name):
    frame = ht.load(name)
    fields = RESOURCES[name]["schema"]["fields"]
    assert list(frame.columns) == [field["name"] for field in fields]
    for field in fields:
        dtype = frame[field["name"]].dtype
        if field.get("dtype") == "quarter":
            assert dtype == "str"
            assert load_with_periods(name)[field["name"]].dtype == pd.PeriodDtype("Q-DEC")
        elif "enum" in field["constraints"]:
            assert list(dtype.categories) == field["constraints"]["enum"]
        else:
            kinds = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "string": "str"}
            assert (field["type"] == "date" and dtype.kind == "M") or dtype == kinds[field["type"]]
        if field["missing"] == "never empty":
            assert frame[field["name"]].notna().all()
        elif "hash" in RESOURCES[name]:
            assert frame[field["name"]].isna().any(), "a meaning of empty is given, and no cell is empty"
    assert frame.attrs["title"] == RESOURCES[name]["title"]
    assert "State of Human Trafficking" in frame.attrs["source"] or "Census" in frame.attrs["source"]


@pytest.mark.parametrize("name", RESOURCES)
def test_every_file_is_utf_8_with_plain_line_ends_and_every_column_is_defined_with_unit_basis_and_meaning_of_empty(
    name,
):
    raw = (ROOT / "data" / RESOURCES[name]["path"]).read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf") and b"\r" not in raw and raw.decode("utf-8")
    for field in RESOURCES[name]["schema"]["fields"]:
        assert len(field["description"].split()) >= 3 and field["description"].endswith(".")
        assert field["unit"] and field["missing"] and field["title"]
        assert field["basis"] in ht.BASES
    for key in ("row", "counted_by", "coverage", "left_out", "not_for", "title"):
        assert RESOURCES[name][key]


@pytest.mark.parametrize("name", DESIGN)
def test_the_columns_that_people_script_against_do_not_change(name):
    assert list(ht.load(name).columns) == DESIGN[name].split()


def test_no_data_set_lies_undescribed_and_evidence_has_unique_ids_and_short_quotes():
    found = {path.relative_to(ROOT / "data").as_posix() for path in (ROOT / "data").rglob("*.csv")}
    assert found == {entry["path"] for entry in RESOURCES.values()}
    items = [item for entry in RESOURCES.values() for item in entry["evidence"]]
    assert len({item["id"] for item in items}) == len(items)
    assert all(0 < len(item["quote"].split()) < 15 for item in items)
    assert ht.evidence("table-1")["dataset"] == "penal_code_236_1"


def test_an_unknown_data_set_is_answered_with_the_nearest_and_all_names():
    with pytest.raises(UnknownNameError) as caught:
        ht.load("penal_code_236")
    assert 'Did you mean "penal_code_236_1"?' in str(caught.value)
    assert all(name in str(caught.value) for name in RESOURCES)
    with pytest.raises(UnknownNameError, match="is not a source"):
        ht.evidence("table-99")


def test_six_of_forty_quarterly_counts_are_published():
    quarters = ht.load("task_force_quarters")
    assert len(quarters) == 40 and quarters["quarter"].nunique() == 8
    known = quarters.dropna(subset=["count"]).set_index(["measure", "quarter"])["count"]
    ends = {"investigations initiated": (135, 390), "victims identified": (100, 304), "arrests": (180, 377)}
    places = {name: dict(zip(("2010Q3", "2012Q2"), counts, strict=True)) for name, counts in ends.items()}
    assert known.to_dict() == {(name, place): count for name, own in places.items() for place, count in own.items()}
    assert set(quarters.loc[quarters["quarter"] < "2011Q3", "task_forces_reporting"]) == {8}
    assert set(quarters.loc[quarters["quarter"] >= "2011Q3", "task_forces_reporting"]) == {9}


def test_the_tables_add_up_to_their_printed_totals():
    table_1, table_2 = ht.load("penal_code_236_1"), ht.load("related_convictions")
    assert (table_1["arrests"].sum(), table_1["convictions"].sum()) == (441, 113)
    sums = table_2.groupby("section", observed=True)["convictions"].sum().to_dict()
    assert sums == {"266h": 404, "266i": 263, "266j": 25, "267": 1, "311.4": 194, "653.22(A)": 8881}
    assert ht.load("tcvap").groupby("fiscal_year", observed=True)["victims"].sum().tolist() == [235, 242]
    letters = ht.load("orr_letters").groupby("fiscal_year")["letters"].sum()
    assert letters.tolist() == [29, 70, 59, 43, 74, 112, 79]


def test_county_convictions_leave_what_the_total_leaves():
    counties = ht.load("county_convictions").set_index("county")
    assert len(counties) == 58
    assert counties.loc["Alameda", ["convictions", "lower", "upper"]].tolist() == [52, 52, 52]
    others = counties[counties["named_in_report"] & (counties.index != "Alameda")]
    names = "Los Angeles, Monterey, Riverside, Sacramento, San Diego, San Francisco, Santa Barbara, Santa Clara"
    assert ", ".join(sorted(others.index)) == names
    remainder = ht.load("penal_code_236_1")["convictions"].sum() - 52
    assert others["convictions"].isna().all() and (others["lower"] == 1).all()
    assert (others["upper"] == remainder - (len(others) - 1)).all()
    silent = counties[~counties["named_in_report"]]
    assert (silent[["convictions", "lower", "upper"]] == 0).all(axis=None)
    assert silent["note"].str.contains("end note 13").all()


def test_the_counties_are_the_census_with_boundaries():
    counties = ht.load_counties()
    assert isinstance(counties, gpd.GeoDataFrame) and len(counties) == 58
    assert counties["population_2010"].sum() == 37_253_956
    assert counties.crs.to_epsg() == 4269 and counties.geometry.is_valid.all()
    assert counties["task_force"].notna().sum() == 9
    assert set(counties["task_force"].dropna()) == set(ht.load("task_forces")["task_force"])
    years = ht.load("county_population").groupby("year")["population"].sum()
    assert years.tolist() == [36_250_311, 36_604_337, 36_961_229, 37_319_502, 37_638_369, 37_948_800]


def test_aliases_lead_to_names_that_the_data_use():
    forces = ht.load("task_forces")
    members = set("; ".join([*forces["partners"].dropna(), *forces["lead_agency"].dropna()]).split("; "))
    aliases = ht.load("aliases")
    assert set(aliases.loc[aliases["kind"].eq("task force"), "name"]) <= set(forces["task_force"])
    assert set(aliases.loc[aliases["kind"].eq("partner"), "name"]) <= members
    assert not set(aliases["alias"]) & set(forces["task_force"])


def test_the_catalogue_and_the_code_book_say_what_there_is():
    catalogue = ht.catalogue().set_index("name")
    assert list(catalogue.index) == list(RESOURCES)
    assert catalogue.loc["county_population", ["rows", "columns"]].tolist() == [348, 3]
    codebook = ht.describe("county_convictions")
    assert codebook.set_index("column").loc["lower", "basis"] == "bounded"
    assert codebook.attrs["caveats"][0]["rows"] == "counties that are not named"


def test_loading_depends_neither_on_the_working_directory_nor_on_what_was_done_to_a_frame(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = ht.load("tcvap")
    assert len(frame) == 4
    frame.loc[0, "victims"] = 0
    assert ht.load("tcvap").loc[0, "victims"] == 79


def test_the_descriptor_repeats_nothing():
    package = json.loads((ROOT / "data" / "datapackage.json").read_text(encoding="utf-8"))
    entries = [*package["resources"], package["returns"]]
    fields = [field for entry in entries for field in (*entry["schema"]["fields"], *package["columns"])]
    assert not [field for field in fields for key, value in data._COLUMN.items() if field.get(key) == value]
    described = [json.dumps(field) for entry in entries for field in entry["schema"]["fields"] if "title" in field]
    described += map(json.dumps, package["columns"])
    assert len(set(described)) == len(described)
    assert not [entry for entry in entries if entry.get("licenses") == package["licenses"]]
    report = package["sources"][0]["title"]
    assert not [entry for entry in entries if report in json.dumps(entry, ensure_ascii=False)]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Copy the data."""
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("quarters"))
    shutil.copytree(ROOT / "shapefiles", tmp_path / "shapefiles")
    monkeypatch.setattr(settings, "HOME", tmp_path)
    return tmp_path


def change(home, name, old, new):
    """Change a data file by its text."""
    path = home / "data" / RESOURCES[name]["path"]
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")


def refuse(work):
    with pytest.raises(HtanalysisError) as refused:
        work()
    return str(refused.value)


@pytest.fixture
def spoil(home):
    """Give a function that changes a file and says why it is refused."""

    def _spoil(name, old, new, encoding="utf-8"):
        path = home / "data" / RESOURCES[name]["path"]
        text = path.read_bytes().decode()
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding=encoding)
        return refuse(lambda: ht.load(name))

    return _spoil


def test_a_value_that_the_descriptor_does_not_allow_is_refused_and_never_missing(spoil):
    told = spoil("heat_unit", "convictions under § 236.1", "convictions under § 236.2")
    wrong = 'data/report/heat_unit.csv, row 3, measure: "convictions under § 236.2" is not allowed. Did you mean "con'
    assert told == f'{wrong}victions under § 236.1"? Allowed: convictions, all sections; convictions under § 236.1.'
    told = spoil("heat_unit", "convictions under § 236.2,2006", "victims,2006")
    assert 'row 3, measure: "victims" is not allowed. Allowed: convictions, all sections;' in told


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("tcvap", "CalWORKs,156", "CalWORKs,1_277", 'row 3, victims: "1_277" is no whole number. Write digits alone'),
        ("tcvap", "CalWORKs,156", "CalWORKs,15٦", 'row 3, victims: "15٦" is no whole number'),
        ("tcvap", "CalWORKs,156", 'CalWORKs,"1,277"', 'row 3, victims: "1,277" is no whole number'),
        ("tcvap", "CalWORKs,156", "CalWORKs,156.0", 'row 3, victims: "156.0" is no whole number'),
        ("tcvap", "CalWORKs,156", "CalWORKs, 156", 'row 3, victims: " 156" is no whole number'),
        ("tcvap", "CalWORKs,156", "CalWORKs,0156", 'row 3, victims: "0156" is no whole number'),
        ("tcvap", "CalWORKs,156", f"CalWORKs,{10**20}", "is no whole number"),
        ("tcvap", "CalWORKs,156", "CalWORKs,-1", 'row 3, victims: "-1" is below 0, the smallest allowed.'),
        ("tcvap", "CalWORKs,156", "CalWORKs,", "row 3, victims: the cell is empty, and must not be."),
        ("tcvap", "CalWORKs,156", "CalWORKs", "row 3: there are 2 cells. There must be 3."),
        ("tcvap", "CalWORKs,156", "CalWORKs,156,", "row 3: there are 4 cells. There must be 3."),
        ("tcvap", "CalWORKs,156\n", "CalWORKs,156\n\n", "row 4: there are 0 cells. There must be 3."),
        ("tcvap", "program,victims", "victims,program", "the columns are fiscal_year, victims, program;"),
        ("tcvap", "program,victims", "program,people", "they must be fiscal_year, program, victims."),
        ("tcvap", "2010-11,Cal", "2010-11,Cash Assistance,79\n2010-11,Cal", 'row 3, fiscal_year and program: "2010-11'),
        ("tcvap", "fiscal_year", '"fiscal_year', "cannot be read as a table"),
        ("trafficking_type", "0.56", "1.56", 'row 2, share: "1.56" is above 1, the largest allowed.'),
        ("trafficking_type", "0.56", "nan", 'row 2, share: "nan" is no number. Write digits, with a point'),
        ("trafficking_type", "0.56", "0,56", "row 2: there are 10 cells. There must be 9."),
        ("trafficking_type", "2009-10-01", "2009-13-01", 'row 2, period_start: "2009-13-01" is no day. Write it as'),
        ("trafficking_type", "2009-10-01", "1/10/2009", 'row 2, period_start: "1/10/2009" is no day. Write it as'),
        ("trafficking_type", "2009-10-01", "20091001", 'row 2, period_start: "20091001" is no day. Write it as'),
        ("county_convictions", "true", "True", '"True" is neither "true" nor "false".'),
        ("task_forces", "2010Q3", "2010Q5", 'reports_from: "2010Q5" does not have the form 2012Q3.'),
        ("task_forces", "2010Q3", "2010Q3 or so", 'reports_from: "2010Q3 or so" does not have the form'),
        ("task_force_quarters", "2010Q3", "1910Q33", 'quarter: "1910Q33" does not have the form'),
        ("county_convictions", "Alpine", "Alpina", '"Alpina" does not stand in counties. Did you mean "Alpine"?'),
        ("counties", "Alpine", "Alameda", 'row 3, county: "Alameda" stands in row 2, too.'),
    ],
)
def test_a_file_is_refused_with_row_column_value_and_what_is_allowed(spoil, name, old, new, told):
    said = spoil(name, old, new)
    assert told in said and said.startswith(f"data/{RESOURCES[name]['path']}")


def test_a_file_in_another_encoding_is_refused(spoil):
    assert "is not UTF-8 at its byte 65." in spoil("tcvap", "CalWORKs", "CálWORKs", "cp1252")
    assert "row 1: the columns are \ufefffigure, place" in spoil("other_figures", "", "", "utf-8-sig")
    assert "is not UTF-8 at its byte 1." in spoil("hotline", "measure", "measure", "utf-16")


def test_every_violation_of_a_file_is_named_and_a_broken_file_does_not_fill_the_screen(home, spoil):
    path = RESOURCES["hotline"]["path"]
    lines = spoil("hotline", "1869", "many\ncalls,Nevada,2012,-1").splitlines()
    places = [line.removeprefix(f"data/{path}, row ").partition(":")[0] for line in lines]
    assert places == ["3, count", "4, measure", "4, geography", "4, year", "4, count"]
    assert len(spoil("counties", "Alpine", "Alameda").splitlines()) == 1
    (home / "data" / path).write_text("", encoding="utf-8")
    assert "row 1: the columns are ; they must be measure" in refuse(lambda: ht.load("hotline"))
    lines = spoil("county_population", "population\n", "population\n" + "06001,2007,x\n" * 50).splitlines()
    assert len(lines) == 21 and lines[-1].startswith("There are ")


def test_a_file_that_is_missing_is_named_and_a_county_without_a_boundary_is_refused(home):
    (home / "data" / RESOURCES["hotline"]["path"]).rename(home / "kept")
    told = "data/report/hotline.csv is missing. Restore it from a copy of the collection."
    assert refuse(lambda: ht.load("hotline")) == told
    (home / "kept").rename(home / "data" / RESOURCES["hotline"]["path"])
    change(home, "counties", "06003", "06999")
    data.write_hashes()
    assert "a row or a boundary, but not both: 06003, 06999." in refuse(ht.load_counties)


def test_every_rule_that_the_descriptor_uses_is_checked():
    fields = [field for entry in RESOURCES.values() for field in entry["schema"]["fields"]]
    rules = {rule for field in fields for rule in field["constraints"]}
    assert rules <= {"required", "unique", "enum", "minimum", "maximum", "pattern"}
    assert {field["type"] for field in fields} <= {"string", "integer", "number", "boolean", "date"}
    rules = {rule for entry in RESOURCES.values() for rule in entry["schema"]}
    assert rules <= {"fields", "primaryKey", "foreignKeys", "key"}


OTHER = "data/report/task_force_quarters.csv is not the file that data/datapackage.json describes"
ADVICE = (
    "Restore it with git checkout -- data/report/task_force_quarters.csv; or, if the change is meant, run make"
    " descriptor, which writes its new hash."
)


def test_a_changed_digit_is_named_with_its_row_and_column(home):
    for command in ("init -q", "add data", "-c user.name=a -c user.email=a@b commit -qm a"):
        subprocess.run(["git", *command.split()], cwd=home, check=True)
    change(home, "task_force_quarters", "2012Q2,377", "2012Q2,477")
    told = f'{OTHER}: row 25, count: "477" stands where "377" stood. {ADVICE}'
    assert refuse(lambda: ht.load("task_force_quarters")) == told
    change(home, "hotline", "1869", "1896")
    both = refuse(data.require_described).splitlines()
    assert both[0] == told and "hotline.csv is not the file that" in both[1] and '"1896" stands where' in both[1]
    assert len(ht.load("tcvap")) == 4


def test_without_git_the_file_is_named_alone(home):
    change(home, "task_force_quarters", "2012Q2,377", "2012Q2,477")
    assert refuse(data.require_described) == f"{OTHER}. {ADVICE}"


def test_a_change_that_is_meant_is_one_command(home):
    change(home, "task_force_quarters", "2012Q2,377", "2012Q2,477")
    data.write_hashes()
    assert ht.load("task_force_quarters")["count"].max() == 477
    before, after = ((place / "data" / "datapackage.json").read_text().splitlines() for place in (ROOT, home))
    assert [line.split('"')[-2][:7] for line in set(after) - set(before)] == ["sha256:"]
    change(home, "hotline", "1869", "many")
    assert 'hotline.csv, row 3, count: "many" is no whole number' in refuse(data.write_hashes)


def test_every_file_that_a_source_stated_has_its_hash_and_what_staff_change_has_none():
    hashed = {name for name, entry in RESOURCES.items() if entry.get("hash", "").startswith("sha256:")}
    assert set(RESOURCES) - hashed == {"register", "measures", "corrections"}
    assert all(entry["bytes"] == (ROOT / "data" / entry["path"]).stat().st_size for entry in map(RESOURCES.get, hashed))


def test_a_tenth_task_force_in_the_register_changes_nothing_of_2012(home):  # noqa: ARG001, the copy is written to
    before = ht.recompute_claims()
    cells = {"reports_from": pd.Period("2012Q3"), "home_county": "Kern"}
    add_task_force("Kern County Human Trafficking Task Force", cells, [], "2012-09-01")
    change_task_force("Fresno CAHT", {"reports_until": pd.Period("2013Q2")}, [], "2013-07-01")
    pd.testing.assert_frame_equal(ht.recompute_claims(), before)
    assert len(ht.load("task_forces")) == 9 and before["verdict"].eq("differs").sum() == 39
    reporting = {quarter: list_reporting(pd.Period(quarter)) for quarter in ("2012Q2", "2012Q3", "2013Q3")}
    assert {quarter: len(names) for quarter, names in reporting.items()} == {"2012Q2": 9, "2012Q3": 10, "2013Q3": 9}
    assert "Fresno Coalition Against Human Trafficking" not in reporting["2013Q3"]
