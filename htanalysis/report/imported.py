"""What the process imports that those of notebooks are forked from: parts of libraries that load when used, too."""

import sys
from importlib import import_module
from types import ModuleType

import numpy as np

from htanalysis import _MODULES

_NAMES = (
    *("htanalysis.report.execute", "IPython.core.completerlib", "IPython.core.displaypub"),
    *("IPython.core.interactiveshell", "IPython.core.magics", "htanalysis.shell", "nbformat.v4"),
    *(
        "narwhals._pandas_like.dataframe",
        "narwhals.stable.v1._namespace",
        "numpy.random",
        "pandas.core.methods.to_dict",
    ),
    *("pandas.core.reshape.reshape", "plotly.graph_objs._bar", "plotly.graph_objs._scatter", "plotly.io._json"),
    *("plotly.graph_objs.layout._annotation", "plotly.graph_objs.layout._shape", "plotly.graph_objs.bar._marker"),
    *("plotly.graph_objs.layout.annotation", "plotly.graph_objs.layout.shape", "plotly.graph_objs.scatter._marker"),
    *("plotly.graph_objs.layout.title._subtitle", "plotly.offline", "plotly.tools", "pyogrio.geopandas"),
    # The explorer is for Jupyter.
    *(f"htanalysis.{module}" for module in sorted({*_MODULES.values()} - {"explorer"}) if "report." not in module),
)

# SciPy would import NumPy's compiler of Fortran as well, which a notebook may still do.
np.f2py = sys.modules["numpy.f2py"] = ModuleType("numpy.f2py")
for name in _NAMES:
    import_module(name)
del np.f2py, sys.modules["numpy.f2py"]
