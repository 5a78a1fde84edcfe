"""Metrics of segment schemes.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import INSIGHT, Definition

_WAYS = {"revenue": "net revenue of the last 365 days", "orders": "number of orders", "tickets": "number of tickets"}

DEFINITIONS = (
    *(
        Definition(
            f"{name}_eta_squared",
            f"Difference of segments in {name}",
            f"Share of the differences between customers in {words} that lies between the segments; by ranks, so that "
            "a few large customers do not decide it. A scheme made of the same thing differs by construction.",
            "sum of squares between segments / total, of ranks; interval of the noncentral F distribution",
            "share",
            INSIGHT,
            "scheme_quality",
        )
        for name, words in _WAYS.items()
    ),
    Definition(
        "other_share",
        "Customers who fit no segment",
        "Share of customers whom no rule takes: other, mixed or unknown.",
        "customers in otherwise / customers of the base; Wilson interval",
        "share",
        INSIGHT,
        "scheme_quality",
    ),
    Definition(
        "smallest_share",
        "Smallest segment",
        "Share of customers in the smallest segment.",
        "customers of the smallest segment / customers of the base; Wilson interval",
        "share",
        INSIGHT,
        "scheme_quality",
    ),
    Definition(
        "actionable_share",
        "Customers in segments to act on",
        "Share of customers in named segments of 2 % of the base or more with 100 people or more who consent to "
        "e-mail: enough to test an offer on.",
        "customers in such segments / customers of the base; Wilson interval",
        "share",
        INSIGHT,
        "scheme_quality",
    ),
)
