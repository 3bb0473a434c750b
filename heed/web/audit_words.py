"""What the audit tells, as whole sentences: who did what, and to what.

A sentence is chosen by what was done and to what kind of thing, never put together from words: languages
order and bend them in their own ways. A room that records something new adds its sentence here
(`tests/test_audit_words.py` finds what has none).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import AuditRow

Told = Promise | Callable[[AuditRow], Promise]
"""A sentence, or the choice of one by what the row tells besides."""

KINDS_OF_MESSAGES = {
    "away": _("Away message"),
    "instant": _("Instant reply"),
    "greeting": _("Greeting"),
}


def sentence(row: AuditRow, accounts: Mapping[int, str] | None = None) -> SafeString:
    """The row as a sentence in the reader's language; `accounts` are names by number, for rows that hold only
    the number."""
    told = SENTENCES.get((row.what, row.kind), _UNKNOWN)
    words = told if isinstance(told, Promise) else told(row)
    return format_html(str(words), **_parts(row, accounts or {}))


def _parts(row: AuditRow, accounts: Mapping[int, str]) -> dict[str, SafeString]:
    """What may stand in the gaps of a sentence."""
    facts: dict[str, Any] = row.facts
    was, now = (_only(facts.get(name)) for name in ("before", "after"))
    account = facts.get("account") or ""
    kind = str(KINDS_OF_MESSAGES.get(facts.get("kind", ""), ""))
    shown = {
        "who": row.actor_name or "Heed",
        "name": row.target_name or facts.get("name") or "",
        "message": kind,
        "was": was,
        "now": now or facts.get("name") or "",
        "account": accounts.get(account, f"#{account}") if isinstance(account, int) else account,
        "what": row.what,
        "kind": row.kind,
    } | {name: facts.get(name) or "" for name in ("role", "where", "place", "of")}
    if row.kind == "text":
        shown["name"] = f"/{shown['name']}"
    return {name: _marked(str(value)) for name, value in shown.items()}


def _marked(name: str) -> SafeString:
    direction = format_html(' dir="{}"', "ltr") if name.startswith("#") else ""
    return format_html('<bdi class="name"{}>{}</bdi>', direction, name)


def _only(fact: Any) -> str:
    """What was, or is, where a single thing was changed."""
    if isinstance(fact, dict):
        return str(next(iter(fact.values()), "")) if len(fact) == 1 else ""
    return str(fact or "")


def _own(row: AuditRow) -> bool:
    return row.actor is not None and str(row.actor) == row.target


def _self_or(own: Promise, other: Promise) -> Told:
    return lambda row: own if _own(row) else other


def _having(fact: str, with_it: Promise, without: Promise) -> Told:
    return lambda row: with_it if row.facts.get(fact) else without


def _moved_or(moved: Promise, changed: Promise) -> Told:
    return lambda row: moved if "position" in row.facts else changed


def _team(row: AuditRow) -> Promise:
    if row.facts.get("archived") is False:
        return _("{who} brought the team {name} back")
    return _("{who} changed the team {name}")


def _field(row: AuditRow) -> Promise:
    if "archived" in row.facts:
        if row.facts["archived"]:
            return _("{who} took the field {name} out of use")
        return _("{who} put the field {name} back into use")
    if "position" in row.facts:
        return _("{who} moved the field {name} to another place")
    return _("{who} changed the field {name}")


def _account(row: AuditRow) -> Promise:
    after = row.facts.get("after") or {}
    if set(after) == {"name"}:
        return _("{who} renamed the account {was} to {now}")
    if set(after) == {"brand"}:
        if after["brand"]:
            return _("{who} put the account {name} into the brand {now}")
        return _("{who} took the account {name} out of the brand {was}")
    if set(after) == {"after_solved"}:
        return _("{who} changed what a new message does to a solved ticket of the account {name}")
    return _("{who} changed the account {name}")


def _sign_in_rules(row: AuditRow) -> Promise:
    part = row.facts.get("part")
    if part == "passwords":
        return _("{who} changed what passwords must be")
    if part == "second factor":
        return _("{who} changed who needs a second factor")
    if part == "company":
        return _("{who} changed the company’s sign-in")
    return _("{who} changed how people sign in")


def _failed(row: AuditRow) -> Promise:
    step = row.facts.get("step")
    if step == "second factor":
        return _("{name} could not sign in: the second factor did not fit")
    if step == "company":
        return _("Somebody could not sign in with the company’s sign-in")
    if row.target:
        return _("Somebody tried to sign in as {name} and failed")
    return _("Somebody tried to sign in with an unknown address and failed")


def _guideline(desk: Promise, account: Promise, place: Promise) -> Told:
    def told(row: AuditRow) -> Promise:
        if row.facts.get("account"):
            return account
        return desk if row.facts.get("place", "desk") == "desk" else place

    return told


_UNKNOWN = _("Heed has no words for what {who} did here: {what}, {kind}, {name}")

_WORKS = _("{who} changed when {name} works and how much they take")

SENTENCES: dict[tuple[str, str], Told] = {
    # people and how they sign in
    ("signed_in", "user"): _("{who} signed in"),
    ("signed_out", "user"): _("{who} signed out"),
    ("sign_in_failed", "user"): _failed,
    ("sessions_ended", "user"): _self_or(
        _("{who} signed out on their other devices"), _("{who} signed {name} out everywhere")
    ),
    ("password_changed", "user"): _self_or(
        _("{who} changed their password"), _("{who} gave {name} a new password")
    ),
    ("factor_set", "user"): _("{who} set up a second factor"),
    ("factor_removed", "user"): _self_or(
        _("{who} removed their second factor"), _("{who} removed the second factor of {name}")
    ),
    ("let_in", "user"): _("{who} let {name} in again"),
    ("shut_out", "user"): _("{who} ended the access of {name}"),
    ("joined", "user"): _having("role", _("{who} joined with the role {role}"), _("{who} joined")),
    ("changed", "user"): _WORKS,
    ("made", "user"): _WORKS,
    ("role_given", "user"): _having(
        "where", _("{who} gave {name} the role {role} for {where}"), _("{who} gave {name} the role {role}")
    ),
    ("role_taken", "user"): _having(
        "where",
        _("{who} took the role {role} for {where} from {name}"),
        _("{who} took the role {role} from {name}"),
    ),
    ("invited", "invitation"): _having(
        "where",
        _("{who} invited {name} with the role {role} for {where}"),
        _("{who} invited {name} with the role {role}"),
    ),
    ("invited_again", "invitation"): _("{who} invited {name} once more"),
    ("invitation_withdrawn", "invitation"): _("{who} withdrew the invitation of {name}"),
    ("changed", "signinpolicy"): _sign_in_rules,
    ("token_made", "apitoken"): _("{who} made the API token {name}"),
    ("token_removed", "apitoken"): _having(
        "of", _("{who} removed the API token {name} of {of}"), _("{who} removed the API token {name}")
    ),
    ("made", "ownrole"): _("{who} made the role {name}"),
    ("changed", "ownrole"): _("{who} changed the role {name}"),
    ("removed", "ownrole"): _("{who} removed the role {name}"),
    # what was looked at and taken along
    ("opened", "ticket"): _("{who} opened the ticket {name}"),
    ("opened", "delivery"): lambda row: (
        _("{who} opened the delivery {name}") if row.target_name else _("{who} opened the list of deliveries")
    ),
    ("exported", "audit"): _("{who} exported the audit"),
    ("exported", "figures"): _("{who} exported the figures"),
    ("blocked", "identity"): _("{who} blocked {name}"),
    ("unblocked", "identity"): _("{who} unblocked {name}"),
    # accounts and brands
    ("connected", "account"): _("{who} connected the account {name}"),
    ("reconnected", "account"): _("{who} connected the account {name} again"),
    ("disconnected", "account"): _("{who} disconnected the account {name}"),
    ("removed", "account"): _("{who} removed the account {name}"),
    ("changed", "account"): _account,
    ("made", "brand"): _("{who} made the brand {name}"),
    ("renamed", "brand"): _having(
        "before", _("{who} renamed the brand {was} to {name}"), _("{who} renamed the brand {name}")
    ),
    # how tickets find their people
    ("made", "team"): _("{who} made the team {name}"),
    ("changed", "team"): _team,
    ("removed", "team"): _("{who} removed the team {name}"),
    ("made", "skill"): _("{who} made the skill {name}"),
    ("changed", "skill"): _("{who} changed the skill {name}"),
    ("removed", "skill"): _("{who} removed the skill {name}"),
    ("made", "rule"): _("{who} made the rule {name}"),
    ("changed", "rule"): _moved_or(
        _("{who} moved the rule {name} to another place"), _("{who} changed the rule {name}")
    ),
    ("removed", "rule"): _("{who} removed the rule {name}"),
    ("switched_on", "rule"): _("{who} switched the rule {name} on"),
    ("switched_off", "rule"): _("{who} switched the rule {name} off"),
    ("made", "policy"): _("{who} made the target {name}"),
    ("changed", "policy"): _moved_or(
        _("{who} moved the target {name} to another place"), _("{who} changed the target {name}")
    ),
    ("removed", "policy"): _("{who} removed the target {name}"),
    ("made", "schedule"): _("{who} made the hours {name}"),
    ("changed", "schedule"): _("{who} changed the hours {name}"),
    ("removed", "schedule"): _("{who} removed the hours {name}"),
    # what is written and asked
    ("made", "automaticmessage"): _having(
        "account",
        _("{who} wrote the automatic message {message} for the account {account}"),
        _("{who} wrote the automatic message {message} for all accounts"),
    ),
    ("changed", "automaticmessage"): _having(
        "account",
        _("{who} changed the automatic message {message} of the account {account}"),
        _("{who} changed the automatic message {message} for all accounts"),
    ),
    ("removed", "automaticmessage"): _having(
        "account",
        _("{who} removed the automatic message {message} of the account {account}"),
        _("{who} removed the automatic message {message}"),
    ),
    ("made", "followupquestion"): _("{who} wrote the follow-up question of the account {account}"),
    ("changed", "followupquestion"): _("{who} changed the follow-up question of the account {account}"),
    ("removed", "followupquestion"): _("{who} removed the follow-up question of the account {account}"),
    ("made", "guideline"): _guideline(
        _("{who} wrote the guideline for everybody"),
        _("{who} wrote the guideline for the account {account}"),
        _("{who} wrote the guideline for {place}"),
    ),
    ("changed", "guideline"): _guideline(
        _("{who} changed the guideline for everybody"),
        _("{who} changed the guideline for the account {account}"),
        _("{who} changed the guideline for {place}"),
    ),
    ("removed", "guideline"): _guideline(
        _("{who} removed the guideline for everybody"),
        _("{who} removed the guideline for the account {account}"),
        _("{who} removed the guideline for {place}"),
    ),
    ("made", "text"): _("{who} wrote the quick text {name}"),
    ("changed", "text"): _("{who} changed the quick text {name}"),
    ("removed", "text"): _("{who} removed the quick text {name}"),
    # what tickets are sorted by
    ("made", "tag"): _("{who} made the tag {name}"),
    ("changed", "tag"): _("{who} renamed the tag {name} to {now}"),
    ("removed", "tag"): _("{who} removed the tag {name}"),
    ("renamed", "customergroup"): _("{who} renamed the customer group {was} to {now}"),
    ("removed", "customergroup"): _having(
        "after",
        _("{who} merged the customer group {was} into {now}"),
        _("{who} removed the customer group {was}"),
    ),
    ("made", "field"): _("{who} made the field {name}"),
    ("changed", "field"): _field,
    ("made", "savedview"): _("{who} made the shared view {name}"),
    ("changed", "savedview"): _moved_or(
        _("{who} put the shared views into another order"), _("{who} changed the shared view {name}")
    ),
    ("removed", "savedview"): _("{who} removed the shared view {name}"),
}
"""The sentence of everything that is recorded, by what was done and to what kind of thing."""
