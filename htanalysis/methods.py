"""The methods: question by question from `docs/methods.md`, and function by function from the code itself."""

import ast
import html
import importlib
import inspect
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup
from pygments import lex
from pygments.lexers import PythonLexer
from pygments.token import Token

import htanalysis
from htanalysis.errors import HtanalysisError
from htanalysis.words import write_markdown

#: What only shows a number, and does not compute it.
_DISPLAY = ("htanalysis.charts", "htanalysis.findings", "htanalysis.tables")


def describe_methods(used: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Give the methods, question by question, and document the functions that compute numbers, module by module.

    Parameters
    ----------
    used : mapping of str to mapping
        For each function that a page names, the pages with their titles.

    Returns
    -------
    dict
        `questions` (HTML) and `modules`, each with `name`, `title`, `words` and `functions`.
    """
    named = {name: getattr(htanalysis, name) for name in sorted(htanalysis.__all__)}
    functions = {
        name: function
        for name, function in named.items()
        if inspect.isfunction(function) and (function.__module__ not in _DISPLAY or name in used)
    }
    modules: dict[str, list[dict[str, Any]]] = {}
    for name, function in functions.items():
        document = _read_docstring(inspect.getdoc(function), functions)
        document |= {"name": name, "used": used.get(name, {}), "source": highlight(_source_alone(function))}
        modules.setdefault(function.__module__, []).append(document)
    return {
        "questions": _read_questions(functions),
        "modules": [_describe_module(module, modules[module]) for module in sorted(modules)],
    }


def read_formula(method: str) -> str:
    """Say in words what a function computes from what, as its docstring's notes do.

    Parameters
    ----------
    method : str
        Function of `htanalysis`, as a finding, table or figure names it.

    Returns
    -------
    str
        The paragraph that begins with "Formula: ", without that word, in one line of plain text.

    Raises
    ------
    HtanalysisError
        If there is no such function, or its docstring gives no formula.

    Examples
    --------
    >>> read_formula("detect_ratio")
    'true labor share ÷ (1 − true labor share) × counted sex ÷ counted labor.'
    """
    text = inspect.getdoc(getattr(htanalysis, method, None)) or ""
    notes = _split_sections(text)[1].get("Notes", "")
    for paragraph in notes.split("\n\n"):
        if paragraph.startswith("Formula: "):
            return " ".join(paragraph.removeprefix("Formula: ").replace("`", "").split())
    raise HtanalysisError(f'"{method}" gives no formula. Write a paragraph "Formula: …" into its docstring’s Notes.')


def _read_questions(functions: Mapping[str, Any]) -> Markup:
    """Write `docs/methods.md` as HTML without its title, with a link where it names a function of the page."""
    text = (Path(__file__).resolve().parents[1] / "docs" / "methods.md").read_text(encoding="utf-8")
    page = write_markdown(text.partition("\n")[2])
    link = {name: f'<a href="#{name}"><code>{name}</code></a>' for name in functions}
    return Markup(re.sub(r"<code>(\w+)</code>", lambda found: link.get(found[1], found[0]), page))  # noqa: S704, our own


def _describe_module(name: str, functions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    module = importlib.import_module(name)
    title, _, words = inspect.getdoc(module).partition("\n")[0].partition(": ")
    return {
        "name": name.rpartition(".")[2],
        "title": title.rstrip("."),
        "words": words[:1].upper() + words[1:],
        "functions": functions,
    }


def _read_docstring(text: str, functions: Mapping[str, Any]) -> dict[str, Any]:
    """Read a numpydoc docstring: its first sentence, its paragraphs, and its sections as terms with what they mean."""
    start, parts = _split_sections(text)
    summary, *paragraphs = [_inline(part, functions) for part in start.strip().split("\n\n")]
    sections = []
    for name, body in parts.items():
        section = {"name": name, "terms": [], "paragraphs": [], "code": ""}
        if name == "Examples":
            section["code"] = body.strip()
        elif name in ("Parameters", "Returns", "Raises", "Attributes"):
            terms = re.findall(r"^(\S.*)\n((?:(?: .*)?\n?)*)", body, flags=re.MULTILINE)
            section["terms"] = [(_inline(term, functions), _inline(words, functions)) for term, words in terms]
        else:
            section["paragraphs"] = [_inline(part, functions) for part in body.strip().split("\n\n")]
        sections.append(section)
    return {"summary": summary, "paragraphs": paragraphs, "sections": sections}


def _split_sections(text: str) -> tuple[str, dict[str, str]]:
    """Part a docstring into what stands before its sections, and each section's body by its name."""
    start, *rest = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
    return start, {name: body.strip("\n") for name, body in zip(rest[::2], rest[1::2], strict=True)}


def _inline(text: str, functions: Mapping[str, Any]) -> Markup:
    """Write a docstring's text as HTML, with a link where it names a function of the page."""

    def mark(match: re.Match[str]) -> str:
        name = match[1].partition("(")[0]
        code = f"<code>{match[1]}</code>"
        return f'<a href="#{name}">{code}</a>' if name in functions else code

    escaped = html.escape(" ".join(text.split()), quote=False)
    return Markup(re.sub(r"`+([^`]+)`+", mark, escaped))  # noqa: S704, escaped above


def _source_alone(function: Any) -> str:
    """Give a function's code without its docstring, which stands above it."""
    lines = inspect.getsource(function).splitlines()
    first = ast.parse("\n".join(lines)).body[0].body[0]
    if inspect.getdoc(function):
        del lines[first.lineno - 1 : first.end_lineno]
    return "\n".join(lines)


def highlight(code: str) -> Markup:
    """Mark comments, strings, numbers and keywords of Python code; nothing else needs a color."""
    kinds = {Token.Comment: "c", Token.Literal.String: "s", Token.Literal.Number: "m", Token.Keyword: "k"}

    def kind_of(token: tuple[Any, str]) -> str:
        return next((kind for parent, kind in kinds.items() if token[0] in parent), "")

    parts = []
    for kind, tokens in groupby(lex(code.strip("\n"), PythonLexer()), kind_of):
        text = html.escape("".join(text for _, text in tokens), quote=False)
        parts.append(f'<span class="{kind}">{text}</span>' if kind else text)
    return Markup("".join(parts).rstrip("\n"))  # noqa: S704, escaped above
