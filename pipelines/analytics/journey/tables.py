"""Tables of what customers do.

Belongs here: columns, keys and words. Stays out: how the numbers are computed.
"""

from __future__ import annotations

from pipelines.analytics.table import (
    BOOL,
    BREAKDOWN,
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
        Column(
            "n_joined",
            INT,
            "Of those, units that entered at this step: in a closed funnel none but at the first; null where a "
            "group's number at any step is small.",
        ),
        Column("n_immature", INT, "Units whose window is not over at as_of: counted here, in no rate."),
        Column("n_excluded", INT, "Units removed by an exclusion of the funnel: counted here, in nothing else."),
        *estimate(
            "Reached this step from the step before / the step before; 1 at the first step.",
            "Units that reached the step before; at the first step those that reached it.",
        ),
        Column("overall_value", FLOAT, "Reached this step / entered."),
        Column("overall_lo", FLOAT, "Lower end of its 95 % Wilson interval."),
        Column("overall_hi", FLOAT, "Upper end of its 95 % Wilson interval."),
        *interval("drop_off", "1 - value.", "Wilson"),
        *interval("median_seconds", "Median time from entry to the step of those who reach it (Kaplan-Meier)."),
        *interval("p90_seconds", "90th percentile of that time."),
        Column(
            "vs_rest_value",
            FLOAT,
            "Value minus that of the breakdown's other groups, units of unknown group left out: an association.",
        ),
        Column("vs_rest_lo", FLOAT, "Lower end of its 95 % interval (Newcombe)."),
        Column("vs_rest_hi", FLOAT, "Upper end of its 95 % interval (Newcombe)."),
        *tested(
            "p of that difference; null where a side has fewer than 30 units.",
            "groups and steps of the funnel's breakdown",
        ),
    ),
    table(
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
    table(
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
        *tested("Two-sided p; null where fewer than 30 persons are on a side.", "those of the scheme"),
        Column("contribution", FLOAT, "What the pair adds to path_distance."),
        Column("contribution_rank", INT, "Rank of it in the segment: the steps that make the difference come first."),
        Column("row_distance", FLOAT, "Total variation distance of the next steps after from_step, 0 to 1."),
        Column("row_distance_by_chance", FLOAT, "What it would be on average if nothing differed."),
        Column("path_distance", FLOAT, "Mean of row_distance over the steps, by how often the company leaves each."),
        Column("path_distance_by_chance", FLOAT, "What it would be on average if nothing differed."),
    ),
    table(
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
        Column("observed_share", FLOAT, "Share on record, chance included; null where chance is no matter."),
        Column("chance_share", FLOAT, "Share the same purchases have one window earlier, where no look led to them."),
        Column("shuffled_share", FLOAT, "Share they have on average on any day of their month: much of it is real."),
        Column(
            "amount_reporting", FLOAT, "Store revenue that looks online went before, above chance; ropo_revenue_share."
        ),
        Column("p_equivalent", FLOAT, "p of two one-sided tests that the gap lies within the margin; pairs only."),
        Column("verdict", STRING, "equivalent, different or inconclusive; pairs only."),
    ),
    table(
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
        *interval(
            "loop_share", "Loyalty loop: repeat orders without evaluation 30 days before; loyalty only.", "Wilson"
        ),
        Column("n_repeat_orders", INT, "Second and later orders of the quarter; loyalty only."),
    ),
    table(
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
    table(
        "attribution",
        "One row per rule, breakdown, group and entry channel: orders and revenue allotted to it. No effect.",
        "rule breakdown group_id channel",
        Column("rule", STRING, "first, last, last_non_direct, linear, position, time_decay or markov."),
        Column("breakdown", STRING, "company, buyer_kind (new, repeat, unknown) or order_channel."),
        GROUP,
        Column(
            "channel",
            STRING,
            "Entry channel of the touches; none for orders without a touch in the window, unknown without a buyer.",
        ),
        *estimate(
            "Share of the group's orders allotted to the channel; the shares of a rule sum to 1.",
            "Orders of the group in the twelve months to as_of, with a touch or without.",
        ),
        Column("credited_orders", FLOAT, "Orders allotted; those of a rule sum to n."),
        Column("credited_amount_reporting", FLOAT, "Net amount allotted, reporting currency; sums to all of it."),
        Column("amount_share", FLOAT, "Share of the group's net amount; the shares of a rule sum to 1."),
        Column("amount_share_lo", FLOAT, "Lower end of its 95 % interval; null where no draw moves it."),
        Column("amount_share_hi", FLOAT, "Upper end of its 95 % interval; null where no draw moves it."),
        Column("n_orders", INT, "Orders the credit comes from: whole ones, or those with a touch of the channel."),
        Column("n_paths", INT, "Paths with a touch of the channel, to an order or to none."),
        Column("removal_effect", FLOAT, "Share of the touched orders a chain without the channel loses; markov only."),
        Column("removal_effect_lo", FLOAT, "Lower end of its 95 % interval; null where no draw moves it."),
        Column("removal_effect_hi", FLOAT, "Upper end of its 95 % interval; null where no draw moves it."),
        Column("spend_amount_reporting", FLOAT, "Cost of the channel's campaigns of the twelve months; company only."),
        Column("cost_per_order", FLOAT, "Spend / credited orders, where both are known."),
        Column("cost_per_order_lo", FLOAT, "Spend / credited orders at the upper end of the share."),
        Column("cost_per_order_hi", FLOAT, "Spend / credited orders at the lower end of the share; null at 0."),
        Column(
            "spend_status",
            STRING,
            "known, incomplete (a campaign has no cost), not_recorded (no source records any), not_split (a group), "
            "no_channel (none, unknown), or suppressed.",
        ),
    ),
)
