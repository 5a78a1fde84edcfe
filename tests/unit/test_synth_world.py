"""The generator's building blocks and one small simulated chunk, in memory."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.synth import base, catalogue, effects, thresholds, truth
from pipelines.synth.generate import CHUNK_SIZE, chunks, generate
from pipelines.synth.simulation import Simulation, simulate
from pipelines.synth.trips import local_price

SEED = 5
SIZE = 800


@pytest.fixture(scope="module")
def world() -> catalogue.World:
    return catalogue.world(SEED)


@pytest.fixture(scope="module")
def sim(world: catalogue.World) -> Simulation:
    return simulate(base.Chunk(SEED, 0, 0, SIZE, 2), world)


def micro(*args: int) -> int:
    return int(datetime(*args, tzinfo=UTC).timestamp()) * base.SECOND  # type: ignore[misc]


@pytest.mark.parametrize(
    ("region", "local", "utc"),
    [
        (0, (2025, 1, 15, 12), (2025, 1, 15, 11)),
        (0, (2025, 7, 15, 12), (2025, 7, 15, 10)),
        (2, (2025, 1, 15, 12), (2025, 1, 15, 12)),
        (2, (2025, 7, 15, 12), (2025, 7, 15, 11)),
        (0, (2025, 3, 30, 4), (2025, 3, 30, 2)),
        (0, (2025, 10, 26, 5), (2025, 10, 26, 4)),
    ],
)
def test_local_wall_clock_becomes_utc(region: int, local: tuple[int, ...], utc: tuple[int, ...]) -> None:
    assert base.to_utc(np.array([micro(*local)]), np.array([region]))[0] == micro(*utc)


def test_local_time_goes_back_and_forth_over_a_year_but_for_the_hours_of_the_change() -> None:
    hours = np.arange(micro(2025, 1, 1), micro(2026, 1, 1), base.HOUR)
    for region, zone in ((0, "Europe/Berlin"), (2, "Europe/London")):
        there = base.to_local(hours, zone)
        back = base.to_utc(there, np.full(len(hours), region))
        assert (back != hours).sum() <= 2


def test_systematic_draw_gives_every_cell_its_expected_number() -> None:
    rng = np.random.default_rng(1)
    cell = rng.integers(0, 7, 5000)
    inner = rng.integers(0, 3, 5000)
    chance = rng.random(5000)
    hit = base.systematic(rng, chance, cell, inner)
    for number in range(7):
        rows = cell == number
        assert abs(hit[rows].sum() - chance[rows].sum()) <= 1
        for part in range(3):
            rows_in = rows & (inner == part)
            assert abs(hit[rows_in].sum() - chance[rows_in].sum()) <= 1


def test_systematic_draw_takes_sure_rows_and_leaves_impossible_ones() -> None:
    chance = np.array([0.0, 1.0] * 50)
    assert (base.systematic(np.random.default_rng(2), chance, np.zeros(100)) == (chance == 1)).all()


def test_even_ranks_keep_the_order_and_fill_the_unit_interval() -> None:
    rng = np.random.default_rng(3)
    values, cell = rng.standard_normal(900), np.repeat([0, 1, 2], 300)
    out = base.even_ranks(rng, values, cell)
    for number in range(3):
        rows = cell == number
        assert (np.argsort(values[rows]) == np.argsort(out[rows])).all()
        assert abs(out[rows].mean() - 0.5) < 0.002


def test_prices_of_other_currencies_end_in_ninety() -> None:
    euro = np.array([1290, 19_990, 1_000])
    assert local_price(euro, np.array([1.0, 1.0, 1.0])).tolist() == euro.tolist()
    assert (local_price(euro, np.full(3, 0.87)) % 100 == 90).all()
    assert (local_price(np.array([10]), np.array([0.87])) > 0).all()


def test_chunks_cover_the_customers_once() -> None:
    parts = chunks(2 * CHUNK_SIZE + 17, SEED)
    assert [part.size for part in parts] == [CHUNK_SIZE, CHUNK_SIZE, 17]
    assert [part.start for part in parts] == [0, CHUNK_SIZE, 2 * CHUNK_SIZE]
    assert len({part.suffix for part in parts}) == 3


def test_too_few_customers_are_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="at least 100"):
        generate(tmp_path, tmp_path, customers=99)


def test_the_same_seed_gives_the_same_world_and_another_seed_another(world: catalogue.World, sim: Simulation) -> None:
    again = simulate(base.Chunk(SEED, 0, 0, SIZE, 2), world)
    other = simulate(base.Chunk(SEED + 1, 0, 0, SIZE, 2), world)
    assert_frame_equal(again.web.events, sim.web.events)
    assert_frame_equal(again.feedback.answers, sim.feedback.answers)
    assert not other.people["family_name"].equals(sim.people["family_name"])


def test_a_second_chunk_shares_no_number_with_the_first(world: catalogue.World, sim: Simulation) -> None:
    second = simulate(base.Chunk(SEED, 1, SIZE, 300, 2), world)
    for first_ids, second_ids in (
        (sim.people["person_id"], second.people["person_id"]),
        (sim.people["email"], second.people["email"]),
        (sim.people["mobile"], second.people["mobile"]),
        (sim.people["card"], second.people["card"]),
        (sim.orders.orders["order_id"], second.orders.orders["order_id"]),
        (sim.orders.orders["order_name"], second.orders.orders["order_name"]),
        (sim.stores.receipts["receipt_no"], second.stores.receipts["receipt_no"]),
        (sim.support.tickets["ticket_id"], second.support.tickets["ticket_id"]),
        (sim.devices.devices["device_id"], second.devices.devices["device_id"]),
        (sim.web.carts["cart_token"], second.web.carts["cart_token"]),
    ):
        assert not set(first_ids) & set(second_ids), first_ids.name


def test_true_identifiers_belong_to_one_person_and_households_share_only_what_they_should(sim: Simulation) -> None:
    people = sim.people
    assert people["mobile"].n_unique() == people["card"].n_unique() == len(people)
    shared = people.filter(pl.col("email").is_duplicated())
    assert 0 < len(shared) < 0.2 * len(people)
    assert shared.group_by("email").agg(pl.col("household_id").n_unique())["household_id"].max() == 1
    assert people.filter(pl.col("email").str.contains(r"[^a-z0-9._@-]")).is_empty()


def test_steps_of_a_cart_come_in_order(sim: Simulation) -> None:
    carts = sim.web.carts.filter(pl.col("reached") == 4)
    steps = ["add_us", "begin_us", "form_us", "shipping_us", "payment_us", "order_us"]
    for earlier, later in itertools.pairwise(steps):
        assert (carts[earlier] < carts[later]).all()
    abandoned = sim.web.carts.filter((pl.col("reached") < 4) & ~pl.col("recovered"))
    assert (abandoned["order_us"] == 0).all()


def test_nothing_happens_outside_the_two_years(sim: Simulation) -> None:
    for frame, column in (
        (sim.web.events, "at_us"),
        (sim.orders.orders, "at_us"),
        (sim.stores.receipts, "at_us"),
        (sim.stores.visits, "at_us"),
        (sim.support.tickets, "at_us"),
        (sim.feedback.answers, "at_us"),
        (sim.feedback.reviews, "at_us"),
    ):
        assert frame[column].min() >= base.START_US, column  # type: ignore[operator]
        assert frame[column].max() < base.END_US, column  # type: ignore[operator]


def test_persons_do_nothing_before_they_join(sim: Simulation) -> None:
    joined = sim.people["join_day"].to_numpy()
    for frame in (sim.trips.trips, sim.sessions.sessions.filter(pl.col("kind") == 0)):
        day = (frame["at_us" if "at_us" in frame.columns else "start_us"].to_numpy() - base.START_US) // base.DAY
        assert (day + 1 >= joined[frame["p"].to_numpy()]).all()


def test_answers_of_a_line_have_the_planted_level(sim: Simulation) -> None:
    answered = sim.quarters.filter("responded")
    index = answered["index"].to_numpy()
    quarter = np.array([name for name, _, _ in base.QUARTERS])[answered["q"].to_numpy()]
    line = np.array(base.LINES)[answered["line_no"].to_numpy()]
    for name in base.LINES:
        before = (line == name) & (quarter < effects.INDEX_CHANGES_FROM)
        assert abs(index[before].mean() - effects.INDEX_BEFORE[name]) < 1.0, name
        after = (line == name) & (quarter == effects.INDEX_CHANGES_FROM)
        assert abs(index[after].mean() - effects.INDEX_AFTER[name]) < 4.0, name
    assert abs(index.std() - effects.INDEX_SD) < 2.5


def test_the_small_cell_has_nine_answers_and_only_in_the_first_chunk(world: catalogue.World, sim: Simulation) -> None:
    assert _small_cell(sim) == effects.SMALL_CELL["n"]
    assert _small_cell(simulate(base.Chunk(SEED, 1, SIZE, 600, 2), world)) == 0


def _small_cell(sim: Simulation) -> int:
    answers = sim.feedback.answers.filter((pl.col("p") >= 0) & (pl.col("q") == 0))
    return int((answers["region_no"] == base.REGION_NAMES.index("Alpine")).sum())


def test_roomers_are_the_planted_shares_and_can_be_recognised(sim: Simulation) -> None:
    people = sim.people
    for chosen, share in (
        (sim.roomers.webroomers, effects.WEBROOMER_SHARE),
        (sim.roomers.showroomers, effects.SHOWROOMER_SHARE),
    ):
        assert abs(len(chosen) / len(people) - share) < 0.002
        assert people[chosen]["has_account"].all()
        assert people[chosen]["has_card"].all()
    assert not set(sim.roomers.webroomers) & set(sim.roomers.showroomers)


def test_the_tablet_of_the_store_has_its_logins(sim: Simulation) -> None:
    used = sim.sessions.sessions.filter(pl.col("d") == sim.devices.kiosk)
    assert used["logged_in"].all()
    assert used["p"].n_unique() == effects.KIOSK_LOGINS


def test_every_planted_effect_is_listed_and_has_a_size() -> None:
    listed = re.findall(r"^(\d+)\. ", effects.__doc__ or "", flags=re.MULTILINE)
    assert listed == [str(number) for number in range(1, 15)]
    written = [int(key.split("_")[0]) for key in truth.planted({})]
    assert sorted(written) == list(range(1, 15))


def test_the_profit_of_the_current_threshold_is_that_of_the_carts_as_they_are(sim: Simulation) -> None:
    """A hand calculation for carts without anything that depends on the threshold."""
    carts = sim.carts.carts.filter(pl.col("tier") == "pickup")
    only = type(sim.carts)(carts=carts, items=sim.carts.items)
    profit = thresholds.expected_profit(only)
    values = {round(value, 6) for value in profit.values()}
    assert len(profit) == 6
    assert len(values) > 1, "top-ups still depend on the threshold"
    stay = (1 - carts["p_leave_cart"]) * (1 - carts["p_leave_form"]) * (1 - carts["p_leave_after_shipping"])
    euro = np.array([base.EUR_PER_UNIT[r.currency] for r in base.REGIONS])[carts["region_no"].to_numpy()] / 100
    paid = 1 - carts["discount"] / carts["subtotal"]
    goods = carts["filled"] * paid
    by_hand = (stay * (thresholds.MARGIN * goods * euro - thresholds.PARCEL_COST)).sum()
    assert profit[0.0] == pytest.approx(by_hand)
