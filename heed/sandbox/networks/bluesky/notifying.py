"""Notifications: of what concerns the account, and where one has read to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.bluesky.account import REACTIONS, Notification, Record
from heed.sandbox.networks.bluesky.answers import No, fields_of, iso, limit_of
from heed.sandbox.networks.bluesky.signing_in import SigningIn


class Notifying(SigningIn):
    def _notify(self, record: Record) -> None:
        """Tell each account when a record of someone else concerns it; one notification per record."""
        for account in self.ours:
            reason, subject = _concern(record, account) if record.did != account else ("", "")
            if reason:
                self._notifications.append(Notification(record, account, reason, subject))

    def _list_notifications(self, call: Call) -> Reply:
        did = self._signed_in(call)
        if "seenAt" in call.query:
            raise No(400, "InvalidRequest", "The seenAt parameter is unsupported")
        reasons = {value for name, value in call.pairs if name in ("reasons", "reasons[]")}
        found = [
            each
            for each in self._notifications
            if each.owner == did
            and not each.record.removed
            and each.record.did not in self._closed
            and (not reasons or each.reason in reasons)
        ]
        newest_first = sorted(found, key=lambda each: (each.record.at, each.record.uri), reverse=True)
        before = call.query.get("cursor")
        rest = [each for each in newest_first if not before or _place(each) < before]
        page = rest[: limit_of(call)]
        # As the real one does: who never opened the list has it opened by the newest on its first page.
        opened = self._opened or (page[0].record.at if page and not before else None)
        answer: dict[str, Any] = {
            "notifications": [self._notification(each, opened) for each in page],
            "priority": False,
            **({"seenAt": iso(opened)} if opened else {}),
        }
        if len(rest) > len(page):
            answer["cursor"] = _place(page[-1])
        return Reply(200, answer)

    def _notification(self, told: Notification, opened: datetime | None) -> dict[str, Any]:
        view = {
            **told.record.ref,
            "author": self._profile(told.record.did),
            "reason": told.reason,
            "record": told.record.value,
            "isRead": opened is not None and told.record.at < opened,
            "indexedAt": iso(told.record.at),
            "labels": [],
        }
        return {**view, "reasonSubject": told.subject} if told.subject else view

    def _update_seen(self, call: Call) -> Reply:
        self._signed_in(call)
        try:
            self._opened = datetime.fromisoformat(str(fields_of(call).get("seenAt")))
        except ValueError as error:
            raise No(400, "InvalidRequest", "Input/seenAt must be an valid atproto datetime") from error
        return Reply(200, b"")


def _concern(record: Record, account: str) -> tuple[str, str]:
    """Why a record concerns an account, and what of that account it is about."""

    def its_own(uri: str) -> bool:
        return uri.startswith(f"at://{account}/")

    for reason, collection in REACTIONS.items():
        if record.collection == collection:
            return (reason, record.subject) if its_own(record.subject) else ("", "")
    if account in mentioned(record.value):
        return "mention", ""  # also when it is a reply: one notification for one post
    if its_own(record.parent) or its_own(record.root if record.parent else ""):
        return "reply", record.parent if its_own(record.parent) else record.root
    if its_own(record.quoted):
        return "quote", record.quoted
    return "", ""


def mentioned(value: dict[str, Any]) -> set[str]:
    return {
        feature["did"]
        for facet in value.get("facets") or []
        for feature in facet["features"]
        if feature["$type"].endswith("#mention")
    }


def _place(told: Notification) -> str:
    """A notification's place in the list: the cursor says from where on."""
    return f"{told.record.at.astimezone(UTC).isoformat(timespec='microseconds')}::{told.record.uri}"
