"""Put the graph together: a fresh ``Definitions`` on every call, so that a test or a run overrides what it likes.

Belongs here: the list of parts. Stays out: what the parts do. Building opens no socket and no database.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from pipelines.defs import dbt_runner
from pipelines.defs.analytics import build_analytics_assets
from pipelines.defs.dbt import build_dbt_assets
from pipelines.defs.identity import build_identity_asset
from pipelines.defs.ingest import build_ingest_assets
from pipelines.defs.jobs import build_jobs
from pipelines.defs.progress import LOGGER, progress_logger
from pipelines.defs.publish import build_publish_assets
from pipelines.defs.quality import build_landing_checks
from pipelines.defs.resources import house_resource
from pipelines.defs.schedules import build_schedules
from pipelines.defs.sensors import build_sensors
from pipelines.settings import Settings, load_settings


def build_defs(*, settings: Settings | None = None, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The whole graph for these settings (those of the environment unless given); ``resources`` override ours.

    Raises:
        SettingsError, ContractError, DbtError: the settings, a landing contract or the dbt project is wrong.
    """
    chosen = settings or load_settings()
    manifest = dbt_runner.load_manifest(chosen)
    landing_checks = build_landing_checks(chosen)
    return dg.Definitions(
        assets=[
            *build_ingest_assets(chosen),
            *build_dbt_assets(manifest),
            build_identity_asset(manifest),
            *build_analytics_assets(),
            build_publish_assets(chosen),
        ],
        asset_checks=[landing_checks],
        jobs=build_jobs(chosen.systems, landing_checks),
        schedules=build_schedules(chosen),
        sensors=build_sensors(chosen),
        resources={"house": house_resource(chosen), **(resources or {})},
        loggers={LOGGER: progress_logger, "console": dg.colored_console_logger},
        executor=dg.in_process_executor,
    )
