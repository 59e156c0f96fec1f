import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import htanalysis as ht
from htanalysis.errors import NotebookError
from htanalysis.runs import find_notebooks, read_outputs, run_notebooks

PARAMETERS = new_code_cell('quarter: str = "2012Q2"  # quarter', metadata={"tags": ["parameters"]})


def write(folder, name, *cells):
    """Write a small notebook; the parameters cell comes first."""
    path = folder / f"{name}.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=list(cells), metadata=kernel), path)
    return path


def test_the_notebooks_are_found_in_reading_order():
    names = [path.stem for path in find_notebooks()]
    assert names[0] == "00-start-here" and names[-1] == "07-the-report-checked" and len(names) == 8


def test_outputs_are_read_and_nothing_of_the_machine_is_kept(tmp_path):
    code = (
        "import htanalysis as ht\n"
        'ht.Finding(id="a-finding", sentence=quarter, basis="computed", source=["table-1"], value=1)'
    )
    source = write(tmp_path, "one", PARAMETERS, new_code_cell(code))
    target = run_notebooks([source], tmp_path / "out", {"quarter": "2011Q4"})[0]
    ((kind, content),) = read_outputs(target)
    assert kind == "finding" and content["sentence"] == "2011Q4"
    text = target.read_text(encoding="utf-8")
    assert str(tmp_path) not in text and "papermill" not in text.replace("injected-parameters", "")
    assert 'execution"' not in text and "start_time" not in text
    assert source.read_text(encoding="utf-8").count("outputs") == 2, "the source stays as it was"


def test_a_default_run_leaves_the_notebook_without_a_cell_of_parameters(tmp_path):
    source = write(tmp_path, "one", PARAMETERS)
    target = run_notebooks([source], tmp_path / "out", {"quarter": "2012Q2"})[0]
    assert len(nbformat.read(target, as_version=4).cells) == 1


def test_a_notebook_that_stops_says_where_and_the_others_still_run(tmp_path):
    bad = write(
        tmp_path, "bad", new_markdown_cell("# A question"), PARAMETERS, new_code_cell("x = 1"), new_code_cell("1 / 0")
    )
    good = write(tmp_path, "good", PARAMETERS, new_code_cell("quarter"))
    with pytest.raises(NotebookError) as caught:
        run_notebooks([bad, good], tmp_path / "out", {"quarter": "2011Q4"}, jobs=2)
    lines = str(caught.value).split("\n")
    # The cell of the new parameters stands third, so the failing cell is the fifth.
    assert lines == [
        "The notebook bad stopped.",
        "Cell: 5, counted from 1.",
        "Error: ZeroDivisionError: division by zero",
        f"Partly executed notebook: {tmp_path / 'out' / 'bad.ipynb'}",
    ]
    partly = nbformat.read(tmp_path / "out" / "bad.ipynb", as_version=4)
    assert partly.cells[4].source == "1 / 0" and partly.cells[4].outputs[0].ename == "ZeroDivisionError"
    finished = nbformat.read(tmp_path / "out" / "good.ipynb", as_version=4)
    assert finished.cells[-1].outputs[0].data["text/plain"] == "'2011Q4'"


def test_a_parameter_that_a_notebook_does_not_declare_stops_the_run_before_it_begins(tmp_path):
    source = write(tmp_path, "one", PARAMETERS)
    with pytest.raises(ht.HtanalysisError) as caught:
        run_notebooks([source], tmp_path / "out", {"quarter": "2012Q2", "qarter": "2012Q2"})
    assert 'one.ipynb has no parameter "qarter"' in str(caught.value) and "it has: quarter" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_progress_is_a_line_a_notebook_where_there_is_no_terminal(tmp_path, capsys):
    run_notebooks([write(tmp_path, "one", PARAMETERS)], tmp_path / "out", {"quarter": "2012Q2"})
    assert capsys.readouterr().err == "1/1 one done\n"
