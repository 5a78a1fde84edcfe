"""Metrics of journey maps.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import INSIGHT, Definition

DEFINITIONS = (
    Definition(
        "stage_mood",
        "Mood of a stage",
        "How satisfied those are who answered the survey within 30 days after something they did, by the column of "
        "the journey map of the last thing they did: one question on one scale in every column. An association.",
        "(satisfaction overall - 5.5) / 4.5 * 2, from -2 to +2; linearised ratio interval over persons",
        "mood -2 to +2",
        INSIGHT,
        "journey_map",
    ),
    Definition(
        "stage_people",
        "People in a stage",
        "Customers of the segment who did anything in the column of the map in the year.",
        "customers with an event of the column in 12 months / customers of the segment; Wilson interval",
        "share",
        INSIGHT,
        "journey_map",
    ),
    Definition(
        "stage_action_share",
        "What people do in a stage",
        "Of the segment's people in a column of the map, those who took the step, or used the channel, at least once.",
        "people who did it there in 12 months / people there; Wilson interval",
        "share",
        INSIGHT,
        "journey_map",
    ),
    Definition(
        "ticket_topic_share",
        "What people ask",
        "Of the tickets the segment opened in the year, those about the topic.",
        "tickets of the topic / tickets with a topic; Wilson interval",
        "share",
        INSIGHT,
        "journey_map",
    ),
    Definition(
        "importance_mean",
        "What people expect",
        "How important the segment's respondents say a side of shopping is, from 1 to 10.",
        "mean; linearised ratio interval over persons",
        "points 1 to 10",
        INSIGHT,
        "journey_map",
    ),
)
