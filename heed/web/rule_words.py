"""What a rule did, as a line between the messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from heed.routing import actions
from heed.routing.rules import said_to_reader


def who(facts: Mapping[str, Any]) -> SafeString | None:
    """The rule that did something, in the place of a person."""
    name = facts.get("rule_name")
    return format_html(_("The rule “{name}”"), name=format_html("<bdi>{}</bdi>", name)) if name else None


def _ran(rule: SafeString | None, facts: Mapping[str, Any]) -> SafeString:
    deeds = [_deed(each) for each in facts.get("did", []) if isinstance(each, Mapping)]
    done = format_html_join("; ", "{}", ((each,) for each in deeds))
    return format_html("{}: {}", rule or _("Rule"), done)


def _deed(outcome: Mapping[str, Any]) -> SafeString:
    told = format_html("<bdi>{}</bdi>", actions.tell(outcome))
    if outcome.get("ok") is not False:
        return told
    return format_html(_("{what}: did not work. {why}"), what=told, why=said_to_reader(outcome.get("said")))


SAID: dict[str, Callable[[SafeString | None, Mapping[str, Any]], SafeString]] = {"rule_ran": _ran}
