"""Sessions, carts and funnels on known answers: published vectors, and one cart of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from core_kit import TICKETS, House, Row, new_house


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> House:
    """One person a case: every kind of cart, and the sessions of the published vector."""
    house = new_house(tmp_path_factory, "journey")
    house.insert("products", product("S1", "Sofas"), product("L1", "Lighting"))
    cart = Carts(house)
    cart.add("bought", steps=("add", "begin", "ship", "pay"), order_after=1)
    cart.add("recovered", steps=("add", "begin", "ship"), order_after=60)
    cart.add("gone", steps=("add", "begin", "ship"), fee="8", value="60")
    cart.add("too late", steps=("add",), order_after=31 * 24)
    cart.add("elsewhere", steps=("add",))
    cart.add("emptied", steps=("add", "remove"))
    cart.add("browsing", steps=("add",))
    cart.add("free", steps=("add", "begin", "ship"), fee="0", value="100")
    cart.add("gap", steps=("add", "begin", "ship"), fee="1", value="50")
    cart.add("wall", steps=("add", "begin"), login_required=True)
    cart.add("declined", steps=("add", "begin", "ship", "pay", "payment_declined"), fee="9", value="60")
    cart.add("open", steps=("add",), start="2026-02-28 20:00:00")
    cart.add("slow", steps=("add",), load_times=(1000, 4000, 5000, 6000))
    cart.add("staff", steps=("add",))
    house.insert(
        "orders", store_order("elsewhere", "2026-01-08 12:00:00"), store_order("browsing", "2026-02-10 12:00:00")
    )
    house.insert("order_lines", *[line(f"till {who}", "S1") for who in ("elsewhere", "browsing")])
    for number, at in enumerate(("10:00:00", "10:30:00", "11:00:01", "11:10:00")):
        house.insert("web_events", web("vector", f"vector{number}", f"2026-01-05 {at}", "page_view"))
    house.insert(
        "web_events", {**web("vector", "bot", "2026-01-05 10:05:00", "page_view"), "device_ref": "b", "is_bot": True}
    )
    people = [*cart.people, "vector"]
    house.map_nodes({f"ga4:login:{who}": who for who in people}, staff=["ga4:login:staff"])
    house.build(
        "dim_products",
        "dim_fx_rates",
        "fct_refunds",
        "fct_order_lines",
        "int_identity__accounts",
        "fct_orders",
        *TICKETS,
        "bridge_device_owners",
        "fct_sessions",
        "path:models/marts/journey/carts",
        "fct_carts",
        "fct_cart_causes",
    )
    return house


class Carts:
    """Writes the web events, and the order if any, of carts."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.people: list[str] = []

    def add(
        self,
        who: str,
        *,
        steps: Sequence[str],
        order_after: int | None = None,
        fee: str | None = None,
        value: str = "60",
        login_required: bool = False,
        start: str = "2026-01-05 10:00:00",
        load_times: Sequence[int] = (),
    ) -> None:
        self.people.append(who)
        names = {
            "add": "add_to_cart",
            "remove": "remove_from_cart",
            "begin": "begin_checkout",
            "ship": "add_shipping_info",
            "pay": "add_payment_info",
        }
        at = datetime.fromisoformat(start)
        for number, load_time in enumerate(load_times):
            timing = web(who, f"{who} t{number}", str(at - timedelta(minutes=5)), "page_timing")
            self.house.insert("web_events", {**timing, "load_time_ms": load_time})
        rows = []
        for number, step in enumerate(steps):
            at += timedelta(minutes=2)
            row: dict[str, Any] = {
                **web(who, f"{who} {number}", str(at), names.get(step, step)),
                "cart_ref": f"t {who}",
            }
            if step in ("add", "remove"):
                row |= {"product_ref": "S1", "product_line": "Sofas", "quantity": 1}
            if step in ("begin", "ship", "pay"):
                row |= {"value_amount": value, "currency": "EUR"}
            row |= {"shipping_amount": fee} if step == "ship" else {}
            row |= {"is_login_required": login_required} if step == "begin" else {}
            rows.append(row)
        self.house.insert("web_events", *rows)
        if order_after is not None:
            ordered_at = at + timedelta(hours=order_after)
            self.house.insert(
                "orders",
                {**store_order(who, str(ordered_at)), "order_ref": who, "channel": "web", "cart_ref": f"t {who}"},
            )
            self.house.insert("order_lines", line(who, "S1"))


def web(who: str, ref: str, at: str, name: str) -> Row:
    return {
        "system": "ga4",
        "event_ref": ref,
        "node_id": f"ga4:login:{who}",
        "device_ref": f"d {who}",
        "vendor_session_ref": f"s {who}",
        "event_at": at,
        "event_date": at[:10],
        "event_name": name,
        "platform": "WEB",
        "device_category": "desktop",
        "region": "North",
    }


def product(sku: str, product_line: str) -> Row:
    division = "Home"
    return {
        "system": "shopify",
        "product_ref": sku,
        "product_line": product_line,
        "division": division,
        "list_price_amount": "70",
        "currency": "EUR",
    }


def store_order(who: str, at: str) -> Row:
    zero = dict.fromkeys(("discount_amount", "shipping_amount", "tax_amount"), "0")
    return {
        "system": "shop",
        "order_ref": f"till {who}",
        "node_id": f"ga4:login:{who}",
        "ordered_at": at,
        "channel": "store",
        "status": "placed",
        "currency": "EUR",
        "gross_amount": "60",
        "total_amount": "60",
        **zero,
    }


def line(order: str, sku: str) -> Row:
    return {
        "system": "shop",
        "line_ref": f"{order} 1",
        "order_ref": order,
        "product_ref": sku,
        "quantity": 1,
        "unit_price_amount": "60",
        "discount_amount": "0",
        "net_amount": "60",
        "currency": "EUR",
    }


def test_a_session_ends_after_more_than_thirty_minutes(shop: House) -> None:
    sessions = shop.rows(
        "select n_events, duration_seconds from journey.fct_sessions where customer_id = 'vector' order by started_at"
    )
    # 10:00 and 10:30 are one session (exactly 30 minutes), 11:00:01 is another; the bot's event is in none.
    assert sessions == [(2, 1800.0), (2, 599.0)]


def test_every_kind_of_cart_has_its_state_and_main_cause(shop: House) -> None:
    rows = shop.rows("select customer_id, state, is_abandoned, primary_cause from journey.fct_carts order by 1")
    assert {who: tuple(rest) for who, *rest in rows} == {
        "bought": ("purchased", False, None),
        "recovered": ("recovered", True, "unknown"),
        "gone": ("abandoned", True, "shipping_cost"),
        "too late": ("abandoned", True, "browsing"),
        "elsewhere": ("bought_elsewhere", True, "browsing"),
        "emptied": ("emptied", False, None),
        "browsing": ("abandoned", True, "browsing"),
        "free": ("abandoned", True, "unknown"),
        "gap": ("abandoned", True, "threshold_gap"),
        "wall": ("abandoned", True, "forced_account"),
        "declined": ("abandoned", True, "payment_problem"),
        "open": ("grace", False, None),
        "slow": ("abandoned", True, "slow_page"),
    }


def test_the_cart_keeps_its_value_and_what_was_seen(shop: House) -> None:
    carts = {row["customer_id"]: row for row in shop.frame("journey.fct_carts").to_dicts()}
    # The whole cart's value once the shop has shown it, the list price of what was put in before.
    assert float(carts["gone"]["value_amount"]) == 60
    assert float(carts["browsing"]["value_amount"]) == 70
    assert float(carts["emptied"]["value_amount"]) == 0
    assert carts["gone"]["shipping_fee_share"] == pytest.approx(8 / 60)
    assert carts["gap"]["saw_threshold_gap"]
    assert not carts["gap"]["saw_shipping_cost"]
    assert not carts["free"]["saw_threshold_gap"]
    assert carts["declined"]["saw_shipping_cost"]
    assert carts["recovered"]["hours_to_order"] == pytest.approx(60)
    assert carts["too late"]["order_id"] is None


def test_funnels_and_paths_of_the_same_carts(shop: House) -> None:
    shop.build("fct_events", "fct_sessions", "dim_funnel_steps", "funnel_*,resource_type:model", "agg_funnel_levels")
    levels = shop.frame("journey.agg_funnel_levels").filter(pl.col("funnel_id") == "checkout")
    carts = shop.frame("journey.fct_carts").select(
        pl.col("cart_id").alias("unit_id"), pl.col("customer_id").alias("who")
    )
    reached = dict(levels.join(carts, on="unit_id").select("who", "level").iter_rows())
    # The order of "recovered" came after the funnel's 24 hours.
    assert reached == {"bought": 4, "recovered": 2, "gone": 2, "free": 2, "gap": 2, "wall": 1, "declined": 3}
