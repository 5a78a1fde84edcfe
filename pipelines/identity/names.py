"""Codes of records, values and persons, and the strings behind them.

Belongs here: keeping each string once, and giving a coded frame its strings back. Stays out: making the codes
(``evidence``), deciding on them.

Ids and values are most of the bytes of a link, and links are many. So everything between reading and writing is done on
codes; a code is the place of its string among all of them in order, whatever the order of the input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from pipelines.identity.frames import Schema, shaped

SLICE = 500_000
"""Rows that are given their strings at a time."""


@dataclass(frozen=True)
class Names:
    """The strings by code: ``nodes`` (node_id), ``values`` (identifier_value) and ``people`` (customer_id)."""

    nodes: pl.Series
    values: pl.Series
    people: pl.Series

    def told(self, frame: pl.DataFrame, schema: Schema) -> Iterator[pl.DataFrame]:
        """The frame in slices of the schema: what the schema asks for and the frame has as a code gets its string."""
        behind = {
            "node_id": ("node", self.nodes),
            "node_id_a": ("a", self.nodes),
            "node_id_b": ("b", self.nodes),
            "identifier_value": ("value", self.values),
            "customer_id": ("person", self.people),
        }
        coded = {name: behind[name] for name in schema if name in behind and name not in frame.columns}
        for part in frame.iter_slices(SLICE) if frame.height else (frame,):
            strings = [names.gather(part[code]).alias(name) for name, (code, names) in coded.items()]
            yield shaped(part.with_columns(strings), schema)
