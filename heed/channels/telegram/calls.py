"""Calls to the Bot API, and what its refusals mean.

The token is part of every address. It must appear in no sentence that is kept: whatever goes wrong
on the line is told again here without the address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from heed.channels.base import AccountRecord, OutgoingFile, Reason, Refusal, refuse_unanswered
from heed.lib import clock
from heed.lib.http import AddressRefused, AnswerLost, Request, Response, Steps, Unreachable

# Descriptions are not stable: the code decides, and they only make it more exact.
_BY_WORDS: tuple[tuple[str, Reason], ...] = (
    ("business_peer_usage_missing", "outside_window"),
    ("business connection", "not_allowed"),
    ("chat not found", "unreachable"),
    ("user not found", "unreachable"),
    ("not found", "gone"),  # message to be replied, to react, …
    ("too long", "too_long"),
)
_NO_RIGHT = "bot_access_forbidden"  # the owner of a business account does not let the bot do that
_BY_CODE: dict[int, Reason] = {
    401: "sign_in_again",
    403: "unreachable",  # blocked, deactivated, or never wrote to the bot
    404: "sign_in_again",  # so Telegram says of a token that is none
    409: "not_configured",
    413: "file_refused",
}


class Moved(Refusal):
    """The chat has another id now. Nothing was sent; send it there."""

    def __init__(self, chat: int, detail: str) -> None:
        super().__init__("gone", code="400", detail=detail)
        self.chat = chat


@dataclass(frozen=True, slots=True)
class Upload:
    """The files of a call by field name, and a line that occurs in none of them."""

    files: tuple[tuple[str, OutgoingFile], ...]
    boundary: str


def address(account: AccountRecord, *path: str) -> str:
    """The address of a method, or with `file` before it of a file."""
    *before, last = path
    token = quote(account.credentials.get("bot_token", ""), safe=":")
    return "/".join([account.base_url, *before, f"bot{token}", quote(last)])


def call(
    account: AccountRecord,
    method: str,
    fields: dict[str, Any],
    *,
    upload: Upload | None = None,
    decisive: bool = False,
) -> Steps[Any]:
    """Call a method and give back its `result`.

    Raises `Refusal` when Telegram says no; `AnswerLost` when the answer to a decisive call cannot
    be understood.
    """
    url = address(account, method)
    if upload is None:
        request = Request("POST", url, json=fields, decisive=decisive)
    else:
        kind = f"multipart/form-data; boundary={upload.boundary}"
        content = multipart(fields, upload)
        request = Request("POST", url, headers={"Content-Type": kind}, content=content, decisive=decisive)
    try:
        response = yield request
    except AddressRefused:
        raise
    except (AnswerLost, Unreachable) as error:
        raise type(error)(f"{method} of Telegram: nothing came back") from None
    return _result(response, decisive)


def multipart(fields: dict[str, Any], upload: Upload) -> bytes:
    """The body of a call with files: everything that is no text as JSON."""
    parts = [
        (f'name="{name}"', value if isinstance(value, str) else orjson.dumps(value).decode())
        for name, value in fields.items()
    ]
    body = b"".join(_part(upload.boundary, about, text.encode()) for about, text in parts)
    for name, file in upload.files:
        about = f'name="{name}"; filename="{_plain(file.name)}"\r\nContent-Type: {_plain(file.mime)}'
        body += _part(upload.boundary, about, file.content)
    return body + f"--{upload.boundary}--\r\n".encode()


def _part(boundary: str, about: str, content: bytes) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {about}\r\n\r\n".encode() + content + b"\r\n"


def _plain(word: str) -> str:
    """A word that cannot end its header early."""
    return word.replace('"', "%22").replace("\r", " ").replace("\n", " ")


def _result(response: Response, decisive: bool) -> Any:
    answer = response.record
    if response.status == 200 and answer.get("ok") is True and "result" in answer:
        return answer["result"]
    given = answer.get("error_code")
    code = given if isinstance(given, int) else response.status
    detail = str(answer.get("description", ""))
    parameters = answer.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    if code == 429:
        raise _slow_down(response, parameters.get("retry_after"), detail)
    refuse_unanswered(response)
    if 400 <= code < 500:
        raise _refusal(code, detail, parameters)
    if decisive:
        raise AnswerLost(f"Telegram answered {code}: {detail}")
    raise Refusal("network_down", retry=True, code=str(code), detail=detail)


def _slow_down(response: Response, seconds: Any, detail: str) -> Refusal:
    """The exact wait stands in the body; what stands between us and Telegram names it in a header. It holds
    for all that the bot sends."""
    after = float(seconds) if isinstance(seconds, int) else response.retry_after(clock.now())
    return Refusal("slow_down", retry=True, after=after, code="429", detail=detail, whole_account=True)


def _refusal(code: int, detail: str, parameters: dict[str, Any]) -> Refusal:
    chat = parameters.get("migrate_to_chat_id")
    if code == 400 and isinstance(chat, int):
        return Moved(chat, detail)
    return Refusal(_reason(code, detail.lower()), code=str(code), detail=detail)


def _reason(code: int, said: str) -> Reason:
    if _NO_RIGHT in said:
        return "not_allowed"
    if code in _BY_CODE:
        return _BY_CODE[code]
    return next((reason for words, reason in _BY_WORDS if words in said), "bad_request")
