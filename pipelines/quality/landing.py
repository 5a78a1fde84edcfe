"""The checks of what landed: suites of ``expectations/landing`` against ``raw.<system>__<table>``.

Belongs here: which tables, with which parameters, and not asking twice about the same bytes. Stays out: how a suite
is run (``gx``) and what a failure stops (the Dagster checks and ``publish``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from pipelines import warehouse
from pipelines.files import write_atomically
from pipelines.quality import gx
from pipelines.quality.results import CheckResult, from_json, to_json
from pipelines.quality.revision import code_revision
from pipelines.quality.suites import Suite, SuiteError, load_suite
from pipelines.settings import Settings

LAYER = "raw"


def check_landing(settings: Settings, tables: Sequence[str]) -> list[CheckResult]:
    """Check landed tables (named ``<system>__<table>``) against their suites, all in one pass.

    A table's answers are kept with a key over its landed batches, its suite, the run's parameters and the code. Where
    the key is the same, the kept answers are returned: the same question about the same bytes has the same answer,
    and a refresh with nothing new does not pay for it again. Returns results in the order of ``tables``.

    Raises:
        WarehouseError: the warehouse is missing or held by a writer.
        SuiteError: an item of a suite names something that does not exist.
    """
    parameters, batches = _run(settings)
    revision = code_revision(settings.project_root)
    keys = {table: _key(table, batches.get(table, []), parameters, revision) for table in tables}
    answers = {table: kept for table in tables if (kept := _kept(settings, table, keys[table])) is not None}
    targets = [
        gx.Target(table=table, relation=f"raw.{table}", suite=_suite(settings, table))
        for table in tables
        if table not in answers
    ]
    if targets:
        warehouse.let_go(settings)
        fresh = gx.validate(
            settings.warehouse_path,
            targets,
            layer=LAYER,
            parameters=parameters,
            memory_limit=settings.memory_limit,
            threads=settings.threads,
            temp_directory=settings.temp_dir,
        )
        for target in targets:
            answers[target.table] = [result for result in fresh if result.table == target.table]
            _keep(settings, target.table, keys[target.table], answers[target.table])
    return [result for table in tables for result in answers[table]]


def _suite(settings: Settings, table: str) -> Suite | SuiteError:
    try:
        return load_suite(settings.expectations_dir / "landing", table)
    except SuiteError as error:
        return error


def _run(settings: Settings) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The parameters of the run and the landed batches by table, read in one short connection."""
    with warehouse.connect(settings) as con:
        as_of, as_of_date, min_cell = _one(con, "select as_of, as_of_date, min_cell from raw.run_settings")
        rows = con.execute(
            "select system || '__' || table_name, list_sort(list(batch_id)) from raw.load_manifest"
            " where status = 'landed' group by all"
        ).fetchall()
    parameters = {"as_of": f"timestamp '{as_of}'", "as_of_date": f"date '{as_of_date}'", "min_cell": str(min_cell)}
    return parameters, dict(rows)


def _one(con: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    row = con.execute(query).fetchone()
    if row is None:
        raise warehouse.WarehouseError("raw.run_settings is empty: run 'journeyline refresh' first")
    return tuple(row)


def _key(table: str, batches: Sequence[str], parameters: Mapping[str, str], revision: str) -> str:
    parts = json.dumps([table, batches, sorted(parameters.items()), revision])
    return hashlib.sha256(parts.encode()).hexdigest()


def _path(settings: Settings, table: str) -> Path:
    return settings.home / "quality" / "landing" / f"{table}.json"


def _kept(settings: Settings, table: str, key: str) -> list[CheckResult] | None:
    path = _path(settings, table)
    if not path.is_file():
        return None
    document = json.loads(path.read_text("utf-8"))
    return from_json(json.dumps(document["results"])) if document["key"] == key else None


def _keep(settings: Settings, table: str, key: str, results: Sequence[CheckResult]) -> None:
    """Only answers that could be computed are kept: an error is asked again next time."""
    if any(result.status == "error" for result in results):
        return
    path = _path(settings, table)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({"key": key, "results": json.loads(to_json(results))}, ensure_ascii=False))
