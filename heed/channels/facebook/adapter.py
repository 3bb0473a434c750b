"""Facebook Pages with Messenger: comments, visitor posts, mentions and private messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
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
    Guide,
    Hook,
    Inbound,
    Late,
    Limit,
    MediaSource,
    OAuth,
    OutgoingFile,
    Permission,
    Person,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
    plain_media,
)
from heed.channels.facebook import calls, connecting, missed, reading, signin
from heed.channels.meta import webhook
from heed.channels.meta.errors import thread_is_elsewhere
from heed.channels.meta.graph import made_id, next_cursor, rows, time
from heed.channels.meta.shapes import record
from heed.lib import clock
from heed.lib.http import Steps, Unreachable

MEGABYTE = 1024 * 1024
DAY = 24 * 60 * 60
LATE = Late(
    connecting.HUMAN_AGENT,
    7 * DAY,
    _("Meta allows this for 7 days after the customer wrote, and only for what a person writes."),
)
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
    media_hosts: tuple[str, ...] = (".fbcdn.net", ".fbsbx.com", ".cdninstagram.com")
    shared_secret = "app_secret"  # noqa: S105  the name of a field, not a secret
    oauth: OAuth | None = signin.SignIn()
    fields: tuple[CredentialField, ...] = (
        CredentialField(
            "app_secret",
            _("App secret"),
            _("In your Meta app: App settings, Basic. While you exchange it, enter the new and the old one."),
        ),
        CredentialField(
            "page_token",
            _("Page access token"),
            _("Signing in with Facebook fills it in. Or paste a token of the Page that does not expire."),
        ),
        CredentialField(
            "verify_token",
            _("Verify token"),
            _("A word of your choice. Enter the same one in your Meta app, beside the webhook address."),
        ),
        CredentialField(
            "app_id",
            _("App ID"),
            _("At the top of your Meta app's page. Needed to sign in with Facebook."),
            secret=False,
            required=False,
        ),
        CredentialField(
            "page_id",
            _("Page ID"),
            _("Only if you manage several Pages and sign in with Facebook: the one to connect."),
            secret=False,
            required=False,
        ),
        CredentialField(
            "human_agent",
            _("Human Agent"),
            _("Write “yes” if Meta approved this feature for your app: then you can answer for 7 days."),
            secret=False,
            required=False,
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
        private_reply_to=frozenset({"comment", "reply", "visitor_post", "mention"}),
        private_reply_within=7 * DAY,
        on_theirs=frozenset({"like", "unlike", "hide", "unhide", "delete"}),
        on_ours=frozenset({"like", "unlike", "edit", "delete"}),
        on_private=frozenset({"react", "unreact", "seen", "typing"}),
        on_private_ours=frozenset({"react", "unreact"}),
        only={"mention": frozenset({"like", "unlike"}), "review": frozenset()},
        why_not={
            "edit": _("Messenger does not let programs change a message."),
            "delete": _("Messenger does not let programs take a message back."),
        },
        reactions=("*",),
        receipts=frozenset({"delivered", "seen"}),
    )
    guide = Guide(
        steps=(
            _("At developers.facebook.com make an app of the type Business with Messenger and Webhooks."),
            _("From App settings, Basic, copy the app ID and the app secret into this form."),
            _("Sign in with Facebook as an admin of the Page and grant all that is asked for."),
            _("Or paste a token of a system user that has the Page and the permissions below."),
            _("Connect. Heed enters its webhook address in your app and subscribes the Page."),
            _("Have Meta review the app: until then only people with a role in it are seen."),
            _("Write a comment under a post of the Page from another profile. A ticket appears."),
        ),
        permissions=(
            *connecting.PERMISSIONS,
            Permission("Human Agent", _("To answer for 7 days instead of 24 hours."), needed=False),
            Permission(
                "Business Asset User Profile Access",
                _("To see the names of people in Messenger."),
                needed=False,
            ),
        ),
        console="https://developers.facebook.com/apps/",
    )
    lost_in_outage = _(
        "Meta repeats for 36 hours what it could not deliver, and stops after an hour for Messenger. Heed "
        "reads back comments and the last 20 messages of each chat. Likes, mentions, reviews, edits and "
        "deletions of that time are lost."
    )

    def private_link(self, external_id: str, handle: str) -> str:
        return f"https://m.me/{external_id}" if external_id else ""

    def able(self, facts: Mapping[str, Any]) -> Capabilities:
        """With the feature Human Agent there is a way to answer after the window."""
        can = self.capabilities
        if not facts.get(connecting.HUMAN_AGENT) or can.private is None:
            return can
        return replace(can, private=replace(can.private, late=LATE))

    # --------------------------------------------------------------------------- the door

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        return webhook.admit(hook, account)

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body, account)

    # ------------------------------------------------------------------------ connecting

    def check(self, account: AccountRecord) -> Steps[Checked]:
        return connecting.checked(account)

    def backfill(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        return missed.backfilled(account, cursor)

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
        """Files of comments that came with an id only are asked for; all others lie open."""
        if not url.startswith(reading.MEDIA):
            return (yield from plain_media(url))
        comment = yield from calls.get(account, url.removeprefix(reading.MEDIA), fields="attachment")
        address = calls.picture_of(record(comment.get("attachment")))
        if not address:
            raise Refusal("gone", detail="Meta names no address for this file.")
        return MediaSource(address)

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
            yield from _act_privately(account, action, target, person, value)
            return {}
        match action:
            case "like":
                yield from calls.post(account, f"{target.external_id}/likes", {})
            case "unlike":
                yield from calls.delete(account, f"{target.external_id}/likes")
            case "hide" | "unhide":
                yield from calls.post(account, target.external_id, {"is_hidden": action == "hide"})
            case "edit" if target.ours:
                yield from calls.post(account, target.external_id, {"message": value})
            case "delete":
                yield from _delete(account, target)
            case _:
                raise Refusal("bad_request", detail=action)
        return {}


# --------------------------------------------------------------------------------- reading


def _look_up_post(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    post = yield from calls.get(
        account,
        wanted.external_id,
        fields="id,message,full_picture,permalink_url,created_time,from,shares,"
        "likes.summary(true).limit(0),comments.summary(true).limit(0)",
    )
    return [
        base.PostSeen(
            external_id=wanted.external_id,
            at=time(post, "created_time"),
            author=_person(post.get("from")),
            text=post.get("message"),
            picture_url=post.get("full_picture"),
            permalink=post.get("permalink_url"),
            likes=_total(post.get("likes")),
            comments=_total(post.get("comments")),
            shares=record(post.get("shares")).get("count", 0),
        )
    ]


def _look_up_message(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    """Who wrote it; its words too when the network told us of it without them."""
    message = yield from calls.get(
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
                at=time(message, "created_time") or clock.now(),
                text=str(message["message"]),
            )
        )
    return found


def _look_up_person(account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
    profile = yield from calls.get(account, wanted.external_id, fields="first_name,last_name,profile_pic")
    name = " ".join(filter(None, (profile.get("first_name"), profile.get("last_name"))))
    picture = str(profile.get("profile_pic") or "")
    if not name and not picture:
        return []
    return [base.IdentitySeen(person=Person(wanted.external_id, name, avatar_url=picture))]


def _person(value: Any) -> Person | None:
    party = record(value)
    return Person(str(party["id"]), str(party.get("name", ""))) if party.get("id") else None


def _total(edge: Any) -> int | None:
    total = record(record(edge).get("summary")).get("total_count")
    return total if isinstance(total, int) else None


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
        photo = yield from calls.upload(
            account, f"{account.external_id or 'me'}/photos", {"published": "false"}, file, field="source"
        )
        body["attachment_id"] = str(photo.get("id", ""))
    made = yield from calls.post(account, f"{top}/comments", body, decisive=True)
    return Sent(made_id(made, "id"), refs={reading.TOP: top})


# ------------------------------------------------------------------------- writing privately


def _message(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    if not answer.person:
        raise Refusal("unreachable", detail="no id to write to")
    envelope = {"recipient": {"id": answer.person}, **_grounds(answer)}
    parts = _parts(answer)
    return (yield from _one_by_one(_one_message(account, envelope, answer.key, part) for part in parts))


def _grounds(answer: Answer) -> dict[str, Any]:
    """On what grounds we write, and which message it refers to where an agent chose one."""
    late = answer.late == connecting.HUMAN_AGENT
    found: dict[str, Any] = {"messaging_type": "MESSAGE_TAG" if late else "RESPONSE"}
    if late:
        found["tag"] = "HUMAN_AGENT"
    if answer.chosen and answer.to is not None:
        found["reply_to"] = {"mid": answer.to.external_id}
    return found


def _reply_privately(account: AccountRecord, answer: Answer, to: Target) -> Steps[Sent]:
    """One message per comment; the talk goes on when the customer answers it."""
    if to.kind == "review":
        raise Refusal("not_allowed", detail="Facebook has no private answer to a review.")
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
    """Send a part. Where another app has the thread, it is taken first: a person answers now."""
    try:
        return (yield from _try_message(account, envelope, key, part))
    except Refusal as refusal:
        if not thread_is_elsewhere(refusal) or "id" not in envelope["recipient"]:
            raise
        path = f"{account.external_id or 'me'}/take_thread_control"
        yield from calls.post(account, path, {"recipient": envelope["recipient"]})
    return (yield from _try_message(account, envelope, key, part))


def _try_message(
    account: AccountRecord, envelope: Mapping[str, Any], key: str, part: str | OutgoingFile
) -> Steps[Sent]:
    path = f"{account.external_id or 'me'}/messages"
    if isinstance(part, str):
        message: dict[str, Any] = {"text": part, "metadata": key}
        made = yield from calls.post(account, path, {**envelope, "message": message}, decisive=True)
    else:
        kind = part.mime.split("/")[0]
        kind = kind if kind in ("image", "video", "audio") else "file"
        message = {"attachment": {"type": kind, "payload": {}}, "metadata": key}
        made = yield from calls.upload(
            account, path, {**envelope, "message": message}, part, field="filedata", decisive=True
        )
    return Sent(made_id(made, "message_id"), person=str(made.get("recipient_id", "")))


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
        listed = yield from calls.get(
            account,
            f"{top}/comments",
            filter="stream",
            order="reverse_chronological",
            fields="id,message,from,created_time",
            limit="50",
            **({"after": after} if after else {}),
        )
        found = rows(listed)
        for row in found:
            if _is_answer(row, account, answer, since):
                return Sent(str(row["id"]), at=time(row, "created_time"), refs={reading.TOP: top}), True
        after = next_cursor(listed)
        if not after or (found and _is_before(found[-1], since)):
            return None, len(answer.files) <= 1
    return None, False


def _find_message(account: AccountRecord, answer: Answer) -> Steps[tuple[Sent | None, bool]]:
    """Our message in the conversation; its absence proves nothing, the echo may still come."""
    fields = "id,message,from,created_time"
    if answer.to is not None and answer.to.visibility == "public":
        comment = yield from calls.get(
            account,
            answer.to.external_id,
            fields=f"private_reply_conversation{{id,participants,messages.limit(20){{{fields}}}}}",
        )
        talks = [record(comment.get("private_reply_conversation"))]
    else:
        listed = yield from calls.get(
            account,
            f"{account.external_id or 'me'}/conversations",
            platform="messenger",
            user_id=answer.person,
            fields=f"id,participants,messages.limit(20){{{fields}}}",
        )
        talks = rows(listed)
    since = _since(answer)
    for talk in talks:
        for row in rows(talk.get("messages")):
            if _is_answer(row, account, answer, since):
                person = _other(talk, account) or answer.person
                return Sent(str(row["id"]), at=time(row, "created_time"), person=person), True
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
        and str(record(row.get("from")).get("id", "")) == account.external_id
        and str(row.get("message") or "").split() == answer.text.split()
        and not _is_before(row, since)
    )


def _is_before(row: Mapping[str, Any], since: datetime | None) -> bool:
    at = time(row, "created_time")
    return at is not None and since is not None and at < since


def _other(talk: Mapping[str, Any], account: AccountRecord) -> str:
    ids = (str(row.get("id", "")) for row in rows(talk.get("participants")))
    return next((each for each in ids if each and each != account.external_id), "")


# --------------------------------------------------------------------------------- acting


def _act_privately(
    account: AccountRecord, action: Action, target: Target, person: str, value: str
) -> Steps[None]:
    body: dict[str, Any] = {"recipient": {"id": person}}
    match action:
        case "seen":
            body["sender_action"] = "mark_seen"
        case "typing":
            body["sender_action"] = "typing_on"
        case "react":
            body["sender_action"] = "react"
            body["payload"] = {"message_id": target.external_id, "reaction": value}
        case "unreact":
            body["sender_action"] = "unreact"
            body["payload"] = {"message_id": target.external_id}
        case _:
            raise Refusal("bad_request", detail=action)
    yield from calls.post(account, f"{account.external_id or 'me'}/messages", body)


def _delete(account: AccountRecord, target: Target) -> Steps[None]:
    try:
        yield from calls.delete(account, target.external_id)
    except Refusal as refusal:
        if refusal.reason != "gone":  # then it is deleted, which is what was wanted
            raise


network: base.Network = Facebook()
