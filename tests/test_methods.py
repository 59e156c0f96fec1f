import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import htanalysis as ht
from htanalysis.report import methods
from htanalysis.report.methods import describe_methods, read_formula

FUNCTIONS = {name: value for name in ht.__all__ if inspect.isfunction(value := getattr(ht, name))}
CODE = Path(methods.__file__).parents[1]


@pytest.mark.parametrize("method", ["answer", "Finding", "no_such_function"])
def test_what_gives_no_formula_is_refused(method):
    with pytest.raises(ht.HtanalysisError, match=f'"{method}" gives no formula'):
        read_formula(method)


def test_a_formula_is_one_line_of_plain_text_without_code_marks():
    formula = read_formula("compare_labor")
    assert formula.startswith("the published labor share; ") and "(see count_behind_share)" in formula


def test_the_methods_are_what_the_functions_say_of_themselves():
    described = describe_methods({name: {"page": "Title"} for name in FUNCTIONS})["modules"]
    told = {function["name"]: module["name"] for module in described for function in module["functions"]}
    assert told == {name: function.__module__.removeprefix("htanalysis.") for name, function in FUNCTIONS.items()}
    read = {name: methods._read_module(module)[1][name] for name, module in told.items()}
    for name, (text, code) in read.items():
        assert text == inspect.getdoc(FUNCTIONS[name])
        source = inspect.getsource(FUNCTIONS[name])
        head, docstring, rest = re.split(r'(^    """.*?"""\n)', source, maxsplit=1, flags=re.DOTALL | re.MULTILINE)
        assert docstring and code == (head + rest).rstrip("\n")


def test_what_only_shows_numbers_is_described_where_a_page_names_it():
    def names(used):
        return {function["name"] for module in describe_methods(used)["modules"] for function in module["functions"]}

    assert names({"draw_map": {"03": "Where?"}}) - names({}) == {"draw_map"}


def test_the_methods_are_read_without_importing_what_computes():
    code = (
        "import sys; from htanalysis.report.methods import describe_methods as f; f({}); print('scipy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_a_function_that_is_changed_is_described_anew(monkeypatch, tmp_path):
    for path in CODE.rglob("*.py"):
        copy = tmp_path / path.relative_to(CODE)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(methods, "_FOLDER", tmp_path)
    before = read_formula("detect_ratio")
    path = tmp_path / "intervals.py"
    path.write_text(path.read_text(encoding="utf-8").replace("× counted sex", "× all that are sex"), encoding="utf-8")
    assert read_formula("detect_ratio") == before.replace("× counted sex", "× all that are sex") != before
