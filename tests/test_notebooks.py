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
from htanalysis.findings import with_unit
from htanalysis.methods import read_formula
from htanalysis.notebooks import find_findings, find_notebooks, read_outputs

NOTEBOOKS = {path.stem: nbformat.read(path, as_version=4) for path in find_notebooks()}
NUMBERS_IN_PROSE = re.compile(
    r"`[^`]*`|“[^”]*”|§ ?\d[\d.a-z]*|Tables? \d( to \d)?|end note \d+|Chapter \d|^\d\. |\d{4}Q\d|\b(19|20)\d\d\b"
    r"|April 1,|100,000|95%",
    flags=re.MULTILINE,
)

SHOWN = [shown for path in find_notebooks() for shown in read_outputs(path)]
FINDINGS = {content["id"]: content for kind, content in SHOWN if kind == "finding"}
TABLES = {content["id"]: content for kind, content in SHOWN if kind == "table"}
METHODS = sorted({content["method"] for _, content in SHOWN} - {None})

#: Findings whose value or range is no plain arithmetic: a model, a test, an exact limit, or rows counted.
BY_A_METHOD = {
    "arrests-against-year-before": {"low", "high"},
    "arrests-trend": {"value", "low", "high"},
    "bias-analysis": {"value", "low", "high"},
    "convictions-against-year-before": {"low", "high"},
    "data-sets": {"value"},
    "gini-coefficient": {"low", "high"},
    "largest-share-interval": {"low", "high"},
    "straight-line": {"value"},
    "task-force-counties-alike": {"value"},
    "task-force-counties-odds": {"value", "low", "high"},
    "task-force-counties-test": {"value"},
    "trends-fitted": {"value"},
}
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
    answers = [
        data["application/vnd.htanalysis.findings+json"]
        for cell in NOTEBOOKS[name].cells
        for output in cell.get("outputs", [])
        if "application/vnd.htanalysis.findings+json" in (data := output.get("data", {}))
    ]
    assert answers[0]["role"] == "answer" and len(answers[0]["findings"]) == 3
    second_heading = next(i for i, c in enumerate(NOTEBOOKS[name].cells[1:], 1) if c.cell_type == "markdown")
    shown = next(i for i, c in enumerate(NOTEBOOKS[name].cells) if c.get("outputs"))
    assert shown < second_heading


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_ends_with_what_cannot_be_known(name):
    text = "\n".join(cells(name, "markdown"))
    assert "## What we cannot know\n" in text and "## What would change it\n" in text
    assert text.index("## What we cannot know") > text.index("\n## ")
    if name != "00-start-here":
        assert "## How sure is this?\n" in text


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_code_cells_can_be_read_at_a_glance(name):
    assert max(source.count("\n") + 1 for source in cells(name, "code")) <= 15
    assert all(len(line) <= 120 for source in cells(name, "code") for line in source.split("\n"))


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
    assert not [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Try | ast.While)
    ]
    assert not re.search(r"^[!%]|warnings|np\.random|read_csv|open\(", code, flags=re.MULTILINE)
    called = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "ht"
    }
    assert called <= set(ht.__all__)


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


def test_every_function_that_a_finding_names_exists():
    assert set(METHODS) <= set(ht.__all__)


@pytest.mark.parametrize("method", METHODS)
def test_every_function_that_is_named_says_its_formula_in_plain_words(method):
    formula = read_formula(method)
    assert len(formula.split()) >= 3 and not re.search(r"[`$\\\n]|Formula", formula)


def test_every_finding_that_is_not_reported_says_how_it_is_computed_from_what():
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


def test_every_table_and_figure_that_is_not_only_reported_says_how_it_is_computed():
    for table in TABLES.values():
        if set(table["basis"]) != {"reported"}:
            assert table["formula"] or read_formula(table["method"]), table["id"]


def test_a_copy_or_a_draft_is_no_page(tmp_path):
    for name in ("06-services", "06-services-Copy1", "Untitled", "06", "10-new-page", "06-services copy", "6 services"):
        (tmp_path / f"{name}.ipynb").touch()
    assert [path.stem for path in find_notebooks(tmp_path)] == ["06-services", "10-new-page"]


def test_the_notebooks_folder_holds_the_notebooks_alone():
    names = {path.name for path in (Path(ht.__file__).parents[1] / "notebooks").iterdir()} - {".ipynb_checkpoints"}
    assert names == {f"{name}.ipynb" for name in NOTEBOOKS}


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_what_findings_rest_on_gives_the_findings_of_the_whole_notebook(path):
    executed = [{"notebook": path.stem} | content for kind, content in read_outputs(path) if kind == "finding"]
    assert json.loads(json.dumps(find_findings(path, {}))) == executed


def finding(name, value):
    return f'ht.Finding(id="{name}", sentence="", value={value}, basis="reported", source=["collection"])'


def test_only_what_findings_rest_on_is_run(tmp_path):
    sources = [
        "import json as unused\nimport no_such_module\nimport htanalysis as ht",
        "quarter: str = 'none'\nratio: float = 1 / 0",
        # A plain assignment is run where a later statement reads it, and a name that is given anew has other uses.
        "x = 2\ny, z = x + 1, 4\nlost = 1 / 0\nlost, more = 1 / 0",
        "numbers = [1]\nsame = numbers\nsame += [5]\nsame[0] = 7\nsame.append(9)",
        "ht.draw_known(1 / 0)",
        "ht.Table(1 / 0) if 1 / 0 else Markdown(1 / 0)",
        "for each in [1, 2]:\n    display(ht.draw_fit(1 / 0))\n    print(1 / 0)",
        f"for number in numbers:\n    half = number / 2\n    display({finding('in-a-loop', 'half')})",
        f"{finding('not-shown', 1)}\nht.draw_known(1 / 0)",
        f"first = {finding('first', 'y + z')}\nht.answer(first)",
        f"ht.draw_known(1 / 0) if quarter == 'none' else {finding('chosen', 3)}",
        "for last in [5, 6]:\n    print(last)\nprint(seen := 8)",
        f"ht.answer({finding('after-a-loop', 'last')}, {finding('inside-a-print', 'seen')})",
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[1].metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "01-one.ipynb")
    found = find_findings(tmp_path / "01-one.ipynb", {"quarter": "2012Q2"})
    assert {each["notebook"] for each in found} == {"01-one"}
    assert [(each["id"], each["value"]) for each in found] == [
        *(("in-a-loop", value) for value in (3.5, 2.5, 4.5)),
        *(("first", 7), ("chosen", 3), ("after-a-loop", 6), ("inside-a-print", 8)),
    ]
