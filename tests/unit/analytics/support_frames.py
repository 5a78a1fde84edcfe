"""The support desk of the random company: its agents and their weeks.

Belongs here: rows of the roster. Stays out: tickets, which stand with the customers who open them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

AGENTS, TEAMS = 17, 3
"""Teams of six, six and five: with one agent short of tickets the last is too small to show."""


def agent_weeks(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Fifty-two weeks of every agent."""
    return [
        {
            "agent_id": f"z:{agent}",
            "week_start_date": date(2025, 11, 3) + timedelta(days=7 * week),
            "team_ref": str(agent % TEAMS),
            "team_name": f"Team {agent % TEAMS}",
            "tool_downtime_minutes": rng.exponential(30),
            "qa_score": rng.uniform(60, 100),
            "enps_score": int(rng.integers(0, 11)),
        }
        for agent in range(AGENTS)
        for week in range(52)
    ]


def backlog(rng: np.random.Generator) -> list[dict[str, Any]]:
    """A year of days by region and channel; every stock is the one before plus the flows."""
    rows = []
    for region in ("North", "South", "Alpine"):
        for channel in ("email", "phone"):
            stock = 0
            for day in range(365):
                created, reopened = int(rng.poisson(0.05 if region == "Alpine" else 4)), int(rng.poisson(0.2))
                solved = int(rng.binomial(stock + created, 0.2))
                flows = {"n_created": created, "n_reopened": reopened, "n_solved": solved}
                closing = stock + created + reopened - solved
                where = {"calendar_date": date(2025, 11, 1) + timedelta(days=day), "region": region, "channel": channel}
                rows.append(where | flows | {"n_opening": stock, "n_closing": closing})
                stock = closing
    return rows


def teams_of(agents: list[str]) -> list[str]:
    """Team of each agent_ref."""
    return [str(int(agent) % TEAMS) for agent in agents]
