"""The committed notebooks as a reader meets them. Their outputs are compared by nbval."""

import ast
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import papermill
import pytest

import htanalysis as ht
from htanalysis import settings
from htanalysis.report.changes import find_findings
from htanalysis.report.methods import read_formula
from htanalysis.report.notebooks import find_notebooks, list_shown, read_executed
from htanalysis.results import MIME
from htanalysis.wording import with_unit

NOTEBOOKS = {path.stem: nbformat.read(path, as_version=4) for path in find_notebooks()}
NUMBERS_IN_PROSE = re.compile(
    r"\$[^$]+\$|`[^`]*`|“[^”]*”|§ ?\d[\d.a-z]*|Tables? \d( to \d)?|end note \d+|Chapter \d|^\d\. |\d{4}Q\d"
    r"|\b(19|20)\d\d\b|April 1,|100,000|95%",
    flags=re.MULTILINE,
)

#: All that is shown, for researchers alone or on pages, too.
SHOWN = [shown for path in find_notebooks() for cell in read_executed(path).cells for shown in list_shown(cell)]
FINDINGS = {content["id"]: content for kind, content in SHOWN if kind == "finding"}
TABLES = {content["id"]: content for kind, content in SHOWN if kind != "finding"}
METHODS = sorted({content["method"] for _, content in SHOWN} - {None})

#: Findings whose value or range is no plain arithmetic: a model, a test, an exact limit, or rows counted.
RANGES = (
    "arrests-against-year-before",
    "convictions-against-year-before",
    "gini-coefficient",
    "largest-share-interval",
)
VALUES = ("data-sets", "straight-line", "task-force-counties-alike", "task-force-counties-test", "trends-fitted")
BOTH = ("arrests-trend", "bias-analysis", "task-force-counties-odds")
BY_A_METHOD = dict.fromkeys(RANGES, frozenset({"low", "high"})) | dict.fromkeys(VALUES, frozenset({"value"}))
BY_A_METHOD |= dict.fromkeys(BOTH, frozenset({"value", "low", "high"}))
#: How a formula names the ends of a range, and the signs that Python writes otherwise.
ENDS = {"fewest": "low", "lowest": "low", "most": "high", "highest": "high"}
SIGNS = {",": "", "÷": "/", "×": "*", "−": "-", "²": "**2", "⌈": "ceil(", "⌉": ")", "⌊": "floor(", "⌋": ")"}


def work_out(formula) -> Iterator[tuple[str, float]]:
    """Give what each plain sum of a formula comes to, and whether that is the value, the low or the high end."""
    for clause in formula.split(";"):
        words, _, arithmetic = clause.rpartition("=")
        if words and re.fullmatch(r"[\d,.()⌈⌉⌊⌋²÷×−+ ]+", arithmetic):
            # "most = all − published = 113 − 52" names its end before the words.
            named = [part.split()[-1] for part in words.split("=")]
            end = next((ENDS[word] for word in named if word in ENDS), "value")
            plain = arithmetic.translate(str.maketrans(SIGNS))
            yield end, eval(plain, {"__builtins__": {}, "ceil": math.ceil, "floor": math.floor})


def cells(name, kind):
    """Give the sources of a notebook's cells of a kind."""
    return [cell.source for cell in NOTEBOOKS[name].cells if cell.cell_type == kind]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_begins_with_its_question_and_its_answer_in_three_sentences(name):
    first = NOTEBOOKS[name].cells[0]
    assert re.match(r"# .+\?\n", first.source)
    outputs = [output.get("data", {}) for cell in NOTEBOOKS[name].cells for output in cell.get("outputs", [])]
    answers = [data[MIME] for data in outputs if MIME in data]
    assert answers[0]["role"] == "answer" and len(answers[0]["findings"]) == 3
    second_heading = next(i for i, c in enumerate(NOTEBOOKS[name].cells[1:], 1) if c.cell_type == "markdown")
    shown = next(i for i, c in enumerate(NOTEBOOKS[name].cells) if c.get("outputs"))
    assert shown < second_heading


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_ends_with_what_cannot_be_known(name):
    text = "\n".join(cells(name, "markdown"))
    assert "## What we cannot know\n" in text and "## What would change it\n" in text
    assert text.index("## What we cannot know") > text.index("\n## ")
    assert "## How sure is this?\n" in text


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_code_cells_can_be_read_at_a_glance(name):
    assert max(source.count("\n") + 1 for source in cells(name, "code")) <= 15
    assert all(len(line) <= 120 for source in cells(name, "code") for line in source.split("\n"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_says_only_what_it_alone_can_say(name):
    code = "\n".join(cells(name, "code"))
    assert not re.search(r"formula=|basis=|source=\[|method=|unit=|ht\.(Finding|Caption|Column)\(|\bf\"", code)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_reads_as_an_essay(name):
    code, prose = cells(name, "code"), "\n".join(cells(name, "markdown"))
    sizes = sorted(source.count("\n") + 1 for source in code)
    assert sizes[len(sizes) // 2] <= 4 and sizes[-1] <= 12
    assert len(prose.split()) >= 8 * sum(sizes)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_reader_sees_something_within_15_lines_of_code(name):
    first = next(i for i, cell in enumerate(NOTEBOOKS[name].cells) if cell.get("outputs"))
    until = [cell.source for cell in NOTEBOOKS[name].cells[: first + 1] if cell.cell_type == "code"]
    assert sum(source.count("\n") + 1 for source in until) <= 15


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_one_parameters_cell_explains_each_of_its_values(name):
    tagged = [cell for cell in NOTEBOOKS[name].cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1 and NOTEBOOKS[name].cells.index(tagged[0]) <= 2
    path = next(path for path in find_notebooks() if path.stem == name)
    declared = papermill.inspect_notebook(str(path))
    assert declared["quarter"]["default"] == '"2012Q2"'
    for parameter in declared.values():
        assert len(parameter["help"].split()) > 4 and parameter["inferred_type_name"] != "None"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_number_is_typed_into_the_prose(name):
    for source in cells(name, "markdown"):
        rest = NUMBERS_IN_PROSE.sub("", source)
        assert not re.search(r"\d", rest), rest


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_logic_stays_in_the_package(name):
    code = "\n".join(cells(name, "code"))
    tree = ast.parse(code)
    logic = ast.FunctionDef | ast.ClassDef | ast.Try | ast.While
    assert not [node for node in ast.walk(tree) if isinstance(node, logic)]
    assert not re.search(r"^[!%]|warnings|np\.random|read_csv|open\(", code, flags=re.MULTILINE)
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    assert {node.attr for node in attributes if getattr(node.value, "id", "") == "ht"} <= set(ht.__all__)


def test_no_code_cell_but_imports_and_parameters_stands_twice():
    sources = [source for name in NOTEBOOKS for source in cells(name, "code")[2:]]
    assert len(set(sources)) == len(sources)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_outputs_are_committed_whole_and_free_of_this_machine(name):
    notebook = NOTEBOOKS[name]
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert not [o for c in notebook.cells for o in c.get("outputs", []) if o.output_type in ("error", "stream")]
    text = nbformat.writes(notebook)
    assert "papermill" not in notebook.metadata and not re.search(r"/(home|root|tmp|Users|work)/", text)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_chart_and_table_names_basis_source_and_a_finding_in_its_title(name):
    for cell in NOTEBOOKS[name].cells:
        for output in cell.get("outputs", []):
            for mime in ("application/vnd.htanalysis.chart+json", "application/vnd.htanalysis.table+json"):
                content = output.get("data", {}).get(mime)
                if content:
                    assert content["basis"] and content["source"] and content["subtitle"]
                    assert len(content["title"].split()) >= 4


@pytest.mark.parametrize("method", METHODS)
def test_every_function_that_is_named_exists_and_says_its_formula_in_plain_words(method):
    assert method in ht.__all__
    formula = read_formula(method)
    assert len(formula.split()) >= 3 and not re.search(r"[`$\\\n]|Formula", formula)


def test_every_finding_table_and_figure_that_is_not_reported_says_how_it_is_computed_from_what():
    for table in TABLES.values():
        if set(table["basis"]) != {"reported"}:
            assert table["formula"] or read_formula(table["method"]), table["id"]
    for finding in FINDINGS.values():
        if finding["basis"] != "reported":
            formula = finding["formula"]
            assert re.search(r"\d", formula) and "\n" not in formula, finding["id"]
            assert not re.search(r"\bnan\b|<NA>|\bNone\b|\binf\b|not published|[*/]|\d-\d| -", formula), formula


@pytest.mark.parametrize("name", [name for name, content in FINDINGS.items() if content["basis"] != "reported"])
def test_the_arithmetic_of_a_formula_gives_the_findings_numbers(name):
    finding = FINDINGS[name]
    results = list(work_out(finding["formula"]))
    for end, result in results:
        shown = [with_unit(number, finding["unit"], finding["digits"]) for number in (result, finding[end])]
        # The inputs are rounded to four digits at the least, so that a wrong one shows before the last digit does.
        assert result == pytest.approx(finding[end], rel=1e-3) and shown[0] == shown[1], finding["formula"]
    numbers = {end for end in ("value", "low", "high") if finding[end] is not None}
    if finding["low"] is not None and finding["low"] == finding["high"]:
        numbers -= {"value"}
    assert numbers - {end for end, _ in results} == BY_A_METHOD.get(name, set())


def test_a_formula_is_read_with_its_signs_and_ends():
    text = "so: fewest = ⌈1,000 × (0.5 − 0.25)⌉; most = all − other = (2² + 5) ÷ 3; where x = 2 × y; share = 1 + 2"
    assert list(work_out(text)) == [("low", 250), ("high", 3), ("value", 3)]


def test_a_copy_or_a_draft_is_no_page(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "HOME", tmp_path)
    (tmp_path / "notebooks").mkdir()
    for name in ("06-services", "06-services-Copy1", "Untitled", "06", "10-new-page", "06-services copy", "6 services"):
        (tmp_path / "notebooks" / f"{name}.ipynb").touch()
    assert [path.stem for path in find_notebooks()] == ["06-services", "10-new-page"]


def test_the_notebooks_folder_holds_the_notebooks_alone():
    names = {path.name for path in (Path(ht.__file__).parents[1] / "notebooks").iterdir()} - {".ipynb_checkpoints"}
    assert names == {f"{name}.ipynb" for name in [*NOTEBOOKS, "explore"]}


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_what_findings_rest_on_gives_the_findings_of_the_whole_notebook(path):
    executed = [{"notebook": path.stem} | content for kind, content in read_executed(path).shown if kind == "finding"]
    assert json.loads(json.dumps(find_findings(path, {}))) == executed
