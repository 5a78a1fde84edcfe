"""A what-if of identity on a whole company: it changes nothing, and applying it gives what it said."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines import warehouse
from pipelines.defs.run import Graph
from pipelines.defs.scratch import scratch_root
from pipelines.defs.what_if import read_numbers, what_if
from pipelines.identity import store
from pipelines.identity.proposal import Proposal
from pipelines.identity.what_if import MEASURE_KEY, compare_maps, compare_measures
from pipelines.settings import PROJECT_ROOT, Settings
from tests.pipeline.company import journeyline
from tests.pipeline.published import database, versions

PLACES = 1e-9


@dataclass(frozen=True)
class State:
    """What a what-if must leave alone, and what it speaks of."""

    warehouse: str
    versions: list[str]
    map: pl.DataFrame
    numbers: pl.DataFrame


def state(settings: Settings) -> State:
    return State(
        hashlib.sha256(settings.warehouse_path.read_bytes()).hexdigest(),
        versions(settings),
        warehouse.read(settings, store.MAP_TABLE, ["node_id", "customer_id"]),
        read_numbers(settings),
    )


def weakly_linked(settings: Settings) -> tuple[str, str]:
    """Two records of one person who bought and asked for help, of whom one link alone makes one person."""
    with warehouse.connect(settings) as con:
        found = con.execute(
            f"""
            select links.node_id_a, links.node_id_b
            from {store.LINKS_TABLE} as links
            inner join core.dim_customers as customers using (customer_id)
            where links.is_bridge and customers.n_orders > 0 and customers.n_tickets > 0
                and links.node_id_b like 'zendesk:user:%' and links.node_id_a like 'shopify:customer:%'
            order by links.confidence, links.node_id_a, links.node_id_b
            limit 1
            """
        ).fetchone()
    assert found is not None
    return found[0], found[1]


@pytest.fixture
def own_project(demo_copy: Settings, tmp_path: Path) -> Settings:
    """The small company on a project of its own, whose ledger may be written."""
    root = tmp_path / "project"
    for name in ("dbt_project", "expectations", "pipelines"):
        shutil.copytree(
            PROJECT_ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs")
        )
    return replace(demo_copy, project_root=root)


def test_applying_a_change_gives_exactly_what_was_forecast_and_nothing_before(
    demo_copy: Settings, own_project: Settings
) -> None:
    a, b = weakly_linked(demo_copy)
    before = state(demo_copy)

    done = journeyline(demo_copy, "identity", "what-if", "--never", a, b, "--json")

    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    after_asking = state(demo_copy)
    assert (after_asking.warehouse, after_asking.versions) == (before.warehouse, before.versions)
    assert not list(scratch_root(demo_copy).iterdir())
    assert "@" not in done.stdout
    assert told["warehouse_is_up_to_date"]
    assert told["change"]["never"] == [[a, b]]
    assert {"change": "cut", "reason": "never_match"}.items() <= told["links"][0].items()
    assert told["people"]["split"] >= 1
    changed = {topic["topic"] for topic in told["numbers"]["compared"] if topic["n_changed"]}
    assert {"customers", "segments", "value"} <= changed

    (step,) = told["apply"]
    row = step["write"].replace("<who decided>", "a steward").replace("<why>", "two people who share a phone")
    with (own_project.project_root / step["file"]).open("a") as seed:
        seed.write(row + "\n")
    # The forecast built what a change touches; building everything anew has to come to the same.
    report = Graph(own_project).refresh(full=True)
    assert report.status == "built", [failure.message for failure in report.failures]

    after = state(own_project)
    people, numbers = compare_maps(before.map, after.map), compare_measures(before.numbers, after.numbers)
    assert people.clusters.to_dicts() == told["people"]["clusters"]
    assert people.moved.to_dicts() == told["people"]["moved"]
    assert numbers.counted.to_dicts() == told["numbers"]["compared"]
    forecast = pl.DataFrame(told["numbers"]["changed"], schema=numbers.changed.schema)
    assert_frame_equal(numbers.changed.sort(MEASURE_KEY), forecast.sort(MEASURE_KEY), abs_tol=PLACES, rel_tol=PLACES)
    assert_published(own_project, forecast.filter(pl.col("topic") == "value"))

    again = what_if(own_project, Proposal(never=((a, b),)))
    assert again.is_up_to_date
    assert again.people is not None
    assert again.numbers is not None
    assert again.people.clusters.is_empty()
    assert again.numbers.changed.is_empty()


def assert_published(settings: Settings, wanted: pl.DataFrame) -> None:
    """The version readers see has the numbers of the forecast."""
    with duckdb.connect(str(database(settings)), read_only=True) as con:
        shown = con.sql("select measure, scheme_id, segment_id, value from segment_profiles").pl()
    both = wanted.join(
        shown, left_on=["measure", "breakdown", "group_id"], right_on=["measure", "scheme_id", "segment_id"], how="left"
    )
    assert both.height == wanted.height > 0
    assert_frame_equal(
        both.select(pl.col("value").cast(pl.Float64)), both.select(value="value_after"), abs_tol=PLACES, rel_tol=PLACES
    )


def test_a_record_nobody_knows_is_refused(demo_copy: Settings) -> None:
    done = journeyline(demo_copy, "identity", "what-if", "--always", "shopify:customer:nobody", "zendesk:user:x")
    assert done.returncode == 2
    assert "shopify:customer:nobody is no record and no customer id" in done.stderr


def test_a_change_that_fails_a_check_is_told_as_one_that_would_publish_nothing(demo_copy: Settings) -> None:
    a, b = weakly_linked(demo_copy)
    with warehouse.connect(demo_copy, read_only=False) as con:
        con.execute("delete from seeds.touchpoints")
    before = state(demo_copy)
    done = journeyline(demo_copy, "identity", "what-if", "--never", a, b)
    assert done.returncode == 1, done.stderr
    assert "The refresh would publish nothing with this change" in done.stdout
    assert "fct_events" in done.stdout
    assert state(demo_copy).warehouse == before.warehouse
    assert not list(scratch_root(demo_copy).iterdir())
