"""What analytics tables are built from: the tables read, and sets of columns several of them need.

Belongs here: names. Stays out: which table needs which, which stands beside by topic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.analytics.cells import KEY_SCHEMES


class Columns(tuple[str, ...]):
    """Names of columns read, and of which rows: ``schemes`` are the segment schemes that are looked at, none for all.

    A reader that gives the rows of other schemes too is no less right: it takes longer.
    """

    schemes: tuple[str, ...] = ()

    def of(self, schemes: Sequence[str]) -> Columns:
        """The same columns, of some schemes only."""
        found = Columns(self)
        found.schemes = tuple(schemes)
        return found


Read = Callable[[str, Sequence[str]], pl.DataFrame]
"""Reads some columns of ``schema.table``."""

Frames = dict[str, pl.DataFrame]
"""What was read, by table. It is the builder's: what is large and done with, a builder takes out."""


@dataclass(frozen=True)
class Run:
    """What a table is computed for: the date it speaks of, the run's id, and the smallest count that may be shown."""

    as_of: date
    run_id: str
    min_cell: int


@dataclass(frozen=True)
class TableBuild:
    """``inputs`` maps each ``schema.table`` read to its columns; ``build`` gets them as frames by that name."""

    inputs: Mapping[str, tuple[str, ...]]
    build: Callable[[Frames, Run], pl.DataFrame]


CUSTOMERS = "core.dim_customers"
PRODUCTS = "core.dim_products"
ACCOUNTS = "core.dim_accounts"
SURVEY = "feedback.fct_survey_answers"
INVITATIONS = "feedback.fct_survey_invitations"
FEEDBACK = "feedback.fct_feedback"
SEARCHES = "feedback.fct_searches"
FEEDBACK_STAGES = "feedback.fct_feedback_stages"
BENCHMARKS = "seeds.satisfaction_benchmarks"
SCORES = "analytics.satisfaction_scores"
DELTAS = "analytics.satisfaction_deltas"
TICKETS = "feedback.fct_tickets"
AGENT_WEEKS = "feedback.fct_agent_weeks"
BACKLOG = "feedback.agg_support_backlog"
ORDERS = "core.fct_orders"
CONSENTS = "core.customer_consents"
SENDS = "core.fct_campaign_touches"
CARTS = "journey.fct_carts"
LEVELS = "journey.agg_funnel_levels"
FUNNELS = "journey.dim_funnel_steps"
CROSS_CHANNEL = "journey.fct_cross_channel_purchases"
CHANNEL_PRICES = "journey.agg_channel_prices"
BUYING = "journey.fct_buying_sessions"
SESSIONS = "journey.fct_sessions"
ONBOARDING = "journey.fct_onboarding"
FLOW = "journey.agg_journey_flow"
REPEAT_ORDERS = "journey.fct_repeat_orders"
NAMES = "core.customer_names"
PHONES = "core.customer_phones"
CUSTOMER_COSTS = "journey.agg_customer_costs"
CUSTOMER_PRICES = "journey.agg_customer_prices"
CUSTOMER_USES = "journey.agg_customer_uses"
PURCHASE_DAYS = "journey.fct_purchase_days"
MONTHS = "journey.agg_customer_months"
CUSTOMER_STAGES = "journey.agg_customer_stages"
TOUCH_PATHS = "journey.agg_touch_paths"
CHANNEL_SPEND = "journey.agg_channel_spend"
PURCHASES = "journey.agg_customer_purchases"
HABITS = "journey.agg_customer_habits"
TRANSITIONS = "journey.agg_path_transitions"
PATH_STEPS = "seeds.path_steps"
MEMBERSHIP = "analytics.segment_membership"
VALUE = "analytics.customer_value"
NEEDS = "analytics.customer_needs"
PROFILES = "analytics.segment_profiles"
LABELS = "analytics.feedback_labels"
RUN = "raw.run_settings"
DEFINITIONS = "raw.segment_definitions"
KEPT_HISTORY = "kept.segment_history"
KEPT_FACTS = "kept.segment_facts"
"""What outlives the warehouse: the caller keeps it, and hands it over like any table."""
HISTORY = "analytics.segment_history"
BRANDS = "seeds.brands"
TOPIC_RULES = "seeds.topic_rules"
TOPIC_STAGES = "seeds.topic_stages"
SERVICE_POLICIES = "seeds.service_policies"
OFFERS = "seeds.offers"
THRESHOLDS = "seeds.shipping_thresholds"


def columns(names: str) -> Columns:
    """Column names, written with blanks between them."""
    return Columns(names.split())


IS_STAFF = {CUSTOMERS: columns("customer_id is_staff")}
SEGMENTS = {MEMBERSHIP: columns("scheme_id customer_id segment_id")}
KEY_SEGMENTS = {MEMBERSHIP: SEGMENTS[MEMBERSHIP].of(KEY_SCHEMES)}
"""Of a row a person and scheme, the longest table there is, the few schemes estimates are broken down by."""
PATHS = {
    TRANSITIONS: columns("customer_id from_step to_step n_transitions"),
    PATH_STEPS: columns("path_step step_order"),
    CUSTOMERS: columns("customer_id region is_staff"),
    **KEY_SEGMENTS,
}
LINES = {PRODUCTS: columns("product_line division")}
RESPONSES = {
    SURVEY: columns(
        "customer_id survey_ref wording_version answer_date is_customer division product_line region channel "
        "sat_overall sat_expectancy sat_ideal nps ces"
    ),
}
ANSWERS = {
    **RESPONSES,
    FEEDBACK: columns("customer_id feedback_date division product_line region channel stars"),
}
