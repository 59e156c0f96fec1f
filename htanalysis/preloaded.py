"""What the process from which kernels are forked has done before: the imports that notebooks, and Jupyter, need.

It starts no thread and reads no data: a fork would lose the one, and a kernel must note the other itself.
"""

import gc
import sqlite3  # noqa: F401
from importlib import import_module

import htanalysis
from htanalysis import forks

forks.skip_imports()

_MODULES = (
    *("IPython.core.completerlib", "IPython.core.debugger", "IPython.core.logger", "IPython.extensions.storemagic"),
    *("ipykernel.debugger", "ipykernel.ipkernel", "ipykernel.kernelapp", "tornado.platform.asyncio", "tornado.queues"),
    *("geopandas", "narwhals._pandas_like.dataframe", "narwhals.stable.v1._namespace", "numpy.random", "pandas"),
    *("pandas.core.methods.to_dict", "pandas.core.reshape.reshape", "plotly.offline", "plotly.tools"),
    *("pyogrio", "pyogrio.geopandas", "scipy.optimize", "scipy.stats"),
)
for _name in _MODULES:
    import_module(_name)
for _name in htanalysis.__all__:
    getattr(htanalysis, _name)

import plotly.graph_objects as go  # noqa: E402

# plotly imports the parts of a figure when one is first drawn.
go.Figure(
    [go.Scatter(y=[0], error_y={"array": [1]}, marker={"line": {"width": 1}}), go.Bar(y=[0], marker={"line": {}})],
    {"annotations": [{"font": {"size": 9}}], "shapes": [{"line": {"width": 1}}], "title": {"subtitle": {"text": "x"}}},
).to_json()

# What is collected in a fork is copied before: nothing of what is here is.
gc.collect()
gc.freeze()
