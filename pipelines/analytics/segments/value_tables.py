"""Tables of models of value: what they are fitted to, whether they came true, how value is spread.

Belongs here: columns, keys and words. Stays out: how the numbers are computed, and customer_value itself (tables.py).
"""

from __future__ import annotations

from pipelines.analytics.table import DATE, FLOAT, GROUP, INT, SCHEME, STRING, Column, estimate, interval, table, tested

FORECASTS = (
    *interval(
        "p_alive",
        "Chance of still being a customer, BG/NBD; 1 by the model after a single order day.",
        "of the expectation, not of what one person does",
    ),
    *interval("expected_orders", "Order days expected in the 365 days after as_of.", "delta method"),
    *interval("expected_revenue", "Net revenue expected in those days: orders x expected spend.", "delta method"),
    *interval(
        "clv", "Margin expected of the next 3 years, discounted 10 % a year, reporting currency.", "delta method"
    ),
    Column("clv_basis", STRING, "What clv rests on; null where there is none."),
    Column(
        "clv_status",
        STRING,
        "converged, at_limit, spend_depends_on_frequency; or why it is null: no_order, too_few_customers, "
        "not_converged, no_spend_model, no_margin.",
    ),
)
"""The columns of customer_value that models give."""

COSTS = (
    Column(
        "cost_to_serve",
        FLOAT,
        "Assumed cost of the tickets, returns and parcels of the 365 days before as_of, reporting currency.",
    ),
)
"""What the year's service cost, in customer_value."""

TABLES = (
    table(
        "value_model",
        "One row per parameter of the two models of customer value, per mean they imply, and one for a correlation.",
        "model parameter",
        Column("model", STRING, "bg_nbd (how often, and whether still there) or gamma_gamma (how much)."),
        Column(
            "parameter",
            STRING,
            "r, alpha (weeks), a, b, mean_rate (order days a week, once settled), mean_dropout; where newcomers have a "
            "pace of their own newcomer_pace_to_4_weeks and newcomer_pace_to_13_weeks after the first order (multiples "
            "of the settled rate); p, q, v and mean_spend (reporting currency); frequency_spend_correlation, which "
            "Gamma-Gamma holds to be none.",
        ),
        *estimate("Fitted value.", "Customers the model is fitted to."),
        Column("n_repeat", INT, "Of those, customers with a second order day."),
        Column(
            "status",
            STRING,
            "converged, at_limit (a parameter at its end: a simpler model), not_converged, too_few_customers; "
            "small or large for the correlation.",
        ),
        Column("log_likelihood", FLOAT, "At the fitted values, of the whole model."),
        Column("iterations", INT, "Steps the fit took."),
    ),
    table(
        "value_backtest",
        "One row per measure, method, statistic and tenth of the prediction, over a hold-out; none where history is "
        "shorter than 180 days or the models did not fit.",
        "measure method statistic decile",
        Column("measure", STRING, "orders (days with an order) or revenue (net, reporting currency)."),
        Column(
            "method",
            STRING,
            "model; model_even_pace (the same, newcomers as everybody; only where model tells them apart); last_year "
            "(the days before repeated); mean_rate (everybody as all together).",
        ),
        Column(
            "statistic",
            STRING,
            "observed_mean, mean_absolute_error (low for who forecasts too little), root_mean_square_error, "
            "total_ratio (predicted / observed), top_decile_share (of what came, the part of the tenth predicted "
            "highest).",
        ),
        Column("decile", STRING, "Tenth of the model's predictions, 10 the highest; all for everybody."),
        *estimate("The statistic.", "Customers with an order before the hold-out."),
        Column("predicted", FLOAT, "Mean prediction beside observed_mean."),
        *interval("to_model", "Error of the other method - that of the model, customer by customer.", "paired"),
        *tested("Two-sided p of to_model.", "all of the table"),
        Column("verdict", STRING, "model_better, model_worse, no_evidence, untested, suppressed."),
        Column("cutoff", DATE, "Last day the forecasts knew of."),
        Column("holdout_days", INT, "Days from there to as_of."),
    ),
    table(
        "value_concentration",
        "One row per scheme, group and measure: how much of it comes from how few.",
        "scheme_id group_id measure",
        SCHEME,
        GROUP,
        Column("measure", STRING, "top_decile_revenue_share, revenue_gini_year, top_decile_clv_share."),
        *estimate(
            "The measure; no interval below 30 customers.", "Customers with revenue, or a lifetime value, above 0."
        ),
    ),
    table(
        "cost_to_serve",
        "One row per scheme, group and measure: what customers cost in the 365 days to as_of.",
        "scheme_id group_id measure",
        SCHEME,
        GROUP,
        Column(
            "measure",
            STRING,
            "contact_cost_per_customer, return_cost_per_customer, shipping_subsidy_per_customer, their sum "
            "service_cost_per_customer, service_cost_share (of net revenue), acquisition_cost_per_new, "
            "retention_cost_per_back, acquisition_to_retention.",
        ),
        Column("unit", STRING, "reporting currency, share or ratio."),
        *estimate("The measure; no interval below 30 customers.", "Customers below the line."),
    ),
    table(
        "price_dispersion",
        "One row per scheme, group and measure: what a group pays for the same goods.",
        "scheme_id group_id measure",
        SCHEME,
        GROUP,
        Column(
            "measure",
            STRING,
            "price_index (100 = the usual price), discount_share (taken off what was asked), price_spread (mean "
            "distance from the usual price).",
        ),
        Column("unit", STRING, "points or share."),
        *estimate("The measure; no interval below 30 customers.", "Customers who bought what others bought too."),
        Column("rest_value", FLOAT, "Value of the other known groups of the scheme."),
        *interval("difference", "value - rest_value."),
        *tested("Two-sided p of the difference; null below 30 customers.", "the groups and measures of the scheme"),
        Column("verdict", STRING, "higher, lower, no_evidence, insufficient_n, suppressed, untested."),
    ),
)
