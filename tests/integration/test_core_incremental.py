"""The event log and the campaign touches: incremental runs leave what a full build gives, in any order of arrival."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl
import pytest
from core_kit import House, Row, assert_same_rows, new_house

MODELS = (
    "dim_products",
    "dim_fx_rates",
    "fct_refunds",
    "fct_order_lines",
    "int_identity__accounts",
    "fct_orders",
    "bridge_device_owners",
    "fct_events",
    "fct_campaign_touches",
)
TABLES = ("core.fct_events", "core.fct_campaign_touches")
KEYS = {
    "web_events": "event_ref",
    "orders": "order_ref",
    "refunds": "refund_ref",
    "tickets": "ticket_ref",
    "reviews": "review_ref",
    "campaigns": "campaign_ref",
    "campaign_touches": "touch_ref",
}
APART = {"ga4:device:d1": "c_1", "ga4:device:d2": "c_2", "shopify:customer:1": "c_1", "klaviyo:profile:1": "c_1"}
MERGED = {**APART, "ga4:device:d2": "c_1"}


def web(ref: str, device: str, day: int, name: str = "view_item") -> Row:
    at = f"2026-02-{day:02} 10:00:00"
    return {
        "system": "ga4",
        "event_ref": ref,
        "node_id": f"ga4:device:{device}",
        "device_ref": device,
        "event_at": at,
        "event_date": at[:10],
        "event_name": name,
    }


def order(version: int, **values: object) -> Row:
    none = dict.fromkeys(("discount_amount", "shipping_amount", "tax_amount"), "0")
    amounts = {"gross_amount": "10.0", "total_amount": "10.0", **none}
    return {
        "system": "shopify",
        "order_ref": "o1",
        "node_id": "shopify:customer:1",
        "ordered_at": "2026-02-02 12:00:00",
        "updated_at": f"2026-02-{version + 10}",
        "channel": "web",
        "status": "placed",
        "currency": "GBP",
        **amounts,
        **values,
    }


def ticket(version: int, solved_day: int) -> Row:
    return {
        "system": "zendesk",
        "ticket_ref": "t1",
        "node_id": "shopify:customer:1",
        "opened_at": "2026-02-01 09:00:00",
        "updated_at": f"2026-02-{version + 10}",
        "solved_at": f"2026-02-{solved_day:02} 09:00:00",
        "channel": "email",
        "status": "solved",
    }


def touch(ref: str, day: int) -> Row:
    return {
        "system": "klaviyo",
        "touch_ref": ref,
        "node_id": "klaviyo:profile:1",
        "campaign_ref": "k1",
        "touch_type": "send",
        "channel": "email",
        "touched_at": f"2026-02-{day:02} 08:00:00",
    }


CAMPAIGN: Row = {
    "system": "klaviyo",
    "campaign_ref": "k1",
    "name": "Spring",
    "channel": "email",
    "sent_at": "2026-02-01",
    "cost_amount": "12",
    "currency": "EUR",
}
REFUND: Row = {
    "system": "shopify",
    "refund_ref": "r1",
    "order_ref": "o1",
    "refunded_at": "2026-02-08 09:00:00",
    "amount": "4",
    "currency": "GBP",
}
REVIEW: Row = {
    "system": "trustpilot",
    "review_ref": "v1",
    "node_id": "shopify:customer:1",
    "review_type": "service",
    "posted_at": "2026-02-04 09:00:00",
    "stars": 5,
}

Load = tuple[str, Sequence[tuple[str, Row]]]

FIRST: Load = (
    "first export",
    [
        ("web_events", web("w1", "d1", 1)),
        ("web_events", web("w2", "d2", 2)),
        ("web_events", web("w3", "d1", 2, "page_timing")),
        ("orders", order(1)),
        ("tickets", ticket(1, solved_day=5)),
        ("campaigns", CAMPAIGN),
        ("campaign_touches", touch("s1", 1)),
    ],
)
LATE: Load = (
    "late and newer rows: an old day gets an event, the only event of the fifth moves, costs are spread anew",
    [
        ("web_events", web("w4", "d1", 1)),
        ("orders", order(2, delivered_at="2026-02-06 15:00:00")),
        ("tickets", ticket(2, solved_day=9)),
        ("refunds", REFUND),
        ("campaign_touches", touch("s2", 3)),
    ],
)
MERGE: Load = ("two devices turn out to be one person", [("reviews", REVIEW)])


def arrive(house: House, loads: Sequence[Load], after: Callable[[int], None]) -> None:
    """Land the loads one by one as staging would show them: the newest version of each key, whatever the order."""
    state: dict[tuple[str, str], Row] = {}
    customers = APART
    for number, load in enumerate(loads):
        for entity, row in load[1]:
            key = (entity, str(row[KEYS[entity]]))
            if str(row.get("updated_at", "")) >= str(state.get(key, {}).get("updated_at", "")):
                state[key] = {**row, "_loaded_at": f"2026-03-01 0{number}:00:00"}
        for entity in KEYS:
            house.execute(f"delete from entities.int_{entity}")
            rows = [row for (of, _), row in state.items() if of == entity]
            without = [{k: v for k, v in row.items() if entity != "campaigns" or k != "_loaded_at"} for row in rows]
            house.insert(entity, *without)
        customers = MERGED if load is MERGE else customers
        house.map_nodes(customers)
        after(number)


@pytest.mark.parametrize("loads", [(FIRST, LATE, MERGE), (MERGE, LATE, FIRST)], ids=["in order", "backwards"])
def test_incremental_equals_full_for_any_arrival(
    tmp_path_factory: pytest.TempPathFactory, loads: Sequence[Load]
) -> None:
    house = new_house(tmp_path_factory, "incremental")
    touched: list[int] = []

    def build(number: int) -> None:
        before = house.frame("core.fct_events") if number else None
        house.build(*MODELS)
        if before is not None:
            after = house.frame("core.fct_events")
            touched.append(after.join(before, on=["event_id", "customer_id", "_loaded_at"], how="anti").height)

    arrive(house, loads, build)
    incremental = {table: house.frame(table) for table in TABLES}
    house.build(*MODELS, full_refresh=True)
    for table in TABLES:
        assert_same_rows(incremental[table], house.frame(table))
    events = incremental["core.fct_events"]
    assert touched[-1] > 0
    assert events.height == 11
    assert events["event_id"].null_count() == 0
    # The emptied day is gone, the merge restated old rows, the technical event stayed out.
    assert events.filter(pl.col("event_date") == pl.date(2026, 2, 5)).is_empty()
    assert set(events.filter(pl.col("device_ref").is_not_null())["customer_id"]) == {"c_1"}
    (rate,) = house.rows("select eur_per_unit from seeds.fx_rates where currency = 'GBP' and rate_date = '2026-02-01'")[
        0
    ]
    assert float(events.filter(pl.col("event_id") == "shopify:order:o1")["amount_reporting"].item()) == pytest.approx(
        10 * rate, abs=0.0001
    )
    costs = incremental["core.fct_campaign_touches"]["cost_amount_reporting"].to_list()
    assert costs == [6.0, 6.0]


def test_a_run_with_nothing_new_rebuilds_no_day(tmp_path_factory: pytest.TempPathFactory) -> None:
    house = new_house(tmp_path_factory, "quiet")
    arrive(house, [FIRST], lambda _: house.build(*MODELS))
    # A mark that a rebuilt day would lose.
    house.execute("update core.fct_events set vendor_session_ref = 'untouched'")
    house.build(*MODELS)
    assert set(house.frame("core.fct_events")["vendor_session_ref"]) == {"untouched"}
