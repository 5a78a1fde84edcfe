"""Identity benchmark: accuracy and speed beside stock Splink, on the same records in the same run.

``python -m benchmarks.identity`` (``make bench-identity``) writes ``benchmarks/results/identity_<customers>.json``:

* ``public``: FEBRL 1-3 and fake_1000. Ours is the product's own path: dbt models, rules, the second pass trained on the
  set, clustering with guards and stable ids, at the automatic threshold. Stock Splink is what its documentation
  recommends (``benchmarks.splink_stock``) on the same fields, clustered at 0.9, 0.95 and at our threshold.
* ``demo``: the demo company against its hidden truth, for all records and for those that show a name or a contact, by
  the rules alone and with the second pass.
* ``speed``: evidence to ids of the demo's records (shipped parameters; training is timed beside it) and stock Splink
  deduplicating the records that show a name or a contact. What dbt takes to make the evidence is told apart.
* ``ids``: reading, clustering, limits and stable ids alone, on a million made records of which some dispute a value.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import polars as pl
import psutil

from benchmarks import people as data
from benchmarks import splink_stock
from pipelines import warehouse
from pipelines.identity import features
from pipelines.identity.accuracy import accuracy, clusters_of
from pipelines.identity.evidence import read_inputs
from pipelines.identity.ledger import LEDGER_SCHEMA
from pipelines.identity.model import load_model_settings
from pipelines.identity.resolve import Resolution, resolve, resolve_records
from pipelines.identity.rules import load_rules
from pipelines.identity.stable import HISTORY_SCHEMA, Run
from pipelines.identity.state import State, nothing_kept
from pipelines.identity.store import MAP_TABLE
from pipelines.identity.train import train
from pipelines.settings import PROJECT_ROOT, Settings, load_settings, utc_now

RESULTS = PROJECT_ROOT / "benchmarks" / "results"
AUTO_LINK = load_rules().thresholds.auto_link
STOCK_THRESHOLDS = (0.9, 0.95, AUTO_LINK)
SHOWN = ("pair_precision", "pair_recall", "pair_f1", "b3_precision", "b3_recall", "b3_f1", "exact_share")

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """The result, its seconds and the highest resident memory of this process meanwhile."""
    peak, done = [0], threading.Event()
    process = psutil.Process()

    def watch() -> None:
        while not done.wait(0.1):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    started = time.perf_counter()
    try:
        result = work()
    finally:
        seconds = time.perf_counter() - started
        done.set()
        watcher.join()
    return result, {"seconds": round(seconds, 2), "peak_bytes": max(peak[0], process.memory_info().rss)}


def public(folder: Path, scratch: Path) -> list[dict[str, Any]]:
    """One entry a public data set: ours and stock, each with accuracy and seconds."""
    sets = [*(data.febrl(folder, number) for number in (1, 2, 3)), data.fake_1000(folder)]
    return [_public_set(people, scratch / people.name) for people in sets]


def _public_set(people: data.People, home: Path) -> dict[str, Any]:
    settings = load_settings({"JOURNEYLINE_HOME": str(home), "JOURNEYLINE_ENV": "prod"})
    data.land(settings, people)
    trained, training = timed(lambda: train(settings))
    found, resolving = timed(lambda: data.resolved(settings, people))
    entry: dict[str, Any] = {
        "name": people.name,
        "records": people.profiles.height,
        "fields": [name for name in people.profiles.columns if name != "node_id"],
        "ours": {
            "threshold": AUTO_LINK,
            "household_share": trained.parameters.household_share,
            **_shown(found),
            "train": training,
            "resolve": resolving,
        },
        "stock": [],
    }
    stock = splink_stock.FAKE_1000 if people.name == "fake_1000" else splink_stock.FEBRL
    with warehouse.memory(settings) as con:
        clusters, whole = timed(
            lambda: splink_stock.cluster(con, splink_stock.columns(people.profiles), stock, STOCK_THRESHOLDS)
        )
    entry["ours_by_threshold"] = _by_threshold(settings, people)
    entry["stock_train_and_cluster"] = whole
    for threshold, clustering in clusters.items():
        entry["stock"].append({"threshold": threshold, **_shown(clustering.join(people.truth, on="node_id"))})
    return entry


def _by_threshold(settings: Settings, people: data.People) -> list[dict[str, Any]]:
    """Our links as plain components at stock's thresholds: like for like."""
    rules, pairs = data.compared(settings)
    found = []
    for threshold in STOCK_THRESHOLDS:
        sure = pairs.filter(pl.col("confidence") >= threshold).select("node_id_a", "node_id_b")
        clusters = clusters_of(people.truth["node_id"], pl.concat([rules, sure]))
        found.append({"threshold": threshold, **_shown(clusters.join(people.truth, on="node_id"))})
    return found


def demo(settings: Settings) -> dict[str, Any]:
    """The demo's records against their hidden truth, by the rules alone and with the second pass."""
    truth = data.demo_truth(settings)
    shown = warehouse.read(settings, features.RECORDS_TABLE, ["node_id"])["node_id"]
    resolve(settings, run_id="benchmark")
    found = warehouse.read(settings, MAP_TABLE, ["node_id", "customer_id"]).rename({"customer_id": "cluster"})
    found = found.join(truth, on="node_id")
    _, pairs = data.compared(settings)
    named = truth.rename({"node_id": "node_id_a", "entity": "entity_a"})
    other = truth.rename({"node_id": "node_id_b", "entity": "entity_b"})
    judged = pairs.join(named, on="node_id_a").join(other, on="node_id_b")
    judged = judged.with_columns((pl.col("entity_a") == pl.col("entity_b")).alias("is_right"))
    sure = judged.filter(pl.col("confidence") >= AUTO_LINK)
    return {
        "all_records": _shown(found),
        "records_with_name_or_contact": _shown(found.filter(pl.col("node_id").is_in(shown.implode()))),
        "model_links": {"n": sure.height, "right": int(sure["is_right"].sum())},
        "review_pairs": {
            "n": judged.height - sure.height,
            "right": int(judged["is_right"].sum() - sure["is_right"].sum()),
        },
    }


def ids(nodes: int) -> dict[str, Any]:
    """From evidence to stable ids alone, on ``nodes`` made records: first run, then a run like it that knows the ids.

    Five records a person with one account; some e-mails are shared by two persons and some phones by neighbours, so
    that one link in ten is disputed.
    """
    number = pl.int_range(nodes, eager=True)
    node = pl.select(pl.format("s:x:{}", number.cast(pl.String).str.zfill(9))).to_series()
    frame = pl.DataFrame({"node_id": node}).with_columns(
        pl.lit("s").alias("system"),
        pl.lit("x").alias("profile_kind"),
        pl.lit(value=False).alias("is_staff"),
        pl.lit("Anna").alias("first_name"),
        pl.lit(None, dtype=pl.String).alias("full_name"),
    )
    person = number // 5
    links = [
        _links(node, number - number % 5, "shop_customer", person),
        _links(node, (number // 4) * 4, "phone", number // 4).filter(pl.col("identifier_value").str.ends_with("7")),
        _links(node, (number // 10) * 10, "email", person // 2).filter(pl.col("identifier_value").str.ends_with("3")),
    ]
    accounts = pl.DataFrame({"node_id": node, "key_value": person.cast(pl.String)}).with_columns(
        pl.lit("shop_customer").alias("key_type")
    )
    tables = {
        "entities.int_profiles": frame,
        "identity.int_identity__edges": pl.concat(links),
        "identity.int_identity__unique_keys": accounts,
        "identity.int_identity__blocked": pl.DataFrame(schema={"reason": pl.String}),
        **{f"seeds.identity_{name}_match": pl.DataFrame(schema=LEDGER_SCHEMA) for name in ("never", "always")},
    }
    rules = load_rules()

    def resolved(before: State, run: Run) -> Resolution:
        return resolve_records(read_inputs(con, rules, before), rules, run)

    with duckdb.connect() as con:
        for name, made in tables.items():
            con.register("made", made.to_arrow())
            con.execute(f"create schema if not exists {name.partition('.')[0]}")
            con.execute(f"create table {name} as select * from made")
        first, cold = timed(lambda: resolved(nothing_kept(), Run("first", datetime(2026, 1, 1))))  # noqa: DTZ001
        history = pl.concat(first.names.told(first.history, HISTORY_SCHEMA))
        before = replace(nothing_kept(), history=history.lazy(), events=first.events.lazy())
        again, warm = timed(lambda: resolved(before, Run("second", datetime(2026, 1, 2))))  # noqa: DTZ001
    return {
        "nodes": nodes,
        "edges": sum(each.height for each in links),
        "skipped": first.skipped.height,
        "persons": first.clusters.height,
        "events_of_second_run": again.events.height,
        "first_run": cold,
        "second_run": warm,
    }


def _links(node: pl.Series, to: pl.Series, rule: str, value: pl.Series) -> pl.DataFrame:
    """Star edges from each record to another, by number."""
    made = pl.DataFrame({"node_id_a": node.gather(to), "node_id_b": node, "identifier_value": value.cast(pl.String)})
    return made.filter(pl.col("node_id_a") != pl.col("node_id_b")).with_columns(
        pl.lit(rule).alias("rule"),
        pl.lit(rule).alias("identifier_type"),
        pl.lit(None, dtype=pl.Datetime("us")).alias("observed_at"),
    )


def speed(settings: Settings) -> dict[str, Any]:
    """Evidence to ids beside stock Splink on the same records."""
    _, training = timed(lambda: train(settings, path=settings.temp_dir / "benchmark_parameters.json"))
    stats, ours = timed(lambda: resolve(settings, run_id="benchmark"))
    with warehouse.connect(settings) as con:
        records = con.sql(
            f"""
            select
                node_id, given_name as first_name, family_name as last_name, birth_date,
                street, house_number, postal_code, city, email, phone
            from {features.RECORDS_TABLE}
            """
        ).pl()
    with warehouse.memory(settings) as con:
        clusters, stock = timed(lambda: splink_stock.cluster(con, records, splink_stock.DEMO, (0.95,)))
    judged = clusters[0.95].join(data.demo_truth(settings), on="node_id")
    return {
        "source_records": stats.n_nodes,
        "records_with_name_or_contact": records.height,
        "rule_edges": stats.n_edges - stats.n_model_edges,
        "model_edges": stats.n_model_edges,
        "ours_edges_to_ids": ours,
        "ours_train": training,
        "stock_train_and_cluster": stock,
        "stock_accuracy": _shown(judged),
        "ours_per_stock": round(ours["seconds"] / stock["seconds"], 3),
        "ours_with_training_per_stock": round((ours["seconds"] + training["seconds"]) / stock["seconds"], 3),
    }


def _shown(found: pl.DataFrame) -> dict[str, float]:
    measured = accuracy(found.select("cluster", "entity")).as_dict()
    return {name: round(measured[name], 4) for name in SHOWN} | {
        name: measured[name] for name in ("n_over_merged", "n_under_merged")
    }


def main() -> None:
    """Run the benchmark and write its record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=3000)
    parser.add_argument("--nodes", type=int, default=1_000_000, help="records of the part ids")
    parser.add_argument("--only", choices=["public", "demo", "speed", "ids"], action="append")
    options = parser.parse_args()
    wanted = options.only or ["public", "demo", "speed", "ids"]
    folder = Path(os.environ.get("JOURNEYLINE_REAL_DATA") or PROJECT_ROOT.parent / "shared" / "data")
    scratch = Path(tempfile.mkdtemp(prefix="journeyline-bench-"))
    result: dict[str, Any] = {
        "measured_at": utc_now().isoformat(timespec="seconds"),
        "threads": load_settings().threads,
        "auto_link": AUTO_LINK,
        "model_settings": load_model_settings().hash,
    }
    try:
        if "public" in wanted:
            if (folder / "febrl").is_dir():
                result["public"] = public(folder, scratch)
            else:
                print(f"no public data at {folder} (JOURNEYLINE_REAL_DATA): that part is left out", file=sys.stderr)
        if "ids" in wanted:
            result["ids"] = ids(options.nodes)
        if {"demo", "speed"} & set(wanted):
            settings = load_settings({"JOURNEYLINE_HOME": str(scratch / "demo"), "JOURNEYLINE_ENV": "prod"})
            result["customers"] = options.customers
            result["dbt_evidence_seconds"] = round(data.land_demo(settings, options.customers), 2)
            result |= {name: part(settings) for name, part in (("speed", speed), ("demo", demo)) if name in wanted}
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    target = RESULTS / f"identity_{options.customers}.json"
    target.write_text(json.dumps(result, indent=1) + "\n")
    _tell(result)
    print(target.relative_to(PROJECT_ROOT))


def _tell(result: dict[str, Any]) -> None:
    for entry in result.get("public", []):
        stock = " ".join(f"{each['pair_f1']:.4f} (at {each['threshold']})" for each in entry["stock"])
        ours = " ".join(f"{each['pair_f1']:.4f}" for each in entry["ours_by_threshold"])
        print(
            f"{entry['name']:<10} pairwise F1: ours {entry['ours']['pair_f1']:.4f}, stock {stock}; ours at those {ours}"
        )
    if "ids" in result:
        print(f"ids        {json.dumps(result['ids'])}")
    if "demo" in result:
        print(f"demo       {json.dumps(result['demo'])}")
    if "speed" in result:
        print(f"speed      {json.dumps(result['speed'])}")


if __name__ == "__main__":
    main()
