"""Every table builds from its declared inputs, also where a source has nothing of its kind."""

from __future__ import annotations

import pytest
from analytics_frames import AS_OF, reader

from pipelines.analytics.build import BUILDS, build_table
from pipelines.analytics.tables import TABLES


@pytest.mark.parametrize("name", BUILDS)
def test_empty_inputs_give_an_empty_typed_table(name):
    frame = build_table(name, reader({}), as_of=AS_OF, run_id="r1", min_cell=11)
    assert dict(frame.schema) == TABLES[name].schema
