"""The one resource of every step: the house, its settings and the writer's lock.

Belongs here: what a run holds from its first step to its last. Stays out: what the steps do with it.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import dagster as dg

from pipelines.defs.home import prepare, writer_lock
from pipelines.identity.rules import Rules
from pipelines.settings import Settings
from pipelines.warehouse import let_go

LOCK_WAIT_SECONDS = 900.0
"""A run started by a schedule or a sensor waits this long for the run before it."""


@dataclass(frozen=True)
class House:
    """What a step needs to know.

    ``systems`` are those whose files this run lands; the others keep what they have. ``rules`` are those of identity
    where they are not the house's own: only a what-if has others.
    """

    settings: Settings
    systems: tuple[str, ...]
    run_id: str
    full_refresh: bool = False
    rules: Rules | None = None


def house_resource(settings: Settings, *, rules: Rules | None = None) -> dg.ResourceDefinition:
    """A run's house: folders made, lock held until the run ends (also when it is killed)."""

    @dg.resource(
        description="Settings of the state folder and the lock of its one writer.",
        config_schema={
            "systems": dg.Field(
                dg.Array(str), default_value=[], description="Systems whose files this run lands; empty: all enabled."
            ),
            "full_refresh": dg.Field(bool, default_value=False, description="Rebuild the incremental models from raw."),
            "take_lock": dg.Field(bool, default_value=True, description="False where the caller holds it already."),
        },
    )
    def house(context: dg.InitResourceContext) -> Iterator[House]:
        config: dict[str, Any] = context.resource_config
        systems = tuple(config["systems"]) or settings.systems
        unknown = sorted(set(systems) - set(settings.systems))
        if unknown:
            raise dg.Failure(f"not enabled: {', '.join(unknown)}; enabled are {', '.join(settings.systems)}")
        prepare(settings)
        with writer_lock(settings, wait_seconds=LOCK_WAIT_SECONDS) if config["take_lock"] else nullcontext():
            try:
                yield House(settings, systems, context.run_id or "", config["full_refresh"], rules)
            finally:
                let_go(settings)

    return house
