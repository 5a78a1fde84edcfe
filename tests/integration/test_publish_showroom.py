"""A version and its site: both or neither, and a held-back version says so on the site readers have."""

from __future__ import annotations

from pathlib import Path

import publish_support
import pytest

from pipelines.defs.showroom import SiteBuilder, SiteError, stamp_current
from pipelines.publish import versions
from pipelines.publish.publish import publish
from pipelines.settings import Settings
from pipelines.showroom.check import problems


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with a warehouse of made-up rows; the suites have their own tests."""
    monkeypatch.setattr("pipelines.publish.publish.gx.validate", lambda *_, **__: [])
    made = publish_support.settings_in(tmp_path / "home")
    publish_support.make_warehouse(made)
    return made


def test_a_version_has_its_site_and_one_without_is_not_published(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = SiteBuilder(settings)
    first = publish(settings, run_id="first", checks=[publish_support.PASSED], finish=site)
    assert site.built is not None
    assert problems(first.path / "site") == []
    assert (settings.published_dir / "current" / "site" / "index.html").is_file()

    assert stamp_current(settings, site, "Data checks failed")
    home = first.path / "site" / "index.html"
    assert "Data checks failed at" in home.read_text()

    monkeypatch.setattr("pipelines.defs.showroom.problems", lambda _: ["a link leads nowhere"])
    with pytest.raises(SiteError, match="leads nowhere"):
        publish(settings, run_id="second", checks=[publish_support.PASSED], force=True, finish=site)
    assert versions.current_name(settings) == first.version
    assert [path.name for path in settings.published_dir.iterdir() if path.name.startswith(".2")] == []


def test_where_nothing_was_published_there_is_nothing_to_stamp(settings: Settings) -> None:
    assert not stamp_current(settings, SiteBuilder(settings), "Data checks failed")
