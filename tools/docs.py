"""What `make docs` adds to the pages in docs/: the data dictionary, how an analysis is added, the functions' list."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from htanalysis.data import list_described

_COLUMNS = {"column": "name", "what it is": "description", "type": "type", "unit": "unit"}
_COLUMNS |= {"when it is empty": "missing", "basis": "basis"}
_ABOUT = {"counted_by": "Who counted", "coverage": "Covers", "left_out": "Left out", "not_for": "Not for"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the data dictionary and the functions' pages in the menu."""
    functions = [f"functions/{path.name}" for path in sorted(Path(config.docs_dir).glob("functions/*.md"))]
    config.nav = [*config.nav, {"Data sets": "data.md"}, {"Functions": functions}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are written elsewhere."""
    data = "\n\n".join(["# Data sets", *map(_describe, list_described())])
    for name, text in {"data.md": data, "own-analysis.md": _take_steps()}.items():
        files.append(File.generated(config, name, content=text))
    return files


def _take_steps() -> str:
    """Take from CONTRIBUTING.md how data and an analysis are added; each block of code says which file it goes into."""
    text = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    steps = text[text.index("## Add a data set") : text.index("## Add a quarter")]
    steps = re.sub(r"^   ", "    ", steps, flags=re.MULTILINE)
    return "# Your own analysis\n\n" + re.sub(r"^( *```\w+) (.+)$", _name_file, steps, flags=re.MULTILINE)


def _name_file(fence: re.Match[str]) -> str:
    title = fence[2].replace('"', "'")
    return f'{fence[1]} title="{title}"'


def _describe(entry: Mapping[str, Any]) -> str:
    """Write the part of the data dictionary that tells of a data set."""
    about = "\n".join(f"- **{head}:** {entry[key]}" for key, head in _ABOUT.items() if key in entry)
    cautions = "\n".join(f"- {each['rows']}: {each['text']}" for each in entry["caveats"])
    rows = [f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|"]
    rows += [
        f"| {' | '.join(str(field[key]).replace('|', '/') for key in _COLUMNS.values())} |"
        for field in entry["schema"]["fields"]
    ]
    parts = [f"## {entry['name']} {{: #{entry['name']} }}", f"{entry['title']}. A row is {entry['row']}.", about]
    return "\n\n".join(filter(None, [*parts, "\n".join(rows), cautions]))
