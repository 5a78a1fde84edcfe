"""Metrics of models of value.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import CRM, Definition

DEFINITIONS = (
    Definition(
        "bg_nbd",
        "Model of repeat buying",
        "How often buyers come back, and whether they are still there, from their order days alone.",
        "BG/NBD by maximum likelihood: rates gamma(r, alpha), chance to leave after a repeat order day beta(a, b)",
        "parameters",
        CRM,
        "value_model",
    ),
    Definition(
        "gamma_gamma",
        "Model of spend",
        "What an order day of a customer is worth, from the mean of the repeat days and what others spend.",
        "Gamma-Gamma by maximum likelihood: mean spend gamma(p x, v x), customers' levels gamma(q, v)",
        "parameters",
        CRM,
        "value_model",
    ),
    Definition(
        "p_alive",
        "Chance of still being a customer",
        "Chance that the person has not left for good, by what is known of the order days.",
        "1 if x = 0, else 1 / (1 + a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ^ (r + x)); delta method",
        "0-1",
        CRM,
        "customer_value",
    ),
    Definition(
        "expected_orders",
        "Orders expected in 12 months",
        "Order days the model expects in the 365 days after as_of.",
        "conditional expectation of BG/NBD; delta method",
        "order days",
        CRM,
        "customer_value",
    ),
    Definition(
        "expected_revenue",
        "Revenue expected in 12 months",
        "Net revenue the models expect in the 365 days after as_of.",
        "expected_orders * ((1 - w) p v / (q - 1) + w * own mean spend), w = p x / (p x + q - 1); delta method",
        "reporting currency",
        CRM,
        "customer_value",
    ),
    Definition(
        "clv",
        "Customer lifetime value",
        "Margin the models expect of the next three years, discounted.",
        "sum over half years of expected orders * expected spend * margin rate / 1.1 ^ years; delta method",
        "reporting currency",
        CRM,
        "customer_value",
    ),
    Definition(
        "observed_mean",
        "What forecast customers brought",
        "Mean of the hold-out over the customers of a tenth of the predictions, beside what was predicted.",
        "mean; t interval",
        "as the measure",
        CRM,
        "value_backtest",
    ),
    Definition(
        "mean_absolute_error",
        "Mean error of a forecast",
        "How far a forecast of a customer is from what came; it favours low forecasts where most bring nothing.",
        "mean |predicted - observed|; t interval",
        "as the measure",
        CRM,
        "value_backtest",
    ),
    Definition(
        "root_mean_square_error",
        "Root mean square error of a forecast",
        "The same with large errors counting more.",
        "sqrt(mean (predicted - observed)^2); interval of the mean square",
        "as the measure",
        CRM,
        "value_backtest",
    ),
    Definition(
        "total_ratio",
        "Forecast total to what came",
        "Whether everybody together was forecast too high or too low.",
        "sum predicted / sum observed; linearised ratio interval over customers",
        "ratio",
        CRM,
        "value_backtest",
    ),
    Definition(
        "top_decile_share",
        "What the best tenth brought",
        "Part of what came that the tenth of the customers forecast highest brought.",
        "sum observed of the tenth / sum observed; linearised ratio interval over customers",
        "share",
        CRM,
        "value_backtest",
    ),
)
