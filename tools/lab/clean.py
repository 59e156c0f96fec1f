"""Write the notebook on standard input as it is committed: without what JupyterLab notes in it for itself.

nbstripout, made for this, keeps the picture that JupyterLab adds to each figure and widgets without a kernel, and takes
a second to import.
"""

import json
import sys

notebook = json.load(sys.stdin)
notebook["metadata"] = {"kernelspec": notebook["metadata"]["kernelspec"], "language_info": {"name": "python"}}
for cell in notebook["cells"]:
    cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key == "tags"}
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        if "application/vnd.plotly.v1+json" in data:
            data.pop("image/png", None)
        data.pop("application/vnd.jupyter.widget-view+json", None)
print(json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True))
