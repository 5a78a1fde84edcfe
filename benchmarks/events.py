"""Sessions, carts and funnels on a log of millions of events: the house's own models, their seconds and peak memory.

``python -m benchmarks.events --events 10000000`` writes the log (``benchmarks.event_log``), lets dbt build and test the
models on a small one, and then runs the very SQL dbt compiled over the large one, a process for each part, under the
given memory limit: ``benchmarks/results/events_<events>.json``. The funnel of purchases is found once more alone,
beside ClickHouse's windowFunnel (chdb) on the same Parquet with the same threads, and all persons' levels are compared.
Seconds of the processor stand beside those of the clock: they hold on a machine that does other things as well.

chdb is no requirement of the project (extra ``benchmarks``): without it the house is timed alone.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import event_log
from benchmarks.scale import RESULTS, run_measured
from pipelines import warehouse
from pipelines.defs import dbt_runner
from pipelines.funnels import load_funnels
from pipelines.settings import PROJECT_ROOT, Settings, load_settings, utc_now

FUNNEL = "purchase"
FUNNEL_MODELS = ("dim_funnel_steps", "funnel_*", "agg_funnel_levels")
PARTS = {
    "sessions": ("bridge_device_owners", "fct_sessions"),
    "carts": ("path:models/marts/journey/carts", "fct_carts"),
    "funnels": FUNNEL_MODELS,
    FUNNEL: FUNNEL_MODELS,
}
"""What is timed, by its models. The causes of a cart are part of it; the last part is one funnel alone."""
SMALL_LOG = 20_000
INSTALL = "chdb is not installed, so nothing is compared: pip install 'chdb==4.4.0' into this environment and run again"


def benchmark(events: int, home: Path, memory_limit: str) -> dict[str, Any]:
    """Generate and run below ``home``; returns the record that is written."""
    environ = dict(
        os.environ, JOURNEYLINE_HOME=str(home), JOURNEYLINE_ENV="prod", JOURNEYLINE_MEMORY_LIMIT=memory_limit
    )
    settings = load_settings(environ)
    generated = _part("generate", events, environ)
    parts = {part: _part(part, events, environ) for part in PARTS}
    chdb = _part("chdb", events, environ) if importlib.util.find_spec("chdb") else None
    return {
        "events": generated["web_events"],
        "measured_at": utc_now().isoformat(timespec="seconds"),
        "threads": settings.threads,
        "memory_limit": memory_limit,
        "generate": generated,
        "parts": parts,
        "peak_bytes": max(part["peak_bytes"] for part in parts.values()),
        "chdb": chdb or INSTALL,
        "comparison": compare(settings, parts[FUNNEL], chdb) if chdb else None,
    }


def compare(settings: Settings, ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Levels of every person by both, and the ratio of the times. Who did not enter has level 0."""
    with warehouse.connect(settings) as con:
        persons, differ = con.sql(
            f"""
            select count(*), count(*) filter (where coalesce(ours.level, 0) <> coalesce(theirs.level, 0))
            from journey.agg_funnel_levels as ours
            full join read_parquet('{_levels_file(settings)}') as theirs on ours.unit_id = theirs.customer_id
            """
        ).fetchall()[0]
    return {
        "funnel": FUNNEL,
        "persons": persons,
        "persons_that_differ": differ,
        **{
            key: {"model": ours[key], "chdb": theirs[key], "ratio": round(ours[key] / theirs[key], 2)}
            for key in ("seconds", "cpu_seconds")
        },
    }


def _part(part: str, events: int, environ: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.events", "--part", part, "--events", str(events)]
    measured = run_measured(command, environ)
    if measured.code != 0:
        raise SystemExit(f"{part} ended with exit code {measured.code}:\n{measured.stdout[-2000:]}")
    told: dict[str, Any] = json.loads(measured.stdout.splitlines()[-1])
    return told | {"peak_bytes": measured.peak}


def run_part(part: str, events: int, settings: Settings) -> dict[str, Any]:
    """One part in this process; what it has to say of itself."""
    if part == "generate":
        return generate(settings, events)
    if part == "chdb":
        return clickhouse(settings)
    models = {}
    with warehouse.connect(settings, read_only=False) as con:
        event_log.define(con, *([FUNNEL] if part == FUNNEL else []))
        views = {name for (name,) in con.sql("select view_name from duckdb_views()").fetchall()}
        for relation, compiled in json.loads(_compiled_file(settings).read_text())[part]:
            if relation.rpartition(".")[2].strip('"') in views:
                continue
            wall, processor = time.perf_counter(), time.process_time()
            con.execute(f"create or replace table {relation} as {Path(compiled).read_text()}")
            models[relation] = {
                "rows": con.table(relation).count("*").fetchall()[0][0],
                "seconds": round(time.perf_counter() - wall, 2),
                "cpu_seconds": round(time.process_time() - processor, 2),
            }
    totals = {key: round(sum(told[key] for told in models.values()), 2) for key in ("seconds", "cpu_seconds")}
    return totals | {"models": models}


def generate(settings: Settings, events: int) -> dict[str, Any]:
    """The logs, the models built by dbt on the small one, and where it left what it compiled."""
    small = settings.home / "small"
    event_log.generate(settings, small, SMALL_LOG)
    event_log.lay_out(settings, small)
    dbt_runner.ensure_manifest(settings)
    _build(settings, "resource_type:seed")
    compiled = {}
    for part, models in PARTS.items():
        built = _build(settings, *models)
        compiled[part] = [(r.relation, r.compiled_path) for r in built if r.resource_type == "model"]
    _compiled_file(settings).write_text(json.dumps(compiled))
    counted = event_log.generate(settings, _log(settings), events)
    event_log.lay_out(settings, _log(settings))
    return dict(counted)


def _build(settings: Settings, *select: str) -> list[dbt_runner.NodeResult]:
    results = dbt_runner.build(settings, select)
    if bad := [f"{r.name}: {r.message}" for r in results if r.status not in ("success", "pass", "no-op")]:
        raise SystemExit(f"dbt does not build {' '.join(select)}: {'; '.join(bad)}")
    return results


def clickhouse(settings: Settings) -> dict[str, Any]:
    """windowFunnel over the log, with the events and people the house counts; levels land in a file beside the log."""
    import chdb  # noqa: PLC0415

    (funnel,) = (funnel for funnel in load_funnels() if funnel.name == FUNNEL)
    types = [kind for step in funnel.steps for kind in step.event_type]
    steps = ", ".join(f"event_type = '{kind}'" for kind in types)
    window = funnel.window * 1_000_000
    wall, processor = time.perf_counter(), time.process_time()
    chdb.query(
        f"""
        select
            customer_id,
            toInt32(windowFunnel({window})(toUInt64(toUnixTimestamp64Micro(event_at)), {steps})) as level
        from file('{event_log.files(_log(settings), "log")}')
        where not is_bot and event_type in ({", ".join(f"'{kind}'" for kind in types)})
        group by customer_id
        having level > 0
        into outfile '{_levels_file(settings)}' truncate
        format Parquet
        settings max_threads = {settings.threads}
        """
    )
    return {
        "seconds": round(time.perf_counter() - wall, 2),
        "cpu_seconds": round(time.process_time() - processor, 2),
        "version": chdb.__version__,
    }


def _log(settings: Settings) -> Path:
    return settings.home / "events"


def _compiled_file(settings: Settings) -> Path:
    return settings.home / "compiled.json"


def _levels_file(settings: Settings) -> Path:
    return settings.home / "chdb_levels.parquet"


def main() -> None:
    """Run the benchmark and write its record, or run the one part a process of its own is for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--memory-limit", default="6GB", help="of DuckDB; Python and dbt come on top")
    parser.add_argument("--home", type=Path, help="folder for the run; kept when given, else a temporary one")
    parser.add_argument("--part", choices=["generate", *PARTS, "chdb"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        print(json.dumps(run_part(options.part, options.events, load_settings())))
        return
    home = options.home or Path(tempfile.mkdtemp(prefix="journeyline-bench-"))
    home.mkdir(parents=True, exist_ok=True)
    try:
        record = benchmark(options.events, home.resolve(), options.memory_limit)
    finally:
        if options.home is None:
            shutil.rmtree(home, ignore_errors=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    target = RESULTS / f"events_{options.events}.json"
    target.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    seconds = {part: told["seconds"] for part, told in record["parts"].items()}
    shown = {"events": record["events"], "seconds": seconds, "peak_bytes": record["peak_bytes"]}
    print(json.dumps(shown | {"comparison": record["comparison"], "written": str(target.relative_to(PROJECT_ROOT))}))
    if record["comparison"] is None:
        print(record["chdb"])
    elif record["comparison"]["persons_that_differ"]:
        raise SystemExit("levels differ from windowFunnel's")


if __name__ == "__main__":
    main()
