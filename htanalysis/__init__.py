"""Load, analyse and show the numbers of The State of Human Trafficking in California 2012.

What a notebook may call is listed in `__init__.pyi`, where tools read it as well, and nothing else. A module is
imported when one of its names is first used, so that the command line starts at once.
"""

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "1.0.0"

_LISTED = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
#: The module that gives each name.
_MODULES = {name: module for module, name in re.findall(r"^from \.([\w.]+) import (\w+) as", _LISTED, re.MULTILINE)}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(__name__):
            raise
        extra = "lab" if _MODULES[name] == "explorer" else "report"
        text = f"ht.{name} needs {error.name}, which is not installed. Run: pip install 'htanalysis[{extra}]'"
        raise ModuleNotFoundError(text, name=error.name) from None


def __dir__() -> list[str]:
    return __all__


_ipython = sys.modules.get("IPython")
if _ipython and (_shell := _ipython.get_ipython()):
    import_module(f"{__name__}.shell").prepare(_shell)
