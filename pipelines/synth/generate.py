"""Generate the demo company: exports into the landing folder, hidden truth into another.

Chunks of customers are simulated and written one after the other, so that memory does not grow with their number; the
bytes depend on seed and number of customers only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.synth import thresholds, truth
from pipelines.synth.base import Chunk
from pipelines.synth.catalogue import world
from pipelines.synth.output import Output
from pipelines.synth.simulation import simulate
from pipelines.synth.vendors import ga4, hubspot, klaviyo, pos, qualtrics, shopify, trustpilot, zendesk

CHUNK_SIZE = 50_000
_SYSTEMS = (shopify, zendesk, hubspot, ga4, klaviyo, trustpilot, qualtrics, pos)
_OF_WORLD = (shopify, zendesk, klaviyo, pos)


@dataclass(frozen=True)
class GenerationReport:
    """What has been written: export files only, without the truth."""

    files: int
    rows: int
    bytes: int
    seconds: float


def chunks(customers: int, seed: int) -> list[Chunk]:
    count = max(1, -(-customers // CHUNK_SIZE))
    return [Chunk(seed, i, i * CHUNK_SIZE, min(CHUNK_SIZE, customers - i * CHUNK_SIZE), count) for i in range(count)]


def generate(
    landing_dir: Path,
    truth_dir: Path,
    *,
    customers: int = 3000,
    seed: int = 20261031,
    progress: Callable[[str, int, int], None] | None = None,
) -> GenerationReport:
    """Write every export of the eight systems and the truth.

    Args:
        landing_dir: root of the exports; one folder per system is made below it.
        truth_dir: where persons, nodes, carts and the other hidden tables go, and planted_effects.json.
        customers: number of people simulated, at least 100.
        seed: the world is a function of it and of ``customers``.
        progress: called with (what, done, total).

    Raises:
        ValueError: fewer than 100 customers.
    """
    if customers < 100:
        raise ValueError(f"customers={customers}: the demo company needs at least 100, or its rates mean nothing")
    started = time.perf_counter()
    company = world(seed)
    out, hidden = Output(landing_dir), Output(truth_dir)
    for system in _OF_WORLD:
        system.write_world(out, company)
    todo = chunks(customers, seed)
    total = len(todo) * (len(_SYSTEMS) + 2)
    done = 0

    def tell(what: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(what, done, total)

    profits: list[dict[float, float]] = []
    carts = 0
    for chunk in todo:
        sim = simulate(chunk, company)
        tell("journeys")
        for system in _SYSTEMS:
            system.write(out, sim)
            tell(system.__name__.rsplit(".", 1)[-1])
        truth.write(hidden, sim)
        profits.append(thresholds.expected_profit(sim.carts))
        carts += len(sim.carts.carts)
        tell("truth")
    truth.write_world(hidden, company, out.dirt)
    truth.write_effects(truth_dir, truth.planted(thresholds.summary(profits, carts)))
    return GenerationReport(out.files, out.rows, out.size, time.perf_counter() - started)
