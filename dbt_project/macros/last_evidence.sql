{# A detector's row per cart: the last event of `events` that meets the condition, as the evidence of the cause. Events of one moment are
   told apart by their key, so that the evidence is the same in every run. #}
{% macro last_evidence(cause, at_risk_step, events, condition, evidence_type='web_event') -%}
select
    episode,
    '{{ cause }}' as cause,
    '{{ at_risk_step }}' as at_risk_step,
    '{{ evidence_type }}' as evidence_type,
    event_ref as evidence_ref,
    event_at as evidence_at
from (
    select
        episode,
        event_ref,
        event_at,
        row_number() over (partition by episode order by event_at desc, event_ref) as place
    from {{ events }}
    where {{ condition }}
) as ranked
where place = 1
{%- endmacro %}
