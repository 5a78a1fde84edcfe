"""dbt inside a test: run it on a warehouse of its own, and make raw relations for it.

Belongs here: what several dbt tests share. Stays out: tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines import warehouse
from pipelines.contract import load_contracts
from pipelines.defs import dbt_runner
from pipelines.ingest.raw import register_raw, write_run_settings
from pipelines.settings import Settings


def dbt(settings: Settings, *arguments: str) -> dict[str, str]:
    """Run dbt in this process; the status of each node by name."""
    dbt_runner.ensure_manifest(settings)
    outcome = dbt_runner._invoke(settings, list(arguments), manifest=dbt_runner._load_parsed(settings))
    results: Any = outcome.results
    return {result.node.name: f"{result.status}: {result.message}" for result in results}


def failed(statuses: Mapping[str, str]) -> dict[str, str]:
    return {name: status for name, status in statuses.items() if not status.startswith(("pass", "success"))}


def prepare(settings: Settings) -> None:
    """Raw relations and run settings over whatever has landed."""
    contracts = load_contracts(settings.systems)
    with warehouse.connect(settings, read_only=False) as con:
        manifest = register_raw(con, settings, contracts)
        write_run_settings(con, settings, contracts, manifest, "run-1")
