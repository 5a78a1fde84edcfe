"""The probabilistic second pass: scores pairs the rules have not joined.

Belongs here: blocking, scoring with trained parameters, and the pairs as evidence. Stays out: training (``train``),
thresholds and clustering (``resolve``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import polars as pl

from pipelines import warehouse
from pipelines.identity import features
from pipelines.identity.frames import Schema, shaped
from pipelines.identity.model import (
    Comparison,
    ModelError,
    ModelSettings,
    Parameters,
    load_model_settings,
    load_parameters,
    splink_settings,
)
from pipelines.identity.rules import Rules, load_rules
from pipelines.settings import Settings

MEMORY = "4GB"
"""What scoring may take: less than the house's limit, because the evidence of the whole house stands beside it."""

RAN = "ran"
"""What a second pass without a note came to."""


PAIR_SCHEMA: Schema = {
    "a": pl.Int32,
    "b": pl.Int32,
    "identifier_value": pl.String,
    "confidence": pl.Float64,
    "match_weight": pl.Float64,
}
"""``a`` and ``b`` are codes of records."""


@dataclass(frozen=True)
class Scored:
    """Pairs worth telling, columns of ``PAIR_SCHEMA``, and counts of how they were found; no personal data."""

    pairs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PAIR_SCHEMA))
    n_rows: int = 0
    n_pairs: int = 0
    skipped_blocks: dict[str, int] = field(default_factory=dict)
    parameters_hash: str | None = None
    note: str | None = None


def second_pass(settings: Settings, parts: pl.DataFrame, *, rules: Rules | None = None) -> Scored:
    """Score the house's records with its own parameters, else the shipped ones.

    Args:
        parts: what is settled before (``evidence.parts``).
        rules: their thresholds say from which probability on a pair is worth telling.

    Returns:
        Every pair of at least the ``backed`` threshold: whether it links or is reviewed is for who resolves. Where
        records are too few or parameters do not fit, none and a note that says what to do: a refresh goes on with the
        rules alone.
    """
    rules = rules or load_rules()
    try:
        model = load_model_settings()
        parameters = load_parameters(settings, model)
    except ModelError as error:
        return Scored(note=f"rules only: {error}")
    with warehouse.memory(settings) as con:
        con.execute(f"set memory_limit = '{MEMORY}'")
        with features.records_of(con, settings) as records:
            (n_records,) = con.execute(f"select count(*) from {records}").fetchall()[0]
            if n_records < model.min_records:
                few = f"{n_records} records are fewer than min_records ({model.min_records}) of the model's settings"
                return Scored(parameters_hash=parameters.hash, note=f"rules only: {few}")
            n_rows = features.put_rows(con, records, parts)
        return score(con, model, parameters, n_rows, least=rules.thresholds.backed)


def score(
    con: duckdb.DuckDBPyConnection, model: ModelSettings, parameters: Parameters, n_rows: int, *, least: float
) -> Scored:
    """Pairs of at least ``least`` probability among the comparison rows (``features.put_rows``) of a connection.

    ``identifier_value`` tells how the two compare and the weight in bits
    (``given_name=equal:+6.9 birth_date=unknown …``), not what they show.
    """
    n_pairs, skipped = block(con, model)
    scored = Scored(n_rows=n_rows, n_pairs=n_pairs, skipped_blocks=skipped, parameters_hash=parameters.hash)
    if guards_hold(model, parameters):
        drop_guarded(con, model)
    if not n_pairs:
        return scored
    return replace(scored, pairs=_pairs(con, model, parameters, predicted(con, model, parameters, n_rows, least)))


PAIRS = "blocked_pairs"


def block(con: duckdb.DuckDBPyConnection, model: ModelSettings) -> tuple[int, dict[str, int]]:
    """Make the table ``blocked_pairs`` as Splink reads it; returns its rows, and the blocks left out by rule.

    A pair is there once, and only where the rules have not joined it. Blocks of one part alone are no work at all.
    """
    skipped: dict[str, int] = {}
    con.execute("create or replace temp table candidate_pairs (a bigint, b bigint)")
    for rule in model.blocking.rules:
        key = ", ".join(rule)
        present = " and ".join(f"{column} is not null" for column in rule)
        con.execute(
            f"""
            create or replace temp table blocks as
            select hash({key}) as block, count(*) as n
            from {features.ROWS}
            where {present}
            group by 1
            having min(part) <> max(part)
            """
        )
        (over,) = con.execute(f"select count(*) from blocks where n > {model.blocking.max_block}").fetchall()[0]
        if over:
            skipped["+".join(rule)] = int(over)
        con.execute(
            f"""
            insert into candidate_pairs
            with members as (
                select rows.row_id, rows.part, blocks.block
                from {features.ROWS} as rows
                inner join blocks on hash({", ".join(f"rows.{column}" for column in rule)}) = blocks.block
                where blocks.n <= {model.blocking.max_block} and {present}
            )
            select l.row_id, r.row_id
            from members as l
            inner join members as r on l.block = r.block and l.row_id < r.row_id and l.part <> r.part
            """
        )
    con.execute(
        f"""
        create or replace table {PAIRS} as
        select '0' as match_key, a as join_key_l, b as join_key_r from candidate_pairs group by a, b;
        drop table candidate_pairs;
        """
    )
    (found,) = con.execute(f"select count(*) from {PAIRS}").fetchall()[0]
    return int(found), skipped


def guards_hold(model: ModelSettings, parameters: Parameters) -> bool:
    """Whether there are households to be kept apart."""
    return parameters.household_share >= model.guards.from_household_share


def drop_guarded(con: duckdb.DuckDBPyConnection, model: ModelSettings) -> None:
    """Leave out of ``blocked_pairs`` what one comparison alone forbids: most, and nothing else of them is compared."""
    columns = con.sql(f"select * from {features.ROWS} limit 0").columns
    sides = ", ".join(f"{side}.{column} as {column}_{side}" for side in "lr" for column in columns)
    comparisons = {comparison.name: comparison for comparison in model.comparisons}
    alone = [guard.when for guard in model.guards.rules if guard.then == "drop" and len(guard.when) == 1]
    kept = [
        f"{comparisons[name].label_sql()} not in ({', '.join(map(warehouse.quote, labels))})"
        for when in alone
        for name, labels in when.items()
    ]
    con.execute(
        f"""
        create or replace table {PAIRS} as
        select match_key, join_key_l, join_key_r
        from (
            select pairs.*, {sides}
            from {PAIRS} as pairs
            inner join {features.ROWS} as l on pairs.join_key_l = l.row_id
            inner join {features.ROWS} as r on pairs.join_key_r = r.row_id
        )
        where {" and ".join(kept) or "true"}
        """
    )


def predicted(
    con: duckdb.DuckDBPyConnection, model: ModelSettings, parameters: Parameters, n_rows: int, least: float
) -> str:
    """Name of Splink's table of the blocked pairs of at least a probability."""
    from splink import DuckDBAPI  # noqa: PLC0415

    trained = splink_settings(model, prior=parameters.prior(n_rows), m=parameters.of(0), u=parameters.of(1))
    linker = new_linker(con, trained)
    linker.table_management.register_blocked_pairs_for_predict(DuckDBAPI(connection=con).register(PAIRS))
    found = linker.inference.predict(threshold_match_probability=least or None, warning_mode="never")
    return str(found.physical_name)


def new_linker(con: duckdb.DuckDBPyConnection, splink: dict[str, Any], *, table: str = features.ROWS) -> Any:
    """Splink on a table of comparison rows of a scratch connection, silent."""
    from splink import DuckDBAPI, Linker  # noqa: PLC0415

    return Linker(DuckDBAPI(connection=con).register(table), splink, log_level="ERROR", validate_settings=False)


def _pairs(
    con: duckdb.DuckDBPyConnection, model: ModelSettings, parameters: Parameters, predicted: str
) -> pl.DataFrame:
    """Predicted pairs as evidence between the smallest records of the two rows; of several pairs the likeliest."""
    told = " || ' ' || ".join(_told(comparison) for comparison in model.comparisons)
    guards = model.guards
    active = guards_hold(model, parameters)
    review = any_guard(model, "review") if active else "false"
    drop = any_guard(model, "drop") if active else "false"
    frame = con.sql(
        f"""
        with pairs as (
            select
                least(l.node, r.node) as a,
                greatest(l.node, r.node) as b,
                {told} as identifier_value,
                case
                    when {review} then least(predicted.match_probability, {guards.review_at_most})
                    else predicted.match_probability
                end as confidence,
                predicted.match_weight as match_weight,
                row_number() over (
                    partition by least(l.node, r.node), greatest(l.node, r.node)
                    order by case when {review} then 1 else 0 end, predicted.match_weight desc, {told}
                ) as choice
            from {predicted} as predicted
            inner join {features.ROWS} as l on predicted.row_id_l = l.row_id
            inner join {features.ROWS} as r on predicted.row_id_r = r.row_id
            where not {drop}
        )
        select * exclude (choice) from pairs where choice = 1 order by a, b
        """
    ).pl()
    return shaped(frame, PAIR_SCHEMA)


def _told(comparison: Comparison) -> str:
    """SQL of one comparison's outcome and weight in bits: ``given_name=equal:+6.9``."""
    name = comparison.name
    labels = " ".join(f"when {number} then '{label}'" for number, label in enumerate(comparison.labels))
    weight = f"predicted.mw_{name}" + (f" + predicted.mw_tf_adj_{name}" if comparison.has_term else "")
    return (
        f"case when predicted.gamma_{name} = -1 then '{name}=unknown' "
        f"else '{name}=' || case predicted.gamma_{name} {labels} end || ':' || format('{{:+.1f}}', {weight}) end"
    )


def any_guard(model: ModelSettings, then: str) -> str:
    """SQL: one of the guards of a kind holds."""
    levels = {comparison.name: ["unknown", *comparison.labels] for comparison in model.comparisons}
    held = [
        " and ".join(
            f"predicted.gamma_{name} in ({', '.join(str(levels[name].index(label) - 1) for label in wanted)})"
            for name, wanted in guard.when.items()
        )
        for guard in model.guards.rules
        if guard.then == then
    ]
    return "(" + (" or ".join(f"({each})" for each in held) or "false") + ")"
