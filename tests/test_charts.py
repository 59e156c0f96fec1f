import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import plotly
import pytest

import htanalysis as ht
from htanalysis import charts, figures

COUNTS = ht.load("task_force_quarters")
QUARTERS = pd.period_range("2010Q4", periods=3, freq="Q")
# Ranges that are cut at the panel's top; ranges that are not, since no count is published; and no limit at all.
BOUNDS = pd.DataFrame(
    {
        "measure": ["arrests"] * 3 + ["trained"] * 3 + ["victims"] * 3,
        "quarter": [*QUARTERS] * 3,
        "count": pd.array([10, None, 20, *[None] * 6], "Int64"),
        "low": pd.array([10, 0, 20, *[0] * 6], "Int64"),
        "high": pd.array([10, 90, 20, 40, 40, 40, None, None, None], "Int64"),
        "low_assumed": pd.array([10, 11, 20, 0, 5, 9, None, None, None], "Int64"),
        "high_assumed": pd.array([10, 25, 20, 12, 18, 30, None, None, None], "Int64"),
    }
)
RATES = pd.DataFrame(
    {
        "year": [2011, 2012],
        "days": [365, 274],
        "count": [30, 0],
        "per_month": [2.5, 0.0],
        "low": [1.7, 0.0],
        "high": [3.6, 0.4],
        "partial": [False, True],
    }
)
RANGES = pd.DataFrame(
    {
        "a_row": ["told", "made", "chance", "if", "open"],
        "value": [3.0, 2.0, None, 4.0, None],
        "low": [None, 1.0, 1.5, 2.0, 0.0],
        "high": [None, 3.0, 5.0, 6.0, np.inf],
        "basis": ["reported", "computed", "bounded", "assumed", "bounded"],
        "interval_low": [None, None, 0.5, None, None],
        "interval_high": [None, None, 7.0, None, None],
    }
)
CURVE = pd.DataFrame({"x": [0.2, 0.4, 0.6], "y": [0.5, 1.0, 4.0], "low": [0.25, 0.5, 2.0], "high": [1.0, 2.0, 8.0]})
AXES = (ht.Axis("labor victims", "share"), ht.Axis("times", digits=1, log=True))
MIXES = pd.DataFrame(
    {
        "source": ["hotline", "police"],
        "population": ["calls", "arrests"],
        "geography": ["California", "California"],
        "sex": pd.array([0.7, None], "Float64"),
        "labor": pd.array([0.2, 0.6], "Float64"),
        "other": pd.array([0.1, None], "Float64"),
        "unstated": pd.array([0.0, 0.4], "Float64"),
    }
)
COUNTIES = ht.rate_counties(ht.load("county_convictions"), ht.counties())
FIT = pd.DataFrame({"time": [0, 2], "count": [10.0, 20.0], "expected": [11.0, 19.0], "residual": [-0.3, 0.2]})


def caption(**change) -> ht.Caption:
    """A caption for a chart that is only tested."""
    facts = {"id": "chart", "title": "A finding", "subtitle": "Counts", "source": ["table-1"], "basis": ["reported"]}
    return ht.Caption(**facts | change)


def traces(chart: ht.Chart, name: str | None) -> list:
    """Give the traces of a name."""
    return [trace for trace in chart.figure.data if trace.name == name]


def words(chart: ht.Chart) -> list[str]:
    """Give what is written in a chart, but for its foot."""
    return [note.text for note in chart.figure.layout.annotations if note.name != "foot"]


def heads(chart: ht.Chart) -> list[str]:
    """Give the heads of the table behind a chart."""
    return [column["label"] for column in chart.table.to_json()["columns"]]


def limits():
    """Limits of a funnel that are the same for all."""
    return pd.DataFrame({"population": COUNTIES["population_2010"].astype(float), "low": 1e-5, "high": 2e-5})


@pytest.fixture(scope="module")
def drawings() -> dict[str, ht.Chart]:
    """One chart of each kind, on a few rows."""
    assumed = caption(basis=["assumed"])
    spans = [("one", pd.Timestamp(2007, 4, 1), pd.Timestamp(2009, 12, 31))]
    outlook = pd.DataFrame({"year": [2011, 2012], "arrests": [9, 8], "convictions": [4, 2], "ratio": [0.4, 0.2]})
    outlook = outlook.assign(low=[4, 3], high=[4, 6], basis=["reported", "assumed"])
    return {
        "known": ht.draw_known(COUNTS, caption()),
        "periods": ht.draw_periods(pd.DataFrame(spans, columns=["label", "start", "end"]), caption()),
        "quarters": ht.draw_quarters(BOUNDS, caption(), "no quarter fell"),
        "rates": ht.draw_rates({"arrests": RATES}, "a month", caption()),
        "ranges": ht.draw_ranges(RANGES, ht.Axis("times", digits=1), caption(), reference=9),
        "curve": ht.draw_curve(CURVE, {"y": "all"}, AXES, assumed, ("low", "high"), (0.5, 0.6, "ILO"), "as likely"),
        "outlook": ht.draw_outlook(outlook, caption()),
        "fit": ht.draw_fit(FIT, ["2010Q4", "2011Q1", "2011Q2"], (24.0, 15.0, 36.0), "2011Q3", caption()),
        "funnel": ht.draw_funnel(COUNTIES, {"95%": limits(), "99.8%": limits()}, 1.5e-5, caption()),
        "map": ht.draw_map(COUNTIES, caption()),
        "mix": ht.draw_mix(MIXES, caption()),
    }


KINDS = ["known", "periods", "quarters", "rates", "ranges", "curve", "outlook", "fit", "funnel", "map", "mix"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_chart_says_title_units_source_and_basis_and_what_is_seen(drawings, kind):
    chart = drawings[kind]
    layout = chart.figure.layout
    assert layout.title.text == "A finding" and layout.title.subtitle.text == "Counts"
    foot = [note.text for note in layout.annotations if note.name == "foot"]
    assert foot == [f"Source: Chapter 3, Table 1. Basis: {'assumed' if kind == 'curve' else 'reported'}."]
    assert layout.height == layout.meta["height"] + 150 and len(chart.table.frame) > 0 and all(heads(chart))
    assert list(chart.figure.select_xaxes())[-1].title.text or kind == "map"


SEEN = {
    "known": "Published: investigations initiated 2010Q3: 135; 2012Q2: 390; victims identified 2010Q3: 100; 2012Q2:"
    " 304; arrests 2010Q3: 180; 2012Q2: 377; the other 34 cells: only in the total.",
    "periods": "From first to last day: one, 2007-04-01 to 2009-12-31.",
    "quarters": "Arrests: published 10 in 2010Q4 and 20 in 2011Q2; a straight line joins the first and the last; each"
    " of the others 0 to 90, and 11 to 25 if no quarter fell. Trained: no quarter published; each of the others 0 to"
    " 40, and 0 to 30 if no quarter fell. Victims: no quarter published; each of the others 0 or more, no upper limit,"
    " and no series at all if no quarter fell.",
    "rates": "arrests, 2011: 2.5 (1.7 to 3.6); 2012: 0.0 (0.0 to 0.4), part of a year. Counts a month; in brackets, and"
    " as lines, 95% intervals.",
    "ranges": "told: 3.0, reported; made: 2.0 (1.0 to 3.0), computed; chance: 1.5 to 5.0, 95% 0.5 to 7.0, bounded; if:"
    " 4.0 (2.0 to 6.0), assumed; open: 0.0 or more, no upper limit, bounded. Scale: times; a line marks 9.0.",
    "curve": "all: 0.5 (0.2 to 1.0) at 20%, 2.5 (1.2 to 5.0) at 50% and 4.0 (2.0 to 8.0) at 60%; across: labor victims;"
    " upward: times; marked 50% to 60%: ILO; a line at 1: as likely.",
    "outlook": "2011: 4 reported; 2012: 2 reported, between 3 and 6 if like a settled year. Convictions by year of"
    " arrest.",
    "fit": "2010Q4: 10 published, 11 expected; 2011Q2: 20 published, 19 expected; 2011Q3: 24 (15 to 36) expected.",
    "funnel": "Monterey 0.2 to 13.0 (bounded); Santa Barbara 0.2 to 12.7 (bounded); San Francisco 0.1 to 6.7 (bounded);"
    " Sacramento 0.1 to 3.8 (bounded); Alameda 3.4 (reported); Santa Clara 0.1 to 3.0 (bounded); Riverside 0.0 to 2.5"
    " (bounded); San Diego 0.0 to 1.7 (bounded); Los Angeles 0.0 to 0.5 (bounded); the other 49 of 58 counties:"
    " none reported; the state: 1.5; wholly above the 95% limits: Alameda; wholly below the 95% limits: Los Angeles;"
    " wholly above the 99.8% limits: Alameda; wholly below the 99.8% limits: Los Angeles.",
    "map": "Alameda 52 convictions (reported); Los Angeles 1 to 54 convictions (bounded); Monterey 1 to 54 convictions"
    " (bounded); Riverside 1 to 54 convictions (bounded); Sacramento 1 to 54 convictions (bounded); San Diego 1 to 54"
    " convictions (bounded); San Francisco 1 to 54 convictions (bounded); Santa Barbara 1 to 54 convictions (bounded);"
    " Santa Clara 1 to 54 convictions (bounded); the other 49 of 58 counties: none reported.",
    "mix": "hotline: 70% sex, 20% labor and 10% reported as “other”; police: 60% labor and 40% not stated.",
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_say_what_is_seen(drawings, kind):
    assert drawings[kind].alt == SEEN[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_can_be_stored_in_a_notebook_as_plain_numbers_and_sends_nothing_away(drawings, kind):
    bundle = drawings[kind]._repr_mimebundle_()
    config = bundle["application/vnd.plotly.v1+json"]["config"]
    assert config["showSendToCloud"] is False and config["displayModeBar"] is False
    assert bundle[figures.MIME]["alt"] == drawings[kind].alt
    text = json.dumps(bundle, allow_nan=False)
    assert "http" not in text and "choropleth" not in text and "bdata" not in text


def test_stored_numbers_have_ten_digits_so_that_every_machine_writes_the_same():
    figure = figures.Chart(figures.go.Figure({"data": [{"y": [1 / 3, None]}]}), ht.Table(RATES, caption(), {}), "", "")
    assert figure._repr_mimebundle_()["application/vnd.plotly.v1+json"]["data"][0]["y"] == [0.3333333333, None]


def test_what_is_not_published_is_a_gap_and_no_point(drawings):
    published = traces(drawings["known"], "published")[0]
    hidden = traces(drawings["known"], "only in the total")[0]
    assert list(published.text) == ["135", "390", "100", "304", "180", "377"]
    assert list(published.x) == ["2010Q3", "2012Q2"] * 3
    assert len(hidden.x) == 34 and hidden.marker.symbol == "line-ew"
    axis = drawings["known"].figure.layout.xaxis
    assert axis.ticktext == ("Q3<br>2010", "Q4", "Q1<br>2011", "Q2", "Q3", "Q4", "Q1<br>2012", "Q2")


def test_a_name_stands_above_its_row_and_its_numbers_between_the_two(drawings):
    notes = [note for note in drawings["known"].figure.layout.annotations if note.name != "foot"]
    published = traces(drawings["known"], "published")[0]
    # Pixels from the top: 18 for the name, 20 for the number, 6 for half a dot.
    assert [note.y - y for note, y in zip(notes, published.y[::2], strict=False)] == [54, 54, 54]


def test_a_period_reaches_from_its_first_to_its_last_day_with_a_year_before_and_behind(drawings):
    layout, bar = drawings["periods"].figure.layout.xaxis, drawings["periods"].figure.data[0]
    assert list(bar.x) == [pd.Timestamp(2007, 4, 1), pd.Timestamp(2009, 12, 31)]
    assert layout.range[0] < pd.Timestamp(2007, 1, 1) and layout.range[1] > pd.Timestamp(2010, 1, 1)
    assert (layout.tick0, layout.dtick) == ("2007-01-01", "M12")


def test_quarters_show_points_ranges_and_a_line_between_published_ones(drawings):
    chart = drawings["quarters"]
    assert [list(trace.y) for trace in traces(chart, "published (reported)")] == [[10, 20], [], []]
    assert list(traces(chart, "straight line (computed)")[0].x) == ["2010Q4", "2011Q2"]
    free = traces(chart, "possible with nothing assumed (bounded)")
    assert [(trace.base, trace.y) for trace in free[:2]] == [((0,), (90,)), ((0, 0, 0), (40, 40, 40))]
    assert free[0].marker.color == figures.MID and free[0].marker.pattern.shape is None
    bent = traces(chart, "possible if no quarter fell (assumed)")
    assert [(trace.base, trace.y) for trace in bent] == [((11,), (14,)), ((0, 5, 9), (12, 13, 21)), ((), ())]
    assert bent[0].marker.pattern.shape == "/"


def test_ranges_beyond_a_panel_are_marked_as_cut_and_not_as_its_top(drawings):
    chart, layout = drawings["quarters"], drawings["quarters"].figure.layout
    tops = [axis.range[1] for axis in chart.figure.select_yaxes()]
    assert tops == pytest.approx([1.4 * 25, 1.4 * 40, 1.4 * 7]) and layout.yaxis.tickformat == ",d"
    assert words(chart)[0] == "<b>arrests,</b> a\xa0quarter" and words(chart)[3:] == ["▲ up to 90", "▲ no upper limit"]
    arrows = [trace for trace in traces(chart, None) if trace.marker.symbol == "triangle-up"]
    quarters = ("2010Q4", "2011Q1", "2011Q2")
    assert [(trace.x, trace.y) for trace in arrows] == [(("2011Q1",), (tops[0],)), (quarters, (tops[2],) * 3)]
    endless = traces(chart, "possible with nothing assumed (bounded)")[2]
    assert endless.y == (tops[2],) * 3 and endless.hovertext[0] == "0 or more, no upper limit"
    table = chart.table.to_json()["rows"]
    assert table[1] == ["arrests", "2011Q1", None, 0, 90, 11, 25]
    assert table[6] == ["victims", "2010Q4", None, 0, "no upper limit", "no such series", "no such series"]


def test_only_the_last_of_many_panels_of_quarters_writes_the_years(drawings):
    axes = [axis.ticktext for axis in drawings["quarters"].figure.select_xaxes()]
    assert axes == [("Q4", "Q1", "Q2")] * 2 + [("Q4<br>2010", "Q1<br>2011", "Q2")]


def test_a_part_of_a_year_looks_different_and_whiskers_reach_to_their_ends(drawings):
    whole, part = traces(drawings["rates"], "whole year")[0], traces(drawings["rates"], "year not covered whole")[0]
    assert (list(whole.x), list(part.x), part.marker.symbol) == ([2011], [2012], "square")
    assert (whole.error_y.arrayminus, whole.error_y.array) == ((0.8,), (1.1,))
    low, high = drawings["rates"].figure.layout.yaxis.range
    assert low < 0 and high == pytest.approx(1.12 * 3.6), "a mark at 0 and the longest whisker are seen whole"


def test_many_rates_are_told_by_their_first_last_smallest_and_largest():
    frames = {
        name: pd.concat([RATES] * 3) for name in ("a section whose name is longer than a phone is wide", "b", "c")
    }
    chart = ht.draw_rates(frames, "a month", caption())
    assert (
        "b, first 2011: 2.5 (1.7 to 3.6); last 2012: 0.0 (0.0 to 0.4), part of a year; smallest 2012: 0.0 (0.0 to 0.4),"
        " part of a year; largest 2011: 2.5 (1.7 to 3.6). c, first" in chart.alt
    )
    assert words(chart)[0] == "<b>a section whose name is longer than a phone is wide,</b><br>a\xa0month"
    assert [trace.showlegend for trace in chart.figure.data] == [True, True] + [False] * 4


def test_ranges_follow_the_look_of_their_basis(drawings):
    data = drawings["ranges"].figure.data
    bars = {trace.base[0]: trace for trace in data if trace.type == "bar"}
    assert {low: trace.x[0] for low, trace in bars.items()} == {1.5: 3.5, 2: 4, 0: pytest.approx(9.225)}
    assert bars[1.5].marker.color == figures.MID and bars[1.5].marker.pattern.shape is None
    assert bars[2].marker.pattern.shape == "/"
    lines = [list(trace.x) for trace in data if trace.type == "scatter" and trace.mode == "lines"]
    assert lines == [[9, 9], [1, 3], [0.5, 1.5, None, 5, 7]]
    dots = [
        (trace.x[0], trace.marker.color, trace.marker.symbol)
        for trace in data
        if trace.type == "scatter" and trace.mode == "markers"
    ]
    assert dots == [(3, figures.ACCENT, "circle"), (2, figures.PAPER, "circle"), (4, figures.PAPER, "diamond")]


def test_the_axis_of_ranges_holds_everything_and_their_words_fit_a_phone(drawings):
    low, high = drawings["ranges"].figure.layout.xaxis.range
    assert low < 0 and high > 9
    assert heads(drawings["ranges"]) == ["a row", "times", "from", "to", "95% from", "95% to", "basis"]
    frame = pd.DataFrame({"": ["a change whose name takes up more than one line of a phone", "b"], "value": [-4, 1.5]})
    frame = frame.assign(low=[-9, 1.5], high=[-1, 1.5], basis="computed")
    chart = ht.draw_ranges(frame, ht.Axis("share", "share", digits=1), caption())
    assert heads(chart)[0] == "row" and chart.figure.layout.xaxis.tickformat == ".4~%"
    assert words(chart)[0].startswith("<b>a change whose name takes up more than one line of a<br>phone</b> ")
    assert words(chart)[1] == "<b>b</b> 150.0%"
    low, high = chart.figure.layout.xaxis.range
    assert low < -9 and high > 1.5


def test_values_without_any_range_are_bars_from_0():
    frame = pd.DataFrame({"verdict": ["agrees", "differs"], "value": [7, 3], "low": None, "high": None})
    chart = ht.draw_ranges(frame.assign(basis=["reported", "computed"]), ht.Axis("statements"), caption())
    bars = [(trace.base, trace.x, trace.marker.color) for trace in chart.figure.data]
    assert bars == [((0,), (7,), figures.ACCENT), ((0,), (3,), figures.PAPER)]


def test_a_tornado_has_hatched_bars_around_the_reference():
    frame = pd.DataFrame({"assumption": ["wide", "narrow"], "value": 5.0, "low": [1.0, 4.0], "high": [9.0, 6.0]})
    chart = ht.draw_ranges(frame.assign(basis="assumed"), ht.Axis("times"), caption(), reference=5.0)
    assert list(chart.figure.data[0].x) == [5, 5] and chart.figure.data[0].mode == "lines"
    bars = [trace for trace in chart.figure.data if trace.type == "bar"]
    assert [(bar.base, bar.x) for bar in bars] == [((1,), (8,)), ((4,), (2,))]
    assert bars[0].y[0] > bars[1].y[0], "the widest is on top"


def test_curves_are_dashed_if_assumed_and_their_band_goes_forth_along_one_edge_and_back_along_the_other(drawings):
    band, line = drawings["curve"].figure.data
    assert list(band.x) == [0.2, 0.4, 0.6, 0.6, 0.4, 0.2] and list(band.y) == [0.25, 0.5, 2, 8, 2, 1]
    assert band.fill == "toself" and line.line.dash == "dash" and list(line.y) == [0.5, 1, 4]
    bounded = ht.draw_curve(CURVE, {"y": "all"}, AXES, caption(basis=["bounded"]))
    assert bounded.figure.data[0].line.dash == "solid" and bounded.figure.data[0].showlegend


def test_the_axes_of_a_curve_are_fixed_and_leave_room_for_its_words(drawings):
    layout = drawings["curve"].figure.layout
    assert layout.xaxis.range == (-0.025, 1.025) and layout.yaxis.type == "log"
    assert layout.yaxis.range[0] < np.log10(0.25) and layout.yaxis.range[1] > np.log10(8) + 0.1
    even = next(note for note in layout.annotations if note.text == "as likely")
    # The line ends above 1 and farther from it than it begins: the words stand at its end, below.
    assert (even.x, even.xanchor, even.y, even.yanchor) == (1, "right", 0, "top")
    long = ht.Axis("an assumption whose name takes up more than one line of a phone")
    text = ht.draw_curve(CURVE, {"y": "all"}, (long, AXES[1]), caption()).figure.layout.xaxis.title.text
    assert text == "an assumption whose name takes up more than one line<br>of a phone"
    shares = ht.draw_curve(CURVE[["x", "y"]] / 4, {"y": "all"}, (AXES[0], ht.Axis("part", "share")), caption())
    assert shares.figure.layout.yaxis.range == (-0.025, 1.025)


def test_a_curve_has_three_lines_at_most_and_a_short_table():
    frame = pd.DataFrame({"x": np.arange(100.0), **dict.fromkeys("abcd", 1.0)})
    axes = (ht.Axis("share"), ht.Axis("times"))
    with pytest.raises(ht.HtanalysisError, match="given 4 lines"):
        ht.draw_curve(frame, {name: name for name in "abcd"}, axes, caption())
    chart = ht.draw_curve(frame, {name: name for name in "abc"}, axes, caption())
    assert len(chart.table.frame) <= 25 and len({trace.line.color for trace in chart.figure.data}) == 3


def test_the_outlook_begins_at_0_and_hatches_what_is_assumed(drawings):
    known, ahead = drawings["outlook"].figure.data
    assert (known.base, known.y) == ((0, 0), (4, 2)) and known.marker.color == figures.ACCENT
    assert (ahead.x, ahead.base, ahead.y, ahead.marker.pattern.shape) == ((2012,), (3,), (3,), "/")


def test_rates_and_outlooks_that_cannot_be_drawn_are_refused():
    for wrong in ({}, {"arrests": RATES.head(0)}):
        with pytest.raises(ht.HtanalysisError, match="rates: give one panel or more, each with a year"):
            ht.draw_rates(wrong, "a month", caption())
    with pytest.raises(ht.HtanalysisError, match="rates, arrests, has no column per_month"):
        ht.draw_rates({"arrests": RATES.drop(columns="per_month")}, "a month", caption())
    outlook = ht.project_convictions(ht.load("penal_code_236_1"), 2009)
    with pytest.raises(ht.HtanalysisError, match="outlook has no column basis"):
        ht.draw_outlook(outlook.drop(columns="basis"), caption())
    for column, value in (("low", 300.0), ("high", None), ("convictions", 150)):
        with pytest.raises(ht.HtanalysisError, match="outlook: each year needs convictions ≤ low ≤ high"):
            ht.draw_outlook(outlook.assign(**{column: value}), caption())


def test_an_outlook_shows_whole_convictions_and_no_part_of_one():
    chart = ht.draw_outlook(ht.project_convictions(ht.load("penal_code_236_1"), 2009), caption())
    assert "2012: 21 reported, between 21 and 79 if like a settled year" in chart.alt
    digits = {column["name"]: column["digits"] for column in chart.table.to_json()["columns"]}
    assert (digits["low"], digits["high"]) == (0, 0)


def test_a_fit_shows_counts_as_dots_the_trend_as_a_line_and_the_next_with_its_interval(drawings):
    trend, ahead, known = drawings["fit"].figure.data
    assert (trend.x, trend.y, trend.mode, trend.line.dash) == (("2010Q4", "2011Q2"), (11, 19), "lines", None)
    assert (known.x, known.y, known.marker.color) == (("2010Q4", "2011Q2"), (10, 20), figures.ACCENT)
    assert (ahead.x, ahead.y, ahead.marker.color) == (("2011Q3",), (24,), figures.PAPER)
    assert (ahead.error_y.arrayminus, ahead.error_y.array) == ((9,), (12,))
    axis = drawings["fit"].figure.layout.xaxis
    assert axis.categoryarray == ("2010Q4", "2011Q1", "2011Q2", "2011Q3")
    assert axis.title.text == "quarter" and axis.ticktext == ("Q4<br>2010", "Q1<br>2011", "Q2", "Q3")
    years = ht.draw_fit(FIT, ["2010", "2011", "2012"], None, "2013", caption()).figure.layout.xaxis
    assert years.title.text == "year" and years.ticktext == ("2010", "2011", "2012", "2013")
    without = ht.draw_fit(FIT, ["2010Q4", "2011Q1", "2011Q2"], None, "2011Q3", caption())
    assert without.alt.endswith("19 expected.") and not without.figure.data[1].showlegend


def test_mixes_add_up_to_one_bar_each_and_their_kinds_can_be_told_apart(drawings):
    sex, labor, other, unstated = drawings["mix"].figure.data
    assert [list(trace.x) for trace in (sex, labor, other, unstated)] == [[0.7, 0], [0.2, 0.6], [0.1, 0], [0, 0.4]]
    assert (sex.text[0], labor.text[0], other.text[0], labor.text[1]) == ("sex 70%", "labor 20%", "10%", "60%")
    # Luminance by WCAG; 3 to 1 is what neighbors need to be told apart without color.
    light = {trace.name: luminance(trace.marker.color) for trace in (sex, labor, other, unstated)}
    assert (light["labor"] + 0.05) / (light["sex"] + 0.05) >= 3
    assert list(light.values()) == sorted(light.values()) and len(set(light.values())) == 4
    layout = drawings["mix"].figure.layout
    assert layout.barmode == "stack" and layout.xaxis.range == (-0.025, 1.025) and layout.xaxis.dtick == 0.25
    assert {sex.marker.line.color, labor.marker.line.color} == {figures.PAPER}


def test_a_bounded_bar_stands_out_from_the_paper():
    assert 1.05 / (luminance(figures.MID) + 0.05) >= 3


def luminance(color: str) -> float:
    """Give a color's relative luminance."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("kind", KINDS)
def test_no_more_than_six_colors_but_ink_and_paper(drawings, kind):
    text = json.dumps(drawings[kind].figure.to_plotly_json()["data"], default=str)
    used = {color for color in vars(charts).values() if isinstance(color, str) and color.startswith("#")}
    assert len({color for color in used if color in text} - {figures.INK, figures.PAPER}) <= 6


def test_every_color_of_a_chart_has_a_name_that_changes_in_the_dark(report):
    drawn = set()
    for path in (report / "notebooks").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                figure = output.get("data", {}).get("application/vnd.plotly.v1+json", {})
                drawn |= set(re.findall(r'"(#[0-9a-f]{6})"', json.dumps([figure.get("data"), figure.get("layout")])))
    assert len(drawn) >= 8 and drawn <= set(figures.COLORS)


def test_plotly_of_the_pages_is_that_of_the_notebooks():
    """A page's figure is what a notebook's plotly wrote, so both must be of one version."""
    assets, package = Path(charts.__file__).parent / "assets", Path(plotly.__file__).parent / "package_data"
    starts = [
        path.read_text(encoding="utf-8")[:200] for path in (assets / "plotly-basic.min.js", package / "plotly.min.js")
    ]
    versions = [re.search(r"v(\d+\.\d+\.\d+)", start)[1] for start in starts]
    assert versions[0] == versions[1]


@pytest.mark.parametrize("kind", KINDS)
def test_every_chart_says_in_one_line_how_to_read_it(drawings, kind):
    reading = drawings[kind].reading
    assert reading.endswith(".") and "\n" not in reading and 40 < len(reading) < 230 and reading[0].islower()
