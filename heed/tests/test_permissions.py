"""Every page, every call of the API and the live stream, for every role: as the table in `who_may.py` says.

A new address without a row there fails the first test, which says what to add.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any, ClassVar
from unittest.mock import patch

import orjson
import pytest
from django.conf import settings as heed_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.backends.django import Template
from django.test import TestCase, override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.views.defaults import page_not_found, permission_denied

from heed import urls
from heed.accounts.models import AuditRow, User
from heed.api.urls import api
from heed.inbox import reach
from heed.inbox import verbs as deeds
from heed.inbox.models import Ticket
from heed.tests.the_world import EVERYBODY, FILED, HOLDER, SAID, SCOPED, SOMEBODY, World
from heed.tests.the_world import SENT as SENT_BY_NETWORK
from heed.tests.what_changes import OF_SETTINGS, SENT, SETTINGS, SILENT
from heed.tests.who_may import CALLS, PAGES, Of, Row, anyone, desk, ticket
from heed.web import stream

FILL = Template.render

NOT_OURS = ("api/v1/", "widget/")
"""The API is walked by its document; a visitor of a chat has a key and no role (heed/widget/tests)."""


# ------------------------------------------------------------------------------ addresses


def pages() -> Iterator[str]:
    yield from _walk(get_resolver(), "")


def _walk(resolver: URLResolver, before: str) -> Iterator[str]:
    for each in resolver.url_patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLPattern):
            if not route.startswith(NOT_OURS):
                yield route
        else:
            yield from _walk(each, route)


@cache
def calls() -> tuple[str, ...]:
    return tuple(
        f"{method.upper()} {address.removeprefix('/api/v1')}"
        for address, methods in api.get_openapi_schema()["paths"].items()
        for method in methods
    )


def rows(found: Row | tuple[Row, ...]) -> tuple[Row, ...]:
    return found if isinstance(found, tuple) else (found,)


def test_every_address_has_a_row() -> None:
    """Add the address to PAGES or CALLS: `ticket(permission)`, `desk(permission)`, `anyone()` …"""
    missing = [f'PAGES: "{each}"' for each in sorted(set(pages()) - set(PAGES))]
    missing += [f'CALLS: "{each}"' for each in sorted(set(calls()) - set(CALLS))]
    assert not missing, "say in heed/tests/who_may.py who may use\n" + "\n".join(missing)


def test_no_row_is_left_over() -> None:
    over = sorted(set(PAGES) - set(pages())) + sorted(set(CALLS) - set(calls()))
    assert not over, "these addresses are gone; remove their rows\n" + "\n".join(over)


# ------------------------------------------------------------------------------ who may


def may(world: World, name: str, row: Row, about: Ticket) -> bool:
    """What the table and the person's rights say together."""
    if row.about == "all":
        return True
    if name == "outsider":
        return False
    if row.about == "anyone":
        return True
    if row.about == "mine":
        return name == HOLDER
    asked = name, row.about, row.permission, about.pk
    if asked not in world.allowed:
        world.allowed[asked] = _may(User.objects.get(pk=world.people[name].pk), row, about)
    return world.allowed[asked]


def _may(user: User, row: Row, about: Ticket) -> bool:
    assert row.permission
    if not user.rights.may(row.permission):
        return False
    return row.about == "desk" or reach.sight(user, row.permission).takes_in(about)


def outcome(answer: HttpResponse) -> str:
    """What an answer means for whoever asked: "in", "out", "absent" or "broken"."""
    where = answer.headers.get("Location", "")
    if answer.status_code >= 500:
        return f"broken ({answer.status_code})"
    if answer.status_code in (401, 403) or where.startswith("/sign-in/?"):
        return "out"
    return "absent" if answer.status_code == 404 else "in"


def fits(world: World, name: str, row: Row, about: Ticket, got: str) -> bool:
    """Whether this is what they should get. Whoever knows that something is there is told that they may not;
    that nothing is there is for those who must not know of it."""
    if row.about == "all":
        return not got.startswith("broken")
    if may(world, name, row, about):
        return got == "in" or (row.absent and got == "absent")
    knows = row.about != "mine" and (row.about != "ticket" or may(world, name, ticket("see"), about))
    return got == "out" or (got == "absent" and not knows and name != "outsider")


def _settings() -> Iterator[tuple[str, Row]]:
    """The addresses of the settings."""
    for address, found in (PAGES | CALLS).items():
        for row in rows(found)[-1:]:
            of_settings = row.about == "desk" and row.permission in SETTINGS
            of_settings = of_settings or address.startswith(OF_SETTINGS) or address in SENT
            if of_settings and not address.startswith("GET ") and address not in SILENT:
                yield address, row


def _to_read() -> Iterator[tuple[str, Row]]:
    """The addresses at which one could read what is in a ticket, or what came in."""
    yield "inbox/news/", anyone(ticket=Of("number"))
    for address, found in (PAGES | CALLS).items():
        row = rows(found)[0]
        if (row.about == "ticket" or "deliveries" in address) and not address.startswith(_WRITING):
            yield address, replace(row, method="GET", body=row.body if row.method == "GET" else {})


_WRITING = ("POST ", "PUT ", "PATCH ", "DELETE ")

Ask = Callable[[str, Row, Ticket], HttpResponse]


def asked(world: World, row: Row) -> Iterator[tuple[str, Ticket]]:
    """Who asks for what. For people who see all tickets the second one is like the first."""
    for name in SOMEBODY if row.about in ("anyone", "all") else EVERYBODY:
        yield name, world.seen
    if row.about == "ticket":
        yield from ((name, world.unseen) for name in (*SCOPED, "without a role"))


def wrongs(world: World, row: Row, ask: Ask, method: str) -> list[str]:
    """Where the answers are not what the table says."""
    found = []
    with transaction.atomic():
        for name, about in asked(world, row):
            told = "may" if may(world, name, row, about) else "may not"
            changes = told == "may" and method != "GET"
            answer = _undone(ask, name, row, about) if changes else ask(name, row, about)
            got = outcome(answer)
            if not fits(world, name, row, about, got):
                which = " (a ticket out of the scoped people's sight)" if about is world.unseen else ""
                found.append(f"{name} {told}{which}, but the answer is {answer.status_code}: {got}")
        transaction.set_rollback(True)
    return found


def _undone(ask: Ask, name: str, row: Row, about: Ticket) -> HttpResponse:
    """Ask, and take back what that changed: the next one finds everything as it was."""
    with transaction.atomic():
        answer = ask(name, row, about)
        transaction.set_rollback(True)
    return answer


def once_each(page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page that refuses is the same at every address and takes longest to make: everybody gets it
    once, and from then on an empty one."""
    shown: set[Any] = set()

    def refuse(request: HttpRequest, exception: Exception) -> HttpResponse:
        made = page(request, exception) if request.user.pk not in shown else None
        shown.add(request.user.pk)
        return made or HttpResponse(status=403 if page is permission_denied else 404)

    return refuse


def once_written(write: Callable[..., Any]) -> Callable[..., Any]:
    """Who may is decided before a template is filled, which takes longest: each is filled once."""
    shown: set[str | None] = set()

    def fill(template: Template, *args: Any, **facts: Any) -> Any:
        name = template.template.name
        if name in shown:
            return mark_safe("")
        shown.add(name)
        return write(template, *args, **facts)

    return fill


@override_settings(
    STORAGES={
        **heed_settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
)
class TestEveryAddress(TestCase):
    """The world is made once; whatever a request changes is taken back. If this fails for an address of
    yours, either the view does not guard what the row says, or the row says the wrong thing."""

    world: ClassVar[World]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.world = World()
        cls.enterClassContext(patch.object(logging.getLogger("django.request"), "disabled", True))
        for name, page in (("handler403", permission_denied), ("handler404", page_not_found)):
            cls.enterClassContext(patch.object(urls, name, once_each(page), create=True))
        cls.enterClassContext(patch.object(Template, "render", once_written(FILL)))

    def test_pages(self) -> None:
        found = []
        for route in sorted(set(PAGES) & set(pages())):
            for row in rows(PAGES[route]):
                answers = wrongs(self.world, row, self.page(route), row.method)
                found += [f"{row.method} {route}: {each}" for each in answers]
        assert not found, "\n".join(found)

    def test_calls(self) -> None:
        """As above, with a token instead of a session."""
        found = []
        for call in sorted(set(CALLS) & set(calls())):
            for row in rows(CALLS[call]):
                answers = wrongs(self.world, row, self.call(call), call.split()[0])
                found += [f"{call}: {each}" for each in answers]
        assert not found, "\n".join(found)

    def test_every_change_of_settings_is_in_the_audit(self) -> None:
        """As its owner changes the desk, by page and by API. Add to `what_changes.py` what must be sent."""
        silent = []
        for address, row in _settings():
            ask = self.call(address) if " " in address else self.page(address)
            sent = SENT.get(address, row.body)
            for body in sent if isinstance(sent, tuple) else (sent,):
                before = AuditRow.objects.count()
                with transaction.atomic():
                    answer = ask(HOLDER, replace(row, method="POST", body=body), self.world.seen)
                    if AuditRow.objects.count() == before and answer.status_code != 405:
                        silent.append(f"{address} {body}: {answer.status_code}")
                    transaction.set_rollback(True)
        assert not silent, "\n".join(silent)

    @pytest.mark.filterwarnings("ignore:StreamingHttpResponse")
    def test_whoever_reads_what_customers_wrote_is_in_the_audit(self) -> None:
        unseen, seen = [], set()
        with patch.object(Template, "render", FILL):
            for address, row in _to_read():
                ask = self.call(address) if " " in address else self.page(address)
                with transaction.atomic():
                    shown = b"".join(ask(HOLDER, row, self.world.seen))
                    if any(words in shown for words in (SAID, FILED, SENT_BY_NETWORK)):
                        seen.add(address)
                        unseen += [] if AuditRow.objects.filter(what="opened").exists() else [address]
                    transaction.set_rollback(True)
        assert not unseen, "\n".join(unseen)
        assert len(seen) >= 15, f"something is read at these only: {sorted(seen)}"

    def test_two_tickets_are_one_or_two_again_only_for_those_who_work_on_both(self) -> None:
        """The other one is of the same account and of no team, so the agent of a team sees this one only."""
        wrong = []
        with transaction.atomic(), patch.dict(self.world.values):
            for kind, sides, record in self._matters():
                for name, about in product(EVERYBODY, sides):
                    allowed = all(may(self.world, name, ticket("tend"), each) for each in sides)
                    self.world.values[about.pk] = {"number": about.pk, "record": record}
                    page = self.page(f"tickets/<int:number>/{kind}/<int:record>/undo/")
                    call = self.call(f"DELETE /tickets/{{number}}/{kind}/{{record}}")
                    for ask in (page, call):
                        got = outcome(_undone(ask, name, ticket("tend", "POST"), about))
                        if (got == "in") is not allowed or got.startswith("broken"):
                            wrong.append(f"{name}: {kind} of {about.pk}: {got}")
            transaction.set_rollback(True)
        assert not wrong, "\n".join(wrong)

    def _matters(self) -> Iterator[tuple[str, tuple[Ticket, ...], int]]:
        """What can be taken apart or put back, with the two tickets and the number of its record."""
        owner, seen = self.world.people[HOLDER], self.world.seen
        twin = Ticket.objects.get(pk=self.world.values[seen.pk]["twin"])
        new = deeds.split(seen, [self.world.values[seen.pk]["other_message"]], owner)
        Ticket.objects.filter(pk__in=(twin.pk, new.pk)).update(team=None, assignee=None)
        twin.refresh_from_db()
        new.refresh_from_db()
        yield "splits", (seen, new), new.splits.get().pk
        yield "merges", (seen, twin), deeds.merge(seen, twin, owner).pk

    def test_a_session_is_no_token(self) -> None:
        assert self.world.clients["owner"].get("/api/v1/tickets").status_code == 401

    def test_the_live_stream(self) -> None:
        """Nobody hears of a ticket they may not see, nobody what is for another, and a stranger nothing."""
        world = self.world
        tickets: dict[int, Ticket | None] = {each.pk: each for each in (world.seen, world.unseen)}
        for name in EVERYBODY:
            cookie = world.clients[name].cookies.get(heed_settings.SESSION_COOKIE_NAME)
            key = cookie.value if cookie else ""
            listener = stream.listeners([key]).get(key)
            if name == "outsider":
                assert listener is None
                continue
            assert listener is not None, name
            me, another = world.people[name].pk, world.values[world.seen.pk]["someone"]
            admin = may(world, name, desk("accounts"), world.seen)
            hears = {"queue": True, "sweep:5": True, "deliveries": admin, "ledger": admin}
            hears |= {f"person:{me}": True, f"person:{another}": False, "unheard-of:5": False}
            for about in (world.seen, world.unseen):
                sees = may(world, name, ticket("see"), about)
                hears |= {f"{kind}:{about.pk}": sees for kind in ("ticket", "typing", "writing")}
                hears |= {f"here:{about.pk}:{me}": sees, f"here:{about.pk}:{another}": False}
            for topic, expected in hears.items():
                assert listener.may_hear(topic, tickets) is expected, f"{name}: {topic}"

    def page(self, route: str) -> Ask:
        def ask(name: str, row: Row, about: Ticket) -> HttpResponse:
            values = self.world.values[about.pk]
            address = "/" + filled(route, values)
            client = self.world.clients[name]
            body = {key: _given(value, values) for key, value in row.body.items()}
            if row.method == "GET":
                return client.get(address, body)  # type: ignore[return-value]
            return client.post(address, body)  # type: ignore[return-value]

        return ask

    def call(self, call: str) -> Ask:
        method, _space, path = call.partition(" ")

        def ask(name: str, row: Row, about: Ticket) -> HttpResponse:
            values = self.world.values[about.pk]
            address = "/api/v1/" + filled(path.lstrip("/").replace("{", "<").replace("}", ">"), values)
            if method == "GET" and row.body:
                address += f"?{urlencode(row.body)}"
            token = self.world.tokens.get(name)
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            client = self.world.program
            if path.endswith("/attachments") and method == "POST":
                return client.post(address, {"file": _file()}, headers=headers)  # type: ignore[return-value]
            given = {key: _given(value, values) for key, value in row.body.items()}
            body = b"" if method == "GET" else orjson.dumps(given)
            kind = "application/json"
            return client.generic(method, address, body, kind, headers=headers)  # type: ignore[return-value]

        return ask


def filled(route: str, values: dict[str, Any]) -> str:
    """The address with its parts filled in: `<int:number>` becomes 41, and where the world has another
    number after `rules/`, that one."""
    filled, before = [], ""
    for part in route.split("/"):
        name = part.strip("<>").rpartition(":")[2] if part.startswith("<") else ""
        here = f"{before}/{name}"
        filled.append(str(values[here if here in values else name]) if name else part)
        before = part
    return "/".join(filled)


def _given(value: Any, values: dict[str, Any]) -> Any:
    """What a row says to send, from the world where it names something there."""
    if isinstance(value, list):
        return [_given(each, values) for each in value]
    if value == "a file":
        return _file()
    return values[value.name] if isinstance(value, Of) else value


def _file() -> SimpleUploadedFile:
    return SimpleUploadedFile("label.txt", b"return label", content_type="text/plain")
