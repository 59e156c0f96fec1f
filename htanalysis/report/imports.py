"""Importing parts of libraries without all that their packages would import with them."""

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

#: NumPy's compiler of Fortran, and what tests are written with: SciPy imports both and uses neither.
UNUSED = ("numpy.f2py", "numpy.testing")


def import_parts(names: Iterable[str], empty: Iterable[str] = UNUSED) -> list[ModuleType]:
    """Import modules while others, such as the packages that they lie in, are empty. Whoever asks later gets all.

    Raises
    ------
    ModuleNotFoundError
        Where one of either is not installed.
    """
    before = {*sys.modules}
    ours = [name for name in empty if name not in before]
    for name in ours:
        spec = find_spec(name) or import_module(name).__spec__
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = spec.submodule_search_locations or []
        package, _, own = name.rpartition(".")
        if package:
            setattr(sys.modules[package], own, sys.modules[name])
    try:
        return [import_module(name) for name in names]
    finally:
        for name in reversed(ours):
            package, _, own = name.rpartition(".")
            if package:
                delattr(sys.modules[package], own)
            for part in [part for part in sys.modules if f"{part}.".startswith(f"{name}.") and part not in before]:
                del sys.modules[part]
