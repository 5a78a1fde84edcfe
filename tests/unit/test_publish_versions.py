"""Versions: switching, rolling back, keeping, and what a killed publisher leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.publish import versions
from pipelines.settings import Settings, load_settings

A, B, C = (f"2026110{day}T020000000Z-run{day}" for day in (1, 2, 3))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load_settings({"JOURNEYLINE_HOME": str(tmp_path)}), keep_versions=2)


def add(settings: Settings, name: str, *, fingerprint: str = "", switch: bool = True) -> None:
    """A version as publishing makes it."""
    with versions.publishing(settings) as folder:
        aside = folder / f".{name}.tmp"
        aside.mkdir()
        manifest = {"fingerprint": fingerprint or name, "tables": {"orders": {"rows": 3}, "carts": {"rows": 4}}}
        (aside / "manifest.json").write_text(json.dumps(manifest))
        versions.complete(folder, aside, name)
        if switch:
            before = versions.current_name(settings)
            versions.switch(folder, name)
            versions.write_history(folder, "publish", name, before)


def names(settings: Settings) -> list[str]:
    return [version.name for version in versions.versions(settings)]


def test_nothing_is_published_at_first(settings: Settings) -> None:
    assert versions.versions(settings) == []
    assert versions.current(settings) is None


def test_the_newest_is_current_and_listed_first(settings: Settings) -> None:
    add(settings, A)
    add(settings, B)
    assert names(settings) == [B, A]
    current = versions.current(settings)
    assert current is not None
    assert (current.name, current.rows) == (B, 7)
    assert (settings.published_dir / "current" / "manifest.json").is_file()


def test_the_link_is_relative_so_that_the_home_can_move(settings: Settings, tmp_path: Path) -> None:
    add(settings, A)
    moved = tmp_path.with_name(f"{tmp_path.name}-moved")
    settings.home.rename(moved)
    assert (moved / "published" / "current").resolve().name == A


def test_rollback_makes_an_older_one_current_and_is_recorded(settings: Settings) -> None:
    add(settings, A)
    add(settings, B)
    versions.rollback(settings, A)
    assert versions.current_name(settings) == A
    assert names(settings) == [B, A]
    last = versions.history(settings)[-1]
    assert (last["action"], last["version"], last["before"]) == ("rollback", A, B)


def test_rollback_to_a_version_not_there_names_those_that_are(settings: Settings) -> None:
    add(settings, A)
    with pytest.raises(versions.VersionError, match=f"no version {C}; published are: {A}"):
        versions.rollback(settings, C)
    assert versions.current_name(settings) == A


def test_a_result_is_settled_while_current_or_rolled_back_from(settings: Settings) -> None:
    add(settings, A, fingerprint="old")
    add(settings, B, fingerprint="new")
    settled = versions.settled(settings, "new")
    assert settled is not None
    assert settled.name == B
    assert versions.settled(settings, "old") is None
    versions.rollback(settings, A)
    assert versions.settled(settings, "new") is not None
    assert versions.settled(settings, "old") is not None


def test_a_rollback_is_over_with_the_next_publication(settings: Settings) -> None:
    add(settings, A, fingerprint="old")
    add(settings, B, fingerprint="new")
    versions.rollback(settings, A)
    add(settings, C, fingerprint="newest")
    assert versions.settled(settings, "new") is None


def test_the_newest_and_the_current_are_kept(settings: Settings) -> None:
    add(settings, A)
    add(settings, B)
    versions.rollback(settings, A)
    add(settings, C, switch=False)
    versions.write_history(settings.published_dir, "publish", C, None)
    assert versions.prune(settings) == []
    versions.rollback(settings, C)
    assert versions.prune(settings) == [A]
    assert names(settings) == [C, B]


def test_what_a_killed_publisher_left_is_cleared(settings: Settings) -> None:
    add(settings, A)
    half = settings.published_dir / f".{B}.tmp"
    half.mkdir()
    (half / "marts.duckdb").write_text("half")
    (settings.published_dir / ".current.tmp").symlink_to(A)
    add(settings, C, switch=False)
    with versions.publishing(settings):
        pass
    assert sorted(path.name for path in settings.published_dir.iterdir()) == [".lock", A, "current", "history.jsonl"]


def test_a_crash_between_switch_and_record_loses_nothing(settings: Settings) -> None:
    add(settings, A)
    add(settings, B, switch=False)
    versions.switch(settings.published_dir, B)
    with versions.publishing(settings):
        pass
    assert names(settings) == [B, A]
    assert versions.current_name(settings) == B


def test_a_record_cut_short_is_left_out(settings: Settings) -> None:
    add(settings, A)
    with (settings.published_dir / "history.jsonl").open("a") as handle:
        handle.write('{"at": "2026')
    assert [line["version"] for line in versions.history(settings)] == [A]


def test_two_publishers_exclude_each_other(settings: Settings) -> None:
    with (
        versions.publishing(settings),
        pytest.raises(versions.VersionError, match="another process is publishing"),
        versions.publishing(settings),
    ):
        pass


def test_names_sort_by_time_and_carry_the_run() -> None:
    first, second = versions.new_name("3F9A-77b0-long-id"), versions.new_name("---")
    assert first < second or first[:19] == second[:19]
    assert first.endswith("Z-3f9a77b0")
    assert second.endswith("Z-run")
    assert versions.NAME.match(first)
