"""Signing in at the network: the admin's browser goes there and comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.conf import settings as heed_settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from heed.accounts.models import User
from heed.channels.models import Account, Registration, SignIn
from heed.channels.verbs.asking import asked
from heed.channels.verbs.entered import (
    checked_credentials,
    demand_secrets,
    network_meant,
    new_account,
    what_was_entered,
)
from heed.channels.verbs.reconnecting import demand_what_it_opened, reconnect
from heed.channels.verbs.refusals import ALREADY_CONNECTED, CannotConnect
from heed.lib import clock


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
    adapter = network_meant(network)
    if adapter.oauth is None:
        raise CannotConnect(_("One cannot sign in to this network from here."), "network")
    account = account or new_account(adapter, name, external_id, base_url, after_solved)
    worked = account.connected_at is not None
    known = account.credentials if account.locked_credentials else {}
    given = what_was_entered(adapter, credentials)
    brought = adapter.oauth.fills if worked else ()  # what it brings goes nowhere until it is another
    demand_secrets(adapter, {name: each for name, each in known.items() if name not in brought}, given)
    account.credentials = checked_credentials(adapter, {**known, **given}, without=adapter.oauth.fills)
    demand_what_it_opened(account)
    sign_in = SignIn(account=account, user=user)
    record = replace(account.record(), app=Registration.at_server_of(account))
    begun = asked(adapter.oauth.begin(record, way_back(), sign_in.state))
    if begun.app and begun.app != record.app:
        Registration.keep(account, begun.app)
    sign_in.hold(begun.keep, given if worked else {})
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
    entered = sign_in.entered
    held = checked_credentials(account.adapter, {**account.credentials, **entered}, without=oauth.fills)
    record = replace(account.record(), credentials=held)
    given = asked(oauth.finish(record, sign_in.keep, query, way_back()))
    reconnect(account, {**entered, **given}, by=user)
    return account


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
