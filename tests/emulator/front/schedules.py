"""The first minute of a schedule, cut short: a rule with a rate fires a moment after it was made, and from then on at its rate.

AWS counts a whole minute first; a deployment to three regions, one after the other, would only wait.
"""

# Seconds from a rule to its first event.
FIRST = 2
# Seconds between two looks at what is due; ministack's own are ten.
LOOK = 1


def hasten():
    """Starts the count of new rules nearly at its end."""
    from ministack.services import eventbridge

    tick = eventbridge._tick_scheduled_rules

    def ticked():
        now = eventbridge._now_ts()
        for (account, region, key), rule in list(eventbridge._rules._data.items()):
            interval = eventbridge._parse_rate_seconds(rule.get("ScheduleExpression", ""))
            state = (account, region, key)
            # Its targets are put a moment later: a rule without any would fire at nothing.
            if interval and state not in eventbridge._rule_last_fired and eventbridge._targets._data.get(state):
                eventbridge._rule_last_fired[state] = now - interval + FIRST
        tick()

    eventbridge._tick_scheduled_rules = ticked
    eventbridge._SCHEDULER_TICK_INTERVAL = LOOK
