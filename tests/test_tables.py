import pandas as pd
import pytest

import htanalysis as ht
from htanalysis.tables import MIME

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
    assert content["rows"][0] == ["a & b", 1277, 0.5, "2012-06-30", 2011, "reported"]
    assert content["rows"][1][1] is None
    assert [column["label"] for column in content["columns"]] == list(LABELS.values())
    assert table._repr_mimebundle_()[MIME] == content


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


def test_a_caption_needs_known_sources_and_bases():
    with pytest.raises(ht.HtanalysisError, match="is not a source"):
        ht.Caption("id", "t", "s", source=["nowhere"], basis=["reported"])
    for basis in ([], ["guessed"]):
        with pytest.raises(ht.HtanalysisError, match="basis"):
            ht.Caption("id", "t", "s", source=["table-1"], basis=basis)
