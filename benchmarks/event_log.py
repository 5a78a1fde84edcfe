"""A shop's event log of any size, written by DuckDB out of core: what sessions, carts and funnels are timed on.

Belongs here: drawing the events and laying them out as a house's relations, so that the house's own models run on them.
Stays out: timing (``benchmarks.events``). Every draw is a hash of the seed and of what it is for: the same number of
events gives the same files with any number of threads. Events come by month, as a shop lands them, not by person.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import yaml

from pipelines import warehouse
from pipelines.funnels import funnel_tables, load_funnels, write_funnels
from pipelines.settings import PROJECT_ROOT, Settings

SEED = 20261031
EVENTS_PER_CUSTOMER = 31
MODELS = PROJECT_ROOT / "dbt_project" / "models"
TOUCHPOINTS = PROJECT_ROOT / "dbt_project" / "seeds" / "touchpoints.csv"

SESSIONS = """
    select
        c as customer,
        s as session,
        -- of a hundred sessions 70 only look, 15 fill a cart and leave, 15 go to the checkout
        case
            when draw(c, s, 4) % 100 < 70 then 'look'
            when draw(c, s, 4) % 100 < 85 then 'fill'
            else 'checkout'
        end as kind,
        c * 3 + (draw(c, s, 5) % 4 = 0)::int as device,
        draw(c, s, 6) % 4 = 0 as is_login,
        timestamp '2025-06-01' + (draw(c, 0, 2) % 31536000 + s * 21600 + sum(draw(c, s, 3) % 1209600) over (
            partition by c order by s rows between unbounded preceding and current row
        )) * interval 1 second as started_at
    from range({customers}) as customers(c), unnest(range(2 + (draw(c, 0, 1) % 7)::bigint)) as sessions(s)
"""
"""Two to eight sessions a customer, hours to weeks apart, on one of two devices, with a login in one of four."""

EVENTS = """
    select
        *,
        case
            when i = 0 then 'session_start'
            when i = 1 then 'page_view'
            when i >= n_body then [
                'add_to_cart', 'view_cart', 'begin_checkout', 'add_shipping_info', 'add_payment_info', 'purchase'
            ][i - n_body + 1]
            when draw(customer, session, 100 + i) % 10 < 6 then 'view_item'
            when draw(customer, session, 100 + i) % 10 < 8 then 'view_item_list'
            when draw(customer, session, 100 + i) % 10 < 9 then 'view_search_results'
            else 'page_view'
        end as event_name,
        started_at + (i * 60 + draw(customer, session, 200 + i) % 50) * interval 1 second as event_at,
        draw(customer, session, 8) % 240 as product
    from (
        select
            *,
            3 + draw(customer, session, 7) % (case kind when 'look' then 6 else 4 end) as n_body,
            -- in the checkout two in five buy
            case kind
                when 'look' then 0
                when 'fill' then 2
                else [3, 3, 4, 4, 5, 5, 6, 6, 6, 6][1 + draw(customer, session, 9) % 10]
            end as n_tail
        from ({sessions})
    ), unnest(range((n_body + n_tail)::bigint)) as positions(i)
"""
"""Half a dozen events a session, a minute or so apart."""

WEB_EVENTS = """
    select
        'ga4' as system,
        printf('%016x%04x', draw(customer, session, 10), i) as event_ref,
        case when is_login then 'ga4:login:' || customer else 'ga4:device:' || device_ref end as node_id,
        device_ref,
        event_at,
        event_name,
        case device % 3 when 0 then 'WEB' else 'ANDROID' end as platform,
        case device % 3 when 0 then 'desktop' else 'mobile' end as device_category,
        ['North', 'South', 'West', 'East', 'Alpine'][1 + customer % 5] as region,
        ['google', 'newsletter', '(direct)'][1 + draw(customer, session, 11) % 3] as source,
        ['cpc', 'email', '(none)'][1 + draw(customer, session, 11) % 3] as medium,
        device_ref || '.' || session as vendor_session_ref,
        '/' || event_name as page_path,
        case when event_name in ('view_item', 'add_to_cart') then 'P' || product end as product_ref,
        case when event_name in ('view_item', 'add_to_cart') then product_line end as product_line,
        1 as quantity,
        case
            when event_name in ('add_to_cart', 'view_cart', 'begin_checkout') then (10 + product)::decimal(18, 4)
        end as value_amount,
        'EUR' as currency,
        case when event_name = 'add_shipping_info' then 5.9::decimal(18, 4) end as shipping_amount,
        case when event_name = 'page_view' then (300 + draw(customer, session, 12) % 3000)::bigint end as load_time_ms,
        -- half the shop knows a cart by a token, the other half by the person
        case when i >= n_body and customer % 2 = 0 then printf('%016x', draw(customer, session, 13)) end as cart_ref,
        customer % 100 = 99 as is_bot,
        event_at + interval 1 day as _first_loaded_at,
        -- of the log alone
        'c_' || printf('%016x', draw(customer, 0, 14)) as customer_id,
        printf('%016x%04x', draw(customer, session, 15), 0) as order_id,
        date_trunc('month', event_at)::date as landed
    from (
        select
            *,
            printf('%016x%02x', draw(device, 0, 16), device % 3) as device_ref,
            ['Sofas', 'Lighting', 'Kitchen', 'Textiles', 'Garden', 'Balcony'][1 + product % 6] as product_line
        from ({events})
    )
"""

LOG = """
    select
        web.event_type || ':' || web.event_ref as event_id,
        web.* exclude (event_ref),
        touchpoints.touchpoint,
        touchpoints.stage
    from (
        select
            event_ref,
            case event_name when 'purchase' then 'order_confirmation' else event_name end as event_type,
            system, customer_id, node_id, event_at, device_ref, cart_ref, product_ref as product_id, product_line,
            region, device_category, case platform when 'WEB' then 'web' else 'app' end as channel,
            null as order_id, is_bot, landed
        from read_parquet('{web_events}')
        union all
        select
            order_id, 'order_placed', 'shopify', customer_id, node_id, event_at, null, cart_ref, product_ref,
            product_line, region, device_category, 'web', order_id, is_bot, landed
        from read_parquet('{web_events}')
        where event_name = 'purchase'
    ) as web
    inner join read_csv('{touchpoints}') as touchpoints on web.event_type = touchpoints.event_type
"""


def generate(settings: Settings, folder: Path, events: int) -> dict[str, int]:
    """Write about ``events`` web events and the log they make with their orders into ``folder``.

    Returns:
        ``web_events``, ``log_events``, ``customers``, ``bytes`` of the Parquet files.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    customers = max(events // EVENTS_PER_CUSTOMER, 1)
    with warehouse.memory(settings) as con:
        con.execute(f"create macro draw(a, b, what) as (hash(a, b, what, {SEED}) >> 1)::bigint")
        drawn = EVENTS.format(sessions=SESSIONS.format(customers=customers))
        _copy(con, WEB_EVENTS.format(events=drawn), folder / "web")
        log = LOG.format(web_events=files(folder, "web"), touchpoints=TOUCHPOINTS)
        _copy(con, log, folder / "log")
        counted = [
            con.sql(f"select count(*) from read_parquet('{files(folder, part)}')").fetchall()[0][0]
            for part in ("web", "log")
        ]
    size = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
    return {"web_events": counted[0], "log_events": counted[1], "customers": customers, "bytes": size}


def _copy(con: duckdb.DuckDBPyConnection, sql: str, folder: Path) -> None:
    con.execute(f"copy ({sql}) to '{folder}' (format parquet, partition_by (landed), compression zstd)")


def files(folder: Path, part: str) -> str:
    """Glob of the Parquet files of ``web`` events or of the ``log``."""
    return f"{folder / part}/*/*.parquet"


def lay_out(settings: Settings, folder: Path) -> None:
    """Give the house's models the relations they read: the Parquet files as views, identity and orders from them."""
    with warehouse.connect(settings, read_only=False) as con:
        for schema in ("entities", "identity", "core", "journey", "feedback", "raw"):
            con.execute(f"create schema if not exists {schema}")
        _stand_in(con, "entities.int_web_events", f"read_parquet('{files(folder, 'web')}')")
        _stand_in(con, "core.fct_events", f"(select *, false as is_staff from read_parquet('{files(folder, 'log')}'))")
        con.execute(
            f"""
            create or replace table identity.int_identity__map as
            select distinct
                node_id,
                system,
                split_part(node_id, ':', 2) as profile_kind,
                customer_id,
                1::bigint as cluster_size,
                false as is_staff
            from read_parquet('{files(folder, "web")}')
            """
        )
        orders = f"""
            (select
                order_id, 'shopify' as system, customer_id, node_id, event_at as ordered_at,
                event_at::date as order_date, channel, region, cart_ref,
                true as is_valid, currency, 1 as n_lines, 1 as n_units, false as is_agent_assisted,
                product_id, product_line, 1 as quantity, unit_price_amount
            from read_parquet('{files(folder, "log")}')
            cross join (select 'EUR' as currency, 20::decimal(18, 4) as unit_price_amount)
            where event_type = 'order_placed')
        """
        _stand_in(con, "core.fct_orders", orders, "table")
        _stand_in(con, "core.fct_order_lines", orders, "table")
        products = """
            (select 'P' || p as product_id, (10 + p)::decimal(18, 4) as list_price_amount, 'EUR' as currency,
                ['Sofas', 'Lighting', 'Kitchen', 'Textiles', 'Garden', 'Balcony'][1 + p % 6] as product_line
            from range(240) as products(p))
        """
        _stand_in(con, "core.dim_products", products, "table")
        for empty in ("core.dim_fx_rates", "core.fct_tickets", "feedback.fct_tickets"):
            if _columns(empty):
                _stand_in(con, empty, "(select 1 limit 0)", "table")
        con.execute(
            """
            create or replace table raw.run_settings as
            select
                'benchmark' as run_id,
                timestamp '2027-06-01' as run_at,
                timestamp '2027-06-01' as as_of,
                date '2027-05-31' as as_of_date,
                'Europe/Berlin' as reporting_time_zone,
                'EUR' as reporting_currency,
                11 as min_cell
            """
        )
        define(con)


def define(con: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Write the shipped funnels, or only the named ones, to where the models find them."""
    write_funnels(con, funnel_tables([funnel for funnel in load_funnels() if not names or funnel.name in names]))


def _stand_in(con: duckdb.DuckDBPyConnection, relation: str, source: str, kind: str = "view") -> None:
    """A relation with the columns of its model's YAML: those ``source`` has, the others null."""
    have = {name for name, *_ in con.sql(f"describe select * from {source} as source").fetchall()}
    columns = [f"cast({name if name in have else 'null'} as {type_}) as {name}" for name, type_ in _columns(relation)]
    con.execute(f"create or replace {kind} {relation} as select {', '.join(columns)} from {source} as source")


def _columns(relation: str) -> list[tuple[str, str]]:
    schema, name = relation.split(".")
    for file in sorted(MODELS.rglob(f"{name}.yml")):
        if schema in file.parts:
            (model,) = yaml.safe_load(file.read_text())["models"]
            return [(column["name"], column["data_type"]) for column in model["columns"]]
    return []
