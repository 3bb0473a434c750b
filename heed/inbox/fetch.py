"""Files that networks point to are fetched at once, for their addresses expire."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from django.db import connection

from heed.channels.base import Refusal
from heed.channels.models import Account
from heed.channels.outgoing import client
from heed.channels.reasons import UNTIL_A_PERSON_ACTS
from heed.channels.sessions import with_session
from heed.inbox import events, files
from heed.inbox.models import Attachment, Message, Post
from heed.lib import clock, live
from heed.lib.http import AddressRefused, AnswerLost, TooLarge, Unreachable

_A_WHILE = timedelta(minutes=10)


class TryAgain(Exception):
    """The file could not be had now; the job comes back."""


def files_of(message_id: int) -> None:
    """Fetch the waiting files of a message. Raises `TryAgain` when one could not be had now."""
    waiting = Attachment.objects.filter(message_id=message_id, state=Attachment.State.WAITING)
    failures = [each for each in waiting.select_related("message__account") if not _kept(each)]
    message = Message.objects.filter(pk=message_id).first()
    if message is not None:
        live.tell(events.topics_of([message.ticket_id]))
    if failures:
        raise TryAgain(f"{len(failures)} files of message {message_id}")


class Passing(NamedTuple):
    """A story as the network has it now."""

    content: bytes
    mime: str


def story(attachment: Attachment) -> Passing:
    """A story as it is now: Meta lets nobody keep one. Raises `Gone`, also once a day has passed since it was
    told of, for none lasts longer; `TryAgain` when it cannot be had now."""
    body = _answered(lasting(attachment), attachment.url)
    return Passing(body, files.sniffed(io.BytesIO(body)))


STORIES_LAST = timedelta(days=1)


def lasting(attachment: Attachment) -> Account:
    """The account of a story that may still be there. Asks no network. Raises `Gone`."""
    message = attachment.message
    if message is None or message.at + STORIES_LAST <= clock.now():
        raise Gone("stories last a day")
    return message.account


def shown(attachment: Attachment) -> Passing:
    """A story for whoever looks at it on a page, which does not wait long: so few are fetched at once, and no
    connection to the database is held meanwhile. Raises as `story`; `TryAgain` also when time is up."""
    lasting(attachment)
    _let_go()
    looking = _SHOWN.submit(_in_peace, attachment)
    try:
        return looking.result(_PATIENCE)
    except TimeoutError as late:
        looking.cancel()
        raise TryAgain("the network takes too long, or many look at stories now") from late


_SHOWN = ThreadPoolExecutor(4, "story")
"""So many stories are fetched at once, also such as nobody waits for any more: each up to 50 MB."""
_PATIENCE = 10.0
"""Seconds that a page waits for a story."""


def _in_peace(attachment: Attachment) -> Passing:
    try:
        return story(attachment)
    finally:
        _let_go()


def _let_go() -> None:
    """Hold no connection to the database, except where a transaction needs it."""
    if not connection.in_atomic_block:
        connection.close()


def give_up(message_id: int) -> None:
    """The last try to fetch a message's files is over: those that still wait have failed. While the
    account does not work they go on waiting, until somebody has seen to it and it is connected again."""
    waiting = Attachment.objects.filter(message_id=message_id, state=Attachment.State.WAITING)
    message = Message.objects.select_related("account").filter(pk=message_id).first()
    if message is None or _waits_for_a_person(message.account):
        return
    if waiting.update(state=Attachment.State.FAILED, problem="the network did not give it"):
        live.tell(events.topics_of([message.ticket_id]))


def _waits_for_a_person(account: Account) -> bool:
    """Whether somebody must see to the account first; also while what was entered is still to be checked."""
    return account.state == Account.State.CONNECTING or account.problem in UNTIL_A_PERSON_ACTS


def left_behind() -> list[int]:
    """The messages of working accounts with files that have waited for a while."""
    waiting = Attachment.objects.filter(
        state=Attachment.State.WAITING,
        created_at__lt=clock.now() - _A_WHILE,
        message__account__problem="",
        message__account__state=Account.State.CONNECTED,
    )
    rows = waiting.order_by("created_at").values_list("message_id", flat=True)[:500]
    return sorted({each for each in rows if each is not None})


def picture_of(post_id: int) -> None:
    """Fetch a post's picture. Raises `TryAgain`."""
    post = Post.objects.select_related("account").filter(pk=post_id).first()
    if post is None or not post.picture_url or post.picture:
        return
    try:
        kept = _fetched(post.account, post.picture_url)
    except Gone:
        return
    Post.objects.filter(pk=post_id).update(picture=kept.path)
    live.tell(events.topics_of(post.tickets.values_list("pk", flat=True)[:200]))


class Gone(Exception):
    """The file cannot be had, now or later; the text says why."""


def _kept(attachment: Attachment) -> bool:
    """Whether it is known by now what became of the file."""
    try:
        if attachment.kind == "story":
            _look_at(attachment)
        else:
            _keep(attachment)
    except Gone as gone:
        attachment.state, attachment.problem = Attachment.State.FAILED, str(gone)[:200]
    except TryAgain:
        return False
    attachment.save(update_fields=["state", "problem", "path", "mime", "size"])
    return True


def _keep(attachment: Attachment) -> None:
    assert attachment.message is not None
    kept = _fetched(attachment.message.account, attachment.url)
    attachment.state, attachment.path = Attachment.State.KEPT, kept.path
    attachment.mime, attachment.size = kept.mime, kept.size


def _look_at(attachment: Attachment) -> None:
    """A story is only looked at: whether it is there, and what it is."""
    now = story(attachment)
    attachment.state, attachment.mime = Attachment.State.LINK, now.mime
    attachment.size = len(now.content)


def _fetched(account: Account, url: str) -> files.Kept:
    return files.keep(io.BytesIO(_answered(account, url)))


def _answered(account: Account, url: str) -> bytes:
    """The file that the network gives for this address. Raises `Gone`, `TryAgain`."""
    hosts = [*account.adapter.media_hosts, urlsplit(account.base_url).netloc]
    try:
        source = with_session(account, lambda record: account.adapter.media(record, url))
        response = client().fetch(
            source.url,
            hosts=[*hosts, *source.hosts],
            limit=files.MOST_BYTES,
            headers=source.headers,
            login=source.login,
        )
    except Refusal as refusal:
        if refusal.retry or refusal.reason in UNTIL_A_PERSON_ACTS:
            raise TryAgain(str(refusal)) from refusal
        raise Gone(str(refusal)) from refusal
    except AddressRefused as error:
        raise Gone(str(error)) from error
    except TooLarge as error:
        raise Gone("the file is larger than Heed keeps") from error
    except (Unreachable, AnswerLost) as error:
        raise TryAgain(str(error)) from error
    if response.status in (404, 410, 403, 401):
        raise Gone(f"the network no longer has it ({response.status})")
    if response.status != 200:
        raise TryAgain(f"the network answered {response.status}")
    return response.body
