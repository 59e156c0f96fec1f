"""Results: what an analysis found, with all that a page says of it, and findings: a result in a sentence.

An analysis gives a `Result`, which knows its unit, basis, sources, method, formula and assumptions. A notebook adds the
id and the sentence (`Result.say`), or a title (`draw`, `tabulate`). A finding travels in the executed notebook's own
outputs; the pages, `findings.csv` and the index are built from there.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from numbers import Real
from typing import Any

import pandas as pd

from htanalysis import settings
from htanalysis.citations import Issue
from htanalysis.data import OWN, evidence, name_facts, resource
from htanalysis.errors import HtanalysisError, UnknownNameError, check_columns
from htanalysis.wording import Amount, Column, in_formula, span, tell_range, with_unit

MIME = "application/vnd.htanalysis.findings+json"
#: What a what-if travels as (see `grids`).
WHAT_IF = "application/vnd.htanalysis.whatif+json"

#: What a row of a result's frame can say of itself.
_OF_A_ROW = ("value", "low", "high", "unit", "digits", "basis", "source", "formula", "assumption")

#: One sign for each basis, used in text as in charts: full, hollow, bar, hatched.
MARKS = {"reported": "●", "computed": "○", "bounded": "▬", "assumed": "▨"}


@dataclass(frozen=True)
class Finding:
    """A result as it leaves a notebook.

    The id, of lower-case words joined by hyphens, never changes, so that links keep working; the sentence says what was
    found, with its number. `source` has the entries of "evidence" in the descriptor that it rests on, `method` is the
    function of `htanalysis` that computed it, and `assumption` what must be true.

    A bounded finding has a range and no value; a bounded or assumed one without `high` has no upper limit. `unit` is
    what the number counts: "share" is shown in percent, "times" as a multiple. `digits` are the decimals to show (of
    the percentage, where the unit is "share"), below 0 tens, hundreds and so on; by default 1 for "times", 0 for
    others.

    `formula` is how it is computed, in one line that can be recomputed, with the inputs of this run: "last ÷ first =
    304 ÷ 100"; for a range, "lowest = …; highest = …" (or "fewest" and "most"). Only a reported one needs none.
    """

    id: str
    sentence: str
    basis: str
    source: Sequence[str]
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    digits: int | None = None
    method: str | None = None
    assumption: str | None = None
    formula: str | None = None

    def __post_init__(self) -> None:
        for name in ("value", "low", "high"):
            object.__setattr__(self, name, _plain(getattr(self, name)))
        if isinstance(self.source, str) or not self.source:
            raise HtanalysisError(f'Finding "{self.id}": name what it rests on, as a list of sources.')
        object.__setattr__(self, "source", tuple(self.source))
        if self.digits is None:
            object.__setattr__(self, "digits", int(self.unit == "times"))
        _check(self)

    @property
    def amount(self) -> str:
        """The number alone, for a card: "1,277 victims", "46.0%", "0 to 2,027"."""
        if self.value is not None:
            return with_unit(self.value, self.unit, self.digits)
        if self.low is None:
            return ""
        if self.high is None:
            return f"at least {with_unit(self.low, self.unit, self.digits)}"
        return span(self.low, self.high, self.unit, self.digits, between=False)

    def cite(self, issue: Issue | None = None) -> str:
        """Give a sentence that cites the finding, and an entry for BibTeX: of the issue that it is from."""
        return (issue or Issue()).cite(self.sentence, self.id)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return _bundle([self], "finding")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What an analysis found: one number with its range, or a frame of them, and all that a page says of it.

    What it has in common with a `Finding` is as there; the basis is, of a frame with a column `basis`, that of most of
    its rows, and a source that nobody named reads "your own numbers". `frame` has the numbers behind a picture or
    table, and `columns` says what its columns show: each a `Column`, or its title alone. `picture` is how it is drawn:
    the kind, and its options (see `draw`). `given` is what went in, for the sentence: words, and numbers that are
    written whole unless they are an `Amount`.
    """

    basis: str
    source: tuple[str, ...] = ()
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    digits: int | None = None
    method: str | None = None
    assumption: str | None = None
    formula: str | None = None
    frame: pd.DataFrame | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    picture: tuple[str, Mapping[str, Any]] | None = None
    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", tuple(dict.fromkeys(self.source)) or (UNNAMED,))
        columns = {name: Column(each) if isinstance(each, str) else each for name, each in self.columns.items()}
        given = {name: Amount(each) if _is_plain(each) else each for name, each in self.given.items()}
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "given", given)

    def __float__(self) -> float:
        """Give the value, so that a result can go into the next analysis as a number."""
        return float("nan") if self.value is None else float(self.value)

    @property
    def bases(self) -> tuple[str, ...]:
        """Every basis of a number in it, in the order of the settings."""
        shown = {column.basis for column in self.columns.values()} & {*settings.BASES}
        shown |= set() if self.frame is None or "basis" not in self.frame else set(self.frame["basis"].dropna())
        return tuple(basis for basis in settings.BASES if basis in (shown or {self.basis}))

    @property
    def rows(self) -> list["Result"]:
        """Each row of the frame as a result of its own (see `at`)."""
        return [self.at(name) for name in self.frame.iloc[:, 0]]

    @property
    def words(self) -> dict[str, Any]:
        """What a sentence may name in braces: value, low, high, range, between, told, what went in, and the facts."""
        digits = int(self.unit == "times") if self.digits is None else self.digits
        ends = {name: getattr(self, name) for name in ("value", "low", "high") if getattr(self, name) is not None}
        told: dict[str, Any] = {name: Amount(end, self.unit, digits) for name, end in ends.items()}
        if "low" in ends and "high" in ends:
            told["range"], told["between"] = (
                span(self.low, self.high, self.unit, digits, between=between) for between in (False, True)
            )
            if "value" in ends:
                told["told"] = tell_range(self.value, self.low, self.high, self.unit, digits)
        return name_facts() | told | self.given

    @property
    def _told(self) -> str:
        """The number with its range, or nothing."""
        words = self.words
        return str(words.get("told") or words.get("range") or words.get("value") or "")

    def at(self, row: str) -> "Result":
        """Give one row of the frame, by its name in the first column, as a result of its own.

        Its numbers, unit, digits, basis, source and formula are the row's, as far as the frame has them; the row's
        other columns go into the sentence. Where both ends of the range are the value, the interval is the range.
        """
        names = [*self.frame.iloc[:, 0]]
        if row not in names:
            raise UnknownNameError("a row", row, names)
        cells = self.frame.iloc[names.index(row)].dropna().to_dict()
        if cells.get("low") == cells.get("value") == cells.get("high"):
            cells |= {end: cells.get(f"interval_{end}") for end in ("low", "high")}
        own = dict.fromkeys(("value", "low", "high") + ("formula",) * ("formula" in self.frame))
        own |= {name: cells.pop(name) for name in _OF_A_ROW if name in cells}
        rest = {name: cell for name, cell in cells.items() if isinstance(cell, str | Real)}
        return replace(self, frame=None, columns={}, picture=None, given=self.given | rest, **own)

    def write(self, text: str) -> str:
        """Put the result's numbers for the names in braces (see `words`), and begin with a capital letter."""
        written = text.format_map(self.words)
        return written[:1].upper() + written[1:]

    def write_id(self, id: str) -> str:  # noqa: A002, what a finding has is called so
        """Put words for the names in braces of an id: "{measure}-growth" becomes "victims-identified-growth"."""
        return id.format_map(self.words).lower().replace(" ", "-")

    def say(self, id: str, sentence: str) -> "Finding":  # noqa: A002, as above
        """Give the finding: an id and a sentence in which names in braces stand for the result's words."""
        own = {name: getattr(self, name) for name in (*_OF_A_ROW, "method")}
        return Finding(self.write_id(id), self.write(sentence), **own)

    def explain(self) -> str:
        """Say in words what was computed from what, what it assumes, and where that stands."""
        parts = {
            "Result": self._told,
            "Basis": f"{MARKS[self.basis]} {self.basis}",
            "Assumes": self.assumption or "",
            "Formula": self.formula or "",
            "Method": f"ht.{self.method}" if self.method else "",
            "Source": source_in_words(self.source),
        }
        return "\n".join(f"{name}: {text}" for name, text in parts.items() if text)

    def cite(self, issue: Issue | None = None) -> str:
        """Give the phrases of the report that the result rests on, word for word, and how to cite it (see `Issue`).

        Sources of one's own are named as they were given, see the function `cite`.
        """
        entries = [*map(evidence, self.source)]
        quotes = [f"“{entry['quote']}” ({entry['place']})" if entry["quote"] else entry["place"] for entry in entries]
        name = f"ht.{self.method}" if self.method else "htanalysis"
        told = f"{name}: {self._told}" if self._told else f"The numbers of {name}"
        cited = [(issue or Issue()).cite(told, name)] * any(entry["quote"] for entry in entries)
        return "\n".join([*quotes, *cited])

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        text = self.explain()
        return {"text/markdown": text.replace("\n", "  \n"), "text/plain": text}


def cite(text: str) -> str:
    """Name a source of one's own, for `attrs["source"]` of a frame or for the sources of a `Finding` or `Result`.

    Examples
    --------
    >>> deaths = pd.DataFrame({"county": ["Ashe"], "count": [1]})
    >>> deaths.attrs["source"] = cite("Cressie (1993), Table 6.1")
    >>> source_in_words(pick(deaths, "count").source)
    'Cressie (1993), Table 6.1'
    """
    words = " ".join(text.split()).removeprefix(OWN)
    if not words or not words.isprintable():
        raise HtanalysisError(f"A source is named in words, such as “Cressie (1993), Table 6.1”, and not “{text}”.")
    return f"{OWN}{words}"


#: The source of numbers that nobody named one for.
UNNAMED = cite("your own numbers")


def sources_of(*inputs: Any, columns: Sequence[str] = ()) -> tuple[str, ...]:
    """Name the phrases of the report behind what goes into an analysis, each once.

    A result has its sources; rows of a data set have those whose `rows` in the descriptor they match, as far as
    `columns` are read, and what corrected them; what an analysis made of them has them in `attrs["evidence"]`; a text
    is a source. Numbers from elsewhere have what `attrs["source"]` names (a text, or several), or are "your own".
    """
    found: list[str] = []
    for given in inputs:
        if isinstance(given, str):
            found.append(given)
        elif isinstance(given, Result):
            found += given.source
        elif "evidence" in given.attrs:
            found += given.attrs["evidence"]
        elif "name" not in given.attrs:
            named = given.attrs.get("source") or UNNAMED
            found += [cite(text) for text in ([named] if isinstance(named, str) else named)]
        else:
            texts = _Texts(given)
            entry = resource(given.attrs["name"])
            found += [item["id"] for item in entry["evidence"] if _backs(item, texts, columns)]
            read = [field for field in entry["schema"]["fields"] if field["name"] in columns]
            found += [reference for field in read for reference in field.get("evidence", ())]
            own = given.attrs.get("corrections", ()) if "count" in (columns or ["count"]) else ()
            found += [source for source, measure in own if given["measure"].eq(measure).any()]
    return tuple(dict.fromkeys(found))


class _Texts(dict):
    """The cells of some rows as text, by column: each column is written once, however many phrases are compared."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._rows, self.places = rows, range(len(rows))

    def __missing__(self, column: str) -> list[str]:
        self[column] = self._rows[column].astype(str).tolist()
        return self[column]


def _backs(item: Mapping[str, Any], texts: _Texts, columns: Sequence[str]) -> bool:
    """Say whether a phrase is the source of one of some rows."""
    if columns and not set(item.get("columns", columns)) & set(columns):
        return False
    places = texts.places
    for column, value in item.get("rows", {}).items():
        allowed = {value} if isinstance(value, str) else set(value)
        places = [place for place in places if texts[column][place] in allowed]
    return bool(places)


def pick(rows: pd.DataFrame, column: str, **where: str) -> Result:
    """Take one number as a data set has it.

    `where` is what other columns hold in its row, such as `source="task forces"`. Its unit is the column's, or, of a
    count, what was counted.

    Examples
    --------
    >>> from htanalysis.data import load
    >>> pick(load("trafficking_type"), "share", source="task forces", trafficking_type="labor").value
    0.23
    """
    check_columns("rows", rows, [column, *where])
    found = rows
    for name, value in where.items():
        found = found[found[name].astype(str) == str(value)]
    said = ", ".join(f"{name} = {value}" for name, value in where.items())
    if len(found) != 1 or pd.isna(found[column].iloc[0]):
        raise HtanalysisError(f"{column}: {len(found)} rows are “{said}”; one with a number is needed.")
    row = found.iloc[0]
    unit = "share" if column == "share" else str(row.get("unit", row.get("measure", "")))
    return Result(basis="reported", source=sources_of(found, columns=[column]), value=float(row[column]), unit=unit)


def divide(part: Result, whole: Result, unit: str) -> Result:
    """Divide one number by another; the sentence may name both, `{part}` and `{whole}`."""
    given = {"part": float(part), "whole": float(whole)}
    return Result(
        basis=max("computed", part.basis, whole.basis, key=[*settings.BASES].index),
        source=sources_of(part, whole),
        value=float(part) / float(whole),
        unit=unit,
        formula=write_formula(f"{part.unit} ÷ {whole.unit} = {{part}} ÷ {{whole}}", **given),
        given=given,
    )


def write_formula(text: str, **numbers: float) -> str:
    """Write a formula with this run's numbers, each with the digits that count.

    Examples
    --------
    >>> write_formula("lowest = {labor}; highest = {labor} + {other}", labor=0.23, other=0.21)
    'lowest = 0.23; highest = 0.23 + 0.21'
    """
    return text.format_map({name: in_formula(value) for name, value in numbers.items()})


@dataclass(frozen=True)
class Answer:
    """The findings that answer a notebook's question, shown at its top."""

    findings: tuple[Finding, ...]

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return _bundle(self.findings, "answer")


def answer(*findings: Finding) -> Answer:
    """Show findings together as the answer to a notebook's question."""
    return Answer(findings)


def source_in_words(source: Sequence[str]) -> str:
    """Write where in the report the evidence stands, each place once.

    Examples
    --------
    >>> source_in_words(["table-1", "table-1-unreported"])
    'Chapter 3, Table 1; Chapter 3, end note 13'
    """
    return "; ".join(dict.fromkeys(evidence(reference)["place"] for reference in source))


def _bundle(findings: Sequence[Finding], role: str) -> dict[str, Any]:
    items = [asdict(finding) | {"source": list(finding.source), "amount": finding.amount} for finding in findings]
    text = "\n\n".join(
        f"{finding.sentence}  \n{MARKS[finding.basis]} *{finding.basis}* · {source_in_words(finding.source)}"
        for finding in findings
    )
    return {"text/markdown": text, "text/plain": text, MIME: {"role": role, "findings": items}}


def _is_plain(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, Amount | bool)


def _plain(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else round_off(value)


def round_off(value: Any) -> float | int:
    """Round a number so that every machine writes the same digits, and JupyterLab as well: no whole number has any."""
    rounded = float(f"{float(value):.10g}")
    return int(rounded) if rounded.is_integer() else rounded


def _check(finding: Finding) -> None:
    problem = _problem(finding)
    if problem:
        raise HtanalysisError(f'Finding "{finding.id}": {problem}')
    if finding.basis not in settings.BASES:
        raise UnknownNameError("a basis", finding.basis, settings.BASES)
    for reference in finding.source:
        evidence(reference)


def _problem(finding: Finding) -> str | None:
    """Say what keeps a finding from being shown, or nothing."""
    ends = [end for end in (finding.low, finding.value, finding.high) if end is not None]
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", finding.id):
        return "an id has lower-case letters, digits and single hyphens only."
    if ends != sorted(ends):
        return f"{finding.low} to {finding.high} does not hold {finding.value}."
    endless = finding.high is None and finding.basis in ("bounded", "assumed")
    if (finding.low is None) != (finding.high is None) and not endless:
        return "a range has two ends; give low and high."
    if finding.basis == "bounded" and (finding.low is None or finding.value is not None):
        return "a bounded finding has a range and no value; give low and, unless nothing limits it, high."
    if finding.basis == "assumed" and not finding.assumption:
        return "say what is assumed."
    if finding.basis != "reported" and not finding.formula:
        return "say how it is computed: give a formula with its inputs."
    if not all(math.isfinite(end) for end in ends):
        return "its value, low and high must be ordinary numbers; one of them is infinite."
    return None
