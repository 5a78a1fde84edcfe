"""The one definition of every analytics table: grain, key, columns, types, descriptions.

Belongs here: what a table looks like, and the last step that makes a frame look like it. Stays out: how its numbers
are computed. The Dagster column schema, the published comments, the quality suites and the data dictionary read this.

Conventions: every row carries ``as_of`` and ``run_id``; every estimate carries ``value, lo, hi, n, basis, suppressed``.
``lo`` and ``hi`` bound a 95 % interval unless a column says otherwise. A suppressed row keeps its key and no number.
A column named ``n`` or ``n_...`` counts persons, carts, tickets, answers: it is never 1 to min_cell - 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl


class TableError(ValueError):
    """A frame does not have the columns its table declares; the message names them."""


@dataclass(frozen=True)
class Column:
    """One column: ``pii`` is none throughout, because analytics never carry direct identifiers."""

    name: str
    dtype: pl.DataType
    description: str
    pii: str = "none"


@dataclass(frozen=True)
class Table:
    """One analytics table. ``grain`` is a sentence; ``key`` is unique and never null."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        return {column.name: column.dtype for column in self.columns}

    @property
    def is_estimate(self) -> bool:
        return "suppressed" in self.schema

    @property
    def counts(self) -> tuple[str, ...]:
        """The columns that count units, and so fall under the minimum cell."""
        return tuple(name for name in self.schema if name == "n" or name.startswith("n_"))

    def empty(self) -> pl.DataFrame:
        """No rows, all columns, right types."""
        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: pl.DataFrame, *, as_of: date, run_id: str) -> pl.DataFrame:
        """Stamp, pick, cast and sort so that the frame is this table; NaN becomes null.

        Raises:
            TableError: a declared column is missing.
        """
        stamped = frame.with_columns(pl.lit(as_of, dtype=pl.Date).alias("as_of"), pl.lit(run_id).alias("run_id"))
        missing = [name for name in self.schema if name not in stamped.columns]
        if missing:
            raise TableError(f"{self.name}: the frame lacks {', '.join(missing)}")
        floats = [name for name, dtype in self.schema.items() if dtype == pl.Float64]
        return (
            stamped.select(pl.col(name).cast(dtype) for name, dtype in self.schema.items())
            .with_columns(pl.col(floats).fill_nan(None))
            .sort(self.key)
        )


STRING, FLOAT, INT, BOOL, DATE = pl.String(), pl.Float64(), pl.Int64(), pl.Boolean(), pl.Date()

STAMP = (
    Column("as_of", DATE, "Date the table speaks for, in the reporting time zone."),
    Column("run_id", STRING, "Run that computed the row."),
)


def estimate(value: str, n: str) -> tuple[Column, ...]:
    """The block every estimate carries, with what ``value`` and ``n`` mean in this table."""
    return (
        Column("value", FLOAT, value),
        Column("lo", FLOAT, "Lower end of the 95 % interval of value."),
        Column("hi", FLOAT, "Upper end of the 95 % interval of value."),
        Column("n", INT, n),
        Column("basis", STRING, "What the estimate rests on; estimates of different bases are never compared."),
        Column("suppressed", BOOL, "True where a cell is below the minimum, or would give one away; then no number."),
    )


def _table(name: str, grain: str, key: str, *columns: Column) -> Table:
    return Table(name, grain, tuple(key.split()), (*columns, *STAMP))


DIMENSION = Column(
    "dimension", STRING, "company, division, product_line, region, channel, or the id of a segment scheme."
)
BREAKDOWN = Column(
    "breakdown", STRING, "company, region, another dimension of the rows, or the id of a segment scheme."
)
GROUP = Column("group_id", STRING, "Group of the dimension; all for the company, unknown where no source says.")
PERIOD = Column("period", STRING, "Calendar quarter in the reporting time zone such as 2026Q3, or all.")
SCHEME = Column("scheme_id", STRING, "Segment scheme.")
SEGMENT = Column("segment_id", STRING, "Segment of the scheme.")

DEFINITIONS = (
    _table(
        "segment_membership",
        "One row per segment scheme and identified customer who is not staff.",
        "scheme_id customer_id",
        SCHEME,
        Column("customer_id", STRING, "Person."),
        SEGMENT,
        Column("reason", STRING, "The rule that put the person there, in words."),
    ),
    _table(
        "segment_profiles",
        "One row per segment scheme, segment and measure.",
        "scheme_id segment_id measure",
        SCHEME,
        SEGMENT,
        Column("measure", STRING, "What is measured, a metric of the registry."),
        Column("unit", STRING, "Unit of value."),
        *estimate("Value of the measure in the segment.", "Persons, carts or answers the value rests on."),
    ),
    _table(
        "customer_value",
        "One row per identified customer who is not staff.",
        "customer_id",
        Column("customer_id", STRING, "Person."),
        Column("recency_days", INT, "Days from the last order to as_of; null for prospects."),
        Column("frequency", INT, "Distinct order days in the 365 days before as_of."),
        Column("monetary", FLOAT, "Net revenue of those 365 days, reporting currency."),
        Column("r_score", INT, "1 (long ago) to 5 (just now) among the year's buyers; 1 before; null for prospects."),
        Column("f_score", INT, "1 (seldom) to 5 (often) in the same way; equal values share a score."),
        Column("m_score", INT, "1 (little) to 5 (much) in the same way; equal values share a score."),
        Column("historic_margin", FLOAT, "Margin so far, reporting currency; null where no unit cost is known."),
        Column("simple_clv", FLOAT, "Margin of the year x r / (1 + d - r), r = 0.8 retained, d = 0.1 discount a year."),
    ),
    _table(
        "funnel_steps",
        "One row per funnel, breakdown, group and step.",
        "funnel_id breakdown group_id step_order",
        Column("funnel_id", STRING, "Funnel of the funnels file."),
        Column(
            "breakdown",
            STRING,
            "company, region, device_category, channel, period (quarter of the entry), or the id of a segment scheme.",
        ),
        GROUP,
        Column("step_order", INT, "1 is the first step."),
        Column("step", STRING, "Name of the step."),
        Column("n_entered", INT, "Units that entered and whose window is over."),
        Column("n_reached", INT, "Of those, units that reached this step in time order within the window."),
        Column("n_joined", INT, "Of those, units that entered at this step: in a closed funnel none but at the first."),
        Column("n_immature", INT, "Units whose window is not over at as_of: counted here, in no rate."),
        Column("n_excluded", INT, "Units removed by an exclusion of the funnel: counted here, in nothing else."),
        *estimate(
            "Reached this step from the step before / the step before; 1 at the first step.",
            "Units that reached the step before; at the first step those that reached it.",
        ),
        Column("overall_value", FLOAT, "Reached this step / entered."),
        Column("overall_lo", FLOAT, "Lower end of its 95 % Wilson interval."),
        Column("overall_hi", FLOAT, "Upper end of its 95 % Wilson interval."),
        Column("drop_off", FLOAT, "1 - value."),
        Column("drop_off_lo", FLOAT, "Lower end of its 95 % Wilson interval."),
        Column("drop_off_hi", FLOAT, "Upper end of its 95 % Wilson interval."),
        Column("median_seconds", FLOAT, "Median time from entry to the step of those who reach it (Kaplan-Meier)."),
        Column("median_seconds_lo", FLOAT, "Lower end of its 95 % interval."),
        Column("median_seconds_hi", FLOAT, "Upper end of its 95 % interval."),
        Column("p90_seconds", FLOAT, "90th percentile of that time."),
        Column("p90_seconds_lo", FLOAT, "Lower end of its 95 % interval."),
        Column("p90_seconds_hi", FLOAT, "Upper end of its 95 % interval."),
        Column("vs_rest_value", FLOAT, "Value minus that of everybody else in the funnel: an association."),
        Column("vs_rest_lo", FLOAT, "Lower end of its 95 % interval (Newcombe)."),
        Column("vs_rest_hi", FLOAT, "Upper end of its 95 % interval (Newcombe)."),
        Column("p_raw", FLOAT, "p of that difference; null where a side has fewer than 30 units."),
        Column("p_adj", FLOAT, "p adjusted over the family (Benjamini-Hochberg)."),
        Column("family_id", STRING, "Tests adjusted together: groups and steps of the funnel's breakdown."),
        Column("family_size", INT, "Tests in the family."),
    ),
    _table(
        "path_transitions",
        "One row per segment scheme (the company and region among them), segment and pair of steps.",
        "scheme_id segment_id from_step to_step",
        SCHEME,
        SEGMENT,
        Column("from_step", STRING, "Step of the seed path_steps, or START."),
        Column("to_step", STRING, "Step that follows, END, or other: minor steps and small cells together."),
        Column(
            "direction", STRING, "start, forward, backward, loop, end, or other; by the order of the seed path_steps."
        ),
        Column("n_transitions", INT, "How often the one step followed the other; a journey ends after 30 silent days."),
        Column("n_customers", INT, "Persons who went this way."),
        *estimate("Share of the exits from from_step that go to to_step.", "Exits from from_step."),
        Column(
            "flow_rank", INT, "Rank by size among start, forward and end: the first few are a picture without a circle."
        ),
        Column("row_entropy_bits", FLOAT, "How open the next step after from_step is; 0 where it is certain."),
        Column("path_entropy_bits", FLOAT, "Mean of that over the segment's steps, by how often each is left."),
    ),
    _table(
        "path_differences",
        "One row per segment scheme, segment and pair of steps: an association, against everybody outside the segment.",
        "scheme_id segment_id from_step to_step",
        SCHEME,
        SEGMENT,
        Column("from_step", STRING, "Step of the seed path_steps, or START."),
        Column("to_step", STRING, "Step that follows, or END."),
        Column("direction", STRING, "start, forward, backward, loop or end."),
        *estimate(
            "Share of exits that go this way here - among everybody else.", "Persons of the segment who left the step."
        ),
        Column("n_rest", INT, "Persons outside the segment who left the step."),
        Column("share", FLOAT, "The share here."),
        Column("rest_share", FLOAT, "The share among everybody else."),
        Column("p_raw", FLOAT, "Two-sided p; null where fewer than 30 persons are on a side."),
        Column("p_adj", FLOAT, "Benjamini-Hochberg within the family."),
        Column("family_id", STRING, "Tests adjusted together: those of the scheme."),
        Column("family_size", INT, "How many they are."),
        Column("contribution", FLOAT, "What the pair adds to path_distance."),
        Column("contribution_rank", INT, "Rank of it in the segment: the steps that make the difference come first."),
        Column("row_distance", FLOAT, "Total variation distance of the next steps after from_step, 0 to 1."),
        Column("row_distance_by_chance", FLOAT, "What it would be on average if nothing differed."),
        Column("path_distance", FLOAT, "Mean of row_distance over the steps, by how often the company leaves each."),
        Column("path_distance_by_chance", FLOAT, "What it would be on average if nothing differed."),
    ),
    _table(
        "channel_behaviour",
        "One row per measure, breakdown and group; a pair of channels where two are compared.",
        "measure breakdown group_id",
        Column("measure", STRING, "What is measured, a metric of the registry."),
        Column("breakdown", STRING, "company, region, channel, device_category, currency, or channel_pair."),
        Column("group_id", STRING, "Group of the breakdown; all for the company, a - b for a pair."),
        Column("unit", STRING, "share, points, ratio, seconds, clicks, forms or obstacles."),
        *estimate(
            "Value of the measure; where people look on one side and buy on the other, the share above chance.",
            "Persons; or the sessions, tickets, products or answers (of the smaller side) the measure is of.",
        ),
        Column("observed_share", FLOAT, "Share seen, chance included; null where chance is no matter."),
        Column("chance_share", FLOAT, "Share the same purchases have one window earlier, where no look led to them."),
        Column("shuffled_share", FLOAT, "Share they have on average on any day of their month: much of it is real."),
        Column(
            "amount_reporting", FLOAT, "Store revenue that looks online went before, above chance; ropo_revenue_share."
        ),
        Column("p_equivalent", FLOAT, "p of two one-sided tests that the gap lies within the margin; pairs only."),
        Column("verdict", STRING, "equivalent, different or inconclusive; pairs only."),
    ),
    _table(
        "journey_flow",
        "One row per decision-journey phase, breakdown, group and quarter.",
        "phase breakdown group_id period",
        Column("phase", STRING, "consider, evaluate, closure or loyalty (seed decision_phases)."),
        Column("phase_order", INT, "1 to 4."),
        BREAKDOWN,
        GROUP,
        Column("period", STRING, "Calendar quarter in the reporting time zone such as 2026Q3."),
        Column("is_complete", BOOL, "False for the quarter that is not over at as_of."),
        Column("n_stock_start", INT, "Persons in the phase when the quarter began; null where small."),
        Column("n_entered", INT, "Visits begun: first ones, and later ones whose last visit was not lost."),
        Column("n_advanced", INT, "Visits ended by a later phase or an order; in loyalty by the next order."),
        Column("n_lost", INT, "Visits ended because no evidence came inside the timeout."),
        Column("n_recovered", INT, "Visits begun by persons whose last visit of the phase was lost; null where small."),
        Column("n_stock_end", INT, "Persons in the phase when the quarter ended, or at as_of; null where small."),
        *estimate(
            "Advanced / (advanced + lost); null while the log is younger than the phase's timeout.",
            "Visits ended: advanced or lost.",
        ),
        Column("loop_share", FLOAT, "Loyalty loop: repeat orders without evaluation 30 days before; loyalty only."),
        Column("loop_share_lo", FLOAT, "Lower end of its 95 % Wilson interval."),
        Column("loop_share_hi", FLOAT, "Upper end of its 95 % Wilson interval."),
        Column("n_repeat_orders", INT, "Second and later orders of the quarter; loyalty only."),
    ),
    _table(
        "retention",
        "One row per metric, breakdown, group, cohort and month since.",
        "metric_id breakdown group_id cohort months_since",
        Column("metric_id", STRING, "order_retention, active_retention, repeat_purchase_rate."),
        Column("breakdown", STRING, "company, region or first_stage."),
        GROUP,
        Column("cohort", STRING, "Month of the first order or first evidence such as 2026-03 (company only), or all."),
        Column("months_since", INT, "Calendar months after the cohort's; 12 for the repeat-purchase rate."),
        *estimate("Share of the cohort that is active in the month, or ordered again.", "Persons old enough for it."),
        Column("n_immature", INT, "Persons whose month or year is not over at as_of: counted here, in no rate."),
    ),
    _table(
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
    _table(
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
    _table(
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
        Column("risk_ratio", FLOAT, "The same as value."),
        Column("risk_ratio_lo", FLOAT, "Lower end, log method."),
        Column("risk_ratio_hi", FLOAT, "Upper end, log method."),
        Column("odds_ratio", FLOAT, "Odds ratio."),
        Column("odds_ratio_lo", FLOAT, "Lower end, log method."),
        Column("odds_ratio_hi", FLOAT, "Upper end, log method."),
        Column("risk_difference", FLOAT, "Share abandoned, exposed - unexposed."),
        Column("risk_difference_lo", FLOAT, "Lower end, Newcombe."),
        Column("risk_difference_hi", FLOAT, "Upper end, Newcombe."),
        Column("attributable_fraction", FLOAT, "Share of the abandonments at risk that goes with the exposure."),
        Column("attributable_fraction_lo", FLOAT, "Lower end, from the risk ratio's."),
        Column("attributable_fraction_hi", FLOAT, "Upper end, from the risk ratio's."),
        Column("model_odds_ratio", FLOAT, "Odds ratio with the carts' other differences held fixed."),
        Column("model_odds_ratio_lo", FLOAT, "Lower end, errors clustered by customer."),
        Column("model_odds_ratio_hi", FLOAT, "Upper end, errors clustered by customer."),
        Column("model_risk_difference", FLOAT, "The same as a difference of shares: average marginal effect."),
        Column("model_risk_difference_lo", FLOAT, "Lower end, delta method."),
        Column("model_risk_difference_hi", FLOAT, "Upper end, delta method."),
        Column("odds_ratio_to_others", FLOAT, "model_odds_ratio / that of the scheme's other segments."),
        Column("odds_ratio_to_others_lo", FLOAT, "Lower end."),
        Column("odds_ratio_to_others_hi", FLOAT, "Upper end."),
        Column("p_raw", FLOAT, "Two-sided p of model_odds_ratio; null where the data are too few for a model."),
        Column("p_adj", FLOAT, "Benjamini-Hochberg over the causes and segments of the scheme."),
        Column("family_id", STRING, "Tests adjusted together."),
        Column("family_size", INT, "How many they are."),
        Column("primary_share", FLOAT, "Share of the abandoned carts whose main cause this is; they sum to 1."),
        Column("verdict", STRING, "higher, lower, no_evidence, insufficient_n, suppressed, untested."),
        Column("interaction_chi2", FLOAT, "Wald test that the scheme's segments have one and the same odds ratio."),
        Column("interaction_df", INT, "Its degrees of freedom: segments with enough data - 1."),
        Column("interaction_p_raw", FLOAT, "Its p, errors clustered by customer."),
        Column("interaction_p_adj", FLOAT, "Benjamini-Hochberg over the causes of the scheme."),
        Column("interaction", STRING, "differs, no_evidence, insufficient_n, untested; of scheme and cause."),
        Column("attributable_carts_year", FLOAT, "Abandonments a year that go with the cause, by the model."),
        Column("attributable_carts_year_lo", FLOAT, "Lower end, delta method."),
        Column("attributable_carts_year_hi", FLOAT, "Upper end, delta method."),
        Column("recoverable_revenue_year", FLOAT, "Their value x realisation, a year, reporting currency, 0 or more."),
        Column("recoverable_revenue_year_lo", FLOAT, "Lower end, from the model's."),
        Column("recoverable_revenue_year_hi", FLOAT, "Upper end, from the model's."),
        Column("recoverable_margin_year", FLOAT, "recoverable_revenue_year x margin_rate; causes overlap: no sum."),
        Column("recoverable_margin_year_lo", FLOAT, "Lower end."),
        Column("recoverable_margin_year_hi", FLOAT, "Upper end."),
        Column("margin_rate", FLOAT, "Assumption: margin / net revenue of customers whose margin is known."),
        Column("realisation", FLOAT, "Assumption: share of what goes with the cause that mending it brings back."),
        Column("observed_days", INT, "Days of carts the yearly figures are scaled from."),
    ),
    _table(
        "segment_contrasts",
        "One row per segment scheme, group and measure: the group against the groups that do not stand out.",
        "scheme_id group_id measure",
        SCHEME,
        GROUP,
        Column("measure", STRING, "early_exit_rate, checkout_abandonment_rate, tickets_per_100_orders and the like."),
        *estimate(
            "Value of the measure in the group, errors clustered by customer.", "Carts or orders below the line."
        ),
        Column("rest_value", FLOAT, "Value of the groups that do not stand out, this one left out."),
        Column("difference", FLOAT, "value - rest_value."),
        Column("difference_lo", FLOAT, "Lower end of its 95 % interval."),
        Column("difference_hi", FLOAT, "Upper end of its 95 % interval."),
        Column("ratio", FLOAT, "value / rest_value."),
        Column("ratio_lo", FLOAT, "Lower end of its 95 % interval, log method."),
        Column("ratio_hi", FLOAT, "Upper end of its 95 % interval, log method."),
        Column("p_raw", FLOAT, "Two-sided p of the difference; null below 30 units."),
        Column("p_adj", FLOAT, "Benjamini-Hochberg over the groups and measures of the scheme."),
        Column("family_id", STRING, "Tests adjusted together."),
        Column("family_size", INT, "How many they are."),
        Column("verdict", STRING, "higher, lower, no_evidence, insufficient_n, suppressed, untested."),
        Column("says", STRING, "What a higher or lower group does, in words."),
    ),
    _table(
        "shipping_what_if",
        "One row per candidate free-shipping threshold: what it would bring against today's, simulated.",
        "candidate",
        Column("candidate", FLOAT, "Threshold tried / today's, in every currency alike."),
        Column("threshold_amount_reporting", FLOAT, "The same as an amount of the reporting currency."),
        *estimate("Change of profit a year against today's threshold, reporting currency.", "Carts that saw shipping."),
        Column("conversion_year", FLOAT, "Part of value from carts that order, or no longer do."),
        Column("conversion_year_lo", FLOAT, "Lower end, bootstrap over customers."),
        Column("conversion_year_hi", FLOAT, "Upper end."),
        Column("top_up_year", FLOAT, "Part of value from carts filled up to the threshold."),
        Column("top_up_year_lo", FLOAT, "Lower end, bootstrap over customers."),
        Column("top_up_year_hi", FLOAT, "Upper end."),
        Column("subsidy_year", FLOAT, "Part of value from fees given away, or asked, on orders that come anyway."),
        Column("subsidy_year_lo", FLOAT, "Lower end, bootstrap over customers."),
        Column("subsidy_year_hi", FLOAT, "Upper end."),
        Column("rank", INT, "By value; 1 is best."),
        Column("rank_lo", INT, "Best rank in 95 % of the draws."),
        Column("rank_hi", INT, "Worst rank in 95 % of the draws."),
        Column("safe_rank", INT, "By lo: a change has to prove itself."),
        Column("best_share", FLOAT, "Share of the draws in which it is best."),
        Column("verdict", STRING, "current, better, harmful, no_evidence."),
        Column(
            "top_up_share", FLOAT, "Carts in reach of the threshold that are filled up, from the density of values."
        ),
        Column("top_up_share_lo", FLOAT, "Lower end, bootstrap over customers."),
        Column("top_up_share_hi", FLOAT, "Upper end."),
        Column("margin_rate", FLOAT, "Assumption: margin / net revenue of customers whose margin is known."),
    ),
    _table(
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
        Column("urgency", FLOAT, "Slope of the frequency over the last four complete quarters / its level."),
        Column("urgency_lo", FLOAT, "Lower end of its 95 % interval."),
        Column("urgency_hi", FLOAT, "Upper end of its 95 % interval."),
        Column("trend", STRING, "rising, falling, steady, insufficient_n, suppressed."),
        Column("segments_hit", STRING, "Segments that meet it clearly more often, as scheme:segment; company only."),
        Column("evidence_cart_id", STRING, "The latest case, a cart; company only."),
        Column("evidence_session_id", STRING, "The latest case, a session; company only."),
        Column("evidence_order_id", STRING, "The latest case, an order; company only."),
        Column("evidence_ticket_id", STRING, "The latest case, a ticket; company only."),
        Column("evidence_feedback_id", STRING, "The latest case, a review; company only."),
    ),
    _table(
        "satisfaction_scores",
        "One row per metric, basis, dimension, group and period.",
        "metric_id basis dimension group_id period",
        Column("metric_id", STRING, "acsi_style_index, nps, csat_top2, ces_mean, ces_net."),
        DIMENSION,
        GROUP,
        PERIOD,
        *estimate("The score, in the metric's unit.", "Answers with every item the metric needs."),
        Column("n_complete", INT, "Answers with every item the metric needs."),
        Column("n_partial", INT, "Answers with some of the items but not all."),
        Column("sd", FLOAT, "Standard deviation between answers, in the metric's unit."),
        Column("n_eff", FLOAT, "Effective number of answers after weighting."),
        Column(
            "response_rate",
            FLOAT,
            "Answered / delivered invitations; null where invitations lack the dimension.",
        ),
        Column("n_invited", INT, "Invitations delivered; null where they lack the dimension."),
        Column("weights_version", STRING, "Version of the item weights: a change of weights is no change of score."),
        Column("wording_version", STRING, "Versions of the questions in the cell, joined by +."),
    ),
    _table(
        "satisfaction_deltas",
        "One row per metric, basis, dimension, group and quarter that is over: the change against the quarter before.",
        "metric_id basis dimension group_id period",
        Column("metric_id", STRING, "acsi_style_index, nps, csat_top2, ces_mean, ces_net."),
        DIMENSION,
        GROUP,
        PERIOD,
        Column("previous_period", STRING, "The quarter before."),
        *estimate("Score of the period - score of the previous period.", "Answers of the period."),
        Column("n_previous", INT, "Answers of the previous period."),
        Column("p_raw", FLOAT, "Two-sided p of the change; null below 30 answers on a side."),
        Column("p_adj", FLOAT, "Benjamini-Hochberg within the family."),
        Column("family_id", STRING, "Tests adjusted together: metric, basis, dimension and period."),
        Column("family_size", INT, "How many they are."),
        Column("rate_effect", FLOAT, "Part of value from change inside product lines; company and divisions only."),
        Column("rate_effect_lo", FLOAT, "Lower end of its 95 % interval, shares taken as given."),
        Column("rate_effect_hi", FLOAT, "Upper end of its 95 % interval."),
        Column("mix_effect", FLOAT, "Part of value from shifts between product lines; adds up with rate_effect."),
        Column("vs_rest_value", FLOAT, "Change of the group - change of the rest of the company."),
        Column("vs_rest_lo", FLOAT, "Lower end of its 95 % interval."),
        Column("vs_rest_hi", FLOAT, "Upper end of its 95 % interval."),
        Column("vs_rest_p", FLOAT, "Two-sided p of the difference of changes."),
        Column("minimum_detectable", FLOAT, "Smallest change found with 80 % power at these numbers, 5 % two-sided."),
        Column("verdict", STRING, "improved, declined, no_evidence, insufficient_n, suppressed."),
        Column("explained_by", STRING, "rate, mix or both where the verdict is a change and the split exists."),
    ),
    _table(
        "support_kpis",
        "One row per measure, clock, breakdown, group and period.",
        "measure clock breakdown group_id period",
        Column("measure", STRING, "What is measured, a metric of the registry."),
        Column("clock", STRING, "calendar or business for times; none for the rest."),
        BREAKDOWN,
        GROUP,
        PERIOD,
        Column("unit", STRING, "minutes, share, or tickets per 100 orders."),
        *estimate("Value of the measure.", "Tickets, ratings or orders in the denominator."),
    ),
    _table(
        "metrics",
        "One row per metric.",
        "metric_id",
        Column("metric_id", STRING, "Metric or measure as it stands in the tables."),
        Column("name", STRING, "Name for people."),
        Column("definition", STRING, "What it means, in words."),
        Column("formula", STRING, "How it is computed."),
        Column("unit", STRING, "Unit."),
        Column("owner", STRING, "Who answers for the definition."),
        Column("source", STRING, "Tables it is computed from, or shown in."),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in DEFINITIONS}
"""Every analytics table by name, in build order."""
