"""Training the probabilistic pass: u from random pairs, m by expectation maximisation, the prior by counting.

Belongs here: from comparison rows to parameters. Stays out: what is compared (``model_settings.yml``) and where records
come from (the caller's connection).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines import warehouse
from pipelines.identity import features
from pipelines.identity.evidence import parts, read_inputs
from pipelines.identity.model import (
    Comparison,
    ModelError,
    ModelSettings,
    Parameters,
    load_model_settings,
    splink_settings,
    write_parameters,
)
from pipelines.identity.predict import any_guard, block, new_linker, predicted
from pipelines.identity.rules import load_rules
from pipelines.settings import Settings

Observed = dict[tuple[str, str], float]
"""A probability by comparison and label."""

LEAST_M, UNSEEN_U = 2e-3, 1e-5
"""Least m of a level, and u of one that no random pair showed: what training has not seen may still happen."""


@dataclass(frozen=True)
class Trained:
    """Result of a training: the parameters and where they are."""

    parameters: Parameters
    path: Path


def train(settings: Settings, *, path: Path | None = None) -> Trained:
    """Train on the records of the warehouse and write the artefact (default: the house's own).

    The same records, settings file and seed give the same parameters.

    Raises:
        WarehouseError: the warehouse or its records are not built yet.
        ModelError: too few records to train on.
    """
    model = load_model_settings()
    if features.RECORDS_TABLE not in warehouse.tables(settings):
        raise warehouse.WarehouseError("the warehouse holds no records to compare yet: run 'journeyline refresh' first")
    rules = load_rules()
    with warehouse.connect(settings) as con:
        settled = parts(read_inputs(con, rules), rules)
    with warehouse.memory(settings) as con, features.records_of(con, settings) as records:
        parameters = train_on(con, model, records, settled)
    target = path or settings.trained_model_path
    write_parameters(target, parameters)
    return Trained(parameters, target)


def train_on(con: duckdb.DuckDBPyConnection, model: ModelSettings, records: str, settled: pl.DataFrame) -> Parameters:
    """Parameters from a relation of records and what the rules have settled of them (``features.put_rows``).

    Raises:
        ModelError: fewer records than ``min_records``, or training found no true pair.
    """
    (n_records,) = con.execute(f"select count(*) from {records}").fetchall()[0]
    if n_records < model.min_records:
        raise ModelError(
            f"{n_records} records are too few to train on (min_records: {model.min_records}); "
            "the shipped parameters stay in use"
        )
    n_rows = features.put_rows(con, records, settled)
    n_pairs, _ = block(con, model)
    seen = _random_agreement(con, model)
    sessions = [_maximise(con, model, seen, rule) for rule in model.training.blocks if _has_pairs(con, rule)]
    m = {key: fmean(found) for key in seen if (found := [session[key] for session in sessions if key in session])}
    if not m or not n_pairs:
        raise ModelError("no block of training.blocks has anything to learn from; the parameters in use stay")

    def parameters(u: Observed, links_per_record: float, household_share: float) -> Parameters:
        return Parameters(
            settings_hash=model.hash,
            levels={comparison.name: _levels(comparison, m, u) for comparison in model.comparisons},
            links_per_record=float(f"{links_per_record:.6g}"),
            household_share=round(household_share, 4),
            n_records=n_records,
            n_rows=n_rows,
            seed=model.training.seed,
        )

    first = parameters(seen, 1.0, 1.0)
    expected, share = _expected_links(con, model, first, n_rows)
    u = _without_true_pairs(seen, m, first.prior(n_rows) * expected)
    expected, share = _expected_links(con, model, parameters(u, expected, share), n_rows)
    return parameters(u, expected, share)


def _random_agreement(con: duckdb.DuckDBPyConnection, model: ModelSettings) -> Observed:
    """u: how often two random people agree. One row a person the rules know, so that true pairs are few among them."""
    con.execute(
        f"create or replace table random_rows as "
        f"select * from {features.ROWS} where row_id in (select min(row_id) from {features.ROWS} group by part)"
    )
    linker = new_linker(con, splink_settings(model), table="random_rows")
    linker.training.estimate_u_using_random_sampling(
        max_pairs=model.training.max_random_pairs, seed=model.training.seed, min_count_per_level=None, num_chunks=1
    )
    return _observed(model, linker, "u_probability")


def _maximise(con: duckdb.DuckDBPyConnection, model: ModelSettings, u: Observed, rule: tuple[str, ...]) -> Observed:
    """m of the comparisons a block says something about.

    On clean data the m of a level that no true pair shows falls towards nothing, and Splink refuses to go on below
    1e-300: then fewer rounds are made, which change no other value by much.
    """
    on = " and ".join(f"l.{column} = r.{column}" for column in rule)
    for rounds in (25, 10, 5, 2):
        linker = new_linker(con, splink_settings(model, u=u) | {"max_iterations": rounds})
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                on,
                estimate_without_term_frequencies=True,
                max_pairs=model.training.max_block_pairs,
                record_sample_proportion=1.0,
            )
        except ValueError:
            continue
        return _observed(model, linker, "m_probability")
    return {}


def _expected_links(
    con: duckdb.DuckDBPyConnection, model: ModelSettings, parameters: Parameters, n_rows: int
) -> tuple[float, float]:
    """True pairs a row that the rules have not settled, and the share of household pairs.

    The prior that explains itself: the sum of the probabilities it gives to the blocked pairs is the number of links it
    assumes (expectation maximisation of the prior alone). Guarded pairs are counted as none where there are households.
    """
    guards = model.guards
    table = predicted(con, model, parameters, n_rows, 0)
    levels = {comparison.name: comparison.labels for comparison in model.comparisons}
    shared = " or ".join(f"gamma_{name} = {levels[name].index(label)}" for name, label in guards.shared.items())
    known = " and ".join(f"gamma_{name} >= 0" for name in guards.personal)
    apart = " and ".join(f"gamma_{name} = 0" for name in guards.personal)
    n_shared, n_apart = con.execute(
        f"select count(*), count(*) filter (where {apart}) from {table} where ({shared}) and {known}"
    ).fetchall()[0]
    share = n_apart / n_shared if n_shared >= guards.least_household_pairs else 1.0
    drop = any_guard(model, "drop") if share >= guards.from_household_share else "false"
    weights = con.sql(f"select match_weight from {table} as predicted where not {drop}").pl()["match_weight"].to_numpy()
    start = parameters.prior(n_rows)
    evidence = weights - np.log2(start / (1 - start))
    links = parameters.links_per_record
    for _ in range(100):
        prior = min(max(links * 2 / max(n_rows - 1, 1), 1e-12), 0.5)
        odds = np.log2(prior / (1 - prior))
        now = float((1 / (1 + np.exp2(-np.clip(evidence + odds, -1000, 1000)))).sum()) / max(n_rows, 1)
        if abs(now - links) < 1e-6:
            break
        links = now
    # Never none: a prior of zero could not be overcome by any evidence.
    return max(links, 1 / max(n_rows, 1)), share


def _without_true_pairs(seen: Observed, m: Observed, prior: float) -> Observed:
    """u of two different people, from random pairs of which a share ``prior`` is one: (seen - prior·m) / (1 - prior).

    Of no account among a million records; among a thousand, most random pairs with one e-mail are true.
    """
    return {
        key: max((value - prior * m[key]) / (1 - prior), min(value, UNSEEN_U)) if key in m else value
        for key, value in seen.items()
    }


def _has_pairs(con: duckdb.DuckDBPyConnection, block: tuple[str, ...]) -> bool:
    columns = ", ".join(block)
    present = " and ".join(f"{column} is not null" for column in block)
    found = con.execute(
        f"select 1 from {features.ROWS} where {present} group by {columns} having count(*) > 1 limit 1"
    ).fetchall()
    return bool(found)


def _observed(model: ModelSettings, linker: Any, what: str) -> Observed:
    """What was trained, by (comparison, label). Splink leaves out, or writes a text for, a level it never saw."""
    found = linker.misc.save_model_to_json()["comparisons"]
    return {
        (comparison.name, level["label_for_charts"]): float(level[what])
        for comparison, entry in zip(model.comparisons, found, strict=True)
        for level in entry["comparison_levels"]
        if isinstance(level.get(what), int | float)
    }


def _levels(comparison: Comparison, m: Observed, u: Observed) -> dict[str, tuple[float, float]]:
    """(m, u) by label. A comparison that training never saw on both sides weighs nothing."""
    keys = [(comparison.name, label) for label in comparison.labels]
    if not any(key in m for key in keys) or not any(key in u for key in keys):
        return dict.fromkeys(comparison.labels, (1 / len(keys), 1 / len(keys)))
    return {key[1]: (float(f"{max(m.get(key, 0), LEAST_M):.6g}"), float(f"{u.get(key, UNSEEN_U):.6g}")) for key in keys}
