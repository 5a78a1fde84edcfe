"""Staging models: what one declares for an entity, the entity knows by that name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipelines.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "dbt_project" / "models"

STAGING_ONLY = {"stg_ga4__web_events": {"login_ref"}}
"""Columns a system's own further staging models read; everything else is for the entity."""

WITHOUT_ENTITY = {"stg_adventureworks__call_center_shifts"}
"""No product asks for staffing yet; the table is there for an analyst of that house."""

ENTITY_MODELS = [path for path in sorted(MODELS.glob("staging/*/stg_*.yml")) if path.stem not in WITHOUT_ENTITY]


def declared(path: Path) -> set[str]:
    (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return {column["name"] for column in model["columns"]}


@pytest.mark.parametrize("path", ENTITY_MODELS, ids=lambda path: path.stem)
def test_every_column_is_one_of_its_entity(path: Path) -> None:
    """``union_entity`` gives null for a column a system does not declare, so a misspelt one would be lost silently."""
    entity = path.stem.partition("__")[2]
    extra = declared(path) - declared(MODELS / "intermediate" / "entities" / f"int_{entity}.yml")
    assert extra == STAGING_ONLY.get(path.stem, set())
