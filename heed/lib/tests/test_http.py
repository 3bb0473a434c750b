"""What goes out: within a total time, and credentials only where they belong."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest

from heed.lib import http
from heed.lib.http import AnswerLost, Client, Request, Response, TooLarge, Unreachable, Upload


@contextmanager
def server(first: bytes, *drops: bytes) -> Iterator[str]:
    """Answers one call with `first`, then with one of `drops` every 50 ms; gives its host and port."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        try:
            caller, _ = listening.accept()
            with caller:
                caller.recv(65536)
                caller.sendall(first)
                for drop in drops:
                    over.wait(0.05)
                    caller.sendall(drop)
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        listening.close()
        thread.join(10)


OK = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 40\r\n\r\n"


def call(host: str, total: float) -> Response:
    client = Client(["127.0.0.1"], total=total)
    try:
        return client.send(Request("GET", f"http://{host}/"))
    finally:
        client.close()


def test_an_answer_that_drips_is_lost_when_the_total_time_is_up() -> None:
    with server(OK, *[b"x"] * 40) as host, pytest.raises(AnswerLost):
        call(host, total=1.2)


def test_headers_that_drip_are_lost_when_the_total_time_is_up() -> None:
    head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"
    with server(head, *[b"x-a: 1\r\n"] * 40, b"content-length: 0\r\n\r\n") as host, pytest.raises(AnswerLost):
        call(host, total=1.2)


def test_an_answer_in_pieces_is_put_together() -> None:
    with server(OK, *[b"x"] * 40) as host:
        assert call(host, total=60).body == b"x" * 40


def test_every_request_has_the_whole_time_for_itself() -> None:
    client = Client(["127.0.0.1"])
    client._deadline.moment = 0.0  # the request before took all of its time
    with server(OK, b"x" * 40) as host:
        assert client.send(Request("GET", f"http://{host}/")).status == 200
    client.close()


def test_a_large_file_has_the_time_it_takes_and_half_of_it_is_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "SLOWEST_LINE", 40_000_000)
    client = Client(["127.0.0.1"], total=0.1)
    file = Upload("file", "boots.mp4", "video/mp4", bytes(20_000_000))
    began = time.monotonic()
    with server(b"", *[b""] * 400) as host, pytest.raises(Unreachable):
        client.send(Request("POST", f"http://{host}/", upload=file, decisive=True))
    assert client._deadline.moment >= began + 0.6
    client.close()


def test_an_answer_over_the_limit_is_dropped() -> None:
    client = Client(["127.0.0.1"])
    with server(OK + b"x" * 40) as host, pytest.raises(TooLarge):
        client.send(Request("GET", f"http://{host}/"), limit=39)
    client.close()


def test_no_cookie_is_kept_for_the_next_account() -> None:
    asked: list[bytes] = []
    answer = b"HTTP/1.1 200 OK\r\nset-cookie: who=lea; Path=/; Domain=%s\r\ncontent-length: 0\r\n\r\n"
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        caller, _ = listening.accept()
        with caller:
            for _request in range(2):
                asked.append(caller.recv(65536))
                caller.sendall(answer % b"127.0.0.1")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    client = Client(["127.0.0.1"])
    for _time in range(2):
        client.send(Request("GET", f"http://127.0.0.1:{listening.getsockname()[1]}/"))
    client.close()
    thread.join(10)
    listening.close()
    assert [b"cookie:" in each.lower() for each in asked] == [False, False]


@contextmanager
def leaving(
    says: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers each line once, says nothing of it, and hangs up at the next request."""
    asked: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def answer(caller: socket.socket) -> None:
        with caller:
            asked.append(caller.recv(65536))
            caller.sendall(says)
            if says:
                caller.recv(65536)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=listening.accept()[:1], daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
    listening.close()
    thread.join(10)


def test_a_question_is_asked_again_where_the_line_was_left() -> None:
    client = Client(["127.0.0.1"])
    with leaving() as (host, asked):
        for _ in range(3):
            assert client.send(Request("GET", host)).status == 200
        client.close()
    assert len(asked) == 3


@pytest.mark.parametrize("decisive", [False, True])
def test_what_changes_something_goes_on_a_line_of_its_own(decisive: bool) -> None:
    client = Client(["127.0.0.1"])
    with leaving() as (host, asked):
        client.send(Request("GET", host))
        for _ in range(2):
            assert client.send(Request("POST", host, decisive=decisive)).status == 200
        client.close()
    assert len(asked) == 3


def test_what_changes_something_is_never_sent_twice() -> None:
    client = Client(["127.0.0.1"])
    with leaving(b"") as (host, asked):
        with pytest.raises(AnswerLost):
            client.send(Request("POST", host))
        client.close()
    assert len(asked) == 1


def fetched(monkeypatch: pytest.MonkeyPatch, target: str) -> list[Request]:
    """The calls of a fetch that is led on from https://cdn.example/1 to `target`."""
    calls: list[Request] = []
    answers = [Response(302, {"location": target}, b""), Response(200, {}, b"boot")]

    def send(self: Client, request: Request, *, limit: int) -> Response:
        calls.append(request)
        return answers[len(calls) - 1]

    monkeypatch.setattr(Client, "send", send)
    client = Client()
    client.fetch(
        "https://cdn.example/1", hosts=["cdn.example", ".other.example"], limit=9, headers={"auth": "x"}
    )
    client.close()
    return calls


@pytest.mark.parametrize(
    ("target", "given"),
    [("/2", {"auth": "x"}), ("http://cdn.example/2", {}), ("https://a.other.example/2", {})],
)
def test_credentials_go_to_the_first_address_only(
    monkeypatch: pytest.MonkeyPatch, target: str, given: dict[str, str]
) -> None:
    first, second = fetched(monkeypatch, target)
    assert (first.headers, second.headers) == ({"auth": "x"}, given)


SECRET = "token-4182"


@pytest.mark.parametrize(
    "path", [f"/bot{SECRET}/getFile", f"/hooks/{SECRET}", f"/{SECRET}", f"/send?token={SECRET}"]
)
def test_of_an_address_only_the_host_is_told(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever becomes of the request: refused, cut off, answered."""
    caplog.set_level("DEBUG")
    told: list[str] = []
    client = Client(["127.0.0.1"])
    for answer in (OK + b"x" * 40, b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\nhalf"):
        with server(answer) as host:
            try:
                client.send(Request("GET", f"http://ana:{SECRET}@{host}{path}"))
            except AnswerLost as error:
                told.append(str(error))
    for url in (f"http://ana:{SECRET}@127.0.0.1:1{path}", f"ftp://127.0.0.1{path}"):
        with pytest.raises(Unreachable) as refused:
            client.send(Request("GET", url))
        told.append(str(refused.value))
        with pytest.raises(Unreachable) as refused:
            next(client.lines(url))
        told.append(str(refused.value))
    client.close()
    assert len(told) == 5
    assert all("127.0.0.1" in each for each in told)
    assert SECRET not in "".join(told)
    assert SECRET not in caplog.text
    assert f"GET http://{host}" in caplog.text


@pytest.mark.parametrize(
    ("told", "seconds"), [("120", 120), ("1.5", 1.5), ("²", None), ("soon", None), ("", None)]
)
def test_how_long_a_server_wants_to_rest(told: str, seconds: float | None) -> None:
    answer = Response(429, {"retry-after": told}, b"")
    assert answer.retry_after(datetime(2026, 11, 22, tzinfo=UTC)) == seconds
