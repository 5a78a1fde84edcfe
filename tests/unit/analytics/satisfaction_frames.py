"""Frames for the tests of satisfaction: answers around a mean, and the one call that builds a table from them."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from analytics_frames import AS_OF, mart, reader

from pipelines.analytics.build import build_table

Q2, Q3 = date(2026, 5, 15), date(2026, 8, 15)
LINES = {"Sofas": "Home", "Kitchen": "Table", "Garden": "Outdoor", "Balcony": "Outdoor"}
PRODUCTS = mart("core.dim_products", product_id=list(LINES), product_line=list(LINES), division=list(LINES.values()))


def table(name, *, as_of=AS_OF, min_cell=11, **frames):
    names = {
        "survey": "feedback.fct_survey_answers",
        "invitations": "feedback.fct_survey_invitations",
        "reviews": "feedback.fct_feedback",
        "customers": "core.dim_customers",
        "membership": "analytics.segment_membership",
        "scores": "analytics.satisfaction_scores",
        "deltas": "analytics.satisfaction_deltas",
        "benchmarks": "seeds.satisfaction_benchmarks",
        "stages": "feedback.fct_feedback_stages",
        "days": "journey.fct_purchase_days",
        "orders": "core.fct_orders",
    }
    given_frames = {names[key]: frame for key, frame in frames.items()} | {"core.dim_products": PRODUCTS}
    return build_table(name, reader(given_frames), as_of=as_of, run_id="r", min_cell=min_cell)


def answers(cells):
    """Survey answers from (day, line, mean on 0-100, number): values two points around the mean of the three items."""
    rows = []
    for day, line, mean, number in cells:
        item = 1 + 9 * mean / 100
        # Fractions cannot be answered: whole answers around the mean, in proportions that give it exactly enough.
        low, share = int(np.floor(item)), item - np.floor(item)
        high = round(share * number)
        for place in range(number):
            value = low + (1 if place < high else 0)
            rows.append(
                {
                    "response_id": f"r{len(rows)}",
                    "customer_id": f"c{len(rows)}",
                    "survey_ref": "SV",
                    "wording_version": "v1",
                    "answer_date": day,
                    "is_customer": True,
                    "product_line": line,
                    "division": LINES[line],
                    "region": "North",
                    "channel": "web",
                    "sat_overall": min(10, value + 1) if place % 2 else max(1, value - 1),
                    "sat_expectancy": value,
                    "sat_ideal": max(1, value - 1) if place % 2 else min(10, value + 1),
                }
            )
    return mart("feedback.fct_survey_answers", rows)


def row(frame, **wanted):
    found = frame.filter(*(pl.col(name) == value for name, value in wanted.items())).to_dicts()
    assert len(found) == 1, found
    return found[0]
