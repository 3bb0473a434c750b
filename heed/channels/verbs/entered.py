"""What somebody entered for an account, looked over before it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from secrets import token_hex
from typing import Any

from django.utils.translation import gettext as _

from heed.channels.base import CredentialField, Network, Way, as_kept, is_needed, misfit_of, way_taken
from heed.channels.models import Account
from heed.channels.registry import NoSuchNetwork, network_named, networks
from heed.channels.verbs.addresses import checked_address
from heed.channels.verbs.refusals import CannotConnect


def new_account(
    adapter: Network, name: str, external_id: str, base_url: str, after_solved: str, **facts: Any
) -> Account:
    """An account as it was entered, not saved and without credentials. Raises `CannotConnect`."""
    return Account(
        network=adapter.name,
        name=name.strip()[:120] or str(adapter.label),
        external_id=external_id.strip(),
        base_url=checked_address(base_url, adapter),
        after_solved=checked_choice(after_solved),
        **facts,
    )


def network_meant(name: str) -> Network:
    """The network of this name. Raises `CannotConnect`, which names those that there are."""
    try:
        return network_named(name)
    except NoSuchNetwork:
        raise CannotConnect(
            _("There is no network called “%(name)s”. There are: %(names)s.")
            % {"name": name, "names": ", ".join(networks())},
            "network",
        ) from None


def checked_choice(choice: str) -> str:
    if choice not in Account.AfterSolved.values:
        raise CannotConnect(_("After solving, choose “reopen” or “new”."), "after_solved")
    return choice


def what_was_entered(adapter: Network, credentials: Mapping[str, str]) -> dict[str, str]:
    """What somebody entered: to leave a secret empty is to enter nothing."""
    secret = {field.name for field in adapter.fields if field.secret}
    return {name: value for name, value in credentials.items() if value.strip() or name not in secret}


def checked_credentials(
    adapter: Network,
    credentials: Mapping[str, str],
    without: Sequence[str] = (),
    known: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The credentials this network asks for, as they are kept: none missing but those `without`, which a
    sign-in brings, none unknown, none that cannot be right. What is `known` stays as it is. A secret that
    Heed can make up is made up where it is missing."""
    fields = {field.name: field for field in adapter.fields}
    names = ", ".join(fields)
    for name in credentials:
        if name not in fields:
            raise CannotConnect(
                _("%(network)s does not know the credential “%(name)s”. It takes: %(names)s.")
                % {"network": adapter.label, "name": name, "names": names},
                name,
            )
    given = _as_kept(adapter, credentials, known or {})
    way = _way_of(adapter, without) or way_taken(adapter.fields, given)
    for field in adapter.fields:
        if not is_needed(field, way) or field.name in given or field.name in without:
            continue
        if not field.made_up:
            raise CannotConnect(
                _("%(network)s needs “%(label)s” (%(name)s).")
                % {"network": adapter.label, "label": field.label, "name": field.name},
                field.name,
            )
        given[field.name] = token_hex(16)
    return given


def _as_kept(adapter: Network, credentials: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """What of this is kept; what is empty is not."""
    given: dict[str, str] = {}
    for field in adapter.fields:
        entered = credentials.get(field.name, "")
        kept = as_kept(field, entered)
        if kept is None and entered != known.get(field.name):
            raise CannotConnect(f"{field.label}: {misfit_of(field)}", field.name)
        given[field.name] = entered.strip() if kept is None else kept
    return {name: value for name, value in given.items() if value}


def made_up(account: Account, entered: Mapping[str, str], held: Mapping[str, str]) -> dict[str, str]:
    """The secrets that Heed made up for the account: nobody `entered` them, nor were they `held` before.
    Whoever connects it enters them at the network, too, or signs with them."""
    return {
        field.name: account.credentials[field.name]
        for field in account.adapter.fields
        if field.made_up
        and not entered.get(field.name, "").strip()
        and not held.get(field.name)
        and account.credentials.get(field.name)
    }


def _way_of(adapter: Network, brought: Sequence[str]) -> Way | None:
    """The way by which one signs in, where these fields are brought by that."""
    return next((field.way for field in adapter.fields if field.name in brought), None)


def replaced(adapter: Network, entered: Iterable[str]) -> frozenset[str]:
    """The fields whose place is taken by what is entered or brought, such as the token of a sign-in when
    there is a password now. What signing in brings goes before what was typed beside it."""
    names = set(entered)
    counts = names.intersection(adapter.oauth.fills) if adapter.oauth is not None else set()
    return frozenset(
        name for field in adapter.fields if field.name in (counts or names) for name in field.replaces
    )


def apart_from(gone: Iterable[str], credentials: Mapping[str, str]) -> dict[str, str]:
    """These credentials without the fields of these names."""
    left_out = frozenset(gone)
    return {name: value for name, value in credentials.items() if name not in left_out}


def goes_elsewhere(adapter: Network, known: Mapping[str, str], given: Mapping[str, str]) -> bool:
    """Whether the secrets would go to another place with what was entered than with what is held: to a new
    one, or to the usual one where one was entered until now."""

    def moves(field: CredentialField) -> bool:
        entered = given.get(field.name, "").strip()
        if not field.place or field.name not in given or entered == known.get(field.name, ""):
            return False
        return bool(entered) or not field.required  # what is required is never empty

    return any(moves(each) for each in adapter.fields)


def demand_secrets(adapter: Network, known: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Keep a secret from going where it never went, unless whoever changes that knows it. Raises
    `CannotConnect`."""
    entered = {name for name, value in given.items() if value.strip()}
    held = [each for each in adapter.fields if each.secret and known.get(each.name)]
    kept = [each for each in held if each.name not in entered]
    if kept and goes_elsewhere(adapter, known, given):
        raise CannotConnect(
            _("Enter again, because it would go to another server: %(secrets)s.")
            % {"secrets": ", ".join(str(each.label) for each in kept)},
            kept[0].name,
        )
