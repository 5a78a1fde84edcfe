"""People as source records of a house with nothing but identity built, and their truth.

Belongs here: reading FEBRL and fake_1000 into the canonical profile shape, the demo company's exports and hidden truth,
and building the models identity needs by dbt, as a refresh does. Stays out: measuring (``benchmarks.identity``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import yaml

from pipelines import warehouse
from pipelines.contract import load_contracts
from pipelines.defs import dbt_runner
from pipelines.identity.evidence import parts, read_inputs
from pipelines.identity.predict import second_pass
from pipelines.identity.resolve import resolve
from pipelines.identity.rules import load_rules
from pipelines.identity.store import MAP_TABLE
from pipelines.ingest import landing
from pipelines.ingest.raw import register_raw, write_run_settings
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.synth.generate import generate

IDENTITY_MODELS = "path:models/intermediate/identity,resource_type:model"
ENTITIES = PROJECT_ROOT / "dbt_project" / "models" / "intermediate" / "entities"


@dataclass(frozen=True)
class People:
    """A data set: ``profiles`` with the columns of ``int_profiles`` it can fill, and ``truth`` (node_id, entity)."""

    name: str
    profiles: pl.DataFrame
    truth: pl.DataFrame


def febrl(folder: Path, number: int) -> People:
    """FEBRL data set 1, 2 or 3; the true person is the number in ``rec_id``. The social security number is not read.

    The records are contacts: two customer numbers of one shop would by rule never be one person.
    """
    raw = pl.read_csv(folder / "febrl" / f"dataset{number}.csv", infer_schema=False)
    raw = raw.rename({name: name.strip() for name in raw.columns})
    raw = raw.select(pl.col(name).str.strip_chars().replace("", None) for name in raw.columns)
    profiles = raw.select(
        pl.format("febrl:contact:{}", "rec_id").alias("node_id"),
        pl.col("given_name").alias("first_name"),
        pl.col("surname").alias("last_name"),
        pl.col("date_of_birth").str.to_date("%Y%m%d", strict=False).alias("birth_date"),
        pl.concat_str("street_number", "address_1", separator=" ", ignore_nulls=True)
        .replace("", None)
        .alias("address_line"),
        pl.col("suburb").alias("city"),
        pl.col("postcode").alias("postal_code"),
    )
    truth = raw.select(profiles["node_id"], pl.col("rec_id").str.extract(r"rec-(\d+)-").alias("entity"))
    return People(f"febrl{number}", profiles, truth)


def fake_1000(folder: Path) -> People:
    """Splink's fake_1000; the true person is ``cluster``."""
    raw = pl.read_csv(folder / "splink" / "fake_1000.csv", infer_schema=False)
    profiles = raw.select(
        pl.format("fake:contact:{}", "unique_id").alias("node_id"),
        pl.col("first_name"),
        pl.col("surname").alias("last_name"),
        pl.col("dob").str.to_date("%Y-%m-%d", strict=False).alias("birth_date"),
        "city",
        "email",
    )
    return People("fake_1000", profiles, raw.select(profiles["node_id"], pl.col("cluster").alias("entity")))


def land(settings: Settings, people: People) -> None:
    """Fill the entities of an empty house with the people and build the identity models on them."""
    wide = people.profiles.with_columns(
        pl.col("node_id").str.split(":").list.get(0).alias("system"),
        pl.col("node_id").str.split(":").list.get(1).alias("profile_kind"),
        pl.col("node_id").str.split(":").list.get(2).alias("profile_ref"),
        pl.lit(False).alias("is_staff"),
        pl.lit(False).alias("is_business"),
    )
    shown = (
        wide.select("node_id", "system", raw_value="email").drop_nulls() if "email" in wide.columns else wide.clear()
    )
    with warehouse.connect(settings, read_only=False) as con:
        con.execute("create schema if not exists entities")
        con.execute("create schema if not exists raw")
        con.execute("create or replace table raw.run_settings as select timestamp '2026-01-01' as run_at")
        for path in sorted(ENTITIES.glob("int_*.yml")):
            columns = ", ".join(f"{name} {kind}" for name, kind in _columns(path))
            con.execute(f"create or replace table entities.{path.stem} ({columns})")
        con.register("people", wide.to_arrow())
        con.execute("insert into entities.int_profiles by name select * from people")
        if shown.height:
            con.register("shown", shown.with_columns(pl.lit("email").alias("identifier_type")).to_arrow())
            con.execute("insert into entities.int_identifiers by name select distinct * from shown")
    _build(settings, "resource_type:seed")
    _build(settings, IDENTITY_MODELS)


def land_demo(settings: Settings, customers: int, *, seed: int = 20261031) -> float:
    """Generate the demo company into a house, land it and build up to the evidence of identity.

    Returns:
        Seconds dbt took from the entities to the evidence.
    """
    generate(settings.landing_dir, settings.home / "truth", customers=customers, seed=seed)
    landing.land(settings)
    contracts = load_contracts(settings.systems)
    with warehouse.connect(settings, read_only=False) as con:
        write_run_settings(con, settings, contracts, register_raw(con, settings, contracts), "benchmark")
    _build(settings, "resource_type:seed")
    _build(settings, "path:models/staging,resource_type:model path:models/intermediate/entities,resource_type:model")
    started = time.perf_counter()
    _build(settings, IDENTITY_MODELS)
    return time.perf_counter() - started


def demo_truth(settings: Settings) -> pl.DataFrame:
    """``node_id``, ``entity`` of every record of the demo behind which one known person stands."""
    parts = [pl.read_parquet(path) for path in sorted((settings.home / "truth").glob("nodes*.parquet"))]
    return pl.concat(parts).drop_nulls("person_id").select("node_id", pl.col("person_id").alias("entity"))


def _build(settings: Settings, select: str) -> None:
    with _environment(settings.environ()):
        dbt_runner.load_manifest(settings)
        results = dbt_runner.build(settings, select.split())
    if bad := [f"{r.name}: {r.message}" for r in results if r.status not in ("success", "pass", "no-op")]:
        raise RuntimeError(f"dbt does not build {select}: {'; '.join(bad)}")


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """dbt reads the house from the environment of this process."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def resolved(settings: Settings, people: People) -> pl.DataFrame:
    """Resolve the landed people: ``cluster``, ``entity``, one row per record."""
    resolve(settings, run_id="benchmark")
    found = warehouse.read(settings, MAP_TABLE, ["node_id", "customer_id"])
    return found.join(people.truth, on="node_id").select(pl.col("customer_id").alias("cluster"), "entity")


def compared(settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The second pass on a built warehouse: links of what the rules settle before it (``node_id_a``, ``node_id_b``),
    and its pairs with their ``confidence``.
    """
    rules = load_rules()
    with warehouse.connect(settings) as con:
        settled = parts(read_inputs(con, rules), rules)
    pairs = second_pass(settings, settled).pairs
    ids = settled["node_id"]
    links = settled.select(
        pl.col("node_id").first().over("part").alias("node_id_a"), pl.col("node_id").alias("node_id_b")
    )
    return links, pairs.select(
        ids.gather(pairs["a"]).alias("node_id_a"), ids.gather(pairs["b"]).alias("node_id_b"), "confidence"
    )


def _columns(path: Path) -> list[tuple[str, str]]:
    (model,) = yaml.safe_load(path.read_text())["models"]
    return [(column["name"], column["data_type"]) for column in model["columns"]]
