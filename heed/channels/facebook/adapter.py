"""Facebook Pages with Messenger: comments, visitor posts, mentions and private messages."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from heed.channels import base
from heed.channels.base import (
    AccountRecord,
    Action,
    Admission,
    Answer,
    Capabilities,
    Checked,
    Collected,
    CredentialField,
    Files,
    Finding,
    Hook,
    Inbound,
    Limit,
    MediaSource,
    OutgoingFile,
    Person,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
    plain_media,
)
from heed.channels.facebook import graph, reading
from heed.lib import clock
from heed.lib.crypto import hmac_sha256_hex
from heed.lib.http import Steps, Unreachable

SUBSCRIBED = (
    "feed",
    "mention",
    "messages",
    "message_echoes",
    "message_edits",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_policy_enforcement",
    "standby",
)

MEGABYTE = 1024 * 1024
DAY = 24 * 60 * 60
SETTLING = 60.0
"""Seconds after which a message that was taken shows in what can be read back."""
CLOCKS_APART = timedelta(seconds=10)
"""How far our clock and Meta's may differ when times are compared."""
PAGES_BACK = 10


class Facebook(base.Network):
    name = "facebook"
    label = "Facebook"
    short = "f"
    colour = "#1877f2"
    base_url = "https://graph.facebook.com"
    body_limit = 4 * MEGABYTE
    polls = False
    media_hosts: tuple[str, ...] = (".fbcdn.net", ".fbsbx.com", ".cdninstagram.com")
    shared_secret = "app_secret"  # noqa: S105  the name of a field, not a secret
    fields: tuple[CredentialField, ...] = (
        CredentialField(
            "app_secret",
            _("App secret"),
            _("In your Meta app: App settings, Basic. While you exchange it, enter the new and the old one."),
        ),
        CredentialField(
            "page_token",
            _("Page access token"),
            _("A token of the Page that does not expire, with permission to read, comment and message."),
        ),
        CredentialField(
            "verify_token",
            _("Verify token"),
            _("A word of your choice. Enter the same one in your Meta app, beside the webhook address."),
        ),
    )
    capabilities = Capabilities(
        public=Writing(
            limits=(Limit("chars", 8000),),
            files=Files(("image/jpeg", "image/png", "image/gif"), {"": 8 * MEGABYTE}, count=1),
        ),
        private=Writing(
            limits=(Limit("chars", 2000),),
            files=Files(
                ("image/*", "video/*", "audio/*", "application/*", "text/*"),
                {"image/": 8 * MEGABYTE, "": 25 * MEGABYTE},
                count=10,
                with_text=False,
            ),
            window=DAY,
        ),
        private_reply=True,
        private_reply_within=7 * DAY,
        on_theirs=frozenset({"like", "unlike", "hide", "unhide", "delete"}),
        on_ours=frozenset({"like", "unlike", "delete"}),
        on_private=frozenset({"like", "unlike", "seen", "typing"}),
        receipts=frozenset({"delivered", "seen"}),
    )

    # --------------------------------------------------------------------------- the door

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        if hook.method == "GET":
            return _handshake(hook, account)
        if hook.method != "POST":
            return base.WRONG_METHOD
        return base.ADMITTED if _is_signed(hook, account) else base.REFUSED

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body)

    # ------------------------------------------------------------------------ connecting

    def check(self, account: AccountRecord) -> Steps[Checked]:
        page = yield from graph.get(account, "me", fields="id,name")
        page_id, name = str(page.get("id", "")), str(page.get("name", ""))
        if not page_id or (account.external_id and page_id != account.external_id):
            raise Refusal(
                "not_configured", detail=f"The token belongs to {name} ({page_id}), not to this Page."
            )
        yield from _point_webhook_here(account)
        yield from graph.post(
            account, f"{page_id}/subscribed_apps", {"subscribed_fields": ",".join(SUBSCRIBED)}
        )
        return Checked(page_id, name)

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        """A Page's token cannot be renewed by itself."""
        yield from ()
        raise Refusal("sign_in_again")

    def collect(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        """All news comes by webhook."""
        yield from ()
        return Collected((), cursor)

    # --------------------------------------------------------------------------- reading

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        look: Callable[[AccountRecord, Wanted], Steps[list[Inbound]]] = {
            "post": _look_up_post,
            "message": _look_up_message,
            "person": _look_up_person,
        }[wanted.what]
        try:
            return (yield from look(account, wanted))
        except Refusal as refusal:
            if refusal.reason in ("gone", "not_allowed", "unreachable", "bad_request"):
                return []  # others' posts and shy people cannot be read; what we know stays
            raise

    # --------------------------------------------------------------------------- writing

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        return plain_media(url)

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        if answer.visibility == "public":
            return (yield from _comment(account, answer))
        if answer.to is not None and answer.to.visibility == "public":
            return (yield from _reply_privately(account, answer, answer.to))
        return (yield from _message(account, answer))

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        look = _find_comment if answer.visibility == "public" else _find_message
        try:
            found, proves = yield from look(account, answer)
        except Refusal as refusal:
            if refusal.retry or refusal.reason == "sign_in_again":
                raise
            return base.CannotTell()
        if found is not None:
            return found
        began = answer.started or answer.created
        age = (clock.now() - began).total_seconds() if began else SETTLING
        if age < SETTLING:
            return base.CannotTell(ask_again=min(15.0, SETTLING - age))
        return base.NotThere() if proves else base.CannotTell()

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        if target.visibility == "private":
            yield from _act_privately(account, action, target, person)
            return {}
        match action:
            case "like":
                yield from graph.post(account, f"{target.external_id}/likes", {})
            case "unlike":
                yield from graph.delete(account, f"{target.external_id}/likes")
            case "hide" | "unhide":
                yield from graph.post(account, target.external_id, {"is_hidden": action == "hide"})
            case "delete":
                yield from _delete(account, target)
            case _:
                raise Refusal("bad_request", detail=action)
        return {}


# ------------------------------------------------------------------------------- the door


def _handshake(hook: Hook, account: AccountRecord) -> Admission:
    expected = account.credentials.get("verify_token", "").encode()
    given = hook.query.get("hub.verify_token", "").encode()
    if not expected or hook.query.get("hub.mode") != "subscribe" or not hmac.compare_digest(given, expected):
        return Admission(403, body=b"The verify token does not fit.")
    return Admission(200, body=hook.query.get("hub.challenge", "").encode(), content_type="text/plain")


def _is_signed(hook: Hook, account: AccountRecord) -> bool:
    given = hook.headers.get("x-hub-signature-256", "").encode()
    right = [hmac_sha256_hex(secret, hook.body) for secret in graph.secrets(account) if secret]
    return any(hmac.compare_digest(given, f"sha256={each}".encode()) for each in right)


# ------------------------------------------------------------------------------ connecting


def _point_webhook_here(account: AccountRecord) -> Steps[None]:
    """Have the app deliver to us. Where Meta does not let us, the address is pasted by hand."""
    try:
        app = yield from graph.get(account, "app", fields="id")
        app_id = str(app.get("id", ""))
        if not app_id or not account.hook_url:
            return
        as_app = {**account.credentials, "page_token": f"{app_id}|{graph.secrets(account)[0]}"}
        wanted = {
            "object": "page",
            "callback_url": account.hook_url,
            "verify_token": account.credentials.get("verify_token", ""),
            "fields": ",".join(SUBSCRIBED),
            "include_values": True,
        }
        yield from graph.post(_with(account, as_app), f"{app_id}/subscriptions", wanted)
    except Refusal as refusal:
        if refusal.retry or refusal.reason == "sign_in_again":
            raise


def _with(account: AccountRecord, credentials: Mapping[str, str]) -> AccountRecord:
    return AccountRecord(account.external_id, account.name, credentials, account.base_url)


# --------------------------------------------------------------------------------- reading


def _look_up_post(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    post = yield from graph.get(
        account,
        wanted.external_id,
        fields="id,message,full_picture,permalink_url,created_time,from,shares,"
        "likes.summary(true).limit(0),comments.summary(true).limit(0)",
    )
    return [
        base.PostSeen(
            external_id=wanted.external_id,
            at=_time(post),
            author=_person(post.get("from")),
            text=post.get("message"),
            picture_url=post.get("full_picture"),
            permalink=post.get("permalink_url"),
            likes=_total(post.get("likes")),
            comments=_total(post.get("comments")),
            shares=_record(post.get("shares")).get("count", 0),
        )
    ]


def _look_up_message(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    """Who wrote it; its words too when the network told us of it without them."""
    message = yield from graph.get(
        account, wanted.external_id, fields="id,from,message,permalink_url,created_time"
    )
    found: list[Inbound] = []
    author = _person(message.get("from"))
    if author is not None:
        found.append(base.AuthorFound(external_id=wanted.external_id, author=author))
    if wanted.refs.get(reading.NO_TEXT) and message.get("message"):
        found.append(
            base.MessageEdited(
                external_id=wanted.external_id,
                at=_time(message) or clock.now(),
                text=str(message["message"]),
            )
        )
    return found


def _look_up_person(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    profile = yield from graph.get(account, wanted.external_id, fields="first_name,last_name,profile_pic")
    name = " ".join(filter(None, (profile.get("first_name"), profile.get("last_name"))))
    picture = str(profile.get("profile_pic") or "")
    if not name and not picture:
        return []
    return [base.IdentitySeen(person=Person(wanted.external_id, name, avatar_url=picture))]


def _person(value: Any) -> Person | None:
    party = _record(value)
    return Person(str(party["id"]), str(party.get("name", ""))) if party.get("id") else None


def _time(record: Mapping[str, Any]) -> datetime | None:
    value = record.get("created_time")
    return clock.from_iso(value) if isinstance(value, str) else None


def _total(edge: Any) -> int | None:
    total = _record(_record(edge).get("summary")).get("total_count")
    return total if isinstance(total, int) else None


def _record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(edge: Any) -> list[dict[str, Any]]:
    rows = _record(edge).get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


# -------------------------------------------------------------------------- writing publicly


def _comment(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    if answer.to is None:
        raise Refusal("gone", detail="nothing to answer")
    return (yield from _one_by_one(_comments(account, answer, _top(answer.to))))


def _top(target: Target) -> str:
    """Facebook shows one level of replies: a reply is answered under the comment it hangs under."""
    return str(target.refs.get(reading.TOP) or target.external_id)


def _comments(account: AccountRecord, answer: Answer, top: str) -> Iterator[Steps[Sent]]:
    """The last picture goes with the text; each further one is a comment of its own."""
    *alone, last = answer.files or (None,)
    for file in alone:
        yield _one_comment(account, top, "", file)
    yield _one_comment(account, top, answer.text, last)


def _one_comment(account: AccountRecord, top: str, text: str, file: OutgoingFile | None) -> Steps[Sent]:
    body: dict[str, Any] = {"message": text} if text else {}
    if file is not None:
        photo = yield from graph.upload(
            account, f"{account.external_id or 'me'}/photos", {"published": "false"}, file, field="source"
        )
        body["attachment_id"] = str(photo.get("id", ""))
    made = yield from graph.post(account, f"{top}/comments", body, decisive=True)
    return Sent(graph.made_id(made, "id"), refs={reading.TOP: top})


# ------------------------------------------------------------------------- writing privately


def _message(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    if not answer.person:
        raise Refusal("unreachable", detail="no id to write to")
    envelope = {"recipient": {"id": answer.person}, "messaging_type": "RESPONSE"}
    parts = _parts(answer)
    return (yield from _one_by_one(_one_message(account, envelope, answer.key, part) for part in parts))


def _reply_privately(account: AccountRecord, answer: Answer, to: Target) -> Steps[Sent]:
    """One message per comment; the talk goes on when the customer answers it."""
    parts = _parts(answer)
    if len(parts) > 1:
        raise Refusal("file_refused", detail="A private reply to a comment is one message: text or one file.")
    kind = "post_id" if to.external_id == to.post else "comment_id"
    return (yield from _one_message(account, {"recipient": {kind: to.external_id}}, answer.key, parts[0]))


def _parts(answer: Answer) -> list[str | OutgoingFile]:
    parts: list[str | OutgoingFile] = [*answer.files]
    return [*parts, answer.text] if answer.text or not parts else parts


def _one_message(
    account: AccountRecord, envelope: Mapping[str, Any], key: str, part: str | OutgoingFile
) -> Steps[Sent]:
    path = f"{account.external_id or 'me'}/messages"
    if isinstance(part, str):
        message: dict[str, Any] = {"text": part, "metadata": key}
        made = yield from graph.post(account, path, {**envelope, "message": message}, decisive=True)
    else:
        kind = part.mime.split("/")[0]
        kind = kind if kind in ("image", "video", "audio") else "file"
        message = {"attachment": {"type": kind, "payload": {}}, "metadata": key}
        made = yield from graph.upload(
            account, path, {**envelope, "message": message}, part, field="filedata", decisive=True
        )
    return Sent(graph.made_id(made, "message_id"), person=str(made.get("recipient_id", "")))


def _one_by_one(parts: Iterator[Steps[Sent]]) -> Steps[Sent]:
    """Send the parts of an answer in order; the last one stands for the whole.

    Once a part went out, what refuses a later one is final: trying the whole again would repeat
    the first part.
    """
    sent: list[Sent] = []
    for part in parts:
        try:
            sent.append((yield from part))
        except (Refusal, Unreachable) as error:
            if not sent:
                raise
            reason: base.Reason = error.reason if isinstance(error, Refusal) else "network_down"
            code = error.code if isinstance(error, Refusal) else ""
            detail = f"The first {len(sent)} parts went out. {error}"
            raise Refusal(reason, code=code, detail=detail) from error
    *earlier, last = sent
    return Sent(
        last.external_id,
        person=last.person,
        refs=last.refs,
        more=tuple(each.external_id for each in earlier),
    )


# --------------------------------------------------------------------------- what became of it


def _find_comment(account: AccountRecord, answer: Answer) -> Steps[tuple[Sent | None, bool]]:
    """Our comment among the newest under what we answered. Reading back past the moment of sending
    proves that it is not there; an answer in several parts may be there in half, so proves nothing."""
    if answer.to is None:
        return None, False
    top, after, since = _top(answer.to), "", _since(answer)
    for _page in range(PAGES_BACK):
        listed = yield from graph.get(
            account,
            f"{top}/comments",
            filter="stream",
            order="reverse_chronological",
            fields="id,message,from,created_time",
            limit="50",
            **({"after": after} if after else {}),
        )
        rows = _rows(listed)
        for row in rows:
            if _is_answer(row, account, answer, since):
                return Sent(str(row["id"]), at=_time(row), refs={reading.TOP: top}), True
        paging = _record(listed.get("paging"))
        after = str(_record(paging.get("cursors")).get("after", ""))
        at_the_end = not paging.get("next") or not after
        if at_the_end or (rows and _is_before(rows[-1], since)):
            return None, len(answer.files) <= 1
    return None, False


def _find_message(account: AccountRecord, answer: Answer) -> Steps[tuple[Sent | None, bool]]:
    """Our message in the conversation; its absence proves nothing, the echo may still come."""
    fields = "id,message,from,created_time"
    if answer.to is not None and answer.to.visibility == "public":
        comment = yield from graph.get(
            account,
            answer.to.external_id,
            fields=f"private_reply_conversation{{id,participants,messages.limit(20){{{fields}}}}}",
        )
        talks = [_record(comment.get("private_reply_conversation"))]
    else:
        listed = yield from graph.get(
            account,
            f"{account.external_id or 'me'}/conversations",
            platform="messenger",
            user_id=answer.person,
            fields=f"id,participants,messages.limit(20){{{fields}}}",
        )
        talks = _rows(listed)
    since = _since(answer)
    for talk in talks:
        for row in _rows(talk.get("messages")):
            if _is_answer(row, account, answer, since):
                person = _other(talk, account) or answer.person
                return Sent(str(row["id"]), at=_time(row), person=person), True
    return None, False


def _since(answer: Answer) -> datetime | None:
    began = answer.started or answer.created
    return began - CLOCKS_APART if began else None


def _is_answer(
    row: Mapping[str, Any], account: AccountRecord, answer: Answer, since: datetime | None
) -> bool:
    return (
        bool(row.get("id"))
        and str(row["id"]) not in answer.taken
        and str(_record(row.get("from")).get("id", "")) == account.external_id
        and str(row.get("message") or "").split() == answer.text.split()
        and not _is_before(row, since)
    )


def _is_before(row: Mapping[str, Any], since: datetime | None) -> bool:
    at = _time(row)
    return at is not None and since is not None and at < since


def _other(talk: Mapping[str, Any], account: AccountRecord) -> str:
    ids = (str(row.get("id", "")) for row in _rows(talk.get("participants")))
    return next((each for each in ids if each and each != account.external_id), "")


# --------------------------------------------------------------------------------- acting


def _act_privately(account: AccountRecord, action: Action, target: Target, person: str) -> Steps[None]:
    body: dict[str, Any] = {"recipient": {"id": person}}
    match action:
        case "seen":
            body["sender_action"] = "mark_seen"
        case "typing":
            body["sender_action"] = "typing_on"
        case "like":
            body["sender_action"] = "react"
            body["payload"] = {"message_id": target.external_id, "reaction": "like"}
        case "unlike":
            body["sender_action"] = "unreact"
            body["payload"] = {"message_id": target.external_id}
        case _:
            raise Refusal("bad_request", detail=action)
    yield from graph.post(account, f"{account.external_id or 'me'}/messages", body)


def _delete(account: AccountRecord, target: Target) -> Steps[None]:
    try:
        yield from graph.delete(account, target.external_id)
    except Refusal as refusal:
        if refusal.reason != "gone":  # then it is deleted, which is what was wanted
            raise


network: base.Network = Facebook()
