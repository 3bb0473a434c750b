"""An account that is there: new credentials, and asking again with those it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from heed.accounts import audit
from heed.accounts.models import User
from heed.channels import jobs, reach
from heed.channels.base import CredentialField, Network, Refusal, SessionExpired
from heed.channels.models import Account
from heed.channels.sessions import renew_with_others
from heed.channels.verbs.asking import have_checked, who_it_is
from heed.channels.verbs.entered import (
    apart_from,
    checked_credentials,
    demand_secrets,
    replaced,
    what_was_entered,
)
from heed.channels.verbs.refusals import CannotConnect
from heed.channels.verbs.trying import OF_CREDENTIALS
from heed.lib import clock
from heed.lib.http import AddressRefused, AnswerLost, TooLarge, Unreachable


def reconnect(account: Account, credentials: Mapping[str, str], *, by: User | None = None) -> None:
    """Take new credentials and check again. A field left out keeps what it held, and so does a secret
    left empty; an empty field that is no secret is emptied. Those of another Page, number or mailbox
    are refused, and what was held stays: its talk would come under this one's history. An account that works
    takes only what the network has accepted; one that does not takes what is entered, and shows what comes
    of it. Where a place is another, or emptied, every secret must be entered again. What is replaced, as a
    password is by a sign-in and a sign-in by a password, is dropped and not asked for again.

    Raises `CannotConnect`, also where the credentials are no longer those of this `account`.
    """
    seen, session, known = account.locked_credentials, bytes(account.locked_session), account.credentials
    entered = what_was_entered(account.adapter, credentials)
    gone = replaced(account.adapter, (name for name, value in entered.items() if value.strip()))
    given, held = apart_from(gone, entered), apart_from(gone, known)
    demand_secrets(account.adapter, held, given)
    account.credentials = checked_credentials(account.adapter, {**held, **given}, known=known)
    changed = _changed(account.adapter, known, account.credentials)
    ends = _ends_session(account.adapter, known, changed)
    if ends:
        account.session = {}
    if account.connected_at is not None and (ends or any(_is_tried(field) for field in changed)):
        proved = bool(changed) and _works(account)
        if not ends and any(field.renews for field in changed):
            _demand_renewed(account, seen, proved=proved)
            session = bytes(account.locked_session)  # is kept already
        _demand_the_same(account, proved=proved)
    demand_what_it_opened(account)
    _forget_problem(account)
    touched = ["locked_session"] if bytes(account.locked_session) != session else []  # others renew it, too
    with transaction.atomic():
        _demand_untouched(account, seen)
        account.save(update_fields=["locked_credentials", *touched, *_PROBLEM])
        account.sign_ins.all().delete()
        audit.record(by, "reconnected", account, fields=sorted(given))
        have_checked(account)


def _changed(adapter: Network, known: Mapping[str, str], held: Mapping[str, str]) -> list[CredentialField]:
    return [field for field in adapter.fields if known.get(field.name) != held.get(field.name)]


def _ends_session(adapter: Network, known: Mapping[str, str], changed: Sequence[CredentialField]) -> bool:
    """Whether the sign-in of now is over with what was entered. Where somebody signed in at the network, the
    session holds what that brought, and lives until a new sign-in brings more or it would go elsewhere."""
    brought = adapter.oauth.fills if adapter.oauth is not None else ()
    if not any(name in known for name in brought):
        return True
    return any(field.place or field.name in brought for field in changed)


def _works(account: Account) -> bool:
    """Whether its credentials worked when they were tried last: a check that is still to come counts no more
    than the one before it. They do not where the problem lies in them; what else the network says against the
    account, or that it is not there just now, is no reason to drop them for others unseen."""
    works = account.problem not in OF_CREDENTIALS if account.problem else account.broken_at is None
    return bool(account.locked_credentials) and works


def _demand_untouched(account: Account, seen: bytes | memoryview) -> None:
    """Hold the account as it is until this transaction ends, if it has the credentials that were seen."""
    same = Account.objects.filter(pk=account.pk, locked_credentials=seen).select_for_update(no_key=True)
    if same.first() is None:
        raise CannotConnect(
            _("Somebody else changed this account meanwhile. Look at it again, then enter what is missing."),
            "network",
        )


def _is_tried(field: CredentialField) -> bool:
    """Whether another value is tried before it is kept: it may fail, or open another account."""
    return field.secret or field.renews or field.whose


def _demand_renewed(account: Account, seen: bytes | memoryview, *, proved: bool) -> None:
    """Have the sign-in of now renewed with the new credentials: with what it brought before they would seem
    to work until it ends. A no of the network leaves what is held, whether that works or not."""
    try:
        renew_with_others(account, seen)
    except Refusal as refusal:
        if proved or not refusal.retry:
            raise _kept(account, refusal.reason, f"{refusal.code} {refusal.detail}".strip()) from refusal
    except (Unreachable, AnswerLost, TooLarge) as error:
        if proved:
            raise _unreached(account, error) from error


def _demand_the_same(account: Account, *, proved: bool) -> None:
    """Ask the network whose the new credentials are. What it does not tell now the worker finds out, unless
    it is to be `proved` that they work."""
    try:
        found = who_it_is(account)
    except Refusal as refusal:
        said = f"{refusal.code} {refusal.detail}".strip()
        if refusal.reason == "not_configured" and not refusal.retry:
            raise _not_taken(account, said) from refusal
        if proved:
            raise _kept(account, refusal.reason, said) from refusal
        return
    except SessionExpired as expired:  # though it is a new one
        if str(expired):
            raise _not_taken(account, str(expired)) from expired
        if proved:
            raise _kept(account, "sign_in_again", "") from expired
        return
    except (Unreachable, AnswerLost, TooLarge) as error:
        if proved:
            raise _unreached(account, error) from error
        return
    if jobs.is_another(account, found):
        raise CannotConnect(
            _(
                "These credentials belong to another account, %(theirs)s. This one stays "
                "%(ours)s with its history; connect the other as a new account."
            )
            % {
                "theirs": found.handle or found.name or found.external_id,
                "ours": account.handle or account.name,
            },
            "network",
        )


def demand_what_it_opened(account: Account) -> None:
    """Refuse credentials that open something else than those before, where the network cannot say so; after
    a disconnect what they open counts. Raises `CannotConnect`."""
    opened = account.facts.get(jobs.OPENS, "")
    opens = account.adapter.opens(account.credentials) if opened else ""
    if opens != opened:
        raise CannotConnect(
            _(
                "This is the sign-in of %(theirs)s. Until now the account was %(ours)s, and so is "
                "its history: connect another one as a new account. If both are the same, such as a mailbox "
                "that has moved, disconnect this account first and then reconnect it; its tickets stay."
            )
            % {"theirs": opens, "ours": opened},
            "network",
        )


def _not_taken(account: Account, said: str) -> CannotConnect:
    return CannotConnect(
        _(
            "The network does not take these credentials for %(name)s: %(detail)s If they are "
            "another account’s, connect that one as a new account."
        )
        % {"name": account.name, "detail": said},
        "network",
    )


def _unreached(account: Account, error: Exception) -> CannotConnect:
    return _kept(
        account, "private_address" if isinstance(error, AddressRefused) else "network_down", str(error)
    )


def _kept(account: Account, problem: str, said: str) -> CannotConnect:
    """What was entered does not work, but what is held does."""
    why = str(reach.words_for_entered(account, problem, said).sentence)
    sentence = _("%(why)s Nothing was changed: %(name)s goes on with the credentials it has. %(detail)s") % {
        "why": why,
        "name": account.name,
        "detail": "" if said in why else said,
    }
    return CannotConnect(sentence.strip(), "network")


def check_again(account: Account) -> None:
    """Have the network asked once more, with the credentials as they are; where that can be done, a sign-in
    that was begun is over."""
    _forget_problem(account)
    with transaction.atomic():
        account.save(update_fields=_PROBLEM)
        if not jobs.lacks(account):
            account.sign_ins.all().delete()
        have_checked(account)


_PROBLEM = ("state", "problem", "problem_detail", "told", "collect_at")


def _forget_problem(account: Account) -> None:
    """A person saw to it: what the network said until now counts no more."""
    account.state = Account.State.CONNECTING
    account.problem = account.problem_detail = ""
    account.told = {"at": clock.now().isoformat()}
    account.collect_at = None
