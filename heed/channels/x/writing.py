"""Answers and actions as calls, and how it is found out what became of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from heed.channels.base import (
    AccountRecord,
    Action,
    Answer,
    CannotTell,
    Echo,
    Finding,
    Inbound,
    NotThere,
    OutgoingFile,
    Refusal,
    Sent,
    Target,
)
from heed.channels.x import calls, polling, reading, signin
from heed.channels.x.posts import address_of
from heed.lib import clock
from heed.lib.http import Steps
from heed.lib.text import measure

TEXT_WEIGHT = 280
DIRECT_CHARS = 10_000  # not in the reference; what X's own pages say
MEGABYTE = 1024 * 1024
IMAGE_BYTES, GIF_BYTES, VIDEO_BYTES = 5 * MEGABYTE, 15 * MEGABYTE, 512 * MEGABYTE
IMAGES = 4

_LIMITS = {
    "image/jpeg": ("image", IMAGE_BYTES),
    "image/png": ("image", IMAGE_BYTES),
    "image/webp": ("image", IMAGE_BYTES),
    "image/gif": ("gif", GIF_BYTES),
}
_CASHTAG = re.compile(r"(?<!\w)\$[A-Za-z]{1,6}(?!\w)")
_NAME = re.compile(r"@\w{1,20}")
_SCHEME = re.compile(r"^https?://", re.IGNORECASE)
_CHUNK = 4 * MEGABYTE
_LOOKS = 12
_ALREADY = ("139", "327")
"""Liked, reposted before."""
_CLOCKS_DIFFER = timedelta(seconds=5)
_STILL_ON_ITS_WAY = timedelta(seconds=60)
_ASK_AGAIN = 20.0
_ALT_CHARS = 1000
_PAGES = 32
"""Of our own posts X gives the last 3,200, a hundred at a time."""


def send(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    """Send an answer. Files go up first; one request makes it seen."""
    _check(account, answer)
    if answer.visibility == "private":
        return (yield from _send_privately(account, answer))
    return (yield from _send_publicly(account, answer))


def _check(account: AccountRecord, answer: Answer) -> None:
    """What X would not take. Raises `Refusal`."""
    private = answer.visibility == "private"
    long = len(answer.text) > DIRECT_CHARS if private else measure(answer.text, "weighted") > TEXT_WEIGHT
    if long:
        raise Refusal("too_long")
    if len(answer.files) > (1 if private else IMAGES):
        raise Refusal("file_refused", detail="too many files")
    kinds = [_kind(file) for file in answer.files]
    if len(kinds) > 1 and set(kinds) != {"image"}:
        raise Refusal("file_refused", detail="one video or moving picture at a time, and nothing beside it")
    if private and not answer.person.isdigit():
        raise Refusal("unreachable", detail="no receiver")
    if signin.level(account) != signin.ENTERPRISE and not private:
        _check_self_serve(answer)


def _check_self_serve(answer: Answer) -> None:
    """Who pays per use may answer only who named or quoted the account, may not quote, and may name
    only one share."""
    if answer.quote:
        raise Refusal(
            "not_allowed", code="self-serve", detail="X allows quotes only with an Enterprise contract."
        )
    if answer.to is not None and not answer.to.ours and answer.to.refs.get("summoned") is False:
        raise Refusal(
            "not_allowed",
            code="not-summoned",
            detail="X lets this access level answer only who mentioned or quoted the account.",
        )
    if len(_CASHTAG.findall(answer.text)) > 1:
        raise Refusal("bad_request", code="cashtags", detail="X takes only one $CASHTAG in a post.")


def _send_publicly(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    post: dict[str, Any] = {"text": answer.text} if answer.text else {}
    if answer.to is not None and answer.quote:
        post["quote_tweet_id"] = answer.to.external_id
    elif answer.to is not None:
        post["reply"] = {"in_reply_to_tweet_id": answer.to.external_id}
    files = yield from _uploaded(account, answer, "tweet")
    if files:
        post["media"] = {"media_ids": files}
    try:
        made = yield from calls.call(account, "POST", "/2/tweets", body=post, decisive=True)
    except Refusal as refusal:
        if refusal.reason == "duplicate" and answer.started is not None:
            # X holds it for a repeat: the first attempt may have arrived without our knowing.
            earlier = yield from _find_post(account, answer)
            if isinstance(earlier, Sent):
                return earlier
        raise
    number = str(calls.data(made).get("id") or "")
    return Sent(number, permalink=address_of(number, account.handle) if number else "")


def _send_privately(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    message: dict[str, Any] = {"text": answer.text} if answer.text else {}
    files = yield from _uploaded(account, answer, "dm")
    if files:
        message["attachments"] = [{"media_id": each} for each in files]
    path = f"/2/dm_conversations/with/{answer.person}/messages"
    try:
        made = yield from calls.call(account, "POST", path, body=message, decisive=True)
    except Refusal as refusal:
        if refusal.code == "403" and refusal.reason == "not_allowed":
            raise Refusal("unreachable", code=refusal.code, detail=refusal.detail) from refusal
        raise
    return Sent(str(calls.data(made).get("dm_event_id") or ""))


# ---------------------------------------------------------------------------------- files


def _uploaded(account: AccountRecord, answer: Answer, place: str) -> Steps[list[str]]:
    """The ids of the answer's files at X. They can be used for a day."""
    ids: list[str] = []
    for file in answer.files:
        ids.append((yield from _upload(account, file, f"{place}_{_kind(file)}")))
    return ids


def _upload(account: AccountRecord, file: OutgoingFile, category: str) -> Steps[str]:
    """Announce the file, send it in pieces, close it, wait while X works on it, and say what it shows."""
    announced = {"media_type": file.mime, "total_bytes": file.size, "media_category": category}
    begun = calls.data((yield from calls.call(account, "POST", "/2/media/upload/initialize", body=announced)))
    media = str(begun.get("id") or "")
    if not media.isdigit():
        raise Refusal("network_down", retry=True, detail="X gave no id for the file")
    for number, piece in enumerate(_pieces(file)):
        form = {"segment_index": str(number)}
        path = f"/2/media/upload/{media}/append"
        yield from calls.call(account, "POST", path, form=form, upload=piece)
    state = calls.data((yield from calls.call(account, "POST", f"/2/media/upload/{media}/finalize")))
    yield from _processed(account, media, state)
    if file.alt:
        about = {"id": media, "metadata": {"alt_text": {"text": file.alt[:_ALT_CHARS]}}}
        yield from calls.call(account, "POST", "/2/media/metadata", body=about)
    return media


def _pieces(file: OutgoingFile) -> Iterable[OutgoingFile]:
    for start in range(0, max(1, file.size), _CHUNK):
        yield replace(file, content=file.content[start : start + _CHUNK])


def _processed(account: AccountRecord, media: str, state: Mapping[str, Any]) -> Steps[None]:
    """Wait until X has worked on the file, as long as it says between two looks. Raises `Refusal`."""
    asked = {"command": "STATUS", "media_id": media}
    for _ in range(_LOOKS):
        progress = state.get("processing_info")
        if not isinstance(progress, dict) or progress.get("state") == "succeeded":
            return
        if progress.get("state") == "failed":
            raise Refusal("file_refused", detail=calls.problem_in(progress.get("error") or {}).detail)
        pause = progress.get("check_after_secs")
        wait = float(pause) if isinstance(pause, int) else 1.0
        answer = yield from calls.call(account, "GET", "/2/media/upload", params=asked, wait=wait)
        state = calls.data(answer)
    raise Refusal("network_down", retry=True, after=60, detail="X is still working on the file")


def _kind(file: OutgoingFile) -> str:
    """What X calls a file of this type. Raises `Refusal` for one it does not take."""
    kind, most = _LIMITS.get(file.mime, ("video", VIDEO_BYTES))
    if kind == "video" and file.mime != "video/mp4":
        raise Refusal("file_refused", detail=f"X takes no {file.mime}")
    if file.size > most:
        raise Refusal("file_refused", detail=f"larger than {most // MEGABYTE} MB")
    return kind


# --------------------------------------------------------------------------- what became of it


def find(account: AccountRecord, answer: Answer) -> Steps[Finding]:
    """Our own words since we began, page by page back to then. X shows them after a moment: only then no
    such words are proof, and only where X still had all of that time."""
    tried = answer.tried or answer.started or answer.created
    if tried is None:
        return CannotTell()
    if answer.visibility == "private":
        found = yield from _find_message(account, answer)
    else:
        found = yield from _find_post(account, answer)
    if found is not None:
        return found
    return CannotTell(_ASK_AGAIN) if clock.now() - tried < _STILL_ON_ITS_WAY else NotThere()


def _find_post(account: AccountRecord, answer: Answer) -> Steps[Finding | None]:
    since = _since(answer)
    asked = {**polling.POST_FIELDS, "max_results": "100", "start_time": polling.iso(since)}
    about = answer.to.external_id if answer.to is not None else ""
    for _ in range(_PAGES):
        page = yield from calls.call(account, "GET", f"/2/users/{account.external_id}/tweets", params=asked)
        for echo in _echoes(account, "own", page):
            if echo.parent == about and _is_same(echo, answer, since):
                return Sent(
                    echo.external_id, at=echo.at, permalink=address_of(echo.external_id, account.handle)
                )
        if not (asked := _next(asked, page)):
            return None
    return CannotTell()


def _find_message(account: AccountRecord, answer: Answer) -> Steps[Finding | None]:
    since = _since(answer)
    asked = {**polling.MESSAGE_FIELDS, "max_results": "100"}
    path = f"/2/dm_conversations/with/{quote(answer.person, safe='')}/dm_events"
    for _ in range(_PAGES):
        page = yield from calls.call(account, "GET", path, params=asked)
        for echo in _echoes(account, "dms", page):
            if _is_same(echo, answer, since):
                return Sent(echo.external_id, at=echo.at)
        oldest = min((polling.at_of(each) for each in calls.rows(page)), default="")
        asked = _next(asked, page)
        if not asked or oldest < polling.iso(since):
            return None
    return CannotTell()


def _echoes(account: AccountRecord, what: str, page: Mapping[str, Any]) -> list[Echo]:
    news: list[Inbound] = reading.read(polling.body(what, account, page), account)
    return [each for each in news if isinstance(each, Echo)]


def _is_same(echo: Echo, answer: Answer, since: datetime) -> bool:
    """Whether this is the answer: the same words, a file or none, not before, and nobody else's."""
    fits = _bare(echo.text) == _bare(answer.text) and bool(echo.attachments) == bool(answer.files)
    return fits and echo.at >= since and echo.external_id not in answer.taken


def _bare(text: str) -> str:
    """The words without what X changes in them: it composes letters and line ends, writes links out in
    full, and takes the names at the start of a reply for its own."""
    words = unicodedata.normalize("NFC", text).split()
    while words and _NAME.fullmatch(words[0]):
        del words[0]
    return " ".join(_SCHEME.sub("", each).rstrip("/") for each in words).casefold()


def _next(asked: Mapping[str, str], page: Mapping[str, Any]) -> dict[str, str]:
    """The question for the next page; none after the last."""
    meta = page.get("meta")
    token = str(meta.get("next_token") or "") if isinstance(meta, dict) else ""
    return {**asked, "pagination_token": token} if token else {}


def _since(answer: Answer) -> datetime:
    return (answer.started or answer.created or clock.now()) - _CLOCKS_DIFFER


# -------------------------------------------------------------------------------- actions


def act(account: AccountRecord, action: Action, target: Target) -> Steps[Mapping[str, Any]]:
    """Do it; X says what is so afterwards, and that must be what was wanted."""
    post = target.external_id
    if not post.isdigit():
        raise Refusal("bad_request", detail=f"{action} needs a post")
    mine = f"/2/users/{account.external_id}"
    match action:
        case "like":
            return (yield from _done(account, "POST", f"{mine}/likes", "liked", True, {"tweet_id": post}))
        case "unlike":
            return (yield from _done(account, "DELETE", f"{mine}/likes/{post}", "liked", False))
        case "repost":
            body = {"tweet_id": post}
            return (yield from _done(account, "POST", f"{mine}/retweets", "retweeted", True, body))
        case "unrepost":
            return (yield from _done(account, "DELETE", f"{mine}/retweets/{post}", "retweeted", False))
        case "hide" | "unhide":
            hidden = action == "hide"
            path = f"/2/tweets/{post}/hidden"
            return (yield from _done(account, "PUT", path, "hidden", hidden, {"hidden": hidden}))
        case "delete":
            place = "dm_events" if target.visibility == "private" else "tweets"
            return (yield from _deleted(account, f"/2/{place}/{post}"))
        case _:
            raise Refusal("not_allowed", detail=f"X has no {action}")


def _done(
    account: AccountRecord,
    method: Any,
    path: str,
    state: str,
    wanted: bool,
    body: Mapping[str, Any] | None = None,
) -> Steps[Mapping[str, Any]]:
    """What is so already counts as done; on a post that is gone nothing is left to take back."""
    try:
        answer = yield from calls.call(account, method, path, body=body)
    except Refusal as refusal:
        if (wanted and refusal.code in _ALREADY) or (method == "DELETE" and refusal.reason == "gone"):
            return {}
        raise
    if calls.data(answer).get(state) is not wanted:
        raise _refused(answer)
    return {}


def _deleted(account: AccountRecord, path: str) -> Steps[Mapping[str, Any]]:
    """Delete what is ours. What is not there counts as deleted."""
    try:
        answer = yield from calls.call(account, "DELETE", path)
    except Refusal as refusal:
        if refusal.reason != "gone":
            raise
        return {}
    if calls.data(answer).get("deleted") is not True:
        raise _refused(answer)
    return {}


def _refused(answer: Mapping[str, Any]) -> Refusal:
    """An answer of 200 whose state is not the one asked for."""
    problem = calls.problem_in(answer)
    if answer.get("errors"):
        return calls.refusal(403, problem)
    return Refusal("not_allowed", detail="X left it as it was.")
