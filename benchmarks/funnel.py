"""Funnel levels beside ClickHouse's windowFunnel: the same random events, every mode, levels and time, as JSON.

Belongs here: the comparison. Stays out: the models. chdb is needed (extra ``benchmarks``); the project
does not depend on it. Events have ties, repeats and strangers, which is where implementations part.

Example: python -m benchmarks.funnel --events 1000000 --json build/funnel.json
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from pipelines import warehouse
from pipelines.defs import dbt_runner
from pipelines.funnels import MODES, Funnel, funnel_tables, write_funnels
from pipelines.settings import load_settings

MODELS = ("funnel_*", "agg_funnel_levels")
STEPS, WINDOW_SECONDS, PER_PERSON = "abcd", 600, 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, default=Path("build/funnel.json"))
    options = parser.parse_args()
    rng = np.random.default_rng(20261031)
    with tempfile.TemporaryDirectory() as folder:
        drawn = pl.DataFrame(
            {
                "person": rng.integers(0, max(options.events // PER_PERSON, 1), options.events),
                "second": rng.integers(0, 1500, options.events),
                "kind": rng.choice(list("aabbccdx"), options.events),
            }
        )
        parquet = Path(folder) / "events.parquet"
        drawn.with_columns(pl.col("second").cast(pl.UInt64)).write_parquet(parquet)
        modes = [tuple(picked) for n in range(len(MODES) + 1) for picked in itertools.combinations(MODES, n)]
        results = [compare(Path(folder) / f"house{n}", parquet, picked) for n, picked in enumerate(modes)]
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"events": options.events, "modes": results}, indent=2))
    print(options.json.read_text())


def compare(home: Path, parquet: Path, modes: tuple[str, ...]) -> dict[str, object]:
    """Levels and seconds of both for one mixture of modes."""
    start = time.perf_counter()
    theirs = clickhouse(parquet, modes)
    chdb_seconds = time.perf_counter() - start
    ours, model_seconds = journeyline(home, parquet, modes)
    joined = theirs.join(ours, on="person", how="left").with_columns(pl.col("level").fill_null(0))
    return {
        "mode": list(modes) or ["default"],
        "persons": joined.height,
        "persons_that_differ": joined.filter(pl.col("level") != pl.col("theirs")).height,
        "mean_level": round(float(joined.select(pl.col("level").mean()).item()), 4),
        "model_seconds": round(model_seconds, 2),
        "chdb_seconds": round(chdb_seconds, 2),
    }


def clickhouse(parquet: Path, modes: tuple[str, ...]) -> pl.DataFrame:
    """``person, theirs`` by windowFunnel."""
    import chdb  # noqa: PLC0415

    named = "".join(f", '{mode}'" for mode in modes)
    steps = ", ".join(f"kind = '{step}'" for step in STEPS)
    told = chdb.query(
        f"select person, toInt32(windowFunnel({WINDOW_SECONDS}{named})(second, {steps})) as theirs"
        f" from file('{parquet}') group by person",
        "Parquet",
    )
    return pl.read_parquet(told.bytes())


def journeyline(home: Path, parquet: Path, modes: tuple[str, ...]) -> tuple[pl.DataFrame, float]:
    """``person, level`` by the models as dbt builds them, and their seconds."""
    settings = load_settings({"JOURNEYLINE_HOME": str(home)})
    funnel = Funnel.model_validate(
        {
            "name": "f",
            "description": "random events of the benchmark",
            "unit": "customer",
            "window": f"{WINDOW_SECONDS} seconds",
            "mode": modes or "default",
            "steps": [{"name": step, "event_type": step} for step in STEPS],
        }
    )
    with warehouse.connect(settings, read_only=False) as con:
        write_funnels(con, funnel_tables([funnel]))
        _inputs(con, parquet)
    if home.name != "house0":
        dbt_runner.copy_parsed(load_settings({"JOURNEYLINE_HOME": str(home.parent / "house0")}), settings)
    dbt_runner.ensure_manifest(settings)
    # The tests of the tables read others that are not here: models only.
    results = dbt_runner.build(settings, [f"{name},resource_type:model" for name in ("dim_funnel_steps", *MODELS)])
    seconds = sum(result.seconds for result in results if result.name != "dim_funnel_steps")
    found = warehouse.read(settings, "journey.agg_funnel_levels", ["unit_id", "level"])
    return found.select(pl.col("unit_id").cast(pl.Int64).alias("person"), "level"), seconds


def _inputs(con: duckdb.DuckDBPyConnection, parquet: Path) -> None:
    texts = ["stage", "cart_ref", "device_ref", "order_id", "product_id", "product_line", "campaign_ref"]
    texts += ["channel", "region", "device_category", "system"]
    con.execute("create schema core; create schema journey")
    con.execute("create table raw.run_settings as select timestamp '2027-01-01' as as_of, 'UTC' as reporting_time_zone")
    con.execute(
        f"""
        create table core.fct_events as
        select
            cast(file_row_number as varchar) as event_id,
            kind as event_type,
            cast(person as varchar) as customer_id,
            timestamp '2026-01-01' + cast(second as integer) * interval 1 second as event_at,
            false as is_bot,
            false as is_staff,
            {", ".join(f"cast(null as varchar) as {name}" for name in texts)}
        from read_parquet('{parquet}', file_row_number = true)
        """
    )
    span = "cast(null as timestamp)"
    unit = "null::varchar as customer_id, null::varchar as region, null::varchar as device_category"
    con.execute(
        f"create table journey.fct_carts as select null::varchar as cart_id, null::varchar as first_cart_ref,"
        f" {span} as started_at, null::varchar as channel, {unit} limit 0;"
        f" create table journey.fct_sessions as select null::varchar as session_id, null::varchar as device_ref,"
        f" {span} as started_at, {span} as ended_at, null::varchar as channel, {unit} limit 0"
    )


if __name__ == "__main__":
    main()
