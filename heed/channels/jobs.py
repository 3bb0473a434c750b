"""What the worker does for accounts."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from heed.channels.base import Checked, Quota, Refusal
from heed.channels.models import Account
from heed.channels.sessions import with_session
from heed.lib import clock, live
from heed.lib.http import AddressRefused, AnswerLost, TooLarge, Unreachable


class TryAgain(Exception):
    """The check could not be made now; the account says why, and the job comes back."""


@app.task(
    queue="accounts",
    retry=RetryStrategy(max_attempts=8, exponential_wait=3, retry_exceptions={TryAgain}),
)
def check_account(account_id: int) -> None:
    """Ask the network whether the credentials work, and write down what it says."""
    account = Account.objects.filter(pk=account_id).first()
    if account is None or not account.locked_credentials:
        return
    try:
        checked = with_session(account, account.adapter.check)
    except Refusal as refusal:
        _broken(account, refusal.reason, f"{refusal.code} {refusal.detail}".strip())
        if refusal.retry:
            raise TryAgain from refusal
    except AddressRefused as error:
        _broken(account, "private_address", str(error))
    except (Unreachable, AnswerLost, TooLarge) as error:
        _broken(account, "network_down", str(error))
        raise TryAgain from error
    else:
        _connected(account, checked)


def _connected(account: Account, checked: Checked) -> None:
    own_name = account.name != account.adapter.label
    try:
        with transaction.atomic():
            _note(
                account,
                state=Account.State.CONNECTED,
                problem="",
                problem_detail="",
                external_id=checked.external_id or account.external_id,
                handle=checked.handle or account.handle,
                name=account.name if own_name else checked.name[:120] or account.name,
                missing=list(checked.missing),
                quotas=[_quota(each) for each in checked.quotas],
                facts=dict(checked.facts),
                expires_at=checked.expires_at,
                checked_at=clock.now(),
            )
    except IntegrityError:
        _broken(account, "already_connected", checked.external_id)


def _quota(quota: Quota) -> dict[str, Any]:
    resets = quota.resets_at.isoformat() if quota.resets_at else None
    return {"what": quota.what, "left": quota.left, "of": quota.of, "resets_at": resets}


def _broken(account: Account, problem: str, detail: str) -> None:
    _note(account, state=Account.State.BROKEN, problem=problem, problem_detail=detail[:500])


def _note(account: Account, **facts: Any) -> None:
    """Write the facts, unless the account was reconnected while the network was being asked."""
    same = Account.objects.filter(pk=account.pk, locked_credentials=account.locked_credentials)
    if same.update(**facts):
        live.tell(["accounts"])
