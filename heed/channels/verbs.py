"""What is done to accounts: connect, reconnect, rename, disconnect."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from django.conf import settings as heed_settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from heed.accounts import audit, renaming
from heed.accounts.models import Brand, User
from heed.accounts.refusals import CannotChange
from heed.channels import jobs
from heed.channels.base import Checked, CredentialField, Network, Refusal, SessionExpired, is_yes
from heed.channels.missed import check_soon
from heed.channels.models import Account, Registration, SignIn
from heed.channels.outgoing import client
from heed.channels.reasons import REASONS
from heed.channels.registry import NoSuchNetwork, network_named, networks
from heed.channels.siblings import siblings
from heed.lib import clock, live
from heed.lib.http import AnswerLost, Steps, TooLarge, Unreachable, drive, is_allowed

T = TypeVar("T")

ALREADY_CONNECTED = gettext_lazy("This account is already connected.")


class CannotConnect(CannotChange):
    """What was entered cannot be used. `field` is `network`, `base_url`, `external_id`, `after_solved` or a
    credential field's name."""


def connect(
    network: str,
    name: str,
    external_id: str,
    credentials: Mapping[str, str],
    base_url: str = "",
    settings: Mapping[str, Any] | None = None,
    after_solved: str = Account.AfterSolved.REOPEN,
    by: User | None = None,
) -> Account:
    """Connect an account and have its network asked, by the worker, whether it works.

    An empty `name` is filled with the network's own; an empty `base_url` is the network's usual
    one. Raises `CannotConnect`.
    """
    adapter = _network(network)
    account = Account(
        network=adapter.name,
        name=name.strip()[:120] or str(adapter.label),
        external_id=external_id.strip(),
        base_url=_checked_address(base_url, adapter),
        settings=dict(settings or {}),
        after_solved=_checked_choice(after_solved),
    )
    account.credentials = _checked_credentials(adapter, credentials)
    try:
        with transaction.atomic():
            account.save()
            audit.record(by, "connected", account, network=account.network)
            _have_checked(account)
    except IntegrityError as error:
        raise CannotConnect(ALREADY_CONNECTED, "external_id") from error
    return account


def begin_sign_in(
    network: str,
    user: User,
    credentials: Mapping[str, str],
    base_url: str = "",
    account: Account | None = None,
    name: str = "",
    external_id: str = "",
    after_solved: str = Account.AfterSolved.REOPEN,
) -> str:
    """Start signing in at a network that lets one: gives back where the admin's browser goes.

    `credentials` are those that the network does not bring itself (the app's own id and secret); with
    an `account` it is signed in again, and keeps all it has: one that ever worked takes what was entered only
    when somebody has signed in. Raises `CannotConnect`.
    """
    adapter = _network(network)
    if adapter.oauth is None:
        raise CannotConnect(_("One cannot sign in to this network from here."), "network")
    account = account or Account(
        network=adapter.name,
        name=name.strip()[:120] or str(adapter.label),
        external_id=external_id.strip(),
        base_url=_checked_address(base_url, adapter),
        after_solved=_checked_choice(after_solved),
    )
    known = account.credentials if account.locked_credentials else {}
    given = _entered(adapter, credentials)
    _demand_secrets(adapter, known, given)
    account.credentials = _checked_credentials(adapter, {**known, **given}, without=adapter.oauth.fills)
    sign_in = SignIn(account=account, user=user)
    record = replace(account.record(), app=Registration.at_server_of(account))
    begun = _asked(account, adapter.oauth.begin(record, way_back(), sign_in.state))
    if begun.app and begun.app != record.app:
        Registration.keep(account, begun.app)
    worked = account.connected_at is not None
    sign_in.keep = {**begun.keep, **({f"{_ENTERED}{name}": given[name] for name in given} if worked else {})}
    try:
        with transaction.atomic():
            if not worked:
                account.save(update_fields=["locked_credentials"] if account.pk else None)
            sign_in.save()
    except IntegrityError as error:
        raise CannotConnect(ALREADY_CONNECTED, "external_id") from error
    return begun.url


def finish_sign_in(state: str, user: User, query: Mapping[str, str]) -> Account:
    """The network sent the admin back: take the credentials it gives, once. Raises `CannotConnect`."""
    sign_in = _open_sign_in(state, user)
    account = sign_in.account
    oauth = account.adapter.oauth
    if oauth is None:
        raise CannotConnect(_("One cannot sign in to this network from here."), "network")
    keep = {name: value for name, value in sign_in.keep.items() if not name.startswith(_ENTERED)}
    entered = {name.removeprefix(_ENTERED): sign_in.keep[name] for name in sign_in.keep.keys() - keep.keys()}
    held = _checked_credentials(account.adapter, {**account.credentials, **entered}, without=oauth.fills)
    record = replace(account.record(), credentials=held)
    given = _asked(account, oauth.finish(record, keep, query, way_back()))
    reconnect(account, {**entered, **given}, by=user)
    return account


_ENTERED = "entered:"
"""Before the name of a field, among what is kept of a sign-in."""


def _open_sign_in(state: str, user: User) -> SignIn:
    """The sign-in that was begun with this state, by this person, not long ago; it works once."""
    with transaction.atomic():
        found = (
            SignIn.objects.select_for_update(of=("self",))
            .select_related("account")
            .filter(state=state, user=user, created_at__gt=clock.now() - SignIn.HOLDS)
            .first()
        )
        if found is None:
            raise CannotConnect(_("This sign-in is over or was not begun here. Begin again."), "network")
        SignIn.objects.filter(pk=found.pk).delete()
    return found


def way_back() -> str:
    """Where the network sends the admin's browser; it must be allowed there."""
    return f"{heed_settings.HEED_PUBLIC_URL}/accounts/signed-in/"


def _asked(account: Account, steps: Steps[T]) -> T:
    """What the network answers now, while the admin waits. Raises `CannotConnect` in its words."""
    try:
        return drive(steps, client().send)
    except Refusal as refusal:
        detail = f"{refusal.code} {refusal.detail}".strip()
        raise CannotConnect(f"{REASONS[refusal.reason].sentence} {detail}".strip(), "network") from refusal
    except SessionExpired as expired:
        raise CannotConnect(f"{REASONS['sign_in_again'].sentence} {expired}".strip(), "network") from expired
    except (Unreachable, AnswerLost, TooLarge) as error:
        raise CannotConnect(_("The network cannot be reached at this address."), "base_url") from error


def reconnect(account: Account, credentials: Mapping[str, str], *, by: User | None = None) -> None:
    """Take new credentials and check again. A field left out keeps what it held, and so does a secret
    left empty; an empty field that is no secret is emptied. Those of another Page, number or mailbox
    are refused, and what was held stays: its talk would come under this one's history. Where a place is
    another, every secret must be entered again.

    Raises `CannotConnect`.
    """
    known = account.credentials
    given = _entered(account.adapter, credentials)
    _demand_secrets(account.adapter, known, given)
    account.credentials = _checked_credentials(account.adapter, {**known, **given})
    changed = _changed(account.adapter, known, account.credentials)
    ends = _ends_session(account.adapter, known, changed)
    if ends:
        account.session = {}
    if account.connected_at is not None and (ends or any(field.whose for field in changed)):
        _demand_the_same(account)
    _forget_problem(account)
    with transaction.atomic():
        account.save(update_fields=["locked_credentials", "locked_session", *_PROBLEM])
        account.sign_ins.all().delete()
        audit.record(by, "reconnected", account, fields=sorted(given))
        _have_checked(account)


def _entered(adapter: Network, credentials: Mapping[str, str]) -> dict[str, str]:
    """What somebody entered: to leave a secret empty is to enter nothing."""
    secret = {field.name for field in adapter.fields if field.secret}
    return {name: value for name, value in credentials.items() if value.strip() or name not in secret}


def _demand_secrets(adapter: Network, known: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Keep a secret from going where it never went, unless whoever changes that knows it. Raises
    `CannotConnect`."""

    def entered(field: CredentialField) -> str:
        return given.get(field.name, "").strip()

    moved = [
        each for each in adapter.fields if each.place and entered(each) not in ("", known.get(each.name))
    ]
    kept = [each for each in adapter.fields if each.secret and known.get(each.name) and not entered(each)]
    if moved and kept:
        raise CannotConnect(
            _("Enter again, because it would go to another server: %(secrets)s.")
            % {"secrets": ", ".join(str(each.label) for each in kept)},
            kept[0].name,
        )


def _changed(adapter: Network, known: Mapping[str, str], held: Mapping[str, str]) -> list[CredentialField]:
    return [field for field in adapter.fields if known.get(field.name) != held.get(field.name)]


def _ends_session(adapter: Network, known: Mapping[str, str], changed: Sequence[CredentialField]) -> bool:
    """Whether the sign-in of now is over with what was entered. Where somebody signed in at the network, the
    session holds what that brought, and lives until a new sign-in brings more or it would go elsewhere."""
    brought = adapter.oauth.fills if adapter.oauth is not None else ()
    if not any(name in known for name in brought):
        return True
    return any(field.place or field.name in brought for field in changed)


def _demand_the_same(account: Account) -> None:
    """Ask the network whose the new credentials are. What it does not tell now the worker finds out."""
    try:
        found = _looked(account)
    except Refusal as refusal:
        if refusal.reason == "not_configured" and not refusal.retry:
            raise _not_taken(account, f"{refusal.code} {refusal.detail}".strip()) from refusal
        return
    except SessionExpired as expired:  # though it is a new one
        if str(expired):
            raise _not_taken(account, str(expired)) from expired
        return
    except (Unreachable, AnswerLost, TooLarge):
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


def _not_taken(account: Account, said: str) -> CannotConnect:
    return CannotConnect(
        _(
            "The network does not take these credentials for %(name)s: %(detail)s If they are "
            "another account’s, connect that one as a new account."
        )
        % {"name": account.name, "detail": said},
        "network",
    )


def _looked(account: Account) -> Checked:
    """Who the account is, with nothing pointed at us. A session made on the way is kept in `account`."""
    try:
        return drive(account.adapter.check(replace(account.record(), hook_url="")), client().send)
    except SessionExpired:
        account.session = drive(account.adapter.renew(account.record()), client().send)
        return drive(account.adapter.check(replace(account.record(), hook_url="")), client().send)


def check_again(account: Account) -> None:
    """Have the network asked once more, with the credentials as they are; where that can be done, a sign-in
    that was begun is over."""
    _forget_problem(account)
    with transaction.atomic():
        account.save(update_fields=_PROBLEM)
        if not jobs.lacks(account):
            account.sign_ins.all().delete()
        _have_checked(account)


_PROBLEM = ("state", "problem", "problem_detail", "told", "collect_at")


def _forget_problem(account: Account) -> None:
    """A person saw to it: what the network said until now counts no more."""
    account.state = Account.State.CONNECTING
    account.problem = account.problem_detail = ""
    account.told = {"at": clock.now().isoformat()}
    account.collect_at = None


def disconnect(account: Account, *, by: User | None = None) -> None:
    """Forget the credentials. What was said stays; nothing more comes in or goes out.

    The webhook address dies too: without credentials no signature could be told from a forged
    one. Reconnecting sets up a new address, and has read what was missed meanwhile.
    """
    others = siblings(account)
    account.locked_credentials = account.locked_session = b""
    account.hook_token = Account._meta.get_field("hook_token").get_default()
    account.state = Account.State.BROKEN
    account.problem, account.problem_detail = "not_configured", ""
    account.broken_at = account.broken_at or clock.now()
    with transaction.atomic():
        account.save(
            update_fields=[
                "locked_credentials",
                "locked_session",
                "hook_token",
                "state",
                "problem",
                "problem_detail",
                "broken_at",
            ]
        )
        for other in others:  # their news may come to the address that dies now
            check_soon(other.pk)
        audit.record(by, "disconnected", account)
        live.tell(["accounts"])


def rename(account: Account, name: str, *, by: User | None = None) -> None:
    """Call the account something else. An empty name changes nothing."""
    name = name.strip()[:120]
    if name and name != account.name:
        before = account.name
        with transaction.atomic():
            _change(account, by, name=name)
            renaming.tell("account", account.pk, before, name)


def choose_after_solved(account: Account, choice: str, *, by: User | None = None) -> None:
    """Say what a customer's new message does to a solved ticket. Raises `CannotConnect`."""
    if _checked_choice(choice) != account.after_solved:
        _change(account, by, after_solved=choice)


def give_brand(account: Account, brand: Brand | None, *, by: User | None = None) -> None:
    """Have the account belong to a brand, or to none."""
    if brand != account.brand:
        numbers = [account.brand_id or 0, brand.pk if brand else 0]  # the figures read which hours held when
        with transaction.atomic():
            _change(account, by, {"numbers": numbers}, brand=brand)
            for moved in _at_brands:
                moved()
        live.tell(["people"])  # who holds a role for the brand sees other tickets now


def when_brands_change(moved: Callable[[], None]) -> None:
    """A room above has what hangs on the brands of accounts: it is told within the transaction."""
    if moved not in _at_brands:
        _at_brands.append(moved)


_at_brands: list[Callable[[], None]] = []


def _change(account: Account, by: User | None, told: Mapping[str, Any] | None = None, **facts: Any) -> None:
    before = {name: str(getattr(account, name) or "") for name in facts}
    for name, value in facts.items():
        setattr(account, name, value)
    with transaction.atomic():
        account.save(update_fields=list(facts))
        after = {name: str(value or "") for name, value in facts.items()}
        audit.record(by, "changed", account, before=before, after=after, **(told or {}))
        live.tell(["accounts"])


def _have_checked(account: Account) -> None:
    jobs.check_account.defer(account_id=account.pk)
    live.tell(["accounts"])


def _network(name: str) -> Network:
    try:
        return network_named(name)
    except NoSuchNetwork:
        raise CannotConnect(
            _("There is no network called “%(name)s”. There are: %(names)s.")
            % {"name": name, "names": ", ".join(networks())},
            "network",
        ) from None


def _checked_choice(choice: str) -> str:
    if choice not in Account.AfterSolved.values:
        raise CannotConnect(_("After solving, choose “reopen” or “new”."), "after_solved")
    return choice


def _checked_credentials(
    adapter: Network, credentials: Mapping[str, str], without: Sequence[str] = ()
) -> dict[str, str]:
    """The credentials this network asks for, trimmed: none missing but those `without`, none unknown."""
    known = {field.name: field for field in adapter.fields}
    names = ", ".join(known)
    for name in credentials:
        if name not in known:
            raise CannotConnect(
                _("%(network)s does not know the credential “%(name)s”. It takes: %(names)s.")
                % {"network": adapter.label, "name": name, "names": names},
                name,
            )
    given = {name: value.strip() for name, value in credentials.items() if value.strip()}
    for field in adapter.fields:
        if field.kind == "yes_no":
            given |= _ticked(field, given.pop(field.name, ""))
        elif field.required and field.name not in given and field.name not in without:
            raise CannotConnect(
                _("%(network)s needs “%(label)s” (%(name)s).")
                % {"network": adapter.label, "label": field.label, "name": field.name},
                field.name,
            )
    return given


def _ticked(field: CredentialField, said: str) -> dict[str, str]:
    """What is kept of a tick: nothing where there is none."""
    if is_yes(said):
        return {field.name: "yes"}
    if said.casefold() not in ("", "no", "false", "0"):
        raise CannotConnect(_("“%(label)s” takes “yes” or “no”.") % {"label": field.label}, field.name)
    return {}


def _checked_address(base_url: str, adapter: Network) -> str:
    """The address as it is kept: http(s), no slash at the end, public or named by the admin."""
    if not base_url.strip():
        return adapter.base_url.rstrip("/")
    url = base_url.strip().rstrip("/")
    parts, port = _parts(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise CannotConnect(
            _("The base address must start with http:// or https:// and name a host."), "base_url"
        )
    if parts.username or parts.query or parts.fragment or len(url) > 500:
        raise CannotConnect(
            _("The base address is only scheme, host, port and path, such as %(example)s.")
            % {"example": adapter.base_url},
            "base_url",
        )
    if not _may_call(parts.hostname, port):
        raise CannotConnect(
            _(
                "%(host)s is a private address, which Heed does not call. If it is meant, name it in "
                "HEED_ALLOW_PRIVATE_HOSTS and start Heed again."
            )
            % {"host": parts.netloc},
            "base_url",
        )
    return url


def _parts(url: str) -> tuple[SplitResult | None, int]:
    try:
        parts = urlsplit(url)
        return parts, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None, 0


def _may_call(host: str, port: int) -> bool:
    """Whether every address of the host may be called. A host without one is found out by the check."""
    allowed = frozenset(heed_settings.HEED_ALLOW_PRIVATE_HOSTS)
    try:
        addresses = [str(ipaddress.ip_address(host))]
    except ValueError:
        addresses = _addresses(host, port)
    return all(is_allowed(host, port, address, allowed) for address in addresses)


def _addresses(host: str, port: int) -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []
