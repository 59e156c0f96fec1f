"""Drawings: a figure as SVG that needs no script, fits any width and follows the page's colors.

Plotly takes more than a second on a slow machine before it draws, and draws nothing on paper or without a script. So a
page holds this drawing of each figure from the start, and fetches plotly for a reader who wants to explore. It knows
what `htanalysis.figures` and `htanalysis.charts` use of plotly, and refuses anything else.

Places across are in percent, so that a drawing is as wide as its page; places upward are in pixels, so that words stay
readable. A map keeps its shape: there, both are in percent.
"""

import html
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from htanalysis.errors import UnknownNameError
from htanalysis.figures import ACCENT, COLORS

#: Height of a figure's only panel and of one of several; room above for a mark's words; a line and a letter of text.
_ALONE, _PANEL, _HEAD, _LINE, _LETTER = 340, 120, 14, 17, 7.2
_SMALL = 190
#: The widths in which labels must stand beside each other: a phone's, and a page's.
_NARROW, _WIDE = 300, 620
_DASHES = {"dash": "7 5", "dashdot": "7 4 2 4", "dot": "2 4"}
_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "line-ew", "line-ns")
_ANCHORS = {"left": "start", "center": "middle", "right": "end"}

Tick = tuple[float, str]


def draw(figure: Mapping[str, Any]) -> str:
    """Draw a figure as HTML with SVG in it.

    Parameters
    ----------
    figure : mapping
        A plotly figure as plain values, as a chart of `htanalysis` hands it over.

    Returns
    -------
    str
        A legend, and for each panel its name, its labels and its marks. Colors are the page's own properties.

    Raises
    ------
    UnknownNameError
        If the figure holds a symbol or a kind of mark that is not drawn.
    """
    layout = figure["layout"]
    names = sorted((name for name in layout if name.startswith("yaxis")), key=lambda name: -_top(layout[name]))
    notes = [note for note in layout.get("annotations", ()) if note.get("name") != "foot"]
    titles = [note for note in notes if len(names) > 1 and note.get("yref") == "paper"]
    parts = [_draw_legend(figure["data"])]
    for place, name in enumerate(names):
        title = f'<p class="panel-name">{_bold(titles[place]["text"])}</p>' if titles else ""
        own = [trace for trace in figure["data"] if trace.get("yaxis", "y") == _short(name)]
        around = [note for note in notes if note not in titles and _stands_on(note, name)]
        shapes = [shape for shape in layout.get("shapes", ()) if _stands_on(shape, name)]
        parts.append(title + _draw_panel(layout, name, own, around, shapes, len(names) > 1))
    return f'<div class="drawing">{"".join(parts)}</div>'


def shrink(figure: Mapping[str, Any], panel: str | None = None) -> dict[str, Any] | None:
    """Make a figure small: one of its panels, by its name, or a map that names only what is reported.

    Lines between marks are left out, since a small picture has no room to say that they are no data. None where there
    is no such panel.
    """
    layout, data = figure["layout"], figure["data"]
    notes = [note for note in layout.get("annotations", ()) if note.get("name") != "foot"]
    if panel is None:
        notes = [note for note in notes if note.get("arrowcolor") == ACCENT]
        return {"data": data, "layout": {**layout, "annotations": notes, "meta": {"small": True}}}
    names = sorted((name for name in layout if name.startswith("yaxis")), key=lambda name: -_top(layout[name]))
    titles = [note["text"] for note in notes if note.get("yref") == "paper"]
    name = next((name for name, title in zip(names, titles, strict=True) if f"<b>{panel}," in title), None)
    if name is None:
        return None
    across = name.replace("y", "x", 1)
    own = [trace for trace in data if trace.get("yaxis", "y") == _short(name)]
    inside = [_rename(note, name, across) for note in notes if _stands_on(note, name) and note["text"] not in titles]
    labels = {key: value for key, value in layout[names[-1].replace("y", "x", 1)].items() if key.startswith("tick")}
    axes = {"yaxis": layout[name], "xaxis": {**layout[across], **labels, "showticklabels": True}}
    marks = [trace for trace in own if trace.get("mode") != "lines"]
    rest = [{**trace, "xaxis": "x", "yaxis": "y", "showlegend": False} for trace in marks]
    return {"data": rest, "layout": {**axes, "annotations": inside, "meta": {"small": True}}}


def _rename(note: Mapping[str, Any], name: str, across: str) -> dict[str, Any]:
    """Let a note stand on the only pair of axes that is left."""
    references = {"xref": note.get("xref", "x").replace(_short(across), "x")}
    return {**note, **references, "yref": note.get("yref", "y").replace(_short(name), "y")}


def _top(axis: Mapping[str, Any]) -> float:
    return axis.get("domain", (0, 1))[1]


def _short(name: str) -> str:
    """Give an axis' name as traces write it: "yaxis2" is "y2"."""
    return name.replace("axis", "")


def _stands_on(item: Mapping[str, Any], name: str) -> bool:
    return item.get("yref", "y").split()[0] in (_short(name), "paper")


def _bold(text: str) -> str:
    """Write plotly's text on one line, with its bold letters."""
    whole = html.escape(text.replace("<br>", " "), quote=False)
    return whole.replace("&lt;b&gt;", "<b>").replace("&lt;/b&gt;", "</b>")


def _color(value: str) -> str:
    """Give the page's name for a color, which changes in the dark."""
    if value not in COLORS:
        raise UnknownNameError("a color of the pages", value, COLORS)
    return f"var(--{COLORS[value]})"


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


# Axes


@dataclass(frozen=True)
class _Scale:
    """An axis: where a value stands, from 0 to 1."""

    kind: str
    low: float
    high: float
    names: Sequence[str] = ()

    def place(self, value: Any) -> float:
        return (_measure(value, self.kind, self.names) - self.low) / (self.high - self.low)


def _measure(value: Any, kind: str, names: Sequence[str] = ()) -> float:
    """Give a value as its axis counts it: a category's place, a day's number, a logarithm."""
    if kind == "category":
        return float(names.index(value)) if isinstance(value, str) else float(value)
    if kind == "date":
        return float(date.fromisoformat(value[:10]).toordinal())
    return math.log10(value) if kind == "log" else float(value)


def _read_scale(axis: Mapping[str, Any], traces: Sequence[Mapping[str, Any]], key: str) -> _Scale:
    values = [value for trace in traces for value in _reach(trace, key) if value is not None]
    names = axis.get("categoryarray", ())
    kind = axis.get("type") or ("date" if values and isinstance(values[0], str) else "linear")
    if None not in axis.get("range", (None,)):
        low, high = (_measure(end, "date") if isinstance(end, str) else float(end) for end in axis["range"])
        return _Scale(kind, low, high if high > low else low + 1, names)
    places = [_measure(value, kind, names) for value in values] or [0.0]
    if axis.get("rangemode") == "tozero":
        return _Scale(kind, 0, 1.12 * max(*places, 1), names)
    return _Scale(kind, min(places) - 0.5, max(places) + 0.5, names)


def _reach(trace: Mapping[str, Any], key: str) -> Iterator[Any]:
    """Go through the places of a trace's marks; an upright bar reaches as far above its base as it is long."""
    upright = key == "y" and trace["type"] == "bar"
    yield from map(sum, zip(trace["y"], trace.get("base", trace["y"]), strict=True)) if upright else trace[key]


def _list_ticks(axis: Mapping[str, Any], scale: _Scale) -> list[Tick]:
    """List the places, from 0 to 1, and the texts of an axis' labels."""
    if axis.get("visible") is False:
        return []
    values = axis["tickvals"] if "tickvals" in axis else list(_step(axis, scale))
    texts = axis.get("ticktext") or [_write_tick(value, axis.get("tickformat", "")) for value in values]
    ticks = [(scale.place(value), text) for value, text in zip(values, texts, strict=True)]
    return [(place, text) for place, text in ticks if -1e-9 <= place <= 1 + 1e-9]


def _step(axis: Mapping[str, Any], scale: _Scale) -> Iterator[Any]:
    """Go through an axis in even steps: those that it names, or round ones."""
    if isinstance(axis.get("dtick"), str):  # "M12" is every year
        years = int(axis["dtick"].removeprefix("M")) // 12
        last = date.fromordinal(int(scale.high)).year
        yield from (f"{year}-01-01" for year in range(int(axis["tick0"][:4]), last + 1, years))
        return
    step = axis.get("dtick") or _round_step((scale.high - scale.low) / (axis.get("nticks", 8) - 0.5))
    first = math.ceil(scale.low / step - 1e-9)
    yield from (round(number * step, 10) for number in range(first, math.floor(scale.high / step + 1e-9) + 1))


def _round_step(least: float) -> float:
    """Give the smallest number of the form 1, 2 or 5 with zeros that is no smaller."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least)


def _write_tick(value: Any, form: str) -> str:
    if form == "%Y":
        return value[:4]
    if form == ".4~%":
        return _trim(f"{100 * value:.4f}") + "%"
    return str(round(value)) if form == "d" else _trim(f"{value:,.6f}").replace("-", "−")


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".")


def _thin_out(ticks: Sequence[Tick], width: int) -> Iterator[Tick]:
    """Go through the labels that stand beside each other in a width."""
    free = -math.inf
    for place, text in ticks:
        half = _LETTER * max(map(len, text.split("<br>"))) / 2
        if place * width - half >= free:
            free = place * width + half + 4
            yield place, text


# A panel


@dataclass(frozen=True)
class _Panel:
    """A pair of axes and the place that it has; a map has no height of its own."""

    x: _Scale
    y: _Scale
    height: int | None

    def across(self, value: Any) -> str:
        return _percent(self.x.place(value))

    def up(self, value: Any) -> str:
        return self.fall(self.y.place(value))

    def fall(self, share: float) -> str:
        """Write a height, 0 being the lowest and 1 the highest, as SVG counts it."""
        return _percent(1 - share) if self.height is None else _number((1 - share) * self.height)

    def path(self, xs: Sequence[Any], ys: Sequence[Any]) -> str:
        """Write a line through points, in thousandths of the width; a missing value is a gap."""
        tall = 1000 * (self.y.high - self.y.low) / (self.x.high - self.x.low) if self.height is None else self.height
        steps, before = [], None
        for x, y in zip(xs, ys, strict=True):
            if x is None or y is None:
                before = None
                continue
            at = (round(1000 * self.x.place(x), 1), round((1 - self.y.place(y)) * tall, 1))
            to = at if before is None else (at[0] - before[0], at[1] - before[1])  # steps are shorter to write
            steps.append(("M" if before is None else "l") + f"{_number(to[0])} {_number(to[1])}".replace(" -", "-"))
            before = at
        return "".join(steps)


def _percent(share: float) -> str:
    return _trim(f"{100 * share:.2f}") + "%"


def _draw_panel(
    layout: Mapping[str, Any],
    name: str,
    traces: Sequence[Mapping[str, Any]],
    notes: Sequence[Mapping[str, Any]],
    shapes: Sequence[Mapping[str, Any]],
    many: bool,
) -> str:
    """Draw a pair of axes with all that stands on it: the names of the axes, the labels and the marks."""
    y_axis, x_axis = layout[name], layout[name.replace("y", "x", 1)]
    traces = [trace for trace in traces if any(x is not None for x in trace["x"])]
    panel = _make_panel(layout, x_axis, y_axis, traces, many)
    upward, across = _list_ticks(y_axis, panel.y), _list_ticks(x_axis, panel.x)
    marks = _draw_grid(upward, across if x_axis.get("showgrid", True) else (), panel)
    marks += "".join(_draw_shape(shape, panel) for shape in shapes)
    marks += _draw_traces(traces, layout.get("barmode") == "stack", panel)
    marks += "".join(_draw_note(note, panel) for note in notes)
    if panel.height is None:
        return f'<div class="panel map"><svg class="area" aria-hidden="true">{marks}</svg></div>'
    labeled = across if x_axis.get("showticklabels", True) else []
    foot = 8 + _LINE * max((text.count("<br>") + 1 for _, text in labeled), default=0)
    whole = _HEAD + panel.height + foot
    inside = _shift(marks + _label_across(labeled, panel))
    return (
        f"{_name_axis(y_axis, 'upward') if upward else ''}"
        f'<div class="panel">{_label_upward(upward, panel, whole)}'
        f'<svg class="area" height="{whole}" aria-hidden="true">{inside}</svg></div>'
        f"{_name_axis(x_axis, 'across') if labeled else ''}"
    )


def _make_panel(
    layout: Mapping[str, Any],
    x_axis: Mapping[str, Any],
    y_axis: Mapping[str, Any],
    traces: Sequence[Mapping[str, Any]],
    many: bool,
) -> _Panel:
    """Give a panel its scales and its height; where rows are written, a unit upward is a pixel."""
    x, y = _read_scale(x_axis, traces, "x"), _read_scale(y_axis, traces, "y")
    if "scaleanchor" in y_axis:
        return _Panel(x, y, None)
    if y_axis.get("visible") is False:
        return _Panel(x, y, round(y.high - y.low))
    alone = _SMALL if layout.get("meta", {}).get("small") else _ALONE
    return _Panel(x, y, _PANEL if many else alone)


def _shift(marks: str) -> str:
    """Leave room above the marks for the words of the highest."""
    return f'<svg class="marked" y="{_HEAD}">{marks}</svg>'


def _name_axis(axis: Mapping[str, Any], which: str) -> str:
    text = axis.get("title", {}).get("text", "")
    return f'<p class="axis-name {which}">{_bold(text)}</p>' if text else ""


def _draw_grid(upward: Sequence[Tick], across: Sequence[Tick], panel: _Panel) -> str:
    lines = [f'<line x1="0" x2="100%" y1="{panel.fall(place)}" y2="{panel.fall(place)}"/>' for place, _ in upward]
    lines += [
        f'<line x1="{_percent(place)}" x2="{_percent(place)}" y1="0" y2="{panel.fall(0)}"/>' for place, _ in across
    ]
    return f'<g class="grid">{"".join(lines)}</g>' if lines else ""


def _label_across(ticks: Sequence[Tick], panel: _Panel) -> str:
    narrow = list(_thin_out(ticks, _NARROW))
    return "".join(_draw_label(*tick, panel.height + 20, tick in narrow) for tick in _thin_out(ticks, _WIDE))


def _draw_label(place: float, text: str, y: int, always: bool) -> str:
    """Write an axis' label below its place; at the ends, inside; some only where there is room."""
    anchor = "start" if place < 0.03 else "end" if place > 0.97 else "middle"
    return _write(text, _percent(place), str(y), anchor, "" if always else ' class="roomy"')


def _label_upward(ticks: Sequence[Tick], panel: _Panel, height: int) -> str:
    if not ticks:
        return ""
    width = 14 + math.ceil(_LETTER * max(len(text) for _, text in ticks))
    labels = "".join(_write(text, str(width - 8), _number(float(panel.fall(at)) + 5), "end") for at, text in ticks)
    return f'<svg width="{width}" height="{height}" aria-hidden="true">{_shift(labels)}</svg>'


def _write(text: str, x: str, y: str, anchor: str = "start", more: str = "") -> str:
    """Write words, each of their lines below the one before, with plotly's bold letters."""
    lines, bold = [], False
    for line in text.split("<br>"):
        lines.append(_write_line(line, bold))
        bold = line.rfind("<b>") > line.rfind("</b>") or (bold and "</b>" not in line)
    spans = lines[0] + "".join(f'<tspan x="{x}" dy="{_LINE}">{line}</tspan>' for line in lines[1:])
    end = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x}" y="{y}"{end}{more}>{spans}</text>'


def _write_line(line: str, bold: bool) -> str:
    """Write a line, which may begin in bold letters: SVG has no element for them."""
    parts = [part for part in re.split("(</?b>)", line) if part]
    words = []
    for part in parts:
        if part in ("<b>", "</b>"):
            bold = part == "<b>"
        else:
            text = html.escape(part, quote=False)
            words.append(f'<tspan class="bold">{text}</tspan>' if bold else text)
    return "".join(words)


# Marks


def _draw_traces(traces: Sequence[Mapping[str, Any]], stacked: bool, panel: _Panel) -> str:
    """Draw all bars, cut where the axes end, and what stands before them."""
    bars = "".join(_draw_bars(bars, panel) for bars in _pile(traces, stacked))
    front = "".join(_draw_trace(trace, panel) for trace in traces if trace["type"] != "bar")
    return (f'<svg width="100%" height="{panel.height or "100%"}">{bars}</svg>' if bars else "") + front


def _draw_trace(trace: Mapping[str, Any], panel: _Panel) -> str:
    if trace["type"] != "scatter":
        raise UnknownNameError("a kind of mark that is drawn", trace["type"], ("bar", "scatter"))
    if trace["mode"] == "lines":
        return _draw_line(trace, panel)
    ends = "".join(_draw_ends(trace, panel, place) for place in range(len(trace["x"]))) if "error_y" in trace else ""
    return ends + "".join(_draw_dot(trace, panel, place) for place in range(len(trace["x"])))


def _draw_line(trace: Mapping[str, Any], panel: _Panel) -> str:
    """Draw a line or an outline in a frame that is stretched to the width, while the line is not."""
    tall = panel.height or round(1000 * (panel.y.high - panel.y.low) / (panel.x.high - panel.x.low))
    fill = _color(trace["fillcolor"]) if trace.get("fill") else "none"
    path = f'<path d="{panel.path(trace["x"], trace["y"])}" fill="{fill}" {_paint_line(trace["line"])}>'
    frame = f'viewBox="0 0 1000 {tall}" preserveAspectRatio="none" width="100%" height="{panel.height or "100%"}"'
    return f"<svg {frame}>{path}{_tell(trace, 0)}</path></svg>"


def _paint_line(line: Mapping[str, Any]) -> str:
    dash = f' stroke-dasharray="{_DASHES[line["dash"]]}"' if line.get("dash", "solid") != "solid" else ""
    return f'stroke="{_color(line["color"])}" stroke-width="{line.get("width", 2)}"{dash}'


def _tell(trace: Mapping[str, Any], place: int) -> str:
    """Give the words that a mouse at rest on a mark shows."""
    words = trace.get("hovertext") or (trace.get("text") if trace.get("hoverinfo") == "text" else None)
    words = words[place] if isinstance(words, list) else words
    words = words or (trace.get("hovertemplate") or "").removesuffix("<extra></extra>")
    return f"<title>{_bold(words)}</title>" if words else ""


def _draw_dot(trace: Mapping[str, Any], panel: _Panel, place: int) -> str:
    x, y = trace["x"][place], trace["y"][place]
    if x is None or y is None:
        return ""
    across, up = panel.across(x), panel.up(y)
    text = trace.get("text") if "text" in trace["mode"] else None
    words = _write(str(text[place]), across, _number(float(up) - 11), "middle", ' class="halo"') if text else ""
    return _draw_symbol(trace["marker"], across, up, _tell(trace, place)) + words


def _draw_symbol(marker: Mapping[str, Any], x: str, y: str, words: str = "") -> str:
    symbol = marker.get("symbol", "circle")
    if symbol not in _SYMBOLS:
        raise UnknownNameError("a symbol that is drawn", symbol, _SYMBOLS)
    edge = marker.get("line", {})
    ink = marker.get("color", edge.get("color"))
    stroke = f' stroke="{_color(edge["color"])}" stroke-width="{edge["width"]}"' if edge else ""
    return f'<use href="#mark-{symbol}" x="{x}" y="{y}" fill="{_color(ink)}"{stroke}>{words}</use>'


def _draw_ends(trace: Mapping[str, Any], panel: _Panel, place: int) -> str:
    ends, x, y = trace["error_y"], panel.across(trace["x"][place]), trace["y"][place]
    low, high = panel.up(y - ends["arrayminus"][place]), panel.up(y + ends["array"][place])
    return f'<line x1="{x}" x2="{x}" y1="{low}" y2="{high}" stroke="{_color(ends["color"])}" stroke-width="2"/>'


def _pile(traces: Sequence[Mapping[str, Any]], stacked: bool) -> Iterator[Mapping[str, Any]]:
    """Go through the bars; where they are stacked, each begins where the one before ended."""
    before: dict[Any, float] = {}
    for trace in traces:
        if trace["type"] == "bar":
            places, lengths = (trace[key] for key in ("yx" if trace.get("orientation") == "h" else "xy"))
            base = [before.get(place, 0) for place in places] if stacked else trace.get("base", [0] * len(places))
            before |= {place: first + length for place, first, length in zip(places, base, lengths, strict=True)}
            yield {**trace, "base": base, "places": places, "lengths": lengths}


def _draw_bars(trace: Mapping[str, Any], panel: _Panel) -> str:
    return "".join(
        _draw_bar(trace, panel, place, number)
        for number, place in enumerate(trace["places"])
        if trace["lengths"][number]
    )


def _draw_bar(trace: Mapping[str, Any], panel: _Panel, place: Any, number: int) -> str:
    first, length, width = trace["base"][number], trace["lengths"][number], trace.get("width", 0.65)
    text = trace["text"][number] if trace.get("text") else ""
    if trace.get("orientation") == "h":
        left, right, middle = panel.x.place(first), panel.x.place(first + length), float(panel.up(place))
        box = (_percent(left), _percent(right - left), _number(middle - width / 2), _number(width))
        font = f' fill="{_color(trace["insidetextfont"]["color"])}"' if text else ""
        words = _write(text, _percent((left + right) / 2), _number(middle + 5), "middle", font) if text else ""
    else:
        at, wide = panel.x.place(place), width / (panel.x.high - panel.x.low)
        low, high = (float(panel.up(end)) for end in (first, first + length))
        box = (_percent(at - wide / 2), _percent(wide), _number(high), _number(max(low - high, 1)))
        words = _write(str(text), _percent(at), _number(high - 5), "middle", ' class="halo"') if text else ""
    left, wide, top, tall = box
    return _draw_box(trace["marker"], (left, top, wide, tall), _tell(trace, number)) + words


def _draw_box(marker: Mapping[str, Any], box: tuple[str, str, str, str], words: str = "") -> str:
    """Draw a box, hatched by lines that it cuts where plotly has a pattern: a pattern would be no vector on paper."""
    left, top, wide, tall = box
    edge, place = marker["line"], f'x="{left}" y="{top}" width="{wide}" height="{tall}"'
    hatch = f'<svg {place}><use href="#mark-hatch"/></svg>' if marker.get("pattern") else ""
    look = f'fill="{_color(marker["color"])}" stroke="{_color(edge["color"])}" stroke-width="{edge["width"]}"'
    return f"<rect {place} {look}>{words}</rect>{hatch}"


# Words and shades


def _draw_note(note: Mapping[str, Any], panel: _Panel) -> str:
    """Write words at a place; where plotly draws an arrow, a thin line with a dot leads there from their end."""
    x, y = (_place(note, key, panel, powers=True) for key in "xy")
    if note.get("showarrow", True):
        start, height = (_place({key: note[f"a{key}"], f"{key}ref": key}, key, panel, powers=True) for key in "xy")
        color = _color(note.get("arrowcolor", "#1b2733"))
        line = f'<line x1="{start}" y1="{height}" x2="{x}" y2="{y}" stroke="{color}"/>'
        dot = f'<circle cx="{x}" cy="{y}" r="{1.2 * note.get("arrowsize", 1.5)}" fill="{color}"/>'
        plate = _draw_plate(note, start, height, -9, True)
        return line + plate + dot + _write(note["text"], start, height, "end", ' dx="-5" dy="5"')
    lines = note["text"].count("<br>")
    down = 14 if note.get("yanchor", "top") == "top" else -4 - _LINE * lines
    shift = f' dx="{note["xshift"]}"' if note.get("xshift") else ""
    text = note["text"]
    plate = _draw_plate(note, x, y, 0) if note.get("bgcolor") else ""
    return plate + _write(text, x, _number(float(y) + down), _ANCHORS[note.get("xanchor", "left")], shift)


def _draw_plate(note: Mapping[str, Any], x: str, y: str, down: int, before: bool = False) -> str:
    """Cover the lines behind words, about as wide as these are."""
    lines = [re.sub("</?b>", "", line) for line in note["text"].split("<br>")]
    wide, tall = math.ceil(_LETTER * max(map(len, lines))), 1 + _LINE * len(lines)
    place = f'x="{x}" y="{y}" width="{wide}" height="{tall}"'
    return f'<rect {place} transform="translate({-wide if before else 0} {down})" fill="var(--paper)"/>'


def _place(item: Mapping[str, Any], key: str, panel: _Panel, powers: bool = False) -> str:
    """Give a place across or upward, on an axis, where a note says powers of ten, or as a part of the whole."""
    axis = panel.x if key == "x" else panel.y
    reference = item.get(f"{key}ref", key)
    whole = reference == "paper" or "domain" in reference
    value = 10 ** item[key] if powers and axis.kind == "log" else item[key]
    share = item[key] if whole else axis.place(value)
    return _percent(share) if key == "x" else panel.fall(share)


def _draw_shape(shape: Mapping[str, Any], panel: _Panel) -> str:
    """Draw a line across or upward, or shade what lies between two values."""
    ends = [
        _place({end: shape[f"{end}{n}"], f"{end}ref": shape[f"{end}ref"]}, end, panel) for end in "xy" for n in "01"
    ]
    left, right, bottom, top = ends
    if shape["type"] == "line" or left == right:
        color, width = _color(shape["line"]["color"]), shape["line"]["width"]
        return f'<line x1="{left}" x2="{right}" y1="{bottom}" y2="{top}" stroke="{color}" stroke-width="{width}"/>'
    wide = _percent((float(right[:-1]) - float(left[:-1])) / 100)
    tall = _number(float(bottom) - float(top))
    return f'<rect x="{left}" y="{top}" width="{wide}" height="{tall}" fill="{_color(shape["fillcolor"])}"/>'


def _draw_legend(traces: Sequence[Mapping[str, Any]]) -> str:
    named = [trace for trace in traces if trace.get("showlegend") and trace.get("name")]
    items = "".join(f"<li>{_draw_swatch(trace)}<span>{_bold(trace['name'])}</span></li>" for trace in named)
    return f'<ul class="legend" aria-hidden="true">{items}</ul>' if items else ""


def _draw_swatch(trace: Mapping[str, Any]) -> str:
    if trace["type"] == "bar":
        mark = _draw_box(trace["marker"], ("1", "2", "22", "11"))
    elif "markers" in trace["mode"]:
        mark = _draw_symbol(trace["marker"], "12", "7.5")
    elif trace.get("fill"):
        look = f'fill="{_color(trace["fillcolor"])}" {_paint_line(trace["line"])}'
        mark = f'<rect x="1" y="2" width="22" height="11" {look}/>'
    else:
        thick = min(trace["line"].get("width", 2), 8)
        mark = f'<line x1="0" x2="24" y1="7.5" y2="7.5" {_paint_line({**trace["line"], "width": thick})}/>'
    return f'<svg width="24" height="15" aria-hidden="true">{mark}</svg>'
