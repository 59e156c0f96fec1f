"""The audience is a boundary: the processes of a public run have the public's view of the returns, and no other."""

import os
import shutil

import nbformat
import pytest
from conftest import make_report
from nbformat.v4 import new_code_cell, new_notebook

from htanalysis import settings
from htanalysis.data import load
from htanalysis.errors import HtanalysisError, NotebookError
from htanalysis.returns import counts, store, views

HEAD = "period_start,period_end,task_force,measure,trafficking_type,count,as_of\n"
ROW = "2012-07-01,2012-09-30,{},arrests,all,{},{}\n"
PARAMETERS = 'quarter: str = "2012Q2"\nas_of: str = "report"\naudience: str = "public"'


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Give a collection with one notebook and a count of five, of which a later version says six."""
    names = load("task_forces")["task_force"]
    shutil.copytree(settings.HOME / "data", tmp_path / "home" / "data", ignore=shutil.ignore_patterns("quarters"))
    folder = tmp_path / "home" / "data" / "quarters"
    folder.mkdir()
    rows = [ROW.format(names[0], 5, "2012-10-31"), ROW.format(names[0], 6, "2012-12-31")]
    rows += [ROW.format(name, 40, "2012-10-31") for name in names[1:]]
    (folder / "2012Q3.csv").write_text(HEAD + "".join(rows))
    monkeypatch.setattr(settings, "HOME", tmp_path / "home")
    monkeypatch.setattr(store, "require_untouched", lambda: None)
    return tmp_path / "home"


def fail_with(home, code, audience="public", parameters=PARAMETERS, **given):
    """Make a report of a notebook that stops; give what is said of it, and what it has shown until then."""
    cells = [
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        new_code_cell(f"import htanalysis as ht\n{code}"),
    ]
    path = home / "notebooks" / "01-own.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)
    with pytest.raises(NotebookError) as caught:
        make_report(home / "reports", "2012Q3", audience=audience, **given)
    (kept,) = (home / "reports").glob("*-failed/notebooks/*.ipynb")
    outputs = nbformat.read(kept, as_version=4).cells[-1].outputs
    error = str(caught.value).partition("Error: ")[2].partition("\nPartly")[0]
    return error, "".join(each.text for each in outputs if each.output_type == "stream")


GONE = "FileNotFoundError: [Errno 2] No such file or directory"
INTERNAL = (
    'HtanalysisError: A public report gives its notebooks the returns as the public may see them, not "internal". Pass '
    "on the notebook’s own parameter audience, or run htanalysis report --audience internal."
)
CLOSED = (
    "HtanalysisError: A report’s notebooks cannot open the store of returns. ht.load_returns gives what a reader may "
    "see."
)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ('ht.load_returns("latest", "internal")', INTERNAL),
        ('ht.total_returns(as_of, "internal")', INTERNAL),
        ('ht.count_quarters("report", "internal")', INTERNAL),
        ('ht.count_reporters(audience="internal")', INTERNAL),
        ("from htanalysis.returns import store\nstore.read_store()", CLOSED),
        ("from htanalysis.returns import store\nstore.fingerprint()", CLOSED),
        ("import pandas\npandas.read_csv(ht.data.settings.HOME / 'data' / 'quarters' / '2012Q3.csv')", GONE),
        ("open('data/quarters/2012Q3.csv')", GONE),
    ],
)
def test_a_notebook_of_a_public_run_that_asks_for_more_is_refused_in_plain_words(home, code, error):
    told, shown = fail_with(home, code)
    assert told.startswith(error) and shown == ""


def test_what_a_failing_public_run_shows_and_keeps_is_the_publics_view(home, capfd):
    code = "rows = ht.load_returns(as_of, audience)\nprint(rows.to_csv(), end='')\nraise ValueError(rows.to_csv())"
    told, shown = fail_with(home, code)
    assert (
        shown == counts.load_returns("latest", "public").to_csv() != counts.load_returns("latest", "internal").to_csv()
    )
    assert told == f"ValueError: {' '.join(shown.split())}"
    assert "ValueError" not in capfd.readouterr().err


def test_an_internal_run_has_both_views_and_what_it_keeps_is_for_the_user_alone(home):
    code = (
        "print(*(ht.load_returns('latest', each).to_csv() for each in ('internal', 'public')), sep='', end='')\n1 / 0"
    )
    before = os.umask(0o022)
    try:
        told, shown = fail_with(home, code, audience="internal")
    finally:
        os.umask(before)
    assert told == "ZeroDivisionError: division by zero"
    assert shown == "".join(counts.load_returns("latest", each).to_csv() for each in ("internal", "public"))
    failed = home / "reports" / "2012Q3-internal-failed"
    assert not any(path.stat().st_mode & 0o077 for path in (failed, *failed.rglob("*")))


def test_a_notebook_that_declares_no_day_gets_no_returns(home):
    told, _ = fail_with(home, "ht.load_returns()", parameters='quarter: str = "2012Q2"')
    assert told.startswith("HtanalysisError: This notebook declares no as_of, so a report gives it no returns.")
    told, shown = fail_with(home, "print(ht.parse_period(quarter)[0])\n1 / 0", parameters='quarter: str = "x"')
    assert shown == "2012Q3\n", "it still knows which quarters there are"


def test_a_report_of_a_day_knows_nothing_that_came_later_and_says_which_day_it_knows(home):
    code = "print(ht.load_returns('latest', audience)['count'].sum(), ht.load_returns('report').empty)\n1 / 0"
    _, shown = fail_with(home, code, as_of="2012-10-31", audience="internal")
    assert shown == "325 True\n"
    shutil.rmtree(home / "reports")
    told, _ = fail_with(home, "ht.load_returns('2012-10-31')\n")
    assert told.startswith("HtanalysisError: This report shows returns as known on 2012-12-31, not as on 2012-10-31.")


def test_outside_of_a_run_everything_is_as_it_was(home):
    given = views.hand_over("latest", "public")
    assert given.day == "2012-12-31" and set(given.views) == {("2012-12-31", "public"), ("report", "public")}
    assert len(store.read_store()) == 10 and home == settings.HOME
    with pytest.raises(HtanalysisError, match='"all" is not an audience'):
        counts.load_returns("latest", "all")
