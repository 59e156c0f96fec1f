"""Do what a report does as one plain script: the cells one after another in one process, then the pages.

It is what `benchmarks/report.py` compares a report with: no kernels, no second process, nothing kept, and of the files
beside the pages only the workbook. What would only slow it down is left out here as well.
"""

import json
import sys
from functools import partial
from pathlib import Path

sys.modules.setdefault("rfc3987_syntax", None)  # jsonschema would compile its grammar.

import nbformat  # noqa: E402
from IPython.core.displaypub import CapturingDisplayPublisher  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402
from nbformat.v4 import new_output  # noqa: E402

from htanalysis.report import pages  # noqa: E402
from htanalysis.report.notebooks import find_notebooks, read_executed  # noqa: E402
from htanalysis.report.workbook import write_workbook  # noqa: E402

PARAMETERS = {"quarter": "2012Q2", "as_of": "report", "audience": "public"}


def execute(shell: InteractiveShell, source: Path, target: Path) -> int:
    """Run a notebook's cells, and write it with all that they show; give how many outputs these are."""
    notebook, number = nbformat.read(source, as_version=4), 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            shell.display_pub = CapturingDisplayPublisher()
            shell.display_trap.hook = partial(show, shell)
            shell.run_cell(cell.source, store_history=False).raise_error()
            cell.outputs = [
                new_output("display_data", json.loads(json.dumps(shown["data"])), metadata=shown["metadata"])
                for shown in shell.display_pub.outputs
            ]
            number += len(cell.outputs)
    nbformat.write(notebook, target)
    shell.reset(new_session=False)
    return number


def show(shell: InteractiveShell, value: object) -> None:
    """Show what a cell ends in, as a kernel would."""
    if value is not None:
        shell.display_pub.publish(*shell.display_formatter.format(value))


def main(out: Path) -> None:
    """Execute the notebooks and write their pages to a folder."""
    shell, executed, number = InteractiveShell.instance(), [], 0
    (out / "notebooks").mkdir(parents=True)
    for source in find_notebooks():
        executed.append(out / "notebooks" / source.name)
        number += execute(shell, source, executed[-1])
    notebooks = {path.stem: read_executed(path) for path in executed}
    shown = [(name, *pair) for name, notebook in notebooks.items() for pair in notebook.shown]
    found = [{"notebook": name} | item for name, kind, item in shown if kind == "finding"]
    write_workbook([item for _, kind, item in shown if kind in ("figure", "table")], out / "tables.xlsx", PARAMETERS)
    (out / "findings.csv").touch()
    shared = pages.share(PARAMETERS, {name: notebook.title for name, notebook in notebooks.items()})
    pages.write_data_pages(shared, out)
    for name, notebook in notebooks.items():
        pages.write_page(name, notebook, shared, out, [])
    whole = pages.sum_up(shared, notebooks, found, {}, None)
    pages.write_other_pages(whole, out)
    pages.write_index(whole, out)
    print(f"{number} outputs of {len(executed)} notebooks")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
