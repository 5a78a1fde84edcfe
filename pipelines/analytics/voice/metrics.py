"""Metrics of what customers say in their own words.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import INSIGHT, Definition

DEFINITIONS = (
    Definition(
        "macro_f1",
        "Quality of the sentiment model",
        "How well the model tells compliments from complaints, counted alike, on texts later than it learned from.",
        "mean of 2 t / (2 t + wrong) of complaints and of compliments; bootstrap interval over texts",
        "0-1",
        INSIGHT,
        "sentiment_model",
    ),
    Definition(
        "brier_score",
        "Error of the model's chances",
        "Mean squared distance between the chance of a compliment and what the customer's rating says; 0 is perfect.",
        "mean of (p - y)^2; t interval",
        "0-1",
        INSIGHT,
        "sentiment_model",
    ),
    Definition(
        "calibration_gap",
        "Lean of the model's chances",
        "By how much the model expects more compliments than there are; 0 where its chances are right on average.",
        "mean of p - y; t interval",
        "share",
        INSIGHT,
        "sentiment_model",
    ),
)
"""Every measure of the sentiment model."""
