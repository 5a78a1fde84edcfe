"""Shapes of the frames identity passes along.

Belongs here: the schema of evidence, and giving a frame a schema. Stays out: schemas only one module makes (beside it).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from polars.datatypes import DataType, DataTypeClass

Schema = Mapping[str, DataType | DataTypeClass]

EDGE_SCHEMA: Schema = {
    "node_id_a": pl.String,
    "node_id_b": pl.String,
    "rule": pl.String,
    "identifier_type": pl.String,
    "identifier_value": pl.String,
    "observed_at": pl.Datetime("us"),
    "confidence": pl.Float64,
    "match_weight": pl.Float64,
    "source": pl.String,
}
"""The one shape of evidence. ``confidence`` may be null where the rules file gives it; ``match_weight`` (bits) is the
model's; ``source``: rule, model or ledger."""

CODED_SCHEMA: Schema = {
    "a": pl.Int32,
    "b": pl.Int32,
    "value": pl.Int32,
    "observed_at": pl.Datetime("us"),
    "confidence": pl.Float64,
    "match_weight": pl.Float64,
}
"""The same in codes (``names``); beside these columns ``rule``, ``identifier_type`` and ``source`` as enums."""


def shaped(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """The columns of the schema, in its order and of its types."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
