"""Accuracy measures against known answers, and their edges."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.identity.accuracy import accuracy, clusters_of


def clustering(found: str, truth: str) -> pl.DataFrame:
    """``abd,ce`` names the records of each cluster, and of each entity."""
    cluster = {record: part for part in found.split(",") for record in part}
    entity = {record: part for part in truth.split(",") for record in part}
    return pl.DataFrame(
        {"cluster": [cluster[r] for r in sorted(cluster)], "entity": [entity[r] for r in sorted(cluster)]}
    )


def test_known_answers() -> None:
    found = accuracy(clustering("abd,ce", "ab,cde"))
    assert (found.pair_precision, found.pair_recall, found.pair_f1) == (0.5, 0.5, 0.5)
    assert found.b3_precision == pytest.approx(0.7333, abs=5e-5)
    assert found.b3_recall == pytest.approx(0.7333, abs=5e-5)
    assert (found.n_over_merged, found.n_under_merged, found.exact_share) == (1, 1, 0.0)


def test_all_in_one() -> None:
    found = accuracy(clustering("abcdef", "abc,def"))
    assert (found.b3_precision, found.b3_recall) == (0.5, 1.0)
    assert (found.pair_precision, found.pair_recall) == (0.4, 1.0)
    assert (found.n_over_merged, found.n_under_merged) == (1, 0)


def test_each_alone_is_precise_and_finds_nothing() -> None:
    found = accuracy(clustering("a,b,c", "ab,c"))
    assert (found.pair_precision, found.pair_recall, found.pair_f1) == (1.0, 0.0, 0.0)
    assert (found.exact_share, found.n_under_merged, found.n_true_pairs) == (0.5, 1, 1)


def test_right_is_one_everywhere() -> None:
    found = accuracy(clustering("ab,c", "ab,c"))
    assert {found.pair_f1, found.b3_f1, found.exact_share} == {1.0}


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one record"):
        accuracy(pl.DataFrame({"cluster": [], "entity": []}))
    with pytest.raises(ValueError, match="each with a cluster"):
        accuracy(pl.DataFrame({"cluster": ["a", None], "entity": ["x", "y"]}))


def test_links_run_through_records_that_are_not_asked_about() -> None:
    links = pl.DataFrame({"node_id_a": ["a", "device"], "node_id_b": ["device", "b"]})
    found = clusters_of(pl.Series(["a", "b", "c"]), links)
    clusters = dict(found.iter_rows())
    assert clusters["a"] == clusters["b"] != clusters["c"]
