"""Search: what the script holds."""

import json
import re

from htanalysis.report.notebooks import Cell, Executed
from htanalysis.report.search import write_search


def test_everything_on_a_page_can_be_found_and_nothing_ends_the_script():
    rows = [["jails of", "in San Francisco"], ["jails of", "12 in Los Angeles"]]
    shown = [
        ("findings", {"findings": [{"id": "a-b", "sentence": "304 </script> victims", "basis": "reported"}]}),
        ("table", {"id": "t", "title": "A table", "subtitle": "of counts", "rows": rows}),
    ]
    prose = "# Why?\n\n## How sure is this?\n\ntext\n\n## What we cannot know\n\n- All."
    notebook = Executed([Cell("a", "markdown", prose, [], []), Cell("b", "code", "", [], shown)])
    resource = {
        "name": "htrs", "title": "HTRS", "row": "a figure", "schema": {"fields": [{"name": "value"}]},
        "evidence": [{"id": "q", "quote": "eight of ten", "place": "Chapter 3"}],
    }  # fmt: skip
    modules = [{"functions": [{"name": "f", "paragraphs": ["Do\n`it`."]}]}]
    script = write_search({"01-x": notebook}, [resource], modules, {"es": ("Español", "-es")})
    held = json.loads(re.search(r"^const HELD = (.*);$", script, flags=re.MULTILINE)[1])
    entries = [
        [title, text, held["files"][file] + (part and f"#{part}"), held["kinds"][kind], *names]
        for title, text, file, part, kind, *names in held["entries"]
    ]
    assert entries[1] == ["Una hoja para imprimir", "Español, Spanish", "brief-es.html", "page"]
    assert entries[2:11] == [
        ["Why?", "", "01-x.html", "page"],
        ["All.", "not known, unknown", "01-x.html#section-what-we-cannot-know", "not known"],
        ["How sure is this?", "", "01-x.html#section-how-sure-is-this", "heading"],
        ["What we cannot know", "", "01-x.html#section-what-we-cannot-know", "heading"],
        ["304 </script> victims", "", "01-x.html#a-b", "finding", "a b"],
        ["A table", "of counts", "01-x.html#t", "table", "jails San Francisco Los Angeles"],
        ["HTRS", "htrs: a figure. Columns: value", "data-htrs.html", "data set"],
        ["“eight of ten”", "Chapter 3", "data-htrs.html#q", "phrase of the report"],
        ["Do it.", "f", "methods.html#f", "method"],
    ]
    assert "</script>" not in script and {entry[3] for entry in entries[11:]} == {"word", "file"}
