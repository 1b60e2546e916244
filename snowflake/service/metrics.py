"""The server's counts in Prometheus' text format. Pure; a dozen lines need no library, so the package stays light."""

from snowflake.service.model import Identity


def render_metrics(identity: Identity) -> str:
    """One sample a line."""
    counters = {
        "ids_total": ("counter", "Ids given out one by one and in batches.", identity.ids),
        "leases_total": ("counter", "Range leases granted.", identity.leases),
        "waits_total": ("counter", "Times that a caller waited for the next tick.", identity.waits),
        "clock_refusals_total": ("counter", "Ids refused because the clock was back.", identity.clock_refusals),
        "renewals_total": ("counter", "Times that a caller waited for the time ahead.", identity.renewals),
        "days_left": ("gauge", "Days until the layout's time runs out.", identity.days_left),
        "worker_id": ("gauge", "The worker id in use.", identity.worker_id),
    }
    lines = []
    for name, (kind, about, value) in counters.items():
        lines += [f"# HELP snowflake_{name} {about}", f"# TYPE snowflake_{name} {kind}", f"snowflake_{name} {value}"]
    lines += [
        "# HELP snowflake_requests_total Requests by the caller's name.",
        "# TYPE snowflake_requests_total counter",
    ]
    lines += [
        f'snowflake_requests_total{{user_agent="{name}"}} {count}'
        for name, count in sorted(identity.user_agents.items())
    ]
    return "\n".join(lines) + "\n"
