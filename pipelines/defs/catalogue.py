"""Who owns what, and the few words every asset of a layer shares.

Belongs here: groups, owners, keys several parts name, retry and freshness policies. Stays out: assets.
"""

from datetime import timedelta

import dagster as dg

from pipelines.contract import Table

OWNERS = {
    "raw": "data-platform@journeyline.example",
    "seeds": "data-platform@journeyline.example",
    "staging": "data-platform@journeyline.example",
    "entities": "data-platform@journeyline.example",
    "identity": "customer-data@journeyline.example",
    "core": "customer-data@journeyline.example",
    "journey": "journey-analytics@journeyline.example",
    "feedback": "customer-insight@journeyline.example",
    "analytics": "customer-insight@journeyline.example",
    "published": "customer-insight@journeyline.example",
    "showroom": "customer-insight@journeyline.example",
}
"""Owner of each group; every group stands here, a new one without an owner is an error."""

IO_RETRY = dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For steps that touch files others write and the warehouse's lock. A step that computes would only fail again."""

DAILY = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))
"""The nightly refresh missed once is a warning, missed until noon of the next day is a failure."""


def owners(group: str) -> list[str]:
    """The owners of a group's assets.

    Raises:
        KeyError: the group has no owner.
    """
    return [OWNERS[group]]


def raw_key(table: Table) -> dg.AssetKey:
    """``raw/<system>__<table>``."""
    return dg.AssetKey(["raw", table.relation_name])
