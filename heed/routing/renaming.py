"""What names a tag, customer group, team, brand or account goes on meaning it when that is called another
name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from heed.accounts.models import User
from heed.inbox.conditions import (
    names_group,
    names_tag,
    with_group_renamed,
    with_name_changed,
    with_tag_renamed,
)
from heed.inbox.models import SavedView
from heed.inbox.verbs.places import must_fit
from heed.routing.models import Policy, Rule, Skill
from heed.routing.moving import promises_may_have_moved


def rename_tag(old: str, new: str) -> None:
    """Write the new name of a tag into rules and skills. Within a transaction. Raises `CannotTend`."""
    for rule in Rule.objects.select_for_update().order_by("pk"):
        with must_fit(_place_of(rule)):
            condition = with_tag_renamed(rule.condition, old, new)
        actions = [_renamed(each, old, new) for each in rule.actions]
        if (condition, actions) != (rule.condition, rule.actions):
            Rule.objects.filter(pk=rule.pk).update(condition=condition, actions=actions)
    for skill in Skill.objects.select_for_update().filter(tags__contains=[old]).order_by("pk"):
        Skill.objects.filter(pk=skill.pk).update(tags=_names(skill.tags, old, new))


def rename_group(old: str, new: str) -> None:
    """Write the new name of a customer group into rules and targets. Where two became one, another target may
    be the first for them. Within a transaction. Raises `CannotTend`."""
    for rule in Rule.objects.select_for_update().filter(condition__icontains="group:").order_by("pk"):
        with must_fit(_place_of(rule)):
            condition = with_group_renamed(rule.condition, old, new)
        if condition != rule.condition:
            Rule.objects.filter(pk=rule.pk).update(condition=condition)
    for policy in Policy.objects.select_for_update().filter(groups__contains=[old]).order_by("pk"):
        Policy.objects.filter(pk=policy.pk).update(groups=_names(policy.groups, old, new))
    if Policy.objects.filter(archived=False).exclude(groups=[]).exists():
        promises_may_have_moved()


def rename_in_conditions(operator: str, pk: int, old: str) -> None:
    """Write the new name of a team, brand or account into the conditions of views and rules. Within a
    transaction. Views are locked first, as where a tag or group gets another name: two at once wait in
    turn."""
    views = SavedView.objects.select_for_update(of=("self",)).filter(condition__icontains=f"{operator}:")
    people: dict[int, User] = {}
    for view in views.select_related("owner").order_by("pk"):
        owner = people.setdefault(view.owner_id, view.owner)  # what each may know is read once
        condition = with_name_changed(view.condition, operator, pk, old, owner)
        if condition != view.condition:
            SavedView.objects.filter(pk=view.pk).update(condition=condition)
    for rule in Rule.objects.select_for_update().exclude(condition="").order_by("pk"):
        condition = with_name_changed(rule.condition, operator, pk, old)
        if condition != rule.condition:
            Rule.objects.filter(pk=rule.pk).update(condition=condition)


def where_tag(name: str) -> list[str]:
    """The rules and skills that ask for a tag or set it, in words."""
    rules = [each for each in Rule.objects.order_by("name") if _names_it(each, name)]
    skills = Skill.objects.filter(tags__contains=[name]).order_by("name").values_list("name", flat=True)
    return [_place_of(each) for each in rules] + [
        _("the skill “%(name)s”") % {"name": each} for each in skills
    ]


def where_group(name: str) -> list[str]:
    """The rules and targets that ask for a customer group, in words."""
    rules = Rule.objects.filter(condition__icontains="group:").order_by("name")
    policies = Policy.objects.filter(groups__contains=[name], archived=False).order_by("name")
    return [
        *(_place_of(each) for each in rules if names_group(each.condition, name)),
        *(_("the target “%(name)s”") % {"name": each.name} for each in policies),
    ]


def _place_of(rule: Rule) -> str:
    return _("the rule “%(name)s”") % {"name": rule.name}


def _names_it(rule: Rule, name: str) -> bool:
    return names_tag(rule.condition, name) or any(name in each.get("tags", []) for each in rule.actions)


def _renamed(action: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    tags = action.get("tags", [])
    return {**action, "tags": _names(tags, old, new)} if old in tags else dict(action)


def _names(tags: list[str], old: str, new: str) -> list[str]:
    return sorted({new if each == old else each for each in tags})
