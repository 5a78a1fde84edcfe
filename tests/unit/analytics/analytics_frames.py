"""Frames for the analytics tests, typed by the marts' own YAML: a column that is in no contract cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from pipelines.analytics.tables import TABLES

MARTS = Path(__file__).resolve().parents[3] / "dbt_project" / "models" / "marts"
TYPES: dict[str, Any] = {
    "varchar": pl.String,
    "bigint": pl.Int64,
    "integer": pl.Int32,
    "double": pl.Float64,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamp": pl.Datetime("us"),
    "decimal(18,4)": pl.Decimal(18, 4),
}

SEED_SCHEMAS = {"funnels": {"funnel_id": pl.String, "step_order": pl.Int32, "step": pl.String}}

AS_OF = date(2026, 10, 31)

Frames = dict[str, pl.DataFrame]


def mart_schema(table: str) -> dict[str, Any]:
    """Columns and Polars types of ``schema.table`` by its YAML."""
    schema, name = table.split(".")
    if schema == "seeds":
        return dict(SEED_SCHEMAS[name])
    (model,) = yaml.safe_load((MARTS / schema / f"{name}.yml").read_text())["models"]
    return {column["name"]: TYPES[column["data_type"]] for column in model["columns"]}


def mart(table: str, rows: Sequence[dict[str, Any]] = (), **columns: Any) -> pl.DataFrame:
    """A mart with the given rows or columns; what is not given is false, zero or null."""
    schema = mart_schema(table)
    frame = pl.DataFrame(list(rows) or columns or None)
    unknown = set(frame.columns) - set(schema)
    assert not unknown, f"{table} has no columns {sorted(unknown)}"
    filled = [
        pl.col(name).cast(dtype)
        if name in frame.columns
        else pl.lit(False if dtype == pl.Boolean else 0 if dtype in (pl.Int64, pl.Decimal(18, 4)) else None)
        .cast(dtype)
        .alias(name)
        for name, dtype in schema.items()
    ]
    return frame.select(filled) if frame.height else pl.DataFrame(schema=schema)


def reader(frames: Frames) -> Callable[[str, Sequence[str]], pl.DataFrame]:
    """``read(table, columns)`` over some frames; a table not given is empty."""

    def read(table: str, columns: Sequence[str]) -> pl.DataFrame:
        if table in frames:
            return frames[table].select(columns)
        schema, name = table.split(".")
        return (TABLES[name].empty() if schema == "analytics" else mart(table)).select(columns)

    return read
