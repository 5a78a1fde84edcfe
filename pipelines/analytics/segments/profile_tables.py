"""Tables of segments beside each other and beside people who did not buy.

Belongs here: columns, keys and words. Stays out: how the numbers are computed.
"""

from __future__ import annotations

from pipelines.analytics.table import (
    FLOAT,
    GROUP,
    INT,
    SCHEME,
    SEGMENT,
    STRING,
    Column,
    estimate,
    interval,
    table,
    tested,
)

TABLES = (
    table(
        "customer_gaps",
        "One row per survey question, dimension and group: people who did not buy beside customers.",
        "item dimension group_id",
        Column("item", STRING, "Question of the survey, or acsi_style_index of the three of them."),
        Column("dimension", STRING, "company, region or division."),
        GROUP,
        *estimate(
            "Mean of those who did not buy - mean of customers, in points of the question.", "Persons who did not buy."
        ),
        *interval("non_customers", "Mean of those who did not buy."),
        *interval("customers", "Mean of customers."),
        Column("n_customers", INT, "Customers who answered."),
        *interval("effect_size", "The difference in standard deviations (Hedges' g)."),
        *tested("Two-sided p of the difference (Welch); null below 30 persons on a side.", "the dimension"),
        Column("verdict", STRING, "higher, lower (those who did not buy), no_evidence, insufficient_n, suppressed."),
    ),
    table(
        "segment_affinity",
        "One row per scheme (and the company), segment, dimension and item: what the segment uses beside everybody.",
        "scheme_id segment_id dimension item",
        SCHEME,
        SEGMENT,
        Column("dimension", STRING, "channel, product_line or offer (messages clicked of those sent)."),
        Column("item", STRING, "The channel, the product line or the kind of offer."),
        *estimate(
            "Affinity index: 100 x rate / company_rate; no interval without a test.",
            "People of the segment with a chance: seen on a channel, buyers, or sent such a message.",
        ),
        Column("n_used", INT, "Those of them who used the item."),
        *interval("rate", "Share of those people who used it; of offers the messages clicked of those sent."),
        Column("company_rate", FLOAT, "The same of everybody."),
        *tested(
            "Two-sided p of the segment's rate against the rest's, errors by customer; null below 30 people or 5 uses "
            "expected.",
            "the scheme and dimension",
        ),
        Column("verdict", STRING, "over_used, under_used, no_evidence, insufficient_n, suppressed, untested."),
    ),
)
