"""Tables of segment schemes: what they are, what their rules do, how good they are.

Belongs here: columns, keys and words. Stays out: how the numbers are computed.
"""

from __future__ import annotations

from pipelines.analytics.table import BOOL, DATE, INT, SCHEME, SEGMENT, STRING, TIME, Column, estimate, table

RULE = Column("rule_number", INT, "Place of the rule in its scheme; rules are tried in this order.")

TABLES = (
    table(
        "segment_schemes",
        "One row per segment scheme.",
        "scheme_id",
        SCHEME,
        Column("goal", STRING, "Decision the scheme serves."),
        Column("owner", STRING, "Who answers for it."),
        Column("basis", STRING, "value, lifecycle, demographic, geographic, firmographic, needs, behaviour and so on."),
        Column("refresh", STRING, "When members are decided anew."),
        Column("form", STRING, "rules (tried in order), values (of a fact) or crossed (two schemes)."),
        Column("source", STRING, "Fact or schemes it is made of; null for rules."),
        Column("is_key_scheme", BOOL, "The scheme journey maps are drawn for."),
        Column("segments", INT, "Segments with a member."),
    ),
    table(
        "segment_rules",
        "One row per segment scheme and rule, the one for everybody else last.",
        "scheme_id rule_number",
        SCHEME,
        RULE,
        Column("segment_id", STRING, "Segment it leads to; null where the rule makes several."),
        Column("condition", STRING, "Condition as written; null for values, crossed schemes and everybody else."),
        Column("words", STRING, "The rule in words, as members are told it."),
        Column("is_otherwise", BOOL, "The rule that takes whoever is left."),
        *estimate("Share of the base the rule takes in its turn.", "Persons the rule takes in its turn."),
        Column("n_raw", INT, "Persons the condition matches, whoever takes them; null where small or a part of it is."),
        Column("n_taken_before", INT, "Of those, persons an earlier rule takes: the overlap of the raw rules."),
        Column("most_taken_by", STRING, "Segment of the earlier rule that takes most of them."),
        Column("n_near", INT, "Persons who fail one numeric condition alone, by at most a tenth of its bound."),
    ),
    table(
        "segment_history",
        "One row per segment scheme, customer and spell in a segment; a row taken back has an end of known time.",
        "scheme_id customer_id valid_from known_from",
        SCHEME,
        Column("customer_id", STRING, "Person."),
        SEGMENT,
        Column("previous_segment", STRING, "Segment before; null where the person was in none."),
        Column("moved_by", STRING, "Facts without whose change the person had stayed; definition, correction."),
        Column("valid_from", DATE, "As-of date at which the segment was found."),
        Column("valid_to", DATE, "As-of date at which another was found; null while it lasts."),
        Column("known_from", TIME, "Run that found it, UTC."),
        Column("known_to", TIME, "Run that took it back, because the same date was computed from other data."),
        Column("found_by_run", STRING, "Id of the run that found it."),
    ),
    table(
        "segment_migration",
        "One row per segment scheme, segment 91 days before as_of and segment now with a person in it.",
        "scheme_id from_segment to_segment",
        SCHEME,
        Column("from_segment", STRING, "Segment then; (new) where the person was not known."),
        Column("to_segment", STRING, "Segment now; (gone) where the person is no customer of the base any more."),
        *estimate("Share of the people of the segment before.", "Persons who made this move, or stayed."),
        Column("moved_by", STRING, "What moved most of them; null for those who stayed."),
    ),
    table(
        "scheme_quality",
        "One row per segment scheme and measure of the whole scheme.",
        "scheme_id measure",
        SCHEME,
        Column("measure", STRING, "What is measured, a metric of the registry."),
        *estimate("Value of the measure.", "Persons of the base."),
    ),
)
