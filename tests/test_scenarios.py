"""Scenarios side by side: what differs stands first, with each report's own number."""

import re
import shutil

import nbformat
import pytest

import htanalysis as ht
from htanalysis import settings
from htanalysis.cli import main
from htanalysis.errors import HtanalysisError
from htanalysis.report.scenarios import set_beside

CELLS = (
    "import htanalysis as ht",
    'quarter: str = "2012Q2"\nvice_share: float = 0.5  # share of the cases',
    'same = ht.Finding("same", "Nothing changes: {}.".format(3), "reported", ["table-1"], value=3, unit="victims")\n'
    "share = ht.Finding(\n"
    '    "share", f"It is {vice_share:.0%}.", "assumed", ["table-1"], value=vice_share, unit="share",\n'
    '    assumption="so", formula="share = given"\n'
    ")\nht.answer(same, share)",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A collection with one short notebook and two scenarios."""
    home = tmp_path_factory.mktemp("home")
    for name in ("data", "shapefiles"):
        shutil.copytree(settings.HOME / name, home / name, ignore=shutil.ignore_patterns("quarters"))
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    cells[1].metadata["tags"] = ["parameters"]
    (home / "notebooks").mkdir()
    title = nbformat.v4.new_markdown_cell("# What does one share change?")
    nbformat.write(nbformat.v4.new_notebook(cells=[title, *cells]), home / "notebooks" / "01-share.ipynb")
    (home / "scenarios").mkdir()
    for name, share in (("few", 0.2), ("many", 0.9)):
        text = f'title = "The share is {share}"\n\n[parameters]\nvice_share = {share}\n'
        (home / "scenarios" / f"{name}.toml").write_text(text)
    return home


def finding(name, value):
    said = {"notebook": "01", "id": name, "sentence": f"{name}.", "amount": str(value), "value": value}
    return said | {"low": None, "high": None, "basis": "reported", "unit": "", "digits": 0}


def test_what_differs_stands_first_and_what_one_lacks_is_none():
    found = {"a": [finding("x", 1), finding("y", 2)], "b": [finding("x", 1), finding("y", 3), finding("z", 4)]}
    frame = set_beside(found)
    assert frame[["id", "a", "b", "differs"]].to_numpy().tolist() == [
        ["y", "2, reported", "3, reported", True],
        ["z", "none", "4, reported", True],
        ["x", "1, reported", "1, reported", False],
    ]


def test_compare_gives_the_frame_of_a_scenario_and_the_collection_as_it_is(home, monkeypatch):
    monkeypatch.setattr(settings, "HOME", home)
    frame = ht.compare("few", "report")
    assert frame[["id", "sentence", "few", "report", "differs"]].to_numpy().tolist() == [
        ["share", "It is 20%.", "20%, assumed", "50%, assumed", True],
        ["same", "Nothing changes: 3.", "3 victims, reported", "3 victims, reported", False],
    ]
    assert not [path for path in (home / "reports").iterdir() if not path.name.startswith(".")]
    with pytest.raises(HtanalysisError) as caught:
        ht.compare("fwe")
    assert str(caught.value) == '"fwe" is not a scenario. Did you mean "few"? There are: report, few, many.'


def test_two_scenarios_get_a_page_that_sets_their_findings_side_by_side(home, monkeypatch, capsys):
    monkeypatch.setattr(settings, "HOME", home)
    monkeypatch.setenv("HTANALYSIS_HOME", str(home))
    command = ["report", "--no-pdf", "--scenario", str(home / "scenarios" / "*.toml")]
    assert main(command) == 0
    page = home / "reports" / "2012Q2-few-beside-many.html"
    assert capsys.readouterr().out.endswith(f"What the assumptions change: {page}\n")
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"<h2>(.*)</h2>", text) == ["Findings that differ: 1", "Findings that are the same: 1"]
    assert re.findall(r'<td><a href="(.*?)">(.*?)</a></td>', text)[:2] == [
        ("2012Q2-few/01-share.html#share", "20%, assumed"),
        ("2012Q2-many/01-share.html#share", "90%, assumed"),
    ]
    assert "few</a>: The share is 0.2" in text
    assert 'id="share"' in (home / "reports" / "2012Q2-few" / "01-share.html").read_text(encoding="utf-8")
    page.unlink()
    assert main(command) == 0 and page.read_text(encoding="utf-8") == text
