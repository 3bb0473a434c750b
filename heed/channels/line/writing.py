"""An answer as one push, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from django.utils.translation import gettext_noop

from heed.channels.base import (
    AccountRecord,
    Answer,
    CannotTell,
    ChoiceForm,
    Finding,
    Limit,
    NotThere,
    OutgoingFile,
    Refusal,
    Sent,
)
from heed.channels.line.calls import call, headers, refuse, words_of
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps
from heed.lib.text import measure

TEXT_LIMIT = 5000
MOST_MESSAGES = 5
PICTURES = ("image/jpeg", "image/png")
FILMS = ("video/mp4",)
SOUNDS = ("audio/mpeg", "audio/mp4", "audio/x-m4a")
PICTURE_BYTES = 1024 * 1024
"""A picture may be larger, but its preview may not, and here it is its own preview."""
FILE_BYTES = 200 * 1024 * 1024
"""Of a film or a sound, however long it plays: LINE's news of May 2020, and its reference since."""
URL_LIMIT = 2000
QUICK_REPLIES = ChoiceForm(most=13, title=Limit("chars", 20))
QUOTA = gettext_noop("messages this month")
KEY_HOLDS = 23 * 3600.0
"""Seconds for which the same key surely means the same message; LINE says a day."""

_JAPAN = timezone(timedelta(hours=9))
_TURNS_WITHIN = 5
"""Minutes."""


def send(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    """Push text and files in one call. Its key is the answer's own at every attempt, so that LINE
    takes it once: that it was already accepted (409) says that it is there."""
    messages = _messages(answer)
    response = yield Request(
        "POST",
        f"{account.base_url}/v2/bot/message/push",
        headers={**headers(account), "X-Line-Retry-Key": answer.key},
        json={"to": answer.person, "messages": messages},
        decisive=True,
    )
    if response.status in (200, 409):
        return _sent(response, answer)
    if response.status == 429 and (yield from _is_used_up(account, response)):
        raise Refusal("quota_spent", code="429", detail=words_of(response) or "monthly limit reached")
    if response.status < 400 or (response.status >= 500 and response.status != 503):
        raise AnswerLost(f"LINE answered {response.status}: {words_of(response)}")
    refuse(response)


def find(account: AccountRecord, answer: Answer) -> Steps[Finding]:
    """There is nothing to read back, but the same push with the same key arrives once: whether this or
    the first one brought it, it is there now. When the key is too old a person decides."""
    began = answer.started or answer.created
    if began is None or (clock.now() - began).total_seconds() > KEY_HOLDS:
        return CannotTell()
    try:
        return (yield from send(account, answer))
    except Refusal as refusal:
        if refusal.code == "400":  # an accepted one would have been answered with 409
            return NotThere()
        raise


def _messages(answer: Answer) -> list[dict[str, Any]]:
    """The text and then the files. Raises `Refusal` for what LINE would not take."""
    if not answer.person:
        raise Refusal("unreachable", detail="no receiver")
    if measure(answer.text, "utf16") > TEXT_LIMIT:
        raise Refusal("too_long")
    text = {"type": "text", "text": answer.text, **_quoted(answer), **_quick_reply(answer)}
    texts = [text] if answer.text else []
    messages: list[dict[str, Any]] = [*texts, *map(_file, answer.files)]
    if len(messages) > MOST_MESSAGES:
        raise Refusal("file_refused", detail=f"at most {MOST_MESSAGES} messages at once")
    return messages


def _quick_reply(answer: Answer) -> dict[str, Any]:
    """The choices as buttons above where the customer types: a tap sends the words as their own message.
    They show only under the last message of a push. Raises `Refusal` for what LINE would not take."""
    if answer.choices is None:
        return {}
    if answer.files or not QUICK_REPLIES.takes(answer.choices.items):
        raise Refusal("bad_request", detail="choices that LINE cannot show")
    actions = [{"type": "message", "label": each.title, "text": each.title} for each in answer.choices.items]
    return {"quickReply": {"items": [{"type": "action", "action": action} for action in actions]}}


def _quoted(answer: Answer) -> dict[str, str]:
    """What the agent pointed at is shown above the answer; the merely newest message is not."""
    quote = answer.to.refs.get("quote") if answer.to and answer.chosen else None
    return {"quoteToken": quote} if isinstance(quote, str) and quote else {}


def _file(file: OutgoingFile) -> dict[str, Any]:
    """A file as LINE wants it: an address from where it fetches it, a picture before a film, and how long a
    sound plays. Raises `Refusal` for what LINE would not take."""
    if file.mime not in (*PICTURES, *FILMS, *SOUNDS):
        raise Refusal("file_refused", detail="LINE takes pictures (JPEG, PNG), MP4, MP3 and M4A only")
    if file.size > (PICTURE_BYTES if file.mime in PICTURES else FILE_BYTES):
        raise Refusal("file_refused", detail="too large")
    address = _fetched(file.url)
    if file.mime in PICTURES:
        return {"type": "image", "originalContentUrl": address, "previewImageUrl": address}
    if file.mime in FILMS:
        return {"type": "video", "originalContentUrl": address, "previewImageUrl": _fetched(file.preview)}
    if not file.lasts:
        raise Refusal("file_refused", detail="the file does not say how long it plays")
    return {"type": "audio", "originalContentUrl": address, "duration": file.lasts}


def _fetched(url: str) -> str:
    """An address from where LINE can fetch something. Raises `Refusal` where there is none."""
    if not url or len(url) > URL_LIMIT:
        raise Refusal("file_refused", detail="LINE fetches files from a public address")
    return url


def _sent(response: Response, answer: Answer) -> Sent:
    """The messages that LINE made. A repeat may be told without them: then the request that was
    accepted names them, or our own key."""
    made = response.record.get("sentMessages")
    made = [each for each in made if isinstance(each, dict)] if isinstance(made, list) else []
    ids = [each["id"] for each in made if isinstance(each.get("id"), str) and each["id"]]
    if ids:
        quote = made[0].get("quoteToken")
        return Sent(ids[0], refs={"quote": quote} if quote else {}, more=tuple(ids[1:]))
    if response.status == 200:
        raise AnswerLost("LINE took the message and did not name it")
    return Sent(f"request:{response.headers.get('x-line-accepted-request-id') or answer.key}")


def _is_used_up(account: AccountRecord, response: Response) -> Steps[bool]:
    """Whether this 429 means the month's messages and not the pace: then no wait of minutes helps.
    LINE names a wait for the pace only; else its figures tell."""
    if response.headers.get("retry-after"):
        return False
    left = yield from messages_left(account)
    return left is not None and left[0] <= 0


def messages_left(account: AccountRecord) -> Steps[tuple[int, int] | None]:
    """How many messages may still go out this month, and of how many; None without a limit."""
    quota = yield from call(account, "GET", "message/quota")
    most = quota.get("value")
    if quota.get("type") != "limited" or not isinstance(most, int):
        return None
    used = (yield from call(account, "GET", "message/quota/consumption")).get("totalUsage")
    return most - used if isinstance(used, int) else most, most


def next_month(now: datetime) -> datetime:
    """When LINE counts the messages of the next month, by the calendar of Japan and some minutes more. It
    does not say so itself: what is left is asked for then, and until then holds."""
    here = now.astimezone(_JAPAN).replace(hour=0, minute=_TURNS_WITHIN, second=0, microsecond=0)
    return (here.replace(day=28) + timedelta(days=4)).replace(day=1).astimezone(UTC)
