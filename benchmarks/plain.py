"""Do what a report does as one plain script: the cells one after another in one process, then the pages.

It is what `benchmarks/report.py` compares a report with: no kernels, no second process, nothing kept, and of the files
beside the pages only the workbook. What would only slow it down is left out here as well.
"""

import json
import sys
from pathlib import Path

from htanalysis import forks

forks.skip_imports()

import nbformat  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402
from nbformat.v4 import new_output  # noqa: E402

from htanalysis import settings  # noqa: E402
from htanalysis.notebooks import find_notebooks, read_outputs  # noqa: E402
from htanalysis.pages import write_pages  # noqa: E402
from htanalysis.workbooks import write_workbook  # noqa: E402

PARAMETERS = {"quarter": "2012Q2", "as_of": "report", "audience": "public"}


def execute(shell: InteractiveShell, source: Path, target: Path) -> None:
    """Run a notebook's cells, and write it with what they show."""
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            shown = []
            shell.user_ns["display"] = lambda *values, shown=shown: shown.extend(values)
            result = shell.run_cell(cell.source, store_history=False, silent=True)
            result.raise_error()
            shown += [] if result.result is None else [result.result]
            cell.outputs = [show(shell, value) for value in shown]
    nbformat.write(notebook, target)
    shell.reset(new_session=False)


def show(shell: InteractiveShell, value: object) -> dict:
    """Give a value as a kernel would send it."""
    data, metadata = shell.display_formatter.format(value)
    return new_output("display_data", json.loads(json.dumps(data)), metadata=metadata)


def main(out: Path) -> None:
    """Execute the notebooks and write their pages to a folder."""
    shell, executed = InteractiveShell.instance(), []
    (out / "notebooks").mkdir(parents=True)
    for source in find_notebooks(settings.HOME / "notebooks"):
        executed.append(out / "notebooks" / source.name)
        execute(shell, source, executed[-1])
    outputs = {path.stem: list(read_outputs(path)) for path in executed}
    found = [{"notebook": name} | item for name, shown in outputs.items() for kind, item in shown if kind == "finding"]
    write_workbook(
        [item for shown in outputs.values() for kind, item in shown if kind == "table"],
        out / "tables.xlsx",
        PARAMETERS,
    )
    (out / "findings.csv").touch()
    write_pages(executed, found, PARAMETERS, out, None)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
