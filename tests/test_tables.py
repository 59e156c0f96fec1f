import pandas as pd
import pytest

import htanalysis as ht
from htanalysis.charts.tables import MIME, format_cell, keep_last, render_table
from htanalysis.results import Column

CAPTION = ht.Caption(
    "some-table", "Two <rows>", "Counts, California", source=["table-1"], basis=["reported", "bounded"]
)
FRAME = pd.DataFrame({"name": ["a & b", "c"], "count": pd.array([1277, None], "Int64"), "share": [0.5, 0.256]}).assign(
    day=pd.to_datetime(["2012-06-30", "2012-01-01"]),
    year=[2011, 2012],
    basis=["reported", "bounded"],
    hidden=["x", "y"],
)
COLUMNS = {name: ht.Column(name) for name in ("name", "count", "share", "day", "year", "basis")}
COLUMNS |= {"count": ht.Column("count", basis="reported"), "share": ht.Column("share", "share", basis="row")}
COLUMNS |= {"year": ht.Column("year", "year")}


@pytest.fixture
def table() -> ht.Table:
    """A table with every kind of cell."""
    return ht.Table(FRAME, CAPTION, COLUMNS)


def test_a_table_travels_as_plain_values(table):
    content = table.to_json()
    assert (content["method"], content["formula"]) == (None, None)
    assert content["rows"][0] == ["a & b", 1277, 0.5, "2012-06-30", 2011, "reported"]
    assert content["rows"][1][1] is None
    assert [column["label"] for column in content["columns"]] == list(COLUMNS)
    assert table._repr_mimebundle_()[MIME] == content
    caption = ht.Caption("id", "t", "s", source=["table-1"], basis=["computed"], formula="both = a + b")
    assert ht.Table(FRAME, caption, COLUMNS).to_json()["formula"] == "both = a + b"


def test_html_has_caption_heads_and_row_heads_and_escapes_text(table):
    html = table._repr_mimebundle_()["text/html"]
    assert "<caption><strong>Two &lt;rows&gt;</strong><br><span>" in html
    assert html.count('<th scope="col"') == 6 and html.count('<th scope="row"') == 2
    assert "a &amp; b" in html and "a & b" not in html
    assert '<td style="text-align: right">1,277</td>' in html and '<td style="text-align: right">50%</td>' in html
    assert '<span class="missing">not published</span>' in html
    assert '<span class="basis basis-bounded">bounded</span>' in html
    assert '<td style="text-align: left">2012-06-30</td>' in html and '<td class="date">' in render_table(
        table.to_json(), True
    )
    assert '<td style="text-align: left">2011</td>' in html and "2,011" not in html
    assert "hidden" not in html and ">x<" not in html and "data-basis" not in html


def test_on_a_page_the_title_stands_beside_the_table_rows_can_have_ids_and_columns_say_their_basis(table):
    html = render_table(table.to_json(), on_page=True, row_id="row-some")
    assert "Two &lt;rows&gt;" not in html and "Counts, California" in html
    assert html.count('<tr id="row-some-') == 2 and '<tr id="row-some-1"><th scope="row">a &amp; b</th>' in html
    assert '<th scope="col" class="number" data-basis="reported">count</th>' in html
    assert '<th scope="col" class="number" data-basis="row">share</th>' in html and html.count("data-basis") == 2
    assert '<td class="number missing">not published</td>' in html and 'span class="missing"' not in html


def test_where_most_columns_of_a_page_hold_numbers_the_others_say_so():
    frame = FRAME[["name", "count", "share", "basis", "day"]].assign(more=[1, 2])
    content = ht.Table(frame, CAPTION, {name: ht.Column(name) for name in frame}).to_json()
    html = render_table(content, on_page=True)
    assert '<table class="ht-table wide counted">' in html and "number" not in html
    assert '<th scope="row">a &amp; b</th><td>1,277</td><td>0</td><td class="text"><span class="basis' in html
    assert '<td class="date">2012-06-30</td><td>1</td>' in html and '<th scope="col" class="text">basis</th>' in html
    assert "counted" not in render_table(content)


@pytest.mark.parametrize(
    ("columns", "text", "wide"), [(4, "short", False), (5, "short", True), (2, "a long text " * 6, True)]
)
def test_a_table_of_many_columns_or_long_texts_is_wide(columns, text, wide):
    frame = pd.DataFrame([[text] * columns])
    content = ht.Table(frame, CAPTION, dict.fromkeys(frame, ht.Column("head"))).to_json()
    assert ('class="ht-table wide"' in render_table(content, on_page=True)) == wide


def test_a_plain_number_has_no_commas_and_stands_like_a_number_and_no_head_is_empty():
    assert format_cell(1277, "plain", "–") == "1277" and format_cell(0.25, "plain", "–") == "0.25"
    frame = pd.DataFrame({"name": ["a"], "count": [1277]})
    content = ht.Table(frame, CAPTION, {"name": ht.Column(""), "count": ht.Column("count")}).to_json()
    content["columns"][1]["digits"] = "plain"
    html = render_table(content)
    assert '<td style="text-align: right">1277</td>' in html
    assert '<th scope="col" style="text-align: left">row</th>' in html and "></th>" not in html


def test_a_caption_needs_known_sources_and_bases():
    with pytest.raises(ht.HtanalysisError, match="is not a source"):
        ht.Caption("id", "t", "s", source=["nowhere"], basis=["reported"])
    for basis in ([], ["guessed"]):
        with pytest.raises(ht.HtanalysisError, match="basis"):
            ht.Caption("id", "t", "s", source=["table-1"], basis=basis)


@pytest.mark.parametrize(("name", "title"), [("quarter", "quarter"), ("label", "quarter"), ("period", "time")])
def test_a_page_lists_the_last_eight_quarters_of_a_long_table_and_the_workbook_all(name, title):
    quarters = [str(quarter) for quarter in pd.period_range("2010Q3", periods=30, freq="Q")]
    frame = pd.DataFrame({"measure": ["a"] * 30 + ["b"] * 30, name: quarters * 2})
    columns = {"measure": Column(title="measure"), name: Column(title=title)}
    content = ht.Table(frame, CAPTION, columns).to_json()
    kept = keep_last(content)
    assert [row[1] for row in kept["rows"]] == quarters[-8:] * 2 and len(content["rows"]) == 60
    assert kept["subtitle"] == "Counts, California; the last 8 of 30 quarters, all of them in tables.xlsx"
    short = content | {"rows": content["rows"][:24]}
    assert keep_last(short) == short
