"""What the worker does for accounts."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from heed.accounts.reach import administrators
from heed.channels import health, outside
from heed.channels.base import SEEN_TO, AccountRecord, Checked, Quota, Refusal, is_needed, way_taken
from heed.channels.missed import check_soon, mind_gap
from heed.channels.models import Account, SignIn
from heed.channels.sessions import renew_ahead, with_renewals, with_session
from heed.channels.siblings import siblings
from heed.lib import clock, live
from heed.lib.http import AddressRefused, AnswerLost, Steps, TooLarge, Unreachable
from heed.lib.letters import can_mail

log = logging.getLogger("heed.accounts")

CHECK_EVERY = timedelta(hours=6)
"""How often a connected account is checked by itself: webhooks are set again, permissions looked at."""
CHECK_BROKEN_EVERY = timedelta(minutes=15)
RENEW_BEFORE = timedelta(days=10)
"""How long before it ends a long-lived sign-in is renewed."""
OPENS = "opens"
"""Among the facts of an account: what its credentials opened when they first worked (`Network.opens`)."""
AGAIN_AT = "again_at"
"""Among the facts of an account: when what its network said may be over (`Checked.again_at`, ISO, UTC)."""
_NEEDS_A_PERSON = ("sign_in_again", "not_configured", "wrong_server", "already_connected", "private_address")


class TryAgain(Exception):
    """The check could not be made now; the account says why, and the job comes back."""


@app.task(
    queue="accounts",
    retry=RetryStrategy(max_attempts=8, exponential_wait=3, retry_exceptions={TryAgain}),
)
def check_account(account_id: int) -> None:
    """Ask the network whether the credentials work, and write down what it says."""
    account = Account.objects.filter(pk=account_id).first()
    if account is None or not account.locked_credentials or _awaits_sign_in(account):
        return
    try:
        _ask(account)
    except Account.DoesNotExist:
        log.info("account %s was removed while its network was asked", account_id)


def _ask(account: Account) -> None:
    """Raises `TryAgain`, and `Account.DoesNotExist` where the account was removed meanwhile."""
    if account.expires_at is not None and account.expires_at < clock.now() + RENEW_BEFORE:
        renew_ahead(account)
    try:
        if account.connected_at is not None and account.state != Account.State.CONNECTED:
            seen = with_renewals(account, lambda record: account.adapter.check(replace(record, hook_url="")))
            if is_another(account, seen):
                _let_go(account, seen)
                return
        checked = with_renewals(account, lambda record: _check(account, record))
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


def _check(account: Account, record: AccountRecord) -> Steps[Checked]:
    """Ask who it is and have its news sent to us; where it goes to a sibling already, it reaches us there."""
    addresses = tuple(each.hook_url for each in siblings(account))
    return account.adapter.check(replace(record, siblings=addresses))


def is_another(account: Account, checked: Checked) -> bool:
    """Whether the network says that the credentials are not those of the account known so far."""
    return account.connected_at is not None and checked.external_id not in ("", account.external_id)


def _let_go(account: Account, found: Checked) -> None:
    """Forget credentials of another account before anything of that one comes under our history."""
    whose = f"{found.name} ({found.external_id})" if found.name else found.external_id
    _broken(account, "not_configured", f"The credentials belong to another account, {whose}.", forget=True)


def _awaits_sign_in(account: Account) -> bool:
    """Whether an admin is still away at the network, which is to bring what is missing."""
    return lacks(account) or (account.connected_at is None and account.sign_ins.exists())


def lacks(account: Account) -> bool:
    """Whether a credential is missing without which there is nothing to ask the network with."""
    held, fields = account.credentials, account.adapter.fields
    way = way_taken(fields, held)
    return any(is_needed(field, way) and field.name not in held for field in fields)


def _labels(account: Account) -> set[str]:
    """What an account is called that nobody named: as its network, in the language of who connected it."""
    found = set()
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found.add(str(account.adapter.label))
    return found


def _connected(account: Account, checked: Checked) -> None:
    own_name = account.name not in _labels(account)
    now = clock.now()
    try:
        with transaction.atomic():
            row = _held(account)
            told = _against(row)
            noted = _note(
                account,
                state=Account.State.BROKEN if told else Account.State.CONNECTED,
                problem=told.get("problem", ""),
                problem_detail=told.get("detail", ""),
                external_id=checked.external_id or account.external_id,
                handle=checked.handle or account.handle,
                name=account.name if own_name else checked.name[:120] or account.name,
                missing=list(checked.missing),
                quotas=[_quota(each) for each in checked.quotas],
                facts={
                    **checked.facts,
                    **_opened(account),
                    **_meanwhile(account, row, checked),
                    **({SEEN_TO: row.facts[SEEN_TO]} if SEEN_TO in row.facts else {}),
                    **({AGAIN_AT: checked.again_at.isoformat()} if checked.again_at else {}),
                },
                expires_at=checked.expires_at,
                checked_at=now,
                well_at=now,
                connected_at=account.connected_at or now,
                broken_at=(account.broken_at or now) if told else None,
            )
            since = _missed_since(account, checked, works=not told)
            if noted and since is not None:
                mind_gap(account.pk, since)
    except IntegrityError:
        _broken(account, "already_connected", checked.external_id)
        return
    if account.able.private is not None and account.able.private.templates:
        _read_templates(account)


def _held(account: Account) -> Account:
    """The account as it is now, which nobody changes until this transaction ends; the door, which refers to
    it, passes."""
    return Account.objects.select_for_update(no_key=True).get(pk=account.pk)


def _against(row: Account) -> dict[str, str]:
    """What the network said against the account and has not taken back: no check finds that out."""
    told: dict[str, str] = row.told
    holds = "until" not in told or clock.from_iso(told["until"]) > clock.now()
    return told if told.get("problem") and holds else {}


def _opened(account: Account) -> dict[str, str]:
    opened = account.adapter.opens(account.credentials)
    return {OPENS: opened} if opened else {}


def _meanwhile(asked: Account, row: Account, checked: Checked) -> dict[str, list[str]]:
    """The lists to which news added while the network was asked, which could not say a word of that."""
    found: dict[str, list[str]] = {}
    for name, now in row.facts.items():
        before = asked.facts.get(name) or ()
        added = [each for each in now if each not in before] if isinstance(now, list) else []
        if added:
            found[name] = list(dict.fromkeys([*checked.facts.get(name, ()), *added]))
    return found


def _missed_since(account: Account, checked: Checked, *, works: bool) -> datetime | None:
    """Since when news may have been missed: the account was broken, or the network had stopped telling us."""
    if checked.lost:
        log.warning("account %s was no longer told of: %s", account.pk, ", ".join(checked.lost))
    moments = [
        account.broken_at if works else None,
        (account.well_at or account.checked_at) if checked.lost else None,
    ]
    return min((each for each in moments if each is not None), default=None)


def _read_templates(account: Account) -> None:
    """Keep the list of approved templates. Without it the account works, so a refusal is only noted."""
    try:
        found = with_session(account, account.adapter.templates)
    except (Refusal, Unreachable, AnswerLost, TooLarge) as error:
        log.info("reading the templates of account %s: %s", account.pk, error)
        return
    Account.objects.filter(pk=account.pk).update(templates=[asdict(each) for each in found])


def _quota(quota: Quota) -> dict[str, Any]:
    resets = quota.resets_at.isoformat() if quota.resets_at else None
    kept = {"what": quota.what, "left": quota.left, "of": quota.of, "resets_at": resets}
    return kept | ({"percent": True} if quota.percent else {})


def _broken(account: Account, problem: str, detail: str, *, forget: bool = False) -> None:
    since = account.broken_at or clock.now()
    forgotten = {"locked_credentials": b"", "locked_session": b""} if forget else {}
    _note(
        account,
        state=Account.State.BROKEN,
        problem=problem,
        problem_detail=detail[:500],
        broken_at=since,
        checked_at=clock.now(),
        **forgotten,
    )


def _note(account: Account, **facts: Any) -> bool:
    """Write the facts, unless the account was reconnected while the network was being asked; whether it was
    done."""
    same = Account.objects.filter(pk=account.pk, locked_credentials=account.locked_credentials)
    done = bool(same.update(**facts))
    if done:
        live.tell(["accounts"])
    return done


@app.task(queue="accounts", queueing_lock="look_after_accounts")
def look_after_accounts(timestamp: int) -> None:
    """Check the accounts whose turn it is; what nobody came back to sign in is forgotten."""
    now = clock.now()
    _forget_begun(now - SignIn.HOLDS)
    held = Account.objects.exclude(locked_credentials=b"")
    over = Q(checked_at=None) | Q(checked_at__lt=now - CHECK_EVERY) | Q(facts__again_at__lte=now.isoformat())
    sound = Q(problem="") & over
    broken = ~Q(problem="") & Q(checked_at__lt=now - CHECK_BROKEN_EVERY) & ~Q(problem__in=_NEEDS_A_PERSON)
    for account in held.filter(sound | broken):
        check_soon(account.pk)


def _forget_begun(before: datetime) -> None:
    """Sign-ins begun before then are over, and with them accounts that were never more than begun."""
    never = Account.objects.filter(checked_at=None, last_delivery_at=None, problem="")
    never.filter(sign_ins__created_at__lt=before).delete()
    SignIn.objects.filter(created_at__lt=before).delete()


@app.task(queue="accounts", queueing_lock="call_ourselves")
def call_ourselves(timestamp: int) -> None:
    """See whether networks can reach us."""
    outside.look()


@app.task(queue="mail", queueing_lock="warn_admins")
def warn_admins(timestamp: int) -> None:
    """Mail what is about to go wrong to those who administer: each warning once while it lasts, and what
    concerns all accounts by one mail."""
    if not can_mail():
        return
    held = list(Account.objects.exclude(locked_credentials=b"").order_by("pk"))
    told_of_door = any("door" in account.warned for account in held)
    for account in held:
        found = [_about(account, each) for each in health.warnings(account)]
        news = [about for about in found if about not in account.warned]
        to_mail = [about for about in news if about != "door" or not told_of_door]
        if to_mail and not _mail_warnings(account, to_mail):
            continue
        told_of_door = told_of_door or "door" in to_mail
        known = {about: account.warned.get(about) or clock.now().isoformat() for about in found}
        if known != account.warned:
            Account.objects.filter(pk=account.pk).update(warned=known)


def _about(account: Account, warning: health.Warning) -> str:
    """What makes a warning another one: its kind, of a broken account the reason, of a remark its words."""
    more = {"broken": account.problem, "remark": warning.detail}.get(warning.kind, "")
    return f"{warning.kind}:{more}" if more else warning.kind


def _mail_warnings(account: Account, news: list[str]) -> bool:
    """Mail the news to every administrator in their language; whether anybody could be reached."""
    reached = False
    for admin in administrators():
        with translation.override(admin.language or settings.LANGUAGE_CODE):
            subject = _("Heed: %(account)s needs attention") % {"account": account.name}
            told = [each for each in health.warnings(account) if _about(account, each) in news]
            lines = [f"{each.sentence} {each.way_out} {each.detail}".strip() for each in told]
            link = f"{settings.HEED_PUBLIC_URL}/accounts/{account.pk}/"
        try:
            EmailMessage(" ".join(subject.split()), "\n\n".join([*lines, link]), to=[admin.email]).send()
            reached = True
        except OSError as error:  # also what smtplib raises
            log.warning("mailing %s about account %s: %s", admin.email, account.pk, error)
    return reached
