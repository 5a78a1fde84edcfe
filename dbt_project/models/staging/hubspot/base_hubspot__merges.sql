-- One row per contact id that was merged away: the contact it lives on in, by the CRM's own merge history.
with contacts as (
    {{ deduplicate('hubspot', 'contacts') }}
),

merged as (
    select
        hs_object_id as surviving_id,
        lastmodifieddate,
        trim(merged_id) as merged_id
    from contacts
    {{ unnest_array(split_text('hs_merged_object_ids', ';'), 'merged_id') }}
),

ranked as (
    select
        merged_id as merged_contact_ref,
        cast(surviving_id as string) as surviving_contact_ref,
        lastmodifieddate as merged_at,
        row_number() over (partition by merged_id order by lastmodifieddate desc, surviving_id desc) as merge_rank
    from merged
    where merged_id <> '' and merged_id <> cast(surviving_id as string)
),

absorbed as (
    select
        merged_contact_ref,
        surviving_contact_ref,
        merged_at
    from ranked
    where merge_rank = 1
)

select * from absorbed
