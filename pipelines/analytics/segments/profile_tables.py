"""Tables of segments beside each other and beside people who did not buy.

Belongs here: columns, keys and words. Stays out: how the numbers are computed.
"""

from __future__ import annotations

from pipelines.analytics.table import (
    DATE,
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
    table(
        "segment_priority",
        "One row per segment of each scheme of needs, regions or firms, its rest segment left out.",
        "scheme_id segment_id",
        SCHEME,
        SEGMENT,
        *estimate("Score: attractiveness x fit at even weights, 0-1 inside the scheme.", "Customers of the segment."),
        Column("attractiveness", FLOAT, "Mean place (0 least, 1 most) in customers, revenue per customer and growth."),
        Column("fit", FLOAT, "Mean place in satisfaction, customers retained and reach by e-mail."),
        Column("rank", INT, "Rank by score, 1 the first."),
        Column("rank_weights_lo", INT, "Best rank in 95 of 100 draws of other weights."),
        Column("rank_weights_hi", INT, "Worst rank of them."),
        Column("rank_lo", INT, "Best rank in 95 of 100 draws of other weights and of every number within its error."),
        Column("rank_hi", INT, "Worst rank of them."),
        Column("first_share", FLOAT, "Share of those draws in which it is first."),
        Column("net_revenue_per_customer", FLOAT, "As in segment_profiles, reporting currency."),
        Column("growth", FLOAT, "Net revenue of its customers in the 365 days to as_of / in the 365 before."),
        Column("acsi_style_index", FLOAT, "Satisfaction index, 0-100."),
        Column("retained_share", FLOAT, "Of those who bought in the 365 days before, who bought in the 365 to as_of."),
        Column("email_reachable_share", FLOAT, "Customers who may be written to."),
        Column("verdict", STRING, "leads (first in 4 of 5 draws), contends, behind, insufficient_n, suppressed."),
    ),
    table(
        "niches",
        "One row per scheme or pair of schemes (and the company), cell and trait; people who agreed to be profiled.",
        "scheme_id segment_id trait",
        Column("scheme_id", STRING, "The scheme, or the two crossed, such as region__life_stage; company."),
        Column("segment_id", STRING, "Cell: a segment of each, such as North__family."),
        Column("trait", STRING, "A need that leads, or top_payer: the tenth of the year's buyers who pay most."),
        *estimate(
            "Lift: rate / company_rate; no interval without a test.",
            "People of the cell whose need is known; of top_payer the year's buyers.",
        ),
        Column("n_with_trait", INT, "Those of them with the trait."),
        Column("base_share", FLOAT, "Share of all people that is in the cell."),
        *interval("rate", "Share of the people of the cell with the trait."),
        Column("company_rate", FLOAT, "The same of everybody."),
        *tested(
            "Fisher's exact p of the cell beside the rest, two-sided; null below 30 people.",
            "the scheme or pair, and the kind of trait",
        ),
        *interval(
            "satisfaction_gap",
            "Satisfaction index of those with the trait - of everybody else; null below 30 of them.",
        ),
        *interval("growth", "Their net revenue of 365 days / of the 365 before; null below 30 buyers."),
        Column("n_prospects", INT, "People of the cell without an order; null where too few."),
        Column(
            "verdict",
            STRING,
            "niche (a twentieth of people at most, lift 1.5, unmet), served, too_large, model (top_payer: its "
            "prospects look like those who pay most), no_niche, insufficient_n, suppressed, untested.",
        ),
    ),
    table(
        "lookalike_model",
        "One row for how well a model tells who pays most from what is known before people buy, and one per level of a "
        "feature; people who agreed to be profiled.",
        "feature level",
        Column("feature", STRING, "Scheme, or need (as stated); company for the model as a whole."),
        Column("level", STRING, "Segment of the scheme, or the need; unknown; all."),
        Column("statistic", STRING, "auc (area under the curve, of people it did not learn from) or odds_ratio."),
        *estimate(
            "auc; or the odds to be in the top tenth beside the mean of the feature, shrunk (ridge), so without ends.",
            "The year's buyers with the level.",
        ),
        Column("n_target", INT, "Those of them in the tenth of all buyers that pays most."),
        Column("n_not", INT, "Those who are not."),
        Column(
            "status",
            STRING,
            "better_than_chance (auc above .5 at its low end), no_better_than_chance, too_few_customers.",
        ),
    ),
    table(
        "customer_lookalikes",
        "One row per person without an order who agreed to be profiled: how alike those who pay most.",
        "customer_id",
        Column("customer_id", STRING, "Person."),
        Column("target", STRING, "top_payer: the tenth of the year's buyers with the most net revenue."),
        Column(
            "score",
            FLOAT,
            "Chance to be one of them if the person bought, 0-1, inferred; null unless better_than_chance.",
        ),
        Column("percentile", FLOAT, "Share of these people with a lower score."),
        Column("reasons", STRING, "Up to three features that raise the score most; null without any."),
        Column("status", STRING, "Status of the model, as in lookalike_model."),
        Column("basis", STRING, "What the score rests on."),
    ),
    table(
        "personas",
        "One row per segment of the key scheme, section and item: a line of the persona.",
        "scheme_id segment_id section item",
        SCHEME,
        SEGMENT,
        Column(
            "section",
            STRING,
            "scenario, job, gain (judged); size, value, satisfaction, reach, behaviour, who, path, way (to buy), "
            "channel, offer, product_line, needs, pain_met (measured); worth, pains and gains by texts, pain_cost, "
            "observed needs (inferred).",
        ),
        Column(
            "item",
            STRING,
            "Measure, fact, topic, channel or other item; of who and path scheme:segment, of pain_met kind:pain, of a "
            "way its steps.",
        ),
        Column(
            "source_kind", STRING, "measured (done, answered or told), inferred (a model or rule says so), judgement."
        ),
        Column("text", STRING, "What the team says; null where a number does."),
        Column("unit", STRING, "Unit of value."),
        *estimate("Share or mean of the segment.", "People, answers or messages the value rests on."),
        Column("everybody", FLOAT, "The same of the whole company."),
        *interval("index", "Of a share: 100 x value / everybody."),
        *interval("effect_size", "Of a mean: distance from the rest in standard deviations (Hedges' g)."),
        Column(
            "p_adj", FLOAT, "Adjusted p (Benjamini-Hochberg) of the segment beside the rest; null where not tested."
        ),
        Column(
            "verdict",
            STRING,
            "higher, lower, no_evidence, insufficient_n, suppressed, untested, by_rule (the segments are made of it), "
            "judgement.",
        ),
        Column("evidence", STRING, "Table or seed the line comes from."),
        Column("owner", STRING, "Who says so, of a judgement."),
        Column("reviewed_on", DATE, "When a judgement was last looked at."),
        Column("review_by", DATE, "When it has to be looked at again."),
    ),
)
