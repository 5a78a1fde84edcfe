"""What must hold of the tables identity writes, whatever the data: one law a table.

Belongs here: the laws and running them. Stays out: laws between these tables and others (dbt's tests).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipelines.identity.rules import Rules


@dataclass(frozen=True)
class Law:
    """``sql`` gives one row: how many rows were looked at, how many break the law. It may name thresholds in braces."""

    table: str
    name: str
    why: str
    sql: str


LAWS = (
    Law(
        "int_identity__map",
        "one_person_a_record",
        "Every source record is in the map exactly once.",
        """
        with mapped as (
            select node_id, count(*) as n from identity.int_identity__map group by 1
        )
        select
            (select count(*) from identity.int_identity__map),
            count(*) filter (where mapped.n is distinct from 1 or profiles.node_id is null)
        from mapped
        full outer join entities.int_profiles as profiles on mapped.node_id = profiles.node_id
        """,
    ),
    Law(
        "int_identity__links",
        "links_lie_within_one_person",
        "A link that was used joins two records of the person it is told of.",
        """
        select
            count(*),
            count(*) filter (
                where
                    a.customer_id is distinct from links.customer_id
                    or b.customer_id is distinct from links.customer_id
            )
        from identity.int_identity__links as links
        left join identity.int_identity__map as a on links.node_id_a = a.node_id
        left join identity.int_identity__map as b on links.node_id_b = b.node_id
        """,
    ),
    Law(
        "int_identity__skipped_links",
        "skipped_links_say_why",
        "A link that was not used lies between two persons and has a reason.",
        """
        select
            count(*),
            count(*) filter (where skipped.reason is null or a.customer_id is not distinct from b.customer_id)
        from identity.int_identity__skipped_links as skipped
        left join identity.int_identity__map as a on skipped.node_id_a = a.node_id
        left join identity.int_identity__map as b on skipped.node_id_b = b.node_id
        """,
    ),
    Law(
        "int_identity__clusters",
        "one_row_a_person",
        "Every person of the map has one row, with as many records as the map gives it.",
        """
        with people as (
            select customer_id, count(*) as n_nodes from identity.int_identity__map group by 1
        )
        select
            (select count(*) from identity.int_identity__clusters),
            count(*) filter (where clusters.n_nodes is distinct from people.n_nodes)
        from people
        full outer join identity.int_identity__clusters as clusters on people.customer_id = clusters.customer_id
        """,
    ),
    Law(
        "int_identity__events",
        "an_id_is_new_once",
        "No id is given to a second person.",
        """
        select count(*), count(*) filter (where n > 1)
        from (
            select customer_id, count(*) filter (where event = 'new') as n from identity.int_identity__events group by 1
        )
        """,
    ),
    Law(
        "int_identity__redirects",
        "redirects_lead_on_in_one_step",
        "An id that is no longer in use leads to one that is not itself redirected.",
        """
        select count(*), count(*) filter (where further.customer_id is not null or used.customer_id is not null)
        from identity.int_identity__redirects as redirects
        left join identity.int_identity__redirects as further on redirects.into_customer_id = further.customer_id
        left join identity.int_identity__clusters as used on redirects.customer_id = used.customer_id
        """,
    ),
    Law(
        "int_identity__map_history",
        "what_is_known_now_is_the_map",
        "The open rows of the history are the map.",
        """
        select
            (select count(*) from identity.int_identity__map_history),
            count(*) filter (where map.customer_id is distinct from history.customer_id)
        from identity.int_identity__map as map
        full outer join (
            select node_id, customer_id from identity.int_identity__map_history where known_to is null
        ) as history on map.node_id = history.node_id
        """,
    ),
    Law(
        "int_identity__review",
        "review_is_unsure",
        "A pair for review lies between the two thresholds of the rules, and no pair stands twice.",
        """
        select count(*), count(*) filter (where (confidence >= {review} and confidence < {auto_link}) is not true)
            + count(*) - count(distinct node_id_a || '|' || node_id_b)
        from identity.int_identity__review
        """,
    ),
    Law(
        "int_identity__health",
        "a_measure_once_a_run",
        "Each measure has one value a run.",
        """
        select count(*), count(*) - count(distinct run_id || '|' || cast(known_at as varchar) || '|' || measure)
        from identity.int_identity__health
        """,
    ),
)


def broken(con: duckdb.DuckDBPyConnection, law: Law, rules: Rules) -> tuple[int, int]:
    """Rows a law looked at, and rows that break it under these rules' thresholds."""
    looked, wrong = con.execute(law.sql.format(**rules.thresholds.model_dump())).fetchall()[0]
    return int(looked), int(wrong)
