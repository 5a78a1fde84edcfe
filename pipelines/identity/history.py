"""What is told about ids that changed: the log, the redirects, and since when each record was whose.

Belongs here: pure functions from the new ids and what was known before to rows to append. Stays out: choosing ids
(``stable``), reading and writing (``resolve``).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.identity.frames import Schema, shaped
from pipelines.identity.stable import REDIRECT_SCHEMA, Ids, Known, Run

EVENT_SCHEMA: Schema = {
    "run_id": pl.String,
    "known_at": pl.Datetime("us"),
    "event": pl.String,
    "customer_id": pl.String,
    "into_customer_id": pl.String,
    "n_nodes": pl.Int64,
    "reason": pl.String,
}


def redirects_after(known: Known, moves: pl.DataFrame, run: Run) -> pl.DataFrame:
    """Where every id that is no longer in use leads to, in one step; columns of ``REDIRECT_SCHEMA``.

    Of an id whose records went to several, the one that got most (ties: the smaller id).
    """
    made = (
        moves.filter(pl.col("event") == "merged")
        .sort("n_nodes", "into_customer_id", descending=[True, False])
        .unique("customer_id", keep="first", maintain_order=True)
        .select("customer_id", "into_customer_id")
    )
    step = made.rename({"customer_id": "into_customer_id", "into_customer_id": "next_id"})
    old = known.redirects.join(made, on="customer_id", how="anti").join(step, on="into_customer_id", how="left")
    is_moved = pl.col("next_id").is_not_null()
    kept = old.select(
        "customer_id",
        pl.coalesce("next_id", "into_customer_id").alias("into_customer_id"),
        pl.when(is_moved).then(pl.lit(run.run_id)).otherwise("run_id").alias("run_id"),
        pl.when(is_moved)
        .then(pl.lit(run.known_at, dtype=pl.Datetime("us")))
        .otherwise("known_from")
        .alias("known_from"),
    )
    new = made.with_columns(
        pl.lit(run.run_id).alias("run_id"), pl.lit(run.known_at, dtype=pl.Datetime("us")).alias("known_from")
    )
    both = pl.concat([kept, new.select(*REDIRECT_SCHEMA)])
    return shaped(both, REDIRECT_SCHEMA).sort("customer_id")


def events_of(
    *,
    ids: Ids,
    known: Known,
    redirects: pl.DataFrame,
    links: pl.DataFrame,
    skipped: pl.DataFrame,
    run: Run,
) -> pl.DataFrame:
    """The rows to append to the log, columns of ``EVENT_SCHEMA``, in an order that only their content decides.

    The reason of a merge is the strongest rule that now links the two; of a split what now keeps them apart, or
    ``evidence_gone``. ``redirected`` tells an earlier redirect that now leads further.
    """
    was = ids.was.fill_null(ids.person)
    linked = _between(links, was, ids.people).sort("priority", "rule")
    linked = linked.unique("pair", keep="first", maintain_order=True)
    apart = _between(skipped, ids.person, ids.people).filter(pl.col("reason") != "below_threshold").sort("reason")
    apart = apart.unique("pair", keep="first", maintain_order=True)
    pair = pl.concat_list("customer_id", "into_customer_id").list.sort()
    moves = (
        ids.moves.with_columns(pair.alias("pair"))
        .join(linked.select("pair", pl.col("rule").cast(pl.String).alias("linked_by")), on="pair", how="left")
        .join(apart.select("pair", pl.col("reason").alias("kept_apart_by")), on="pair", how="left")
        .with_columns(
            pl.when(pl.col("event") == "merged")
            .then(pl.coalesce("linked_by", pl.lit("new_records")))
            .when(pl.col("event") == "split")
            .then(pl.coalesce("kept_apart_by", pl.lit("evidence_gone")))
            .otherwise("reason")
            .alias("reason")
        )
        .select("event", "customer_id", "into_customer_id", "n_nodes", "reason")
    )
    further = (
        known.redirects.select("customer_id", pl.col("into_customer_id").alias("led_to"))
        .join(redirects, on="customer_id")
        .filter(pl.col("led_to") != pl.col("into_customer_id"))
        .select(
            pl.lit("redirected").alias("event"),
            "customer_id",
            "into_customer_id",
            pl.lit(0, dtype=pl.Int64).alias("n_nodes"),
            pl.lit("merged_further").alias("reason"),
        )
    )
    told = pl.concat([moves, further]).with_columns(
        pl.lit(run.run_id).alias("run_id"), pl.lit(run.known_at).alias("known_at")
    )
    return shaped(told, EVENT_SCHEMA).sort("event", "customer_id", "into_customer_id", nulls_last=True)


def _between(links: pl.DataFrame, person: pl.Series, people: pl.Series) -> pl.DataFrame:
    """Links whose ends have two ids, with the ``pair`` of ids in order."""
    ends = links.with_columns(person.gather(links["a"]).alias("id_a"), person.gather(links["b"]).alias("id_b"))
    apart = ends.filter(pl.col("id_a") != pl.col("id_b"))
    named = apart.with_columns(people.gather(apart[end]).alias(end) for end in ("id_a", "id_b"))
    return named.with_columns(pl.concat_list("id_a", "id_b").list.sort().alias("pair"))


def history_after(nodes: pl.DataFrame, person: pl.Series, links: pl.DataFrame, known: Known, run: Run) -> pl.DataFrame:
    """The whole history after this run, as ``Known`` holds it: nothing is taken out, rows are closed and added.

    Known time is when the house believed it: ``known_from`` the run that found it, ``known_to`` the run that found
    otherwise. Valid time is when it is true of the record: ``valid_from`` the earliest time a link that holds the
    record shows (null: nothing but the record itself, so always); ``valid_to`` the run at which the record had left
    the sources. A merge or split ends no valid time: the record had been that person's all along, unknown to us.
    """
    time = pl.Datetime("us")
    seen = pl.concat([links.select(pl.col(end).alias("node"), "observed_at") for end in ("a", "b")])
    since = seen.group_by("node").agg(pl.col("observed_at").min().cast(time).alias("valid_from"))
    all_nodes = pl.DataFrame({"person": person, "is_there": nodes["is_there"]}).with_row_index("node")
    now = all_nodes.with_columns(pl.col("node").cast(pl.Int32)).filter("is_there").drop("is_there")
    now = now.join(since, on="node", how="left")
    is_open = pl.col("known_to").is_null()
    same = now.join(
        known.history.filter(is_open), on=["node", "person", "valid_from"], how="semi", nulls_equal=True
    ).select("node")
    is_same = pl.Series(np.isin(np.arange(nodes.height), same["node"].to_numpy()))
    is_closed = is_open & ~is_same.gather(known.history["node"])
    is_gone = ~nodes["is_there"].gather(known.history["node"])
    known_at = pl.lit(run.known_at, dtype=time)
    kept = known.history.with_columns(
        pl.when(is_closed & is_gone).then(known_at).otherwise("valid_to").alias("valid_to"),
        pl.when(is_closed).then(known_at).otherwise("known_to").alias("known_to"),
    )
    added = now.filter(~is_same.gather(now["node"])).with_columns(
        pl.lit(None, dtype=time).alias("valid_to"),
        known_at.alias("known_from"),
        pl.lit(None, dtype=time).alias("known_to"),
        pl.lit(run.run_id, dtype=pl.Categorical).alias("run_id"),
    )
    return pl.concat([kept, added.select(kept.columns)]).sort("node", "known_from")
