"""The frame, tried with a network made up here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import httpx
import pytest

from heed.sandbox import Sandbox, frame
from heed.sandbox.frame import Call, DemoAccount, Fault, PlayError, Reply, Scene, Simulator
from heed.sandbox.tests.receiver import Receiver


class Echo(Simulator):
    name: ClassVar[str] = "echo"
    label: ClassVar[str] = "Echo"
    short: ClassVar[str] = "e"
    colour: ClassVar[str] = "#000"

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.done: list[Call] = []

    def answer(self, call: Call) -> Reply:
        if call.path == "/break":
            raise RuntimeError("on purpose")
        self.done.append(call)
        return Reply(201, {"path": call.path, "query": call.query, "json": call.json})

    def accounts(self) -> list[DemoAccount]:
        return []

    def scene(self, person: str) -> Scene:
        return Scene()

    def seen(self) -> dict[str, Any]:
        return {"done": len(self.done)}

    def play_shout(self, person: str, text: str = "") -> dict[str, Any]:
        if not text:
            raise PlayError("Write something first.")
        return {"id": f"{person}:{text}"}


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setattr(frame, "simulators", lambda: {"echo": Echo})
    with Sandbox(seed=1) as sandbox:
        yield sandbox


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def echo(sandbox: Sandbox) -> Echo:
    simulator = sandbox["echo"]
    assert isinstance(simulator, Echo)
    return simulator


class TestCalls:
    def test_reach_their_network_without_its_name(self, sandbox: Sandbox) -> None:
        answer = httpx.post(f"{sandbox['echo'].url}/a/b?x=1&x=2", json={"ž": 1})
        assert answer.status_code == 201
        assert answer.json() == {"path": "/a/b", "query": {"x": "2"}, "json": {"ž": 1}}

    def test_are_recorded(self, sandbox: Sandbox) -> None:
        httpx.post(f"{sandbox['echo'].url}/a", content=b"hello")
        (recorded,) = sandbox["echo"].requests
        assert (recorded.call.method, recorded.call.path, recorded.call.body) == ("POST", "/a", b"hello")
        assert recorded.status == 201

    def test_several_on_one_connection(self, sandbox: Sandbox) -> None:
        with httpx.Client(base_url=sandbox["echo"].url) as client:
            assert [client.get("/a").status_code for _ in range(3)] == [201] * 3

    def test_a_failing_simulator_answers_500(self, sandbox: Sandbox) -> None:
        assert httpx.get(f"{sandbox['echo'].url}/break").status_code == 500

    def test_multipart(self, sandbox: Sandbox) -> None:
        content = bytes(range(256)) * 3 + b"\r\n--"
        httpx.post(
            f"{sandbox['echo'].url}/a",
            data={"caption": "Čevelj"},
            files={"source": ("boot.png", content, "image/png")},
        )
        (call,) = echo(sandbox).done
        assert call.form == {"caption": "Čevelj"}
        (file,) = [part for part in call.parts if part.filename]
        assert (file.name, file.filename, file.mime, file.content) == (
            "source",
            "boot.png",
            "image/png",
            content,
        )

    def test_chunked_bodies(self, sandbox: Sandbox) -> None:
        httpx.post(f"{sandbox['echo'].url}/a", content=iter([b"one", b"two"]))
        assert echo(sandbox).done[0].body == b"onetwo"

    def test_unknown_addresses(self, sandbox: Sandbox) -> None:
        assert httpx.get(f"{sandbox.url}/nowhere/x").status_code == 404


class TestFaults:
    def test_a_status_so_many_times(self, sandbox: Sandbox) -> None:
        sandbox.fault(
            "echo", Fault("POST /a*", status=429, headers={"Retry-After": "3"}, body={"e": 1}, times=2)
        )
        url = sandbox["echo"].url
        assert httpx.post(f"{url}/b").status_code == 201
        first = httpx.post(f"{url}/a")
        assert (first.status_code, first.headers["retry-after"], first.json()) == (429, "3", {"e": 1})
        assert [httpx.post(f"{url}/a1").status_code for _ in range(2)] == [429, 201]
        assert len(echo(sandbox).done) == 2

    @pytest.mark.parametrize(("drop", "done"), [("before", 0), ("after", 1)])
    def test_a_cut_line(self, sandbox: Sandbox, drop: Any, done: int) -> None:
        sandbox.fault("echo", Fault(drop=drop))
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(f"{sandbox['echo'].url}/a")
        assert len(echo(sandbox).done) == done
        assert sandbox["echo"].requests[-1].status == 0

    def test_a_slow_body_arrives_whole(self, sandbox: Sandbox) -> None:
        sandbox.fault("echo", Fault(slow=0.1, delay=0.01))
        assert httpx.get(f"{sandbox['echo'].url}/a").json()["path"] == "/a"

    def test_over_http(self, sandbox: Sandbox) -> None:
        fault = {"network": "echo", "route": "* /a", "status": 503, "times": -1}
        assert httpx.post(f"{sandbox.url}/_play/faults", json=fault).status_code == 200
        assert httpx.get(f"{sandbox['echo'].url}/a").status_code == 503
        httpx.delete(f"{sandbox.url}/_play/faults")
        assert httpx.get(f"{sandbox['echo'].url}/a").status_code == 201

    def test_a_fault_nobody_knows(self, sandbox: Sandbox) -> None:
        answer = httpx.post(f"{sandbox.url}/_play/faults", json={"network": "echo", "wind": 9})
        assert (answer.status_code, "wind" in answer.json()["error"]) == (400, True)


def bodies(receiver: Receiver, number: int) -> list[bytes]:
    return [hook.body for hook in receiver.wait(number)]


class TestWebhooks:
    def test_in_order(self, sandbox: Sandbox, receiver: Receiver) -> None:
        for number in range(20):
            sandbox["echo"].hooks.send(receiver.url, b"%d" % number, {"X-A": "b"})
        assert bodies(receiver, 20) == [b"%d" % number for number in range(20)]
        assert receiver.hooks[0].headers["x-a"] == "b"

    def test_again_until_taken_and_the_rest_waits(self, sandbox: Sandbox, receiver: Receiver) -> None:
        sandbox["echo"].hooks.waits = (0.01,)
        refusals = iter([500, 0, 200])
        receiver.answer = lambda hook: (next(refusals, 200) or 403, b"")
        for body in (b"1", b"2"):
            sandbox["echo"].hooks.send(receiver.url, body, {})
        assert bodies(receiver, 4) == [b"1", b"1", b"1", b"2"]

    def test_nobody_there_does_not_hold_up_others(self, sandbox: Sandbox, receiver: Receiver) -> None:
        sandbox["echo"].hooks.send("http://127.0.0.1:9/", b"lost", {})
        sandbox["echo"].hooks.send(receiver.url, b"here", {})
        assert bodies(receiver, 1) == [b"here"]

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [("duplicate", b"1123"), ("reorder", b"213"), ("lose", b"23"), ("hold", b"231")],
    )
    def test_trouble(self, sandbox: Sandbox, receiver: Receiver, kind: Any, expected: bytes) -> None:
        sandbox.fault("echo", Fault("hook", hook=kind))
        gate = threading.Event()
        receiver.answer = lambda hook: (200 if gate.wait(60) else 500, b"")
        for body in (b"1", b"2", b"3"):
            sandbox["echo"].hooks.send(receiver.url, body, {})
        gate.set()
        assert sandbox["echo"].hooks.wait()
        sandbox["echo"].hooks.release()
        assert sandbox["echo"].hooks.wait()
        assert b"".join(hook.body for hook in receiver.hooks) == expected

    def test_a_bad_signature_and_then_the_right_one(self, sandbox: Sandbox, receiver: Receiver) -> None:
        sandbox["echo"].hooks.waits = (0.01,)
        receiver.answer = lambda hook: (200 if hook.headers["x-sign"] == "abc" else 403, b"")
        sandbox.fault("echo", Fault("hook", hook="bad_signature"))
        sandbox["echo"].hooks.send(receiver.url, b"1", {"X-Sign": "abc"}, signed="X-Sign")
        assert [hook.headers["x-sign"] for hook in receiver.wait(2)] == ["ab0", "abc"]


class TestPlaying:
    def test_in_process_and_over_http(self, sandbox: Sandbox) -> None:
        assert sandbox["echo"].do("shout", person="lea", text="hej") == {"id": "lea:hej"}
        answer = httpx.post(f"{sandbox.url}/_play/echo/shout", json={"person": "lea", "text": "hej"})
        assert answer.json() == {"id": "lea:hej"}

    @pytest.mark.parametrize(
        ("verb", "arguments"),
        [("shout", {"person": "lea"}), ("shout", {"who": "lea"}), ("fly", {}), ("shout", {})],
    )
    def test_what_cannot_be_says_why(self, sandbox: Sandbox, verb: str, arguments: dict[str, str]) -> None:
        answer = httpx.post(f"{sandbox.url}/_play/echo/{verb}", json=arguments)
        assert answer.status_code == 400
        assert answer.json()["error"]

    def test_other_sites_cannot_play(self, sandbox: Sandbox) -> None:
        content = b'{"person": "lea", "text": "hej"}'
        assert httpx.post(f"{sandbox.url}/_play/echo/shout", content=content).status_code == 415

    def test_later_comes_when_told_to_settle(self, sandbox: Sandbox) -> None:
        done: list[int] = []
        sandbox["echo"].later(3600, lambda: done.append(2))
        sandbox["echo"].later(1800, lambda: done.append(1))
        sandbox.settle()
        assert done == [1, 2]

    def test_later_comes_by_itself(self, sandbox: Sandbox) -> None:
        came = threading.Event()
        sandbox["echo"].later(0.01, came.set)
        assert came.wait(60)

    def test_the_clock_moves(self, sandbox: Sandbox) -> None:
        before = sandbox.clock.now()
        httpx.post(f"{sandbox.url}/_play/clock", json={"move": 86400})
        assert sandbox.clock.now() - before >= timedelta(days=1)

    def test_pictures_are_kept(self, sandbox: Sandbox) -> None:
        url = sandbox["echo"].picture("boot")
        answer = httpx.get(url)
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")
        assert sandbox["echo"].picture("") == ""
        assert sandbox["echo"].picture("https://x/y.png") == "https://x/y.png"
        assert httpx.get(sandbox["echo"].picture("data:image/gif;base64,R0lG")).content == b"GIF"

    def test_ids_repeat_with_a_seed_and_grow(self, sandbox: Sandbox) -> None:
        with Sandbox(seed=1) as other:
            assert other.ids.number() == sandbox.ids.number() < sandbox.ids.number()
            assert other.ids.stable("a", "b") == sandbox.ids.stable("a", "b") != sandbox.ids.stable("ab")
