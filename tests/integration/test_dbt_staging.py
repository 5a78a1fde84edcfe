"""Staging and entities on a small demo company: all dbt tests and unit tests, and totals against the exports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml  # type: ignore[import-untyped]

from pipelines import warehouse
from pipelines.ingest.landing import land
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.synth.generate import generate
from tests.integration.dbt_project import dbt, failed, prepare
from tests.shared import with_parsed_project

ENTITIES = PROJECT_ROOT / "dbt_project" / "models" / "intermediate" / "entities"
STAGING = PROJECT_ROOT / "dbt_project" / "models" / "staging"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A demo company of 150 people, landed, staged and unified once for all tests of this module."""
    home = tmp_path_factory.mktemp("demo")
    settings = load_settings({"JOURNEYLINE_HOME": str(home), "JOURNEYLINE_ENV": "test"})
    generate(settings.landing_dir, home / "truth", customers=150)
    land(settings, settings.systems)
    prepare(settings)
    with_parsed_project(tmp_path_factory, settings)
    arguments = ["--select", "path:seeds", "staging", "intermediate.entities", "--indirect-selection", "buildable"]
    statuses = dbt(settings, "build", *arguments)
    assert not failed(statuses)
    assert len(statuses) > 150
    return settings


def one(settings: Settings, query: str) -> tuple[Any, ...]:
    with warehouse.connect(settings) as con:
        row = con.execute(query).fetchone()
    assert row is not None
    return tuple(row)


def last_versions(settings: Settings, pattern: str, fields: Sequence[str], version: str = "updated_at") -> pl.DataFrame:
    """Rows of JSON Lines exports by their own key, read without the pipeline; lines that do not parse are left out."""
    rows: dict[int, dict[str, Any]] = {}
    for path in sorted(settings.landing_dir.glob(pattern)):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
                stamp = datetime.fromisoformat(row[version])
                datetime.fromisoformat(row["created_at"])
            except (ValueError, KeyError):
                continue
            if row["id"] not in rows or datetime.fromisoformat(rows[row["id"]][version]) < stamp:
                rows[row["id"]] = row
    return pl.DataFrame([{field: row[field] for field in fields} for row in rows.values()])


def test_orders_are_the_last_versions_of_the_export_to_the_cent(demo: Settings) -> None:
    orders = last_versions(demo, "shopify/orders*.jsonl", ["id", "total_price", "total_discounts", "cancelled_at"])
    counted = one(
        demo,
        "select count(*), sum(total_amount), sum(discount_amount), count(*) filter (where status = 'cancelled'),"
        " sum(gross_amount - discount_amount + shipping_amount - total_amount)"
        " from entities.int_orders where system = 'shopify'",
    )
    expected = (
        orders.height,
        round(orders["total_price"].cast(pl.Float64).sum(), 2),
        round(orders["total_discounts"].cast(pl.Float64).sum(), 2),
        orders["cancelled_at"].count(),
        0,
    )
    assert tuple(float(value) for value in counted) == pytest.approx(expected)
    assert orders.height > 20


def test_lines_sum_to_their_orders(demo: Settings) -> None:
    wrong = one(
        demo,
        "select count(*) from entities.int_orders as o left join (select system, order_ref, sum(net_amount) as net"
        " from entities.int_order_lines group by system, order_ref) as l using (system, order_ref)"
        " where l.net is distinct from o.gross_amount - o.discount_amount",
    )
    assert wrong == (0,)


def test_store_sales_and_returns_are_those_of_the_tills(demo: Settings) -> None:
    lines = pl.concat(
        pl.read_csv(path, separator=";", encoding="latin-1", infer_schema=False)
        for path in sorted(demo.landing_dir.glob("pos/receipts*.csv"))
    )
    last = lines.sort("exported_at").unique(["receipt_no", "line_no"], keep="last")
    # what landing holds back is no sale: the row has a value that does not fit its type
    last = last.filter(pl.col("quantity").str.contains(r"^\d+$") & pl.col("sold_at").str.contains(r"^\d{4}-"))
    worth = pl.col("quantity").cast(pl.Float64) * pl.col("unit_price").cast(pl.Float64) - pl.col("discount").cast(
        pl.Float64
    ).fill_null(0)
    for receipt_type, query in (
        ("sale", "select count(*), sum(net_amount) from entities.int_order_lines where system = 'pos'"),
        ("return", "select count(*), sum(amount) from entities.int_refunds where system = 'pos'"),
    ):
        part = last.filter(pl.col("receipt_type") == receipt_type)
        expected = (part.height, round(part.select(worth.sum()).item(), 2))
        assert tuple(float(value or 0) for value in one(demo, query)) == pytest.approx(expected)


def test_web_events_are_the_distinct_events_of_the_export(demo: Settings) -> None:
    events = pl.concat(
        pl.read_parquet(
            path,
            columns=[
                "user_pseudo_id",
                "event_timestamp",
                "event_name",
                "event_bundle_sequence_id",
                "batch_event_index",
            ],
        )
        for path in sorted(demo.landing_dir.glob("ga4/*.parquet"))
    )
    distinct = events.unique().height
    assert one(demo, "select count(*), count(distinct event_ref) from entities.int_web_events") == (distinct, distinct)
    assert distinct < events.height


def test_every_record_of_the_truth_is_a_profile(demo: Settings) -> None:
    truth = pl.read_parquet(demo.home / "truth" / "nodes.parquet", columns=["node_id"])
    profiles = warehouse.read(demo, "entities.int_profiles", ["node_id"])
    # an app instance seen in stores only is the tills' record of a device, not the web's
    seen = profiles.with_columns(pl.col("node_id").str.replace("^pos:device:", "ga4:device:")).unique()
    missing = truth.join(seen, on="node_id", how="anti")
    # previews and spam are records of the survey tool, but of nobody
    assert missing.filter(~pl.col("node_id").str.starts_with("qualtrics:")).is_empty()
    assert missing.height < 0.01 * truth.height


def test_every_reference_to_a_record_is_a_profile(demo: Settings) -> None:
    for entity in (
        "identifiers",
        "orders",
        "refunds",
        "carts",
        "web_events",
        "campaign_touches",
        "store_visits",
        "tickets",
        "reviews",
        "survey_answers",
        "consents",
        "deals",
    ):
        query = (
            f"select count(*) from entities.int_{entity} as e left join entities.int_profiles as p using (node_id)"
            " where e.node_id is not null and p.node_id is null"
        )
        assert one(demo, query) == (0,), entity


def declared_columns(path: Path) -> dict[str, str]:
    (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return {column["name"]: column["data_type"] for column in model["columns"]}


def built_columns(settings: Settings, schema: str, table: str) -> dict[str, str]:
    with warehouse.connect(settings) as con:
        rows = con.execute(
            "select column_name, lower(data_type) from information_schema.columns"
            f" where table_schema = '{schema}' and table_name = '{table}' order by ordinal_position"
        ).fetchall()
    return dict(rows)


def test_models_have_exactly_the_columns_their_yaml_declares(demo: Settings) -> None:
    for path in sorted(ENTITIES.glob("*.yml")):
        assert built_columns(demo, "entities", path.stem) == declared_columns(path), path.stem
    for system in demo.systems:
        for path in sorted((STAGING / system).glob("*__*.yml")):
            if path.stem.endswith("__sources"):
                continue
            declared, built = declared_columns(path), built_columns(demo, "staging", path.stem)
            # columns a delivery adds pass through a base model, so one may have more than its YAML declares
            assert declared.items() <= built.items(), path.stem
            assert path.stem.startswith("base_") or declared == built, path.stem


def test_a_system_that_is_not_enabled_leaves_a_typed_empty_entity(tmp_path: Path) -> None:
    settings = load_settings(
        {
            "JOURNEYLINE_HOME": str(tmp_path),
            "JOURNEYLINE_ENV": "test",
            "JOURNEYLINE_SOURCES": "pos",
            "JOURNEYLINE_AS_OF": "2026-10-31",
        }
    )
    prepare(settings)
    entities = ["int_tickets", "int_orders", "int_web_events"]
    statuses = dbt(
        settings, "build", "--select", "path:seeds", "staging", *entities, "--indirect-selection", "buildable"
    )
    assert not failed(statuses)
    for entity in entities:
        assert built_columns(settings, "entities", entity) == declared_columns(ENTITIES / f"{entity}.yml")
    assert one(settings, "select count(*) from entities.int_tickets") == (0,)


def test_the_generic_tests_fail_on_what_they_are_for(demo: Settings) -> None:
    """Last in the file: it spoils the warehouse."""
    spoil = (
        "insert into entities.int_deals select * from entities.int_deals limit 1",
        "update entities.int_deals set stage = null where deal_ref = (select max(deal_ref) from entities.int_deals)",
        "insert into staging.stg_ga4__web_events select * from staging.stg_ga4__web_events limit 1",
        "update entities.int_products set product_line = 'Lamps'",
    )
    with warehouse.connect(demo, read_only=False) as con:
        for statement in spoil:
            con.execute(statement)
    models = ["int_deals", "int_web_events", "int_products"]
    statuses = dbt(demo, "test", "--select", *models, "--indirect-selection", "buildable")
    caught = sorted(name.split("_int_")[0] + ":" + name.split("_int_")[1].split("_")[0] for name in failed(statuses))
    assert caught == ["no_nulls:deals", "primary_key:deals", "primary_key:web", "relationships:products"]
