"""Whether networks can reach us: Heed calls its own public address, as a network would."""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal, NamedTuple

import httpx
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from heed.channels import doorstep, missed
from heed.channels.models import Account
from heed.channels.outgoing import client
from heed.channels.reasons import Words
from heed.lib import clock, live
from heed.lib.crypto import key_ring
from heed.lib.http import AddressRefused, AnswerLost, Request, TooLarge, Unreachable

Problem = Literal["", "name", "refused", "certificate", "insecure", "timeout", "broken_off", "another"]

LOOK_EVERY = timedelta(minutes=5)
"""Nobody knows when in this time the address stopped leading here."""
AGAIN_AFTER = 10.0
"""Seconds until the second try: a door that has just been restarted is no trouble."""
_MOST = 4096

WORDS: dict[str, Words] = {
    "name": Words(
        _("Networks cannot reach Heed: the name of its public address is not found."),
        _("Look at the entry of the name (DNS), and at HEED_PUBLIC_URL."),
    ),
    "refused": Words(
        _("Networks cannot reach Heed: nothing takes calls at its public address."),
        _("Start what stands in front of Heed, or open its port."),
    ),
    "certificate": Words(
        _("Networks cannot reach Heed: the certificate of its public address is not valid."),
        _("Renew the certificate where the calls come in, in front of Heed."),
    ),
    "insecure": Words(
        _("Networks cannot reach Heed: no secure connection can be made to its public address."),
        _("Look at what stands in front of Heed, and whether HEED_PUBLIC_URL begins with the right scheme."),
    ),
    "timeout": Words(
        _("Networks cannot reach Heed: its public address does not answer in time."),
        _("Look at the firewall, and at what stands in front of Heed."),
    ),
    "broken_off": Words(
        _("Networks cannot reach Heed: its public address breaks off without an answer."),
        _("Look at what stands in front of Heed."),
    ),
    "another": Words(
        _("Networks cannot reach Heed: another server answers at its public address."),
        _("Let the address lead to this Heed, or correct HEED_PUBLIC_URL."),
    ),
}


class Seen(NamedTuple):
    """What a call of the public address showed: no problem, or which; `detail` for who mends it."""

    problem: Problem
    detail: str = ""


def look() -> Seen:
    """Call the public address and write down what was found with every account that waits for calls."""
    held = Account.objects.exclude(locked_credentials=b"")
    told = Account.objects.filter(pk__in=[each.pk for each in held if each.waits_for_calls])
    if not told.exists():
        return Seen("")
    seen = call()
    if seen.problem:
        seen = call(wait=AGAIN_AFTER)
    if _write_down(seen, told):
        live.tell(["accounts"])
    return seen


@transaction.atomic
def _write_down(seen: Seen, told: QuerySet[Account]) -> bool:
    """Whether that is news. What was missed until the address led here again is read, for all or for none."""
    if seen.problem:
        told.filter(door_since=None).update(door_since=clock.now())
        news = {"door_problem": seen.problem, "door_detail": seen.detail[:300]}
        return bool(told.exclude(**news).update(**news))
    shut = told.exclude(door_problem="")
    for account, since in list(shut.order_by("pk").values_list("pk", "door_since")):
        if since is not None:
            missed.after_outage(account, since - LOOK_EVERY)
    return bool(shut.update(door_problem="", door_detail="", door_since=None))


def call(wait: float = 0.0) -> Seen:
    """Call the public address once, after `wait` seconds. One that is private is tried only where the admin
    allows calls there: else no network could reach it either, and none is meant to."""
    word = secrets.token_urlsafe(24)
    url = f"{settings.HEED_PUBLIC_URL}/hooks/{doorstep.PLACE}{word}"
    try:
        answer = client().send(Request("GET", url, wait=wait), limit=_MOST)
    except AddressRefused:
        return Seen("")
    except TooLarge:
        return Seen("another", url)
    except (Unreachable, AnswerLost) as error:
        return _why(error)
    ring = key_ring(settings.HEED_DATA, settings.HEED_SECRET_KEYS)
    if answer.status == 200 and doorstep.proves(ring, word, answer.body):
        return Seen("")
    return Seen("another", f"{settings.HEED_PUBLIC_URL} answered {answer.status}")


def _why(error: Exception) -> Seen:
    """The reason behind an error of the way out, which the layers below have wrapped."""
    for cause in _causes(error):
        match cause:
            case socket.gaierror() | UnicodeError():
                return Seen("name", str(error))
            case ssl.SSLCertVerificationError():
                return Seen("certificate", cause.verify_message)
            case ssl.SSLError():
                return Seen("insecure", str(cause.reason or cause))
            case TimeoutError() | httpx.TimeoutException():
                return Seen("timeout", str(error))
            case ConnectionRefusedError():
                return Seen("refused", str(error))
    return Seen("broken_off" if isinstance(error, AnswerLost) else "refused", str(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
