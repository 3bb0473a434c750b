"""Where somebody is signed in: the devices, and ending what should not be."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from heed.accounts import audit
from heed.accounts.models import User
from heed.lib import clock, live

_NOTE_EVERY = 300.0
"""Seconds between two notes of when a session was last seen."""

_MOST_NOTED = 10_000
_noted: OrderedDict[str, float] = OrderedDict()

_BROWSERS = (
    ("Edge", r"\bEdg"),
    ("Opera", r"\bOPR/"),
    ("Firefox", r"\b(Firefox|FxiOS)/"),
    ("Chrome", r"\b(Chrome|CriOS)/"),
    ("Safari", r"\bSafari/"),
)
_SYSTEMS = (
    ("iPhone", r"\biPhone"),
    ("iPad", r"\biPad"),
    ("Android", r"\bAndroid"),
    ("Windows", r"\bWindows"),
    ("macOS", r"\bMac OS X"),
    ("Linux", r"\bLinux"),
)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser in which somebody is signed in."""

    id: int
    device: str
    ip: str
    since: datetime
    seen: datetime
    here: bool


def note(request: HttpRequest) -> None:
    """Remember that this session lives; every few minutes only, and without a question in between."""
    key = request.session.session_key or ""
    now = time.monotonic()
    if now - _noted.get(key, -_NOTE_EVERY) < _NOTE_EVERY:
        return
    _noted[key] = now
    _noted.move_to_end(key)
    while len(_noted) > _MOST_NOTED:
        _noted.popitem(last=False)
    late = clock.now() - timedelta(seconds=_NOTE_EVERY)
    if not UserSession.objects.filter(session_key=key, last_seen_at__gt=late).exists():
        UserSession.objects.create_from_request(request)


def sessions_of(user: User, current: str = "") -> list[OpenSession]:
    """Where they are signed in, the newest first; `current` is the key of the session that asks."""
    standing = _standing(UserSession.objects.filter(user=user).order_by("-last_seen_at")[:200])
    return [
        OpenSession(
            each.pk,
            device(each.user_agent),
            str(each.ip),
            each.created_at,
            each.last_seen_at,
            each.session_key == current,
        )
        for each in standing
    ]


def end(user: User, session_id: int, by: User) -> None:
    """Sign one browser out."""
    _end(UserSession.objects.filter(user=user, pk=session_id), user, by)


def end_all(user: User, by: User, besides: str = "") -> None:
    """Sign somebody out everywhere, but in the session of the key `besides`."""
    _end(UserSession.objects.filter(user=user).exclude(session_key=besides), user, by)


def device(agent: str) -> str:
    """What a browser says it is, in two words."""
    browser = _first(_BROWSERS, agent)
    system = _first(_SYSTEMS, agent)
    return " · ".join(filter(None, (browser, system))) or _("Unknown device")


def _end(found: Iterable[UserSession], user: User, by: User) -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    with transaction.atomic():
        ended = list(found)
        for each in ended:
            store(each.session_key).delete()
            each.delete()
        if ended:
            audit.record(by, "sessions_ended", user, count=len(ended))
            live.tell(["people"])


def _standing(found: Iterable[UserSession]) -> list[UserSession]:
    """Those that have not run out meanwhile, asked for all at once."""
    listed = list(found)
    model = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class()
    keys = [each.session_key for each in listed]
    alive = model.objects.filter(session_key__in=keys, expire_date__gt=clock.now())
    living = set(alive.values_list("session_key", flat=True))
    return [each for each in listed if each.session_key in living]


def _first(names: Iterable[tuple[str, str]], agent: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, agent)), "")
