"""The table of journey maps.

Belongs here: columns, key and words. Stays out: how the numbers are computed.
"""

from __future__ import annotations

from pipelines.analytics.table import (
    DATE,
    INT,
    SCHEME,
    SEGMENT,
    STRING,
    Column,
    estimate,
    interval,
    table,
)

TABLES = (
    table(
        "journey_map",
        "One row per segment of the key scheme (and the company), column of the map, lane, kind of source and item.",
        "scheme_id segment_id stage_order stage lane source_kind item",
        SCHEME,
        SEGMENT,
        Column("stage", STRING, "Column of the map; all for what is said of the whole map."),
        Column("stage_name", STRING, "Its name for readers."),
        Column("stage_order", INT, "Its place from left to right; 0 for the whole map."),
        Column(
            "lane",
            STRING,
            "header, people, actions, touchpoints, expectations, questions, emotions, barriers or backstage.",
        ),
        Column("source_kind", STRING, "measured (records), survey (answers) or judgement (what the team believes)."),
        Column("item", STRING, "What the row is about: a step, a channel, a topic, a pain."),
        Column("item_order", INT, "Place in its cell, the largest first; null where suppressed."),
        Column("text", STRING, "The item in words; a header's value."),
        Column("unit", STRING, "Unit of value."),
        *estimate(
            "Share, mood from -2 to +2, or mean; null where the row is words alone.",
            "Persons, answers, tickets or units value is of.",
        ),
        *interval("recoverable_revenue_year", "What mending a barrier could bring back a year, where it is costed."),
        Column("evidence", STRING, "Published table the row follows from; for a judgement who said so."),
        Column("owner", STRING, "Who keeps a judgement or the map."),
        Column("reviewed_on", DATE, "When a judgement or the map was last looked at."),
        Column("review_by", DATE, "When it has to be looked at again."),
    ),
)
