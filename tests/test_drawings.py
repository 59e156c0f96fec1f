"""Drawings: a figure as SVG, with each mark at its place, and nothing of plotly left out in silence."""

import json
import re

import nbformat
import numpy as np
import plotly.graph_objects as go
import pytest
from colorspacious import cspace_convert, deltaE
from conftest import FIGURES, ROOT

from htanalysis import figures
from htanalysis.drawings import draw, shrink
from htanalysis.errors import UnknownNameError


def drawn(figure, **axes):
    """Draw a figure whose axes go from 0 to 10 where nothing else is said."""
    if isinstance(figure, figures.Sketch):
        figure = figure.to_figure()
    figure.update_layout({"xaxis": {"range": [0, 10]}, "yaxis": {"range": [0, 10]}} | axes)
    return draw(json.loads(figure.to_json()))


def test_a_dot_stands_at_its_share_of_the_width_and_its_pixels_of_the_height():
    figure = figures.Sketch()
    figures.add_dots(figure, [2.5], [7.5], "reported", hovertext=["a quarter across"])
    html = drawn(figure)
    assert re.search(r'<use href="#mark-circle" x="25%" y="85" fill="var\(--accent\)"', html), "340 pixels are high"
    assert "<title>a quarter across</title>" in html


@pytest.mark.parametrize(
    ("basis", "look"),
    [
        ("reported", 'fill="var(--accent)"'),
        ("computed", 'fill="var(--paper)" stroke="var(--accent)"'),
        ("assumed", 'href="#mark-diamond"'),
    ],
)
def test_a_dot_shows_its_basis(basis, look):
    figure = figures.Sketch()
    figures.add_dots(figure, [5], [5], basis)
    assert look in drawn(figure)


def test_ends_of_a_dot_are_a_line_from_low_to_high():
    figure = figures.Sketch()
    figures.add_dots(figure, [5], np.array([5.0]), "computed", (np.array([0.0]), np.array([10.0])))
    assert '<line x1="50%" x2="50%" y1="340" y2="0"' in drawn(figure)


def test_bars_are_full_or_hatched_and_go_from_low_to_high():
    for basis, hatched in (("bounded", False), ("assumed", True)):
        figure = figures.Sketch()
        figures.add_bars(figure, [5], [2], [8], basis, width=1)
        html = drawn(figure)
        assert 'x="45%" y="68" width="10%" height="204"' in html
        assert ("#mark-hatch" in html) == hatched and ("var(--mid)" in html) != hatched


def test_bars_across_have_a_height_in_pixels():
    figure = figures.Sketch()
    figures.add_bars(figure, [-20], [2], [8], "bounded", across=True, width=14)
    html = drawn(figure, yaxis={"visible": False, "range": [-40, 0]})
    assert 'x="20%" y="13" width="60%" height="14"' in html, "a pixel is a unit where the axis is not shown"


def test_stacked_bars_begin_where_the_one_before_ended():
    figure = figures.Sketch()
    for value in (3, 4):
        figures.add_bars(figure, [-20], [0], [value], "bounded", across=True, width=10)
    figure.layout["barmode"] = "stack"
    html = drawn(figure, yaxis={"visible": False, "range": [-40, 0]})
    assert re.findall(r'<rect x="(\S+)" y="\S+" width="(\S+)"', html) == [("0%", "30%"), ("30%", "40%")]


def test_a_missing_value_is_a_gap_in_a_line():
    figure = figures.Sketch()
    figures.add_line(figure, [0, 5, None, 5, 10], [0, 10, None, 10, 0])
    assert 'd="M0 340l500-340M500 0l500 340"' in drawn(figure)


def test_a_line_is_dashed_where_it_is_assumed():
    figure = figures.Sketch()
    figures.add_line(figure, [0, 10], [0, 10], line_dash="dash")
    assert 'stroke-dasharray="7 5"' in drawn(figure)


def test_a_scale_of_ratios_has_equal_steps_for_equal_ratios_and_notes_in_powers():
    figure = figures.Sketch()
    figures.add_dots(figure, [10], [5], "reported")
    figures.write_text(figure, "a note", x=2, xref="x", y=5, yref="y")
    html = drawn(figure, xaxis={"type": "log", "range": [0, 2], "tickvals": [1, 10, 100], "tickformat": ",.6~f"})
    assert 'href="#mark-circle" x="50%"' in html and '<text x="100%"' in html
    assert re.findall(r">(1|10|100)</text>", html.partition('class="area"')[2]) == ["1", "10", "100"]


def test_categories_and_days_have_their_places():
    figure = figures.Sketch()
    figures.add_dots(figure, ["b"], [5], "reported")
    html = drawn(figure, xaxis=figures.quarter_axis(["a", "b", "c"]))
    assert 'href="#mark-circle" x="50%"' in html
    figure = figures.Sketch()
    figures.add_line(figure, ["2010-01-01", "2011-01-01"], [5, 5])
    axis = {"range": ["2010-01-01", "2012-01-01"], "tick0": "2010-01-01", "dtick": "M12", "tickformat": "%Y"}
    html = drawn(figure, xaxis=axis)
    assert 'd="M0 170l500 0"' in html and re.findall(r">(20\d\d)</text>", html) == ["2010", "2011", "2012"]


def test_labels_that_would_run_into_each_other_on_a_phone_are_left_out():
    figure = figures.Sketch()
    figures.add_dots(figure, [5], [5], "reported")
    values = list(range(1_000_000, 1_000_011))
    html = drawn(figure, xaxis={"range": [values[0], values[-1]], "tickvals": values, "tickformat": ",d"})
    shown = re.findall(r"<text ([^>]*)>(1,000,\d{3})</text>", html)
    assert [label for look, label in shown if "roomy" not in look] == ["1,000,000", "1,000,006"]
    assert [label[-2:] for _, label in shown] == ["00", "02", "04", "06", "08", "10"]


def test_words_are_escaped_and_bold_where_plotly_makes_them_so():
    figure = figures.Sketch()
    figures.add_dots(figure, [5], [5], "reported", hovertext=["<script>"])
    figures.write_text(figure, "<b>one<br>two</b> & <i>", x=0, y=5, yref="y")
    html = drawn(figure)
    assert "<script>" not in html and "&amp; &lt;i&gt;" in html
    assert '<tspan class="bold">one</tspan><tspan x="0%" dy="17"><tspan class="bold">two</tspan> &amp;' in html


@pytest.mark.parametrize(
    "figure", [go.Figure(go.Pie(values=[1])), go.Figure(go.Scatter(x=[1], y=[1], mode="markers", marker_symbol="star"))]
)
def test_what_is_not_drawn_is_refused(figure):
    with pytest.raises((UnknownNameError, KeyError)):
        drawn(figure)


@pytest.mark.parametrize(
    "axes",
    [
        {"yaxis": {"range": [0, 0]}},
        {"yaxis": {"range": [0, None]}},
        {"yaxis": {"rangemode": "tozero"}},
        {"xaxis": {"type": "category", "categoryarray": ["a"], "range": [-0.5, 0.5]}},
    ],
)
@pytest.mark.parametrize("value", [0.0, None])
def test_an_axis_without_length_or_end_is_still_drawn(axes, value):
    figure = figures.Sketch()
    figures.add_dots(figure, ["a"] if "xaxis" in axes else [0], [value], "reported")
    html = drawn(figure, **axes)
    assert "nan" not in html and "inf" not in html and ("mark-circle" in html) == (value is not None)


def test_a_color_that_the_pages_do_not_have_is_refused():
    figure = figures.Sketch()
    figures.add_line(figure, [0, 1], [0, 1], color="#123456")
    with pytest.raises(UnknownNameError, match="#123456"):
        drawn(figure)


def test_words_with_a_ground_cover_the_lines_behind_them():
    figure = figures.Sketch()
    figures.write_text(figure, "words", y=5, yref="y", xref="x", bgcolor=figures.PAPER)
    html = drawn(figure)
    assert html.index('fill="var(--paper)"') < html.index(">words</text>")


def read_figures(report):
    """Go through the figures of all notebooks by id."""
    for name in FIGURES:
        for cell in nbformat.read(report / "notebooks" / f"{name}.ipynb", as_version=4).cells:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                if figures.MIME in data:
                    yield data[figures.MIME]["id"], data["application/vnd.plotly.v1+json"]


def test_every_figure_is_drawn_with_all_its_words_and_marks(report):
    seen = dict(read_figures(report))
    assert len(seen) == 28
    for name, figure in seen.items():
        html = draw(figure)
        bare = re.sub(r"\s+", "", re.sub("<title>.*?</title>|<[^>]+>", "", html)).replace("&amp;", "&")
        for note in figure["layout"].get("annotations", []):
            words = re.sub(r"\s+", "", re.sub("<[^>]+>", "", note["text"]))
            assert note.get("name") == "foot" or words in bare, (name, note["text"])
        points = [t for t in figure["data"] if t["type"] == "scatter" and "markers" in t["mode"]]
        known = sum(y is not None for t in points for y in t["y"])
        swatches = sum(1 for t in points if t.get("showlegend"))
        assert len(re.findall(r'<use href="#mark-(?!hatch)', html)) == known + swatches, name
        assert "nan" not in html.lower() and not re.search(r"#[0-9a-f]{6}", html), name


def test_a_small_picture_is_one_panel_or_a_map_that_names_what_is_reported(report):
    seen = dict(read_figures(report))
    small = draw(shrink(seen["quarters-and-ranges"], "victims identified"))
    assert small.count('class="panel"') == 1 and ">304</text>" in small and ">390</text>" not in small
    assert "2011" in small, "the years stand below, as they do below the last panel"
    assert shrink(seen["quarters-and-ranges"], "no such panel") is None
    assert "straight line" not in small and "<path" not in small, "a line through unknown quarters is no data"
    whole = draw(shrink(seen["county-map"]))
    assert "Alameda" in whole and "Riverside" not in re.sub("<title>.*?</title>", "", whole)


# Colors

STYLE = (ROOT / "htanalysis" / "assets" / "pages.css").read_text(encoding="utf-8")
#: Colors that stand beside each other in one drawing, and mean different things.
BESIDE = [("accent", "contrast"), ("accent", "light"), ("accent", "mid"), ("mid", "land"), ("accent", "land")]
BESIDE += [("accent", "paper"), ("contrast", "paper"), ("ink", "paper")]


def read_colors(scheme):
    """Read the page's colors, in the light or in the dark, as shares of red, green and blue."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, flags=re.DOTALL)
    pairs = re.findall(r"--(\w+): #([0-9a-f]{6}|fff);", blocks[("light", "dark").index(scheme)])
    return {name: [int((code * 2)[i : i + 2], 16) / 255 for i in (0, 2, 4)] for name, code in pairs}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pair", BESIDE, ids="-".join)
@pytest.mark.parametrize("kind", ["none", "protanomaly", "deuteranomaly", "tritanomaly"])
def test_colors_beside_each_other_are_told_apart_with_every_color_deficiency(scheme, pair, kind):
    colors = [read_colors(scheme)[name] for name in pair]
    if kind != "none":
        colors = cspace_convert(colors, {"name": "sRGB1+CVD", "cvd_type": kind, "severity": 100}, "sRGB1")
    assert deltaE(*np.clip(colors, 0, 1), input_space="sRGB1") >= 15


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pair", BESIDE, ids="-".join)
def test_colors_beside_each_other_are_told_apart_in_grey(scheme, pair):
    grey = [cspace_convert(read_colors(scheme)[name], "sRGB1", "CAM02-UCS")[0] for name in pair]
    assert abs(grey[0] - grey[1]) >= 8
