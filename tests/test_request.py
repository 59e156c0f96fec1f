import pytest

from htanalysis import settings
from htanalysis.errors import HtanalysisError
from htanalysis.report.build import make_reports
from htanalysis.report.request import Scenario, Wanted, find_scenarios, read_scenario

GOOD = 'title = "Few"\n[parameters]\nvice_share = 0.2\n'


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_scenario_has_a_name_a_title_and_values(tmp_path):
    assert read_scenario(write(tmp_path, "few-from-vice.toml", GOOD)) == Scenario(
        "few-from-vice", "Few", {"vice_share": 0.2}
    )


def test_a_scenario_saved_with_a_byte_order_mark_is_read(tmp_path):
    assert read_scenario(write(tmp_path, "few.toml", "\ufeff" + GOOD)).title == "Few"


def test_a_pattern_names_scenarios_each_once_and_by_name(tmp_path):
    for name in ("b.toml", "a.toml"):
        write(tmp_path, name, GOOD)
    found = find_scenarios([str(tmp_path / "*.toml"), str(tmp_path / "b.toml")])
    assert [scenario.name for scenario in found] == ["a", "b"]
    with pytest.raises(HtanalysisError, match="names no file"):
        find_scenarios([str(tmp_path / "*.tml")])


def test_two_files_of_one_name_are_refused(tmp_path):
    (tmp_path / "other").mkdir()
    paths = [write(tmp_path, "a.toml", GOOD), write(tmp_path / "other", "a.toml", GOOD)]
    with pytest.raises(HtanalysisError, match="would have one name"):
        find_scenarios(map(str, paths))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "title = ", "cannot be read as a scenario: Invalid value (at end of document). It must be TOML"),
        ("a.toml", "", "say in one sentence what is assumed"),
        ("a.toml", 'title = "x"', "name under [parameters] at least one value"),
        ("a.toml", 'title = "x"\n[parameters]\n', "name under [parameters] at least one value"),
        ("a.toml", GOOD + "[other]\nx = 1", '"other" is not expected'),
        ("a.toml", GOOD + 'quarter = "2012Q1"', '"quarter" is no assumption: each report sets it'),
        ("a.toml", GOOD + "shares = [1, 2]", '"shares" must be a number or a text'),
        ("a.toml", GOOD + "certain = true", '"certain" must be a number or a text'),
        ("A_1.toml", GOOD, "Use small letters, digits and single hyphens"),
        ("50.toml", GOOD, "Use small letters, digits and single hyphens"),
        ("internal.toml", GOOD, "or that end in internal or failed, are those of other reports"),
        ("x-failed.toml", GOOD, "or that end in internal or failed, are those of other reports"),
        ("as-of-2014-07-20.toml", GOOD, "names with as-of- in them"),
    ],
)
def test_what_is_no_scenario_is_one_sentence(tmp_path, name, text, message):
    path = write(tmp_path, name, text)
    with pytest.raises(HtanalysisError) as caught:
        read_scenario(path)
    assert str(path) in str(caught.value) and message in str(caught.value) and "\n" not in str(caught.value)


def test_a_scenario_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(HtanalysisError, match=r"none\.toml cannot be read as a scenario: No such file"):
        read_scenario(tmp_path / "none.toml")


def test_the_collections_own_scenarios_can_be_read():
    found = find_scenarios([str(settings.HOME / "scenarios" / "*.toml")])
    assert [scenario.name for scenario in found] == ["few-from-vice", "limited-change", "three-agencies"]


def test_a_value_out_of_its_range_stops_the_report_before_anything_runs(tmp_path):
    scenario = read_scenario(write(tmp_path, "too-many.toml", 'title = "Too many"\n[parameters]\nvice_share = 1.2\n'))
    with pytest.raises(HtanalysisError) as caught:
        make_reports([Wanted(scenario=scenario)], tmp_path / "reports")
    assert str(caught.value) == "Scenario too-many: vice_share is 1.2; it must be a number from 0 to 1."
    assert not (tmp_path / "reports").exists()
