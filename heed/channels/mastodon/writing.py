"""Answering, and finding out what became of an answer; what else can be done with a status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from heed.channels.base import (
    AccountRecord,
    Action,
    Answer,
    CannotTell,
    Finding,
    NotThere,
    OutgoingFile,
    Refusal,
    Sent,
    Target,
)
from heed.channels.mastodon.calls import account_path, call, record, rows, status_path
from heed.channels.mastodon.payload import Profile, Status
from heed.channels.mastodon.plain import counted, names_in, naming_only, plain
from heed.channels.mastodon.reading import PUBLIC, handle, visibility_of
from heed.channels.mastodon.server import MOST_CHARACTERS, MOST_FILES, PER_URL
from heed.lib import clock
from heed.lib.http import AnswerLost, Response, Steps, Upload

LONGEST_NAME = 32
"""What the composer leaves for the customer's name before the text: an @, thirty letters, a space."""

ALT_CHARACTERS = 1500

_CLOCKS_DIFFER = timedelta(seconds=60)
_STILL_ON_ITS_WAY = timedelta(seconds=30)
_WAITS = (1.0, 1.0, 2.0, 3.0, 5.0, 8.0)
_PAGES = 3
_DONE_AS: dict[Action, tuple[str, str, bool]] = {
    "like": ("favourite", "favourited", True),
    "unlike": ("unfavourite", "favourited", False),
    "repost": ("reblog", "reblogged", True),
    "unrepost": ("unreblog", "reblogged", False),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer as the status it becomes. `address` are the names before the text."""

    text: str
    address: str
    fields: dict[str, Any]
    refs: dict[str, Any]

    @property
    def status(self) -> str:
        return f"{self.address} {self.text}".strip() if self.address else self.text

    @property
    def parent(self) -> str:
        return str(self.fields.get("in_reply_to_id") or "")


def send(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    """Post the answer. The key that goes along makes the server give back the first status when it is
    sent again, for an hour and not on all servers: a second attempt looks for the first one itself."""
    draft = yield from _draft(account, answer)
    if answer.started is not None:
        earlier = yield from _look_for(account, answer, draft)
        if earlier is not None:
            return earlier
    _refuse_early(account, answer, draft)
    media = []
    for file in answer.files:
        media.append((yield from _upload(account, file)))
    body = {"status": draft.status, **draft.fields, **({"media_ids": media} if media else {})}
    response = yield from call(
        account,
        "POST",
        "/api/v1/statuses",
        json=body,
        headers={"idempotency-key": answer.key},
        decisive=True,
    )
    if not response.record.get("id"):
        raise AnswerLost("the server took the status and did not show it")
    return _sent(response.record, draft)


def find(account: AccountRecord, answer: Answer) -> Steps[Finding]:
    """Look among our own statuses for this one."""
    draft = yield from _draft(account, answer)
    earlier = yield from _look_for(account, answer, draft)
    if earlier is not None:
        return earlier
    tried = answer.tried or answer.started or answer.created
    if tried is None or clock.now() - tried < _STILL_ON_ITS_WAY:
        return CannotTell(ask_again=_STILL_ON_ITS_WAY.total_seconds())
    return NotThere()


# ------------------------------------------------------------------------------------ the status


def _draft(account: AccountRecord, answer: Answer) -> Steps[Draft]:
    parent = answer.to.refs if answer.to else {}
    visibility = str(parent.get("visibility") or "public")
    if answer.visibility == "private" or visibility not in PUBLIC:
        visibility = "direct"  # never to more people than what it answers
    if answer.quote and answer.to is not None:
        fields = {"visibility": visibility, "quoted_status_id": answer.to.external_id}
        return Draft(answer.text, "", fields, {"visibility": visibility})
    person, acct = yield from _receiver(account, answer)
    others = [str(each) for each in parent.get("others") or ()] if visibility != "direct" else []
    refs: dict[str, Any] = {"visibility": visibility, "person": person, "acct": acct, "others": others}
    fields = {"visibility": visibility}
    if answer.to is not None:
        fields["in_reply_to_id"] = answer.to.external_id
    text = _for_one(account, answer.text, acct) if visibility == "direct" else answer.text
    return Draft(text, _address(account, text, acct, others), fields, refs)


def _receiver(account: AccountRecord, answer: Answer) -> Steps[tuple[str, str]]:
    """The customer's id and name. Without their name in it they are not told of an answer, and a
    private one reaches nobody."""
    refs = answer.to.refs if answer.to else {}
    if refs.get("acct") and answer.person in ("", refs.get("person")):
        return str(refs.get("person") or ""), str(refs["acct"])
    if not answer.person:
        if answer.visibility == "private":
            raise Refusal("unreachable", detail="nobody to send it to")
        return "", ""
    profile = Profile.model_validate((yield from record(account, account_path(answer.person))))
    return profile.id, profile.acct


def _address(account: AccountRecord, text: str, acct: str, others: list[str]) -> str:
    """The names to put before the text: the customer's, and those of others in the talk as far as
    they fit. Who is named in the text already is not named twice."""
    there = names_in(text)
    named: list[str] = []
    for name in [acct, *others]:
        forms = {name.casefold(), handle(name, account).casefold()}
        if not name or forms & there or f"@{name}" in named:
            continue
        if named and _length(account, " ".join([*named, f"@{name}", text])) > _most(account):
            break
        named.append(f"@{name}")
    return " ".join(named)


def _for_one(account: AccountRecord, text: str, acct: str) -> str:
    """The text of a private status, which goes to everyone named in it: of the names only the
    customer's counts."""
    return naming_only(text, {acct.casefold(), handle(acct, account).casefold()})


def _refuse_early(account: AccountRecord, answer: Answer, draft: Draft) -> None:
    """What the server would not take."""
    if _length(account, draft.status) > _most(account):
        raise Refusal("too_long")
    if len(answer.files) > int(account.facts.get("max_files") or MOST_FILES):
        raise Refusal("file_refused", detail="too many files")
    moving = [file for file in answer.files if not file.mime.startswith("image/")]
    if moving and len(answer.files) > 1:
        raise Refusal("file_refused", detail="a video or sound goes alone")


def _length(account: AccountRecord, text: str) -> int:
    return counted(text, int(account.facts.get("per_url") or PER_URL))


def _most(account: AccountRecord) -> int:
    return int(account.facts.get("max_characters") or MOST_CHARACTERS)


def _upload(account: AccountRecord, file: OutgoingFile) -> Steps[str]:
    """Hand over a file and wait until the server has worked on it; gives back its id."""
    try:
        response = yield from call(
            account,
            "POST",
            "/api/v2/media",
            form={"description": file.alt[:ALT_CHARACTERS]} if file.alt else None,
            upload=Upload("file", file.name, file.mime, file.content),
        )
        media = str(response.record.get("id") or "")
        if not media:
            raise Refusal("network_down", retry=True, detail="the server did not say which file it is")
        for wait in _WAITS:
            if _is_ready(response):
                return media
            path = f"/api/v1/media/{quote(media, safe='')}"
            response = yield from call(account, "GET", path, wait=wait)
    except Refusal as refusal:
        if refusal.reason in ("bad_request", "gone"):
            raise Refusal("file_refused", code=refusal.code, detail=refusal.detail) from refusal
        raise
    if _is_ready(response):
        return media
    raise Refusal("slow_down", retry=True, detail="the server still works on the file")


def _is_ready(response: Response) -> bool:
    return response.status == 200 and bool(response.record.get("url"))


def _sent(made: Mapping[str, Any], draft: Draft) -> Sent:
    try:
        at: datetime | None = clock.from_iso(str(made.get("created_at")))
    except ValueError:
        at = None
    link = made.get("url") or made.get("uri")
    return Sent(
        external_id=str(made["id"]),
        at=at,
        refs={**draft.refs, "address": draft.address},
        permalink=link if isinstance(link, str) else "",
    )


# ----------------------------------------------------------------------------- what became of it


def _look_for(account: AccountRecord, answer: Answer, draft: Draft) -> Steps[Sent | None]:
    """Our own status of the same words in the same place, written since we began."""
    begun = answer.started or answer.created
    if begun is None:
        return None
    before = ""
    for _ in range(_PAGES):
        params: dict[str, str | list[str]] = {"limit": "40", "exclude_reblogs": "true"}
        if before:
            params["max_id"] = before
        listed, _answer = yield from rows(account, account_path(account.external_id, "statuses"), params)
        recent = [each for each in listed if _is_since(each, begun - _CLOCKS_DIFFER)]
        for status in recent:
            if str(status.get("id")) in answer.taken or not _same_place(status, draft):
                continue
            if (yield from _same_words(account, status, draft)):
                return _sent(status, draft)
        if not recent or len(recent) < len(listed):
            break
        before = str(listed[-1]["id"])
    return None


def _is_since(status: Any, moment: datetime) -> bool:
    try:
        return bool(status["id"]) and clock.from_iso(status["created_at"]) >= moment
    except (KeyError, TypeError, ValueError):
        return False


def _same_place(status: Mapping[str, Any], draft: Draft) -> bool:
    return str(status.get("in_reply_to_id") or "") == draft.parent and (
        status.get("visibility") == draft.fields["visibility"]
    )


def _same_words(account: AccountRecord, status: Mapping[str, Any], draft: Draft) -> Steps[bool]:
    """Whether a status holds the words we sent: by what was typed, which the server keeps beside what
    it made of it; where it does not show that, by the words as they read."""
    try:
        source = yield from record(account, status_path(str(status["id"]), "source"))
    except Refusal as refusal:
        if refusal.retry or refusal.reason == "sign_in_again":
            raise
        shown = plain(str(status.get("content") or ""))
        return _bare(shown).endswith(_bare(draft.text)) and bool(draft.text.strip())
    return _bare(str(source.get("text") or "")) == _bare(draft.status)


def _bare(text: str) -> str:
    return " ".join(text.split())


# --------------------------------------------------------------------------------------- actions


def act(account: AccountRecord, action: Action, target: Target, value: str) -> Steps[Mapping[str, Any]]:
    """Do it, and look whether the server says that it is done."""
    if action in _DONE_AS:
        verb, field, on = _DONE_AS[action]
        response = yield from call(account, "POST", status_path(target.external_id, verb))
        if response.record.get(field) is (not on):
            raise Refusal("bad_request", detail=f"the server did not {verb} it")
        return {}
    match action:
        case "edit":
            yield from _edit(account, target, value)
        case "delete":
            yield from _delete(account, target)
        case _:
            raise Refusal("not_allowed", detail=f"Mastodon has no {action}")
    return {}


def _edit(account: AccountRecord, target: Target, text: str) -> Steps[None]:
    """Change the words and nothing else: what is not repeated would be taken away."""
    found = yield from record(account, status_path(target.external_id))
    status = Status.model_validate(found)
    address, acct = str(target.refs.get("address") or ""), str(target.refs.get("acct") or "")
    others = [str(each) for each in target.refs.get("others") or ()]
    if visibility_of(status.visibility, account) not in PUBLIC:
        text, others = _for_one(account, text, acct), []
    if not address:
        address = _address(account, text, acct, others)
    whole = f"{address} {text}".strip()
    if _length(account, whole) > _most(account):
        raise Refusal("too_long")
    media = [str(each["id"]) for each in found.get("media_attachments") or () if each.get("id")]
    body = {
        "status": whole,
        "media_ids": media,
        "spoiler_text": status.spoiler_text,
        "sensitive": bool(found.get("sensitive")),
        **({"language": status.language} if status.language else {}),
    }
    yield from call(account, "PUT", status_path(target.external_id), json=body)


def _delete(account: AccountRecord, target: Target) -> Steps[None]:
    """Delete a status of ours. One that is not there counts as deleted."""
    try:
        yield from call(account, "DELETE", status_path(target.external_id))
    except Refusal as refusal:
        if refusal.reason != "gone":
            raise
