"""What is kept of segments outlives the warehouse, and newer columns do not break older files."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl

from pipelines.analytics.segments.history import HISTORY, LAST_FACTS
from pipelines.defs.segment_state import KEPT, read_kept, write_kept
from pipelines.settings import load_settings


def test_what_is_written_is_read_and_nothing_before(tmp_path: Path) -> None:
    settings = load_settings({"JOURNEYLINE_ENV": "test", "JOURNEYLINE_HOME": str(tmp_path)})
    for table, schema in KEPT.items():
        assert read_kept(settings, table, [*schema]).equals(pl.DataFrame(schema=schema))
    spell = {
        "scheme_id": "s",
        "customer_id": "c",
        "segment_id": "a",
        "known_from": datetime.fromisoformat("2026-11-01"),
    }
    history = pl.DataFrame([spell], schema=HISTORY)
    facts = pl.DataFrame([{"as_of": date(2026, 10, 31), "customer_id": "c", "n_orders": 2.0}], schema=LAST_FACTS)
    write_kept(settings, history, facts)
    assert read_kept(settings, "kept.segment_history", [*HISTORY]).equals(history)
    assert read_kept(settings, "kept.segment_facts", ["customer_id", "n_orders"]).rows() == [("c", 2.0)]
    assert [path.name for path in settings.segments_dir.iterdir() if path.suffix != ".parquet"] == []


def test_a_fact_declared_since_is_unknown_of_the_last_run(tmp_path: Path) -> None:
    settings = load_settings({"JOURNEYLINE_ENV": "test", "JOURNEYLINE_HOME": str(tmp_path)})
    write_kept(settings, pl.DataFrame(schema=HISTORY), pl.DataFrame([{"customer_id": "c"}], schema=LAST_FACTS))
    path = settings.segments_dir / "facts.parquet"
    pl.read_parquet(path).drop("n_orders").write_parquet(path)
    assert read_kept(settings, "kept.segment_facts", ["n_orders"]).rows() == [(None,)]
