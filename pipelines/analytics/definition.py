"""One entry of the registry.

Belongs here: its shape, and who owns numbers. Stays out: the entries, which stand beside by topic.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """One row of ``metrics``, in the order of its columns."""

    metric_id: str
    name: str
    definition: str
    formula: str
    unit: str
    owner: str
    source: str


INSIGHT, COMMERCE, CARE, CRM = "customer-insight", "e-commerce", "customer-care", "crm"
