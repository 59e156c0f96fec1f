"""Drawings: a figure as SVG that needs no script, fits any width and follows the page's colors.

Plotly takes more than a second on a slow machine before it draws, and draws nothing on paper or without a script. So a
page holds this drawing of each figure. It knows what our charts use of plotly, and refuses other marks, symbols and
colors. What a mark stands for is its `title`, which the pages' script tells at the pointer and at the arrow keys.

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

from htanalysis.charts.look import COLORS, INK, PAPER, round_up
from htanalysis.errors import UnknownNameError

#: Height of a figure's only panel and of one of several; room above for a mark's words.
_ALONE, _PANEL, _HEAD = 340, 120, 14
#: Height of a line of text, and width of a letter.
_LINE, _LETTER = 17, 7.2
#: The widths in which labels must stand beside each other: a phone's, and a page's.
_NARROW, _WIDE = 300, 620
_DASHES = {"dash": "7 5", "dashdot": "7 4 2 4", "dot": "2 4", "box": "5 3"}
#: The zero before a point, which a path can do without.
_SHORT = re.compile(r"(?<!\d)0\.")
_SYMBOLS = ("circle", "circle-open", "diamond", "line-ns")

Item = Mapping[str, Any]
Tick = tuple[float, str]


def draw(figure: Item) -> str:
    """Draw a figure, as plain values, as HTML with SVG in it: a legend, and each panel's name, labels and marks."""
    layout, panels, parts = figure["layout"], _list_panels(figure), [_draw_legend(figure["data"])]
    letters = max((len(text) for name in panels for _, text in _Axis(layout[name], ()).list_ticks()), default=0)
    for name, (title, traces, notes) in panels.items():
        parts.append(f'<p class="panel-name">{_bold(title)}</p>' if title else "")
        parts.append(_draw_panel(layout, name, traces, notes, letters, len(panels) > 1))
    return f'<div class="drawing">{"".join(parts)}</div>'


def _list_panels(figure: Item) -> dict[str, tuple[str, list[Item], list[Item]]]:
    """Give, by vertical axis from the top down, each panel's title if there are several, its marks and its notes.

    Marks and notes name their axis without "axis". A page writes a figure's foot itself.
    """
    layout, panels = figure["layout"], {}
    names = [name for name in layout if name.startswith("yaxis")]
    names.sort(key=lambda name: -layout[name].get("domain", (0, 1))[1])
    notes = [note for note in layout.get("annotations", ()) if note.get("name") != "foot"]
    titles = [note for note in notes if note.get("name") == "panel"]
    for place, name in enumerate(names):
        axis = name.replace("axis", "")
        marks = [trace for trace in figure["data"] if trace.get("yaxis", "y") == axis]
        own = [note for note in notes if note not in titles and note.get("yref", "y").split()[0] in (axis, "paper")]
        panels[name] = titles[place]["text"] if titles else "", marks, own
    return panels


def _bold(text: str) -> str:
    """Write plotly's text on one line, with its bold letters."""
    return re.sub("&lt;(/?b)&gt;", r"<\1>", html.escape(text.replace("<br>", " "), quote=False))


def _color(value: str) -> str:
    """Give the page's name for a color, which changes in the dark."""
    if value not in COLORS:
        raise UnknownNameError("a color of the pages", value, COLORS)
    return f"var(--{COLORS[value]})"


def _trim(number: str) -> str:
    return number.rstrip("0").rstrip(".")


def _number(value: float) -> str:
    return _trim(f"{value:.1f}")


def _percent(share: float) -> str:
    # Rounded first: the noise of binary fractions decides no digit.
    return _trim(f"{round(100 * share, 9):.2f}") + "%"


# Axes


class _Axis:
    """An axis: where a value stands, from 0 to 1. It has the range that it names, or one around its values."""

    def __init__(self, axis: Item, values: Sequence[Any]) -> None:
        self.axis, self.kind = axis, axis.get("type", "linear")
        if "range" in axis:
            self.low, high = (_count_days(end) if isinstance(end, str) else end for end in axis["range"])
            self.high = high if high > self.low else self.low + 1
        else:
            self.low, self.high = min(values) - 0.5, max(values) + 0.5
        self.width = self.high - self.low

    def count(self, value: Any) -> float:
        """Give a value as the axis counts it: a category's place, a day's number, a logarithm."""
        if self.kind == "log":
            return math.log10(value)
        if isinstance(value, str):
            return self.axis["categoryarray"].index(value) if self.kind == "category" else _count_days(value)
        return value

    def place(self, value: Any) -> float:
        return (self.count(value) - self.low) / self.width

    def list_ticks(self) -> list[Tick]:
        """List the places, from 0 to 1, and the texts of the labels: those that the axis names, or even steps."""
        if self.axis.get("visible") is False:
            return []
        values = self.axis["tickvals"] if "tickvals" in self.axis else self.step()
        form = self.axis.get("tickformat", "")
        texts = self.axis.get("ticktext") or [_write_tick(value, form) for value in values]
        ticks = zip(map(self.place, values), texts, strict=True)
        return [(place, text) for place, text in ticks if -1e-9 <= place <= 1 + 1e-9]

    def step(self) -> list[Any]:
        """List even steps: those that the axis names, or the smallest of the form 1, 2 or 5 with zeros."""
        step = self.axis.get("dtick") or round_up(self.width / 7.5)
        if isinstance(step, str):  # "M24" is every second year
            first, last = int(self.axis["tick0"][:4]), date.fromordinal(self.high).year
            return [f"{year}-01-01" for year in range(first, last + 1, int(step[1:]) // 12)]
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(number * step, 10) for number in range(first, last + 1)]


def _count_days(day: str) -> int:
    return date.fromisoformat(day[:10]).toordinal()


def _write_tick(value: Any, form: str) -> str:
    if form == "%Y":
        return value[:4]
    if form == ".4~%":
        return _trim(f"{100 * value:.4f}") + "%"
    return str(round(value)) if form == "d" else _trim(f"{value:,.6f}").replace("-", "−")


def _thin_out(ticks: Sequence[Tick], width: int) -> Iterator[Tick]:
    """Go through the labels that stand beside each other in a width."""
    free = -math.inf
    for place, text in ticks:
        half = _LETTER * max(map(len, text.split("<br>"))) / 2
        if place * width - half >= free:
            free = place * width + half + 4
            yield place, text


# A panel


def _draw_panel(
    layout: Item, name: str, traces: Sequence[Item], notes: Sequence[Item], letters: int, many: bool
) -> str:
    """Draw a pair of axes with all that stands on it: the names of the axes, the labels and the marks.

    So many letters have the longest of the labels beside all panels, which thus begin at one place.
    """
    x_axis, y_axis = layout[name.replace("y", "x", 1)], layout[name]
    traces = [trace for trace in traces if any(x is not None for x in trace["x"])]
    x, y = _Axis(x_axis, [x for trace in traces for x in trace["x"]]), _Axis(y_axis, ())
    height = _PANEL if many else _ALONE
    if y_axis.get("visible") is False:  # a map has no height of its own; where rows are written, a unit is a pixel
        height = None if "scaleanchor" in y_axis else round(y.width)
    panel, upward, across = _Panel(x, y, height), y.list_ticks(), x.list_ticks()
    bars = "".join(panel.draw_bars(traces, layout.get("barmode") == "stack"))
    marks = [
        panel.draw_grid(upward, across if x_axis.get("showgrid", True) else ()),
        *map(panel.draw_shape, layout.get("shapes", ())),  # they stand in figures of one panel alone
        f'<svg height="{height}">{bars}</svg>' if bars else "",  # cut where the axes end
        *(panel.draw_trace(trace) for trace in traces if trace["type"] != "bar"),
        *map(panel.draw_note, notes),
    ]
    if height is None:
        return f'<div class="panel map" aria-hidden="true"><svg class="area">{"".join(marks)}</svg></div>'
    labeled = across if x_axis.get("showticklabels", True) else []
    whole = _HEAD + height + 8 + _LINE * max((text.count("<br>") + 1 for _, text in labeled), default=0)
    below_all = f'text-anchor="middle" transform="translate(0 {height + 20})"'
    labels = _group("".join(panel.label_across(labeled)), below_all)
    inside = _shift("".join([*marks, labels]))
    area = f'<svg class="area" height="{whole}">{inside}</svg>'
    above, below = (
        f'<p class="axis-name {which}">{_bold(axis["title"]["text"])}</p>' if ticks and "title" in axis else ""
        for which, axis, ticks in (("upward", y_axis, upward), ("across", x_axis, labeled))
    )
    drawn = _label_upward(panel, upward, letters, whole) + area
    return f'{above}<div class="panel" aria-hidden="true">{drawn}</div>{below}'


def _shift(marks: str) -> str:
    """Leave room above the marks for the words of the highest."""
    return f'<svg class="marked" y="{_HEAD}">{marks}</svg>'


def _label_upward(panel: "_Panel", ticks: Sequence[Tick], letters: int, height: int) -> str:
    """Write labels left of their heights, in a column that has room for the longest of all panels."""
    if not letters:
        return ""
    width = 14 + math.ceil(_LETTER * letters)
    labels = "".join(_write(text, str(width - 8), _number(float(panel.fall(at)) + 5)) for at, text in ticks)
    labels = _group(labels, 'text-anchor="end"')
    return f'<svg width="{width}" height="{height}">{_shift(labels)}</svg>'


@dataclass(frozen=True)
class _Panel:
    """A pair of axes and the height that it has; a map has none of its own."""

    x: _Axis
    y: _Axis
    height: int | None

    def up(self, value: Any) -> str:
        return self.fall(self.y.place(value))

    def fall(self, share: float) -> str:
        """Write a height, 0 being the lowest and 1 the highest, as SVG counts it."""
        return _percent(1 - share) if self.height is None else _number((1 - share) * self.height)

    def at(self, axis: str, value: Any, reference: str, powers: bool = False) -> str:
        """Write a place of a note or a shape: on an axis, where a note says powers of ten, or a part of the whole."""
        scale = self.x if axis == "x" else self.y
        if reference != "paper" and "domain" not in reference:
            value = scale.place(10**value if powers and scale.kind == "log" else value)
        return _percent(value) if axis == "x" else self.fall(value)

    def draw_grid(self, upward: Sequence[Tick], across: Sequence[Tick]) -> str:
        heights, places, foot = [self.fall(at) for at, _ in upward], [_percent(at) for at, _ in across], self.fall(0)
        lines = [f'<line x2="100%" y1="{y}" y2="{y}"/>' for y in heights]
        lines += [f'<line x1="{x}" x2="{x}" y2="{foot}"/>' for x in places]
        return _group("".join(lines), 'class="grid"')

    def label_across(self, ticks: Sequence[Tick]) -> Iterator[str]:
        """Write labels at their places across; some only where there is room."""
        narrow = list(_thin_out(ticks, _NARROW))
        for place, text in _thin_out(ticks, _WIDE):
            room = "" if (place, text) in narrow else ' class="roomy"'
            yield _write(text, _percent(place), "", more=room)

    def draw_trace(self, trace: Item) -> str:
        """Draw a line, or dots with lines to their ends behind them and words above them."""
        if trace["type"] != "scatter":
            raise UnknownNameError("a kind of mark that is drawn", trace["type"], ("bar", "scatter"))
        if trace["mode"] == "lines":
            return self.draw_line(trace)
        behind, dots, words, ends = [], [], [], trace.get("error_y")
        for place, (x, y) in enumerate(zip(trace["x"], trace["y"], strict=True)):
            if y is None:
                continue
            across, up = _percent(self.x.place(x)), self.up(y)
            if ends:
                low, high = self.up(y - ends["arrayminus"][place]), self.up(y + ends["array"][place])
                behind.append(f'<line x1="{across}" x2="{across}" y1="{low}" y2="{high}"/>')
            dots.append(_place_symbol(trace["marker"], across, up, _tell(trace, place)))
            if "text" in trace["mode"] and trace["text"][place]:
                side = trace["textposition"] if isinstance(trace["textposition"], str) else trace["textposition"][place]
                beside = _number(float(up) + (21 if side == "bottom center" else -11))
                words.append(_write(trace["text"][place], across, beside))
        lines = _group("".join(behind), f'stroke="{_color(ends["color"])}" stroke-width="2"') if ends else ""
        marks = _group("".join(dots), _look_of_symbol(trace["marker"]))
        return lines + marks + _group("".join(words), 'text-anchor="middle" class="halo"')

    def draw_line(self, trace: Item) -> str:
        """Draw a line or an outline, in a frame that is stretched to the width, while the line is not."""
        wide = self.x.width if self.x.kind == "category" else 1000  # from one category to the next is one step
        tall = self.height or wide * self.y.width / self.x.width
        steps, before = [], None
        for x, y in zip(trace["x"], trace["y"], strict=True):
            if x is None or y is None:  # a gap
                before = None
                continue
            at = (round(wide * self.x.place(x), 1), round((1 - self.y.place(y)) * tall, 1))
            to = at if before is None else (at[0] - before[0], at[1] - before[1])  # steps are shorter to write
            steps.append(("M" if before is None else "l") + f"{_number(to[0])} {_number(to[1])}".replace(" -", "-"))
            before = at
        fill = _color(trace["fillcolor"]) if "fill" in trace else "none"
        many = "hoverinfo" in trace and isinstance(trace.get("hovertext"), list)  # words for each place of a curve
        words = "" if many else _tell(trace, 0)
        path = f'<path d="{_SHORT.sub(".", "".join(steps))}" fill="{fill}" {_paint_line(trace["line"])}>{words}</path>'
        frame = f'viewBox="0 0 {_number(wide)} {round(tall)}" preserveAspectRatio="none"'
        columns = _group("".join(self.draw_columns(trace)), 'class="at"') if many else ""
        return f'<svg {frame} height="{self.height or "100%"}">{path}</svg>{columns}'

    def draw_columns(self, trace: Item) -> Iterator[str]:
        """Draw an unseen column around each place at which a line, and what it has words of, tells its values."""
        told = [(self.x.place(x), number) for number, x in enumerate(trace["x"]) if trace["hovertext"][number]]
        half = abs(told[-1][0] - told[0][0]) / (len(told) - 1) / 2
        for place, number in told:
            box = f'x="{_percent(place - half)}" width="{_percent(2 * half)}" height="{self.height}"'
            yield f"<rect {box}>{_tell(trace, number)}</rect>"

    def draw_bars(self, traces: Sequence[Item], stacked: bool) -> Iterator[str]:
        """Draw all bars; where they are stacked, each begins where the one before ended."""
        ends: dict[Any, float] = {}
        words = []  # over all bars
        for trace in (trace for trace in traces if trace["type"] == "bar"):
            lengths, places = (trace[key] for key in ("xy" if "orientation" in trace else "yx"))
            for number, (place, length) in enumerate(zip(places, lengths, strict=True)):
                first = ends.get(place, 0) if stacked else trace["base"][number]
                ends[place] = first + length
                if length:
                    bar, text = self.draw_bar(trace, number, place, (first, first + length))
                    words.append(text)
                    yield bar
        yield from words

    def draw_bar(self, trace: Item, number: int, place: Any, ends: tuple[float, float]) -> tuple[str, str]:
        """Draw a bar between two ends, upright or across, and its words above or in it."""
        wide, across, font = trace.get("width", 0.65), "orientation" in trace, trace.get("insidetextfont")
        first = (self.y if across else self.x).count(place) + trace.get("offset", -wide / 2)
        sides = (first, first + wide)
        left, right = map(self.x.place, ends if across else sides)
        low, high = (float(self.up(end)) for end in (sides if across else ends))
        box = _percent(left), _number(high), _percent(right - left), _number(max(low - high, 1))
        bar, text = _draw_box(trace["marker"], *box, _tell(trace, number)), str(trace.get("text", {number: ""})[number])
        if not text:
            return bar, ""
        lines = text.split("<br>")
        if "offset" in trace and _LETTER * max(map(len, lines)) > _NARROW * (right - left):
            # Wider than their box on a phone, words begin, or end, at its foot: clear of the marks beside it.
            end, anchor, shift = (left, "start", 8) if left + right < 1 else (right, "end", -8)
            foot = _number(low - 5 - _LINE * (len(lines) - 1))
            return bar, _write(text, _percent(end), foot, anchor, f' transform="translate({shift})" class="halo"')
        up = (low + high - _LINE * (len(lines) - 1)) / 2 + 5 if font else high - 5
        look = f'fill="{_color(font["color"])}"' if font else 'class="halo"'
        return bar, _write(text, _percent((left + right) / 2), _number(up), "middle", f" {look}")

    def draw_note(self, note: Item) -> str:
        """Write words at a place; where plotly draws an arrow, a thin line with a dot leads there from their end."""
        x, y = (self.at(axis, note[axis], note.get(f"{axis}ref", axis), powers=True) for axis in "xy")
        if note.get("showarrow", True):
            start, height = (self.at(axis, note[f"a{axis}"], axis, powers=True) for axis in "xy")
            color = _color(note.get("arrowcolor", INK))
            line = f'<line x1="{start}" y1="{height}" x2="{x}" y2="{y}" stroke="{color}"/>'
            dot = f'<circle cx="{x}" cy="{y}" r="{1.2 * note.get("arrowsize", 1.5)}" fill="{color}"/>'
            return line + dot + _write(note["text"], start, height, "end", ' dx="-5" dy="5" class="halo"')
        down = 14 if note["yanchor"] == "top" else -4 - _LINE * note["text"].count("<br>")
        shift = f' dx="{note["xshift"]}"' if "xshift" in note else ""
        anchor = "end" if note["xanchor"] == "right" else "start"
        return _write(note["text"], x, _number(float(y) + down), anchor, f'{shift} class="halo"')

    def draw_shape(self, shape: Item) -> str:
        """Draw a line across or upward, or shade what lies between two values."""
        left, right, low, high = (
            self.at(key[0], shape[key], shape[f"{key[0]}ref"]) for key in ("x0", "x1", "y0", "y1")
        )
        if shape["type"] == "line" or left == right:
            look = f'stroke="{_color(shape["line"]["color"])}" stroke-width="{shape["line"]["width"]}"'
            return f'<line x1="{left}" x2="{right}" y1="{low}" y2="{high}" {look}/>'
        wide, tall = _percent((float(right[:-1]) - float(left[:-1])) / 100), _number(float(low) - float(high))
        return f'<rect x="{left}" y="{high}" width="{wide}" height="{tall}" fill="{_color(shape["fillcolor"])}"/>'


# Marks


def _group(marks: str, look: str) -> str:
    """Say once what all marks have in common."""
    return f"<g {look}>{marks}</g>" if marks else ""


def _write(text: str, x: str, y: str, anchor: str = "start", more: str = "") -> str:
    """Write words, each of their lines below the one before, with plotly's bold letters, even over a line's end."""
    lines, bold = [], False
    for part in text.split("<br>"):
        line = "<b>" * bold + part
        bold = line.rfind("<b>") > line.rfind("</b>")
        words = _bold(line + "</b>" * bold)
        lines.append(words.replace("<b>", '<tspan class="bold">').replace("</b>", "</tspan>"))
    spans = lines[0] + "".join(f'<tspan x="{x}" dy="{_LINE}">{line}</tspan>' for line in lines[1:])
    place = f'x="{x}" y="{y}"' if y else f'x="{x}"'
    end = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f"<text {place}{end}{more}>{spans}</text>"


def _tell(trace: Item, place: int) -> str:
    """Give the words that a mouse at rest on a mark shows."""
    words = trace.get("hovertext", "")
    words = words[place] if isinstance(words, list) else words
    return f"<title>{_bold(words)}</title>" if words else ""


def _paint_line(line: Item) -> str:
    dash = f' stroke-dasharray="{_DASHES[line["dash"]]}"' if line.get("dash", "solid") != "solid" else ""
    width = "" if line["width"] == 1 else f' stroke-width="{line["width"]}"'
    return f'stroke="{_color(line["color"])}"{width}{dash}'


def _look_of_symbol(marker: Item) -> str:
    edge = marker.get("line")
    fill = PAPER if marker["symbol"] == "circle-open" else marker.get("color", edge["color"])
    stroke = f' stroke="{_color(edge["color"])}" stroke-width="{edge["width"]}"' if edge else ""
    return f'fill="{_color(fill)}"{stroke}'


def _place_symbol(marker: Item, x: str, y: str, words: str = "") -> str:
    if marker["symbol"] not in _SYMBOLS:
        raise UnknownNameError("a symbol that is drawn", marker["symbol"], _SYMBOLS)
    return f'<use href="#mark-{marker["symbol"]}" x="{x}" y="{y}">{words}</use>'


def _draw_box(marker: Item, left: str, top: str, wide: str, tall: str, words: str = "") -> str:
    """Draw a box, hatched by lines that it cuts, or with a dashed edge, where plotly has a pattern.

    A pattern would be no vector on paper.
    """
    edge, place = marker["line"], f'x="{left}" y="{top}" width="{wide}" height="{tall}"'
    shape, hatch = marker.get("pattern", {}).get("shape"), ""
    if shape == "/":
        ink = f'stroke="{_color(marker["pattern"]["fgcolor"])}" stroke-width="2"'
        hatch = f'<svg {place}><use href="#mark-hatch" {ink}/></svg>'
    line = _paint_line(edge if shape in (None, "/") else edge | {"dash": "box"})
    return f'<rect {place} fill="{_color(marker["color"])}" {line}>{words}</rect>{hatch}'


def _draw_legend(traces: Sequence[Item]) -> str:
    named = [trace for trace in traces if trace.get("showlegend")]
    items = "".join(f"<li>{_draw_swatch(trace)}<span>{_bold(trace['name'])}</span></li>" for trace in named)
    return f'<ul class="legend" aria-hidden="true">{items}</ul>' if items else ""


def _draw_swatch(trace: Item) -> str:
    if trace["type"] == "bar":
        mark = _draw_box(trace["marker"], "1", "2", "22", "11")
    elif "markers" in trace["mode"]:
        mark = _group(_place_symbol(trace["marker"], "12", "7.5"), _look_of_symbol(trace["marker"]))
    elif "fill" in trace:
        look = f'fill="{_color(trace["fillcolor"])}" {_paint_line(trace["line"])}'
        mark = f'<rect x="1" y="2" width="22" height="11" {look}/>'
    else:
        thick = {**trace["line"], "width": min(trace["line"]["width"], 8)}
        mark = f'<line x2="24" y1="7.5" y2="7.5" {_paint_line(thick)}/>'
    return f"<svg>{mark}</svg>"
