"""A small warehouse with every table the public contract reads, typed from the model YAML: what publishing tests need.

The rows are made up and consistent enough to pass the published suites; identifiers and texts hold personal data on
purpose, so that a leak would be found.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl

from pipelines.analytics.table import TIME
from pipelines.analytics.tables import TABLES
from pipelines.files import read_yaml
from pipelines.publish.contract import load_contract
from pipelines.quality.results import CheckResult
from pipelines.settings import PROJECT_ROOT, Settings, load_settings

MODELS = PROJECT_ROOT / "dbt_project" / "models"
CUSTOMERS = 60
ROWS = 120

PROBED = "core.bridge_customer_identifiers"
"""What the probe for personal data looks for; not published itself."""

DEFAULTS = {
    "varchar": "'{name}_' || (i % 3)",
    "bigint": "20 + i % 5",
    "integer": "3 + i % 3",
    "double": "0.5",
    "decimal(18,4)": "10.00",
    "boolean": "i % 2 = 0",
    "date": "date '2026-01-01' + cast(i % 90 as integer)",
    "timestamp": "timestamp '2026-01-01' + to_hours(cast(i as integer))",
}

BY_NAME = {
    "customer_id": f"'customer-' || (i % {CUSTOMERS})",
    "account_id": "'hubspot:' || (7000000 + i % 4)",
    "order_id": "'shopify:' || (5500000 + i)",
    "ticket_id": "'zendesk:' || (880000 + i)",
    "product_id": "'HM-' || (i % 6)",
    "system": "'shopify'",
    "region": "case i % 3 when 0 then 'North' when 1 then 'South' else 'West' end",
    "device_ref": "'device-' || (i % 40)",
    "first_cart_ref": "'cart-token-' || i",
    "cart_ref": "'cart-token-' || i",
    "currency": "'EUR'",
    "as_of": "date '2026-10-31'",
    "run_id": "'run-of-analytics'",
    "value": "0.5",
    "lo": "0.4",
    "hi": "0.6",
    "n": "50",
    "suppressed": "false",
    "period": "'2026Q3'",
}

SEEN = {
    "first_seen_at": "timestamp '2025-01-01'",
    "last_seen_at": "timestamp '2026-01-01'",
    "first_order_at": "timestamp '2025-01-01'",
    "last_order_at": "timestamp '2026-01-01'",
}

BY_TABLE: dict[str, dict[str, str]] = {
    "core.dim_customers": {
        **SEEN,
        "customer_id": "'customer-' || i",
        "full_name": "'Person Number ' || i",
        "email": "'person' || i || '@example.org'",
        "phone": "'+4930' || (1234500 + i)",
        "address_line": "'Long Street ' || i",
        "age_band": "case when i = 0 then '65 and over' else '25-34' end",
        "gender": "case when i % 2 = 0 then 'female' else 'male' end",
        "language": "'de'",
        "country_code": "'DE'",
        "has_email_marketing_consent": "i % 3 = 0",
    },
    PROBED: {
        "identifier_type": "case i % 2 when 0 then 'email' else 'phone' end",
        "identifier_value": "case i % 2 when 0 then 'person' || i || '@example.org' else '+4930' || (1234500 + i) end",
    },
    "core.fct_identity_evidence": {
        "node_id_a": "'hubspot:contact:' || i",
        "node_id_b": "'shopify:customer:' || i",
        "system_a": "'hubspot'",
        "system_b": "'shopify'",
        "rule": "case i % 3 when 0 then 'email' when 1 then 'phone' else 'model' end",
        "evidence": "case i % 3 when 2 then 'model' else 'rule' end",
        "identifier_type": "case i % 3 when 0 then 'email' when 1 then 'phone' else 'comparison' end",
        "identifier_value": (
            "case i % 3 when 0 then 'person' || i || '@example.org' when 1 then '+4930' || (1234500 + i) end"
        ),
        "comparison": "case i % 3 when 2 then 'given_name=equal:+6.9' end",
        "confidence": "0.995",
        "match_weight": "case i % 3 when 2 then 9.5 end",
        "is_bridge": "true",
        "is_weakest": "true",
        "n_source_records": "2",
    },
    "core.fct_identity_health": {"measure": "'link_share:rule_' || i"},
    "core.dim_accounts": {
        "account_id": "'hubspot:' || (7000000 + i)",
        "employee_band": "'10-49'",
        "annual_revenue_amount_reporting": "case i % 3 when 0 then null when 1 then 5000000 else 200000000 end",
    },
    "core.dim_products": {"product_id": "'HM-' || i"},
    "core.fct_events": {
        "order_id": "case when i = 5 then 'shopify:lost' else 'shopify:' || (5500000 + i) end",
        "event_date": "cast(timestamp '2026-01-01' + to_hours(cast(i as integer)) as date)",
        "is_bot": "i % 10 = 0",
    },
    "core.fct_orders": {
        "order_name": "'#' || (10000 + i)",
        "gross_amount": "100",
        "discount_amount": "10",
        "shipping_amount": "5",
        "total_amount": "95",
        "refund_amount": "0",
        "net_amount": "90",
        "net_amount_reporting": "case when i % 2 = 0 then 90 else 0 end",
        "is_first_order": "i < 10",
        "fx_rate": "1",
        "coupon_code": "case when i % 2 = 0 then 'SUMMER' when i = 1 then 'FOR-ANNA' end",
        "ordered_at": "timestamp '2026-01-01'",
        "delivered_at": "timestamp '2026-01-05'",
    },
    "core.fct_order_lines": {"order_line_id": "'shopify:' || (99000000 + i)", "refund_amount": "0"},
    "core.fct_refunds": {
        "refund_id": "'shopify:' || (44000000 + i)",
        "reason": "case when i = 3 then 'call anna@example.org' else 'damaged' end",
    },
    "journey.fct_sessions": {
        "session_id": "'session-' || i",
        "started_at": "timestamp '2026-01-01'",
        "ended_at": "timestamp '2026-01-02'",
        "channel": "'web'",
        "landing_page": "'/products/sofa?email=person' || i || '@example.org#top'",
    },
    "journey.fct_carts": {
        "cart_id": "'cart-' || i",
        "state": "'abandoned'",
        "recovery_type": "null",
        "is_abandoned": "true",
        "has_checkout": "true",
        "started_at": "timestamp '2026-01-01'",
        "last_activity_at": "timestamp '2026-01-02'",
    },
    "journey.agg_event_rules": {
        "system": "'s' || i",
        "rule": "'counted'",
        "n_events": "100",
        "n_people": "5 + i % 20",
        "n_landed": "100",
    },
    "journey.agg_late_arrivals": {
        "load_day": "date '2026-01-01' + cast(i as integer)",
        "n_events": "100",
        "n_late_events": "10",
        "n_sessions": "30",
        "n_sessions_changed": "3",
    },
    "journey.fct_cart_causes": {
        "cart_id": "'cart-' || i",
        "cause": "'shipping_cost'",
        "at_risk_step": "'shipping'",
        "evidence_type": "'web_event'",
        "event_ref": "'event-' || i",
        "ticket_id": "null",
        "product_id": "null",
        "is_abandoned": "true",
    },
    "feedback.fct_tickets": {
        "opened_at": "timestamp '2026-01-01'",
        "solved_at": "timestamp '2026-01-02'",
        "rating": "case i % 3 when 0 then 'good' when 1 then 'bad' end",
        "agent_ref": "'anna.agent@example.org'",
    },
    "feedback.fct_feedback": {
        "feedback_id": "'trustpilot:' || i",
        "feedback_kind": "'service_review'",
        "body": "'My name is Person Number ' || i || ', write to person' || i || '@example.org'",
    },
    "feedback.fct_survey_answers": {
        "response_id": "'qualtrics:' || i",
        "free_text": "'Call +49301234500'",
        "sat_overall": "7",
        "nps": "7",
    },
    "analytics.segment_membership": {
        "scheme_id": f"case when i < {CUSTOMERS} then 'lifecycle' else 'region' end",
        "segment_id": "'active'",
        "reason": "'bought in the last year'",
    },
    "analytics.segment_schemes": {"scheme_id": "'scheme_' || i", "form": "'rules'", "is_key_scheme": "i = 0"},
    "analytics.segment_rules": {
        "scheme_id": "'scheme_' || i",
        "n_raw": "n + 5",
        "n_taken_before": "5",
        "n_near": "null",
        "is_otherwise": "false",
    },
    "analytics.scheme_quality": {
        "scheme_id": "'scheme_' || i",
        "measure": "'other_share'",
        "value": "0.2",
        "lo": "0.1",
        "hi": "0.3",
    },
    "analytics.segment_history": {
        "customer_id": "'customer-' || i",
        "segment_id": "'active'",
        "previous_segment": "null",
        "moved_by": "null",
        "valid_from": "date '2026-10-31'",
        "valid_to": "null",
        "known_from": "timestamp '2026-11-01'",
        "known_to": "null",
    },
    "analytics.segment_migration": {"scheme_id": "'scheme_' || i", "moved_by": "null"},
    "analytics.customer_tags": {"customer_id": "'customer-' || i", "tag": "'high_earner'", "reason": "'top tenth'"},
    "analytics.customer_needs": {"customer_id": "'customer-' || i", "need": "'price'", "need_basis": "'stated'"},
    "analytics.customer_lookalikes": {
        "customer_id": "'customer-' || i",
        "target": "'top_payer'",
        "status": "'better_than_chance'",
        "score": "0.2",
        "percentile": "0.5",
    },
    "analytics.lookalike_model": {
        "feature": "'region'",
        "level": "'level_' || i",
        "statistic": "'odds_ratio'",
        "status": "'better_than_chance'",
        "lo": "null",
        "hi": "null",
        "n": "100",
        "n_target": "40",
        "n_not": "60",
    },
    "analytics.customer_value": {
        "customer_id": "'customer-' || i",
        "r_score": "1 + i % 5",
        "f_score": "1 + i % 5",
        "m_score": "1 + i % 5",
        "clv_status": "'converged'",
        **{f"{name}_lo": "0.4" for name in ("p_alive", "expected_orders", "expected_revenue", "clv")},
        **{f"{name}_hi": "0.6" for name in ("p_alive", "expected_orders", "expected_revenue", "clv")},
    },
    "analytics.value_concentration": {"group_id": "'g' || i", "measure": "'top_decile_revenue_share'"},
    "analytics.cost_to_serve": {"group_id": "'g' || i", "measure": "'service_cost_share'", "unit": "'share'"},
    "analytics.price_dispersion": {
        "group_id": "'g' || i",
        "measure": "'price_spread'",
        "verdict": "'no_evidence'",
        "difference_lo": "0.4",
        "difference_hi": "0.6",
    },
    "analytics.customer_gaps": {
        "item": "'nps'",
        "dimension": "'company'",
        "group_id": "'g' || i",
        "verdict": "'no_evidence'",
        "non_customers": "5.5",
        "customers": "5.0",
        **{
            f"{name}_{end}": value
            for name in ("non_customers", "customers")
            for end, value in (("lo", "4"), ("hi", "6"))
        },
        "effect_size_lo": "0.4",
        "effect_size_hi": "0.6",
    },
    "analytics.segment_affinity": {
        "segment_id": "'g' || i",
        "dimension": "'channel'",
        "item": "'web'",
        "value": "110",
        "lo": "100",
        "hi": "120",
        "rate": "0.55",
        "rate_lo": "0.5",
        "rate_hi": "0.6",
        "company_rate": "0.5",
        "verdict": "'no_evidence'",
    },
    "analytics.personas": {
        "segment_id": "'g' || i",
        "section": "'behaviour'",
        "item": "'n_orders'",
        "source_kind": "'measured'",
        "text": "null",
        "verdict": "'no_evidence'",
        **{
            f"{name}{end}": value
            for name in ("index", "effect_size")
            for end, value in (("", "1.1"), ("_lo", "1.0"), ("_hi", "1.2"))
        },
    },
    "analytics.niches": {
        "segment_id": "'g' || i",
        "trait": "'price'",
        "value": "1.1",
        "lo": "1.0",
        "hi": "1.2",
        "n_with_trait": "55",
        "base_share": "0.04",
        "rate": "0.55",
        "rate_lo": "0.5",
        "rate_hi": "0.6",
        "company_rate": "0.5",
        **{
            f"{name}{end}": value
            for name in ("satisfaction_gap", "growth")
            for end, value in (("", "1.1"), ("_lo", "1.0"), ("_hi", "1.2"))
        },
        "n_prospects": "20",
        "verdict": "'no_niche'",
    },
    "analytics.segment_priority": {
        "segment_id": "'g' || i",
        "attractiveness": "0.5",
        "fit": "1.0",
        "rank": "2",
        "rank_lo": "1",
        "rank_hi": "3",
        "rank_weights_lo": "1",
        "rank_weights_hi": "3",
        "first_share": "0.4",
        "verdict": "'contends'",
    },
    "analytics.value_backtest": {
        "measure": "'orders'",
        "method": "'m' || i",
        "statistic": "'total_ratio'",
        "decile": "'all'",
        "verdict": "'untested'",
        "to_model": "null",
        "p_raw": "null",
        "p_adj": "null",
    },
    "analytics.value_model": {"model": "'bg_nbd'", "parameter": "'p' || i", "status": "'converged'", "n_repeat": "40"},
    "analytics.feedback_labels": {
        "feedback_id": "'trustpilot:product_review:' || i",
        "topic_basis": "'rules'",
        "language": "'en'",
        "language_basis": "'text'",
        "polarity": "'positive'",
        "polarity_basis": "'stars'",
        "model_polarity": "'positive'",
        "sample": "'judged'",
    },
    "analytics.feedback_topics": {
        "topic": "'topic_' || i",
        "polarity": "'positive'",
        "breakdown": "'region'",
        "group_id": "'North'",
        "n_base": "100",
        "p_raw": "0.01",
        "p_adj": "0.02",
        "change_lo": "0.4",
        "change_hi": "0.6",
        "verdict": "'more'",
    },
    "analytics.product_feedback": {
        "topic": "'topic_' || i",
        "polarity": "'positive'",
        "breakdown": "'product_line'",
        "group_id": "'Sofas'",
        "n_base": "100",
        "p_raw": "0.01",
        "p_adj": "0.02",
        "change_lo": "0.4",
        "change_hi": "0.6",
        "verdict": "'more'",
    },
    "analytics.feedback_themes": {"language": "'en'", "theme": "'en-' || i", "n_base": "100"},
    "analytics.customer_offers": {"customer_id": "'customer-' || i", "offer_id": "'winback'", "status": "'offered'"},
    "analytics.offer_results": {
        "offer_id": "'offer-' || i",
        "measure": "'offer_buyers_uplift'",
        "n_holdout": "50",
        "n_reached": "40",
        "n_breached": "0",
        "p_raw": "0.01",
        "p_adj": "0.02",
        "verdict": "'more'",
    },
    "analytics.share_of_voice": {
        "brand": "'brand_' || i",
        "polarity": "'any'",
        "breakdown": "'region'",
        "group_id": "'North'",
        "n_base": "100",
        "p_raw": "0.01",
        "p_adj": "0.02",
        "change_lo": "0.4",
        "change_hi": "0.6",
        "verdict": "'more'",
    },
    "analytics.information_gaps": {
        "source": "'tickets'",
        "subject": "'topic_' || i",
        "breakdown": "'region'",
        "group_id": "'North'",
        "n_base": "100",
        "p_raw": "0.01",
        "p_adj": "0.02",
        "change_lo": "0.4",
        "change_hi": "0.6",
        "verdict": "'more'",
        "evidence_grade": "'single'",
    },
    "analytics.sentiment_model": {
        "measure": "'m' || i",
        "language": "'all'",
        "n_negative": "20",
        "status": "'learned'",
        "learned_to": "date '2026-01-31'",
        "judged_from": "date '2026-02-01'",
    },
    "analytics.journey_flow": {
        "phase": "'closure'",
        "breakdown": "'region'",
        "group_id": "'g' || i",
        "period": "'2026Q3'",
        "n_stock_start": "100",
        "n_entered": "100",
        "n_advanced": "50",
        "n_lost": "50",
        "n_recovered": "0",
        "n_stock_end": "100",
        "loop_share": "0.5",
        "loop_share_lo": "0.4",
        "loop_share_hi": "0.6",
    },
    "analytics.retention": {"cohort": "'all'", "group_id": "'g' || i", "months_since": "i", "value": "0.5"},
    "analytics.attribution": {
        "rule": "'last'",
        "breakdown": "'company'",
        "group_id": "'g' || i",
        "channel": "'email'",
        "value": "1",
        "lo": "0.9",
        "hi": "1",
        "credited_orders": "100",
        "n": "100",
        "n_orders": "100",
        "amount_share": "1",
        "amount_share_lo": "1",
        "amount_share_hi": "1",
        "removal_effect": "0.5",
        "removal_effect_lo": "0.4",
        "removal_effect_hi": "0.6",
        "spend_amount_reporting": "100",
        "cost_per_order": "1",
        "cost_per_order_lo": "0.9",
        "cost_per_order_hi": "1.2",
        "spend_status": "'known'",
    },
    "analytics.funnel_steps": {
        "funnel_id": "'shop'",
        "breakdown": "'region'",
        "group_id": "'g' || (i // 6)",
        "step_order": "1 + i % 6",
        "n_entered": "1000",
        "n_reached": "1000 - 100 * (i % 6)",
        "overall_value": "0.5",
        "overall_lo": "0.4",
        "overall_hi": "0.6",
    },
    "analytics.channel_behaviour": {
        "measure": "'webroomer_share'",
        "breakdown": "'region'",
        "group_id": "'g' || i",
        "observed_share": "0.6",
        "chance_share": "0.1",
        "verdict": "'inconclusive'",
    },
    "analytics.path_transitions": {
        "from_step": "'step_' || i",
        "to_step": "'step_' || (i + 1)",
        "direction": "'forward'",
        "n_transitions": "100",
        "n_customers": "50",
    },
    "analytics.path_differences": {
        "from_step": "'step_' || i",
        "to_step": "'step_' || (i + 1)",
        "share": "0.6",
        "rest_share": "0.1",
        "p_raw": "0.01",
        "p_adj": "0.02",
    },
    "analytics.cart_abandonment": {"metric_id": "'cart_abandonment_rate'", "group_id": "'g' || i"},
    "analytics.cart_session_rule": {"outcome": "'o' || i", "counted_by": "'both'", "n": "100", "n_outcome": "50"},
    "analytics.cart_abandonment_causes": {
        "segment_id": "'s' || i",
        "cause": "'shipping_cost'",
        "n_at_risk": "400",
        "n_exposed": "200",
        "n_abandoned_exposed": "100",
        "verdict": "'untested'",
        "interaction": "'untested'",
    },
    "analytics.segment_contrasts": {
        "group_id": "'g' || i",
        "measure": "'early_exit_rate'",
        "verdict": "'no_evidence'",
        "says": "null",
    },
    "analytics.journey_map": {
        "lane": "'people'",
        "source_kind": "'measured'",
        "item": "'item_' || i",
        "owner": "'crm'",
    },
    "analytics.pain_points": {
        "kind": "'cart'",
        "pain": "'pain_' || i",
        "trend": "'steady'",
        "n_affected": "20",
        "rank": "i",
        "evidence_cart_id": "'cart-' || i",
        **{f"evidence_{name}_id": "null" for name in ("session", "order", "ticket", "feedback")},
    },
    "analytics.pain_quarters": {"kind": "'cart'", "pain": "'pain_' || i", "n_affected": "20"},
    "analytics.opportunity_evidence": {
        "opportunity_id": "'o' || i",
        "found_in": "'pain_points'",
        "source_kind": "'web'",
        "verdict": "'supports'",
        "amount_year_lo": "0.4",
        "amount_year_hi": "0.6",
    },
    "analytics.opportunities": {
        "opportunity_id": "'o' || i",
        "status": "'idea'",
        "business_case": "'not_costed'",
        "evidence_grade": "'single'",
        "evidence_sources": "1",
        "benefit_year_lo": "0.4",
        "benefit_year_hi": "0.6",
        "suppressed": "false",
        **dict.fromkeys(("check_before", "check_after", "check_verdict", "check_basis"), "null"),
        **dict.fromkeys(("check_difference", "check_difference_lo", "check_difference_hi"), "null"),
    },
    "analytics.shipping_what_if": {
        "candidate": "cast(i as double)",
        "verdict": "'no_evidence'",
        "rank": "i",
        "subsidy_year": "0",
        "conversion_year": "0.25",
        "top_up_year": "0.25",
    },
    "analytics.satisfaction_scores": {
        "metric_id": "'nps'",
        "group_id": "'g' || i",
        "n_eff": "20",
        "weighted_value_lo": "0.4",
        "weighted_value_hi": "0.6",
    },
    "analytics.satisfaction_deltas": {
        "metric_id": "'nps'",
        "group_id": "'g' || i",
        "verdict": "'no_evidence'",
        "rate_effect": "0.25",
        "mix_effect": "0.25",
    },
    "analytics.satisfaction_delta_pairs": {
        "metric_id": "'nps'",
        "group_id": "'a' || i",
        "other_group": "'b' || i",
        "verdict": "'no_evidence'",
    },
    "analytics.satisfaction_benchmark": {
        "benchmark": "'b' || i",
        "verdict": "'no_evidence'",
        "company_value": "78.5",
        "benchmark_value": "78",
    },
    "analytics.satisfaction_drivers": {
        "driver": "'ease'",
        "group_id": "'g' || i",
        "status": "'measured'",
        "quadrant": "'keep_up'",
        "is_separable": "true",
        "tangled_with": "null",
    },
    "analytics.satisfaction_value": {
        "measure": "'spend_per_point'",
        "group_id": "'g' || i",
        "basis": "'survey3; association'",
        "placebo_verdict": "'none'",
    },
    "analytics.support_kpis": {
        "measure": "'reopen_share'",
        "clock": "'none'",
        "group_id": "'g' || i",
        "unit": "'share'",
    },
    "analytics.service_policies": {
        "policy": "'policy_' || i",
        "period": "'all'",
        "measure": "'first_reply'",
        "clock": "'business'",
        "target_share": "0.1",
        "verdict": "'met'",
    },
    "analytics.support_backlog": {
        "breakdown": "'region'",
        "group_id": "'g' || i",
        "period": "'2026Q3'",
        "n_opening": "20",
        "n_created": "50",
        "n_reopened": "20",
        "n_solved": "40",
        "n_closing": "50",
        "open_median": "30",
        "open_p90": "40",
    },
    "analytics.agent_quality": {
        "measure": "'qa_score'",
        "breakdown": "'team'",
        "group_id": "'t' || i",
        "period": "'all'",
        "agents": "6",
        "unit": "'points 0-100'",
        "reliability": "0.5",
    },
    "analytics.employee_links": {
        "exposure": "'qa_score'",
        "timing": "'t' || i",
        "grain": "'week'",
        "p_raw": "0.5",
        "p_adj": "0.5",
        "family_id": "'f'",
        "verdict": "'no_evidence'",
    },
    "analytics.service_coverage": {"topic": "'topic_' || i", "measure": "'resolution'", "is_gap": "false"},
    "analytics.segment_profiles": {"measure": "'share'", "segment_id": "'s' || i", "unit": "'share'"},
    "analytics.metrics": {"metric_id": "'metric_' || i"},
}

ROW_COUNTS = {
    "core.dim_customers": CUSTOMERS,
    "core.dim_accounts": 4,
    "core.dim_products": 6,
    "analytics.segment_membership": 2 * CUSTOMERS,
    "analytics.customer_value": CUSTOMERS,
    "analytics.opportunities": 12,
}

DUCKDB_TYPES = {
    "String": "varchar",
    "Float64": "double",
    "Int64": "bigint",
    "Boolean": "boolean",
    "Date": "date",
    str(TIME): "timestamp",
}


def settings_in(home: Path) -> Settings:
    """The demo's settings with everything below one folder, small limits and the real contracts and suites."""
    settings = load_settings({"JOURNEYLINE_ENV": "test", "JOURNEYLINE_HOME": str(home)})
    return replace(settings, memory_limit="1GB", threads=2)


def source_columns() -> dict[str, dict[str, str]]:
    """Column types of every table the contract or the probe reads, as their own layers declare them."""
    contract = load_contract(MODELS)
    wanted = {source.partition(".")[2] for source in (PROBED, *(table.source for table in contract.tables))}
    models = {
        model["name"]: {column["name"]: str(column["data_type"]) for column in model["columns"]}
        for path in MODELS.rglob("*.yml")
        if path.stem in wanted
        for model in read_yaml(path.read_text("utf-8"))["models"]
    }
    found = {PROBED: models[PROBED.partition(".")[2]]}
    for table in contract.tables:
        name = table.source.partition(".")[2]
        if table.source.startswith("analytics."):
            schema = TABLES[name].schema
            found[table.source] = {column: DUCKDB_TYPES[str(dtype)] for column, dtype in schema.items()}
        else:
            found[table.source] = models[name]
    return found


def make_warehouse(settings: Settings) -> None:
    """Write the live warehouse."""
    settings.warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(str(settings.warehouse_path))
    try:
        con.execute("begin")
        for schema in ("raw", "core", "journey", "feedback", "analytics"):
            con.execute(f"create schema {schema}")
        con.execute(
            "create table raw.run_settings as select 'run-1' as run_id, timestamp '2026-10-31 23:00:00' as as_of,"
            f" date '2026-10-31' as as_of_date, {settings.min_cell} as min_cell"
        )
        con.register("manifest", load_manifest().to_arrow())
        con.execute("create table raw.load_manifest as select * from manifest")
        for source, columns in source_columns().items():
            con.execute(f"create table {source} as {select_rows(source, columns)}")
        con.execute("commit")
    finally:
        con.close()


def select_rows(source: str, columns: dict[str, str]) -> str:
    """The made-up rows of one table."""
    own = BY_TABLE.get(source, {})
    picked = [
        f'cast({own.get(name) or BY_NAME.get(name) or DEFAULTS[dtype].format(name=name)} as {dtype}) as "{name}"'
        for name, dtype in columns.items()
    ]
    return f"select {', '.join(picked)} from (select range as i from range({ROW_COUNTS.get(source, ROWS)}))"


def load_manifest() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "system": ["shopify", "shopify", "pos"],
            "table_name": ["orders", "customers", "receipts"],
            "batch_id": ["aa", "bb", "cc"],
            "status": ["landed", "landed", "landed"],
            "rows_read": [100, 60, 50],
            "rows_landed": [100, 60, 49],
            "rows_quarantined": [0, 0, 1],
            "first_event_at": [None, None, None],
            "last_event_at": [None, None, None],
        },
        schema_overrides={"first_event_at": pl.Datetime("us"), "last_event_at": pl.Datetime("us")},
    )


PASSED = CheckResult(
    layer="core",
    table="dim_customers",
    check_type="not_null",
    severity="error",
    why="A person has an id.",
    status="passed",
)
"""A result of an earlier layer: a version without any is refused by its own suite."""
