import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

import htanalysis as ht
from htanalysis.datasets import read_descriptor
from htanalysis.errors import UnknownNameError

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
    "report_claims": "claim_id chapter quote stated recomputed expression verdict note",
    "global_estimates": "source year trafficking_type victims",
    "counties": "county fips population_2010 task_force",
}


@pytest.mark.parametrize("folder", ["data", "shapefiles"])
def test_the_frictionless_command_accepts_the_descriptor_as_it_stands(folder):
    command = [str(Path(sys.executable).with_name("frictionless")), "validate", "datapackage.json"]
    result = subprocess.run(command, cwd=ROOT / folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", RESOURCES)
def test_every_data_set_loads_with_the_columns_and_types_of_its_descriptor(name):
    frame = ht.load(name)
    fields = RESOURCES[name]["schema"]["fields"]
    assert list(frame.columns) == [field["name"] for field in fields]
    for field in fields:
        dtype = frame[field["name"]].dtype
        if field.get("dtype") == "quarter":
            assert dtype == pd.PeriodDtype("Q-DEC")
        elif "enum" in field["constraints"]:
            assert list(dtype.categories) == field["constraints"]["enum"]
        else:
            kinds = {"integer": "Int64", "number": "Float64", "boolean": "boolean", "string": "str"}
            assert (field["type"] == "date" and dtype.kind == "M") or dtype == kinds[field["type"]]
        if field["missing"] == "never empty":
            assert frame[field["name"]].notna().all()
        else:
            assert frame[field["name"]].isna().any(), "a meaning of empty is given, and no cell is empty"
    assert frame.attrs["title"] == RESOURCES[name]["title"]
    assert "State of Human Trafficking" in frame.attrs["source"] or "Census" in frame.attrs["source"]


@pytest.mark.parametrize("name", RESOURCES)
def test_every_csv_file_is_utf_8_with_plain_line_ends(name):
    raw = (ROOT / "data" / RESOURCES[name]["path"]).read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf") and b"\r" not in raw
    raw.decode("utf-8")


@pytest.mark.parametrize("name", RESOURCES)
def test_every_column_is_defined_and_says_unit_basis_and_what_empty_means(name):
    for field in RESOURCES[name]["schema"]["fields"]:
        assert len(field["description"].split()) >= 3 and field["description"].endswith(".")
        assert field["unit"] and field["missing"] and field["title"]
        assert field["basis"] in ht.BASES
    for key in ("row", "counted_by", "coverage", "left_out", "not_for", "title", "description"):
        assert RESOURCES[name][key]


@pytest.mark.parametrize("name", DESIGN)
def test_the_columns_that_people_script_against_do_not_change(name):
    assert list(ht.load(name).columns) == DESIGN[name].split()


def test_no_data_set_lies_undescribed():
    described = {entry["path"] for entry in RESOURCES.values()}
    found = {path.relative_to(ROOT / "data").as_posix() for path in (ROOT / "data").rglob("*.csv")}
    assert found == described


def test_evidence_has_unique_ids_and_short_quotes():
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
    expected = {
        ("investigations initiated", "2010Q3"): 135,
        ("investigations initiated", "2012Q2"): 390,
        ("victims identified", "2010Q3"): 100,
        ("victims identified", "2012Q2"): 304,
        ("arrests", "2010Q3"): 180,
        ("arrests", "2012Q2"): 377,
    }
    assert {(measure, str(quarter)): count for (measure, quarter), count in known.items()} == expected
    assert set(quarters.loc[quarters["quarter"] < pd.Period("2011Q3"), "task_forces_reporting"]) == {8}
    assert set(quarters.loc[quarters["quarter"] >= pd.Period("2011Q3"), "task_forces_reporting"]) == {9}


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
    counties = ht.counties()
    assert isinstance(counties, gpd.GeoDataFrame) and len(counties) == 58
    assert counties["population_2010"].sum() == 37_253_956
    assert counties.crs.to_epsg() == 4269 and counties.geometry.is_valid.all()
    assert counties["task_force"].notna().sum() == 9
    assert set(counties["task_force"].dropna()) == set(ht.load("task_forces")["task_force"])
    years = ht.load("county_population").groupby("year")["population"].sum()
    assert years.tolist() == [36_250_311, 36_604_337, 36_961_229, 37_319_502, 37_638_369, 37_948_800]


def test_aliases_lead_to_names_that_the_data_use():
    forces = ht.load("task_forces")
    members = {
        name for column in ("partners", "lead_agency") for row in forces[column].dropna() for name in row.split("; ")
    }
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


def test_loading_does_not_depend_on_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(ht.load("tcvap")) == 4


def test_a_frame_can_be_changed_without_changing_the_next_one():
    frame = ht.load("tcvap")
    frame.loc[0, "victims"] = 0
    assert ht.load("tcvap").loc[0, "victims"] == 79


def test_the_descriptor_is_plain_json_that_a_person_can_read():
    text = (ROOT / "data" / "datapackage.json").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1) + "\n"
