"""Memory that is free inside the process, given back to the system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """After large inner states were let go, and before something that stays is put elsewhere: glibc keeps what is free
    between what is not, and counts it as used. Does nothing where the C library has no such call."""
    if trim := _trim():
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; another system
        return None
