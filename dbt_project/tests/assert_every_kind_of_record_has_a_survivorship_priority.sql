-- Every kind of record stands in the seed that says how far it is trusted: a kind that does not would come last unnoticed.
select distinct
    profiles.system,
    profiles.profile_kind
from {{ ref('int_profiles') }} as profiles
left join {{ ref('survivorship_priorities') }} as priorities
    on
        profiles.system = priorities.system
        and profiles.profile_kind = priorities.profile_kind
where priorities.system is null
