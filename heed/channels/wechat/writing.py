"""An answer as the customer service messages that carry it."""

from __future__ import annotations

from typing import Any

from heed.channels.base import AccountRecord, Answer, OutgoingFile, Refusal, Sent, SessionExpired
from heed.channels.wechat.calls import call, upload
from heed.lib.http import AnswerLost, Steps, Unreachable
from heed.lib.text import measure

TEXT_BYTES = 2048
MEGABYTE = 1024 * 1024
MOST_BYTES = {"image/": 10 * MEGABYTE, "audio/": 2 * MEGABYTE, "video/": 10 * MEGABYTE, "": 10 * MEGABYTE}
_KINDS = {
    "image/jpeg": ("image", "jpg"),
    "image/png": ("image", "png"),
    "image/gif": ("image", "gif"),
    "audio/mpeg": ("voice", "mp3"),
    "audio/amr": ("voice", "amr"),
    "video/mp4": ("video", "mp4"),
}
TYPES = tuple(_KINDS)


def send(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    """A file and its text are two messages, and count as two."""
    _check(answer)
    messages: list[dict[str, Any]] = []
    for file in answer.files:
        kind, ending = _KINDS[file.mime]
        media = yield from upload(account, kind, f"file.{ending}", file.mime, file.content)
        messages.append({"msgtype": kind, kind: {"media_id": media}})
    if answer.text:
        messages.append({"msgtype": "text", "text": {"content": answer.text}})
    for number, message in enumerate(messages):
        try:
            yield from call(
                account, "message/custom/send", {"touser": answer.person, **message}, decisive=True
            )
        except (Refusal, Unreachable, SessionExpired) as error:
            if number == 0:
                raise
            # The file is with the customer: sending all of it again would repeat it.
            raise AnswerLost(f"only the file went out: {error}") from error
    # WeChat gives its messages no ids that one could learn.
    ids = [f"{answer.key}:{number}" for number, _ in enumerate(messages)]
    return Sent(ids[0], more=tuple(ids[1:]))


def _check(answer: Answer) -> None:
    """Raises `Refusal` for what WeChat would not take."""
    if not answer.person:
        raise Refusal("unreachable", detail="no receiver")
    if measure(answer.text, "bytes") > TEXT_BYTES:
        raise Refusal("too_long")
    if len(answer.files) > 1:
        raise Refusal("file_refused", detail="one file at a time")
    for file in answer.files:
        _check_file(file)
    if not answer.text and not answer.files:
        raise Refusal("bad_request", detail="nothing to send")


def _check_file(file: OutgoingFile) -> None:
    if file.mime not in _KINDS:
        raise Refusal("file_refused", detail=f"WeChat takes no {file.mime}")
    if file.size > MOST_BYTES[f"{file.mime.partition('/')[0]}/"]:
        raise Refusal("file_refused", detail="too large")
