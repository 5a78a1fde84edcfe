"""Stock Splink, the peer of the identity benchmark: the model its documentation recommends, run by itself alone.

Belongs here: Splink's own blocking, ready-made comparisons, training and clustering, as its worked examples for FEBRL 3
and fake_1000 set them up (Splink 5: random sampling of 1e6 pairs, expectation maximisation on two or three blocks,
connected components). Stays out: anything of ours. Columns it is given beyond those examples (the rest of the address,
phones) get its recommended comparison for their kind.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

SEED = 2


@dataclass(frozen=True)
class Stock:
    """What differs by data set: comparisons by column, blocking, sure rules with their recall, training blocks."""

    names: tuple[str, ...]
    birth_date: str
    exact_with_terms: tuple[str, ...]
    fuzzy: tuple[str, ...]
    emails: tuple[str, ...]
    blocking: tuple[tuple[str, ...], ...]
    sure: tuple[str, ...]
    recall: float
    training: tuple[tuple[str, ...], ...]


SAME_DAY = "levenshtein(cast(l.birth_date as varchar), cast(r.birth_date as varchar)) <= 1"

FEBRL = Stock(
    names=("first_name", "last_name"),
    birth_date="birth_date",
    exact_with_terms=("street_number", "postal_code", "city"),
    fuzzy=("street",),
    emails=(),
    blocking=(("first_name",), ("last_name",), ("birth_date",), ("postal_code",)),
    sure=(
        "l.first_name = r.first_name and l.last_name = r.last_name and l.birth_date = r.birth_date",
        "l.first_name = r.last_name and l.last_name = r.first_name and l.birth_date = r.birth_date",
    ),
    # The example's 0.9 counts the social security number, which is not among the fields here.
    recall=0.5,
    training=(("birth_date",), ("postal_code",)),
)

FAKE_1000 = Stock(
    names=("first_name", "last_name"),
    birth_date="birth_date",
    exact_with_terms=("city",),
    fuzzy=(),
    emails=("email",),
    blocking=(("first_name",), ("last_name",), ("birth_date",), ("email",)),
    sure=(
        f"l.first_name = r.first_name and {SAME_DAY}",
        f"l.last_name = r.last_name and {SAME_DAY}",
        "l.first_name = r.first_name and levenshtein(r.last_name, l.last_name) <= 2",
        "l.email = r.email",
    ),
    recall=0.7,
    training=(("birth_date",), ("email",), ("first_name", "last_name")),
)

DEMO = Stock(
    names=("first_name", "last_name"),
    birth_date="birth_date",
    exact_with_terms=("house_number", "postal_code", "city", "phone"),
    fuzzy=("street",),
    emails=("email",),
    blocking=(
        ("email",),
        ("phone",),
        ("first_name", "last_name"),
        ("last_name", "birth_date"),
        ("last_name", "postal_code"),
    ),
    sure=(
        "l.email = r.email",
        "l.first_name = r.first_name and l.last_name = r.last_name and l.birth_date = r.birth_date",
    ),
    recall=0.8,
    training=(("first_name", "last_name"), ("birth_date",)),
)


def cluster(
    con: duckdb.DuckDBPyConnection, records: pl.DataFrame, stock: Stock, thresholds: tuple[float, ...]
) -> dict[float, pl.DataFrame]:
    """Train, predict and cluster; ``node_id``, ``cluster`` by threshold."""
    import splink.comparison_library as cl  # noqa: PLC0415
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415

    logging.getLogger("splink").setLevel(logging.ERROR)
    comparisons: list[Any] = (
        [cl.ForenameSurnameComparison(*stock.names)]
        if stock is FAKE_1000
        else [cl.NameComparison(name) for name in stock.names]
    )
    comparisons += [
        cl.DateOfBirthComparison(stock.birth_date, input_is_string=False),
        *[cl.ExactMatch(name).configure(term_frequency_adjustments=True) for name in stock.exact_with_terms],
        *[cl.JaroWinklerAtThresholds(name) for name in stock.fuzzy],
        *[cl.EmailComparison(name) for name in stock.emails],
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in stock.blocking],
    )
    db_api = DuckDBAPI(connection=con)
    linker = Linker(db_api.register(records.rename({"node_id": "unique_id"}).to_arrow()), settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match(list(stock.sure), recall=stock.recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=SEED)
    for rule in stock.training:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*rule), estimate_without_term_frequencies=stock is not FEBRL
        )
    predicted = linker.inference.predict(threshold_match_probability=min(thresholds))
    found = {}
    for threshold in thresholds:
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predicted, threshold_match_probability=threshold
        )
        found[threshold] = con.sql(
            f"select unique_id as node_id, cluster_id as cluster from {clusters.physical_name}"
        ).pl()
    return found


def columns(profiles: pl.DataFrame) -> pl.DataFrame:
    """Profiles with the address line in the two parts the examples compare."""
    if "address_line" not in profiles.columns:
        return profiles
    return profiles.with_columns(
        pl.col("address_line").str.extract(r"^(\d+)").alias("street_number"),
        pl.col("address_line").str.replace(r"^\d+\s*", "").replace("", None).alias("street"),
    ).drop("address_line")
