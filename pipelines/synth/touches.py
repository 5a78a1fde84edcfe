"""Campaign messages: who got which, opened, clicked, unsubscribed. A click starts a session (sessions.py)."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.synth.base import DAY, END_US, FIRST_LOCAL, SECOND, Chunk
from pipelines.synth.catalogue import World

MESSAGES_PER_SUBSCRIBER = 12.0


def touches(chunk: Chunk, world: World, people: pl.DataFrame) -> pl.DataFrame:
    """One row per message received: p, campaign_no, send_us and the times of open, click and unsubscribe (0: none)."""
    rng = chunk.rng("touches")
    email, sms = people["email_opt_in"].to_numpy(), people["sms_opt_in"].to_numpy()
    n_messages = rng.poisson(MESSAGES_PER_SUBSCRIBER, len(people)) * (email | sms)
    p = np.repeat(np.arange(len(people)), n_messages)
    campaign = rng.integers(0, len(world.campaigns), len(p))
    frame = pl.DataFrame({"p": p.astype(np.int32), "campaign_no": campaign.astype(np.int16)}).unique(
        maintain_order=True
    )
    p, campaign = frame["p"].to_numpy(), frame["campaign_no"].to_numpy()
    by_sms = (world.campaigns["channel"] == "sms").to_numpy()[campaign]
    day = world.campaigns["day"].to_numpy()[campaign]
    join, leave = people["join_day"].to_numpy()[p], people["leave_day"].to_numpy()[p]
    keep = np.where(by_sms, sms[p], email[p]) & (day > join) & (day < leave + 120)
    p, campaign, by_sms = p[keep], campaign[keep], by_sms[keep]
    send = world.campaigns["send_us"].to_numpy()[campaign] + rng.integers(0, 1800, len(p)) * SECOND
    offer = world.campaigns["offer"].to_numpy()[campaign]
    interest = np.where(
        np.isin(offer, ["discount", "free_shipping"]) & (people["need_no"].to_numpy()[p] == 0), 1.8, 1.0
    )
    opened = rng.random(len(p)) < np.where(by_sms, 0.6, 0.36)
    open_us = send + (rng.exponential(7 * 3600, len(p)).astype(np.int64) + 20) * SECOND
    clicked = opened & (rng.random(len(p)) < 0.13 * interest)
    click_us = open_us + rng.integers(4, 240, len(p)) * SECOND
    left = opened & ~clicked & (rng.random(len(p)) < 0.018)
    left_us = open_us + rng.integers(10, 600, len(p)) * SECOND
    frame = pl.DataFrame(
        {
            "p": p,
            "campaign_no": campaign,
            "by_sms": by_sms,
            "send_us": send,
            "open_us": np.where(opened, open_us, 0),
            "click_us": np.where(clicked, click_us, 0),
            "unsubscribe_us": np.where(left, left_us, 0),
        }
    )
    late = [
        pl.when(pl.col(name) < END_US - DAY // 4).then(name).otherwise(0).alias(name)
        for name in ("open_us", "click_us", "unsubscribe_us")
    ]
    frame = frame.with_columns(late).filter(pl.col("send_us") >= FIRST_LOCAL)
    return frame.sort("send_us", "p", maintain_order=True).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("m")
    )
