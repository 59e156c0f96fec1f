"""The methods: question by question from `docs/methods.md`, and function by function from the code itself.

The code is read and not imported: some of its modules take longer to import than all pages to write.
"""

import ast
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup
from pygments import lex
from pygments.lexers import PythonLexer
from pygments.token import Token

from htanalysis import _MODULES, _NAMES
from htanalysis.errors import HtanalysisError
from htanalysis.words import write_markdown

_FOLDER = Path(__file__).resolve().parent
#: What only shows a number, and does not compute it.
_DISPLAY = ("charts", "findings", "maps", "tables")


@dataclass(frozen=True)
class _Module:
    """A module as it is written: its docstring, and each of its functions' docstring and code."""

    text: str
    functions: Mapping[str, tuple[str, str]]


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
    modules = {name: _read_module(name) for name in sorted(_NAMES)}
    listed = {
        name: [
            function
            for function in sorted(_NAMES[name].split())
            if function in module.functions and (name not in _DISPLAY or function in used)
        ]
        for name, module in modules.items()
    }
    linked = frozenset(function for functions in listed.values() for function in functions)
    return {
        "questions": _read_questions(linked),
        "modules": [
            _describe_module(name, modules[name])
            | {"functions": [_document(modules[name], function, linked, used) for function in functions]}
            for name, functions in listed.items()
            if functions
        ],
    }


def _document(
    module: _Module, name: str, linked: frozenset[str], used: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Give what the page says of a function."""
    text, code = module.functions[name]
    return _read_docstring(text, linked) | {"name": name, "used": used.get(name, {}), "source": highlight(code)}


def _read_module(name: str) -> _Module:
    return _parse_module((_FOLDER / f"{name}.py").read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def _parse_module(code: str) -> _Module:
    tree, lines = ast.parse(code), code.splitlines()
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return _Module(
        ast.get_docstring(tree) or "",
        {node.name: (ast.get_docstring(node) or "", _code_alone(node, lines)) for node in functions},
    )


def _code_alone(node: ast.FunctionDef, lines: Sequence[str]) -> str:
    """Give a function's code without its docstring, which stands above it."""
    first = node.body[0]
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    rest = first.end_lineno if ast.get_docstring(node) else first.lineno - 1
    return "\n".join([*lines[start - 1 : first.lineno - 1], *lines[rest : node.end_lineno]])


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
    functions = _read_module(_MODULES[method]).functions if method in _MODULES else {}
    notes = _split_sections(functions.get(method, ("", ""))[0])[1].get("Notes", "")
    for paragraph in notes.split("\n\n"):
        if paragraph.startswith("Formula: "):
            return " ".join(paragraph.removeprefix("Formula: ").replace("`", "").split())
    raise HtanalysisError(f'"{method}" gives no formula. Write a paragraph "Formula: …" into its docstring’s Notes.')


def _read_questions(functions: frozenset[str]) -> Markup:
    """Write `docs/methods.md` as HTML without its title, with a link where it names a function of the page."""
    text = (_FOLDER.parent / "docs" / "methods.md").read_text(encoding="utf-8")
    page = write_markdown(text.partition("\n")[2])
    link = {name: f'<a href="#{name}"><code>{name}</code></a>' for name in functions}
    return Markup(re.sub(r"<code>(\w+)</code>", lambda found: link.get(found[1], found[0]), page))  # noqa: S704, our own


def _describe_module(name: str, module: _Module) -> dict[str, str]:
    title, _, words = module.text.partition("\n")[0].partition(": ")
    return {"name": name, "title": title.rstrip("."), "words": words[:1].upper() + words[1:]}


@lru_cache(maxsize=512)
def _read_docstring(text: str, functions: frozenset[str]) -> dict[str, Any]:
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


def _inline(text: str, functions: frozenset[str]) -> Markup:
    """Write a docstring's text as HTML, with a link where it names a function of the page."""

    def mark(match: re.Match[str]) -> str:
        name = match[1].partition("(")[0]
        code = f"<code>{match[1]}</code>"
        return f'<a href="#{name}">{code}</a>' if name in functions else code

    escaped = html.escape(" ".join(text.split()), quote=False)
    return Markup(re.sub(r"`+([^`]+)`+", mark, escaped))  # noqa: S704, escaped above


@lru_cache(maxsize=1024)
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
