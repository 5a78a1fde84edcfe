"""A warehouse that is deleted is built again, and everybody keeps their id."""

from __future__ import annotations

import polars as pl

from pipelines import warehouse
from pipelines.defs.run import Graph
from pipelines.identity.store import EVENTS_TABLE, HISTORY_TABLE, MAP_TABLE
from pipelines.settings import Settings

WAREHOUSE = " or ".join(
    f"group:{layer}" for layer in ("raw", "seeds", "staging", "entities", "identity", "core", "journey", "feedback")
)
"""All that dbt and identity build; that the rest is built from nothing too is in ``test_refresh_killed``."""


def test_a_deleted_warehouse_is_rebuilt_with_the_same_ids_and_nothing_to_tell(demo_copy: Settings) -> None:
    before = {table: warehouse.read(demo_copy, table) for table in (MAP_TABLE, EVENTS_TABLE, HISTORY_TABLE)}
    # ids that nobody could compute anew: what a house has after merges
    renamed = before[HISTORY_TABLE].with_columns(pl.col("customer_id").str.replace("^c_", "c_old_"))
    known = demo_copy.identity_dir / "state"
    (history,) = known.glob("*/history.parquet")
    renamed.write_parquet(history)
    demo_copy.warehouse_path.unlink()
    report = Graph(demo_copy).refresh(select=WAREHOUSE)
    assert report.status == "built", [failure.message for failure in report.failures]
    after = warehouse.read(demo_copy, MAP_TABLE).sort("node_id")
    expected = before[MAP_TABLE].sort("node_id").with_columns(pl.col("customer_id").str.replace("^c_", "c_old_"))
    assert after.equals(expected)
    assert warehouse.read(demo_copy, EVENTS_TABLE).height == before[EVENTS_TABLE].height
    assert warehouse.read(demo_copy, HISTORY_TABLE).sort("node_id").equals(renamed.sort("node_id"))
