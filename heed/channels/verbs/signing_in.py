"""Signing in at the network: the admin's browser goes there and comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from django.conf import settings as heed_settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from heed.accounts.models import User
from heed.channels.models import Account, Registration, SignIn
from heed.channels.verbs.asking import asked
from heed.channels.verbs.entered import (
    apart_from,
    checked_credentials,
    demand_secrets,
    goes_elsewhere,
    made_up,
    network_meant,
    new_account,
    replaced,
    what_was_entered,
)
from heed.channels.verbs.reconnecting import demand_what_it_opened, reconnect
from heed.channels.verbs.refusals import ALREADY_CONNECTED, CannotConnect
from heed.lib import clock


class Away(NamedTuple):
    """A sign-in that was begun."""

    url: str
    """Where the admin's browser goes."""
    account: Account
    """Whom it is for, with what was entered and made up for it."""


def begin_sign_in(
    network: str,
    user: User,
    credentials: Mapping[str, str],
    base_url: str = "",
    account: Account | None = None,
    name: str = "",
    external_id: str = "",
    after_solved: str = Account.AfterSolved.REOPEN,
) -> Away:
    """Start signing in at a network that lets one: gives back where the admin's browser goes, and for whom.

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
    replaces = replaced(adapter, adapter.oauth.fills)
    given = apart_from(replaces, what_was_entered(adapter, credentials))
    stays = apart_from({*adapter.oauth.fills, *replaces}, known)  # the rest goes nowhere: it is replaced
    demand_secrets(adapter, stays, given)
    if not worked and goes_elsewhere(adapter, known, given):  # what is entered counts at once
        known = stays
    account.credentials = checked_credentials(
        adapter, {**known, **given}, without=adapter.oauth.fills, known=known
    )
    demand_what_it_opened(account)
    sign_in = SignIn(account=account, user=user)
    record = replace(account.record(), app=Registration.at_server_of(account))
    begun = asked(adapter.oauth.begin(record, way_back(), sign_in.state))
    if begun.app and begun.app != record.app:
        Registration.keep(account, begun.app)
    sign_in.hold(begun.keep, {**given, **made_up(account, given, known)} if worked else {})
    try:
        with transaction.atomic():
            if not worked:
                account.save(update_fields=["locked_credentials"] if account.pk else None)
            sign_in.save()
    except IntegrityError as error:
        raise CannotConnect(ALREADY_CONNECTED, "external_id") from error
    return Away(begun.url, account)


def finish_sign_in(state: str, user: User, query: Mapping[str, str]) -> Account:
    """The network sent the admin back: take the credentials it gives, once. Raises `CannotConnect`, with the
    account where one is known by the state, and what was entered for it."""
    sign_in = _open_sign_in(state, user)
    try:
        _take_what_it_brings(sign_in, query, by=user)
    except CannotConnect as cannot:
        cannot.account, cannot.entered = sign_in.account, sign_in.entered
        raise
    return sign_in.account


def _take_what_it_brings(sign_in: SignIn, query: Mapping[str, str], *, by: User) -> None:
    account, entered = sign_in.account, sign_in.entered
    adapter = account.adapter
    if adapter.oauth is None:
        raise CannotConnect(_("One cannot sign in to this network from here."), "network")
    known = apart_from(replaced(adapter, adapter.oauth.fills), account.credentials)
    demand_secrets(adapter, apart_from(adapter.oauth.fills, known), entered)  # others may have come meanwhile
    whole = {**known, **entered}
    held = checked_credentials(adapter, whole, without=adapter.oauth.fills, known=whole)
    record = replace(account.record(), credentials=held)
    given = asked(adapter.oauth.finish(record, sign_in.keep, query, way_back()))
    reconnect(account, {**entered, **given}, by=by)


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
