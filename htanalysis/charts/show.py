"""A result shown: drawn as its kind is drawn, or set as a table."""

from collections.abc import Callable
from dataclasses import dataclass

from htanalysis.charts.look import Chart
from htanalysis.charts.tables import Caption, Table
from htanalysis.results import Result


@dataclass(frozen=True)
class Words:
    """A sentence where there is nothing to draw or to list."""

    text: str

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/markdown": self.text, "text/plain": self.text}


def draw(result: Result, id: str, title: str, subtitle: str, nothing: str = "") -> Chart | Words:  # noqa: A002, what a chart has
    """Draw a result as its kind is drawn; where there is nothing to draw, say `nothing`, or else its title.

    Names in braces in title and subtitle stand for the result's numbers (see `Result.words`). The id, lower-case words
    joined by hyphens, never changes, so that links keep working.
    """
    if result.frame.empty:
        return Words(result.write(nothing or f"{title}."))
    kind, options = result.picture
    return _find_drawing(kind)(result.frame, caption=_caption(result, id, title, subtitle), **options)


def tabulate(
    result: Result,
    id: str,  # noqa: A002, as above
    title: str,
    subtitle: str,
    missing: str = "not published",
    nothing: str = "",
) -> Table | Words:
    """Set a result's frame as a table, with the columns that the result describes. Parameters are as for `draw`.

    An empty cell says what `missing` does.
    """
    if result.frame.empty:
        return Words(result.write(nothing or f"{title}."))
    return Table(result.frame, _caption(result, id, title, subtitle), result.columns, missing)


def _caption(result: Result, id: str, title: str, subtitle: str) -> Caption:  # noqa: A002, as above
    """Say what stands around a result; its formula where no function tells how it is computed."""
    formula, texts = None if result.method else result.formula, map(result.write, (title, subtitle))
    return Caption(
        result.write_id(id), *texts, source=result.source, basis=result.bases, method=result.method, formula=formula
    )


def _find_drawing(kind: str) -> Callable[..., Chart]:
    if kind in ("map", "funnel"):
        from htanalysis.charts import maps as drawings  # Here alone: it imports geopandas, which takes long.
    elif kind in ("rates", "outlook", "fit"):
        from htanalysis.charts import years as drawings
    else:
        from htanalysis.charts import draw as drawings
    return getattr(drawings, f"draw_{kind}")
