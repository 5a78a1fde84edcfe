"""Stands in for dbt's adapter while sqlfluff renders a model: an engine macro becomes a call of its own name.

Belongs here: only what the linter needs to see the shape of a model. Stays out: anything a run uses.
"""

from __future__ import annotations

from collections.abc import Callable


def dispatch(name: str) -> Callable[..., str]:
    """A function of the macro's name that renders a call; the few that are no expression render their shape."""

    def render(*arguments: object) -> str:
        if name == "unnest_array":
            array, item = arguments[0], arguments[1]
            columns = f"{item}, {item}_number" if arguments[2] else f"{item}"
            return f"cross join unnest({array}) as {item}_rows({columns})"
        if name == "sql_type":
            return str(arguments[0])
        if name == "incremental_by_day":
            return ""
        first = arguments[0]
        return f"{name}({', '.join(map(str, first)) if isinstance(first, list) else first})"

    return render
