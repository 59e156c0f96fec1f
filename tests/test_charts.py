import json
import re

import numpy as np
import pandas as pd
import pytest
from test_maps import cut

import htanalysis as ht
from htanalysis.charts import look
from htanalysis.charts.tables import make_plain

COUNTS = ht.load("task_force_quarters").assign(basis="reported")
QUARTERS = pd.period_range("2010Q4", periods=3, freq="Q")
# Ranges that are cut at the panel's top; ranges that are not, since no count is published; and no limit at all.
BOUNDS = pd.DataFrame(
    [
        *([10, 10, 10, 10, 10], [None, 0, 90, 11, 25], [20, 20, 20, 20, 20]),
        *([None, 0, 40, 0, 12], [None, 0, 40, 5, 18], [None, 0, 40, 9, 30]),
        *[[None, 0, None, None, None]] * 3,
    ],
    columns=["count", "low", "high", "low_assumed", "high_assumed"],
    dtype="Int64",
).assign(measure=["arrests"] * 3 + ["trained"] * 3 + ["victims"] * 3, quarter=[*QUARTERS] * 3, basis="reported")
RATES = pd.DataFrame(
    [(2011, 365, 30, 2.5, 1.7, 3.6, False), (2012, 274, 0, 0.0, 0.0, 0.4, True)],
    columns=["year", "days", "count", "per_month", "low", "high", "partial"],
)
RANGES = pd.DataFrame(
    [
        ("told", 3.0, None, None, "reported", None, None),
        ("made", 2.0, 1.0, 3.0, "computed", None, None),
        ("chance", None, 1.5, 5.0, "bounded", 0.5, 7.0),
        ("if", 4.0, 2.0, 6.0, "assumed", None, None),
        ("open", None, 0.0, np.inf, "bounded", None, None),
    ],
    columns=["a_row", "value", "low", "high", "basis", "interval_low", "interval_high"],
)
CURVE = pd.DataFrame({"x": [0.2, 0.4, 0.6], "y": [0.5, 1.0, 4.0], "low": [0.25, 0.5, 2.0], "high": [1.0, 2.0, 8.0]})
AXES = (ht.Column("labor victims", "share"), ht.Column("times", digits=1, log=True))
MIXES = pd.DataFrame(
    [("hotline", "calls", "California", 0.7, 0.2, 0.1, 0.0), ("police", "arrests", "California", None, 0.6, None, 0.4)],
    columns=["source", "population", "geography", "sex", "labor", "other", "unstated"],
)
PARTS = {"sex": "sex", "labor": "labor", "other": "reported as “other”", "unstated": "not stated"}
PARTS = {name: ht.Column(title, "share") for name, title in PARTS.items()}
PLACES = cut(-79.8, 40.5, 8, 4.5, 3, 1).assign(
    population_2010=[1_000_000, 2_000_000, 500_000], rate_low=[0.7, 0.05, 0.0], rate_high=[0.7, 0.45, 0.0]
)
LIMITS = pd.DataFrame({"population": [5e5, 1e6, 2e6], "low": 0.1e-5, "high": 0.6e-5})
FIT = pd.DataFrame({"time": [0, 2], "count": [10.0, 20.0], "expected": [11.0, 19.0], "residual": [-0.3, 0.2]})


def caption(**change) -> ht.Caption:
    facts = {"id": "chart", "title": "A finding", "subtitle": "Counts", "source": ["table-1"], "basis": ["reported"]}
    return ht.Caption(**facts | change)


def traces(chart: ht.Chart, name: str | None) -> list:
    return [trace for trace in chart.figure.data if trace.name == name]


def words(chart: ht.Chart) -> list[str]:
    return [note.text for note in chart.figure.layout.annotations if note.name != "foot"]


def heads(chart: ht.Chart) -> list[str]:
    return [column["label"] for column in chart.table.to_json()["columns"]]


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
        "rates": ht.draw_rates(RATES.assign(what="arrests"), "a month", caption()),
        "ranges": ht.draw_ranges(RANGES, ht.Column("times", digits=1), caption(), reference=9),
        "curve": ht.draw_curve(CURVE, {"y": "all"}, AXES, assumed, ("low", "high"), (0.5, 0.6, "ILO"), "as likely"),
        "outlook": ht.draw_outlook(outlook, {"2012": "9 months"}, caption()),
        "fit": ht.draw_fit(FIT, ["2010Q4", "2011Q1", "2011Q2"], (24.0, 15.0, 36.0), "2011Q3", {}, caption()),
        "funnel": ht.draw_funnel(PLACES, {"95%": LIMITS}, 0.3e-5, caption()),
        "map": ht.draw_map(PLACES, caption()),
        "parts": ht.draw_parts(MIXES, PARTS, {"source": "source"}, PARTS["sex"], caption()),
    }


SEEN = {
    "known": "Known: investigations initiated 2010Q3: 135; 2012Q2: 390; victims identified 2010Q3: 100; 2012Q2:"
    " 304; arrests 2010Q3: 180; 2012Q2: 377; 34 other counts are not known.",
    "periods": "From first to last day: one, 2007-04-01 to 2009-12-31.",
    "quarters": "Arrests: known 10 in 2010Q4 and 20 in 2011Q2; 2011Q1 90 in all, 90.0 on average. Trained: no quarter"
    " known; 2010Q4 to 2011Q2 40 in all, 13.3 on average. Victims: no quarter known; 2010Q4 to 2011Q2 not known, no"
    " upper limit.",
    "rates": "arrests, 2011: 2.5 (1.7 to 3.6); 2012: 0.0 (0.0 to 0.4), part of a year. Counts a month; in brackets, and"
    " as lines, 95% intervals.",
    "ranges": "told: 3.0, reported; made: 2.0 (1.0 to 3.0), computed; chance: 1.5 to 5.0, 95% 0.5 to 7.0, bounded; if:"
    " 4.0 (2.0 to 6.0), assumed; open: 0.0 or more, no upper limit, bounded. Scale: times; a line marks 9.0.",
    "curve": "all: 0.5 (0.2 to 1.0) at 20%, 2.5 (1.2 to 5.0) at 50%, 4.0 (2.0 to 8.0) at 60%; across: labor victims;"
    " upward: times; marked 50% to 60%: ILO; a line at 1: as likely.",
    "outlook": "2011: 4 reported; 2012, 9 months: 2 reported, between 3 and 6 if like a settled year. Convictions by"
    " year of arrest.",
    "fit": "2010Q4: 10 published, 11 expected; 2011Q2: 20 published, 19 expected; 2011Q3: 24 (15 to 36) expected.",
    "funnel": "C0 0.7 (reported); C1 0.1 to 0.5 (bounded); the other 1 of 3 counties: none reported; the state: 0.3;"
    " wholly above the 95% limits: C0; wholly below the 95% limits: none.",
    "map": "C0 7 convictions (reported); C1 1 to 9 convictions (bounded); the other 1 of 3 counties: none reported.",
    "parts": "hotline: sex 70%, labor 20% and reported as “other” 10%; police: labor 60% and not stated 40%.",
}


@pytest.mark.parametrize("kind", SEEN)
def test_every_chart_says_title_units_source_and_basis_what_is_seen_and_how_to_read_it(drawings, kind):
    chart, layout = drawings[kind], drawings[kind].figure.layout
    assert layout.title.text == "A finding" and layout.title.subtitle.text == "Counts"
    foot = [note.text for note in layout.annotations if note.name == "foot"]
    assert foot == [f"Source: Chapter 3, Table 1. Basis: {'assumed' if kind == 'curve' else 'reported'}."]
    assert layout.height == layout.meta["height"] + 150 and len(chart.table.frame) > 0 and all(heads(chart))
    assert list(chart.figure.select_xaxes())[-1].title.text or kind == "map"
    assert chart.alt == SEEN[kind]
    assert re.fullmatch(r"[a-z].{38,228}\.", chart.reading)


@pytest.mark.parametrize("kind", SEEN)
def test_a_chart_is_stored_as_plain_numbers_in_six_colors_at_most_and_sends_nothing_away(drawings, kind):
    bundle = drawings[kind]._repr_mimebundle_()
    figure = bundle["application/vnd.plotly.v1+json"]
    assert figure["config"]["showSendToCloud"] is False and figure["config"]["displayModeBar"] is False
    text = json.dumps(bundle, allow_nan=False)
    assert "http" not in text and "choropleth" not in text and "bdata" not in text
    colors = [set(re.findall(r'"(#[0-9a-f]{6})"', json.dumps(figure[part]))) for part in ("data", "layout")]
    assert set.union(*colors) <= set(look.COLORS), "each has a name that changes in the dark"
    assert len(colors[0] - {look.INK, look.PAPER}) <= 6


def test_stored_numbers_have_ten_digits_so_that_every_machine_writes_the_same():
    drawing = {"data": [{"y": [1 / 3, None, 2.0], "text": np.array(["a"]), "name": None, "visible": np.bool_(True)}]}
    assert make_plain(drawing) == {"data": [{"y": [0.3333333333, None, 2], "text": ["a"], "visible": True}]}


def test_neighboring_quarters_that_are_not_published_are_one_empty_box_and_names_and_numbers_stand_above_rows(drawings):
    published = traces(drawings["known"], "reported")[0]
    hidden = traces(drawings["known"], "not known")
    assert list(published.text) == ["135", "390", "100", "304", "180", "377"]
    assert list(published.x) == ["2010Q3", "2012Q2"] * 3
    boxes = [(box.x[0], box.width, box.hovertext.partition(", ")[2]) for box in hidden]
    assert boxes[0] == ("2010Q4", 5.6, "2010Q4 to 2012Q1: not known") and boxes[4][:2] == ("2010Q3", 7.6)
    assert len(boxes) == 5 and {box.marker.color for box in hidden} == {look.PAPER}
    layout = drawings["known"].figure.layout
    assert layout.xaxis.ticktext == ("Q3<br>2010", "Q4", "Q1<br>2011", "Q2", "Q3", "Q4", "Q1<br>2012", "Q2")
    notes = [note for note in layout.annotations if note.name != "foot"]
    # Pixels from the top: 18 for the name, 20 for the number, 6 for half a dot.
    assert [note.y - y for note, y in zip(notes, published.y[::2], strict=False)] == [54, 54, 54]


def test_a_period_reaches_from_its_first_to_its_last_day_with_a_year_before_and_behind(drawings):
    layout, bar = drawings["periods"].figure.layout.xaxis, drawings["periods"].figure.data[0]
    assert list(bar.x) == ["2007-04-01T00:00:00", "2009-12-31T00:00:00"]
    assert layout.range[0] < "2007-01-01" and layout.range[1] > "2010-01-01"
    assert (layout.tick0, layout.dtick) == ("2007-01-01", "M12")


def test_quarters_show_what_is_known_as_dots_and_the_sum_of_others_as_one_box_as_high_as_their_mean(drawings):
    chart = drawings["quarters"]
    assert [list(trace.y) for trace in traces(chart, "known (reported)")] == [[10, 20]]
    lines = [trace for trace in chart.figure.data if trace.type == "scatter" and trace.mode == "lines"]
    assert not lines, "nothing joins the known ends"
    boxes = traces(chart, "not published by quarter")
    places = [("2011Q1", 0.6, 0, 90), ("2010Q4", 2.6, 0, 13.33), ("2010Q4", 2.6, 0, 5)]
    assert [(box.x[0], box.width, box.base[0], round(box.y[0], 2)) for box in boxes] == places
    assert [box.text[0] for box in boxes[:2]] == ["90 in all,<br>90.0 on average", "40 in all,<br>13.3 on average"]
    assert boxes[2].hovertext == "2010Q4 to 2011Q2: not known, no upper limit"
    assert {(box.marker.color, box.marker.pattern.shape) for box in boxes} == {(look.PAPER, ".")}


def test_the_sum_of_quarters_that_are_not_published_counts_what_was_returned_of_them_once():
    # At least 5 and 7 of 100 were returned: each can have had what the other leaves.
    rows = {"measure": "arrests", "quarter": [*QUARTERS], "basis": "reported"}
    rows |= {"count": pd.array([40, None, None], "Int64")}
    ends = {"low": pd.array([40, 5, 7], "Int64"), "high": pd.array([40, 53, 55], "Int64")}
    bounds = pd.DataFrame(rows | ends | {f"{end}_assumed": values for end, values in ends.items()})
    assert "2011Q1 to 2011Q2 60 in all, 30.0 on average" in ht.draw_quarters(bounds, caption(), "no quarter fell").alt


def test_axes_of_counts_end_at_a_tick_above_the_highest_mark_and_tables_keep_the_ranges(drawings):
    chart, layout = drawings["quarters"], drawings["quarters"].figure.layout
    axes = [(axis.range, axis.dtick) for axis in chart.figure.select_yaxes()]
    assert axes == [((0, 100), 50), ((0, 15), 5), ((0, 5), 1)] and layout.yaxis.tickformat == ",d"
    assert words(chart)[0] == "<b>arrests,</b> a\xa0quarter"
    table = chart.table.to_json()["rows"]
    assert table[1] == ["arrests", "2011Q1", None, 0, 90, 11, 25]
    assert table[6] == ["victims", "2010Q4", None, 0, "no upper limit", "no such series", "no such series"]
    axes = [axis.ticktext for axis in chart.figure.select_xaxes()]
    assert axes == [("Q4", "Q1", "Q2")] * 2 + [("Q4<br>2010", "Q1<br>2011", "Q2")], "the last alone writes the years"


def test_a_part_of_a_year_looks_different_and_whiskers_reach_to_their_ends(drawings):
    whole, part = traces(drawings["rates"], "whole year")[0], traces(drawings["rates"], "part of a year")[0]
    assert (list(whole.x), list(part.x), part.marker.symbol) == ([2011], [2012], "circle-open")
    assert whole.hovertext == ("2011: 2.5 (1.7 to 3.6)",)
    assert (whole.error_y.arrayminus, whole.error_y.array) == ((0.8,), (1.1,))
    assert drawings["rates"].figure.layout.yaxis.range == (0, 4), "the longest whisker is seen whole"
    rows = pd.concat([RATES.assign(what="arrests"), RATES.assign(what="convictions", high=0.9)])
    panels = ht.draw_rates(rows, "a month", caption()).figure.select_yaxes()
    assert [axis.range for axis in panels] == [(0, 4)] * 2, "what is compared has one scale"


def test_names_of_panels_are_folded_and_the_legend_names_each_look_once():
    names = ("a section whose name is longer than a phone is wide", "b", "c")
    chart = ht.draw_rates(pd.concat([RATES.assign(what=name) for name in names for _ in "abc"]), "a month", caption())
    assert words(chart)[0] == "<b>a section whose name is longer than a phone is wide,</b><br>a\xa0month"
    assert [trace.showlegend for trace in chart.figure.data] == [True, True] + [False] * 4


def test_ranges_follow_the_look_of_their_basis(drawings):
    data = drawings["ranges"].figure.data
    bars = {trace.base[0]: trace for trace in data if trace.type == "bar"}
    assert {low: trace.x[0] for low, trace in bars.items()} == {2: 4} and bars[2].marker.pattern.shape == "/"
    lines = [list(trace.x) for trace in data if trace.type == "scatter" and trace.mode == "lines"]
    assert lines == [[9, 9, None] * 5, [1, 3], [0.5, 1.5, None, 5, 7], [1.5, 5], [0, 10.25]]
    thick = [trace.line.color for trace in data if trace.type == "scatter" and trace.line.width == 3]
    assert thick == [look.ACCENT, look.MID, look.MID]
    dots = [trace for trace in data if trace.type == "scatter" and trace.mode == "markers"]
    dots = [(dot.x[0], dot.marker.color, dot.marker.symbol) for dot in dots]
    assert dots[:2] == [(3, look.ACCENT, "circle"), (2, look.PAPER, "circle")]
    assert dots[2:] == [(1.5, None, "line-ns"), (4, look.PAPER, "diamond"), (0, None, "line-ns")]


def test_the_axis_of_ranges_holds_everything_and_their_words_fit_a_phone(drawings):
    low, high = drawings["ranges"].figure.layout.xaxis.range
    assert low < 0 and high > 9
    assert heads(drawings["ranges"]) == ["a row", "times", "from", "to", "95% from", "95% to", "basis"]
    frame = pd.DataFrame({"": ["a change whose name takes up more than one line of a phone", "b"], "value": [-4, 1.5]})
    frame = frame.assign(low=[-9, 1.5], high=[-1, 1.5], basis="computed")
    chart = ht.draw_ranges(frame, ht.Column("share", "share", digits=1), caption())
    assert heads(chart)[0] == "row" and chart.figure.layout.xaxis.tickformat == ".4~%"
    assert words(chart)[0].startswith("<b>a change whose name takes up more than one line of a<br>phone</b> ")
    assert words(chart)[1] == "<b>b</b> 150.0%"
    low, high = chart.figure.layout.xaxis.range
    assert low < -9 and high > 1.5


def test_values_without_any_range_are_bars_from_0():
    frame = pd.DataFrame({"verdict": ["agrees", "differs"], "value": [7, 3], "low": None, "high": None})
    chart = ht.draw_ranges(frame.assign(basis=["reported", "computed"]), ht.Column("statements"), caption())
    bars = [(trace.base, trace.x, trace.marker.color) for trace in chart.figure.data]
    assert bars == [((0,), (7,), look.ACCENT), ((0,), (3,), look.PAPER)]


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
    long = ht.Column("an assumption whose name takes up more than one line of a phone")
    text = ht.draw_curve(CURVE, {"y": "all"}, (long, AXES[1]), caption()).figure.layout.xaxis.title.text
    assert text == "an assumption whose name takes up more than one line<br>of a phone"
    shares = ht.draw_curve(CURVE[["x", "y"]] / 4, {"y": "all"}, (AXES[0], ht.Column("part", "share")), caption())
    assert shares.figure.layout.yaxis.range == (-0.025, 1.025)


def test_a_curve_has_three_lines_at_most_and_a_short_table():
    frame = pd.DataFrame({"x": np.arange(100.0), **dict.fromkeys("abcd", 1.0)})
    axes = (ht.Column("share"), ht.Column("times"))
    with pytest.raises(ht.HtanalysisError, match="given 4 lines"):
        ht.draw_curve(frame, {name: name for name in "abcd"}, axes, caption())
    chart = ht.draw_curve(frame, {name: name for name in "abc"}, axes, caption())
    assert len(chart.table.frame) <= 25 and len({trace.line.color for trace in chart.figure.data}) == 3


def test_the_outlook_begins_at_0_leaves_empty_what_is_assumed_and_tells_a_part_of_a_year_from_a_whole_one(drawings):
    known, part, ahead = drawings["outlook"].figure.data
    assert (known.x, known.base, known.y, known.marker.color) == (("2011",), (0,), (4,), look.ACCENT)
    assert (part.x, part.y, part.name, part.marker.color) == (("2012",), (2,), "reported, 9 months", look.PALE)
    assert (ahead.x, ahead.base, ahead.y, ahead.marker.color) == (("2012",), (3,), (3,), look.PAPER)
    result = ht.project_convictions(ht.load("penal_code_236_1"), 2009)
    chart = ht.draw(result, "outlook", "Title", "Subtitle")
    assert "2012, 9 months: 21 reported, between 21 and 79 if like a settled year" in chart.alt
    assert chart.figure.layout.xaxis.ticktext[-2:] == ("2011", "2012<br>part")
    digits = {column["name"]: column["digits"] for column in chart.table.to_json()["columns"]}
    assert (digits["low"], digits["high"]) == (0, 0)


def test_a_fit_shows_counts_as_dots_the_trend_as_a_line_and_the_next_with_its_interval(drawings):
    trend, _, ahead, known, _ = drawings["fit"].figure.data
    assert (trend.x, trend.y, trend.mode, trend.line.dash) == (("2010Q4", "2011Q2"), (11, 19), "lines", None)
    assert (known.x, known.y, known.marker.color) == (("2010Q4", "2011Q2"), (10, 20), look.ACCENT)
    assert (ahead.x, ahead.y, ahead.marker.color) == (("2011Q3",), (24,), look.PAPER)
    assert (ahead.error_y.arrayminus, ahead.error_y.array) == ((9,), (12,))
    axis = drawings["fit"].figure.layout.xaxis
    assert axis.categoryarray == ("2010Q4", "2011Q1", "2011Q2", "2011Q3")
    assert axis.title.text == "quarter" and axis.ticktext == ("Q4<br>2010", "Q1<br>2011", "Q2", "Q3")
    assert known.textposition == ("bottom center", "top center"), "on the side where the trend is not"
    without = ht.draw_fit(FIT, ["2010Q4", "2011Q1", "2011Q2"], None, "2011Q3", {}, caption())
    assert without.alt.endswith("19 expected.") and not without.figure.data[2].showlegend


def test_a_year_that_is_not_covered_whole_is_a_hollow_dot_to_which_a_dashed_line_leads():
    chart = ht.draw_fit(FIT, ["2010", "2011", "2012"], None, "2013", {"2012": "9 months"}, caption())
    trend, to_part, _, whole, part = chart.figure.data
    assert (trend.x, to_part.x, to_part.line.dash) == (("2010",), ("2010", "2012"), "dash")
    assert (whole.x, part.x, part.marker.symbol) == (("2010",), ("2012",), "circle-open")
    axis = chart.figure.layout.xaxis
    assert axis.title.text == "year" and axis.ticktext == ("2010", "2011", "2012<br>part", "2013")
    assert "2012, 9 months: 20 published, 19 expected" in chart.alt


def test_parts_add_up_to_one_bar_each_and_what_is_not_told_apart_is_empty(drawings):
    sex, labor, other, unstated = drawings["parts"].figure.data
    assert unstated.marker.color == look.PAPER and unstated.marker.pattern.shape == "."
    assert [list(trace.x) for trace in (sex, labor, other, unstated)] == [[0.7, 0], [0.2, 0.6], [0.1, 0], [0, 0.4]]
    assert (sex.text[0], labor.text[0], other.text[0], labor.text[1]) == ("sex 70%", "labor 20%", "10%", "60%")
    layout = drawings["parts"].figure.layout
    assert layout.barmode == "stack" and layout.xaxis.range == (-0.025, 1.025) and layout.xaxis.dtick == 0.2
    assert {sex.marker.line.color, labor.marker.line.color} == {look.PAPER}


def test_a_long_series_is_a_line_with_dots_for_its_last_eight_quarters_and_where_no_line_is():
    quarters = pd.period_range("2010Q3", periods=60, freq="Q")
    counts = pd.array([None if place in (3, 5) else 100 + place for place in range(60)], "Int64")
    ends = {name: counts.fillna(0) for name in ("low", "high", "low_assumed", "high_assumed")}
    bounds = pd.DataFrame({"measure": "arrests", "quarter": quarters, "basis": "reported", "count": counts, **ends})
    chart = ht.draw_quarters(bounds, caption(), "no quarter fell")
    (line,), (dots,) = traces(chart, "known counts"), traces(chart, "known (reported)")
    assert len(line.y) == 60 and pd.isna(line.y[5]) and line.y[59] == 159  # a gap stays a gap
    # All eight have their numbers where they are pointed at; side by side there is room for the last one alone.
    assert [*dots.x] == [str(quarter) for quarter in [quarters[4], *quarters[-8:]]]
    assert [*dots.text] == ["104", *[""] * 7, "159"] and dots.hovertext[1] == "2023Q3: 152"
    assert "58 quarters known, from 100 in 2010Q3 to 159 in 2025Q2, last 152 in 2023Q3, " in chart.alt
    assert len(chart.alt) < 400 and len(chart.table.frame) == 60  # the workbook has them all
    # The sum of the unknown ones is written whole, with the comma between its thousands.
    limits = bounds["count"].isna().map({True: 2027, False: pd.NA}).astype("Int64").fillna(bounds["high"])
    of_two = ht.draw_quarters(bounds.assign(high=limits, low=0), caption(), "no quarter fell")
    assert [trace.text for trace in traces(of_two, "not published by quarter")] == [("2,027 in all 2 quarters",)] * 2
    fit = pd.DataFrame(
        {"time": range(60), "count": counts.to_numpy(float, na_value=np.nan), "expected": 120.0, "residual": 0.1}
    )
    chart = ht.draw_fit(fit, [str(quarter) for quarter in quarters], (24.0, 15.0, 36.0), "2025Q3", {}, caption())
    line, dots = traces(chart, "published (reported)")
    assert len(line.y) == 60 and line.y[5] is None and [*dots.y] == [104, *range(152, 160)] and len(chart.alt) < 600
    assert [*dots.text] == ["104", *[""] * 7, "159"] and dots.hovertext[1] == "2023Q3: 152 published, 120 expected"
    # A trend may begin after the first counts: these have no line, and nothing that is expected.
    later = fit.assign(expected=fit["expected"].where(fit["time"] > 5))
    chart = ht.draw_fit(later, [str(quarter) for quarter in quarters], None, "2025Q3", {}, caption())
    (curve,), (_, dots) = traces(chart, "trend (computed)"), traces(chart, "published (reported)")
    assert [*curve.y] == [None] * 6 + [120] * 54 and dots.hovertext[0] == "2011Q3: 104 published"
    assert chart.alt.startswith("58 counts from 2010Q3: 100 published; 2023Q3: 152 published, 120 expected; ")
