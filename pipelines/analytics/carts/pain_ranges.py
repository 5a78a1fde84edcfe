"""How sure a pain's amount and its rank are: customers are resampled whole, over all pains at once.

Belongs here: the sums an amount is made of, the draws, the ranges of amount and rank. Stays out: which units meet
a pain (pain_units.py) and what is told of it (pains.py).

Units are counted once a person and region for each pain before anything is drawn, and a draw is a matrix product over a
block of these rows: memory stays that of the blocks, however many units there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.analytics import cells
from pipelines.analytics.stats import Floats

SCHEMES = ("region", *cells.KEY_SCHEMES)
PAIN = ["kind", "pain"]
CELL = [*PAIN, "scheme_id", "segment_id"]
SUMS = ("n1", "y1", "n0", "y0", "v1")
DRAWS = 200
BLOCK = 50_000
"""Rows a block: the weights of a block in all draws take 80 MB."""
SEED = 20240229
ENOUGH = 30
NEAR_RANK = 2


@dataclass(frozen=True)
class Counted:
    """One pain counted: ``rows`` by person number and region, ``cells`` by scheme, segment and quarter, with SUMS."""

    kind: str
    pain: str
    rows: pl.DataFrame
    cells: pl.DataFrame


def sums() -> list[pl.Expr]:
    """Units exposed (n1) and not (n0), lost ones of each (y1, y0), and the value of those exposed (v1)."""
    exposed, lost = pl.col("exposed"), pl.col("lost")
    return [
        exposed.sum().cast(pl.UInt32).alias("n1"),
        (exposed & lost).sum().cast(pl.UInt32).alias("y1"),
        (~exposed).sum().cast(pl.UInt32).alias("n0"),
        (~exposed & lost).sum().cast(pl.UInt32).alias("y0"),
        pl.col("value").filter(exposed).sum().cast(pl.Float64).alias("v1"),
    ]


def segment_of(scheme: str) -> pl.Expr:
    """The group of a row in a scheme, as text; unknown where it has none."""
    group = pl.lit(cells.ALL) if scheme == cells.COMPANY else pl.col(scheme).cast(pl.String)
    return group.fill_null(cells.UNKNOWN).alias("segment_id")


def counted(units: pl.DataFrame, kind: str, pain: str) -> Counted:
    """Count the units of one pain, which carry ``_person`` and the person's segments beside their own columns."""
    quartered = units.with_columns(cells.quarter_number("day").alias("_quarter"))
    by_cell = [
        quartered.group_by(segment_of(scheme), "_quarter")
        .agg(sums())
        .select(pl.lit(scheme).alias("scheme_id"), "segment_id", "_quarter", *SUMS)
        for scheme in (cells.COMPANY, *SCHEMES)
    ]
    rows = units.group_by("_person", pl.col("region").cast(pl.String)).agg(sums())
    return Counted(kind, pain, rows, pl.concat(by_cell))


def amount(totals: Floats) -> Floats:
    """Exposed units x risk difference x their mean value, over the last axis in the order of SUMS; NaN without both."""
    n1, y1, n0, y0, v1 = np.moveaxis(totals, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = v1 * (y1 / n1 - y0 / n0)
    return np.asarray(np.where((n1 > 0) & (n0 > 0), found, np.nan))


def resampled(pains: Sequence[Counted], persons: pl.DataFrame, frame: pl.DataFrame) -> Floats:
    """Amounts of every cell of ``frame`` (by its ``_cell``) in each draw of customers.

    ``persons`` has a row per ``_person`` with a column per key scheme.
    """
    places = (
        pl.concat([each.rows.select("_person", "region") for each in pains])
        .unique()
        .sort("_person", "region")
        .with_row_index("_row")
    )
    found = [
        each.rows.join(places, on=["_person", "region"], nulls_equal=True).sort("_row").select("_row", *SUMS)
        for each in pains
    ]
    rows_of = [part["_row"].to_numpy() for part in found]
    sums_of = [part.select(SUMS) for part in found]
    customer = places["_person"].rank("dense").to_numpy().astype(np.int64) - 1
    times = _times(int(customer.max()) + 1)
    segments, cell_of = _cells_of(pains, places.join(persons, on="_person", how="left", maintain_order="left"), frame)
    totals = np.zeros((DRAWS, frame.height, len(SUMS)))
    for start in range(0, places.height, BLOCK):
        stop = min(start + BLOCK, places.height)
        block = np.zeros((stop - start, len(pains), len(SUMS)))
        for number, (rows, values) in enumerate(zip(rows_of, sums_of, strict=True)):
            a, b = np.searchsorted(rows, [start, stop])
            block[rows[a:b] - start, number] = values[a:b].to_numpy()
        weights = times[:, customer[start:stop]].astype(np.float64)
        flat = block.reshape(stop - start, -1)
        for scheme, segment in segments.items():
            here = segment[start:stop]
            for group in np.unique(here):
                of_group = np.flatnonzero(here == group)
                drawn = (weights[:, of_group] @ flat[of_group]).reshape(DRAWS, len(pains), len(SUMS))
                cell = cell_of[scheme][group]
                totals[:, cell[cell >= 0]] += drawn[:, cell >= 0]
    return amount(totals)


def _times(customers: int) -> NDArray[np.uint8]:
    """How often each customer is in each draw."""
    rng = np.random.default_rng(SEED)
    times = np.empty((DRAWS, customers), dtype=np.uint8)
    for draw in times:
        draw[:] = np.bincount(rng.integers(0, customers, customers), minlength=customers)
    return times


def _cells_of(
    pains: Sequence[Counted], places: pl.DataFrame, frame: pl.DataFrame
) -> tuple[dict[str, NDArray[np.int64]], dict[str, NDArray[np.int64]]]:
    """By scheme the group number of each row, and per group number the cell of each pain in ``frame``, -1 for none."""
    numbers = {(each.kind, each.pain): number for number, each in enumerate(pains)}
    segments, cell_of = {}, {}
    for scheme in (cells.COMPANY, *SCHEMES):
        named = places.select(segment_of(scheme)).to_series()
        named = pl.repeat(cells.ALL, places.height, eager=True) if scheme == cells.COMPANY else named
        names = named.unique().sort().to_list()
        order = pl.DataFrame({"segment_id": names}).with_row_index("_group")
        segments[scheme] = (
            pl.DataFrame({"segment_id": named})
            .join(order, on="segment_id", how="left", maintain_order="left")["_group"]
            .to_numpy()
            .astype(np.int64)
        )
        cell_of[scheme] = np.full((len(names), len(pains)), -1)
        own = frame.filter(pl.col("scheme_id") == scheme).select(*PAIN, "segment_id", "_cell")
        for kind, pain, segment, cell in own.iter_rows():
            cell_of[scheme][names.index(segment), numbers[kind, pain]] = cell
    return segments, cell_of


def ranks_of(values: Floats) -> Floats:
    """Rank by amount, 1 the largest, over the last axis; nothing known ranks last."""
    return np.asarray((-np.nan_to_num(values, nan=-np.inf)).argsort(axis=-1, kind="stable").argsort(axis=-1) + 1.0)


def with_ranges(frame: pl.DataFrame, pains: Sequence[Counted], persons: pl.DataFrame) -> pl.DataFrame:
    """Add the yearly amount with its range, and rank, its range and stability among the cell's segment.

    ``frame`` has SUMS and ``_a_year``, what makes its units those of a year.
    """
    numbered = frame.sort(CELL).with_columns(pl.int_range(pl.len()).alias("_cell"))
    a_year = numbered["_a_year"].to_numpy()
    value = amount(numbered.select(SUMS).to_numpy()) * a_year
    draws = resampled(pains, persons, numbered) * a_year
    draws = np.where(np.isnan(draws), value, draws)
    lo, hi = np.quantile(draws, [0.025, 0.975], axis=0)
    ranked = {name: np.full(value.size, np.nan) for name in ("rank", "rank_lo", "rank_hi", "rank_stability")}
    is_ranked = ((numbered["n1"] >= ENOUGH) & (numbered["n0"] >= ENOUGH)).to_numpy()
    segment = numbered.select(pl.struct("scheme_id", "segment_id").rank("dense")).to_series().to_numpy()
    for number in np.unique(segment):
        here = np.flatnonzero((segment == number) & is_ranked)
        if here.size == 0:
            continue
        own, drawn = ranks_of(value[here]), ranks_of(draws[:, here])
        ranked["rank"][here] = own
        ranked["rank_lo"][here], ranked["rank_hi"][here] = np.floor(np.quantile(drawn, [0.025, 0.975], axis=0))
        ranked["rank_stability"][here] = (np.abs(drawn - own) <= NEAR_RANK).mean(axis=0)
    columns = {"value": value, "lo": np.fmin(lo, value), "hi": np.fmax(hi, value), **ranked}
    return numbered.with_columns(pl.Series(name, of, pl.Float64).fill_nan(None) for name, of in columns.items())
