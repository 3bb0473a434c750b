"""A running Heed whose account lives on the real network, driven by its API as a program would."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from heed.channels.bluesky.tests.network.bridge import ChatService, RealBluesky
from heed.tests.processes import Processes

Record = dict[str, Any]

PATIENCE = 60
"""Seconds for what should take one or two: the machine may be busy."""


class Heed:
    def __init__(self, running: Processes) -> None:
        self.running = running
        self.api = running.api
        self.account = 0

    def connect(self, acme: RealBluesky, chat_service: ChatService) -> None:
        """Start everything and connect the company's account."""
        for name in ("web", "intake", "worker"):
            self.running.start(name)
        self.running.wait_for_web()
        given = {
            "network": "bluesky",
            "name": "Acme",
            "credentials": dict(acme.accounts()[0].credentials),
            "base_url": acme.network.url,
            "settings": {"chat_proxy": chat_service.proxy},
        }
        self.account = self._done(self.api.post("/accounts", json=given))["id"]
        self.until(lambda: self.state() == "connected")

    def state(self) -> str:
        return str(self._done(self.api.get(f"/accounts/{self.account}"))["state"])

    def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        self.running.until(holds, seconds)

    def restart_worker(self) -> None:
        self.running.kill("worker")
        self.running.start("worker")

    def tickets(self, view: str = "all") -> list[Record]:
        """All tickets of a view, page after page."""
        found: list[Record] = []
        after = ""
        while True:
            page = self._done(self.api.get("/tickets", params={"view": view, "after": after, "limit": 200}))
            found += page["items"]
            after = page["next"]
            if not after:
                return found

    def ticket_about(self, post: str) -> Record:
        """The ticket about this post, as soon as it is there."""
        return self._first(lambda each: bool(each["post"]) and each["post"]["external_id"] == post)

    def chat_with(self, did: str) -> Record:
        """The private ticket of this customer, as soon as it is there."""
        return self._first(
            lambda each: each["kind"] == "private" and each["customer"]["identities"][0]["external_id"] == did
        )

    def again(self, ticket: Record) -> Record:
        return self._done(self.api.get(f"/tickets/{ticket['number']}"))

    def messages(self, ticket: Record) -> list[Record]:
        rows: list[Record] = self._done(self.api.get(f"/tickets/{ticket['number']}/messages"))["items"]
        return rows

    def message(self, row: Record) -> Record:
        return self._done(self.api.get(f"/messages/{row['id']}"))

    def answer(
        self, ticket: Record, text: str, visibility: str = "public", files: Iterable[Record] = ()
    ) -> Record:
        """Write an answer; it is queued."""
        given = {"text": text, "visibility": visibility, "attachments": [each["id"] for each in files]}
        return self._done(self.api.post(f"/tickets/{ticket['number']}/messages", json=given))

    def say(
        self, ticket: Record, text: str, visibility: str = "public", files: Iterable[Record] = ()
    ) -> Record:
        """Write an answer and wait until it is sent."""
        return self.comes_to(self.answer(ticket, text, visibility, files), "sent")

    def comes_to(self, row: Record, state: str) -> Record:
        """The message once it is in this state."""
        self.until(lambda: self.message(row)["state"] == state)
        return self.message(row)

    def upload(self, ticket: Record, name: str, content: bytes, alt: str) -> Record:
        """Hand over a file for an answer."""
        where = f"/tickets/{ticket['number']}/attachments"
        return self._done(self.api.post(where, files={"file": (name, content)}, data={"alt": alt}))

    def act(self, row: Record, action: str) -> None:
        """Have a like, a delete … done; it is queued."""
        self._done(self.api.post(f"/messages/{row['id']}/actions", json={"action": action}))

    def acted(self, row: Record, action: str, shows: str, value: bool) -> None:
        """Have it done and wait until the message shows it."""
        self.act(row, action)
        self.until(lambda: self.message(row)[shows] is value)

    def _first(self, fits: Callable[[Record], bool]) -> Record:
        found: list[Record] = []

        def is_there() -> bool:
            found[:] = [each for each in self.tickets() if fits(each)]
            return bool(found)

        self.until(is_there)
        return found[0]

    def _done(self, answer: Any) -> Record:
        assert answer.status_code < 300, answer.text
        parsed: Record = answer.json()
        return parsed
