"""What somebody entered for an account, looked over before it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from heed.channels.base import CredentialField, Network, Way, is_needed, is_yes, way_taken
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
    adapter: Network, credentials: Mapping[str, str], without: Sequence[str] = ()
) -> dict[str, str]:
    """The credentials this network asks for, trimmed: none missing but those `without`, which a sign-in
    brings, none unknown."""
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
    way = _way_of(adapter, without) or way_taken(adapter.fields, given)
    for field in adapter.fields:
        if field.kind == "yes_no":
            given |= _ticked(field, given.pop(field.name, ""))
        elif is_needed(field, way) and field.name not in given and field.name not in without:
            raise CannotConnect(
                _("%(network)s needs “%(label)s” (%(name)s).")
                % {"network": adapter.label, "label": field.label, "name": field.name},
                field.name,
            )
    return given


def _way_of(adapter: Network, brought: Sequence[str]) -> Way | None:
    """The way by which one signs in, where these fields are brought by that."""
    return next((field.way for field in adapter.fields if field.name in brought), None)


def _ticked(field: CredentialField, said: str) -> dict[str, str]:
    """What is kept of a tick: nothing where there is none."""
    if is_yes(said):
        return {field.name: "yes"}
    if said.casefold() not in ("", "no", "false", "0"):
        raise CannotConnect(_("“%(label)s” takes “yes” or “no”.") % {"label": field.label}, field.name)
    return {}


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
