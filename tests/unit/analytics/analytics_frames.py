"""Frames for the analytics tests, typed by the marts' own YAML: a column that is in no contract cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from support_frames import AGENTS, agent_weeks, backlog, teams_of
from touch_frames import added_up, paths_of

from pipelines.analytics.build import BUILDS, build_table
from pipelines.analytics.inputs import KEPT_FACTS, KEPT_HISTORY
from pipelines.analytics.segments.history import HISTORY, LAST_FACTS
from pipelines.analytics.segments.needs import NEEDS
from pipelines.analytics.tables import TABLES
from pipelines.segments import load_segments, segment_definitions

MARTS = Path(__file__).resolve().parents[3] / "dbt_project" / "models" / "marts"
TYPES: dict[str, Any] = {
    "varchar": pl.String,
    "bigint": pl.Int64,
    "integer": pl.Int32,
    "double": pl.Float64,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamp": pl.Datetime("us"),
    "decimal(18,4)": pl.Decimal(18, 4),
}

SEED_SCHEMAS: dict[str, Any] = {
    "shipping_thresholds": {
        "currency": pl.String,
        "valid_from": pl.Date,
        "free_shipping_from_amount": pl.Decimal(18, 4),
    },
    "topic_rules": {"topic": pl.String, "language": pl.String, "pattern": pl.String},
    "brands": {"brand": pl.String, "pattern": pl.String, "is_own": pl.Boolean},
    "topic_stages": {"topic": pl.String, "stage": pl.String},
    "service_policies": {
        "policy": pl.String,
        "policy_order": pl.Int32,
        **dict.fromkeys(("policy_name", "topic", "channel", "priority", "measure", "clock"), pl.String),
        "target_minutes": pl.Float64,
        "target_share": pl.Float64,
        "owner": pl.String,
    },
    "path_steps": {"path_step": pl.String, "step_order": pl.Int32, "description": pl.String},
    "channels": {"channel": pl.String, "channel_name": pl.String},
    "cart_causes": {"cause": pl.String, "cause_name": pl.String},
    "map_stages": {
        "stage": pl.String,
        "map_stage": pl.String,
        "map_stage_name": pl.String,
        "map_stage_order": pl.Int32,
    },
    "journey_words": {"lane": pl.String, "item": pl.String, "map_stage": pl.String, "text": pl.String},
    "journey_maps": {
        **dict.fromkeys(("company", "scheme_id", "segment_id", "name", "scenario", "goal", "kpi", "owner"), pl.String),
        "reviewed_on": pl.Date,
        "review_by": pl.Date,
    },
    "persona_judgements": {
        **dict.fromkeys(("company", "scheme_id", "segment_id", "section", "item", "text", "owner"), pl.String),
        "reviewed_on": pl.Date,
        "review_by": pl.Date,
    },
    "journey_judgements": {
        **dict.fromkeys(
            ("company", "scheme_id", "segment_id", "map_stage", "lane", "item", "text", "owner"), pl.String
        ),
        "reviewed_on": pl.Date,
        "review_by": pl.Date,
    },
    "satisfaction_benchmarks": {
        "benchmark": pl.String,
        "sector": pl.String,
        "level": pl.String,
        "year": pl.Int32,
        "value": pl.Float64,
        "source": pl.String,
    },
    "opportunity_remedies": {
        **dict.fromkeys(
            ("opportunity_id", "map_stage", "title", "problem", "remedy", "owner", "effort", "watched_kind"), pl.String
        ),
        "watched_pain": pl.String,
        **dict.fromkeys(("realisation_lo", "realisation_hi", "cost_lo", "cost_hi"), pl.Float64),
        **dict.fromkeys(("running_cost_lo", "running_cost_hi"), pl.Float64),
        "currency": pl.String,
        "source": pl.String,
    },
    "opportunity_signs": dict.fromkeys(("opportunity_id", "found_in", "sign"), pl.String),
    "offers": {
        **dict.fromkeys(
            ("company", "offer_id", "name", "channel", "scheme_id", "segment_id", "campaign_offer"), pl.String
        ),
        **dict.fromkeys(("given_share", "margin_floor"), pl.Float64),
        "quiet_days": pl.Int32,
        "holdout_share": pl.Float64,
        **dict.fromkeys(("starts_on", "ends_on"), pl.Date),
        "outcome_days": pl.Int32,
        "owner": pl.String,
    },
    "opportunity_plans": {
        **dict.fromkeys(("company", "opportunity_id", "owner", "status"), pl.String),
        **dict.fromkeys(("since", "done_on", "review_by"), pl.Date),
        "note": pl.String,
    },
}

AS_OF = date(2026, 10, 31)

KEPT = {KEPT_HISTORY: HISTORY, KEPT_FACTS: LAST_FACTS}

RUN_SETTINGS = pl.DataFrame(
    {
        "company": ["demo"],
        "run_at": [datetime.fromisoformat("2026-11-01T02:00:00")],
        "as_of": [datetime.fromisoformat("2026-10-31T23:00:00")],
        "reporting_time_zone": ["Europe/Berlin"],
        "reporting_currency": ["EUR"],
    }
)

TOPIC_RULES = pl.read_csv(MARTS.parents[1] / "seeds" / "topic_rules.csv")
TOPIC_STAGES = pl.read_csv(MARTS.parents[1] / "seeds" / "topic_stages.csv")
SERVICE_POLICIES = pl.read_csv(MARTS.parents[1] / "seeds" / "service_policies.csv").cast({"target_minutes": pl.Float64})

DEFINITIONS = segment_definitions(load_segments())


def shipped(name: str) -> pl.DataFrame:
    """A seed as it is shipped."""
    return pl.read_csv(MARTS.parents[1] / "seeds" / f"{name}.csv", schema=SEED_SCHEMAS[name])


Frames = dict[str, pl.DataFrame]


def default(dtype: Any) -> pl.Expr:
    """What a mart's column holds where a test says nothing: false, zero or null."""
    return pl.lit({pl.Boolean: False, pl.Int64: 0, pl.Decimal(18, 4): 0}.get(dtype)).cast(dtype)


@cache
def mart_schema(table: str) -> dict[str, Any]:
    """Columns and Polars types of ``schema.table`` by its YAML."""
    schema, name = table.split(".")
    if schema == "seeds":
        return dict(SEED_SCHEMAS[name])
    (model,) = yaml.safe_load((MARTS / schema / f"{name}.yml").read_text())["models"]
    return {column["name"]: TYPES[column["data_type"]] for column in model["columns"]}


def mart(table: str, rows: Sequence[dict[str, Any]] = (), **columns: Any) -> pl.DataFrame:
    """A mart with the given rows or columns; what is not given is false, zero or null."""
    schema = mart_schema(table)
    plain = {name: values.tolist() if isinstance(values, np.ndarray) else values for name, values in columns.items()}
    frame = pl.DataFrame(list(rows) or plain or None, infer_schema_length=None)
    unknown = set(frame.columns) - set(schema)
    assert not unknown, f"{table} has no columns {sorted(unknown)}"
    filled = [
        pl.coalesce(pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype), default(dtype)).alias(
            name
        )
        for name, dtype in schema.items()
    ]
    return frame.select(filled) if frame.height else pl.DataFrame(schema=schema)


def reader(frames: Frames) -> Callable[[str, Sequence[str]], pl.DataFrame]:
    """``read(table, columns)`` over some frames; a table not given is empty."""

    def read(table: str, columns: Sequence[str]) -> pl.DataFrame:
        if table in frames:
            return frames[table].select(columns)
        if table == "raw.run_settings":
            return RUN_SETTINGS.select(columns)
        if table == "raw.segment_definitions":
            return DEFINITIONS.select(columns)
        if table in KEPT:
            return pl.DataFrame(schema=KEPT[table]).select(columns)
        schema, name = table.split(".")
        return (TABLES[name].empty() if schema == "analytics" else mart(table)).select(columns)

    return read


FIRST = datetime.fromisoformat("2025-11-01")
LINES = {"Sofas": "Home", "Lighting": "Home", "Kitchen": "Table", "Garden": "Outdoor"}
REGIONS = np.array(["North", "South", "West", "East", "Alpine"])


def company(seed: int = 7, customers: int = 600) -> Frames:
    """A small random company without any planted effect: every core table the analytics read, never empty."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{number:04d}" for number in range(customers)])
    lines = list(LINES)
    products = mart("core.dim_products", product_id=lines, product_line=lines, division=list(LINES.values()))
    frames = {
        "raw.segment_definitions": DEFINITIONS,
        "core.dim_customers": (people := _people(rng, ids)),
        "journey.fct_purchase_days": _purchases(np.random.default_rng(seed + 2), people),
        **_costs_and_prices(np.random.default_rng(seed + 3), people),
        "core.dim_products": products,
        **_habits(np.random.default_rng(seed + 2), ids),
        **_feedback(rng, ids),
        **_journey(rng, ids),
        **_phases(np.random.default_rng(seed + 1), ids),
    }
    frames |= _maps(np.random.default_rng(seed + 3), ids) | _uses(np.random.default_rng(seed + 4), ids)
    staff = frames["core.dim_customers"].filter("is_staff")["customer_id"].to_list()
    paths = added_up(paths_of(frames["core.fct_orders"], staff, seed + 2))
    spend = [{"channel": "email", "n_campaigns": 3, "spend_amount_reporting": 900}]
    said = _texts(np.random.default_rng(seed + 3), ids)
    reviews = frames["feedback.fct_feedback"]
    return frames | {
        "feedback.fct_feedback": pl.concat([reviews, said, _unlabelled(ids)]),
        "feedback.fct_searches": _searches(np.random.default_rng(seed + 3), ids),
        "seeds.topic_rules": TOPIC_RULES,
        **{f"seeds.{name}": shipped(name) for name in SEED_SCHEMAS if name.startswith(("opportunity", "offer"))},
        "seeds.topic_stages": TOPIC_STAGES,
        "seeds.brands": shipped("brands"),
        "seeds.service_policies": SERVICE_POLICIES,
        "journey.agg_touch_paths": mart("journey.agg_touch_paths", paths),
        "journey.agg_channel_spend": mart("journey.agg_channel_spend", spend),
    }


def _habits(rng: np.random.Generator, ids: Any) -> Frames:
    """How people buy and look around: two in three say what matters to them."""
    size = len(ids)
    answers = rng.poisson(1.2, size)
    said = {
        f"importance_{need}": [float(score) if n else None for score, n in zip(scores, answers, strict=True)]
        for need, scores in zip(NEEDS, rng.integers(2, 11, (len(NEEDS), size)), strict=True)
    }
    orders = rng.integers(1, 6, size)
    return {
        "journey.agg_customer_purchases": mart(
            "journey.agg_customer_purchases",
            customer_id=ids,
            n_valid_orders=orders,
            n_online_orders=rng.binomial(orders, 0.5),
            discount_share=rng.random(size) * 0.2,
            coupon_order_share=rng.random(size),
            returned_order_share=rng.random(size) * 0.4,
            express_order_share=rng.random(size),
            pickup_order_share=rng.random(size),
            price_index=np.exp(rng.normal(0, 0.4, size)),
            main_line_share=rng.random(size),
        ),
        "journey.agg_customer_habits": mart(
            "journey.agg_customer_habits",
            customer_id=ids,
            n_sessions=rng.poisson(4, size),
            n_product_views=rng.poisson(6, size),
            n_wishlist_adds=rng.poisson(0.3, size),
            n_help_views=rng.poisson(0.4, size),
            n_tickets_opened=rng.poisson(0.5, size),
            n_texts=rng.poisson(0.6, size),
            n_webroomed=rng.poisson(0.2, size),
            n_importance_answers=answers,
            **said,
        ),
    }


def _uses(rng: np.random.Generator, ids: Any) -> Frames:
    """Channels most were seen on and one hardly used, lines half of the people bought of, offers sent to a third."""
    rows = []
    for dimension, item, share in (
        ("channel", "web", 0.7),
        ("channel", "store", 0.4),
        ("channel", "phone", 0.04),
        ("product_line", "Sofas", 0.3),
        ("product_line", "Kitchen", 0.2),
        ("offer", "discount", 0.35),
    ):
        for customer in ids[rng.random(len(ids)) < share]:
            sent = 1 + int(rng.integers(0, 4)) if dimension == "offer" else 1
            used = int(rng.binomial(sent, 0.3)) if dimension == "offer" else 1
            rows.append(
                {"customer_id": customer, "dimension": dimension, "item": item, "n_uses": used, "n_chances": sent}
            )
    return {"journey.agg_customer_uses": mart("journey.agg_customer_uses", rows)}


def _pick(rng: np.random.Generator, values: Any, size: int, p: Any = None) -> Any:
    return rng.choice(np.array(values, dtype=object), size, p=p)


def _moments(rng: np.random.Generator, size: int) -> list[datetime]:
    return [FIRST + timedelta(seconds=int(second)) for second in np.sort(rng.integers(0, 364 * 86400, size))]


def _people(rng: np.random.Generator, ids: Any) -> pl.DataFrame:
    customers = len(ids)
    orders_of = rng.poisson(1.6, customers)
    last = [FIRST + timedelta(days=int(day)) for day in rng.integers(30, 360, customers)]
    money = orders_of * rng.gamma(2.0, 40.0, customers)
    return mart(
        "core.dim_customers",
        customer_id=ids,
        is_identified=rng.random(customers) < 0.9,
        is_staff=rng.random(customers) < 0.02,
        is_business=rng.random(customers) < 0.1,
        region=_pick(rng, [*REGIONS, None], customers, [0.3, 0.3, 0.2, 0.1, 0.02, 0.08]),
        n_orders=orders_of,
        n_order_days_365d=orders_of,
        n_tickets=rng.poisson(0.5, customers),
        first_order_at=[
            at - timedelta(days=40 * int(n - 1)) if n else None for at, n in zip(last, orders_of, strict=True)
        ],
        last_order_at=[at if n else None for at, n in zip(last, orders_of, strict=True)],
        last_web_at=[at if rng.random() < 0.7 else None for at in last],
        last_store_at=[at if rng.random() < 0.3 else None for at in last],
        net_amount_reporting=money,
        net_amount_reporting_365d=money,
        margin_amount_reporting=money * 0.4,
        has_email_marketing_consent=rng.random(customers) < 0.6,
        has_profiling_consent=rng.random(customers) < 0.8,
        n_children=rng.integers(0, 2, customers),
    )


PRAISE = "Very happy with the {}. It is great and the quality is very good."
COMPLAINT = "Not happy with the {}. It was broken and I am still waiting for my money, this is awful."


def _texts(rng: np.random.Generator, ids: Any) -> pl.DataFrame:
    """Reviews with words, and tickets without a rating."""
    n = 900
    at = _moments(rng, n)
    line = _pick(rng, list(LINES), n)
    is_ticket = rng.random(n) < 0.4
    stars = rng.choice([1, 2, 3, 4, 5], n, p=[0.15, 0.15, 0.1, 0.2, 0.4])
    words = [(PRAISE if star >= 4 else COMPLAINT).format(name.lower()) for star, name in zip(stars, line, strict=True)]
    asks = rng.random(n) < 0.3
    return mart(
        "feedback.fct_feedback",
        feedback_id=[f"t{number}" for number in range(n)],
        feedback_kind=["ticket" if here else "product_review" for here in is_ticket],
        customer_id=_pick(rng, ids, n),
        feedback_date=[moment.date() for moment in at],
        product_line=line,
        # One product a line has many reviews, the others one each.
        product_id=[
            None if here else name if number % 3 else f"{name}-{number}"
            for number, (here, name) in enumerate(zip(is_ticket, line, strict=True))
        ],
        division=[LINES[name] for name in line],
        region=_pick(rng, REGIONS, n),
        channel=["web"] * n,
        title=["Where is my order" if here else None for here in is_ticket & asks],
        body=words,
        stars=[None if here else int(star) for here, star in zip(is_ticket, stars, strict=True)],
    )


def _unlabelled(ids: Any) -> pl.DataFrame:
    """Texts no rule knows a topic of: two themes, and some that stand alone."""
    words = ["The cats of our neighbours sleep in it.", "My grandmother sings when she sees it."] * 20
    words += ["Dearer than Nordhaus, it is said."] * 30 + ["Halden and Moor, or Nordhaus?"] * 30
    words += [f"Once in {word} we laughed." for word in ("Rome", "Oslo", "Paris", "Lima", "Cairo", "Quito")]
    n = len(words)
    return mart(
        "feedback.fct_feedback",
        feedback_id=[f"u{number}" for number in range(n)],
        feedback_kind=["survey_text"] * n,
        customer_id=ids[:n],
        feedback_date=[date(2026, 8, 1)] * n,
        body=words,
    )


def _searches(rng: np.random.Generator, ids: Any) -> pl.DataFrame:
    n = 600
    term = _pick(rng, ["sofas", "garden", "warranty", "an own name"], n, [0.5, 0.29, 0.2, 0.01])
    return mart(
        "feedback.fct_searches",
        search_id=[f"s{number}" for number in range(n)],
        customer_id=_pick(rng, ids, n),
        search_date=[moment.date() for moment in _moments(rng, n)],
        region=_pick(rng, REGIONS, n),
        search_term=term,
        n_results=[7 if found else 0 for found in np.isin(term, ["sofas", "garden"])],
    )


def _purchases(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Order days between the first and the last order of each buyer."""
    rows = []
    for person in people.filter(pl.col("n_orders") > 0).iter_rows(named=True):
        first, last = person["first_order_at"].date(), person["last_order_at"].date()
        between = rng.integers(0, (last - first).days + 1, max(person["n_orders"] - 2, 0))
        spent = float(person["net_amount_reporting"]) / person["n_orders"]
        for day in sorted({first, last, *(first + timedelta(days=int(gap)) for gap in between)}):
            amount = round(spent * rng.gamma(4.0, 0.25), 2)
            rows.append({"customer_id": person["customer_id"], "order_date": day, "net_amount_reporting": amount})
    return mart("journey.fct_purchase_days", rows)


def _costs_and_prices(rng: np.random.Generator, people: pl.DataFrame) -> Frames:
    """What customers cost, and what buyers paid for goods that others bought too."""
    n = people.height
    costs = {
        f"{name}_reporting": np.round(rng.gamma(2.0, mean / 2, n), 2)
        for name, mean in (
            ("contact_cost", 3),
            ("return_cost", 2),
            ("shipping_subsidy", 4),
            ("acquisition_cost", 2),
            ("retention_cost", 5),
        )
    }
    buyers = people.filter(pl.col("n_orders") > 0)["customer_id"].to_numpy()
    who = np.repeat(buyers, 2)
    usual = rng.gamma(2.0, 40.0, who.size)
    asked = usual * 1.05
    paid = asked * (1 - 0.1 * (rng.random(who.size) < 0.3))
    return {
        "journey.agg_customer_costs": mart("journey.agg_customer_costs", customer_id=people["customer_id"], **costs),
        "journey.agg_customer_prices": mart(
            "journey.agg_customer_prices",
            customer_id=who,
            division=np.tile(np.array(["Home", "Table"], dtype=object), buyers.size),
            net_amount_reporting=np.round(paid, 2),
            n_lines=[1] * who.size,
            paid_amount_reporting=paid,
            asked_amount_reporting=asked,
            usual_amount_reporting=usual,
            off_usual_amount_reporting=np.abs(paid - usual),
        ),
    }


def _feedback(rng: np.random.Generator, ids: Any) -> Frames:
    n = 2400
    at = _moments(rng, n)
    line = _pick(rng, [*LINES, None], n, [0.3, 0.25, 0.25, 0.18, 0.02])
    answered = rng.random((n, 3)) < 0.97
    items = np.where(answered, np.clip(np.rint(rng.normal(7.8, 1.6, (n, 3))), 1, 10), np.nan)
    region = _pick(rng, REGIONS, n, [0.35, 0.3, 0.2, 0.13, 0.02])
    survey = mart(
        "feedback.fct_survey_answers",
        response_id=[f"r{number}" for number in range(n)],
        customer_id=_pick(rng, ids, n),
        survey_ref=_pick(rng, ["SV_post_purchase", "SV_relationship"], n),
        wording_version=["v1"] * n,
        answered_at=at,
        answer_date=[moment.date() for moment in at],
        is_customer=rng.random(n) < 0.95,
        product_line=line,
        division=[LINES.get(name) for name in line],
        region=region,
        channel=_pick(rng, ["web", "store", "app"], n),
        **{
            name: pl.Series(items[:, place]).fill_nan(None)
            for place, name in enumerate(("sat_overall", "sat_expectancy", "sat_ideal"))
        },
        nps=rng.integers(0, 11, n),
        ces=rng.integers(1, 8, n),
    )
    more = np.random.default_rng(n)
    survey = survey.with_columns(
        *(pl.Series(name, more.integers(1, 11, n), pl.Int32) for name in ("quality", "value_for_money", "expectation")),
        pl.Series("has_complained", more.random(n) < 0.2),
    )
    published = [
        {
            "benchmark": "shops",
            "sector": "Shops",
            "level": "sector",
            "year": year,
            "value": 78.0,
            "source": "a report",
        }
        for year in (2019, 2025, 2026)
    ]
    m = 4000
    at = _moments(rng, m)
    line = _pick(rng, list(LINES), m)
    invitations = mart(
        "feedback.fct_survey_invitations",
        invitation_id=[f"i{number}" for number in range(m)],
        survey_ref=_pick(rng, ["SV_post_purchase", "SV_relationship"], m),
        response_id=_pick(rng, ["r", None], m),
        sent_at=at,
        sent_date=[moment.date() for moment in at],
        status=_pick(rng, ["finished", "sent", "bounced"], m),
        product_line=line,
        division=[LINES[name] for name in line],
        region=_pick(rng, REGIONS, m),
    )
    k = 700
    at = _moments(rng, k)
    line = _pick(rng, list(LINES), k)
    reviews = mart(
        "feedback.fct_feedback",
        feedback_id=[f"f{number}" for number in range(k)],
        customer_id=_pick(rng, ids, k),
        feedback_date=[moment.date() for moment in at],
        product_line=line,
        division=[LINES[name] for name in line],
        region=_pick(rng, REGIONS, k),
        channel=["web"] * k,
        stars=rng.integers(1, 6, k),
    )
    t = 900
    at = _moments(rng, t)
    line = _pick(rng, [*LINES, None], t)
    is_open = rng.random(t) < 0.1
    reply = rng.lognormal(4, 1, t)
    agents = [str(number) for number in rng.integers(0, AGENTS, t)]
    tickets = mart(
        "feedback.fct_tickets",
        ticket_id=[f"t{number}" for number in range(t)],
        customer_id=_pick(rng, ids, t),
        opened_at=at,
        opened_date=[moment.date() for moment in at],
        solved_at=[None if still else moment for moment, still in zip(at, is_open, strict=True)],
        channel=_pick(rng, ["email", "phone"], t),
        is_open=is_open,
        product_line=line,
        division=[LINES.get(name) for name in line],
        region=_pick(rng, [*REGIONS, None], t),
        n_reopens=rng.poisson(0.1, t),
        first_reply_minutes_calendar=reply,
        first_reply_minutes_business=reply / 3,
        resolution_minutes_calendar=pl.Series(np.where(is_open, np.nan, reply * 20)).fill_nan(None),
        resolution_minutes_business=pl.Series(np.where(is_open, np.nan, reply * 6)).fill_nan(None),
        first_resolution_minutes_calendar=pl.Series(np.where(is_open, np.nan, reply * 15)).fill_nan(None),
        first_resolution_minutes_business=pl.Series(np.where(is_open, np.nan, reply * 5)).fill_nan(None),
        age_minutes_calendar=reply * 30,
        age_minutes_business=reply * 9,
        n_stations=rng.integers(1, 3, t),
        system=["z"] * t,
        agent_ref=agents,
        team_ref=teams_of(agents),
        topic=_pick(rng, ["damaged", "price", None], t),
        priority=_pick(rng, ["normal", "urgent"], t),
        is_out_of_hours=rng.random(t) < 0.4,
        is_channel_switch=rng.random(t) < 0.05,
        is_first_contact_resolution=_pick(rng, [True, True, False, None], t),
        is_one_touch=rng.random(t) < 0.5,
        rating=_pick(rng, ["good", "bad", None], t),
        is_repeat_contact=rng.random(t) < 0.1,
    )
    stages = pl.concat([survey.select(answer_id="response_id"), reviews.select(answer_id="feedback_id")])
    return {
        "seeds.satisfaction_benchmarks": mart("seeds.satisfaction_benchmarks", published),
        "feedback.fct_feedback_stages": stages.with_columns(
            pl.Series("stage", _pick(more, ["research", "purchase", "repeat", "lapsed"], stages.height))
        ).filter(pl.Series(more.random(stages.height) < 0.9)),
        "feedback.fct_survey_answers": survey,
        "feedback.fct_survey_invitations": invitations,
        "feedback.fct_feedback": reviews,
        "feedback.fct_tickets": tickets,
        "feedback.fct_agent_weeks": mart("feedback.fct_agent_weeks", agent_weeks(rng)),
        "feedback.agg_support_backlog": mart("feedback.agg_support_backlog", backlog(rng)),
    }


def months_of(orders: pl.DataFrame) -> pl.DataFrame:
    """The months in which the orders say somebody was active."""
    month = pl.col("order_date").dt.year().cast(pl.Int64) * 12 + pl.col("order_date").dt.month() - 1
    bought = orders.filter("is_valid").drop_nulls("customer_id").select("customer_id", month.alias("month_number"))
    bought = bought.unique(maintain_order=True)
    return mart("journey.agg_customer_months", **bought.to_dict(as_series=False), has_order=[True] * bought.height)


def _phases(rng: np.random.Generator, ids: Any) -> Frames:
    """Stock and flow of a year: who is there at a quarter's end is there when the next begins."""
    rows = []
    for customer in [*ids, "device"]:
        for order, phase in enumerate(("consider", "evaluate", "closure", "loyalty"), start=1):
            start = 0
            for quarter in range(2025 * 4 + 3, 2026 * 4 + 4):
                came = 0 if start else int(rng.random() < 0.5)
                went = int((start or came) and rng.random() < (0.98 if phase == "closure" else 0.5))
                counts = dict.fromkeys(("n_entered", "n_recovered", "n_advanced", "n_lost"), 0)
                counts[str(rng.choice(["n_entered", "n_recovered"]))] += came
                counts[str(rng.choice(["n_advanced", "n_lost"]))] += went
                row = {"customer_id": customer, "phase": phase, "phase_order": order}
                row |= {"quarter_number": quarter, "is_settled": quarter > 2025 * 4 + 3}
                rows.append({**row, **counts, "n_stock_start": start, "n_stock_end": start + came - went})
                start += came - went
    r = 900
    orders = mart(
        "journey.fct_repeat_orders",
        order_id=[f"r{number}" for number in range(r)],
        customer_id=_pick(rng, ids, r),
        order_date=[moment.date() for moment in _moments(rng, r)],
        is_direct=rng.random(r) < 0.4,
    )
    first = _moments(rng, len(ids))
    stages = mart(
        "journey.agg_customer_stages",
        customer_id=ids,
        first_stage=_pick(rng, ["aware", "discover", "purchase"], len(ids), [0.3, 0.68, 0.02]),
        first_stage_date=[moment.date() for moment in first],
    )
    return {
        "journey.agg_customer_stages": stages,
        "journey.agg_journey_flow": mart("journey.agg_journey_flow", rows),
        "journey.fct_repeat_orders": orders,
    }


def _journey(rng: np.random.Generator, ids: Any) -> Frames:
    c = 3000
    at = _moments(rng, c)
    has_checkout = rng.random(c) < 0.6
    has_shipping = has_checkout & (rng.random(c) < 0.8)
    has_payment = has_shipping & (rng.random(c) < 0.8)
    abandoned = rng.random(c) < np.where(has_payment, 0.2, 0.8)
    cause = _pick(rng, ["shipping_cost", "browsing", "unknown", "slow_page"], c)
    value = rng.gamma(2.0, 60.0, c)
    carts = mart(
        "journey.fct_carts",
        cart_id=[f"k{number}" for number in range(c)],
        customer_id=_pick(rng, [*ids, "device"], c),
        last_activity_at=at,
        started_at=at,
        cart_date=[moment.date() for moment in at],
        region=_pick(rng, REGIONS, c, [0.35, 0.3, 0.2, 0.13, 0.02]),
        device_category=_pick(rng, ["mobile", "desktop", None], c),
        product_line=_pick(rng, list(LINES), c),
        currency=["EUR"] * c,
        value_amount=value,
        value_amount_reporting=value,
        shipping_fee_share=np.where(value < 60, 4.95 / value, 0.0),
        has_checkout=has_checkout,
        has_shipping=has_shipping,
        has_payment=has_payment,
        is_abandoned=abandoned,
        is_mature=[True] * c,
        state=np.where(
            abandoned, _pick(rng, ["abandoned", "recovered", "bought_elsewhere"], c, [0.8, 0.1, 0.1]), "purchased"
        ),
        saw_shipping_cost=has_shipping & (rng.random(c) < 0.3),
        saw_slow_page=rng.random(c) < 0.2,
        asked_support=rng.random(c) < 0.004,
        primary_cause=np.where(abandoned, cause, None),
    ).with_columns(
        pl.col("state")
        .replace_strict({"recovered": "same_basket", "bought_elsewhere": "other_channel"}, default=None)
        .alias("recovery_type"),
        (1 + (pl.int_range(pl.len()) % 5 == 0).cast(pl.Int64)).alias("n_devices"),
        ((pl.int_range(pl.len()) % 4 != 0).cast(pl.Int64) + (pl.int_range(pl.len()) % 11 == 0)).alias(
            "n_session_exits"
        ),
    )
    o = 1500
    at = _moments(rng, o)
    line = _pick(rng, list(LINES), o)
    orders = mart(
        "core.fct_orders",
        order_id=[f"o{number}" for number in range(o)],
        customer_id=_pick(rng, [*ids, None], o),
        order_date=[moment.date() for moment in at],
        region=_pick(rng, REGIONS, o),
        main_product_line=line,
        main_division=[LINES[name] for name in line],
        is_valid=rng.random(o) < 0.97,
        net_amount_reporting=[50 + number % 90 for number in range(o)],
    )
    e = 2000
    at = _moments(rng, e)
    level = rng.choice(np.arange(1, 7), e, p=[0.4, 0.2, 0.15, 0.1, 0.05, 0.1])
    levels = mart(
        "journey.agg_funnel_levels",
        funnel_id=["purchase"] * e,
        unit_id=_pick(rng, ids, e),
        customer_id=_pick(rng, ids, e),
        entered_at=at,
        entered_date=[moment.date() for moment in at],
        entry_step=[1] * e,
        level=level,
        **{
            f"step_{step}_at": [
                moment + timedelta(minutes=7 * step) if reached >= step else None
                for moment, reached in zip(at, level, strict=True)
            ]
            for step in range(2, 7)
        },
        region=_pick(rng, [*REGIONS, None], e),
        device_category=_pick(rng, ["mobile", "desktop", "tablet"], e, [0.7, 0.297, 0.003]),
        channel=_pick(rng, ["web", "app"], e),
        is_mature=rng.random(e) < 0.95,
    )
    steps = ("view_item", "add_to_cart", "begin_checkout", "add_shipping_info", "add_payment_info", "purchase")
    funnels = mart(
        "journey.dim_funnel_steps",
        funnel_id=["purchase"] * 6,
        breakdowns=["region device_category channel period value_rfm lifecycle"] * 6,
        n_steps=[6] * 6,
        step_order=list(range(1, 7)),
        step=list(steps),
    )
    limit = mart(
        "seeds.shipping_thresholds", currency=["EUR"], valid_from=[date(2000, 1, 1)], free_shipping_from_amount=[60]
    )
    return {
        "seeds.shipping_thresholds": limit,
        "journey.fct_carts": carts,
        "core.fct_orders": orders,
        "journey.agg_customer_months": months_of(orders),
        "journey.agg_funnel_levels": levels,
        "journey.dim_funnel_steps": funnels,
        **_paths(rng, ids),
        **_channels(rng, ids),
    }


def _channels(rng: np.random.Generator, ids: Any) -> Frames:
    n = 1200
    behaviour = _pick(rng, ["webrooming", "showrooming"], n)
    return {
        "journey.fct_cross_channel_purchases": mart(
            "journey.fct_cross_channel_purchases",
            purchase_id=[f"b{number}" for number in range(n)],
            customer_id=_pick(rng, ids, n),
            behaviour=behaviour,
            region=_pick(rng, REGIONS, n),
            net_amount_reporting=rng.gamma(2.0, 40.0, n),
            is_carried_over=rng.random(n) < 0.2,
            is_carried_over_earlier=rng.random(n) < 0.05,
            share_of_month_met=np.round(rng.random(n) * 0.3, 3),
            is_comparable=rng.random(n) < 0.9,
        ),
        "journey.agg_channel_prices": mart(
            "journey.agg_channel_prices",
            product_id=[f"p{number}" for number in range(200)],
            currency=_pick(rng, ["EUR", "GBP", "CHF"], 200, [0.7, 0.27, 0.03]),
            online_price=[100.0] * 200,
            store_price=100 + 2.0 * (rng.random(200) < 0.1),
        ),
        "journey.fct_buying_sessions": mart(
            "journey.fct_buying_sessions",
            session_id=[f"s{number}" for number in range(600)],
            customer_id=_pick(rng, ids, 600),
            channel=_pick(rng, ["web", "app"], 600),
            device_category=_pick(rng, ["mobile", "desktop", "tablet"], 600, [0.7, 0.29, 0.01]),
            seconds_to_purchase=rng.gamma(2.0, 200.0, 600),
            n_clicks=rng.poisson(9, 600),
            n_form_steps=rng.poisson(3, 600),
            n_obstacles=rng.poisson(0.3, 600),
        ),
        "journey.fct_onboarding": mart(
            "journey.fct_onboarding",
            customer_id=ids,
            channel=_pick(rng, ["web", "app", "store", "phone"], len(ids), [0.5, 0.2, 0.29, 0.01]),
            region=_pick(rng, REGIONS, len(ids)),
            is_mature=rng.random(len(ids)) < 0.95,
            has_support=rng.random(len(ids)) < 0.3,
        ),
    }


STEPS = ("search", "product_page", "cart", "order")


def _paths(rng: np.random.Generator, ids: Any) -> Frames:
    taken = pl.DataFrame(
        {
            "customer_id": _pick(rng, ids, 6000),
            "from_step": _pick(rng, ["START", *STEPS], 6000, [0.3, 0.3, 0.2, 0.195, 0.005]),
            "to_step": _pick(rng, [*STEPS, "END"], 6000, [0.3, 0.3, 0.2, 0.19, 0.01]),
        },
        schema_overrides={"customer_id": pl.String, "from_step": pl.String, "to_step": pl.String},
    )
    counted = taken.filter((pl.col("from_step") != "START") | (pl.col("to_step") != "END")).group_by(taken.columns)
    return {
        "journey.agg_path_transitions": mart(
            "journey.agg_path_transitions", **counted.agg(pl.len().alias("n_transitions")).to_dict(as_series=False)
        ),
        "seeds.path_steps": mart("seeds.path_steps", path_step=list(STEPS), step_order=list(range(1, len(STEPS) + 1))),
    }


MAP_STAGES = (("research", "look"), ("checkout", "buy"), ("purchase", "buy"), ("support", "help"))


def _maps(rng: np.random.Generator, ids: Any) -> Frames:
    """What a map of three columns is made of; its words, headers and judgements are those of the shipped files."""
    done = pl.DataFrame(
        {
            "customer_id": _pick(rng, ids, 2500),
            "map_stage": _pick(rng, ["look", "buy", "help"], 2500, [0.6, 0.3, 0.1]),
            "path_step": _pick(rng, [*STEPS, "none"], 2500, [0.4, 0.3, 0.2, 0.05, 0.05]),
            "channel": _pick(rng, ["web", "store", "phone"], 2500, [0.6, 0.38, 0.02]),
        }
    ).unique(maintain_order=True)
    n = 400
    when = [moment.date() for moment in _moments(rng, n)]
    answers = {"map_stage": _pick(rng, ["look", "buy", "help"], n, [0.7, 0.25, 0.05]), "answer_date": when}
    stages = [
        {"stage": stage, "map_stage": column, "map_stage_name": column.title(), "map_stage_order": place}
        for stage, column in MAP_STAGES
        for place in [1 + ("look", "buy", "help").index(column)]
    ]
    words = [
        {"lane": "questions", "item": "delivery_time", "map_stage": "buy", "text": "When will it arrive?"},
        {"lane": "questions", "item": "account", "map_stage": "look", "text": "Do I need an account?"},
        {"lane": "expectations", "item": "importance_price", "map_stage": "look", "text": "A fair price"},
    ]
    head = {"scheme_id": "needs", "segment_id": "price", "name": "Price", "scenario": "Again", "owner": "crm"}
    head |= {"company": "demo"}
    said = {
        "company": "demo",
        "scheme_id": "needs",
        "map_stage": "look",
        "lane": "emotions",
        "item": "feeling",
        "owner": "crm",
    }
    judged = [{**said, "segment_id": "all", "text": "Curious"}, {**said, "segment_id": "price", "text": "In a hurry"}]
    return {
        "journey.agg_customer_map_steps": mart("journey.agg_customer_map_steps", **done.to_dict(as_series=False)),
        "journey.fct_answer_stages": mart(
            "journey.fct_answer_stages",
            response_id=[f"m{number}" for number in range(n)],
            customer_id=_pick(rng, ids, n),
            sat_overall=rng.integers(4, 11, n),
            **answers,
        ),
        "raw.run_settings": RUN_SETTINGS,
        "seeds.map_stages": mart("seeds.map_stages", stages),
        "seeds.journey_words": mart("seeds.journey_words", words),
        "seeds.channels": mart("seeds.channels", [{"channel": "web", "channel_name": "Web shop"}]),
        "seeds.cart_causes": mart("seeds.cart_causes", [{"cause": "error", "cause_name": "Errors"}]),
        "seeds.journey_maps": mart("seeds.journey_maps", [head]),
        "seeds.persona_judgements": shipped("persona_judgements"),
        "seeds.journey_judgements": mart("seeds.journey_judgements", judged),
    }


def built(frames: Frames, *, min_cell: int = 11) -> Frames:
    """The frames with every analytics table built from them, as ``analytics.<table>``."""
    all_frames = dict(frames)
    for name in BUILDS:
        all_frames[f"analytics.{name}"] = build_table(
            name, reader(all_frames), as_of=AS_OF, run_id="r1", min_cell=min_cell
        )
    return all_frames
