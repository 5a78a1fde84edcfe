"""Every kind of event has its touchpoint, stage and channel in a seed: one that has none fails the build by name."""

from __future__ import annotations

import pytest
from core_kit import House, new_house

from pipelines.defs import dbt_runner

NODE = "ga4:device:d"


def web_event(house: House, event_name: str) -> None:
    house.insert(
        "web_events",
        {
            "system": "ga4",
            "event_ref": event_name,
            "node_id": NODE,
            "device_ref": "d",
            "event_at": "2026-02-01 10:00:00",
            "event_date": "2026-02-01",
            "event_name": event_name,
            "platform": "WEB",
        },
    )


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = new_house(tmp_path_factory, "touchpoints")
    house.map_nodes({NODE: "c1"})
    web_event(house, "view_item")
    house.put("core.dim_customers", {"customer_id": "c1"})
    for mart in (
        *("core.fct_orders", "core.fct_refunds", "core.dim_products", "core.dim_fx_rates", "core.bridge_device_owners"),
        "feedback.fct_tickets",
    ):
        house.put(mart)
    house.build("fct_events")
    return house


def failed_tests(house: House, *more: str) -> list[str]:
    results = dbt_runner.build(house.settings, ["fct_events", *more], full_refresh=True)
    return sorted(result.name for result in results if result.status == "fail")


def test_a_mapped_event_passes(house: House) -> None:
    assert failed_tests(house) == []


def test_an_event_type_in_no_row_of_the_seed_fails(house: House) -> None:
    web_event(house, "brand_new_event")
    assert failed_tests(house) == ["relationships_fct_events_event_type__event_type__ref_touchpoints_"]


@pytest.mark.parametrize(("column", "seed"), [("stage", "stages"), ("channel", "channels")])
def test_a_touchpoint_of_an_unknown_stage_or_channel_fails(column: str, seed: str, house: House) -> None:
    house.execute(f"update seeds.touchpoints set {column} = 'nowhere' where event_type = 'view_item'")
    # As a refresh does, the test is named: by itself dbt leaves out a test on a seed the model does not read.
    test = f"relationships_fct_events_{column}__{column}__ref_{seed}_"
    assert failed_tests(house, test) == [test]


def test_every_landed_event_counts_or_is_left_out_by_a_rule(house: House) -> None:
    web_event(house, "scroll")
    house.build("fct_events", "agg_event_rules")
    found = house.rows("select rule, n_events, n_landed from journey.agg_event_rules order by rule")
    assert found == [("counted", 1, 2), ("technical", 1, 2)]
    # The law is a test that fails: an event that vanishes from the log is missed.
    house.execute("delete from core.fct_events")
    found = dbt_runner.build(house.settings, ["agg_event_rules"])
    assert [result.name for result in found if result.status == "fail"] == [
        "assert_landed_events_are_counted_or_left_out_by_a_rule"
    ]
