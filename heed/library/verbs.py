"""What is done to quick texts and guidelines."""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from heed.accounts import audit
from heed.accounts.models import Brand, Team, User
from heed.accounts.refusals import CannotChange
from heed.accounts.rights import NotAllowed, need
from heed.lib import clock
from heed.library.models import Guideline, QuickText
from heed.library.reach import may_change

MOST_LETTERS = 5000
MOST_GUIDELINE_LETTERS = 50_000
MOST_OWN = 500
"""How many quick texts one person may keep, and how many are shared: a menu shows them all."""

_NAME = re.compile(r"[\w-]{1,40}")
_LANGUAGE = re.compile(r"([a-z]{2,3})?")


class CannotWrite(CannotChange):
    """A quick text or guideline cannot be kept as it was written."""


def make_quick_text(
    by: User, name: str, text: str, *, title: str = "", language: str = "", shared: bool = False,
    team: Team | None = None,
) -> QuickText:  # fmt: skip
    """A new quick text: one's own, or with `shared` everybody's or a team's. Raises `CannotWrite`, and
    `NotAllowed` for a shared one without the permission."""
    need(by, "desk" if shared or team is not None else "note")
    owner = None if shared or team is not None else by
    if QuickText.objects.filter(owner=owner).count() >= MOST_OWN:
        raise CannotWrite(_("There are as many as a menu can show. Delete one that is not used."), "name")
    return _keep(by, QuickText(owner=owner, team=team), name, text, title, language)


def change_quick_text(
    by: User, found: QuickText, name: str, text: str, *, title: str = "", language: str = "",
    team: Team | None = None,
) -> QuickText:  # fmt: skip
    """Call or say it differently; a shared one may go to another team. Raises `CannotWrite`."""
    demand(by, found)
    if found.shared:
        found.team = team
    return _keep(by, found, name, text, title, language)


def drop_quick_text(by: User, found: QuickText) -> None:
    demand(by, found)
    with transaction.atomic():
        if found.shared:
            audit.record(by, "removed", "text", name=found.name)
        found.delete()


def count_use(found: QuickText) -> None:
    """It was put into an answer once more."""
    QuickText.objects.filter(pk=found.pk).update(used=F("used") + 1)


def write_guideline(
    by: User, text: str, *, team: Team | None = None, brand: Brand | None = None, account: int | None = None
) -> Guideline | None:
    """Write down how a team works; an empty text takes the guideline of that place away. Raises
    `CannotWrite`."""
    need(by, "desk")
    text = text.replace("\r\n", "\n").strip()
    if len(text) > MOST_GUIDELINE_LETTERS:
        raise CannotWrite(_("This is longer than anybody reads. Shorten it."), "text")
    place: dict[str, Any] = {"team": team, "brand": brand, "account": account}
    with transaction.atomic():
        if not text:
            gone, _rows = Guideline.objects.filter(**place).delete()
            if gone:
                audit.record(by, "removed", "guideline", **_named(team, brand, account))
            return None
        facts = {"text": text, "changed_by": by, "changed_at": clock.now()}
        held = Guideline.objects.filter(**place).first()
        before = {"text": held.text} if held else {}
        written, _made = Guideline.objects.update_or_create(**place, defaults=facts)
        audit.kept(by, "guideline", before, {"text": text}, **_named(team, brand, account))
        return written


def forget_guideline(account: int) -> None:
    """The account is removed, and what was written down for it goes with it."""
    Guideline.objects.filter(account=account).delete()


def demand(by: User, found: QuickText) -> None:
    """Raises `NotAllowed` unless this person may change it."""
    if not may_change(by, found):
        raise NotAllowed("desk")


def _keep(by: User, found: QuickText, name: str, text: str, title: str, language: str) -> QuickText:
    name, text, title = name.strip().lstrip("/").lower(), text.replace("\r\n", "\n").strip(), title.strip()
    if not _NAME.fullmatch(name):
        raise CannotWrite(_("Letters, digits and - only, without spaces: it is typed after a slash."), "name")
    if not text:
        raise CannotWrite(_("Write the text."), "text")
    if len(text) > MOST_LETTERS:
        raise CannotWrite(_("A quick text has at most 5,000 characters."), "text")
    if not _LANGUAGE.fullmatch(language):
        raise CannotWrite(_("Give the language as two letters, such as sl."), "language")
    before = _told(QuickText.objects.filter(pk=found.pk).select_related("team").first())
    found.name, found.text, found.language = name, text, language
    found.title = (title or text.split("\n", 1)[0])[:120]
    found.changed_at = clock.now()
    try:
        with transaction.atomic():
            found.save()
            if found.shared:
                audit.kept(by, "text", before, _told(found), name=found.name)
    except IntegrityError as taken:
        raise CannotWrite(_("There is a quick text of this name already."), "name") from taken
    return found


def _told(found: QuickText | None) -> dict[str, Any]:
    """What the audit tells of a quick text."""
    if found is None:
        return {}
    team = found.team.name if found.team else ""
    return {**audit.stands(found, "name", "title", "text", "language"), "team": team}


def _named(team: Team | None, brand: Brand | None, account: int | None) -> dict[str, Any]:
    """What the audit calls the place of a guideline."""
    if account is not None:
        return {"account": account}
    place = team or brand
    return {"place": str(place) if place else "desk"}
