"""A network is asked: at once, while the admin waits, or by the worker."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from django.db.models import F, JSONField, Value
from django.db.models.expressions import CombinedExpression
from django.utils.translation import gettext as _

from heed.channels import jobs, reach
from heed.channels.base import SEEN_TO, Checked, Refusal, SessionExpired
from heed.channels.models import Account
from heed.channels.outgoing import client
from heed.channels.verbs.refusals import CannotConnect
from heed.lib import clock, live
from heed.lib.http import AnswerLost, Steps, TooLarge, Unreachable, drive

T = TypeVar("T")


def asked(steps: Steps[T]) -> T:
    """What the network answers now, while the admin waits. Raises `CannotConnect` in its words."""
    try:
        return drive(steps, client().send)
    except Refusal as refusal:
        detail = f"{refusal.code} {refusal.detail}".strip()
        raise _refused(refusal.reason, detail) from refusal
    except SessionExpired as expired:
        raise _refused("sign_in_again", str(expired)) from expired
    except (Unreachable, AnswerLost, TooLarge) as error:
        raise CannotConnect(_("The network cannot be reached at this address."), "base_url") from error


def _refused(problem: str, detail: str) -> CannotConnect:
    return CannotConnect(f"{reach.at_first(problem).sentence} {detail}".strip(), "network")


def who_it_is(account: Account) -> Checked:
    """Who the account is, with nothing pointed at us. A session made on the way is kept in `account`."""
    try:
        return drive(account.adapter.check(replace(account.record(), hook_url="")), client().send)
    except SessionExpired:
        account.session = drive(account.adapter.renew(account.record()), client().send)
        return drive(account.adapter.check(replace(account.record(), hook_url="")), client().send)


def have_checked(account: Account) -> None:
    """Let the worker ask whether the account works, and say so to who looks at the accounts. Its network is
    told that somebody saw to it (`SEEN_TO`)."""
    now = Value({SEEN_TO: clock.now().isoformat()}, JSONField())
    Account.objects.filter(pk=account.pk).update(facts=CombinedExpression(F("facts"), "||", now))
    jobs.check_account.defer(account_id=account.pk)
    live.tell(["accounts"])
