"""One chunk simulated, stage after stage, and held together for the vendor writers."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.synth.base import Chunk
from pipelines.synth.carts import Carts, carts
from pipelines.synth.catalogue import World
from pipelines.synth.devices import Devices, devices
from pipelines.synth.feedback import Feedback, feedback
from pipelines.synth.orders import Orders, orders
from pipelines.synth.people import people
from pipelines.synth.quarters import quarters
from pipelines.synth.sessions import Roomers, Sessions, roomers, sessions
from pipelines.synth.stores import Stores, stores
from pipelines.synth.support import Support, support
from pipelines.synth.touches import touches
from pipelines.synth.trips import Trips, trips
from pipelines.synth.web import Web, web


@dataclass(frozen=True)
class Simulation:
    chunk: Chunk
    world: World
    people: pl.DataFrame
    quarters: pl.DataFrame
    trips: Trips
    carts: Carts
    devices: Devices
    touches: pl.DataFrame
    roomers: Roomers
    sessions: Sessions
    web: Web
    orders: Orders
    stores: Stores
    support: Support
    feedback: Feedback


def simulate(chunk: Chunk, world: World) -> Simulation:
    """Everything that happens to the people of one chunk."""
    persons = people(chunk)
    terms = quarters(chunk, persons)
    intents = trips(chunk, world, persons, terms)
    filled = carts(chunk, world, persons, intents)
    machines = devices(chunk, persons)
    messages = touches(chunk, world, persons)
    found = roomers(chunk, persons, intents, filled.carts)
    visits = sessions(chunk, world, persons, terms, devices=machines, carts=filled, touches=messages, found=found)
    logged = web(chunk, filled, visits)
    bought = orders(chunk, world, persons, terms, carts=logged.carts, cart_items=filled.items)
    shops = stores(chunk, world, persons, terms, trips=intents, devices=machines, found=found)
    return Simulation(
        chunk=chunk,
        world=world,
        people=persons,
        quarters=terms,
        trips=intents,
        carts=filled,
        devices=machines,
        touches=messages,
        roomers=found,
        sessions=visits,
        web=logged,
        orders=bought,
        stores=shops,
        support=support(chunk, world, persons, terms, orders=bought, stores=shops),
        feedback=feedback(chunk, world, persons, terms, bought),
    )
