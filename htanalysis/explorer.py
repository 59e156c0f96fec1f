"""What-ifs and counties to be moved by hand in a notebook, with sliders and buttons."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from comm import DummyComm
from IPython.display import display
from ipywidgets import HTML, HBox, Layout, SelectionSlider, SelectMultiple, VBox
from jinja2 import Environment, PackageLoader, Template

from htanalysis.charts.maps import fit_frame
from htanalysis.results import Result
from htanalysis.wording import number, span

if TYPE_CHECKING:
    from htanalysis.grids import WhatIf

_HEADS = {"words": "convictions", "population_2010": "residents", "rate_low": "for 100,000, from", "rate_high": "to"}
_FILLS = {"reported": "#0b5a8a", "bounded": "#5b93b8", "none reported": "#d8dee4", "chosen": "#d98032"}


def explore(grid: "WhatIf", **other: Any) -> None:
    """Show sliders for a what-if: its answer, range, sentence, curves with one's own point, and what moves it most.

    Another setting, of steps by the names of their axes, stands beside the default, with sliders of its own.
    """
    settings = [{}, other] if other else [{}]
    _show(HBox([_move(grid, setting) for setting in settings]), [grid.say(**setting) for setting in settings])


def _move(grid: "WhatIf", setting: Mapping[str, Any]) -> VBox:
    told, shown, sliders = grid.to_json(**setting), HTML(), {}
    for axis, own in zip(grid.axes, told["axes"], strict=True):
        options, style = [*zip(axis.words, axis.steps, strict=True)], {"description_width": "20rem"}
        chosen = {"options": options, "value": axis.steps[own["step"]], "description": own["label"]}
        sliders[axis.name] = SelectionSlider(**chosen, style=style, layout=Layout(width="36rem", max_width="100%"))

    def move(_: object = None) -> None:
        setting = {name: each.value for name, each in sliders.items()}
        shown.value = _compile("bench(item, ranked)").render(item=grid.to_json(**setting), ranked=grid.rank(**setting))

    for each in sliders.values():
        each.observe(move, "value")
    move()
    return VBox([HTML(f"{_compile('look()').render()}<b>{told['title']}</b>"), *sliders.values(), shown])


@cache
def _compile(part: str) -> Template:
    environment = Environment(loader=PackageLoader("htanalysis"), autoescape=True, trim_blocks=True)
    return environment.from_string(f'{{% import "curves.html.j2" as curves %}}{{{{ curves.{part} }}}}')


def link_counties(rates: Result) -> None:
    """Show a list of the counties of `rate_counties`: those chosen in it are marked on the map and listed below."""
    rows = fit_frame(rates.frame).sort_values("lower", ascending=False, kind="stable").set_index("county")
    told = [f"{span(row.lower, row.upper, between=False)} ({row.status})" for row in rows.itertuples()]
    rows["words"] = rows.index + ": " + rows["status"].where(rows["upper"].eq(0), told)
    outlines, drawn, table = rows.geometry.simplify(2).transform(np.rint), HTML(), HTML()
    left, low, right, high = outlines.total_bounds
    listed = SelectMultiple(options=[*zip(rows["words"], rows.index, strict=True)], value=[rows.index[0]], rows=18)

    def move(_: object = None) -> None:
        fills = rows["status"].mask(rows.index.isin(listed.value), "chosen").map(_FILLS)
        shapes = [
            f"<g><title>{w}</title>{s.svg(0.5, f, 1)}</g>"
            for w, s, f in zip(rows["words"], outlines, fills, strict=True)
        ]
        box = f'viewBox="{left} {-high} {right - left} {high - low}" width="380"'
        drawn.value = f'<svg {box}><g transform="scale(1 -1)">{"".join(shapes)}</g></svg>'
        known = rows.loc[[*listed.value], [*_HEADS]].set_axis(_HEADS.values(), axis=1)
        table.value = known.to_html(index_names=False, float_format="{:.2f}".format, formatters={"residents": number})

    listed.observe(move, "value")
    move()
    _show(VBox([HBox([listed, drawn]), table]), rows["words"][rows["upper"].gt(0)])


def _show(box: HBox | VBox, words: Iterable[str]) -> None:
    """Show widgets, with words for where nothing runs; where there is no kernel to move them, the words alone."""
    shown = {} if isinstance(box.comm, DummyComm) else box._repr_mimebundle_()
    display({**shown, "text/plain": "\n".join(words)}, raw=True)
