"""An offer of before, with a planted uplift, for the tests of what offers bring."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from analytics_frames import mart

from pipelines.analytics.opportunities.offer_results import BUYERS, build_offer_results
from pipelines.analytics.opportunities.offers import HELD_OUT, grouped
from pipelines.analytics.segments.history import HISTORY
from pipelines.analytics.tables import TABLES

AS_OF = date(2026, 10, 31)
RUN = {"as_of": AS_OF, "run_id": "r", "min_cell": 11}
OFFER: dict[str, Any] = {"offer_id": "back", "channel": "email", "scheme_id": "lifecycle", "segment_id": "lapsed"}
OFFER |= {"campaign_offer": "winback", "given_share": 0.1, "margin_floor": 0.2, "quiet_days": 14, "holdout_share": 0.3}
OFFER |= {"starts_on": date(2026, 8, 1), "ends_on": date(2026, 12, 31), "outcome_days": 28}


def trial(seed, uplift=0.0, *, n=1200, valid_from=date(2026, 7, 1), breach=False, **changes):
    """An offer of before: everybody buys with 15 %, those it was meant for with as much more as said."""
    rng = np.random.default_rng(seed)
    ids = [f"p{seed}-{number}" for number in range(n)]
    persons = pl.DataFrame({"customer_id": ids, "offer_id": "back", "holdout_share": 0.3})
    is_held = (grouped(persons)["group"] == HELD_OUT).to_numpy()
    buys = rng.random(n) < np.where(is_held, 0.15, 0.15 + uplift)
    first = date(2026, 8, 1)
    history = pl.DataFrame(
        {"scheme_id": "lifecycle", "segment_id": "lapsed", "customer_id": ids, "valid_from": valid_from},
        schema_overrides=HISTORY,
    )
    empty = {name: pl.lit(None, dtype).alias(name) for name, dtype in HISTORY.items() if name not in history.columns}
    sent = [person for person, held in zip(ids, is_held, strict=True) if breach or not held]
    return build_offer_results(
        offers=mart("seeds.offers", [{**OFFER, **changes}]),
        candidates=TABLES["customer_offers"].empty(),
        history=history.with_columns(**empty),
        consents=mart(
            "core.customer_consents",
            customer_id=ids,
            purpose=["marketing"] * n,
            channel=["email"] * n,
            is_granted=[True] * n,
            decided_at=[datetime.fromisoformat("2026-01-01")] * n,
        ),
        tickets=mart("feedback.fct_tickets"),
        orders=mart(
            "core.fct_orders",
            customer_id=np.array(ids)[buys],
            order_date=[first + timedelta(days=3)] * int(buys.sum()),
            is_valid=[True] * int(buys.sum()),
            net_amount_reporting=[50.0] * int(buys.sum()),
        ).with_columns(pl.col("net_amount_reporting").cast(pl.Float64)),
        sends=mart(
            "core.fct_campaign_touches",
            customer_id=sent,
            offer=["winback"] * len(sent),
            touch_type=["send"] * len(sent),
            touch_date=[first] * len(sent),
        ),
        customers=mart("core.dim_customers", customer_id=ids, is_identified=[True] * n),
        **RUN,
    )


def told(frame, measure=BUYERS):
    (row,) = frame.filter(measure=measure, group_id="all").to_dicts()
    return row
