import pandas as pd
import pytest

import htanalysis as ht
from htanalysis.tables import MIME, format_cell, render_table

CAPTION = ht.Caption(
    "some-table", "Two <rows>", "Counts, California", source=["table-1"], basis=["reported", "bounded"]
)
FRAME = pd.DataFrame(
    {
        "name": ["a & b", "c"],
        "count": pd.array([1277, None], "Int64"),
        "share": [0.5, 0.256],
        "day": pd.to_datetime(["2012-06-30", "2012-01-01"]),
        "year": [2011, 2012],
        "basis": ["reported", "bounded"],
        "hidden": ["x", "y"],
    }
)
LABELS = {"name": "name", "count": "count", "share": "share", "day": "day", "year": "year", "basis": "basis"}


@pytest.fixture
def table() -> ht.Table:
    """A table with every kind of cell."""
    return ht.Table(FRAME, CAPTION, LABELS, {"share": "0%", "year": "year"})


def test_a_table_travels_as_plain_values(table):
    content = table.to_json()
    assert (content["method"], content["formula"]) == (None, None)
    assert content["rows"][0] == ["a & b", 1277, 0.5, "2012-06-30", 2011, "reported"]
    assert content["rows"][1][1] is None
    assert [column["label"] for column in content["columns"]] == list(LABELS.values())
    assert table._repr_mimebundle_()[MIME] == content


def test_a_table_says_how_it_was_computed_where_no_function_did():
    caption = ht.Caption("id", "t", "s", source=["table-1"], basis=["computed"], formula="both = a + b")
    assert ht.Table(FRAME, caption, LABELS).to_json()["formula"] == "both = a + b"


def test_html_has_caption_heads_and_row_heads_and_escapes_text(table):
    html = table._repr_mimebundle_()["text/html"]
    assert "<caption><strong>Two &lt;rows&gt;</strong>" in html
    assert html.count('<th scope="col"') == 6 and html.count('<th scope="row"') == 2
    assert "a &amp; b" in html and "a & b" not in html
    assert '<td class="number">1,277</td>' in html and '<td class="number">50%</td>' in html
    assert '<span class="missing">not published</span>' in html
    assert '<span class="basis basis-bounded">bounded</span>' in html
    assert '<td class="date">2012-06-30</td>' in html
    assert "<td>2011</td>" in html and "2,011" not in html
    assert "hidden" not in html and ">x<" not in html


def test_on_a_page_the_title_stands_beside_the_table_and_rows_can_have_ids(table):
    html = render_table(table.to_json(), on_page=True, row_id="row-some")
    assert "Two &lt;rows&gt;" not in html and "Counts, California" in html
    assert html.count('<tr id="row-some-') == 2 and '<tr id="row-some-1"><th scope="row">a &amp; b</th>' in html


@pytest.mark.parametrize(
    ("columns", "text", "wide"), [(4, "short", False), (5, "short", True), (2, "a long text " * 6, True)]
)
def test_a_table_of_many_columns_or_long_texts_is_wide(columns, text, wide):
    names = [f"c{place}" for place in range(columns)]
    content = {
        "title": "t",
        "subtitle": "s",
        "missing": "–",
        "columns": [{"name": name, "label": name, "digits": 0} for name in names],
        "rows": [[text] * columns],
    }
    assert ('class="ht-table wide"' in render_table(content, on_page=True)) == wide


def test_no_column_head_is_empty():
    frame = pd.DataFrame({"name": ["a"], "count": [1]})
    html = ht.Table(frame, CAPTION, {"name": "", "count": "count"})._repr_mimebundle_()["text/html"]
    assert '<th scope="col">row</th>' in html and "></th>" not in html


def test_a_plain_number_has_no_commas_and_stands_like_a_number():
    assert format_cell(1277, "plain", "–") == "1277" and format_cell(0.25, "plain", "–") == "0.25"
    frame = pd.DataFrame({"name": ["a"], "count": [1277]})
    html = ht.Table(frame, CAPTION, {"name": "name", "count": "count"}, {"count": "plain"})._repr_mimebundle_()
    assert '<td class="number">1277</td>' in html["text/html"]


def test_a_caption_needs_known_sources_and_bases():
    with pytest.raises(ht.HtanalysisError, match="is not a source"):
        ht.Caption("id", "t", "s", source=["nowhere"], basis=["reported"])
    for basis in ([], ["guessed"]):
        with pytest.raises(ht.HtanalysisError, match="basis"):
            ht.Caption("id", "t", "s", source=["table-1"], basis=basis)


def test_a_column_says_its_basis_to_a_page_alone():
    frame = pd.DataFrame({"year": ["a"], "count": [5], "low": [1]})
    bases = {"count": "reported", "low": "row"}
    labels = {"year": "year", "count": "count", "low": "from"}
    content = ht.Table(
        frame, ht.Caption("t", "T", "s", source=["table-1"], basis=["reported"]), labels, column_bases=bases
    )
    html = render_table(content.to_json(), on_page=True)
    assert '<th scope="col" class="number" data-basis="reported">count</th>' in html
    assert '<th scope="col" class="number" data-basis="row">from</th>' in html and html.count("data-basis") == 2
    assert "data-basis" not in render_table(content.to_json())
