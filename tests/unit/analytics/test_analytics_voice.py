"""What customers say: the language gate, the taxonomy, whose word counts, and how labels of two versions differ."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from analytics_frames import TOPIC_RULES, mart

from pipelines.analytics.voice import sentiment
from pipelines.analytics.voice.discovery import class_tf_idf
from pipelines.analytics.voice.labels import difference, with_ratings, with_samples
from pipelines.analytics.voice.languages import SPOKEN, languages
from pipelines.analytics.voice.redact import Known
from pipelines.analytics.voice.themes import build_feedback_themes
from pipelines.analytics.voice.topics import by_classifier, by_rules, rules_version
from pipelines.cli.labels import difference_of


def told(*texts, said=None):
    frame = pl.DataFrame(
        {"row": range(len(texts)), "text": texts, "said": [said] * len(texts)}, schema_overrides={"said": pl.String}
    )
    return languages(frame).select("language", "language_basis").rows()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Delivery took three weeks and nobody answered my emails."),
        ("de", "Der Versand war viel zu teuer und nicht schnell."),
        ("es", "El envío no llegó a tiempo y nadie me contestó."),
        ("fr", "La livraison est arrivée très tard et je ne suis pas content."),
        ("nl", "De levering was veel te laat en ik ben niet blij met het product."),
        ("it", "La consegna non è arrivata e il servizio è molto lento."),
        ("pt", "A entrega não chegou e o serviço é muito lento, não compro mais."),
    ],
)
def test_the_language_of_a_sentence_is_told(language, text):
    assert told(text, said="xx") == [(language, "text")]


def test_a_text_too_short_to_tell_is_what_the_source_says_or_nothing():
    assert told("ok", said="de-AT") == [("de", "source")]
    assert told("ok", "", "12 34") == [("und", "none")] * 3


def test_every_topic_has_a_rule_in_every_language_and_patterns_are_in_lower_case():
    pairs = TOPIC_RULES.select("topic", "language").unique()
    assert pairs.height == TOPIC_RULES.height == TOPIC_RULES["topic"].n_unique() * len(SPOKEN)
    assert TOPIC_RULES.filter(pl.col("pattern") != pl.col("pattern").str.to_lowercase()).is_empty()


def topics(language, text):
    return by_rules(pl.DataFrame({"row": [0], "language": [language], "text": [text]}), TOPIC_RULES)["topic"].to_list()


def test_a_text_is_about_every_topic_it_matches_in_its_own_language():
    assert topics("en", "The box was BROKEN and I want a refund.") == ["damaged", "returns_refund"]
    assert topics("de", "Die Kiste war kaputt, ich möchte eine Erstattung.") == ["damaged", "returns_refund"]
    assert topics("es", "La caja está rota, quiero un reembolso.") == ["damaged", "returns_refund"]
    assert topics("de", "The box was broken and I want a refund.") == []
    assert topics("fr", "The box was broken and I want a refund.") == []


def test_the_version_of_the_rules_changes_with_a_pattern_and_not_with_their_order():
    version = rules_version(TOPIC_RULES)
    assert rules_version(TOPIC_RULES.reverse()) == version
    assert rules_version(TOPIC_RULES.with_columns(pl.col("pattern") + "x")) != version


def test_the_classifier_says_nothing_it_is_not_sure_of():
    labelled = pl.DataFrame(
        {"text": ["my parcel is late"] * 12 + ["the sofa is torn"] * 12, "topic": ["a"] * 12 + ["b"] * 12}
    )
    texts = pl.DataFrame({"row": [7, 8], "text": ["parcel late", "the sofa torn"]})
    assert by_classifier(texts, labelled).rows() == [(7, "a"), (8, "b")]
    assert by_classifier(texts, labelled.head(12)).is_empty()


def test_the_customers_own_rating_is_the_mood():
    rows = [
        {"feedback_id": "a", "feedback_kind": "product_review", "stars": 2, "score_0_100": 25, "score_basis": "stars"},
        {"feedback_id": "b", "feedback_kind": "product_review", "stars": 3, "score_0_100": 50, "score_basis": "stars"},
        {"feedback_id": "c", "feedback_kind": "survey_text", "score_0_100": 100 * 2 / 3, "score_basis": "single_item"},
        {"feedback_id": "d", "feedback_kind": "survey_text", "score_0_100": 100 * 3 / 9, "score_basis": "single_item"},
        {"feedback_id": "e", "feedback_kind": "ticket_rating", "title": "bad"},
        {"feedback_id": "f", "feedback_kind": "ticket", "title": "good"},
    ]
    rated = with_ratings(mart("feedback.fct_feedback", rows)).select("rated", "rated_by").rows()
    assert rated == [
        ("negative", "stars"),
        ("neutral", "stars"),
        ("positive", "single_item"),
        ("negative", "single_item"),
        ("negative", "rating"),
        (None, None),
    ]


def rated_texts(stars_negative):
    first, n = date(2026, 1, 1), 400
    return pl.DataFrame(
        {
            "row": range(n),
            "feedback_id": [f"{place:03}" for place in range(n)],
            "feedback_date": [first + timedelta(days=place // 4) for place in range(n)],
            "language": ["en"] * n,
            "rated": ["negative" if place % 4 == 0 else "positive" for place in range(n)],
            "rated_by": ["stars" if place % 4 or place < 4 * stars_negative else "single_item" for place in range(n)],
        }
    )


@pytest.mark.parametrize(("stars_negative", "teachers"), [(60, {"stars"}), (10, {"stars", "single_item"})])
def test_stars_teach_and_survey_answers_where_they_are_too_few(stars_negative, teachers):
    sampled = with_samples(rated_texts(stars_negative))
    used = sampled.filter(pl.col("sample") != "none")
    assert set(used["rated_by"]) == teachers
    learned, judged = (used.filter(pl.col("sample") == name)["feedback_date"] for name in ("learned", "judged"))
    assert learned.max() < judged.min()
    assert 0.75 < learned.len() / used.height <= 0.8


def test_the_model_learns_moods_is_the_same_again_and_needs_enough_of_both():
    good, bad = (
        [f"lovely solid chair number {i}" for i in range(60)],
        [f"broken late awful parcel {i}" for i in range(60)],
    )
    mood = np.arange(120) < 60
    model = sentiment.learn(good + bad, mood)
    assert model is not None
    scores = model.scores(["a lovely chair", "an awful parcel"])
    assert scores[0] > model.boundary > scores[1]
    chances = model.chances(scores)
    assert chances[0] > 0.5 > chances[1]
    again = sentiment.learn(good + bad, mood)
    assert again is not None
    assert again.digest == model.digest
    other = sentiment.learn(good + bad[::-1], ~mood)
    assert other is not None
    assert other.digest != model.digest
    assert sentiment.learn(good + bad[:39], np.arange(99) < 60) is None


def test_macro_f1_and_the_boundary_of_a_known_answer():
    scores, mood = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), np.array([False, False, True, False, True])
    # Called complaints: the first two gives F1 4/5 and 4/5, the first four 6/7 and 2/3.
    assert sentiment.best_boundary(scores, mood) == pytest.approx(-0.5)
    f1 = sentiment.macro_f1(
        true_negative=np.array([2.0, 3.0]),
        false_negative=np.array([0.0, 1.0]),
        false_positive=np.array([1.0, 0.0]),
        true_positive=np.array([2.0, 1.0]),
    )
    assert f1 == pytest.approx([4 / 5, (6 / 7 + 2 / 3) / 2])


def test_labels_of_two_versions_differ_where_topic_or_mood_moved():
    before = pl.DataFrame({"feedback_id": ["1", "2", "2", "3"], "topic": ["a", "b", "a", "a"], "polarity": ["x"] * 4})
    after = pl.DataFrame(
        {"feedback_id": ["1", "2", "3", "4"], "topic": ["a", "b", "a", "a"], "polarity": ["x", "x", "y", "x"]}
    )
    assert difference(before, before).is_empty()
    assert set(difference(before, after).rows()) == {
        ("a, b", "b", "x", "x", 1),
        ("a", "a", "x", "y", 1),
        (None, "a", None, "x", 1),
    }


def test_c_tf_idf_of_a_known_answer():
    # Words: shipping, cost, login, error. Classes: "shipping shipping cost" and "login login error".
    found = class_tf_idf([np.array([2.0, 1, 0, 0]), np.array([0.0, 0, 2, 1])])
    assert found[0] == pytest.approx([0.61086, 0.46210, 0, 0], abs=1e-5)
    assert found[1] == pytest.approx([0, 0, 0.61086, 0.46210], abs=1e-5)


def unlabelled_themes(bodies, **names):
    n = len(bodies)
    feedback = mart(
        "feedback.fct_feedback",
        feedback_id=[f"u{number:03}" for number in range(n)],
        feedback_kind=["survey_text"] * n,
        customer_id=[f"c{number}" for number in range(n)],
        feedback_date=[date(2026, 8, 1)] * n,
        body=bodies,
    )
    labels = feedback.select("feedback_id", "feedback_date", topic=pl.lit("other"), language=pl.lit("en"))
    known = Known(mart("core.customer_names", **names), mart("core.fct_orders"), mart("core.customer_phones"))
    built = build_feedback_themes(
        labels=labels,
        feedback=feedback,
        known=known,
        customers=mart("core.dim_customers"),
        as_of=date(2026, 10, 31),
        run_id="r",
        min_cell=11,
    )
    return {row["theme"]: row for row in built.to_dicts()}


CITIES = (
    "Rome",
    "Oslo",
    "Paris",
    "Lima",
    "Cairo",
    "Quito",
    "Tunis",
    "Accra",
    "Dakar",
    "Delhi",
    "Hanoi",
    "Kyoto",
    "Milan",
)


def test_themes_are_found_and_one_offs_kept_apart():
    cats, songs = "The cats of Maria Muster sleep in it.", "Grandmother sings when she sees it."
    bodies = [cats, songs, cats, songs, cats] * 8 + [f"We were in {city}." for city in CITIES]
    found = unlabelled_themes(bodies, customer_id=["c0"], full_name=["Maria Muster"])
    assert {name: row["n"] for name, row in found.items()} == {"en-01": 24, "en-02": 16, "one-offs": 13}
    assert "cats" in found["en-01"]["words"]
    assert "grandmother" in found["en-02"]["words"]
    assert "muster" not in found["en-01"]["words"]
    assert (found["one-offs"]["words"], found["one-offs"]["n_base"]) == (None, 53)


def test_a_theme_of_few_is_none_and_few_one_offs_take_the_smallest_theme_along():
    few = unlabelled_themes(["The cats sleep in it."] * 10 + [f"We were in {city}." for city in CITIES])
    assert set(few) == {"one-offs"}
    bodies = ["The cats sleep in it."] * 30 + ["Grandmother sings."] * 15 + ["Once in Rome.", "Far away it rains."]
    assert {name: row["n"] for name, row in unlabelled_themes(bodies).items()} == {"en-01": 30, "one-offs": 17}


def test_differences_of_few_texts_are_counted_together():
    before = pl.DataFrame({"feedback_id": [f"{n:03}" for n in range(40)], "topic": "other", "polarity": "negative"})
    topics = ["price"] * 20 + ["stock"] * 6 + ["staff"] * 7 + ["other"] * 7
    after = before.with_columns(pl.Series("topic", topics))
    found = difference_of(before, after, min_cell=11)
    assert found.rows() == [("other", "price", "negative", "negative", 20), (*["(fewer)"] * 4, 13)]
    assert difference_of(before, after.head(26), min_cell=15)["n"].to_list() == [20, 20]
    assert difference_of(before, before, min_cell=11).is_empty()
