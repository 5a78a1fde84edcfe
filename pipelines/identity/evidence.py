"""What a resolution looks at: records, evidence, keys, decisions, what earlier runs left.

Belongs here: reading it from the warehouse in codes (``names``), and what the rules alone settle. Stays out: deciding
(``clusters``, ``resolve``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import duckdb
import polars as pl

from pipelines import warehouse
from pipelines.identity.clusters import Clusters, cluster
from pipelines.identity.frames import CODED_SCHEMA
from pipelines.identity.ledger import LEDGER_SCHEMA, Ledger, read_ledger
from pipelines.identity.rules import LEDGER_RULE, Rules
from pipelines.identity.stable import HISTORY_SCHEMA, ID_DIGITS, Known
from pipelines.identity.state import State, nothing_kept

UNSETTLED_RULES = ("device", "shared_email", "shared_phone", "model")
"""Rules too weak to take two records as one person before the model has compared them."""

SOURCES = pl.Enum(["ledger", "model", "rule"])


EDGES_TABLE = "identity.int_identity__edges"
KEYS_TABLE = "identity.int_identity__unique_keys"
PROFILES_TABLE = "entities.int_profiles"

ENUMS = {
    "rule": EDGES_TABLE,
    "identifier_type": EDGES_TABLE,
    "key_type": KEYS_TABLE,
    "system": PROFILES_TABLE,
    "profile_kind": PROFILES_TABLE,
}
"""Columns of few texts, read as enums."""


@dataclass(frozen=True)
class Inputs:
    """Everything a resolution looks at.

    Attributes:
        nodes: one row per record, sorted by ``node_id``, so that its row is its code: ``system``, ``profile_kind``,
            ``is_staff``, ``is_named``, ``proposed`` (number of a new id) and ``is_there``: false of a record that only
            the history knows.
        edges: evidence of the rules and the model, columns of ``CODED_SCHEMA``.
        unique_keys: ``node``, ``key_type``, ``value``.
        values: the texts behind ``value``.
        ledger: what people decided, with the codes ``a`` and ``b``.
        known: what earlier runs left.
        blocked: values that link nobody, counted by reason.
    """

    nodes: pl.DataFrame
    edges: pl.DataFrame
    unique_keys: pl.DataFrame
    values: pl.Series
    ledger: Ledger
    known: Known
    blocked: Mapping[str, int] = field(default_factory=dict)

    def evidence(self) -> pl.DataFrame:
        """The edges, and the ledger's always_match rows as edges."""
        said = {"rule": LEDGER_RULE, "identifier_type": "ledger", "source": "ledger", "confidence": 1.0}
        return pl.concat([self.edges, _shaped(self.ledger.always, self.edges.schema, said)])

    def with_pairs(self, pairs: pl.DataFrame) -> Inputs:
        """With the model's pairs (``predict.PAIR_SCHEMA``) among the edges."""
        told = pairs["identifier_value"].drop_nulls().unique().sort()
        codes = pl.DataFrame({"identifier_value": told}).with_columns(
            pl.int_range(len(self.values), len(self.values) + pl.len(), dtype=pl.Int32).alias("value")
        )
        coded = pairs.join(codes, on="identifier_value", how="left", maintain_order="left")
        said = {"rule": "model", "identifier_type": "comparison", "source": "model"}
        return replace(
            self,
            edges=pl.concat([self.edges, _shaped(coded, self.edges.schema, said)]),
            values=pl.concat([self.values, told]),
        )


def read_inputs(con: duckdb.DuckDBPyConnection, rules: Rules, before: State | None = None) -> Inputs:
    """Read what the rules look at; ``con`` is only read from, and the model's pairs are for who resolves to add.

    Raises:
        LedgerError: the ledger is wrong.
        ValueError: a record occurs twice or an edge names an unknown record.
    """
    before = before or nothing_kept()
    rule_names = [LEDGER_RULE, *UNSETTLED_RULES, *(rule.name for rule in rules.rules)]
    enums = _read_enums(con, {"rule": rule_names, "identifier_type": ("ledger", "comparison")})
    nodes = _read_nodes(con, before, enums)
    codes = nodes.select("node_id", pl.int_range(pl.len(), dtype=pl.Int32).alias("code"), "is_there")
    there = codes.filter("is_there").drop("is_there")
    values = con.sql(
        f"""
        select identifier_value as value from {EDGES_TABLE} where identifier_value is not null
        union
        select key_value from {KEYS_TABLE}
        order by 1
        """
    ).pl()["value"]
    con.register("record_codes", there.to_arrow())
    con.register("value_codes", values.to_frame().with_row_index("code").to_arrow())
    edges = con.sql(
        f"""
        select
            l.code as a, r.code as b, {enums["rule"]} as rule, {enums["identifier_type"]} as identifier_type,
            value_codes.code as value, edges.observed_at, cast(null as double) as confidence,
            cast(null as double) as match_weight, cast('rule' as {_enum_type(SOURCES.categories)}) as source
        from {EDGES_TABLE} as edges
        left join record_codes as l on edges.node_id_a = l.node_id
        left join record_codes as r on edges.node_id_b = r.node_id
        left join value_codes on edges.identifier_value = value_codes.value
        """
    ).pl()
    keys = con.sql(
        f"""
        select record_codes.code as node, {enums["key_type"]} as key_type, value_codes.code as value
        from {KEYS_TABLE} as held
        inner join record_codes on held.node_id = record_codes.node_id
        inner join value_codes on held.key_value = value_codes.value
        """
    ).pl()
    for name in ("record_codes", "value_codes"):
        con.unregister(name)
    if unknown := edges["a"].null_count() + edges["b"].null_count():
        raise ValueError(f"{unknown} edges name a source record that int_profiles does not hold")
    return Inputs(
        nodes=nodes,
        edges=edges.with_columns(
            *(pl.col(name).cast(dtype) for name, dtype in CODED_SCHEMA.items()), pl.col("source").cast(SOURCES)
        ),
        unique_keys=keys.cast({"node": pl.Int32, "value": pl.Int32}),
        values=values,
        ledger=_read_ledger(con, there),
        known=known_of(before, codes),
        blocked=dict(con.execute("select reason, count(*) from identity.int_identity__blocked group by 1").fetchall()),
    )


def parts(inputs: Inputs, rules: Rules) -> pl.DataFrame:
    """``node_id``, ``node``, ``part``: records have one part where strong rules and decisions join them within limits.

    What a limit keeps apart is not settled: the model compares it, and may find a slip where the rules saw two people.
    """
    strong = replace(inputs, edges=inputs.edges.filter(~pl.col("rule").is_in(UNSETTLED_RULES)))
    part = clustered(strong, rules).component
    return inputs.nodes.select("node_id", pl.int_range(pl.len(), dtype=pl.Int32).alias("node"), pl.Series("part", part))


def clustered(inputs: Inputs, rules: Rules) -> Clusters:
    """The records joined by all their evidence (``clusters.cluster``)."""
    return cluster(
        inputs.nodes,
        inputs.evidence(),
        unique_keys=inputs.unique_keys,
        values=inputs.values,
        never=inputs.ledger.never,
        rules=rules,
    )


def _read_nodes(con: duckdb.DuckDBPyConnection, before: State, enums: Mapping[str, str]) -> pl.DataFrame:
    """Columns of ``Inputs.nodes``: those of today and those of the history."""
    nodes = con.sql(
        f"""
        select
            node_id, {enums["system"]} as system, {enums["profile_kind"]} as profile_kind, is_staff,
            coalesce(trim(first_name), '') <> '' or coalesce(trim(full_name), '') <> '' as is_named,
            cast('0x' || substr(md5(node_id), 1, {ID_DIGITS}) as ubigint) as proposed, true as is_there
        from {PROFILES_TABLE}
        order by node_id
        """
    ).pl()
    if (nodes["node_id"] == nodes["node_id"].shift()).any():
        raise ValueError("int_profiles holds a node_id twice: every source record must be one row")
    past = before.history.select("node_id").join(nodes.lazy(), on="node_id", how="anti").unique()
    gone = past.with_columns(is_named=pl.lit(value=False), is_there=pl.lit(value=False)).collect(engine="streaming")
    if gone.is_empty():
        return nodes
    return pl.concat([nodes, gone], how="diagonal").sort("node_id")


def _read_ledger(con: duckdb.DuckDBPyConnection, there: pl.DataFrame) -> Ledger:
    columns = ", ".join(LEDGER_SCHEMA)
    seeds = con.sql(
        f"""
        select {columns}, true as is_never from seeds.identity_never_match
        union all
        select {columns}, false from seeds.identity_always_match
        """
    ).pl()
    if seeds.is_empty():
        nothing = pl.DataFrame(schema={**LEDGER_SCHEMA, "a": pl.Int32, "b": pl.Int32})
        return Ledger(nothing, nothing)
    named = pl.concat([seeds[end].cast(pl.String).str.strip_chars() for end in ("node_id_a", "node_id_b")])
    found = there.filter(pl.col("node_id").is_in(named.implode()))
    never, always = (seeds.filter(pl.col("is_never") == wanted).drop("is_never") for wanted in (True, False))
    ledger = read_ledger(never, always, found["node_id"])

    def coded(pairs: pl.DataFrame) -> pl.DataFrame:
        for end, code in (("node_id_a", "a"), ("node_id_b", "b")):
            pairs = pairs.join(found.rename({"node_id": end, "code": code}), on=end, how="left", maintain_order="left")
        return pairs

    return replace(ledger, never=coded(ledger.never), always=coded(ledger.always))


def known_of(before: State, codes: pl.DataFrame) -> Known:
    """What earlier runs left, in the codes of ``node_id``."""
    given = before.events.filter(pl.col("event") == "new").select("customer_id")
    ids = [given, before.history.select("customer_id")]
    ids += [before.redirects.lazy().select(customer_id=end) for end in ("customer_id", "into_customer_id")]
    people = pl.concat(ids).unique().sort("customer_id").collect()
    places = people.with_columns(pl.int_range(pl.len(), dtype=pl.Int32).alias("person"))
    history = (
        before.history.with_columns(pl.col("run_id").cast(pl.Categorical))
        .join(codes.lazy().select("node_id", node="code"), on="node_id")
        .join(places.lazy(), on="customer_id")
        .select("node", "person", *list(HISTORY_SCHEMA)[2:])
        .collect(engine="streaming")
    )
    return Known(history, before.redirects, people["customer_id"])


def _shaped(frame: pl.DataFrame, schema: Mapping[str, pl.DataType], said: Mapping[str, object]) -> pl.DataFrame:
    """The columns of the schema: what is said of all rows, else the frame's own, else null."""
    return frame.select(
        (pl.col(name) if name in frame.columns and name not in said else pl.lit(said.get(name))).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def _read_enums(con: duckdb.DuckDBPyConnection, known: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """By ``ENUMS`` column the SQL that casts it to an enum in the order of its texts: those it holds, and the known."""
    held = " union ".join(
        f"select '{column}' as name, {column} as text from {table} where {column} is not null"
        for column, table in ENUMS.items()
    )
    texts = {column: {"none", *known.get(column, ())} for column in ENUMS}
    for name, text in con.execute(held).fetchall():
        texts[name].add(text)
    return {column: f"cast({column} as {_enum_type(sorted(held))})" for column, held in texts.items()}


def _enum_type(texts: Iterable[str]) -> str:
    return f"enum({', '.join(map(warehouse.quote, texts))})"
