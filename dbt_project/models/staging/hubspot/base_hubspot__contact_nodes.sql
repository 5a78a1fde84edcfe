-- One row per contact id that may stand in another CRM table: its own record where one was exported, else the contact it was merged into.
with contacts as (
    {{ deduplicate('hubspot', 'contacts') }}
),

absorbed as (
    select * from {{ ref('base_hubspot__merges') }}
),

nodes as (
    select
        cast(hs_object_id as string) as contact_ref,
        'hubspot:contact:' || cast(hs_object_id as string) as node_id
    from contacts
    union all
    select
        absorbed.merged_contact_ref as contact_ref,
        'hubspot:contact:' || absorbed.surviving_contact_ref as node_id
    from absorbed
    left join contacts
        on cast(contacts.hs_object_id as string) = absorbed.merged_contact_ref
    where contacts.hs_object_id is null
)

select * from nodes
