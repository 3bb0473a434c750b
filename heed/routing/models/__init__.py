"""Who works on what, hours, targets and automatic messages."""

from __future__ import annotations

from heed.routing.models.people import (
    AccountTeam,
    Profile,
    Skill,
    TeamRouting,
    Turn,
)
from heed.routing.models.rules import Rule, RuleRun
from heed.routing.models.time import (
    AutomaticMessage,
    AutomaticSent,
    Hours,
    Policy,
    Promise,
    Schedule,
    SchedulePlace,
)

__all__ = [
    "AccountTeam",
    "AutomaticMessage",
    "AutomaticSent",
    "Hours",
    "Policy",
    "Profile",
    "Promise",
    "Rule",
    "RuleRun",
    "Schedule",
    "SchedulePlace",
    "Skill",
    "TeamRouting",
    "Turn",
]
