"""Python's memory during a run: how seldom the garbage collector walks what lives until its end.

Belongs here: the collector's settings, and giving back what a step has done with. Stays out: DuckDB's memory
(``pipelines.settings``).
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (500_000, 10, 100)
"""New objects until the youngest are collected (some 100 MB at most), and how many times until the older are."""


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Keep the collector off what stands already, and let it come less often until the end of the block.

    Dagster's definitions and dbt's project are millions of objects that live as long as a run, and Python walks them
    again each time so many new ones are made: a quarter of the CPU of a small refresh. Blocks may lie in each other.
    """
    before, is_within = gc.get_threshold(), gc.get_freeze_count() > 0
    gc.set_threshold(*THRESHOLDS)
    if is_within:
        # What came since the outer block began is little: walking it all again would cost a second each time.
        gc.freeze()
    else:
        set_aside()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
        if is_within:
            set_aside()


def set_aside() -> None:
    """What stands now is not walked again until the block around it ends; what is garbage now goes first."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Collect what a step left in circles, and hand what C's heap holds in reserve back to the machine.

    Fitted models name each other and outlive the step by many others, now that the collector comes seldom. The heap
    only shrinks from its end: one small object there keeps gigabytes of arrays freed below it. A table of models left
    5 GB behind, to be counted with every table after it. Without glibc only the first half happens.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
