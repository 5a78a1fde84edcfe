-- One row per e-mail that no record with a name shows and that is, but for a letter too few or too many, another e-mail which
-- records with a name show: a slip of the keyboard at the till or in a survey.
with identifiers as (
    select
        identifiers.node_id,
        identifiers.identifier_value,
        identifiers.observed_at,
        records.given_name is not null as is_named
    from {{ ref('int_identity__identifiers') }} as identifiers
    inner join {{ ref('int_identity__records') }} as records on identifiers.node_id = records.node_id
    where identifiers.identifier_type = 'email'
),

shared_values as (
    select distinct identifier_value
    from {{ ref('int_identity__groups') }}
    where
        identifier_type = 'email'
        and (n_people > 1 or skip_reason is not null)
),

shown as (
    select
        identifier_value,
        split_part(identifier_value, '@', 1) as local_part,
        split_part(identifier_value, '@', 2) as domain,
        max(case when is_named then 1 else 0 end) = 1 as is_named,
        min(node_id) as node_id,
        min(case when is_named then node_id end) as named_node_id,
        min(observed_at) as observed_at
    from identifiers
    group by 1, 2, 3
),

-- Long addresses with a number or of two words are one person's own; "info" and "inof" are nobody's.
telling as (
    select
        *,
        length(local_part) as n_letters,
        {{ regex_replace_all('local_part', '[^0-9]') }} as digits,
        {{ regex_replace_all('local_part', '[^a-z]') }} as letters
    from shown
    where
        length(local_part) >= 8
        and {{ regex_matches('local_part', '[0-9].*[0-9]|[a-z]{3,}[._-][a-z]{3,}') }}
),

-- What somebody is called, and what addresses with a name spell: gabriela12 is no slip of gabriella12.
spellings as (
    select given_name as letters from {{ ref('int_identity__records') }}
    union
    select family_name as letters from {{ ref('int_identity__records') }}
    union
    select letters from telling
    where is_named
),

candidates as (
    select telling.*
    from telling
    left join spellings on telling.letters = spellings.letters
    where
        telling.is_named
        or spellings.letters is null
),

-- Where one of two words lacks a letter of the other, they share the first or the second half of the shorter one.
halves as (
    {%- for shorter in ('n_letters', 'n_letters - 1') %}
    select
        identifier_value,
        domain,
        digits,
        local_part,
        is_named,
        {{ shorter }} as n_shorter,
        'first' as half,
        substr(local_part, 1, cast(floor(({{ shorter }}) / 2) as int)) as half_text
    from candidates
    union all
    select
        identifier_value,
        domain,
        digits,
        local_part,
        is_named,
        {{ shorter }} as n_shorter,
        'second' as half,
        substr(local_part, n_letters - cast(ceil(({{ shorter }}) / 2) as int) + 1) as half_text
    from candidates
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

pairs as (
    select distinct
        slips.identifier_value,
        near.identifier_value as near_value
    from halves as slips
    inner join halves as near
        on
            slips.domain = near.domain
            and slips.n_shorter = near.n_shorter
            and slips.half = near.half
            and slips.half_text = near.half_text
            and slips.digits = near.digits
    where
        not slips.is_named
        and near.is_named
        and abs(length(slips.local_part) - length(near.local_part)) = 1
        and {{ typing_distance('slips.local_part', 'near.local_part') }} = 1
),

judged as (
    select
        pairs.identifier_value,
        pairs.near_value,
        slips.node_id,
        near.named_node_id as near_node_id,
        slips.observed_at,
        count(*) over (partition by pairs.identifier_value) as n_near,
        case
            when count(*) over (partition by pairs.identifier_value) > 1 then 'several_addresses'
            when shared_values.identifier_value is not null then 'shared_value'
        end as skip_reason
    from pairs
    inner join shown as slips on pairs.identifier_value = slips.identifier_value
    inner join shown as near on pairs.near_value = near.identifier_value
    left join shared_values on pairs.near_value = shared_values.identifier_value
)

select * from judged
