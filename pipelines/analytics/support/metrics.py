"""Metrics of how customers are helped: of the service, not of the whole experience.

Belongs here: what each number means and how it is computed. Stays out: the computation.
"""

from __future__ import annotations

from pipelines.analytics.definition import CARE, Definition


def _share(metric_id: str, name: str, definition: str, formula: str) -> Definition:
    return Definition(metric_id, name, definition, f"{formula}; Wilson interval", "share", CARE, "support_kpis")


def _time(metric_id: str, name: str, definition: str) -> tuple[Definition, ...]:
    return tuple(
        Definition(
            f"{metric_id}_{quantile}",
            f"{name}, {words}",
            f"{definition} Calendar clock, or business clock: while the desk of the ticket's region is open.",
            f"{words} by Kaplan-Meier, tickets still waiting censored; Brookmeyer-Crowley interval",
            "minutes",
            CARE,
            "support_kpis",
        )
        for quantile, words in (("median", "median"), ("p90", "90th percentile"))
    )


def _agents(metric_id: str, name: str, definition: str, unit: str) -> Definition:
    how = "mean over agents of the agent's own number; t interval over agents, spread by DerSimonian and Laird"
    return Definition(metric_id, name, definition, how, unit, CARE, "agent_quality")


DEFINITIONS = (
    Definition(
        "tickets_per_100_orders",
        "Contact rate",
        "Support tickets opened in a period for every 100 orders placed in it; by topic, for every 100 of all orders.",
        "100 * tickets / valid orders; exact Poisson interval, by customer in segment_contrasts",
        "tickets per 100 orders",
        CARE,
        "support_kpis, segment_contrasts",
    ),
    *_time("first_reply", "First reply time", "Minutes from opening to the first public reply of an agent."),
    *_time(
        "first_resolution",
        "First resolution time",
        "Minutes from opening to the first solve; a reopened ticket counts where the desk says when that was.",
    ),
    *_time("resolution", "Resolution time", "Minutes from opening to the last solve: a reopening starts it again."),
    _share(
        "one_touch_share",
        "One-touch tickets",
        "Share of solved tickets that needed at most one agent reply.",
        "one-touch / solved tickets",
    ),
    _share(
        "reopen_share",
        "Reopened tickets",
        "Share of solved tickets that were reopened at least once.",
        "reopened / solved tickets",
    ),
    _share(
        "first_contact_resolution_share",
        "Solved at the first contact",
        "Share of first contacts about a topic that were solved, never reopened and not followed by another contact of "
        "the person about the topic within 7 days; contacts of the last 7 days are not judged yet.",
        "solved at the first contact / first contacts",
    ),
    _share(
        "repeat_contact_share",
        "Repeat contacts",
        "Share of tickets by a person who wrote about the same topic in the 7 days before.",
        "repeat contacts / tickets",
    ),
    _share(
        "channel_switch_share",
        "Repeat contacts on another channel",
        "Share of tickets by a person who wrote about the same topic in the 7 days before on another channel: what was "
        "said there was not handed on.",
        "repeat contacts on another channel / tickets",
    ),
    _share(
        "transfer_share",
        "Handed from agent to agent",
        "Share of tickets that passed through more than one agent.",
        "tickets with more than one agent / tickets",
    ),
    _share(
        "out_of_hours_share",
        "Opened out of hours",
        "Share of tickets opened while the desk of their region was closed (seed support_hours): an "
        "assistant that never sleeps would see these first.",
        "opened out of hours / tickets",
    ),
    Definition(
        "sla_attainment",
        "Promises kept",
        "Share of tickets answered or solved within the time their policy promises (seed service_policies; the first "
        "that fits by topic, channel and priority). A ticket is judged once its time is up, however soon it was done.",
        "in time / tickets whose time is up; Wilson interval, met or missed where all of it is on one side",
        "share",
        CARE,
        "service_policies",
    ),
    Definition(
        "policy_coverage",
        "Topics with a promise",
        "Share of a topic's tickets that fall under a policy for the reply, or for the solution.",
        "tickets under a policy / tickets; Wilson interval",
        "share",
        CARE,
        "service_coverage",
    ),
    _share(
        "csat_good_share",
        "Good ticket ratings",
        "Share of rated tickets rated good; a two-way rating, not top-2 of five.",
        "good / rated tickets",
    ),
    _agents(
        "qa_score",
        "Conversations as line managers rate them",
        "Line manager's rating of sampled conversations, 0-100, of agents with four rated weeks or more.",
        "points 0-100",
    ),
    _agents(
        "agent_csat_good_share",
        "Good ratings, agents alike",
        "Share of an agent's rated tickets rated good, of agents with eleven or more; each agent counts alike.",
        "share",
    ),
    _agents(
        "agent_one_touch_share",
        "One-touch tickets, agents alike",
        "Share of an agent's solved tickets that needed at most one reply, of agents with eleven or more.",
        "share",
    ),
    _agents(
        "agent_first_contact_resolution_share",
        "Solved at the first contact, agents alike",
        "Share of an agent's first contacts solved at the first contact, of agents with eleven or more.",
        "share",
    ),
    Definition(
        "enps",
        "Employee net promoter score",
        "Share of support staff who would recommend the company as an employer with 9-10, minus share with 0-6.",
        "100 * (promoters - detractors) / answers; adjusted Wald interval; from five agents on",
        "points -100 to 100",
        CARE,
        "agent_quality",
    ),
    Definition(
        "employee_link",
        "Good ratings after what staff lived through",
        "Association of the share of good ratings with tool downtime, line managers' ratings and the employee score of "
        "the team in the period before, the same and the one after (placebo). Nothing is said to cause anything.",
        "weighted least squares by team and period, fixed teams and quarters, periods as clusters; 100 team-periods",
        "share per unit",
        CARE,
        "employee_links",
    ),
)
