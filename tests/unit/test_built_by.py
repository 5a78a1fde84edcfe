"""Incremental tables are built anew where the SQL is another than the one that built them, and only there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.defs import built_by
from pipelines.settings import Settings
from tests.shared import settings_in


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = replace(settings_in(tmp_path / "home"), project_root=tmp_path / "project")
    for name in ("models/fct_events.sql", "models/fct_events.yml", "macros/days.sql", "seeds/stages.csv"):
        path = settings.dbt_project_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("one")
    (settings.dbt_project_dir / "dbt_project.yml").write_text("vars: {}")
    return settings


def test_who_built_it_is_known_model_by_model(settings: Settings) -> None:
    assert built_by.is_other_code(settings, {"a"})
    built_by.note(settings, {"a"})
    assert not built_by.is_other_code(settings, {"a"})
    # Nobody noted who built the second: it may be of any age.
    assert built_by.is_other_code(settings, {"a", "b"})
    built_by.note(settings, {"b"})
    assert not built_by.is_other_code(settings, {"a", "b"})
    assert not built_by.is_other_code(settings, set())


@pytest.mark.parametrize(
    ("name", "is_other"),
    [
        ("models/fct_events.sql", True),
        ("macros/days.sql", True),
        ("dbt_project.yml", True),
        ("models/fct_events.yml", False),
        ("seeds/stages.csv", False),
    ],
)
def test_sql_and_variables_decide(settings: Settings, name: str, *, is_other: bool) -> None:
    built_by.note(settings, {"a"})
    (settings.dbt_project_dir / name).write_text("two")
    assert built_by.is_other_code(settings, {"a"}) == is_other
