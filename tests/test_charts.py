import json

import geopandas as gpd
import pandas as pd
import pytest

import htanalysis as ht
from htanalysis import charts

COUNTS, TOTALS = ht.load("task_force_quarters"), ht.load("task_force_totals")


def caption(**change) -> ht.Caption:
    """A caption for a chart that is only tested."""
    facts = {"id": "chart", "title": "A finding", "subtitle": "Counts", "source": ["table-1"], "basis": ["reported"]}
    return ht.Caption(**facts | change)


def traces(chart: ht.Chart, name: str) -> list:
    """Give the traces of a name."""
    return [trace for trace in chart.figure.data if trace.name == name]


@pytest.fixture(scope="module")
def drawings() -> dict[str, ht.Chart]:
    """One chart of each kind, on the report's data."""
    table = ht.load("penal_code_236_1")
    rates = ht.rate_counties(ht.load("county_convictions"), ht.counties())
    mixes = ht.compare_mixes(ht.load("trafficking_type"))
    ranges = pd.DataFrame(
        {
            "row": ["told", "made", "open", "if"],
            "value": [3.0, 2.0, None, 4.0],
            "low": [None, 1.0, 0.0, 2.0],
            "high": [None, 3.0, 5.0, 6.0],
            "basis": ["reported", "computed", "bounded", "assumed"],
        }
    )
    curve = ht.curve_detection(mixes.iloc[0], [0.2, 0.5, 0.8])
    axes = (ht.Axis("share", "share"), ht.Axis("times", digits=1, log=True))
    return {
        "known": ht.draw_known(COUNTS, caption()),
        "periods": ht.draw_periods(ht.list_periods({"heat_unit": "unit", "htrs": "federal"}), caption()),
        "quarters": ht.draw_quarters(ht.bound_quarters(COUNTS, TOTALS), caption()),
        "rates": ht.draw_rates({"arrests": ht.rate_by_year(table, "arrests")}, "a month", caption()),
        "ranges": ht.draw_ranges(ranges, ht.Axis("times", digits=1), caption(), reference=1),
        "curve": ht.draw_curve(curve, {"value": "all"}, axes, caption(), ("low", "high"), (0.7, 0.8, "ILO")),
        "outlook": ht.draw_outlook(ht.project_convictions(table, 2009), caption()),
        "map": ht.draw_map(rates, caption()),
        "mix": ht.draw_mix(mixes, caption()),
    }


KINDS = ["known", "periods", "quarters", "rates", "ranges", "curve", "outlook", "map", "mix"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_chart_says_title_units_source_and_basis_and_what_is_seen(drawings, kind):
    chart = drawings[kind]
    layout = chart.figure.layout
    assert layout.title.text == "A finding" and layout.title.subtitle.text == "Counts"
    foot = [note.text for note in layout.annotations if note.name == "foot"]
    assert foot == ["Source: Chapter 3, Table 1. Basis: reported."]
    assert len(chart.alt.split()) > 8 and chart.alt.endswith(".")
    assert len(chart.table.frame) > 0 and layout.height == layout.meta["height"] + 150
    if kind != "map":
        titles = (
            [axis.title.text for axis in layout.select_xaxes() if hasattr(axis, "title")]
            if False
            else [layout[name].title.text for name in layout if name.startswith("xaxis")]
        )
        assert any(titles)


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_can_be_stored_in_a_notebook_and_sends_nothing_away(drawings, kind):
    bundle = drawings[kind]._repr_mimebundle_()
    json.dumps(bundle)
    config = bundle["application/vnd.plotly.v1+json"]["config"]
    assert config["showSendToCloud"] is False and config["displayModeBar"] is False
    assert bundle[charts.MIME]["alt"] == drawings[kind].alt
    text = json.dumps(bundle)
    assert "http" not in text and "choropleth" not in text


def test_colors_are_few_and_never_alone(drawings):
    marks = {trace.marker.symbol for trace in drawings["ranges"].figure.data if trace.mode == "markers"}
    assert marks == {"circle", "diamond"}
    dashes = [trace.line.dash for trace in drawings["ranges"].figure.data if trace.mode == "lines"]
    assert dashes.count("4px,3px") == 1


def test_what_is_not_published_is_a_gap_and_no_point(drawings):
    published, hidden = (
        traces(drawings["known"], "published")[0],
        traces(drawings["known"], "only in the two-year total")[0],
    )
    assert list(published.text) == ["135", "390", "100", "304", "180", "377"]
    assert len(hidden.x) == 34 and hidden.marker.symbol == "line-ew"


def test_quarters_show_points_ranges_and_a_line_between_published_ones(drawings):
    figure = drawings["quarters"]
    points = traces(figure, "published")
    assert [list(trace.y) for trace in points] == [[135, 390], [100, 304], [180, 377], [], []]
    bars = traces(figure, "possible, nothing assumed")
    assert [len(trace.x) for trace in bars] == [6, 6, 6, 8, 8]
    assert set(bars[0].y) == {2027} and set(bars[0].base) == {0}
    rising = traces(figure, "possible if no quarter fell")[0]
    assert rising.base[2] == 286 and rising.marker.pattern.shape == "/"
    assert len(traces(figure, "straight line")) == 3
    assert "each of the others between 0 and 2,027" in figure.alt


def test_a_part_of_a_year_looks_different_and_bars_start_at_zero(drawings):
    part = traces(drawings["rates"], "year not covered whole")[0]
    assert list(part.x) == [2012] and part.marker.symbol == "diamond"
    assert drawings["rates"].figure.layout.yaxis.range[0] == 0
    assert "2012: 12.6 (part of a year)" in drawings["rates"].alt
    outlook = traces(drawings["outlook"], "in the end, if like the settled years")[0]
    assert list(outlook.x) == [2010, 2011, 2012] and list(outlook.base) == [23, 40, 34]
    assert list(outlook.y) == [17, 30, 26]


def test_ranges_follow_the_look_of_their_basis(drawings):
    data = drawings["ranges"].figure.data
    lines, dots = [t for t in data if t.mode == "lines"], [t for t in data if t.mode == "markers"]
    # From the bottom: assumed, bounded, computed have ranges; bounded has no dot; reported is full.
    assert [list(line.x) for line in lines] == [[2, 6], [0, 5], [1, 3]]
    assert [dot.x[0] for dot in dots] == [4, 2, 3]
    assert dots[2].marker.color == charts.ACCENT and dots[1].marker.color == charts.PAPER
    assert drawings["ranges"].alt.startswith("4 rows on an axis of times. told: 3.0 (reported); made: 2.0 (1.0 to 3.0)")


def test_the_map_draws_58_counties_in_three_looks(drawings):
    figure = drawings["map"].figure
    assert len(figure.data) == 58
    by_status = pd.Series([trace.name for trace in figure.data]).value_counts().to_dict()
    assert by_status == {"none reported": 49, "bounded": 8, "reported": 1}
    bounded = traces(drawings["map"], "bounded")
    assert all(trace.fillpattern.shape == "/" for trace in bounded)
    assert {trace.text for trace in traces(drawings["map"], "reported")} == {"Alameda: 52 convictions (reported)"}
    assert "The other 49 counties: none reported." in drawings["map"].alt
    labels = [note.text for note in figure.layout.annotations if note.name != "foot"]
    assert len(labels) == 9 and "<b>Alameda</b> 52" in labels


def test_mixes_add_up_to_one_bar_each(drawings):
    figure = drawings["mix"].figure
    for place in range(8):
        assert sum(trace.x[place] for trace in figure.data) == pytest.approx(1)
    assert "federal prosecutions: 50% sex and 50% labor" in drawings["mix"].alt


def test_curves_are_dashed_and_their_table_is_short(drawings):
    curve = traces(drawings["curve"], "all")[0]
    assert curve.line.dash == "dash" and list(curve.x) == [0.2, 0.5, 0.8]
    assert drawings["curve"].figure.layout.yaxis.type == "log"
    long = ht.curve_detection(pd.Series({"sex": 0.5, "labor": 0.3, "other": 0.2}), [i / 100 for i in range(1, 100)])
    axes = (ht.Axis("share", "share"), ht.Axis("times"))
    assert len(ht.draw_curve(long, {"value": "all"}, axes, caption()).table.frame) <= 25


def test_simplified_counties_keep_their_number_and_stay_valid():
    shapes = ht.counties().to_crs(3310)
    simple = gpd.GeoSeries(shapes.simplify_coverage(1000))
    assert len(simple) == 58 and simple.is_valid.all() and not simple.is_empty.any()
