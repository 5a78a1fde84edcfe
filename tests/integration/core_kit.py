"""A small house for tests of identity and marts: typed empty entities to fill by hand, seeds, the models on them.

Belongs here: making, filling and building such a house. Stays out: expectations. The entities are tables made from the
models' own YAML, so a test says only the columns it is about; staging is not built.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from pipelines import warehouse
from pipelines.defs import dbt_runner
from pipelines.funnels import funnel_tables, load_funnels, write_funnels
from pipelines.identity.resolve import ResolveStats, resolve
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from tests.shared import once, with_parsed_project

AS_OF = "2026-03-01 00:00:00"
LOADED = "2026-03-01 01:00:00"
MARTS = PROJECT_ROOT / "dbt_project" / "models" / "marts"
ENTITIES = PROJECT_ROOT / "dbt_project" / "models" / "intermediate" / "entities"
TICKETS = ("dim_support_days", "fct_ticket_times", "fct_tickets")
"""The models that make tickets."""
IDENTITY_SOURCES = ENTITIES.parent / "identity" / "_identity__sources.yml"

Row = Mapping[str, Any]
MAP = (
    ("node_id", "varchar"),
    ("system", "varchar"),
    ("profile_kind", "varchar"),
    ("customer_id", "varchar"),
    ("cluster_size", "bigint"),
    ("is_staff", "boolean"),
)
NULLABLE_FLAGS = ("is_email_verified", "is_home_owner", "is_customer", "is_verified", "is_public", "is_won")


class House:
    """One warehouse with the entities as empty tables."""

    def __init__(self, home: Path) -> None:
        self.settings: Settings = load_settings({"JOURNEYLINE_HOME": str(home), "JOURNEYLINE_ENV": "test"})

    def insert(self, entity: str, *rows: Row) -> None:
        """Add rows to ``int_<entity>``: what a row does not say is null, false or the time of the load."""
        self._fill(f"entities.int_{entity}", entity_columns(entity), rows)

    def put(self, mart: str, *rows: Row) -> None:
        """Make a mart (or the identity map) by hand: ``<schema>.<name>`` with the columns of its YAML."""
        columns = (
            MAP
            if mart == "identity.int_identity__map"
            else yaml_columns(next(MARTS.rglob(f"{mart.split('.')[1]}.yml")))
        )
        names = ", ".join(f"{name} {type_}" for name, type_ in columns)
        self.execute(
            f"create schema if not exists {mart.split('.', maxsplit=1)[0]}; create or replace table {mart} ({names})"
        )
        self._fill(mart, columns, rows)

    def _fill(self, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[Row]) -> None:
        known = {name for name, _ in columns}
        for row in rows:
            unknown = row.keys() - known
            assert not unknown, f"{table} has no column {unknown}"
        values = [[row.get(name, _default(name, type_)) for name, type_ in columns] for row in rows]
        holes = ", ".join(f"cast(? as {type_})" for _, type_ in columns)
        if values:
            with warehouse.connect(self.settings, read_only=False) as con:
                con.executemany(f"insert into {table} select {holes}", values)

    def execute(self, sql: str) -> None:
        with warehouse.connect(self.settings, read_only=False) as con:
            con.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with warehouse.connect(self.settings) as con:
            return con.execute(sql).fetchall()

    def frame(self, table: str) -> pl.DataFrame:
        return warehouse.read(self.settings, table)

    def build(self, *select: str, full_refresh: bool = False) -> None:
        """Build and test models; a test that does not pass fails the calling test with its name."""
        results = dbt_runner.build(self.settings, select, full_refresh=full_refresh)
        bad = [f"{r.name}: {r.status} {r.message}" for r in results if r.status not in ("success", "pass", "no-op")]
        assert not bad, bad
        assert results, f"nothing selected by {select}"

    def resolve(self) -> ResolveStats:
        self.build("int_identity__*,resource_type:model")
        return resolve(self.settings, run_id="test")

    def map_nodes(self, customers: Mapping[str, str], staff: Iterable[str] = ()) -> None:
        """Write the identity map by hand: node id to customer id; profiles are made for nodes that have none."""
        employed = {customers[node] for node in staff}
        frame = pl.DataFrame(
            [
                {
                    "node_id": node,
                    "system": node.split(":")[0],
                    "profile_kind": node.split(":")[1],
                    "customer_id": customer,
                    "cluster_size": list(customers.values()).count(customer),
                    "is_staff": customer in employed,
                }
                for node, customer in customers.items()
            ]
        )
        warehouse.write(self.settings, "identity.int_identity__map", frame)
        have = {node for (node,) in self.rows("select node_id from entities.int_profiles")}
        profiles = [
            {
                "node_id": node,
                "system": node.split(":")[0],
                "profile_kind": node.split(":")[1],
                "profile_ref": node.split(":", 2)[2],
            }
            for node in customers
            if node not in have
        ]
        if profiles:
            self.insert("profiles", *profiles)


def make_base(factory: pytest.TempPathFactory, home: Path) -> Path:
    """The house all others are copied from: parsed project, seeds, empty entities, run settings."""
    house = House(home)
    with warehouse.connect(house.settings, read_only=False) as con:
        con.execute("create schema entities")
        con.execute("create schema raw")
        con.execute("create schema identity")
        for file in sorted(ENTITIES.glob("int_*.yml")):
            columns = ", ".join(f"{name} {type_}" for name, type_ in entity_columns(file.stem.removeprefix("int_")))
            con.execute(f"create table entities.{file.stem} ({columns})")
        for table in yaml.safe_load(IDENTITY_SOURCES.read_text())["sources"][0]["tables"]:
            # Without a map yet: a test makes it by hand or resolves.
            if table["name"] != "int_identity__map":
                columns = ", ".join(f"{column['name']} {column['data_type']}" for column in table["columns"])
                con.execute(f"create table identity.{table['name']} ({columns})")
        con.execute(
            f"""
            create table raw.run_settings as
            select
                'test' as run_id,
                'demo' as company,
                timestamp '{LOADED}' as run_at,
                timestamp '{AS_OF}' as as_of,
                cast(timestamp '{AS_OF}' as date) - 1 as as_of_date,
                'UTC' as reporting_time_zone,
                'EUR' as reporting_currency,
                11 as min_cell
            """
        )
        write_funnels(con, funnel_tables(load_funnels()))
    with_parsed_project(factory, house.settings)
    house.build("resource_type:seed")
    return home


def new_house(factory: pytest.TempPathFactory, name: str) -> House:
    """A house of one's own, copied from a base that is made once a test run."""
    base = once(factory, "core-base", lambda folder: make_base(factory, folder))
    home = factory.mktemp(name)
    shutil.copytree(base, home, dirs_exist_ok=True)
    return House(home)


@lru_cache
def entity_columns(entity: str) -> Sequence[tuple[str, str]]:
    """Name and type of each column of ``int_<entity>``."""
    return yaml_columns(ENTITIES / f"int_{entity}.yml")


def yaml_columns(file: Path) -> Sequence[tuple[str, str]]:
    """Name and type of each column of a model, from its YAML."""
    model = yaml.safe_load(file.read_text())["models"][0]
    return tuple((column["name"], column["data_type"]) for column in model["columns"])


def _default(name: str, type_: str) -> object:
    if name in ("_loaded_at", "_first_loaded_at"):
        return LOADED
    if name == "_n_landings":
        return 1
    if (
        name.startswith("is_")
        and type_ == "boolean"
        and name not in ("is_email_verified", "is_home_owner", "is_customer")
    ):
        return False
    return None


def assert_same_rows(left: pl.DataFrame, right: pl.DataFrame) -> None:
    """Both frames hold the same rows, in any order."""
    with duckdb.connect() as con:
        con.register("l", left.to_arrow())
        con.register("r", right.to_arrow())
        more, fewer = (
            con.sql(f"select count(*) from (select * from {a} except all select * from {b})").fetchall()[0][0]
            for a, b in (("l", "r"), ("r", "l"))
        )
    assert (more, fewer) == (0, 0), (
        f"{more} rows only left, {fewer} rows only right, of {left.height} and {right.height}"
    )
