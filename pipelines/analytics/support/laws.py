"""Laws of the tables of how customers are helped.

Belongs here: conditions that hold whatever the data. Stays out: thresholds on data (the quality suites).
"""

from __future__ import annotations

from pipelines.analytics.law import Law, hidden_law, registry_law

LAWS: dict[str, tuple[Law, ...]] = {
    "support_kpis": (
        hidden_law(("measure", "clock"), ("breakdown", "group_id", "period")),
        registry_law("measure"),
    ),
}
