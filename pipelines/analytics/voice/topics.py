"""What texts are about: a fixed taxonomy by rules of their language, and a classifier for what the rules leave.

Belongs here: matching rules, learning topics from those agents gave, the version of the rules. Stays out: the rules
themselves (seed ``topic_rules``), moods (``sentiment.py``).
"""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from pipelines.analytics.voice.languages import SPOKEN

OTHER = "other"
VERSION = "1"
"""Raised when the code below labels differently from the same rules."""

LEARNED = 5_000
"""Newest texts with an agent's topic the classifier learns from."""

PER_TOPIC = 10
"""A topic with fewer texts is not learned."""

SURE = 0.5
"""Chance from which the classifier's word is taken; below it a text is about something else."""


def rules_version(rules: pl.DataFrame) -> str:
    """Hash of the taxonomy as it was read, whatever the order of its rows: the version labels carry."""
    ordered = rules.select("topic", "language", "pattern").sort("topic", "language").rows()
    return hashlib.sha256(f"{VERSION}{ordered}".encode()).hexdigest()[:12]


def by_rules(texts: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """Every topic a text matches; none where it matches none.

    Args:
        texts: ``row``, ``language``, ``text``.
        rules: topic, language, pattern.

    Returns:
        row and topic. The loop is over the rules, never over the texts.
    """
    found = [pl.DataFrame(schema={"row": texts.schema["row"], "topic": pl.String})]
    lower = texts.select("row", "language", pl.col("text").str.to_lowercase())
    for (language,), part in lower.partition_by("language", as_dict=True).items():
        of_language = rules.filter(pl.col("language") == language).sort("topic")
        matches = part.select(
            "row", *(pl.col("text").str.contains(rule).alias(topic) for topic, _, rule in of_language.iter_rows())
        )
        if of_language.height:
            found.append(matches.unpivot(index="row", variable_name="topic").filter("value").select("row", "topic"))
    return pl.concat(found).sort("row", "topic")


def by_classifier(texts: pl.DataFrame, labelled: pl.DataFrame) -> pl.DataFrame:
    """The likeliest topic of texts no rule took: row and topic, only where it is likelier than not.

    Args:
        texts: ``row``, ``text``, in languages we speak.
        labelled: ``text`` and ``topic`` as an agent gave it, newest last.
    """
    nothing = pl.DataFrame(schema={"row": texts.schema["row"], "topic": pl.String})
    learned = labelled.tail(LEARNED).filter(pl.len().over("topic") >= PER_TOPIC)
    if texts.is_empty() or learned["topic"].n_unique() < 2:
        return nothing
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float64)
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=300)
    model.fit(words.fit_transform(learned["text"].to_list()), learned["topic"].to_list())
    chances = model.predict_proba(words.transform(texts["text"].to_list()))
    best = chances.argmax(axis=1)
    found = pl.DataFrame({"topic": model.classes_[best].tolist(), "_chance": chances.max(axis=1)})
    return pl.concat([texts.select("row"), found], how="horizontal").filter(pl.col("_chance") >= SURE).drop("_chance")


def is_spoken(language: str = "language") -> pl.Expr:
    return pl.col(language).is_in(SPOKEN)
