-- One row per survey invitation.
with invitations as (
    select * from {{ ref('int_survey_invitations') }}
),

product_lines as (
    select * from {{ ref('product_lines') }}
),

run_settings as (
    select * from {{ source('run', 'run_settings') }}
)

select
    invitations.system || ':' || invitations.invitation_ref as invitation_id,
    invitations.survey_ref,
    case when invitations.response_ref is not null then invitations.system || ':' || invitations.response_ref end as response_id,
    invitations.sent_at,
    {{ date_in_zone('invitations.sent_at', 'run_settings.reporting_time_zone') }} as sent_date,
    invitations.status,
    coalesce(invitations.division, product_lines.division) as division,
    invitations.product_line,
    invitations.region
from invitations
cross join run_settings
left join product_lines on invitations.product_line = product_lines.product_line
