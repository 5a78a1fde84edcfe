"""What is kept of segments outlives the warehouse, and newer columns do not break older files."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl

from pipelines.analytics.segments.history import HISTORY, LAST_FACTS
from pipelines.defs.segment_state import KEPT, read_kept, write_kept
from pipelines.identity.health import HEALTH_SCHEMA
from pipelines.identity.state import forget, write_state
from pipelines.settings import load_settings
from tests.unit.identity_kit import resolved


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


def test_who_is_erased_is_in_no_history_of_segments_any_more(tmp_path: Path) -> None:
    settings = load_settings({"JOURNEYLINE_ENV": "test", "JOURNEYLINE_HOME": str(tmp_path)})
    found = resolved(["a:x:1", "a:x:2"])
    stays, goes = (found.history.filter(node_id=node)["customer_id"].item() for node in ("a:x:1", "a:x:2"))
    health = pl.DataFrame(schema=HEALTH_SCHEMA)
    tables = {"history": found.history, "redirects": found.redirects, "events": found.events, "health": health}
    write_state(settings, {name: [frame] for name, frame in tables.items()})
    history = pl.DataFrame([{"scheme_id": "s", "customer_id": who, "segment_id": "a"} for who in (stays, goes)])
    write_kept(
        settings,
        pl.concat([pl.DataFrame(schema=HISTORY), history], how="diagonal"),
        pl.concat([pl.DataFrame(schema=LAST_FACTS), history.select("customer_id")], how="diagonal"),
    )

    def told() -> list[list[str]]:
        return [read_kept(settings, table, ["customer_id"])["customer_id"].to_list() for table in KEPT]

    assert told() == [[stays, goes]] * 2
    assert forget(settings, pl.Series(["a:x:2"])) == 1
    assert told() == [[stays]] * 2
    # The next run writes what it read: nothing of the person is left in the files either.
    write_kept(settings, *(read_kept(settings, table, [*schema]) for table, schema in KEPT.items()))
    assert all(pl.read_parquet(path)["customer_id"].to_list() == [stays] for path in settings.segments_dir.iterdir())


def test_a_fact_declared_since_is_unknown_of_the_last_run(tmp_path: Path) -> None:
    settings = load_settings({"JOURNEYLINE_ENV": "test", "JOURNEYLINE_HOME": str(tmp_path)})
    write_kept(settings, pl.DataFrame(schema=HISTORY), pl.DataFrame([{"customer_id": "c"}], schema=LAST_FACTS))
    path = settings.segments_dir / "facts.parquet"
    pl.read_parquet(path).drop("n_orders").write_parquet(path)
    assert read_kept(settings, "kept.segment_facts", ["n_orders"]).rows() == [(None,)]
