"""How a server process keeps the memory it works with: neither walked again and again nor given back all the time."""

import ctypes
import gc
from typing import Final

GARBAGE: Final = (20_000, 20, 50)
"""How many things are made before the collector looks at the young, and how often at those that stayed."""

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8
KEPT_BYTES: Final = 64 * 2**20
"""Free memory at the end of the heap that stays with the process."""
MAPPED_BYTES: Final = 32 * 2**20
"""A block from this size on is mapped by itself, and given back at once; the most that glibc takes."""


def calm_collector() -> None:
    """Nothing that the start made goes before the end: to walk it again and again would take the time of deliveries."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def keep_heap() -> None:
    """Filing frees megabytes twice a second: glibc would give them back, and each page is zeroed when it comes again.

    Other C libraries are left as they are.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(M_TRIM_THRESHOLD, KEPT_BYTES)
        tune(M_MMAP_THRESHOLD, MAPPED_BYTES)
        # each thread's own heap would keep as much, and what one thread frees no other could take
        tune(M_ARENA_MAX, 1)
