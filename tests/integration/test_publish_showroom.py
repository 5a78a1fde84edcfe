"""A version and its site: both or neither, and a held-back version says so on the site readers have."""

from __future__ import annotations

from pathlib import Path

import publish_support
import pytest

from pipelines.defs.dbt_runner import load_manifest
from pipelines.defs.showroom import SiteBuilder, SiteError, stamp_current
from pipelines.publish import versions
from pipelines.publish.publish import publish
from pipelines.settings import Settings
from pipelines.showroom import lineage
from pipelines.showroom.check import over_budget, problems
from pipelines.showroom.site import READS
from tests.shared import with_parsed_project


@pytest.fixture
def settings(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with a warehouse of made-up rows and a parsed project; the suites have their own tests."""
    monkeypatch.setattr("pipelines.publish.publish.gx.validate", lambda *_, **__: [])
    made = publish_support.settings_in(tmp_path / "home")
    publish_support.make_warehouse(made)
    return with_parsed_project(tmp_path_factory, made)


def test_a_version_has_its_site_and_one_without_is_not_published(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = SiteBuilder(settings)
    first = publish(settings, run_id="first", checks=[publish_support.PASSED], finish=site)
    assert site.built is not None
    assert [*problems(first.path / "site"), *over_budget(first.path / "site")] == []
    assert (settings.published_dir / "current" / "site" / "index.html").is_file()
    # The way of every table is kept with the version: the site can be made again from it alone.
    made = lineage.read(first.path)
    assert made["journey_map"].by == "pipelines.analytics.maps.builds"
    assert {"agg_customer_map_steps", "fct_answer_stages"} <= set(made["journey_map"].models)
    assert made["orders"].models == ("fct_orders",)
    assert set() < set(made["orders"].systems) <= set(settings.systems)

    # Every model is in the dbt docs beside the site; where the project lies on this machine is not.
    docs = (first.path / "dbt" / "index.html").read_text()
    assert '"model.journeyline.fct_orders"' in docs
    assert str(settings.dbt_project_dir) not in docs
    assert 'href="../dbt/index.html"' in (first.path / "site" / "data.html").read_text()

    assert stamp_current(settings, site, "Data checks failed")
    home = first.path / "site" / "index.html"
    assert "Data checks failed at" in home.read_text()

    monkeypatch.setattr("pipelines.defs.showroom.problems", lambda _: ["a link leads nowhere"])
    with pytest.raises(SiteError, match="leads nowhere"):
        publish(settings, run_id="second", checks=[publish_support.PASSED], force=True, finish=site)
    assert versions.current_name(settings) == first.version
    assert [path.name for path in settings.published_dir.iterdir() if path.name.startswith(".2")] == []


def test_every_page_has_an_exposure_that_names_the_marts_it_rests_on(settings: Settings) -> None:
    exposures = load_manifest(settings)["exposures"].values()
    made = SiteBuilder(settings).lineage()
    named = {
        exposure["name"].removeprefix("showroom_"): {node.split(".")[-1] for node in exposure["depends_on"]["nodes"]}
        for exposure in exposures
        if exposure["type"] == "dashboard"
    }
    assert named == {
        page: {model for table in tables for model in made[table].models} for page, tables in READS.items()
    }


def test_where_nothing_was_published_there_is_nothing_to_stamp(settings: Settings) -> None:
    assert not stamp_current(settings, SiteBuilder(settings), "Data checks failed")
