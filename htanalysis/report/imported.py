"""What the process imports that those of notebooks are forked from, with all that loads when they first draw."""

import sys
from importlib import import_module
from types import ModuleType

import numpy as np

from htanalysis import _MODULES

# Of analyses neither the explorer, which is for Jupyter, nor maps, which are asked for by themselves.
_ANALYSES = sorted({*_MODULES.values()} - {"explorer", "charts.maps"})
_NAMES = (
    *("htanalysis.report.execute", "IPython.core.application", "IPython.core.completerlib", "IPython.core.displaypub"),
    *("IPython.core.interactiveshell", "IPython.core.logger", "IPython.core.magics", "IPython.core.oinspect"),
    *("htanalysis.shell", "nbformat.v4", "numpy.random", "pandas.core.methods.to_dict", "pandas.core.reshape.reshape"),
    *("plotly.graph_objs.layout.title._subtitle", "plotly.offline", "plotly.tools"),
    *(f"htanalysis.{module}" for module in _ANALYSES if "report." not in module),
)

# SciPy would import NumPy's compiler of Fortran as well, which a notebook may still do.
np.f2py = sys.modules["numpy.f2py"] = ModuleType("numpy.f2py")
for name in _NAMES:
    import_module(name)
del np.f2py, sys.modules["numpy.f2py"]


def draw() -> None:
    """Draw nothing much: plotly, and what it is built on, load for it what any figure needs, and look for plugins."""
    import pandas as pd  # Here, as all else comes after the module above that has nothing looked through for waste.
    import plotly.graph_objects as go

    line = {"line": {"width": 1}}
    traces = [
        {"type": "bar", "x": pd.Series([1.5]), "y": np.ones(1), "marker": line | {"pattern": {"size": 1}}},
        {"type": "scatter", "x": [1], "y": [1], "error_y": {"width": 1}, "marker": line} | line,
    ]
    words = {"title": {"subtitle": {"text": ""}}, "annotations": [{"font": {"size": 1}}], "shapes": [line]}
    go.Figure(traces, words | {"template": "htanalysis"}).to_json()
    pd.set_option("plotting.backend", "plotly")


draw()
