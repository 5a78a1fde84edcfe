-- Law: no edge rests on a value that is blocked or over its limit.
select
    edges.rule,
    edges.identifier_value
from {{ ref('int_identity__edges') }} as edges
inner join {{ ref('int_identity__skipped') }} as skipped
    on
        edges.identifier_value = skipped.identifier_value
        and (edges.rule = skipped.identifier_type or edges.rule = 'shared_' || skipped.identifier_type)
where skipped.reason in ('blocked_value', 'too_many_people', 'too_many_keys', 'too_many_records')
