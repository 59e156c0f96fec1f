"""What the process imports that those of notebooks are forked from."""

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
    *(f"htanalysis.{module}" for module in _ANALYSES if "report." not in module),
)

# SciPy would import NumPy's compiler of Fortran as well, which a notebook may still do.
np.f2py = sys.modules["numpy.f2py"] = ModuleType("numpy.f2py")
for name in _NAMES:
    import_module(name)
del np.f2py, sys.modules["numpy.f2py"]

import_module("pandas").set_option("plotting.backend", "plotly")
