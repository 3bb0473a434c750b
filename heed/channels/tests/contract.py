"""What the contract suite stands on: a small desk that uses an adapter as Heed does.

Each network gives a module `tests/sample.py` with `ACCOUNT`, `signed_samples()`, `bodies()`,
`UNKNOWN` and `poisoned()`; see `channels/viber/tests/sample.py`. Where the sandbox has a
simulator of the network's name, the suite also talks to it over real HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Protocol, TypeVar, cast

from heed.channels.base import (
    AccountRecord,
    Action,
    Answer,
    Choice,
    ChoiceForm,
    Choices,
    Hook,
    Inbound,
    Limit,
    MessageReceived,
    Network,
    SessionExpired,
    Target,
    Visibility,
    Writing,
)
from heed.channels.outgoing import Outgoing
from heed.channels.registry import networks
from heed.lib import clock
from heed.lib.http import Request, Response, Steps, drive
from heed.lib.text import measure
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, Line, Simulator
from heed.sandbox.tests.receiver import Receiver, Taken

T = TypeVar("T")

CUSTOMER = "lea"
QUESTION = "Kje je moj paket št. 88140?"
NETWORKS = networks()
POLLS_FOR_NEWS = 20
RENEWALS = 2


class Sample(Protocol):
    """The module `tests/sample.py` of a network."""

    ACCOUNT: AccountRecord
    UNKNOWN: bytes
    signed_samples: Callable[[], list[tuple[Hook, AccountRecord]]]
    bodies: Callable[[], list[bytes]]
    poisoned: Callable[[], bytes | None]


def sample_of(network: Network) -> Sample:
    package = type(network).__module__.rpartition(".")[0]
    return cast(Sample, import_module(f"{package}.tests.sample"))


def writings(network: Network) -> list[tuple[Visibility, Writing]]:
    """The ways to write that the network declares."""
    can = network.capabilities
    ways: list[tuple[Visibility, Writing | None]] = [("public", can.public), ("private", can.private)]
    return [(visibility, writing) for visibility, writing in ways if writing]


@dataclass
class Desk:
    """One account of one network, connected to the simulator of that network."""

    network: Network
    sandbox: Sandbox
    receiver: Receiver
    client: Outgoing = field(default_factory=lambda: Outgoing({"127.0.0.1"}))
    cursor: dict[str, Any] = field(default_factory=dict)
    read_hooks: int = 0
    news: list[Inbound] = field(default_factory=list)

    def __post_init__(self) -> None:
        account = self.simulator.accounts()[0]
        self.record = AccountRecord(
            external_id=account.external_id,
            name=account.name,
            credentials=account.credentials,
            base_url=self.simulator.url,
            hook_url=self.receiver.url,
        )
        self.receiver.answer = self._admit

    @property
    def simulator(self) -> Simulator:
        return self.sandbox[self.network.name]

    def run(
        self,
        make_steps: Callable[[AccountRecord], Steps[T]],
        before: Callable[[Request], None] = lambda request: None,
    ) -> T:
        """Run steps, renewing the session when it ran out. `before` sees each request first."""

        def send(request: Request) -> Response:
            before(request)
            return self.client.send(request)

        for _ in range(RENEWALS):
            try:
                return drive(make_steps(self.record), send)
            except SessionExpired:
                self.record = replace(
                    self.record, session=drive(self.network.renew(self.record), self.client.send)
                )
        return drive(make_steps(self.record), send)

    def connect(self) -> None:
        """Check the account, as connecting it does, and begin to collect from now on. Where the network
        has an admin enter our address by hand, that is done."""
        checked = self.run(self.network.check)
        self.record = replace(self.record, external_id=checked.external_id)
        if hasattr(self.simulator, "play_paste"):
            self.simulator.do("paste", url=self.receiver.url)
        self.gather()

    def gather(self) -> list[Inbound]:
        """All news so far: delivered to our address, or collected."""
        for body in self.bodies():
            self.news.extend(self.network.read(body, self.record))
        return self.news

    def bodies(self, patience: float = 10.0) -> list[bytes]:
        """What came since the last look, as it came; `patience` is how long to wait for webhooks."""
        self.sandbox.settle(patience)
        return [*self._delivered(), *self._collected()]

    def customer_writes(self, visibility: Visibility, text: str) -> MessageReceived:
        """Let the customer write, and give back the message as the adapter read it."""
        if visibility == "private":
            self.simulator.do("message", person=CUSTOMER, text=text)
        elif "comment" in self.simulator.offers and hasattr(self.simulator, "play_post"):
            self.simulator.do("post", text="The Triglav boot is back.")
            self.simulator.do("comment", person=CUSTOMER, text=text)
        else:
            self.simulator.do("mention", person=CUSTOMER, text=text)
        return self.message(text)

    def message(self, text: str) -> MessageReceived:
        for _ in range(POLLS_FOR_NEWS):
            found = [
                each for each in self.gather() if isinstance(each, MessageReceived) and text in each.text
            ]
            if found:
                return found[-1]
        raise AssertionError(f"{text!r} never came; there was {self.news}")

    def answer_to(self, message: MessageReceived, text: str, visibility: Visibility | None = None) -> Answer:
        """An answer at its first attempt; of the message's own visibility when none is given."""
        person = message.author.external_id if message.author else ""
        now = clock.now()
        key = "0f8fad5b-d9cb-469f-a165-70867728950e"
        way = visibility or message.visibility
        return Answer(key, way, text, person, target_of(message), created=now, started=now)

    def act(self, action: Action, target: Target, person: str, value: str = "") -> Target:
        """Do something to a message; gives it back with what the network wants us to keep of it."""
        kept = self.run(lambda record: self.network.act(record, action, target, person, value))
        return replace(target, refs={**target.refs, **kept})

    def send(self, answer: Answer, before: Callable[[Request], None] = lambda request: None) -> Any:
        return self.run(lambda record: self.network.send(record, answer), before)

    def spoil_the_decisive_call(self, fault: Fault) -> Callable[[Request], None]:
        """For `send`: the fault meets the request that makes the thing happen, and no other."""

        def before(request: Request) -> None:
            if request.decisive:
                self.sandbox.fault(self.network.name, fault)

        return before

    def close_the_network(self) -> None:
        """From now on nobody listens where the network was."""
        self.sandbox.stop()
        self.client.close()
        self.client = Outgoing({"127.0.0.1"})

    def times_seen(self, text: str) -> int:
        """How often the customer sees this text from us."""
        lines = self.simulator.scene(CUSTOMER).lines()
        return sum(line.ours and line.text == text and not line.removed for line in lines)

    def line(self, text: str) -> Line:
        """The customer's own words as they see them now."""
        (found,) = [
            each for each in self.simulator.scene(CUSTOMER).lines() if each.mine and each.text == text
        ]
        return found

    def _admit(self, hook: Taken) -> tuple[int, bytes]:
        admission = self.network.admit(_as_hook(hook), self.record)
        return admission.status, admission.body

    def _delivered(self) -> list[bytes]:
        fresh = self.receiver.hooks[self.read_hooks :]
        self.read_hooks += len(fresh)
        return [hook.body for hook in fresh if self.network.admit(_as_hook(hook), self.record).keep]

    def _collected(self) -> list[bytes]:
        bodies: list[bytes] = []
        more = self.network.polls
        while more:
            found = self.run(lambda record: self.network.collect(record, self.cursor))
            bodies.extend(found.bodies)
            self.cursor, more = dict(found.cursor), found.more
        return bodies


def asked(desk: Desk, visibility: Visibility) -> MessageReceived:
    return desk.customer_writes(visibility, QUESTION)


def target_of(message: MessageReceived) -> Target:
    return Target(
        external_id=message.external_id,
        visibility=message.visibility,
        kind=message.kind,
        post=message.post,
        refs=message.refs,
        at=message.at,
    )


def longest(writing: Writing) -> str:
    """A text that fills the tightest of the limits exactly, in a script of two bytes per letter."""
    return min((longest_of(limit) for limit in writing.limits), key=len)


def longest_of(limit: Limit) -> str:
    return "ž" * (limit.most // measure("ž", limit.unit))


def fullest(form: ChoiceForm) -> Choices:
    """As many choices as the form takes, each as long as it may be."""
    length = len(longest_of(form.title))
    detail = longest_of(form.detail) if form.detail else ""
    titles = [f"{number:02}{'ž' * (length - 2)}" for number in range(form.most)]
    opener = longest_of(form.opener) if form.opener else ""
    return Choices(tuple(Choice(title, detail) for title in titles), opener)


def _as_hook(hook: Taken) -> Hook:
    return Hook(hook.method, hook.query, hook.headers, hook.body)
