"""The audit: who did what, when, to what. Rows are only added, and chained so that a change shows.

Whoever changes a setting, exports or opens something calls `record` in the transaction in which it happens.
Writers never wait for each other: a row is written without its place in the chain, and `seal` gives the new
rows their numbers and digests a moment later, one sealer at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from heed.accounts.models import AuditRow, User
from heed.lib import clock
from heed.lib.rows import prepared

DEEDS: dict[str, Promise] = {
    "made": pgettext_lazy("audit", "Made"),
    "changed": pgettext_lazy("audit", "Changed"),
    "removed": pgettext_lazy("audit", "Removed"),
    "renamed": pgettext_lazy("audit", "Renamed"),
    "switched_on": pgettext_lazy("audit", "Switched on"),
    "switched_off": pgettext_lazy("audit", "Switched off"),
    "connected": pgettext_lazy("audit", "Connected"),
    "reconnected": pgettext_lazy("audit", "Connected again"),
    "disconnected": pgettext_lazy("audit", "Disconnected"),
    "opened": pgettext_lazy("audit", "Opened"),
    "exported": pgettext_lazy("audit", "Exported"),
    "signed_in": pgettext_lazy("audit", "Signed in"),
    "signed_out": pgettext_lazy("audit", "Signed out"),
    "sign_in_failed": pgettext_lazy("audit", "Failed to sign in"),
    "sessions_ended": pgettext_lazy("audit", "Signed out elsewhere"),
    "password_changed": pgettext_lazy("audit", "Password changed"),
    "factor_set": pgettext_lazy("audit", "Second factor set up"),
    "factor_removed": pgettext_lazy("audit", "Second factor removed"),
    "let_in": pgettext_lazy("audit", "Let in"),
    "shut_out": pgettext_lazy("audit", "Shut out"),
    "role_given": pgettext_lazy("audit", "Role given"),
    "role_taken": pgettext_lazy("audit", "Role taken"),
    "invited": pgettext_lazy("audit", "Invited"),
    "invited_again": pgettext_lazy("audit", "Invited again"),
    "invitation_withdrawn": pgettext_lazy("audit", "Invitation withdrawn"),
    "joined": pgettext_lazy("audit", "Joined"),
    "token_made": pgettext_lazy("audit", "Token made"),
    "token_removed": pgettext_lazy("audit", "Token removed"),
    "blocked": pgettext_lazy("audit", "Blocked"),
    "unblocked": pgettext_lazy("audit", "No longer blocked"),
}
"""What can be done, as one chooses it; the whole sentence of a row is the pages' (`web.audit_words`)."""

THINGS: dict[str, Promise] = {
    "user": _("Person"),
    "ownrole": _("Role"),
    "invitation": _("Invitation"),
    "apitoken": _("API token"),
    "brand": _("Brand"),
    "team": _("Team"),
    "account": _("Account"),
    "ticket": _("Ticket"),
    "delivery": _("Delivery"),
    "identity": _("Customer"),
    "signinpolicy": _("Sign-in"),
    "audit": _("Audit"),
    "figures": _("Figures"),
    "rule": _("Rule"),
    "schedule": _("Hours"),
    "policy": _("Target"),
    "automaticmessage": _("Automatic message"),
    "tag": _("Tag"),
    "field": _("Field"),
    "savedview": _("Saved view"),
    "text": _("Text"),
    "customergroup": _("Customer group"),
    "skill": _("Skill"),
    "followupquestion": _("Question"),
    "guideline": _("Guideline"),
}
"""What it is done to: the name of the model in words."""

FACTS: dict[str, Promise] = {
    "before": _("Before"),
    "after": _("After"),
    "part": _("Section"),
    "place": _("Place"),
    "where": _("Where"),
    "role": _("Role"),
    "name": _("Name"),
    "title": _("Title"),
    "zone": _("Time zone"),
    "kind": _("Kind"),
    "type": _("Kind"),
    "on": _("On"),
    "way": _("How it gets its tickets"),
    "languages": _("Languages"),
    "capacity": _("Most tickets at once"),
    "when": _("When"),
    "condition": _("If"),
    "does": _("Then"),
    "position": _("Position"),
    "format": _("Format"),
    "chosen": _("Chosen"),
    "since": _("From"),
    "until": _("To"),
    "step": _("Step"),
    "error": _("Error"),
    "by": _("By"),
    "of": _("Of"),
    "count": _("Number"),
    "network": _("Network"),
    "account": _("Account"),
    "brand": _("Brand"),
    "fields": _("Fields"),
    "text": _("Text"),
    "texts": _("Text"),
    "language": _("Language"),
    "publicly": _("Also as a public reply under comments"),
    "again_after": _("To the same person at most once in"),
    "week": _("Hours"),
    "shifts": _("Hours"),
    "holidays": _("Holidays"),
    "places": _("Place"),
    "priorities": _("Priority"),
    "groups": _("Customer group"),
    "team": _("Team"),
    "teams": _("Teams"),
    "accounts": _("Accounts"),
    "brands": _("Brands"),
    "numbers": _("Number"),
    "people": _("People"),
    "skills": _("Skills"),
    "tags": _("Tags"),
    "choices": _("Answers to choose from"),
    "shared": _("Shared"),
    "first_reply": _("First reply within"),
    "next_reply": _("Next reply within"),
    "resolution": _("Solved within"),
    "time": _("The clock runs"),
    "warn_before": _("Warn before it is due"),
    "pause_pending": _("while a ticket is pending: we wait for the customer"),
    "pause_hold": _("while it is on hold: we wait for somebody else"),
    "pause_snoozed": _("while it is snoozed"),
    "same_language": _("Only to people who speak the customer's language"),
    "same_skill": _("Only to people with the skill that the ticket's tags ask for"),
    "prefer_last": _("First to whoever answered this customer last"),
    "takes_back": _("Unanswered tickets come back when somebody goes away"),
    "given_back": _("Tickets given back"),
    "gives_back": _("After the shift, unanswered tickets go back to the team"),
    "required": _("Required"),
    "archived": _("Archived"),
    "after_days": _("After days"),
    "least_length": _("Shortest password"),
    "second_factor": _("Second factor"),
    "second_factor_roles": _("Roles that need a second factor"),
    "company_name": _("The company's sign-in"),
    "company_server": _("Its server"),
    "company_domains": _("Mail domains"),
    "company_joins": _("Its people may join"),
    "company_role": _("Role of those who join"),
    "company_factor": _("Its sign-in counts as a second factor"),
}
"""What a row tells besides, in words. A name without words here is shown as it is."""

VALUES: dict[tuple[str, str], Promise] = {
    ("part", "passwords"): _("Passwords"),
    ("part", "second factor"): _("Second factor"),
    ("part", "company"): _("The company's sign-in"),
    ("place", "desk"): _("Whole desk"),
    ("step", "second factor"): _("Second factor"),
    ("step", "company"): _("The company's sign-in"),
    ("second_factor", "some"): _("Some roles"),
    ("second_factor", "all"): _("Everybody"),
}
"""Values that are kept as keys, in words, by the name of the fact."""

VISIT = timedelta(minutes=30)
"""Opening the same thing again within this time is one visit."""

_ORIGIN: ContextVar[Callable[[], str]] = ContextVar("audit_origin", default=str)
_LONGEST = 500
_NEVER = ("password", "secret", "token", "credential", "code", "key")
_LOCK = 0x68656564_61756474  # "heedaudt"
_AT_ONCE = 2000


class SecretInAudit(ValueError):
    """A fact's name says that it is a secret. Record that it changed, never what it is."""


def came_from(address: Callable[[], str]) -> None:
    """Who knows where the request that is being answered came from: its rows will say so. `str`: nowhere."""
    _ORIGIN.set(address)


def asked_from() -> str:
    """The address that the request comes from which is being answered; empty where nobody knows."""
    return _ORIGIN.get()()


def record(user: User | None, what: str, target: Model | str = "", **facts: Any) -> None:
    """Add a row, in the caller's transaction.

    `user` is who did it, None when Heed did or nobody knows; `what` a key of `DEEDS`; `target` a row of
    the database or the kind of thing; `facts` what changed, small and never secret (`SecretInAudit`).
    """
    for name in facts:
        if any(word in name for word in _NEVER):
            raise SecretInAudit(name)
    kind, key, name = _names(target)
    AuditRow.objects.create(
        actor=user.pk if user else None,
        actor_name=_text(user, 120) if user else "",
        what=what,
        kind=kind,
        target=key,
        target_name=name,
        facts={name: _fact(value) for name, value in facts.items()},
        ip=_ORIGIN.get()(),
    )


def kept(
    user: User, target: Model | str, before: Mapping[str, Any], after: Mapping[str, Any], **facts: Any
) -> None:
    """Add a row for a setting that was made, where nothing was before, or changed: what of it is another now,
    as it was and as it is. Where all is as it was, there is no row."""
    if not before:
        record(user, "made", target, **facts, after={name: each for name, each in after.items() if each})
        return
    differs = [name for name in after if before.get(name) != after[name]]
    if differs:
        was, now = ({name: each.get(name) for name in differs} for each in (before, after))
        record(user, "changed", target, **facts, before=was, after=now)


def stood(row: Model, *names: str) -> dict[str, Any]:
    """What the database holds of a row that may have been changed since; nothing of a new one."""
    return type(row)._default_manager.filter(pk=row.pk).values(*names).first() or {}


def stands(row: Model, *names: str) -> dict[str, Any]:
    """The same of the row as it is now."""
    return {name: getattr(row, name) for name in names}


def opened(user: User, target: Model | str, name: str = "") -> None:
    """Somebody looks at something: one row a visit. Whoever looks does not wait until it is on the disk: the
    row is there at once for everybody, and should the machine lose its power within the next half second, it
    may be lost. What is done to something waits."""
    kind, key, found = _names(target)
    now = clock.now()
    with prepared() as cursor:
        cursor.execute(
            """
            WITH commit AS (SELECT CASE WHEN %(alone)s THEN set_config('synchronous_commit', 'off', true) END)
            INSERT INTO accounts_auditrow
                (at, actor, actor_name, what, kind, target, target_name, facts, ip, digest)
            SELECT %(now)s, %(actor)s, %(actor_name)s, 'opened', %(kind)s::varchar, %(target)s::varchar,
                   %(name)s, '{}', %(ip)s, ''
            FROM commit WHERE NOT EXISTS (
                SELECT 1 FROM accounts_auditrow
                WHERE what = 'opened' AND actor = %(actor)s AND kind = %(kind)s::varchar
                  AND target = %(target)s::varchar AND at > %(since)s)
            """,
            {
                "alone": not connection.in_atomic_block,  # else it would hold for all that is done with it
                "now": now,
                "since": now - VISIT,
                "actor": user.pk,
                "actor_name": _text(user, 120),
                "kind": kind,
                "target": key,
                "name": _text(name, 200) or found,
                "ip": _ORIGIN.get()(),
            },
        )


def seal() -> int:
    """Put the rows that are not in the chain yet into it, in order; how many. Does nothing while somebody
    else is at it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        last = AuditRow.objects.filter(seq__isnull=False).order_by("-seq").first()
        seq, digest = (last.seq or 0, last.digest) if last else (0, "")
        rows = list(AuditRow.objects.filter(seq=None).order_by("id")[:_AT_ONCE])
        sealed: list[tuple[int, int, str]] = []
        for row in rows:
            seq += 1
            digest = digest_of(digest, seq, row)
            sealed.append((row.pk, seq, digest))
        if sealed:
            cursor.execute(
                """
                UPDATE accounts_auditrow SET seq = sealed.seq, digest = sealed.digest
                FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS sealed (id, seq, digest)
                WHERE accounts_auditrow.id = sealed.id
                """,
                [list(column) for column in zip(*sealed, strict=True)],
            )
    return len(sealed)


def digest_of(before: str, seq: int, row: AuditRow) -> str:
    """SHA-256, as hex, over the digest of the row before, this row's number and all it says."""
    said = [
        seq,
        row.pk,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        row.actor,
        row.actor_name,
        row.what,
        row.kind,
        row.target,
        row.target_name,
        row.facts,
        row.ip,
    ]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. `broken` is the number of the first row that does not fit, None when all do."""

    rows: int
    head: str
    waiting: int
    broken: int | None = None
    why: str = ""


def verify(head: str = "") -> Verdict:
    """Walk the whole chain. With a `head` that was noted down earlier, that digest must be part of it:
    so it shows, too, when rows were cut off at the end."""
    before, seq, met = "", 0, not head
    waiting = AuditRow.objects.filter(seq=None).count()
    for row in AuditRow.objects.filter(seq__isnull=False).order_by("seq").iterator(_AT_ONCE):
        seq += 1
        if row.seq != seq:
            return Verdict(seq - 1, before, waiting, seq, "it is missing")
        digest = digest_of(before, seq, row)
        if digest != row.digest:
            return Verdict(seq - 1, before, waiting, seq, "it was changed, or the one before it was")
        before = digest
        met = met or digest == head
    if not met:
        return Verdict(seq, before, waiting, seq + 1, "rows that were there before are missing at the end")
    return Verdict(seq, before, waiting)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows one wants to see."""

    actor: int | None = None
    what: str = ""
    kind: str = ""
    target: str = ""
    since: datetime | None = None
    until: datetime | None = None


def rows(wanted: Wanted, *, before: int | None = None, limit: int = 50) -> list[AuditRow]:
    """The newest rows first, those older than the row `before`."""
    found = AuditRow.objects.order_by("-id")
    if before is not None:
        found = found.filter(pk__lt=before)
    if wanted.actor is not None:
        found = found.filter(actor=wanted.actor)
    for name in ("what", "kind", "target"):
        if value := getattr(wanted, name):
            found = found.filter(**{name: value})
    if wanted.since:
        found = found.filter(at__gte=wanted.since)
    if wanted.until:
        found = found.filter(at__lt=wanted.until)
    return list(found[:limit])


def all_rows(wanted: Wanted) -> Iterator[list[AuditRow]]:
    """All of them, newest first, by the thousand."""
    before: int | None = None
    while batch := rows(wanted, before=before, limit=1000):
        yield batch
        before = batch[-1].pk


def _names(target: Model | str) -> tuple[str, str, str]:
    if isinstance(target, str):
        return target[:40], "", ""
    return str(target._meta.model_name)[:40], str(target.pk), _text(target, 200)


def _text(value: object, most: int) -> str:
    return str(value).replace("\0", "")[:most]


def _fact(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_fact(each) for each in list(value)[:100]]
    if isinstance(value, dict):
        return {_text(name, 60): _fact(each) for name, each in list(value.items())[:100]}
    return _text(value, _LONGEST)
