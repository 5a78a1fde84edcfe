"""Tables of carts, why they are left and what that costs.

Belongs here: columns, keys and words. Stays out: how the numbers are computed.
"""

from __future__ import annotations

from pipelines.analytics.table import (
    BREAKDOWN,
    FLOAT,
    GROUP,
    INT,
    PERIOD,
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
        "cart_abandonment",
        "One row per metric, breakdown, group and period.",
        "metric_id breakdown group_id period",
        Column(
            "metric_id",
            STRING,
            "cart_abandonment_rate, checkout_abandonment_rate, recovery_rate, bought_elsewhere_rate.",
        ),
        BREAKDOWN,
        GROUP,
        PERIOD,
        *estimate("The rate.", "Carts in its denominator; carts whose window is not over are left out."),
        Column("abandoned_amount_reporting", FLOAT, "Value of the abandoned carts counted, reporting currency."),
    ),
    table(
        "cart_session_rule",
        "One row per outcome of what a rule on single sessions, or the cart episode, calls an abandonment.",
        "outcome",
        Column(
            "outcome", STRING, "What became of the cart: abandoned, recovered, bought_over_devices, same_cart_again …"
        ),
        Column("counted_by", STRING, "both rules, session_only, or cart_only; the rows of a rule add up to it."),
        *estimate("Share of the abandoned carts; empty for session_only.", "Abandoned carts; empty for session_only."),
        Column("n_outcome", INT, "Abandonments with this outcome: carts, or sessions for session_only."),
    ),
    table(
        "cart_abandonment_causes",
        "One row per segment scheme, segment and cause: an association among carts that came equally far, no proof.",
        "scheme_id segment_id cause",
        SCHEME,
        SEGMENT,
        Column("cause", STRING, "What the customer met before leaving; browsing and unknown where nothing shows."),
        Column("n_at_risk", INT, "Carts that reached the step where the cause can be met."),
        Column("n_exposed", INT, "Of those, carts that met it."),
        Column("n_abandoned_exposed", INT, "Exposed carts abandoned."),
        Column("n_abandoned_unexposed", INT, "Unexposed carts abandoned."),
        *estimate("Risk ratio: share abandoned, exposed / unexposed.", "Carts at risk."),
        *interval("risk_ratio", "The same as value.", "log method"),
        *interval("odds_ratio", "Odds ratio.", "log method"),
        *interval("risk_difference", "Share abandoned, exposed - unexposed.", "Newcombe"),
        *interval(
            "attributable_fraction",
            "Share of the abandonments at risk that goes with the exposure.",
            "from the risk ratio's",
        ),
        *interval(
            "model_odds_ratio",
            "Odds ratio with the carts' other differences held fixed.",
            "errors clustered by customer",
        ),
        *interval(
            "model_risk_difference", "The same as a difference of shares: average marginal effect.", "delta method"
        ),
        *interval("odds_ratio_to_others", "model_odds_ratio / that of the scheme's other segments."),
        *tested(
            "Two-sided p of model_odds_ratio; null where the data are too few for a model.",
            "the causes and segments of the scheme",
        ),
        Column("primary_share", FLOAT, "Share of the abandoned carts whose main cause this is; they sum to 1."),
        Column("verdict", STRING, "higher, lower, no_evidence, insufficient_n, suppressed, untested."),
        Column("interaction_chi2", FLOAT, "Wald test that the scheme's segments have one and the same odds ratio."),
        Column("interaction_df", INT, "Its degrees of freedom: segments with enough data - 1."),
        Column("interaction_p_raw", FLOAT, "Its p, errors clustered by customer."),
        Column("interaction_p_adj", FLOAT, "Benjamini-Hochberg over the causes of the scheme."),
        Column("interaction", STRING, "differs, no_evidence, insufficient_n, untested; of scheme and cause."),
        *interval(
            "attributable_carts_year", "Abandonments a year that go with the cause, by the model.", "delta method"
        ),
        *interval(
            "recoverable_revenue_year",
            "Their value x realisation, a year, reporting currency, 0 or more.",
            "from the model's",
        ),
        *interval("recoverable_margin_year", "recoverable_revenue_year x margin_rate; causes overlap: no sum."),
        Column("margin_rate", FLOAT, "Assumption: margin / net revenue of customers whose margin is known."),
        Column("realisation", FLOAT, "Assumption: share of what goes with the cause that mending it brings back."),
        Column("observed_days", INT, "Days of carts the yearly figures are scaled from."),
    ),
    table(
        "shipping_what_if",
        "One row per candidate free-shipping threshold: what it would bring against today's, simulated.",
        "candidate",
        Column("candidate", FLOAT, "Threshold tried / today's, in every currency alike."),
        Column("threshold_amount_reporting", FLOAT, "The same as an amount of the reporting currency."),
        *estimate("Change of profit a year against today's threshold, reporting currency.", "Carts that saw shipping."),
        *interval(
            "conversion_year", "Part of value from carts that order, or no longer do.", "bootstrap over customers"
        ),
        *interval("top_up_year", "Part of value from carts filled up to the threshold.", "bootstrap over customers"),
        *interval(
            "subsidy_year",
            "Part of value from fees given away, or asked, on orders that come anyway.",
            "bootstrap over customers",
        ),
        Column("rank", INT, "By value; 1 is best."),
        Column("rank_lo", INT, "Best rank in 95 % of the draws."),
        Column("rank_hi", INT, "Worst rank in 95 % of the draws."),
        Column("safe_rank", INT, "By lo: a change has to prove itself."),
        Column("best_share", FLOAT, "Share of the draws in which it is best."),
        Column("verdict", STRING, "current, better, harmful, no_evidence."),
        *interval(
            "top_up_share",
            "Carts in reach of the threshold that are filled up, from the density of values.",
            "bootstrap over customers",
        ),
        Column("margin_rate", FLOAT, "Assumption: margin / net revenue of customers whose margin is known."),
    ),
    table(
        "pain_points",
        "One row per pain, segment scheme and segment: how often, how bad, what it is worth a year, whether it grows.",
        "kind pain scheme_id segment_id",
        Column("kind", STRING, "cart, site, support, delivery, review."),
        Column("pain", STRING, "What is met: a cart cause, a ticket topic, a late delivery and the like."),
        SCHEME,
        SEGMENT,
        Column("stage", STRING, "Stage of the journey where it is felt."),
        *estimate("Amount a year that goes with it: frequency x severity x value, of all units.", "Units at risk."),
        Column("n_affected", INT, "Of those, units that met it."),
        Column("frequency", FLOAT, "Share of the units that met it."),
        Column("severity", FLOAT, "Share lost where it was met - share lost where not."),
        Column("unit_value", FLOAT, "Mean value of a unit that met it, reporting currency."),
        Column("rank", INT, "By value within the segment; null below 30 units on a side."),
        Column("rank_lo", INT, "Best rank in 95 % of the draws."),
        Column("rank_hi", INT, "Worst rank in 95 % of the draws."),
        Column("rank_stability", FLOAT, "Share of the draws that rank it within two places of its rank."),
        *interval("urgency", "Slope of the frequency over the last four complete quarters / its level."),
        Column("trend", STRING, "rising, falling, steady, insufficient_n, suppressed."),
        Column("segments_hit", STRING, "Segments that meet it clearly more often, as scheme:segment; company only."),
        Column("evidence_cart_id", STRING, "The latest case, a cart; company only."),
        Column("evidence_session_id", STRING, "The latest case, a session; company only."),
        Column("evidence_order_id", STRING, "The latest case, an order; company only."),
        Column("evidence_ticket_id", STRING, "The latest case, a ticket; company only."),
        Column("evidence_feedback_id", STRING, "The latest case, a review; company only."),
    ),
)
