"""The way out: the address says which wire, and the guard stands before each."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from heed.channels.base import Ear
from heed.channels.outgoing import Outgoing
from heed.lib.http import AddressRefused, AnswerLost, Request, Unreachable
from heed.lib.loopback import InAThread


class Lines(InAThread, socketserver.ThreadingTCPServer):
    """A server that speaks no HTTP."""


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that gives every caller these bytes and hangs up; its address without a scheme."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if answer.startswith(b"HTTP"):
                self.request.recv(65536)
            self.request.sendall(answer)

    with Lines(("127.0.0.1", 0), Handler) as server:
        yield f"127.0.0.1:{server.server_address[1]}"


def test_each_scheme_goes_its_own_wire() -> None:
    client = Outgoing({"127.0.0.1"})
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") as place:
        assert client.send(Request("GET", f"http://{place}/")).body == b"hi"
    with answering(b"421 4.3.2 later\r\n") as place:
        response = client.send(Request("GET", f"smtp://{place}"))
        assert (response.status, response.body) == (421, b"4.3.2 later")
    with answering(b"* BYE busy\r\n") as place, pytest.raises(Unreachable):
        client.send(Request("GET", f"imap://{place}/INBOX"))
    client.close()


@pytest.mark.parametrize("scheme", ["http", "smtp", "smtps", "imap", "imaps"])
def test_no_wire_leads_to_a_private_host(scheme: str) -> None:
    client = Outgoing()
    with pytest.raises(AddressRefused):
        client.send(Request("GET", f"{scheme}://127.0.0.1:9/"))
    with pytest.raises(AddressRefused):
        client.fetch(f"{scheme}://127.0.0.1:9/", hosts=["127.0.0.1:9"], limit=10)


def test_a_file_s_address_opens_no_mailbox_without_a_sign_in() -> None:
    client = Outgoing({"127.0.0.1"})
    with answering(b"* BYE busy\r\n") as place:
        for scheme in ("imap", "smtp"):
            with pytest.raises(AddressRefused):
                client.fetch(f"{scheme}://{place}/INBOX", hosts=["files.example"], limit=10)
        with pytest.raises(Unreachable):
            client.fetch(f"imap://{place}/INBOX", hosts=[], limit=10, login=("help", "secret"))


@pytest.mark.parametrize(("kind", "scheme"), [("events", "http"), ("mailbox", "imap")])
def test_no_ear_leads_to_a_private_host(kind: str, scheme: str) -> None:
    with pytest.raises(AddressRefused):
        next(Outgoing().listen(Ear(kind, f"{scheme}://127.0.0.1:9/INBOX"), lambda: False))  # type: ignore[arg-type]


def heard(answer: bytes, ended: bool = False) -> int:
    """How often a stream of these bytes nudges before it breaks."""
    times = 0
    with answering(b"HTTP/1.1 200 OK\r\n\r\n" + answer) as place:
        try:
            for _ in Outgoing({"127.0.0.1"}).listen(Ear("events", f"http://{place}/"), lambda: ended):
                times += 1
        except AnswerLost:
            return times
    return -1


def test_a_stream_nudges_when_it_is_open_and_for_every_event() -> None:
    assert heard(b"") == 1
    assert heard(b":thump\n\nevent: update\ndata: 1\n\n:thump\n\ndata: 2\n\n") == 3
    assert heard(b"data: 1\n\n", ended=True) == -1  # told to stop, it does


def test_what_is_no_stream() -> None:
    with answering(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n") as place, pytest.raises(Unreachable):
        next(Outgoing({"127.0.0.1"}).listen(Ear("events", f"http://{place}/"), lambda: False))
