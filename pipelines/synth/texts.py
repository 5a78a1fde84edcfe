"""What people write, in three languages: the phrases of phrases.csv, put together and filled in without a loop.

The slots ``{product}``, ``{order}``, ``{email}`` and ``{phone}`` may bring personal data into a text, as real ones do.
Stays out: who writes what (support.py, feedback.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from pipelines.synth.base import Array

LANGUAGES = ("en", "de", "es")
TOPICS = (
    "delivery_time",
    "shipping_cost",
    "damaged",
    "quality",
    "size_fit",
    "price",
    "checkout",
    "payment",
    "account",
    "returns_refund",
    "stock",
    "information",
    "site_speed",
    "staff",
    "design",
)
_PHRASES = pl.read_csv(Path(__file__).with_name("phrases.csv")).fill_null("")


def _of(kind: str) -> pl.DataFrame:
    return _PHRASES.filter(pl.col("kind") == kind)


def _blocks(kind: str) -> tuple[pl.Series, Array, Array]:
    """The texts of a kind, and where those of each (language, topic, mood) begin and how many there are."""
    rows = _of(kind).with_row_index("place")
    start = np.zeros((len(LANGUAGES), len(TOPICS), 2), dtype=np.int64)
    count = np.zeros_like(start)
    for language, topic, mood, first, number in (
        rows.group_by("language", "topic", "mood", maintain_order=True).agg(pl.col("place").min(), pl.len()).iter_rows()
    ):
        cell = LANGUAGES.index(language), TOPICS.index(topic) if topic else slice(None), int(mood == "good")
        start[cell], count[cell] = first, number
    return rows["text"], start, count


_BLOCKS = {kind: _blocks(kind) for kind in ("sentence", "opening", "closing", "reply", "thanks")}
_SUBJECTS = _of("subject")["text"]


def _pick(rng: np.random.Generator, kind: str, language: Array, topic: Array, mood: Array) -> pl.Series:
    """A text of the kind per row."""
    texts, start, count = _BLOCKS[kind]
    cell = language, topic, mood
    return texts.gather(start[cell] + (rng.random(len(language)) * count[cell]).astype(np.int64))


def write(
    rng: np.random.Generator,
    language: Array,
    topic: Array,
    good: Array,
    slots: dict[str, pl.Series],
    *,
    second: Array | None = None,
) -> pl.Series:
    """A text per row: opening, a sentence on the topic, sometimes one on a second topic, closing; slots filled in."""
    n = len(language)
    mood = good.astype(np.int64)
    other = topic if second is None else second
    frame = pl.DataFrame(
        {
            "opening": _pick(rng, "opening", language, topic, mood),
            "with_opening": rng.random(n) < 0.7,
            "first": _pick(rng, "sentence", language, topic, mood),
            "second": _pick(rng, "sentence", language, other, mood),
            "with_second": other != topic,
            "closing": _pick(rng, "closing", language, topic, mood),
            **slots,
        }
    )
    text = pl.concat_str(
        pl.when("with_opening").then(pl.col("opening") + " ").otherwise(pl.lit("")),
        "first",
        pl.when("with_second").then(" " + pl.col("second")).otherwise(pl.lit("")),
        "closing",
    )
    for name in slots:
        text = text.str.replace_all("{" + name + "}", pl.col(name).fill_null(""), literal=True)
    return frame.select(text.alias("text"))["text"]


def subject(language: Array, topic: Array) -> pl.Series:
    return _SUBJECTS.gather(topic * len(LANGUAGES) + language)


def reply(rng: np.random.Generator, language: Array) -> pl.Series:
    zero = np.zeros(len(language), dtype=np.int64)
    return _pick(rng, "reply", language, zero, zero)


def thanks(rng: np.random.Generator, language: Array, solved: Array) -> pl.Series:
    zero = np.zeros(len(language), dtype=np.int64)
    return _pick(rng, "thanks", language, zero, solved.astype(np.int64))
