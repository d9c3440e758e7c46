"""cuBLAS from its wheel: found by CTranslate2 without LD_LIBRARY_PATH.

CTranslate2 opens ``libcublas.so.12`` by name when it first computes on a GPU (4.8 needs no cuDNN). The wheel
``nvidia-cublas-cu12`` (``pip install callcue[gpu]``) puts it where the loader does not look. A library
that the process has open already is found by its name, so opening it by its path beforehand is enough.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

LIBRARIES = ("libcublasLt.so.12", "libcublas.so.12")
"""The second needs the first."""

_WHEEL = "nvidia.cublas"


def open_cublas(folder: Path | None = None, *, opened: Callable[..., object] = ctypes.CDLL) -> bool:
    """Whether the wheel's libraries were opened; without the wheel the system's are left to be found."""
    place = folder or wheel_folder()
    if place is None or not all((place / name).is_file() for name in LIBRARIES):
        return False
    for name in LIBRARIES:
        opened(str(place / name), mode=ctypes.RTLD_GLOBAL)
    return True


def wheel_folder() -> Path | None:
    """Where the wheel's libraries lie, None when it is not installed."""
    try:
        found = find_spec(_WHEEL)
    except ModuleNotFoundError:  # no package of NVIDIA's at all
        return None
    places = list(found.submodule_search_locations or ()) if found else []
    return Path(places[0]) / "lib" if places else None
