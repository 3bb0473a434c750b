"""What actions do, in words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from heed.accounts.models import Team, User
from heed.lib.text import first_words
from heed.routing.actions.shapes import Values


def tell_person(values: Values) -> str:
    name = name_of_person(values) or (values.get("person") and "?")
    return _("give it to %(name)s") % {"name": name} if name else _("take it from whoever has it")


def tell_team(values: Values) -> str:
    name = name_of_team(values) or (values.get("team") and "?")
    return _("give it to the team %(name)s") % {"name": name} if name else _("take it from its team")


def name_of_person(values: Values) -> str:
    """The name of the person meant; empty where there is none."""
    return _name_of(User, values.get("person"))


def name_of_team(values: Values) -> str:
    """The name of the team meant; empty where there is none."""
    return _name_of(Team, values.get("team"))


def called(values: Values) -> str:
    """The person, team or quick text that is named, as it was called while it was here."""
    return name_of_person(values) or name_of_team(values) or str(values.get("quick_text") or "?")


def _name_of(model: type[User] | type[Team], number: Any) -> str:
    found = model.objects.filter(pk=number).first() if number else None
    return str(found) if found else ""


def listed(values: Values) -> str:
    return ", ".join(f"“{name}”" for name in values.get("tags", []))


def quoted(values: Values) -> str:
    return f"“{first_words(str(values.get('text', '')), 60)}”"


def host_of(action: Values) -> str:
    """The host of the program that is called, with its port where the address has one."""
    host = str(action.get("url", ""))
    return host if "/" not in host else urlsplit(host).netloc.rpartition("@")[2]
