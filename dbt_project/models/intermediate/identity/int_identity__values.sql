-- One row per distinct identifier type, raw value and country: its normalised value, or null where it has none.
with identifiers as (
    select distinct
        identifier_type,
        raw_value,
        case when identifier_type = 'phone' then upper(trim(country_code)) end as country_code
    from {{ ref('int_identifiers') }}
),

calling_codes as (
    select
        cast(calling_code as string) as calling_code,
        max(coalesce(cast(trunk_prefix as string), '')) as trunk_prefix,
        min(min_national_length) as min_national_length,
        max(max_national_length) as max_national_length
    from {{ ref('country_calling_codes') }}
    group by 1
),

countries as (
    select
        country_code,
        cast(calling_code as string) as calling_code,
        cast(international_prefix as string) as international_prefix
    from {{ ref('country_calling_codes') }}
),

blocked_values as (
    select * from {{ ref('identity_blocked_values') }}
),

email_providers as (
    select * from {{ ref('email_providers') }}
),

-- Lower case; what the provider does not look at goes: "+shop", and at some the dots.
email_text as (
    select
        raw_value,
        lower(trim(raw_value)) as address,
        split_part(lower(trim(raw_value)), '@', 1) as local_part,
        split_part(lower(trim(raw_value)), '@', 2) as domain
    from identifiers
    where
        identifier_type = 'email'
        and {{ regex_matches('lower(trim(raw_value))', '^[^@ ]+@[^@ ]+[.][^@ .]+$') }}
),

emails as (
    select distinct
        email_text.raw_value,
        'email' as identifier_type,
        case
            when email_providers.domain is null then email_text.address
            else
                replace(
                    split_part(email_text.local_part, '+', 1),
                    case when email_providers.ignores_dots then '.' else '+' end,
                    ''
                ) || '@' || email_providers.canonical_domain
        end as address
    from email_text
    left join email_providers on email_text.domain = email_providers.domain
),

-- "+44 (0)20 7946 0000 ext. 5": the extension and the bracketed trunk zero are notation, not number.
phone_text as (
    select
        raw_value,
        country_code,
        {{ regex_replace_all("replace(lower(trim(raw_value)), '(0)', '')", '(;?ext[.=]?|x|#) *[0-9]+$') }} as text
    from identifiers
    where identifier_type = 'phone'
),

phone_digits as (
    select
        raw_value,
        country_code,
        {{ regex_replace_all('text', '[^0-9]') }} as digits,
        text like '+%' or text like '(+%' as has_plus,
        {{ regex_matches('text', '[a-z]') }} as has_letters
    from phone_text
),

phone_with_country as (
    select
        phone_digits.*,
        countries.calling_code as home_code,
        home.trunk_prefix as home_trunk,
        home.max_national_length as home_max,
        coalesce(countries.international_prefix, '00') as international_prefix
    from phone_digits
    left join countries on phone_digits.country_code = countries.country_code
    left join calling_codes as home on countries.calling_code = home.calling_code
),

-- The number with its calling code in front, however it was written.
phone_international as (
    select
        raw_value,
        country_code,
        case
            when has_letters then null
            when has_plus then digits
            when digits like international_prefix || '%' then substr(digits, length(international_prefix) + 1)
            when home_code is null then null
            when digits like home_code || '%' and length(digits) > home_max then digits
            else home_code || digits
        end as international
    from phone_with_country
),

-- Calling codes are prefix-free: at most one of the three lengths matches.
phone_parts as (
    select
        phone_international.raw_value,
        phone_international.country_code,
        codes.calling_code,
        substr(phone_international.international, length(codes.calling_code) + 1) as national,
        codes.trunk_prefix,
        codes.min_national_length,
        codes.max_national_length
    from phone_international
    inner join calling_codes as codes
        on codes.calling_code in (
            substr(phone_international.international, 1, 1),
            substr(phone_international.international, 1, 2),
            substr(phone_international.international, 1, 3)
        )
),

phone_national as (
    select
        raw_value,
        country_code,
        calling_code,
        min_national_length,
        max_national_length,
        case
            when
                trunk_prefix <> ''
                and national like trunk_prefix || '%'
                and length(national) - length(trunk_prefix) >= min_national_length
                then substr(national, length(trunk_prefix) + 1)
            else national
        end as national
    from phone_parts
),

phones as (
    select
        'phone' as identifier_type,
        raw_value,
        country_code,
        '+' || calling_code || national as e164
    from phone_national
    where length(national) between min_national_length and max_national_length
),

normalised as (
    select
        identifiers.identifier_type,
        identifiers.raw_value,
        identifiers.country_code,
        case identifiers.identifier_type
            when 'email' then emails.address
            when 'phone' then phones.e164
            when 'loyalty_card' then nullif({{ regex_replace_all('upper(identifiers.raw_value)', '[^0-9A-Z]') }}, '')
            when 'order_name' then {{ order_name_key('identifiers.raw_value') }}
            else nullif(trim(identifiers.raw_value), '')
        end as identifier_value
    from identifiers
    left join phones
        on
            identifiers.identifier_type = phones.identifier_type
            and identifiers.raw_value = phones.raw_value
            and identifiers.country_code is not distinct from phones.country_code
    left join emails
        on
            identifiers.identifier_type = emails.identifier_type
            and identifiers.raw_value = emails.raw_value
),

blocked as (
    select
        normalised.identifier_type,
        normalised.raw_value,
        normalised.country_code,
        min(blocked_values.why) as why
    from normalised
    inner join blocked_values
        on
            blocked_values.identifier_type in ('any', normalised.identifier_type)
            and (
                lower(trim(normalised.raw_value)) like blocked_values.pattern
                or lower(normalised.identifier_value) like blocked_values.pattern
            )
    group by 1, 2, 3
),

-- The part of a value a person could have chosen: of an e-mail what stands before the @.
chosen as (
    select
        identifier_type,
        raw_value,
        country_code,
        identifier_value,
        case identifier_type when 'email' then split_part(identifier_value, '@', 1) else identifier_value end as text
    from normalised
),

judged as (
    select
        chosen.identifier_type,
        chosen.raw_value,
        chosen.country_code,
        chosen.identifier_value,
        case
            when blocked.raw_value is not null then 'seed'
            when translate(trim(chosen.raw_value), '0-', '') = '' then 'form'
            -- 4444444, xxx@home.example: a key held down
            when
                chosen.identifier_type = 'email'
                and length(chosen.text) >= 2
                and translate(chosen.text, substr(chosen.text, 1, 1), '') = ''
                then 'form'
            when
                chosen.identifier_type in ('phone', 'loyalty_card')
                and length(chosen.text) >= 8
                and translate(substr(chosen.text, length(chosen.text) - 5), substr(chosen.text, length(chosen.text)), '') = ''
                then 'form'
        end as block_reason,
        coalesce(blocked.why, 'Zeros, dashes or one character repeated.') as why
    from chosen
    left join blocked
        on
            chosen.identifier_type = blocked.identifier_type
            and chosen.raw_value = blocked.raw_value
            and chosen.country_code is not distinct from blocked.country_code
),

values_checked as (
    select
        identifier_type,
        raw_value,
        country_code,
        identifier_value,
        block_reason is not null as is_blocked,
        block_reason,
        case when block_reason is not null then why end as block_why
    from judged
)

select * from values_checked
