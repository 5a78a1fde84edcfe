"""How right a clustering is against a known truth.

Belongs here: measures over (record, cluster, entity). Stays out: where the truth comes from. Formulas: pairwise and
B-cubed precision and recall (Bagga and Baldwin 1998).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from pipelines.identity.limits import join


@dataclass(frozen=True)
class Accuracy:
    """Measures of one clustering; shares are 0-1, and 1 where there was nothing to get wrong.

    Attributes:
        pair_precision, pair_recall, pair_f1: over pairs of records in one cluster, and of one entity.
        b3_precision, b3_recall, b3_f1: means over records.
        exact_share: entities whose records are exactly one cluster.
        n_over_merged: clusters with more than one entity.
        n_under_merged: entities in more than one cluster.
    """

    n_records: int
    n_entities: int
    n_clusters: int
    n_true_pairs: int
    pair_precision: float
    pair_recall: float
    pair_f1: float
    b3_precision: float
    b3_recall: float
    b3_f1: float
    exact_share: float
    n_over_merged: int
    n_under_merged: int

    def as_dict(self) -> dict[str, int | float]:
        return asdict(self)


def accuracy(found: pl.DataFrame) -> Accuracy:
    """Measure a clustering.

    Args:
        found: one row per record: ``cluster`` (what was decided) and ``entity`` (the truth).

    Raises:
        ValueError: there is no record, or one without cluster or entity.
    """
    if found.is_empty() or found.select(pl.col("cluster", "entity").has_nulls()).row(0) != (False, False):
        raise ValueError("accuracy needs at least one record, each with a cluster and an entity")
    cells = (
        found.group_by("cluster", "entity")
        .agg(pl.len().cast(pl.Float64).alias("n"))
        .with_columns(
            pl.col("n").sum().over("cluster").alias("n_cluster"),
            pl.col("n").sum().over("entity").alias("n_entity"),
        )
    )
    both, clustered, true = (
        _pairs(cells["n"]),
        _pairs(cells.unique("cluster")["n_cluster"]),
        _pairs(cells.unique("entity")["n_entity"]),
    )
    precision, recall = _share(both, clustered), _share(both, true)
    b3_precision = float((cells["n"] * cells["n"] / cells["n_cluster"]).sum()) / found.height
    b3_recall = float((cells["n"] * cells["n"] / cells["n_entity"]).sum()) / found.height
    n_entities = cells["entity"].n_unique()
    exact = cells.filter((pl.col("n") == pl.col("n_cluster")) & (pl.col("n") == pl.col("n_entity"))).height
    return Accuracy(
        n_records=found.height,
        n_entities=n_entities,
        n_clusters=cells["cluster"].n_unique(),
        n_true_pairs=int(true),
        pair_precision=precision,
        pair_recall=recall,
        pair_f1=_f1(precision, recall),
        b3_precision=b3_precision,
        b3_recall=b3_recall,
        b3_f1=_f1(b3_precision, b3_recall),
        exact_share=exact / n_entities,
        n_over_merged=int(cells.group_by("cluster").len().filter(pl.col("len") > 1).height),
        n_under_merged=int(cells.group_by("entity").len().filter(pl.col("len") > 1).height),
    )


def clusters_of(nodes: pl.Series, links: pl.DataFrame) -> pl.DataFrame:
    """``node_id``, ``cluster``: components of ``nodes`` under links (``node_id_a``, ``node_id_b``)."""
    names = pl.concat([nodes, links["node_id_a"], links["node_id_b"]]).unique().sort()
    codes = pl.DataFrame({"node_id": names}).with_row_index("code")
    a, b = (
        links.select(node_id=side).join(codes, on="node_id", how="left", maintain_order="left")["code"].to_numpy()
        for side in ("node_id_a", "node_id_b")
    )
    cluster = join(np.arange(len(names), dtype=np.int64), a, b)
    return nodes.to_frame("node_id").join(
        codes.select("node_id", pl.Series("cluster", cluster)), on="node_id", how="left", maintain_order="left"
    )


def _pairs(sizes: pl.Series) -> float:
    return float((sizes * (sizes - 1) / 2).sum())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
