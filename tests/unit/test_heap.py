"""The collector's settings hold inside a block only, and a block within a block leaves the outer one's."""

from __future__ import annotations

import gc

from pipelines.defs.heap import THRESHOLDS, collected_seldom


def test_the_settings_end_with_the_block() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    gc.set_threshold(700, 10, 10)
    gc.unfreeze()
    try:
        with collected_seldom():
            assert gc.get_threshold() == THRESHOLDS
            with collected_seldom():
                pass
            assert gc.get_threshold() == THRESHOLDS
            assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == (700, 10, 10)
        assert gc.get_freeze_count() == 0
    finally:
        gc.set_threshold(*before)
        if frozen:
            gc.freeze()
