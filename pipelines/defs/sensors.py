"""What starts a refresh on an event: new files in the landing folder.

Belongs here: sensors. Stays out: deciding whether a file is new to the raw layer (landing does, by its bytes).
"""

import hashlib

import dagster as dg

from pipelines.contract import load_contracts
from pipelines.defs.home import is_locked
from pipelines.ingest.landing import table_files
from pipelines.settings import Settings

INTERVAL_SECONDS = 60


def build_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """``new_files``: starts ``refresh_all`` when the listing of the landing folder changed and nothing is running."""

    @dg.sensor(
        name="new_files",
        job_name="refresh_all",
        minimum_interval_seconds=INTERVAL_SECONDS,
        description="Starts a refresh when files of an enabled system arrive or change; its cursor is their listing.",
    )
    def new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        found = listing(settings)
        if not found:
            return dg.SkipReason(f"no file of {', '.join(settings.systems)} in the landing folder")
        cursor = hashlib.sha256("\n".join(found).encode()).hexdigest()
        if cursor == context.cursor:
            return dg.SkipReason("nothing new in the landing folder")
        if is_locked(settings):
            return dg.SkipReason("a refresh is running; looking again afterwards")
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=cursor)], cursor=cursor)

    return [new_files]


def listing(settings: Settings) -> list[str]:
    """Every file of the enabled systems with size and time of change, sorted by name."""
    contracts = load_contracts(settings.systems, settings.project_root).values()
    paths = {path for contract in contracts for table in contract.tables for path in table_files(settings, table)}
    stats = ((path, path.stat()) for path in sorted(paths))
    return [f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats]
