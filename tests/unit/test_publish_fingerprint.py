"""The fingerprint: the same for the same result, another for another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.publish import fingerprint as module
from pipelines.publish.fingerprint import fingerprint
from pipelines.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load_settings({"JOURNEYLINE_HOME": str(tmp_path / "home")}), project_root=tmp_path / "project")


def land(settings: Settings, system: str, batch: str, day: str = "2026-11-01", *, recorded: bool = True) -> None:
    folder = settings.raw_dir / system / "orders" / day
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{batch}.parquet").write_text("rows")
    if recorded:
        (folder / f"{batch}.json").write_text("{}")


def test_the_same_bytes_on_another_day_are_the_same(settings: Settings, tmp_path: Path) -> None:
    land(settings, "shopify", "aa")
    first = fingerprint(settings)
    other = replace(settings, home=tmp_path / "other")
    (other.secrets_dir).mkdir(parents=True)
    (other.secrets_dir / "pseudonym.key").write_bytes((settings.secrets_dir / "pseudonym.key").read_bytes())
    land(other, "shopify", "aa", "2026-11-09")
    assert fingerprint(other) == first


def test_a_new_batch_changes_it_and_one_half_landed_does_not(settings: Settings) -> None:
    land(settings, "shopify", "aa")
    first = fingerprint(settings)
    land(settings, "shopify", "bb", recorded=False)
    assert fingerprint(settings) == first
    land(settings, "shopify", "bb")
    assert fingerprint(settings) != first


def test_a_newly_trained_identity_model_counts(settings: Settings) -> None:
    first = fingerprint(settings)
    settings.identity_dir.mkdir(parents=True)
    settings.trained_model_path.write_text('{"levels": 1}')
    trained = fingerprint(settings)
    assert trained != first
    settings.trained_model_path.write_text('{"levels": 2}')
    assert fingerprint(settings) not in (first, trained)


def test_a_system_that_is_not_enabled_does_not_count(settings: Settings) -> None:
    first = fingerprint(settings)
    land(settings, "adventureworks", "aa")
    assert fingerprint(settings) == first


@pytest.mark.parametrize(
    ("change", "matters"),
    [
        ({"min_cell": 5}, True),
        ({"as_of": "2026-01-01"}, True),
        ({"reporting_currency": "USD"}, True),
        ({"systems": ("shopify",)}, True),
        ({"threads": 7}, False),
        ({"memory_limit": "1GB"}, False),
        ({"keep_versions": 3}, False),
    ],
)
def test_settings_count_where_they_change_results(settings: Settings, change: dict[str, object], matters: bool) -> None:
    assert (fingerprint(replace(settings, **change)) != fingerprint(settings)) is matters  # type: ignore[arg-type]


def test_code_counts(settings: Settings) -> None:
    first = fingerprint(settings)
    path = settings.project_root / "pipelines" / "analytics" / "value.py"
    path.parent.mkdir(parents=True)
    path.write_text("changed")
    assert fingerprint(settings) != first


def test_another_key_gives_other_ids_and_so_another_result(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fingerprint(settings)
    monkeypatch.setenv("JOURNEYLINE_PSEUDONYM_KEY", "ab" * 32)
    assert fingerprint(settings) != first


def test_as_of_today_is_the_day_in_the_reporting_zone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    today = replace(settings, as_of="today", reporting_time_zone="Europe/Berlin")
    monkeypatch.setattr(module, "utc_now", lambda: datetime(2026, 10, 31, 22, 30, tzinfo=UTC))
    before_midnight = fingerprint(today)
    monkeypatch.setattr(module, "utc_now", lambda: datetime(2026, 10, 31, 22, 45, tzinfo=UTC))
    assert fingerprint(today) == before_midnight
    monkeypatch.setattr(module, "utc_now", lambda: datetime(2026, 10, 31, 23, 30, tzinfo=UTC))
    assert fingerprint(today) != before_midnight
