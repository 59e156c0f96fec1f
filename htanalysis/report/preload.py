"""What the process imports that those of notebooks are forked from."""

from contextlib import suppress

import pandas as pd

from htanalysis import _MODULES
from htanalysis.data import require_described
from htanalysis.report.imports import import_parts

# Of analyses neither the explorer, which is for Jupyter, nor what is asked for by itself.
_ANALYSES = sorted({*_MODULES.values()} - {"explorer", "associations", "charts.maps"})
_NAMES = (
    *("htanalysis.report.execute", "IPython.core.application", "IPython.core.completerlib", "IPython.core.displaypub"),
    *("IPython.core.interactiveshell", "IPython.core.logger", "IPython.core.magics", "IPython.core.oinspect"),
    *("htanalysis.shell", "nbformat.v4", "numpy.random", "pandas.core.methods.to_dict", "pandas.core.reshape.reshape"),
    *(f"htanalysis.{module}" for module in _ANALYSES if "report." not in module),
)

import_parts(_NAMES)
with suppress(Exception):  # Who began this process tells what is wrong.
    require_described()  # Tables that were read once need not be read in each process.
pd.set_option("plotting.backend", "plotly")
