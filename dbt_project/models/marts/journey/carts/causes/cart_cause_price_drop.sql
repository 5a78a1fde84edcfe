-- One row per cart episode with a product that was sold for at least 1 % less, in the same currency, in the 30 days before it was put in or
-- from then until the cart was left: cheaper elsewhere, or lowered after the add. The sales show it, so a price nobody paid is not seen;
-- what competitors ask is in no export.
with items as (
    select * from {{ ref('cart_items') }}
),

outcomes as (
    select
        episode,
        evidence_until_at
    from {{ ref('cart_outcomes') }}
),

prices as (
    select * from {{ ref('product_price_spans') }}
),

-- A price that already held at the add is dated by the add, an older one by its last sale.
cheaper as (
    select
        items.episode,
        items.product_id as event_ref,
        case
            when prices.first_sold_at >= items.added_at then prices.first_sold_at
            else least(prices.last_sold_at, items.added_at)
        end as event_at
    from items
    inner join outcomes on items.episode = outcomes.episode
    inner join prices
        on
            items.product_id = prices.product_id
            and items.currency = prices.currency
            and prices.unit_price_amount <= items.unit_price_amount * 0.99
            and prices.last_sold_at >= items.added_at - interval 30 day
            and prices.first_sold_at < outcomes.evidence_until_at
)

{{ last_evidence('price_drop', 'cart', 'cheaper', 'event_at is not null', evidence_type='product') }}
