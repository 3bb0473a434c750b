"""The live stream: server-sent nudges. A page that is nudged fetches its parts again.

What the database tells a process is handed to all its open pages. Nudges to one page keep a
distance, and what happens in between goes along with the next one. A page hears only of tickets that
its person may see, and whenever rights change all pages prove anew who listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import DatabaseError, close_old_connections
from django.http.cookie import parse_cookie
from django.utils.crypto import constant_time_compare

from heed.accounts.models import User
from heed.accounts.rights import NotAllowed, rights_of
from heed.inbox import reach
from heed.inbox.models import Ticket
from heed.inbox.reach import Sight
from heed.lib import clock, sse
from heed.lib.live import EVERYTHING, News, Untold
from heed.lib.sse import Receive, Scope, Send
from heed.web.second_factor import must_set_up

log = logging.getLogger("heed.live")

P = ParamSpec("P")
T = TypeVar("T")

LIVE = "/live"
MOST_TOPICS = 100
PEOPLE = "people"
"""The topic of changed rights: every open page must prove again that it may listen."""

_CHECK_AGAIN = 30.0


_OF_TICKETS = frozenset({"ticket", "writing", "typing", "here"})
"""Topics like `ticket:41`: for those who see the ticket. `here:41:7` is moreover for person 7 alone."""

_OF_ANYONE = frozenset({"sweep"})
"""Topics with a number that says nothing about a ticket or a person."""

_OF_ADMINS = frozenset({"deliveries", "ledger"})
_MOST_KNOWN = 5000


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens at a page, and which tickets they may see."""

    user: int
    sight: Sight | None
    """None: no tickets at all."""
    admin: bool

    @property
    def unrestricted(self) -> bool:
        return self.sight is not None and self.sight.everywhere

    def may_hear(self, topic: str, tickets: dict[int, Ticket | None]) -> bool:
        """Whether this topic is for them. `tickets` holds those that topics name."""
        kind, _colon, rest = topic.partition(":")
        if not rest:
            return self.admin or kind not in _OF_ADMINS
        if kind in _OF_TICKETS:
            return self._sees(topic, tickets) and (kind != "here" or rest.endswith(f":{self.user}"))
        if kind == "person":
            return rest == str(self.user)
        if kind not in _OF_ANYONE:
            log.warning("nobody hears of %s: stream.py does not say whom it is for", kind)
        return kind in _OF_ANYONE

    def _sees(self, topic: str, tickets: dict[int, Ticket | None]) -> bool:
        if self.unrestricted:
            return True
        ticket = tickets.get(_ticket_of(topic) or 0)
        return self.sight is not None and ticket is not None and self.sight.takes_in(ticket)


class Page(Untold):
    """One open page and what it has not been told of yet."""

    def __init__(self, key: str = "", listener: Listener | None = None) -> None:
        super().__init__()
        self.key = key
        self.listener = listener
        """None as soon as the page may listen no more."""


class Stream:
    """All open pages of this process."""

    def __init__(self, news: News) -> None:
        self._news = news
        self._pages: set[Page] = set()
        self._listener: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

        self._checker: asyncio.Task[None] | None = None
        self._tickets: dict[int, Ticket | None] = {}
        self._generation = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _session_key(_cookies(scope))
        listener = (await _listeners([key])).get(key)
        if listener is None:
            await sse.refuse(send, 401)
            return
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        if self._checker is None or self._checker.done():
            self._checker = asyncio.create_task(self._check_now_and_then())
        page = Page(key, listener)
        self._pages.add(page)
        gone = asyncio.create_task(sse.until_gone(receive))
        try:
            await self._serve(page, gone, send)
        finally:
            self._pages.discard(page)
            gone.cancel()

    async def stop(self) -> None:
        """Let every page go; browsers come back by themselves."""
        self._stopping.set()
        for page in self._pages:
            page.woken.set()
        for task in (self._listener, self._checker):
            if task is not None:
                task.cancel()

    def distance(self) -> float:
        """Seconds between two nudges to one page: more pages, more distance."""
        pages = len(self._pages)
        return 0.1 if pages <= 50 else 0.2 if pages <= 200 else 0.5

    async def _serve(self, page: Page, gone: asyncio.Task[None], send: Send) -> None:
        await sse.begin(send)
        await _say(send, "hello", {"seq": await sync_to_async(_then_closed)(reach.latest_event)})
        while not gone.done() and not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(page.woken.wait(), sse.BEAT)
            if page.listener is None:
                break
            if not page.woken.is_set():
                await sse.say(send, sse.STILL_HERE)
                continue
            topics = await self._for(page, page.taken())
            if topics:
                await _say(send, "nudge", {"seq": await self._seq(), "topics": topics})
                await asyncio.sleep(self.distance())
        await sse.end(send)

    async def _for(self, page: Page, topics: set[str]) -> list[str]:
        """What of these topics the page may hear."""
        known: dict[int, Ticket | None] = {}
        if page.listener is not None and not page.listener.unrestricted:
            known = await self._named(topics)
        listener = page.listener  # as it is now: rights may have changed while we asked
        if listener is None:
            return []
        heard = sorted(topic for topic in topics if listener.may_hear(topic, known))
        return heard if len(heard) <= MOST_TOPICS else [EVERYTHING]

    async def _named(self, topics: set[str]) -> dict[int, Ticket | None]:
        """The tickets that topics name, read once for all pages that hear of them together."""
        numbers = {number for topic in topics if (number := _ticket_of(topic)) is not None}
        missing = [number for number in numbers if number not in self._tickets]
        known = {number: self._tickets[number] for number in numbers.difference(missing)}
        if not missing:
            return known
        generation = self._generation
        rows = await sync_to_async(_then_closed)(_tickets, missing)
        found = {number: rows.get(number) for number in missing}
        if generation == self._generation:  # else news came meanwhile, and what was read may be old
            if len(self._tickets) > _MOST_KNOWN:
                self._tickets.clear()
            self._tickets |= found
        return known | found

    async def check(self) -> None:
        """Have every page prove anew that it may listen, and what of."""
        pages = list(self._pages)
        try:
            found = await _listeners({page.key for page in pages})
        except DatabaseError:
            log.warning("who listens cannot be read; every page has to come again")
            found = {}
        for page in pages:
            page.listener = found.get(page.key)
            if page.listener is None:
                page.woken.set()

    async def _check_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_AGAIN)
            await self.check()

    async def _seq(self) -> int:
        """How far the log has come; asked once for all pages that are nudged together."""
        now = time.monotonic()
        if now - self._seq_at > 0.1:
            self._seq_at = now
            self._seq_known = await sync_to_async(_then_closed)(reach.latest_event)
        return self._seq_known

    _seq_at = 0.0
    _seq_known = 0

    async def _listen(self) -> None:
        async for topics in self._news.heard():
            await self._hand_on(topics)

    async def _hand_on(self, topics: Collection[str]) -> None:
        if PEOPLE in topics or EVERYTHING in topics:
            await self.check()
        self.tell(topics)

    def tell(self, topics: Collection[str]) -> None:
        """Hand news to every page; what is known of the tickets they name is old from now on."""
        self._generation += 1
        if EVERYTHING in topics:
            self._tickets.clear()
        for topic in topics:
            self._tickets.pop(_ticket_of(topic) or 0, None)
        for page in self._pages:
            page.tell(topics)


def _then_closed(question: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Ask the database, and leave no broken or old connection behind."""
    try:
        return question(*args, **more)
    finally:
        close_old_connections()


async def signed_in(cookies: str) -> bool:
    """Whether the one who sent this cookie header is signed in, active and through the door."""
    key = _session_key(cookies)
    return key in await _listeners([key])


async def _listeners(keys: Iterable[str]) -> dict[str, Listener]:
    return await sync_to_async(_then_closed)(listeners, list(keys))


def listeners(keys: list[str]) -> dict[str, Listener]:
    """Who listens with each of these session keys; who may not is missing. A few queries for all."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    rows = store.get_model_class().objects.filter(
        session_key__in=[key for key in keys if key], expire_date__gt=clock.now()
    )
    sessions = {row.session_key: store().decode(row.session_data) for row in rows}
    people = _people(session.get(SESSION_KEY) for session in sessions.values())
    found = {key: _listener(session, people) for key, session in sessions.items()}
    return {key: listener for key, listener in found.items() if listener is not None}


def _people(numbers: Iterable[Any]) -> dict[str, User]:
    wanted = {number for number in numbers if number}
    found = User.objects.filter(pk__in=wanted, is_active=True).prefetch_related("grants__own")
    people = {str(each.pk): each for each in found}
    for each in people.values():
        each.rights = rights_of(each.grants.all())
    return people


def _listener(session: dict[str, Any], people: dict[str, User]) -> Listener | None:
    user = people.get(str(session.get(SESSION_KEY, "")))
    if user is None or not _is_theirs(session, user) or must_set_up(user, session):
        return None
    try:
        sight: Sight | None = reach.sight(user)
    except NotAllowed:
        sight = None
    return Listener(user.pk, sight, user.may_administer)


def _is_theirs(session: dict[str, Any], user: User) -> bool:
    """Whether the session was begun with the password the person has now."""
    held = str(session.get(HASH_SESSION_KEY, ""))
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(held, each) for each in hashes)


def _tickets(numbers: list[int]) -> dict[int, Ticket]:
    return Ticket.objects.only("account_id", "team_id", "assignee_id").in_bulk(numbers)


def _ticket_of(topic: str) -> int | None:
    """The ticket that a topic names."""
    kind, _colon, rest = topic.partition(":")
    number = rest.partition(":")[0]
    return int(number) if kind in _OF_TICKETS and number.isdecimal() else None


def _session_key(cookies: str) -> str:
    return parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, "")


def _cookies(scope: Scope) -> str:
    return "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"cookie")


async def _say(send: Send, event: str, data: dict[str, Any]) -> None:
    await sse.say(send, f"event: {event}\nid: {data['seq']}\ndata: {json.dumps(data)}\n\n")
