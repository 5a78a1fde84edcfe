"""Texts nobody on this project wrote: how well moods are told, and that the gate keeps English texts English."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipelines.analytics.voice import discovery, sentiment
from pipelines.analytics.voice.languages import languages
from tests.integration.real_data import real_data

pytestmark = pytest.mark.real_data


def test_moods_of_held_out_reviews_are_told() -> None:
    """Learned on 6,000 reviews, judged on 4,000 that come later in the file; three stars are no mood."""
    reviews = pl.read_csv(real_data("womens_clothing_reviews") / "reviews.csv").filter(
        pl.col("Review Text").is_not_null() & (pl.col("Rating") != 3)
    )
    learned, judged = reviews.head(6_000), reviews.tail(4_000)
    model = sentiment.learn(learned["Review Text"].to_list(), (learned["Rating"] > 3).to_numpy())
    assert model is not None
    mood = (judged["Rating"] > 3).to_numpy()
    scores = model.scores(judged["Review Text"].to_list())
    called = scores >= model.boundary
    f1 = sentiment.macro_f1(
        true_negative=np.array([(~called & ~mood).sum()], dtype=float),
        false_negative=np.array([(~called & mood).sum()], dtype=float),
        false_positive=np.array([(called & ~mood).sum()], dtype=float),
        true_positive=np.array([(called & mood).sum()], dtype=float),
    )
    assert f1[0] >= 0.80
    assert abs(model.chances(scores).mean() - mood.mean()) < 0.02


def test_english_complaints_are_told_to_be_english() -> None:
    complaints = pl.read_csv(real_data("cfpb") / "complaints.csv", infer_schema_length=0)
    (narrative,) = (name for name in complaints.columns if "narrative" in name.lower())
    texts = complaints.with_row_index("row").select(
        "row", pl.col(narrative).alias("text"), pl.lit(None, pl.String).alias("said")
    )
    assert (languages(texts)["language"] == "en").mean() > 0.99


def test_themes_of_reviews_are_the_garments_they_are_about() -> None:
    """Nobody told which garment a review is of; most texts of a theme share one, where one in five would by chance."""
    garments = ("Dresses", "Jeans", "Sweaters", "Swim", "Jackets")
    reviews = pl.read_csv(real_data("womens_clothing_reviews") / "reviews.csv").drop_nulls("Review Text")
    of_each = pl.concat(reviews.filter(pl.col("Class Name") == garment).head(300) for garment in garments)
    texts = of_each["Review Text"].to_list()
    found = discovery.themes(texts, texts, "en")
    grouped = of_each.select("Class Name", pl.Series("theme", found)).filter(pl.col("theme") >= 0)
    sizes = grouped.group_by("theme", "Class Name").len()
    assert grouped.height > 0.5 * of_each.height
    assert sizes.group_by("theme").agg(pl.col("len").max())["len"].sum() / grouped.height > 0.6
    assert (discovery.themes(texts, texts, "en") == found).all()
