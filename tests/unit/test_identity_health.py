"""Health: the measures of a run, and when a change is a warning."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from pipelines.identity.health import HEALTH_SCHEMA, Seen, build_health
from pipelines.identity.rules import Drift
from pipelines.identity.stable import Run
from tests.unit.identity_kit import START, Link, Resolution, resolved

DRIFT = Drift(warn_share=0.1, min_records=10)
NODES = [f"a:x:{i:02}" for i in range(20)]
NOTHING = pl.DataFrame(schema=HEALTH_SCHEMA)


def linked(pairs: int) -> list[Link]:
    return [(NODES[2 * i], NODES[2 * i + 1], "email") for i in range(pairs)]


def health(found: Resolution, before: pl.DataFrame = NOTHING, *, moved: int = 0, review: int = 0) -> pl.DataFrame:
    seen = Seen(found.clusters, found.links, found.skipped, found.events, review, moved, 20, {"form": 3})
    return build_health(seen, before, DRIFT, Run("run", START + timedelta(hours=1)))


def value(frame: pl.DataFrame, measure: str) -> float:
    return float(frame.filter(pl.col("measure") == measure)["value"].item())


def warned(frame: pl.DataFrame) -> set[str]:
    return set(frame.filter("is_warning")["measure"])


def test_measures_of_a_run() -> None:
    frame = health(resolved(NODES, linked(5)), review=4)
    assert dict(frame.schema) == HEALTH_SCHEMA
    assert value(frame, "records") == 20
    assert value(frame, "people") == 15
    assert value(frame, "records_per_person") == pytest.approx(20 / 15)
    assert value(frame, "multi_record_share") == pytest.approx(1 / 3)
    assert value(frame, "size_max") == 2
    assert value(frame, "mean_density") == 1
    assert value(frame, "bridge_share") == 1
    assert value(frame, "link_share:email") == 1
    assert value(frame, "review_share") == pytest.approx(0.2)
    assert value(frame, "blocked_values:form") == 3
    assert value(frame, "events:new") == 15


def test_the_first_run_warns_of_nothing() -> None:
    assert warned(health(resolved(NODES, linked(5)), moved=20)) == set()


def test_a_run_like_the_last_one_warns_of_nothing() -> None:
    before = health(resolved(NODES, linked(5)))
    assert warned(health(resolved(NODES, linked(5)), before)) == set()


def test_what_moved_by_more_than_the_threshold_is_a_warning() -> None:
    before = health(resolved(NODES, linked(5)))
    now = health(resolved(NODES, linked(8)), before, moved=3)
    assert {"records_per_person", "multi_record_share", "moved_share"} <= warned(now)
    drift = now.filter(pl.col("measure") == "records_per_person")["drift"].item()
    assert drift == pytest.approx((20 / 12 - 20 / 15) / (20 / 15))


def test_a_change_of_the_rules_that_link_is_a_warning() -> None:
    before = health(resolved(NODES, linked(5)))
    links = [(a, b, "phone" if i < 2 else "email") for i, (a, b, *_) in enumerate(linked(5))]
    assert "link_share:email" in warned(health(resolved(NODES, links), before))


def test_too_few_records_tell_nothing() -> None:
    before = health(resolved(NODES[:4], linked(1)))
    assert warned(health(resolved(NODES[:4], linked(2)), before)) == set()
