"""The C library's own store of freed memory, told to keep what the next pass will want again.

Each layer of each pass makes blocks of some MB and frees them. glibc hands blocks of that size back
to the system, which gives them out again page by page, cleared: a quarter to a third of the time
that the built-in model takes to read a short text. Knows nothing of models.
"""

from __future__ import annotations

import ctypes
import os
import sys

_BLOCK = 32 << 20
"""Bytes of the largest block that is kept, and of what may lie free at the end of all."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # <malloc.h>
_SET_BY_USER = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> bool:
    """Keep freed blocks of 32 MB at most; False where the user or the system has it otherwise.

    It is a setting of the whole process: programs ask for it, the package by itself does not.
    """
    if not sys.platform.startswith("linux") or any(name in os.environ for name in _SET_BY_USER):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's alone
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _BLOCK)) and bool(mallopt(_TRIM_THRESHOLD, _BLOCK))
