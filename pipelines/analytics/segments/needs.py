"""What each customer needs most: price, convenience, quality, design or service, with how it is known.

Belongs here: scores of the five needs and the primary one. Stays out: the segments made of it (the segments file).

A need is known in two ways. *Stated*: answers on how much each of the five matters, each person's own mean taken off,
so that somebody who finds everything important is not said to need everything; in units of the spread of such
differences. *Observed*: what people do, each sign a z-score over those it can be seen of; a need's score is the mean of
its signs, as a z-score again. Both are combined with one weight an answer: n answers count n, all observed counts one.
The primary need is the highest, where it leads the next by a quarter of a standard deviation and rests on enough: an
answer, three orders or two texts. Everybody else is ``mixed``. Observed needs are inferred, never measured.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.analytics.inputs import columns
from pipelines.analytics.segments.value import base_customers
from pipelines.analytics.tables import TABLES

NEED_PURCHASES = columns(
    "customer_id n_valid_orders discount_share coupon_order_share top_up_order_share express_order_share "
    "pickup_order_share price_index"
)
NEED_HABITS = columns(
    "customer_id n_sessions n_product_views n_wishlist_adds n_help_views n_tickets_opened n_texts "
    "n_importance_answers importance_price importance_convenience importance_quality importance_design "
    "importance_service"
)
"""What scores are made of."""

NEEDS = ("price", "convenience", "quality", "design", "service")
MIXED = "mixed"
MARGIN = 0.25
ENOUGH_ORDERS = 3
ENOUGH_TEXTS = 2


def _per(count: str, base: str) -> pl.Expr:
    return pl.when(pl.col(base) > 0).then(pl.col(count) / pl.col(base))


SIGNS: dict[str, tuple[pl.Expr, ...]] = {
    "price": (
        pl.col("discount_share"),
        pl.col("coupon_order_share"),
        pl.col("top_up_order_share"),
        -pl.col("price_index").log(),
    ),
    "convenience": (
        pl.col("express_order_share"),
        pl.col("pickup_order_share"),
        -_per("n_sessions", "n_valid_orders"),
    ),
    "quality": (pl.col("price_index").log(), -pl.col("discount_share")),
    "design": (_per("n_wishlist_adds", "n_sessions"), _per("n_product_views", "n_sessions")),
    "service": (_per("n_tickets_opened", "n_valid_orders"), _per("n_help_views", "n_sessions")),
}
"""By need what shows it, higher meaning more: a sign that cannot be seen of somebody is null."""


def z_score(value: pl.Expr) -> pl.Expr:
    """Distance from the mean in standard deviations over those who have a value; 0 where all have the same."""
    spread = value.std()
    return pl.when(spread > 0).then((value - value.mean()) / spread).when(value.is_not_null()).then(0.0)


def need_scores(people: pl.DataFrame) -> pl.DataFrame:
    """Add ``stated_<need>``, ``observed_<need>`` and ``<need>`` (both, one weight an answer) for each need."""
    answers = pl.col("n_importance_answers")
    own_mean = pl.mean_horizontal(f"importance_{need}" for need in NEEDS)
    differences = people.select((pl.col(f"importance_{need}") - own_mean).alias(need) for need in NEEDS)
    spread = differences.unpivot().get_column("value").std()
    unit = float(spread) if isinstance(spread, float) and spread > 0 else 1.0
    observed = (
        people.select(
            z_score(sign).alias(f"{need}_{place}") for need, signs in SIGNS.items() for place, sign in enumerate(signs)
        )
        .select(
            pl.mean_horizontal(f"{need}_{place}" for place in range(len(signs))).alias(need)
            for need, signs in SIGNS.items()
        )
        .select(z_score(pl.col(need)).alias(f"observed_{need}") for need in NEEDS)
    )
    scored = pl.concat(
        [people, differences.select((pl.col(need) / unit).alias(f"stated_{need}") for need in NEEDS), observed],
        how="horizontal",
    )
    return scored.with_columns(
        pl.when(answers > 0)
        .then((answers * pl.col(f"stated_{need}") + pl.col(f"observed_{need}").fill_null(0.0)) / (answers + 1))
        .otherwise(pl.col(f"observed_{need}"))
        .alias(need)
        for need in NEEDS
    )


def primary_needs(scored: pl.DataFrame) -> pl.DataFrame:
    """Add need, margin and need_basis (stated, observed, none) by the rules of margin and evidence."""
    ranked = pl.concat_list(pl.col(need).fill_null(-1e9) for need in NEEDS)
    in_order = ranked.list.sort(descending=True)
    is_stated = pl.col("n_importance_answers") > 0
    is_observed = (pl.col("n_valid_orders") >= ENOUGH_ORDERS) | (pl.col("n_texts") >= ENOUGH_TEXTS)
    known = pl.any_horizontal(pl.col(need).is_not_null() for need in NEEDS)
    return scored.with_columns(
        pl.when(known).then(in_order.list.get(0) - in_order.list.get(1)).alias("margin"),
        ranked.list.arg_max().replace_strict(range(len(NEEDS)), NEEDS, return_dtype=pl.String).alias("_highest"),
        pl.when(is_stated)
        .then(pl.lit("stated"))
        .when(is_observed & known)
        .then(pl.lit("observed"))
        .otherwise(pl.lit("none"))
        .alias("need_basis"),
    ).with_columns(
        pl.when((pl.col("need_basis") != "none") & (pl.col("margin") >= MARGIN))
        .then("_highest")
        .otherwise(pl.lit(MIXED))
        .alias("need")
    )


def build_customer_needs(
    *, customers: pl.DataFrame, purchases: pl.DataFrame, habits: pl.DataFrame, as_of: date, run_id: str
) -> pl.DataFrame:
    """One row per identified customer who is not staff."""
    people = (
        base_customers(customers)
        .select("customer_id")
        .join(purchases, on="customer_id", how="left")
        .join(habits, on="customer_id", how="left")
        .with_columns(pl.col("n_valid_orders", "n_importance_answers", "n_texts").fill_null(0))
    )
    # Means of floats depend on the order they are added in: the same people give the same scores in any order.
    frame = primary_needs(need_scores(people.sort("customer_id"))).rename(
        {"n_importance_answers": "importance_answers", "n_valid_orders": "valid_orders", "n_texts": "texts"}
    )
    return TABLES["customer_needs"].conform(frame, as_of=as_of, run_id=run_id)
