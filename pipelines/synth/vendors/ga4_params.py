"""Builder of GA4's repeated key-value parameters from flat arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from pipelines.synth.base import Array


class Params:
    """Collects (key, rows, values) and lays them out as list<struct<key, value>> in the order of collection."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._keys: list[str] = []
        self._rows: list[Array] = []
        self._texts: list[tuple[pa.Array, Array] | None] = []
        self._integers: list[Array | None] = []
        self._reals: list[Array | None] = []

    def integer(self, key: str, where: Array, values: Array) -> None:
        self._add(key, where, integers=values)

    def real(self, key: str, where: Array, values: Array) -> None:
        self._add(key, where, reals=values)

    def coded(self, key: str, where: Array, pool: Sequence[str] | pl.Series, codes: Array) -> None:
        """Texts given as a pool and a number into it per event."""
        rows = np.flatnonzero(where)
        if len(rows):
            values = (
                pa.array(pool.to_list() if isinstance(pool, pl.Series) else list(pool), pa.string())
                if len(pool) < 5_000
                else pl.Series(pool).to_arrow().cast(pa.string())
            )
            self._add(key, where, texts=(values, codes))

    def _add(
        self,
        key: str,
        where: Array,
        *,
        texts: tuple[pa.Array, Array] | None = None,
        integers: Array | None = None,
        reals: Array | None = None,
    ) -> None:
        rows = np.flatnonzero(where)
        if not len(rows):
            return
        self._keys.append(key)
        self._rows.append(rows)
        self._texts.append(None if texts is None else (texts[0], texts[1][rows].astype(np.int64)))
        self._integers.append(None if integers is None else integers[rows])
        self._reals.append(None if reals is None else reals[rows])

    def array(self) -> pa.ListArray:
        counts = np.zeros(self._n, dtype=np.int64)
        for rows in self._rows:
            counts[rows] += 1
        offsets = np.concatenate([[0], np.cumsum(counts)])
        total = int(offsets[-1])
        filled = offsets[:-1].copy()
        key = np.zeros(total, dtype=np.int32)
        integer, has_integer = np.zeros(total, dtype=np.int64), np.zeros(total, dtype=bool)
        real, has_real = np.zeros(total), np.zeros(total, dtype=bool)
        text = np.zeros(total, dtype=np.int64)
        pools: list[pa.Array] = [pa.nulls(1, pa.string())]
        base = 1
        for number, rows in enumerate(self._rows):
            at = filled[rows]
            filled[rows] += 1
            key[at] = number
            texts, integers, reals = self._texts[number], self._integers[number], self._reals[number]
            if texts is not None:
                pools.append(texts[0])
                text[at] = base + texts[1]
                base += len(texts[0])
            if integers is not None:
                integer[at], has_integer[at] = integers, True
            if reals is not None:
                real[at], has_real[at] = reals, True
        strings = pa.concat_arrays(pools).take(pa.array(text))
        value = pa.StructArray.from_arrays(
            [
                strings,
                pa.array(integer, mask=~has_integer),
                pa.nulls(total, pa.float64()),
                pa.array(real, mask=~has_real),
            ],
            names=["string_value", "int_value", "float_value", "double_value"],
        )
        keys = pa.array(self._keys, pa.string()).take(pa.array(key))
        return pa.ListArray.from_arrays(
            pa.array(offsets.astype(np.int32)), pa.StructArray.from_arrays([keys, value], names=["key", "value"])
        )
