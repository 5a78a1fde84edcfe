"""windowFunnel as its documentation has it, one event at a time: what the warehouse's funnels are held against.

Belongs here: the plain loop, slow and easy to check. Stays out: SQL, and anything it could share a mistake with.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence


def window_funnel(events: Sequence[tuple[int, int]], n_steps: int, window: int, modes: Collection[str] = ()) -> int:
    """The level a unit reaches. ``events`` are (time, step), step 0 for an event that is no step; in any order.

    At one moment events that are no step come first, then the steps in their order. Every step keeps the latest chain
    that reached it: its start and the time of the step.
    """
    chains: list[tuple[int, int] | None] = [None] * (n_steps + 1)
    for at, step in sorted(events):
        if step == 1:
            chains[1] = (at, at)
        elif step == 0:
            if "strict_order" in modes and chains[1]:
                break
        elif "strict_deduplication" in modes and chains[step]:
            break
        elif (before := chains[step - 1]) is None:
            if "strict_order" in modes and chains[1]:
                break
        else:
            start, last = before
            if at <= start + window and ("strict_increase" not in modes or at > last):
                chains[step] = (start, at)
    return max((step for step in range(1, n_steps + 1) if chains[step]), default=0)
