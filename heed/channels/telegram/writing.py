"""An answer as the calls that send it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from heed.channels.base import (
    AccountRecord,
    Answer,
    ChoiceForm,
    Limit,
    OutgoingFile,
    Reason,
    Refusal,
    Sent,
    Target,
)
from heed.channels.telegram.calls import Moved, Upload, call
from heed.channels.telegram.reading import BUSINESS, message_id, number_of
from heed.lib import clock
from heed.lib.http import AnswerLost, Steps, Unreachable
from heed.lib.text import measure

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
ALBUM_LIMIT = 10
MEGABYTE = 1024 * 1024
PHOTO_BYTES = 10 * MEGABYTE
FILE_BYTES = 50 * MEGABYTE
BUSINESS_WINDOW = timedelta(hours=24)
KEYBOARD = ChoiceForm(most=12, title=Limit("utf16", 64), not_to=frozenset({BUSINESS}))
"""Telegram names no limits for its keyboards; with these all of it is seen on a phone. On behalf of a
business account there are none."""

_KINDS = {
    "image/jpeg": "photo",
    "image/png": "photo",
    "video/mp4": "video",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/x-m4a": "audio",
}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One call of an answer, without the receiver; `about` names the message it replies to."""

    method: str
    fields: dict[str, Any]
    upload: Upload | None = None
    about: dict[str, Any] = field(default_factory=dict)


def send(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    """All files go in one call, with a short text as their caption; a longer one follows them."""
    chat = chat_of(answer.person)
    made: list[dict[str, Any]] = []
    for number, parcel in enumerate(parcels(answer)):
        about = _referring(answer) if number == 0 else {}
        try:
            chat, more = yield from _deliver(account, answer, replace(parcel, about=about), chat)
        except (Refusal, Unreachable) as error:
            if made:
                # The files are with the customer: sending all of it again would repeat them.
                raise AnswerLost(f"only the files went out: {error}") from error
            if isinstance(error, Refusal) and (reason := _reason(error, answer)) != error.reason:
                raise Refusal(reason, code=error.code, detail=error.detail) from error
            raise
        made.extend(more)
    ids = [message_id(each["chat"]["id"], each["message_id"], _business(answer.to)) for each in made]
    moved = str(chat) if str(chat) != answer.person else ""
    return Sent(ids[0], at=clock.from_unix(made[0]["date"]), person=moved, more=tuple(ids[1:]))


def _deliver(
    account: AccountRecord, answer: Answer, parcel: Parcel, chat: int
) -> Steps[tuple[int, list[dict[str, Any]]]]:
    """Send one parcel; where the chat has moved, there. Gives back where it went, and its messages."""
    try:
        return chat, (yield from _post(account, answer, parcel, chat))
    except Moved as moved:
        return moved.chat, (yield from _post(account, answer, parcel, moved.chat))


def _post(account: AccountRecord, answer: Answer, parcel: Parcel, chat: int) -> Steps[list[dict[str, Any]]]:
    fields = {"chat_id": chat, **whereabouts(answer.to), **parcel.about, **parcel.fields}
    result = yield from call(account, parcel.method, fields, upload=parcel.upload, decisive=True)
    return _messages(result)


def _referring(answer: Answer) -> dict[str, Any]:
    """The message an agent chose to answer; should it be gone, the answer goes all the same."""
    number = number_of(answer.to.external_id) if answer.chosen and answer.to is not None else 0
    if not number:
        return {}
    return {"reply_parameters": {"message_id": number, "allow_sending_without_reply": True}}


def chat_of(person: str) -> int:
    """A person's chat with the bot has the person's id. Raises `Refusal` when this is none."""
    if not person.isascii() or not person.lstrip("-").isdigit():
        raise Refusal("unreachable", detail="no receiver")
    return int(person)


def whereabouts(target: Target | None) -> dict[str, Any]:
    """What names the place of an answer beside the chat: business connection and topic."""
    if target is None:
        return {}
    found = {
        "business_connection_id": target.refs.get("business"),
        "message_thread_id": target.refs.get("topic"),
    }
    return {name: value for name, value in found.items() if value}


def parcels(answer: Answer) -> Iterator[Parcel]:
    """The calls that make up an answer. Raises `Refusal` for what Telegram would not take."""
    if measure(answer.text, "utf16") > TEXT_LIMIT:
        raise Refusal("too_long")
    if len(answer.files) > ALBUM_LIMIT:
        raise Refusal("file_refused", detail=f"at most {ALBUM_LIMIT} files")
    if any(file.size > FILE_BYTES for file in answer.files):
        raise Refusal("file_refused", detail="too large")
    rest = answer.text
    if answer.files:
        fits = measure(answer.text, "utf16") <= CAPTION_LIMIT
        yield _parcel_of_files(answer, answer.text if fits else "")
        rest = "" if fits else answer.text
    if rest or not answer.files:
        yield Parcel("sendMessage", {"text": rest, **_keyboard(answer)})


def _keyboard(answer: Answer) -> dict[str, Any]:
    """The choices as buttons where the customer types: a press sends the words as their own message.
    Raises `Refusal` where Telegram shows none."""
    if answer.choices is None:
        return {}
    if answer.files or _business(answer.to) or not KEYBOARD.takes(answer.choices.items):
        raise Refusal("bad_request", detail="choices that Telegram cannot show here")
    rows = [[{"text": each.title}] for each in answer.choices.items]
    return {"reply_markup": {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True}}


def _parcel_of_files(answer: Answer, caption: str) -> Parcel:
    kinds = _kinds(answer.files)
    boundary = f"heed-{answer.key}"
    said = {"caption": caption} if caption else {}
    if len(kinds) == 1:
        (kind,), (file,) = kinds, answer.files
        return Parcel(f"send{kind.capitalize()}", said, Upload(((kind, file),), boundary))
    names = [f"file{number}" for number in range(len(kinds))]
    media: list[dict[str, str]] = [
        {"type": kind, "media": f"attach://{name}"} for kind, name in zip(kinds, names, strict=True)
    ]
    media[0] |= said
    files = tuple(zip(names, answer.files, strict=True))
    return Parcel("sendMediaGroup", {"media": media}, Upload(files, boundary))


def _kinds(files: tuple[OutgoingFile, ...]) -> list[str]:
    """How each file goes. Only pictures and videos mix in an album; any other mixture goes as
    documents, so that one call takes them all."""
    kinds = [_kind(file) for file in files]
    if len(set(kinds)) == 1 or set(kinds) == {"photo", "video"}:
        return kinds
    return ["document"] * len(kinds)


def _kind(file: OutgoingFile) -> str:
    """A picture too large for a photo still goes as a document."""
    kind = _KINDS.get(file.mime, "document")
    return "document" if kind == "photo" and file.size > PHOTO_BYTES else kind


def _messages(result: Any) -> list[dict[str, Any]]:
    """The messages Telegram made. It took them: without their ids nobody can tell them again."""
    made = result if isinstance(result, list) else [result]
    if not made or not all(_is_message(each) for each in made):
        raise AnswerLost("Telegram took the message and did not show it")
    return made


def _is_message(made: Any) -> bool:
    if not isinstance(made, dict) or not isinstance(made.get("chat"), dict):
        return False
    return all(
        isinstance(each, int) for each in (made["chat"].get("id"), made.get("message_id"), made.get("date"))
    )


def _business(target: Target | None) -> str:
    return str(target.refs.get("business", "")) if target else ""


def _reason(refusal: Refusal, answer: Answer) -> Reason:
    """What a refusal without a clear word means here. A business account may answer for a day, and
    a file may be refused for many reasons."""
    if refusal.reason in ("bad_request", "unreachable") and _business(answer.to) and _is_late(answer.to):
        return "outside_window"
    if refusal.reason == "bad_request" and answer.files:
        return "file_refused"
    return refusal.reason


def _is_late(target: Target | None) -> bool:
    return target is not None and target.at is not None and clock.now() - target.at > BUSINESS_WINDOW
