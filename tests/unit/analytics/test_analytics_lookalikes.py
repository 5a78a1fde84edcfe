"""Look-alikes: a known area, a planted likeness found and told, chance told as chance, nobody scored unasked."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, mart
from satisfaction_frames import row

from pipelines.analytics.segments.lookalikes import area, build_customer_lookalikes, build_lookalike_model


def company(odds, *, buyers=1500, prospects=300, seed=4):
    """Firms pay much with ``odds`` times the odds of others; region says nothing. One prospect in ten did not agree."""
    rng = np.random.default_rng(seed)
    n = buyers + prospects
    ids = [f"c{number:05d}" for number in range(n)]
    firm, north = rng.random(n) < 0.3, rng.random(n) < 0.5
    base = 0.08 / 0.92
    chance = np.where(firm, base * odds / (1 + base * odds), 0.08)
    pays = np.where(rng.random(n) < chance, 1000.0, 10.0) + rng.random(n)
    bought = np.arange(n) < buyers
    placed = {
        "business": np.where(firm, "b2b", "b2c"),
        "region": np.where(north, "North", "South"),
    }
    return {
        "customers": mart(
            "core.dim_customers",
            customer_id=ids,
            is_identified=[True] * n,
            has_profiling_consent=[bool(here) or number % 10 > 0 for number, here in enumerate(bought)],
            n_orders=[int(here) for here in bought],
        ),
        "scored": pl.DataFrame({"customer_id": ids}).with_columns(need=pl.lit("mixed"), need_basis=pl.lit("none")),
        "value": pl.DataFrame({"customer_id": ids, "monetary": np.where(bought, pays, 0.0)}),
        "membership": pl.concat(
            pl.DataFrame({"customer_id": ids, "segment_id": levels}).with_columns(scheme_id=pl.lit(scheme))
            for scheme, levels in placed.items()
        ),
    }


def model_of(frames):
    return build_lookalike_model(**frames, as_of=AS_OF, run_id="r", min_cell=11)


def people_of(frames):
    return build_customer_lookalikes(**frames, as_of=AS_OF, run_id="r")


def test_the_area_of_a_known_answer():
    # Of three top payers and four others, 9 pairs in order and one tie out of 12.
    found, variance = area(np.array([0.9, 0.6, 0.4, 0.6, 0.3, 0.2, 0.5]), np.array([True] * 3 + [False] * 4))
    assert found == pytest.approx(9.5 / 12)
    # DeLong by hand: means of each against the other side are 1, 3.5/4, 2/4 and 1.5/3, 1, 1, 2/3.
    of_top, of_rest = [1, 3.5 / 4, 2 / 4], [1.5 / 3, 1, 1, 2 / 3]
    assert variance == pytest.approx(np.var(of_top, ddof=1) / 3 + np.var(of_rest, ddof=1) / 4)


def test_a_planted_likeness_is_found_and_named():
    frames = company(8.0)
    model, people = model_of(frames), people_of(frames)
    whole = row(model, feature="company")
    assert (whole["status"], whole["statistic"], whole["n"]) == ("better_than_chance", "auc", 1500)
    assert 0.5 < whole["lo"] < whole["value"] < whole["hi"] < 0.85
    firms, others = (row(model, feature="business", level=level)["value"] for level in ("b2b", "b2c"))
    assert 4 < firms / others < 12
    assert 0.7 < row(model, feature="region", level="North")["value"] < 1.4
    told = people.join(frames["membership"].filter(scheme_id="business"), on="customer_id")
    of_firms, of_others = (told.filter(segment_id=kind) for kind in ("b2b", "b2c"))
    assert of_firms["score"].min() > of_others["score"].max()
    assert of_firms["reasons"].str.starts_with("business b2b").all()
    assert of_others["percentile"].min() == 0


def test_where_nothing_tells_nobody_has_a_score():
    frames = company(1.0)
    assert row(model_of(frames), feature="company")["status"] == "no_better_than_chance"
    people = people_of(frames)
    assert people.height == 270
    assert people["score"].null_count() == people.height
    few = company(8.0, buyers=100)
    assert set(people_of(few)["status"]) == {"too_few_customers"}


def test_only_people_without_an_order_who_agreed_are_scored():
    frames = company(8.0)
    asked = frames["customers"].filter(pl.col("has_profiling_consent") & (pl.col("n_orders") == 0))
    assert set(people_of(frames)["customer_id"]) == set(asked["customer_id"])
