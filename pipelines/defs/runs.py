"""What Dagster recorded of earlier runs.

Belongs here: reading the instance. Stays out: the graph, which takes seconds to put together and is not needed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines.settings import Settings


def recent_runs(settings: Settings, limit: int) -> list[dict[str, Any]]:
    """The newest runs of the state folder: job, status, when started (UTC, ISO 8601) and seconds taken."""
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        records = instance.get_run_records(limit=limit)
    return [
        {
            "run_id": record.dagster_run.run_id,
            "job": record.dagster_run.job_name,
            "status": record.dagster_run.status.value,
            "started": _stamp(record.start_time),
            "seconds": round(record.end_time - record.start_time, 1) if record.start_time and record.end_time else None,
        }
        for record in records
    ]


def step_times(settings: Settings, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """When each step of these runs started (seconds since the epoch) and how long it took, in order of start."""
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        found = [stats for run_id in run_ids for stats in instance.get_run_step_stats(run_id)]
    times = [
        {"step": stats.step_key, "started_at": stats.start_time, "seconds": stats.end_time - stats.start_time}
        for stats in found
        if stats.start_time and stats.end_time
    ]
    return sorted(times, key=lambda step: step["started_at"])


def _stamp(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="seconds")
