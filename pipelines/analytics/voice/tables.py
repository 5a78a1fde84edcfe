"""Tables of what customers say in their own words.

Belongs here: columns, keys and words. Stays out: how the numbers are computed.
"""

from __future__ import annotations

from pipelines.analytics.table import (
    BOOL,
    DATE,
    FLOAT,
    GROUP,
    INT,
    STRING,
    Column,
    estimate,
    interval,
    table,
    tested,
)

VERDICT = Column(
    "verdict", STRING, "more, less, no_evidence, insufficient_n, suppressed; untested: nothing to compare."
)
QUARTERS_RUNNING = Column("quarters_running", INT, "Quarters in a row, up to this one, that show it.")
IS_RECURRING = Column("is_recurring", BOOL, "Three such quarters or more: a thread, no episode.")

TABLES = (
    table(
        "feedback_labels",
        "One row per text and topic it is about; no text.",
        "feedback_id topic",
        Column("feedback_id", STRING, "Piece of feedback with words."),
        Column("feedback_date", DATE, "Date in the reporting time zone."),
        Column("topic", STRING, "Topic of the taxonomy; other where nothing says one."),
        Column("topic_basis", STRING, "Who says so: agent, rules, classifier, none."),
        Column("language", STRING, "Language of the text, two letters; und where nobody can tell."),
        Column("language_basis", STRING, "text, source, none."),
        Column("polarity", STRING, "positive, negative, neutral, unknown."),
        Column("polarity_basis", STRING, "The customer's stars, single_item or rating; else model; else none."),
        Column("model_polarity", STRING, "What the model says, of texts it was asked about."),
        Column("p_positive", FLOAT, "The model's calibrated chance that the text is a compliment."),
        Column("is_question", BOOL, "A question mark, or a subject that begins as questions do."),
        Column("sample", STRING, "What the model had the text for: learned, judged, none."),
        Column("rules_version", STRING, "Fingerprint of the taxonomy's rules."),
        Column("model_digest", STRING, "Fingerprint of the sentiment model; null where there is none."),
    ),
    table(
        "sentiment_model",
        "One row per measure of the sentiment model and language, and one per measure over all.",
        "measure language",
        Column("measure", STRING, "macro_f1, brier_score, calibration_gap."),
        Column("language", STRING, "Two letters, or all."),
        *estimate(
            "Value of the measure on texts later than all the model learned from.", "Texts that judge the model."
        ),
        Column("n_negative", INT, "Complaints among them, by the customers' own ratings."),
        Column("n_learned", INT, "Texts the model learned from."),
        Column("learned_from", DATE, "First day of the texts the model learned from."),
        Column("learned_to", DATE, "Last day of these."),
        Column("judged_from", DATE, "First day of the texts that judge it."),
        Column("judged_to", DATE, "Last day of these."),
        Column("status", STRING, "learned, or too_few_ratings: then nothing is called by a model."),
        Column("model_digest", STRING, "Fingerprint of the model: equal for equal texts and ratings."),
    ),
    table(
        "feedback_topics",
        "One row per topic, polarity, breakdown, group and period.",
        "topic polarity breakdown group_id period",
        Column("topic", STRING, "Topic of the taxonomy, or other."),
        Column("polarity", STRING, "positive (compliments) or negative (complaints)."),
        Column("breakdown", STRING, "company, division, product_line, region."),
        GROUP,
        Column("period", STRING, "One of the last four quarters that are over, or all four together (all)."),
        *estimate("Share of the group's texts that praise, or complain of, the topic.", "Texts that do."),
        Column("n_base", INT, "Texts of the group and period in a language with rules."),
        *interval("change", "value - value of the quarter before", "Newcombe's, of texts clustered by customer"),
        *tested("Two-sided p of the change; null below 30 texts.", "topics and groups of a mood, breakdown and period"),
        VERDICT,
        QUARTERS_RUNNING,
        IS_RECURRING,
    ),
    table(
        "information_gaps",
        "One row per source, subject asked about, breakdown, group and period; sources are never added up.",
        "source subject breakdown group_id period",
        Column("source", STRING, "Where it is asked: tickets, surveys, reviews, searches."),
        Column("subject", STRING, "Topic of the texts, or the term searched; rare terms are other."),
        Column("topic", STRING, "Topic of the taxonomy the subject belongs to, or other."),
        Column("stage", STRING, "Stage of the journey the topic belongs to (seed topic_stages)."),
        Column("breakdown", STRING, "company, region; for texts division and product_line as well."),
        GROUP,
        Column("period", STRING, "One of the last four quarters that are over, or all four together (all)."),
        *estimate("Share of the group's texts that ask about it, or searches that seek it in vain.", "How many do."),
        Column("n_base", INT, "Texts in a language with rules, or searches, of the source, group and period."),
        *interval("change", "value - value of the quarter before", "Newcombe's, clustered by person"),
        *tested("Two-sided p of the change; null below 30.", "subjects and groups of a source, breakdown and period"),
        VERDICT,
        QUARTERS_RUNNING,
        IS_RECURRING,
        Column("asked_in", STRING, "Sources that ask about the topic (or term), 1 % or more at the low end."),
        Column("evidence_grade", STRING, "triangulated (two sources or more), single, none."),
    ),
    table(
        "feedback_themes",
        "One row per language and theme of the texts without a topic, and one per language for those that stand alone.",
        "language theme",
        Column("language", STRING, "en, de, es: themes are looked for in each by itself."),
        Column("theme", STRING, "Language and place by size, of this run only (de-01); one-offs for the rest."),
        Column("words", STRING, "Words most its own (c-TF-IDF) that enough people used; null for one-offs."),
        *estimate("Share of the language's texts without a topic.", "Texts of the theme."),
        Column("n_base", INT, "Texts of the language without a topic in the last four quarters that are over."),
    ),
    table(
        "share_of_voice",
        "One row per brand, mood, breakdown, group and period; none while no text names a brand of the list.",
        "brand polarity breakdown group_id period",
        Column("brand", STRING, "Brand of the seed brands."),
        Column("is_own", BOOL, "The company's own."),
        Column("polarity", STRING, "any (all that name it), positive or negative."),
        Column("breakdown", STRING, "company, division, region."),
        GROUP,
        Column("period", STRING, "One of the last four quarters that are over, or all four together (all)."),
        *estimate("Share of the texts that name a brand that name this one, in this mood.", "Texts that do."),
        Column("n_base", INT, "Texts of the group and period that name any brand of the list."),
        *interval("change", "value - value of the quarter before", "Newcombe's, of texts clustered by customer"),
        *tested("Two-sided p of the change; null below 30 texts.", "brands and groups of a mood, breakdown and period"),
        VERDICT,
        QUARTERS_RUNNING,
        IS_RECURRING,
    ),
)
