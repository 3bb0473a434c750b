"""An account whose network is reached at another address now."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from heed.accounts import audit
from heed.accounts.models import User
from heed.channels.base import Network
from heed.channels.models import Account
from heed.channels.verbs.addresses import checked_address
from heed.channels.verbs.asking import have_checked
from heed.channels.verbs.entered import apart_from, checked_credentials, replaced, what_was_entered
from heed.channels.verbs.reconnecting import demand_what_it_opened, reconnect
from heed.channels.verbs.refusals import ALREADY_CONNECTED, CannotConnect
from heed.lib import clock


def move(account: Account, base_url: str, credentials: Mapping[str, str], *, by: User | None = None) -> None:
    """Have the account's network asked at another address from now on, with what is entered for it there.
    Every secret is entered again: it never went there. A field left out that is no secret keeps what it
    held, and a sign-in of until now is over. Whether it is the same account there the worker finds out. At
    the address it has, this is `reconnect`. Raises `CannotConnect`."""
    there = checked_address(base_url, account.adapter)
    if there == account.base_url:
        reconnect(account, credentials, by=by)
        return
    entered, known = what_was_entered(account.adapter, credentials), account.credentials
    gone = replaced(account.adapter, (name for name, value in entered.items() if value.strip()))
    given, held = apart_from(gone, entered), apart_from(gone, known)
    _demand_every_secret(account.adapter, held, given)
    account.credentials = checked_credentials(account.adapter, {**held, **given}, known=known)
    demand_what_it_opened(account)
    account.base_url, account.session = there, {}
    account.state = Account.State.CONNECTING
    account.problem = account.problem_detail = ""
    account.told = {"at": clock.now().isoformat()}
    account.collect_at = None
    try:
        with transaction.atomic():
            account.save(update_fields=_MOVED)
            account.sign_ins.all().delete()
            audit.record(by, "reconnected", account, fields=["base_url", *sorted(given)])
            have_checked(account)
    except IntegrityError as error:
        raise CannotConnect(ALREADY_CONNECTED, "base_url") from error


_MOVED = (
    "base_url",
    "locked_credentials",
    "locked_session",
    "state",
    "problem",
    "problem_detail",
    "told",
    "collect_at",
)


def _demand_every_secret(adapter: Network, held: Mapping[str, str], given: Mapping[str, str]) -> None:
    kept = [each for each in adapter.fields if each.secret and held.get(each.name) and each.name not in given]
    if kept:
        raise CannotConnect(
            _("Enter again, because it would go to another server: %(secrets)s.")
            % {"secrets": ", ".join(str(each.label) for each in kept)},
            kept[0].name,
        )
