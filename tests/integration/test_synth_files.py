"""The demo company's files: the same bytes from the same seed, landing by the contracts, systems that agree."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from synth_kit import CUSTOMERS, Company, company

from pipelines.contract import load_contracts
from pipelines.ingest.landing import land
from pipelines.settings import DEMO_SYSTEMS, load_settings
from pipelines.synth.generate import generate


@pytest.fixture(scope="module")
def made() -> Company:
    return company()


def test_every_table_lands_and_only_the_planted_broken_rows_do_not(made: Company) -> None:
    assert made.landed.rejected == ()
    assert made.landed.unmatched == ()
    assert all(table.files_landed for table in made.landed.tables)
    assert sum(table.rows_read for table in made.landed.tables) == made.report.rows
    planted = pl.read_parquet(made.root / "truth" / "dirt.parquet").select("file", "row_number").rows()
    held = pl.read_parquet(f"{made.settings.quarantine_dir}/**/*.parquet")
    assert set(held.select("source_name", "row_number").rows()) == set(planted)
    assert 0 < len(planted) < 0.001 * made.report.rows


def test_every_column_of_the_exports_is_one_the_contracts_declare(made: Company) -> None:
    assert {
        (table.system, table.table_name): table.new_columns for table in made.landed.tables if table.new_columns
    } == {}


def test_every_column_of_every_contract_is_filled(made: Company) -> None:
    for system, contract in load_contracts(DEMO_SYSTEMS).items():
        for table in contract.tables:
            counts = ", ".join(f'count("{column.name}")' for column in table.columns)
            filled = made.rows(f"select {counts} from {system}__{table.name}")[0]
            assert [c.name for c, n in zip(table.columns, filled, strict=True) if not n] == [], (system, table.name)


def test_web_events_have_exactly_the_types_of_the_export(made: Company) -> None:
    paths = sorted((made.root / "landing" / "ga4").glob("*.parquet"))
    assert len(paths) == 24
    contract = load_contracts(["ga4"])["ga4"].table("events")
    wanted = {c.name: "bigint" if c.data_type == "timestamp" else c.data_type for c in contract.columns}
    with duckdb.connect() as con:
        for path in paths:
            got = con.read_parquet(str(path))
            assert got.columns == list(wanted)
            for name, kind in zip(got.columns, got.types, strict=True):
                assert kind == con.sql(f"select null::{wanted[name]} as x").types[0], name
            assert pq.ParquetFile(path).metadata.num_rows > 1000


def test_the_same_seed_gives_the_same_bytes(made: Company, tmp_path: Path) -> None:
    generate(tmp_path / "landing", tmp_path / "truth", customers=CUSTOMERS)
    paths = [path.relative_to(made.root) for kind in ("landing", "truth") for path in (made.root / kind).rglob("*.*")]
    assert len(paths) > 50
    for path in paths:
        assert (tmp_path / path).read_bytes() == (made.root / path).read_bytes(), path


def test_chunks_land_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.synth.generate.CHUNK_SIZE", 400)
    generate(tmp_path / "landing", tmp_path / "truth", customers=1000)
    settings = load_settings(
        {"JOURNEYLINE_HOME": str(tmp_path / "home"), "JOURNEYLINE_DATA": str(tmp_path / "landing")}
    )
    report = land(settings)
    assert report.rejected == ()
    assert report.unmatched == ()
    with duckdb.connect() as con:
        files = f"read_parquet('{settings.raw_dir}/shopify/orders/*/*.parquet', union_by_name = true)"
        ids, names = con.execute(f"select count(distinct id), count(distinct name) from {files}").fetchall()[0]
    assert ids == names > 200
    assert len(list((tmp_path / "truth").glob("persons*.parquet"))) == 3


_SKUS = "unnest(json_extract_string(variants, '$[*].sku'))"


@pytest.mark.parametrize(
    ("ref", "child", "key", "parent"),
    [
        ("ecommerce.transaction_id", "ga4__events", "name", "shopify__orders"),
        ("collected_traffic_source.manual_campaign_id", "ga4__events", "id", "klaviyo__campaigns"),
        ("user_id", "ga4__events", "id", "shopify__customers"),
        ("cart_token", "shopify__orders", "cart_token", "seen_carts"),
        ("cart_token", "shopify__abandoned_checkouts", "cart_token", "seen_carts"),
        ("json_extract_string(customer, '$.id')", "shopify__orders", "id", "shopify__customers"),
        ("order_name", "qualtrics__responses", "name", "shopify__orders"),
        ("response_id", "qualtrics__distributions", "response_id", "qualtrics__responses"),
        ("reference_id", "trustpilot__product_reviews", "name", "shopify__orders"),
        ("reference_id", "trustpilot__service_reviews", "name", "shopify__orders"),
        ("sku", "trustpilot__product_reviews", _SKUS, "shopify__products"),
        ("sku", "pos__receipts", _SKUS, "shopify__products"),
        ("sku", "pos__visits", _SKUS, "shopify__products"),
        ("requester_id", "zendesk__tickets", "id", "zendesk__users"),
        ("assignee_id", "zendesk__tickets", "user_id", "zendesk__agents"),
        ("json_extract_string(custom_fields, '$[0].value')", "zendesk__tickets", "name", "shopify__orders"),
        ("ticket_id", "zendesk__comments", "id", "zendesk__tickets"),
        ("author_id", "zendesk__comments", "id", "zendesk__users"),
        ("ticket_id", "zendesk__satisfaction_ratings", "id", "zendesk__tickets"),
        ("external_id", "zendesk__users", "id", "shopify__customers"),
        ("campaign_id", "klaviyo__sends", "id", "klaviyo__campaigns"),
        ("associatedcompanyid", "hubspot__deals", "hs_object_id", "hubspot__companies"),
        ("associatedcompanyid", "hubspot__contacts", "hs_object_id", "hubspot__companies"),
        ("associatedcontactid", "hubspot__deals", "hs_object_id", "hubspot__contacts"),
        ("contact_id", "hubspot__consents", "hs_object_id", "hubspot__contacts"),
        ("hs_merged_object_ids", "hubspot__contacts", "hs_object_id", "hubspot__contacts"),
        ("shopify_customer_id", "hubspot__contacts", "id", "shopify__customers"),
        ("staff_id", "pos__receipts", "staff_id", "pos__staff"),
        ("store_id", "pos__receipts", "store_id", "pos__stores"),
        ("original_receipt_no", "pos__receipts", "receipt_no", "pos__receipts"),
    ],
)
def test_references_hold(made: Company, ref: str, child: str, key: str, parent: str) -> None:
    refs = f"select ({ref})::varchar as ref from {child} where {ref} is not null"
    keys = f"select k::varchar from (select {key} as k from {parent}) where k is not null"
    assert made.one(f"select count(*) from ({refs})") > 10
    assert made.one(f"select count(*) from ({refs}) where ref not in ({keys})") == 0


def test_order_money_adds_up(made: Company) -> None:
    wrong = made.one(
        """
        with lines as (
            select id, unnest(cast(line_items as json[])) as line from shopify__orders
        ),
        goods as (
            select id, sum(
                (line->>'price')::decimal(18, 4) * (line->>'quantity')::int - (line->>'total_discount')::decimal(18, 4)
            ) as amount
            from lines group by id
        )
        select count(*) from shopify__orders as o join goods as g using (id)
        where g.amount <> o.subtotal_price
            or o.subtotal_price + (o.shipping_lines->'$[0]'->>'price')::decimal(18, 4) <> o.total_price
        """
    )
    assert wrong == 0


def test_a_web_purchase_has_the_total_of_its_order_and_its_time(made: Company) -> None:
    joined = "ga4__events as e join shopify__orders as o on e.ecommerce.transaction_id = o.name"
    assert made.one(f"select count(*) from {joined}") > 800
    assert made.one(f"select max(abs(e.ecommerce.purchase_revenue - o.total_price)) from {joined}") < 0.005
    assert made.one(f"select max(abs(date_diff('second', e.event_timestamp, o.created_at))) from {joined}") <= 1


def test_later_versions_and_repeats_arrive(made: Company) -> None:
    for table, key in (("shopify__orders", "id"), ("zendesk__tickets", "id"), ("hubspot__contacts", "hs_object_id")):
        assert made.one(f"select count(*) - count(distinct {key}) from raw.{table}") > 10, table
    every, kept = made.one("select count(*) from raw.ga4__events"), made.one("select count(*) from ga4__events")
    assert 0.003 < (every - kept) / every < 0.009
    across = made.one(
        """
        select count(*) from (
            select 1 from raw.ga4__events
            group by user_pseudo_id, event_timestamp, event_name, event_bundle_sequence_id, batch_event_index
            having count(distinct _batch_id) > 1
        )
        """
    )
    assert across > 20
    late = made.one(
        """
        select avg((event_timestamp < before)::int) from (
            select event_timestamp, lag(event_timestamp) over (partition by _batch_id order by _row_number) as before
            from raw.ga4__events
        )
        """
    )
    assert late > 0.02


_BERLIN_HOUR = "hour(event_timestamp at time zone 'UTC' at time zone 'Europe/Berlin')"


@pytest.mark.parametrize(
    ("value", "table", "low", "high"),
    [
        pytest.param("1 - avg(bought::int)", "seen_carts", 0.66, 0.74, id="cart abandonment"),
        pytest.param("1 - avg(bought::int) filter (where began)", "seen_carts", 0.50, 0.62, id="checkout abandonment"),
        pytest.param(
            "sum((event_name = 'purchase')::int) / count(distinct event_bundle_sequence_id)",
            "ga4__events",
            0.025,
            0.05,
            id="conversion",
        ),
        pytest.param(f"count(*) / {CUSTOMERS}", "ga4__events", 28, 32, id="web events per customer"),
        pytest.param(f"avg(({_BERLIN_HOUR} between 18 and 22)::int)", "ga4__events", 0.3, 0.5, id="evening share"),
        pytest.param(
            f"count(distinct person_id) filter (purchase is not null) / {CUSTOMERS}",
            "truth__journeys",
            0.60,
            0.75,
            id="customers who buy",
        ),
        pytest.param("median(total_price)", "shopify__orders", 60, 180, id="order value"),
        pytest.param(
            "avg((financial_status like '%refunded')::int)", "shopify__orders", 0.05, 0.2, id="refunded orders"
        ),
        pytest.param(
            "sum((month(created_at) = 11)::int) / sum((month(created_at) = 8)::int)",
            "shopify__orders",
            1.2,
            3.0,
            id="November against August",
        ),
        pytest.param(f"count(*) / {CUSTOMERS}", "klaviyo__sends", 2, 6, id="messages per customer"),
        pytest.param(
            f"sum(is_customer::int) / {CUSTOMERS}", "qualtrics__responses", 2.2, 2.8, id="answers per customer"
        ),
        pytest.param("avg((nps >= 9)::int) - avg((nps <= 6)::int)", "qualtrics__responses", 0.05, 0.4, id="NPS"),
        pytest.param("avg(stars)", "trustpilot__product_reviews", 3.8, 4.6, id="stars"),
        pytest.param(
            "avg((score = 'good')::int) filter (where score <> 'offered')",
            "zendesk__satisfaction_ratings",
            0.72,
            0.9,
            id="good ratings",
        ),
        pytest.param("avg((loyalty_card is not null)::int)", "pos__receipts", 0.35, 0.7, id="receipts with a card"),
    ],
)
def test_rates_are_those_of_a_retailer(made: Company, value: str, table: str, low: float, high: float) -> None:
    assert low <= made.one(f"select {value} from {table}") <= high


def test_the_truth_names_every_effect_with_its_size(made: Company) -> None:
    planted = json.loads((made.root / "truth" / "planted_effects.json").read_text())
    assert len(planted) == 14
    shipping = planted["9_free_shipping"]
    profit = shipping["expected_profit_eur_per_cart"]
    assert max(profit, key=lambda key: profit[key]) == str(shipping["best"])
    assert shipping["best"] in shipping["candidates_eur"][1:-1], "an optimum at the edge tells nothing"
    assert shipping["harmful"]
    assert all(profit[str(harmful)] < profit["60.0"] for harmful in shipping["harmful"])


def test_sessions_land_on_a_plausible_mix_of_pages(made: Company) -> None:
    share = made.by(
        """
        with landings as (
            select regexp_extract(
                list_filter(event_params, lambda p: p.key = 'page_location')[1].value.string_value,
                '^https://[^/]+(/[^/?]*)', 1
            ) as page
            from ga4__events where event_name = 'session_start'
        )
        select page, count(*) / sum(count(*)) over () from landings group by page
        """
    )
    assert share.keys() == {"/", "/collections", "/products", "/pages", "/cart"}
    assert 0.2 < share["/"] < 0.5
    assert 0.15 < share["/collections"] < 0.5
    assert 0.05 < share["/products"] < 0.4
    assert 0.03 < share["/pages"] < 0.2
    mailed = made.rows(
        """
        select count(*), count(distinct c.offer), avg((p.value.string_value = k.url)::int)
        from ga4__events as e, unnest(event_params) as u(p)
        join klaviyo__campaigns as c on c.id = e.collected_traffic_source.manual_campaign_id
        join (select distinct campaign_id, url from klaviyo__clicks) as k on k.campaign_id = c.id
        where event_name = 'session_start' and p.key = 'page_location'
        """
    )
    assert mailed[0][0] > 200
    assert mailed[0][1:] == (5, 1.0), "a click leads to the page of its message"


_VALUED = (
    "view_item",
    "add_to_wishlist",
    "add_to_cart",
    "remove_from_cart",
    "view_cart",
    "begin_checkout",
    "add_shipping_info",
    "add_payment_info",
    "purchase",
)


def test_commerce_events_carry_the_value_of_their_items(made: Company) -> None:
    found = made.rows(
        f"""
        with valued as (
            select
                event_name,
                geo.country as country,
                list_filter(event_params, lambda p: p.key = 'value')[1].value.double_value as value,
                list_filter(event_params, lambda p: p.key = 'currency')[1].value.string_value as currency
            from ga4__events where event_name in {_VALUED}
        )
        select
            event_name,
            count(*) filter (value is null),
            count(*) filter (
                currency is distinct from case country when 'GB' then 'GBP' when 'CH' then 'CHF' else 'EUR' end
            )
        from valued group by event_name
        """
    )
    assert {name for name, *_ in found} == set(_VALUED)
    assert all((missing, foreign) == (0, 0) for _, missing, foreign in found), found
    off = made.one(
        """
        select max(abs(
            list_filter(event_params, lambda p: p.key = 'value')[1].value.double_value
            - items[1].price * items[1].quantity
        ))
        from ga4__events where event_name in ('view_item', 'add_to_wishlist', 'add_to_cart', 'remove_from_cart')
        """
    )
    assert off < 0.005
