"""Sending, and finding out what became of an answer whose outcome is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from heed.channels import base
from heed.channels.base import AccountRecord, Answer, Finding, Refusal, Sent, Target
from heed.channels.instagram import calls, looking, reading
from heed.channels.meta import quick, settling, turns
from heed.channels.meta.graph import made_id, next_cursor, rows
from heed.channels.meta.shapes import record
from heed.lib.http import Steps

MEGABYTE = 1024 * 1024
MOST_BYTES: Mapping[str, int] = {"image/": 8 * MEGABYTE, "": 25 * MEGABYTE}
HUMAN_AGENT = "human_agent"
"""Meta's feature for answering within seven days."""


def send(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    if answer.visibility == "public":
        return (yield from _comment(account, answer))
    if answer.to is not None and answer.to.visibility == "public":
        return (yield from _reply_privately(account, answer, answer.to))
    return (yield from _message(account, answer))


# -------------------------------------------------------------------------------- publicly


def _comment(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    to = answer.to
    if to is None:
        raise Refusal("gone", detail="nothing to answer")
    if answer.files:
        raise Refusal("file_refused", detail="Comments on Instagram carry no files.")
    if to.kind == "mention":
        made = yield from _answer_mention(account, answer.text, to)
        return Sent(made_id(made, "id"))
    made = yield from calls.post(account, edge_under(to), decisive=True, message=answer.text)
    refs = {} if _is_post(to) else {reading.TOP: top(to)}
    return Sent(made_id(made, "id"), refs=refs)


def _answer_mention(account: AccountRecord, text: str, to: Target) -> Steps[dict[str, Any]]:
    """Where somebody else's post mentions us: its comments are out of our reach otherwise."""
    where = {"media_id": str(to.refs.get(reading.MEDIA) or to.post)}
    if to.refs.get(reading.MENTIONED) == "comment":
        where["comment_id"] = to.external_id
    path = f"{account.external_id or 'me'}/mentions"
    return (yield from calls.post(account, path, None, decisive=True, message=text, **where))


def edge_under(to: Target) -> str:
    """Where an answer is written and listed: under a post, else under the comment at the top."""
    return f"{to.external_id}/comments" if _is_post(to) else f"{top(to)}/replies"


def top(to: Target) -> str:
    """Instagram has one level of replies: a reply is answered under the comment it hangs under."""
    return str(to.refs.get(reading.TOP) or to.external_id)


def _is_post(to: Target) -> bool:
    return to.external_id == to.post


# ------------------------------------------------------------------------------- privately


def _message(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    if not answer.person or looking.is_only_a_name(answer.person):
        raise Refusal("unreachable", detail="no id to write to")
    replies = quick.replies(answer)
    message = _file_of(answer) if answer.files else {"text": answer.text, **replies}
    return (yield from _deliver(account, {"id": answer.person}, message, _grounds(answer)))


def _grounds(answer: Answer) -> dict[str, Any]:
    """On what grounds we write late, and which message it refers to where an agent chose one."""
    found: dict[str, Any] = {}
    if answer.late == HUMAN_AGENT:
        found |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    if answer.chosen and answer.to is not None:
        found["reply_to"] = {"mid": answer.to.external_id}
    return found


def _reply_privately(account: AccountRecord, answer: Answer, to: Target) -> Steps[Sent]:
    """One text per comment; the talk goes on when the customer answers it."""
    if answer.files:
        raise Refusal("file_refused", detail="The first private answer to a comment is text only.")
    return (yield from _deliver(account, {"comment_id": to.external_id}, {"text": answer.text}))


def _deliver(
    account: AccountRecord,
    recipient: Mapping[str, str],
    message: Mapping[str, Any],
    grounds: Mapping[str, Any] = {},
) -> Steps[Sent]:
    """Where another app has the thread, it is taken first: a person answers now."""
    body = {"recipient": dict(recipient), **grounds, "message": dict(message)}
    path = f"{calls.sender(account)}/messages"
    if "id" not in recipient:
        return (yield from _try_message(account, path, body))
    take, whose = f"{calls.sender(account)}/{turns.TAKE}", {"recipient": dict(recipient)}
    return (
        yield from turns.sent_in_turn(
            lambda: _try_message(account, path, body), lambda: calls.post(account, take, whose)
        )
    )


def _try_message(account: AccountRecord, path: str, body: Mapping[str, Any]) -> Steps[Sent]:
    made = yield from calls.post(account, path, body, decisive=True)
    return Sent(made_id(made, "message_id"), person=str(made.get("recipient_id") or ""))


def _file_of(answer: Answer) -> dict[str, Any]:
    """A message is text or a file. Instagram fetches the file from an address; it takes no upload."""
    if answer.text or len(answer.files) > 1:
        raise Refusal("file_refused", detail="A message is text or one file.")
    (file,) = answer.files
    if not file.url:
        raise Refusal("file_refused", detail="Instagram fetches files from a public address; there is none")
    kind = file.mime.split("/")[0]
    if file.size > MOST_BYTES.get(f"{kind}/", MOST_BYTES[""]):
        raise Refusal("file_refused", detail="too large")
    kind = kind if kind in ("image", "video", "audio") else "file"
    return {"attachment": {"type": kind, "payload": {"url": file.url}}}


# ------------------------------------------------------------------------ what became of it


def find(account: AccountRecord, answer: Answer) -> Steps[Finding]:
    """Comments can be read back to the end, which proves absence; private messages cannot, and of
    an answer to a mention nothing can be read."""
    to = answer.to
    public = answer.visibility == "public"
    if public and (to is None or to.kind == "mention"):
        return base.CannotTell()
    look = _find_comment if public else _find_message
    try:
        found = yield from look(account, answer)
    except Refusal as refusal:
        if refusal.retry or refusal.reason == "sign_in_again":
            raise
        return base.CannotTell()
    if isinstance(found, Sent):
        return found
    return settling.too_early(answer) or found


def _find_comment(account: AccountRecord, answer: Answer) -> Steps[Finding]:
    """Ours among all that hangs under what we answered; the order of the list is not promised."""
    assert answer.to is not None
    after, since, likely = "", settling.since(answer), False
    for _page in range(settling.PAGES_BACK):
        listed = yield from calls.get(
            account,
            edge_under(answer.to),
            fields="id,text,timestamp,from,username",
            limit="50",
            **({"after": after} if after else {}),
        )
        for row in rows(listed):
            if not _has_the_words(row, "text", answer, since):
                continue
            if _is_ours(row, account):
                refs = {} if _is_post(answer.to) else {reading.TOP: top(answer.to)}
                return Sent(str(row["id"]), at=looking.time(row), refs=refs)
            likely = True  # the same words just now: perhaps ours, under an id we do not know
        after = next_cursor(listed)
        if not after:
            return base.CannotTell() if likely else base.NotThere()
    return base.CannotTell()


def _find_message(account: AccountRecord, answer: Answer) -> Steps[Finding]:
    """Our text among the newest of the conversation. Its absence proves nothing, and files without
    text look like any others."""
    if not answer.text or not answer.person or looking.is_only_a_name(answer.person):
        return base.CannotTell()
    listed = yield from calls.get(
        account,
        f"{calls.sender(account)}/conversations",
        platform="instagram",
        user_id=answer.person,
        fields="id,participants,messages.limit(20){id,message,from,created_time}",
    )
    since = settling.since(answer)
    for talk in rows(listed):
        for row in rows(talk.get("messages")):
            if _is_ours(row, account) and _has_the_words(row, "message", answer, since):
                return Sent(str(row["id"]), at=looking.time(row), person=answer.person)
    return base.CannotTell()


def _has_the_words(row: Mapping[str, Any], words: str, answer: Answer, since: datetime | None) -> bool:
    at = looking.time(row)
    return (
        bool(row.get("id"))
        and str(row["id"]) not in answer.taken
        and str(row.get(words) or "").split() == answer.text.split()
        and (at is None or since is None or at >= since)
    )


def _is_ours(row: Mapping[str, Any], account: AccountRecord) -> bool:
    party = record(row.get("from"))
    return str(party.get("id") or "") == account.external_id or bool(party.get("self_ig_scoped_id"))
