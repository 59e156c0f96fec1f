"""How a workbook shows a cell: by its number format, and by its font. What is shown as something else is not taken."""

import re
from typing import NamedTuple
from xml.etree.ElementTree import Element

#: Excel's own formats of shares, powers of ten, days and times, by number: which parts of a day they show.
BUILT_IN = {9: "%", 10: "%", 11: "e", 14: "mdy", 15: "dmy", 16: "dm", 17: "my", 22: "mdyh", 45: "ms", 46: "hms"}
BUILT_IN |= {47: "ms", 48: "e"} | dict.fromkeys((18, 19, 20, 21), "hm")
BUILT_IN |= dict.fromkeys((*range(27, 37), *range(50, 59)), "m")
#: What a format adds to the digits: quoted text, an escaped sign, a color or language, blanks.
_ADDED = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]|[_*].')
#: Of that, what leaves a number as it is: a color or language, and blanks.
_QUIET = re.compile(r"\[(?![<>=]|(?i:white))[^\]]*\]|_.|\*[ -]|\\ ")
#: A part of a format that shows a whole number as it is, and what may stand for a 0.
_SHOWN = re.compile(
    r"\$?(general|@|[0#?]+([, ][0#?]{3})*(\.0{1,2})?)"
    r'("( (arrests|cases|investigations|people|persons|victims|identified|initiated|served|trained))+")?'
)
_LEGIBLE = 4  # points of type
#: How far apart, of 255, colors are that look like one; and Excel's own white and black, by theme or number.
_NEAR = 24
_NAMED = dict.fromkeys([("0", None), (None, "1"), (None, "9"), (None, "65")], "FFFFFF")
_NAMED |= dict.fromkeys([("1", None), (None, "0"), (None, "8"), (None, "64")], "000000")
_DASH = re.compile(r'\\?"? *[-–—] *"?\?*')


class Look(NamedTuple):
    """How a cell is shown: as a number, share, day or part of one; struck out; a number, a 0 or a text as another."""

    kind: str = "number"
    mark: str | None = None
    other: bool = False
    no_zero: bool = False
    no_text: bool = False


def read_look(code: str, mark: str | None) -> Look:
    """Read a number format by its parts for numbers above 0, for 0 and for texts; with conditions none is trusted."""
    plain = _ADDED.sub("", code).lower().split(";")[0]
    if parts := set(plain) & set("dmyhs"):
        return Look("day" if parts >= set("dmy") else "part of a day", mark)
    parts = [part.strip().lower() for part in _QUIET.sub("", code or "General").split(";")]
    zero, text = parts[2] if len(parts) > 2 else parts[0], parts[3] if len(parts) > 3 else parts[0]
    shows_zero = _DASH.fullmatch(zero) or (_SHOWN.fullmatch(zero) and re.search("0|general|@", zero))
    no_text = text not in ("@", "general") and ("@" in text or len(parts) > 3)
    kind = "share" if "%" in plain else "number"
    return Look(kind, mark, not _SHOWN.fullmatch(parts[0]), not shows_zero, no_text)


def tell_unseen(font: Element, fill: Element | None, paper: str = "fgColor") -> str | None:
    """Say why nobody sees letters: they are tiny, or have the color of what they stand on, which `paper` names."""
    size, pattern = font.find("{*}sz"), None if fill is None else fill.find("{*}patternFill")
    if size is not None and float(size.get("val", 11)) < _LEGIBLE:
        return "too small to be read"
    ink, behind = _read_color(font.find("{*}color"), "000000"), "FFFFFF"
    usual = "none" if paper == "fgColor" else "solid"  # where no type of pattern is named
    if fill is not None and (pattern is None or pattern.get("patternType", usual) != "none"):
        behind = "" if pattern is None else _read_color(pattern.find(f"{{*}}{paper}"), "")
    if not ink or not behind:
        return None
    apart = max(abs(int(ink[at : at + 2], 16) - int(behind[at : at + 2], 16)) for at in (0, 2, 4))
    return None if apart > _NEAR else f"{'white' if behind == 'FFFFFF' else 'colored'} as its background"


def _read_color(color: Element | None, missing: str) -> str:
    """Give a color in six digits; of those that a theme or a number stands for, black and white alone."""
    if color is None:
        return missing
    named = _NAMED.get((color.get("theme"), color.get("indexed")), "")
    return color.get("rgb", "" if abs(float(color.get("tint", 0))) > _NEAR / 255 else named)[-6:].upper()
