"""Search: what the script holds."""

import json
import re

import nbformat

from htanalysis import findings, tables
from htanalysis.search import write_search


def test_everything_on_a_page_can_be_found_and_nothing_ends_the_script():
    shown = {
        findings.MIME: {"findings": [{"id": "a-b", "sentence": "304 </script> victims"}]},
        tables.MIME: {"id": "t", "title": "A table", "subtitle": "of counts"},
    }
    cells = [
        nbformat.from_dict(
            {
                "cell_type": "markdown",
                "source": "# Why?\n\n## How sure is this?\n\ntext\n\n## What we cannot know\n\n- All.",
            }
        ),
        nbformat.from_dict({"cell_type": "code", "source": "", "outputs": [{"data": shown}]}),
    ]
    resource = {
        "name": "htrs", "title": "HTRS", "row": "a figure", "schema": {"fields": [{"name": "value"}]},
        "evidence": [{"id": "q", "quote": "eight of ten", "place": "Chapter 3"}],
    }  # fmt: skip
    modules = [{"functions": [{"name": "f", "summary": "Do <b>it</b>."}]}]
    notebook = nbformat.from_dict({"cells": cells})
    script = write_search({"01-x": notebook}, {"01-x": "Why?"}, [resource], modules)
    short, kinds = re.search(
        r"^const ENTRIES = (.*)\.map\(.*?\(0, 3\), (.*)\[entry", script, flags=re.MULTILINE
    ).groups()
    entries = [[*entry, json.loads(kinds)[kind]] for *entry, kind in json.loads(short)]
    assert entries[:9] == [
        ["Why?", "", "01-x.html", "page"],
        ["All.", "not known, unknown", "01-x.html#section-what-we-cannot-know", "not known"],
        ["How sure is this?", "", "01-x.html#section-how-sure-is-this", "heading"],
        ["What we cannot know", "", "01-x.html#section-what-we-cannot-know", "heading"],
        ["304 </script> victims", "", "01-x.html#a-b", "finding"],
        ["A table", "of counts", "01-x.html#t", "table"],
        ["HTRS", "htrs: a figure. Columns: value", "codebook.html#data-htrs", "data set"],
        ["“eight of ten”", "Chapter 3", "codebook.html#q", "phrase of the report"],
        ["Do it.", "f", "methods.html#f", "method"],
    ]
    assert "</script>" not in script and {entry[3] for entry in entries[9:]} == {"word", "file"}
