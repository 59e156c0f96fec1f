"""Small pictures for a first look: bars with their numbers on them, and an empty dashed box for what is not published.

Ink follows knowledge: what is known is filled, what is not is an outline. Places across are in percent and places
upward in pixels, as in `svg`, so that a picture fits any width and its words stay readable.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

#: Height of the highest bar, of a box whose height nothing tells, of a bar across, of a line, and of room above.
_HIGH, _OPEN, _ACROSS, _LINE, _HEAD = 130, 34, 36, 16, 20
#: Width of a letter, and of a picture on a phone.
_LETTER, _NARROW = 7, 340
#: How words on a bar look.
_INSIDE = {"known": "on-known"}
#: The part of its place that a bar leaves free on either side.
_GAP = 0.08


@dataclass(frozen=True)
class Bar:
    """A bar, as wide as `size` others, with words on it and lines of words below it.

    It is as high as its value. `look` is "known", or dashed: "begun" for a count of a time that is not over, and "open"
    for what is not published, which without a value has no height of its own. `part` is how much of the value is set
    off at its foot, with words of its own. `told` is what it says of itself under the pointer and to the arrow keys.
    """

    value: float | None
    words: Sequence[str]
    below: Sequence[str] = ()
    size: float = 1
    look: str = "known"
    part: float = 0
    part_words: str = ""
    told: str = ""


def draw_upright(bars: Sequence[Bar]) -> str:
    """Draw bars from one base line, each as high as its value; a box over several has the area of their sum."""
    top, whole, left, parts = max(bar.value or 0 for bar in bars) or 1, sum(bar.size for bar in bars), 0.0, []
    foot = _HEAD + _HIGH
    for bar in bars:
        high = _OPEN if bar.value is None else _HIGH * bar.value / top
        gap = 0 if bar.size > 1 else _GAP
        x, wide, middle = (100 * share / whole for share in (left + gap, bar.size - 2 * gap, left + bar.size / 2))
        parts.append(_box(x, foot - high, wide, high, bar.look, bar.told))
        # A box over several has its words inside, any other above it.
        up = foot - high - 6 if bar.size == 1 else foot - high / 2 - _LINE * (len(bar.words) - 1) / 2 + 4
        parts += [_write(line, middle, up + _LINE * place) for place, line in enumerate(bar.words)]
        if bar.part:
            deep = _HIGH * bar.part / top
            parts += [
                _box(x, foot - deep, wide, deep, "part"),
                _write(bar.part_words, middle, foot - deep - 4, _INSIDE.get(bar.look, "")),
            ]
        for place, line in enumerate(bar.below, 1):
            parts.append(_write(line, middle, foot + 3 + _LINE * place, "muted", _LETTER * len(line) / 2))
        left += bar.size
    base = f'<line class="base" x1="0" x2="100%" y1="{foot}" y2="{foot}"/>'
    return _frame(foot + 6 + _LINE * max(len(bar.below) for bar in bars), [*parts, base])


def draw_across(bars: Sequence[Bar]) -> str:
    """Draw one bar from parts of a whole, each as wide as its value, with its words in it."""
    whole, left, parts = sum(bar.value for bar in bars), 0.0, []
    for bar in bars:
        x, wide = 100 * left / whole, 100 * bar.value / whole
        parts.append(_box(x, 1, wide - 0.5, _ACROSS - 2, bar.look, bar.told))
        parts += [_write(line, x + wide / 2, _ACROSS / 2 + 5, _INSIDE.get(bar.look, "")) for line in bar.words]
        left += bar.value
    return _frame(_ACROSS, parts)


def _box(left: float, top: float, wide: float, high: float, look: str, told: str = "") -> str:
    place = f'x="{left:.2f}%" y="{top:.1f}" width="{wide:.2f}%" height="{max(high, 1):.1f}"'
    words = f"<title>{html.escape(told, quote=False)}</title>" if told else ""
    return f'<rect class="{look}" {place}>{words}</rect>'


def _write(words: str, middle: float, up: float, look: str = "", half: float = 0) -> str:
    """Write words about a place; at an edge, where `half` their width would not fit on a phone, inside it."""
    ends = {"start": middle * _NARROW / 100 < half, "end": (100 - middle) * _NARROW / 100 < half}
    anchor = next((end for end, cut in ends.items() if cut), "middle")
    x = {"start": "0", "end": "100%"}.get(anchor, f"{middle:.2f}%")
    name = f' class="{look}"' if look else ""
    return f'<text x="{x}" y="{up:.1f}" text-anchor="{anchor}"{name}>{html.escape(words, quote=False)}</text>'


def _frame(height: int, parts: Sequence[str]) -> str:
    return f'<svg class="small" width="100%" height="{height}" aria-hidden="true">{"".join(parts)}</svg>'
