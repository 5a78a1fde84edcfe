"""Lineage: from a published table back to its systems, across dbt models and what Python computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.showroom import copy, lineage
from pipelines.showroom.lineage import Computed


def model(layer: str, name: str, *parents: str) -> tuple[str, dict[str, Any]]:
    node = {"resource_type": "model", "schema": layer, "name": name, "path": f"{layer}/{name}.sql"}
    return f"model.{name}", node | {"depends_on": {"nodes": list(parents)}}


def source(system: str, name: str) -> tuple[str, dict[str, Any]]:
    node = {"resource_type": "source", "source_name": system, "schema": "raw", "name": name}
    return f"source.{system}.{name}", node | {"identifier": f"{system}__{name}"}


DBT: dict[str, Any] = {
    "sources": dict(
        [
            source("shopify", "orders"),
            source("pos", "receipts"),
            source("run", "run_settings"),
            (
                "source.identity.map",
                {"resource_type": "source", "source_name": "identity", "schema": "identity", "name": "map"},
            ),
        ]
    ),
    "nodes": dict(
        [
            model("staging", "stg_orders", "source.shopify.orders", "source.run.run_settings"),
            model("staging", "stg_receipts", "source.pos.receipts"),
            model("intermediate", "int_people", "model.stg_receipts"),
            model("marts", "dim_people", "model.stg_orders", "source.identity.map"),
        ]
    ),
}
COMPUTED = {
    "identity.map": Computed("pipelines.identity", ("intermediate.int_people",)),
    "analytics.groups": Computed("pipelines.groups", ("marts.dim_people", "seeds.words", "kept.history")),
    "analytics.maps": Computed("pipelines.maps", ("analytics.groups", "marts.dim_people")),
}
PUBLISHED = {"people": "marts.dim_people", "maps": "analytics.maps"}


def test_a_table_is_followed_through_python_to_every_system_that_is_enabled() -> None:
    made = lineage.trace(PUBLISHED, COMPUTED, DBT, ("shopify", "pos", "ga4"))["maps"]
    assert made.systems == ("pos", "shopify")
    assert (made.staging, made.intermediate) == (("stg_orders", "stg_receipts"), ("int_people",))
    assert (made.by, made.models) == ("pipelines.maps", ("dim_people",))
    assert lineage.trace(PUBLISHED, COMPUTED, DBT, ("shopify",))["maps"].systems == ("shopify",)


def test_a_mart_is_its_own_model_and_computed_by_no_python() -> None:
    made = lineage.trace(PUBLISHED, COMPUTED, DBT, ("shopify",))["people"]
    assert (made.by, made.models, made.marts) == ("", ("dim_people",), ("dim_people",))


def test_what_is_kept_beside_a_version_is_read_back_with_the_sql_that_was_run(tmp_path: Path) -> None:
    compiled = tmp_path / "compiled"
    for name in ("marts/dim_people.sql", "marts/dim_people.yml/dim_people.sql", "staging/stg_orders.sql"):
        (compiled / name).parent.mkdir(parents=True, exist_ok=True)
        (compiled / name).write_text(f"select 1 as {Path(name).parent.name.replace('.', '_')}")
    made = lineage.trace(PUBLISHED, COMPUTED, DBT, ("shopify", "pos"))
    lineage.write(tmp_path, made, compiled)
    assert lineage.read(tmp_path) == made
    assert lineage.has_sql(tmp_path) == {"dim_people"}
    assert (tmp_path / lineage.FOLDER / "dim_people.sql.txt").read_text() == "select 1 as marts\n"
    assert (lineage.read(compiled), lineage.has_sql(compiled)) == ({}, frozenset())


def test_lineage_and_checks_in_words() -> None:
    made = list(lineage.trace(PUBLISHED, COMPUTED, DBT, ("shopify", "pos")).values())
    assert copy.lineage(made) == ("pos and shopify → 2 staging, 1 intermediate and 1 marts models → pipelines.maps")
    assert copy.lineage([]) == ""
    assert copy.checks(1_200, []) == "All 1,200 checks on these tables passed."
    assert copy.checks(3, ["orders (1)"]) == "3 checks on these tables; to look at: orders (1)."
    assert copy.checks(0, []) == "No check of these tables is published."
