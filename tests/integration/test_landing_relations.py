"""What the warehouse sees of the raw layer: relations, manifest, quarantine summary, run settings."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from landing_kit import COLUMNS, Kit, make_kit

from pipelines.contract import load_contracts
from pipelines.ingest import landing, raw
from pipelines.ingest.landing import LandingError
from pipelines.ingest.manifest import MANIFEST_SCHEMA, read_manifest
from pipelines.ingest.raw import register_raw, write_run_settings
from pipelines.settings import DEMO_SYSTEMS, SettingsError, load_settings


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    kit = make_kit(tmp_path)
    kit.declare(event_time="stamp", key=["id"])
    return kit


def test_batches_with_other_columns_are_one_relation_by_name(kit: Kit) -> None:
    kit.put("things_1.csv", "id,name\n1,a\n")
    kit.put("things_2.csv", "name,colour,id\nb,red,2\n")
    kit.land()
    assert kit.rows("id, name, colour, amount") == [(1, "a", None, None), (2, "b", "red", None)]


def test_a_column_new_in_the_contract_is_null_in_batches_whose_file_is_gone(kit: Kit) -> None:
    gone = kit.put("things_1.csv", "id,name,colour\n1,a,red\n")
    kit.land()
    gone.unlink()
    kit.declare({**COLUMNS, "size": {"data_type": "integer"}, "colour": {"data_type": "varchar"}}, event_time="stamp")
    kit.put("things_2.csv", "id,size,colour\n2,40,blue\n")
    kit.land()
    assert kit.rows("id, size, colour") == [(1, None, "red"), (2, 40, "blue")]


def test_values_landed_under_an_older_contract_must_fit_the_new_one(kit: Kit) -> None:
    gone = kit.put("things_1.csv", "id,size\n1,40\n2,large\n")
    kit.land()
    gone.unlink()
    kit.declare({**COLUMNS, "size": {"data_type": "integer"}}, event_time="stamp")
    with pytest.raises(LandingError, match=r"column size: 1 values that landed as varchar .* are no integer"):
        kit.rows()
    kit.declare({**COLUMNS, "size": {"data_type": "varchar"}}, event_time="stamp")
    assert kit.rows("id, size") == [(1, "40"), (2, "large")]


def test_the_manifest_has_one_row_a_file_with_its_counts_and_events(kit: Kit) -> None:
    path = kit.put("things.csv", "id,stamp,new\n1,2025-01-05 10:00:00,\nx,2030-01-01,\n3,2025-01-02 09:00:00,\n")
    kit.land()
    (row,) = read_manifest(kit.settings).to_dicts()
    with kit.raw() as con:
        listed = con.sql("select * from raw.load_manifest").pl()
    assert listed.columns == list(MANIFEST_SCHEMA)
    assert listed.to_dicts() == [row]
    loaded = row.pop("loaded_at")
    assert row.pop("load_date") == loaded.date()
    assert len(row.pop("batch_id")) == 64
    assert row == {
        "system": "shop",
        "table_name": "things",
        "source_name": "shop/things.csv",
        "rows_read": 3,
        "rows_landed": 2,
        "rows_quarantined": 1,
        "first_event_at": utc("2025-01-02 09:00"),
        "last_event_at": utc("2025-01-05 10:00"),
        "new_columns": ["new"],
        "bytes": path.stat().st_size,
        "status": "landed",
        "reason": None,
    }


def test_the_quarantine_summary_counts_by_column_and_reason_without_values(kit: Kit) -> None:
    kit.put("things_1.csv", "id,stamp\nx,soon\ny,2025-01-01\n3\n")
    kit.put("things_2.csv", "id,stamp\nz,2025-01-01\n")
    kit.land()
    with kit.raw() as con:
        rows = con.execute(
            "select source_name, column_name, reason, values_held, rows_held from raw.quarantine_summary order by all"
        ).fetchall()
    assert rows == [
        ("shop/things_1.csv", "id", "the value is not a bigint", 2, 2),
        ("shop/things_1.csv", "stamp", "the value is not a timestamp", 1, 1),
        ("shop/things_1.csv", None, "the line has too few columns", 1, 1),
        ("shop/things_2.csv", "id", "the value is not a bigint", 1, 1),
    ]


def test_registering_twice_follows_what_landed_in_between(kit: Kit) -> None:
    kit.put("things_1.csv", "id\n1\n")
    kit.land()
    with kit.raw() as con:
        kit.put("things_2.csv", "id,extra\n2,x\n")
        kit.land()
        raw.register_raw(con, kit.settings, [kit.contract])
        assert con.execute("select id, extra from raw.shop__things order by id").fetchall() == [(1, None), (2, "x")]


def test_load_times_filter_the_relation_as_a_watermark(kit: Kit) -> None:
    for n in range(3):
        kit.put(f"things_{n}.csv", f"id\n{n}\n")
        kit.land()
    with kit.raw() as con:
        (second,) = con.execute("select max(_loaded_at) from raw.shop__things where id = 1").fetchone() or ()
        later = con.execute("select id from raw.shop__things where _loaded_at > ?", [second]).fetchall()
    assert later == [(2,)]


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files land on 22 November 2026."""
    monkeypatch.setattr(landing, "utc_now", lambda: datetime(2026, 11, 22, tzinfo=UTC))


# --- run settings -----------------------------------------------------------------------------------------------------


def run_settings(kit: Kit, **changes: object) -> dict[str, object]:
    settings = kit.settings.__class__(**{**kit.settings.__dict__, "reporting_currency": "EUR", **changes})
    with kit.raw() as con:
        row = write_run_settings(con, settings, [kit.contract], read_manifest(settings), "run-1")
        (stored,) = con.sql("select * from raw.run_settings").pl().to_dicts()
    assert stored == row
    return row


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("zone", "last", "as_of_date", "as_of"),
    [
        ("Europe/Berlin", "2026-10-31 22:30:00", "2026-10-31", "2026-10-31 23:00"),
        ("Europe/Berlin", "2026-10-31 23:30:00", "2026-11-01", "2026-11-01 23:00"),
        ("Europe/Berlin", "2026-03-28 12:00:00", "2026-03-28", "2026-03-28 23:00"),  # the day before the clocks change
        ("Europe/Berlin", "2026-03-29 12:00:00", "2026-03-29", "2026-03-29 22:00"),
        ("America/Los_Angeles", "2026-06-01 05:00:00", "2026-05-31", "2026-06-01 07:00"),
        ("UTC", "2026-06-01 00:00:00", "2026-06-01", "2026-06-02 00:00"),
    ],
)
def test_as_of_ends_the_day_of_the_last_event_in_the_reporting_zone(
    kit: Kit, *, zone: str, last: str, as_of_date: str, as_of: str
) -> None:
    kit.put("things.csv", f"id,stamp\n1,2024-01-01\n2,{last}\n3,2027-01-01\n")  # the last one is in the future
    kit.land()
    row = run_settings(kit, reporting_time_zone=zone)
    assert (row["as_of_date"], row["as_of"]) == (date.fromisoformat(as_of_date), utc(as_of))
    assert row["reporting_time_zone"] == zone


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Honolulu", "UTC"])
def test_a_last_event_that_is_a_date_is_that_date_in_every_zone(kit: Kit, zone: str) -> None:
    kit.declare({"id": {"data_type": "bigint"}, "day": {"data_type": "date"}}, event_time="day")
    kit.put("things.csv", "id,day\n1,2025-01-06\n")
    kit.land()
    assert run_settings(kit, reporting_time_zone=zone)["as_of_date"] == date(2025, 1, 6)


def test_as_of_may_be_a_date_or_today(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "utc_now", lambda: datetime(2026, 1, 1, 23, 30, tzinfo=UTC))
    assert run_settings(kit, as_of="2025-02-28", reporting_time_zone="UTC")["as_of"] == utc("2025-03-01 00:00")
    assert run_settings(kit, as_of="today", reporting_time_zone="Europe/Berlin")["as_of_date"] == date(2026, 1, 2)


def test_without_an_event_the_message_says_what_to_do(kit: Kit) -> None:
    with pytest.raises(SettingsError, match=r"no event has landed.*JOURNEYLINE_AS_OF"):
        run_settings(kit, reporting_time_zone="UTC")


def test_sources_that_disagree_need_a_setting(kit: Kit) -> None:
    contracts = {
        name: kit.contract.model_copy(
            update={"system": name, "reporting_currency": currency, "reporting_time_zone": zone}
        )
        for name, currency, zone in (("a", "EUR", "Europe/Berlin"), ("b", "USD", "Europe/Berlin"), ("c", None, None))
    }
    manifest = pl.DataFrame(schema=MANIFEST_SCHEMA)
    settings = kit.settings.__class__(**{**kit.settings.__dict__, "as_of": "2025-01-01"})
    with kit.raw() as con:
        with pytest.raises(
            SettingsError, match=r"disagree on the reporting currency \(a EUR, b USD\); set JOURNEYLINE_C"
        ):
            write_run_settings(con, settings, contracts, manifest, "run-1")
        del contracts["b"]
        row = write_run_settings(con, settings, contracts, manifest, "run-1")
        assert (row["reporting_currency"], row["reporting_time_zone"]) == ("EUR", "Europe/Berlin")
        with pytest.raises(
            SettingsError, match="no enabled source names a reporting time zone; set JOURNEYLINE_TIME_ZONE"
        ):
            write_run_settings(con, settings, {"c": contracts["c"]}, manifest, "run-1")


def test_sidecars_are_plain_json_beside_their_rows(kit: Kit) -> None:
    kit.put("things.csv", "id\n1\n")
    kit.land()
    (rows,) = kit.settings.raw_dir.rglob("*.parquet")
    told = json.loads(rows.with_suffix(".json").read_text())
    assert told["batch_id"] == rows.stem
    assert told["load_date"] == rows.parent.name
    assert rows.parent.parent == kit.settings.raw_dir / "shop" / "things"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_every_demo_table_is_an_empty_typed_relation_before_anything_lands(tmp_path: Path) -> None:
    settings = load_settings({"JOURNEYLINE_HOME": str(tmp_path)})
    contracts = load_contracts(DEMO_SYSTEMS)
    with duckdb.connect() as con:
        register_raw(con, settings, contracts)
        for contract in contracts.values():
            for table in contract.tables:
                described = con.execute(f"describe raw.{table.relation_name}").fetchall()
                assert [name for name, *_ in described] == [
                    *(column.name for column in table.columns),
                    *("_batch_id", "_row_number", "_loaded_at"),
                ]
                assert con.execute(f"select count(*) from raw.{table.relation_name}").fetchone() == (0,)
