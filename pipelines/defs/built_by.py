"""Which code the incremental tables were built by, so that rows of an older definition never stand beside newer ones.

Belongs here: the key of the code, and the warehouse's note of it. Stays out: which days a model rebuilds (its SQL).

A model that keeps its rows knows which days have new ones, not that its own SQL has changed since: after an update it
would keep columns and meanings of before. Where any SQL of the project is another, the tables are built from raw again,
once. The note is a table of the warehouse: it is copied, deleted and rolled back with the rows it speaks of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

import polars as pl

from pipelines import warehouse
from pipelines.settings import Settings

TABLE = "raw.built_by"
SCHEMA = {"model": pl.String, "code_key": pl.String}


def code_key(settings: Settings) -> str:
    """Hash of all SQL of the project and of its variables; seeds and descriptions are data and words."""
    root = settings.dbt_project_dir
    files = [
        root / "dbt_project.yml",
        *(path for part in ("models", "macros") for path in (root / part).rglob("*.sql")),
    ]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def is_other_code(settings: Settings, models: Collection[str]) -> bool:
    """Whether any of these incremental models was last built by other code, or nobody noted by which."""
    known = _noted(settings)
    return any(known.get(model) != code_key(settings) for model in models)


def note(settings: Settings, models: Collection[str]) -> None:
    """Note that these models hold what the code as it is now says."""
    rows = _noted(settings) | dict.fromkeys(models, code_key(settings))
    warehouse.write(settings, TABLE, pl.DataFrame(sorted(rows.items()), schema=SCHEMA, orient="row"))


def _noted(settings: Settings) -> dict[str, str]:
    if not settings.warehouse_path.exists() or TABLE not in warehouse.tables(settings):
        return {}
    return dict(warehouse.read(settings, TABLE, list(SCHEMA)).iter_rows())
