"""All that the package says to people, in one list for review (tests/messages.txt), and what each message must keep to.

Where a message is new or changed, write the list again and read the lines that differ as somebody would who does not
program: python tests/test_messages.py
"""

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "htanalysis"
#: Modules whose sentences are for whoever runs a command; elsewhere those of errors are.
SPEAKING = (
    *("cli", "commands", "data", "errors", "parameters", "quarters", "report.build", "report.cache", "report.changes"),
    *("report.cluster", "report.editions", "report.execute", "report.folder", "report.manifest", "report.notebooks"),
    *("report.request", "results", "returns"),
)
ERRORS = ("HtanalysisError", "NotebookError", "ArgumentTypeError", "UnreadableError")
#: What a pattern for texts holds, and no message.
PATTERN = re.compile(r"\\|^\^|\[0-9|\(\?|\.\*|[\]^+]\??$|\[\^")


def write(node: ast.expr) -> str:
    """Write a text as it stands in the code, with what is filled in between braces."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return write(node.left) + write(node.right)
    parts = node.values if isinstance(node, ast.JoinedStr) else [ast.FormattedValue(node, -1)]
    return "".join(part.value if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}" for part in parts)


def find_texts(node: ast.AST, speaking: bool) -> Iterator[tuple[ast.expr, bool]]:
    """Find the texts below a node in the order of the code, and whether an error begins with them.

    Docstrings are left out, and of a module that does not speak itself all but its errors' texts.
    """
    told = isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ERRORS
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        text = isinstance(child, ast.JoinedStr) or (isinstance(child, ast.Constant) and isinstance(child.value, str))
        if text and (speaking or told):
            yield child, told
        elif not text:
            yield from find_texts(child, speaking)


def is_message(text: str) -> bool:
    """Say whether a text is a sentence, or the end of one."""
    return " " in text and bool(re.search(r"[.?:!]\W*$|: \{\w+\}$", text)) and not PATTERN.search(text)


def list_messages() -> dict[str, list[str]]:
    """List the sentences of each module that go to people."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        texts = find_texts(ast.parse(path.read_text(encoding="utf-8")), module.startswith(SPEAKING))
        told = [(" ".join(write(text).split()), error) for text, error in texts]
        found[module] = list(dict.fromkeys(text for text, error in told if error or is_message(text)))
    return {module: told for module, told in found.items() if told}


def write_list() -> str:
    return "".join(f"{module}\n" + "".join(f"  {text}\n" for text in told) for module, told in list_messages().items())


def test_the_list_of_all_messages_is_up_to_date():
    assert (TESTS / "messages.txt").read_text(encoding="utf-8") == write_list(), "run python tests/test_messages.py"


def list_told() -> list[str]:
    """Give what check says of each faulty file, and all messages as they stand in the code."""
    with (TESTS / "returns" / "expected.csv").open(newline="", encoding="utf-8") as file:
        told = [line for row in csv.DictReader(file) for line in row["messages"].splitlines()]
    return [*told, *(text for told in list_messages().values() for text in told)]


#: What no message may hold, and why not.
REFUSED = {
    r"\bNone\b|\bnan\b|<NA>|\bNaT\b": "a person writes it otherwise",
    r"\b(?!HtanalysisError)[A-Z][a-z]+(Error|Exception)\b|Traceback": "a class is no explanation",
    r"\bfinite\b|\bdtype\b|\bregex|\bstring\b|\bboolean\b|\bint\b|\bfloat\b": "it is a word of programmers",
    r"\b0 of (\d|\{)": "none of them, one says",
    r"(?<![\d.,])1 (counts|files|rows|problems|quarters|measures|task forces)\b": "one is no plural",
    r"(?i)\binvalid\b|\billegal\b|\bfailed to\b|\berror:": "it says nothing of what to do",
}


@pytest.mark.parametrize("pattern", REFUSED)
def test_no_message_is_one_that_only_programmers_understand(pattern):
    assert [text for text in list_told() if re.search(pattern, re.sub(r"\{[^}]*\}", "{}", text))] == []


def test_each_message_ends_as_a_sentence_does():
    ends = [text for text in list_told() if not re.search(r"[.?:!][)”\"’]?$|\}$", text)]
    assert ends == []


if __name__ == "__main__":
    (TESTS / "messages.txt").write_text(write_list(), encoding="utf-8")
    print(write_list())
