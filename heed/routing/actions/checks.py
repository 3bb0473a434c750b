"""What is kept of what somebody chose for an action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from heed.accounts.models import Team, User
from heed.inbox import verbs
from heed.inbox.verbs.sorting import tag_name
from heed.lib.text import first_words
from heed.library import reach as library
from heed.routing import automatic
from heed.routing.actions.shapes import PRIORITIES, STATUSES, BadAction, Needs

LONGEST_TEXT = 4000


def _number(given: Any) -> int:
    try:
        return int(given)
    except (TypeError, ValueError):
        return 0


def _person_kept(given: Any) -> int:
    number = _number(given)
    found = User.objects.filter(pk=number).first()
    if number and found is None:
        raise BadAction(_("Choose a person."))
    if found is not None and not found.is_active:
        raise BadAction(_("This person does not work here any more."))
    return number


def _team_kept(given: Any) -> int:
    number = _number(given)
    found = Team.objects.filter(pk=number).first()
    if number and found is None:
        raise BadAction(_("Choose a team."))
    if found is not None and found.archived:
        raise BadAction(_("This team takes no more tickets."))
    return number


def _tags_kept(given: Any) -> list[str]:
    parts = given.split(",") if isinstance(given, str) else list(given or [])
    try:
        names = sorted({tag_name(str(each)) for each in parts if str(each).strip()})
    except verbs.CannotAct as bad:
        raise BadAction(str(bad.sentence)) from bad
    if not names:
        raise BadAction(_("Write at least one tag."))
    return names


def _priority_kept(given: Any) -> int:
    number = _number(given)
    if number not in PRIORITIES:
        raise BadAction(_("Choose a priority."))
    return number


def _status_kept(given: Any) -> str:
    if given not in STATUSES:
        raise BadAction(_("Choose a status."))
    return str(given)


def _text_kept(given: Any) -> str:
    text = str(given or "").strip()
    if not text:
        raise BadAction(_("Write the text."))
    if len(text) > LONGEST_TEXT:
        raise BadAction(_("The text is too long: %(most)d letters are the most.") % {"most": LONGEST_TEXT})
    return text


def _quick_text_kept(given: Any) -> str:
    name = str(given or "").strip()
    found = library.everybodys(name)
    if not found:
        raise BadAction(_("Choose a quick text."))
    unknown = {blank for each in found for blank in automatic.unknown_blanks(each.text)}
    if unknown:
        words = ", ".join(f"{{{each}}}" for each in sorted(unknown))
        raise BadAction(_("Nobody is there to fill in %(words)s of this quick text.") % {"words": words})
    return name


def short(given: Any) -> str:
    return first_words(str(given or ""), 180)


def _url_kept(given: Any) -> str:
    url = str(given or "").strip()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("https", "http") and bool(parts.hostname) and not parts.username
    except ValueError:
        usable = False
    if not usable or len(url) > 500:
        raise BadAction(_("Enter an address that begins with https://."))
    return url


CHECKS: dict[Needs, Callable[[Any], Any]] = {
    "person": _person_kept,
    "team": _team_kept,
    "tags": _tags_kept,
    "priority": _priority_kept,
    "status": _status_kept,
    "text": _text_kept,
    "quick_text": _quick_text_kept,
    "url": _url_kept,
}
