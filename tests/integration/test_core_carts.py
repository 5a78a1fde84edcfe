"""A cart over days: orders that come late restate it, and a build from nothing says the same as one after another."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from core_kit import MARTS, TICKETS, House, Row, assert_same_rows, new_house

from pipelines.analytics.carts.causes import CAUSES

MODELS = (
    *("dim_products", "dim_fx_rates", "fct_refunds", "fct_order_lines", "int_identity__accounts", "fct_orders"),
    *(*TICKETS, "bridge_device_owners", "path:models/marts/journey/carts"),
    *("fct_carts", "fct_cart_causes"),
)
LAWS = ("assert_cart_states_are_complete", "assert_cart_causes_agree_with_carts", "assert_session_exits_add_up")
LEFT_AT = datetime(2026, 2, 1, 10, 2)  # noqa: DTZ001 (the warehouse keeps UTC without a zone)


def event(who: str, minute: int, name: str, *, device: str = "", **columns: Any) -> Row:
    at = datetime(2026, 2, 1, 10, minute)  # noqa: DTZ001
    place = device or who
    return {
        "system": "ga4",
        "event_ref": f"{who} {place} {minute} {name}",
        "node_id": f"ga4:login:{who}",
        "device_ref": f"d {place}",
        "vendor_session_ref": f"s {place}",
        "event_at": str(at),
        "event_date": "2026-02-01",
        "event_name": name,
        "platform": "WEB",
        "cart_ref": f"t {who}",
        **columns,
    }


def order(who: str, at: datetime, *, channel: str = "web", product: str = "S1", **columns: Any) -> tuple[Row, Row]:
    amounts = dict.fromkeys(("discount_amount", "shipping_amount", "tax_amount"), "0")
    ref = f"{who} {at}"
    head = {
        "system": "shop",
        "order_ref": ref,
        "node_id": f"ga4:login:{who}",
        "ordered_at": str(at),
        "channel": channel,
        "status": "placed",
        "currency": "EUR",
        "gross_amount": "60",
        "total_amount": "60",
        **amounts,
        **columns,
    }
    line = {
        "system": "shop",
        "line_ref": ref,
        "order_ref": ref,
        "product_ref": product,
        "quantity": 1,
        "unit_price_amount": "60",
        "discount_amount": "0",
        "net_amount": "60",
        "currency": "EUR",
    }
    return head, line


WHO = ("late", "recovered", "category", "agent", "store", "gone", "devices", "cheaper")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Eight carts left at the same minute; what becomes of them lands later."""
    house = new_house(tmp_path_factory, "carts")
    for sku, line in (("S1", "Sofas"), ("S2", "Sofas"), ("G1", "Garden")):
        house.insert(
            "products",
            {"system": "shopify", "product_ref": sku, "product_line": line, "division": "Home"}
            | {"list_price_amount": "60", "currency": "EUR"},
        )
    for who in WHO:
        house.insert(
            "web_events",
            event(who, 0, "add_to_cart", product_ref="S1", product_line="Sofas", quantity=1),
            event(who, 2, "view_cart", value_amount="60", currency="EUR"),
        )
    # The cart of two devices is put together on the phone and gone on with at the desk, in a session of its own.
    house.insert("web_events", event("devices", 1, "add_to_cart", device="phone", product_ref="G1", quantity=1))
    house.map_nodes({f"ga4:login:{who}": who for who in WHO})
    return house


def build(house: House, as_of: datetime) -> dict[str, tuple[Any, ...]]:
    house.execute(f"update raw.run_settings set as_of = timestamp '{as_of}', as_of_date = cast('{as_of}' as date) - 1")
    house.build(*MODELS, *LAWS)
    rows = house.rows(
        "select customer_id, state, recovery_type, is_abandoned, order_id is not null from journey.fct_carts"
    )
    return {who: tuple(rest) for who, *rest in rows}


def land(house: House, *orders: tuple[Row, Row]) -> None:
    house.insert("orders", *[head for head, _ in orders])
    house.insert("order_lines", *[line for _, line in orders])


def test_a_late_order_restates_the_cart_and_a_full_build_says_the_same(house: House) -> None:
    assert set(build(house, LEFT_AT + timedelta(minutes=30)).values()) == {("open", None, False, False)}
    assert set(build(house, LEFT_AT + timedelta(hours=23)).values()) == {("grace", None, False, False)}
    day_after = build(house, LEFT_AT + timedelta(days=2))
    assert set(day_after.values()) == {("abandoned", None, True, False)}
    assert house.rows("select count(*) from journey.fct_cart_causes") == [(0,)]

    land(
        house,
        # Ordered within the day, told two days later.
        order("late", LEFT_AT + timedelta(hours=24), cart_ref="t late"),
        order("devices", LEFT_AT + timedelta(hours=1), cart_ref="t devices"),
        order("recovered", LEFT_AT + timedelta(days=3), cart_ref="t recovered"),
        order("category", LEFT_AT + timedelta(days=4), product="S2"),
        order("agent", LEFT_AT + timedelta(days=1), channel="phone", product="S2", is_agent_assisted=True),
        order("store", LEFT_AT + timedelta(days=14), channel="store", product="S2"),
        order("gone", LEFT_AT + timedelta(days=5), product="G1"),
    )
    week_after = build(house, LEFT_AT + timedelta(days=20))
    assert week_after == {
        "late": ("purchased", None, False, True),
        "devices": ("purchased", None, False, True),
        "recovered": ("recovered", "same_basket", True, True),
        "category": ("recovered", "same_category", True, True),
        "agent": ("completed_by_agent", "agent", True, True),
        "store": ("bought_elsewhere", "other_channel", True, True),
        "gone": ("abandoned", None, True, False),
        "cheaper": ("abandoned", None, True, False),
    }

    tables = ("journey.fct_carts", "journey.fct_cart_causes")
    step_by_step = {table: house.frame(table) for table in tables}
    house.build(*MODELS, full_refresh=True)
    for table in tables:
        assert_same_rows(step_by_step[table], house.frame(table))


def test_one_cart_over_two_devices_is_two_abandonments_to_a_rule_on_sessions(house: House) -> None:
    counted = house.rows(
        "select n_devices, n_session_exits, is_abandoned from journey.fct_carts where customer_id = 'devices'"
    )
    assert counted == [(2, 2, False)]
    # Each of the others was left in the one session in which it was put together, bought afterwards or not.
    assert house.rows("select sum(n_session_exits) from journey.fct_carts") == [(len(WHO) + 1,)]


def test_a_price_lowered_after_the_add_is_proved_by_the_product(house: House) -> None:
    sold, line = order("gone", LEFT_AT + timedelta(minutes=10), channel="store", product="S1")
    land(house, (sold, {**line, "unit_price_amount": "50"}))
    build(house, LEFT_AT + timedelta(days=20))
    proved = house.rows(
        "select product_id, seconds_to_exit, is_primary from journey.fct_cart_causes"
        " where cause = 'price_drop' and customer_id = 'cheaper'"
    )
    assert proved == [("S1", -600.0, True)]


AT_RISK = re.compile(r"last_evidence\(\s*'(\w+)', '(\w+)'|'(\w+)' as cause,\s+'(\w+)' as at_risk_step")


def test_the_statistics_compare_carts_at_the_step_the_detectors_name() -> None:
    named = {}
    for file in (MARTS / "journey" / "carts" / "causes").glob("*.sql"):
        (found,) = AT_RISK.findall(file.read_text())
        cause, step = (part for part in found if part)
        assert file.stem == f"cart_cause_{cause}"
        named[cause] = step
    assert named == {each.cause: (each.reached or "has_cart").removeprefix("has_") for each in CAUSES}
