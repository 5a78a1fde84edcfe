"""When the refresh starts by the clock.

Belongs here: schedules. Stays out: what starts on an event (``sensors``).
"""

import dagster as dg

from pipelines.contract import load_contracts
from pipelines.settings import Settings


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """``nightly_refresh``: 02:00 in the reporting time zone; switched on in the UI, once there is data to refresh."""
    return [
        dg.ScheduleDefinition(
            name="nightly_refresh",
            job_name="refresh_all",
            cron_schedule="0 2 * * *",
            execution_timezone=reporting_time_zone(settings),
            description="Land, build, check and publish every night, before the reporting time zone's working day.",
        )
    ]


def reporting_time_zone(settings: Settings) -> str:
    """The configured zone, else the one the enabled sources agree on, else UTC (a refresh will ask for a decision)."""
    if settings.reporting_time_zone:
        return settings.reporting_time_zone
    contracts = load_contracts(settings.systems, settings.project_root).values()
    zones = {contract.reporting_time_zone for contract in contracts if contract.reporting_time_zone}
    return zones.pop() if len(zones) == 1 else "UTC"
