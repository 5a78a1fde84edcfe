"""Definitions of the measures of ``channel_behaviour``: what stands in ``metrics``, in the order of its columns.

Belongs here: words. Stays out: the computation (``channels`` and ``channel_gaps``).
"""

from __future__ import annotations

from pipelines.analytics.definition import CARE, COMMERCE, INSIGHT, Definition

_ABOVE = (
    "(observed - chance) / (1 - chance), of identified persons, persons as the unit; chance: the same purchases one "
    "window earlier; only looks and purchases that tell whose they are count, so what is on no record is left out"
)
_ONBOARDING = "new customers to whom it happened within 30 days / those whose 30 days are over; Wilson interval"
_MEDIAN = "median over sessions with a purchase, first event to confirmation; interval by order statistics"

_ROWS: tuple[tuple[str, str, str, str, str, str], ...] = (
    (
        "webroomer_share",
        "Webroomers",
        (
            "Customers who bought a product line in a store within 30 days of looking at it online, nothing of it "
            "bought online in between; above what chance gives."
        ),
        _ABOVE,
        "share",
        COMMERCE,
    ),
    (
        "webrooming_purchase_share",
        "Store purchases after a look online",
        "Share of the purchases of a product line in stores, by known persons, that a look online went before.",
        _ABOVE,
        "share",
        COMMERCE,
    ),
    (
        "ropo_revenue_share",
        "Research online, purchase offline: revenue",
        "Share of the store revenue of known persons that a look online went before; the amount stands beside it.",
        _ABOVE,
        "share",
        COMMERCE,
    ),
    (
        "showroomer_share",
        "Showroomers",
        (
            "Customers who bought a product line on the web or in the app within 14 days of seeing it in a store, "
            "nothing of it bought in a store in between; above what chance gives."
        ),
        _ABOVE,
        "share",
        COMMERCE,
    ),
    (
        "showrooming_purchase_share",
        "Online purchases after a look in a store",
        "Share of the purchases of a product line online that a look in a store went before.",
        _ABOVE,
        "share",
        COMMERCE,
    ),
    (
        "satisfaction_gap",
        "Satisfaction gap between channels",
        "Difference of the ACSI-style index between two channels, region and segments held fixed.",
        "least squares, persons as clusters; two one-sided tests against 3 points",
        "points",
        INSIGHT,
    ),
    (
        "channel_consistency_score",
        "Channel consistency",
        "How alike channels are in satisfaction: 100 where no pair differs. Its parts are the satisfaction gaps.",
        "100 - mean absolute satisfaction gap of the pairs",
        "points",
        INSIGHT,
    ),
    (
        "price_parity_share",
        "Price parity",
        "Share of products whose price online and in stores is the same within 1 %, by currency and quarter.",
        "products with |online - store| / online <= 0.01 / products sold on both sides; Wilson interval",
        "share",
        COMMERCE,
    ),
    (
        "first_reply_ratio",
        "First reply time, channel against channel",
        "Ratio of the typical time to a first reply of two support channels, topic held fixed.",
        "exp of the difference of mean logarithms; two one-sided tests against 1.25",
        "ratio",
        CARE,
    ),
    (
        "cross_channel_repeat_share",
        "Asked again on another channel",
        "Share of tickets followed within 7 days by one of the same person and topic on another channel.",
        "followed tickets / tickets whose 7 days are over; persons as the unit",
        "share",
        CARE,
    ),
    ("seconds_to_purchase", "Time to purchase", "Seconds a buying session takes.", _MEDIAN, "seconds", COMMERCE),
    ("clicks_to_purchase", "Clicks to purchase", "Things a person does until the order.", _MEDIAN, "clicks", COMMERCE),
    (
        "form_steps_to_purchase",
        "Forms to purchase",
        "Forms sent or refused until the order; single fields are recorded by no source.",
        _MEDIAN,
        "forms",
        COMMERCE,
    ),
    (
        "obstacles_to_purchase",
        "Obstacles to purchase",
        "Inputs, coupons and payments refused and pages that failed until the order.",
        _MEDIAN,
        "obstacles",
        COMMERCE,
    ),
    *(
        (
            f"onboarding_{name}_share",
            f"First 30 days: {words}",
            f"New customers who {words}.",
            _ONBOARDING,
            "share",
            INSIGHT,
        )
        for name, words in (
            ("account", "logged in or made an account"),
            ("delivery", "got the first order delivered"),
            ("help", "read a help page or the returns policy"),
            ("support", "opened a ticket"),
            ("return", "sent something back"),
            ("feedback", "reviewed or answered a survey"),
            ("repeat", "ordered again"),
        )
    ),
)

DEFINITIONS = tuple(Definition(*row, "channel_behaviour") for row in _ROWS)
