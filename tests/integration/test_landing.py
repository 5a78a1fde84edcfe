"""Landing end to end on small exports: formats, counts, quarantine, manifest, raw relations."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.contract import load_contracts
from pipelines.ingest.landing import land
from pipelines.ingest.raw import register_raw, write_run_settings
from pipelines.settings import Settings, load_settings

STORES = (
    "store_id;name;region;country_code;city;currency;opened_on;updated_at\n"
    'S1;Köln;North;DE;"K\nöln";EUR;2010-01-01;2025-07-01 12:00:00\n'
    "S2;too short\n"
    "S3;Wien;East;AT;;EUR;soon;2025-07-01 12:00:00\n"
    "S4;Graz;East;AT;;EUR;2011-02-03;2025-01-01 12:00:00\n"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"JOURNEYLINE_HOME": str(tmp_path), "JOURNEYLINE_ENV": "test"})


def put(settings: Settings, name: str, content: bytes) -> None:
    path = settings.landing_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_a_dirty_file_lands_what_fits_and_holds_the_rest_with_the_reason(settings: Settings) -> None:
    put(settings, "pos/stores.csv", STORES.encode("latin-1"))
    report = land(settings, ["pos"])
    (stores,) = [table for table in report.tables if table.table_name == "stores"]
    assert (stores.rows_read, stores.rows_landed, stores.rows_quarantined) == (4, 2, 2)

    contracts = load_contracts(["pos"])
    with duckdb.connect() as con:
        manifest = register_raw(con, settings, contracts)
        rows = con.execute(
            "select store_id, name, city, updated_at, _row_number from raw.pos__stores order by _row_number"
        ).fetchall()
        held = con.execute(
            f"select row_number, column_name, value, reason from '{settings.quarantine_dir}/pos/stores/*.parquet' order by 1"
        ).fetchall()
        row = write_run_settings(con, settings, contracts, manifest, "run-1")
        assert con.execute("select count(*) from raw.pos__receipts").fetchone() == (0,)

    # Head-office time is Berlin: two hours ahead of UTC in July, one in January.
    assert rows == [
        ("S1", "Köln", "K\nöln", datetime(2025, 7, 1, 10), 1),
        ("S4", "Graz", None, datetime(2025, 1, 1, 11), 4),
    ]
    assert [(number, column, value) for number, column, value, _ in held] == [(2, None, None), (3, "opened_on", "soon")]
    assert held[0][3] == "the line has too few columns"
    assert row["as_of"] == datetime(2011, 2, 3, 23)


def test_the_same_bytes_under_another_name_are_a_no_op(settings: Settings) -> None:
    put(settings, "pos/stores.csv", STORES.encode("latin-1"))
    land(settings, ["pos"])
    put(settings, "pos/stores_again.csv", STORES.encode("latin-1"))
    again = land(settings, ["pos"])
    assert [outcome.status for table in again.tables for outcome in table.outcomes] == ["already", "already"]
    assert len(list(settings.raw_dir.rglob("*.parquet"))) == 1
