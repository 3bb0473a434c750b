"""Sending, and finding out what became of an answer whose outcome is unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from heed.channels import base
from heed.channels.base import AccountRecord, Answer, Finding, OutgoingFile, Refusal, Sent, Target
from heed.channels.facebook import calls, connecting, page
from heed.channels.meta import quick, settling, turns
from heed.channels.meta.graph import made_id, next_cursor, rows, time
from heed.channels.meta.shapes import record
from heed.lib.http import Steps, Unreachable


def send(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    if answer.visibility == "public":
        return (yield from _comment(account, answer))
    if answer.to is not None and answer.to.visibility == "public":
        return (yield from _reply_privately(account, answer, answer.to))
    return (yield from _message(account, answer))


# -------------------------------------------------------------------------------- publicly


def _comment(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    if answer.to is None:
        raise Refusal("gone", detail="nothing to answer")
    return (yield from _one_by_one(_comments(account, answer, _top(answer.to))))


def _top(target: Target) -> str:
    """Facebook shows one level of replies: a reply is answered under the comment it hangs under."""
    return str(target.refs.get(page.TOP) or target.external_id)


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
    return Sent(made_id(made, "id"), refs={page.TOP: top})


# ------------------------------------------------------------------------------- privately


def _message(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    if not answer.person:
        raise Refusal("unreachable", detail="no id to write to")
    envelope = {"recipient": {"id": answer.person}, **_grounds(answer)}
    beside = {"metadata": answer.key, **quick.replies(answer)}
    parts = _parts(answer)
    return (yield from _one_by_one(_one_message(account, envelope, beside, part) for part in parts))


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
    envelope = {"recipient": {kind: to.external_id}}
    return (yield from _one_message(account, envelope, {"metadata": answer.key}, parts[0]))


def _parts(answer: Answer) -> list[str | OutgoingFile]:
    parts: list[str | OutgoingFile] = [*answer.files]
    return [*parts, answer.text] if answer.text or not parts else parts


def _one_message(
    account: AccountRecord, envelope: Mapping[str, Any], beside: Mapping[str, Any], part: str | OutgoingFile
) -> Steps[Sent]:
    """Send a part, with what goes `beside` its text or file. Where another app has the thread, it is
    taken first: a person answers now."""
    if "id" not in envelope["recipient"]:
        return (yield from _try_message(account, envelope, beside, part))
    path, whose = f"{account.external_id or 'me'}/{turns.TAKE}", {"recipient": envelope["recipient"]}
    return (
        yield from turns.sent_in_turn(
            lambda: _try_message(account, envelope, beside, part), lambda: calls.post(account, path, whose)
        )
    )


def _try_message(
    account: AccountRecord, envelope: Mapping[str, Any], beside: Mapping[str, Any], part: str | OutgoingFile
) -> Steps[Sent]:
    path = f"{account.external_id or 'me'}/messages"
    if isinstance(part, str):
        message: dict[str, Any] = {"text": part, **beside}
        made = yield from calls.post(account, path, {**envelope, "message": message}, decisive=True)
    else:
        kind = part.mime.split("/")[0]
        kind = kind if kind in ("image", "video", "audio") else "file"
        message = {"attachment": {"type": kind, "payload": {}}, **beside}
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
        refs={name: value for each in sent for name, value in each.refs.items()},
        more=tuple(each.external_id for each in earlier),
    )


# ------------------------------------------------------------------------ what became of it


def find(account: AccountRecord, answer: Answer) -> Steps[Finding]:
    """Comments can be read back to the end, which proves absence; private messages cannot."""
    look = _find_comment if answer.visibility == "public" else _find_message
    try:
        found, proves = yield from look(account, answer)
    except Refusal as refusal:
        if refusal.retry or refusal.reason == "sign_in_again":
            raise
        return base.CannotTell()
    if found is not None:
        return found
    absent = base.NotThere() if proves else base.CannotTell()
    return settling.too_early(answer) or absent


def _find_comment(account: AccountRecord, answer: Answer) -> Steps[tuple[Sent | None, bool]]:
    """Our comment among the newest under what we answered. Reading back past the moment of sending
    proves that it is not there; an answer in several parts may be there in half, so proves nothing."""
    if answer.to is None:
        return None, False
    top, after, since = _top(answer.to), "", settling.since(answer)
    for _page in range(settling.PAGES_BACK):
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
                return Sent(str(row["id"]), at=time(row, "created_time"), refs={page.TOP: top}), True
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
    since = settling.since(answer)
    for talk in talks:
        for row in rows(talk.get("messages")):
            if _is_answer(row, account, answer, since):
                person = _other(talk, account) or answer.person
                return Sent(str(row["id"]), at=time(row, "created_time"), person=person), True
    return None, False


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
