"""What a resolution looks at: records, evidence, keys, decisions, what earlier runs left.

Belongs here: reading it from the warehouse, and what the rules alone settle. Stays out: deciding (``clusters``,
``resolve``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import duckdb
import polars as pl

from pipelines.identity.clusters import cluster
from pipelines.identity.frames import EDGE_SCHEMA, shaped
from pipelines.identity.ledger import LEDGER_SCHEMA, Ledger, read_ledger
from pipelines.identity.rules import LEDGER_RULE, Rules, load_rules
from pipelines.identity.stable import ID_DIGITS, ID_PREFIX, Known, nothing_known

UNSETTLED_RULES = ("device", "shared_email", "shared_phone", "model")
"""Rules too weak to take two records as one person before the model has compared them."""


@dataclass(frozen=True)
class Inputs:
    """Everything a resolution looks at.

    Attributes:
        nodes: one row per source record: ``node_id``, ``system``, ``profile_kind``, ``is_staff``, ``is_named``
            and ``proposed_id``.
        edges: evidence of the rules and the model, columns of ``EDGE_SCHEMA``.
        unique_keys: ``node_id``, ``key_type``, ``key_value``.
        ledger: what people decided.
        known: what earlier runs left.
        blocked: values that link nobody, counted by reason.
    """

    nodes: pl.DataFrame
    edges: pl.DataFrame
    unique_keys: pl.DataFrame
    ledger: Ledger
    known: Known
    blocked: Mapping[str, int] = field(default_factory=dict)

    def evidence(self) -> pl.DataFrame:
        """The edges, and the ledger's always_match rows as edges."""
        return pl.concat([self.edges.select(*EDGE_SCHEMA), _decided(self.ledger)])


def read_inputs(con: duckdb.DuckDBPyConnection, known: Known) -> Inputs:
    """Read what the rules look at; ``con`` is only read from, and the model's pairs are for who resolves to add.

    Raises:
        LedgerError: the ledger is wrong.
    """
    nodes = con.sql(
        f"""
        select
            node_id, system, profile_kind, is_staff,
            coalesce(trim(first_name), '') <> '' or coalesce(trim(full_name), '') <> '' as is_named,
            '{ID_PREFIX}' || substr(md5(node_id), 1, {ID_DIGITS}) as proposed_id
        from entities.int_profiles
        """
    ).pl()
    edges = con.sql(
        """
        select
            node_id_a, node_id_b, rule, identifier_type, identifier_value, observed_at,
            cast(null as double) as confidence, cast(null as double) as match_weight, 'rule' as source
        from identity.int_identity__edges
        """
    ).pl()
    columns = ", ".join(LEDGER_SCHEMA)
    never, always = (
        con.sql(f"select {columns} from seeds.identity_{name}").pl() for name in ("never_match", "always_match")
    )
    return Inputs(
        nodes=nodes,
        edges=shaped(edges, EDGE_SCHEMA),
        unique_keys=con.sql("select node_id, key_type, key_value from identity.int_identity__unique_keys").pl(),
        ledger=read_ledger(never, always, nodes["node_id"]),
        known=known,
        blocked=dict(con.execute("select reason, count(*) from identity.int_identity__blocked group by 1").fetchall()),
    )


def read_settled(con: duckdb.DuckDBPyConnection, rules: Rules | None = None) -> pl.DataFrame:
    """The links that hold before the model is asked, of the warehouse's records (``settled``)."""
    return settled(read_inputs(con, nothing_known()), rules or load_rules())


def settled(inputs: Inputs, rules: Rules) -> pl.DataFrame:
    """The links by which strong rules and decisions join records within the limits: ``node_id_a``, ``node_id_b``.

    What a limit keeps apart is not settled: the model compares it, and may find a slip where the rules saw two people.
    """
    strong = replace(inputs, edges=inputs.edges.filter(~pl.col("rule").is_in(UNSETTLED_RULES)))
    found = cluster(sorted_nodes(strong), strong.evidence(), strong.unique_keys, strong.ledger.never, rules)
    return found.links.select("node_id_a", "node_id_b")


def sorted_nodes(inputs: Inputs) -> pl.DataFrame:
    """The records in the order resolution takes them.

    Raises:
        ValueError: a record occurs twice.
    """
    nodes = inputs.nodes.select("node_id", "system", "profile_kind", "is_staff", "is_named", "proposed_id")
    if nodes["node_id"].n_unique() != nodes.height:
        raise ValueError("int_profiles holds a node_id twice: every source record must be one row")
    return nodes.sort("node_id")


def _decided(ledger: Ledger) -> pl.DataFrame:
    """The always_match rows as evidence."""
    return ledger.always.select(
        "node_id_a",
        "node_id_b",
        pl.lit(LEDGER_RULE).alias("rule"),
        pl.lit("ledger").alias("identifier_type"),
        pl.lit(None, dtype=pl.String).alias("identifier_value"),
        pl.lit(None, dtype=pl.Datetime("us")).alias("observed_at"),
        pl.lit(1.0).alias("confidence"),
        pl.lit(None, dtype=pl.Float64).alias("match_weight"),
        pl.lit("ledger").alias("source"),
    )
