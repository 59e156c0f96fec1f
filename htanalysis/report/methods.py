"""The methods: question by question from `docs/methods.md`, and function by function from the code itself.

The code is read and not imported: some of its modules take longer to import than all pages to write.
"""

import ast
import html
import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup
from pygments import lex
from pygments.lexers import PythonLexer
from pygments.token import Token

from htanalysis import _MODULES, settings
from htanalysis.errors import HtanalysisError
from htanalysis.report.cache import remembered

_FOLDER = Path(__file__).resolve().parents[1]


def describe_methods(used: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Give the methods, and document the functions that they or pages name, with the pages of `used` that name each.

    Gives `questions` in Markdown, `modules` with their `functions`, and `linked`: the names of all these functions.
    """
    questions = (settings.OWN / "docs" / "methods.md").read_text(encoding="utf-8").partition("\n")[2]
    named = set(re.findall(r"`(\w+)`", questions)) | used.keys()
    modules = []
    for name in sorted(set(_MODULES.values())):
        text, functions = _read_module(name)
        listed = [
            {"name": function, "used": used.get(function, {})} | _read_docstring(*functions[function])
            for function in sorted(named & {each for each in _MODULES if _MODULES[each] == name} & functions.keys())
        ]
        title, _, words = text.partition("\n")[0].partition(": ")
        words = words[:1].upper() + words[1:]
        modules.append({"name": name, "title": title.rstrip("."), "words": words, "functions": listed})
    return {
        "questions": questions,
        "modules": [module for module in modules if module["functions"]],
        "linked": {function["name"] for module in modules for function in module["functions"]},
    }


def _read_module(name: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """Read a module as it is written: its docstring, and each of its functions' docstring and code."""
    return _parse_module(_FOLDER.joinpath(*name.split(".")).with_suffix(".py").read_text(encoding="utf-8"))


@remembered
def _parse_module(code: str) -> tuple[str, dict[str, tuple[str, str]]]:
    tree, lines = ast.parse(code), code.splitlines()
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    told = {node.name: (ast.get_docstring(node) or "", _code_alone(node, lines)) for node in functions}
    return ast.get_docstring(tree) or "", told


def _code_alone(node: ast.FunctionDef, lines: list[str]) -> str:
    """Give a function's code without its docstring, which stands above it."""
    first = node.body[0]
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    rest = first.end_lineno if ast.get_docstring(node) else first.lineno - 1
    return "\n".join([*lines[start - 1 : first.lineno - 1], *lines[rest : node.end_lineno]])


def read_formula(method: str) -> str:
    """Say in words what a function computes from what: the paragraph of its docstring that begins with "Formula: ".

    Examples
    --------
    >>> read_formula("detect_ratio")
    'true labor share ÷ (1 − true labor share) × counted sex ÷ counted labor.'
    """
    functions = _read_module(_MODULES[method])[1] if method in _MODULES else {}
    notes = _split_sections(functions.get(method, ("", ""))[0])[1].get("Notes", "")
    for paragraph in notes.split("\n\n"):
        if paragraph.startswith("Formula: "):
            return " ".join(paragraph.removeprefix("Formula: ").replace("`", "").split())
    raise HtanalysisError(f'"{method}" gives no formula. Write a paragraph "Formula: …" into its docstring’s Notes.')


@lru_cache(maxsize=512)
def _read_docstring(text: str, code: str) -> dict[str, Any]:
    """Read a numpydoc docstring, which stands above code: its paragraphs, and its sections as terms with meanings."""
    start, parts = _split_sections(text)
    sections = []
    for name, body in parts.items():
        section = {"name": name, "terms": [], "paragraphs": [], "code": ""}
        if name == "Examples":
            section["code"] = body.strip()
        elif name in ("Parameters", "Returns", "Raises", "Attributes"):
            section["terms"] = re.findall(r"^(\S.*)\n((?:(?: .*)?\n?)*)", body, flags=re.MULTILINE)
        else:
            section["paragraphs"] = body.strip().split("\n\n")
        sections.append(section)
    return {"paragraphs": start.strip().split("\n\n"), "sections": sections, "source": code}


def _split_sections(text: str) -> tuple[str, dict[str, str]]:
    """Part a docstring into what stands before its sections, and each section's body by its name."""
    start, *rest = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
    return start, {name: body.strip("\n") for name, body in zip(rest[::2], rest[1::2], strict=True)}


@remembered
def highlight(code: str) -> Markup:
    """Mark comments, strings and numbers, and keywords of a notebook's code, in as few letters as HTML has."""
    kinds = {Token.Comment: "em", Token.Literal: "i", Token.Keyword: "b"}

    def kind_of(token: tuple[Any, str]) -> str:
        return next((kind for parent, kind in kinds.items() if token[0] in parent), "")

    parts = []
    for kind, tokens in groupby(lex(code.strip("\n"), PythonLexer()), kind_of):
        text = html.escape("".join(text for _, text in tokens), quote=False)
        parts.append(f"<{kind}>{text}</{kind}>" if kind else text)
    return Markup("".join(parts).rstrip("\n"))  # noqa: S704, escaped above
