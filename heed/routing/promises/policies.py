"""What is promised: policies made, changed, put away and put in order."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from heed.accounts import audit
from heed.accounts.models import User
from heed.accounts.refusals import CannotChange
from heed.accounts.rights import need
from heed.lib.order import moved
from heed.routing.desk_hours import refuse_missing
from heed.routing.models import Policy
from heed.routing.moving import promises_may_have_moved
from heed.routing.targets import TARGETS, promised


@transaction.atomic
def keep_policy(policy: Policy, user: User) -> Policy:
    """Make a policy, or change one: what is running moves with it. Raises `NotAllowed`, `CannotChange`."""
    need(user, "routing")
    if not any(promised(policy, target) for target in TARGETS):
        raise CannotChange(_("Promise at least one thing."))
    refuse_missing(policy.teams, policy.accounts, policy.brands)
    new = policy.pk is None
    if new:
        last = Policy.objects.order_by("-position").values_list("position", flat=True).first()
        policy.position = (last or 0) + 1
    before = audit.stood(policy, *_TOLD)
    policy.save()
    audit.kept(user, policy, before, audit.stands(policy, *_TOLD))
    promises_may_have_moved()
    return policy


_TOLD = (
    *("name", "on", "priorities", "groups", "teams", "accounts", "brands", "first_reply", "next_reply"),
    *("resolution", "time", "warn_before", "pause_pending", "pause_hold", "pause_snoozed"),
)
"""What the audit tells of a policy."""


@transaction.atomic
def put_policy_away(policy: Policy, user: User) -> None:
    """A policy promises nothing any more. It stays for what was promised under it. Raises `NotAllowed`."""
    need(user, "routing")
    Policy.objects.filter(pk=policy.pk).update(archived=True)
    audit.record(user, "removed", policy, name=policy.name)
    promises_may_have_moved()


@transaction.atomic
def move_policy(policy: Policy, user: User, up: bool) -> None:
    """Ask this policy before the one above it, or after the one below. Raises `NotAllowed`."""
    need(user, "routing")
    place = moved(Policy.objects.filter(archived=False), policy.pk, -1 if up else 1)
    if place is not None:
        audit.record(user, "changed", policy, position=place)
        promises_may_have_moved()
