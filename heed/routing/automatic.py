"""The words of what the desk says by itself, and setting them up. `saying` says them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import formats, translation
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from heed.accounts import audit
from heed.accounts.models import User
from heed.accounts.refusals import CannotChange
from heed.accounts.rights import need
from heed.lib.languages import SPOKEN
from heed.library.filling import first_name
from heed.routing.hours import OpeningHours
from heed.routing.models import AutomaticMessage

PLACEHOLDERS = ("first_name", "name", "next_opening", "hours_today", "team", "account", "brand")
_BLANK = re.compile(r"\{(\w+)\}")


# ----------------------------------------------------------------------------------- the words


@dataclass(frozen=True, slots=True)
class Filling:
    """What the blanks of a text are filled with."""

    hours: OpeningHours
    at: datetime
    name: str = ""
    team: str = ""
    account: str = ""
    brand: str = ""


def blanks_of(text: str) -> set[str]:
    """The names in curly brackets."""
    return set(_BLANK.findall(text))


def filled(text: str, language: str, filling: Filling) -> str:
    """The text with its blanks filled, as the customer reads it."""
    with translation.override(language if language in SPOKEN else "en"):
        values = {
            "first_name": first_name(filling.name),
            "name": filling.name,
            "next_opening": _opening(filling, language),
            "hours_today": hours_of_day(filling.hours, filling.at),
            "team": filling.team,
            "account": filling.account,
            "brand": filling.brand or filling.account,
        }
    words = _BLANK.sub(lambda blank: values.get(blank[1], blank[0]), text)
    return _tidy(words)


def _tidy(text: str) -> str:
    """Without the gaps that an empty blank leaves: `Hi ,` becomes `Hi,` and `Hi, .` becomes `Hi.`"""
    text = re.sub(r"[ \t]+([,.!?;:،؟])", r"\1", text)
    text = re.sub(r"[,،](?=[,.!?;:،؟])|^[,،][ \t]*", "", text, flags=re.MULTILINE)
    return re.sub(r"[ \t]{2,}", " ", text).strip()


def _opening(filling: Filling, language: str) -> str:
    """When somebody will be there: today only the time, within a week the day, else the date too."""
    opens = filling.hours.next_opening(filling.at)
    if opens is None:
        return gettext("as soon as we can")
    there, now = opens.astimezone(filling.hours.tz), filling.at.astimezone(filling.hours.tz)
    time = formats.date_format(there, "H:i")
    days = (there.date() - now.date()).days
    if days == 0:
        return gettext("today at %(time)s") % {"time": time}
    if days == 1:
        return gettext("tomorrow at %(time)s") % {"time": time}
    if language not in SPOKEN:
        return f"{there:%d. %m. %Y} {time}"
    if days < 7:
        day = formats.date_format(there, "l")
        return gettext("%(weekday)s at %(time)s") % {"weekday": day, "time": time}
    return gettext("%(date)s at %(time)s") % {"date": formats.date_format(there, "DATE_FORMAT"), "time": time}


def hours_of_day(hours: OpeningHours, at: datetime) -> str:
    """The opening times of that day there, as `9:00–17:00`."""
    if hours.always:
        return gettext("around the clock")
    found = hours.stretches(at.astimezone(hours.tz).date())
    times = [f"{a.astimezone(hours.tz):%H:%M}–{b.astimezone(hours.tz):%H:%M}" for a, b in found]
    return ", ".join(times) or gettext("closed")


def words_for(row: AutomaticMessage, languages: Sequence[str]) -> tuple[str, str]:
    """The language and text for somebody who is known to use these, the likeliest first."""
    texts: Mapping[str, str] = row.texts
    wanted = [each.split("-")[0].lower() for each in (*languages, row.language) if each]
    found = next((each for each in wanted if texts.get(each)), None)
    if found is None:
        found = next((each for each, text in texts.items() if text), "")
    return found, texts.get(found, "")


# --------------------------------------------------------------------------- for the settings


def unknown_blanks(text: str) -> set[str]:
    """Names in curly brackets that nothing is known for: they would be sent as they stand."""
    return blanks_of(text) - set(PLACEHOLDERS)


def refuse_unknown_blanks(text: str, field: str) -> None:
    """Raises `CannotChange` where nothing is known for a name in curly brackets."""
    unknown = ", ".join(f"{{{each}}}" for each in sorted(unknown_blanks(text)))
    if unknown:
        raise CannotChange(_("Nothing is known for %(names)s.") % {"names": unknown}, field)


@transaction.atomic
def keep_message(row: AutomaticMessage, user: User) -> AutomaticMessage:
    """Make or change an automatic message. Raises `NotAllowed`, `CannotChange`."""
    need(user, "routing")
    row.texts = {code: text.strip() for code, text in row.texts.items() if text.strip()}
    for code, text in row.texts.items():
        refuse_unknown_blanks(text, f"texts.{code}")
        if row.kind == AutomaticMessage.Kind.AWAY and "next_opening" not in blanks_of(text):
            sentence = _("Say when somebody will be there: {next_opening}") + "."
            raise CannotChange(sentence, f"texts.{code}")
    if row.on and row.language not in row.texts:
        raise CannotChange(_("Write the words of this language: they are for everybody else."), "language")
    before = audit.stood(row, *_TOLD)
    row.save()
    account = row.account.name if row.account else ""
    audit.kept(user, row, before, audit.stands(row, *_TOLD), kind=row.kind, account=account)
    return row


_TOLD = ("on", "texts", "language", "publicly", "again_after")
"""What the audit tells of an automatic message."""


@transaction.atomic
def remove_message(row: AutomaticMessage, user: User) -> None:
    """Take an account's own message away: the one for all accounts counts again. Raises `NotAllowed`."""
    need(user, "routing")
    audit.record(user, "removed", row, kind=row.kind, account=row.account.name if row.account else "")
    AutomaticMessage.objects.filter(pk=row.pk).delete()
