"""What is about to go wrong with an account, said before it does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from heed.channels import outside, quotas, reach
from heed.channels.models import Account
from heed.lib import clock

Kind = Literal["broken", "door", "expires", "permission", "silent", "unread", "quota", "remark"]

EXPIRES_SOON = timedelta(days=7)
"""Also the time in which renewing by itself has failed for days: see `jobs.RENEW_BEFORE`."""
REMARK_STAYS = timedelta(days=14)
LITTLE_LEFT = 0.1
_LONGER_THAN_EVER = 2.0
_SHORTEST = 3600.0


class Warning(NamedTuple):
    """One thing to look at. `grave` says that something already does not work; `detail` is for whoever
    mends it, in the words of machines."""

    kind: Kind
    sentence: str | Promise
    way_out: str | Promise
    grave: bool = False
    detail: str = ""


def warnings(account: Account) -> list[Warning]:
    """All that an admin should know of this account, the gravest first; nothing when all is well."""
    looks = (_broken, _door, _permission, _expires, _silent, _unread, _quota, remark)
    found = [each for look in looks if (each := look(account)) is not None]
    return sorted(found, key=lambda each: not each.grave)


def is_crippled(account: Account) -> bool:
    """Whether an account that is signed in does not do its work: it cannot read, or cannot answer."""
    found = (look(account) for look in (_permission, _unread, _quota))
    return any(each is not None and each.grave for each in found)


def alarms(accounts: Iterable[Account]) -> list[tuple[Account, Warning]]:
    """The gravest of each account, the grave ones first. What concerns all of them is said once."""
    found = [(account, each) for account in accounts for each in warnings(account)[:1]]
    of_all = [pair for pair in found if pair[1].kind == "door"]
    told = [pair for pair in found if pair not in of_all[1:]]
    return sorted(told, key=lambda pair: not pair[1].grave)


def _broken(account: Account) -> Warning | None:
    words = reach.words(account)
    return Warning("broken", words.sentence, words.way_out, grave=True) if words else None


def _door(account: Account) -> Warning | None:
    """Nobody reaches us, unless something came in since: then only we do not reach ourselves."""
    words = outside.WORDS.get(account.door_problem)
    came = account.last_delivery_at
    if words is None or (came and account.door_since and came > account.door_since):
        return None
    return Warning("door", words.sentence, words.way_out, grave=True, detail=account.door_detail)


def _permission(account: Account) -> Warning | None:
    """Without one that the network's own list calls needed, the account does not do its work."""
    if not account.missing:
        return None
    needed = {each.name for each in account.adapter.permissions(account.facts) if each.needed}
    sentence = ngettext(
        "The network has not granted this permission: %(names)s",
        "The network has not granted these permissions: %(names)s",
        len(account.missing),
    ) % {"names": ", ".join(account.missing)}
    way_out = _("Grant it there, then reconnect the account.")
    return Warning("permission", sentence, way_out, grave=not needed.isdisjoint(account.missing))


def _expires(account: Account) -> Warning | None:
    if account.expires_at is None or account.problem or account.expires_at > clock.now() + EXPIRES_SOON:
        return None
    return Warning(
        "expires",
        _("The sign-in ends soon and could not be renewed by itself."),
        _("Reconnect the account before it does."),
    )


def _silent(account: Account) -> Warning | None:
    """Nothing came for much longer than ever in the past two weeks."""
    if account.usual_silence is None or account.last_delivery_at is None or not account.waits_for_calls:
        return None
    silence = (clock.now() - account.last_delivery_at).total_seconds()
    if silence < max(_SHORTEST, account.usual_silence * _LONGER_THAN_EVER):
        return None
    hours, usual = int(silence // 3600), max(1, round(account.usual_silence / 3600))
    sentence = ngettext(
        "Nothing has come for %(hours)d hour; the longest silence of the past two weeks was %(usual)d h.",
        "Nothing has come for %(hours)d hours; the longest silence of the past two weeks was %(usual)d h.",
        hours,
    ) % {"hours": hours, "usual": usual}
    way_out = account.adapter.when_silent or _("See whether the webhook is still set on the network.")
    return Warning("silent", sentence, way_out)


def _unread(account: Account) -> Warning | None:
    """It is asked again and again for its news, and gives none out, though its sign-in works."""
    if account.collect_at is None or account.problem:
        return None
    since = account.collected_at or account.connected_at or account.created_at
    hours = int((clock.now() - since).total_seconds() // 3600)
    if not hours:
        return None
    sentence = ngettext(
        "New messages could not be fetched for %(hours)d hour.",
        "New messages could not be fetched for %(hours)d hours.",
        hours,
    ) % {"hours": hours}
    way_out = _("Heed goes on trying. See on the network itself whether something is wrong with the account.")
    return Warning("unread", sentence, way_out, grave=True)


def _quota(account: Account) -> Warning | None:
    """What is used up, else what nearly is."""
    found = [each for each in account.quotas if each["of"] and each["left"] <= each["of"] * LITTLE_LEFT]
    if not found:
        return None
    quota = min(found, key=lambda each: not quotas.is_empty(each))
    spent = quotas.is_empty(quota)
    sentence = (
        _("Nothing is left of what the network allows: %(left)d of %(of)d %(what)s.")
        if spent
        else _("Little is left of what the network allows: %(left)d of %(of)d %(what)s.")
    )
    if quota.get("percent"):
        sentence = (
            _("Nothing is left of what the network allows: %(what)s.")
            if spent
            else _("Little is left of what the network allows: %(left)d%% of %(what)s.")
        )
    what = str(quota["what"])
    known = {**quota, "what": gettext(what)}
    way_out = _("Raise the limit on the network, or wait until it starts anew.")
    return Warning("quota", sentence % known, way_out, grave=spent)


def remark(account: Account) -> Warning | None:
    """What the network said by the way, before it does something about it; it stands for two weeks, or until
    the account is checked by hand. `detail` is in the network's words, `account.told["at"]` is when."""
    words = account.told.get("detail")
    if not words or account.told.get("problem"):
        return None
    if clock.from_iso(account.told["at"]) < clock.now() - REMARK_STAYS:
        return None
    sentence = _("The network has a remark about this account.")
    way_out = _("Look at the account on the network itself. “Check again” puts the remark away.")
    return Warning("remark", sentence, way_out, detail=words)
