"""Settings: every value is checked, every error names the variable and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.settings import DEMO_SYSTEMS, Settings, SettingsError, load_settings


def load(**variables: str) -> Settings:
    return load_settings({f"JOURNEYLINE_{name}": value for name, value in variables.items()})


def test_defaults_are_the_demo() -> None:
    settings = load()
    assert settings.systems == DEMO_SYSTEMS
    assert settings.is_demo
    assert settings.home == settings.project_root / "data"
    assert (settings.min_cell, settings.keep_versions, settings.as_of) == (11, 7, "last_event")


def test_all_paths_are_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(HOME="state", DATA="exports")
    assert settings.home == tmp_path / "state"
    assert settings.landing_dir == tmp_path / "exports"
    assert settings.warehouse_path.is_absolute()


def test_other_systems_get_a_state_folder_of_their_own() -> None:
    settings = load(SOURCES="shopify,ga4")
    assert settings.systems == ("ga4", "shopify")
    assert settings.home.name == "ga4+shopify"
    assert not settings.is_demo


def test_exports_of_one_s_own_are_of_another_company_even_from_the_demo_s_systems(tmp_path: Path) -> None:
    assert load().company == "demo"
    assert load(SOURCES="shopify,ga4").company == "ga4+shopify"
    assert load(DATA=str(tmp_path)).company == "+".join(DEMO_SYSTEMS)
    assert load(DATA=str(tmp_path), COMPANY="acme").company == "acme"
    assert not load(COMPANY="acme").is_demo


def test_the_order_of_the_demo_systems_does_not_matter() -> None:
    assert load(SOURCES=",".join(reversed(DEMO_SYSTEMS))) == load()


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("ENV", "production", "dev, test, prod"),
        ("SOURCES", "shopfy", "shopify"),
        ("AS_OF", "31.10.2026", "YYYY-MM-DD"),
        ("TIME_ZONE", "Berlin", "IANA"),
        ("CURRENCY", "euro", "ISO 4217"),
        ("MIN_CELL", "0", "at least 1"),
        ("KEEP_VERSIONS", "many", "whole number"),
        ("THREADS", "-2", "whole number"),
    ],
)
def test_a_wrong_value_names_its_variable_and_what_is_allowed(variable: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**{variable: value})
    assert f"JOURNEYLINE_{variable}" in str(caught.value)
    assert value in str(caught.value)
    assert told in str(caught.value)


def test_the_environment_for_children_gives_the_same_settings(tmp_path: Path) -> None:
    settings = load(HOME=str(tmp_path), AS_OF="2026-10-31", SOURCES="pos,shopify", ENV="test", THREADS="1")
    assert load_settings(settings.environ()) == settings


def test_telemetry_is_off_for_children() -> None:
    environ = load().environ()
    assert environ["DO_NOT_TRACK"] == "1"
    assert environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
