"""Do what a report does as one plain script: the cells one after another in one process, then the pages.

It is what `benchmarks/report.py` compares a report with: no kernels, no second process, nothing kept, and of the files
beside the pages only the workbook. What would only slow it down is left out here as well.
"""

import json
import sys
from functools import partial
from pathlib import Path

from htanalysis import forks

forks.skip_imports()

import nbformat  # noqa: E402
from IPython.core.displaypub import CapturingDisplayPublisher  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402
from nbformat.v4 import new_output  # noqa: E402

from htanalysis import settings  # noqa: E402
from htanalysis.notebooks import find_notebooks, read_outputs  # noqa: E402
from htanalysis.pages import write_pages  # noqa: E402
from htanalysis.workbooks import write_workbook  # noqa: E402

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
    for source in find_notebooks(settings.HOME / "notebooks"):
        executed.append(out / "notebooks" / source.name)
        number += execute(shell, source, executed[-1])
    outputs = {path.stem: list(read_outputs(path)) for path in executed}
    found = [{"notebook": name} | item for name, shown in outputs.items() for kind, item in shown if kind == "finding"]
    write_workbook(
        [item for shown in outputs.values() for kind, item in shown if kind == "table"],
        out / "tables.xlsx",
        PARAMETERS,
    )
    (out / "findings.csv").touch()
    write_pages(executed, found, PARAMETERS, out, None)
    print(f"{number} outputs of {len(executed)} notebooks")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
