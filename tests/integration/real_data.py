"""Where the public data sets are, for the tests marked ``real_data``.

Belongs here: finding a set, or skipping with the reason. Stays out: the facts, which stand in the tests.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_ROOT


def real_data(name: str) -> Path:
    """The folder of one data set; skips the test where it is absent."""
    root = Path(os.environ.get("JOURNEYLINE_REAL_DATA") or PROJECT_ROOT.parent / "shared" / "data")
    folder = root / name
    if not folder.is_dir():
        pytest.skip(f"no data set at {folder}: set JOURNEYLINE_REAL_DATA to the folder that holds {name}/")
    return folder
