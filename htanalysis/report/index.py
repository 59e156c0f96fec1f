"""The index: one fact and its doubt, three numbers, small pictures, what can be quoted, and whom to ask for the rest.

All of its numbers come from what the notebooks show, and all of its words from `words/`. A sentence whose number is
missing, as where a notebook failed or a count is not published, is left out.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup

from htanalysis.charts.small import Bar, draw_across, draw_upright
from htanalysis.languages import say
from htanalysis.report.notebooks import Executed
from htanalysis.results import source_in_words
from htanalysis.settings import REPORT_ALONE
from htanalysis.wording import MORE, NO_MORE, ONE_BY_ONE, UNSAID

#: What can be quoted if `is_safe` lets it, by weight, and the fact of the 2012 report that it is about.
QUOTED = {
    "victims-in-two-years": "victims identified in the two years",
    "arrests-in-all": "arrests under § 236.1",
    "american-victims": "Americans among victims of known origin",
    "counted-sex": "sex trafficking among victims served",
    "convictions-in-all": "convictions under § 236.1",
    "investigations-in-two-years": "investigations in the two years",
}
#: So many quotes have room.
_QUOTES = 4
#: The last quarters that a picture has room for.
_QUARTERS = 12
#: The sentence that says whether a change is more than chance, by the words of `lead_quarter`.
_VERDICTS = {NO_MORE: "chance-no-more", MORE: "chance-more", MORE + ONE_BY_ONE: "chance-if", UNSAID: "chance-unsaid"}
#: The tables that say which of the report's own statements agree with its other numbers, and which do not.
_AGREE = "claims-agree"
VERDICTS = (_AGREE, "claims-differ", "claims-unknown")
#: The first two rows of what says which times the numbers cover.
_COUNTS, _ARRESTS = 0, 1

Line = dict[str, str]


class _Shown:
    """What notebooks show, by its id, and the words of a language."""

    def __init__(self, notebooks: Mapping[str, Executed], language: str) -> None:
        self.items = {
            item["id"]: item | {"notebook": name} for name, each in notebooks.items() for _, item in each.shown
        }
        self.language, self.say = language, partial(say, language=language)

    def value(self, name: str) -> float | None:
        return self.items.get(name, {}).get("value")

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Give the rows behind a figure or of a table, if it is shown."""
        item = self.items.get(name, {"columns": [], "rows": []})
        heads = [column["name"] for column in item["columns"]]
        return [dict(zip(heads, row, strict=True)) for row in item["rows"]]

    def cover(self, row: int) -> str | None:
        """Give the first and the last day of a row of what says which times the numbers cover."""
        times = self.rows("times-covered")
        return f"{times[row]['start']}:{times[row]['end']}" if times else None

    def line(self, key: str, name: str, **fields: Any) -> list[Line]:
        """Write a sentence whose numbers open the note of a finding; none where one of them is missing."""
        if name not in self.items or None in fields.values():
            return []
        item = self.items[name]
        return [{"text": self.say(key, **fields), "id": name, "notebook": item["notebook"]}]


def summarize(notebooks: Mapping[str, Executed], about: Mapping[str, Any], language: str = "en") -> dict[str, Any]:
    """Give what the index shows, in a language.

    `about` has what all pages of a report say: whether it is about a `later` quarter than those of the 2012 report, its
    last `quarter`, the day `as_of` which numbers are known, and the `version` of the collection and the day when that
    was `created`.
    """
    shown = _Shown(notebooks, language)
    kind, name, told = _pick_count(shown, about)
    head = shown.line(f"headline-{kind}{told['how']}", name, **told)
    head += [{"text": shown.say("headline-doubt"), "id": ""}]
    lead = _write_lead(shown, about)
    tiles = _list_tiles(shown, about)
    pictures = [_draw_quarters(shown) + _draw_years(shown) + _draw_counties(shown), _draw_victims(shown)]
    quotes = [quote for name in QUOTED for quote in _quote(shown, name)][:_QUOTES]
    used = [item["id"] for item in (*head, *lead, *tiles) if item["id"]]
    return {
        "language": language,
        "say": shown.say,
        "dates": _write_dates(shown, about),
        "headline": head,
        "lead": lead,
        "tiles": tiles,
        "pictures": pictures,
        "quotes": quotes,
        "asks": _list_asks(shown),
        "used": [shown.items[name] for name in dict.fromkeys(used)],
        "description": " ".join(line["text"] for line in [*head, *lead]),
    }


def _pick_count(shown: _Shown, about: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Say of which time the leading count is and whose finding, and give what its sentences name.

    `how` is the ending of the sentence's name that tells how a count is known.
    """
    kind, name, period = "two-years", "victims-in-two-years", shown.cover(_COUNTS)
    asked = "victims-in-words" in shown.items  # Staff may have ceased to ask for it.
    if asked and (about["later"] or shown.value(name) is None):
        kind, name, period = "quarter", "victims-in-words", about["quarter"]
    finding = shown.items.get(name, {})
    numbers = {end: finding[end] for end in ("value", "low", "high") if finding.get(end) is not None}
    how = "" if "value" in numbers else {2: "-between", 1: "-at-least", 0: "-unknown"}[len(numbers)]
    return kind, name, {"how": how, "count": numbers.get("value", 0), "period": period} | numbers


def _write_dates(shown: _Shown, about: Mapping[str, Any]) -> dict[str, str]:
    """Say of which time the numbers are, when they were released, and until when they count."""
    period, alone = shown.cover(_COUNTS), about["as_of"] == REPORT_ALONE
    last = about["as_of"] if not alone else period and period.partition(":")[2]
    return {
        "period": shown.say("period", period=about["quarter"] if about["later"] or not period else period),
        "released": shown.say("released", version=about["version"], day=about["created"]),
        "known": shown.say("numbers-to" if alone else "numbers-known", day=last) if last else "",
    }


def _write_lead(shown: _Shown, about: Mapping[str, Any]) -> list[Line]:
    """Write the report's other highlights, and first, of a later quarter, what it brought and the years before it."""
    value, lines = shown.value, []
    if about["later"]:
        lines, count = _write_changes(shown, about), value("victims-in-two-years")
        lines += shown.line("history", "victims-in-two-years", count=count, period=shown.cover(_COUNTS))
    opened = value("investigations-in-two-years")
    lines += shown.line("investigations", "investigations-in-two-years", count=opened)
    lines += shown.line("american", "american-victims", share=value("american-victims"))
    return lines + shown.line("types", "counted-sex", **_list_types(shown))


def _write_changes(shown: _Shown, about: Mapping[str, Any]) -> list[Line]:
    """Say what the quarter before and the same a year before had, and whether the change is more than chance."""
    counts = {run["first"]: run["count"] for run in shown.rows("victims-by-quarter") if run["quarters"] == 1}
    rows = (row for row in shown.rows("change-to-last-quarter") if row["measure"] == "victims identified")
    row, now, lines = next(rows, None), shown.value("victims-in-words"), []
    for name, ago in {"before": 1, "year": 4}.items() if row else ():
        count, verdict = counts.get(str(pd.Period(about["quarter"]) - ago)), row[f"since_{name}"].rpartition(": ")[2]
        told = {"count": count, "verdict": shown.say(_VERDICTS[verdict])}
        told = {} if None in (count, now) else told
        lines += shown.line(f"change-{name}{'' if told else '-open'}", "victims-in-words", **told)
    return lines + shown.line("change-others", "victims-in-words") * bool(row and not row["who"].startswith("the same"))


def _list_types(shown: _Shown) -> dict[str, float | None]:
    names = {"sex": "counted-sex", "labor": "counted-mix", "other": "counted-other"}
    return {kind: shown.value(name) for kind, name in names.items()}


# The tiles


def _list_tiles(shown: _Shown, about: Mapping[str, Any]) -> list[Line]:
    """Give the three numbers: what was counted, what came of it, and what is unknown."""
    kind, name, told = _pick_count(shown, about)
    joined = [row["reports_from"] for row in shown.rows("who-reports")]
    if joined:  # how many task forces report from the first quarter on, how many at last, and from when on
        told |= {"before": joined.count(min(joined)), "all": len(joined), "joined": max(joined)}
    came = {"arrests": shown.value("arrests-in-all"), "convictions": shown.value("convictions-in-all")}
    came["period"] = shown.cover(_ARRESTS)
    parts = [("counted", name, f"tile-counted{told['how']}", f"tile-{kind}-sure", told)] if name in shown.items else []
    parts += [("came", "arrests-in-all", "tile-came", "tile-came-sure", came)] if None not in came.values() else []
    return [
        {
            "kind": of,
            "id": own,
            "number": shown.say(number, **fields),
            "what": shown.say(f"tile-{of}-what"),
            "sure": shown.say(sure, **fields),
        }
        for of, own, number, sure, fields in [*parts, ("unknown", "", "tile-unknown", "tile-unknown-sure", {})]
    ]


# The pictures


def _frame(shown: _Shown, name: str, title: str, what: str, drawn: str, bars: Sequence[Bar]) -> dict[str, Any]:
    about = {"id": name, "notebook": shown.items[name]["notebook"], "title": title, "what": what}
    drawn = Markup(drawn)  # noqa: S704, what draws escapes every word
    return about | {"drawn": drawn, "alt": " ".join(bar.told for bar in bars)}


def _draw_quarters(shown: _Shown) -> list[dict[str, Any]]:
    """Draw the victims of each quarter; those of quarters that are only known together as one box of their mean."""
    runs, bars = shown.rows("victims-by-quarter"), []
    if not runs:
        return []
    runs = [run for run in runs if run["last"] > str(pd.Period(runs[-1]["last"]) - _QUARTERS)]
    for run in runs:
        period = f"{run['first']}:{run['last']}"
        known, numbers = run["quarters"] == 1 and run["count"] is not None, {"quarters": run["quarters"]}
        key = "quarter-known" if known else "quarters-together" if run["count"] is not None else "quarters-open"
        numbers |= {"count": run["count"], "mean": run["mean"]}
        words = shown.say(f"{key}-words", **numbers).split("\n") if known or run["quarters"] > 1 else ["?"]
        value, look = (run["count"], "known") if known else (run["mean"], "open")
        below = [shown.say("quarter-label", period=period)] if known and run in (runs[0], runs[-1]) else []
        told = shown.say(f"{key}-told", period=period, **numbers)
        bars.append(Bar(value, words, below, run["quarters"], look, told=told))
    last, before = runs[-1], runs[-2] if len(runs) > 1 else {}
    title = shown.say("quarters-title")
    if last["times"] is not None:
        title = shown.say("quarters-title-times", **last | {"quarters": before["quarters"]})
    hidden, together, every = (
        sum(run["quarters"] for run in runs if run["count"] is None or run["quarters"] > 1),
        sum(run["quarters"] for run in runs if run["mean"] is not None),
        sum(run["quarters"] for run in runs),
    )
    key = "" if hidden else "-known"
    if together:
        key = "-together" if together == hidden else "-some"
    what = shown.say(f"quarters-what{key}", hidden=hidden, together=together, all=every)
    return [_frame(shown, "victims-by-quarter", title, what, draw_upright(bars), bars)]


def _draw_years(shown: _Shown) -> list[dict[str, Any]]:
    """Draw the arrests of each year, the convictions that came of them set off; a year that is not whole is dashed."""
    rows = shown.rows("rates-236-1")
    arrests, convictions = ([row for row in rows if row["what"] == what] for what in ("arrests", "convictions"))
    if not arrests or len(arrests) != len(convictions):
        return []
    bars, whole = [], [row for row in arrests if row["days"] >= 365]
    for row, part in zip(arrests, convictions, strict=True):
        months = round(12 * row["days"] / 365)
        below = [str(row["year"])] + [shown.say("months", months=months)] * (row not in whole)
        counts = [shown.say("number", number=each["count"]) for each in (row, part)]
        look = "known" if row in whole else "begun"
        told = shown.say("years-told", label=", ".join(below), arrests=counts[0], convictions=counts[1])
        bars.append(Bar(row["count"], counts[:1], below, 1, look, part["count"], counts[1], told))
    first, last = whole[0], whole[-1]
    ends = {"first": first["count"], "first_year": first["year"], "last": last["count"], "last_year": last["year"]}
    title, what = shown.say("years-title", **ends), shown.say("years-what")
    return [_frame(shown, "rates-236-1", title, what, draw_upright(bars), bars)]


def _draw_counties(shown: _Shown) -> list[dict[str, Any]]:
    """Draw one bar of all convictions: those of the published county beside those whose split is not published."""
    rows = shown.rows("county-map")
    named = [row["county"] for row in rows if row["status"] == "reported"]
    names = [row["county"] for row in rows if row["status"] == "bounded"]
    counts = {"count": "convictions-in-words", "rest": "convictions-elsewhere", "total": "convictions-in-all"}
    counts = {key: shown.value(name) for key, name in counts.items()}
    if len(named) != 1 or None in counts.values():
        return []
    told = {"county": named[0], "names": names, "others": len(names)} | counts
    parts = {"count": (counts["count"], "known"), "rest": (counts["rest"], "open")}
    return _draw_parts(shown, "county-map", "counties", parts, told)


def _draw_victims(shown: _Shown) -> list[dict[str, Any]]:
    """Draw where the victims came from, and of which type they were."""
    share, types, drawn = shown.value("american-victims"), _list_types(shown), []
    if share is not None:
        parts = {"american": (share, "known"), "rest": (1 - share, "open")}
        drawn += _draw_parts(shown, "american-victims", "origin", parts, {"share": share})
    if None not in types.values():
        parts = {kind: (types[kind], "open" if kind == "other" else "known") for kind in types}
        drawn += _draw_parts(shown, "counted-sex", "types", parts, types)
    return drawn


def _draw_parts(
    shown: _Shown, name: str, key: str, parts: Mapping[str, tuple[float, str]], numbers: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Draw one bar of parts, each with its value and look, by the names of the sentences on them."""
    bars = []
    for part, (value, look) in parts.items():
        words, told = (shown.say(f"{key}-{part}{end}", **numbers) for end in ("", "-told"))
        bars.append(Bar(value, [words], look=look, told=told))
    title, what = (shown.say(f"{key}-{part}", **numbers) for part in ("title", "what"))
    return [_frame(shown, name, title, what, draw_across(bars), bars)]


# What can be quoted, and whom to ask


def is_safe(finding: Mapping[str, Any], verdicts: set[str]) -> bool:
    """Say whether a finding is safe to quote.

    Its number is reported, or computed from reported ones alone, and has no range; and there is one verdict on what the
    2012 report says of that fact: `verdicts`, the tables in which its statements stand, are that they agree.
    """
    certain = finding["basis"] in ("reported", "computed") and finding["value"] is not None
    return certain and finding["low"] in (None, finding["high"]) and verdicts == {_AGREE}


def _quote(shown: _Shown, name: str) -> list[Line]:
    """Give a sentence to quote, with its source, if it is safe."""
    finding = shown.items.get(name)
    verdicts = {table for table in VERDICTS for row in shown.rows(table) if row["fact"] == QUOTED[name]}
    if not finding or not is_safe(finding, verdicts):
        return []
    times = {"counts": shown.cover(_COUNTS), "arrests": shown.cover(_ARRESTS)}
    places = source_in_words(finding["source"])
    source = {"places": places, "source": shown.say("source", places=places)}
    return [line | source for line in shown.line(f"quote-{name}", name, value=finding["value"], **times)]


def _list_asks(shown: _Shown) -> list[Line]:
    """Say who holds the tables that would close the gaps, as long as there are any."""
    cells = [cell for row in shown.rows("known-and-missing") for cell in [*row.values()][1:]]
    counties = [row["status"] for row in shown.rows("county-map")]
    hidden = {"quarters": cells.count(None), "counties": counties.count("bounded")}
    fields = {
        "quarters": ("known-and-missing", {"hidden": hidden["quarters"] or None, "all": len(cells)}),
        "counties": ("county-map", {"hidden": hidden["counties"] or None, "all": len(counties)}),
        "types": ("counted-other", {"other": shown.value("counted-other")}),
    }
    return [
        line | {"who": shown.say(f"ask-{key}-who")}
        for key, (name, own) in fields.items()
        for line in shown.line(f"ask-{key}", name, **own)
    ]
