"""Affinity: known indices, errors of a part beside its whole, segments that use nothing, hidden counts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from analytics_frames import AS_OF, mart
from satisfaction_frames import row

from pipelines.analytics.segments.affinity import build_segment_affinity, index_of


def uses(of_item):
    """One channel by numbers of people: {segment: (people, of them by phone)}; all of them use the web."""
    rows, members = [], []
    for segment, (people, by_phone) in of_item.items():
        for number in range(people):
            customer = f"{segment}{number}"
            members.append({"scheme_id": "needs", "customer_id": customer, "segment_id": segment})
            used = ("web", "phone")[: 1 + (number < by_phone)]
            rows.extend({"customer_id": customer, "dimension": "channel", "item": channel} for channel in used)
    frame = mart("journey.agg_customer_uses", rows).with_columns(n_uses=pl.lit(1), n_chances=pl.lit(1))
    return {"uses": frame, "membership": pl.DataFrame(members)}


def affinity(min_cell=11, **frames):
    return build_segment_affinity(**frames, as_of=AS_OF, run_id="r", min_cell=min_cell)


def test_known_indices():
    found = affinity(**uses({"price": (100, 40), "service": (300, 60)}))
    # 40 % and 20 % of which 25 % are everybody.
    price, service = (row(found, segment_id=name, item="phone") for name in ("price", "service"))
    assert (price["value"], service["value"]) == (pytest.approx(160), pytest.approx(80))
    assert (price["rate"], price["company_rate"], price["n"], price["n_used"]) == (0.4, 0.25, 100, 40)
    assert (price["verdict"], service["verdict"]) == ("over_used", "under_used")
    # Everybody uses the web, and a segment that does as everybody is not named.
    web = row(found, segment_id="price", item="web")
    assert (web["value"], web["verdict"]) == (pytest.approx(100), "no_evidence")
    assert row(found, scheme_id="company", item="phone")["verdict"] == "untested"


def test_the_error_is_that_of_a_part_beside_its_whole():
    rng = np.random.default_rng(5)
    own, rest, draws = 200, 600, []
    for _ in range(400):
        y_own, y_rest = rng.binomial(own, 0.3), rng.binomial(rest, 0.2)
        draws.append((y_own / own) / ((y_own + y_rest) / (own + rest)))
    found, _, _ = index_of(_moments(60, own), _moments(180, own + rest))
    assert float(found.value[0]) == pytest.approx(100 * 0.3 / 0.225)
    width = np.log(found.hi[0] / found.lo[0]) / (2 * 1.96)
    assert width == pytest.approx(np.std(np.log(draws), ddof=1), rel=0.12)


def _moments(y, n):
    """One row of sums of n people of whom y used it."""
    return np.array([[y, n, y, y, n, n]], dtype=float)


def test_a_segment_without_a_single_use_is_under_and_its_index_nought():
    phone = row(affinity(**uses({"price": (60, 0), "service": (300, 90)})), segment_id="price", item="phone")
    assert (phone["value"], phone["n_used"], phone["verdict"]) == (0, 0, "under_used")
    few = row(affinity(**uses({"price": (40, 0), "service": (300, 33)})), segment_id="price", item="phone")
    # At the rest's rate four would have: too few to tell.
    assert (few["verdict"], few["p_raw"]) == ("insufficient_n", None)


def test_small_counts_are_hidden_also_of_those_who_did_not():
    for by_phone in (5, 95):
        found = affinity(**uses({"price": (100, by_phone), "service": (300, 150), "design": (200, 100)}))
        price = row(found, segment_id="price", item="phone")
        assert (price["verdict"], price["n"], price["rate"]) == ("suppressed", None, None)
        hidden = found.filter(pl.col("item") == "phone", pl.col("suppressed"))
        assert hidden.height == 2


def test_messages_count_by_what_was_sent():
    base = uses({"price": (100, 0), "service": (100, 0)})
    sent = pl.DataFrame(
        [
            {
                "customer_id": f"{segment}{number}",
                "dimension": "offer",
                "item": "discount",
                "n_uses": clicks if number < 50 else 0,
                "n_chances": 4,
            }
            for segment, clicks in (("price", 2), ("service", 1))
            for number in range(80)
        ]
    )
    found = affinity(uses=sent, membership=base["membership"])
    price = row(found, segment_id="price")
    # 100 clicks on 320 messages beside 150 on 640.
    assert price["value"] == pytest.approx(100 * (100 / 320) / (150 / 640))
    assert (price["n"], price["n_used"], price["rate"]) == (80, 50, pytest.approx(100 / 320))
    assert price["verdict"] == "over_used"


def test_who_buys_much_is_compared_by_offers_alone_and_unknown_is_no_segment():
    base = uses({"champion": (100, 50), "unknown": (100, 20)})
    offered = base["uses"].with_columns(dimension=pl.lit("offer"))
    both = {"uses": pl.concat([base["uses"], offered]), "membership": base["membership"]}
    bought = affinity(**(both | {"membership": base["membership"].with_columns(scheme_id=pl.lit("value_rfm"))}))
    assert set(bought.filter(scheme_id="value_rfm")["dimension"]) == {"offer"}
    unknown = affinity(**both).filter(segment_id="unknown")
    assert set(unknown["verdict"]) == {"untested"}
