"""Rules and skills that name a tag: they go on meaning it when it is called another name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from heed.inbox.conditions import names_tag, with_tag_renamed
from heed.routing.models import Rule, Skill


def rename_tag(old: str, new: str) -> None:
    """Write the new name of a tag into rules and skills. Within a transaction."""
    for rule in Rule.objects.select_for_update().order_by("pk"):
        condition = with_tag_renamed(rule.condition, old, new)
        actions = [_renamed(each, old, new) for each in rule.actions]
        if (condition, actions) != (rule.condition, rule.actions):
            Rule.objects.filter(pk=rule.pk).update(condition=condition, actions=actions)
    for skill in Skill.objects.select_for_update().filter(tags__contains=[old]).order_by("pk"):
        Skill.objects.filter(pk=skill.pk).update(tags=_names(skill.tags, old, new))


def where_tag(name: str) -> list[str]:
    """The rules and skills that ask for a tag or set it, in words."""
    rules = [each.name for each in Rule.objects.order_by("name") if _names_it(each, name)]
    skills = Skill.objects.filter(tags__contains=[name]).order_by("name").values_list("name", flat=True)
    return [_("the rule “%(name)s”") % {"name": each} for each in rules] + [
        _("the skill “%(name)s”") % {"name": each} for each in skills
    ]


def _names_it(rule: Rule, name: str) -> bool:
    return names_tag(rule.condition, name) or any(name in each.get("tags", []) for each in rule.actions)


def _renamed(action: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    tags = action.get("tags", [])
    return {**action, "tags": _names(tags, old, new)} if old in tags else dict(action)


def _names(tags: list[str], old: str, new: str) -> list[str]:
    return sorted({new if each == old else each for each in tags})
