"""The frame in which simulators of networks stand: addresses, faults, webhooks, ids, verbs.

A network is a module or a folder in `networks/` that holds `simulator`, a subclass of `Simulator`.
It is found by listing that folder. Everything is kept in memory and gone with the process.
"""

from __future__ import annotations

import base64
import inspect
import json
import logging
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, cached_property
from hashlib import sha256
from importlib import import_module
from itertools import count
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from heed.lib import clock
from heed.sandbox.agenda import Agenda
from heed.sandbox.cast import COMPANY, OUTLET
from heed.sandbox.faults import Fault, Faults
from heed.sandbox.hooks import Hooks
from heed.sandbox.kinds import Kind, everyday
from heed.sandbox.picture import draw
from heed.sandbox.scene import ChatView, Line, PostView, Scene

__all__ = [
    "Call",
    "ChatView",
    "DemoAccount",
    "Fault",
    "Line",
    "Part",
    "PlayError",
    "PostView",
    "Recorded",
    "Reply",
    "Sandbox",
    "Scene",
    "Simulator",
]

log = logging.getLogger("heed.sandbox")


class PlayError(Exception):
    """A customer cannot do this here; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body."""

    name: str
    filename: str
    mime: str
    content: bytes


@dataclass(frozen=True)
class Call:
    """One request to a simulator. `path` begins after the network's name; header names are
    lower case; `query` holds the last value of each name, `pairs` all of them."""

    method: str
    path: str
    pairs: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(self.pairs)

    @cached_property
    def json(self) -> Any:
        """The parsed body, or None when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of a form, urlencoded or multipart (files left out)."""
        if self._boundary:
            return {
                part.name: part.content.decode("utf-8", "replace") for part in self.parts if not part.filename
            }
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @cached_property
    def parts(self) -> list[Part]:
        if not self._boundary:
            return []
        pieces = self.body.split(b"--" + self._boundary.encode())[1:-1]
        return [_part(piece) for piece in pieces]

    @property
    def _boundary(self) -> str:
        kind = self.headers.get("content-type", "")
        return kind.partition("boundary=")[2].strip('" ') if kind.startswith("multipart/") else ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a simulator answers. A dict or list becomes JSON. With `stream` the line stays open and has
    these pieces after the body, as they come."""

    status: int = 200
    body: bytes | str | dict[str, Any] | list[Any] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Iterator[bytes] | None = None

    def content(self) -> bytes:
        match self.body:
            case bytes():
                return self.body
            case str():
                return self.body.encode()
            case _:
                return json.dumps(self.body, ensure_ascii=False).encode()

    def content_type(self) -> str:
        if isinstance(self.body, dict | list):
            return "application/json; charset=utf-8"
        return "text/plain; charset=utf-8" if isinstance(self.body, str) else "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call that was answered; status 0 when the line was cut without an answer."""

    network: str
    call: Call
    status: int


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account of the demo company on a network: what one pastes into Heed to connect it."""

    name: str
    external_id: str
    credentials: Mapping[str, str]
    brand: str = COMPANY


class Clock:
    """The time inside the sandbox. Moves on by itself and by `move`."""

    def __init__(self) -> None:
        self._shift = timedelta()

    def now(self) -> datetime:
        return clock.now() + self._shift

    def move(self, seconds: float) -> None:
        self._shift += timedelta(seconds=seconds)


class Ids:
    """Ids that never repeat, not even after a restart; with a seed they are the same each time."""

    def __init__(self, seed: int | None) -> None:
        self._base = int(time.time() * 1000) if seed is None else 1_000_000_000_000 + seed * 1_000_000
        self._count = count(1)

    def number(self) -> int:
        """A growing number of 16 digits."""
        return self._base * 1000 + next(self._count)

    def name(self, prefix: str = "") -> str:
        """A new opaque name of 20 characters after the prefix."""
        return prefix + sha256(str(self.number()).encode()).hexdigest()[:20]

    def stable(self, *words: str, size: int = 24) -> str:
        """The same hex name for the same words, for ever."""
        return sha256("\0".join(words).encode()).hexdigest()[:size]


class Simulator(ABC):
    """A network. Subclasses answer its calls and let the cast act on it as customers."""

    name: ClassVar[str]
    label: ClassVar[str]
    short: ClassVar[str]
    colour: ClassVar[str]
    offers: ClassVar[frozenset[str]] = frozenset()
    """The verbs that customers use every day: the company's stories are told in them."""
    bare: ClassVar[frozenset[str]] = frozenset()
    """Those of them that take no picture."""
    more: ClassVar[tuple[Kind, ...]] = ()
    """What else customers can do here, as the page says it."""
    branch: ClassVar[str] = ""
    """Which further account of the company's this is, at an address of its own; empty for the first."""
    company: ClassVar[str] = COMPANY
    has_outlet: ClassVar[bool] = False
    """Whether the company's other brand has an account here, too."""
    backstage: ClassVar[frozenset[str]] = frozenset()
    """The verbs about a customer that only tests need: no customer does such a thing."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.clock = sandbox.clock
        self.ids = sandbox.ids
        self.lock = threading.RLock()
        self.hooks = Hooks(self.place, sandbox.faults)
        self.version = 1
        self.made_as: dict[str, Kind] = {}
        """What was played for a line, by its id, where its kind says more than the line may show."""
        self._kept: dict[str, tuple[bytes, str]] = {}

    @abstractmethod
    def answer(self, call: Call) -> Reply:
        """Answer one call of the network's API. Runs under `lock`; must not sleep."""

    @abstractmethod
    def accounts(self) -> list[DemoAccount]:
        """The company's accounts here; the same at every start."""

    @abstractmethod
    def scene(self, person: str) -> Scene:
        """What this customer sees."""

    @abstractmethod
    def seen(self) -> dict[str, Any]:
        """Everything the customers received, for tests."""

    def restore(self, external_id: str, hook_url: str) -> None:
        """Heed still knows this account from an earlier run: send its webhooks there again."""
        return  # most have nothing to do here

    def start(self) -> None:
        """Open what this network needs beside HTTP."""
        return  # most have nothing to do here

    def stop(self) -> None:
        """Close it again."""
        return  # most have nothing to do here

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All that a customer can do on the page."""
        return (*everyday(self.offers, self.bare), *self.more)

    @property
    def place(self) -> str:
        """How the sandbox calls it: the network, and the branch where it is not the first account there."""
        return f"{self.name}-{self.branch}" if self.branch else self.name

    @property
    def url(self) -> str:
        """The address of this network's API: the account's base URL in Heed."""
        return f"{self.sandbox.url}/{self.place}"

    @property
    def requests(self) -> list[Recorded]:
        return [each for each in self.sandbox.requests if each.network == self.place]

    def do(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """Let someone act: `do("message", person="lea", text="…")`. Raises `PlayError`."""
        play = getattr(self, f"play_{verb}", None)
        if play is None:
            raise PlayError(f"{self.label} has no {verb}")
        try:
            inspect.signature(play).bind(**arguments)
        except TypeError as error:
            raise PlayError(f"{verb}: {error}") from error
        with self.lock:
            done: dict[str, Any] = play(**arguments)
            self._remember(verb, arguments, str(done.get("id", "")))
            self.changed()
        return done

    def _remember(self, verb: str, arguments: Mapping[str, Any], id: str) -> None:
        """Which kind a line without words is: a place, a sticker."""
        for kind in self.more:
            if kind.verb == verb and kind.facts and all(arguments.get(n) == v for n, v in kind.facts.items()):
                self.made_as[id] = kind

    def changed(self) -> None:
        """Something a customer can see has changed."""
        self.version += 1

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Run a function under `lock` after so many real seconds."""
        self.sandbox.agenda.add(seconds, lambda: self._run_later(function))

    def keep(self, content: bytes, mime: str, name: str) -> str:
        """Store a file and give back the address where it can be fetched."""
        key = self.ids.name()
        self._kept[key] = (content, mime)
        return f"{self.url}/_media/{key}/{name}"

    def picture(self, wanted: str) -> str:
        """The address of a picture: none for "", an http address stays as it is, a `data:`
        address is stored, and any other word is drawn."""
        if not wanted or wanted.startswith(("http://", "https://")):
            return wanted
        if wanted.startswith("data:"):
            head, _, data = wanted.partition(",")
            mime = head[5:].partition(";")[0] or "image/png"
            return self.keep(base64.b64decode(data), mime, f"picture.{mime.partition('/')[2] or 'png'}")
        return self.keep(draw(wanted), "image/png", f"{wanted}.png")

    def kept(self, path: str) -> Reply:
        """The stored file of a `/_media/` path."""
        content, mime = self._kept.get(path.split("/")[2], (b"", ""))
        return Reply(200, content, {"Content-Type": mime}) if mime else Reply(404, "No such file")

    def _run_later(self, function: Callable[[], object]) -> None:
        with self.lock:
            function()
            self.changed()


class Sandbox:
    """All simulators under one address: `with Sandbox() as sandbox: sandbox[network].do(…)`.

    `port` 0 takes a free one; `handed` are sockets that listen already, of itself and of the servers beside
    it. With a `seed` the ids are the same at every start. With `outlets` the company's other brand is there,
    too, as further simulators, "-outlet" behind the names of the first ones.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        handed: Sequence[socket.socket] = (),
        seed: int | None = None,
        outlets: bool = False,
    ) -> None:
        from heed.sandbox.server import Server

        self.clock = Clock()
        self.ids = Ids(seed)
        self.faults = Faults()
        self.agenda = Agenda()
        self.requests: list[Recorded] = []
        self._handed, self._first = list(handed), port
        self._server = Server(self, port)
        if self._handed:
            self._server.take_over(self._handed[0])
        self.port, self.url = self._server.server_port, self._server.url
        self.simulators = {name: kind(self) for name, kind in simulators().items()}
        for first in list(self.simulators.values()) if outlets else ():
            if first.has_outlet:
                outlet = outlet_of(type(first))(self)
                self.simulators[outlet.place] = outlet

    def __getitem__(self, network: str) -> Simulator:
        return self.simulators[network]

    def __contains__(self, network: str) -> bool:
        return network in self.simulators

    def beside(self, place: int) -> socket.socket:
        """A socket for the first, second … server that a network has beside HTTP: what was handed to us, else
        so many ports after ours, or any port where ours was any. Raises `OSError` where that one is taken: an
        account of Heed's knows it."""
        if self._handed:
            return self._handed[place]
        return socket.create_server(("127.0.0.1", self._first and self._first + place))

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._server.begin()
        for simulator in self.simulators.values():
            simulator.start()

    def stop(self) -> None:
        self.agenda.stop()
        for simulator in self.simulators.values():
            simulator.hooks.stop()
            simulator.stop()
        self._server.end()

    def fault(self, network: str, fault: Fault) -> None:
        """Let something go wrong on a network."""
        self.faults.add(network, fault)

    def settle(self, timeout: float = 60.0) -> None:
        """Run what was to happen later now, and wait until all webhooks were taken."""
        self.agenda.run_all()
        for simulator in self.simulators.values():
            simulator.hooks.wait(timeout)


@cache
def simulators() -> dict[str, type[Simulator]]:
    """The simulators by name: every module of the folder `networks`, and every folder in it."""
    folder = Path(__file__).parent / "networks"
    names = sorted(found.name for found in iter_modules([str(folder)]))
    return {name: import_module(f"heed.sandbox.networks.{name}").simulator for name in names}


@cache
def outlet_of(kind: type[Simulator]) -> type[Simulator]:
    """The same network as the company's other brand meets it."""
    return type(f"{kind.__name__}Outlet", (kind,), {"branch": "outlet", "company": OUTLET})


def _part(piece: bytes) -> Part:
    head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = dict(
        line.split(": ", 1) for line in head.decode("utf-8", "replace").split("\r\n") if ": " in line
    )
    headers = {name.lower(): value for name, value in headers.items()}
    words = dict(
        word.strip().split("=", 1)
        for word in headers.get("content-disposition", "").split(";")
        if "=" in word
    )
    return Part(
        name=words.get("name", "").strip('"'),
        filename=words.get("filename", "").strip('"'),
        mime=headers.get("content-type", ""),
        content=content.removesuffix(b"\r\n"),
    )
