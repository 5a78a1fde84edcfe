"""Web events built by day equal a full build, whatever order the loads arrive in."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines import warehouse
from pipelines.defs import dbt_runner
from pipelines.settings import Settings, load_settings
from tests.integration.dbt_project import prepare

MODELS = ["stg_ga4__web_events", "int_web_events"]

LOADS = {
    # device, minute of the event, bundle, value; `again` holds rows of other loads and a day no other load has
    "early": [("d1", "2025-03-30 23:59", 1, 10), ("d2", "2025-03-31 00:00", 1, 20), ("d2", "2025-03-31 00:00", 1, 21)],
    "late": [("d1", "2025-03-30 08:00", 2, 30), ("d3", "2025-04-02 08:00", 1, 40)],
    "again": [("d1", "2025-03-30 23:59", 1, 11), ("d3", "2025-04-02 08:00", 1, 41), ("d4", "2025-04-05 08:00", 1, 50)],
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home: Path = tmp_path_factory.mktemp("by_day")
    settings = load_settings(
        {
            "JOURNEYLINE_HOME": str(home),
            "JOURNEYLINE_ENV": "test",
            "JOURNEYLINE_SOURCES": "ga4",
            "JOURNEYLINE_AS_OF": "2026-10-31",
        }
    )
    prepare(settings)
    with warehouse.connect(settings, read_only=False) as con:
        con.execute("create table raw.loaded as select * from raw.ga4__events")
        con.execute("create or replace view raw.ga4__events as select * from raw.loaded")
    dbt_runner.ensure_manifest(settings)
    dbt_runner.build(settings, ["regions"])
    return settings


def arrive(settings: Settings, load: str, number: int) -> None:
    """Append one load to the raw relation, as landing would: a batch with its own, later time."""
    rows = ", ".join(
        f"('{device}', timestamp '{at}', {bundle}, {value}, {row})"
        for row, (device, at, bundle, value) in enumerate(LOADS[load], start=1)
    )
    with warehouse.connect(settings, read_only=False) as con:
        con.execute(
            f"""
            insert into raw.loaded by name
            select
                * exclude (v),
                'page_view' as event_name,
                0 as batch_event_index,
                '{load}' as _batch_id,
                timestamp '2026-01-0{number}' as _loaded_at,
                [{{'key': 'value', 'value': {{'string_value': null::varchar, 'int_value': v::bigint,
                    'float_value': null::double, 'double_value': null::double}}}}] as event_params
            from (values {rows}) as t(user_pseudo_id, event_timestamp, event_bundle_sequence_id, v, _row_number)
            """
        )


def build(settings: Settings, *, full_refresh: bool = False) -> None:
    results = dbt_runner.build(settings, MODELS, full_refresh=full_refresh)
    assert {result.status for result in results} == {"success", "pass"}


def built(settings: Settings) -> pl.DataFrame:
    return warehouse.read(settings, "entities.int_web_events").sort("event_ref")


@pytest.mark.parametrize("order", [("early", "late", "again"), ("again", "late", "early")])
def test_days_built_as_they_arrive_equal_a_full_build(settings: Settings, order: tuple[str, ...]) -> None:
    with warehouse.connect(settings, read_only=False) as con:
        con.execute("delete from raw.loaded")
    for number, load in enumerate(order, start=1):
        arrive(settings, load, number)
        build(settings, full_refresh=number == 1)
    by_day = built(settings)
    build(settings, full_refresh=True)
    assert_frame_equal(by_day, built(settings))
    # of the rows of one event the one that came last counts
    last = {(device, at): value for load in order for device, at, _, value in LOADS[load]}
    found = by_day.select(
        "device_ref", pl.col("event_at").dt.strftime("%Y-%m-%d %H:%M"), pl.col("value_amount").cast(int)
    )
    assert {(device, at): value for device, at, value in found.iter_rows()} == last


def test_a_run_with_nothing_new_touches_no_day(settings: Settings) -> None:
    before = built(settings)
    with warehouse.connect(settings, read_only=False) as con:
        # a mark only a rebuilt day would lose
        con.execute("update staging.stg_ga4__web_events set browser = 'untouched'")
    build(settings)
    after = built(settings)
    assert after["browser"].to_list() == ["untouched"] * before.height
