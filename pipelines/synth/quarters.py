"""Each person's quarters: whether active, which line is on their mind, how content they are, how much more they spend.

Belongs here: the person × quarter frame that drives surveys, purchases and complaints, so that planted effects 3, 4, 13
hold by construction. Stays out: answers as a survey tool exports them.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import betaincinv

from pipelines.synth import effects
from pipelines.synth.base import LINES, QUARTERS, REGION_NAMES, Array, Chunk, choose_rows, even_ranks, systematic
from pipelines.synth.people import tastes

RESPONSE_RATE = 0.44
_SEASON = np.array(
    [
        [1.1, 1.3, 1.0, 1.1, 0.35, 0.5],
        [1.1, 1.1, 1.0, 1.0, 0.9, 0.9],
        [0.95, 0.8, 0.95, 0.9, 2.0, 1.7],
        [1.0, 0.9, 1.0, 1.0, 1.4, 1.4],
    ]
)
"""Interest by quarter of the year (rows: Q4, Q1, Q2, Q3) and line."""
_PERSISTENCE = 0.6
_ITEM_VARIANCE_SHARE = 1 / 27


def quarters(chunk: Chunk, people: pl.DataFrame) -> pl.DataFrame:
    """One row per person and active quarter: p, q, line_no, index (0-100), three answers, responded, spend_factor."""
    rng = chunk.rng("quarters")
    first, last = np.array([a for _, a, _ in QUARTERS]), np.array([b for _, _, b in QUARTERS])
    join, leave = people["join_day"].to_numpy(), people["leave_day"].to_numpy()
    active = (join[:, None] < last[None, :]) & (leave[:, None] > first[None, :])
    p, q = np.nonzero(active)
    start, end = np.maximum(first[q], join[p]), np.minimum(last[q], leave[p])
    line = _lines(rng, tastes(people)[p], q)
    level = _levels(line, q)
    z = _PERSISTENCE * people["z_satisfaction"].to_numpy()[p] + np.sqrt(1 - _PERSISTENCE**2) * rng.standard_normal(
        len(p)
    )
    span = (end - start) / (last - first)[q]
    responded = rng.random(len(p)) < RESPONSE_RATE * span
    responded = _small_cell(chunk, rng, people["region_no"].to_numpy()[p], q, responded)
    share = _latent(even_ranks(rng, z, (q * len(LINES) + line) * 2 + responded), level)
    answers = _answers(rng, share, responded, q * len(LINES) + line)
    index = (answers.sum(axis=1) - 3) / 27 * 100
    frame = pl.DataFrame(
        {
            "p": p.astype(np.int32),
            "q": q.astype(np.int8),
            "line_no": line.astype(np.int8),
            "first_day": start,
            "last_day": np.maximum(end, start + 1),
            "length": (end - start) / 91.0,
            "index": index,
            "latent": share,
            "q1": answers[:, 0],
            "q2": answers[:, 1],
            "q3": answers[:, 2],
            "responded": responded,
        }
    )
    previous = pl.when(pl.col("q").shift(1).over("p") == pl.col("q") - 1).then(pl.col("index").shift(1).over("p"))
    factor = ((previous.fill_null(effects.SPEND_CENTRE) - effects.SPEND_CENTRE) * effects.SPEND_PER_POINT).exp()
    return frame.with_columns(factor.alias("spend_factor"))


def _answers(rng: np.random.Generator, share: Array, responded: Array, cell: Array) -> Array:
    """The three items, each 1 + Binomial(9, share). For respondents the trials are balanced over the cell (quarter and
    line), so that the mean answer of a cell is its true one within a hundredth and a small company shows effect 3."""
    answers = 1 + rng.binomial(9, share[:, None], (len(share), 3))
    rows = np.flatnonzero(responded)
    trials = systematic(rng, np.repeat(share[rows], 27), np.repeat(cell[rows], 27))
    answers[rows] = 1 + trials.reshape(len(rows), 3, 9).sum(axis=2)
    return answers


def _lines(rng: np.random.Generator, taste: Array, q: Array) -> Array:
    """The line of the quarter: taste times season; inside Outdoor the mix of effect 3."""
    names = [name for name, _, _ in QUARTERS]
    season = _SEASON[np.array([int(name[-1]) % 4 for name in names])]
    line = choose_rows(rng, taste * season[q])
    change = names.index(effects.INDEX_CHANGES_FROM)
    garden = np.where(q >= change, effects.GARDEN_SHARE_AFTER, effects.GARDEN_SHARE_BEFORE)
    outdoor = np.where(rng.random(len(q)) < garden, LINES.index("Garden"), LINES.index("Balcony"))
    return np.where(line >= LINES.index("Garden"), outdoor, line)


def _levels(line: Array, q: Array) -> Array:
    change = [name for name, _, _ in QUARTERS].index(effects.INDEX_CHANGES_FROM)
    before = np.array([effects.INDEX_BEFORE[name] for name in LINES])[line]
    after = np.array([effects.INDEX_AFTER[name] for name in LINES])[line]
    return np.where(q >= change, after, before)


def _latent(u: Array, level: Array) -> Array:
    """Share in 0-1 with the mean of its level: a Beta whose spread, with the items' own, gives effects.INDEX_SD.

    The three items are Binomial(9, share) + 1, so the index is unbiased without clipping and its variance is
    Var(share) + E[share (1 - share)] / 27.
    """
    grid = np.linspace(0.0005, 0.9995, 4001)
    out = np.empty(len(u))
    for value in np.unique(level):
        mean, total = value / 100, (effects.INDEX_SD / 100) ** 2
        spread = (total - mean * (1 - mean) * _ITEM_VARIANCE_SHARE) / (1 - _ITEM_VARIANCE_SHARE)
        size = mean * (1 - mean) / spread - 1
        rows = level == value
        out[rows] = np.interp(u[rows], grid, betaincinv(mean * size, (1 - mean) * size, grid))
    return out


def _small_cell(chunk: Chunk, rng: np.random.Generator, region: Array, q: Array, responded: Array) -> Array:
    """Effect 13: one region has exactly nine answers in one quarter, all of them in the first chunk."""
    quarter = [name for name, _, _ in QUARTERS].index(str(effects.SMALL_CELL["quarter"]))
    cell = np.flatnonzero((region == REGION_NAMES.index(str(effects.SMALL_CELL["region"]))) & (q == quarter))
    responded = responded.copy()
    responded[cell] = False
    if chunk.index == 0:
        responded[rng.permutation(cell)[: int(str(effects.SMALL_CELL["n"]))]] = True
    return responded
