"""The page of all findings: their order by question, and the files that are offered."""

import re

import pytest

from htanalysis.report import findings
from htanalysis.report.notebooks import Cell, Executed


def test_a_later_report_begins_with_its_quarter_and_keeps_the_two_years_as_history():
    def cell(name, *found, tags=()):
        return Cell(name, "code", "", tags, [("findings", {"findings": [{"id": each} for each in found]})])

    first = Cell("a", "markdown", "# Did it grow?", (), ())
    news, past = cell("b", "arrests-in-quarter", "trends-fitted"), cell("c", "straight-line", tags=("history",))
    notebook = Executed([first, news, past, cell("d", "table-1-covers", "convictions-to-come")])
    found = [{"notebook": "01", **item} for _, item in notebook.shown]
    questions = {later: findings.list_questions({"01": notebook}, found, later)[0] for later in (False, True)}
    ids = {
        later: {part: [each["id"] for each in question[part]] for part in ("first", "others", "history")}
        for later, question in questions.items()
    }
    others = {"others": ["trends-fitted", "table-1-covers"], "history": ["straight-line"]}
    assert ids[True] == {"first": ["arrests-in-quarter", "convictions-to-come"]} | others
    assert ids[False]["others"][-2:] == ["straight-line", "table-1-covers"] and not ids[False]["history"]
    assert findings.name_topic("victims-identified-in-quarter") == "Victims identified in the quarter"


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("california-outside-vice", "Labor trafficking in the state outside vice units"),
        ("growth-from-san-jose", "Growth that came with the task force that joined"),
        ("tcvap-persons", "TCVAP persons"),
        ("arrests-trend-quarterly", "Arrests from one quarter to the next"),
        ("arrests-2012q3-returned", "Arrests 2012Q3 as returned"),
    ],
)
def test_a_note_is_headed_by_words_and_not_by_an_id(name, topic):
    assert findings.name_topic(name) == topic


def test_what_stands_above_a_finding_does_not_say_how_it_comes_out():
    titles = " ".join(findings.HEADLINES.values())
    assert not re.search(r"\b(less|more|fewer|rose|fell|growth|rising|beyond)\b", titles, flags=re.IGNORECASE)


@pytest.mark.parametrize(
    ("size", "told"), [(1, "1 kB"), (2_600, "3 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (1_161_000, "1.2 MB")]
)
def test_files_are_offered_with_format_and_size_where_they_are_there(tmp_path, size, told):
    (tmp_path / "report-internal.pdf").write_bytes(b"x" * size)
    pdf, manifest, sums = findings.list_downloads(tmp_path, ["01-x"], "-internal")
    assert (pdf["path"], pdf["format"], pdf["size"]) == ("report-internal.pdf", "PDF", f", {told}")
    names = [(each["name"], each["size"]) for each in (manifest, sums)]
    assert names == [("manifest-internal.json", ""), ("SHA256SUMS", "")]
