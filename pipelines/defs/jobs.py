"""Jobs: the whole graph, its two halves, one system, publishing alone.

Belongs here: which assets a job has. Stays out: when it starts (``schedules``, ``sensors``).
"""

from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

LAND = dg.AssetSelection.groups("raw")
EVERYTHING = dg.AssetSelection.all()
PUBLISH = dg.AssetSelection.groups("published", "showroom")


def build_jobs(systems: Sequence[str], landing_checks: dg.AssetChecksDefinition) -> list[UnresolvedAssetJobDefinition]:
    """``refresh_all``, ``land`` and ``build`` (its halves), ``refresh_source``, ``publish``; all in one process."""
    suites = dg.AssetSelection.checks(landing_checks)
    return [
        _job("refresh_all", EVERYTHING, "Land, build, check and publish."),
        _job("land", LAND - suites, "Land new files and register the raw tables."),
        _job("build", (EVERYTHING - LAND) | suites, "Build, check and publish from what has landed."),
        _job(
            "refresh_source",
            EVERYTHING,
            "As refresh_all, landing only the systems named in the run's config; the others keep what they have.",
            systems=systems[:1],
        ),
        _job("publish", PUBLISH, "Publish again from the warehouse as it is."),
    ]


def _job(
    name: str, selection: dg.AssetSelection, description: str, *, systems: Sequence[str] = ()
) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        name,
        selection=selection,
        description=description,
        config={"resources": {"house": {"config": {"systems": [*systems]}}}} if systems else None,
        executor_def=dg.in_process_executor,
    )
