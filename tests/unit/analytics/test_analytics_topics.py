"""Topics by group and quarter: counts, clustered intervals, threads, changes, and what is hidden."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from analytics_frames import TOPIC_RULES, TOPIC_STAGES, mart, shipped

from pipelines.analytics import stats
from pipelines.analytics.voice.product_feedback import build_product_feedback
from pipelines.analytics.voice.questions import build_information_gaps
from pipelines.analytics.voice.share_of_voice import build_share_of_voice
from pipelines.analytics.voice.topic_report import build_feedback_topics

RUN = {"as_of": date(2026, 10, 31), "run_id": "r", "min_cell": 11}
QUARTERS = {
    "2025Q4": date(2025, 11, 5),
    "2026Q1": date(2026, 2, 5),
    "2026Q2": date(2026, 5, 5),
    "2026Q3": date(2026, 8, 5),
}


def texts(topic, n, period="2026Q3", *, polarity="negative", region="North", a_writer=1, language="en"):
    """Some texts about a topic, each writer with as many as said."""
    return [
        {
            "feedback_id": f"{topic}{period}{polarity}{region}{number}",
            "feedback_date": QUARTERS.get(period, date(2026, 10, 5)),
            "topic": topic,
            "language": language,
            "polarity": polarity,
            "customer_id": f"{topic}{period}{polarity}{region}{number // a_writer}",
            "region": region,
        }
        for number in range(n)
    ]


def report(*parts, **columns):
    rows = pl.DataFrame([row for part in parts for row in part])
    label = ["feedback_id", "feedback_date", "topic", "language", "polarity"]
    feedback = mart("feedback.fct_feedback", rows.select("feedback_id", "customer_id", "region").to_dicts())
    return build_feedback_topics(
        labels=rows.select(label),
        feedback=feedback.unique("feedback_id").select(
            "feedback_id", "customer_id", "division", "product_line", "region"
        ),
        customers=mart("core.dim_customers", **columns),
        products=mart("core.dim_products"),
        **RUN,
    )


def reviewed(*parts):
    """A report of reviews; the writer's region stands for the product, of the line before its blank."""
    rows = pl.DataFrame([row for part in parts for row in part])
    return build_product_feedback(
        labels=rows.select("feedback_id", "feedback_date", "topic", "language", "polarity"),
        feedback=rows.select(
            "feedback_id",
            "customer_id",
            pl.lit("product_review").alias("feedback_kind"),
            pl.col("region").alias("product_id"),
            pl.col("region").str.split(" ").list.first().alias("product_line"),
        ),
        customers=mart("core.dim_customers"),
        **RUN,
    )


def test_a_product_with_enough_reviews_stands_alone_and_the_others_of_its_line_together():
    found = reviewed(
        texts("quality", 20, region="Sofas 1"),
        texts("quality", 20, region="Sofas 1", polarity="positive"),
        texts("quality", 15, region="Sofas 2"),
        texts("design", 12, region="Sofas 3", polarity="positive"),
        texts("quality", 30, region="Garden 1", polarity="positive"),
    )
    assert set(found.filter(breakdown="product")["group_id"]) == {"Sofas 1", "Sofas: others", "Garden 1"}
    sofa = {"topic": "quality", "breakdown": "product", "group_id": "Sofas 1"}
    assert [row(found, **sofa, polarity=mood)["value"] for mood in ("negative", "positive")] == [0.5, 0.5]
    line = row(found, topic="quality", breakdown="product_line", group_id="Sofas")
    assert (line["n"], line["n_base"]) == (35, 67)
    others = row(found, topic="quality", breakdown="product", group_id="Sofas: others")
    assert (others["n"], others["n_base"]) == (15, 27)


def test_without_a_product_that_stands_alone_lines_are_all_there_is():
    found = reviewed(
        texts("quality", 20, region="Sofas 1"), texts("design", 20, region="Garden 1", polarity="positive")
    )
    assert set(found["breakdown"]) == {"company", "product_line"}


def test_a_hidden_count_of_one_product_does_not_follow_from_its_line():
    found = reviewed(
        texts("quality", 5, region="Sofas 1"),
        texts("design", 30, region="Sofas 1", polarity="positive"),
        texts("quality", 20, region="Sofas 2"),
        texts("design", 20, region="Sofas 2", polarity="positive"),
        texts("quality", 40, region="Garden 1"),
    )
    quality = found.filter(topic="quality", polarity="negative", period="2026Q3")
    hidden = set(quality.filter("suppressed").select("breakdown", "group_id").rows())
    # Five of the first are few; with the line and the other of it known, five would be what is left.
    assert ("product", "Sofas 1") in hidden
    assert {("product", "Sofas 2"), ("product_line", "Sofas")} & hidden


def test_what_is_said_of_a_product_changes_as_planted():
    before = [*texts("quality", 10, "2026Q2", region="Sofas 1"), *texts("design", 90, "2026Q2", region="Sofas 1")]
    after = [*texts("quality", 50, region="Sofas 1"), *texts("design", 50, region="Sofas 1")]
    found = row(reviewed(before, after), topic="quality", breakdown="product", group_id="Sofas 1")
    assert found["change"] is None
    more = [*texts("quality", 15, "2026Q2", region="Sofas 1"), *texts("design", 85, "2026Q2", region="Sofas 1")]
    found = row(reviewed(more, after), topic="quality", breakdown="product", group_id="Sofas 1")
    assert found["change"] == pytest.approx(0.35)
    assert found["verdict"] == "more"


def row(frame, **key):
    wanted = {"breakdown": "company", "group_id": "all", "period": "2026Q3", "polarity": "negative", **key}
    (found,) = frame.filter(*(pl.col(name) == value for name, value in wanted.items())).to_dicts()
    return found


def test_a_share_is_of_the_texts_that_can_be_read_and_moods_stand_apart():
    found = report(
        texts("price", 20),
        texts("price", 30, polarity="positive"),
        texts("price", 40, polarity="neutral"),
        texts("stock", 10, language="nl"),
    )
    assert set(found["polarity"]) == {"positive", "negative"}
    assert (row(found, topic="price")["n"], row(found, topic="price")["n_base"]) == (20, 90)
    assert row(found, topic="price", polarity="positive")["value"] == pytest.approx(1 / 3)
    assert "stock" not in found["topic"].to_list()


def test_a_text_of_two_topics_is_one_text_of_the_base():
    both = texts("price", 20)
    found = report(both, [{**text, "topic": "stock"} for text in both], texts("other", 20))
    assert [row(found, topic=topic)["n_base"] for topic in ("price", "stock")] == [40, 40]
    assert [row(found, topic=topic)["n"] for topic in ("price", "stock")] == [20, 20]


def test_texts_of_one_writer_count_once_in_the_interval():
    once = row(report(texts("price", 20), texts("other", 20)), topic="price")
    twice = row(report(texts("price", 40, a_writer=2), texts("other", 40, a_writer=2)), topic="price")
    assert (once["value"], twice["value"], twice["n"]) == (0.5, 0.5, 40)
    # 40 writers, alike within: their clustered variance is p (1 - p) / 39.
    for found in (once, twice):
        wanted = stats.wilson([39 / 2], [39])
        assert (found["lo"], found["hi"]) == (pytest.approx(wanted.lo[0]), pytest.approx(wanted.hi[0]))


def test_a_jump_is_found_and_what_stays_is_not():
    before = [texts("price", 15, "2026Q2"), texts("stock", 40, "2026Q2"), texts("other", 245, "2026Q2")]
    found = report(*before, texts("price", 60), texts("stock", 42), texts("other", 198))
    price = row(found, topic="price")
    assert (price["verdict"], price["change"]) == ("more", pytest.approx(0.15))
    assert price["change_lo"] > 0
    assert price["p_raw"] <= price["p_adj"] < 0.001
    assert row(found, topic="stock")["verdict"] == "no_evidence"
    assert row(found, topic="other")["verdict"] == "less"
    assert row(found, topic="price")["family_size"] == 3
    assert row(found, topic="price", period="2026Q2")["verdict"] == "untested"


def test_a_topic_that_went_away_has_a_row_that_says_so():
    found = report(texts("price", 40, "2026Q2"), texts("other", 160, "2026Q2"), texts("other", 200))
    gone = row(found, topic="price")
    assert (gone["n"], gone["verdict"], gone["quarters_running"]) == (0, "less", 0)
    assert gone["hi"] > 0


def test_too_few_texts_to_compare_are_not_compared():
    found = report(texts("price", 15, "2026Q2"), texts("price", 29))
    assert row(found, topic="price")["verdict"] == "insufficient_n"


def test_a_thread_runs_until_a_quarter_is_missing():
    found = report(
        *(texts("price", 12, period) for period in QUARTERS),
        *(texts("stock", 12, period) for period in ("2025Q4", "2026Q2", "2026Q3")),
    )
    running = {topic: row(found, topic=topic)["quarters_running"] for topic in ("price", "stock")}
    assert running == {"price": 4, "stock": 2}
    assert [row(found, topic=topic)["is_recurring"] for topic in ("price", "stock")] == [True, False]
    assert row(found, topic="price", period="all")["quarters_running"] is None


def test_a_small_count_is_hidden_with_a_companion_and_quarters_not_over_are_left_out():
    found = report(
        texts("price", 5),
        texts("price", 20, region="South"),
        texts("price", 30, region="West"),
        texts("other", 50),
        texts("other", 50, "2026Q4"),
    )
    shown = {
        region: row(found, topic="price", breakdown="region", group_id=region)["n"]
        for region in ("North", "South", "West")
    }
    assert shown == {"North": None, "South": None, "West": 30}
    assert row(found, topic="price")["n"] == 55
    assert set(found["period"]) == {"2026Q3", "all"}


def test_a_small_base_hides_the_counts_on_it():
    found = report(texts("price", 20), texts("other", 20), texts("other", 5, region="South"), texts("other", 15))
    assert row(found, topic="price", breakdown="region", group_id="South")["suppressed"]
    assert found.filter(~pl.col("suppressed") & pl.col("n_base").is_between(1, 10)).is_empty()


def test_staff_do_not_count_and_unknown_writers_do():
    own = texts("price", 20, region="South")
    unknown = [{**text, "customer_id": None} for text in texts("price", 15)]
    staff = sorted({text["customer_id"] for text in own})
    found = report(own, unknown, customer_id=staff, is_staff=[True] * len(staff))
    assert row(found, topic="price")["n"] == 15


def gaps(searches, *parts):
    rows = pl.DataFrame([row for part in parts for row in part] or texts("other", 20))
    kinds = rows.select("feedback_id", "customer_id", feedback_kind=pl.lit("ticket")).to_dicts()
    return build_information_gaps(
        labels=rows.select("feedback_id", "feedback_date", "topic", "language").with_columns(
            is_question=pl.col("topic") != "other"
        ),
        feedback=mart("feedback.fct_feedback", kinds),
        searches=mart("feedback.fct_searches", searches),
        rules=TOPIC_RULES,
        stages=TOPIC_STAGES,
        customers=mart("core.dim_customers"),
        products=mart("core.dim_products"),
        **RUN,
    )


def typed(term, n, n_results=0, by=""):
    who = [f"{by or term}{number}" for number in range(n)]
    return [
        {"search_id": f"{term}{one}", "search_term": term, "n_results": n_results, "customer_id": one}
        | {"search_date": QUARTERS["2026Q3"]}
        for one in who
    ]


def gap(frame, subject):
    (found,) = frame.filter(breakdown="company", period="all", subject=subject).to_dicts()
    return found


def test_a_gap_is_asked_about_and_searched_in_vain():
    found = gaps(
        [*typed("warranty", 20), *typed("sofas", 60, 7), *typed("velvet", 20)],
        texts("information", 30),
        texts("stock", 20),
        texts("other", 50),
    )
    assert {row["subject"] for row in found.to_dicts()} == {"warranty", "velvet", "information", "stock"}
    warranty = gap(found, "warranty")
    assert (warranty["value"], warranty["n_base"]) == (0.2, 100)
    assert (warranty["topic"], warranty["stage"]) == ("information", "research")
    grades = {subject: gap(found, subject)["evidence_grade"] for subject in ("warranty", "information", "stock")}
    assert grades == {"warranty": "triangulated", "information": "triangulated", "stock": "single"}
    assert (gap(found, "velvet")["topic"], gap(found, "velvet")["asked_in"]) == ("other", "searches")


def test_a_term_few_people_type_is_not_shown_however_often_they_do():
    searches = typed("maria muster", 5) + typed("lamp", 30, 3)
    often = [{**row, "search_id": f"{row['search_id']}{again}"} for row in searches for again in range(4)]
    found = gaps(often)
    assert set(found.filter(source="searches")["subject"]) == {"other"}
    assert gap(found.filter(source="searches"), "other")["asked_in"] is None


def test_a_share_of_voice_is_of_the_texts_that_name_a_brand():
    said = ["Nordhaus is cheaper.", "Dearer than NORD HAUS and Halden & Moor.", "A nordhausen lamp.", "Nothing."]
    rows = [
        {"feedback_id": f"{place}-{n}", "customer_id": f"c{place}-{n}", "region": "North", "title": None, "body": body}
        for place, body in enumerate(said)
        for n in range(20)
    ]
    feedback = mart("feedback.fct_feedback", rows)
    moods = {"0": "negative", "1": "positive"}
    found = build_share_of_voice(
        labels=feedback.select(
            "feedback_id",
            feedback_date=pl.lit(QUARTERS["2026Q3"]),
            topic=pl.lit("price"),
            language=pl.lit("en"),
            polarity=pl.col("feedback_id").str.head(1).replace_strict(moods, default="neutral"),
        ),
        feedback=feedback.select("feedback_id", "customer_id", "division", "region", "title", "body"),
        brands=shipped("brands"),
        customers=mart("core.dim_customers"),
        products=mart("core.dim_products"),
        **RUN,
    ).filter(breakdown="company", period="all")
    counts = {(row["brand"], row["polarity"]): (row["n"], row["n_base"]) for row in found.to_dicts()}
    assert counts["Nordhaus", "any"] == (40, 40)
    assert counts["Nordhaus", "negative"] == (20, 40)
    assert counts["Halden & Moor", "any"] == counts["Halden & Moor", "positive"] == (20, 40)
    assert {brand for brand, _ in counts} == {"Nordhaus", "Halden & Moor"}
