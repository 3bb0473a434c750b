"""The company's account on one network of the sandbox, in Heed: from the customer to a ticket and back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest

from heed.accounts.models import User
from heed.channels import outgoing
from heed.channels import verbs as accounts
from heed.channels.base import FilledTemplate, Hook, Visibility
from heed.channels.jobs import check_account
from heed.channels.models import Account
from heed.inbox import collect, files, intake, ledger, outbox, verbs
from heed.inbox.models import Attachment, Message, Ticket
from heed.inbox.possible import Way, possible
from heed.inbox.possible_ways import last_inbound
from heed.inbox.tests.sounds import m4a
from heed.lib import clock
from heed.lib.http import Request
from heed.sandbox import Sandbox
from heed.sandbox.frame import Simulator
from heed.sandbox.picture import draw
from heed.sandbox.tests.receiver import Receiver, Taken

CUSTOMER = "lea"
QUESTION = "Kje je moj paket?"


@dataclass(frozen=True)
class File:
    """A file an agent attaches: bytes of its kind, filled up to its size."""

    kind: str
    size: int = 2000

    @property
    def content(self) -> bytes:
        head = draw("boot") if self.kind == "png" else _HEADS[self.kind]
        return head + bytes(max(0, self.size - len(head)))


_HEADS = {
    "jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "gif": b"GIF89a\x01\x00\x01\x00\x80\x00\x00",
    "mp4": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
    "pdf": b"%PDF-1.4\n",
    "zip": b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
    "mp3": b"ID3\x03\x00\x00\x00\x00\x00\x00",
    "m4a": m4a(3000),
}


@dataclass
class Shop:
    """`requests` are all that left Heed, to whomever; `stack` holds what a state moves: the clock; `kept` are
    the files of answers, by their ids, as networks fetch them."""

    sandbox: Sandbox
    receiver: Receiver
    simulator: Simulator
    account: Account
    ana: User
    stack: ExitStack
    requests: list[Request]
    taken: int = 0
    kept: dict[int, bytes] = field(default_factory=dict)

    # ------------------------------------------------------------------------ what happens

    def writes(self, way: Visibility, text: str = QUESTION) -> None:
        """The customer writes, and it becomes a ticket."""
        if way == "private":
            self.play("message", person=CUSTOMER, text=text)
        elif hasattr(self.simulator, "play_comment"):
            self.play("post", text="The Triglav boot is back.", picture="boot")
            self.play("comment", person=CUSTOMER, text=text)
        else:
            self.play("mention", person=CUSTOMER, text=text)
        self.gather()

    def play(self, verb: str, **facts: Any) -> None:
        self.simulator.do(verb, **facts)

    def later(self, **span: float) -> None:
        """So much time passes, everywhere."""
        self.stack.enter_context(clock.moved(timedelta(**span)))

    def gather(self) -> None:
        """All news so far becomes tickets."""
        self.sandbox.settle()
        record = self.account.record()
        for hook in self.receiver.hooks[self.taken :]:
            self.taken += 1
            if self.account.adapter.admit(_as_hook(hook), record).keep:
                ledger.append(self.account.pk, [hook.body])
        if self.account.adapter.polls:
            collect.collect(self.account.pk)
        while intake.take_batch():
            pass

    def check(self) -> None:
        check_account(self.account.pk)
        self.account.refresh_from_db()

    # ------------------------------------------------------------------------- what stands

    def ticket(self, way: Visibility) -> Ticket:
        """The ticket that can be answered this way: a private one, else the public one."""
        found = Ticket.objects.select_related("account", "identity", "post").order_by("-pk")
        return found.filter(kind=way).first() or found.filter(kind="public").latest("pk")

    def way(self, way: Visibility) -> Way:
        return possible(self.ticket(way)).way(way)

    def shown(self, text: str) -> int:
        """How often the customer sees this text of ours."""
        return sum(line.text == text for line in self._ours())

    def shown_files(self) -> int:
        return sum(bool(line.picture) + len(line.files) for line in self._ours())

    def _ours(self) -> list[Any]:
        with self.simulator.lock:
            lines = self.simulator.scene(CUSTOMER).lines()
        return [line for line in lines if line.ours and not line.removed]

    # ------------------------------------------------------------------------------ answering

    def attach(self, ticket: Ticket, files: tuple[File, ...]) -> list[int]:
        found = []
        for each in files:
            content = each.content
            found.append(verbs.attach(self.ana, ticket, f"datoteka.{each.kind}", BytesIO(content)).pk)
            self.kept[found[-1]] = content
        return found

    def answer(
        self,
        way: Visibility,
        text: str,
        files: tuple[File, ...] = (),
        *,
        quote: bool = False,
        template: FilledTemplate | None = None,
    ) -> Message:
        """Answer as an agent does. Raises `CannotAnswer`."""
        ticket = self.ticket(way)
        message = verbs.answer(
            ticket, self.ana, text, way, files=self.attach(ticket, files), quote=quote, template=template
        )
        return self.send(message)

    def queued(self, way: Visibility, text: str, files: tuple[File, ...] = (), **manner: Any) -> Message:
        """An answer that stands in the queue without having been asked about."""
        ticket = self.ticket(way)
        answered = last_inbound(ticket, way) or last_inbound(ticket, "public")
        message = Message.objects.create(
            account=self.account, ticket=ticket, identity=ticket.identity, direction="out", visibility=way,
            author=self.ana, text=text, at=clock.now(), state="queued", send_key=uuid4(),
            answers=answered, manner=manner,
        )  # fmt: skip
        for position, pk in enumerate(self.attach(ticket, files)):
            Attachment.objects.filter(pk=pk).update(
                message=message, position=position, owner=None, ticket=None
            )
        return message

    def send(self, message: Message) -> Message:
        """Let the outbox send, and hear what the network says of it."""
        outbox.send_next(message.ticket_id)
        message.refresh_from_db()
        if message.state != Message.State.FAILED:
            self.gather()
        message.refresh_from_db()
        return message


def open_shop(
    network: str,
    sandbox: Sandbox,
    receiver: Receiver,
    ana: User,
    stack: ExitStack,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    """The account connected and checked, its webhooks pointed at the receiver."""
    settings.HEED_PUBLIC_URL = receiver.url.removesuffix("/hooks/here")
    simulator = sandbox[network]
    given = simulator.accounts()[0]
    account = accounts.connect(network, given.name, "", given.credentials, simulator.url)
    record = account.record()
    requests: list[Request] = []
    _count(requests, monkeypatch)
    shop = Shop(sandbox, receiver, simulator, account, ana, stack, requests)
    receiver.answer = lambda hook: _answer(shop, record, hook)
    shop.check()
    if hasattr(simulator, "play_paste"):
        simulator.do("paste", url=account.hook_url)
    shop.gather()
    return shop


def _answer(shop: Shop, record: Any, hook: Taken) -> tuple[int, bytes]:
    """The door, and the place where networks fetch our files."""
    if hook.path.startswith("/media/"):
        name = hook.path.removeprefix("/media/")
        return 200, files.FILM.read_bytes() if name == files.FILM.name else shop.kept[files.linked(name)]
    admission = shop.account.adapter.admit(_as_hook(hook), record)
    return admission.status, admission.body


def _as_hook(hook: Taken) -> Hook:
    return Hook(hook.method, hook.query, hook.headers, hook.body)


def _count(requests: list[Request], monkeypatch: pytest.MonkeyPatch) -> None:
    """Note every request that leaves Heed."""
    send: Callable[..., Any] = outgoing.Outgoing.send

    def noted(self: outgoing.Outgoing, request: Request, **limits: Any) -> Any:
        requests.append(request)
        return send(self, request, **limits)

    monkeypatch.setattr(outgoing.Outgoing, "send", noted)
