"""An answer as the customer service message that carries it."""

from __future__ import annotations

import re
from typing import Any

from heed.channels.base import AccountRecord, Answer, OutgoingFile, Refusal, Sent
from heed.channels.wechat.calls import call, upload
from heed.channels.wechat.cover import cover
from heed.lib.http import Steps
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
_ESCAPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def send(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    """One message: a text or a file. WeChat tells no id of it, so that ours is made from the key."""
    _check(answer)
    # JSON must write these as escapes, for which WeChat refuses the whole message.
    text = _ESCAPED.sub(lambda found: "\n" if found[0] in "\v\f" else "", answer.text)
    message: dict[str, Any] = {"msgtype": "text", "text": {"content": text}}
    for file in answer.files:
        kind, ending = _KINDS[file.mime]
        media = yield from upload(account, kind, f"file.{ending}", file.mime, file.content)
        message = {"msgtype": kind, kind: {"media_id": media}}
        if kind == "video":
            message[kind]["thumb_media_id"] = yield from upload(
                account, "thumb", "cover.jpg", "image/jpeg", cover()
            )
    yield from call(account, "message/custom/send", {"touser": answer.person, **message}, decisive=True)
    return Sent(f"wechat:{answer.key}")


def _check(answer: Answer) -> None:
    """Raises `Refusal` for what WeChat would not take."""
    if not answer.person:
        raise Refusal("unreachable", detail="no receiver")
    if measure(answer.text, "bytes") > TEXT_BYTES:
        raise Refusal("too_long")
    if len(answer.files) + bool(answer.text) > 1:
        raise Refusal("file_refused", detail="a file goes alone")
    for file in answer.files:
        _check_file(file)
    if not answer.text and not answer.files:
        raise Refusal("bad_request", detail="nothing to send")


def _check_file(file: OutgoingFile) -> None:
    if file.mime not in _KINDS:
        raise Refusal("file_refused", detail=f"WeChat takes no {file.mime}")
    if file.size > MOST_BYTES[f"{file.mime.partition('/')[0]}/"]:
        raise Refusal("file_refused", detail="too large")
