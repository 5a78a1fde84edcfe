-- Law: every session that a rule on single sessions calls an abandonment stands with one cart; none is lost on the way.
with exits as (
    select count(*) as n_exits
    from {{ ref('cart_session_exits') }}
),

carts as (
    select coalesce(sum(n_session_exits), 0) as n_exits
    from {{ ref('fct_carts') }}
)

select
    exits.n_exits,
    carts.n_exits as n_exits_of_carts
from exits
cross join carts
where exits.n_exits <> carts.n_exits
